"""Ranges of predictions: between which values a true value lies, or among which labels, with a chosen certainty.

Learned from predictions for rows that the predicting model had not learned from (cross-conformal prediction: Vovk,
Cross-conformal predictors, 2015), so that nothing is assumed of the model. Values: signed errors give each end its own
quantile (Linusson, Johansson and Löfström, Signed-error conformal regression, 2014), apart for low and high predictions,
since errors grow with the value as a rule (Mondrian regression: Boström and Johansson, 2020). Labels: a label belongs to
the set where its probability is not lower than that of almost all rows that had it (Sadinle, Lei and Wasserman, Least
ambiguous set-valued classifiers, 2019), with a limit for each label, so that rare ones are covered as often as others.
The exported model averages the models that were measured and errs a little less, so ranges are rather too wide.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.errors import FormatError, InputError

if TYPE_CHECKING:
    from automl_core.scoring.bundle import Model

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
LEVELS = tuple(round(level / 100, 2) for level in range(50, 100))
"""Certainties that can be asked for."""
COVERAGE = 0.9
"""The one that is used where none is asked for."""
GROUPS, GROUP_ROWS = 10, 150
"""Most groups of predictions with ranges of their own, and rows that each needs at least."""
OWN_LIMITS = "each label has a limit of its own, so that rare labels are covered as often as frequent ones"
"""Why a label can be possible while a more probable one is not, see `passed_over`."""


@dataclass(frozen=True)
class Conformal:
    """What ranges are made of; quantiles only, no row's own error can be told from it but the largest ones.

    Parameters
    ----------
    rows : int
        How many it was learned from.
    edges : tuple of float
        Regression: predictions that part the groups, ascending, one fewer than there are groups.
    low, high : tuple of tuple of float or None
        Regression: for each group and each of `LEVELS`, what is added to a prediction for both ends, in the target's unit;
        None where too few rows can tell.
    least : tuple of tuple of float or None
        Classification: for each label and each of `LEVELS`, from which probability on the label belongs to the set.
    together : tuple of str
        Labels with too few rows for a limit of their own; the one over all rows stands for them.
    """

    rows: int
    edges: tuple[float, ...] = ()
    low: tuple[tuple[float | None, ...], ...] = ()
    high: tuple[tuple[float | None, ...], ...] = ()
    least: tuple[tuple[float | None, ...], ...] = ()
    together: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"format": 1, "levels": list(LEVELS), **asdict(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Conformal:
        """Rebuild from `to_dict`'s output; raises FormatError for another format version or a damaged one."""
        if data.get("format") != 1:
            raise FormatError(f"These ranges have format {data.get('format')!r}.", "This version reads format 1.")
        try:
            if tuple(data["levels"]) != LEVELS:
                raise FormatError("These ranges are for other certainties.", action="Export the model again.")
            nested = {name: tuple(tuple(row) for row in data[name]) for name in ("low", "high", "least")}
            return cls(int(data["rows"]), tuple(data["edges"]), **nested, together=tuple(data["together"]))
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, FormatError):
                raise
            raise FormatError(f"These ranges are damaged: {error!r}.", action="Export the model again.") from error

    def interval(self, values: Array, coverage: float = COVERAGE) -> tuple[Array, Array]:
        """Return the lower and the upper ends of predicted values, shape (n,) each; infinite where nothing can be told."""
        place = _place(coverage)
        group = np.searchsorted(np.array(self.edges), values, side="right")
        low = np.array([-np.inf if row[place] is None else row[place] for row in self.low], dtype=np.float64)
        high = np.array([np.inf if row[place] is None else row[place] for row in self.high], dtype=np.float64)
        return values + low[group], values + high[group]

    def sets(self, proba: Array, coverage: float = COVERAGE) -> Bools:
        """Return which labels each row may have, shape (n, n_classes); may be none, see `ranges`."""
        place = _place(coverage)
        least = np.array([-np.inf if row[place] is None else row[place] for row in self.least], dtype=np.float64)
        return np.asarray(proba >= least)


def ranges(model: Model, values: Array, coverage: float = COVERAGE, *, index: pd.Index | None = None) -> pd.DataFrame:
    """Return for predictions of a model between what the truth lies, with a chosen certainty.

    Parameters
    ----------
    model : Model
    values : ndarray, shape (n, n_classes) or (n,)
        What `Model.predict_values` gave.
    coverage : float
        One of `LEVELS`: of 100 rows like those learned from, so many lie inside on average.
    index : Index, optional
        Of the result.

    Returns
    -------
    DataFrame, shape (n, 2) or (n, 1)
        Regression: ``low`` and ``high``. Classification: ``labels``, a tuple of labels for each row, the most probable
        first; the predicted label is always among them.

    Raises
    ------
    InputError
        When the model has no ranges, or for another certainty.
    """
    told = conformal_of(model)
    if told is None:
        raise InputError(
            f"{model.name} carries no ranges.",
            "They are learned when a model is packed, since this version.",
            "Pack the model again.",
        )
    if not model.classes:
        low, high = told.interval(values, coverage)
        return pd.DataFrame({"low": low, "high": high}, index=index)
    inside = label_sets(model, told, values, coverage)
    order = np.argsort(-values, axis=1, kind="stable")
    names = [tuple(model.classes[code] for code in row if kept[code]) for row, kept in zip(order, inside, strict=True)]
    return pd.DataFrame({"labels": pd.Series(names, dtype=object, index=index)}, index=index)


def label_sets(model: Model, told: Conformal, values: Array, coverage: float = COVERAGE) -> Bools:
    """Return which labels each row may have, the predicted one among them, shape (n, n_classes)."""
    inside = told.sets(values, coverage)
    inside[np.arange(len(values)), model.codes(values)] = True
    return inside


def passed_over(model: Model, told: Conformal, values: Array, coverage: float = COVERAGE) -> Bools:
    """Return in which rows a label is possible while a more probable one is not, shape (n,); see `OWN_LIMITS`."""
    least = np.where(told.sets(values, coverage), values, np.inf).min(axis=1)
    most = np.where(label_sets(model, told, values, coverage), -np.inf, values).max(axis=1)
    return np.asarray(least < most)


def conformal_of(model: Model) -> Conformal | None:
    """Return what a model's ranges are made of, None for models without."""
    stored = model.manifest.get("conformal")
    return Conformal.from_dict(stored) if stored else None


def fit_conformal(truth: Array, values: Array, classes: tuple[str, ...]) -> Conformal:
    """Learn ranges.

    Parameters
    ----------
    truth : ndarray, shape (n,)
        Class codes or values.
    values : ndarray, shape (n, n_classes) or (n,)
        Predictions by models that did not learn from these rows.
    classes : tuple of str
        Empty for regression.
    """
    return _fit_labels(truth.astype(np.int64), values, classes) if classes else _fit_values(truth, values)


def _fit_values(truth: Array, values: Array) -> Conformal:
    n = len(truth)
    groups = int(np.clip(n // GROUP_ROWS, 1, GROUPS))
    edges = np.unique(np.quantile(values, np.arange(1, groups) / groups)) if groups > 1 else np.empty(0)
    group = np.searchsorted(edges, values, side="right")
    error = truth - values
    everything = np.sort(error)
    low, high = [], []
    for number in range(len(edges) + 1):
        own = np.sort(error[group == number])
        own = own if len(own) >= GROUP_ROWS else everything  # many predictions alike leave a group with few rows
        low.append(tuple(_first(_end(own, level), _end(everything, level)) for level in LEVELS))
        ends = ((_end(-own[::-1], level), _end(-everything[::-1], level)) for level in LEVELS)
        high.append(tuple(_opposite(_first(*pair)) for pair in ends))
    return Conformal(n, tuple(float(edge) for edge in edges), tuple(low), tuple(high))


def _end(ascending: Array, level: float) -> float | None:
    """Return the lower end of an equal-tailed range: at most half of what is left may lie below, one more row counted."""
    place = math.floor((len(ascending) + 1) * (1 - level) / 2 + 1e-9)
    return float(ascending[place - 1]) if place >= 1 else None


def _first(own: float | None, of_all: float | None) -> float | None:
    """Return the end that the group tells, or that of all rows where the group is too small for so high a certainty."""
    return of_all if own is None else own


def _opposite(value: float | None) -> float | None:
    return None if value is None else -value


def _fit_labels(truth: npt.NDArray[np.int64], values: Array, classes: tuple[str, ...]) -> Conformal:
    own = values[np.arange(len(truth)), truth]
    everything = tuple(_least(np.sort(own), level) for level in LEVELS)
    least, together = [], []
    for code, name in enumerate(classes):
        here = np.sort(own[truth == code])
        if len(here) + 1 < 1 / (1 - LEVELS[-1]):
            together.append(name)
            least.append(everything)
        else:
            least.append(tuple(_least(here, level) for level in LEVELS))
    return Conformal(len(truth), least=tuple(least), together=tuple(together))


def _least(ascending: Array, level: float) -> float | None:
    place = math.floor((len(ascending) + 1) * (1 - level) + 1e-9)
    return float(ascending[place - 1]) if place >= 1 else None


def _place(coverage: float) -> int:
    for place, level in enumerate(LEVELS):
        if math.isclose(level, coverage, abs_tol=1e-9):
            return place
    raise InputError(
        f"The certainty is {coverage!r}.", "It must be a whole number of percent, from 0.50 to 0.99.", "Choose one, such as 0.9."
    )
