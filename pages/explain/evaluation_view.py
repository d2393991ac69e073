"""An evaluation's curves and an explanation's columns, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.explain.side_by_side import Side, each
from pages.shared import caches, errors

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from automl_core.evaluation.evaluate import Evaluation


def draw_curves(judged: Sequence[tuple[Side, Path]]) -> None:
    """Draw the curves and tables that fit the task; those of a second model stand on the right."""
    from automl_core.charts.evaluation import READING, mixed_up
    from automl_core.evaluation.evaluate import Evaluation
    from automl_core.evaluation.wording import event_sentence

    evaluation = Evaluation.from_dict(caches.result(judged[0][1]))
    if told := event_sentence(evaluation):
        st.caption(errors.plain(told))
    made = _figures(*((str(path), *caches.stamp(path)) for _, path in judged))
    for title, drawn in made.items():
        st.subheader(title, anchor=False)
        st.caption(READING[title])
        for side, figure in each(zip((side for side, _ in judged), drawn, strict=False)):
            alt = f"{title}, {side.candidate.name}" if len(drawn) > 1 else title
            key = f"explain_curve_{title}{side.key}"
            st.plotly_chart(figure, key=key, config={"displayModeBar": False}, alt=alt)
        if title == "Confusion table":
            if len(judged) > 1:
                st.caption(f"By label, **{errors.plain(judged[0][0].candidate.name)}**")
            _report(evaluation)
            if len(evaluation.classes) > 2 and (pairs := mixed_up(evaluation)):
                _mixed_up(pairs)


@st.cache_resource(max_entries=8, show_spinner=False)
def _figures(*files: tuple[str, int, int]) -> dict[str, tuple[go.Figure, ...]]:
    """Return the figures of one evaluation or of two, shared: do not change them. A file is its path and what tells it apart."""
    from automl_core.charts.beside import figures_beside
    from automl_core.charts.evaluation import figures
    from automl_core.evaluation.evaluate import Evaluation

    found = [Evaluation.from_dict(caches.result(Path(path))) for path, _, _ in files]
    return figures_beside(*found) if len(found) > 1 else {title: (made,) for title, made in figures(found[0]).items()}


def _report(evaluation: Evaluation) -> None:
    from automl_core.data.wording import cut
    from automl_core.profiling.wording import number

    rows = [
        {
            "Label": cut(row["label"]),
            "Precision": number(row["precision"], 3),
            "Recall": number(row["recall"], 3),
            "F1": number(row["f1"], 3),
            "Rows": f"{row['rows']:,}",
        }
        for row in evaluation.curves["report"]
    ]
    text = st.column_config.TextColumn
    st.dataframe(
        rows,
        hide_index=True,
        key="explain_report_by_label",
        alt="Precision and recall of each label",
        column_config={
            "Precision": text(alignment="right", help="Of the rows with this prediction, how many were right."),
            "Recall": text(alignment="right", help="Of the rows that truly have it, how many were found."),
            "F1": text(alignment="right", help="High only where both are."),
            "Rows": text(alignment="right", help="Rows that truly have it."),
        },
    )


def _mixed_up(pairs: list[tuple[str, str, int, float]]) -> None:
    from automl_core.data.wording import cut
    from automl_core.profiling.wording import percent

    st.caption("Labels that are mixed up most:")
    rows = [
        {"True": cut(true), "Predicted": cut(other), "Rows": f"{count:,}", "Of the true ones": percent(share)}
        for true, other, count, share in pairs
    ]
    text = st.column_config.TextColumn
    right = {name: text(alignment="right") for name in ("Rows", "Of the true ones")}
    st.dataframe(rows, hide_index=True, key="explain_mixed_up", alt="Labels that are mixed up most", column_config=right)


def draw_importance(path: Path) -> None:
    """Draw permutation importance and SHAP values by the person's own columns."""
    from automl_core.charts.importance import READING, importance_figures
    from automl_core.explaining.importance import Explanation

    explanation = Explanation.from_dict(caches.result(path))
    for title, figure in importance_figures(explanation).items():
        st.subheader(title, anchor=False)
        st.caption(READING[title])
        st.plotly_chart(figure, key=f"explain_importance_{title}", config={"displayModeBar": False}, alt=title)
    for note in explanation.notes:
        st.caption(f":material/info: {errors.plain(note)}")
