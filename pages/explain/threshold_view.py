"""The threshold: what each one does to the judged rows, which is best by what, and the button that stores one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.workspace import ProjectFolder
from pages.explain import threshold_numbers
from pages.explain.side_by_side import Side, each, found_of
from pages.shared import caches, errors, job_state, jobs, money_view, people
from pages.shared.candidate_jobs import result_of

if TYPE_CHECKING:
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run


def draw(project: ProjectFolder, run: Run, source: str, judged: Sequence[tuple[Side, Path]]) -> None:
    """Draw the slider with its counts, the best thresholds, and what is stored; of a second model on the right."""
    from automl_core.evaluation.deciding import Decisions
    from automl_core.evaluation.evaluate import Evaluation
    from automl_core.evaluation.wording import threshold_sentence

    evaluations = {side.key: Evaluation.from_dict(caches.result(path)) for side, path in judged}
    files = found_of([side for side, _ in judged], lambda side: _file(project, run, source, side))
    for side, file in each(files):
        found = evaluations[side.key]
        st.caption(f":material/rule: {errors.plain(threshold_sentence(found))}")
        _follow(project, run, side.candidate)
        event = f"{found.target} = {found.positive}"
        _try(project.id, run.id, side.candidate.id, event, found.threshold, str(file), main=not side.key)
    tables = [(side, Decisions.from_dict(caches.result(file))) for side, file in files]
    if any(table.best for _, table in tables):
        threshold_numbers.introduce_best()
        for side, table in each(tables):
            threshold_numbers.draw_best(table, side.key)
    money_view.draw(project, run, "explain")


def _file(project: ProjectFolder, run: Run, source: str, side: Side) -> Path | None:
    """Return what every threshold does to the judged rows; older versions did not keep it."""
    from automl_core.evaluation.judged import judged_folder, main_source

    file = judged_folder(run, side.candidate.id, source) / "decisions.json"
    if file.exists():
        return file
    st.caption(
        f"{errors.plain(side.candidate.name)} was judged by an older version, which did not keep what every threshold does."
    )
    return result_of(
        project,
        run,
        side.candidate,
        "evaluate" if source == main_source(run) else "judge",
        lambda _: file,
        label=side.named("Judge it again"),
        why="Computes the scores and what every threshold does.",
        icon=":material/fact_check:",
        more={} if source == main_source(run) else {"source": source},
    )


@st.fragment
def _try(project_id: str, run_id: str, candidate_id: str, event: str, stored: float, file: str, *, main: bool) -> None:
    """Try thresholds; only this part is drawn again while the slider moves."""
    from automl_core.evaluation.deciding import Decisions

    with errors.shown():
        table = Decisions.from_dict(caches.result(Path(file)))
        key = f"explain_threshold_{run_id}_{candidate_id}"
        digits = 3 if len(table.thresholds) < 5000 else 4
        names = {entry.metric: entry.label for entry in table.best}
        with st.container(horizontal=True, vertical_alignment="bottom"):
            by = st.selectbox(
                "Best by",
                list(names),
                format_func=lambda name: names[name],
                key=f"{key}_by",
                width=260,
                help="Metrics that depend on the threshold. The best one was found on out-of-fold rows, which no model learned.",
            )
            st.button(
                "Try it",
                key=f"{key}_best",
                icon=":material/target:",
                help="Moves the slider to the threshold that is best by this metric.",
                on_click=_move,
                args=(key, next((entry.threshold for entry in table.best if entry.metric == by), stored)),
                disabled=not names,
            )
        st.session_state.setdefault(key, round(stored, digits))
        threshold = st.slider(
            f"{errors.plain(event)} is predicted above a probability of",
            0.0,
            1.0,
            step=table.step,
            format=f"%.{digits}f",
            key=key,
            help="To the left more of the events are found, and more alarms are false. Nothing is stored until you say so.",
        )
        now, before = table.at(threshold), table.at(stored)
        threshold_numbers.draw_counts(now, before, table)
        why = next(
            (f"It is the best by {e.label} on the out-of-fold rows." for e in table.best if abs(e.threshold - threshold) < 1e-9),
            "A person chose it.",
        )
        if st.button(
            f"Use {threshold:.{digits}f} from now on",
            key=f"{key}_store",
            type="primary" if main else "secondary",
            icon=":material/save:",
            **people.changing(
                "Stores it in the model: predictions, the exported zip, scores and reports then use it.",
                disabled=abs(threshold - stored) < table.step / 2,
            ),
        ):
            with errors.shown() as outcome:
                params = {"run": run_id, "candidate": candidate_id, "threshold": threshold, "reason": why}
                jobs.start(caches.project_folder(project_id), "decide", params)
            if not outcome.failed:
                st.rerun()


def _move(key: str, threshold: float) -> None:
    st.session_state[key] = threshold


def _follow(project: ProjectFolder, run: Run, candidate: Candidate) -> None:
    """Follow a threshold that is being stored."""
    found = jobs.newest(project, "decide", {"run": run.id, "candidate": candidate.id})
    if found is not None and job_state.follow(found).state != "finished":
        jobs.panel(project, found.name, key=f"explain_deciding_{found.name}")
