"""Several tables in one large file, and notes below a table: the same as in a small file."""

from __future__ import annotations

from pathlib import Path

import pytest

from automl_core.data import cutting, dataset, large_blocks, reading, scanning
from automl_core.data.cutting import tables_of
from automl_core.data.dataset import Dataset, create_dataset
from automl_core.data.dialect import Dialect
from automl_core.data.origin import Choice
from automl_core.data.report import Around
from automl_core.data.rereading import read_again
from automl_core.data.sources.opening import parts_of
from automl_core.errors import DialectError, InputError, StorageError
from tests.conftest import files_up_to

FIRST = "id,share,word\n" + "".join(f"{n},{n / 4},w{n % 3}\n" for n in range(40))
SECOND = "Prices\nname,price\n" + "".join(f"n{n},{n}\n" for n in range(9)) + "x,1,2,3\n"


@pytest.fixture(autouse=True)
def _every_file_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "FAST_BYTES", 10)
    monkeypatch.setattr(reading, "FAST_BYTES", 10)


def made(folder: Path, content: str | bytes, choice: Choice | None = None) -> Dataset:
    source = folder / "a.csv"
    source.write_bytes(content if isinstance(content, bytes) else content.encode())
    return create_dataset(folder / "ds", source, "a", choice=choice)


def test_the_largest_table_is_read_and_the_other_can_be(tmp_path: Path) -> None:
    data = made(tmp_path, FIRST + "\n" + SECOND)
    assert data.schema.names == ["id", "share", "word"]
    assert data.rows == 40
    assert data.report.origin.tables == ("lines 1 to 41: 3 columns (id, share, word)", "lines 43 to 54: 2 columns (Prices)")
    assert data.report.notes[0] == "2 tables stand below each other in this file; number 1 was read."
    second = read_again(data, Choice(table=2))
    assert (second.schema.names, second.rows) == (["name", "price"], 9)
    assert second.frame()["price"].to_list() == list(range(9))
    assert second.report.around == (Around(43, "Prices", "above"),)
    assert [(row.line, row.text) for row in second.report.refused] == [(54, "x,1,2,3")]
    assert read_again(second, second.report.choice).report == second.report
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "ds"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_letters_of_two_bytes_are_looked_at_like_others(tmp_path: Path, encoding: str) -> None:
    """Regression: of a large file in UTF-16 the rows of all its tables were read as one."""
    content = (FIRST.replace("w1", "ż1") + "\n" + SECOND).encode(encoding)
    data = made(tmp_path, content)
    assert data.report.dialect is not None and data.report.dialect.encoding == encoding
    assert (data.rows, data.frame()["word"].to_list()[:3]) == (40, ["w0", "ż1", "w2"])
    assert data.report.origin.tables == ("lines 1 to 41: 3 columns (id, share, word)", "lines 43 to 54: 2 columns (Prices)")
    assert parts_of(tmp_path / "a.csv").tables == data.report.origin.tables
    second = read_again(data, Choice(table=2))
    assert (second.schema.names, second.rows) == (["name", "price"], 9)
    assert second.report.dialect is not None
    assert read_again(second, second.report.choice).report == second.report
    text = reading.read_text(tmp_path / "a.csv", dialect=second.report.dialect, table=2)
    assert (text.frame.iloc[0].to_list(), text.report.dialect) == (["n0", "0"], second.report.dialect)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "ds"]


def test_letters_of_two_bytes_that_are_broken_are_counted(tmp_path: Path) -> None:
    content = (FIRST + "\nSource: the office\n").encode("utf-16-le").replace("w1".encode("utf-16-le"), b"w\x00\x00\xd8", 1)
    data = made(tmp_path, content, Choice(Dialect("utf-16-le")))
    assert (data.rows, data.report.repairs) == (40, {"Letters that utf-16-le does not have were read as \ufffd.": 1})
    assert data.frame()["word"].iloc[1] == "w\ufffd"
    assert data.report.around == (Around(43, "Source: the office", "below"),)


def test_a_table_without_rows_is_told_by_the_name_of_its_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="^a.csv has column names but no rows"):
        made(tmp_path, ("id,share,word and a few more\n").encode("utf-16"))


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        made(tmp_path, FIRST + "\n" + SECOND, Choice(table=3))
    assert str(caught.value) == "Table 3 of a.csv was asked for. 2 tables stand in it. Choose one from 1 to 2."


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("blank", ["", ",,"])
def test_lines_of_a_spreadsheet_that_hold_delimiters_alone_separate_tables(tmp_path: Path, end: str, blank: str) -> None:
    second = "x,y,z\n" + "1,2,3\n" * 9
    data = made(tmp_path, (FIRST + f"{blank}\n" + second).replace("\n", end))
    assert (len(data.report.origin.tables), data.rows) == (2, 40)


def test_notes_below_a_large_table_are_kept_aside(tmp_path: Path) -> None:
    """They were taken for rows with too few cells."""
    data = made(tmp_path, FIRST + "\nSource: the office\nRead on Monday\n")
    assert (data.rows, data.report.repairs, data.report.refused) == (40, {}, ())
    assert data.report.around == (Around(43, "Source: the office", "below"), Around(44, "Read on Monday", "below"))
    assert "2 lines below the table left out." in data.report.notes


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        pytest.param("a,b\n1,2\n\n3,4\n\n\n5,6\n", 3, id="blank lines inside"),
        pytest.param('a,b\n1,"x\n\ny"\n2,z\n3,w\n', 3, id="inside a cell"),
        pytest.param("Report\n\na,b\n1,2\n3,4\n5,6\n", 3, id="a title"),
        pytest.param("a,b\n1,2\n3,4\n\n\n", 2, id="at the end"),
        pytest.param("a,b\n1,2\n\n3,4\n5,6\n".encode("utf-16"), 3, id="two bytes a letter"),
    ],
)
def test_blank_lines_that_separate_nothing(tmp_path: Path, content: str | bytes, rows: int) -> None:
    data = made(tmp_path, content)
    assert (data.rows, data.report.origin.tables) == (rows, ())


def test_more_blank_lines_than_tables_stand_inside_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_blocks, "MOST", 3)
    data = made(tmp_path, "a,b\n" + "1,2\n\n" * 5)
    assert (data.rows, data.report.origin.tables) == (5, ())


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 64])
def test_what_lies_across_two_pieces_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    monkeypatch.setattr(scanning, "PIECE", piece)
    monkeypatch.setattr(scanning, "PART", 2 * piece + 1)
    (tmp_path / "a.csv").write_bytes(b"\n1_0,b\n\nx\x00\n,\n\n")
    assert scanning.scan(tmp_path / "a.csv") == scanning.Scan(True, 1, (), 6, 0, 3)
    found = scanning.scan(tmp_path / "a.csv", ord("\n"), {1, 2}).short
    assert sorted(set(found)) == [(0, 1), (7, 8), (11, 13), (13, 14)]
    (tmp_path / "a.csv").write_bytes(b"a_1,1_b,_\n1_,_1")
    assert scanning.scan(tmp_path / "a.csv") == scanning.Scan(False, 0, (), 1, 0)
    (tmp_path / "a.csv").write_bytes(b"\ra\r\nb\n\r\rc\r")
    assert scanning.scan(tmp_path / "a.csv") == scanning.Scan(False, 0, (), 2, 4)


def test_text_cells_of_the_chosen_table(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes((FIRST + "\n" + SECOND).encode("cp1252"))
    table = reading.read_text(tmp_path / "a.csv", table=2)
    assert table.frame.iloc[0].to_list() == ["n0", "0"]
    assert (table.report.origin.table, table.report.around) == (2, (Around(43, "Prices", "above"),))


def test_the_tables_can_be_listed_before_one_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(FIRST + "\n" + SECOND)
    assert parts_of(tmp_path / "a.csv").tables == (
        "lines 1 to 41: 3 columns (id, share, word)",
        "lines 43 to 54: 2 columns (Prices)",
    )
    (tmp_path / "a.csv").write_text(FIRST)
    assert parts_of(tmp_path / "a.csv").tables == ()


def test_listing_the_tables_on_a_full_disk_says_so(tmp_path: Path) -> None:
    """Regression: a copy of a file in UTF-16 went into the system's folder, and a full disk ended in an error of ours."""
    (tmp_path / "a.csv").write_text(FIRST * 99 + "\n" + SECOND, encoding="utf-16")
    message = r"^a\.csv could not be turned into UTF-8: File too large\. Free some disk space, then try again\.$"
    with files_up_to(10_000), pytest.raises(StorageError, match=message):
        parts_of(tmp_path / "a.csv")
    (tmp_path / "helper").mkdir()
    assert tables_of(tmp_path / "a.csv", tmp_path / "helper") == (
        "lines 1 to 4,059: 3 columns (id, share, word)",
        "lines 4,061 to 4,072: 2 columns (Prices)",
    )
    assert (tmp_path / "helper" / "utf8" / "a.csv").exists()


def test_a_line_longer_than_what_is_looked_at(tmp_path: Path) -> None:
    data = made(tmp_path, f"a,b\n1,{'x' * 70_000}\n\n2,y\n3,z\n")
    assert (data.rows, data.report.origin.tables) == (3, ())
    (tmp_path / "a.csv").write_text(f"{'x' * 70_000},b,c\n1,2,3\n\n4,5,6\n")
    assert parts_of(tmp_path / "a.csv").tables == ()


def test_a_part_that_cannot_be_copied_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: the sentence of the system came as it was, and the page took it for a defect."""
    source = tmp_path / "a.csv"
    source.write_text(FIRST + "\n" + SECOND)
    monkeypatch.setattr(cutting, "_beside", lambda source, folder, what: Path("/dev/full"))
    with pytest.raises(StorageError) as full:
        reading.read_text(source)
    assert str(full.value) == (
        "A part of a.csv could not be copied: No space left on device. Free some disk space, then try again."
    )
    found = cutting.find_parts(source)

    def lost(*given: object) -> object:
        source.unlink()
        return found

    monkeypatch.setattr(cutting, "find_parts", lost)
    with pytest.raises(StorageError) as gone:
        reading.read_text(source)
    assert str(gone.value) == "a.csv was moved or deleted while it was read. Put it back or upload it, then try again."


@pytest.mark.parametrize("ends", ["\r\r\n", "\r", "mixed"])
def test_lines_that_end_in_several_ways_are_lines(tmp_path: Path, ends: str) -> None:
    """Regression: what came behind a carriage return was one cell, and DuckDB gave up."""
    lines = [f'{n},"a, {n % 3}",{n / 4}' for n in range(300)]
    signs = ["\r\n", "\r", "\n"] if ends == "mixed" else [ends]
    body = "".join(line + signs[n // 100 % len(signs)] for n, line in enumerate(lines))
    data = made(tmp_path, "id,word,share" + ("\n" if ends == "mixed" else ends) + body)
    assert data.frame()["share"].to_list() == [n / 4 for n in range(300)]
    assert data.frame()["word"].to_list() == [f"a, {n % 3}" for n in range(300)]
    assert (data.report.refused, data.report.repairs) == ((), {})


def test_a_file_without_a_whole_line_is_not_called_empty(tmp_path: Path) -> None:
    with pytest.raises(DialectError, match="a.csv holds no line breaks, or its lines are longer than 32 kB. Each row"):
        made(tmp_path, "x" * (1 << 24))
