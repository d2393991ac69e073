"""The fitted heart of a model: the fold models of one or more candidates, averaged by weight."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.scoring.calibration import Calibration, log_odds
from automl_core.scoring.distinct import DistinctWords
from automl_core.scoring.values import predict_values

Array = npt.NDArray[np.float64]


def tempered(values: Array, temperature: float) -> Array:
    """Return probabilities of another temperature: below 1 sharper, above 1 flatter, 1 as they are.

    Parameters
    ----------
    values : ndarray, shape (n, n_classes) or (n,)
        Values of a regression come back as they are.
    temperature : float
    """
    if values.ndim != 2 or temperature == 1.0 or not len(values):
        return values
    powers = np.log(np.clip(values, 1e-300, None)) / temperature
    powers = np.exp(powers - powers.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


Line = tuple[float, float]
STRAIGHT: Line = (0.0, 1.0)
MANY = 500
"""Rows from which on threads are worth their start."""
SECOND = "second.skops"
"""The file of a second level's model, in a run's folder of the row and in an export."""


def on_line(values: Array, line: Line) -> Array:
    """Return values moved onto a line, its height and its slope; probabilities come back as they are."""
    return values if values.ndim != 1 or line == STRAIGHT else np.asarray(line[0] + line[1] * values)


@dataclass
class Member:
    """One fitted estimator of one fold.

    Parameters
    ----------
    candidate : str
        Id of the candidate it belongs to.
    view : str
        Which of the fold's preprocessors it needs.
    weight : float
    estimator : object
    """

    candidate: str
    view: str
    weight: float
    estimator: Any


@dataclass
class Fold:
    """What one fold left: a fitted preprocessor for each view, and the members fitted on it."""

    preprocessors: dict[str, Any]
    members: list[Member]
    quick: dict[str, DistinctWords] = field(default_factory=dict, repr=False, compare=False)

    def transform(self, view: str, frame: pd.DataFrame, words: dict[str, tuple[Any, Any]] | None = None) -> Array:
        """Return the rows as this fold's models of one view get them, shape (n, n_features).

        `words` is filled with what `DistinctWords` finds out about the columns of this frame, for other folds and views.
        """
        preprocessor = self.preprocessors[view]
        with warnings.catch_warnings():
            # Values never seen are told by `Model.compare_columns`, in words and with counts.
            warnings.simplefilter("ignore", UserWarning)
            if hasattr(preprocessor, "positions_") or not hasattr(preprocessor, "transformers_"):
                return np.asarray(preprocessor.transform(frame), dtype=np.float64)
            if view not in self.quick:
                self.quick[view] = DistinctWords(preprocessor)
            return self.quick[view].transform(frame, {} if words is None else words)


@dataclass(frozen=True)
class Part:
    """Where the files of one fold lie, relative to `models/` of an archive: preprocessors by view, and the members.

    Each member is ``(candidate, view, weight, file)``.
    """

    preprocessors: dict[str, str]
    members: tuple[tuple[str, str, float, str], ...]

    def files(self) -> list[str]:
        """Return the names of all files."""
        return [*self.preprocessors.values(), *(file for *_, file in self.members)]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"preprocessors": self.preprocessors, "members": [list(member) for member in self.members]}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Part:
        """Rebuild from `to_dict`'s output."""
        members = tuple((str(name), str(view), float(weight), str(file)) for name, view, weight, file in data["members"])
        return cls({str(view): str(file) for view, file in data["preprocessors"].items()}, members)


@dataclass(frozen=True)
class SecondLevel:
    """A model over the predictions of others (Wolpert, 1992).

    Parameters
    ----------
    candidates : tuple of str
        Whose predictions it gets, in this order.
    estimator : object
        Fitted on `level_matrix` of out-of-fold predictions.
    """

    candidates: tuple[str, ...]
    estimator: Any


def level_matrix(predictions: Sequence[Array]) -> Array:
    """Return what a second level learns from: values, or the log-odds of every label but the first.

    Parameters
    ----------
    predictions : sequence of ndarray, shape (n, n_classes) or (n,)
        Of each candidate.
    """
    parts = [log_odds(one[:, 1:]) if one.ndim == 2 else one[:, None] for one in predictions]
    return np.hstack([np.clip(part, -30, 30) if one.ndim == 2 else part for part, one in zip(parts, predictions, strict=True)])


@contextmanager
def _spread(threads: int) -> Iterator[Callable[..., Iterable[Any]]]:
    """Give what applies a function to each of several things, in so many threads, and yields the results in order."""
    if threads < 2:
        yield map
        return
    with ThreadPoolExecutor(threads) as pool:
        yield pool.map


def _predict_member(member: Member, *, views: Mapping[str, Array], n_classes: int) -> Array:
    return predict_values(member.estimator, views[member.view], n_classes)


class FoldEnsemble:
    """Average of fold models (bagging) over one or more candidates.

    Every fold's preprocessing is done once a view and shared by its members. Averaging the models of the folds is
    cross-validated bagging: it needs no refit and is as a rule a little better than one model on all rows (Breiman,
    1996; Parmanto, Munro and Doyle, 1996).

    Parameters
    ----------
    folds : list of Fold
        Each has at least one member.
    n_classes : int
        0 for regression.
    temperature : float
        Of the averaged probabilities, see `tempered`.
    line : tuple of float
        Height and slope of the line that averaged values are moved onto, see `on_line`.
    second : SecondLevel, optional
        What takes the place of the average over candidates; each one's folds are averaged all the same.
    calibration : Calibration, optional
        What the probabilities go through at the end.
    threads : int
        Members of a fold that predict `MANY` rows and more at the same time.
    """

    def __init__(
        self,
        folds: list[Fold],
        n_classes: int,
        temperature: float = 1.0,
        line: Line = STRAIGHT,
        second: SecondLevel | None = None,
        calibration: Calibration | None = None,
        threads: int = 1,
    ) -> None:
        self.folds = folds
        self.n_classes = n_classes
        self.temperature = temperature
        self.line = line
        self.second = second
        self.calibration = calibration
        self.threads = threads

    @classmethod
    def load(
        cls,
        parts: Sequence[Part],
        read: Callable[[str], Any],
        n_classes: int,
        temperature: float = 1.0,
        line: Line = STRAIGHT,
        stack: Mapping[str, Any] | None = None,
        calibration: Mapping[str, Any] | None = None,
        threads: int = 1,
    ) -> FoldEnsemble:
        """Put an ensemble together from its files; `read` gives the fitted object of a file's name.

        `stack` names the ``candidates`` of a second level and its ``file``; `calibration` is that of `Calibration.to_dict`.
        So many `threads` read, and predict later.
        """
        names = [file for part in parts for file in part.files()]
        with _spread(threads) as over:
            found = dict(zip(names, over(read, names), strict=True))
        folds = []
        for part in parts:
            preprocessors = {view: found[file] for view, file in part.preprocessors.items()}
            members = [Member(name, view, weight, found[file]) for name, view, weight, file in part.members]
            folds.append(Fold(preprocessors, members))
        second = SecondLevel(tuple(stack["candidates"]), read(stack["file"])) if stack else None
        smooth = Calibration.from_dict(dict(calibration)) if calibration else None
        return cls(folds, n_classes, temperature, line, second, smooth, threads)

    def members(self) -> Iterator[tuple[Fold, Member, float]]:
        """Yield each member with its fold and its share of the prediction; the shares sum to 1."""
        total = sum(member.weight for fold in self.folds for member in fold.members)
        for fold in self.folds:
            for member in fold.members:
                yield fold, member, member.weight / total

    def predict_values(self, frame: pd.DataFrame) -> Array:
        """Predict rows.

        Parameters
        ----------
        frame : DataFrame, shape (n, n_columns)
            Typed features after the stateless steps.

        Returns
        -------
        ndarray, shape (n, n_classes) or (n,)
            Probabilities, or values in the target's unit.
        """
        if not len(frame):
            return np.zeros((0, self.n_classes) if self.n_classes else 0)
        return self.put_together(self._predictions(frame))

    def _predictions(self, frame: pd.DataFrame) -> Iterator[tuple[str, float, Array]]:
        words: dict[str, tuple[Any, Any]] = {}
        total = sum(member.weight for fold in self.folds for member in fold.members)
        with _spread(self.threads if len(frame) >= MANY else 1) as over:
            for fold in self.folds:
                views = {view: fold.transform(view, frame, words) for view in {member.view: None for member in fold.members}}
                work = partial(_predict_member, views=views, n_classes=self.n_classes)
                for member, values in zip(fold.members, over(work, fold.members), strict=True):
                    yield member.candidate, member.weight / total, values

    def put_together(self, predictions: Iterable[tuple[str, float, Array]]) -> Array:
        """Return what the predictions of all members come to.

        Parameters
        ----------
        predictions : iterable of tuple (candidate, share, ndarray)
            In the order of `members`; each array is of shape (n, n_classes) or (n,).
        """
        sums: dict[str, Array] = {}
        shares: dict[str, float] = {}
        for candidate, share, found in predictions:
            name = candidate if self.second else ""
            sums[name] = sums[name] + share * found if name in sums else share * found
            shares[name] = shares.get(name, 0.0) + share
        if self.second is not None:
            level = level_matrix([sums[name] / shares[name] for name in self.second.candidates])
            values = predict_values(self.second.estimator, level, self.n_classes)
        else:
            values = sums[""]
        values = on_line(tempered(values, self.temperature), self.line)
        return values if self.calibration is None else self.calibration.apply(values)
