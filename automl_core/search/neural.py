"""scikit-learn's neural networks, stopped and rewound by the rows that a fold does not learn from."""

from __future__ import annotations

import copy
import time
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
EPOCHS = 300
PATIENCE = 12
"""Epochs without a better validation loss after which the step is made smaller."""
SHRINK = (1.0, 0.3, 0.1)
"""Shares of the first learning rate; training ends after the last."""


def fit_network(estimator: Any, X: Array, y: Array, V: Array, truth: Array, n_classes: int, seconds: float) -> Any:
    """Fit an `MLPClassifier` or `MLPRegressor` epoch by epoch and keep the weights that predict the judged rows best.

    scikit-learn's own early stopping watches accuracy or R² on a tenth of the learned rows; here all rows are learned from,
    and the loss itself is watched (Prechelt, 1998). The learning rate falls on a plateau. A regression's target is
    standardised while learning; the output layer is scaled back, so that the network predicts in the target's unit.

    Parameters
    ----------
    estimator : object
        Unfitted.
    X, V : ndarray, shape (n, n_features)
        Learned and judged rows.
    y, truth : ndarray, shape (n,)
    n_classes : int
        0 for regression.
    seconds : float

    Returns
    -------
    object
        The fitted estimator.
    """
    end = time.monotonic() + seconds
    middle, width = (0.0, 1.0) if n_classes else (float(np.mean(y)), float(np.std(y)) or 1.0)
    target = y if n_classes else (y - middle) / width
    goal = truth if n_classes else (truth - middle) / width
    classes = {"classes": np.unique(y)} if n_classes else {}
    rate = estimator.learning_rate_init
    estimator.set_params(early_stopping=False)
    best, kept, waited, stage = np.inf, None, 0, 0
    for epoch in range(EPOCHS):
        estimator.partial_fit(X, target, **(classes if epoch == 0 else {}))
        loss = _loss(estimator, V, goal, n_classes)
        if loss < best - 1e-5 * abs(best if np.isfinite(best) else 1.0):
            best, kept, waited = loss, (copy.deepcopy(estimator.coefs_), copy.deepcopy(estimator.intercepts_)), 0
        else:
            waited += 1
        if waited > PATIENCE:
            stage, waited = stage + 1, 0
            if stage == len(SHRINK):
                break
            if kept is not None:
                estimator.coefs_[:], estimator.intercepts_[:] = copy.deepcopy(kept[0]), copy.deepcopy(kept[1])
            estimator._optimizer.learning_rate_init = rate * SHRINK[stage]
        if time.monotonic() > end:
            break
    if kept is not None:
        estimator.coefs_, estimator.intercepts_ = kept
    if not n_classes:
        estimator.coefs_[-1] = estimator.coefs_[-1] * width
        estimator.intercepts_[-1] = estimator.intercepts_[-1] * width + middle
    # The optimiser's moments are twice the size of the network and of no use to predict.
    del estimator._optimizer
    return estimator


def _loss(estimator: Any, V: Array, goal: Array, n_classes: int) -> float:
    """Return the log loss or the mean squared error."""
    if not n_classes:
        return float(np.mean((estimator.predict(V) - goal) ** 2))
    proba = estimator.predict_proba(V)
    places = np.searchsorted(estimator.classes_, goal)
    known = (places < len(estimator.classes_)) & (estimator.classes_[np.minimum(places, len(estimator.classes_) - 1)] == goal)
    return float(-np.mean(np.log(np.clip(proba[np.flatnonzero(known), places[known]], 1e-12, 1))))
