"""What limiting far numbers does to models that go by what is near: ``python benchmarks/tails.py [--tables digits] [--made 15]``.

A support vector machine, nearest neighbours and a network are judged in four folds on each table, with numbers at mean 0 and
standard deviation 1, and with the same limited to `variants.FARTHEST` (what a search gives these models). Printed is by how
many per cent the loss (log loss, or root mean squared error) is smaller or larger when limited: for each table, and the mean
and the worst over all. Words are ones and zeros, gaps the median and a mark.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from portfolio_tables import generate  # noqa: E402  (the folder is no package: scripts import it by path)
from tables import choose  # noqa: E402

from automl_core.cleaning.variants import FARTHEST  # noqa: E402
from automl_core.scoring.targets import ScaledSVR  # noqa: E402
from automl_core.search.neural import fit_network  # noqa: E402

Array = np.ndarray
MOST = 1_500
"""Rows of a table that are looked at."""
NETWORK_SECONDS = 8.0
SURE = 2e-3
"""Least probability that is counted, so that one row no neighbour of which has its label does not decide."""


def models(n_classes: int) -> dict[str, Any]:
    """Return the three models, unfitted; `n_classes` is 0 for regression."""
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.svm import SVC

    if not n_classes:
        return {
            "kernel": ScaledSVR(C=1.0),
            "neighbours": KNeighborsRegressor(5, weights="distance"),
            "network": MLPRegressor([128, 64], random_state=0),
        }
    return {
        "kernel": SVC(C=1.0, probability=True, random_state=0),
        "neighbours": KNeighborsClassifier(5, weights="distance"),
        "network": MLPClassifier([128], alpha=0.01, random_state=0),
    }


def columns_of(frame: pd.DataFrame) -> tuple[Array, Array]:
    """Return the numbers with gaps filled, and the ones and zeros of words and gaps."""
    numbers = frame.select_dtypes("number").astype(float)
    words = frame[[name for name in frame.columns.difference(numbers.columns) if frame[name].nunique() <= 50]]
    gaps = numbers.loc[:, numbers.isna().any()].isna()
    marks = [pd.get_dummies(words.astype(str)).to_numpy(float)] if len(words.columns) else []
    return numbers.fillna(numbers.median()).to_numpy(), np.hstack([*marks, gaps.to_numpy(float)])


def losses(frame: pd.DataFrame, target: str, task: str, limit: float) -> dict[str, float]:
    """Return each model's out-of-fold loss, by its name, with standardised numbers limited to `limit`."""
    from sklearn.metrics import log_loss
    from sklearn.model_selection import KFold, StratifiedKFold
    from sklearn.preprocessing import StandardScaler

    frame = frame[frame[target].notna()]
    frame = frame.sample(min(MOST, len(frame)), random_state=0)
    numbers, marks = columns_of(frame.drop(columns=target))
    regression = task == "regression"
    y = frame[target].to_numpy(float) if regression else pd.factorize(frame[target].astype(str), sort=True)[0]
    n_classes = 0 if regression else int(y.max()) + 1
    folds = list((KFold if regression else StratifiedKFold)(4, shuffle=True, random_state=0).split(numbers, y))
    found = {}
    for name in models(n_classes):
        values = np.zeros(len(y)) if regression else np.zeros((len(y), n_classes))
        for learned, judged in folds:
            scaler = StandardScaler().fit(numbers[learned])
            X, V = (
                np.hstack([np.clip(scaler.transform(numbers[rows]), -limit, limit), marks[rows]]) for rows in (learned, judged)
            )
            model = models(n_classes)[name]
            if name == "network":
                model = fit_network(model, X, y[learned], V, y[judged], n_classes, NETWORK_SECONDS)
            else:
                model.fit(X, y[learned])
            values[judged] = model.predict(V) if regression else model.predict_proba(V)
        if regression:
            found[name] = float(np.sqrt(np.mean((values - y) ** 2)))
        else:
            values = np.clip(values, SURE, 1)
            found[name] = float(log_loss(y, values / values.sum(axis=1, keepdims=True)))
    return found


def compare(names: Sequence[str], made: int) -> None:
    """Print the change on each table and over all of them."""
    tables = [(table.name, table.load(), table.target, table.task) for table in choose(names)]
    tables += [(one.name, one.frame, "target", one.task) for one in map(generate, range(made))]
    changes: dict[str, list[float]] = {}
    for name, frame, target, task in tables:
        plain, limited = (losses(frame, target, task, limit) for limit in (np.inf, FARTHEST))
        for model, loss in plain.items():
            changes.setdefault(model, []).append(100 * (limited[model] / loss - 1))
        print(
            name, *(f"{model} {plain[model]:.4g} {values[-1]:+.1f} %" for model, values in changes.items()), sep="  ", flush=True
        )
    for model, values in changes.items():
        print(f"{model}: mean {np.mean(values):+.2f} %, best {min(values):+.1f} %, worst {max(values):+.1f} %")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="*", default=["generated"], help="names, 'default', 'found', 'generated' or 'all'")
    parser.add_argument("--made", type=int, default=15, help="so many tables of those that shaped the portfolio")
    chosen = parser.parse_args()
    compare(chosen.tables, chosen.made)
