"""What a Tweedie loss does for targets without negative values: ``python benchmarks/amounts.py [--made 8]``.

LightGBM with squared errors and LightGBM with the Tweedie loss of the search's booster for amounts, otherwise the same, are
judged out of fold, in four folds, on each regression without negative values: generated ones, and those of `tables` that are
named. Printed is by how many per cent the root mean squared error of the second, and of the mean of both, differs from that
of the first.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from portfolio_tables import generate  # noqa: E402  (the folder is no package: scripts import it by path)
from tables import choose  # noqa: E402

from automl_core.search.boosters import fit_booster  # noqa: E402
from automl_core.search.candidates import AMOUNTS, make_estimator, portfolio  # noqa: E402

MOST = 6_000
"""Rows of a table that are looked at."""
LONGEST = 60.0


def changes(frame: pd.DataFrame, target: str) -> tuple[float, float, float]:
    """Return the error of squared errors, and by how many per cent that of the Tweedie loss and that of the mean differ."""
    from sklearn.model_selection import KFold

    frame = frame[frame[target].notna()]
    frame = frame.sample(min(MOST, len(frame)), random_state=0)
    y = frame[target].to_numpy(float)
    features = frame.drop(columns=target)
    words = [place for place, name in enumerate(features) if not pd.api.types.is_numeric_dtype(features[name])]
    X = np.column_stack(
        [pd.factorize(features[name])[0] if place in words else features[name] for place, name in enumerate(features)]
    )
    values: dict[str, Any] = {}
    for learned, judged in KFold(4, shuffle=True, random_state=0).split(X):
        for name in ("lightgbm-own", AMOUNTS):
            model = make_estimator(portfolio("regression")[name], seed=0, threads=1)
            fit_booster(model, X[learned], y[learned], X[judged], y[judged], words, 0, LONGEST)
            values.setdefault(name, np.zeros(len(y)))[judged] = model.predict(X[judged])
    plain, amounts = values.values()
    errors = [float(np.sqrt(np.mean((found - y) ** 2))) for found in (plain, amounts, (plain + amounts) / 2)]
    return errors[0], 100 * (errors[1] / errors[0] - 1), 100 * (errors[2] / errors[0] - 1)


def main() -> None:
    """Print every table and the mean over all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--made", type=int, default=8, help="so many generated tables")
    parser.add_argument("--tables", nargs="*", default=["generated"], help="names, 'default', 'found', 'generated' or 'all'")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    tables = [(table.name, table.load(), table.target) for table in choose(chosen.tables) if table.task == "regression"]
    made = (generate(seed) for seed in range(2, 1_000, 3))
    amounts = (one for one in made if one.frame["target"].min() >= 0)
    tables += [(one.name, one.frame, "target") for one in islice(amounts, chosen.made)]
    both = []
    for name, frame, target in tables:
        if frame[target].min() < 0:
            continue
        error, alone, together = changes(frame, target)
        both.append(together)
        print(f"{name}: squared errors {error:.4g}, Tweedie {alone:+.1f} %, the mean of both {together:+.1f} %", flush=True)
    print(f"The mean of both over {len(both)} tables: {np.mean(both):+.2f} %, best {min(both):+.1f} %, worst {max(both):+.1f} %")


if __name__ == "__main__":
    main()
