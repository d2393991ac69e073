"""A leaderboard, drawn: what is recommended and how far to believe it, the other choices, the chart, the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.leaderboard import Leaderboard
from automl_core.leaderboard import in_words as number
from pages.shared import errors, layout, leaderboard_choices, leaderboard_table

if TYPE_CHECKING:
    from automl_core.honesty import Honesty
    from automl_core.runs import Run


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
            leaderboard_choices.draw(board, honesty, key)
    _chart(board, honesty, active=active, key=key)
    config = run.config
    own = config.kpi.name if config.kpi else ""
    leaderboard_table.draw(board, honesty, active=active, out_of_fold=not config.holdout, key=key, own=own)


def _recommended(board: Leaderboard, run: Run, *, active: bool, key: str, more: Callable[[], None]) -> None:
    from pages.shared import relearn_view

    best = board[board.recommended]
    used = best if active else board[leaderboard_choices.used(board)]
    with st.container(border=True):
        score = f"{board.label} {number(best.score, best.spread)}" if best.score is not None else ""
        said = f"**{errors.plain(best.name)}**, {errors.plain(score)}{'' if run.config.holdout else ' out-of-fold'}"
        if active:
            st.markdown(f"{'Only the baseline so far' if best.role == 'baseline' else 'Best so far'}: {said}")
            if best.role != "baseline" and board.ranked()[0].role == "baseline":
                st.caption("The baseline, which ignores every column, is ahead of it so far.")
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
