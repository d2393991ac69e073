"""Rules of a table on the page: proposed, edited, tried on the rows there are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import caches, errors, people, state

RULES = 12
"""Rules that are shown at once."""

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from automl_core.cleaning.rules import Checked, Rule
    from automl_core.data.dataset import Dataset


def draw(data: Dataset) -> None:
    """Draw the rules, what they find in the table, and the form for another one."""
    from automl_core.cleaning.propose_rules import propose_rules
    from automl_core.cleaning.rules import ACTIONS, load_rules, save_rules
    from automl_core.engines.pandera import check_rules

    st.caption(
        "Rules are about the table as it is uploaded. They are looked at when rows are appended and when rows are predicted, and "
        "they travel inside the model."
    )
    rules = load_rules(data.folder)
    frame = caches.looked(data)
    if len(frame) < data.rows:
        st.caption(f"Tried here on {len(frame):,} of {data.rows:,} rows drawn at random.")
    if st.button(
        "Propose rules from the table",
        key="clean_rules_propose",
        icon=":material/auto_awesome:",
        **people.changing("What is true of every row today. Each only says so until you choose more; rules you made stay."),
    ):
        known = {(rule.kind, rule.column, rule.text) for rule in rules}
        fresh = [rule for rule in propose_rules(frame, data.schema) if (rule.kind, rule.column, rule.text) not in known]
        save_rules(data.folder, (*rules, *fresh))
        state.say(f"{len(fresh)} {'rule is' if len(fresh) == 1 else 'rules are'} proposed." if fresh else "No rule is new.")
        st.rerun()
    checked = list(zip(rules, check_rules(frame, rules).results, strict=True))
    checked.sort(key=lambda pair: pair[1].kept)
    broken = sum(not result.kept for _, result in checked)
    if checked:
        rows = "rule" if len(checked) == 1 else "rules"
        st.markdown(
            f"**{len(checked):,} {rows}, {broken:,} broken by rows of this table**, the broken ones first."
            if broken
            else f"**{len(checked):,} {rows}**, true of every row of this table."
        )
    pages = -(-len(checked) // RULES)
    page = 1
    if pages > 1:
        page = int(
            st.number_input(f"Page of {pages:,}", 1, pages, 1, key=f"clean_rules_page_{pages}", help=f"{RULES} rules a page.")
        )
    for rule, result in checked[RULES * (page - 1) : RULES * page]:
        with st.container(border=True), st.container(horizontal=True, vertical_alignment="center"):
            icon = ":material/check_circle:" if result.kept else ":material/error:"
            st.markdown(f"{icon} {errors.plain(result.sentence)}", width="stretch", help=rule.reason or None)
            action = st.selectbox(
                "Rows that break it",
                list(ACTIONS),
                list(ACTIONS).index(rule.action),
                format_func=ACTIONS.__getitem__,
                key=f"clean_rule_action_{rule.id}",
                label_visibility="collapsed",
                width=200,
                help="Say how many; predict without these rows; or refuse the whole table.",
            )
            if action != rule.action:
                save_rules(data.folder, (replace(other, action=action) if other.id == rule.id else other for other in rules))
                st.rerun()
            if st.button("", key=f"clean_rule_remove_{rule.id}", icon=":material/delete:", **people.changing("Remove this rule")):
                save_rules(data.folder, (other for other in rules if other.id != rule.id))
                st.rerun()
    if not rules:
        st.info("There are no rules yet.", icon=":material/info:")
    st.subheader("Add a rule", anchor=False)
    with errors.shown():
        _draw_form(data, rules)


def draw_check(data: Dataset, other: Dataset) -> Checked | None:
    """Look at another table's rows with the rules of this one before they are appended, and say what breaks them.

    Raises
    ------
    InputError
        When a rule refuses the table.
    """
    from automl_core.cleaning.rules import load_rules

    rules = load_rules(data.folder)
    if not rules:
        return None
    from automl_core.engines.pandera import check_rules

    checked = check_rules(caches.frame(other), rules)
    for result in checked.broken:
        st.warning(errors.plain(result.sentence), icon=":material/rule:")
    checked.enforce()
    return checked


def left_out(checked: Checked) -> tuple[npt.NDArray[np.bool_] | None, str]:
    """Return which rows are not appended, and the sentence that the new table keeps about it."""
    number = int(checked.aside.sum())
    if not number:
        return None, ""
    return checked.aside, f"{number:,} {'row was' if number == 1 else 'rows were'} set aside by the rules of the first table."


def inherit(data: Dataset, made: Dataset) -> Dataset:
    """Give a table that was made from another its rules."""
    from automl_core.cleaning.rules import load_rules, save_rules

    if rules := load_rules(data.folder):
        save_rules(made.folder, rules)
    return made


def _draw_form(data: Dataset, rules: tuple[Rule, ...]) -> None:
    from automl_core.cleaning.rules import ACTIONS, RULE_KINDS, Rule, check_rule, save_rules

    kind = st.selectbox(
        "What is asked", list(RULE_KINDS), None, format_func=RULE_KINDS.__getitem__, key="clean_rule_kind", help="Of every row."
    )
    if kind is None:
        return
    column, text, low, high, values = "", "", None, None, ()
    if kind == "relation":
        text = st.text_input(
            "Condition", key="clean_rule_condition", help="Over columns, for example start <= end or [Net price] < [Price]."
        )
    else:
        names = data.schema.of_kind("number") if kind == "range" else data.schema.names
        column = st.selectbox("Column", names, key="clean_rule_column", help="The column that is looked at.") or ""
    if kind == "range":
        low = st.number_input("Lowest", value=None, key="clean_rule_low", help="Empty for no limit.")
        high = st.number_input("Highest", value=None, key="clean_rule_high", help="Empty for no limit.")
    if kind == "allowed":
        said = st.text_input("Values", key="clean_rule_values", help="Commas between them.")
        values = tuple(word.strip() for word in said.split(",") if word.strip())
    if kind == "pattern":
        text = st.text_input("Pattern", key="clean_rule_pattern", help=r"A regular expression that the whole cell fits: K\d{4}.")
    action = st.selectbox("Rows that break it", list(ACTIONS), format_func=ACTIONS.__getitem__, key="clean_rule_action", help="")
    if st.button(
        "Add this rule", key="clean_rule_add", icon=":material/add:", **people.changing("It is tried on this table at once.")
    ):
        rule = Rule(kind, column, low, high, values, text, action)
        check_rule(rule, data.schema)
        save_rules(data.folder, (*rules, rule))
        st.rerun()
