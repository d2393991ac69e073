"""One card a column, with a search, a filter, an order and pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import streamlit as st

from automl_core.charts.small import column_picture
from automl_core.data.wording import cut
from automl_core.profiling.wording import LONG
from automl_core.schema import KINDS
from pages.shared import errors

if TYPE_CHECKING:
    from automl_core.profiling.column import ColumnProfile
    from automl_core.profiling.profile import Profile
    from automl_core.profiling.relation import Relation

CARDS = 12
SCORES = {"auc": "alone, area under the ROC curve", "r2": "alone, R²"}
ORDERS: dict[str, Callable[[ColumnProfile, Relation | None], Any]] = {
    "As in the table": lambda column, relation: 0,
    "Tells most of the target": lambda column, relation: -relation.score if relation else 1.0,
    "Most missing": lambda column, relation: -column.missing_share,
    "Most different values": lambda column, relation: -column.distinct,
    "Fewest different values": lambda column, relation: column.distinct,
    "Name": lambda column, relation: column.name.casefold(),
}
"""Orders of the cards; columns that are level stay as in the table."""
WITH_TARGET = "Tells most of the target"


@st.fragment
def draw_columns(found: Profile) -> None:
    """Draw the cards of a profile; a search or another order draws them again and nothing else of the page."""
    relations = {relation.name: relation for relation in found.relations}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.text_input(
            "Find a column", key="explore_search", placeholder="Part of its name", help="Shows columns whose name holds this."
        )
        kinds = [kind for kind in KINDS if any(column.kind == kind for column in found.columns)]
        chosen = st.multiselect("Kinds", kinds, key="explore_kinds", placeholder="All", help="Shows columns of these kinds only.")
        named = {name for alert in found.alerts for name in alert.columns}
        trouble = st.toggle(
            "With alerts", key="explore_trouble", help="Shows only columns that something was found in.", disabled=not named
        )
        orders = [order for order in ORDERS if order != WITH_TARGET or relations]
        order = st.selectbox("Order", orders, key=f"explore_order_{bool(relations)}", help="Which cards come first.")
    part = wanted.strip().lower()
    columns = [
        column
        for column in found.columns
        if part in column.name.lower() and (not chosen or column.kind in chosen) and (not trouble or column.name in named)
    ]
    if not columns:
        st.caption("No column fits. Change the search, the kinds, or the switch.")
        return
    columns.sort(key=lambda column: ORDERS[order](column, relations.get(column.name)))
    pages = -(-len(columns) // CARDS)
    page = 1
    if pages > 1:
        label = f"Page of {pages:,}"
        page = int(st.number_input(label, 1, pages, 1, key=f"explore_page_{pages}", help=f"{CARDS} columns a page."))
    first = CARDS * (page - 1)
    with st.grid("auto", min_column_width=260):
        for position, column in enumerate(columns[first : first + CARDS], start=first):
            _card(column, relations.get(column.name), position)


def _card(column: ColumnProfile, relation: Relation | None, position: int) -> None:
    from automl_core.profiling.html import facts

    with st.container(border=True, height="stretch"):
        name = short(column.name)
        st.markdown(f"**{errors.plain(name)}** :gray[{column.kind}]")
        said = [*facts(column)]
        if relation:
            said.append((SCORES[relation.measure], f"{round(relation.score, 2) + 0.0:.2f}"))
        st.caption("  \n".join(f"{label}: {errors.plain(value)}" for label, value in said))
        if column.personal:
            st.caption(f":material/visibility_off: Cells are not shown: {column.personal}.")
        elif column.examples and (column.kind == "text" or len(column.values) > 5 or not column.values):
            texts = [" ".join(text.split()) for text in (column.examples[:1] if column.kind == "text" else column.examples)]
            st.caption(f"for example: {errors.plain(', '.join(texts))}")
        picture = column_picture(column)
        if picture:
            st.html(picture)
        if relation and relation.groups:
            # Drawn when it is opened: charts that nobody sees would hold up the page.
            opened = st.expander("With the target", key=f"explore_relation_open_{position}", on_change="rerun")
            if opened.open:
                with opened:
                    _draw_relation(relation, name, position)


def _draw_relation(relation: Relation, name: str, position: int) -> None:
    from automl_core.charts.profile import relation_figure

    figure = relation_figure(relation)
    alt = f"The target by {name}"
    st.plotly_chart(figure, key=f"explore_relation_{position}", config={"displayModeBar": False}, alt=alt)


def short(name: str) -> str:
    """Return a column's name on one line, cut where it is very long."""
    return cut(" ".join(name.split()), LONG)
