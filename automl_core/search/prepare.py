"""A run before its search: the table cleaned and checked, the target encoded, the rows divided."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.cleaning.apply import apply_stateless
from automl_core.cleaning.lineage import check_target
from automl_core.cleaning.preprocessing import left_out
from automl_core.cleaning.recipe import Recipe
from automl_core.config_checks import check_config
from automl_core.experiment import ExperimentConfig
from automl_core.profiling.wording import quoted
from automl_core.schema import Schema
from automl_core.scorer import Scorer, needed_columns
from automl_core.search.constants import constant_notes
from automl_core.search.copies import Copies, find_copies, keep_together
from automl_core.search.division import Division
from automl_core.search.fitting import FoldWork
from automl_core.search.fold_count import work_of
from automl_core.search.splitting import divide
from automl_core.target import encode_target
from automl_core.workspace import write_json

NAMED = 12
"""Columns that a sentence names."""


@dataclass(frozen=True)
class Prepared:
    """A run that is ready to search.

    Parameters
    ----------
    work : FoldWork
    config : ExperimentConfig
        As it was adjusted.
    classes : tuple of str
    notes : tuple of str
        What was adjusted and decided, a sentence each.
    keys : Series or None
        The column that rows are divided by, as uploaded, in the order of the features.
    copies : Copies or None
        The equal rows, where the division had to know them.
    """

    work: FoldWork
    config: ExperimentConfig
    classes: tuple[str, ...]
    notes: tuple[str, ...]
    scorer: Scorer
    keys: pd.Series | None = None
    copies: Copies | None = None


def seen_columns(recipe: Recipe, schema: Schema) -> list[str]:
    """Return the columns that models get."""
    dropped = left_out(recipe, schema)
    return [name for name in schema.names if name not in dropped]


def prepare(frame: pd.DataFrame, schema: Schema, recipe: Recipe, config: ExperimentConfig, folder: Path) -> Prepared:
    """Clean, check and divide the table; the division of an earlier start is kept."""
    check_target(recipe, schema, config.target)
    cleaned = apply_stateless(frame, schema, recipe, training=True)
    config, notes = check_config(cleaned.frame, cleaned.schema, config, uploaded=(frame, schema))
    known = cleaned.frame[config.target].notna()
    table = cleaned.frame if known.all() else cleaned.frame[known]
    away = {config.target, *config.ignored}
    if config.split.kind == "group":
        away.add(config.split.column)
    features = cleaned.schema.without(away)
    dropped = left_out(recipe, features)
    notes += _unused(dropped)
    y, classes = encode_target(table[config.target], config)
    rows = _row_numbers(table.index)
    # As uploaded: a recipe may have left the column out or turned it into parts.
    keys = frame.loc[table.index, config.split.column] if config.split.column else None
    copies = None
    path = folder / "split.npz"
    if path.exists():
        division = Division.load(path)
    else:
        together = None
        if config.split.kind == "random":
            seen = table[seen_columns(recipe, features)]
            copies = find_copies(seen, y)
            decision = keep_together(copies, seen, y)
            together = decision.value
            notes += [decision.reason] if decision.reason else []
        division, more = divide(config, y, keys, rows, together, work_of(len(features), len(classes)))
        notes += more
        notes += constant_notes(division, table[features.names], y)
        division.save(path)
    looked_at = [name for name in needed_columns(config) if name in frame.columns]
    scorer = Scorer(config, y, frame.loc[table.index, looked_at].reset_index(drop=True), classes)
    write_json(folder / "task.json", {"format": 1, "classes": list(classes), "config": config.to_dict()})
    cleaned_features = table[features.names]  # a copy, which may be numbered anew
    cleaned_features.index = pd.RangeIndex(len(cleaned_features))
    work = FoldWork(
        cleaned_features,
        features,
        y,
        division,
        recipe,
        config.task,
        len(classes),
        folder,
        config.seed,
        scorer,
    )
    return Prepared(work, config, classes, tuple(notes), scorer, keys, copies)


def _unused(dropped: Mapping[str, str]) -> list[str]:
    """Name the columns that are not used, a sentence for each reason: there can be thousands of one."""
    notes = []
    for reason in dict.fromkeys(dropped.values()):
        names = [quoted(name) for name in dropped if dropped[name] == reason]
        told = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED:,} more" if len(names) > NAMED else "")
        notes.append(f"{told} {'is' if len(names) == 1 else 'are'} not used: {reason}.")
    return notes


def _row_numbers(index: pd.Index) -> npt.NDArray[np.int64]:
    return np.asarray(index, dtype=np.int64)


def cores(config: ExperimentConfig) -> int:
    """Return how many fits run at a time."""
    return config.threads or len(os.sched_getaffinity(0))
