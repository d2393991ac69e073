"""One table of cases for each alert: what raises it, in which words, with which step, and what does not raise it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning.apply import apply_stateless
from automl_core.cleaning.recipe import Recipe
from automl_core.profiling.alerts import APART, CHECKS, SEVERITIES
from automl_core.profiling.wording import counted, listed, percent, quoted
from automl_core.schema import Column, Kind, Schema
from tests.profiling.alerting import COUNT, SHUFFLED, Cells, alerts, only, raised, step_of, words


def test_a_tidy_table_raises_nothing() -> None:
    assert alerts({"x": ("number", COUNT), "y": ("number", SHUFFLED), "w": ("category", words(*"abcd" * 25))}, "w") == []


@pytest.mark.parametrize(
    ("table", "columns", "sentence"),
    [
        ({"x": ("number", [1.0] * 9)}, ("x",), "'x' has one value or none, so there is nothing to learn from it."),
        ({"x": ("category", words(*[np.nan] * 9))}, ("x",), "'x' has one value or none, so there is nothing to learn from it."),
        (
            {"x": ("number", [1.0] * 9), "y": ("boolean", words(*["yes"] * 9))},
            ("x", "y"),
            "'x' and 'y' each have one value or none, so there is nothing to learn from them.",
        ),
    ],
)
def test_constant(table: Cells, columns: tuple[str, ...], sentence: str) -> None:
    alert = only("constant", table)
    assert (alert.severity, alert.columns, alert.sentence) == ("warning", columns, sentence)
    assert step_of(alert) == ("drop_columns", {"columns": list(columns)})
    assert [alert.columns for alert in raised("constant", table, columns[0])] == ([columns[1:]] if columns[1:] else [])


@pytest.mark.parametrize(("cell", "what"), [("yes", "one value only"), (np.nan, "no value at all")])
def test_target_constant(cell: Any, what: str) -> None:
    table: Cells = {"y": ("category", words(cell, cell)), "x": ("number", [1.0, 2.0])}
    alert = only("target_constant", table, "y")
    assert (alert.severity, alert.columns, alert.step) == ("problem", ("y",), None)
    assert alert.sentence == f"The target 'y' has {what}, so there is nothing to predict. Choose another target."
    assert raised("target_constant", table, "x") == raised("target_constant", table) == []


@pytest.mark.parametrize(
    ("missing", "mostly", "some"),
    [
        (5, "", ""),
        (6, "", "'x' is missing in 6 % of the rows."),
        (50, "", "'x' is missing in 50 % of the rows."),
        (51, "'x' is missing in 51 % of the rows.", ""),
        (98, "'x' is missing in 98 % of the rows.", ""),
    ],
)
def test_missing_and_mostly_missing(missing: int, mostly: str, some: str) -> None:
    table: Cells = {"x": ("number", np.where(missing > COUNT, np.nan, COUNT)), "y": ("number", SHUFFLED)}
    assert [alert.sentence for alert in raised("mostly_missing", table)] == ([mostly] if mostly else [])
    assert [alert.sentence for alert in raised("missing", table)] == ([some] if some else [])
    assert not raised("missing", table, "x") and not raised("mostly_missing", table, "x")
    if mostly:
        alert = only("mostly_missing", table)
        assert (alert.severity, alert.evidence) == ("warning", {"x": missing / 100})
        assert step_of(alert) == ("drop_columns", {"columns": ["x"]})
    if some:
        alert = only("missing", table)
        assert (alert.severity, alert.evidence) == ("info", {"x": missing / 100})
        assert step_of(alert) == ("impute", {"columns": ["x"]})


def test_missing_in_several_columns() -> None:
    table: Cells = {name: ("number", np.where(share > SHUFFLED, np.nan, COUNT)) for name, share in (("x", 10), ("y", 20))}
    alert = only("missing", table)
    assert alert.sentence == "'x' and 'y' have missing cells, up to 20 % of the rows in 'y'."
    assert alert.evidence == {"x": 0.1, "y": 0.2}
    assert step_of(alert) == ("impute", {"columns": ["x", "y"]})


def test_many_columns_with_one_trouble_share_an_alert() -> None:
    """Ten thousand sparse columns once gave ten thousand alerts."""
    rng = np.random.default_rng(0)
    few: Cells = {f"c{place}": ("number", np.where(SHUFFLED < 80, np.nan, rng.normal(size=100))) for place in range(APART)}
    assert len(raised("mostly_missing", few)) == APART
    alert = only("mostly_missing", few | {"more": ("number", np.where(SHUFFLED < 90, np.nan, rng.normal(size=100)))})
    assert alert.sentence == "'c0', 'c1', 'c2', 'c3' and 7 more are missing in more than 50 % of the rows."
    assert alert.columns == (*few, "more")
    assert alert.evidence["more"] == 0.9


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([1, 2, 2], "1 row is an exact copy of an earlier one."),
        ([2, 2, 2], "2 rows are exact copies of an earlier one."),
    ],
)
def test_duplicate_rows(values: list[int], sentence: str) -> None:
    alert = only("duplicate_rows", {"x": ("number", values)})
    why = "The same case in learning and judging makes scores look too good."
    assert (alert.severity, alert.columns, alert.sentence) == ("warning", (), f"{sentence} {why}")
    assert alert.evidence["rows"] == 3 - len(set(values))
    assert step_of(alert) == ("drop_duplicates", {})
    assert raised("duplicate_rows", {"x": ("number", [1, 2, 3])}) == []


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        (("a", "b", np.nan), "1 row has no value of the target 'y'; they are not learned from."),
        (("a", np.nan, np.nan), "2 rows have no value of the target 'y'; they are not learned from."),
    ],
)
def test_target_missing(cells: tuple[Any, ...], sentence: str) -> None:
    table: Cells = {"y": ("category", words(*cells))}
    alert = only("target_missing", table, "y")
    assert (alert.severity, alert.sentence) == ("warning", sentence)
    assert step_of(alert) == ("drop_missing_rows", {"columns": ["y"]})
    assert raised("target_missing", table) == []


@pytest.mark.parametrize(
    ("counts", "rare", "unbalanced"),
    [
        ({"no": 90, "yes": 10}, "", ""),
        ({"no": 91, "yes": 9}, "", "Only 9 % of the rows are 'yes' in the target: accuracy would mislead."),
        ({"no": 95, "yes": 5}, "", "Only 5 % of the rows are 'yes' in the target: accuracy would mislead."),
        (
            {"no": 96, "yes": 4},
            "The target's label 'yes' has fewer than 5 rows. Merge them with others, or leave their rows out.",
            "",
        ),
        (
            {"a": 50, "b": 3, "c": 1},
            "The target's labels 'b' and 'c' have fewer than 5 rows. Merge them with others, or leave their rows out.",
            "",
        ),
    ],
)
def test_rare_class_and_unbalanced_target(counts: dict[str, int], rare: str, unbalanced: str) -> None:
    cells = words(*(label for label, count in counts.items() for _ in range(count)))
    table: Cells = {"y": ("category", cells)}
    found = {alert.code: (alert.severity, alert.sentence) for alert in alerts(table, "y")}
    assert found.get("rare_class") == (("problem", rare) if rare else None)
    assert found.get("unbalanced_target") == (("info", unbalanced) if unbalanced else None)
    assert not {"rare_class", "unbalanced_target"} & {alert.code for alert in alerts(table)}


def test_a_number_with_many_values_has_no_classes() -> None:
    assert raised("rare_class", {"y": ("number", COUNT)}, "y") == []


def test_redundant_keeps_the_finer_column() -> None:
    table: Cells = {"age group": ("number", COUNT // 10), "age": ("number", COUNT), "other": ("number", SHUFFLED)}
    alert = only("redundant", table)
    assert (alert.severity, alert.columns) == ("info", ("age", "age group"))
    assert alert.sentence == f"'age' and 'age group' say nearly the same (association {alert.evidence['strength']:.2f} of 1)."
    assert 0.95 < alert.evidence["strength"] < 1
    assert step_of(alert) == ("drop_columns", {"columns": ["age group"]})
    assert raised("redundant", table, "age") == []


def test_columns_that_are_all_alike_give_one_alert() -> None:
    """Sixty copies of one column once gave 1,770 alerts, which together left every copy out."""
    alert = only("redundant", {f"c{place}": ("number", COUNT) for place in range(6)})
    assert alert.sentence == "'c1', 'c2', 'c3', 'c4' and 1 more say nearly the same as 'c0'."
    assert step_of(alert) == ("drop_columns", {"columns": ["c1", "c2", "c3", "c4", "c5"]})


def test_steps_for_redundant_columns_never_leave_a_whole_group_out() -> None:
    finer = {"a": COUNT // 8, "b": COUNT // 4, "c": COUNT // 2, "d": COUNT}
    found = raised("redundant", {name: ("number", values) for name, values in finer.items()})
    dropped = [name for alert in found for name in step_of(alert)[1]["columns"]]
    assert sorted(dropped) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("kind", "cells", "found"),
    [
        ("id", [f"K{row}" for row in range(20)], True),
        ("id", [f"K{row}" for row in range(19)], False),
        ("category", [f"K{row}" for row in range(20)], True),
        ("category", [f"K{min(row, 17)}" for row in range(20)], False),
        ("text", [f"word {row}" for row in range(20)], False),
    ],
)
def test_looks_like_id(kind: Kind, cells: list[str], found: bool) -> None:
    table: Cells = {"key": (kind, words(*cells))}
    if not found:
        assert raised("looks_like_id", table) == []
        return
    alert = only("looks_like_id", table)
    assert alert.severity == "warning"
    assert alert.sentence == "'key' is different in nearly every row, like a key; it says nothing about new rows."
    assert step_of(alert) == ("drop_columns", {"columns": ["key"]})
    assert raised("looks_like_id", table, "key") == []


@pytest.mark.parametrize(("distinct", "found"), [(50, False), (51, True), (180, True), (181, False)])
def test_many_values(distinct: int, found: bool) -> None:
    table: Cells = {"town": ("category", words(*(f"t{row % distinct}" for row in range(200))))}
    if not found:
        assert raised("many_values", table) == []
        return
    alert = only("many_values", table)
    assert (alert.severity, alert.evidence) == ("info", {"town": distinct})
    assert alert.sentence == f"'town' has many different values, up to {distinct}, most with few rows."
    assert step_of(alert) == ("group_rare", {"columns": ["town"]})


@pytest.mark.parametrize(("rare", "found"), [(0, False), (1, False), (2, True), (4, True)])
def test_rare_values(rare: int, found: bool) -> None:
    cells = [*(f"r{place}" for place in range(rare)), *["a", "b"] * 100]
    table: Cells = {"town": ("category", words(*cells))}
    if not found:
        assert raised("rare_values", table) == []
        return
    alert = only("rare_values", table)
    assert (alert.severity, alert.evidence) == ("info", {"town": rare})
    assert alert.sentence == f"In 'town' {rare} values have fewer than 1 % of the rows each."
    assert step_of(alert) == ("group_rare", {"columns": ["town"], "min_share": 0.01})


@pytest.mark.parametrize(
    ("cells", "severity", "named", "case"),
    [
        (["Rome", "rome", "Oslo"], "warning", "'Rome' and 'rome'", "lower"),
        (["Rome", " Rome", "Oslo"], "warning", "' Rome' and 'Rome'", "keep"),
        (["New York", "New  York", "Oslo"], "warning", "'New  York' and 'New York'", "keep"),
    ],
)
def test_untidy_labels(cells: list[str], severity: str, named: str, case: str) -> None:
    table: Cells = {"city": ("category", words(*cells))}
    alert = only("untidy_labels", table)
    assert alert.severity == severity
    assert alert.sentence == f"'city' has values that differ only by case or spaces, such as {named}."
    assert step_of(alert) == ("trim_text", {"columns": ["city"], "case": case})
    assert only("untidy_labels", table, "city").severity == "problem"
    frame = pd.DataFrame({"city": words(*cells)})
    assert alert.step is not None
    tidy = apply_stateless(frame, Schema((Column("city", "category"),)), Recipe((alert.step,)), training=True).frame
    assert tidy["city"].nunique() == 2


def test_labels_of_other_letters_are_not_untidy() -> None:
    assert raised("untidy_labels", {"city": ("category", words("Rome", "Roma", "Oslo"))}) == []


def test_outliers() -> None:
    alert = only("outliers", {"x": ("number", np.where(COUNT == 7, 900, COUNT)), "y": ("number", SHUFFLED)})
    assert (alert.severity, alert.columns) == ("info", ("x",))
    assert alert.sentence == "In 'x' 1 row lies far outside the rest, such as 900."
    assert alert.evidence["x"]["rows"] == 1
    assert step_of(alert) == ("clip_outliers", {"columns": ["x"]})


def test_outliers_in_two_columns() -> None:
    low, high = np.where(COUNT < 2, -700 - COUNT, SHUFFLED), np.where(COUNT == 7, 900, COUNT)
    alert = only("outliers", {"x": ("number", high), "y": ("number", low)})
    assert alert.sentence == "In 'y' 2 rows lie far outside the rest, such as -701. So it is in 'x'."


def test_infinity_alone_is_no_outlier() -> None:
    table: Cells = {"x": ("number", np.where(COUNT == 7, np.inf, COUNT))}
    assert raised("outliers", table) == []
    alert = only("infinite", table)
    assert (alert.severity, alert.evidence) == ("problem", {"cells": 1})
    assert alert.sentence == "'x' has 1 cell that is infinite, which no model can use."
    assert step_of(alert) == ("null_words", {"columns": ["x"], "words": ["inf", "-inf"]})
    frame = pd.DataFrame({"x": np.where(COUNT == 7, np.inf, np.where(COUNT == 8, -np.inf, COUNT))})
    assert alert.step is not None
    done = apply_stateless(frame, Schema((Column("x", "number"),)), Recipe((alert.step,)), training=True).frame
    assert done["x"].isna().sum() == 2
    assert np.isfinite(done["x"].dropna()).all()


def test_skewed() -> None:
    table: Cells = {"x": ("number", np.exp(COUNT / 10)), "y": ("number", SHUFFLED)}
    assert raised("skewed", table) == []  # a skew of 2.4
    alert = only("skewed", {"x": ("number", np.exp(COUNT / 4)), "y": ("number", SHUFFLED)})
    assert (alert.severity, alert.columns) == ("info", ("x",))
    assert alert.sentence == "'x' has a long tail of values; linear models and neighbours do better with it evened out."
    assert step_of(alert) == ("transform_power", {"columns": ["x"]})


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (np.where(COUNT < 6, 0, COUNT + 50), True),
        (np.where(COUNT < 5, 0, COUNT + 50), False),  # few zeros
        (np.where(COUNT < 50, 0, COUNT - 49), False),  # counts that reach down to zero
        (np.where(COUNT < 6, 0, -COUNT - 50), False),  # not positive
        (np.where(COUNT < 91, 0, COUNT), False),  # few values
    ],
)
def test_zeros_as_missing(values: Any, found: bool) -> None:
    table: Cells = {"weight": ("number", values), "y": ("number", SHUFFLED)}
    if not found:
        assert raised("zeros_as_missing", table) == []
        return
    alert = only("zeros_as_missing", table)
    assert (alert.severity, alert.evidence) == ("info", {"share": 0.06, "lowest": 56.0})
    assert alert.sentence == "'weight' is 0 in 6 % of the rows and at least 56 in all others. Does 0 mean that it is not known?"
    assert step_of(alert) == ("null_words", {"columns": ["weight"], "words": ["0"]})
    assert raised("zeros_as_missing", table, "weight") == []


def test_future_dates() -> None:
    dates = pd.to_datetime(["2020-01-01", "2200-02-03", "2199-01-01"])
    alert = only("future_dates", {"due": ("date", dates)})
    assert (alert.severity, alert.evidence, alert.step) == ("info", {"rows": 2}, None)
    assert alert.sentence == "'due' has 2 dates in the future, up to 2200-02-03. Is that meant?"
    assert raised("future_dates", {"due": ("date", dates[:1])}) == []


def test_problems_come_first() -> None:
    found = alerts(
        {
            "y": ("category", words(*["no"] * 97, *["yes"] * 3)),
            "one": ("number", [1.0] * 100),
            "x": ("number", np.where(COUNT == 7, 900, COUNT)),
        },
        "y",
    )
    severities = [alert.severity for alert in found]
    assert set(severities) == set(SEVERITIES)
    assert severities == sorted(severities, key=SEVERITIES.index)


def test_every_check_has_its_table_here() -> None:
    """CONTRIBUTING asks for a row for each new alert; a check that no test names would have none."""
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_alerts*.py"))
    codes = {check.__name__ for check in CHECKS} - {"splits", "unbalanced_target"} | {"groups", "time_order", "rare_class"}
    assert sorted(code for code in codes if f'"{code}"' not in tests) == []


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (0.0004, "0.04 %"), (0.014, "1 %"), (0.5, "50 %"), (0.994, "99.4 %"), (0.9999, "99.9 %"), (1.0, "100 %")],
)
def test_shares_are_never_rounded_to_all_or_none(share: float, text: str) -> None:
    assert percent(share) == text


def test_names_in_sentences() -> None:
    assert quoted("x" * 40 + "y" * 21) == f"'{'x' * 30}…{'x' * 8}{'y' * 21}'"
    assert listed(["a"]) == "'a'"
    assert listed(["a", "b", "c", "d"]) == "'a', 'b', 'c' and 'd'"
    assert listed(["a", "b", "c", "d", "e"]) == "'a', 'b', 'c', 'd' and 1 more"
    assert (counted(1, "row", "rows"), counted(1200, "row", "rows")) == ("1 row", "1,200 rows")
