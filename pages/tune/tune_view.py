"""A study as it goes and as it ended: what is best so far, what was gained, and what can be done with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.leaderboard import in_words
from automl_core.workspace import ProjectFolder
from pages.shared import caches, errors, job_state, jobs, layout, people
from pages.tune import study_charts, trials_view

if TYPE_CHECKING:
    from automl_core.runs import Run
    from automl_core.tuning.study import Study

EVERY, CHARTS_EVERY = 3.0, 10.0
"""Seconds between two drawings of a study at work: what it is at, and its charts, which took 5 % of two cores every 3 s."""
FEW = 12
"""Trials up to which the charts are drawn as often as the rest: then each one changes them."""


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
            study_charts.draw(known)
            trials_view.draw(known, file)

    charts()
    if before is not None and not following.active:
        if before.settings.aim:
            _pick(run, before)
        if following.state != "lost":
            errors.show_kept(job_id)
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
        format_func=lambda one: f"Trial {one}: {in_words(by_number[one].score or 0.0)}, "
        + trials_view.second(study, by_number[one]),
        help="Trials that no other one beats in both aims.",
    )  # fmt: skip
    if st.button("Put it on the leaderboard", key=f"tune_{study.id}_pick", icon=":material/add:",
                 **people.changing("As a row of its own; nothing is replaced.")):  # fmt: skip
        with errors.shown() as outcome:
            pick_trial(run, study.id, int(number))
        if not outcome.failed:
            st.rerun(scope="app")


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
