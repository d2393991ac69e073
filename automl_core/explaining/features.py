"""What the numbers that a model gets are, in the person's own columns and units."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import pandas as pd

from automl_core.cleaning.preprocessing import feature_names, output_names, source_columns

Meaning = Literal["number", "word", "missing", "codes", "code", "mean", "share", "text", "straightened", "mark", "made"]
PER: dict[Meaning, str] = {
    "number": "for one more",
    "word": "if it is so",
    "missing": "if it was missing",
    "codes": "for the next word in order",
    "code": "for the next word in order",
    "mean": "for one more of its mean outcome",
    "share": "for one more of its share of the rows",
    "text": "for one more of this part of the text",
    "straightened": "for one more after straightening",
    "mark": "if it is so",
    "made": "for one more of this prepared number",
}
"""What one unit of a feature is."""
ENCODERS: dict[str, Meaning] = {
    "OneHotEncoder": "word",
    "HashedWords": "word",
    "TargetEncoder": "mean",
    "FrequencyEncoder": "share",
}
MARK = "missingindicator_"


@dataclass(frozen=True)
class Feature:
    """One number that a model gets for a row.

    Parameters
    ----------
    name : str
        Readable: the column's name, ``city = London``, ``age is missing``.
    column : str
        The person's column it comes from.
    meaning : Meaning
    factor, offset : float
        The model gets ``factor * value + offset``, where value is in the unit of `PER`.
    words : tuple of str
        For ``codes`` the words in the order of their codes, from 0.
    """

    name: str
    column: str
    meaning: Meaning
    factor: float = 1.0
    offset: float = 0.0
    words: tuple[str, ...] = ()

    def value(self, given: float) -> float:
        """Return the value in the person's unit of what the model gets."""
        return (given - self.offset) / self.factor if self.factor else given


def features(preprocessor: Any) -> list[Feature]:
    """Return what the columns of a fitted preprocessor's output are, in their order."""
    if hasattr(preprocessor, "positions_"):
        return _prepared(preprocessor)
    sources = source_columns(preprocessor)
    found: list[Feature] = []
    for transformer, names in _groups(preprocessor):
        here = [Feature(name, name, "number") for name in names]
        done: list[tuple[str, Any]] = []
        for label, step in getattr(transformer, "steps", []):
            done.append((label, step))
            here = _after(label, step, here, output_names(SimpleNamespace(steps=done), names))
        found += here
    return [replace(feature, name=_readable(feature), column=source) for feature, source in zip(found, sources, strict=True)]


def _prepared(preprocessor: Any) -> list[Feature]:
    """Return the features where steps looked at several columns at once: what they left alone keeps its meaning."""
    one_by_one = features(preprocessor.columns)
    first = dict(zip(feature_names(preprocessor.columns), one_by_one, strict=True))
    layout = zip(preprocessor.names_, preprocessor.sources_, preprocessor.plain_, strict=True)
    return [
        first[str(name)] if plain and str(name) in first else Feature(str(name), str(source), "made")
        for name, source, plain in layout
    ]


def _groups(preprocessor: Any) -> Iterator[tuple[Any, list[str]]]:
    for _, transformer, columns in preprocessor.transformers_:
        if not (isinstance(transformer, str) and transformer == "drop"):
            yield transformer, [columns] if isinstance(columns, str) else [str(name) for name in columns]


def _readable(feature: Feature) -> str:
    return f"{feature.name.removeprefix(MARK)} is missing" if feature.meaning == "missing" else feature.name


def _after(label: str, step: Any, before: list[Feature], names: list[str]) -> list[Feature]:
    """Return the features after one step of a column's chain."""
    kind = label.rstrip("0123456789")
    if kind == "scale":
        low, high = _answers(step, len(before))
        return [
            replace(
                one, factor=one.factor * (high[place] - low[place]), offset=one.offset * (high[place] - low[place]) + low[place]
            )
            for place, one in enumerate(before)
        ]
    if kind == "impute":
        return [*before, *(Feature(name, name, "missing") for name in names[len(before) :])]
    if kind == "clip":
        return [*before, *(Feature(name, name, "mark") for name in names[len(before) :])]
    if kind == "bin":
        known = {one.name: one for one in before}
        return [Feature(name, known[name].column if name in known else name, "made") for name in names]
    if kind == "power":
        return [Feature(one.name, one.column, "straightened") if one.meaning == "number" else one for one in before]
    if kind == "text":
        return [Feature(name, name, "text") for name in names]
    if kind == "encode":
        meaning = ENCODERS.get(type(step).__name__, "code")
        return [Feature(name, name, meaning) for name in names]
    if kind == "codes":
        words = _words(step)
        return [Feature(name, name, "codes", words=words[place]) for place, name in enumerate(names)]
    return before


def _answers(step: Any, width: int) -> tuple[Any, Any]:
    """Return what a linear step makes of zeros and of ones."""
    rows: Any = np.array([[0.0] * width, [1.0] * width])
    if hasattr(step, "feature_names_in_"):
        rows = pd.DataFrame(rows, columns=step.feature_names_in_)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        low, high = np.asarray(step.transform(rows), dtype=np.float64)
    return low, high


def _words(encoder: Any) -> list[tuple[str, ...]]:
    """Return for each column of a fitted ordinal encoder its words in the order of their codes."""
    grouped = getattr(encoder, "infrequent_categories_", [None] * len(encoder.categories_))
    found = []
    for words, rare in zip(encoder.categories_, grouped, strict=True):
        few = set() if rare is None else set(rare)
        kept = [str(word) for word in words if isinstance(word, str) and word not in few]
        found.append((*kept, "(rare)") if few else tuple(kept))
    return found
