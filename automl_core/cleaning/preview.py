"""What one step would do, shown before it is applied."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from automl_core.cleaning.apply import apply_stateless
from automl_core.cleaning.preprocessing import JOINT, is_joint
from automl_core.cleaning.recipe import Recipe, Step
from automl_core.cleaning.steps import check_step, columns_of, operation, value
from automl_core.data.wording import count
from automl_core.schema import Schema

LOOKED = 100_000
"""Most rows that a stateless step is shown on; of a larger table that many are drawn at random."""
SHOWN_ROWS = 8
SHOWN_COLUMNS = 8
SHOWN_VALUES = 12


@dataclass(frozen=True)
class Distribution:
    """How one column is distributed before and after a step.

    Parameters
    ----------
    before_column, after_column : str
    kind : str
        ``number``: `labels` are the middles of bins of the same width: the same bins where one side lies within the other's
        range and takes at least a tenth of it, so that heights compare, else bins for each side.
        ``category``: `labels` are values, most frequent first, the rest as one.
    before_labels, after_labels : tuple
    before_counts, after_counts : tuple of int
        Rows.
    before_missing, after_missing : int
    """

    before_column: str
    after_column: str
    kind: str
    before_labels: tuple[Any, ...]
    before_counts: tuple[int, ...]
    before_missing: int
    after_labels: tuple[Any, ...]
    after_counts: tuple[int, ...]
    after_missing: int


@dataclass(frozen=True)
class Preview:
    """What a step does to the table as the steps before it leave it.

    Parameters
    ----------
    rows_touched : int
        Rows left out, or with at least one changed cell.
    cells_changed : int
    rows : int
        Rows that were looked at.
    before, after : DataFrame
        The same few rows and the columns concerned; touched rows first. A row left out is missing in `after`.
    distributions : tuple of Distribution
    sampled : bool
        Whether `rows` is a sample.
    sentence : str
    """

    rows_touched: int
    cells_changed: int
    rows: int
    before: pd.DataFrame
    after: pd.DataFrame
    distributions: tuple[Distribution, ...] = field(default=())
    sampled: bool = False
    sentence: str = ""


def preview_step(
    frame: pd.DataFrame, schema: Schema, recipe: Recipe, step: Step, *, rows: int = 5000, seed: int = 0, target: str = ""
) -> Preview:
    """Show what a step does after the stateless steps that come before it.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Typed; never changed.
    schema : Schema
    recipe : Recipe
        Its enabled stateless steps before `step` are applied first: all of them when the recipe lacks the step.
    step : Step
    rows : int
        A learned step is fitted on at most this many rows drawn at random; a stateless one sees `LOOKED`.
    seed : int
    target : str
        Kept away from learned steps; needed to show the mean of the target.

    Returns
    -------
    Preview

    Raises
    ------
    InputError
        When the step does not fit the table as it is at this place.
    """
    earlier = []
    for other in recipe:
        if other.id == step.id:
            break
        earlier.append(other)
    part = len(frame) > LOOKED
    if part:
        frame = frame.iloc[np.sort(np.random.default_rng(seed).choice(len(frame), LOOKED, replace=False))]
    cleaned = apply_stateless(frame, schema, Recipe(tuple(earlier)), training=True)
    check_step(step, cleaned.schema)
    before = cleaned.frame
    if not operation(step).learned:
        done = apply_stateless(before, cleaned.schema, Recipe((Step(step.op, step.params),)), training=True)
        sentence = done.outcomes[0].sentence
        if part:
            sentence = f"{sentence[:-1]}; on a sample of {len(frame):,} rows."
        return _compare(before, done.frame, sentence, part)
    if not len(before):
        return Preview(0, 0, 0, before, before, sentence="The steps before it leave no rows, so there is nothing to learn from.")
    sampled = len(before) > rows
    if sampled:
        before = before.sample(rows, random_state=seed).sort_index()
    features = cleaned.schema.without([target])
    if step.op in TOGETHER or is_joint(step):
        return _in_context(before, features, Recipe(tuple(earlier)), step, seed, target, sampled)
    after, note = _learned(before, features, step, seed, before[target] if target in before.columns else None)
    columns = [name for name in _columns(step, features) if name in before.columns]
    shown = _compare(before[columns], after, "", sampled)
    return Preview(**{**shown.__dict__, "sentence": " ".join(part for part in (_sentence(shown, after, columns), note) if part)})


TOGETHER = ("drop_sparse", "bin", *JOINT)
"""Learned steps that are shown on what the learned steps before them give."""


def _in_context(
    before: pd.DataFrame, schema: Schema, earlier: Recipe, step: Step, seed: int, target: str, sampled: bool
) -> Preview:
    """Show what a step does to the numbers that the learned steps before it make of the table."""
    from automl_core.cleaning.preparation import take_kept
    from automl_core.cleaning.preprocessing import build_preprocessor, feature_names

    regression = target in before.columns and before[target].dtype.kind in "iuf" and before[target].nunique() > 20
    known = before[before[target].notna()] if target in before.columns else before
    y = None
    if target in known.columns:
        y = known[target].to_numpy() if regression else pd.factorize(known[target])[0]
    without = [
        other for other in earlier if other.op != "encode" or value(other, "method") not in ("auto", "target") or y is not None
    ]
    tables, kept = [], None
    for steps in (without, [*without, Step(step.op, step.params)]):
        made = build_preprocessor(
            Recipe(tuple(steps)), schema, known, task="regression" if regression else "multiclass", seed=seed
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a preview of a constant column is no news
            values = np.asarray(made.fit_transform(known[schema.names], y))
        kept = take_kept(made)
        tables.append(pd.DataFrame(values, columns=feature_names(made), index=known.index))
    old, new = tables
    if kept is not None:
        new = new[kept]
    shown = _compare(old, new, "", sampled)
    return Preview(**{**shown.__dict__, "sentence": _context_sentence(shown, old, new)})


def _context_sentence(shown: Preview, old: pd.DataFrame, new: pd.DataFrame) -> str:
    gone = [str(name) for name in old.columns if name not in new.columns]
    fresh = [str(name) for name in new.columns if name not in old.columns]
    said = []
    if len(new) < len(old):
        said.append(f"{len(old) - len(new):,} of {len(old):,} rows not learned from")
    elif shown.cells_changed:
        said.append(f"{count(shown.cells_changed, 'number')} in {shown.rows_touched:,} of {shown.rows:,} rows changed")
    for names, what in ((gone, "left out"), (fresh, "new")):
        if names:
            more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
            said.append(f"{count(len(names), 'column')} {what}: {', '.join(names[:3])}{more}")
    text = "; ".join(said) or "nothing to change"
    if shown.sampled:
        text += f"; learned here from a sample of {shown.rows:,} rows"
    return text[0].upper() + text[1:] + "."


def _columns(step: Step, schema: Schema) -> list[str]:
    if step.op == "scale":
        return schema.of_kind("number")
    columns = columns_of(step, schema)
    if step.op == "impute":
        return [name for name in columns if schema[name].kind in ("number", "category", "boolean")]
    return columns


def _learned(before: pd.DataFrame, schema: Schema, step: Step, seed: int, target: pd.Series | None) -> tuple[pd.DataFrame, str]:
    """Fit one learned step on these rows alone; return what it makes of its columns, and what could not be shown."""
    from automl_core.cleaning import parts as made
    from automl_core.cleaning.transformers import GroupRare, TextFeatures

    columns = _columns(step, schema)
    numbers = [name for name in columns if schema[name].kind == "number"]
    words = [name for name in columns if schema[name].kind in ("category", "boolean")]
    parts: list[pd.DataFrame] = []
    untold: list[str] = []
    if step.op == "impute":
        if numbers:
            parts.append(_fitted(made.imputer(step, False, seed), before[numbers]))
        if words:
            parts.append(_fitted(made.imputer(step, True, seed), before[words]))
    elif step.op == "encode":
        for name in words:
            encoder, _ = made.encoder(step, before[name], "regression", seed)
            if type(encoder).__name__ == "TargetEncoder":
                untold.append(name)
            else:
                parts.append(_fitted(encoder, before[[name]]))
    elif step.op == "text_features":
        for name in columns:
            part = _fitted(TextFeatures(int(value(step, "dimensions")), seed=seed), before[name])
            parts.append(part.set_axis([f"{name} {label}" for label in part.columns], axis=1))
    elif step.op == "group_rare" and words:
        parts.append(_fitted(GroupRare(float(value(step, "min_share"))), before[words]))
    elif numbers:
        makers: dict[str, Callable[[], Any]] = {
            "clip_outliers": lambda: made.outliers(step),
            "transform_power": lambda: made.power(step, seed),
            "scale": lambda: made.scaler(step),
        }
        parts.append(_fitted(makers[step.op](), before[numbers]))
    after = pd.concat(parts, axis=1) if parts else before[[]]
    note = f"{', '.join(untold)}: the mean of the target, which is learned in each fold." if untold else ""
    return after, note


def _fitted(part: Any, values: pd.DataFrame | pd.Series) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a preview of a constant column is no news
        result = part.fit_transform(values)
    array = np.asarray(result)
    names = list(part.get_feature_names_out())
    if len(names) != array.shape[1]:
        # scikit-learn 1.4's KNNImputer leaves the names of empty columns out although it keeps the columns.
        marks = list(part.indicator_.get_feature_names_out(values.columns)) if part.add_indicator else []
        names = [*values.columns, *marks]
    return pd.DataFrame(array, columns=names, index=values.index)


def _differs(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return where cells of rows and columns that both have differ."""
    rows = before.index.intersection(after.index)
    columns = [name for name in before.columns if name in after.columns]
    changed = {}
    for name in columns:
        old, new = before.loc[rows, name], after.loc[rows, name]
        changed[name] = ~((old == new) | (old.isna() & new.isna()))
    return pd.DataFrame(changed, index=rows, dtype=bool)


def _compare(before: pd.DataFrame, after: pd.DataFrame, sentence: str, sampled: bool = False) -> Preview:
    changed = _differs(before, after)
    gone = before.index.difference(after.index)
    touched = changed.index[changed.any(axis=1)] if changed.shape[1] else changed.index[:0]
    first = gone if len(gone) else touched
    rows = [*first[:SHOWN_ROWS], *before.index.difference(first)[: max(SHOWN_ROWS - len(first), 0)]]
    altered = [name for name in changed.columns if changed[name].any()]
    lost = [name for name in before.columns if name not in after.columns]
    new = [name for name in after.columns if name not in before.columns]
    old_shown = ([*altered, *lost] or list(before.columns))[:SHOWN_COLUMNS]
    new_shown = ([*altered, *new] or [name for name in before.columns if name in after.columns])[:SHOWN_COLUMNS]
    pairs = [(name, name) for name in altered]
    if not pairs and len(lost) == 1 and new and _numeric(before[lost[0]]) == _numeric(after[new[0]]):
        pairs = [(lost[0], name) for name in new[:1]]
    if not pairs and len(gone):
        pairs = [(name, name) for name in before.columns[:3]]
    return Preview(
        rows_touched=len(gone) or len(touched),
        cells_changed=int(changed.to_numpy().sum()),
        rows=len(before),
        before=before.loc[rows, old_shown],
        after=after.loc[[row for row in rows if row in after.index], new_shown],
        distributions=tuple(_distribution(before[old], after[name]) for old, name in pairs[:6]),
        sampled=sampled,
        sentence=sentence,
    )


def _sentence(shown: Preview, after: pd.DataFrame, columns: list[str]) -> str:
    new = [name for name in after.columns if name not in columns]
    said = []
    if shown.cells_changed:
        cells = f"{shown.cells_changed:,} {'cell' if shown.cells_changed == 1 else 'cells'}"
        said.append(f"{cells} in {shown.rows_touched:,} of {shown.rows:,} rows changed")
    if new:
        said.append(f"{len(new):,} new {'column' if len(new) == 1 else 'columns'}")
    if not said:
        said.append("nothing to change")
    text = ", ".join(said) + "."
    if shown.sampled:
        text = text[:-1] + f"; learned here from a sample of {shown.rows:,} rows."
    return text[0].upper() + text[1:]


def _distribution(before: pd.Series, after: pd.Series) -> Distribution:
    number = _numeric(before) and _numeric(after)
    span = _shared_range(before, after) if number else None
    old_labels, old_counts = _counts(before, number, span)
    new_labels, new_counts = _counts(after, number, span)
    return Distribution(
        str(before.name),
        str(after.name),
        "number" if number else "category",
        old_labels,
        old_counts,
        int(before.isna().sum()),
        new_labels,
        new_counts,
        int(after.isna().sum()),
    )


def _numeric(values: pd.Series) -> bool:
    return values.dtype.kind in "iuf"


def _shared_range(before: pd.Series, after: pd.Series) -> tuple[float, float] | None:
    """Return the range that both sides are counted over, None where they lie apart or one is far narrower."""
    sides = [values.dropna().astype("float64") for values in (before, after)]
    if not all(len(values) for values in sides):
        return None
    lows, highs = [float(values.min()) for values in sides], [float(values.max()) for values in sides]
    low, high = min(lows), max(highs)
    within = (low, high) in zip(lows, highs, strict=True)
    narrower = min(highs[0] - lows[0], highs[1] - lows[1])
    return (low, high) if within and narrower >= (high - low) / 10 else None


def _counts(values: pd.Series, number: bool, span: tuple[float, float] | None = None) -> tuple[tuple[Any, ...], tuple[int, ...]]:
    known = values.dropna()
    if number:
        known = known.astype("float64")
        if not len(known):
            return (), ()
        counts, edges = np.histogram(known.to_numpy(), bins=30, range=span)
        return tuple(((edges[:-1] + edges[1:]) / 2).tolist()), tuple(int(count) for count in counts)
    shares = known.astype(str).value_counts()
    labels, sizes = list(shares.index[:SHOWN_VALUES]), [int(size) for size in shares.iloc[:SHOWN_VALUES]]
    if len(shares) > SHOWN_VALUES:
        labels.append(f"{len(shares) - SHOWN_VALUES:,} others")
        sizes.append(int(shares.iloc[SHOWN_VALUES:].sum()))
    return tuple(labels), tuple(sizes)
