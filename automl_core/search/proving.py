"""Checks how rows were divided: counted on the division as it was used, not as it was meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.experiment import ExperimentConfig
from automl_core.profiling.wording import counted, quoted
from automl_core.search.by_time import gap_text, ticks
from automl_core.search.copies import Copies, find_copies, keep_together
from automl_core.search.division import Division, Ints
from automl_core.search.proof import ASIDE, Check, Proof, Side


@dataclass(frozen=True)
class _Pair:
    """Positions that are learned from, and positions that they judge."""

    name: str
    learned: Ints
    judged: Ints
    passed: int


def prove(
    division: Division,
    features: pd.DataFrame,
    y: npt.NDArray[np.float64],
    keys: pd.Series | None,
    config: ExperimentConfig,
    *,
    copies: Copies | None = None,
) -> Proof:
    """Check a division against the table.

    Parameters
    ----------
    division : Division
    features : DataFrame, shape (n, n_columns)
        What the models see, by which equal rows are found.
    y : ndarray, shape (n,)
    keys : Series, shape (n,), or None
        The group or time column.
    config : ExperimentConfig
    copies : Copies, optional
        Where they are known already; found otherwise, which takes a second for a million rows.

    Returns
    -------
    Proof
    """
    pairs = list(_pairs(division, keys))
    equal = copies or find_copies(features, y)
    checks = (
        _rows(division, pairs),
        _groups(pairs, keys, config),
        _time(pairs, keys, config),
        _copies(pairs, equal, features, y, config),
        _labels(pairs, y, config),
    )
    times = keys if config.split.kind == "time" else None
    return Proof(checks, tuple(_side(pair, times) for pair in pairs))


def _pairs(division: Division, keys: pd.Series | None) -> Iterator[_Pair]:
    train = division.train
    if len(division.holdout):
        out = len(division.rows) - len(train) - len(division.holdout)
        missing = int(keys.isna().sum()) if division.forward and keys is not None else 0
        yield _Pair(ASIDE, train, division.holdout, out - missing)
    for fold in range(division.folds):
        learned = division.learned(fold)
        passed = int((division.fold < fold).sum()) - len(learned) if division.forward else 0
        yield _Pair(f"Fold {fold + 1}", train[learned], train[division.judged(fold)], passed)


def _shared(values: Ints, pair: _Pair) -> npt.NDArray[np.bool_]:
    """Return for each judged row whether a learned one has the same value."""
    present = np.zeros(int(values.max(initial=0)) + 1, dtype=bool)
    present[values[pair.learned]] = True
    shared: npt.NDArray[np.bool_] = present[values[pair.judged]]
    return shared


def _rows(division: Division, pairs: list[_Pair]) -> Check:
    n = len(division.rows)
    both = sum(int(_shared(np.arange(n), pair).sum()) for pair in pairs)
    aside, judged = len(division.holdout), int((division.fold >= 0).sum())
    only = len(division.train) - judged
    counts = {"rows": n, "kept_aside": aside, "judged": judged, "only_learned": only, "left_out": n - aside - judged - only}
    counts["both"] = both
    if both:
        return Check(
            "rows_apart", "Rows", "failed", f"{counted(both, 'row is', 'rows are')} learned from and judged at once.", counts
        )
    parts = [f"{judged:,} judged by models that did not learn from them"]
    parts += [f"{aside:,} kept aside from the search"] * bool(aside) + [f"{only:,} only learned from"] * bool(only)
    parts += [f"{counts['left_out']:,} left out"] * bool(counts["left_out"])
    return Check(
        "rows_apart", "Rows", "ok", f"No row is learned from and judged at once. Of {n:,} rows: {', '.join(parts)}.", counts
    )


def _groups(pairs: list[_Pair], keys: pd.Series | None, config: ExperimentConfig) -> Check:
    if config.split.kind != "group" or keys is None:
        return Check("groups_apart", "Groups", "not_applicable", "Rows were not divided by group.")
    codes = pd.factorize(keys, use_na_sentinel=False)[0]
    split: set[int] = set()
    for pair in pairs:
        split.update(np.unique(codes[pair.judged[_shared(codes, pair)]]).tolist())
    counts = {"groups": int(codes.max()) + 1, "both": len(split)}
    name = quoted(config.split.column)
    if split:
        said = f"{counted(len(split), 'group', 'groups')} of {name} {'is' if len(split) == 1 else 'are'} on both sides."
        return Check("groups_apart", "Groups", "failed", said, counts)
    aside = " or of the rows kept aside" if config.holdout else ""
    said = f"None of the {counts['groups']:,} groups of {name} is on both sides of a fold{aside}."
    return Check("groups_apart", "Groups", "ok", said, counts)


def _time(pairs: list[_Pair], keys: pd.Series | None, config: ExperimentConfig) -> Check:
    if config.split.kind != "time" or keys is None:
        return Check("time_forward", "Time", "not_applicable", "Rows were not divided by time.")
    late = []
    for pair in pairs:
        learned, gap = ticks(keys.iloc[pair.learned], config.split.gap)
        judged, _ = ticks(keys.iloc[pair.judged], 0.0)
        if len(learned) and len(judged) and not learned.max() < judged.min() - gap:
            late.append(pair.name)
    counts = {"checked": len(pairs), "late": len(late)}
    apart = f" by more than the gap of {gap_text(keys, config.split.gap)}" if config.split.gap else ""
    if late:
        said = f"Not everywhere is the last learned row earlier than the first judged one{apart}: {', '.join(late)}."
        return Check("time_forward", "Time", "failed", said, counts)
    return Check(
        "time_forward", "Time", "ok", f"The last learned row is always earlier than the first judged one{apart}.", counts
    )


def _copies(
    pairs: list[_Pair], copies: Copies, features: pd.DataFrame, y: npt.NDArray[np.float64], config: ExperimentConfig
) -> Check:
    rows, both = copies.rows, _across(pairs, copies)
    counts = {"copies": rows, "both": both}
    if not both:
        said = f"{rows:,} rows have an exact copy, and none has one on the other side." if rows else "No two rows are equal."
        return Check("copies_apart", "Copies", "ok", said, counts)
    met = f"{counted(both, 'judged row equals', 'judged rows equal')} a learned one."
    tidy = "If they are cases that were entered twice, switch on 'Leave duplicate rows out' on the Clean page."
    if config.split.kind == "group":
        return Check("copies_apart", "Copies", "noted", f"{met} They belong to different groups. {tidy}", counts)
    if config.split.kind == "time":
        return Check("copies_apart", "Copies", "noted", f"{met} They are of different times. {tidy}", counts)
    together = keep_together(copies, features, y)
    counts["should_not"] = _across(pairs, together.value)
    if counts["should_not"]:
        return Check("copies_apart", "Copies", "failed", f"{met} {tidy}", counts)
    return Check("copies_apart", "Copies", "noted", f"{met} {together.reason}", counts)


def _across(pairs: list[_Pair], copies: Copies) -> int:
    """Count the judged rows that equal a learned one."""
    across = np.zeros(len(copies.leader), dtype=bool)
    for pair in pairs if copies.rows else ():
        across[pair.judged[_shared(copies.leader, pair)]] = True
    return int(across.sum())


def _labels(pairs: list[_Pair], y: npt.NDArray[np.float64], config: ExperimentConfig) -> Check:
    if config.task == "regression":
        return Check("labels_learned", "Labels", "not_applicable", "The target is a number.")
    labels = y.astype(np.int64)
    unknown = np.zeros(len(y), dtype=bool)
    for pair in pairs:
        unknown[pair.judged[~_shared(labels, pair)]] = True
    rows, names = int(unknown.sum()), len(np.unique(labels[unknown]))
    counts = {"labels": len(np.unique(labels)), "unknown": names, "rows": rows}
    if rows:
        said = f"{counted(rows, 'judged row has', 'judged rows have')} a label that was not among the learned rows."
        return Check(
            "labels_learned", "Labels", "noted", f"{said} No model could get them right, so scores are a little too low.", counts
        )
    return Check("labels_learned", "Labels", "ok", "Every label that is judged was among the learned rows.", counts)


def _side(pair: _Pair, times: pd.Series | None) -> Side:
    learned, judged = len(pair.learned), len(pair.judged)
    if times is None:
        return Side(pair.name, learned, judged)
    known = [times.iloc[pair.learned], times.iloc[pair.judged]]
    ends = [_time_of(end) for part in known for end in (part.min(), part.max())]
    return Side(pair.name, learned, judged, pair.passed, *ends)


def _time_of(value: Any) -> str | float:
    return str(value.isoformat()) if isinstance(value, pd.Timestamp) else float(value)
