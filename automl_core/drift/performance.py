"""How well a model does on rows without labels: from its calibrated probabilities, and from a model of its own errors.

Confidence-based estimation: where a probability is calibrated, it says how often the decision made by it is right, so that every
entry of the confusion table has an expectation without a single label (Białek et al., "Estimating Model Performance Under
Covariate Shift Without Labels", 2024; Garg et al., 2022). Direct loss estimation: a second model learns, on rows with labels,
how large the first one's error is for such a row, and is asked about the new ones (NannyML's documentation). Both hold while the
relation between columns and target stays as it was; that is said with the numbers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from automl_core.drift.report import Estimate, Verdict
from automl_core.metrics import METRICS
from automl_core.profiling.wording import number

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
DRAWS = 200
ENOUGH = 100
"""Labelled rows of the reference from which on there is an estimate."""
ROWS = 20_000
"""Most new rows that an interval is drawn from."""
LOSS = 0.05
"""Loss of accuracy, F1 or AUC beyond what chance explains, or growth of an error as a share of it, that calls for something."""
SPREADS = 3.0
"""Standard deviations of a difference that chance explains."""
FOLDS = 3


class Calibration:
    """Isotonic regression of each label on its probability (Zadrozny and Elkan, 2002); more than two are scaled to one."""

    def __init__(self, proba: Array, truth: Ints) -> None:
        from sklearn.isotonic import IsotonicRegression

        self.classes = proba.shape[1]
        places = [1] if self.classes == 2 else range(self.classes)
        self.curves = [
            IsotonicRegression(out_of_bounds="clip").fit(proba[:, place], (truth == place).astype(np.float64)) for place in places
        ]

    def __call__(self, proba: Array) -> Array:
        """Return calibrated probabilities, shape (n, n_classes)."""
        if self.classes == 2:
            event = self.curves[0].predict(proba[:, 1])
            return np.column_stack([1 - event, event])
        found = np.column_stack([curve.predict(proba[:, place]) for place, curve in enumerate(self.curves)])
        total = found.sum(axis=1, keepdims=True)
        return np.asarray(np.where(total > 0, found / np.where(total > 0, total, 1), proba))


def expected_scores(proba: Array, calibrated: Array, codes: Ints) -> dict[str, float]:
    """Return accuracy, F1 and ROC AUC as they are to be expected.

    Parameters
    ----------
    proba : ndarray, shape (n, n_classes)
        What the model says; rows are ordered by it.
    calibrated : ndarray, shape (n, n_classes)
        How often it is so. With zeros and ones for known outcomes the scores are the true ones.
    codes : ndarray, shape (n,)
        What was decided.
    """
    classes = proba.shape[1]
    right = calibrated[np.arange(len(codes)), codes]
    decided = np.bincount(codes, minlength=classes).astype(np.float64)
    hits = np.bincount(codes, weights=right, minlength=classes)
    there = calibrated.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        f1 = np.where(decided + there > 0, 2 * hits / (decided + there), 0.0)
    places = [1] if classes == 2 else range(classes)
    areas = [_area(proba[:, place], calibrated[:, place]) for place in places]
    return {
        "accuracy": float(right.mean()),
        "f1": float(f1[1] if classes == 2 else (f1 * there).sum() / there.sum()),
        "roc_auc": areas[0] if classes == 2 else float(np.average(areas, weights=there)),
    }


def _area(score: Array, event: Array) -> float:
    """Return the area under the ROC curve when each row is an event with its own probability; ties count half."""
    order = np.argsort(score, kind="stable")
    _, first = np.unique(score[order], return_index=True)
    events = np.add.reduceat(event[order], first)
    others = np.add.reduceat(1 - event[order], first)
    below = np.cumsum(others) - others
    total = events.sum() * others.sum()
    return float((events * (below + others / 2)).sum() / total) if total > 0 else float("nan")


def estimate_labels(
    before: Array, truth: Ints, decided: Ints, new: Array, new_decided: Ints, *, true: Ints | None = None, seed: int = 0
) -> tuple[Estimate, ...]:
    """Estimate accuracy, F1 and ROC AUC of new rows.

    Parameters
    ----------
    before : ndarray, shape (n, n_classes)
        Probabilities for reference rows, which the model did not learn from.
    truth, decided : ndarray, shape (n,)
        Their true and predicted class codes.
    new : ndarray, shape (m, n_classes)
    new_decided : ndarray, shape (m,)
    true : ndarray, shape (m,), optional
        True class codes of the new rows, -1 where unknown.
    seed : int
        Of the interval: labels are drawn by the probabilities of curves that are fitted to the reference rows drawn anew.

    Returns
    -------
    tuple of Estimate
        Empty where fewer than `ENOUGH` reference rows or one label only are known.
    """
    if len(truth) < ENOUGH or len(np.unique(truth)) < 2 or not len(new):
        return ()
    classes = before.shape[1]
    found = expected_scores(new, Calibration(before, truth)(new), new_decided)
    usual = expected_scores(before, _known(truth, classes), decided)
    rng = np.random.default_rng(seed)
    looked = np.sort(rng.permutation(len(new))[:ROWS])
    drawn: dict[str, list[float]] = {name: [] for name in found}
    usually: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(DRAWS):
        rows = rng.integers(0, len(truth), len(truth))
        if len(np.unique(truth[rows])) < 2:
            continue
        event = Calibration(before[rows], truth[rows])(new[looked])
        chosen = (event.cumsum(axis=1) > rng.random((len(looked), 1))).argmax(axis=1)
        for name, value in expected_scores(new[looked], _known(chosen, classes), new_decided[looked]).items():
            drawn[name].append(value)
        for name, value in expected_scores(before[rows], _known(truth[rows], classes), decided[rows]).items():
            usually[name].append(value)
    known = np.flatnonzero(true >= 0) if true is not None else np.empty(0, dtype=int)
    really: dict[str, float] = {}
    if true is not None and len(known):
        really = expected_scores(new[known], _known(true[known], classes), new_decided[known])
    estimates = []
    for name in ("roc_auc", "f1", "accuracy"):
        if not (np.isfinite(found[name]) and np.isfinite(usual[name])):
            continue
        reach = SPREADS * float(np.hypot(np.nanstd(usually[name]), np.nanstd(drawn[name])))
        estimates.append(
            _estimate(name, True, usual[name], found[name], (_low(drawn[name]), _high(drawn[name])), really.get(name), reach)
        )
    return tuple(estimates)


def estimate_errors(
    features: Array, predicted: Array, truth: Array, new_features: Array, new: Array, *, true: Array | None = None, seed: int = 0
) -> tuple[Estimate, ...]:
    """Estimate mean absolute and root mean squared error of new rows by a model of the error.

    Parameters
    ----------
    features : ndarray, shape (n, n_columns)
        Of reference rows, missing as NaN; the model's prediction is added to them.
    predicted, truth : ndarray, shape (n,)
    new_features : ndarray, shape (m, n_columns)
    new : ndarray, shape (m,)
        Predictions.
    true : ndarray, shape (m,), optional
        True values, NaN where unknown.
    seed : int

    Returns
    -------
    tuple of Estimate
        Empty where fewer than `ENOUGH` reference rows are known.
    """
    if len(truth) < ENOUGH or not len(new):
        return ()
    X, fresh = np.column_stack([features, predicted]), np.column_stack([new_features, new])
    known = np.isfinite(true) if true is not None else np.zeros(len(new), dtype=bool)
    found = []
    kinds: tuple[tuple[str, Callable[[Array], Array], Callable[[float], float]], ...] = (
        ("rmse", np.square, lambda mean: float(np.sqrt(max(mean, 0.0)))),
        ("mae", np.abs, float),
    )
    for name, loss, back in kinds:
        losses = loss(truth - predicted)
        guessed, off = _loss_model(X, losses, fresh, seed)
        mean, usual = max(float(guessed.mean()), 0.0), float(losses.mean())
        # What is not foreseen of a single row averages out over the new ones, and over those learned from.
        reach = 1.96 * off * float(np.sqrt(1 / len(fresh) + 1 / len(X)))
        really = back(float(loss(true[known] - new[known]).mean())) if true is not None and known.any() else None
        between = back(max(mean - reach, 0.0)), back(mean + reach)
        rows = known.sum() if really is not None else len(fresh)
        chance = SPREADS * float(losses.std()) * float(np.sqrt(1 / len(losses) + 1 / rows))
        reach = back(usual + chance) - back(usual)
        found.append(_estimate(name, False, back(usual), back(mean), between, really, reach))
    return tuple(found)


def _loss_model(X: Array, losses: Array, fresh: Array, seed: int) -> tuple[Array, float]:
    """Return the expected loss of each new row, and the spread of what is not foreseen, on rows not learned from."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.model_selection import KFold
    from threadpoolctl import threadpool_limits

    def fitted(rows: Ints) -> HistGradientBoostingRegressor:
        return HistGradientBoostingRegressor(random_state=seed).fit(X[rows], losses[rows])

    missed = np.zeros(len(losses))
    with threadpool_limits(1):  # a small fit waits longer for threads than it works
        for learn, judge in KFold(FOLDS, shuffle=True, random_state=seed).split(X):
            missed[judge] = losses[judge] - fitted(learn).predict(X[judge])
        return np.maximum(fitted(np.arange(len(X))).predict(fresh), 0.0), float(missed.std())


def _estimate(
    name: str, greater: bool, before: float, value: float, between: tuple[float, float], true: float | None, reach: float
) -> Estimate:
    """Word and judge one estimate; `reach` is how much worse chance alone makes it."""
    label = METRICS[name].label
    low, high = min(between[0], value), max(between[1], value)
    seen = true if true is not None else value
    loss = before - seen if greater else seen - before
    share = loss if greater else loss / max(before, 1e-12)
    verdict: Verdict = "nothing" if loss <= reach else "act" if share >= LOSS else "watch"
    told = f"{label} is estimated at {number(value, 3)} ({number(low, 3)} to {number(high, 3)}), before {number(before, 3)}"
    told += f"; from the labels it is {number(true, 3)}." if true is not None else "."
    return Estimate(name, label, greater, before, value, low, high, true, verdict, told)


def _known(codes: Ints, classes: int) -> Array:
    return np.eye(classes)[codes]


def _low(values: list[float]) -> float:
    return float(np.nanquantile(values, 0.025))


def _high(values: list[float]) -> float:
    return float(np.nanquantile(values, 0.975))
