"""One way from any fitted estimator to numbers: probabilities of all classes, or values."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def predict_values(estimator: Any, X: Array, n_classes: int) -> Array:
    """Predict with a fitted estimator.

    Parameters
    ----------
    estimator : object
        Fitted on class codes 0..k-1, some of which may have been absent, or on values.
    X : ndarray, shape (n, n_features)
    n_classes : int
        0 for regression.

    Returns
    -------
    ndarray, shape (n, n_classes) or (n,)
        Probabilities. Estimators that know only a distance to the border give its logistic or softmax, which ranks
        the same but is not calibrated.
    """
    if not n_classes:
        return np.asarray(estimator.predict(X), dtype=np.float64).reshape(len(X))
    if hasattr(estimator, "predict_proba"):
        proba = np.asarray(estimator.predict_proba(X), dtype=np.float64)
    else:
        from scipy.special import expit, softmax

        distance = np.asarray(estimator.decision_function(X), dtype=np.float64)
        if distance.ndim == 1:
            event = expit(distance)
            proba = np.column_stack([1 - event, event])
        else:
            proba = softmax(distance, axis=1)
    proba = np.nan_to_num(proba, nan=1.0 / proba.shape[1])
    known = np.asarray(estimator.classes_, dtype=int)
    if proba.shape[1] == n_classes:
        return proba
    full = np.zeros((len(X), n_classes))
    full[:, known] = proba
    return full
