"""Rules of a table on the page: proposed, tried on the rows there are, changed and removed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import caches, errors, people, rules_form, state

RULES = 12
"""Rules that are shown at once."""

if TYPE_CHECKING:
    from collections.abc import Sequence

    from automl_core.cleaning.rules import Checked, Rule, RuleResult
    from automl_core.data.dataset import Dataset


def draw(data: Dataset) -> None:
    """Draw the rules, what they find in the table, and the form for another one."""
    from automl_core.cleaning.rules import load_rules

    st.caption(
        "Rules are about the table as it is uploaded. They are looked at when a table like this one is uploaded, when rows are "
        "appended, predicted or compared for drift, and they travel inside the model."
    )
    rules = load_rules(data.folder)
    if len(caches.looked(data)) < data.rows:
        st.caption(f"Tried here on {len(caches.looked(data)):,} of {data.rows:,} rows drawn at random.")
    _propose(data, rules)
    found = sorted(zip(rules, checked(data, rules).results, strict=True), key=lambda pair: pair[1].kept)
    if found:
        st.markdown(_summary([result for _, result in found]))
    else:
        st.info("There are no rules yet.", icon=":material/info:")
    pages = -(-len(found) // RULES)
    page = 1
    if pages > 1:
        page = int(
            st.number_input(f"Page of {pages:,}", 1, pages, 1, key=f"clean_rules_page_{pages}", help=f"{RULES} rules a page.")
        )
    for rule, result in found[RULES * (page - 1) : RULES * page]:
        errors.show_kept(rule.id)
        _draw_rule(data, rules, rule, result)
    st.subheader("Add a rule", anchor=False)
    with errors.shown():
        rules_form.draw_new(data, rules)


def checked(data: Dataset, rules: Sequence[Rule]) -> Checked:
    """Return what rules find in a table, of a large one in the rows that are shown; looked at once."""
    return _checked(data.fingerprint, repr(rules), data, rules)


@st.cache_resource(max_entries=16, show_spinner="Trying the rules")
def _checked(fingerprint: str, text: str, _data: Dataset, _rules: Sequence[Rule]) -> Checked:
    from automl_core.engines.pandera import check_rules

    return check_rules(caches.looked(_data), _rules, faults=_data.faults, schema=_data.schema)


def _propose(data: Dataset, rules: tuple[Rule, ...]) -> None:
    from automl_core.cleaning.propose_rules import propose_rules
    from automl_core.cleaning.rules import save_rules

    if not st.button(
        "Propose rules from the table",
        key="clean_rules_propose",
        icon=":material/auto_awesome:",
        **people.changing("What is true of every row today. Each only says so until you choose more; rules you made stay."),
    ):
        return
    known = {(rule.kind, rule.column, rule.text) for rule in rules}
    proposed = propose_rules(caches.looked(data), data.schema)
    fresh = [rule for rule in proposed if (rule.kind, rule.column, rule.text) not in known]
    save_rules(data.folder, (*rules, *fresh))
    state.say(f"{len(fresh)} {'rule is' if len(fresh) == 1 else 'rules are'} proposed." if fresh else "No rule is new.")
    st.rerun()


def _summary(results: Sequence[RuleResult]) -> str:
    broken = sum(not result.kept for result in results)
    rules = "rule" if len(results) == 1 else "rules"
    if broken:
        return f"**{len(results):,} {rules}, {broken:,} broken by rows of this table**, the broken ones first."
    return f"**{len(results):,} {rules}**, true of every row of this table."


def _set_action(data: Dataset, rule_id: str, key: str) -> None:
    """Store what a person chose for rows that break a rule; the rules are looked up anew, another tab may have changed them."""
    from automl_core.cleaning.rules import load_rules, save_rules

    with errors.kept(rule_id):
        save_rules(
            data.folder,
            (replace(rule, action=st.session_state[key]) if rule.id == rule_id else rule for rule in load_rules(data.folder)),
        )


def _draw_rule(data: Dataset, rules: tuple[Rule, ...], rule: Rule, result: RuleResult) -> None:
    """Draw one rule: what it found, what happens to rows that break it, and the ways to change and to remove it."""
    from automl_core.cleaning.rules import ACTIONS, save_rules

    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
        icon = ":material/check_circle:" if result.kept else ":material/error:"
        st.markdown(f"{icon} {errors.plain(result.standing)}", width="stretch", help=rule.reason or None)
        key = f"clean_rule_action_{rule.id}_{rule.action}"  # another tab may have stored another one since
        st.selectbox(
            "Rows that break it",
            list(ACTIONS),
            list(ACTIONS).index(rule.action),
            format_func=ACTIONS.__getitem__,
            key=key,
            label_visibility="collapsed",
            width=200,
            on_change=_set_action,
            args=(data, rule.id, key),
            **people.changing("Say how many; predict without these rows; or refuse the whole table."),
        )
        with st.container(horizontal=True, width="content", wrap=False):
            rules_form.draw_change(data, rules, rule)
            if st.button("", key=f"clean_rule_remove_{rule.id}", icon=":material/delete:", **people.changing("Remove this rule")):
                save_rules(data.folder, (other for other in rules if other.id != rule.id))
                st.rerun()
