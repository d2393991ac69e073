"""Rules held against another table: columns of another kind are read as the rules know them, and said where they cannot be."""

from __future__ import annotations

import pandas as pd

from automl_core.cleaning.other_rules import asking_kinds, other_kinds, read_as
from automl_core.cleaning.rules import Rule
from automl_core.data.parsing import Faults
from automl_core.schema import Column, Parsing, Schema

AMOUNT = Column("Amount", "number", Parsing(decimal=","))
OWNER = Schema(
    (AMOUNT, Column("day", "date", Parsing(date_format="%d.%m.%Y")), Column("city", "category"), Column("x", "number"))
)
NEW = Schema((Column("city", "text"), Column("Amount", "text"), Column("day", "date"), Column("x", "number")))
RULES = (
    Rule("range", "Amount", 0.0, 9.0, id="r1", action="aside"),
    Rule("allowed", "Amount", values=("1",), id="r2", action="aside"),
    Rule("relation", text="x < Amount", id="r3"),
    Rule("filled", "Amount", id="r4", action="refuse"),
    Rule("range", "x", 0.0, 9.0, id="r5"),
)


def test_only_numbers_and_dates_are_of_another_kind() -> None:
    assert other_kinds(OWNER, NEW) == Schema((AMOUNT,))
    assert other_kinds(NEW, OWNER) == Schema((Column("Amount", "text"),))
    assert other_kinds(OWNER, OWNER.without(["Amount"])) == Schema(())


def test_a_column_is_read_as_the_rules_know_it() -> None:
    typed = pd.DataFrame({"Amount": ["1,5", "n.v.", None, "12"], "x": [1.0, None, 3.0, 4.0]}, index=[4, 5, 6, 7])
    faults = {"x": Faults(1, ("?",)), "Amount": Faults(9, ("old",))}
    read = read_as(typed, faults, Schema((AMOUNT,)))
    assert read.frame["Amount"].fillna(-1).tolist() == [1.5, -1, -1, 12]
    assert read.frame["x"].fillna(-1).tolist() == [1, -1, 3, 4]
    assert read.faults == {"x": Faults(1, ("?",)), "Amount": Faults(1, ("n.v.",))}
    assert read_as(typed, faults, Schema(())).frame is typed


def test_rules_about_values_ask_for_the_kind_too() -> None:
    known = Schema((AMOUNT,))
    added = asking_kinds(RULES, known)[len(RULES) :]
    assert added == (
        Rule("type", "Amount", 0.0, 9.0, id="r1", action="aside"),
        Rule("type", "Amount", text="x < Amount", id="r3"),
    )
    asked = (*RULES, Rule("type", "Amount", id="r6"))
    assert asking_kinds(asked, known) == asked
    assert asking_kinds(RULES, Schema(())) == RULES
