"""The first steps of a pipeline: a table is validated, compared with what the champion knows, and learned."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_core.data.dataset import Dataset, create_dataset, dataset_from_frame, dataset_from_query, load_dataset
from automl_core.data.wording import count
from automl_core.errors import JobError
from automl_core.events import Message
from automl_core.pipelines.course import Course, Record, digest, settled
from automl_core.runs import Run, write_request
from automl_core.workspace import file_hash, new_id

if TYPE_CHECKING:
    import pandas as pd

    from automl_core.cleaning.rules import Rule


def validate_settings(course: Course) -> dict[str, Any]:
    """Return what the table is read by and held against."""
    plan = course.pipeline
    return {"data": asdict(plan.data), "rules": [one.to_dict() for one in plan.gates.rules], "rows": plan.gates.least_rows}


def validate_inputs(course: Course) -> dict[str, Any]:
    """Return what a table is read from and held against."""
    data = course.pipeline.data
    # Only a database knows whether its rows have changed, so they are fetched each time.
    source = file_hash(course.path(data.file)) if data.file else f"{time.time()} {os.getpid()}"
    return {"source": source, **validate_settings(course)}


def validate(course: Course, inputs: str) -> Record:
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
    checked = check_rules(frame, plan.gates.rules, raw=_cells(dataset, plan.gates.rules), schema=dataset.schema)
    for result in checked.results:
        if not (result.kept and result.checked):
            course.emit(Message(result.sentence, "warning"))
    asked = [result for result in checked.results if result.rule.action == "refuse"]
    faults = [result.sentence for result in asked if not (result.kept and result.checked)]
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
    if known and has_dataset(course, known) and known["dataset"] != dataset.id:
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


def _cells(dataset: Dataset, rules: tuple[Rule, ...]) -> pd.DataFrame | None:
    """Return the table as it was written, for rules about cells that cannot be read; None where there is none to ask it."""
    from automl_core.data.rereading import written_cells

    return written_cells(dataset) if any(rule.kind == "type" for rule in rules) else None


def has_dataset(course: Course, made: dict[str, Any]) -> bool:
    """Return whether the table that was read is still there."""
    return bool(made.get("dataset")) and (course.project.dataset(made["dataset"]) / "dataset.json").exists()


def drift_inputs(course: Course) -> dict[str, Any]:
    """Return the table, the champion and the gate."""
    table = course.made("validate")["fingerprint"]
    number = course.opponent("fingerprint", table)
    return {"table": table, "against": course.sha(number), "gate": course.pipeline.gates.drift}


def drift(course: Course, inputs: str) -> Record:
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


def retrain_inputs(course: Course) -> dict[str, Any]:
    """Return the table, the recipe and what is asked of the search."""
    plan = course.pipeline
    return {
        "table": course.made("validate")["fingerprint"],
        "recipe": plan.recipe.to_dict() if plan.recipe else "proposed",
        "experiment": plan.experiment.to_dict(),
        "learn": course.made("drift")["learn"],
    }


def retrain(course: Course, inputs: str) -> Record:
    """Search for the best model on the table; one that was cut off goes on with what is left of its time."""
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
    row = run.leaderboard()[found["recommended"]]
    said = f"{row.name}, {run.config.metric} {row.score:.5g} over the folds, in {time.time() - begun.time:.0f} s."
    return settled(begun, "done", said, candidate=row.id, sha=file_hash(run.path / "model.zip"))


def _ask(course: Course, run: Run) -> None:
    """Write the request of the run."""
    from automl_core.cleaning.apply import apply_stateless
    from automl_core.cleaning.propose import propose_recipe
    from automl_core.config_checks import check_config

    config = course.pipeline.experiment
    dataset = load_dataset(course.project.dataset(course.made("validate")["dataset"]))
    frame = dataset.frame()
    recipe = course.pipeline.recipe or propose_recipe(frame, dataset.schema, config.target)
    cleaned = apply_stateless(frame, dataset.schema, recipe, training=True)
    check_config(cleaned.frame, cleaned.schema, config, uploaded=(frame, dataset.schema))
    params = {"dataset": dataset.id, "fingerprint": dataset.fingerprint, "config": config.to_dict(), "recipe": recipe.to_dict()}
    write_request(run.path, "train", {**params, "pipeline": course.pipeline.name})


def has_model(course: Course, made: dict[str, Any]) -> bool:
    """Return whether the run's model is still there."""
    return not made["run"] or (course.project.run(made["run"]) / "model.zip").exists()
