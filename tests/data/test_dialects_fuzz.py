"""A table written in any dialect and encoding is read back cell by cell; hypothesis chooses both."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from automl_core.data.reading import read_text

# Words that there are: of letters in any order no encoding can be told.
FOREIGN = {
    "utf-8": ("Müller", "żółć", "город", "東京", "señor"),
    "utf-8-sig": ("Müller", "żółć", "город", "東京", "señor"),
    "utf-16": ("Müller", "żółć", "город", "東京", "señor"),
    "cp1252": ("Müller", "Größe", "café", "señor", "garçon", "Ærø"),
    "cp1251": ("Москва", "город", "улица", "магазин", "цена", "покупатель"),
}
WORDS = ("Rome", "Oslo", "Lima", "Bern", "Kyiv", "Cairo", "Quito")


@dataclass(frozen=True)
class Written:
    """A table, and how it is written."""

    rows: list[list[str]]
    delimiter: str
    quoting: int
    encoding: str
    newline: str

    def content(self) -> bytes:
        """Return the file."""
        text = io.StringIO()
        csv.writer(text, delimiter=self.delimiter, quoting=self.quoting, lineterminator=self.newline).writerows(self.rows)
        return text.getvalue().encode(self.encoding)


@st.composite
def tables(draw: st.DrawFn) -> Written:
    """Draw a table of numbers, dates, words and sentences with all that has to be quoted, and a dialect."""
    encoding = draw(st.sampled_from(sorted(FOREIGN)))
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    width = draw(st.integers(2, 5))
    word = st.sampled_from(FOREIGN[encoding])
    parts = st.sampled_from([*WORDS, "a,b", "c;d", "x|y", "1\t2", 'so "called"'])
    sentence = st.lists(parts, min_size=1, max_size=4).map(" ".join)
    kinds = {
        "number": st.integers(-9999, 9999).map(str),
        "decimal": st.floats(0, 1000).map(lambda value: f"{value:.2f}"),
        "day": st.dates().map(str),
        "word": word,
        "city": st.sampled_from(WORDS),
        "sentence": sentence,
        "empty": st.sampled_from(["", "x"]),
    }
    # One column is of numbers, which tells the names from the rows.
    columns = ["number", *draw(st.lists(st.sampled_from(sorted(kinds)), min_size=width - 1, max_size=width - 1))]
    foreign = " ".join(FOREIGN[encoding])
    names = [f"{foreign} {kind} {chr(97 + place)}" for place, kind in enumerate(columns)]
    count = draw(st.integers(6, 12))
    rows = [[draw(kinds[kind]) for kind in columns] for _ in range(count)]
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    return Written([names, *rows], delimiter, quoting, encoding, draw(st.sampled_from(["\n", "\r\n"])))


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=tables())
def test_a_table_is_read_back_as_it_was_written(tmp_path: Path, written: Written) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(written.content())
    found = read_text(path)
    assert [list(found.frame.columns), *found.frame.to_numpy().tolist()] == written.rows
    assert found.report.refused == ()


LINES = st.lists(st.text(st.sampled_from(" ,;\"'\\\t|:\n\r\x00aé1.-#{}[]"), max_size=30), max_size=12)


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES)
def test_whatever_stands_in_a_file_it_is_a_table_or_refused_with_a_sentence(tmp_path: Path, lines: list[str]) -> None:
    from automl_core.data.sources.opening import read_any
    from automl_core.errors import AutoMLError

    path = tmp_path / "table.csv"
    path.write_bytes("\n".join(lines).encode())
    try:
        found = read_any(path)
    except AutoMLError as error:
        assert error.received.endswith(".")
    else:
        assert len(found.frame) == found.report.rows > 0


MAGIC = [
    b"", b"PK\x03\x04", b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\x00", b"(\xb5/\xfd", b"PAR1", b"ARROW1\x00\x00",
    b"SQLite format 3\x00", b'[{"a":', b'{"a":1}\n{', b"\xff\xfe",
]  # fmt: skip


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(head=st.sampled_from(MAGIC), rest=st.binary(max_size=200))
def test_bytes_of_every_kind_are_a_table_or_refused(tmp_path: Path, head: bytes, rest: bytes) -> None:
    from automl_core.data.sources.opening import read_any
    from automl_core.errors import AutoMLError

    path = tmp_path / "table"
    path.write_bytes(head + rest)
    try:
        read_any(path)
    except AutoMLError as error:
        assert str(error)
