"""A form for one row that answers on every change: where it starts from, its fields, and the cases that were kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.shared import errors, people, state
from pages.shared.row_form import ask
from pages.whatif import whatif_cache

if TYPE_CHECKING:
    from collections.abc import Sequence

    from automl_core.explaining.reasons import Reasons
    from automl_core.leaderboard import Candidate
    from automl_core.predicting import FormField
    from automl_core.runs import Run
    from automl_core.scoring.bundle import Model
    from automl_core.whatif.cases import Case

FIRST = 8
"""Fields that are not folded."""
USUAL, ROW, KEPT = "A usual row", "A row of the table", "A kept case"


def load(values: dict[str, Any]) -> None:
    """Fill the form with other values; its widgets are made anew."""
    state.put_draft("whatif_values", values)
    state.put_draft("whatif_turn", state.draft("whatif_turn", 0) + 1)


def start_from(run: Run, candidate: Candidate, model: Model, cases: Sequence[Case]) -> str:
    """Let the person choose which row the form starts from; returns what is known of its outcome."""
    from automl_core.explaining.curves import label_of
    from automl_core.whatif.answer import values_of_row

    owner = f"{run.id} {candidate.id}"
    if state.draft("whatif_owner") != owner:  # another model asks for other columns
        state.put_draft("whatif_owner", owner)
        load({})
    frame = whatif_cache.rows(run)
    ways = [USUAL, *([ROW] if frame is not None and len(frame) else []), *([KEPT] if cases else [])]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        way = st.segmented_control(
            "Start from", ways, default=ways[0], required=True, key=f"whatif_way_{owner}", help="What the form is filled with."
        )
        chosen, known = f"{way}", ""
        if way == ROW and frame is not None:
            held_out = "held-out " if run.config.holdout else ""
            number = st.number_input(
                f"Number of the {held_out}row",
                1,
                len(frame),
                1,
                key=f"whatif_row_{owner}",
                help=f"1 to {len(frame):,}.",
                width=200,
            )
            row = frame.iloc[[number - 1]]
            chosen = f"{way} {number}"
            outcome = row[model.target].iloc[0] if model.target in row else None
            known = "" if outcome is None or outcome != outcome else label_of(outcome)
        elif way == KEPT:
            name = st.selectbox(
                "Case", [case.name for case in cases], key=f"whatif_case_{owner}", help="Kept with this run.", width=240
            )
            chosen = f"{way} {name}"
    if state.draft("whatif_from") != f"{owner} {chosen}":
        state.put_draft("whatif_from", f"{owner} {chosen}")
        if way == ROW and frame is not None:
            load(values_of_row(model, model.checked(row)))
        elif way == KEPT:
            load(dict(next(case.values for case in cases if case.name == name)))
        else:
            load({})
    return known


def fields(model: Model, reasons: Reasons | None) -> list[FormField]:
    """Return the fields of the form, those that move predictions most first, with the values that it starts from."""
    from automl_core.predicting import row_form

    given: dict[str, Any] = state.draft("whatif_values", {})
    order = {name: place for place, name in enumerate(reasons.columns)} if reasons is not None else {}
    found = sorted(row_form(model), key=lambda field: order.get(field.column, len(order)))
    return [replace(field, default=given.get(field.column, field.default)) for field in found]


def draw(found: Sequence[FormField]) -> dict[str, Any]:
    """Draw the fields and return what stands in them."""
    turn = state.draft("whatif_turn", 0)
    values: dict[str, Any] = {}
    with st.grid("auto", min_column_width=180):
        for field in found[:FIRST]:
            values[field.column] = ask(field, f"whatif_{turn}_{field.column}")
    if len(found) > FIRST:
        more = st.expander(f"{len(found) - FIRST:,} more columns", icon=":material/unfold_more:")
        with more, st.grid("auto", min_column_width=180):
            for field in found[FIRST:]:
                values[field.column] = ask(field, f"whatif_{turn}_{field.column}")
    return {name: "" if value is None else value for name, value in values.items()}


def keep(run: Run, candidate: Candidate, values: dict[str, Any]) -> None:
    """Let the person keep the row as a case."""
    from automl_core.whatif.cases import Case, keep_case

    with st.popover(
        "Keep this case", icon=":material/bookmark_add:", help="Keeps the row with this run, to come back or compare."
    ):
        name = st.text_input("Name", key="whatif_name", max_chars=60, help="One of the same name is replaced.")
        if st.button("Keep", key="whatif_keep", icon=":material/bookmark_add:", **people.changing("Keeps it in the project.")):
            with errors.shown() as outcome:
                keep_case(run.cases(candidate.id), Case(name, values))
            if not outcome.failed:
                state.say(f"The case {name.strip()!r} is kept.")
                st.rerun(scope="app")
