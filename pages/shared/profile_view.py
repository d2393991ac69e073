"""A profile, drawn: alerts with their steps, a card for each column, what goes together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.errors import AutoMLError
from pages.shared import caches, errors, recipes, state

if TYPE_CHECKING:
    from automl_core.data.dataset import Dataset
    from automl_core.profiling.alerts import Alert
    from automl_core.profiling.profile import Profile
    from automl_core.profiling.summaries import ColumnProfile

AT_ONCE = 2_000_000
"""Cells that are looked at while the page waits; larger tables are looked at by a job."""
CARDS = 12
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
        st.metric("Missing cells", f"{found.missing:,}", f"{found.missing / cells:.1%} of all" if cells else None, delta_color="off", delta_arrow="off")
        st.metric("Duplicate rows", f"{found.duplicates:,}" if found.duplicates >= 0 else "not counted")
        st.metric("To look at", f"{len(found.alerts):,}")


def draw_alerts(data: Dataset, found: Profile, shown: int = 8) -> None:
    """Draw the alerts, each with a button that adds its step to the recipe."""
    if not found.alerts:
        st.success("Nothing stands out in this table.", icon=":material/check:")
        return
    for number, alert in enumerate(found.alerts[:shown]):
        _alert(data, alert, number)
    if len(found.alerts) > shown:
        with st.expander(f"{len(found.alerts) - shown:,} more"):
            for number, alert in enumerate(found.alerts[shown : shown + 100], start=shown):
                _alert(data, alert, number)


def _alert(data: Dataset, alert: Alert, number: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        color = {"problem": ":red", "warning": ":orange", "info": ":gray"}[alert.severity]
        st.markdown(f"{color}[{ICONS[alert.severity]}] {errors.plain(alert.sentence)}", width="stretch")
        if alert.step is None:
            return
        from automl_core.cleaning.steps import OPERATIONS

        title = OPERATIONS[alert.step.op].title
        if _in_recipe(data, alert):
            st.badge("In the recipe", icon=":material/check:", color="green", help=f"Done by the step: {title}.")
            return
        if st.button(
            title, key=f"explore_step_{number}_{alert.code}", icon=":material/add:", help="Adds this step to the recipe. It can be undone there."
        ):
            with errors.shown() as tried:
                recipes.add_step(data, alert.step)
            if not tried.failed:
                state.say(f"The step '{title}' was added to the recipe.")
                st.rerun()


def _in_recipe(data: Dataset, alert: Alert) -> bool:
    """Return whether an enabled step does what the alert suggests for all of its columns."""
    from automl_core.cleaning.steps import columns_of

    wanted = alert.step
    if wanted is None:
        return False
    try:
        recipe = recipes.current(data)
    except AutoMLError:
        return False  # the Clean page says what is wrong with a stored recipe
    columns = set(wanted.params.get("columns", ()))
    covered: set[str] = set()
    for step in recipe.enabled():
        if step.op in (wanted.op, "drop_columns"):
            covered |= set(columns_of(step, data.schema))
            if not columns and step.op == wanted.op:
                return True
    return bool(columns) and columns <= covered


def draw_columns(found: Profile) -> None:
    """Draw one card a column, with a search, a filter and pages."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.text_input("Find a column", key="explore_search", placeholder="Part of its name", help="Shows columns whose name holds this.")
        kinds = sorted({column.kind for column in found.columns})
        chosen = st.multiselect("Kinds", kinds, key="explore_kinds", placeholder="All", help="Shows columns of these kinds only.")
    columns = [
        column for column in found.columns if wanted.strip().lower() in column.name.lower() and (not chosen or column.kind in chosen)
    ]
    if not columns:
        st.caption("No column fits. Change the search or the kinds.")
        return
    pages = -(-len(columns) // CARDS)
    page = 1
    if pages > 1:
        page = int(st.number_input(f"Page of {pages}", 1, pages, 1, key=f"explore_page_{pages}", help=f"{CARDS} columns a page."))
    with st.grid("auto", min_column_width=260):
        for position, column in enumerate(columns[CARDS * (page - 1) : CARDS * page], start=CARDS * (page - 1)):
            _card(column, position)


def _card(column: ColumnProfile, position: int) -> None:
    from automl_core.charts.profile import column_figure
    from automl_core.profiling.html import facts

    with st.container(border=True, height="stretch"):
        name = column.name if len(column.name) <= 60 else column.name[:59] + "…"
        st.markdown(f"**{errors.plain(name)}** :gray[{column.kind}]")
        st.caption("  \n".join(f"{label}: {errors.plain(value)}" for label, value in facts(column)))
        figure = column_figure(column)
        if figure is not None:
            st.plotly_chart(figure, key=f"explore_card_{position}", config={"displayModeBar": False, "staticPlot": False}, alt=f"Distribution of {name}")


def draw_associations(found: Profile, target: str) -> None:
    """Draw what goes together with one column, as a chart with its table."""
    from automl_core.charts.profile import association_figure
    from automl_core.profiling.associations import METHODS

    names = list(dict.fromkeys(name for pair in found.associations for name in (pair.first, pair.second)))
    if not names:
        st.caption("There are no two columns to compare: keys and free texts take no part.")
        return
    if target in names:
        names = [target, *(name for name in names if name != target)]
    column = st.selectbox("Column", names, key=f"explore_column_{target}", help="What goes together with this column. The target comes first.")
    pairs = sorted((pair for pair in found.associations if column in (pair.first, pair.second)), key=lambda pair: -pair.strength)
    st.plotly_chart(association_figure(pairs, column), key="explore_associations", config={"displayModeBar": False}, alt=f"What goes together with {column}")
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
        st.dataframe(rows, hide_index=True, key="explore_association_table", alt=f"What goes together with {column}")
