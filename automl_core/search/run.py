"""The search: what is asked, in; a leaderboard, its fold models and its out-of-fold predictions on disk, out."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.cleaning.apply import apply_stateless
from automl_core.cleaning.preprocessing import left_out
from automl_core.cleaning.recipe import Recipe
from automl_core.events import Event, Message
from automl_core.experiment import ExperimentConfig
from automl_core.leaderboard import Leaderboard
from automl_core.proposals import check_config, label_text
from automl_core.schema import Schema
from automl_core.search.fitting import FoldWork
from automl_core.search.splitting import Division, divide
from automl_core.workspace import write_json

Emit = Callable[[Event], None]


@dataclass(frozen=True)
class Prepared:
    """A run that is ready to search."""

    work: FoldWork
    config: ExperimentConfig
    classes: tuple[str, ...]
    notes: tuple[str, ...]


def run_search(
    frame: pd.DataFrame,
    schema: Schema,
    recipe: Recipe,
    config: ExperimentConfig,
    folder: Path,
    *,
    emit: Emit,
    should_stop: Callable[[], bool],
    started: float,
) -> Leaderboard:
    """Search for the best model.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Typed, as uploaded.
    schema : Schema
    recipe : Recipe
    config : ExperimentConfig
    folder : Path
        The run's folder; what an earlier, interrupted search left in it is not fitted again.
    emit : callable
        Takes each event.
    should_stop : callable
        Turns true when a person stops the run.
    started : float
        `time.time` from which the budget counts.

    Returns
    -------
    Leaderboard
        Also in ``leaderboard.json``.

    Raises
    ------
    InputError, NotFoundError
        When the run cannot be made; the sentence says what to change.
    """
    from automl_core.search.classic import ClassicLoop
    from automl_core.search.loop import SearchLoop

    prepared = prepare(frame, schema, recipe, config, folder)
    for note in prepared.notes:
        emit(Message(note))
    if config.preset == "pycaret" and not config.candidates:
        return ClassicLoop(prepared, emit=emit, should_stop=should_stop, started=started).run()
    return SearchLoop(prepared, emit=emit, should_stop=should_stop, started=started).run()


def prepare(frame: pd.DataFrame, schema: Schema, recipe: Recipe, config: ExperimentConfig, folder: Path) -> Prepared:
    """Clean, check and divide the table; the division of an earlier start is kept."""
    cleaned = apply_stateless(frame, schema, recipe, training=True)
    config, notes = check_config(cleaned.frame, cleaned.schema, config, uploaded=(frame, schema))
    known = cleaned.frame[config.target].notna()
    table = cleaned.frame[known]
    away = {config.target, *config.ignored}
    if config.split.kind == "group":
        away.add(config.split.column)
    features = cleaned.schema.without(away)
    dropped = left_out(recipe, features)
    for name, reason in dropped.items():
        notes.append(f"{name!r} is not used: {reason}.")
    y, classes = encode_target(table[config.target], config)
    rows = _row_numbers(table.index)
    # As uploaded: a recipe may have left the column out or turned it into parts.
    keys = frame.loc[table.index, config.split.column] if config.split.column else None
    path = folder / "split.npz"
    if path.exists():
        division = Division.load(path)
    else:
        division, more = divide(config, y, keys, rows)
        notes += more
        division.save(path)
    write_json(folder / "task.json", {"format": 1, "classes": list(classes), "config": config.to_dict()})
    work = FoldWork(
        table[features.names].reset_index(drop=True),
        features,
        y,
        division,
        recipe,
        config.task,
        len(classes),
        folder,
        config.seed,
    )
    return Prepared(work, config, classes, tuple(notes))


def _row_numbers(index: pd.Index) -> npt.NDArray[np.int64]:
    return np.asarray(index, dtype=np.int64)


def encode_target(values: pd.Series, config: ExperimentConfig) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    """Return the target as class codes or values, and the labels in the order of their codes.

    For two classes the event is code 1.
    """
    if config.task == "regression":
        return values.to_numpy(dtype=np.float64), ()
    text = label_text(values)
    labels = sort_labels([str(label) for label in text.unique()])
    if config.task == "binary":
        labels = [*(label for label in labels if label != config.positive), config.positive]
    codes = {label: code for code, label in enumerate(labels)}
    return text.map(codes).to_numpy(dtype=np.float64), tuple(labels)


def sort_labels(labels: list[str]) -> list[str]:
    """Sort labels as numbers where all of them are, otherwise as text."""
    try:
        return sorted(labels, key=float)
    except ValueError:
        return sorted(labels)


def cores(config: ExperimentConfig) -> int:
    """Return how many fits run at a time."""
    return config.threads or len(os.sched_getaffinity(0))
