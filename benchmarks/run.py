"""Every figure the project is held to, one after another: ``make bench``. About 12 minutes on an idle machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FIGURES = (
    ("Reading score, 10 is perfect", ["reading.py"]),
    ("Start button to first event, 200 ms are allowed", ["job_start.py"]),
    ("First page and first model, 2 s each are allowed", ["waiting.py"]),
    (
        "Accuracy on held-out rows beside PyCaret's compare_models, 60 s each",
        [
            "peers/bench.py",
            "--systems",
            "tablewright",
            "pycaret",
            "--again",
            "--tables",
            "titanic",
            "churn",
            "winequality",
            "insurance",
            "bike",
        ],
    ),
)


def main() -> int:
    """Run all figures; return the number of those that failed."""
    failed = 0
    for title, command in FIGURES:
        print(f"\n== {title}\n", flush=True)
        failed += subprocess.run([sys.executable, str(HERE / command[0]), *command[1:]], cwd=HERE.parent).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
