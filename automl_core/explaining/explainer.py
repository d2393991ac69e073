"""What each of the person's columns adds to a model's predictions: the members' own contributions, weighted and summed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.cleaning.lineage import origins
from automl_core.cleaning.preprocessing import source_columns
from automl_core.explaining.attribution import Attribution, Background, attribute
from automl_core.explaining.quick_rows import QuickRows
from automl_core.explaining.readable import outputs_of
from automl_core.scoring.bundle import Model
from automl_core.scoring.ensemble import on_line, tempered

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
BACKGROUND = 10
"""Rows that stand for "not known" where a method needs some."""


@dataclass(frozen=True)
class MemberShare:
    """How one candidate of a model was explained, over its fold models.

    Parameters
    ----------
    candidate : str
    weight : float
        Its share of the prediction.
    models : int
        Fold models.
    method : str
        For people.
    exact : bool
        Whether every contribution is exact; otherwise sampled.
    gap, allowed : float
        See `attribution.Attribution`; the worst of the fold models.
    rescaled : bool
        Whether contributions to another scale were stretched.
    error : float
        Mean standard error of its contributions; 0 where exact.
    seconds : float
    """

    candidate: str
    weight: float
    models: int
    method: str
    exact: bool
    gap: float
    allowed: float
    rescaled: bool
    error: float
    seconds: float

    @property
    def adds_up(self) -> bool:
        """Whether base and contributions are the raw output."""
        return self.gap <= self.allowed


@dataclass(frozen=True)
class Shares:
    """What each column adds to some predictions.

    Parameters
    ----------
    columns : tuple of str
        As uploaded; those that the model uses.
    outputs : tuple of str
    values : ndarray, shape (n, n_columns, n_outputs)
        On the scale of `scale`.
    base : ndarray, shape (n_outputs,)
    error : ndarray, shape (n, n_columns, n_outputs)
        Standard errors; 0 where exact.
    predicted : ndarray, shape (n, n_classes) or (n,)
        The model's own predictions.
    members : tuple of MemberShare
        Heaviest first.
    """

    columns: tuple[str, ...]
    outputs: tuple[str, ...]
    values: Array
    base: Array
    error: Array
    predicted: Array
    members: tuple[MemberShare, ...]

    @property
    def scale(self) -> str:
        """``value``, or ``log_odds``: of the event for two classes, else of each class against all of them."""
        return "value" if self.predicted.ndim == 1 else "log_odds"

    @property
    def exact(self) -> bool:
        """Whether nothing was sampled."""
        return all(member.exact for member in self.members)

    @property
    def summed(self) -> Array:
        """What base and contributions say, in the unit of the predictions, shape (n, n_outputs)."""
        return linked(self.base + self.values.sum(axis=1), self.scale)

    @property
    def gaps(self) -> Array:
        """How far `summed` is from the model's own prediction, shape (n, n_outputs)."""
        own = self.predicted[:, None] if self.predicted.ndim == 1 else self.predicted
        return np.asarray(self.summed - (own[:, 1:] if own.shape[1] == 2 else own))


def linked(raw: Array, scale: str) -> Array:
    """Return what raw scores, shape (..., n_outputs), are in the unit of the predictions."""
    from scipy.special import expit, softmax

    if scale == "value":
        return raw
    return np.asarray(expit(raw) if raw.shape[-1] == 1 else softmax(raw, axis=-1), dtype=np.float64)


class Explainer:
    """Explains one model again and again; what a method needs is made once.

    Parameters
    ----------
    model : Model
    background : DataFrame, shape (n, n_used)
        Typed rows, as `Model.checked` gives them, that stand for "not known" where a method needs some.
    """

    def __init__(self, model: Model, background: pd.DataFrame) -> None:
        self.model = model
        self.columns = tuple(str(name) for name in model.used)
        self._made_of = origins(model.recipe, model.inputs)
        self._rows = background[list(self.columns)].reset_index(drop=True)
        self._known: dict[tuple[int, str], tuple[Ints, Array, Background]] = {}
        self._quick: dict[tuple[int, str], QuickRows] = {}

    def share(
        self, typed: pd.DataFrame, *, rounds: int = 1, seed: int = 0, check: bool = True, draws: int | None = None
    ) -> Shares:
        """Share out the predictions of rows.

        The prediction of an ensemble is a mean of its members' predictions. On the raw scale their contributions are
        averaged by weight instead, which is exact for numbers; for probabilities `Shares.gaps` says how far off it is.

        Parameters
        ----------
        typed : DataFrame, shape (n, n_columns)
            As `Model.checked` gives it.
        rounds : int
            For members that are sampled, see `sampling.sample_shapley`.
        seed : int
        check : bool
            Whether each member's sum is checked again, see `attribution.attribute`.
        draws : int, optional
            For members that are sampled: how many rows of the background are used, by default all.
        """
        model, ensemble = self.model, self.model.ensemble
        features = model.features(typed)
        n, outputs, classes = len(typed), outputs_of(model), len(model.classes)
        values, error = (np.zeros((n, len(self.columns), len(outputs))) for _ in range(2))
        base, predicted = np.zeros(len(outputs)), np.zeros((n, classes) if classes else n)
        views: dict[tuple[int, str], Array] = {}
        told: dict[str, list[tuple[float, Attribution, float]]] = {}
        for place, (fold, member, share) in enumerate(ensemble.members()):
            key = (id(fold), member.view)
            if key not in views:
                views = {old: view for old, view in views.items() if old[0] == id(fold)}
                if key not in self._quick:
                    self._quick[key] = QuickRows(fold, member.view)
                views[key] = self._quick[key].transform(features)
            groups, spread, background = self._layout(fold, member.view)
            start = time.perf_counter()
            found = attribute(
                member.estimator, views[key], classes, groups, background,
                rounds=rounds, seed=seed + place, check=check, draws=draws,
            )  # fmt: skip
            told.setdefault(member.candidate, []).append((share, found, time.perf_counter() - start))
            values += share * np.einsum("ngo,gc->nco", found.values, spread)
            if found.error is not None:
                error += np.einsum("ngo,gc->nco", (share * found.error) ** 2, spread**2)
            base += share * found.base
            predicted += share * found.probabilities
        predicted = on_line(tempered(predicted, ensemble.temperature), ensemble.line)
        height, slope = ensemble.line if not classes else (0.0, 1.0 / ensemble.temperature)
        members = tuple(_member(name, parts) for name, parts in told.items())
        return Shares(
            self.columns,
            outputs,
            values * slope,
            height + base * slope,
            np.sqrt(error) * abs(slope),
            predicted,
            tuple(sorted(members, key=lambda entry: -entry.weight)),
        )

    @property
    def background(self) -> pd.DataFrame:
        """The rows that stand for "not known"."""
        return self._rows

    def _layout(self, fold: Any, view: str) -> tuple[Ints, Array, Background]:
        """Return for a fold's view the group of each feature, the share of each group in each column, and its background."""
        key = (id(fold), view)
        if key not in self._known:
            sources = source_columns(fold.preprocessors[view])
            names = list(dict.fromkeys(sources))
            groups = np.array([names.index(name) for name in sources], dtype=np.int64)
            spread = np.zeros((len(names), len(self.columns)))
            for place, name in enumerate(names):
                mine = [self.columns.index(column) for column in self._made_of.get(name, {name}) if column in self.columns]
                spread[place, mine] = 1 / len(mine)
            rows = fold.transform(view, self.model.features(self._rows))
            self._known[key] = groups, spread, Background(rows)
        return self._known[key]


def _member(candidate: str, parts: list[tuple[float, Attribution, float]]) -> MemberShare:
    worst = max((found for _, found, _ in parts), key=lambda found: found.gap / found.allowed)
    sampled = next((found for _, found, _ in parts if not found.exact), None)
    errors = [float(np.nanmean(found.error)) if found.error is not None and found.error.size else 0.0 for _, found, _ in parts]
    return MemberShare(
        candidate,
        float(sum(share for share, _, _ in parts)),
        len(parts),
        (sampled or worst).method,
        sampled is None,
        worst.gap,
        worst.allowed,
        any(found.rescaled for _, found, _ in parts),
        float(np.mean(errors)),
        float(sum(seconds for _, _, seconds in parts)),
    )


def draw_background(typed: pd.DataFrame, seed: int, rows: int = BACKGROUND) -> pd.DataFrame:
    """Return some rows that stand for "not known"."""
    chosen = np.sort(np.random.default_rng(seed).permutation(len(typed))[:rows])
    return typed.iloc[chosen].reset_index(drop=True)
