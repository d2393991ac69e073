"""Workbooks: kinds of cells, sheets, merged names, and files made to do harm."""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xlsxwriter

from automl_core.data.dataset import create_dataset
from automl_core.data.origin import Choice
from automl_core.data.rereading import read_again
from automl_core.errors import InputError
from tests.data.sources.conftest import Read, rows

Fill = Callable[[Any, Any], None]


def workbook(*sheets: Fill) -> bytes:
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content)
    for number, fill in enumerate(sheets, start=1):
        fill(book, book.add_worksheet(f"Sheet {number}"))
    book.close()
    return content.getvalue()


def plain(book: Any, sheet: Any) -> None:
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_row(0, 0, ["name", "count", "share", "day", "code", "error", "sum"])
    for row in (1, 2, 3):
        sheet.write_row(row, 0, [f"n{row}", row, row / 2])
        sheet.write_datetime(row, 3, datetime.date(2024, 1, row), day)
        sheet.write_string(row, 4, f"00{row}")
        sheet.write_formula(row, 5, "=1/0", None, "#DIV/0!") if row == 2 else sheet.write_number(row, 5, row)
        sheet.write_formula(row, 6, "=1+1", None, 2)


def other(book: Any, sheet: Any) -> None:
    sheet.write_row(0, 0, ["x", "y"])
    sheet.write_row(1, 0, [1, "a"])


def test_cells_keep_what_they_are(read: Read) -> None:
    table = read(workbook(plain, other))
    assert rows(table)[:2] == [
        ["name", "count", "share", "day", "code", "error", "sum"],
        ["n1", 1, 0.5, pd.Timestamp("2024-01-01"), "001", 1.0, 2],
    ]
    assert table.frame["error"].isna().to_list() == [False, True, False]
    assert table.report.repairs == {"Cells of the workbook that hold an error such as #DIV/0! are missing.": 1}
    assert table.report.origin.sentence == "Sheet 'Sheet 1' of 2 sheets."


def test_another_sheet_is_read_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(workbook(plain, other))
    data = create_dataset(tmp_path / "ds", path, "book")
    assert {column.name: column.kind for column in data.schema}["day"] == "date"
    assert data.schema["count"].evidence == "Numbers, as the file itself says."
    data = read_again(data, Choice(sheet="Sheet 2"))
    assert data.schema.names == ["x", "y"]
    assert data.report.origin.sheets == ("Sheet 1", "Sheet 2")
    with pytest.raises(InputError) as caught:
        read_again(data, Choice(sheet="Three"))
    assert str(caught.value) == "source.xlsx has no sheet 'Three'. Its sheets are 'Sheet 1', 'Sheet 2'. Choose one of them."


def test_titles_are_left_out_and_merged_names_stand_for_their_columns(read: Read) -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.merge_range(0, 0, 0, 4, "Sales of 2024")
        sheet.merge_range(2, 1, 2, 2, "First quarter")
        sheet.merge_range(2, 3, 2, 4, "Second quarter")
        sheet.write_row(3, 0, ["shop", "items", "money", "items", "money"])
        for row in (4, 5, 6):
            sheet.write_row(row, 0, [f"s{row}", row, row, row, row])

    table = read(workbook(fill))
    assert list(table.frame.columns) == [
        "shop", "First quarter items", "First quarter money", "Second quarter items", "Second quarter money",
    ]  # fmt: skip
    assert table.frame.shape == (3, 5)
    assert table.report.notes == ("1 row above the table left out.", "2 lines of names were joined.")


def test_a_sheet_without_names_gets_some(read: Read) -> None:
    table = read(workbook(lambda book, sheet: [sheet.write_row(row, 0, [row, row * 2]) for row in range(3)] and None))
    assert rows(table) == [["column_1", "column_2"], [0, 0], [1, 2], [2, 4]]


def rewritten(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            new.writestr(entry, change(old.read(entry)) if entry == name else old.read(entry))
    return out.getvalue()


def entities(xml: bytes) -> bytes:
    """Return strings in which an entity stands for ten of another, nine times over, and one for a file of the system."""
    text = xml.decode()
    start = text.index("?>") + 2
    deeper = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    doctype = f'<!DOCTYPE x [<!ENTITY e0 "ha">{deeper}<!ENTITY file SYSTEM "file:///etc/passwd">]>'
    return (text[:start] + doctype + text[start:].replace("<t>a</t>", "<t>&e9;&file;</t>")).encode()


def test_entities_are_not_expanded(read: Read) -> None:
    with pytest.raises(InputError) as caught:
        read(rewritten(workbook(other), "xl/sharedStrings.xml", entities))
    assert "unrecognized entity" in str(caught.value)


def test_a_workbook_that_unpacks_to_far_more_is_refused(read: Read) -> None:
    with pytest.raises(InputError) as caught:
        read(rewritten(workbook(other), "xl/worksheets/sheet1.xml", lambda xml: xml + b" " * (64 << 20)))
    assert str(caught.value).startswith("file.dat unpacks to more than 250 times its size or 2 GB.")


def test_two_cells_that_span_billions_do_not_take_the_memory(read: Read) -> None:
    """The reader holds the whole rectangle; it aborted the process that asked for it."""

    def fill(book: Any, sheet: Any) -> None:
        sheet.write(0, 0, "a")
        sheet.write(1_048_575, 16_383, "b")

    with pytest.raises(InputError) as caught:
        read(workbook(fill))
    assert str(caught.value).startswith("file.dat needs more memory than a workbook may, or is damaged.")


OPENDOCUMENT = """<?xml version="1.0"?><office:document-content
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>
<table:table table:name="T">{rows}</table:table></office:spreadsheet></office:body></office:document-content>"""


def opendocument(body: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>')
        archive.writestr("content.xml", OPENDOCUMENT.format(rows=body))
    return out.getvalue()


def cell(text: str, kind: str = "string", more: str = "") -> str:
    return f'<table:table-cell office:value-type="{kind}" {more}><text:p>{text}</text:p></table:table-cell>'


def test_an_opendocument_sheet_is_read(read: Read) -> None:
    line = "<table:table-row>{}</table:table-row>"
    day = cell("2 Jan", "date", 'office:date-value="2024-01-02"')
    body = line.format(cell("n") + cell("day")) + line.format(cell("1,5", "float", 'office:value="1.5"') + day) * 2
    assert rows(read(opendocument(body))) == [["n", "day"], *[[1.5, pd.Timestamp("2024-01-02")]] * 2]


def test_repeated_cells_that_span_billions_are_refused(read: Read) -> None:
    many = cell("x", more='table:number-columns-repeated="16384"')
    with pytest.raises(InputError):
        read(opendocument(f'<table:table-row table:number-rows-repeated="1048576">{many}</table:table-row>'))


def test_an_old_document_that_is_no_workbook_is_refused(read: Read) -> None:
    with pytest.raises(InputError) as caught:
        read(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    assert str(caught.value).startswith("file.dat is no workbook that can be read:")
