"""Two versions side by side: data, recipe, settings, scores, and the rows for which they say different things."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from automl_core.cleaning.difference import difference
from automl_core.cleaning.recipe import Recipe
from automl_core.errors import InputError
from automl_core.leaderboard import in_words
from automl_core.metrics import METRICS
from automl_core.registry.paired import Paired, set_against
from automl_core.registry.records import Version
from automl_core.scoring.bundle import Model

SHOWN = 50
"""Rows whose predictions differ that are kept to be shown."""


@dataclass(frozen=True)
class Line:
    """One fact of two versions: what it is, and what it is for each; `same` where they agree."""

    what: str
    first: str
    second: str

    @property
    def same(self) -> bool:
        """Whether both say the same."""
        return self.first == self.second


@dataclass(frozen=True)
class Differing:
    """How far two versions predict different things for the same rows.

    Parameters
    ----------
    source : str
        Which rows.
    rows : int
    differing : int
        Rows with another label, or whose values differ by more than 1 % of the spread of the first's.
    mean : float
        Mean distance: of the probability of the event or of the predicted values; for several labels half the sum over the
        labels, so that 1 is the farthest.
    largest : float
    table : tuple of dict
        The rows that differ most: ``row`` (position), ``first``, ``second``, ``distance``, and the columns used by both.
    sentence : str
    """

    source: str
    rows: int
    differing: int
    mean: float
    largest: float
    table: tuple[dict[str, Any], ...]
    sentence: str


@dataclass(frozen=True)
class Comparison:
    """Two versions side by side.

    Parameters
    ----------
    first, second : int
        Versions of one registered model.
    data, settings, scores : tuple of Line
    recipe : tuple of str
        What leads from the first's recipe to the second's, a sentence each.
    paired : Paired or None
        Both on the same labelled rows, the second set against the first.
    predictions : Differing or None
    notes : tuple of str
        What could not be compared, and what to keep in mind.
    """

    first: int
    second: int
    data: tuple[Line, ...]
    settings: tuple[Line, ...]
    scores: tuple[Line, ...]
    recipe: tuple[str, ...]
    paired: Paired | None = None
    predictions: Differing | None = None
    notes: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"format": 1, **asdict(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Comparison:
        """Rebuild a comparison from `to_dict`'s output."""
        fields = {name: value for name, value in data.items() if name != "format"}
        for name in ("data", "settings", "scores"):
            fields[name] = tuple(Line(**line) for line in fields[name])
        fields["recipe"], fields["notes"] = tuple(fields["recipe"]), tuple(fields["notes"])
        fields["paired"] = Paired(**fields["paired"]) if fields["paired"] else None
        told = fields["predictions"]
        fields["predictions"] = Differing(**{**told, "table": tuple(told["table"])}) if told else None
        return cls(**fields)


def compare_records(first: Version, second: Version) -> Comparison:
    """Compare what is written down of two versions; no model is loaded."""
    data = (
        Line("Table", str(first.lineage["dataset"]), str(second.lineage["dataset"])),
        Line("Fingerprint", first.lineage["fingerprint"][:12], second.lineage["fingerprint"][:12]),
        Line("Rows learned from", f"{first.lineage['rows']:,}", f"{second.lineage['rows']:,}"),
        Line("Columns used", f"{len(first.inputs):,}", f"{len(second.inputs):,}"),
        *_columns(first, second),
    )
    return Comparison(
        first.number,
        second.number,
        data,
        _settings(first, second),
        _scores(first, second),
        tuple(change.sentence for change in difference(Recipe.from_dict(first.recipe), Recipe.from_dict(second.recipe))),
    )


def compare_models(
    comparison: Comparison, first: Model, second: Model, frame: pd.DataFrame, source: str, *, seed: int = 0
) -> Comparison:
    """Add to a comparison what both models say of the same rows, and of their truth where it is there.

    Parameters
    ----------
    comparison : Comparison
        Of their records.
    first, second : Model
    frame : DataFrame, shape (n, n_columns)
        Raw rows.
    source : str
        Which rows these are.
    seed : int

    Raises
    ------
    InputError
        When a model cannot read the rows.
    """
    from dataclasses import replace

    notes = list(comparison.notes)
    paired = None
    if first.target in frame.columns:
        try:
            paired = set_against(first, second, frame, seed=seed)
        except InputError as error:
            notes.append(f"Their scores on the same rows could not be compared: {error}")
    found = differing(first, second, frame, source) if first.task == second.task else None
    if found is None:
        notes.append("They solve different tasks, so their predictions are not compared.")
    return replace(comparison, paired=paired, predictions=found, notes=tuple(notes))


def differing(first: Model, second: Model, frame: pd.DataFrame, source: str) -> Differing:
    """Compare the predictions of two models of one task for the same raw rows; raises InputError."""
    frame = frame.reset_index(drop=True)
    one, other = first.predict(frame), second.predict(frame)
    if first.classes:
        distance = _distance(one, other, first, second)
        changed = one["prediction"].to_numpy() != other["prediction"].to_numpy()
    else:
        values = one["prediction"].to_numpy(dtype=float)
        distance = np.abs(values - other["prediction"].to_numpy(dtype=float))
        changed = distance > 0.01 * max(float(values.std()), 1e-12)
    order = np.argsort(-distance, kind="stable")[:SHOWN]
    shared = [name for name in first.used if name in second.used][:8]
    table = tuple(
        {
            "row": int(row) + 1,
            "first": _cell(one["prediction"].iloc[row]),
            "second": _cell(other["prediction"].iloc[row]),
            "distance": float(distance[row]),
            **{name: _cell(frame[name].iloc[row]) for name in shared if name not in ("row", "first", "second", "distance")},
        }
        for row in order
        if distance[row] > 0
    )
    count, rows = int(changed.sum()), len(frame)
    what = "another label" if first.classes else "a clearly different value"
    unit = "probability" if len(first.classes) == 2 else "shares of probability" if first.classes else f"{first.target}"
    sentence = (
        f"{count:,} of {rows:,} rows get {what}. The predictions are {distance.mean():.3g} apart on average ({unit}), "
        f"{distance.max():.3g} at most."
        if count or distance.max() > 0
        else f"Both say the same of all {rows:,} rows."
    )
    return Differing(source, rows, count, float(distance.mean()), float(distance.max()), table, sentence)


def _distance(one: pd.DataFrame, other: pd.DataFrame, first: Model, second: Model) -> Any:
    labels = list(dict.fromkeys([*first.classes, *second.classes]))
    columns = [f"probability_{label}" for label in labels]
    gap = np.abs(
        one.reindex(columns=columns, fill_value=0.0).to_numpy(dtype=float)
        - other.reindex(columns=columns, fill_value=0.0).to_numpy(dtype=float)
    )
    return gap.sum(axis=1) / 2  # the total variation distance; for two labels the distance of the event's probability


def _columns(first: Version, second: Version) -> list[Line]:
    mine, theirs = dict(first.inputs), dict(second.inputs)
    changed = [name for name in {**mine, **theirs} if mine.get(name) != theirs.get(name)]
    return [Line(f"Column {name}", mine.get(name, "not used"), theirs.get(name, "not used")) for name in changed[:50]]


def _settings(first: Version, second: Version) -> tuple[Line, ...]:
    lines = [Line("Model", first.candidate, second.candidate)]
    mine, theirs = _flat(first), _flat(second)
    lines += [
        Line(name, mine.get(name, "–"), theirs.get(name, "–"))
        for name in {**mine, **theirs}
        if mine.get(name) != theirs.get(name)
    ]
    return tuple(lines[:100])


def _flat(version: Version) -> dict[str, str]:
    found = {name: str(value) for name, value in version.config.items() if name != "format"}
    found |= {f"Weight of {name}": f"{weight:.3g}" for name, weight in version.params.get("weights", {}).items()}
    for name, params in version.params.get("models", {}).items():
        found |= {f"{name}: {key}": str(value) for key, value in params.items()}
    return found


def _scores(first: Version, second: Version) -> tuple[Line, ...]:
    lines = [
        Line(f"{first.metric_label}, over the folds", _score(first.score, first.spread), _score(second.score, second.spread)),
        Line(f"{first.metric_label}, on held-out rows", _held(first), _held(second)),
    ]
    for name in first.metrics:
        if name in second.metrics and name != first.metric:
            label = METRICS[name].label if name in METRICS else name
            lines.append(Line(label, in_words(first.metrics[name]), in_words(second.metrics[name])))
    return tuple(lines)


def _score(score: float | None, spread: float | None) -> str:
    return "–" if score is None else in_words(score, spread)


def _held(version: Version) -> str:
    held = version.held_out
    if held is None:
        return "–"
    between = f" ({in_words(held.low)} to {in_words(held.high)})" if held.low is not None and held.high is not None else ""
    return f"{in_words(held.value)}{between}, {held.rows:,} rows"


def _cell(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return None if np.isnan(value) else float(value)
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return int(value)
    return None if pd.isna(value) else str(value)
