"""A profile, drawn: alerts with their steps, a card for each column, what goes together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.schema import KINDS
from pages.shared import caches, errors, recipes, state

if TYPE_CHECKING:
    from automl_core.cleaning.recipe import Recipe, Step
    from automl_core.data.dataset import Dataset
    from automl_core.profiling.alerts import Alert
    from automl_core.profiling.profile import Profile
    from automl_core.profiling.summaries import ColumnProfile

AT_ONCE = 2_000_000
"""Cells that are looked at while the page waits; larger tables are looked at by a job."""
CARDS = 12
ALERTS, MORE_ALERTS = 8, 100
"""Alerts that stand open, and those that are folded away below them."""
ICONS = {"problem": ":material/error:", "warning": ":material/warning:", "info": ":material/info:"}


def at_once(data: Dataset, target: str) -> Profile:
    """Return the profile of a table that is small enough to wait for."""
    return _profile(data.fingerprint, target, data)


@st.cache_resource(max_entries=8, show_spinner=False)
def _profile(fingerprint: str, target: str, _data: Dataset) -> Profile:
    from automl_core.profiling.profile import profile

    return profile(caches.frame(_data), _data.schema, target)


def from_file(path: Path) -> Profile:
    """Return the profile that a job left."""
    return _stored(str(path), *caches.stamp(path))


@st.cache_resource(max_entries=8, show_spinner=False)
def _stored(path: str, changed: int, size: int) -> Profile:
    from automl_core.profiling.profile import Profile
    from automl_core.workspace import read_json

    return Profile.from_dict(read_json(Path(path)))


def draw_numbers(found: Profile) -> None:
    """Draw the size of the table and of its trouble."""
    cells = found.rows * len(found.columns)
    with st.grid("auto", min_column_width=140):
        st.metric("Rows", f"{found.rows:,}")
        st.metric("Columns", f"{len(found.columns):,}")
        share = f"{found.missing / cells:.1%} of all" if found.missing else None
        st.metric("Missing cells", f"{found.missing:,}", share, delta_color="off", delta_arrow="off")
        st.metric("Duplicate rows", f"{found.duplicates:,}" if found.duplicates >= 0 else "not counted")
        st.metric("To look at", f"{len(found.alerts):,}")


def draw_alerts(data: Dataset, found: Profile) -> None:
    """Draw the alerts, each with a button that adds its step to the recipe."""
    if not found.alerts:
        st.success("Nothing stands out in this table.", icon=":material/check:")
        return
    recipe = _recipe(data)
    for number, alert in enumerate(found.alerts[:ALERTS]):
        _alert(data, recipe, alert, number)
    folded = found.alerts[ALERTS : ALERTS + MORE_ALERTS]
    if folded:
        with st.expander(f"{len(found.alerts) - ALERTS:,} more"):
            for number, alert in enumerate(folded, start=ALERTS):
                _alert(data, recipe, alert, number)
            left = len(found.alerts) - ALERTS - len(folded)
            if left:
                st.caption(f"{left:,} of the least severe are not shown.")


def _alert(data: Dataset, recipe: Recipe | None, alert: Alert, number: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        color = {"problem": ":red", "warning": ":orange", "info": ":gray"}[alert.severity]
        st.markdown(f"{color}[{ICONS[alert.severity]}] {errors.plain(alert.sentence)}", width="stretch")
        if alert.step is None or recipe is None:
            return
        from automl_core.cleaning.steps import OPERATIONS

        title = OPERATIONS[alert.step.op].title
        if _done(recipe, alert.step, data):
            st.badge("In the recipe", icon=":material/check:", color="green", help=f"Done by the step: {title}.")
            return
        if st.button(
            title,
            key=f"explore_step_{number}_{alert.code}",
            icon=":material/add:",
            help="Adds this step to the recipe. It can be undone on the Clean page.",
        ):
            with errors.shown() as tried:
                _add(data, recipe, alert.step)
            if not tried.failed:
                state.say(f"The step '{title}' was added to the recipe.")
                st.rerun()


def _recipe(data: Dataset) -> Recipe | None:
    """Return the table's recipe, or the one that would be proposed; None where the stored one is damaged."""
    try:
        history = recipes.stored(data)
    except AutoMLError:
        return None  # the Clean page says what is wrong with a stored recipe
    return history.present if history else _proposed(data.fingerprint, data)


@st.cache_resource(max_entries=8, show_spinner=False)
def _proposed(fingerprint: str, _data: Dataset) -> Recipe:
    return recipes.proposed(_data)


def _done(recipe: Recipe, wanted: Step, data: Dataset) -> bool:
    """Return whether enabled steps do what is wanted for all of its columns, or leave those out."""
    from automl_core.cleaning.steps import columns_of

    columns = set(columns_of(wanted, data.schema))
    covered: set[str] = set()
    for step in recipe.enabled():
        if step.op == "drop_columns" or _same(step, wanted):
            covered |= set(columns_of(step, data.schema))
    return columns <= covered


def _same(step: Step, wanted: Step) -> bool:
    """Return whether two steps do the same kind of thing; how exactly is the person's choice, except for words and case."""
    if step.op != wanted.op:
        return False
    if wanted.op == "null_words":
        return set(wanted.params["words"]) <= set(step.params.get("words", []))
    return wanted.op != "trim_text" or wanted.params["case"] == "keep" or step.params.get("case", "keep") != "keep"


def _add(data: Dataset, recipe: Recipe, wanted: Step) -> None:
    """Put a step into the recipe: switch it on where it is there but off, else add it."""
    from automl_core.cleaning.steps import columns_of

    columns = set(columns_of(wanted, data.schema))
    for step in recipe:
        if not step.enabled and _same(step, wanted) and set(columns_of(step, data.schema)) == columns:
            recipes.change(data, recipe.switch(step.id, True))
            return
    recipes.add_step(data, wanted)


def draw_columns(found: Profile) -> None:
    """Draw one card a column, with a search, a filter and pages."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.text_input(
            "Find a column", key="explore_search", placeholder="Part of its name", help="Shows columns whose name holds this."
        )
        kinds = [kind for kind in KINDS if any(column.kind == kind for column in found.columns)]
        chosen = st.multiselect("Kinds", kinds, key="explore_kinds", placeholder="All", help="Shows columns of these kinds only.")
    part = wanted.strip().lower()
    columns = [column for column in found.columns if part in column.name.lower() and (not chosen or column.kind in chosen)]
    if not columns:
        st.caption("No column fits. Change the search or the kinds.")
        return
    pages = -(-len(columns) // CARDS)
    page = 1
    if pages > 1:
        label = f"Page of {pages:,}"
        page = int(st.number_input(label, 1, pages, 1, key=f"explore_page_{pages}", help=f"{CARDS} columns a page."))
    first = CARDS * (page - 1)
    with st.grid("auto", min_column_width=260):
        for position, column in enumerate(columns[first : first + CARDS], start=first):
            _card(column, position)


def _card(column: ColumnProfile, position: int) -> None:
    from automl_core.charts.profile import column_figure
    from automl_core.profiling.html import facts

    with st.container(border=True, height="stretch"):
        name = short(column.name)
        st.markdown(f"**{errors.plain(name)}** :gray[{column.kind}]")
        st.caption("  \n".join(f"{label}: {errors.plain(value)}" for label, value in facts(column)))
        for text in column.examples[:1]:
            st.caption(f"for example: {errors.plain(' '.join(text.split()))}")
        figure = column_figure(column)
        if figure is not None:
            alt = f"Distribution of {name}"
            st.plotly_chart(figure, key=f"explore_card_{position}", config={"displayModeBar": False}, alt=alt)


def short(name: str) -> str:
    """Return a column's name on one line, cut where it is very long."""
    line = " ".join(name.split())
    return line if len(line) <= 60 else line[:59] + "…"


def draw_associations(found: Profile) -> None:
    """Draw what goes together with one column, as a chart with its table."""
    from automl_core.charts.profile import association_figure
    from automl_core.profiling.associations import METHODS, PAIRED

    names = list(dict.fromkeys(name for pair in found.associations for name in (pair.first, pair.second)))
    if not names:
        st.caption(
            "There are no two columns to compare. Keys, free texts and columns with one value take no part, "
            f"and two columns need at least {PAIRED} rows in common."
        )
        return
    names.sort(key=lambda name: name != found.target)
    column = st.selectbox(
        "Column", names, key=f"explore_column_{found.target}", help="What goes together with this column. The target comes first."
    )
    pairs = sorted((pair for pair in found.associations if column in (pair.first, pair.second)), key=lambda pair: -pair.strength)
    alt = f"What goes together with {column}"
    st.plotly_chart(association_figure(pairs, column), key="explore_associations", config={"displayModeBar": False}, alt=alt)
    with st.expander("As a table"):
        rows = [
            {
                "Column": pair.second if pair.first == column else pair.first,
                "Strength": round(pair.strength, 3),
                "Direction": {1: "rises with it", -1: "falls as it rises"}.get(pair.sign, ""),
                "Measure": METHODS[pair.method],
            }
            for pair in pairs
        ]
        st.dataframe(rows, hide_index=True, key="explore_association_table", alt=alt)
