"""Rules held against other tables of a project: one that is uploaded, and one whose rows are appended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from automl_core.errors import AutoMLError
from pages.shared import caches, errors, people, rules_view, state

if TYPE_CHECKING:
    from automl_core.cleaning.rules import Checked, Rule
    from automl_core.data.dataset import Dataset
    from automl_core.schema import Schema
    from automl_core.workspace import ProjectFolder

SHOWN = 5
"""Broken rules that are told on the Upload page."""


def draw_uploaded(project: ProjectFolder, data: Dataset) -> None:
    """Say which rules a table breaks: its own, or those of the newest table of the project with the same columns."""
    owner, rules = _rules_for(project, data)
    if not rules:
        return
    broken = (rules_view.checked(data, rules) if owner is None else _checked(data, owner, rules)).broken
    whose = "its rules" if owner is None else f"the rules of {errors.plain(owner.name)}, which has the same columns"
    if not broken:
        st.caption(f":material/rule: Every row keeps {whose}.")
    else:
        count = f"{len({result.rule.id for result in broken}):,} of {len(rules):,}"
        told = "\n".join(f"- {errors.plain(result.standing)}" for result in broken[:SHOWN])
        refused = any(result.rule.action == "refuse" for result in broken)
        said = f"This table breaks {count} of {whose}" + (", one of which refuses it" if refused else "")
        (st.error if refused else st.warning)(f"{said}:\n\n{told}", icon=":material/rule:")
    if owner is not None:
        _offer(data, owner, rules)


def _offer(data: Dataset, owner: Dataset, rules: tuple[Rule, ...]) -> None:
    """Offer the rules of another table that fit this one, and say which do not."""
    from automl_core.cleaning.other_rules import fitting_rules
    from automl_core.cleaning.rules import save_rules

    fitting, left = fitting_rules(rules, owner.schema, data.schema)
    if left:
        told = "\n".join(f"- {errors.plain(reason)}" for reason in left)
        whose = f"of {errors.plain(owner.name)}"
        count = _rules(len(left), f"{whose} is", f"{whose} are")
        st.caption(f"{count} not offered here, unless a column's kind is changed:\n\n{told}")
    if fitting and st.button(
        "Use these rules here" if not left else "Use the rules that fit", key="upload_rules_use", icon=":material/rule:",
        **people.changing("They are then this table's, too; they can be changed on the Clean page."),
    ):  # fmt: skip
        save_rules(data.folder, fitting)
        said = f"{_rules(len(fitting), 'is', 'are')} this table's now, too."
        state.say(said + (f" {_rules(len(left), 'was', 'were')} left out." if left else ""))
        st.rerun()


def _rules(number: int, one: str, several: str) -> str:
    return f"1 rule {one}" if number == 1 else f"{number:,} rules {several}"


def _rules_for(project: ProjectFolder, data: Dataset) -> tuple[Dataset | None, tuple[Rule, ...]]:
    """Return whose rules hold for a table, None for its own, and the rules."""
    from automl_core.cleaning.rules import load_rules

    if own := load_rules(data.folder):
        return None, own
    for dataset_id in project.list("datasets"):
        if dataset_id == data.id or not (project.dataset(dataset_id) / "rules.json").exists():
            continue
        try:
            other = caches.dataset(project.id, dataset_id)
            rules = load_rules(other.folder)
        except AutoMLError:
            continue  # its own page says what is wrong with it
        if rules and set(other.schema.names) == set(data.schema.names):
            return other, rules
    return None, ()


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
    checked = _checked(other, data, rules, appended=True)
    for result in checked.broken:
        st.warning(errors.plain(result.sentence), icon=":material/rule:")
    checked.enforce()
    return checked


def _checked(data: Dataset, owner: Dataset, rules: tuple[Rule, ...], *, appended: bool = False) -> Checked:
    """Look at a table with the rules of another one, by whose kinds its columns are read."""
    from automl_core.cleaning.other_rules import other_kinds

    known = other_kinds(owner.schema, data.schema)
    return _check(data.fingerprint, repr((known, rules)), appended, data, rules, known)


@st.cache_resource(max_entries=4, show_spinner="Trying the rules")
def _check(fingerprint: str, text: str, appended: bool, _data: Dataset, _rules: tuple[Rule, ...], _known: Schema) -> Checked:
    """Look at every row to append, or at the rows that are shown.

    The file is read again only where there are cells that could not be read.
    """
    import pandas as pd

    from automl_core.cleaning.other_rules import asking_kinds, read_as
    from automl_core.data.parsing import as_text
    from automl_core.data.rereading import written_cells
    from automl_core.engines.pandera import check_rules

    frame = caches.frame(_data) if appended else caches.looked(_data)
    read = read_as(frame, _data.faults, _known)
    schema, cells = _data.schema, None
    for column in _known:
        schema = schema.with_column(column)
    if appended:
        unread = any(rule.kind == "type" and rule.column in _data.faults and rule.column not in _known for rule in _rules)
        cells = written_cells(_data) if unread else pd.DataFrame(index=frame.index)
    if cells is not None:
        for name in _known.names:
            cells[name] = as_text(frame[name])
    return check_rules(read.frame, asking_kinds(_rules, _known), raw=cells, faults=read.faults, schema=schema)
