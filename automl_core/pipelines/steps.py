"""What each step of a pipeline starts from and does. A step is not done again while what it starts from has the same hash."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_core.cleaning.stateless.change import count
from automl_core.data.dataset import Dataset, create_dataset, dataset_from_frame, dataset_from_query, load_dataset
from automl_core.errors import AutoMLError, InputError, JobError
from automl_core.events import Message
from automl_core.pipelines.course import Course, Record, digest, settled
from automl_core.pipelines.plan import StepName
from automl_core.runs import Run, write_request
from automl_core.workspace import file_hash, new_id, read_json

if TYPE_CHECKING:
    import pandas as pd

    from automl_core.registry.paired import Paired
    from automl_core.registry.store import Registered
    from automl_core.scoring.bundle import Model


@dataclass(frozen=True)
class StepWork:
    """A step: what it starts from (plain JSON types), what it does, and whether what it left is still there."""

    inputs: Callable[[Course], dict[str, Any]]
    work: Callable[[Course, str], Record]
    there: Callable[[Course, dict[str, Any]], bool] = lambda course, made: True


# -- validate ---------------------------------------------------------------------------------------------------


def validate_settings(course: Course) -> dict[str, Any]:
    """Return what the table is read by and held against."""
    plan = course.pipeline
    return {"data": asdict(plan.data), "rules": [one.to_dict() for one in plan.gates.rules], "rows": plan.gates.least_rows}


def _validate_inputs(course: Course) -> dict[str, Any]:
    data = course.pipeline.data
    # Only a database knows whether its rows have changed, so they are fetched each time.
    source = file_hash(course.path(data.file)) if data.file else f"{time.time()} {os.getpid()}"
    return {"source": source, **validate_settings(course)}


def _validate(course: Course, inputs: str) -> Record:
    """Read the table, hold it against the rules, and keep it in the project."""
    from automl_core.cleaning.rules import save_rules
    from automl_core.engines.pandera import check_rules

    plan = course.pipeline
    before = course.record("validate")
    begun = course.begin("validate", inputs, {"dataset": new_id("ds")})
    folder = course.project.dataset(begun.made["dataset"])
    dataset = load_dataset(folder) if folder.exists() else _read(course, folder)
    dataset.schema[plan.experiment.target]
    frame = dataset.frame()
    checked = check_rules(frame, plan.gates.rules)
    for result in checked.broken:
        course.emit(Message(result.sentence, "warning"))
    faults = [result.sentence for result in checked.broken if result.rule.action == "refuse"]
    if checked.aside.any() and not faults:
        note = f"{int(checked.aside.sum()):,} rows that break a rule were set aside."
        dataset = dataset_from_frame(folder, frame[~checked.aside], dataset.schema, dataset.name, notes=(note,))
    if dataset.rows < plan.gates.least_rows:
        faults.append(f"{dataset.rows:,} rows are left, and at least {plan.gates.least_rows:,} are asked for.")
    told = {"rows": dataset.rows, "fingerprint": dataset.fingerprint, "settings": digest(validate_settings(course))}
    if faults:
        shutil.rmtree(folder, ignore_errors=True)
        return settled(begun, "stopped", " ".join(faults), **told)
    save_rules(folder, plan.gates.rules)
    known = before.made if before and before.made.get("fingerprint") == dataset.fingerprint else {}
    if known and _has_dataset(course, known) and known["dataset"] != dataset.id:
        shutil.rmtree(folder, ignore_errors=True)  # the same rows as before
        return settled(begun, "done", f"{dataset.rows:,} rows, the same as before.", **{**told, "dataset": known["dataset"]})
    held = f"; {count(len(plan.gates.rules), 'rule')} held against them" if plan.gates.rules else ""
    said = f"{dataset.rows:,} rows of {count(len(dataset.schema), 'column')}{held}."
    return settled(begun, "done", " ".join([said, *dataset.notes]), **told)


def _read(course: Course, folder: Path) -> Dataset:
    from automl_core.data.sources.opening import choice_of_parts

    data, name = course.pipeline.data, course.pipeline.name
    if data.query is not None:
        return dataset_from_query(folder, data.query.address, data.query.sql, name, trusted=True)
    path = course.path(data.file)
    return create_dataset(folder, path, path.stem, kinds=dict(data.kinds), choice=choice_of_parts(path, data.part))


def _has_dataset(course: Course, made: dict[str, Any]) -> bool:
    return bool(made.get("dataset")) and (course.project.dataset(made["dataset"]) / "dataset.json").exists()


# -- drift ------------------------------------------------------------------------------------------------------


def _drift_inputs(course: Course) -> dict[str, Any]:
    table = course.made("validate")["fingerprint"]
    number = course.opponent("fingerprint", table)
    return {"table": table, "against": _sha(course, number), "gate": course.pipeline.gates.drift}


def _sha(course: Course, number: int) -> str:
    registered = course.registered()
    return registered.version(number).sha256 if registered and number else ""


def _drift(course: Course, inputs: str) -> Record:
    """Compare the table with what the champion learned from."""
    from automl_core.drift.check import check_model
    from automl_core.drift.html import drift_html
    from automl_core.scoring.bundle import load_model
    from automl_core.workspace import atomic_file, write_json

    told = course.made("validate")
    registered, number = course.registered(), course.opponent("fingerprint", told["fingerprint"])
    begun = course.begin("drift", inputs, {})
    if registered is None or not number:
        return settled(begun, "done", "There is no champion yet to compare with.", verdict="", learn=True)
    dataset = load_dataset(course.project.dataset(told["dataset"]))
    found = check_model(load_model(registered.model(number)), dataset.frame(), name=dataset.name)
    write_json(course.folder / "drift-report.json", found.to_dict())
    with atomic_file(course.folder / "drift-report.html") as file:
        file.write(drift_html(found).encode("utf-8", "surrogatepass"))
    said = f"{found.verdict}, against version {number}: {found.sentence}"
    gate, act = course.pipeline.gates.drift, found.verdict == "act"
    if act and gate == "stop":
        return settled(begun, "stopped", said, verdict=found.verdict, learn=False)
    return settled(begun, "done", said, verdict=found.verdict, learn=act or gate != "retrain")


# -- retrain ----------------------------------------------------------------------------------------------------


def _retrain_inputs(course: Course) -> dict[str, Any]:
    plan = course.pipeline
    return {
        "table": course.made("validate")["fingerprint"],
        "recipe": plan.recipe.to_dict() if plan.recipe else "proposed",
        "experiment": plan.experiment.to_dict(),
        "learn": course.made("drift")["learn"],
    }


def _retrain(course: Course, inputs: str) -> Record:
    """Search for the best model on the table; one that was cut off goes on with what is left of its time."""
    from automl_core.worker.candidates import judge_recommended
    from automl_core.worker.training import train_in_journal

    begun = course.begin("retrain", inputs, {"run": new_id("rn")})
    if not course.made("drift")["learn"]:
        return settled(begun, "not needed", "Drift does not say act, and nothing is learned without it.", run="")
    run = Run(course.project.run(begun.made["run"]))
    if not (run.path / "request.json").exists():
        _ask(course, run)
    found = train_in_journal(run, emit=course.emit, should_stop=course.should_stop)
    if course.should_stop():
        raise JobError("It was stopped during the search.", "What is finished is kept.", "Run it again: it goes on from there.")
    if run.config.holdout:
        judge_recommended(run, found["recommended"], course.emit)
    row = run.leaderboard()[found["recommended"]]
    said = f"{row.name}, {run.config.metric} {row.score:.5g} over the folds, in {time.time() - begun.time:.0f} s."
    return settled(begun, "done", said, candidate=row.id, sha=file_hash(run.path / "model.zip"))


def _ask(course: Course, run: Run) -> None:
    """Write the request of the run."""
    from automl_core.cleaning.apply import apply_stateless
    from automl_core.cleaning.propose import propose_recipe
    from automl_core.proposals import check_config

    config = course.pipeline.experiment
    dataset = load_dataset(course.project.dataset(course.made("validate")["dataset"]))
    frame = dataset.frame()
    recipe = course.pipeline.recipe or propose_recipe(frame, dataset.schema, config.target)
    cleaned = apply_stateless(frame, dataset.schema, recipe, training=True)
    check_config(cleaned.frame, cleaned.schema, config, uploaded=(frame, dataset.schema))
    params = {"dataset": dataset.id, "fingerprint": dataset.fingerprint, "config": config.to_dict(), "recipe": recipe.to_dict()}
    write_request(run.path, "train", {**params, "pipeline": course.pipeline.name})


def _has_model(course: Course, made: dict[str, Any]) -> bool:
    return not made["run"] or (course.project.run(made["run"]) / "model.zip").exists()


# -- compare ----------------------------------------------------------------------------------------------------


def _compare_inputs(course: Course) -> dict[str, Any]:
    plan, made = course.pipeline, course.made("retrain")
    return {
        "run": made["run"],
        "model": made.get("sha", ""),
        "against": _sha(course, course.opponent("run", made["run"])) if made["run"] else "",
        "score": plan.gates.score,
        "better": plan.gates.better_than_champion,
        "labelled": file_hash(course.path(plan.data.labelled)) if plan.data.labelled else "",
    }


def _compare(course: Course, inputs: str) -> Record:
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


# -- promote ----------------------------------------------------------------------------------------------------


def _promote_inputs(course: Course) -> dict[str, Any]:
    compare = course.made("compare")
    return {"run": compare["run"], "against": compare.get("against", 0), "registry": asdict(course.pipeline.registry)}


def _promote(course: Course, inputs: str) -> Record:
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


def _has_version(course: Course, made: dict[str, Any]) -> bool:
    registered = course.registered()
    return not made["run"] or (registered is not None and made["version"] in registered.numbers)


# -- monitor ----------------------------------------------------------------------------------------------------


def _monitor_inputs(course: Course) -> dict[str, Any]:
    registered, monitoring = course.registered(), course.pipeline.monitoring
    return {"model": registered.id if registered else "", "monitoring": asdict(monitoring) if monitoring else {}}


def _monitor(course: Course, inputs: str) -> Record:
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


WORK: dict[StepName, StepWork] = {
    "validate": StepWork(_validate_inputs, _validate, _has_dataset),
    "drift": StepWork(_drift_inputs, _drift),
    "retrain": StepWork(_retrain_inputs, _retrain, _has_model),
    "compare": StepWork(_compare_inputs, _compare),
    "promote": StepWork(_promote_inputs, _promote, _has_version),
    "monitor": StepWork(_monitor_inputs, _monitor),
}
