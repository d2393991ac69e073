"""A process of its own that reads one sheet of a workbook and writes its cells as JSON lines.

A workbook of a few kilobytes can say that its table has billions of cells. Here that ends this process, which may hold only so
much memory, and nothing else. Called as a script, with nothing but calamine and the standard library:
``python -P sheet_process.py WORKBOOK SHEET OUT BYTES``; the first line of OUT names the sheets.
"""

from __future__ import annotations

import datetime
import json
import sys
from typing import Any


def main(path: str, sheet: str, out: str, memory: int) -> int:
    """Read a sheet; an empty name stands for the first sheet that has cells. Returns the exit code."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    except (ImportError, ValueError, OSError):
        pass  # where the system knows no limit, the time limit has to do
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_path(path)
        kept = [
            entry.name
            for entry in book.sheets_metadata
            if entry.visible == calamine.SheetVisibleEnum.Visible and entry.typ == calamine.SheetTypeEnum.WorkSheet
        ]
        found = None
        for name in [sheet] if sheet else kept:
            if name not in kept:
                return _end(out, {"missing": name, "sheets": kept})
            found = book.get_sheet_by_name(name)
            if found.height:
                break
        if found is None:
            return _end(out, {"missing": "", "sheets": kept})
        top = (found.start or (0, 0))[0]
        left = (found.start or (0, 0))[1]
        merged = [[a - top, b - left, c - top, d - left] for (a, b), (c, d) in found.merged_cell_ranges or []]
        with open(out, "w", encoding="utf-8") as file:
            _line(file, {"sheet": found.name, "sheets": kept, "merged": merged[:10_000], "top": top})
            for row in found.to_python():
                _line(file, [_plain(cell) for cell in row])
    except calamine.PasswordError:
        return _end(out, {"locked": True})
    except calamine.CalamineError as error:
        return _end(out, {"damaged": str(error)[:200]})
    return 0


def _plain(cell: Any) -> Any:
    if isinstance(cell, datetime.datetime):
        return {"t": cell.isoformat()}
    if isinstance(cell, datetime.date):
        return {"d": cell.isoformat()}
    if isinstance(cell, datetime.time | datetime.timedelta):
        return str(cell)
    return cell


def _line(file: Any, value: Any) -> None:
    file.write(json.dumps(value, ensure_ascii=True))
    file.write("\n")


def _end(out: str, said: dict[str, Any]) -> int:
    with open(out, "w", encoding="utf-8") as file:
        _line(file, said)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
