"""The charts of a study: every trial, the front of two aims, slices, importance, parallel coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from automl_core.tuning.study import Study


def draw(study: Study) -> None:
    """Draw what the trials so far can tell."""
    from automl_core.charts.tuning import history_figure

    st.plotly_chart(
        history_figure(study), key=f"tune_{study.id}_history", config={"displayModeBar": False},
        alt=f"{study.label} of every trial, and the best so far",
    )  # fmt: skip
    if study.settings.aim and len(study.scored) > 1:
        _front(study)
    if len(study.scored) > 2:
        _details(study)


def _front(study: Study) -> None:
    from automl_core.charts.tuning import front_figure

    st.plotly_chart(
        front_figure(study), key=f"tune_{study.id}_front_chart", config={"displayModeBar": False},
        alt=f"{study.label} of every trial against its second aim",
    )  # fmt: skip
    st.caption("No other trial beats those on the line in both aims.")


def _details(study: Study) -> None:
    from automl_core.charts.tuning import importance_figure, parallel_figure, slice_figure

    kinds = ["One parameter", "All parameters", *(["Importance"] if study.importance else [])]
    kind = st.segmented_control(
        "Chart", kinds, default=kinds[0], required=True, key=f"tune_{study.id}_chart_{len(kinds)}", label_visibility="collapsed",
        help="One parameter against the score, all of them at once, or how much each matters.",
    )  # fmt: skip
    if kind == "One parameter":
        names = [one.name for one in study.settings.space.open]
        names.sort(key=lambda name: -study.importance.get(name, 0.0))
        name = st.selectbox(
            "Parameter", names, key=f"tune_{study.id}_slice", help="Each trial is a point; later ones are darker."
        )
        figure, alt = slice_figure(study, name), f"{study.label} against {name}"
    elif kind == "All parameters":
        figure, alt = parallel_figure(study), "Each trial as a line through its parameters"
        st.caption("Each line is a trial, the better the darker. Drag along an axis to keep a part of them.")
    else:
        figure, alt = importance_figure(study), "Importance of the parameters"
        st.caption("Which share of the differences between scores each parameter explains (functional analysis of variance).")
    st.plotly_chart(figure, key=f"tune_{study.id}_{kind}", config={"displayModeBar": False}, alt=alt)
