"""What would change a prediction: the smallest changes that a search finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.workspace import ProjectFolder, read_json
from pages.shared import caches, errors, jobs, people
from pages.whatif import whatif_form, whatif_goal

if TYPE_CHECKING:
    from automl_core.leaderboard import Candidate
    from automl_core.predicting import FormField
    from automl_core.runs import Run
    from automl_core.scoring.bundle import Model
    from automl_core.whatif.answer import Answer

FOUND = "counterfactuals.json"


def draw(
    project: ProjectFolder,
    run: Run,
    candidate: Candidate,
    model: Model,
    answer: Answer,
    fields: list[FormField],
    values: dict[str, Any],
) -> None:
    """Ask for goal and rules, start the search, and draw the newest one's changes."""
    goal = whatif_goal.ask_goal(model, answer)
    rules = whatif_goal.ask_rules(fields)
    if st.button(
        "Find the smallest change",
        key="whatif_search",
        type="primary",
        icon=":material/route:",
        **people.changing("Looks for three different changes that the rules allow; each is predicted by the model itself."),
    ):
        with errors.shown() as outcome, st.spinner("Starting"):
            from automl_core.whatif.rules import ColumnRule, Goal, check_goal, check_rules

            check_goal(model, Goal(**goal))
            check_rules(model, [ColumnRule.from_dict(rule) for rule in rules])
            params = {"run": run.id, "candidate": candidate.id, "values": values, "goal": goal, "rules": rules}
            jobs.start(project, "change", params)
        if not outcome.failed:
            st.rerun(scope="app")
    newest = _newest(project, run, candidate)
    if newest:
        _draw_search(project, newest, values)


def _newest(project: ProjectFolder, run: Run, candidate: Candidate) -> str:
    """Return the id of the model's newest search."""
    for job_id in project.list("jobs")[:60]:
        try:
            request = read_json(project.job(job_id) / "request.json")
        except AutoMLError:
            continue  # a folder that is being made
        params = request.get("params", {})
        if request.get("kind") == "change" and (params.get("run"), params.get("candidate")) == (run.id, candidate.id):
            return job_id
    return ""


def _draw_search(project: ProjectFolder, job_id: str, values: dict[str, Any]) -> None:
    from automl_core.profiling.wording import number, percent
    from automl_core.whatif.changes import Counterfactuals

    following = jobs.panel(project, job_id, key=f"whatif_{job_id}")
    file = project.job(job_id) / FOUND
    if following.state != "finished" or not file.exists():
        return
    params = read_json(project.job(job_id) / "request.json")["params"]
    found = Counterfactuals.from_dict(caches.result(file))
    changed = [name for name, value in params["values"].items() if str(values.get(name, "")) != str(value)]
    if changed:
        st.caption(f":material/info: This search was for the row before {errors.plain(', '.join(changed[:4]))} changed.")
    st.markdown(errors.plain(found.sentence))
    for place, entry in enumerate(found.found):
        with st.container(border=True):
            shown = number(entry.prediction) if isinstance(entry.prediction, float) else errors.plain(entry.prediction)
            chance = entry.probabilities.get(str(entry.prediction))
            st.markdown(f"**{shown}**" + (f", {percent(chance)}" if chance is not None else ""))
            rows = [{"Column": change.column, "Now": change.before, "Then": change.shown} for change in entry.changes]
            st.dataframe(rows, hide_index=True, key=f"whatif_change_{place}", alt="What changes")
            if st.button(
                "Try it", key=f"whatif_try_{place}", icon=":material/edit:", help="Fills the form with the changed row."
            ):
                whatif_form.load(changed_values(params["values"], entry.changes))
                st.rerun(scope="app")


def changed_values(values: dict[str, Any], changes: Any) -> dict[str, Any]:
    """Return a row's values with the changes of a counterfactual."""
    found = dict(values)
    for change in changes:
        was = values.get(change.column)
        found[change.column] = float(change.after) if isinstance(was, int | float) and not isinstance(was, bool) else change.after
    return found
