"""How long it takes from the start of ``python -m automl_core train`` to the first real model's score, table by table.

    python benchmarks/first_row.py [--tables all] [--rows 1000 100000 1000000] [--repeat 3] [--breakdown]

The clock runs from the start of the process, imports included, to the time stamp of the first scored row in the journal
that is not the baseline's. A row on a sample counts, since it says so. Allowed are 2 s up to 100,000 rows and 5 s beyond.
The median of the repeats counts. Where it is too slow, or with ``--breakdown``, what the time went into is told. Exit code
1 says that something was too slow.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tables import choose, large  # noqa: E402  (the folder is no package: scripts import it by path)
from training import command, environment, wait_for_first_row  # noqa: E402

ALLOWED, ALLOWED_LARGE = 2.0, 5.0
"""Seconds."""
LARGE = 100_000
"""Rows above which a table is large."""
SIZES = (1_000, 10_000, 100_000, 1_000_000)
GROUPS = ("pandas", "pyarrow", "numpy", "scipy", "sklearn", "skops", "typer", "click", "rich", "pytest", "_pytest", "automl_core")


def allowed(rows: int) -> float:
    """Return the seconds a table of so many rows may take."""
    return ALLOWED if rows <= LARGE else ALLOWED_LARGE


def import_costs(lines: Iterable[str]) -> list[tuple[str, float]]:
    """Sum up what ``python -X importtime`` prints: seconds of each package's own modules, most first.

    Modules of the standard library and of small packages stand together as ``others``.
    """
    costs: Counter[str] = Counter()
    for line in lines:
        if found := re.match(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)", line):
            package = found[2].partition(".")[0]
            costs[package if package in GROUPS else "others"] += int(found[1])
    return [(package, micro / 1e6) for package, micro in costs.most_common()]


def stages(table: Path, target: str) -> list[tuple[str, float]]:
    """Return the seconds of each stage from the file to the first fit, one after another in this process."""
    from automl_core.cleaning.apply import apply_stateless
    from automl_core.cleaning.propose import propose_recipe
    from automl_core.data.dataset import create_dataset
    from automl_core.data.kinds import infer_schema
    from automl_core.data.parsing import parse_frame
    from automl_core.data.reading import read_text
    from automl_core.proposals import propose
    from automl_core.search.first_look import Sample, score_sample

    laps: list[tuple[str, float]] = []
    last = time.perf_counter()

    def lap(name: str) -> None:
        nonlocal last
        now = time.perf_counter()
        laps.append((name, now - last))
        last = time.perf_counter()

    text = read_text(table)
    lap("reading the text")
    schema = infer_schema(text.frame)
    lap("finding kinds")
    parse_frame(text.frame, schema)
    lap("typing cells")
    with tempfile.TemporaryDirectory() as folder:
        last = time.perf_counter()
        dataset = create_dataset(Path(folder) / "dataset", table, "table")
        stored = time.perf_counter() - last - sum(seconds for _, seconds in laps)  # it reads the file once more
        laps.append(("storing the table", max(stored, 0.0)))
        last = time.perf_counter()
        frame = dataset.frame()
    recipe = propose_recipe(frame, dataset.schema, target)
    cleaned = apply_stateless(frame, dataset.schema, recipe, training=True)
    config = propose(cleaned.frame, cleaned.schema, target, uploaded=(frame, dataset.schema)).config
    lap("proposing recipe and settings")
    score_sample(Sample(frame, dataset.schema, len(frame)), recipe, config, started=0.0)
    lap("three folds of a plain model, imports included")
    return laps


def breakdown(table: Path, target: str, folder: Path) -> str:
    """Return what the time to the first row goes into: imports by package, and stages."""
    line = command(table, target, folder / "breakdown", 5.0)
    said = subprocess.run(
        [line[0], "-X", "importtime", *line[1:]], cwd=ROOT, env=environment(folder / "home"), capture_output=True, text=True
    )
    # What comes after the search has begun, such as the boosters, is not waited for.
    early = said.stderr.partition("automl_core.search.loop")[0].splitlines()
    parts = [f"{package} {seconds:.2f}" for package, seconds in import_costs(early) if seconds >= 0.01]
    spent = [f"{name} {seconds:.2f}" for name, seconds in stages(table, target)]
    return f"    imports until the search begins, s: {', '.join(parts)}\n    stages on the whole table, s: {', '.join(spent)}"


def main() -> int:
    """Print a line for each table; return 1 when one was too slow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="*", default=["default"], help="names of tables.py; 'default', 'generated' or 'all'")
    parser.add_argument("--rows", nargs="*", type=int, default=SIZES, help="sizes of generated tables")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--breakdown", action="store_true")
    a = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    slow = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asked = [(table.name, table.target, table.load) for table in choose(a.tables)]
        asked += [(f"generated, {rows:,} rows", "event", large(rows)) for rows in a.rows]
        for place, (title, target, load) in enumerate(asked):
            frame = load()
            source = folder / f"{place}.csv"
            frame.to_csv(source, index=False)
            found = [wait_for_first_row(source, target, folder / f"{place}-{number}") for number in range(a.repeat)]
            times = [row.seconds for row in found if row is not None]
            median = statistics.median(times) if len(times) == a.repeat else float("inf")
            limit = allowed(len(frame))
            row = next((row for row in found if row is not None), None)
            note = f"{row.name}. {row.note}" if row else "no row"
            mark = "" if median <= limit else "  TOO SLOW"
            print(
                f"{title}: {median:.2f} s (fastest {min(times, default=float('inf')):.2f}), allowed {limit:g} s{mark}. {note}",
                flush=True,
            )
            if mark or a.breakdown:
                print(breakdown(source, target, folder / f"{place}-breakdown"), flush=True)
            slow += bool(mark)
            source.unlink()
    return int(slow > 0)


if __name__ == "__main__":
    sys.exit(main())
