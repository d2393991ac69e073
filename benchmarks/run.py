"""Every figure the project is held to, one after another: ``make bench``; or some of them by name.

    python benchmarks/run.py [NAME ...]

The quick ones come first. What each measures and how long it takes stands in ``benchmarks/README.md``.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Figure:
    """One script: what it is called, what it measures, and its command."""

    name: str
    title: str
    command: tuple[str, ...]


FIGURES = (
    Figure("reading", "Reading score, 10 is perfect", ("reading.py",)),
    Figure("large", "A clean CSV of 1 GB beside DuckDB's COPY, 1.3 times its time is allowed", ("large_file.py",)),
    Figure("clusters", "Spelling variants among 100,000 values, 5 s by key are allowed", ("clusters.py",)),
    Figure("cleaning", "A recipe over 10,000,000 x 20 rows, 24 GB are allowed", ("cleaning.py",)),
    Figure("combining", "A table of two of 2,000,000 x 20, 2 GB are allowed", ("combining.py",)),
    Figure("start", "Start button to first event, 200 ms are allowed", ("job_start.py",)),
    Figure("waiting", "First page and first model in the app, 2 s each are allowed", ("waiting.py",)),
    Figure("clicks", "Clicks in a browser, 200 ms each are allowed", ("clicks.py",)),
    Figure(
        "first-row", "First score of the command line, 2 s are allowed up to 100,000 rows, 5 s up to 1,000,000", ("first_row.py",)
    ),
    Figure("overrun", "Budgets of 5 to 60 s, 5 % or 2 s over are allowed, and always a model", ("overrun.py",)),
    Figure(
        "profile", "1,000,000 rows and 40 columns beside skrub's TableReport, half of its time is allowed", ("profile_speed.py",)
    ),
    Figure("drift", "Drift: 5 s for 1,000,000 x 50, a fiftieth of Evidently's time, 5 % false alarms", ("drift.py",)),
    Figure("explaining", "Explaining boosters: 1.2 times their own tree SHAP is allowed", ("explaining.py", "--dashboard")),
    Figure("whatif", "What-if: a changed row of a boosted ensemble, 300 ms are allowed", ("whatif.py",)),
    Figure("evaluating", "Every evaluation tab on 100,000 x 50 after its first computation, 2 s are allowed", ("evaluating.py",)),
    Figure("batch", "Predicting 1,000,000 rows as CSV, Excel and Parquet", ("batch.py",)),
    Figure("speed", "PyCaret's models on its folds with its scores, a fifth of its time is allowed", ("speed.py",)),
    Figure("tiny", "Tables of 20 to 200 rows beside a line and a forest, no loss beyond chance is allowed", ("tiny.py",)),
    Figure("scaling", "Time to the power of 1.1 and four times the table by rows and columns are allowed", ("scaling.py",)),
    Figure("cluster", "A search on 1, 2, 4 and 8 machines of a cluster, measured and simulated", ("cluster_scaling.py",)),
    Figure("tuning", "Tuning LightGBM beside PyCaret's tune_model, 60 s each; what was measured is kept", ("tuning.py",)),
    Figure(
        "peers",
        "Accuracy on held-out rows beside six other systems, 60 s each; what was measured before is kept",
        ("peers/bench.py", "--longer", "--write-readme"),
    ),
)


def main(names: list[str]) -> int:
    """Run the figures of these names, or all; return the number of those that were missed or failed."""
    known = [figure.name for figure in FIGURES]
    if unknown := [name for name in names if name not in known]:
        print(f"There is no figure {', '.join(unknown)}; there are {', '.join(known)}.", file=sys.stderr)
        return 2
    missed = []
    for figure in FIGURES:
        if not names or figure.name in names:
            print(f"\n== {figure.title}\n", flush=True)
            if subprocess.run([sys.executable, str(HERE / figure.command[0]), *figure.command[1:]], cwd=HERE.parent).returncode:
                missed.append(figure.name)
    print(f"\nMissed: {', '.join(missed)}." if missed else "\nNothing was missed.")
    return len(missed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
