"""The last steps of a pipeline: the new model is compared, promoted, and watched."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from automl_core.errors import AutoMLError, InputError
from automl_core.events import Message
from automl_core.pipelines.course import Course, Record, settled
from automl_core.runs import Run
from automl_core.workspace import file_hash, read_json

if TYPE_CHECKING:
    import pandas as pd

    from automl_core.registry.paired import Paired
    from automl_core.registry.store import Registered
    from automl_core.scoring.bundle import Model


def compare_inputs(course: Course) -> dict[str, Any]:
    """Return the new model, its rival, and what is asked of it."""
    plan, made = course.pipeline, course.made("retrain")
    return {
        "run": made["run"],
        "model": made.get("sha", ""),
        "against": course.sha(course.opponent("run", made["run"])) if made["run"] else "",
        "score": plan.gates.score,
        "better": plan.gates.better_than_champion,
        "labelled": file_hash(course.path(plan.data.labelled)) if plan.data.labelled else "",
    }


def compare(course: Course, inputs: str) -> Record:
    """Hold the new model against the score asked for, and against the champion on rows that neither learned."""
    from automl_core.registry.paired import set_against
    from automl_core.scoring.bundle import load_model

    made = course.made("retrain")
    begun = course.begin("compare", inputs, {"run": made["run"]})
    if not made["run"]:
        return settled(begun, "not needed", "Nothing new was learned.")
    run, gates = Run(course.project.run(made["run"])), course.pipeline.gates
    model = load_model(run.path / "model.zip")
    faults, told, scores = _scores(course, run, model, made["candidate"])
    registered, number = course.registered(), course.opponent("run", made["run"])
    compared: dict[str, Any] = {}
    if registered is not None and number:
        champion = load_model(registered.model(number))
        try:
            found = set_against(champion, model, _judging_rows(course, run, registered, number))
            compared, said, kept = found.to_dict(), found.sentence, _keeps(found, gates.better_than_champion)
        except InputError as error:  # rows that cannot judge: then nothing says that it is better
            said, kept = f"{error} Labelled rows that neither learned can be named in data.labelled.", False
        (told if kept else faults).append(f"Against version {number}: {said}")
    elif not faults:
        told.append("There is no champion yet.")
    return settled(
        begun, "stopped" if faults else "done", " ".join([*faults, *told]), scores=scores, compared=compared, against=number
    )


def _keeps(found: Paired, better: bool) -> bool:
    """Return whether a new model may take the champion's place; nothing may that loses by more than chance."""
    return found.outcome == "better" if better else found.outcome in ("better", "level")


def _scores(course: Course, run: Run, model: Model, candidate: str) -> tuple[list[str], list[str], dict[str, float]]:
    """Return what the new model misses, what it keeps, and its scores on the rows that judge it."""
    from automl_core.data.sources.opening import read_any
    from automl_core.evaluation.evaluate import evaluate
    from automl_core.metrics import metric_of

    plan = course.pipeline
    if plan.data.labelled:
        path = course.path(plan.data.labelled)
        scores = {name: score.value for name, score in evaluate(model, read_any(path).frame, rows=path.name).metrics.items()}
    elif run.evaluation(candidate).exists():
        scores = {name: float(one["value"]) for name, one in read_json(run.evaluation(candidate))["metrics"].items()}
    elif not plan.gates.score:
        scores = {}
    else:
        raise InputError(
            "The rows kept aside cannot judge the model.", "A score needs rows of each label that it did not learn.",
            "Keep more rows aside (experiment.holdout), or name labelled rows (data.labelled).",
        )  # fmt: skip
    faults: list[str] = []
    told: list[str] = []
    for name, asked in plan.gates.score.items():
        metric, got = metric_of(plan.experiment, name), scores.get(name)
        kept = got is not None and (got >= asked if metric.greater_is_better else got <= asked)
        bound = "at least" if metric.greater_is_better else "at most"
        sentence = f"{metric.label} {'could not be judged' if got is None else f'{got:.5g}'}, {bound} {asked:g} is asked for."
        (told if kept else faults).append(sentence)
    return faults, told, scores


def _judging_rows(course: Course, run: Run, registered: Registered, number: int) -> pd.DataFrame:
    """Return the labelled rows that decide; of those kept aside, only those that the champion has not learned either."""
    import pandas as pd

    from automl_core.data.sources.opening import read_any

    if course.pipeline.data.labelled:
        return read_any(course.path(course.pipeline.data.labelled)).frame
    rows = run.holdout()
    try:
        earlier = Run(course.project.run(registered.version(number).lineage["run"]))
        learned = earlier.dataset().frame()
        if earlier.config.holdout:
            learned = learned.drop(index=earlier.holdout().index)
    except AutoMLError:
        course.emit(Message(f"What version {number} learned from is no longer there; it may have learned some of the rows."))
        return rows
    names = [name for name in rows.columns if name in learned.columns]
    known = pd.util.hash_pandas_object(learned[names], index=False)
    unseen = rows[~pd.util.hash_pandas_object(rows[names], index=False).isin(known).to_numpy()]
    course.emit(Message(f"{len(unseen):,} of {len(rows):,} rows kept aside were learned by neither, and decide."))
    return unseen


def promote_inputs(course: Course) -> dict[str, Any]:
    """Return the new model and where it is kept."""
    compare = course.made("compare")
    return {"run": compare["run"], "against": compare.get("against", 0), "registry": asdict(course.pipeline.registry)}


def promote(course: Course, inputs: str) -> Record:
    """Keep the new model as a version, and move the alias to it."""
    from automl_core.registry.records import LONGEST_REASON
    from automl_core.registry.store import create_registered
    from automl_core.worker.versions import mirror, register_candidate

    wish, retrain, compare = course.pipeline.registry, course.made("retrain"), course.record("compare")
    told = {"run": retrain["run"], "fingerprint": course.made("validate")["fingerprint"]}
    begun = course.begin("promote", inputs, {**told, "before": course.made("compare").get("against", 0)})
    if not retrain["run"]:
        return settled(begun, "not needed", "Nothing new was learned.")
    registered = course.registered() or create_registered(course.project, wish.name)
    run, who = Run(course.project.run(retrain["run"])), f"pipeline {course.pipeline.name}"
    version = next((one for one in registered.versions() if one.lineage["run"] == run.id), None)  # kept before it was cut off
    if version is None:
        origin = f"Made by the pipeline {course.pipeline.name}."
        version = register_candidate(run, retrain["candidate"], registered, emit=course.emit, origin=origin, who=who)
    now = registered.standing().aliases.get(wish.alias, 0)
    if now != version.number:
        seen = begun.made["before"] if wish.alias == "champion" else None
        registered.promote(version.number, wish.alias, compare.reason[:LONGEST_REASON] if compare else "", who=who, seen=seen)
    if wish.mlflow:
        mirror(registered, course.emit)
    return settled(begun, "done", f"{registered.name}@{version.number} is {wish.alias}.", version=version.number)


def has_version(course: Course, made: dict[str, Any]) -> bool:
    """Return whether the version that was kept is still there."""
    registered = course.registered()
    return not made["run"] or (registered is not None and made["version"] in registered.numbers)


def monitor_inputs(course: Course) -> dict[str, Any]:
    """Return the registered model and how it is watched."""
    registered, monitoring = course.registered(), course.pipeline.monitoring
    return {"model": registered.id if registered else "", "monitoring": asdict(monitoring) if monitoring else {}}


def monitor(course: Course, inputs: str) -> Record:
    """Set how the registered model is watched; a policy of the same name takes the place of the one that is there."""
    from automl_core.monitoring.settings import save_settings
    from automl_core.retraining.policy import list_policies, save_policy

    begun = course.begin("monitor", inputs, {})
    registered, monitoring = course.registered(), course.pipeline.monitoring
    if registered is None or monitoring is None:
        return settled(begun, "not needed", "No version is registered yet that could be watched.")
    save_settings(registered, monitoring.log)
    there = {one.name: one for one in list_policies(registered)}
    for policy in monitoring.policies:
        old = there.get(policy.name)
        save_policy(registered, replace(policy, id=old.id if old else "", created=old.created if old else 0.0))
    logged = "Predictions are logged" if monitoring.log.on else "Predictions are not logged"
    set_now = ", ".join(policy.name for policy in monitoring.policies)
    return settled(begun, "done", f"{logged}{f'; policies: {set_now}' if set_now else ''}.")
