"""When the line through the models is to be kept: ``python benchmarks/stacking_rule.py [--tables 40] [--rows 350]``.

Nine quick models are fitted in eight folds on a few rows of generated tables (`portfolio_tables`); the other rows judge the
means of the fold models, which is what is exported. The line of `selection.fit_stack` is set beside the greedy ensemble, and
beside rules that keep it only where its gain on rows that did not choose it is so many standard errors over the folds.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from portfolio_tables import generate  # noqa: E402  (the folder is no package: scripts import it by path)

from automl_core.scoring.ensemble import on_line  # noqa: E402
from automl_core.search.selection import blend, fit_stack, greedy_weights, honest_stack  # noqa: E402

FOLDS = 8
RULES = (-99.0, 0.0, 1.0, 2.0)
"""Standard errors of the gain from which on the line is kept."""


def rmse(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Return the root of the mean squared error."""
    return float(np.sqrt(np.mean((predicted - truth) ** 2)))


def models() -> dict[str, Any]:
    """Return the quick models by name."""
    from sklearn import ensemble, linear_model, neighbors, svm
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    scaled = {
        "ridge": linear_model.Ridge(1.0),
        "ridge, strong": linear_model.Ridge(30.0),
        "lasso": linear_model.LassoCV(cv=4, n_alphas=20),
        "huber": linear_model.HuberRegressor(max_iter=200),
        "vectors": TransformedTargetRegressor(svm.SVR(C=10.0), transformer=StandardScaler()),
        "neighbours": neighbors.KNeighborsRegressor(15, weights="distance"),
    }
    trees = {"n_estimators": 50, "min_samples_leaf": 2, "max_features": 0.5, "random_state": 0}
    return {
        **{name: make_pipeline(StandardScaler(), model) for name, model in scaled.items()},
        "extra trees": ensemble.ExtraTreesRegressor(**trees),
        "forest": ensemble.RandomForestRegressor(**trees),
        "boosting": ensemble.GradientBoostingRegressor(n_estimators=80, subsample=0.8, max_features=0.6, random_state=0),
    }


def compare(frame: pd.DataFrame, rows: int, seed: int) -> tuple[float, float]:
    """Return the line's error as a share of the greedy ensemble's, and its gain in standard errors over the folds."""
    from sklearn.model_selection import KFold

    y = frame["target"].to_numpy(dtype=float)
    common = frame.drop(columns="target").apply(
        lambda cells: cells if cells.dtype != object else cells.where(cells.isin(cells.value_counts().index[:8]), "other")
    )
    coded = pd.get_dummies(common, dtype=float)
    X = coded.fillna(coded.median()).to_numpy()
    order = np.random.default_rng(seed).permutation(len(y))
    learn, judge = order[:rows], order[rows:]
    fold, truth = np.empty(rows, dtype=int), y[learn]
    oof = {name: np.zeros(rows) for name in models()}
    test = {name: np.zeros(len(judge)) for name in models()}
    for number, (left, own) in enumerate(KFold(FOLDS, shuffle=True, random_state=0).split(learn)):
        fold[own] = number
        for name, model in models().items():
            model.fit(X[learn[left]], truth[left])
            oof[name][own] = model.predict(X[learn[own]])
            test[name] += model.predict(X[judge]) / FOLDS
    names = sorted(oof, key=lambda name: rmse(oof[name], truth))
    oof, test = ({name: kept[name] for name in names} for kept in (oof, test))
    mixed = np.zeros(rows)
    for number in range(FOLDS):
        others = fold != number
        parts = {name: values[others] for name, values in oof.items()}
        weights = greedy_weights(parts, lambda values, t=truth[others]: -rmse(values, t), rounds=20)
        mixed[~others] = blend({name: values[~others] for name, values in oof.items()}, weights)
    stacked = honest_stack(oof, truth, fold, np.arange(rows))
    parts = [fold == number for number in range(FOLDS)]
    gains = np.array([rmse(mixed[part], truth[part]) - rmse(stacked[part], truth[part]) for part in parts])
    greedy = rmse(blend(test, greedy_weights(oof, lambda values: -rmse(values, truth))), y[judge])
    shares, line = fit_stack(oof, truth)
    return rmse(on_line(blend(test, shares), line), y[judge]) / greedy, float(gains.mean() / (gains.std(ddof=1) / FOLDS**0.5))


def main() -> int:
    """Print what each rule comes to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=40)
    parser.add_argument("--rows", type=int, default=350)
    a = parser.parse_args()
    warnings.simplefilter("ignore")  # of small tables solvers say that they did not converge
    found: list[tuple[float, float]] = []
    seed = 2  # every third table is a regression
    while len(found) < a.tables:
        frame = generate(seed).frame
        if len(frame) >= 2 * a.rows:
            found.append(compare(frame, a.rows, seed))
            print(
                f"table {seed}: {found[-1][0]:.4f} of the greedy error, a gain of {found[-1][1]:.1f} standard errors", flush=True
            )
        seed += 3
    shares, gains = np.array(found).T
    for rule in RULES:
        kept = np.where(gains > rule, shares, 1.0)
        named = f"kept above {rule:g} standard errors" if rule > RULES[0] else "always kept"
        print(
            f"{named}, {int((gains > rule).sum())} of {len(found)}: "
            f"{100 * float(np.log(kept).mean()):+.2f} % on the mean, {100 * (kept.max() - 1):+.2f} % at worst"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
