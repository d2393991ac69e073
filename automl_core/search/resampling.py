"""Rare labels and small tables: rows weighed, made, left out or copied with noise, inside a training fold only.

None of it is ever done by itself: each way is a candidate of its own that has to score better than the model without it on
rows that were not touched. Made and weighed rows shift probabilities toward the rare labels, which the metric sees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast, get_args

import numpy as np
import numpy.typing as npt

from automl_core.engines.imblearn import Sampler, balanced_rows
from automl_core.experiment import Decision, Task
from automl_core.schema import Schema
from automl_core.search.candidates import Spec, catalogue, portfolio

Array = npt.NDArray[Any]
Method = Literal["weights", "smote", "borderline", "under", "jitter"]

METHODS: dict[Method, str] = {
    "weights": "labels weighed evenly",
    "smote": "rare labels filled up (SMOTE)",
    "borderline": "rare labels filled up at the border (Borderline-SMOTE)",
    "under": "frequent labels thinned out",
    "jitter": "with noisy copies",
}
"""What each way is called behind a model's name."""

UNEVEN = 3.0
"""Rows of the most frequent label for one of the rarest, from which balancing is worth a try."""
SMALL = 2000
"""Rows below which noisy copies are worth a try."""
FEWEST: dict[Method, int] = {"smote": 10, "borderline": 20, "under": 500}
"""Rows that the rarest label needs in the whole table."""
MOST_MADE = 200_000
"""Rows beyond which no more are made: the fits would take too long for what they bring."""
NUMERIC = 0.5
"""Share of numeric columns from which a point between two rows, or near one, is like a row."""
NEIGHBOURS = 5
NOISE, COPIES = 0.1, 2
"""Noise of a copy in standard deviations of its column, and copies of each row."""

PLAN: tuple[tuple[Method, tuple[str, ...]], ...] = (
    ("weights", ("lr", "lightgbm-own", "extra-own", "xgboost-own")),
    ("smote", ("lr", "extra-own")),
    ("under", ("lightgbm-own", "extra-own")),
    ("borderline", ("extra-own",)),
    ("jitter", ("extra-own", "neural-own", "lightgbm-own")),
)
"""Which models are tried with which way, in which order: those that are strong without it, and take it."""


@dataclass(frozen=True)
class Resampled:
    """The rows that a fold's model learns from.

    Parameters
    ----------
    X : ndarray, shape (m, n_features)
    y : ndarray, shape (m,)
    weights : ndarray, shape (m,), or None
        How much each row counts; their mean is 1.
    note : str
        What was done, in one sentence.
    """

    X: Array
    y: Array
    weights: Array | None
    note: str


def resample(method: str, X: Array, y: Array, *, seed: int, categories: tuple[int, ...] = ()) -> Resampled:
    """Prepare the rows of one training fold.

    Parameters
    ----------
    method : str
        A name of `METHODS`.
    X : ndarray, shape (n, n_features)
    y : ndarray, shape (n,)
        Class codes, or with ``jitter`` values too.
    seed : int
    categories : tuple of int
        Positions of the columns whose numbers are codes of words.

    Returns
    -------
    Resampled

    Raises
    ------
    ValueError
        When it cannot be done with these rows; the text says why.
    """
    if method == "weights":
        return _weighed(X, y)
    if method == "jitter":
        return _noisy(X, y, seed, categories)
    if method in get_args(Sampler):
        return _balanced(cast(Sampler, method), X, y, seed, categories)
    raise ValueError(f"There is no resampling {method!r}; there are {', '.join(METHODS)}.")


def _weighed(X: Array, y: Array) -> Resampled:
    labels, place, counts = np.unique(y, return_inverse=True, return_counts=True)
    weights = len(y) / (len(labels) * counts)
    note = f"Rows weigh between {weights.min():.2g} and {weights.max():.2g}, so that every label weighs the same."
    return Resampled(X, y, weights[place], note)


def _balanced(method: Sampler, X: Array, y: Array, seed: int, categories: tuple[int, ...]) -> Resampled:
    counts = np.unique(y, return_counts=True)[1]
    smallest = int(counts.min())
    if method != "under":
        if np.isnan(X).any():
            raise ValueError("New rows cannot be made between rows with missing values.")
        if smallest < 2:
            raise ValueError("A label has a single row in this fold; new rows are made between at least two.")
        if len(categories) == X.shape[1]:
            raise ValueError("Every column is a category; new rows are made between numbers.")
        if categories and method == "borderline":
            raise ValueError("Borderline-SMOTE takes numbers only, and this model gets categories.")
    neighbours = min(NEIGHBOURS, smallest - 1)
    more, labels = balanced_rows(method, X, y, neighbours=neighbours, categories=categories, seed=seed)
    change = len(labels) - len(y)
    if method == "borderline" and not change:
        raise ValueError("No row of a rarer label lies at the border to others, so nothing was made.")
    note = (
        f"{-change:,} rows of more frequent labels were left out."
        if method == "under"
        else f"{change:,} rows of rarer labels were made, from {neighbours} neighbours each."
    )
    return Resampled(more, labels, None, note)


def _noisy(X: Array, y: Array, seed: int, categories: tuple[int, ...]) -> Resampled:
    """Add copies with Gaussian noise, which smooths what is learned (Bishop, 1995); words and marks stay as they are."""
    spread = np.zeros(X.shape[1])
    for position in range(X.shape[1]):
        known = X[~np.isnan(X[:, position]), position]
        if position not in categories and len(np.unique(known)) > 2:
            spread[position] = known.std()
    if not spread.any():
        raise ValueError("No column holds numbers that noise could be added to.")
    rng = np.random.default_rng(seed)
    copies = [X + NOISE * spread * rng.standard_normal(X.shape) for _ in range(COPIES)]
    note = f"{COPIES * len(X):,} copies were added, their numbers moved by {NOISE:g} standard deviations."
    return Resampled(np.concatenate([X, *copies]), np.tile(y, COPIES + 1), None, note)


def rows_after(method: str, y: Array) -> float:
    """Return how many rows a way leaves or makes for each row there was.

    Parameters
    ----------
    method : str
        A name of `METHODS`, empty for none.
    y : ndarray, shape (n,)
        Class codes or values.
    """
    if method == "jitter":
        return COPIES + 1.0
    if method in ("", "weights"):
        return 1.0
    counts = np.unique(y, return_counts=True)[1]
    return float(len(counts) * (counts.min() if method == "under" else counts.max()) / counts.sum())


def weight_arguments(estimator: Any, weights: Array | None) -> dict[str, Array]:
    """Return how weights are handed to an estimator's `fit`; raises ValueError when it takes none."""
    from sklearn.utils.validation import has_fit_parameter

    if weights is None:
        return {}
    if not has_fit_parameter(estimator, "sample_weight"):
        raise ValueError("This model cannot weigh rows, so labels cannot be weighed evenly.")
    return {"sample_weight": weights}


def numeric_share(schema: Schema) -> float:
    """Return the share of numeric columns, 0 to 1."""
    return len(schema.of_kind("number")) / max(len(schema.names), 1)


def applicable(method: Method, y: Array, *, n_classes: int, numeric_share: float) -> Decision[bool]:
    """Decide whether a way is worth candidates of its own for a table.

    Parameters
    ----------
    method : Method
    y : ndarray, shape (n,)
        Class codes or values of all rows that are learned from.
    n_classes : int
        0 for regression.
    numeric_share : float
        Share of the columns that are numbers.
    """
    rows = len(y)
    if method == "jitter":
        if rows >= SMALL:
            return Decision(False, f"Noisy copies help small tables; {rows:,} rows are not below {SMALL:,}.")
        if numeric_share < NUMERIC:
            return Decision(False, f"Only {numeric_share:.0%} of the columns are numbers, which noise can be added to.")
        return Decision(True, f"{rows:,} rows are few, and {numeric_share:.0%} of the columns are numbers.")
    if not n_classes:
        return Decision(False, "Only labels can be balanced, and the target is a number.")
    counts = np.unique(y, return_counts=True)[1]
    smallest, ratio = int(counts.min()), float(counts.max() / counts.min())
    if ratio < UNEVEN:
        return Decision(False, f"The most frequent label has {ratio:.1f} rows for one of the rarest, which is even enough.")
    fewest = FEWEST.get(method, 0)
    if smallest < fewest:
        return Decision(False, f"The rarest label has {smallest:,} rows; {fewest:,} are needed.")
    if method in ("smote", "borderline"):
        if numeric_share < NUMERIC:
            return Decision(False, f"Only {numeric_share:.0%} of the columns are numbers, between which rows can be made.")
        if len(counts) * int(counts.max()) > MOST_MADE:
            return Decision(False, f"The table would grow to more than {MOST_MADE:,} rows.")
    return Decision(True, f"The most frequent label has {ratio:.1f} rows for one of the rarest.")


def with_resampling(spec: Spec, method: Method) -> Spec:
    """Return a copy of a candidate that learns from resampled rows, with an id and a name that say so."""
    return replace(spec, id=f"{spec.id}-{method}", name=f"{spec.name}, {METHODS[method]}", resampling=method)


def balancing_specs(
    task: Task, y: Array, *, n_classes: int, numeric_share: float, known: Mapping[str, Spec] | None = None
) -> list[Spec]:
    """Return the candidates that try a resampling on this table, most promising first; none where nothing speaks for it.

    Parameters
    ----------
    task : Task
    y : ndarray, shape (n,)
        Class codes or values of all rows that are learned from.
    n_classes : int
        0 for regression.
    numeric_share : float
        See `numeric_share`.
    known : mapping of str to Spec, optional
        The candidates that copies are made of; by default the catalogue and the portfolio.
    """
    specs = {**catalogue(task), **portfolio(task)} if known is None else known
    return [
        with_resampling(specs[name], method)
        for method, names in PLAN
        if applicable(method, y, n_classes=n_classes, numeric_share=numeric_share).value
        for name in names
        if name in specs
    ]
