"""A leaderboard, drawn: what is recommended and how far to believe it, the other choices, the chart, the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from automl_core.leaderboard import Candidate, Leaderboard
from automl_core.leaderboard import in_words as number
from pages.shared import errors, layout, state

if TYPE_CHECKING:
    from automl_core.honesty import Honesty
    from automl_core.runs import Run

STATES = {
    "waiting": "Waiting",
    "running": "Running",
    "scored": "Scored",
    "failed": "Failed",
    "skipped": "Skipped",
    "stopped": "Stopped",
}
FOLDED = 5
"""Most rows without a score that stand in the table of a run that goes on; more are folded away below it."""
MONEY = "Money a row"
GROUP_HELP = (
    "Models of one group cannot be told apart: over the folds, their differences are within chance (a paired test that is "
    "corrected for folds which learn from the same rows, and for the number of tests). A holds the best one."
)


def draw(run: Run, *, active: bool, key: str, more: Callable[[], None]) -> None:
    """Draw a run's leaderboard; raises NotFoundError before its first row.

    Parameters
    ----------
    run : Run
    active : bool
        Whether it is still searched; then there is nothing to choose yet, and no verdict.
    key : str
        Prefix of the widgets' keys.
    more : callable
        Draws the button that gives the search more time, where it can have some.
    """
    from automl_core.honesty import judge
    from automl_core.metrics import metric_of
    from automl_core.relearning import held_out, origin_of

    board = run.leaderboard()
    if not board.label:
        # Older runs do not say it, and the metric may be one of their own.
        board = replace(board, label=metric_of(run.config, board.metric).label)
    verdict = held_out(run, board.recommended) if board.recommended and not active else None
    honesty = judge(board, verdict)
    if board.recommended:
        _recommended(board, run, active=active, key=key, more=more)
    else:
        more()
    if not active:
        for warning in honesty.warnings:
            st.warning(errors.plain(warning), icon=":material/warning:")
        if origin_of(run) is None:  # where nothing was chosen, nothing is owed to the choice
            if honesty.sentences:
                st.caption("  \n".join(errors.plain(sentence) for sentence in honesty.sentences))
            _choices(board, honesty, key)
    _chart(board, honesty, active=active, key=key)
    _table(board, honesty, active=active, out_of_fold=not run.config.holdout, key=key)


def _recommended(board: Leaderboard, run: Run, *, active: bool, key: str, more: Callable[[], None]) -> None:
    from pages.shared import relearn_view

    best = board[board.recommended]
    used = best if active else board[_used(board)]
    with st.container(border=True):
        score = f"{board.label} {number(best.score, best.spread)}" if best.score is not None else ""
        said = f"**{errors.plain(best.name)}**, {errors.plain(score)}{'' if run.config.holdout else ' out-of-fold'}"
        if active:
            st.markdown(f"Best so far: {said}")
            return
        st.markdown(f"Recommended: {said}")
        st.caption(errors.plain(board.recommendation))
        if used is not best:
            st.markdown(f"In use: **{errors.plain(used.name)}**")
        if origin := relearn_view.trust(run):
            st.caption(f":material/verified: {origin}")
        with st.container(horizontal=True):
            if st.button(
                "Inspect it" if used is best else "Inspect the one in use",
                key=f"{key}_inspect",
                type="primary",
                icon=":material/query_stats:",
                help="Its scores on rows it never saw."
                if run.config.holdout
                else "Its scores, its curves and what matters to it.",
            ):
                layout.go_to("explain", model=used.id)
            relearn_view.offer(run, used, key)
            more()


def _choices(board: Leaderboard, honesty: Honesty, key: str) -> None:
    """Name the marked rows that are not in use and let the person use one of them."""
    from automl_core.data.wording import cut
    from automl_core.honesty import MARK_HELP, MARKS

    used = _used(board)
    others = [(name, marks) for name, marks in honesty.marks.items() if name != used]
    others.sort(key=lambda entry: "recommended" not in entry[1])  # the way back comes first
    if not others:
        return
    with st.container(border=True, gap="xxsmall", key=f"{key}_choices"):
        for name, marks in others:
            row = board[name]
            said = ", ".join([MARKS[marks[0]], *(MARKS[mark][0].lower() + MARKS[mark][1:] for mark in marks[1:])])
            what, action = st.columns([4, 1], gap="small", vertical_alignment="center")
            what.caption(
                f"{said}: **{errors.plain(cut(row.name, 48))}**, {number(row.score or 0.0, row.spread)}, "
                f"{milliseconds(row.predict_ms)}",
                help=" ".join(MARK_HELP[mark] for mark in marks) + " The time is that of predicting 1,000 rows.",
            )
            if action.button(
                "Use this instead",
                key=f"{key}_use_{name}",
                type="tertiary",
                icon=":material/swap_horiz:",
                help="Inspect and Predict then open with this model.",
            ):
                state.choose(model=name)
                st.rerun()


def _used(board: Leaderboard) -> str:
    """Return the id of the model that Inspect and Predict open with."""
    chosen = state.get("model")
    return chosen if any(row.id == chosen and row.state == "scored" for row in board) else board.recommended


def milliseconds(value: float) -> str:
    """Return a time to predict: whole milliseconds from ten on."""
    return f"{value:,.0f} ms" if value >= 10 else f"{value:,.1f} ms"


def _chart(board: Leaderboard, honesty: Honesty, *, active: bool, key: str) -> None:
    from automl_core.charts.leaderboard import course_figure, score_figure, standings

    if not any(row.state == "scored" for row in board):
        return
    name = board.label
    label = f"{name} ({'higher is better' if board.greater_is_better else 'lower is better'})"
    kinds = ("Course", "Scores") if active else ("Scores", "Course")
    kind = st.segmented_control(
        "Chart",
        kinds,
        default=kinds[0],
        required=True,
        key=f"{key}_chart_{'live' if active else 'ended'}",
        label_visibility="collapsed",
        help="Scores: each model with its spread over the folds. Course: how the best score came about.",
    )
    if kind == "Course":
        figure, alt = course_figure(board, label), f"{name} of each model against the seconds since the start"
    else:
        found = standings(board, honesty)
        figure, alt = score_figure(found, label), f"{name} of the best {len(found.names)} models with their spread"
    st.plotly_chart(figure, key=f"{key}_chart_{kind}", config={"displayModeBar": False}, alt=alt)
    if kind == "Scores" and found.note:
        st.caption(found.note)


def rows(honesty: Honesty, candidates: list[Candidate], *, score: str = "Score") -> list[dict[str, Any]]:
    """Return table rows for some of a leaderboard's candidates, which come ranked."""
    return [_row(place, row, honesty, score) for place, row in enumerate(candidates, start=1)]


def _row(place: int, row: Candidate, honesty: Honesty, score: str) -> dict[str, Any]:
    from automl_core.honesty import SHORT_MARKS

    scored = row.state == "scored" and row.score is not None
    return {
        "Rank": place if scored else None,
        "Model": row.name,
        score: number(row.score, row.spread) if scored and row.score is not None else "",
        MONEY: number(row.metrics["cost"]) if scored and "cost" in row.metrics else "",
        "Group": honesty.letter(row.id),
        "Marks": ", ".join([*(SHORT_MARKS[mark] for mark in honesty.marks.get(row.id, ())), *_baseline(row)]),
        "Fit, s": round(row.fit_seconds, 2) if row.fit_seconds else None,
        "Predict, ms": round(row.predict_ms, 1) if row.predict_ms else None,
        "State": STATES[row.state],
        "Reason and next step": " ".join(part for part in (row.reason, row.suggestion) if part),
    }


def _baseline(row: Candidate) -> list[str]:
    return ["Baseline"] if row.role == "baseline" else []


def _table(board: Leaderboard, honesty: Honesty, *, active: bool, out_of_fold: bool, key: str) -> None:
    ranked = board.ranked()
    scored = [row for row in ranked if row.state == "scored" and row.score is not None]
    left_over = [row for row in ranked[len(scored) :] if not active or row.state in ("failed", "skipped", "stopped")]
    fold = bool(scored) and len(left_over) > (FOLDED if active else 0)
    shown = [row for row in ranked if not fold or row not in left_over]
    title = "Score, out-of-fold" if out_of_fold else "Score"
    hidden = {"Group", "Marks"} if active else set()
    if board.metric == "cost" or not any("cost" in row.metrics for row in shown):
        hidden.add(MONEY)
    if len(shown) == len(scored):
        hidden.add("State")
    if not any(row.reason or row.suggestion for row in shown):
        hidden.add("Reason and next step")
    _draw_table(rows(honesty, shown, score=title), title, hidden, key=f"{key}_table")
    if not fold:
        st.caption(f"{len(scored)} scored of {len(board)}.")
    else:
        many = f"{len(left_over)} models" if len(left_over) > 1 else "1 model"
        with st.expander(f"{many} without a score, and why", icon=":material/rule:"):
            st.dataframe(
                [
                    {
                        key: value
                        for key, value in _row(0, row, honesty, title).items()
                        if key in ("Model", "State", "Reason and next step")
                    }
                    for row in left_over
                ],
                hide_index=True,
                key=f"{key}_left_over",
                alt="Models without a score",
                column_config={"Reason and next step": st.column_config.TextColumn(width="large")},
            )


def _draw_table(table: list[dict[str, Any]], score: str, hidden: set[str], *, key: str) -> None:
    """Draw the table without the columns that have nothing to say."""
    out_of_fold = "" if score == "Score" else " No rows were kept aside, and the search has seen these scores."
    st.dataframe(
        table,
        hide_index=True,
        key=key,
        alt="Leaderboard",
        placeholder="",
        column_order=[name for name in table[0] if name not in hidden] if table else [],
        column_config={
            "Model": st.column_config.TextColumn(width=185),
            "Rank": st.column_config.NumberColumn(width=50, help="1 is the best."),
            score: st.column_config.TextColumn(
                width=125,
                alignment="right",
                help="Mean over the folds ± standard deviation over the folds, each judged on rows it did not learn from. "
                "Boosters also choose there when to stop, so theirs are a little too good; the held-out score is not."
                + out_of_fold,
            ),
            MONEY: st.column_config.TextColumn(
                width=95, alignment="right", help="By the cost table, what a row's decision earns on average over the folds."
            ),
            "Group": st.column_config.TextColumn(width=55, help=GROUP_HELP),
            "Marks": st.column_config.TextColumn(width=270, help="What it is the best choice for; see above the chart."),
            "Fit, s": st.column_config.NumberColumn(width=60, format="%.2f", help="Time to learn, summed over the folds."),
            "Predict, ms": st.column_config.NumberColumn(
                width=90, format="%.1f", help="Time to predict 1,000 rows with one fold's model, preparation included."
            ),
            "Reason and next step": st.column_config.TextColumn(
                width="large", help="Why a model has no score, and what can be done."
            ),
        },
    )
