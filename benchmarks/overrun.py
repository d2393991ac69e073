"""Whether a budget is kept, and whether every budget gives a model.

    python benchmarks/overrun.py [--budgets 5 10 30 60] [--tables titanic winequality bike] [--repeat 1]

The command line is called as a person calls it, with a fifth of the rows held out. The budget counts from the start of the
search, which is when the command begins to look for models, to the final ensemble, by the time stamps of the journal: it may
be overrun by 5 % or 2 s, whichever is more. The whole command, imports, export and report included, may take 5 s more than
the budget. A run without a model that predicts is a failure at any budget. Exit code 1 says that something was missed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tables import choose  # noqa: E402  (the folder is no package: scripts import it by path)
from training import command, environment, read_journal  # noqa: E402

BUDGETS = (5.0, 10.0, 30.0, 60.0)
TABLES = ("titanic", "winequality", "bike")
SHARE, LEAST, COMMAND = 0.05, 2.0, 5.0
"""Allowed: a share of the budget or so many seconds; and what the whole command may take beyond the budget."""


@dataclass(frozen=True)
class Kept:
    """How one run kept its budget.

    Parameters
    ----------
    budget, search, whole : float
        Seconds: asked for, from the start of the search to the last row of the leaderboard, and of the whole command.
    model : str
        The recommended model; empty when there is none.
    """

    budget: float
    search: float
    whole: float
    model: str

    @property
    def over(self) -> float:
        """Seconds by which the search overran; negative when it ended early."""
        return self.search - self.budget

    def faults(self) -> list[str]:
        """Return what was missed."""
        found = []
        if not self.model:
            found.append("no model")
        if self.over > max(SHARE * self.budget, LEAST):
            found.append(f"over budget by {self.over:.1f} s")
        if self.whole > self.budget + COMMAND:
            found.append(f"the command took {self.whole - self.budget:.1f} s more than the budget")
        return found


def search_seconds(events: list[dict[str, Any]]) -> float:
    """Return the seconds from the start of the search to its last row: 0 without rows.

    A search begins where the clock of its rows does, which `at_seconds` counts from. A first look's clock starts earlier,
    with the reading of the table, and does not count.
    """
    rows = [event for event in events if event["event"] == "candidate"]
    own = [row for row in rows if not row["candidate"]["reason"].startswith("A first look")]
    if not own:
        return 0.0
    return max(row["time"] for row in own) - min(row["time"] - row["candidate"]["at_seconds"] for row in own)


def run(table: Path, target: str, budget: float, folder: Path) -> Kept:
    """Train once and see what is there."""
    out = folder / f"{table.stem}-{budget:g}-{time.time_ns()}"
    line = command(table, target, out, budget)
    line[line.index("--holdout") + 1] = "0.2"
    started = time.time()
    with open(out.with_suffix(".log"), "wb") as log:
        code = subprocess.run(line, cwd=ROOT, env=environment(folder / "home"), stdout=log, stderr=log).returncode
    whole = time.time() - started
    model = predicting(out, table) if code == 0 else ""
    return Kept(budget, search_seconds(read_journal(out)), whole, model)


def predicting(out: Path, table: Path) -> str:
    """Return the name of a run's model when it predicts every row of a table, otherwise nothing."""
    import pandas as pd

    from automl_core.leaderboard import Leaderboard
    from automl_core.scoring.bundle import load_model

    board = Leaderboard.load(out / "leaderboard.json")
    frame = pd.read_csv(table)
    return board[board.recommended].name if len(load_model(out / "model.zip").predict(frame)) == len(frame) else ""


def main() -> int:
    """Print a line for each run; return 1 when something was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budgets", nargs="*", type=float, default=BUDGETS)
    parser.add_argument("--tables", nargs="*", default=TABLES)
    parser.add_argument("--repeat", type=int, default=1)
    a = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    missed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for table in choose(a.tables):
            source = folder / f"{table.name}.csv"
            table.load().to_csv(source, index=False)
            for budget in a.budgets:
                for _ in range(a.repeat):
                    kept = run(source, table.target, budget, folder)
                    faults = kept.faults()
                    told = "; ".join(faults) if faults else f"{kept.model} predicts"
                    print(
                        f"{table.name}, {budget:g} s: search {kept.search:.1f} s ({kept.over:+.1f}), "
                        f"command {kept.whole:.1f} s. {'MISSED: ' if faults else ''}{told}",
                        flush=True,
                    )
                    missed += bool(faults)
    print(f"{missed} of the runs missed something." if missed else "Every budget was kept, and every run has a model.")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
