"""imbalanced-learn: rows made or left out so that every label has as many. The only module that imports imblearn."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Sampler = Literal["smote", "borderline", "under"]


def balanced_rows(
    sampler: Sampler, X: Array, y: Array, *, neighbours: int = 5, categories: tuple[int, ...] = (), seed: int = 0
) -> tuple[Array, Array]:
    """Return as many rows of every label.

    Parameters
    ----------
    sampler : Sampler
        ``smote``: new rows of rarer labels between a row and one of its neighbours of the same label (Chawla and others,
        2002), with SMOTE-NC from the same paper where some columns are categories. ``borderline``: the same for rows near
        other labels only (Han, Wang and Mao, 2005). ``under``: rows of more frequent labels are left out at random.
    X : ndarray, shape (n, n_features)
        Finite.
    y : ndarray, shape (n,)
        Class codes.
    neighbours : int
        Fewer than the rarest label has rows.
    categories : tuple of int
        Positions of the columns whose numbers are codes of words. Not all of them.
    seed : int

    Returns
    -------
    ndarray, shape (m, n_features)
    ndarray, shape (m,)
    """
    if sampler == "under":
        from imblearn.under_sampling import RandomUnderSampler

        made = RandomUnderSampler(random_state=seed)
    else:
        from imblearn.over_sampling import SMOTE, SMOTENC, BorderlineSMOTE

        if sampler == "borderline":
            made = BorderlineSMOTE(k_neighbors=neighbours, m_neighbors=min(10, len(X) - 1), random_state=seed)
        elif categories:
            made = SMOTENC(list(categories), k_neighbors=neighbours, random_state=seed)
        else:
            made = SMOTE(k_neighbors=neighbours, random_state=seed)
    more, labels = made.fit_resample(X, y)
    return np.asarray(more, dtype=np.float64), np.asarray(labels, dtype=y.dtype)
