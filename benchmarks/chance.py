"""How much of a difference on a judged table is chance: plain models on many splits of it.

    python benchmarks/chance.py [--tables titanic digits diabetes] [--splits 20]

The systems of ``peers/bench.py`` are judged on one split of each table. Here the same fifth of the rows is drawn anew many
times, and a forest is set against extra trees, which are much alike, and against a linear model, which errs elsewhere. The
standard deviation of their difference, in percent of the metric, is what one split alone moves between two models; two
systems, which mix many models, lie between the two pairs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

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


def models(task: str) -> dict[str, Any]:
    """Return the models of a task by name."""
    from sklearn import ensemble, linear_model
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    ending, linear = "Classifier", linear_model.LogisticRegression(max_iter=1000)
    if task == "regression":
        ending, linear = "Regressor", linear_model.Ridge()
    trees = {"n_estimators": 100, "min_samples_leaf": 3, "random_state": 0}
    return {
        "forest": getattr(ensemble, f"RandomForest{ending}")(**trees),
        "extra trees": getattr(ensemble, f"ExtraTrees{ending}")(**trees),
        "linear": make_pipeline(StandardScaler(), linear),
    }


def scores(table: Table, splits: int) -> dict[str, list[float]]:
    """Return the metric of each model on so many splits."""
    from sklearn.metrics import log_loss, mean_squared_error, roc_auc_score
    from sklearn.model_selection import train_test_split

    frame = table.load()
    X, y = plain(frame, table.target), frame[table.target]
    found: dict[str, list[float]] = {name: [] for name in models(table.task)}
    for seed in range(splits):
        stratify = None if table.task == "regression" else y
        X_learn, X_judge, y_learn, y_judge = train_test_split(X, y, test_size=0.2, random_state=seed, stratify=stratify)
        for name, model in models(table.task).items():
            model.fit(X_learn, y_learn)
            if table.task == "regression":
                score = np.sqrt(mean_squared_error(y_judge, model.predict(X_judge)))
            elif table.metric == "roc_auc":
                score = roc_auc_score(y_judge == model.classes_[1], model.predict_proba(X_judge)[:, 1])
            else:
                score = log_loss(y_judge, model.predict_proba(X_judge), labels=model.classes_)
            found[name].append(float(score))
    return found


def main() -> int:
    """Print a line for each table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="*", default=TABLES)
    parser.add_argument("--splits", type=int, default=20)
    a = parser.parse_args()
    for table in choose(a.tables):
        found = scores(table, a.splits)
        told = [f"{name} {np.mean(values):.4g}" for name, values in found.items()]
        print(f"{table.name}, {table.metric}, means of {a.splits} splits: {', '.join(told)}.")
        for name in ("extra trees", "linear"):
            apart = differences(found[name], found["forest"], greater_is_better=table.greater_is_better)
            print(
                f"  {name} against the forest: {apart.mean():+.1f} %, which varies by {apart.std(ddof=1):.1f} % from split to "
                f"split; {apart[0]:+.1f} % on the split that systems are judged on.",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
