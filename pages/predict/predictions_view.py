"""The predictions of a model: found again, followed while they are made, shown and offered."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.workspace import ProjectFolder, read_json
from pages.predict import replay_view
from pages.shared import caches, errors, jobs

if TYPE_CHECKING:
    import pandas as pd

    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run

SHOWN = 1000
FIRST = ("prediction_low", "prediction_high", "possible_labels", "expected_money", "warnings")
"""What is shown beside the prediction."""
MIME = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}


def predictions(project: ProjectFolder, run: Run, candidate: Candidate) -> list[str]:
    """Return the ids of this model's predictions, newest first."""
    found = []
    for job_id in project.list("jobs")[:60]:
        request = project.job(job_id) / "request.json"
        if not request.exists():
            continue
        asked = read_json(request)
        params = asked["params"]
        if asked["kind"] == "predict" and params["run"] == run.id and params["candidate"] == candidate.id:
            found.append(job_id)
    return found


def draw_predictions(project: ProjectFolder, run: Run, candidate: Candidate, job_id: str) -> None:
    """Follow one prediction, then show its differences, its rows and the download."""
    folder = project.job(job_id)
    following = jobs.panel(project, job_id, key=f"predict_{job_id}")
    for message in following.messages:
        show = st.warning if message.level == "warning" else st.info
        icon = ":material/warning:" if message.level == "warning" else ":material/info:"
        show(errors.plain(message.text), icon=icon)
    asked = read_json(folder / "request.json")["params"]
    kind = asked.get("format", "csv")
    out = folder / f"predictions.{kind}"
    if following.state != "finished" or not out.exists():
        return
    told = folder / "report.json"
    replay_view.draw(told)
    name = asked.get("name", "rows")
    st.markdown(f"**Predictions for {errors.plain(name)}**")
    said = f"{caches.result(told)['sentence']} " if told.exists() else ""
    st.caption(f"{errors.plain(said)}What was predicted comes first here; in the file it stands after your columns.")
    _tell_threshold(run, candidate)
    _table(out, job_id, values=run.config.task == "regression")
    st.download_button(
        "Download predictions",
        out.read_bytes,
        out.name,
        MIME[kind],
        key=f"predict_download_{job_id}",
        icon=":material/download:",
        help="One line for each row of your file, in its order.",
    )


def _tell_threshold(run: Run, candidate: Candidate) -> None:
    """Say above which probability the event is predicted where that is not one half, as it looks wrong otherwise."""
    path = run.evaluation(candidate.id)
    if not path.exists():
        return
    from automl_core.evaluation.evaluate import Evaluation
    from automl_core.evaluation.wording import threshold_sentence

    evaluation = Evaluation.from_dict(caches.result(path))
    if evaluation.threshold != 0.5:
        st.caption(f":material/rule: {errors.plain(threshold_sentence(evaluation))}")


def _format(values: pd.Series) -> str:
    """Return how numbers are written: with a sign between thousands, and six digits of the one in the middle."""
    middle = values.dropna().abs().median()
    decimals = 5 - math.floor(math.log10(middle)) if 0 < middle < math.inf else 2
    return f"%,.{min(max(decimals, 0), 12)}f"


def _table(out: Path, job_id: str, *, values: bool) -> None:
    """Draw the first rows of a file of predictions; predicted `values` with the digits that people read."""
    import pandas as pd

    from automl_core.batch.preview import first_rows

    # As it stands in the file: nothing is guessed anew, only probabilities become bars.
    table = first_rows(out, SHOWN)
    probabilities = [column for column in table.columns if column.startswith("probability_")]
    told = [name for name in ("prediction", "prediction_low", "prediction_high") if values and name in table.columns]
    for column in told:
        table[column] = pd.to_numeric(table[column], errors="coerce")  # as numbers, so that they are sorted as such
    table.index += 1  # rows are counted from 1 everywhere
    for column in probabilities:
        table[column] = pd.to_numeric(table[column], errors="coerce")
    first = ["prediction", *[name for name in FIRST if name in table.columns], *probabilities]
    st.dataframe(
        table,
        column_order=[*first, *(name for name in table.columns if name not in ("prediction", *FIRST, *probabilities))],
        key=f"predict_table_{job_id}",
        height=320,
        alt="Predictions in the order of the rows",
        column_config={
            "warnings": st.column_config.TextColumn(width="medium"),
            **{column: st.column_config.NumberColumn(format=_format(table[column])) for column in told},
            **{
                column: st.column_config.ProgressColumn(format="%.3f", min_value=0.0, max_value=1.0)
                for column in probabilities[:10]
            },
        },
    )
    if len(table) == SHOWN:
        st.caption(f"The first {SHOWN:,} rows are shown; the file has all of them.")
