"""Spelling variants on the page: groups with counts, a proposed value for each, taken all at once or one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.shared import errors

if TYPE_CHECKING:
    import pandas as pd

    from automl_core.cleaning.clusters import Clusters
    from automl_core.cleaning.recipe import Step
    from automl_core.schema import Schema

SHOWN = 200


@st.cache_data(max_entries=20, show_spinner="Finding variants")
def _clusters(counts: dict[str, int], method: str, radius: int, block: int) -> Clusters:
    from automl_core.cleaning.clusters import cluster

    return cluster(counts, method, radius=radius, block=block)


def ask(step: Step, schema: Schema, prefix: str, frame: pd.DataFrame) -> dict[str, Any]:
    """Draw the choice of column and way, the groups that it finds, and what is merged so far; return the step's settings."""
    from automl_core.cleaning.clusters import BLOCK, METHODS, NEAREST, count_values
    from automl_core.cleaning.keys import KEYERS
    from automl_core.cleaning.steps import operation, value

    fitting = schema.of_kind("category", "boolean", "text")
    given = value(step, "column")
    column = st.selectbox(
        "Column",
        fitting,
        fitting.index(given) if given in fitting else 0 if fitting else None,
        key=f"{prefix}_column",
        help="Column of words.",
    )
    if column is None or column not in frame:
        st.info("There is no column of words at this place.", icon=":material/info:")
        return {"column": "", "mapping": {}, "method": "none"}
    words = {name: label for name, label, _ in METHODS}
    helps = "\n".join(f"- **{label}**: {said}" for _, label, said in METHODS)
    method = st.selectbox("Variants are values with", list(words), format_func=words.__getitem__, key=f"{prefix}_way", help=helps)
    radius, block = 1, BLOCK
    if method == NEAREST:
        with st.container(horizontal=True):
            radius = int(
                st.number_input(
                    "Letters that differ", 1, 5, 1, key=f"{prefix}_radius", help="Most letters added, missing or wrong."
                )
            )
            block = int(
                st.number_input(
                    "Letters shared", 1, 10, BLOCK, key=f"{prefix}_block", help="In a row. Fewer find more and take longer."
                )
            )
    found = _clusters(count_values(frame[column]), method, radius, block)
    st.caption(errors.plain(found.sentence))
    mapping = dict(value(step, "mapping")) if column == given else {}
    if found.clusters:
        mapping |= _groups(found, f"{prefix}_{column}_{method}_{radius}_{block}")
    pairs = "\n".join(f"{old} = {new}" for old, new in mapping.items())
    st.caption(f"{len(mapping):,} {'variant is' if len(mapping) == 1 else 'variants are'} merged.")
    with st.expander("All of them as pairs"):
        st.code(pairs or "none", language=None)
    param = next(param for param in operation(step).params if param.name == "method")
    later = dict(param.choices)
    chosen = method if method in KEYERS and method in later and mapping else value(step, "method")
    known = st.selectbox(
        param.label,
        list(later),
        list(later).index(chosen if chosen in later else "none"),
        format_func=later.__getitem__,
        key=f"{prefix}_method_{method}",
        help=param.help,
    )
    return {"column": column, "mapping": mapping, "method": known}


def _groups(found: Clusters, key: str) -> dict[str, str]:
    """Draw the groups and return what becomes what by the ticked ones."""
    import pandas as pd

    shown = found.clusters[:SHOWN]
    everything = st.checkbox("Merge all groups", True, key=f"{key}_all", help="Untick to choose one by one.")
    table = pd.DataFrame(
        {
            "merge": [everything] * len(shown),
            "into": [one.proposed for one in shown],
            "variants": [
                "; ".join(f"{value} ({count:,})" for value, count in zip(one.values, one.counts, strict=True)) for one in shown
            ],
            "rows": [one.rows for one in shown],
        }
    )
    edited = st.data_editor(
        table,
        key=f"{key}_{everything}",
        hide_index=True,
        disabled=["variants", "rows"],
        column_config={
            "merge": st.column_config.CheckboxColumn("Merge", help="Whether these become one value."),
            "into": st.column_config.TextColumn("Becomes", help="The most frequent one is proposed; write another."),
            "variants": st.column_config.TextColumn("Variants (rows)", width="large"),
            "rows": st.column_config.NumberColumn("Rows"),
        },
    )
    mapping: dict[str, str] = {}
    for place, one in enumerate(shown):
        into = str(edited["into"].iloc[place]).strip()
        if edited["merge"].iloc[place] and into:
            mapping |= one.mapping(into)
    if everything and len(found.clusters) > SHOWN:
        st.caption(f"The first {SHOWN:,} groups are shown; the other {len(found.clusters) - SHOWN:,} are merged as proposed.")
        for one in found.clusters[SHOWN:]:
            mapping |= one.mapping()
    return mapping
