"""How a model's decisions differ between the groups of a column."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.engines.fairlearn import MEASURES, gap, group_rates
from automl_core.errors import FormatError, InputError
from automl_core.evaluation.evaluate import Score
from automl_core.evaluation.intervals import mean_interval, wilson
from automl_core.evaluation.judged import Judged
from automl_core.evaluation.parting import parted
from automl_core.profiling.wording import counted, listed
from automl_core.scoring.bundle import Model

Array = npt.NDArray[np.float64]
LEAST = 30
"""Rows that a group needs to be compared with others."""
DRAWS = 400
LABELS = {
    "selection": "Selected",
    "found": "Found among those with it",
    "alarms": "False alarms among those without it",
    "error": "Mean absolute error",
    "bias": "Predicted minus actual",
}


@dataclass(frozen=True)
class GroupRates:
    """One group: how many rows it has, and each measure with its 95 % interval; measures without such rows are left out."""

    name: str
    rows: int
    rates: dict[str, Score]


@dataclass(frozen=True)
class Fairness:
    """How decisions differ between the groups of a column.

    Parameters
    ----------
    column : str
    label : str
        What is meant by selected: the event, or the label that was asked for; empty for regression.
    groups : tuple of GroupRates
        Most rows first.
    differences : dict of str to Score
        By measure: the highest less the lowest group, with its 95 % bootstrap interval.
    ratios : dict of str to Score
        By measure: the lowest over the highest.
    notes : tuple of str
    """

    column: str
    label: str
    groups: tuple[GroupRates, ...]
    differences: dict[str, Score]
    ratios: dict[str, Score]
    notes: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"format": 1, **asdict(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Fairness:
        """Rebuild from `to_dict`'s output; raises FormatError for another format version."""
        if data.get("format") != 1:
            raise FormatError(f"This comparison of groups has format {data.get('format')!r}.", "This version reads format 1.")

        def scores(entries: dict[str, Any]) -> dict[str, Score]:
            return {name: Score(**entry) for name, entry in entries.items()}

        groups = tuple(GroupRates(entry["name"], entry["rows"], scores(entry["rates"])) for entry in data["groups"])
        return cls(
            data["column"], data["label"], groups, scores(data["differences"]), scores(data["ratios"]), tuple(data["notes"])
        )


def fairness(model: Model, judged: Judged, values: pd.Series, kind: str, *, label: str = "", seed: int = 0) -> Fairness:
    """Compare the groups of a column.

    Parameters
    ----------
    model : Model
    judged : Judged
    values : Series, shape (n,)
        The column in the judged rows, typed; its name is told.
    kind : str
        Of the column. Numbers and dates are parted into ranges.
    label : str
        What is meant by selected; the event by default, and for many labels the first one.
    seed : int

    Raises
    ------
    InputError
        When fewer than two groups have enough rows, or the label is unknown.
    """
    column = str(values.name)
    place, names = parted(values, kind)
    sizes = np.bincount(place, minlength=len(names))
    ordered = range(len(names)) if kind in ("number", "date") else np.argsort(-sizes, kind="stable")
    kept = [int(group) for group in ordered if sizes[group] >= LEAST]
    if len(kept) < 2:
        raise InputError(
            f"{column!r} has {counted(len(kept), 'group', 'groups')} of at least {LEAST} rows here.",
            "Two are needed to compare them.",
            "Choose another column, or judge the model on more rows.",
        )
    few = [names[group] for group in range(len(names)) if 0 < sizes[group] < LEAST]
    notes = (f"Groups of fewer than {LEAST} rows are left out: {listed(few)}.",) if few else ()
    if not model.classes:
        return _of_values(column, judged, place, kept, names, notes, seed)
    chosen = label or model.positive or model.classes[0]
    if chosen not in model.classes:
        raise InputError(f"The model knows no label {chosen!r}.", f"It knows {listed(model.classes)}.", "Choose one of them.")
    code = model.classes.index(chosen)
    truth, decided = judged.truth == code, model.codes(judged.values) == code
    counts = np.stack([_table(truth[place == group], decided[place == group]) for group in kept])
    rates, gaps = group_rates(counts)
    groups = tuple(
        GroupRates(names[group], int(sizes[group]), _with_intervals(rates[number], counts[number]))
        for number, group in enumerate(kept)
    )
    drawn = _drawn(counts, seed)
    differences: dict[str, Score] = {}
    ratios: dict[str, Score] = {}
    for name in MEASURES:
        difference, ratio = gaps[name]
        spread = np.array([gap(line) for line in drawn[name]])
        if math.isfinite(difference):
            differences[name] = _score(difference, spread[:, 0])
        if math.isfinite(ratio):
            ratios[name] = _score(ratio, spread[:, 1])
    return Fairness(column, chosen, groups, differences, ratios, notes)


def _table(truth: npt.NDArray[np.bool_], decided: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    return np.bincount(truth.astype(int) * 2 + decided, minlength=4).reshape(2, 2)


def _with_intervals(rates: Any, counts: npt.NDArray[np.int64]) -> dict[str, Score]:
    hits = {"selection": counts[:, 1].sum(), "found": counts[1, 1], "alarms": counts[0, 1]}
    rows = {"selection": counts.sum(), "found": counts[1].sum(), "alarms": counts[0].sum()}
    return {name: Score(rates[name], *wilson(int(hits[name]), int(rows[name]))) for name in MEASURES if rows[name]}


def _drawn(counts: npt.NDArray[np.int64], seed: int) -> dict[str, Array]:
    """Return the rates of resampled rows, shape (DRAWS, n_groups) each: resampling rows is resampling their four kinds."""
    rng = np.random.default_rng(seed)
    total = int(counts.sum())
    cells = rng.multinomial(total, counts.ravel() / total, DRAWS).reshape(DRAWS, *counts.shape).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "selection": cells[:, :, :, 1].sum(axis=2) / cells.sum(axis=(2, 3)),
            "found": cells[:, :, 1, 1] / cells[:, :, 1].sum(axis=2),
            "alarms": cells[:, :, 0, 1] / cells[:, :, 0].sum(axis=2),
        }


def _score(value: float, drawn: Array) -> Score:
    known = drawn[np.isfinite(drawn)]
    if len(known) < DRAWS // 2:
        return Score(value, None, None)
    low, high = np.quantile(known, [0.025, 0.975])
    return Score(value, float(min(low, value)), float(max(high, value)))


def _of_values(
    column: str,
    judged: Judged,
    place: npt.NDArray[np.int64],
    kept: list[int],
    names: tuple[str, ...],
    notes: tuple[str, ...],
    seed: int,
) -> Fairness:
    off = judged.values - judged.truth
    groups: list[GroupRates] = []
    parts: dict[str, list[Array]] = {"error": [], "bias": []}
    for group in kept:
        here = off[place == group]
        parts["error"].append(np.abs(here))
        parts["bias"].append(here)
        rates = {name: Score(float(parts[name][-1].mean()), *mean_interval(parts[name][-1])) for name in parts}
        groups.append(GroupRates(names[group], len(here), rates))
    rng = np.random.default_rng(seed)
    differences, ratios = {}, {}
    for name, lists in parts.items():
        means = np.array([values.mean() for values in lists])
        # Means of many rows are as good as normal, so that their spread need not be drawn row by row.
        errors = np.array([values.std(ddof=1) / np.sqrt(len(values)) for values in lists])
        drawn = rng.normal(means, errors, (DRAWS, len(means)))
        differences[name] = _score(float(means.max() - means.min()), np.ptp(drawn, axis=1))
        if name == "error" and means.max() > 0:
            ratios[name] = _score(float(means.min() / means.max()), drawn.min(axis=1) / drawn.max(axis=1))
    return Fairness(column, "", tuple(groups), differences, ratios, notes)


def fairness_sentence(found: Fairness) -> str:
    """Say the widest gap between groups that is surely one, or that there is none."""
    if not found.label:
        worst = max(found.groups, key=lambda group: group.rates["error"].value)
        best = min(found.groups, key=lambda group: group.rates["error"].value)
        more = worst.rates["error"].value / best.rates["error"].value if best.rates["error"].value else float("inf")
        if _apart(best.rates["error"], worst.rates["error"]):
            return f"Predictions are {more:.2g} times as far off for {worst.name!r} as for {best.name!r}."
        return f"How far off predictions are does not differ clearly beyond chance between the groups of {found.column!r}."
    told = {
        "selection": "{} of {} are selected, {} of {}",
        "found": "of those that truly are, {} of {} are found, {} of {}",
        "alarms": "of those that are not, {} of {} are selected all the same, {} of {}",
    }
    sure = []
    for name, words in told.items():
        groups = [group for group in found.groups if name in group.rates]
        if len(groups) < 2:
            continue
        high = max(groups, key=lambda group: group.rates[name].value)
        low = min(groups, key=lambda group: group.rates[name].value)
        if _apart(low.rates[name], high.rates[name]):
            shares = [f"{100 * group.rates[name].value:.0f} %" for group in (high, low)]
            sure.append(words.format(shares[0], repr(high.name), shares[1], repr(low.name)))
    if not sure:
        return f"Decisions do not differ clearly beyond chance between the groups of {found.column!r}."
    return f"Beyond chance: {'; '.join(sure)}."


def _apart(low: Score, high: Score) -> bool:
    """Whether two intervals do not touch."""
    return low.high is not None and high.low is not None and low.high < high.low
