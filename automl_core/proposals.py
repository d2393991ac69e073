"""What is proposed for a run, and why: task, positive class, metric, split. And whether it can be run at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from automl_core.data.wording import cut
from automl_core.errors import InputError
from automl_core.experiment import Decision, ExperimentConfig, Split, Task
from automl_core.metrics import METRICS, metric_of, metrics_for
from automl_core.own_figures import check_figures
from automl_core.schema import Schema
from automl_core.target import label_text

MAX_CLASSES = 1000
MIN_ROWS = 10
EVENT_WORDS = (
    "1",
    "yes",
    "y",
    "true",
    "t",
    "positive",
    "churned",
    "died",
    "dead",
    "default",
    "fraud",
    "bad",
    "malignant",
    "ja",
    "oui",
)
_KEY_NAME = re.compile(
    r"(?i:(^|[\W_])(id|uuid|guid|key|nr|no|number|code)$)|[a-z0-9](Id|ID|Nr|No|Key|Number)$"
    r"|(?i:^(patient|customer|client|user|subject|household|person|member|session|device|machine)s?$)"
)
"""Names of columns that tell whose row it is."""
_BIRTH = re.compile(r"birth|born|dob\b", re.IGNORECASE)


@dataclass(frozen=True)
class Proposal:
    """A configuration with the reason for each choice, by field name.

    Parameters
    ----------
    config : ExperimentConfig
    decisions : dict of str to Decision
    splits : tuple of Decision of Split
        Other ways to divide the rows that something in the table speaks for, most telling first. None is chosen for the
        person: whether new rows come from known customers or from new ones stands in no table.
    """

    config: ExperimentConfig
    decisions: dict[str, Decision[object]]
    splits: tuple[Decision[Split], ...] = ()


def propose_task(values: pd.Series, kind: str) -> Decision[Task]:
    """Propose the task from a target column's values and kind."""
    distinct = int(values.nunique())
    if distinct == 2:
        return Decision("binary", "The target has two values.")
    if kind != "number":
        return Decision("multiclass", f"The target has {distinct:,} different labels.")
    whole = values.dropna()
    whole_numbers = bool((whole == whole.round()).all())
    if whole_numbers and distinct <= 15 and distinct <= 0.05 * max(len(whole), 1) + 3:
        return Decision("multiclass", f"The target has only {distinct} different whole numbers, so each is taken as a label.")
    return Decision("regression", f"The target is a number with {distinct:,} different values.")


def propose_positive(values: pd.Series) -> Decision[str]:
    """Propose which of two labels is the event."""
    counts = label_text(values.dropna()).value_counts()
    labels = [str(label) for label in counts.index]
    for word in EVENT_WORDS:
        for label in labels:
            if label.strip().lower() == word:
                return Decision(label, f"{label!r} reads like the event that is to be predicted.")
    rarer = str(counts.index[-1])
    return Decision(rarer, f"{rarer!r} is the rarer one ({counts.iloc[-1]:,} of {counts.sum():,} rows).")


def propose(frame: pd.DataFrame, schema: Schema, target: str, *, uploaded: tuple[pd.DataFrame, Schema] | None = None) -> Proposal:
    """Propose everything a run needs.

    Parameters
    ----------
    frame : DataFrame
        Typed, as uploaded or after the steps that act on the table.
    schema : Schema
    target : str
    uploaded : tuple of DataFrame and Schema, optional
        The table before any step, in which dates and groups to split by are looked for.

    Returns
    -------
    Proposal

    Raises
    ------
    NotFoundError
        When the target is no column.
    InputError
        When the target cannot be learned.
    """
    column = schema[target]
    values = frame[target]
    _check_target_values(values, target)
    task = propose_task(values, column.kind)
    positive = propose_positive(values) if task.value == "binary" else Decision("", "Only for two labels.")
    metric = metrics_for(task.value)[0]
    share = float((label_text(values.dropna()) == positive.value).mean()) if task.value == "binary" else 1.0
    why = {
        "binary": "judges the order of the probabilities and does not depend on a threshold",
        "multiclass": "judges all probabilities, not only the most probable label",
        "regression": "is in the target's own unit and punishes large errors",
    }[task.value]
    why = f"{metric.label} {why}."
    if task.value == "binary" and share < 0.05:
        metric = METRICS["average_precision"]
        why = f"The event is rare ({share:.1%} of the rows), and {metric.label} looks at how well it is found."
    splits = suggest_splits(*(uploaded or (frame, schema)), target)
    split = propose_split(splits)
    config = ExperimentConfig(
        target=target, task=task.value, metric=metric.name, positive=positive.value, split=Split(), holdout=0.2
    )
    return Proposal(
        config,
        {
            "task": Decision(task.value, task.reason),
            "positive": Decision(positive.value, positive.reason),
            "metric": Decision(metric.name, why),
            "holdout": Decision(0.2, "A fifth of the rows is kept aside to judge the winner on rows that the search never saw."),
            "split": Decision(split.value, split.reason),
        },
        splits,
    )


def propose_split(others: Sequence[Decision[Split]]) -> Decision[Split]:
    """Propose to divide the rows at random, and say what speaks for another way; `others` are those of `suggest_splits`."""
    if not others:
        return Decision(Split(), "Random, since nothing in the table speaks against it.")
    return Decision(Split(), f"Random, unless you choose otherwise. {others[0].reason}")


def split_columns(schema: Schema, target: str) -> tuple[list[str], list[str]]:
    """Return the columns whose names tell whose row it is, and those whose dates may order the rows."""
    keys = [name for name in schema.names if name != target and _KEY_NAME.search(name)]
    return keys, [name for name in schema.of_kind("date") if name != target and not _BIRTH.search(name)]


def suggest_splits(frame: pd.DataFrame, schema: Schema, target: str) -> tuple[Decision[Split], ...]:
    """Look for what speaks against a random split: a key that repeats, a date.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Typed, as uploaded; those of `split_columns` are enough.
    schema : Schema
    target : str

    Returns
    -------
    tuple of Decision of Split
        At most one by group and one by time. A key is known by its name and repeats in most rows; dates of birth order
        people, not rows, and are passed over.
    """
    found = []
    keys, dates = split_columns(schema, target)
    for name in keys:
        values = frame[name]
        if not (schema[name].kind in ("id", "category") or _whole(values)):
            continue
        distinct, known = int(values.nunique()), int(values.notna().sum())
        if 10 < distinct < 0.7 * known and known > 0.5 * len(frame):
            reason = (
                f"{cut(name, 60)!r} repeats: {distinct:,} values in {known:,} rows. If the model will meet new ones, keep the "
                "rows of each together; at random it would be judged on those it has learned."
            )
            found.append(Decision(Split("group", name), reason))
            break
    for name in dates:
        values = frame[name].dropna()
        if values.nunique() < 10 or len(values) < 0.5 * len(frame):
            continue
        first, last = (f"{end.day} {end:%b %Y}" for end in (values.min(), values.max()))
        reason = (
            f"{cut(name, 60)!r} gives each row a date, from {first} to {last}. If the model will predict what comes later, learn "
            "from earlier rows and judge on later ones; at random it would be judged on days it has seen."
        )
        found.append(Decision(Split("time", name), reason))
        break
    return tuple(found)


def _whole(values: pd.Series) -> bool:
    return values.dtype.kind in "iu" or (values.dtype.kind == "f" and bool((values.dropna() % 1 == 0).all()))


def _check_target_values(values: pd.Series, target: str) -> None:
    known = values.dropna()
    if not len(known):
        raise InputError(
            f"The target {target!r} has no values.", "At least two different ones are needed.", "Choose another target column."
        )
    if known.nunique() == 1:
        raise InputError(
            f"The target {target!r} has one value, {label_text(known).iloc[0]!r}, in every row.",
            "There is nothing to tell apart.",
            "Choose another target, or upload rows with other outcomes.",
        )
    if len(known) < MIN_ROWS:
        raise InputError(
            f"Only {len(known)} rows have a value for the target {target!r}.",
            f"At least {MIN_ROWS} are needed to learn and to judge.",
            "Upload more rows.",
        )


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
    _check_target_values(values, target)
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
