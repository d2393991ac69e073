"""How time and memory of a search grow with the table: rows from 10,000 to 1,000,000, columns from 10 to 500.

Each table is generated, stored as the app stores an upload, and searched in a process of its own with the same few
candidates (boosters with a fixed number of rounds, so that every size does the same work). Seconds are those of the whole
search, ensemble and packing included. Memory is the most that the process and its forks hold together, pages that they
share counted once (proportional set size), beyond what the process held once it had imported its libraries; it is set
against four times the table in memory plus the models. ``--short`` takes small tables for a quick look.

Exit code 1 says that a fitted exponent is above 1.1, or that memory is above what is allowed on a table large enough to be
judged. Results: ``benchmarks/results/scaling.json`` and the plot ``docs/scaling.svg``.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
RESULTS = ROOT / "benchmarks" / "results" / "scaling.json"
PLOT = ROOT / "docs" / "scaling.svg"
ROWS = (10_000, 30_000, 100_000, 300_000, 1_000_000)
COLUMNS = (10, 30, 100, 300, 500)
FEW_COLUMNS, FEW_ROWS = 20, 20_000
"""The columns of the tables that grow in rows, and the rows of those that grow in columns."""
SHORT_ROWS, SHORT_COLUMNS, SHORT_FEW_ROWS = (5_000, 10_000, 20_000), (10, 20, 40), 2_000
CANDIDATES = ("lr", "nb", "lightgbm", "xgboost")
EXPONENT = 1.1
TIMES = 4.0
"""Times the table in memory that a search may hold, besides the models."""
JUDGED = 64 * 2**20
"""Bytes of the smallest table whose memory is judged; below, what each fork touches of its libraries is more than the data."""
SAMPLING = 0.03
"""Seconds between two looks at the memory."""


def make_table(rows: int, columns: int, folder: Path) -> None:
    """Generate a table and store it as an upload is stored: three columns of ten numbers, the others words; some missing."""
    import numpy as np
    import pandas as pd

    from automl_core.data.dataset import dataset_from_frame
    from automl_core.schema import Column, Schema

    rng = np.random.default_rng(0)
    data: dict[str, Any] = {}
    described = []
    signal = np.zeros(rows)
    for place in range(columns):
        name = f"x{place}"
        if place % 10 in (3, 6, 9):
            codes = rng.integers(0, 12, rows)
            data[name] = np.array([f"word {code}" for code in range(12)], dtype=object)[codes]
            described.append(Column(name, "category"))
        else:
            values = rng.normal(size=rows)
            signal += values * (place < 5)
            values[rng.random(rows) < 0.02] = np.nan
            data[name] = values
            described.append(Column(name, "number"))
    data["event"] = np.where(signal + rng.normal(size=rows) > 0.5, "yes", "no").astype(object)
    described.append(Column("event", "boolean"))
    dataset_from_frame(folder / "dataset", pd.DataFrame(data), Schema(tuple(described)), "generated")


def search(folder: Path, candidates: Sequence[str]) -> None:
    """Search the table of a folder in this process; ``told.json`` says what it took."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    begun = time.time()

    from automl_core.cleaning.propose import propose_recipe
    from automl_core.events import CandidateScored, Event
    from automl_core.experiment import Budget, ExperimentConfig
    from automl_core.runs import Run, write_request
    from automl_core.search.candidates import catalogue
    from automl_core.search.preload import preload
    from automl_core.worker import training

    known = catalogue("binary")
    preload(*(known[name].class_path for name in candidates))
    config = ExperimentConfig(
        "event",
        "binary",
        "roc_auc",
        positive="yes",
        holdout=0.0,
        folds=3,
        budget=Budget(60.0, len(candidates)),
        candidates=tuple(candidates),
    )
    base = held([psutil.Process()])
    run = Run(folder)
    write_request(folder, "train", {"dataset": "generated", "config": config.to_dict(), "recipe": {"format": 1, "steps": []}})
    dataset = run.dataset()
    frame = dataset.frame()
    recipe = propose_recipe(frame, dataset.schema, "event")
    params = {"dataset": dataset.id, "config": config.to_dict(), "recipe": recipe.to_dict()}
    write_request(folder, "train", params)
    table = int(frame.memory_usage(deep=True).sum())
    del frame, dataset
    first: list[float] = []

    def emit(event: Event) -> None:
        if isinstance(event, CandidateScored) and not first:
            row = event.candidate
            if row["state"] == "scored" and row["role"] != "baseline":
                first.append(time.time() - begun)

    (folder / "base").write_text(str(base))  # from here on the memory is the search's
    started = time.time()
    training.train(run, emit=emit, should_stop=lambda: False, started=started)
    seconds = time.time() - started
    with zipfile.ZipFile(folder / "model.zip") as archive:
        model = sum(entry.file_size for entry in archive.infolist())
    scored = [row.id for row in run.leaderboard() if row.state == "scored"]
    told = {"seconds": seconds, "first": first[0] if first else None, "table": table, "model": model, "base": base}
    (folder / "told.json").write_text(json.dumps({**told, "scored": scored}))


def held(processes: Sequence[psutil.Process]) -> int:
    """Return the bytes that processes hold, shared pages counted once; resident ones where the system does not tell."""
    total = 0
    for process in processes:
        try:
            total += process.memory_full_info().pss
        except AttributeError:
            total += process.memory_info().rss
        except psutil.Error:
            pass  # it ended while it was looked at
    return total


def measure(rows: int, columns: int, candidates: Sequence[str]) -> dict[str, Any]:
    """Generate one table, search it in a process of its own, and return what that took."""
    with tempfile.TemporaryDirectory(prefix="tablewright-scaling-") as name:
        folder = Path(name)
        command = [sys.executable, __file__, "--folder", name]
        subprocess.run([*command, "--make", str(rows), str(columns)], check=True)
        # LightGBM's chatter goes to standard output.
        process = psutil.Popen([*command, "--search", *candidates], cwd=ROOT, stdout=subprocess.DEVNULL)
        peak = 0
        while process.poll() is None:
            if (folder / "base").exists():
                try:
                    peak = max(peak, held([process, *process.children(recursive=True)]))
                except psutil.Error:
                    pass
            time.sleep(SAMPLING)
        if process.returncode:
            return {"rows": rows, "columns": columns, "fault": f"The search ended with code {process.returncode}."}
        told = json.loads((folder / "told.json").read_text())
    above = max(peak - told["base"], 0)
    allowed = TIMES * told["table"] + told["model"]
    return {"rows": rows, "columns": columns, **told, "peak": above, "allowed": allowed}


def exponent(results: Sequence[dict[str, Any]], by: str) -> float | None:
    """Return the slope of seconds on `by` by least squares on logarithms; None with fewer than two sizes."""
    points = [(math.log(row[by]), math.log(row["seconds"])) for row in results if "seconds" in row]
    if len({x for x, _ in points}) < 2:
        return None
    middle = sum(x for x, _ in points) / len(points)
    level = sum(y for _, y in points) / len(points)
    return sum((x - middle) * (y - level) for x, y in points) / sum((x - middle) ** 2 for x, _ in points)


def last_exponent(results: Sequence[dict[str, Any]], by: str) -> float | None:
    """Return the slope between the two largest sizes, where fixed costs matter least."""
    return exponent(sorted((row for row in results if "seconds" in row), key=lambda row: row[by])[-2:], by)


def faults(results: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Return a sentence for everything that is not as it should be."""
    found = []
    for by, rows in results.items():
        power = exponent(rows, by)
        if power is not None and power > EXPONENT:
            found.append(f"Time grows with the {by} to the power of {power:.2f}, {EXPONENT:g} is allowed.")
        for row in rows:
            size = f"{row['rows']:,} rows and {row['columns']:,} columns"
            if "fault" in row:
                found.append(f"{size}: {row['fault']}")
            elif row["table"] >= JUDGED and row["peak"] > row["allowed"]:
                found.append(f"{size}: {row['peak'] / 2**20:,.0f} MB were held, {row['allowed'] / 2**20:,.0f} MB are allowed.")
    return found


def line(row: dict[str, Any]) -> str:
    """Return one row of the printed table."""
    if "fault" in row:
        return f"{row['rows']:>10,}{row['columns']:>9,}  {row['fault']}"
    first = f"{row['first']:.1f}" if row["first"] is not None else ""
    times = (row["peak"] - row["model"]) / row["table"]
    judged = "" if row["table"] >= JUDGED else "  not judged"
    return (
        f"{row['rows']:>10,}{row['columns']:>9,}{row['seconds']:>10.1f}{first:>9}{row['table'] / 2**20:>10,.0f}"
        f"{row['model'] / 2**20:>10,.0f}{row['peak'] / 2**20:>10,.0f}{max(times, 0):>8.1f}{judged}"
    )


def draw(results: dict[str, list[dict[str, Any]]], path: Path) -> None:
    """Plot seconds and memory against rows and columns, with the line of proportional growth and what is allowed."""
    import matplotlib

    matplotlib.use("svg", force=True)
    from matplotlib.figure import Figure

    from automl_core.charts.style import ACCENT, GREY

    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "tablewright", "font.size": 9}):
        figure = Figure(figsize=(8.5, 5.6), layout="constrained")
        grid = figure.subplots(2, 2)
        for column, (by, rows) in enumerate(results.items()):
            rows = [row for row in rows if "fault" not in row]
            x = [row[by] for row in rows]
            above, below = grid[0][column], grid[1][column]
            above.loglog(x, [row["seconds"] for row in rows], "o-", color=ACCENT, label="seconds of the search")
            if rows:
                start = rows[-1]
                above.loglog(x, [start["seconds"] * size / start[by] for size in x], ":", color=GREY, label="in proportion")
            below.loglog(x, [row["peak"] / 2**20 for row in rows], "o-", color=ACCENT, label="MB held at most")
            below.loglog(x, [row["allowed"] / 2**20 for row in rows], ":", color=GREY, label="4 times the table, plus the model")
            below.loglog(x, [row["table"] / 2**20 for row in rows], "--", color=GREY, label="the table")
            power = exponent(rows, by)
            above.set_title(f"Growth with the {by}" + (f": to the power of {power:.2f}" if power is not None else ""))
            below.set_xlabel(by)
            for axes in (above, below):
                axes.legend(frameon=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def main() -> int:
    """Measure all sizes, print and store the results; return 1 when something is above what is allowed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--short", action="store_true", help="small tables, for a quick look; nothing is stored")
    parser.add_argument("--shape", type=int, nargs=2, help="one table of so many rows and columns; nothing is stored")
    parser.add_argument("--only", choices=("rows", "columns"), help="grow only in one direction")
    parser.add_argument("--candidates", nargs="+", default=list(CANDIDATES), help="ids of PyCaret's catalogue")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--make", type=int, nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--search", nargs="+", help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.make:
        make_table(*a.make, a.folder)
        return 0
    if a.search:
        search(a.folder, a.search)
        return 0
    few_rows = SHORT_FEW_ROWS if a.short else FEW_ROWS
    sizes = {
        "rows": [(rows, FEW_COLUMNS) for rows in (SHORT_ROWS if a.short else ROWS)],
        "columns": [(few_rows, columns) for columns in (SHORT_COLUMNS if a.short else COLUMNS)],
    }
    if a.shape:
        sizes = {"rows": [tuple(a.shape)]}
    results: dict[str, list[dict[str, Any]]] = {}
    print(f"{'rows':>10}{'columns':>9}{'seconds':>10}{'first':>9}{'table MB':>10}{'model MB':>10}{'held MB':>10}{'times':>8}")
    for by, shapes in sizes.items():
        if a.only in (None, by):
            results[by] = []
            for rows, columns in shapes:
                results[by].append(measure(rows, columns, a.candidates))
                print(line(results[by][-1]), flush=True)
    for by, rows in results.items():
        power, last = exponent(rows, by), last_exponent(rows, by)
        if power is not None and last is not None:
            print(f"Time grows with the {by} to the power of {power:.2f}, {EXPONENT:g} is allowed; {last:.2f} at the largest.")
    found = faults(results)
    for sentence in found:
        print(sentence)
    if not (a.short or a.shape):
        store(results, a.candidates, found)
    return int(bool(found))


def store(results: dict[str, list[dict[str, Any]]], candidates: Sequence[str], found: Sequence[str]) -> None:
    """Write the results with machine and date, and the plot."""
    if RESULTS.exists():  # the direction that was not measured this time stays
        results = {**json.loads(RESULTS.read_text(encoding="utf-8"))["results"], **results}
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    told = {
        "format": 1,
        "date": datetime.date.today().isoformat(),
        "machine": f"{os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB, Python {platform.python_version()}",
        "candidates": list(candidates),
        "exponents": {by: exponent(rows, by) for by, rows in results.items()},
        "faults": list(found),
        "results": results,
    }
    partial = RESULTS.with_suffix(".part")
    partial.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    shutil.move(partial, RESULTS)
    draw({by: results[by] for by in ("rows", "columns") if by in results}, PLOT)


if __name__ == "__main__":
    sys.exit(main())
