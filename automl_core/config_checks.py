"""Whether a run can be made of what was asked, and what is adjusted for it."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from automl_core.errors import InputError
from automl_core.experiment import ExperimentConfig
from automl_core.metrics import metric_of
from automl_core.own_figures import check_figures
from automl_core.proposals import propose_positive
from automl_core.schema import Schema
from automl_core.target import check_target, label_text

MAX_CLASSES = 1000


def check_config(
    frame: pd.DataFrame, schema: Schema, config: ExperimentConfig, *, uploaded: tuple[pd.DataFrame, Schema] | None = None
) -> tuple[ExperimentConfig, list[str]]:
    """Check a configuration against its table.

    Parameters
    ----------
    frame : DataFrame
        After the stateless steps.
    schema : Schema
    config : ExperimentConfig
    uploaded : tuple of DataFrame and Schema, optional
        The table before any step, in which the column that rows are split by and those that a cost table or a formula
        names are looked up.

    Returns
    -------
    ExperimentConfig
        With what had to be adjusted.
    list of str
        One sentence for each adjustment.

    Raises
    ------
    NotFoundError
        When a named column does not exist.
    InputError
        When the run cannot be made; the sentence says what to change.
    """
    target = config.target
    schema[target]
    values = frame[target]
    check_target(values, target)
    metric_of(config)
    _check_numbers(config, len(frame))
    notes: list[str] = []
    missing = int(values.isna().sum())
    if missing:
        notes.append(f"{missing:,} rows have no value for the target {target!r} and are left out.")
    known = values.dropna()
    if config.task == "regression":
        if known.dtype == object:
            raise InputError(
                f"The target {target!r} holds words such as {known.iloc[0]!r}.",
                "A regression needs numbers.",
                "Choose another task, or change the column's kind.",
            )
    else:
        config, more = _check_labels(label_text(known), config)
        notes += more
    if config.split.kind != "random":
        check_split(*(uploaded or (frame, schema)), config)
    if config.split.gap and config.split.kind != "time":
        notes.append("Only a split by time has a gap, so it is left aside.")
        config = replace(config, split=replace(config.split, gap=0.0))
    features = [name for name in schema.names if name != target and name not in config.ignored]
    if not features:
        raise InputError("There is no column left to learn from.", action="Keep at least one column besides the target.")
    notes += check_figures(values, config, *(uploaded or (frame, schema)), tuple(features))
    if config.budget.seconds < 5 and not config.budget.trials:
        notes.append("The budget was raised to 5 seconds, the least a run needs.")
        config = replace(config, budget=replace(config.budget, seconds=5.0))
    return config, notes


def _check_numbers(config: ExperimentConfig, rows: int) -> None:
    """Refuse settings outside of their range."""
    budget = config.budget
    for name, value, low, high, zero in (
        ("The number of folds", config.folds, 2, min(rows, 100), True),
        ("The share of rows kept aside", config.holdout, 0.01, 0.5, True),
        ("The seed", config.seed, 0, 2**32 - 1, False),
        ("The number of models", budget.trials, 0, 100_000, False),
        ("The budget in seconds", budget.seconds, 0, 366 * 86_400, False),
        ("The number of threads", config.threads, 0, 4096, False),
        ("The limit in milliseconds a row", config.predict_limit_ms, 0.0001, 60_000, True),
    ):
        if not (low <= value <= high or (zero and value == 0)):
            raise InputError(
                f"{name} is {value:g}.", f"It must be {'0 or ' * zero}between {low:g} and {high:g}.", "Correct the setting."
            )
    if config.predict_limit_ms and config.preset != "fast":
        raise InputError(
            f"A limit of {config.predict_limit_ms:g} ms a row is set, with the preset {config.preset!r}.",
            "Only the preset 'fast' keeps one.",
            "Choose that preset, or set no limit.",
        )


def _check_labels(labels: pd.Series, config: ExperimentConfig) -> tuple[ExperimentConfig, list[str]]:
    counts = labels.value_counts()
    notes: list[str] = []
    tidy: dict[str, list[str]] = {}
    for label in counts.index:
        tidy.setdefault(" ".join(str(label).split()).lower(), []).append(str(label))
    variants = [group for group in tidy.values() if len(group) > 1]
    if variants:
        shown = " and ".join(repr(label) for label in variants[0][:3])
        raise InputError(
            f"The labels {shown} differ only by case or spaces.",
            "A model would learn them as different outcomes.",
            "Add the step 'Tidy words' for the target on the Clean page, in lower case.",
        )
    if len(counts) > MAX_CLASSES:
        raise InputError(
            f"The target {config.target!r} has {len(counts):,} different labels.",
            f"Up to {MAX_CLASSES:,} can be told apart.",
            "Group them, or choose regression if it is a number.",
        )
    if config.task == "binary":
        if len(counts) != 2:
            raise InputError(
                f"The target {config.target!r} has {len(counts)} labels.",
                "A binary task needs two.",
                "Choose the task multiclass, or merge labels on the Clean page.",
            )
        if config.positive not in counts.index:
            if config.positive:
                raise InputError(
                    f"The positive label {config.positive!r} does not occur.",
                    f"The labels are {' and '.join(repr(str(label)) for label in counts.index)}.",
                    "Choose one of them.",
                )
            config = replace(config, positive=propose_positive(labels).value)
            notes.append(f"{config.positive!r} is taken as the event.")
    single = [str(label) for label in counts.index[counts == 1]]
    if single:
        shown = ", ".join(repr(label) for label in single[:5])
        if len(counts) - len(single) < 2:
            raise InputError(
                f"The labels {shown} have one row each.",
                "At least two labels with two rows are needed.",
                "Upload more rows, or choose another target.",
            )
        notes.append(
            f"{shown}: one row only, which cannot be learned and judged at once. "
            "It is learned from in every fold, and no score counts it."
        )
    return config, notes


def check_split(frame: pd.DataFrame, schema: Schema, config: ExperimentConfig) -> None:
    """Check the column that rows are split by, and the gap.

    Parameters
    ----------
    frame : DataFrame
        As uploaded; that column is enough.
    schema : Schema
    config : ExperimentConfig
        Split by group or by time.

    Raises
    ------
    NotFoundError
        When there is no such column.
    InputError
        When there are too few groups, what is to be a time is none, or the gap is out of its range.
    """
    name, kind = config.split.column, config.split.kind
    schema[name]
    groups = int(frame[name].nunique(dropna=False)) if kind == "group" else 4
    if groups < 4:
        raise InputError(
            f"The group column {name!r} has {'one value' if groups == 1 else f'{groups} different values'}.",
            "At least 4 groups are needed to keep some aside.",
            "Choose another column, or split at random.",
        )
    if kind == "time" and frame[name].dtype.kind not in "Miuf":
        known = frame[name].dropna()
        such = f", with cells such as {str(known.iloc[0])[:60]!r}" if len(known) else ""
        raise InputError(
            f"The time column {name!r} is of kind {schema[name].kind}{such}.",
            "A date or a number that grows with time is needed.",
            "Change its kind on the Upload page, or split at random.",
        )
    if not 0 <= config.split.gap < float("inf"):
        raise InputError(f"The gap is {config.split.gap:g}.", "It must be 0 or more.", "Correct the setting.")
