"""What is proposed for a run, and why: task, positive class, metric, split."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from automl_core.data.wording import cut
from automl_core.experiment import Decision, ExperimentConfig, Split, Task
from automl_core.metrics import METRICS, metrics_for
from automl_core.schema import Schema
from automl_core.target import check_target, label_text

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
    check_target(values, target)
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
