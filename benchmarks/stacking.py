"""Whether a second level would help: ``python benchmarks/stacking.py`` on what ``portfolio.py measure`` kept.

On each generated table the greedy ensemble, with its temperature, is set beside models that learn from the out-of-fold
predictions of the best 25 configurations (Wolpert, 1992): a linear one without negative weights, a ridge or logistic
regression, and boosted trees. All are judged on the test rows, which none of them has seen, by the mean of the fold models.
Printed is the loss as a share of the greedy ensemble's: below 1 the second level is better.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from portfolio import KEPT, Table, load  # noqa: E402  (the folder is no package: scripts import it by path)

from automl_core.scoring.ensemble import tempered  # noqa: E402
from automl_core.search.selection import POOL, blend, fit_temperature, greedy_weights  # noqa: E402


def losses(table: Table) -> dict[str, float]:
    """Return the test loss of the greedy ensemble and of each second level."""
    names = sorted(table.oof, key=lambda name: -table._single(name))[:POOL]
    oof, test = ({name: kept[name] for name in names} for kept in (table.oof, table.test))
    weights = greedy_weights(oof, table._judge(table.y), rounds=40)
    mixed = blend(test, weights)
    if table.task == "regression":
        columns = (np.column_stack(list(kept.values())) for kept in (oof, test))
        return {"greedy": table.loss(mixed), **_values(table, *columns, blend(oof, weights), mixed)}
    codes = table.y.astype(int)
    mixed = tempered(mixed, fit_temperature(blend(oof, weights), codes))
    return {"greedy": table.loss(mixed), **_labels(table, oof, test, codes)}


def _values(table: Table, learn: np.ndarray, judge: np.ndarray, mixed: np.ndarray, tested: np.ndarray) -> dict[str, float]:
    from lightgbm import LGBMRegressor
    from sklearn.linear_model import LinearRegression, RidgeCV

    strengths = np.logspace(-2, 5, 15)
    line = LinearRegression().fit(mixed[:, None], table.y)
    positive = LinearRegression(positive=True).fit(learn, table.y)
    ridge = RidgeCV(alphas=strengths).fit(learn, table.y)
    # Shrunk towards the greedy ensemble instead of towards nothing.
    rest = RidgeCV(alphas=strengths).fit(learn - mixed[:, None], table.y - mixed)
    trees = LGBMRegressor(n_estimators=100, learning_rate=0.05, num_leaves=7, verbose=-1, n_jobs=1).fit(learn, table.y)
    return {
        "a line through the greedy one": table.loss(line.predict(tested[:, None])),
        "no negative weights": table.loss(positive.predict(judge)),
        "ridge": table.loss(ridge.predict(judge)),
        "ridge from the greedy one": table.loss(tested + rest.predict(judge - tested[:, None])),
        "trees": table.loss(trees.predict(judge)),
    }


def _labels(table: Table, oof: dict[str, np.ndarray], test: dict[str, np.ndarray], codes: np.ndarray) -> dict[str, float]:
    from lightgbm import LGBMClassifier
    from sklearn.linear_model import LogisticRegressionCV

    learn, judge = (np.column_stack([np.log(np.clip(values, 1e-6, 1)) for values in kept.values()]) for kept in (oof, test))
    logistic = LogisticRegressionCV(Cs=np.logspace(-5, 0, 6), scoring="neg_log_loss", max_iter=500).fit(learn, codes)
    trees = LGBMClassifier(n_estimators=60, learning_rate=0.05, num_leaves=7, verbose=-1, n_jobs=1).fit(learn, codes)
    return {"logistic": table.loss(logistic.predict_proba(judge)), "trees": table.loss(trees.predict_proba(judge))}


def main() -> None:
    """Print the trial."""
    warnings.simplefilter("ignore")
    for task in ("regression", "binary", "multiclass"):
        shares: dict[str, list[float]] = {}
        for table in load(KEPT, task):
            found = losses(table)
            told = {name: loss / found["greedy"] for name, loss in found.items() if name != "greedy"}
            print(f"{task:10s} {table.name:18s} " + "  ".join(f"{name} {share:.3f}" for name, share in told.items()), flush=True)
            for name, share in told.items():
                shares.setdefault(name, []).append(share)
        for name, kept in shares.items():
            better = sum(share < 1 for share in kept)
            mean = float(np.exp(np.mean(np.log(kept))))
            print(f"{task}: {name}: {mean:.3f} of the greedy ensemble's loss, better on {better} of {len(kept)}", flush=True)


if __name__ == "__main__":
    main()
