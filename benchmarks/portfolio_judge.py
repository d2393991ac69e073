"""What a portfolio costs on a table that it has not seen: ``portfolio.py measure``, then ``portfolio_judge.py``.

Each generated table is left out once: the order is built from the other tables of its task (`portfolio.order`), and its
prefixes are judged on the table that was left out, by their length and by the processor time that they took. Regret is the
test loss of the prefix's greedy ensemble above that of the ensemble of the whole pool, as a share of the latter: 0 says that
nothing is lost by fitting only the prefix. Beside it stand random orders of the same pool, a mean of several, so that what the
order is worth can be read. Nothing is fitted here.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from portfolio import KEPT, Table, load, order  # noqa: E402  (the folder is no package: scripts import it by path)

PREFIXES = (1, 2, 4, 8, 12, 16)
SHARES = (0.01, 0.03, 0.1, 0.2, 0.3)
"""Of the processor time that the whole pool took on the table that is judged."""
RANDOM = 5
"""Random orders that the built one is set beside."""


def regret(table: Table, names: Sequence[str]) -> float:
    """Return what is lost on a table by having only these configurations."""
    return table.ensemble_loss(list(names)) / table.ensemble_loss(list(table.oof)) - 1


def by_length(table: Table, names: Sequence[str], lengths: Sequence[int]) -> list[float]:
    """Return the regret of an order's prefixes of these lengths."""
    return [regret(table, names[:length]) for length in lengths]


def by_time(table: Table, names: Sequence[str], shares: Sequence[float]) -> list[float]:
    """Return the regret of what an order has fitted in these shares of the pool's time, one configuration at least."""
    known = [name for name in names if name in table.oof]
    spent = np.cumsum([table.seconds[name] for name in known])
    within = [int((spent <= share * sum(table.seconds.values())).sum()) for share in shares]
    return [regret(table, known[: max(count, 1)]) for count in within]


def judge(tables: Sequence[Table], length: int, *, seed: int = 0) -> dict[str, tuple[list[str], list[list[str]]]]:
    """Return for each table left out the order built from the others, and random ones of all of its configurations."""
    rng = np.random.default_rng(seed)
    found = {}
    for left in tables:
        built = order([table for table in tables if table is not left], length)
        found[left.name] = built, [[str(name) for name in rng.permutation(sorted(left.oof))] for _ in range(RANDOM)]
        print(f"  {left.name}: {' '.join(built)}", flush=True)
    return found


Judge = Callable[[Table, Sequence[str], Sequence[Any]], list[float]]


def tell(found: dict[str, tuple[list[str], list[list[str]]]], tables: Sequence[Table], how: Judge, at: Sequence[Any]) -> None:
    """Print the regrets of each table left out, those of random orders in brackets, and their means."""
    sides = []
    for table in tables:
        built, drawn = found[table.name]
        sides.append((how(table, built, at), list(np.nanmean([how(table, one, at) for one in drawn], axis=0))))
        print(line(table.name, *sides[-1]), flush=True)
    both = np.array(sides)  # tables, sides, places
    print(line("mean", both[:, 0].mean(axis=0), both[:, 1].mean(axis=0)))
    print(line("median", np.median(both[:, 0], axis=0), np.median(both[:, 1], axis=0)))
    print(line("standard error", both[:, 0].std(axis=0, ddof=1) / len(both) ** 0.5))


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
        print(f"{task}: the orders", flush=True)
        found = judge(tables, max(a.prefixes))
        print(f"regret in % by the length of the prefix (that of random orders in brackets)\n  {'left out':26}", end="")
        print("".join(f"{length:>15}" for length in a.prefixes))
        tell(found, tables, by_length, a.prefixes)
        print(f"the same by the share of the pool's processor time\n  {'left out':26}", end="")
        print("".join(f"{f'{share:.0%}':>15}" for share in SHARES))
        tell(found, tables, by_time, SHARES)
    return int(not judged)


if __name__ == "__main__":
    sys.exit(main())
