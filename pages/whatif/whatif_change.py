"""What would change a prediction: a goal, rules for the columns, and the smallest changes that a search finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.workspace import ProjectFolder, read_json
from pages.shared import caches, errors, jobs, people
from pages.whatif import whatif_form

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
    goal = _goal(model, answer)
    rules = _rules(fields)
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


def _goal(model: Model, answer: Answer) -> dict[str, Any]:
    if model.classes:
        others = [name for name in model.classes if name != answer.prediction]
        label = st.selectbox("It should say", others, key="whatif_goal", help="The outcome to be reached.")
        return {"label": label, "low": None, "high": None}
    with st.container(horizontal=True):
        text = "The prediction should be in this range; leave one end empty for any."
        low = st.number_input("At least", value=None, key="whatif_least", help=text)
        high = st.number_input("At most", value=None, key="whatif_most", help=text)
    return {"label": "", "low": low, "high": high}


def _rules(fields: list[FormField]) -> list[dict[str, Any]]:
    names = [field.column for field in fields]
    ordered = [field.column for field in fields if field.kind in ("number", "date")]
    with st.expander("Rules: what may be changed", icon=":material/rule:"):
        fixed = st.multiselect("Stay as they are", names, key="whatif_fixed", help="Such as age or sex, which nobody can change.")
        up = st.multiselect(
            "May only rise", [name for name in ordered if name not in fixed], key="whatif_up", help="Such as years."
        )
        down = st.multiselect(
            "May only fall", [name for name in ordered if name not in (*fixed, *up)], key="whatif_down", help="Such as a debt."
        )
        limited = st.multiselect(
            "Have limits of their own",
            [name for name in names if name not in fixed],
            key="whatif_limited",
            help="A range, or some words.",
        )
        limits = {field.column: _limits(field) for field in fields if field.column in limited}
    ways = {**dict.fromkeys(fixed, "fixed"), **dict.fromkeys(up, "up"), **dict.fromkeys(down, "down")}
    chosen = [name for name in names if name in ways or name in limits]
    plain: dict[str, Any] = {"low": None, "high": None, "allowed": ()}
    return [{"column": name, "way": ways.get(name, "free"), **plain, **limits.get(name, {})} for name in chosen]


def _limits(field: FormField) -> dict[str, Any]:
    name = errors.plain(field.column)
    if field.kind == "number":
        with st.container(horizontal=True):
            low = st.number_input(
                f"{name}: from", value=field.low, key=f"whatif_low_{field.column}", help="Empty for the lowest."
            )
            high = st.number_input(
                f"{name}: to", value=field.high, key=f"whatif_high_{field.column}", help="Empty for the highest."
            )
        return {"low": low, "high": high}
    if field.kind == "date":
        import pandas as pd

        with st.container(horizontal=True):
            ends = [
                st.date_input(f"{name}: {word}", value=None, key=f"whatif_{word}_{field.column}", help="Empty for any.")
                for word in ("from", "to")
            ]
        low, high = (None if end is None else pd.Timestamp(end).timestamp() for end in ends)
        return {"low": low, "high": high}
    words = st.multiselect(f"{name}: allowed", field.choices, key=f"whatif_allowed_{field.column}", help="Empty for all.")
    return {"allowed": tuple(words)}


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
    from automl_core.whatif.counterfactual import Counterfactuals

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
            rows = [{"Column": change.column, "Now": change.before, "Then": change.after} for change in entry.changes]
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
