"""Sheets of workbooks (xlsx, xls, ods): dates and formulas' values as they are shown, one sheet a table."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from automl_core.data.headers import column_names, find_header, join_header, table_start
from automl_core.data.origin import Choice, Origin
from automl_core.data.report import Around, ReadReport, TextTable
from automl_core.data.sources.unpacking import DAMAGED_ZIP, FREE_BYTES, RATIO
from automl_core.data.sources.values import column_of, text_of
from automl_core.errors import InputError

MAX_UNPACKED = 2 << 30
MEMORY = 4 << 30
"""What the reading process may hold, in bytes."""
SECONDS = 300
"""How long it may take."""
_ERROR = re.compile(rb'\st="e"')


def read_sheet(path: Path, choice: Choice, folder: Path, *, name: str = "") -> TextTable:
    """Read one sheet of a workbook.

    Parameters
    ----------
    path : Path
    choice : Choice
        Its sheet (the first that has cells when left out), and the lines before and of the header.
    folder : Path
        Where the cells may lie while they are read.
    name : str, optional
        What messages call the file.

    Returns
    -------
    TextTable
        Columns typed where all their cells are numbers or dates.

    Raises
    ------
    InputError
        When it is damaged, protected, or larger than the limits, or has no rows.
    """
    name = name or path.name
    broken = _check_archive(path, name) if zipfile.is_zipfile(path) else 0
    said, rows = _cells(path, choice.sheet, folder, name)
    places = [place for place, row in enumerate(rows) if any(cell not in ("", None) for cell in row)]
    rows = [rows[place] for place in places]
    if not rows:
        raise InputError(f"The sheet {said['sheet']!r} of {name} is empty.", "A table is needed.", "Choose another sheet.")
    shown = [[text_of(cell) for cell in row] for row in rows[:200]]
    merged = _groups(said["merged"], places[:200], len(rows[0]))
    skip, header = _layout(shown, {row for row, _ in merged})
    skip = skip if choice.skip_rows is None else min(choice.skip_rows, len(rows) - 1)
    header = header if choice.header_rows is None else choice.header_rows
    names, changed = column_names(_names(shown[skip : skip + header], merged, skip), len(rows[0]))
    body = rows[skip + header :]
    if not body:
        raise InputError(
            f"The sheet {said['sheet']!r} of {name} has column names but no rows.",
            "At least one row of values is needed.",
            "Choose another sheet, or check that the export was complete.",
        )
    frame = pd.concat([column_of(cells) for cells in zip(*body, strict=True)], axis=1, ignore_index=True)
    frame.columns = pd.Index(names)
    above = tuple(Around(said["top"] + places[row] + 1, _line(rows[row]), "above") for row in range(skip))
    notes = [f"{skip} {'row' if skip == 1 else 'rows'} above the table left out."] if skip else []
    if header > 1:
        notes.append(f"{header} lines of names were joined.")
    if not header:
        notes.append("The sheet does not name its columns, so they are called column_1, column_2 and so on.")
    repairs = {"Cells of the workbook that hold an error such as #DIV/0! are missing.": broken} if broken else {}
    origin = Origin("workbook", sheet=said["sheet"], sheets=tuple(said["sheets"]), skip_rows=skip, header_rows=header)
    return TextTable(frame, ReadReport(None, len(frame), len(names), repairs, (), tuple(notes + changed), origin, around=above))


def _line(row: list[Any]) -> str:
    """Return the cells of a row that is none of the table's."""
    return ", ".join(filter(None, map(text_of, row)))[:2000]


def _groups(merged: list[list[int]], places: list[int], width: int) -> dict[tuple[int, int], int]:
    """Return row and first column of merged cells that stand over a part of the table, with their last column."""
    found = {}
    for low, left, high, right in merged:
        if low == high and low in places and 0 < right - left < width - 1:
            found[places.index(low), left] = right
    return found


def _layout(rows: list[list[str]], groups: set[int]) -> tuple[int, int]:
    """Return the rows before the names, and those of the names; a row with merged cells names groups of columns."""
    skip = table_start(rows)
    above = min((row for row in groups if row <= skip), default=-1)
    if above < 0:
        return skip, find_header(rows[skip:])
    depth = 1
    while above + depth in groups:
        depth += 1
    return above, max(find_header(rows[above:]), min(depth + 1, len(rows) - above - 1))


def _names(lines: list[list[str]], merged: dict[tuple[int, int], int], skip: int) -> list[str]:
    """Return the names; a merged cell stands for all the columns below it."""
    filled = [list(line) for line in lines]
    for (row, left), right in merged.items():
        if skip <= row < skip + len(lines):
            line = filled[row - skip]
            line[left : right + 1] = [line[left]] * (right + 1 - left)
    return join_header(filled, spread=not merged)


def _cells(path: Path, sheet: str, folder: Path, name: str) -> tuple[dict[str, Any], list[list[Any]]]:
    """Let another process read the sheet, and return what it said and the cells."""
    out = folder / "cells.jsonl"
    script = Path(__file__).with_name("sheet_process.py")
    # calamine goes by the name, and tells less of what is wrong where it has to guess.
    book = folder / f"book.{_suffix(path)}"
    book.symlink_to(path.resolve())
    command = [sys.executable, "-P", str(script), str(book), sheet, str(out), str(MEMORY)]
    try:
        ended = subprocess.run(command, timeout=SECONDS, capture_output=True, check=False).returncode
        if ended or not out.exists():
            raise InputError(
                f"{name} needs more memory than a workbook may, or is damaged.",
                "A workbook of a few kilobytes can claim billions of cells; such ones are not opened.",
                "Save the sheet as CSV and choose that.",
            )
        with open(out, encoding="utf-8") as file:
            said = json.loads(file.readline())
            rows = [json.loads(line, object_hook=_moment) for line in file]
    except subprocess.TimeoutExpired as error:
        raise InputError(
            f"{name} took more than {SECONDS:,} s to open.", action="Save the sheet as CSV and choose that."
        ) from error
    finally:
        out.unlink(missing_ok=True)
        book.unlink(missing_ok=True)
    if "locked" in said:
        raise InputError(
            f"{name} is protected by a password.", "Workbooks are opened without one.", "Save a copy without a password."
        )
    if "damaged" in said:
        raise InputError(
            f"{name} is no workbook that can be read: {said['damaged']}.", action="Open it, save it as xlsx, and choose that."
        )
    if "missing" in said:
        known = ", ".join(repr(sheet) for sheet in said["sheets"][:10]) or "none with cells"
        if said["missing"]:
            raise InputError(f"{name} has no sheet {said['missing']!r}.", f"Its sheets are {known}.", "Choose one of them.")
        raise InputError(f"{name} has no sheet with cells.", action="Choose another workbook.")
    return said, rows


def _suffix(path: Path) -> str:
    if not zipfile.is_zipfile(path):
        return "xls"
    with zipfile.ZipFile(path) as archive:
        return "xlsx" if "xl/workbook.xml" in archive.namelist() else "ods"


def _moment(value: dict[str, str]) -> date:
    return datetime.fromisoformat(value["t"]) if "t" in value else date.fromisoformat(value["d"])


def _check_archive(path: Path, name: str) -> int:
    """Unpack a workbook to nowhere within the limits of archives, and count the cells that hold an error."""
    total, errors, packed = 0, 0, path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                sheet, rest = entry.filename.startswith("xl/worksheets/"), b""
                with archive.open(entry) as stream:
                    while piece := stream.read(1 << 20):
                        total += len(piece)
                        if total > MAX_UNPACKED or (total > FREE_BYTES and total > RATIO * packed):
                            raise InputError(
                                f"{name} unpacks to more than {RATIO} times its size or 2 GB.",
                                "Workbooks never do; files made to fill the memory do.",
                                "Save the sheet as CSV and choose that.",
                            )
                        if sheet:
                            errors += len(_ERROR.findall(rest + piece))
                            rest = piece[-5:]
    except DAMAGED_ZIP as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name} is a damaged workbook.", action="Open it, save it as xlsx, and choose that.") from error
    return errors
