"""What each step of a recipe did to new rows: "12 numbers outside the limits", "3 values never learned from in 7 cells"."""

from __future__ import annotations

import re
import warnings
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from automl_core.cleaning.apply import apply_stateless
from automl_core.cleaning.recipe import Recipe
from automl_core.cleaning.steps import describe, operation
from automl_core.schema import Schema

MOST_ROWS = 200_000
"""Most rows on which learned steps are counted; of more, the first."""


@dataclass(frozen=True)
class Replayed:
    """What one step did to new rows.

    Parameters
    ----------
    step_id, title : str
    learned : bool
    sentence : str
    """

    step_id: str
    title: str
    learned: bool
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return dict(self.__dict__)


def replay(recipe: Recipe, schema: Schema, frame: pd.DataFrame, preprocessors: Mapping[str, Any]) -> tuple[Replayed, ...]:
    """Say for each enabled step what it did.

    Parameters
    ----------
    recipe : Recipe
        As the model carries it.
    schema : Schema
        Of the uploaded columns, without the target.
    frame : DataFrame, shape (n_rows, n_columns)
        New rows, typed.
    preprocessors : mapping of str to fitted preprocessor
        Of one fold, by view.
    """
    cleaned = apply_stateless(frame, schema, recipe, training=False)
    done = {outcome.step_id: outcome.sentence for outcome in cleaned.outcomes}
    rows = cleaned.frame.iloc[:MOST_ROWS]
    found: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for preprocessor in preprocessors.values():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for number, what in _counts(preprocessor, rows).items():
                # Each view prepares the same columns: what one of them sees is not added to what another sees.
                for word, cells in what.items():
                    found[number][word] = max(found[number].get(word, 0), cells)
    told, number = [], -1
    for step in recipe.enabled():
        learned = operation(step).learned
        if learned:
            number += 1
            sentence = _sentence(found.get(number), cut=len(cleaned.frame) > len(rows))
        else:
            sentence = done[step.id]
        told.append(Replayed(step.id, describe(step), learned, sentence))
    return tuple(told)


WORDS = {
    "beyond": ("number outside the limits", "numbers outside the limits"),
    "filled": ("cell filled", "cells filled"),
    "rare": ("cell with a rare value, or one never learned from", "cells with rare values, or ones never learned from"),
    "unseen": ("value never learned from", "values never learned from"),
    "cells": ("cell with such a value", "cells with such values"),
    "odd": ("odd row", "odd rows"),
    "edges": ("number beyond the outermost bins", "numbers beyond the outermost bins"),
}


def _sentence(counts: dict[str, int] | None, *, cut: bool) -> str:
    if counts is None:
        return "The models that were chosen do without it."
    said = [f"{number:,} {WORDS[word][number != 1]}" for word, number in counts.items() if number and word in WORDS]
    text = ", ".join(said) or "nothing out of the ordinary"
    return text[0].upper() + text[1:] + (f"; counted on the first {MOST_ROWS:,} rows." if cut else ".")


def _counts(preprocessor: Any, rows: pd.DataFrame) -> dict[int, dict[str, int]]:
    """Return by number of the learned step what a fitted preprocessor meets in these rows."""
    found: defaultdict[int, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for _, transformer, names in preprocessor.transformers_:
        values: Any = rows[names] if isinstance(names, str) else rows[[str(name) for name in names]]
        for label, part in getattr(transformer, "steps", []):
            kind, number = _label(label)
            if number >= 0:
                for word, cells in _met(kind, part, values).items():
                    found[number][word] += cells
            values = part.transform(values)
    if hasattr(preprocessor, "positions_"):
        array = np.asarray(preprocessor.columns.transform(rows), dtype=np.float64)
        from automl_core.cleaning.preparation import put

        for (label, part, _), positions in zip(preprocessor.after, preprocessor.positions_, strict=True):
            kind, number = _label(label)
            if not len(positions):
                continue
            seen = array[:, positions]
            if number >= 0:
                for word, cells in _met(kind, part, seen).items():
                    found[number][word] += cells
            if kind != "drop":
                array = put(array, part.transform(seen), positions)
    return {number: dict(words) for number, words in found.items()}


def _label(label: str) -> tuple[str, int]:
    match = re.fullmatch(r"([a-z]+)(\d*)", label)
    assert match is not None
    return match.group(1), int(match.group(2)) if match.group(2) else -1


def _met(kind: str, part: Any, values: Any) -> dict[str, int]:
    name = type(part).__name__
    if name == "ClipOutliers":
        return {"beyond": int(part.beyond(values).sum())}
    if name == "OddRows":
        return {"odd": int(part.odd(values).sum())}
    if kind == "impute":
        return {"filled": int(pd.isna(np.asarray(values)).sum())}
    if name == "GroupRare":
        return {"rare": sum(_unseen(column, kept)[1] for column, kept in _columns(values, part.kept_))}
    if name in ("OneHotEncoder", "OrdinalEncoder", "TargetEncoder", "FrequencyEncoder"):
        known = [pair[0] for pair in part.shares_] if name == "FrequencyEncoder" else part.categories_
        pairs = [_unseen(column, kept) for column, kept in _columns(values, known)]
        return {"unseen": sum(pair[0] for pair in pairs), "cells": sum(pair[1] for pair in pairs)}
    if kind == "bin":
        array = np.asarray(values, dtype=np.float64)
        outside = [
            ((array[:, place] < edges[0]) | (array[:, place] > edges[-1])).sum() for place, edges in enumerate(part.bin_edges_)
        ]
        return {"edges": int(sum(outside))}
    return {"nothing": 0}


def _columns(values: Any, known: Any) -> list[tuple[pd.Series, Any]]:
    array = np.asarray(values, dtype=object)
    return [(pd.Series(array[:, place], dtype=object), kept) for place, kept in enumerate(known)]


def _unseen(column: pd.Series, known: Any) -> tuple[int, int]:
    """Return how many distinct values were never learned from, and in how many cells they stand."""
    new = column[column.notna() & ~column.isin([value for value in known if isinstance(value, str)])]
    return int(new.nunique()), len(new)
