"""A whole model to read: coefficients, rules, or what each column adds by its value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from automl_core.workspace import ProjectFolder
from pages.explain import rules_table
from pages.shared import caches, errors
from pages.shared.candidate_jobs import result_of

if TYPE_CHECKING:
    from automl_core.explaining.readable import Readable
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run


def draw(project: ProjectFolder, run: Run, candidate: Candidate) -> None:
    """Draw a model that can be read, start what writes it out, or say why it cannot be."""
    from automl_core.explaining.readable import Readable, can_be_read, readable_names
    from automl_core.profiling.wording import listed

    decision = can_be_read(candidate)
    if not decision.value:
        others = readable_names(run.leaderboard())
        there, one = ("is", "it") if len(others) == 1 else ("are", "one of them")
        told = f" Of this run there {there} {listed(others)}: choose {one} above." if others else ""
        st.caption(errors.plain(decision.reason + told))
        return
    path = result_of(
        project,
        run,
        candidate,
        "readable",
        run.readable,
        label="Write the model out",
        why="Shows every number of the model, in your columns. " + decision.reason,
        icon=":material/menu_book:",
    )
    if path is None:
        return
    found = Readable.from_dict(caches.result(path))
    {"linear": _coefficients, "trees": _trees, "additive": _terms}[found.kind](found)
    for note in found.notes:
        st.caption(f":material/info: {errors.plain(note)}")


def _coefficients(found: Readable) -> None:
    from automl_core.profiling.wording import number

    st.subheader("Coefficients", anchor=False)
    starts = ", ".join(f"{number(value)} for {name}" for name, value in zip(found.outputs, found.intercept, strict=True))
    st.caption(errors.plain(f"The score starts at {starts}. Each row says what a feature adds to it; the strongest come first."))
    several = len(found.outputs) > 1
    rows = [
        {
            "Feature": row.feature,
            **({"Outcome": row.output} if several else {}),
            "Adds": number(row.mean),
            "Per": row.per,
            "Lowest": number(row.low),
            "Highest": number(row.high),
            "Column": row.column,
        }
        for row in found.coefficients
    ]
    st.dataframe(
        rows,
        hide_index=True,
        key="explain_coefficients",
        alt="Coefficients of the model",
        column_config={
            "Adds": st.column_config.TextColumn(alignment="right", help="Mean over the fold models."),
            "Lowest": st.column_config.TextColumn(alignment="right", help="Of the fold models."),
            "Highest": st.column_config.TextColumn(alignment="right", help="Of the fold models."),
        },
    )


def _trees(found: Readable) -> None:
    chosen = 0
    if len(found.trees) > 1:
        chosen = st.selectbox(
            "Tree",
            range(len(found.trees)),
            format_func=lambda place: f"Tree {place + 1} of {len(found.trees)}",
            key="explain_tree",
            help="Each fold has a tree of its own; the prediction is their mean.",
        )
    st.subheader("Rules", anchor=False)
    rules = found.trees[chosen]
    rules_table.draw(rules, found.outputs, labels=found.labels, key="explain_rules", alt="Rules of the tree")


def _terms(found: Readable) -> None:
    from automl_core.charts.readable import READING, term_figure, term_rows
    from automl_core.profiling.wording import number

    starts = ", ".join(f"{number(value)} for {name}" for name, value in zip(found.outputs, found.intercept, strict=True))
    st.caption(errors.plain(f"The score starts at {starts}. Each part adds to it by the value of one column, or of two."))
    if not found.terms:
        return
    chosen = st.selectbox(
        "Part",
        range(len(found.terms)),
        format_func=lambda place: f"{found.terms[place].name}, {number(found.terms[place].size, 2)} on average",
        key="explain_term",
        help="The parts of the model, those that move predictions most first.",
    )
    term = found.terms[chosen]
    st.subheader(errors.plain(term.name), anchor=False)
    st.caption(READING[len(term.axes)])
    st.plotly_chart(term_figure(found, term), key="explain_term_chart", config={"displayModeBar": False}, alt=term.name)
    with st.expander("As a table", icon=":material/table:"):
        st.dataframe(term_rows(found, term), hide_index=True, key="explain_term_table", alt=f"What {term.name} adds")
