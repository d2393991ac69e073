"""An explanation of a model in parts: plain words, what matters, one column, a simple tree, whether to believe it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from automl_core.workspace import ProjectFolder
from pages.explain import trust_view
from pages.explain.evaluation_view import draw_importance
from pages.shared import caches, errors
from pages.shared.candidate_jobs import result_of

if TYPE_CHECKING:
    from automl_core.explaining.importance import Explanation
    from automl_core.explaining.reasons import Reasons
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run

VIEWS = ("In plain words", "What matters", "One column", "A simple tree", "Can it be believed")
BARE = {"displayModeBar": False}


def draw(project: ProjectFolder, run: Run, candidate: Candidate) -> None:
    """Draw a model's explanation, or the button that starts what computes it."""
    from automl_core.explaining.importance import Explanation
    from automl_core.explaining.reasons import Reasons

    explained = run.explanation(candidate.id)
    older = explained.exists()
    path = result_of(
        project,
        run,
        candidate,
        "explain",
        run.reasons,
        label="Look closer" if older else "Find out what matters",
        why="Shuffles one column after the other and sees how much worse the model gets; then shares out single predictions "
        "among the columns, sets each column to one value after the other, and checks whether all of that agrees.",
        icon=":material/troubleshoot:",
    )
    if path is None:
        if older:
            draw_importance(explained)
        return
    reasons = Reasons.from_dict(caches.result(path)).named(run.config.target)
    view = st.segmented_control(
        "Part",
        VIEWS,
        default=VIEWS[0],
        required=True,
        key="explain_why_part",
        label_visibility="collapsed",
        help="Parts of the explanation.",
    )
    output = _output(reasons) if view in ("What matters", "One column") else 0
    if view == "What matters":
        _matters(Explanation.from_dict(caches.result(explained)) if older else None, reasons, output)
    elif view == "One column":
        _column(reasons, output)
    elif view == "A simple tree":
        trust_view.draw_tree(reasons)
    elif view == "Can it be believed":
        trust_view.draw_belief(reasons, {row.id: row.name for row in run.leaderboard().ranked()})
    else:
        _words(reasons)
    for note in reasons.notes if view != "A simple tree" else ():  # that one says itself what it was grown on
        st.caption(f":material/info: {errors.plain(note)}")


def _output(reasons: Reasons) -> int:
    """Ask which outcome is looked at, where there are several."""
    names = reasons.points.outputs
    if len(names) < 2:
        return 0
    told = "Each outcome has contributions and curves of its own. The one that columns move most comes first."
    return names.index(st.selectbox("Outcome", names, reasons.foremost, key="explain_output", help=told))


def _words(reasons: Reasons) -> None:
    from automl_core.profiling.wording import number

    if not reasons.sentences:
        st.caption("There are too few rows to say anything about groups of them.")
    for sentence in reasons.sentences:
        st.markdown(f"- {errors.plain(sentence.text)}")
        said = "; ".join(f"{name}: {number(value)}" for name, value in sentence.numbers)
        st.caption(f"From {errors.plain(said)}.")


def _matters(explanation: Explanation | None, reasons: Reasons, output: int) -> None:
    from automl_core.charts.importance import READING as LOSS
    from automl_core.charts.importance import importance_figures
    from automl_core.charts.reasons import LOG_ODDS, READING, SCALES, SPEAKS, sizes_figure, swarm_figure

    more = LOG_ODDS if reasons.scale == "log_odds" else ""
    if explanation is not None:
        title, figure = next(iter(importance_figures(explanation).items()))
        st.subheader(title, anchor=False)
        st.caption(LOSS[title])
        st.plotly_chart(figure, key="explain_loss", config=BARE, alt=title)
    st.subheader("What each column adds", anchor=False)
    st.caption(READING["sizes"].format(scale=SCALES[reasons.scale], more=more))
    st.plotly_chart(sizes_figure(reasons), key="explain_sizes", config=BARE, alt="Mean size of contributions")
    st.subheader("Rows one by one", anchor=False)
    speaks = SPEAKS[reasons.scale].format(output=reasons.points.outputs[output])
    st.caption(errors.plain(READING["swarm"].format(output=speaks)))
    figure = swarm_figure(reasons.points, output, reasons.scale)
    st.plotly_chart(figure, key="explain_swarm", config=BARE, alt="Contributions of single rows")
    with st.expander("As a table", icon=":material/table:"):
        loss = {entry.column: entry for entry in explanation.permutation} if explanation is not None else {}
        st.dataframe(_sizes(reasons, loss), hide_index=True, key="explain_sizes_table", alt="What matters, as a table")


def _sizes(reasons: Reasons, loss: dict[str, object]) -> list[dict[str, str]]:
    from automl_core.profiling.wording import number

    rows = []
    for name in reasons.columns:
        row = {"Column": name, "Mean size of its contribution": number(reasons.size(name))}
        entry = loss.get(name)
        if entry is not None:
            row |= {"Loss without it": number(entry.mean)}  # type: ignore[attr-defined]
            low, high = entry.low, entry.high  # type: ignore[attr-defined]
            row |= {"95 % interval": f"{number(low)} to {number(high)}" if low is not None and high is not None else ""}
        rows.append(row)
    return rows


def _column(reasons: Reasons, output: int) -> None:
    from automl_core.charts.dependence import curve_figure, curve_reading, curve_rows, dependence_figure, dependence_reading

    if not reasons.curves:
        return
    curves = {curve.column: curve for curve in reasons.curves}
    chosen = st.selectbox("Column", list(curves), key="explain_column", help="Those that move predictions most come first.")
    curve, label = curves[chosen], reasons.outputs[output]
    st.subheader("What is predicted at each value", anchor=False)
    st.caption(curve_reading(curve))
    figure = curve_figure(curve, output, label, labels=reasons.scale == "log_odds")
    st.plotly_chart(figure, key="explain_curve", config=BARE, alt=f"Curve of {chosen}")
    with st.expander("As a table", icon=":material/table:"):
        st.dataframe(curve_rows(curve, output), hide_index=True, key="explain_curve_table", alt=f"Curve of {chosen}")
    if chosen not in reasons.points.columns:
        return
    pair = next(entry for entry in reasons.together if entry.column == chosen)
    st.subheader("What it added, row by row", anchor=False)
    st.caption(errors.plain(dependence_reading(reasons, pair)))
    figure = dependence_figure(reasons.points, pair, output)
    st.plotly_chart(figure, key="explain_dependence", config=BARE, alt=f"Contributions of {chosen}")
