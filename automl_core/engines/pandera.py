"""Pandera's door: rules looked at on a table. One function for uploads, predictions, later tables and services."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.cleaning.patterns import read_pattern
from automl_core.cleaning.rules import Checked, Rule, RuleResult, told_broken
from automl_core.cleaning.stateless.calculated import calculate
from automl_core.cleaning.stateless.columns import words_of
from automl_core.data.parsing import Faults
from automl_core.kpi.formula import parse_formula
from automl_core.schema import NULL_WORDS, Schema

SHOWN = 3


def check_rules(
    typed: pd.DataFrame,
    rules: Sequence[Rule],
    *,
    raw: pd.DataFrame | None = None,
    faults: Mapping[str, Faults] | None = None,
    schema: Schema | None = None,
) -> Checked:
    """Look at a table with rules.

    Parameters
    ----------
    typed : DataFrame, shape (n_rows, n_columns)
        As uploaded and typed, before any step; never changed.
    rules : sequence of Rule
        Those about columns that are not there are not checked, and say so.
    raw : DataFrame, optional
        The same rows as text, to find cells that could not be read as their kind.
    faults : mapping of str to Faults, optional
        Such cells of the whole table, counted when it was read; looked at where there is no `raw`. They say of no row that it
        is set aside.
    schema : Schema, optional
        Says which words mean missing in `raw`; `NULL_WORDS` when left out.

    Returns
    -------
    Checked
    """
    results, aside = [], np.zeros(len(typed), dtype=bool)
    by_rule: list[tuple[str, npt.NDArray[np.intp]]] = []
    for rule in rules:
        needed = parse_formula(rule.text).columns if rule.kind == "relation" else (rule.column,)
        lacking = [name for name in needed if name not in typed.columns]
        if lacking:
            results.append(
                RuleResult(rule, 0, (), f"There is no column {lacking[0]!r}, so {rule.sentence!r} is not checked.", False)
            )
            continue
        if rule.kind == "type" and raw is None and faults is not None:
            fault = faults.get(rule.column, Faults(0, ()))
            results.append(_told(rule, fault.count, fault.examples[:SHOWN]))
            continue
        failed = _failed(typed, rule, raw, schema)
        results.append(_result(typed, rule, raw, failed))
        if rule.action == "aside":
            aside |= failed
            by_rule.append((rule.sentence, np.flatnonzero(failed)))
    return Checked(tuple(results), aside, len(typed), tuple(by_rule))


def _failed(typed: pd.DataFrame, rule: Rule, raw: pd.DataFrame | None, schema: Schema | None) -> npt.NDArray[np.bool_]:
    """Return which rows break a rule, by a check of Pandera's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its notes on versions are not for people
        from pandera.pandas import Check

    subject: Any = typed if rule.kind == "relation" else typed[rule.column]
    if rule.kind == "range":
        numbers = pd.to_numeric(subject, errors="coerce")
        low = -np.inf if rule.low is None else rule.low
        high = np.inf if rule.high is None else rule.high
        check, subject = Check.in_range(low, high), numbers
    elif rule.kind == "allowed":
        check, subject = Check.isin(list(rule.values)), words_of(subject)
    elif rule.kind == "pattern":
        check, subject = Check(_fits(rule.text)), words_of(subject)
    elif rule.kind == "unique":
        check = Check(lambda values: ~values.duplicated(keep=False) | values.isna(), ignore_na=False)
    elif rule.kind == "filled":
        check = Check(lambda values: values.notna(), ignore_na=False)
    elif rule.kind == "type":
        known = schema is not None and rule.column in schema
        words = schema[rule.column].parsing.null_words if schema is not None and known else NULL_WORDS
        unread = _unread(typed[rule.column], None if raw is None or rule.column not in raw.columns else raw[rule.column], words)
        check = Check(lambda values: ~unread, ignore_na=False)
    else:
        # Where a part is missing, nothing is compared.
        check = Check(lambda frame: calculate(frame, rule.text) != 0.0, ignore_na=False)
    subject = subject.reset_index(drop=True)
    if not len(subject):
        return np.zeros(0, dtype=bool)
    # Pandera leaves missing cells out of what it answers: those are a matter of another rule.
    passed = check(subject).check_output.reindex(subject.index, fill_value=True)
    failed: npt.NDArray[np.bool_] = ~np.asarray(passed, dtype=bool)
    return failed


def _fits(text: str) -> Callable[[pd.Series], pd.Series]:
    pattern = read_pattern(text)

    def fits(values: pd.Series[Any]) -> pd.Series[Any]:
        known = [str(cell) for cell in values.dropna().unique()]
        good = {cell for cell in known if len(cell) <= pattern.longest and pattern.compiled.fullmatch(cell) is not None}
        return pd.Series([cell in good for cell in values], index=values.index)

    return fits


def _unread(typed: pd.Series, raw: pd.Series | None, null_words: Collection[str]) -> pd.Series:
    """Return where a cell was written and could not be read."""
    if raw is None:
        return pd.Series(False, index=range(len(typed)))
    given = raw.map(lambda cell: isinstance(cell, str) and bool(cell.strip()) and cell.strip() not in null_words)
    unread = np.logical_and(given.to_numpy(dtype=bool), typed.isna().to_numpy())
    return pd.Series(unread)


def _result(typed: pd.DataFrame, rule: Rule, raw: pd.DataFrame | None, failed: npt.NDArray[np.bool_]) -> RuleResult:
    examples: tuple[str, ...] = ()
    if failed.any() and rule.kind not in ("filled", "relation"):
        source = raw[rule.column] if rule.kind == "type" and raw is not None else words_of(typed[rule.column])
        examples = tuple(str(cell)[:60] for cell in pd.unique(source[failed])[:SHOWN])
    return _told(rule, int(failed.sum()), examples)


def _told(rule: Rule, number: int, examples: tuple[str, ...]) -> RuleResult:
    if not number:
        return RuleResult(rule, 0, (), f"{rule.sentence}: true in every row.")
    becomes = {"warn": "", "aside": f" and {'is' if number == 1 else 'are'} set aside", "refuse": ""}[rule.action]
    return RuleResult(rule, number, examples, told_broken(rule, number, examples, becomes))
