"""A run as it goes and as it ended: progress, messages, chart, leaderboard, recommendation."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import streamlit as st

from automl_core.errors import AutoMLError, NotFoundError
from automl_core.leaderboard import Candidate, Leaderboard
from automl_core.workspace import ProjectFolder
from pages.shared import errors, jobs, layout, state

if TYPE_CHECKING:
    from automl_core.runs import Run

STATES = {
    "waiting": "Waiting",
    "running": "Running",
    "scored": "Scored",
    "failed": "Failed",
    "skipped": "Skipped",
    "stopped": "Stopped",
}


def label(project: ProjectFolder, run_id: str) -> str:
    """Name a run for people: target, metric, start, state; its id when its request cannot be read."""
    from automl_core.metrics import metric_of
    from automl_core.runs import Run

    try:
        run = Run(project.run(run_id))
        config = run.config
        metric = metric_of(config).label
        state = jobs.WORDS.get(jobs.follow(run.path).state, "")
    except (AutoMLError, KeyError, TypeError):
        return f"{run_id} (damaged)"
    started = time.strftime("%d %b, %H:%M", time.localtime((run.path / "request.json").stat().st_mtime))
    return f"{config.target} by {metric}, {started}, {state.lower()}"


def state_of(project: ProjectFolder, run_id: str) -> str:
    """Return a run's state, empty when its folder cannot be read."""
    try:
        return jobs.follow(project.run(run_id)).state
    except (AutoMLError, KeyError, TypeError):
        return ""


def number(value: float, spread: float | None = None) -> str:
    """Return a score with as many digits as its spread supports: two significant digits of the spread."""
    import math

    if spread and math.isfinite(spread) and spread > 0:
        digits = min(max(1 - math.floor(math.log10(spread)), 0), 6)
        return f"{value:,.{digits}f} ± {spread:,.{digits}f}"
    return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def draw(project: ProjectFolder, run: Run, key: str) -> jobs.Following:
    """Draw a run in place; while it works only this panel is drawn again."""

    def body(now: jobs.Following) -> None:
        for message in now.messages[-5:]:
            icon = ":material/warning:" if message.level == "warning" else ":material/info:"
            st.caption(f"{icon} {errors.plain(message.text)}")
        try:
            leaderboard = run.leaderboard()
        except NotFoundError:
            if now.active:
                st.caption("The first model's score will stand here in a moment.")
            return
        _recommended(leaderboard, now, key)
        _chart(leaderboard, run, key)
        _table(leaderboard, run, key)

    return jobs.panel(project, run.id, key=key, body=body)


def _recommended(leaderboard: Leaderboard, now: jobs.Following, key: str) -> None:
    if not leaderboard.recommended:
        return
    best = leaderboard[leaderboard.recommended]
    with st.container(border=True):
        word = "Best so far" if now.active else "Recommended"
        score = number(best.score, best.spread) if best.score is not None else ""
        st.markdown(f"{word}: **{errors.plain(best.name)}**, {score}")
        st.caption(errors.plain(leaderboard.recommendation))
        if not now.active and st.button(
            "Inspect it",
            key=f"{key}_inspect",
            type="primary",
            icon=":material/query_stats:",
            help="Its scores on rows it never saw.",
        ):
            layout.go_to("explain", model=best.id)


def _chart(leaderboard: Leaderboard, run: Run, key: str) -> None:
    from automl_core.charts.leaderboard import course_figure
    from automl_core.metrics import metric_of

    if not any(row.state == "scored" for row in leaderboard):
        return
    name = leaderboard.label or metric_of(run.config, leaderboard.metric).label
    direction = "higher is better" if leaderboard.greater_is_better else "lower is better"
    st.plotly_chart(
        course_figure(leaderboard, f"{name} ({direction})"),
        key=f"{key}_chart",
        config={"displayModeBar": False},
        alt=f"{name} of each model against the seconds since the start",
    )


def choose_model(run: Run, chosen: Candidate, page: str) -> None:
    """Let the person choose among the scored models and remember the choice; `page` prefixes the widget's key."""
    leaderboard = run.leaderboard()
    scored = {row.id: row for row in leaderboard.ranked() if row.state == "scored"}

    def name(candidate_id: str) -> str:
        row = scored[candidate_id]
        mark = ", recommended" if candidate_id == leaderboard.recommended else ""
        return f"{row.name}, {number(row.score or 0.0, row.spread)}{mark}"

    picked = st.selectbox(
        "Model",
        list(scored),
        index=list(scored).index(chosen.id),
        format_func=name,
        key=f"{page}_model_{run.id}_{chosen.id}",
        help="Every scored model of the run, best first, with its cross-validated score.",
    )
    if picked != chosen.id:
        state.choose(model=picked)
        st.rerun()


def rows(leaderboard: Leaderboard) -> list[dict[str, Any]]:
    """Return the leaderboard's rows for the table, scored ones ranked, the others with their reason."""
    ranked = leaderboard.ranked()
    return [_row(position, row) for position, row in enumerate(ranked, start=1)]


def _row(position: int, row: Candidate) -> dict[str, Any]:
    scored = row.state == "scored" and row.score is not None
    what = " ".join(part for part in (row.reason, row.suggestion) if part)
    return {
        "Rank": position if scored else None,
        "Model": row.name,
        "Score": number(row.score, row.spread) if scored and row.score is not None else "",
        "Fit, s": round(row.fit_seconds, 2) if row.fit_seconds else None,
        "Predict 1,000 rows, ms": round(row.predict_ms, 1) if row.predict_ms else None,
        "State": STATES[row.state] + (", baseline" if row.role == "baseline" else ""),
        "Reason and next step": what,
    }


def _table(leaderboard: Leaderboard, run: Run, key: str) -> None:
    st.dataframe(
        rows(leaderboard),
        hide_index=True,
        key=f"{key}_table",
        alt="Leaderboard",
        placeholder="",
        column_config={
            "Model": st.column_config.TextColumn(width="medium"),
            "Rank": st.column_config.NumberColumn(width="small", help="1 is the best."),
            "Score": st.column_config.TextColumn(
                alignment="right",
                help="Mean over the folds ± standard deviation over the folds, each judged on rows it did not learn from. "
                "Boosters also choose there when to stop, so theirs are a little too good; the held-out score is not.",
            ),
            "Fit, s": st.column_config.NumberColumn(format="%.2f", help="Time to learn, summed over the folds."),
            "Predict 1,000 rows, ms": st.column_config.NumberColumn(
                format="%.1f", help="With one fold's model, preparation included."
            ),
            "Reason and next step": st.column_config.TextColumn(
                width="large", help="Why a model has no score, and what can be done."
            ),
        },
    )
    st.caption(f"{sum(row.state == 'scored' for row in leaderboard)} scored of {len(leaderboard)}.")
