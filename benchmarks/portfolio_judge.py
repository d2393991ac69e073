"""What a portfolio costs on a table that it has not seen: ``portfolio.py measure``, then ``portfolio_judge.py``.

Each generated table is left out once: the order is built from the other tables of its task (`portfolio.order`), and its
prefixes are judged on the table that was left out. Regret is the test loss of the prefix's greedy ensemble above that of the
ensemble of the whole pool, as a share of the latter: 0 says that nothing is lost by fitting only the prefix. Beside it stand
random orders of the same pool, a mean of several, so that what the order is worth can be read. Means over the tables come with
their standard errors. Nothing is fitted here.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from portfolio import KEPT, Table, load, order  # noqa: E402  (the folder is no package: scripts import it by path)

PREFIXES = (1, 2, 4, 8, 12, 16)
RANDOM = 5
"""Random orders that the built one is set beside."""


def regrets(table: Table, names: Sequence[str], prefixes: Sequence[int]) -> list[float]:
    """Return the regret of each prefix of an order on one table."""
    whole = table.ensemble_loss(list(table.oof))
    return [table.ensemble_loss(list(names[:length])) / whole - 1 for length in prefixes]


def judge(tables: Sequence[Table], prefixes: Sequence[int], *, seed: int = 0) -> dict[str, tuple[list[float], list[float]]]:
    """Return for each table left out the regrets of the order built from the others, and the mean ones of random orders."""
    rng = np.random.default_rng(seed)
    found = {}
    for left in tables:
        built = order([table for table in tables if table is not left], max(prefixes))
        drawn = [regrets(left, list(rng.permutation(sorted(left.oof))), prefixes) for _ in range(RANDOM)]
        found[left.name] = regrets(left, built, prefixes), list(np.nanmean(drawn, axis=0))
    return found


def line(title: str, values: Sequence[float], beside: Sequence[float] = ()) -> str:
    """Return one printed row, regrets in percent, a second figure in brackets."""
    cells = [f"{100 * value:.1f}" for value in values]
    if len(beside):
        cells = [f"{cell} ({100 * other:.1f})" for cell, other in zip(cells, beside, strict=True)]
    return f"  {title:26}" + "".join(f"{cell:>15}" for cell in cells)


def main() -> int:
    """Print the regret of each prefix on each table left out; return 1 when nothing was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="*", default=["binary", "multiclass", "regression"])
    parser.add_argument("--prefixes", nargs="*", type=int, default=PREFIXES)
    a = parser.parse_args()
    judged = 0
    for task in a.tasks:
        tables = load(KEPT, task)
        if len(tables) < 3:
            print(f"{task}: {len(tables)} tables were measured, 3 are needed. Run portfolio.py measure first.")
            continue
        judged += len(tables)
        print(f"{task}: regret in % by the length of the prefix (that of random orders in brackets)")
        print(f"  {'left out':26}" + "".join(f"{length:>15}" for length in a.prefixes))
        found = judge(tables, a.prefixes)
        for name, (built, drawn) in found.items():
            print(line(name, built, drawn), flush=True)
        both = np.array(list(found.values()))  # tables, sides, prefixes
        print(line("mean", both[:, 0].mean(axis=0), both[:, 1].mean(axis=0)))
        print(line("standard error", both[:, 0].std(axis=0, ddof=1) / len(both) ** 0.5))
    return int(not judged)


if __name__ == "__main__":
    sys.exit(main())
