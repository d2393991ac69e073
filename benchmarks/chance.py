"""How much of a difference on a judged table is chance: two plain models on many splits of it.

    python benchmarks/chance.py [--tables titanic digits diabetes] [--splits 20]

The systems of ``peers/bench.py`` are judged on one split of each table. Here the same fifth of the rows is drawn anew many
times, and extra trees are set against a random forest on each. The standard deviation of their difference, in percent of the
metric, is what one split alone moves between two models of like quality: a system that is behind by less than twice of it on
one table has not been shown to be worse there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import numpy as np
import pandas as pd
from tables import Table, choose

TABLES = ("titanic", "digits", "diabetes")
"""Those on which others were ahead."""


def differences(first: Sequence[float], second: Sequence[float], *, greater_is_better: bool) -> np.ndarray:
    """Return by how many percent of the metric the first model is better, negative where it is worse, shape (n,)."""
    one, other = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    return 100 * (one / other - 1) * (1 if greater_is_better else -1)


def plain(frame: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return the features as numbers: words by their order in the alphabet, missing cells as the median."""
    features = frame.drop(columns=target)
    words = features.select_dtypes(exclude="number").columns
    numbers = features.assign(**{name: features[name].astype("category").cat.codes for name in words})
    return numbers.fillna(numbers.median())


def scores(table: Table, splits: int) -> tuple[list[float], list[float]]:
    """Return the metric of both models on so many splits."""
    from sklearn.ensemble import (
        ExtraTreesClassifier,
        ExtraTreesRegressor,
        RandomForestClassifier,
        RandomForestRegressor,
    )
    from sklearn.metrics import log_loss, mean_squared_error, roc_auc_score
    from sklearn.model_selection import train_test_split

    frame = table.load()
    X, y = plain(frame, table.target), frame[table.target]
    values = table.task == "regression"
    kinds = (ExtraTreesRegressor, RandomForestRegressor) if values else (ExtraTreesClassifier, RandomForestClassifier)
    found: tuple[list[float], list[float]] = ([], [])
    for seed in range(splits):
        X_learn, X_judge, y_learn, y_judge = train_test_split(
            X, y, test_size=0.2, random_state=seed, stratify=None if values else y
        )
        for kind, kept in zip(kinds, found, strict=True):
            model = kind(n_estimators=100, min_samples_leaf=3, random_state=0).fit(X_learn, y_learn)
            if values:
                kept.append(float(np.sqrt(mean_squared_error(y_judge, model.predict(X_judge)))))
            elif table.metric == "roc_auc":
                event = y_judge == model.classes_[1]
                kept.append(float(roc_auc_score(event, model.predict_proba(X_judge)[:, 1])))
            else:
                kept.append(float(log_loss(y_judge, model.predict_proba(X_judge), labels=model.classes_)))
    return found


def main() -> int:
    """Print a line for each table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="*", default=TABLES)
    parser.add_argument("--splits", type=int, default=20)
    a = parser.parse_args()
    for table in choose(a.tables):
        trees, forest = scores(table, a.splits)
        apart = differences(trees, forest, greater_is_better=table.greater_is_better)
        print(
            f"{table.name}, {table.metric}, {a.splits} splits: extra trees {np.mean(trees):.4g}, forest {np.mean(forest):.4g}. "
            f"The first is better by {apart.mean():+.1f} %, which varies by {apart.std(ddof=1):.1f} % from split to split.",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
