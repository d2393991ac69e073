"""What each of the person's columns adds to a model's predictions: the members' own contributions, weighted and summed."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.cleaning.lineage import origins
from automl_core.cleaning.preprocessing import source_columns
from automl_core.explaining.attribution import Attribution, Background, attribute
from automl_core.explaining.linear import coefficients_of
from automl_core.explaining.readable import outputs_of
from automl_core.scoring.bundle import Model
from automl_core.scoring.ensemble import Fold, FoldEnsemble
from automl_core.scoring.fast.preparing import FastPreparation, checked_preparation
from automl_core.scoring.fast.rows import TypedRow, rows_of

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
BACKGROUND = 10
"""Rows that stand for "not known" where a method needs some."""
FEW = 8
"""Rows up to which each is prepared by itself: a form and a service ask for one at a time."""


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


@dataclass(frozen=True)
class _Layout:
    """How a fold's view is made of columns.

    `groups` is the group of each feature, `spread` the share of each group in each column, `fast` prepares a single row.
    """

    groups: Ints
    spread: Array
    background: Background
    fast: FastPreparation | None


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
        self._known: dict[tuple[int, str], _Layout] = {}

    def share(
        self, typed: pd.DataFrame, *, rounds: int = 1, seed: int = 0, check: bool = True, draws: int | None = None
    ) -> Shares:
        """Share out the predictions of rows.

        The prediction of an ensemble is a mean of its members' predictions. On the raw scale their contributions are
        averaged by weight instead, which is exact for numbers; for probabilities `Shares.gaps` says how far off it is.
        What a straight line does to the average afterwards is done to the contributions as well.

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
        base, predicted, line = np.zeros(len(outputs)), [], raw_line(ensemble)
        few = rows_of(features) if n <= FEW else []
        views: dict[tuple[int, str], Array] = {}
        told: dict[str, list[tuple[float, Attribution, float]]] = {}
        for place, (fold, member, share) in enumerate(ensemble.members()):
            key = (id(fold), member.view)
            if key not in views:
                views = {old: view for old, view in views.items() if old[0] == id(fold)}
                views[key] = self._prepared(fold, member.view, features, few)
            layout = self._layout(fold, member.view)
            start = time.perf_counter()
            found = attribute(
                member.estimator, views[key], classes, layout.groups, layout.background,
                rounds=rounds, seed=seed + place, check=check, draws=draws,
            )  # fmt: skip
            told.setdefault(member.candidate, []).append((share, found, time.perf_counter() - start))
            weight = share * line.slopes.get(member.candidate, 1.0)
            values += weight * np.einsum("ngo,gc->nco", found.values, layout.spread)
            if found.error is not None:
                error += np.einsum("ngo,gc->nco", (weight * found.error) ** 2, layout.spread**2)
            base += weight * found.base
            predicted.append((member.candidate, share, found.probabilities))
        members = tuple(_member(name, parts) for name, parts in told.items())
        return Shares(
            self.columns,
            outputs,
            values * line.slope,
            line.height + base * line.slope,
            np.sqrt(error) * abs(line.slope),
            ensemble.put_together(predicted),
            tuple(sorted(members, key=lambda entry: -entry.weight)),
        )

    @property
    def background(self) -> pd.DataFrame:
        """The rows that stand for "not known"."""
        return self._rows

    def _prepared(self, fold: Fold, view: str, features: pd.DataFrame, few: list[TypedRow]) -> Array:
        fast = self._layout(fold, view).fast
        if fast is None or not few:
            return fold.transform(view, features)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # values never seen, as in `Fold.transform`
            return np.vstack([fast(row) for row in few])

    def _layout(self, fold: Fold, view: str) -> _Layout:
        key = (id(fold), view)
        if key not in self._known:
            sources = source_columns(fold.preprocessors[view])
            names = list(dict.fromkeys(sources))
            place_of = {name: place for place, name in enumerate(names)}
            groups = np.array([place_of[name] for name in sources], dtype=np.int64)
            spread = np.zeros((len(names), len(self.columns)))
            for place, name in enumerate(names):
                mine = [self.columns.index(column) for column in self._made_of.get(name, {name}) if column in self.columns]
                spread[place, mine] = 1 / len(mine)
            features = self.model.features(self._rows)
            rows = fold.transform(view, features)
            fast = checked_preparation(fold.preprocessors[view], features, rows)
            self._known[key] = _Layout(groups, spread, Background(rows), fast)
        return self._known[key]


@dataclass(frozen=True)
class RawLine:
    """What becomes of the members' raw scores: ``height + slope * (sum of slopes[candidate] * share * score)``."""

    height: float
    slope: float
    slopes: dict[str, float]


def raw_line(ensemble: FoldEnsemble) -> RawLine:
    """Return the straight part of how an ensemble puts its members' predictions together, on the raw scale.

    For values and two classes a linear second level weighs log-odds or values, and a sigmoid calibration is a line over the
    log-odds. Anything bent (trees on top, isotonic calibration) is left out, and the gap of `Shares` tells.
    """
    height, slope = ensemble.line if not ensemble.n_classes else (0.0, 1.0 / ensemble.temperature)
    slopes: dict[str, float] = {}
    second, one = ensemble.second, ensemble.n_classes <= 2
    found = coefficients_of(second.estimator) if second is not None and one else None
    if second is not None and found is not None:
        shares: dict[str, float] = {}
        for _, member, share in ensemble.members():
            shares[member.candidate] = shares.get(member.candidate, 0.0) + share
        slopes = {name: float(weight) / shares[name] for name, weight in zip(second.candidates, found[0][0], strict=True)}
        height += slope * float(found[1][0])
    curves = ensemble.calibration.curves if ensemble.calibration is not None else ()
    if len(curves) == 1 and not curves[0].x:
        height, slope = curves[0].height + curves[0].slope * height, curves[0].slope * slope
    return RawLine(height, slope, slopes)


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
