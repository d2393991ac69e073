"""The reading score on the messy sample of the test data: 10 is perfect. ``AUTOML_TEST_DATA`` names the data.

    python benchmarks/reading.py [--write]

``--write`` also puts the worst twenty files into ``docs/reading.md``, each with what was read otherwise.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reading.md"
WORST = 20
HEAD = """# The worst files of the reading score

Written by `python benchmarks/reading.py --write` on {day}; do not edit. {score}

The files are damaged one way each, which their names say, and compared with clean twins. A record that cannot be read for sure is
kept aside, counted and shown, where the twin has a guess at it: that costs a part of a point each time.

- `row_field_delimiter`: one row has spaces between its cells where the file has commas. Its words have spaces between them, too,
  so nothing in it says where a cell ends; it is split at the commas in its texts, and its first cell, no date, is counted as
  not fitting its column.
- `row_extra_quote`: a quote too many stands before a cell. The next one closes it, some cells on, so what lies between is read as
  one cell; the twin keeps the quote as a letter.
- `row_less_sep`: a delimiter is missing between two cells. They are read as one, and the row is a cell short at its end; the twin
  knows where the delimiter was. In the line of names, a quote between two of them tells where.

| score | file | what was read otherwise |
|---:|---|---|
"""


def explain(messy: Path, clean: Path) -> str:
    """Say what differs between a file as it is read and its clean twin."""
    from automl_core.data.reading import read_text

    with open(clean, encoding="utf-8-sig", newline="") as file:
        wanted = list(csv.reader(file))
    table = read_text(messy)
    body = [list(map(str, row)) for row in table.frame.to_numpy(dtype=object)]
    said = []
    if list(table.frame.columns) != wanted[0]:
        missing = Counter(wanted[0]) - Counter(table.frame.columns)
        extra = Counter(table.frame.columns) - Counter(wanted[0])
        said.append(f"names {_some(list(extra))} where the twin has {_some(list(missing)) or 'none'}")
    if len(body) != len(wanted) - 1:
        said.append(f"{len(body)} rows where the twin has {len(wanted) - 1}")
    lost = list((Counter(map(tuple, wanted[1:])) - Counter(map(tuple, body))).elements())
    ours = list((Counter(map(tuple, body)) - Counter(map(tuple, wanted[1:]))).elements())
    if len(lost) == len(ours) == 1:
        pairs = [(mine, theirs) for mine, theirs in zip(ours[0], lost[0], strict=False) if mine != theirs]
        said.append("; ".join(f"{_cut(mine)} where the twin has {_cut(theirs)}" for mine, theirs in pairs[:2]))
    elif ours:
        said.append(f"{len(ours)} records differ")
    said += [f"kept aside: {row.reason}" for row in table.report.refused[:2]]
    return "; ".join(filter(None, said)) or "nothing but spaces"


def _cut(cell: str) -> str:
    text = " ".join(cell.split()).replace("|", "\\|").replace("`", "'")
    return f"`{text[:40]}{'…' if len(text) > 40 else ''}`" if text else "nothing"


def _some(names: list[str]) -> str:
    return ", ".join(_cut(name) for name in names[:3])


def main() -> int:
    """Run the scorer that lies beside the test data and pass on what it prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write docs/reading.md")
    asked = parser.parse_args()
    data = Path(os.environ.get("AUTOML_TEST_DATA", ROOT.parent / "shared" / "data"))
    scorer = data.parent / "score_reading.py"
    if not scorer.exists():
        print(f"There is no scorer beside {data}; set AUTOML_TEST_DATA to the test data.", file=sys.stderr)
        return 2
    command = [sys.executable, str(scorer), "automl_core.data.reading:read_frame", "--worst", str(WORST if asked.write else 10)]
    ended = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, cwd=ROOT)
    print(ended.stdout, ended.stderr, end="")
    if asked.write and not ended.returncode:
        sys.path.insert(0, str(ROOT))
        found = re.findall(r"^ *(\d+\.\d+)  (\S+)", ended.stdout, re.MULTILINE)
        lines = [
            f"| {score} | {name} | {explain(data / 'messy/csv' / name, data / 'messy/clean' / name)} |" for score, name in found
        ]
        score = ended.stdout.strip().splitlines()[-1].partition(", ")[0].capitalize() + "."
        PAGE.write_text(HEAD.format(day=f"{date.today():%d %B %Y}", score=score) + "\n".join(lines) + "\n", encoding="utf-8")
    return ended.returncode


if __name__ == "__main__":
    sys.exit(main())
