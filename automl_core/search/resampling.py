"""Rare labels and small tables: rows weighed, made, left out or copied with noise, inside a training fold only.

None of it is ever done by itself: each way is a candidate of its own that has to score better than the model without it on
rows that were not touched. Made and weighed rows shift probabilities toward the rare labels, which the metric sees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast, get_args

import numpy as np
import numpy.typing as npt

from automl_core.engines.imblearn import Sampler, balanced_rows
from automl_core.experiment import Decision, Task
from automl_core.profiling.wording import number
from automl_core.schema import Schema
from automl_core.search.candidates import Spec, catalogue, portfolio

Array = npt.NDArray[Any]
Method = Literal["weights", "smote", "smotenc", "borderline", "under", "jitter"]

METHODS: dict[Method, str] = {
    "weights": "labels weighed evenly",
    "smote": "rare labels filled up (SMOTE)",
    "smotenc": "rare labels filled up, words among them (SMOTE-NC)",
    "borderline": "rare labels filled up at the border (Borderline-SMOTE)",
    "under": "frequent labels thinned out",
    "jitter": "with noisy copies",
}
"""What each way is called behind a model's name."""
SHORT: dict[Method, str] = {
    "weights": "weighing labels",
    "smote": "making rows of rare labels by SMOTE",
    "smotenc": "making rows of rare labels by SMOTE-NC",
    "borderline": "making rows of rare labels by Borderline-SMOTE",
    "under": "leaving out frequent rows",
}
"""What the ways to balance labels are called in a sentence."""

UNEVEN = 3.0
"""Rows of the most frequent label for one of the rarest, from which balancing is worth a try."""
ASKED = 2.0
"""The same, from which a person may ask why it was not."""
SMALL = 2000
"""Rows below which noisy copies are worth a try."""
FEWEST: dict[Method, int] = {"smote": 10, "smotenc": 10, "borderline": 20, "under": 500}
"""Rows that the rarest label needs in the whole table."""
MOST_MADE = 200_000
"""Rows beyond which no more are made: the fits would take too long for what they bring."""
NUMERIC = 0.5
"""Share of numeric columns from which a point between two rows, or near one, is like a row."""
MOST_MIXED, MOST_NUMBERS = 20_000, 20_000_000
"""Rows beyond which neighbours are not looked for among words, one by one as it is done there, and numbers that the neighbours
of all made rows may be."""
NEIGHBOURS = 5
NOISE, COPIES = 0.1, 2
"""Noise of a copy in standard deviations of its column, and copies of each row."""

PLAN: tuple[tuple[Method, tuple[str, ...]], ...] = (
    ("weights", ("lr", "lightgbm-own", "extra-own", "xgboost-own")),
    ("smote", ("lr", "extra-own")),
    ("smotenc", ("lightgbm-own",)),
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
    if method == "smotenc":
        return _mixed(X, y, seed, categories)
    if method in get_args(Sampler):
        return _balanced(cast(Sampler, method), X, y, seed, categories)
    raise ValueError(f"There is no resampling {method!r}; there are {', '.join(METHODS)}.")


def _weighed(X: Array, y: Array) -> Resampled:
    labels, place, counts = np.unique(y, return_inverse=True, return_counts=True)
    weights = len(y) / (len(labels) * counts)
    note = f"Rows weigh between {number(weights.min(), 2)} and {number(weights.max(), 2)}, so that every label weighs the same."
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


def _mixed(X: Array, y: Array, seed: int, categories: tuple[int, ...]) -> Resampled:
    """Make rows of numbers and of words: a number lies between two rows, a word is that of most neighbours; a gap is a word."""
    counts, filled, gaps = np.unique(y, return_counts=True)[1], X.copy(), dict[int, float]()
    width = X.shape[1] - len(categories)
    for place in categories:
        missing = np.isnan(X[:, place])
        if missing.any():
            gaps[place] = float(X[~missing, place].max(initial=-1.0)) + 1
            filled[missing, place] = gaps[place]
        width += len(np.unique(filled[:, place]))
    if NEIGHBOURS * int((counts.max() - counts).sum()) * width > MOST_NUMBERS:
        raise ValueError("There are too many different words to make rows among.")
    made = _balanced("smote", filled, y, seed, categories)
    for place, code in gaps.items():
        made.X[made.X[:, place] == code, place] = np.nan
    return replace(made, note=f"{made.note} A word is that of most neighbours.") if categories else made


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


def _none() -> bool:
    return False


def applicable(
    method: Method, y: Array, *, n_classes: int, numeric_share: float, gaps: Callable[[], bool] = _none
) -> Decision[bool]:
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
    gaps : callable
        Tells whether any of them is missing; asked only where it matters.
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
    if method == "smotenc":
        if numeric_share >= NUMERIC:
            return Decision(False, f"{numeric_share:.0%} of the columns are numbers, so all are taken as such.")
        if not numeric_share:
            return Decision(False, "No column is a number, between which rows can be made.")
        if rows > MOST_MIXED:
            return Decision(False, f"Neighbours among words are looked for up to {MOST_MIXED:,} rows; there are {rows:,}.")
        if gaps():
            return Decision(False, "Numbers are missing, and the models that read words as such get them so.")
    return Decision(True, f"The most frequent label has {ratio:.1f} rows for one of the rarest.")


def with_resampling(spec: Spec, method: Method) -> Spec:
    """Return a copy of a candidate that learns from resampled rows, with an id and a name that say so."""
    return replace(spec, id=f"{spec.id}-{method}", name=f"{spec.name}, {METHODS[method]}", resampling=method)


def not_tried(y: Array, *, n_classes: int, numeric_share: float, gaps: Callable[[], bool] = _none) -> str:
    """Return why labels are not balanced, or not in each way; empty where they are even, or each way is tried.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Class codes or values of all rows that are learned from.
    n_classes, numeric_share, gaps
        See `applicable`.
    """
    if not n_classes:
        return ""
    counts = np.unique(y, return_counts=True)[1]
    ratio = float(counts.max() / counts.min())
    if ratio < ASKED:
        return ""
    uneven = f"The most frequent label has {ratio:,.1f} rows for one of the rarest"
    if ratio < UNEVEN:
        return f"{uneven}, which is even enough: balancing is tried from {UNEVEN:g} on."
    found: dict[str, list[str]] = {}
    for method, name in SHORT.items():
        if method == ("smotenc" if numeric_share >= NUMERIC else "smote"):
            continue  # of the two, only the one that is made for such columns comes into question
        decision = applicable(method, y, n_classes=n_classes, numeric_share=numeric_share, gaps=gaps)
        if not decision.value:
            found.setdefault(decision.reason, []).append(name)
    told = "; ".join(f"{', '.join(names)} ({reason[0].lower()}{reason[1:-1]})" for reason, names in found.items())
    return f"{uneven}. Not tried: {told}." if told else ""


def balancing_specs(
    task: Task,
    y: Array,
    *,
    n_classes: int,
    numeric_share: float,
    gaps: Callable[[], bool] = _none,
    known: Mapping[str, Spec] | None = None,
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
    gaps : callable
        See `applicable`.
    known : mapping of str to Spec, optional
        The candidates that copies are made of; by default the catalogue and the portfolio.
    """
    specs = {**catalogue(task), **portfolio(task)} if known is None else known
    return [
        with_resampling(specs[name], method)
        for method, names in PLAN
        if applicable(method, y, n_classes=n_classes, numeric_share=numeric_share, gaps=gaps).value
        for name in names
        if name in specs
    ]
