"""Whether a model's ranges keep what they promise, on rows that they were not learned from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from automl_core.engines.mapie import interval_coverage, set_coverage
from automl_core.errors import FormatError
from automl_core.evaluation.intervals import wilson
from automl_core.evaluation.judged import Judged
from automl_core.profiling.wording import number, percent
from automl_core.scoring.bundle import Model
from automl_core.scoring.conformal import OWN_LIMITS, conformal_of, label_sets, passed_over

ASKED = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
TENTHS = 5
"""Groups of predictions that are looked at one by one."""


@dataclass(frozen=True)
class Held:
    """What one asked certainty came to: the share inside with its 95 % interval, and the mean size (width, or labels)."""

    asked: float
    inside: float
    low: float
    high: float
    size: float | None
    name: str = ""
    rows: int = 0


@dataclass(frozen=True)
class Coverage:
    """How often the truth lay inside.

    Parameters
    ----------
    rows : int
    learned : int
        Rows that the ranges were learned from.
    held : tuple of Held
        For each of `ASKED`.
    parts : tuple of Held
        At 90 %: for each label, or for fifths of the predictions.
    sets : tuple of int
        Classification, at 90 %: how many rows have a set of one label, of two, and so on.
    together : tuple of str
        Labels with too few rows for a limit of their own.
    passed_over : int
        Classification, at 90 %: rows in which a label is possible while a more probable one is not.
    """

    rows: int
    learned: int
    held: tuple[Held, ...]
    parts: tuple[Held, ...]
    sets: tuple[int, ...] = ()
    together: tuple[str, ...] = ()
    passed_over: int = 0

    @property
    def note(self) -> str:
        """Why a set can look odd, empty where none does."""
        if not self.passed_over:
            return ""
        said = "a label is possible at 90 % and a more probable one is not"
        return f"In {self.passed_over:,} of {self.rows:,} rows {said}: {OWN_LIMITS}."

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"format": 1, **asdict(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Coverage:
        """Rebuild from `to_dict`'s output; raises FormatError for another format version."""
        if data.get("format") != 1:
            raise FormatError(f"This coverage has format {data.get('format')!r}.", "This version reads format 1.")
        held, parts = (tuple(Held(**entry) for entry in data[name]) for name in ("held", "parts"))
        return cls(
            data["rows"], data["learned"], held, parts, tuple(data["sets"]), tuple(data["together"]), data.get("passed_over", 0)
        )

    def sentence(self, unit: str, asked: float = 0.9) -> str:
        """Say what was asked and what came; `unit` is the target's name."""
        entry = next(one for one in self.held if one.asked == asked)
        size = ""
        if entry.size is not None:
            size = f"{number(entry.size, 3)} labels" if self.sets else f"{number(entry.size)} of {unit!r} wide"
            size = f", {size} on average"
        kept = "as promised"
        if not entry.low <= asked <= entry.high:
            kept = "less often than promised" if entry.high < asked else "more often than promised"
        return (
            f"Asked for {percent(asked)}: the truth lay inside for {percent(entry.inside)} of {self.rows:,} rows "
            f"({percent(entry.low)} to {percent(entry.high)}), {kept}{size}."
        )


def coverage(model: Model, judged: Judged) -> Coverage | None:
    """Return how often the truth of judged rows lies inside a model's ranges, None for a model without ranges."""
    told = conformal_of(model)
    if told is None:
        return None
    if model.classes:
        truth = judged.truth.astype(np.int64)
        inside = {asked: label_sets(model, told, judged.values, asked) for asked in ASKED}
        held = tuple(_held(asked, *set_coverage(truth, sets), len(truth)) for asked, sets in inside.items())
        own = inside[0.9][np.arange(len(truth)), truth]
        parts = []
        for code, name in enumerate(model.classes):
            rows = truth == code
            if rows.any():
                size = float(inside[0.9][rows].sum(axis=1).mean())
                parts.append(_held(0.9, float(own[rows].mean()), size, int(rows.sum()), name))
        sizes = np.bincount(inside[0.9].sum(axis=1), minlength=len(model.classes) + 1)[1:]
        over = int(passed_over(model, told, judged.values).sum())
        return Coverage(len(truth), told.rows, held, tuple(parts), tuple(sizes.tolist()), told.together, over)
    ends = {asked: told.interval(judged.values, asked) for asked in ASKED}
    held = tuple(_held(asked, *interval_coverage(judged.truth, *pair), len(judged)) for asked, pair in ends.items())
    low, high = ends[0.9]
    parts = []
    for rows in np.array_split(np.argsort(judged.values, kind="stable"), min(TENTHS, max(len(judged) // 20, 1))):
        inside_share = float(((judged.truth[rows] >= low[rows]) & (judged.truth[rows] <= high[rows])).mean())
        name = f"{number(float(judged.values[rows].min()))} to {number(float(judged.values[rows].max()))}"
        parts.append(_held(0.9, inside_share, float((high[rows] - low[rows]).mean()), len(rows), name))
    return Coverage(len(judged), told.rows, held, tuple(parts))


def _held(asked: float, inside: float, size: float, rows: int, name: str = "") -> Held:
    low, high = wilson(round(inside * rows), rows)
    return Held(asked, inside, low, high, size if np.isfinite(size) else None, name, rows)
