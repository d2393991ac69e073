"""Predicting a large file: rows per second, and the peak memory of the command; as CSV, Parquet and with contributions.

The model is trained for some seconds on the churn table, whose rows are written again and again: 1,000,000 of them, or 200,000
for a short look (``--rows``); ``--kinds csv`` writes but one of the files.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("AUTOML_TEST_DATA", ROOT.parent / "shared" / "data"))


def run(*command: str) -> tuple[float, float]:
    """Return a command's seconds and peak memory in MB."""
    before = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "automl_core", *command], cwd=ROOT, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed.")
    return time.perf_counter() - before, usage.ru_maxrss / 1024


def enlarge(source: Path, out: Path, rows: int) -> None:
    """Write a table's rows again and again until there are so many."""
    lines = source.read_text(encoding="utf-8").splitlines(keepends=True)
    header, body = lines[0], lines[1:]
    with open(out, "w", encoding="utf-8") as file:
        file.write(header)
        for start in range(0, rows, len(body)):
            file.writelines(body[: rows - start])


KINDS = {"csv": ("csv",), "parquet": ("parquet",), "xlsx": ("xlsx",), "contributions": ("parquet", "--contributions")}


def main(rows: int = 1_000_000, budget: int = 20, kinds: tuple[str, ...] = tuple(KINDS)) -> None:
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        run("train", str(DATA / "churn.csv"), "--target", "Churn", "--out", str(folder / "run"), "--budget", str(budget))
        enlarge(DATA / "churn.csv", folder / "new.csv", rows)
        print(f"{rows:,} rows of {(folder / 'new.csv').stat().st_size / 2**20:,.0f} MB")
        print("| out | seconds | rows a second | peak memory, MB |\n| --- | ---: | ---: | ---: |")
        for name, *more in (KINDS[kind] for kind in kinds):
            out = folder / f"out.{name}"
            seconds, memory = run("predict", str(folder / "run"), str(folder / "new.csv"), "--out", str(out), *more)
            print(
                f"| {name}{' with contributions' if more else ''} | {seconds:,.1f} | {rows / seconds:,.0f} | {memory:,.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--budget", type=int, default=20)
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    given = parser.parse_args()
    main(given.rows, given.budget, tuple(given.kinds))
