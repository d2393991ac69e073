"""Regressors that learn a standardised target, for models whose parameters are meant for numbers around 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.svm import SVR


class ScaledSVR(SVR):  # type: ignore[misc]
    """Support vector regression on a target of mean 0 and standard deviation 1; predicts in the target's own unit.

    scikit-learn's `C` and `epsilon` are in the target's unit: their defaults suit no target of a large or small one.
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> ScaledSVR:
        """Learn; `y` has shape (n,)."""
        self.middle_, self.width_ = float(np.mean(y)), float(np.std(y)) or 1.0
        super().fit(X, (np.asarray(y) - self.middle_) / self.width_, sample_weight)
        return self

    def predict(self, X: Any) -> Any:
        """Return values, shape (n,)."""
        return super().predict(X) * self.width_ + self.middle_
