"""Large tables: DuckDB's pass and the way of smaller tables give the same cells, in the same order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.data.combine import append
from automl_core.data.dataset import create_dataset, dataset_from_frame, is_wide
from automl_core.data.origin import Choice
from automl_core.data.report import NullWord
from automl_core.data.streaming import stream_table
from automl_core.data.tables import read_table, write_table
from automl_core.errors import FormatError
from automl_core.schema import Column, Schema


def _table(path: Path, rows: int) -> Path:
    lines = [f"{n},{n / 4},2024-01-{n % 28 + 1:02d},{'NA' if n % 7 == 0 else 'w' + str(n % 5)}" for n in range(rows)]
    path.write_text("count,share,day,word\n" + "\n".join(lines) + "\n")
    return path


def test_streamed_cells_are_those_of_the_other_way_in_order(tmp_path: Path) -> None:
    """A list after IN became a join in DuckDB, and the rows came in another order."""
    source = _table(tmp_path / "a.csv", 300_000)
    found = stream_table(source, tmp_path / "a.parquet")
    frame = read_table(tmp_path / "a.parquet")
    assert frame["count"].to_list() == [*map(str, range(300_000))] or frame["count"].to_list() == list(range(300_000))
    assert frame["share"].head(3).to_list() == [0.0, 0.25, 0.5]
    assert frame["day"].iloc[1] == pd.Timestamp("2024-01-02")
    assert frame["word"].isna().sum() == len(range(0, 300_000, 7))
    assert (found.rows, found.faults) == (300_000, {})
    looked = found.report.null_rows
    known = looked - next(word.count for word in found.report.nulls if word.word == "NA")
    assert found.schema["word"].evidence == f"Of the rows looked at: 5 different values in {known:,} cells."


@pytest.mark.parametrize("cell", ["abc", "1.5", "inf"])
def test_a_cell_the_sample_did_not_show_is_counted_not_rounded(tmp_path: Path, cell: str) -> None:
    rows = [f"{n % 50},w" for n in range(200_000)]
    rows[123_457] = f"{cell},w"
    source = tmp_path / "a.csv"
    source.write_text("a,b\n" + "\n".join(rows) + "\n")
    found = stream_table(source, tmp_path / "a.parquet")
    value = read_table(tmp_path / "a.parquet")["a"].iloc[123_457]
    if cell == "1.5":
        assert value == 1.5
    else:
        assert pd.isna(value)
        assert found.faults["a"].count == 1
        assert found.faults["a"].examples == (cell,)
    assert found.rows == 200_000


def test_a_row_with_too_many_cells_is_kept_aside(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text("a,b\n" + "1,x\n" * 9 + "1,2,3\n" + "2,y\n")
    found = stream_table(source, tmp_path / "a.parquet")
    assert [(row.line, row.text, row.reason) for row in found.report.refused] == [
        (11, "1,2,3", "more cells than the table has columns")
    ]
    assert found.rows == 10


def test_the_fingerprint_stays_and_follows_the_cells(tmp_path: Path) -> None:
    source = _table(tmp_path / "a.csv", 50_000)
    first = stream_table(source, tmp_path / "a.parquet").fingerprint
    assert stream_table(source, tmp_path / "b.parquet").fingerprint == first
    _table(tmp_path / "c.csv", 49_999)
    assert stream_table(tmp_path / "c.csv", tmp_path / "c.parquet").fingerprint != first


def test_the_fingerprint_is_of_the_rows_and_not_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = _table(tmp_path / "a.csv", 300_000)
    found = []
    for cores in (1, 3):
        monkeypatch.setattr("automl_core.data.duck.usable_cores", lambda cores=cores: cores)
        found.append(stream_table(source, tmp_path / "a.parquet").fingerprint)
    assert found[0] == found[1]
    (tmp_path / "b.csv").write_text("a,b\n1,x\n2,y\n")
    (tmp_path / "c.csv").write_text("a,b\n2,y\n1,x\n")
    one, other, text = (
        stream_table(tmp_path / name, tmp_path / "b.parquet", kinds=kinds).fingerprint
        for name, kinds in (("b.csv", {}), ("c.csv", {}), ("b.csv", {"a": "category"}))
    )
    assert len({one, other, text}) == 3


def test_a_large_file_becomes_a_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("automl_core.data.dataset.FAST_BYTES", 1000)
    source = _table(tmp_path / "a.csv", 1000)
    data = create_dataset(tmp_path / "ds", source, "a")
    assert data.rows == 1000
    assert len(data.frame()) == 1000
    assert data.source is not None


def test_what_is_told_never_goes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: a file in UTF-16 is looked at twice, the first time while it is written anew; both told of themselves."""
    monkeypatch.setattr("automl_core.data.dataset.FAST_BYTES", 1000)
    source = _table(tmp_path / "a.csv", 1000)
    source.write_text(source.read_text(), encoding="utf-16")
    told: list[tuple[float, str]] = []
    create_dataset(tmp_path / "ds", source, "a", tell=lambda *said: told.append(said))
    shares = [share for share, _ in told]
    assert shares == sorted(shares) and shares[-1] == 0.92
    looking = "Looking at rows from all over the file"
    assert [doing for _, doing in told[:3]] == [looking, "Turning utf-16 into UTF-8", looking]
    assert shares[:3] == pytest.approx([0.0, 0.1, 0.1], abs=0.001)


def test_another_encoding_is_turned_into_utf8(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_bytes(("name;price\n" + "Müller;1,5\nKäse;2,5\n" * 50).encode("cp1252"))
    found = stream_table(source, tmp_path / "a.parquet")
    frame = read_table(tmp_path / "a.parquet")
    assert frame.head(2).to_numpy().tolist() == [["Müller", 1.5], ["Käse", 2.5]]
    assert found.report.dialect is not None
    assert found.report.dialect.encoding == "cp1252"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.parquet"]


BODY = "".join(f"{n},{n / 4},w{n % 5},2024-01-{n % 28 + 1:02d}\n" for n in range(300))


@pytest.mark.parametrize(
    "more",
    [
        pytest.param("", id="plain"),
        pytest.param(",,,\n\n,,,\n", id="empty rows"),
        pytest.param("1_000,2_0.5,w,2024-01-01\n", id="underscores"),
        pytest.param("0x1F,0b1,w,2024-01-01\n", id="hexadecimal"),
        pytest.param("1,2,w,epoch\n2,3,w,infinity\n3,3,x,1700000000\n4,3,x,today\n5,3,x,2024\n6,3,x,20240101\n", id="odd dates"),
        pytest.param("1,2\n3\n", id="short rows"),
        pytest.param("1,2,w,2024-01-01,,\n", id="empty cells beyond"),
        pytest.param("inf,-inf,nan,2024-01-01\n", id="infinity"),
        pytest.param("+5,1e3, w ,2024-01-01\n", id="signs and spaces"),
        pytest.param("1,2,y\x00z,2024-01-01\n", id="NUL"),
        pytest.param('1,2,"a\nb",2024-01-01\n', id="line break"),
    ],
)
def test_both_ways_give_the_same_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str) -> None:
    """Above 30 MB empty rows were kept, 1_000 was a thousand, and rows with too few cells were refused."""
    source = tmp_path / "a.csv"
    source.write_text("n,share,word,day\n" + BODY + more + BODY)
    small = create_dataset(tmp_path / "small", source, "a")
    monkeypatch.setattr("automl_core.data.dataset.FAST_BYTES", 0)
    large = create_dataset(tmp_path / "large", source, "a")
    pd.testing.assert_frame_equal(small.frame(), large.frame(), check_dtype=False)
    assert [column.kind for column in small.schema] == [column.kind for column in large.schema]
    assert small.faults == large.faults
    assert len(small.report.refused) == len(large.report.refused)
    if "beyond" not in more:
        assert {word: count for word, count in small.report.repairs.items() if "beyond" not in word} == large.report.repairs


def test_words_for_missing_hold_for_large_files_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("automl_core.data.dataset.FAST_BYTES", 0)
    source = tmp_path / "a.csv"
    source.write_text("a,b\n" + "1,x\nnope,NA\n" * 50)
    data = create_dataset(tmp_path / "ds", source, "a", choice=Choice(null_words=("", "nope")))
    assert (data.schema["a"].kind, data.faults) == ("number", {})
    assert data.frame()["b"].value_counts().to_dict() == {"x": 50, "NA": 50}
    assert data.report.nulls == (NullWord("nope", 50, ("a",)),)
    assert (data.report.null_rows, data.report.null_words) == (100, ("", "nope"))


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_quote_that_is_never_closed_swallows_no_rows(tmp_path: Path, encoding: str) -> None:
    """Regression: DuckDB set one row aside and left out the 80,000 behind it without a word."""
    lines = [f"{n};Straße {n % 97};{n / 4}" for n in range(100_000)]
    lines[20_000] = '20000;"Straße 18;5000.0'
    source = tmp_path / "a.csv"
    source.write_bytes(("id;street;amount\n" + "\n".join(lines) + "\n").encode(encoding))
    found = stream_table(source, tmp_path / "a.parquet")
    frame = read_table(tmp_path / "a.parquet")
    assert (found.rows, found.report.refused) == (100_000, ())
    assert found.report.repairs == {"Stray quotes were kept as part of their cell.": 1}
    assert frame["id"].astype(int).to_list() == list(range(100_000))
    assert frame["street"].iloc[19_999:20_002].to_list() == ["Straße 17", '"Straße 18', "Straße 19"]
    assert frame["amount"].to_list() == [n / 4 for n in range(100_000)]
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["a.csv", "a.parquet"]


def test_quotes_that_close_each_other_far_apart_swallow_no_rows(tmp_path: Path) -> None:
    """Regression: rows between the two became one cell; cells that do hold line breaks and blank lines stay as they are."""
    lines = [f'{n},"place, {n % 97}",{n / 4}' for n in range(5_000)]
    lines[10] = '10,"two\n\nlines",2.5'
    lines[1_000] = '1000,"place 1000,250.0'
    lines[2_000] = '2000,place 2000",500.0'
    source = tmp_path / "a.csv"
    source.write_text("id,place,amount\n" + "\n".join(lines))
    found = stream_table(source, tmp_path / "a.parquet")
    frame = read_table(tmp_path / "a.parquet")
    assert (found.rows, found.report.refused) == (5_000, ())
    assert found.report.repairs == {"Stray quotes were kept as part of their cell.": 2}
    assert frame["place"].iloc[[9, 10, 11, 1_000, 2_000]].to_list() == [
        "place, 9",
        "two\n\nlines",
        "place, 11",
        '"place 1000',
        'place 2000"',
    ]


@pytest.mark.parametrize("stray", [False, True])
@pytest.mark.parametrize("part", ["line {}, as it was said", "line {}, of the letter, by hand"])
def test_a_sound_cell_of_many_lines_stays_one(tmp_path: Path, stray: bool, part: str) -> None:
    """Regression: its quotes were taken for stray ones, and each of its lines, cut at the commas, became a row."""
    cell = "\n".join(part.format(n) for n in range(150))
    lines = [f"{n},place {n % 97},{n / 4}" for n in range(4_000)]
    lines[100] = f'100,"{cell}",25.0'
    if stray:
        lines[300] = '300,"place 9,75.0'
    source = tmp_path / "a.csv"
    source.write_text("id,place,amount\n" + "\n".join(lines) + "\n")
    found = stream_table(source, tmp_path / "a.parquet")
    frame = read_table(tmp_path / "a.parquet")
    assert (found.rows, found.report.refused, found.faults) == (4_000, (), {})
    assert found.report.repairs == ({"Stray quotes were kept as part of their cell.": 1} if stray else {})
    assert frame["place"].iloc[[99, 100, 101]].to_list() == ["place 2", cell, "place 4"]
    assert frame["amount"].to_list() == [n / 4 for n in range(4_000)]


def test_rows_between_two_stray_quotes_are_no_cell(tmp_path: Path) -> None:
    """They make a record of the usual width, whose closing quote stands before a delimiter, as a sound cell does."""
    lines = [f"{n},place {n % 97},{n / 4}" for n in range(5_000)]
    lines[1_000] = '1000,"place 1000,250.0'
    lines[2_000] = '2000,place 2000",500.0'
    source = tmp_path / "a.csv"
    source.write_text("id,place,amount\n" + "\n".join(lines) + "\n")
    found = stream_table(source, tmp_path / "a.parquet")
    frame = read_table(tmp_path / "a.parquet")
    assert (found.rows, found.report.refused) == (5_000, ())
    assert frame["place"].iloc[[999, 1_000, 1_500, 2_000]].to_list() == ["place 29", '"place 1000', "place 45", 'place 2000"']


@pytest.mark.parametrize(("above", "more"), [("", "\n"), ("Report\n\n", '500,"one\n\n\ntwo",125.0\n\n')])
def test_blank_lines_are_no_missing_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, above: str, more: str) -> None:
    """Regression: one at the end of a file with quotes had the whole file gone through, and copied, to mend nothing."""
    monkeypatch.setattr("automl_core.data.streaming.mend_quotes", lambda *_: pytest.fail("mended"))
    source = tmp_path / "a.csv"
    source.write_text(above + "id,place,amount\n" + "".join(f'{n},"place, {n}",{n / 4}\n' for n in range(500)) + more)
    assert stream_table(source, tmp_path / "a.parquet").rows == 500 + bool(above)


@pytest.mark.parametrize("clock", ["", " 12:30:00"])
@pytest.mark.parametrize("day", ["9999-12-31", "1066-10-14", "0000-01-01"])
def test_dates_beyond_nanoseconds_are_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, day: str, clock: str) -> None:
    """Regression: in a large file such a date was no fault, the table could not be read, and appended it was another year."""
    monkeypatch.setattr("automl_core.data.dataset.FAST_BYTES", 0)
    days = [f"2024-01-{n % 28 + 1:02d}{clock}" for n in range(1_000)]
    days[543] = day + clock
    source = tmp_path / "a.csv"
    source.write_text("id,day\n" + "".join(f"{n},{day}\n" for n, day in enumerate(days)))
    data = create_dataset(tmp_path / "ds", source, "a")
    assert {name: (fault.count, fault.examples) for name, fault in data.faults.items()} == {"day": (1, (day + clock,))}
    assert data.frame()["day"].iloc[542:545].isna().to_list() == [False, True, False]
    both = append(tmp_path / "both", data, data, "both").frame()["day"]
    assert (int(both.isna().sum()), both.min(), both.max().date()) == (
        2,
        pd.Timestamp(days[0]),
        pd.Timestamp("2024-01-28").date(),
    )


def test_stored_dates_beyond_nanoseconds_are_told(tmp_path: Path) -> None:
    """Regression: of a table that was stored with them, pandas' own error reached the page, or the year became another."""
    days = np.full(250_001, "2024-01-01", dtype="datetime64[us]")
    schema = Schema((Column("day", "date", evidence="date."),))
    data = dataset_from_frame(tmp_path / "ds", pd.DataFrame({"day": days.astype("datetime64[ns]")}), schema, "a")
    days[-1] = np.datetime64("9999-12-31")
    write_table(pd.DataFrame({"day": days}), data.folder / "data.parquet")
    said = "The column 'day' of '{}' holds dates that are not between 1677 and 2262. "
    with pytest.raises(FormatError, match=said.format("ds")):
        data.frame()
    with pytest.raises(FormatError, match=said.format("ds")):
        list(data.pieces())
    with pytest.raises(FormatError, match=said.format("a")):
        append(tmp_path / "both", data, data, "both")


def test_a_letter_behind_an_open_quote_shows_the_encoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: the cell that swallowed it hid it from DuckDB, and mending the quote made a replacement sign of it."""
    monkeypatch.setattr("automl_core.data.encoding.SPOTS", 2)
    monkeypatch.setattr("automl_core.data.encoding.SPOT_BYTES", 1000)
    lines = [f"{n};Strasse {n % 97};{n / 4}" for n in range(100_000)]
    lines[20_000] = '20000;"Strasse 18;5000.0'
    lines[52_000] = "52000;Straße;13000.0"
    source = tmp_path / "a.csv"
    source.write_bytes(("id;street;amount\n" + "\n".join(lines) + "\n").encode("cp1252"))
    found = stream_table(source, tmp_path / "a.parquet")
    frame = read_table(tmp_path / "a.parquet")
    assert (found.rows, frame["street"].iloc[52_000]) == (100_000, "Straße")
    assert found.report.dialect is not None and found.report.dialect.encoding == "cp1252"
    assert found.report.repairs == {"Stray quotes were kept as part of their cell.": 1}
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["a.csv", "a.parquet"]


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_a_table_is_wide_by_its_first_line_and_within_the_cells_that_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """Regression: of a file whose lines end in carriage returns all were taken for the first."""
    narrow, wide = tmp_path / "narrow.csv", tmp_path / "wide.csv"
    narrow.write_text(end.join(["a,b,c"] + ["1,2,3"] * 3000), newline="")
    wide.write_text(end.join([",".join(f"c{n}" for n in range(4100))] + [",".join(["1"] * 4100)] * 3), newline="")
    assert (is_wide(narrow), is_wide(wide)) == (False, True)
    monkeypatch.setattr("automl_core.data.dataset.CELLS", 3 * 4100)
    assert not is_wide(wide)
