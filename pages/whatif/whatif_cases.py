"""The row of the What-if form beside the cases that were kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from automl_core.errors import AutoMLError
from pages.shared import errors, people
from pages.whatif import whatif_cache

if TYPE_CHECKING:
    from collections.abc import Sequence

    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run
    from automl_core.whatif.answer import Answer
    from automl_core.whatif.cases import Case

COMPARED = 5
"""Most cases that stand beside the row."""


def draw(
    run: Run, candidate: Candidate, bundle: Path, answer: Answer, values: dict[str, Any], cases: Sequence[Case], weights: Any
) -> None:
    """Draw the row beside the cases that were kept."""
    from automl_core.data.wording import cut
    from automl_core.whatif.cases import drop_case

    if not cases:
        st.caption("Keep this row as a case, change it, and both stand here side by side.")
        return
    chosen = st.multiselect(
        "Cases",
        [case.name for case in cases],
        default=[case.name for case in cases[-COMPARED:]],
        max_selections=COMPARED,
        key="whatif_compared",
        help=f"Up to {COMPARED} stand beside the row.",
    )
    columns: dict[str, tuple[dict[str, Any], str, dict[str, float]]] = {"This row": (values, answer.shown, answer.probabilities)}
    for case in cases:
        if case.name in chosen:
            try:
                said = whatif_cache.answer(run, bundle, {**dict.fromkeys(values, ""), **case.values}, weights)
                columns[case.name] = (case.values, said.shown, said.probabilities)
            except AutoMLError as error:  # kept for a model that asked for other columns
                st.caption(f":material/warning: {errors.plain(case.name)}: {errors.plain(error.received)}")
    order = [entry.column for entry in answer.contributions]
    differ = [name for name in order if len({str(cells.get(name, "")) for cells, _, _ in columns.values()}) > 1]
    table = [{"": answer.target, **{name: cut(shown) for name, (_, shown, _) in columns.items()}}]
    if answer.chance is not None:
        shares = {name: f"{100 * found.get(answer.output, 0.0):.1f} %" for name, (_, _, found) in columns.items()}
        table.append({"": f"Probability of {cut(answer.output)}", **shares})
    table += [
        {"": name, **{title: _cell(cells.get(name, "")) for title, (cells, _, _) in columns.items()}}
        for name in [*differ, *(name for name in order if name not in differ)]
    ]
    st.dataframe(table, hide_index=True, key="whatif_table", alt="Cases side by side")
    st.caption("Columns that differ come first.")
    with st.popover("Delete a case", icon=":material/delete:", help="Removes it from the project."):
        name = st.selectbox(
            "Case to delete", [case.name for case in cases], key="whatif_delete_name", help="It is gone for good."
        )
        if st.button("Delete", key="whatif_delete", icon=":material/delete:", **people.changing("Deletes this case.")):
            drop_case(run.cases(candidate.id), name)
            st.rerun(scope="app")


def _cell(value: Any) -> str:
    return f"{value:,.12g}" if isinstance(value, float) else str(value)
