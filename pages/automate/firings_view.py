"""What policies did, firing by firing, and every run and version of a project over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from automl_core.workspace import ProjectFolder
from pages.shared.job_state import duration
from pages.shared.models_view import when

if TYPE_CHECKING:
    from automl_core.registry.store import Registered
    from automl_core.retraining.policy import Firing


def draw_firings(registered: Registered) -> None:
    """Draw every firing: why it ran, what it compared, what it decided, what it took."""
    from automl_core.retraining.policy import list_firings

    firings = list_firings(registered)
    if not firings:
        return
    made = [one for one in firings if one.outcome != "failed"]
    st.markdown("**Firings**")
    st.caption(
        f"{len(firings):,} so far; {duration(sum(one.seconds for one in made))} of work that nobody had to start or await."
    )
    st.dataframe(
        [_row(one) for one in firings[:200]],
        hide_index=True, key=f"automate_firings_{registered.id}", placeholder="", alt="Every firing, newest first",
        column_config={name: st.column_config.TextColumn(width="large") for name in ("Decided", "Learned")},
    )  # fmt: skip


def _row(firing: Firing) -> dict[str, object]:
    return {
        "When": when(firing.time),
        "Policy": firing.name,
        "Why": firing.why,
        "Outcome": firing.outcome,
        "Version": firing.version or None,
        "Decided": firing.reason,
        "Learned": firing.data,
        "Files": ", ".join(firing.files),
        "Took, s": round(firing.seconds, 1),
        "Run": firing.run,
    }


def draw_history(project: ProjectFolder) -> None:
    """Draw every run and version of the project over time, as a chart and a table."""
    import pandas as pd

    from automl_core.charts.monitoring import history_figure
    from automl_core.metrics import METRICS
    from automl_core.registry.history import history

    rows = history(project)
    if not rows:
        return
    with st.expander("All runs and versions over time", icon=":material/timeline:"):
        metrics = list(dict.fromkeys((row.target, row.metric) for row in rows))
        labels = {name: METRICS[name].label if name in METRICS else name for _, name in metrics}
        target, metric = metrics[0]
        if len(metrics) > 1:
            target, metric = st.selectbox(
                "Target and metric", metrics, format_func=lambda pair: f"{pair[0]} by {labels[pair[1]]}",
                key="automate_history_metric",
                help="Scores of different targets or metrics cannot be set beside each other.",
            )  # fmt: skip
        frame = pd.DataFrame([vars(row) for row in rows if (row.target, row.metric) == (target, metric)])
        frame["when"] = pd.to_datetime(frame["when"], unit="s").dt.floor("s")
        st.plotly_chart(
            history_figure(frame, labels[metric]), key="automate_history_chart", config={"displayModeBar": False},
            alt=f"{labels[metric]} of every run and version over time",
        )  # fmt: skip
        st.caption("Over the folds; runs show their recommended model.")
        st.dataframe(
            frame[["when", "what", "name", "aliases", "score", "held_out", "rows", "candidates", "table", "id"]].iloc[::-1],
            hide_index=True, key="automate_history_table", placeholder="", alt="Every run and version, newest first",
            column_config={
                "when": "When", "what": "What", "name": "Name", "aliases": "In use as", "table": "Table", "id": "Id",
                "score": st.column_config.NumberColumn("Score", format="%.4g"),
                "held_out": st.column_config.NumberColumn("On held-out rows", format="%.4g"),
                "rows": st.column_config.NumberColumn("Rows"), "candidates": st.column_config.NumberColumn("Models scored"),
            },
        )  # fmt: skip
