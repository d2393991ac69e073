"""What may be changed about a row, and what is wanted: the terms of a search for a change that flips a prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.errors import InputError
from automl_core.explaining.curves import places_of
from automl_core.profiling.wording import number, quoted
from automl_core.scoring.bundle import Model

Array = npt.NDArray[np.float64]
Way = Literal["free", "fixed", "up", "down"]
WAYS: tuple[Way, ...] = get_args(Way)
WORD = 0.5
"""What another word costs; a number costs the share of the training rows that it passes."""
COLUMN = 0.05
"""What each changed column costs besides."""
GRID = 21


@dataclass(frozen=True)
class ColumnRule:
    """How one column may be changed.

    Parameters
    ----------
    column : str
    way : Way
        ``fixed`` not at all; ``up`` and ``down`` for numbers and dates only to higher or lower values.
    low, high : float or None
        Allowed range; dates in seconds since 1970.
    allowed : tuple of str
        Allowed words; empty for all that the training rows have.
    """

    column: str
    way: Way = "free"
    low: float | None = None
    high: float | None = None
    allowed: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ColumnRule:
        """Rebuild from `to_dict`'s output."""
        return cls(**{**data, "allowed": tuple(data.get("allowed", ()))})


@dataclass(frozen=True)
class Goal:
    """What is wanted: a label, or a value between two bounds of which one may be open."""

    label: str = ""
    low: float | None = None
    high: float | None = None

    def margin(self, model: Model, values: Array) -> Array:
        """Return how far predictions are beyond the goal, shape (n,); 0 and more reaches it.

        Parameters
        ----------
        model : Model
        values : ndarray, shape (n, n_classes) or (n,)
        """
        if not model.classes:
            above = values - self.low if self.low is not None else np.full(len(values), np.inf)
            below = self.high - values if self.high is not None else np.full(len(values), np.inf)
            return np.asarray(np.minimum(above, below))
        place = model.classes.index(self.label)
        if len(model.classes) == 2:
            away = values[:, 1] - model.threshold
            # The event needs more than the threshold.
            return np.asarray(np.where(away > 0, away, np.minimum(away, -1e-12)) if place == 1 else -away)
        others = np.delete(values, place, axis=1).max(axis=1)
        reached = model.codes(values) == place
        return np.asarray(np.where(reached, values[:, place] - others, np.minimum(values[:, place] - others, -1e-12)))

    @property
    def words(self) -> str:
        """The goal, for people."""
        if self.label:
            return quoted(self.label)
        if self.low is not None and self.high is not None:
            return f"between {number(self.low)} and {number(self.high)}"
        return f"at least {number(self.low)}" if self.low is not None else f"at most {number(self.high or 0.0)}"


def check_goal(model: Model, goal: Goal) -> None:
    """Refuse a goal that does not fit the model with an InputError."""
    if model.classes and goal.label not in model.classes:
        raise InputError(
            f"{goal.label!r} is no outcome of this model.",
            f"Its outcomes are {', '.join(repr(name) for name in model.classes[:10])}.",
            "Choose one of them.",
        )
    if not model.classes and goal.low is None and goal.high is None:
        raise InputError("No value is named that the prediction should reach.", action="Give the least or the most it may be.")
    if goal.low is not None and goal.high is not None and goal.low > goal.high:
        raise InputError(f"The least, {number(goal.low)}, is above the most, {number(goal.high)}.", action="Exchange them.")


def check_rules(model: Model, rules: Sequence[ColumnRule]) -> None:
    """Refuse rules that cannot be kept with an InputError."""
    for rule in rules:
        if rule.column not in model.used:
            raise InputError(
                f"There is a rule for {rule.column!r}, which the model does not use.",
                f"Its columns are {', '.join(repr(name) for name in model.used[:20])}.",
                "Leave the rule out.",
            )
        if rule.way not in WAYS:
            raise InputError(f"The rule for {rule.column!r} is {rule.way!r}.", f"It must be one of {', '.join(WAYS)}.")
        if rule.low is not None and rule.high is not None and rule.low > rule.high:
            raise InputError(
                f"The range allowed for {rule.column!r} begins at {number(rule.low)} and ends at {number(rule.high)}.",
                "It must begin below its end.",
                "Exchange them.",
            )


@dataclass(frozen=True)
class Options:
    """What one column may be changed to.

    Parameters
    ----------
    column, kind : str
        ``number``, ``date`` or ``word``.
    values : tuple
        Typed as the column is; never the value that is there.
    costs : tuple of float
    quantiles : tuple of float
        Of the training rows, for numbers and dates.
    whole : bool
    low, high : float
        What the rules allow of a number or a date.
    """

    column: str
    kind: str
    values: tuple[Any, ...]
    costs: tuple[float, ...]
    quantiles: tuple[float, ...] = ()
    whole: bool = False
    low: float = -np.inf
    high: float = np.inf

    def cost(self, before: Any, after: Any) -> float:
        """Return what a change costs: the share of the training rows that it passes, or `WORD`; and `COLUMN`."""
        if self.kind == "word" or pd.isna(before):
            return WORD + COLUMN
        ends = [rank(self.quantiles, places_of([value], self.kind)[0]) for value in (before, after)]
        return abs(ends[1] - ends[0]) + COLUMN


def rank(quantiles: Sequence[float], place: float) -> float:
    """Return the share of the training rows below a value, between their quantiles in a straight line."""
    distinct, first = np.unique(np.asarray(quantiles), return_index=True)
    if len(distinct) < 2:
        return float(place > distinct[0]) if len(distinct) else 0.0
    return float(np.interp(place, distinct, first / (len(quantiles) - 1)))


def options_of(model: Model, typed: pd.DataFrame, rules: Sequence[ColumnRule]) -> list[Options]:
    """Return what each column of a row may be changed to under the rules; columns without a choice are left out.

    What is tried of a number are quantiles of the training rows and the ends of its allowed range.
    """
    by_column = {rule.column: rule for rule in rules}
    found = []
    for name in model.used:
        rule = by_column.get(name, ColumnRule(name))
        facts = model.reference.get("columns", {}).get(name, {})
        if rule.way == "fixed":
            continue
        before = typed[name].iloc[0]
        made: Options | None
        if facts.get("quantiles"):
            made = _numbers(name, before, facts, rule)
        else:
            words = rule.allowed or tuple(facts.get("values", {}))[: 2 * GRID]
            values = tuple(word for word in words if pd.isna(before) or word != str(before))
            made = Options(name, "word", values, (WORD + COLUMN,) * len(values)) if typed[name].dtype == object else None
        if made is not None and made.values:
            found.append(made)
    return found


def _numbers(name: str, before: Any, facts: dict[str, Any], rule: ColumnRule) -> Options:
    kind, whole, quantiles = facts.get("kind", "number"), bool(facts.get("whole")), tuple(facts["quantiles"])
    low, high = quantiles[0] if rule.low is None else rule.low, quantiles[-1] if rule.high is None else rule.high
    here = None if pd.isna(before) else places_of([before], kind)[0]
    if here is not None and rule.way == "up":
        low = max(low, here)
    if here is not None and rule.way == "down":
        high = min(high, here)
    tried = np.unique([*np.asarray(quantiles)[:: max((len(quantiles) - 1) // (GRID - 1), 1)], low, high])
    if whole:
        tried = np.unique(np.round(tried))
    tried = tried[(tried >= low) & (tried <= high)]
    if here is not None:
        tried = tried[tried != here]
    values = tuple(moment(value) if kind == "date" else float(value) for value in tried)
    made = Options(name, kind, values, (), quantiles, whole)
    costs = tuple(made.cost(before, value) for value in values)
    return Options(name, kind, values, costs, quantiles, whole, float(low), float(high))


def moment(place: float) -> pd.Timestamp:
    """Return the day of a date in seconds since 1970."""
    return pd.Timestamp(place, unit="s").round("D")
