"""The trials of a study as a table, to be sorted and taken along."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from automl_core.tuning.study import Study, TrialRow

WORDS = {"scored": "Scored", "pruned": "Given up", "failed": "Failed", "stopped": "Stopped"}


def second(study: Study, row: TrialRow) -> str:
    """Return a trial's second aim in words."""
    if study.settings.aim == "predict_ms":
        return f"{row.predict_ms:.3g} ms for 1,000 rows"
    return f"{row.size_bytes / 1024:,.4g} kB"


def table(study: Study) -> list[dict]:
    """Return the trials as rows of a table."""
    names = [one.name for one in study.settings.space]
    rows = []
    for row in study.rows:
        values = {name: row.params.get(name) for name in names}
        rows.append(
            {
                "Trial": row.number,
                "Score": row.score,
                "State": "As it was" if row.number == 0 else WORDS[row.state],
                **{name: _cell(value) for name, value in values.items()},
                "Fit, s": round(row.fit_seconds, 2),
                "Predict, ms": round(row.predict_ms, 2),
                "Reason": row.reason,
            }
        )
    return rows


def _cell(value: object) -> object:
    """Return a parameter as the table shows it; what the model as it is does not name is its library's own."""
    from automl_core.tuning.edits import said

    if value is None:
        return "default"
    return value if isinstance(value, int | float) and not isinstance(value, bool) else said(value)


def draw(study: Study, file: Path) -> None:
    """Draw every trial, its download, and how to see the same in Optuna's dashboard; `file` is the study's."""
    import pandas as pd

    frame = pd.DataFrame(table(study))
    for name in frame.columns:
        if frame[name].map(lambda value: isinstance(value, str)).any():
            frame[name] = frame[name].map(lambda value: value if isinstance(value, str) else f"{value:g}")
    st.dataframe(
        frame,
        hide_index=True,
        key=f"tune_{study.id}_trials",
        alt="Every trial",
        placeholder="",
        column_config={"Score": st.column_config.NumberColumn(width=85, format="%.5g", help="Mean over the folds.")},
    )
    st.download_button(
        "Trials as CSV",
        data=frame.to_csv(index=False).encode(),
        file_name=f"{study.id}.csv",
        mime="text/csv",
        key=f"tune_{study.id}_download",
        icon=":material/download:",
        help="Every trial with its parameters and its score.",
        on_click="ignore",
    )
    with st.expander("Watch it with Optuna's own dashboard", icon=":material/monitoring:"):
        where = '"$AUTOML_STUDIES_URL"' if study.stored_as else f"sqlite:///{file.parent / 'optuna.db'}"
        st.code(f"optuna-dashboard {where}", language="bash")
