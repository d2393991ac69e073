"""What each feature adds to one fitted estimator: the fastest exact method for its kind, or sampling with its error."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.engines.boosters import Added, booster_added
from automl_core.engines.interpret import intercepts, shapes, term_values
from automl_core.engines.shap import tree_added
from automl_core.explaining.linear import coefficients_of
from automl_core.explaining.sampling import sample_shapley
from automl_core.scoring.values import predict_values

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
TIGHT, SINGLE = 1e-6, 1e-4
"""How far base and contributions may be from the raw output, as a share of its size: in double and in single precision."""
FLOOR = 1e-3
"""A probability of 0, which forests and neighbours give, has no logarithm: one below this counts as this one."""


@dataclass(frozen=True)
class Attribution:
    """What each group of features adds to one estimator's raw output, on the scale that is shown.

    Parameters
    ----------
    values : ndarray, shape (n, n_groups, n_outputs)
        Log-odds of the event for two classes; for more, each class's log-probability against their mean; else values.
    base : ndarray, shape (n_outputs,)
    probabilities : ndarray, shape (n, n_classes) or (n,)
        What the estimator predicts.
    method : str
    exact : bool
    gap : float
        How far base and contributions were from the estimator's own raw output, as a share of its size or of 1 where that
        is smaller.
    allowed : float
    rescaled : bool
        Whether the contributions were to another scale and were stretched to the one that is shown.
    error : ndarray, shape (n, n_groups, n_outputs), or None
        Standard errors, where values were sampled.
    """

    values: Array
    base: Array
    probabilities: Array
    method: str
    exact: bool
    gap: float
    allowed: float
    rescaled: bool = False
    error: Array | None = None

    @property
    def adds_up(self) -> bool:
        """Whether base and contributions are the raw output."""
        return self.gap <= self.allowed


@dataclass
class Background:
    """Rows that stand for "not known", as one estimator gets them, and what was made for them before."""

    rows: Array
    explainers: dict[int, Any] = field(default_factory=dict)
    broken: set[int] = field(default_factory=set)
    """Estimators whose exact contributions did not add up."""
    sound: set[int] = field(default_factory=set)
    """Estimators whose contributions did, and are on the scale that is shown: what they predict follows from the sum."""


def logits(values: Array) -> Array:
    """Return the scale on which contributions are shown, shape (n, n_outputs), of what a model predicts.

    Parameters
    ----------
    values : ndarray, shape (n, n_classes) or (n,)
    """
    if values.ndim == 1:
        return values[:, None]
    logs = np.log(np.clip(values, FLOOR, None))
    return np.asarray(logs[:, 1:] - logs[:, :1] if values.shape[1] == 2 else logs - logs.mean(axis=1, keepdims=True))


def attribute(
    estimator: Any, X: Array, n_classes: int, groups: Ints, background: Background, *, rounds: int = 1, seed: int = 0,
    check: bool = True, draws: int | None = None,
) -> Attribution:  # fmt: skip
    """Share out what one estimator predicts among groups of its features.

    Parameters
    ----------
    estimator : object
    X : ndarray, shape (n, n_features)
    n_classes : int
        0 for regression.
    groups : ndarray, shape (n_features,)
        Number of the group that each feature belongs to; sampling shares out among groups.
    background : Background
    rounds : int
        See `sampling.sample_shapley`.
    seed : int
    check : bool
        Whether it is checked that base and contributions are the raw output; otherwise an estimator that passed before is
        trusted, which takes half the time.
    draws : int, optional
        How many rows of the background are used where contributions are sampled; by default all.
    """
    if not check and id(estimator) in background.sound:
        added = booster_added(estimator, X, check=False)
        if added is not None:
            predicted = _predicted(added.raw, n_classes)
            return _grouped(added, predicted, estimator, groups, 0.0, TIGHT)
    predicted = predict_values(estimator, X, n_classes)
    added = None if id(estimator) in background.broken else exact_added(estimator, X, background)
    if added is not None and (n_classes <= 2 or len(added.base) > 1):
        gap = _gap(added)
        allowed = SINGLE if added.single else TIGHT
        if gap <= 100 * allowed:  # far off, it is a kind of model or of row that the method does not know
            found = _grouped(added, predicted, estimator, groups, gap, allowed)
            if found.adds_up and not found.rescaled and (not n_classes or len(estimator.classes_) == n_classes):
                background.sound.add(id(estimator))
            return found
        background.broken.add(id(estimator))
    count, players = len(X), int(groups.max()) + 1
    stand_in = background.rows[:draws]
    table = np.vstack([X, stand_in])

    def answer(rows: Ints) -> Array:
        return logits(predict_values(estimator, table[rows[:, groups], np.arange(X.shape[1])], n_classes))

    numbers = np.arange(len(table))
    sampled = sample_shapley(answer, numbers[:count], numbers[count:], players, rounds=rounds, seed=seed)
    gap = float(np.abs(sampled.base + sampled.values.sum(axis=1) - logits(predicted)).max(initial=0.0))
    method = f"sampling, {sampled.draws} orders of the columns in both directions against {len(stand_in)} rows"
    return Attribution(sampled.values, sampled.base, predicted, method, False, gap, TIGHT, error=sampled.error)


def exact_added(estimator: Any, X: Array, background: Background) -> Added | None:
    """Return an estimator's exact contributions by the fastest method for its kind; None where there is none."""
    found = booster_added(estimator, X)
    if found is None and hasattr(estimator, "term_features_"):
        found = _terms(estimator, X)
    if found is None and coefficients_of(estimator) is not None:
        found = _line(estimator, X, background.rows)
    return found if found is not None else tree_added(estimator, X, background.rows, background.explainers)


def _terms(estimator: Any, X: Array) -> Added:
    """Return the values of an additive model's terms; a pair's is shared equally, which is its Shapley value."""
    values, base = None, intercepts(estimator)
    for place, shape in enumerate(shapes(estimator)):
        found = term_values(estimator, place, X)
        values = np.zeros((len(X), X.shape[1], found.shape[1])) if values is None else values
        for feature in shape.features:
            values[:, feature] += found / len(shape.features)
    assert values is not None  # a machine has at least one term
    answer = estimator.decision_function if hasattr(estimator, "decision_function") else estimator.predict
    raw = np.asarray(answer(X), dtype=np.float64).reshape(len(X), -1)
    return Added(values, base, raw, "the model's own terms")


def _line(estimator: Any, X: Array, background: Array) -> Added | None:
    """Return weights times distances to the background's mean."""
    found = coefficients_of(estimator)
    answer = getattr(estimator, "decision_function", estimator.predict)
    raw = np.asarray(answer(X), dtype=np.float64).reshape(len(X), -1)
    if found is None or found[0].shape != (raw.shape[1], X.shape[1]):
        return None
    weights, start = found
    mean = background.mean(axis=0)
    values = (X - mean)[:, :, None] * weights.T[None]
    return Added(values, start + weights @ mean, raw, "weights of the linear model")


def _gap(added: Added) -> float:
    away = np.abs(added.base + added.values.sum(axis=1) - added.raw)
    return float((away / np.maximum(np.abs(added.raw), 1.0)).max(initial=0.0))


def _grouped(added: Added, predicted: Array, estimator: Any, groups: Ints, gap: float, allowed: float) -> Attribution:
    """Sum the features of each group, on the scale that is shown."""
    values = np.zeros((len(added.values), int(groups.max()) + 1, added.values.shape[2]))
    for feature, group in enumerate(groups):
        values[:, group] += added.values[:, feature]
    base, raw = added.base, added.base + values.sum(axis=1)
    if predicted.ndim == 1:
        rescaled = not np.allclose(raw[:, 0], predicted, rtol=1e-3, atol=1e-6)
        if rescaled:
            values, base = _stretched(values, base, raw, predicted[:, None], base)
        return Attribution(values, base, predicted, added.method, True, gap, allowed, rescaled)
    # A fold that lacked a rare label has no score for it.
    known = np.asarray(estimator.classes_, dtype=int) if values.shape[2] > 1 else np.array([1])
    said = predicted[:, known]
    rescaled = not np.allclose(_linked(raw), said, atol=1e-4)
    if rescaled:
        of_shares = np.allclose(raw, said, atol=1e-4)
        start = logits(np.column_stack([1 - base, base]) if len(base) == 1 else base[None])[0] if of_shares else base
        values, base = _stretched(values, base, raw, logits(predicted if len(known) == 1 else said), start)
    elif len(known) > 1:
        values, base = _centred(values), _centred(base)
    if 1 < len(known) < predicted.shape[1]:
        wide = np.zeros((*values.shape[:2], predicted.shape[1]))
        wide[:, :, known] = values
        low = np.full(predicted.shape[1], np.log(FLOOR))
        low[known] = base
        values, base = wide, low
    return Attribution(values, base, predicted, added.method, True, gap, allowed, rescaled)


def _predicted(raw: Array, n_classes: int) -> Array:
    """Return what an estimator predicts whose raw output is on the scale that is shown."""
    if not n_classes:
        return raw[:, 0]
    said = _linked(raw)
    return np.column_stack([1 - said, said]) if n_classes == 2 else said


def _linked(raw: Array) -> Array:
    from scipy.special import expit, softmax

    return np.asarray(expit(raw) if raw.shape[1] == 1 else softmax(raw, axis=1), dtype=np.float64)


def _centred(values: Array) -> Array:
    return np.asarray(values - values.mean(axis=-1, keepdims=True))


def _stretched(values: Array, base: Array, raw: Array, target: Array, start: Array) -> tuple[Array, Array]:
    """Stretch contributions so that they add up on another scale: the rescale rule (Shrikumar and others, 2017)."""
    way = raw - base
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(np.abs(way) > 1e-9, (target - start) / way, 0.0)
    return values * factor[:, None, :], start
