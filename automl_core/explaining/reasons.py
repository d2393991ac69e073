"""Why a model predicts what it predicts: contributions, curves, what works together, a small tree, and whether to believe it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from automl_core.errors import FormatError, InputError
from automl_core.explaining.curves import Curve, curves
from automl_core.explaining.explainer import BACKGROUND, Explainer, MemberShare, Shares, draw_background
from automl_core.explaining.importance import Explanation
from automl_core.explaining.points import COLUMNS, Points, Together, points_of, together
from automl_core.explaining.sentences import Sentence, in_plain_words
from automl_core.explaining.surrogate import Surrogate, grow_surrogate
from automl_core.explaining.trust import Agreement, Stability, agreements, stability
from automl_core.profiling.wording import number, percent
from automl_core.scoring.bundle import Model

Tell = Callable[[float, str], None]
ROWS = (30, 1000)
"""Fewest and most rows whose predictions are shared out; between them the time decides."""
ENOUGH, FEW_DRAWS = 150, 4
LOOKED = 2000
"""Most rows that sentences and the small tree are made from."""


@dataclass(frozen=True)
class Reasons:
    """Why a model predicts what it predicts.

    Parameters
    ----------
    rows : int
        Whose predictions were shared out.
    outputs : tuple of str
    scale : str
        See `explainer.Shares.scale`.
    columns : tuple of str
        All that the model uses, most important first.
    base : tuple of float, shape (n_outputs,)
    mean : tuple of tuple of float, shape (n_outputs, n_columns)
        Mean size of a column's contribution.
    error : tuple of float, shape (n_columns,)
        Mean standard error of a column's contributions; 0 where they are exact.
    members : tuple of MemberShare
    gap : tuple of (float, float)
        Mean and largest distance between what base and contributions say and what the model predicts.
    points : Points
    curves : tuple of Curve
    together : tuple of Together
    surrogate : Surrogate or None
    stability : Stability
    agreement : tuple of Agreement
    sentences : tuple of Sentence
    notes : tuple of str
    seconds : float
    """

    rows: int
    outputs: tuple[str, ...]
    scale: str
    columns: tuple[str, ...]
    base: tuple[float, ...]
    mean: tuple[tuple[float, ...], ...]
    error: tuple[float, ...]
    members: tuple[MemberShare, ...]
    gap: tuple[float, float]
    points: Points
    curves: tuple[Curve, ...]
    together: tuple[Together, ...]
    surrogate: Surrogate | None
    stability: Stability
    agreement: tuple[Agreement, ...]
    sentences: tuple[Sentence, ...]
    notes: tuple[str, ...]
    seconds: float = 0.0

    @property
    def exact(self) -> bool:
        """Whether no contribution was sampled."""
        return all(member.exact for member in self.members)

    @property
    def foremost(self) -> int:
        """Place of the outcome that contributions move most, among those whose single rows are kept."""
        sizes = [sum(part) for part in self.mean[: len(self.points.outputs)]]
        return sizes.index(max(sizes))

    def size(self, column: str) -> float:
        """Return the mean size of a column's contributions, over all outputs."""
        return float(sum(part[self.columns.index(column)] for part in self.mean))

    def named(self, target: str) -> Reasons:
        """Return the same with the event of two labels called ``Survived = 1``, since a label such as 1 says nothing alone."""
        if self.scale != "log_odds" or len(self.outputs) != 1:
            return self
        event = (f"{target} = {self.outputs[0]}",)
        return replace(self, outputs=event, points=replace(self.points, outputs=event))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"format": 1, **asdict(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Reasons:
        """Rebuild from `to_dict`'s output; raises FormatError for another format version."""
        if data.get("format") != 1:
            raise FormatError(f"These reasons have format {data.get('format')!r}.", "This version reads format 1.")
        plain = {name: _tuples(value) for name, value in data.items() if name not in ("format", "surrogate")}
        plain |= {
            "members": tuple(MemberShare(**entry) for entry in data["members"]),
            "points": Points.from_dict(data["points"]),
            "curves": tuple(Curve.from_dict(entry) for entry in data["curves"]),
            "together": tuple(Together(**entry) for entry in data["together"]),
            "surrogate": Surrogate.from_dict(data["surrogate"]) if data["surrogate"] else None,
            "stability": Stability(**data["stability"]),
            "agreement": tuple(Agreement(**entry) for entry in data["agreement"]),
            "sentences": tuple(Sentence.from_dict(entry) for entry in data["sentences"]),
        }
        return cls(**plain)


def find_reasons(
    model: Model,
    frame: pd.DataFrame,
    *,
    importance: Explanation | None = None,
    seed: int = 0,
    seconds: float = 12.0,
    source: str = "held-out",
    tell: Tell = lambda fraction, doing: None,
) -> Reasons:
    """Find out why a model predicts what it predicts.

    Parameters
    ----------
    model : Model
    frame : DataFrame, shape (n, n_columns)
        Raw rows; labels are not needed.
    importance : Explanation, optional
        Of the same model, to compare its rankings.
    seed : int
    seconds : float
        About how long the sharing out may take; the curves may take as long, and checking half of it.
    source : str
        What the rows are, for the notes.
    tell : callable
        Gets how far it is, 0 to 1, and what is being done.

    Raises
    ------
    InputError
        When there are no rows.
    """
    began = time.perf_counter()
    if not len(frame):
        raise InputError("There are no rows to explain.", "At least one row is needed.", "Keep rows aside, or name a file.")
    typed = model.checked(frame)[list(model.used)].reset_index(drop=True)
    order = np.random.default_rng(seed).permutation(len(typed))
    looked = typed.iloc[np.sort(order[:LOOKED])].reset_index(drop=True)
    notes = [f"{len(looked):,} of {len(typed):,} {source} rows, drawn at random, were looked at."] if len(typed) > LOOKED else []
    tell(0.05, "Sharing out predictions")
    explainer = Explainer(model, draw_background(looked, seed))
    probe = min(5, len(looked))
    explainer.share(looked.iloc[:probe])
    start = time.perf_counter()
    explainer.share(looked.iloc[:probe])
    each = max((time.perf_counter() - start) / probe, 1e-9)
    draws = None
    if seconds / each < ENOUGH:  # slow members are sampled less, so that more rows can be looked at
        draws = FEW_DRAWS
        each *= FEW_DRAWS / BACKGROUND
    count = int(min(np.clip(seconds / each, *ROWS), len(looked)))
    chosen = looked.iloc[np.sort(np.random.default_rng(seed).permutation(len(looked))[:count])].reset_index(drop=True)
    shares = explainer.share(chosen, seed=seed, draws=draws)
    notes.append(f"Contributions are those of {count:,} {source} rows.")
    sizes = np.abs(shares.values).mean(axis=0)
    ranked = np.argsort(-sizes.sum(axis=1), kind="stable")
    columns = [shares.columns[place] for place in ranked]
    tell(0.4, "Setting columns to one value after the other")
    drawn = curves(model, looked, columns[:COLUMNS], seed=seed, seconds=seconds)
    if drawn:
        notes.append(f"Curves are means over {drawn[0].rows:,} {source} rows.")
    tell(0.75, "Growing a small tree, writing sentences")
    predicted = model.values_of(looked)
    by_column = {name: float(sizes[place].sum()) for name, place in zip(columns, ranked, strict=True)}
    spoken = int(predicted.std(axis=0).argmax()) if len(shares.outputs) > 1 else 0
    tell(0.85, "Checking the explanation")
    steady = stability(model, looked, int(np.clip(seconds / 4 / each, min(20, count), count)), seed=seed, draws=draws)
    rankings = {"contributions": by_column}
    if importance is not None:
        rankings["shuffling"] = {entry.column: entry.mean for entry in importance.permutation}
        sampled = importance.contributions
        rankings["sampled contributions"] = {
            name: float(sum(part[place] for part in sampled.mean)) for place, name in enumerate(sampled.columns)
        }
    rankings["span of the curve"] = {
        curve.column: float(max(max(part) - min(part) for part in curve.mean)) for curve in drawn if curve.labels
    }
    return Reasons(
        rows=count,
        outputs=shares.outputs,
        scale=shares.scale,
        columns=tuple(columns),
        base=tuple(float(value) for value in shares.base),
        mean=_tuples(sizes[ranked].T.tolist()),
        error=tuple(float(value) for value in shares.error.mean(axis=(0, 2))[ranked]),
        members=shares.members,
        gap=(float(np.abs(shares.gaps).mean()), float(np.abs(shares.gaps).max())),
        points=points_of(shares, chosen, columns),
        curves=drawn,
        together=together(shares, chosen, columns[:COLUMNS]),
        surrogate=grow_surrogate(model, looked, predicted, seed=seed),
        stability=steady,
        agreement=agreements(rankings),
        sentences=in_plain_words(model, looked, predicted, by_column, output=spoken),
        notes=(*notes, *_notes(shares)),
        seconds=time.perf_counter() - began,
    )


def _notes(shares: Shares) -> list[str]:
    notes = []
    sampled = [member for member in shares.members if not member.exact]
    if sampled:
        weight = sum(member.weight for member in sampled)
        notes.append(
            f"{percent(weight)} of the model has no exact method and was sampled; its contributions have a mean standard error "
            f"of {number(max(member.error for member in sampled), 2)}."
        )
    if any(member.rescaled for member in shares.members):
        notes.append("Some parts give probabilities; their contributions were stretched to log-odds, so that they can be added.")
    return notes


def _tuples(value: Any) -> Any:
    return tuple(_tuples(entry) for entry in value) if isinstance(value, list | tuple) else value
