"""A study as it goes and as it ended: best so far, slices, importance, parallel coordinates, every trial."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.leaderboard import in_words
from automl_core.workspace import ProjectFolder
from pages.shared import caches, errors, job_state, jobs, layout, people

if TYPE_CHECKING:
    from automl_core.runs import Run
    from automl_core.tuning.study import Study, TrialRow

EVERY, CHARTS_EVERY = 3.0, 10.0
"""Seconds between two drawings of a study at work: what it is at, and its charts, which took 5 % of two cores every 3 s."""
FEW = 12
"""Trials up to which the charts are drawn as often as the rest: then each one changes them."""
WORDS = {"scored": "Scored", "pruned": "Given up", "failed": "Failed", "stopped": "Stopped"}


def draw(project: ProjectFolder, run: Run, job_id: str, study_id: str) -> job_state.Following:
    """Draw a study in place; while it works only what it is at and its charts are drawn again, the charts less often."""
    from automl_core.tuning.study import FILE, Study, study_folder

    file = study_folder(run.path, study_id) / FILE

    def study() -> Study | None:
        return Study.from_dict(caches.result(file)) if file.exists() else None

    def body(now: job_state.Following) -> None:
        known = study()
        if known is not None:
            if now.active:
                _pause(study_id, file.parent)
            _standing(known, now.active)
        elif now.active:
            st.caption("The first trials will stand here in a moment.")

    following = jobs.panel(project, job_id, key=f"tune_{study_id}", body=body, every=EVERY)
    before = study()
    few = before is None or len(before.rows) <= FEW

    @st.fragment(run_every=(EVERY if few else CHARTS_EVERY) if following.active else None)
    def charts() -> None:
        with errors.shown():
            known = study()
            if known is None:
                return
            if following.active and few and len(known.rows) > FEW:
                st.rerun()  # from now on less often
            _charts(known)
            _table(known, file)

    charts()
    if before is not None and not following.active:
        if before.settings.aim:
            _pick(run, before)
        if following.state != "lost":
            st.button(
                "More time" if following.state == "finished" else "Go on",
                key=f"tune_{study_id}_resume",
                icon=":material/resume:",
                **people.changing("Goes on with the same budget once more; nothing that was tried is fitted again."),
                on_click=jobs.resume,
                args=(project.id, job_id),
            )
    return following


def _standing(study: Study, active: bool) -> None:
    """Draw the best so far, what was gained, and what is fitted now."""
    from automl_core.tuning.methods import METHODS

    best = study.best
    with st.container(border=True):
        if best is not None and best.score is not None:
            which = "the model as it is" if best.number == 0 else f"trial {best.number}"
            st.markdown(f"Best: **{errors.plain(study.label)} {in_words(best.score)}**, {which}")
        told = f"{len(study.scored)} of {len(study.rows)} trials scored"
        st.caption(f"{errors.plain(study.name)}, {METHODS[study.settings.method].label}. {told}.")
        if study.gain:
            _gain(study, active)
    if active and study.running:
        st.caption("  \n".join(f":material/autorenew: {errors.plain(line)}" for line in study.running))


def _charts(study: Study) -> None:
    from automl_core.charts.tuning import history_figure

    st.plotly_chart(
        history_figure(study), key=f"tune_{study.id}_history", config={"displayModeBar": False},
        alt=f"{study.label} of every trial, and the best so far",
    )  # fmt: skip
    if study.settings.aim and len(study.scored) > 1:
        _front(study)
    if len(study.scored) > 2:
        _details(study)


def _pause(study_id: str, folder: Path) -> None:
    from automl_core.tuning.study import go_on, is_paused, pause

    paused = is_paused(folder)
    st.button(
        "Go on" if paused else "Pause",
        key=f"tune_{study_id}_{'go_on' if paused else 'pause'}",
        icon=":material/play_arrow:" if paused else ":material/pause:",
        **people.changing(
            "Begins trials again." if paused else "Begins no more trials until you go on; the pause does not count as time."
        ),
        on_click=go_on if paused else pause,
        args=(folder,),
    )


def _pick(run: Run, study: Study) -> None:
    """Draw the front, and put a trial of it on the leaderboard."""
    from automl_core.tuning.joining import pick_trial

    rows = [row for row in study.front if row.number and row.number not in study.picked]
    for number in study.picked:
        layout.link_to("explain", f"Inspect trial {number}", model=f"{study.id}-{number}")
    if not rows:
        return
    by_number = {row.number: row for row in rows}
    number = st.selectbox(
        "Trial", list(by_number), key=f"tune_{study.id}_front", index=len(rows) - 1,
        format_func=lambda one: f"Trial {one}: {in_words(by_number[one].score or 0.0)}, {second(study, by_number[one])}",
        help="Trials that no other one beats in both aims.",
    )  # fmt: skip
    if st.button("Put it on the leaderboard", key=f"tune_{study.id}_pick", icon=":material/add:",
                 **people.changing("As a row of its own; nothing is replaced.")):  # fmt: skip
        with errors.shown() as outcome:
            pick_trial(run, study.id, int(number))
        if not outcome.failed:
            st.rerun(scope="app")


def second(study: Study, row: TrialRow) -> str:
    """Return a trial's second aim in words."""
    if study.settings.aim == "predict_ms":
        return f"{row.predict_ms:.3g} ms for 1,000 rows"
    return f"{row.size_bytes / 1024:,.4g} kB"


def _gain(study: Study, active: bool) -> None:
    gain, held = study.gain, study.held_out
    icon = {"gained": ":material/trending_up:", "unclear": ":material/help:"}.get(gain["verdict"], ":material/trending_flat:")
    st.markdown(f"{icon} {errors.plain(gain['sentence'])}")
    if held:
        before, after = (in_words(held[when]["value"]) for when in ("before", "after"))
        st.markdown(f"On the held-out rows: {before} before, **{after}** after.")
    if study.joined and not active:
        st.caption("It stands on the leaderboard as a row of its own; the recommendation is as it was.")
        layout.link_to("explain", "Inspect the tuned model", model=study.joined)


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


def _table(study: Study, file: Path) -> None:
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
        column_config={"Score": st.column_config.NumberColumn(format="%.5g", help="Mean over the folds.")},
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
