"""What is asked about a rule: a new one, or another limit, list, pattern or condition of one that is there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.shared import errors, people

if TYPE_CHECKING:
    from automl_core.cleaning.rules import Rule, RuleKind
    from automl_core.data.dataset import Dataset

CHANGEABLE = ("range", "allowed", "pattern", "relation")
"""Kinds that say more than which column they are about."""


def draw_new(data: Dataset, rules: tuple[Rule, ...]) -> None:
    """Draw the form of a new rule; raises InputError for one that cannot be asked of the table."""
    from automl_core.cleaning.rules import ACTIONS, RULE_KINDS, Rule, check_rule, save_rules

    kind = st.selectbox(
        "What is asked", list(RULE_KINDS), None, format_func=RULE_KINDS.__getitem__, key="clean_rule_kind", help="Of every row."
    )
    if kind is None:
        return
    column = ""
    if kind != "relation":
        names = data.schema.of_kind("number") if kind == "range" else data.schema.names
        column = st.selectbox("Column", names, key="clean_rule_column", help="The column that is looked at.") or ""
    said = _ask(kind, "clean_rule")
    action = st.selectbox(
        "Rows that break it", list(ACTIONS), format_func=ACTIONS.__getitem__, key="clean_rule_action",
        help="Say how many; predict without these rows; or refuse the whole table.",
    )  # fmt: skip
    if st.button(
        "Add this rule", key="clean_rule_add", icon=":material/add:", **people.changing("It is tried on this table at once.")
    ):
        rule = Rule(kind, column, action=action, **said)
        check_rule(rule, data.schema)
        save_rules(data.folder, (*rules, rule))
        st.rerun()


def draw_change(data: Dataset, rules: tuple[Rule, ...], rule: Rule) -> None:
    """Draw what changes a rule; its form is made when it is opened."""
    from automl_core.cleaning.rules import check_rule, save_rules

    if rule.kind not in CHANGEABLE:
        return
    key = f"clean_rule_change_{rule.id}"
    opened = st.popover("", icon=":material/edit:", key=key, on_change="rerun", **people.changing("Change this rule"))
    if not opened.open:
        return
    with opened, errors.shown():
        said = _ask(rule.kind, key, rule)
        if st.button("Change the rule", key=f"{key}_keep", icon=":material/check:", **people.changing("It is tried at once.")):
            # What a person chose was not found in the table, so the reason of the proposal no longer holds.
            changed = replace(rule, reason="", **said)
            check_rule(changed, data.schema)
            save_rules(data.folder, (changed if other.id == rule.id else other for other in rules))
            st.rerun()


def _ask(kind: RuleKind, key: str, rule: Rule | None = None) -> dict[str, Any]:
    """Ask what a kind of rule needs to know besides its column; returns fields of `Rule`."""
    if kind == "range":
        low = st.number_input("Lowest", value=rule.low if rule else None, key=f"{key}_low", help="Empty for no limit.")
        high = st.number_input("Highest", value=rule.high if rule else None, key=f"{key}_high", help="Empty for no limit.")
        return {"low": low, "high": high}
    if kind == "allowed":
        return {"values": _ask_values(key, rule)}
    if kind == "pattern":
        pattern = st.text_input(
            "Pattern",
            rule.text if rule else "",
            key=f"{key}_pattern",
            help=r"A regular expression that the whole cell fits: K\d{4}.",
        )
        return {"text": pattern}
    if kind == "relation":
        condition = st.text_input(
            "Condition",
            rule.text if rule else "",
            key=f"{key}_condition",
            help="Over columns, for example start <= end or [Net price] < [Price].",
        )
        return {"text": condition}
    return {}


def _ask_values(key: str, rule: Rule | None) -> tuple[str, ...]:
    known = list(rule.values) if rule else []
    chosen = st.multiselect(
        "Values", known, known, key=f"{key}_values", accept_new_options=True, placeholder="Type a value",
        help="The values that may stand there, as written. Type one to add it; commas are part of it.",
    )  # fmt: skip
    return tuple(dict.fromkeys(word.strip() for word in chosen if word.strip()))
