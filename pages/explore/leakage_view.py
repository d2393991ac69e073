"""Leakage on the Explore page: asked for, followed, and shown side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.shared import caches, errors, job_state, jobs, people

if TYPE_CHECKING:
    from pathlib import Path

    from automl_core.data.dataset import Dataset
    from automl_core.profiling.leakage import Leakage
    from automl_core.profiling.profile import Profile
    from automl_core.workspace import ProjectFolder

KIND = "leakage"
OFFERED = 500
"""Most columns that are offered to be tried."""


def draw(project: ProjectFolder, data: Dataset, found: Profile) -> None:
    """Draw what was measured of leakage, or the way to measure it."""
    from automl_core.profiling.leakage import SUSPECTS, suspects_of

    if not found.target:
        st.caption("Choose the column to predict above; then it can be measured what gives it away.")
        return
    offered = [column.name for column in found.columns if column.name != found.target and column.kind not in ("id", "text")]
    suspected = [name for name in suspects_of(found) if name in offered]
    offered = list(dict.fromkeys([*suspected, *offered[:OFFERED]]))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.multiselect(
            "Columns to try without",
            offered,
            suspected,
            key=f"explore_leakage_columns_{data.id}_{found.target}",
            max_selections=SUSPECTS,
            placeholder="None is suspected",
            help="Those that the alerts suspect are chosen. A quick model is judged with and without each, and, where the table "
            "has groups or dates, with rows kept together or in order of time.",
        )
        params: dict[str, Any] = {
            "dataset": data.id,
            "fingerprint": data.fingerprint,
            "target": found.target,
            "suspects": sorted(chosen),
        }
        folder = jobs.find(project, KIND, params)
        asked = st.button(
            "Measure",
            key="explore_leakage_start",
            icon=":material/science:",
            **people.changing(
                "Takes some seconds, beside whatever else you do.",
                disabled=folder is not None and (job_state.follow(folder).active or (folder / "leakage.json").exists()),
            ),
        )
    if asked:
        with errors.shown() as tried:
            jobs.start(project, KIND, params)
        if not tried.failed:
            st.rerun()
    if folder is None:
        return
    if (folder / "leakage.json").exists():
        _draw_file(folder)
    else:
        jobs.panel(project, folder.name, key="explore_leakage")


def _draw_file(folder: Path) -> None:
    from automl_core.profiling.leakage import Leakage

    with errors.shown():
        draw_result(Leakage.from_dict(caches.result(folder / "leakage.json")))


def draw_result(found: Leakage) -> None:
    """Draw the ways in which the quick model was judged, side by side."""
    from automl_core.profiling.leakage import MEASURES

    measure = MEASURES[found.measure]
    rows = [
        {
            "Quick model": trial.title,
            "Score": trial.score,
            "± sd": trial.spread if trial.spread else None,
            "Fall": trial.fall if trial.kind != "whole" else None,
            "What that says": trial.sentence,
        }
        for trial in found.trials
    ]
    number = st.column_config.NumberColumn
    config = {
        "Score": number(help=f"The {measure}, the mean over three folds.", format="%.3f"),
        "± sd": number(help="How much the folds differ.", format="%.3f"),
        "Fall": number(help="How much lower than with everything.", format="%.3f"),
        "What that says": st.column_config.TextColumn(width="large"),
    }
    alt = f"The {measure} of a quick model in different ways"
    st.dataframe(rows, hide_index=True, key="explore_leakage_table", column_config=config, alt=alt)
    for note in found.notes:
        st.caption(f":material/info: {errors.plain(note)}")
