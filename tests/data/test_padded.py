"""Titles and notes around a table that a spreadsheet filled up to the table's width with empty cells."""

from __future__ import annotations

from pathlib import Path

import pytest

from automl_core.data import reading
from automl_core.data.dataset import create_dataset
from automl_core.data.reading import read_text
from automl_core.data.report import TextTable

NAMES = "Kunde;Zahl;Art;Summe\n"
ROWS = "".join(f"K{row:04d};{row};x{row % 7};{row * 2}\n" for row in range(40))


def read(folder: Path, text: str) -> TextTable:
    (folder / "a.csv").write_text(text, encoding="utf-8")
    return read_text(folder / "a.csv")


@pytest.mark.parametrize(
    ("above", "lines"),
    [
        ("Report 2024;;;\n", ["Report 2024;;;"]),
        ("Report 2024;;;\n;;;\n", ["Report 2024;;;", ";;;"]),
        ("Report 2024;;;\nFrom: office;;;\n;;;\n", ["Report 2024;;;", "From: office;;;", ";;;"]),
        (";;;\nReport;;;\n", [";;;", "Report;;;"]),
    ],
)
def test_padded_titles_stand_above_the_table(tmp_path: Path, above: str, lines: list[str]) -> None:
    """Regression: the title became the name of the first column, and the names became a row."""
    found = read(tmp_path, above + NAMES + ROWS)
    assert list(found.frame.columns) == ["Kunde", "Zahl", "Art", "Summe"]
    assert (len(found.frame), found.frame.iloc[0].tolist()) == (40, ["K0000", "0", "x0", "0"])
    assert found.report.dialect is not None and found.report.dialect.skip_rows == len(lines)
    assert [(row.line, row.text, row.place) for row in found.report.around] == [
        (place, text, "above") for place, text in enumerate(lines, 1)
    ]


def test_padded_notes_stand_below_the_table(tmp_path: Path) -> None:
    found = read(tmp_path, NAMES + ROWS + ";;;\nSource: office;;;\nFor us only;;;\n")
    assert (len(found.frame), found.report.notes) == (40, ("2 lines below the table left out.",))
    assert [(row.line, row.text, row.place) for row in found.report.around] == [
        (43, "Source: office;;;", "below"),
        (44, "For us only;;;", "below"),
    ]


@pytest.mark.parametrize(
    ("text", "columns", "rows"),
    [
        ("Kunde;;;\n" + ROWS, ["Kunde", "column_2", "column_3", "column_4"], 40),
        ("A1;;;\n" + ROWS, ["A1", "column_2", "column_3", "column_4"], 40),
        (NAMES + "K9;;;\n" + ROWS, ["Kunde", "Zahl", "Art", "Summe"], 41),
        (NAMES + ROWS + ";;;\n" + ROWS, ["Kunde", "Zahl", "Art", "Summe"], 80),
        (NAMES + ROWS + "Total;780;;1560\n", ["Kunde", "Zahl", "Art", "Summe"], 41),
        (NAMES + ROWS + ";;;\nTotal;780;;1560\n", ["Kunde", "Zahl", "Art", "Summe"], 41),
        (NAMES + ROWS + ";;;\n;;;\n", ["Kunde", "Zahl", "Art", "Summe"], 40),
        ("only;b;c\n" + "x;;\n" * 8 + ";;\n" + "y;;\n" * 3, ["only", "b", "c"], 11),
        (NAMES + ROWS + ";;;\nGroup B;;;\n;;;\n" + ROWS, ["Kunde", "Zahl", "Art", "Summe"], 81),
    ],
)
def test_what_is_no_title_stays_in_the_table(tmp_path: Path, text: str, columns: list[str], rows: int) -> None:
    found = read(tmp_path, text)
    assert (list(found.frame.columns), len(found.frame), found.report.around) == (columns, rows, ())


DAYS = "date;sales;promo\n" + "".join(f"2024-01-{row:02d};{row * 3};yes\n" for row in range(1, 21))


@pytest.mark.parametrize("way", ["small", "large"])
@pytest.mark.parametrize(
    ("below", "first", "notes"),
    [
        (";;\n2024-01-21;;\n2024-01-22;;\n", ["2024-01-21", "2024-01-22"], []),
        ("\n2024-01-21;;\n2024-01-22;;\n", ["2024-01-21", "2024-01-22"], []),
        (";;\n2024-01-21;;\n;;\nSource: office;;\n", ["2024-01-21"], ["Source: office;;"]),
        (";;\n1001;;\n1002;;\n", ["1001", "1002"], []),
        (";;\n1.250,50;;\n", ["1.250,50"], []),
        (";;\nSource: office;;\n", [], ["Source: office;;"]),
    ],
)
def test_dates_and_numbers_below_an_empty_line_are_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, below: str, first: list[str], notes: list[str], way: str
) -> None:
    """Regression: days to come, whose other cells are empty, were left out as notes."""
    if way == "large":
        monkeypatch.setattr("automl_core.data.dataset.FAST_BYTES", 10)
        monkeypatch.setattr(reading, "FAST_BYTES", 10)
    source = tmp_path / "a.csv"
    source.write_text(DAYS + below, encoding="utf-8")
    made = create_dataset(tmp_path / "ds", source, "a", kinds={"date": "text"})
    frame = made.frame()
    assert (list(frame.columns), made.rows) == (["date", "sales", "promo"], 20 + len(first))
    assert frame["date"].tolist()[20:] == first
    assert frame.iloc[20:, 1:].isna().all(axis=None)
    assert [row.text for row in made.report.around] == notes


def test_a_large_file_is_read_the_same_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("automl_core.data.dataset.FAST_BYTES", 10)
    monkeypatch.setattr(reading, "FAST_BYTES", 10)
    source = tmp_path / "a.csv"
    source.write_text("Report 2024;;;\n;;;\n" + NAMES + ROWS + ";;;\nSource: office;;;\n", encoding="utf-8")
    made = create_dataset(tmp_path / "ds", source, "a")
    assert (made.rows, made.schema.names) == (40, ["Kunde", "Zahl", "Art", "Summe"])
    assert [(row.text, row.place) for row in made.report.around if row.place == "below"] == [("Source: office;;;", "below")]
