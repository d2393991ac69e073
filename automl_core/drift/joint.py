"""What shows only when all columns are looked at together.

A classifier is asked to tell old rows from new ones, judged on rows it did not learn (Lopez-Paz and Oquab, 2017), and the
principal components of the old rows are asked to rebuild the new ones (as NannyML documents it): a changed correlation is rebuilt
badly although every column by itself looks as before.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.drift.report import JointDrift, Verdict
from automl_core.drift.sampling import as_matrix, drawn
from automl_core.profiling.wording import listed, number
from automl_core.schema import Schema

Array = npt.NDArray[np.float64]
ROWS = 2000
"""Most rows of either side."""
FOLDS = 3
NAMED = 10
WIDE = 200
"""Columns that are looked at, at most."""
SPREADS = 3.3
"""Standard deviations that chance explains: once in two thousand it goes further."""
CLEAR = 0.70
"""AUC from which on, where it hangs on columns that matter to the model, something should be done."""
EXPLAINED = 0.9
"""Share of the variance that the components keep."""


def compare_jointly(
    old: pd.DataFrame, new: pd.DataFrame, schema: Schema, *, importances: dict[str, float] | None = None, seed: int = 0
) -> JointDrift | None:
    """Compare all columns at once; None where there are fewer than two to compare, or too few rows.

    Parameters
    ----------
    old, new : DataFrame
        Typed. Dates, keys and texts take no part: dates tell old from new whatever else happens.
    schema : Schema
    importances : dict of str to float, optional
        0 to 1; all 1 when left out.
    seed : int
    """
    from threadpoolctl import threadpool_limits

    names = [
        column.name
        for column in schema
        if column.kind in ("number", "category", "boolean") and column.name in old.columns and column.name in new.columns
        and (old[column.name].notna().any() or new[column.name].notna().any())
    ][:WIDE]  # fmt: skip
    old, new = drawn(old, ROWS, seed), drawn(new, ROWS, seed + 1)
    if len(names) < 2 or min(len(old), len(new)) < 10 * FOLDS:
        return None
    first, second = as_matrix([old[names], new[names]], names)
    # Words get their ranks from the rows that the components learn: of all old rows, only the new ones would hold unknown words.
    places = np.random.default_rng(seed).permutation(len(old))
    learned, held = old.iloc[places[: len(old) // 2]], old.iloc[places[len(old) // 2 :]]
    parts = as_matrix([part[names] for part in (learned, held, new)], names, like=learned)
    with threadpool_limits(1):  # a small fit waits longer for threads than it works, above all on a busy machine
        auc, shares = _classifier(first, second, names, seed)
        error, low, high = _rebuilt(*parts)
    expected = 0.5 + SPREADS * float(np.sqrt((len(first) + len(second) + 1) / (12 * len(first) * len(second))))
    verdict: Verdict = "nothing"
    if auc > expected:
        total = sum(share for _, share in shares) or 1.0
        weight = sum(share * (importances or {}).get(name, 0.0 if importances else 1.0) for name, share in shares) / total
        verdict = "act" if auc >= CLEAR and weight >= 0.2 else "watch"
    elif error and not low <= error <= high:
        verdict = "watch"
    return JointDrift(auc, expected, shares, error, low, high, verdict, _sentence(auc, expected, shares, error, low, high))


def _classifier(first: Array, second: Array, names: list[str], seed: int) -> tuple[float, tuple[tuple[str, float], ...]]:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold

    X, y = np.vstack([first, second]), np.repeat([0, 1], [len(first), len(second)])
    rng = np.random.default_rng(seed)
    scores, losses = np.zeros(len(y)), np.zeros(len(names))
    for learn, judge in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(X, y):
        model = HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=8, random_state=seed).fit(X[learn], y[learn])
        scores[judge] = model.predict_proba(X[judge])[:, 1]
        base = roc_auc_score(y[judge], scores[judge])
        for place in range(len(names)):
            shuffled = X[judge].copy()
            rng.shuffle(shuffled[:, place])
            losses[place] += (base - roc_auc_score(y[judge], model.predict_proba(shuffled)[:, 1])) / FOLDS
    order = [place for place in np.argsort(-losses) if losses[place] > 0][:NAMED]
    return float(roc_auc_score(y, scores)), tuple((names[place], float(losses[place])) for place in order)


def _rebuilt(learn: Array, held: Array, new: Array) -> tuple[float, float, float]:
    """Return the mean reconstruction error of the new rows, and its range for as many old rows."""
    from sklearn.decomposition import PCA

    with np.errstate(all="ignore"):
        middle = np.nan_to_num(np.nanmedian(np.where(np.isnan(learn).all(axis=0), 0.0, learn), axis=0))
    filled = [np.where(np.isnan(part), middle, part) for part in (learn, held, new)]
    mean, spread = filled[0].mean(axis=0), filled[0].std(axis=0)
    varying = spread > 0
    if varying.sum() < 3:
        return 0.0, 0.0, 0.0
    scaled = [np.clip((part[:, varying] - mean[varying]) / spread[varying], -10, 10) for part in filled]
    model = PCA(n_components=EXPLAINED, svd_solver="full").fit(scaled[0])
    errors = [np.sqrt(((part - model.inverse_transform(model.transform(part))) ** 2).sum(axis=1)) for part in scaled[1:]]
    usual = float(errors[0].mean())
    reach = SPREADS * float(errors[0].std()) * float(np.sqrt(1 / len(held) + 1 / len(new)))
    return float(errors[1].mean()), usual - reach, usual + reach


def _sentence(auc: float, expected: float, shares: tuple[tuple[str, float], ...], error: float, low: float, high: float) -> str:
    told = (
        f"A classifier tells old rows from new ones with an AUC of {number(auc, 3)}; chance explains up to {number(expected, 3)}."
    )
    if auc > expected and shares:
        told += f" What gives them away: {listed([name for name, _ in shares[:3]])}."
    if error:
        relation = "within" if low <= error <= high else "outside"
        told += (
            f" The components of the old rows rebuild the new ones with an error of {number(error, 3)}, {relation} "
            f"{number(low, 3)} to {number(high, 3)}."
        )
    return told
