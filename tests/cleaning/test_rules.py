"""Rules: proposed from a table, asked of others, kept with tables and models."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning.propose_rules import propose_rules
from automl_core.cleaning.rules import Rule, check_rule, load_rules, rules_from, rules_to, save_rules
from automl_core.data.parsing import Faults
from automl_core.engines.pandera import check_rules
from automl_core.errors import FormatError, InputError
from automl_core.schema import Column, Parsing, Schema

SCHEMA = Schema(
    (Column("key", "id"), Column("age", "number"), Column("city", "category"), Column("start", "date"), Column("end", "date"))
)
FRAME = pd.DataFrame(
    {
        "key": ["K0001", "K0002", "K0002", "k3"],
        "age": [20.0, -1, np.nan, 90],
        "city": ["Rome", "Oslo", np.nan, "Bonn"],
        "start": pd.to_datetime(["2024-01-01", "2024-01-05", None, "2024-02-01"]),
        "end": pd.to_datetime(["2024-01-02", "2024-01-04", "2024-01-01", "2024-02-01"]),
    }
)
RAW = FRAME.assign(age=["20", "-1", "old", "90"])


@pytest.mark.parametrize(
    ("rule", "failed", "sentence"),
    [
        (Rule("range", "age", low=0, high=80), [1, 3], "2 rows break the rule 'age is at least 0 and at most 80' (-1, 90)."),
        (Rule("range", "age", low=0), [1], "1 row breaks the rule 'age is at least 0' (-1)."),
        (Rule("allowed", "city", values=("Rome", "Oslo")), [3], "1 row breaks the rule 'city is one of Rome, Oslo' (Bonn)."),
        (Rule("unique", "key"), [1, 2], "2 rows break the rule 'key is different in every row' (K0002)."),
        (Rule("filled", "city"), [2], "1 row breaks the rule 'city is never missing'."),
        (Rule("pattern", "key", text=r"K\d{4}"), [3], r"1 row breaks the rule 'key fits K\d{4}' (k3)."),
        (Rule("relation", text="start <= end"), [1], "1 row breaks the rule 'start <= end'."),
        (Rule("type", "age"), [2], "1 row breaks the rule 'age can be read as its kind' (old)."),
        (Rule("filled", "key"), [], "key is never missing: true in every row."),
        (Rule("filled", "key", action="refuse"), [], "key is never missing: true in every row."),
        (Rule("filled", "nope"), [], "There is no column 'nope', so 'nope is never missing' is not checked."),
    ],
)
def test_each_rule(rule: Rule, failed: list[int], sentence: str) -> None:
    aside = check_rules(FRAME, [Rule(**{**rule.__dict__, "action": "aside"})], raw=RAW)
    assert np.flatnonzero(aside.aside).tolist() == failed
    result = check_rules(FRAME, [rule], raw=RAW).results[0]
    assert (result.failed, result.sentence) == (len(failed), sentence)
    assert check_rules(FRAME.iloc[:0], [rule]).rows == 0


def test_cells_that_were_counted_at_reading_break_a_rule_without_the_text() -> None:
    """Regression: without the raw text no type rule ever failed, on the Clean page and where rows are appended."""
    rules = [Rule("type", "age", action="aside"), Rule("type", "start")]
    assert [result.failed for result in check_rules(FRAME, rules).results] == [0, 0]
    checked = check_rules(FRAME, rules, faults={"age": Faults(3, ("old", "x", "y", "z"))})
    assert [result.failed for result in checked.results] == [3, 0]
    assert checked.results[0].sentence == ("3 rows break the rule 'age can be read as its kind' (old, x, y) and are set aside.")
    assert checked.results[0].standing == "3 rows break the rule 'age can be read as its kind' (old, x, y)."
    assert not checked.aside.any(), "nobody knows which rows they are"
    with_text = check_rules(FRAME, rules, raw=RAW, faults={"age": Faults(3, ("old",))})
    assert with_text.aside.tolist() == [False, False, True, False]


def test_a_word_that_means_missing_in_its_column_was_not_unread() -> None:
    """Regression: a column's own words for missing were told as cells that could not be read."""
    own = SCHEMA.with_column(Column("age", "number", Parsing(null_words=("", "old"))))
    rule = Rule("type", "age")
    assert check_rules(FRAME, [rule], raw=RAW).results[0].failed == 1
    assert check_rules(FRAME, [rule], raw=RAW, schema=own).results[0].failed == 0
    assert check_rules(FRAME, [rule], raw=RAW.assign(age=["20", "-1", "NA", "90"]), schema=own).results[0].failed == 1


def test_what_happens_to_rows_that_break_a_rule() -> None:
    rules = [Rule("range", "age", low=0), Rule("filled", "city", action="aside"), Rule("unique", "key", action="aside")]
    checked = check_rules(FRAME, rules)
    checked.enforce()
    assert checked.aside.tolist() == [False, True, True, False]
    assert checked.results[1].sentence == "1 row breaks the rule 'city is never missing' and is set aside."
    with pytest.raises(InputError) as refused:
        check_rules(FRAME, [Rule("filled", "city", action="refuse")]).enforce()
    assert str(refused.value) == (
        "1 row breaks the rule 'city is never missing'. The rules of this table refuse that. "
        "Correct the rows, or change the rules on the Clean page."
    )


def test_proposals_are_true_of_the_table() -> None:
    rows = 40
    frame = pd.DataFrame(
        {
            "key": [f"K{row:04d}" for row in range(rows)],
            "net": np.arange(rows) + 1.0,
            "gross": np.arange(rows) + 2.0,
            "city": np.array(["Rome", "Oslo"] * 20, dtype=object),
            "gap": [np.nan, *range(rows - 1)],
        }
    )
    kinds = {"key": "id", "net": "number", "gross": "number", "city": "category", "gap": "number"}
    schema = Schema(tuple(Column(name, kind) for name, kind in kinds.items()))
    rules = propose_rules(frame, schema)
    said = [rule.sentence for rule in rules]
    assert said == [
        "key is never missing", "key is different in every row", r"key fits [A-Z]\d{4}",
        "net can be read as its kind", "net is never missing", "net is at least 1 and at most 40",
        "gross can be read as its kind", "gross is never missing", "gross is at least 2 and at most 41",
        "city is never missing", "city is one of Oslo, Rome",
        "gap can be read as its kind", "gap is at least 0 and at most 38",
        "[net] <= [gross]", "[gap] <= [net]", "[gap] <= [gross]",
    ]  # fmt: skip
    assert all(rule.action == "warn" and rule.reason for rule in rules)
    assert not check_rules(frame, rules).broken
    for rule in rules:
        check_rule(rule, schema)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (Rule("range", "city", low=1), "'city' is of kind category."),
        (Rule("range", "age"), "No limit is given."),
        (Rule("range", "age", low=2, high=1), "The lowest value 2 is above the highest, 1."),
        (Rule("allowed", "city"), "No value is allowed."),
        (Rule("pattern", "city", text="(a+)+"), "a repeat or a choice inside a repeat"),
        (Rule("relation", text="age + 1"), "This is no condition."),
        (Rule("relation", text="age > nope"), "there is no column 'nope'"),
        (Rule("filled", "nope"), "There is no column 'nope'."),
    ],
)
def test_rules_that_cannot_be_asked(rule: Rule, message: str) -> None:
    with pytest.raises(InputError) as refused:
        check_rule(rule, SCHEMA)
    assert message in str(refused.value)


def test_rules_on_disk(tmp_path) -> None:
    assert load_rules(tmp_path) == ()
    rules = (Rule("range", "age", low=0.5, reason="why"), Rule("allowed", "city", values=("a",), action="aside"))
    save_rules(tmp_path, rules)
    assert load_rules(tmp_path) == rules == rules_from(rules_to(rules))
    for damaged in (
        {},
        {"format": 2, "rules": []},
        {"format": 1, "rules": [{"kind": "magic"}]},
        {"format": 1, "rules": [{"x": 1}]},
    ):
        with pytest.raises(FormatError):
            rules_from(damaged)


def test_rows_that_rules_set_aside_are_not_appended(tmp_path) -> None:
    from automl_core.cleaning.appending import append_by_rules
    from automl_core.data.dataset import dataset_from_frame

    first = dataset_from_frame(tmp_path / "one", FRAME.iloc[:1], SCHEMA, "one")
    second = dataset_from_frame(tmp_path / "two", FRAME, SCHEMA, "two")
    checked = check_rules(second.frame(), [Rule("filled", "city", action="aside")])
    made = append_by_rules(tmp_path / "both", first, second, "both", checked)
    assert made.frame()["city"].tolist() == ["Rome", "Rome", "Oslo", "Bonn"]
    assert made.notes[-1] == "1 row was set aside by the rules of the first table."
