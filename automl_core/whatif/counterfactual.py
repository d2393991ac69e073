"""The smallest allowed change of a row that the model answers with what is wanted: counterfactuals (Wachter and others, 2017).

A search of our own, simple and without a gradient, so that it works for any model: changes of single columns first, then of
more, from the most promising on. Every change that is shown was predicted by the model itself. The three that are shown
differ in which columns they change (as Mothilal and others, 2020, ask for).
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.explaining.curves import label_of, places_of
from automl_core.profiling.wording import counted, number, percent
from automl_core.scoring.bundle import Model
from automl_core.whatif.changes import Change, Counterfactual, Counterfactuals
from automl_core.whatif.rules import ColumnRule, Goal, Options, check_goal, check_rules, moment, options_of

Array = npt.NDArray[np.float64]
Changes = dict[str, Any]
DEPTH = 4
"""Most columns that are changed at once."""
BEAM = 12
"""Changed rows from which each further column is tried."""
EVERY = 4000
"""Combinations up to which all of them are tried, so that it is known when none reaches the goal."""
ROUNDS, POINTS = 2, 16
"""How often, and into how many parts, the way of a number is divided to find where the goal is first reached."""
ROOM = 0.1
"""Of the way of a number, how much further it may go to be a short one."""
SHOWN = 3


class _Search:
    """The rows that were predicted, and what came out."""

    def __init__(self, model: Model, typed: pd.DataFrame, goal: Goal, options: Sequence[Options]) -> None:
        self.model, self.goal = model, goal
        self.row = typed[list(model.used)].iloc[[0]].reset_index(drop=True)
        self.options = {entry.column: entry for entry in options}
        self.tried = 0

    def predict(self, changes: Sequence[Changes]) -> tuple[Array, Array]:
        """Return margins and predictions of changed rows."""
        if not changes:
            return np.zeros(0), np.zeros(0)
        self.tried += len(changes)
        columns = {}
        for name in self.row.columns:
            column, before = self.row[name], self.row[name].iloc[0]
            cells = [change.get(name, before) for change in changes]
            touched = any(name in change for change in changes)
            dtype = "float64" if touched and column.dtype.kind in "iuf" else column.dtype
            columns[name] = pd.Series(cells, dtype=dtype)
        values = self.model.values_of(pd.DataFrame(columns))
        return self.goal.margin(self.model, values), values

    def cost(self, change: Changes) -> float:
        return sum(self.options[name].cost(self.row[name].iloc[0], after) for name, after in change.items())

    def told(self, change: Changes) -> Counterfactual:
        """Return a change with the model's own prediction for it."""
        _, values = self.predict([change])
        said = self.model.labelled(values, pd.RangeIndex(1)).iloc[0]
        changes = tuple(
            Change(name, _written(self.row[name].iloc[0]), _exact(after), _written(after)) for name, after in change.items()
        )
        return Counterfactual(
            changes,
            str(said["prediction"]) if self.model.classes else float(said["prediction"]),
            {name: float(said[f"probability_{name}"]) for name in self.model.classes},
            self.cost(change),
        )


def find_counterfactuals(
    model: Model,
    typed: pd.DataFrame,
    goal: Goal,
    rules: Sequence[ColumnRule] = (),
    *,
    seconds: float = 20.0,
    tell: Callable[[float, str], None] = lambda fraction, doing: None,
) -> Counterfactuals:
    """Search for the smallest allowed changes of a row that reach a goal.

    Parameters
    ----------
    model : Model
    typed : DataFrame, shape (1, n_columns)
        As `Model.checked` gives it.
    goal : Goal
    rules : sequence of ColumnRule
        For columns that are not free.
    seconds : float
        After which nothing further is begun.
    tell : callable
        Gets how far it is, and what is being done.

    Raises
    ------
    InputError
        When goal or rules do not fit the model.
    """
    check_goal(model, goal)
    check_rules(model, rules)
    end = time.monotonic() + seconds
    options = options_of(model, typed, rules)
    search = _Search(model, typed, goal, options)
    margins, values = search.predict([{}])
    if margins[0] >= 0:
        said = model.labelled(values, pd.RangeIndex(1))["prediction"].iloc[0]
        shown = said if model.classes else number(float(said))
        return Counterfactuals(goal.words, (), 1, True, None, f"The prediction is {shown} already; nothing has to be changed.")
    combinations = int(np.prod([float(len(entry.values) + 1) for entry in options])) if options else 1
    if combinations <= EVERY:
        reached, best, complete = _every(search), None, True
        if not reached and options:
            best = _best_of_every(search)
    else:
        reached, best = _beam(search, set(), end, tell)
        complete = False
    tell(0.7, "Making the changes smaller")
    smallest = [_smaller(search, change) for change in _few(search, reached)]
    away = {name for change in smallest[:1] for name in change}
    for _ in range(SHOWN - 1):  # a way without the columns of the ways before
        if complete or not smallest or time.monotonic() > end or len(_apart(search, smallest)) == SHOWN:
            break
        tell(0.8, "Looking for another way")
        others, _ = _beam(search, away, end, tell)
        more = [_smaller(search, change) for change in _few(search, others)[:2]]
        if not more:
            break
        smallest += more
        away |= set(more[0])
    found = tuple(search.told(change) for change in _diverse(search, smallest))
    nearest = search.told(best) if not found and best else None
    sentence = _sentence(goal, found, nearest, search, combinations - 1 if complete else 0)
    return Counterfactuals(goal.words, found, search.tried, complete, nearest, sentence)


def _all(search: _Search) -> list[Changes]:
    lists = [[None, *entry.values] for entry in search.options.values()]
    names = list(search.options)
    made = (
        {name: value for name, value in zip(names, row, strict=True) if value is not None} for row in itertools.product(*lists)
    )
    return [change for change in made if change]


def _every(search: _Search) -> list[Changes]:
    """Try every allowed combination."""
    changes = _all(search)
    margins, _ = search.predict(changes)
    return [change for change, margin in zip(changes, margins, strict=True) if margin >= 0]


def _best_of_every(search: _Search) -> Changes:
    changes = _all(search)
    tried = search.tried
    margins, _ = search.predict(changes)
    search.tried = tried  # the same rows again
    return changes[int(np.argmax(margins))]


def _beam(
    search: _Search, away: set[str], end: float, tell: Callable[[float, str], None]
) -> tuple[list[Changes], Changes | None]:
    """Change one column, then a further one of the most promising rows, and so on; the columns in `away` stay."""
    options = {name: entry for name, entry in search.options.items() if name not in away}
    beam: list[Changes] = [{}]
    reached: list[Changes] = []
    best: tuple[float, Changes | None] = (-np.inf, None)
    since = 0
    for depth in range(min(DEPTH, len(options))):
        if not away:
            tell(0.1 + 0.6 * depth / DEPTH, f"Changing {counted(depth + 1, 'column', 'columns')}")
        changes, seen = [], set()
        for state in beam:
            for name, entry in options.items():
                if name in state:
                    continue
                for value in entry.values:
                    change = {**state, name: value}
                    key = tuple(sorted((column, str(after)) for column, after in change.items()))
                    if key not in seen:
                        seen.add(key)
                        changes.append(change)
        if not changes:
            break
        margins, _ = search.predict(changes)
        if margins.max() > best[0]:
            best = (float(margins.max()), changes[int(margins.argmax())])
        reached += [change for change, margin in zip(changes, margins, strict=True) if margin >= 0]
        since += bool(reached)
        # A level more than is needed, since two small changes may be smaller than a large one.
        if since >= 2 or time.monotonic() > end:
            break
        short = [place for place in np.argsort(-margins, kind="stable") if margins[place] < 0]
        by_effort = sorted(short, key=lambda place: (margins[place] - best[0]) - 0.2 * search.cost(changes[place]), reverse=True)
        chosen = dict.fromkeys([*_by_columns(changes, short)[: BEAM // 2], *by_effort[: BEAM // 2]])
        beam = [changes[place] for place in chosen]
    return reached, best[1]


def _by_columns(changes: Sequence[Changes], places: Sequence[int]) -> list[int]:
    """Return the best row of each set of columns, so that the beam is not one column's values."""
    kept: dict[frozenset[str], int] = {}
    for place in places:
        kept.setdefault(frozenset(changes[place]), place)
    return list(kept.values())


def _few(search: _Search, reached: Sequence[Changes]) -> list[Changes]:
    """Return the cheapest of each set of columns, the cheapest sets first."""
    kept: dict[Any, Changes] = {}
    for change in sorted(reached, key=search.cost):
        words = tuple((name, after) for name, after in change.items() if search.options[name].kind == "word")
        kept.setdefault((frozenset(change), words), change)
    return list(kept.values())[: 2 * SHOWN]


def _smaller(search: _Search, change: Changes) -> Changes:
    """Take back what is not needed: whole columns first, then numbers as far as the goal allows."""
    while len(change) > 1:
        fewer = [{name: after for name, after in change.items() if name != left_out} for left_out in change]
        margins, _ = search.predict(fewer)
        enough = [one for one, margin in zip(fewer, margins, strict=True) if margin >= 0]
        if not enough:
            break
        change = min(enough, key=search.cost)
    for name in list(change):
        entry, before = search.options[name], search.row[name].iloc[0]
        if entry.kind == "word" or pd.isna(before):
            continue
        here, far = (places_of([value], entry.kind)[0] for value in (before, change[name]))
        near = min(max(here, entry.low), entry.high)  # the rules may not allow what is there
        for _ in range(ROUNDS):
            places = np.linspace(near, far, POINTS + 1)[int(near == here) :]
            if entry.whole:
                places = np.unique(np.ceil(places) if far > near else np.floor(places))[:: 1 if far > near else -1]
                places = places[(places != here) & (places >= entry.low) & (places <= entry.high)]
            reached = _reached(search, change, name, places)
            if not len(reached):
                break
            place = int(np.flatnonzero(places == reached[0])[0])
            far = float(reached[0])
            near = near if place == 0 else float(places[place - 1])
            change = {**change, name: _typed(entry, far)}
        if entry.kind == "number" and not entry.whole:
            kept = _reached(search, change, name, _short(entry, here, near, far))
            change = {**change, name: float(kept[0])} if len(kept) else change
    return change


def _short(entry: Options, here: float, near: float, far: float) -> Array:
    """Return numbers with few digits that are about as far as `far`, the shortest first: nobody asks for 9.02483."""
    end = far + ROOM * (far - here)
    if entry.quantiles:  # not out of what the training rows have
        end = min(max(end, entry.quantiles[0], entry.low), entry.quantiles[-1], entry.high) if far > here else end
        end = max(min(end, entry.quantiles[-1], entry.high), entry.quantiles[0], entry.low) if far < here else end
    low, high = min(near, far, end), max(near, far, end)
    found = []
    for digits in range(1, 7):
        step = 10.0 ** (np.floor(np.log10(abs(far))) + 1 - digits) if far else 1.0
        outward = (np.ceil(far / step) if far > here else np.floor(far / step)) * step
        found += [float(f"{far:.{digits}g}"), float(f"{outward:.{digits + 1}g}")]
    return np.array([value for value in dict.fromkeys(found) if low <= value <= high and value not in (near, here)])


def _reached(search: _Search, change: Changes, name: str, places: Array) -> Array:
    """Return the places of a number or date with which the goal is reached, in their order."""
    entry = search.options[name]
    margins, _ = search.predict([{**change, name: _typed(entry, float(place))} for place in places])
    return np.asarray(places[margins >= 0])


def _typed(entry: Options, place: float) -> Any:
    return moment(place) if entry.kind == "date" else place


def _apart(search: _Search, changes: Sequence[Changes]) -> list[Changes]:
    """Return the cheapest, and the cheapest that change other columns; what changes more than a shown one is left out."""
    chosen: list[Changes] = []
    for change in sorted(changes, key=search.cost):
        if len(chosen) < SHOWN and not any(set(change) >= set(other) for other in chosen):
            chosen.append(change)
    return chosen


def _diverse(search: _Search, changes: Sequence[Changes]) -> list[Changes]:
    """Return the cheapest that change different columns, and where there are too few, other words of the same column."""
    chosen = _apart(search, changes)
    for change in sorted(changes, key=search.cost):  # too few columns can do it: then another word of the same column
        words = {name: after for name, after in change.items() if search.options[name].kind == "word"}
        new = all(change != other and not set(change) > set(other) for other in chosen)
        if len(chosen) < SHOWN and words and new:
            chosen.append(change)
    return sorted(chosen, key=search.cost)


def _exact(value: Any) -> str:
    """Return a value as text from which the same value can be read."""
    return f"{value:.12g}" if isinstance(value, float) else label_of(value)


def _written(value: Any) -> str:
    """Return a value for people, with every digit: the change must be told as it is made."""
    known = isinstance(value, int | float | np.number) and np.isfinite(float(value))
    return f"{value:,.12g}" if known else label_of(value)


def _sentence(goal: Goal, found: Sequence[Counterfactual], nearest: Counterfactual | None, search: _Search, every: int) -> str:
    """Say what was found; `every` is the number of all allowed combinations where they were tried, otherwise 0."""
    if found:
        how = "of all allowed ones" if every else f"found among {search.tried:,} that were tried"
        count = counted(len(found), "change reaches", "different changes reach")
        return f"{count} {goal.words}. The first is the smallest {how}; each was predicted by the model itself."
    if not search.options:
        return f"The rules leave nothing to change, so {goal.words} cannot be reached."
    if every:
        said = f"No allowed change reaches {goal.words}: all {every:,} combinations of the allowed values were tried."
    else:
        said = f"No change of up to {DEPTH} columns was found that reaches {goal.words}, among {search.tried:,} that were tried."
    if nearest is not None:
        shown = nearest.probabilities.get(goal.label)
        reached = f"a probability of {percent(shown)}" if shown is not None else number(float(nearest.prediction))
        said += f" The nearest comes to {reached}. Allow more columns or a wider range."
    return said
