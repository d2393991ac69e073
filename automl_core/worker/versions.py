"""Jobs about versions: one registered, brought to MLflow, two compared."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from automl_core.errors import AutoMLError, InputError, NotFoundError
from automl_core.events import Message, Progress
from automl_core.jobs.context import JobContext
from automl_core.registry.records import Version
from automl_core.registry.store import MODEL, Registered, create_registered
from automl_core.runs import Run
from automl_core.worker.candidates import Emit, bundle, evaluate_candidate, report_candidate
from automl_core.workspace import ProjectFolder, new_id, write_json


def register_candidate(
    run: Run, candidate_id: str, registered: Registered, *, emit: Emit, origin: str = "Registered by hand.", who: str = ""
) -> Version:
    """Keep one scored model of a run as a version, judged and with its report.

    Raises
    ------
    NotFoundError
        When there is no such model, or it was not scored.
    InputError
        For a baseline.
    """
    from automl_core.registry.describing import describe

    if run.leaderboard()[candidate_id].role == "baseline":
        raise InputError("The baseline looks at no column.", "It is there to be beaten.", "Choose a model.")
    emit(Progress(0.1, "Packing the model"))
    model = bundle(run, candidate_id)
    files = {MODEL: model}
    emit(Progress(0.3, "Judging it and writing its report"))
    try:
        if not run.evaluation(candidate_id).exists():
            evaluate_candidate(run, candidate_id)
        files["evaluation.json"] = run.evaluation(candidate_id)
        files["report.html"] = report_candidate(run, candidate_id)
    except InputError as error:  # rows that cannot judge it; the version is kept, and says that it was not judged
        emit(Message(f"The report is left out: {error}", "warning"))
    return registered.add(describe(model, run=run, origin=origin), files, who=who)


def register_bundle(path: Path, registered: Registered, *, who: str = "") -> Version:
    """Keep an exported model as a version; its run is not at hand, so its scores are those that it carries."""
    from automl_core.registry.describing import describe
    from automl_core.scoring.bundle import load_model

    _ = load_model(path)  # refuses what is unsafe, altered, or predicts something else here
    return registered.add(describe(path, origin=f"Registered from the file {path.name}."), {MODEL: path}, who=who)


def take_over(folder: Path, project: ProjectFolder) -> Run:
    """Copy a train folder of the command line into a project, so that its pages and policies find run and table."""
    from automl_core.data.rereading import copy_dataset
    from automl_core.runs import write_request

    run = Run(folder)
    dataset = copy_dataset(run.dataset(), project.dataset(new_id("ds")))
    target = project.run(new_id("rn"))
    shutil.copytree(folder, target, ignore=shutil.ignore_patterns("dataset", ".lock", "worker.json", "heartbeat"))
    write_request(target, "train", {**run.params, "dataset": dataset.id})
    return Run(target)


def mirror(registered: Registered, emit: Emit) -> bool:
    """Bring a registered model to MLflow; what hinders it is told, and the workspace's own versions stay as they are."""
    from automl_core.registry.mirror import sync

    emit(Progress(0.7, "Bringing it to MLflow"))
    try:
        brought = sync(registered)
    except AutoMLError as error:  # away, altered, or another process is bringing it
        emit(Message(str(error), "warning"))
        return False
    if brought:
        emit(Message(f"In MLflow: version {', '.join(map(str, brought))} of {registered.name}."))
    return True


def register_job(context: JobContext) -> dict[str, Any]:
    """Register a model of a run as the request says, and bring it to MLflow."""
    params = context.request["params"]
    run = Run(context.project.run(params["run"]))
    model_id = params.get("model", "")
    if model_id:
        registered = Registered(context.project.registered(model_id))
        _ = registered.name
    else:
        registered = create_registered(context.project, params["name"])
    try:
        version = register_candidate(run, params["candidate"], registered, emit=context.emit, who=params.get("who", ""))
    except AutoMLError:
        if not model_id:
            shutil.rmtree(registered.folder, ignore_errors=True)  # a name without a version would only stand in the way
        raise
    if params.get("note"):
        registered.note(version.number, params["note"], who=params.get("who", ""))
    mirror(registered, context.emit)
    return {"model": registered.id, "version": version.number}


def mirror_job(context: JobContext) -> dict[str, Any]:
    """Bring one registered model to MLflow; fails with the reason when that cannot be done."""
    from automl_core.registry.mirror import sync

    context.emit(Progress(-1.0, "Bringing it to MLflow"))
    registered = Registered(context.project.registered(context.request["params"]["model"]))
    return {"brought": sync(registered)}


def rows_of(registered: Registered, first: int, second: int, dataset_id: str = "") -> tuple[Any, str, tuple[str, ...]]:
    """Return rows on which two versions are compared, what they are, and what to keep in mind of them.

    Raises
    ------
    NotFoundError
        When no run of the two is at hand, and no table was named.
    """
    from automl_core.data.dataset import load_dataset

    project = registered.project
    if dataset_id:
        dataset = load_dataset(project.dataset(dataset_id))
        learned = [n for n in (first, second) if registered.version(n).lineage["fingerprint"] == dataset.fingerprint]
        told = f"Version {' and '.join(map(str, learned))} learned from this table, so its scores on it are too good."
        return dataset.frame(), dataset.name, (told,) if learned else ()
    for number in sorted((first, second), reverse=True):
        version = registered.version(number)
        run = Run(project.run(version.lineage["run"]))
        if not (run.path / "request.json").exists():
            continue
        try:
            frame, source = (run.holdout(), "held-out") if run.config.holdout else (run.dataset().frame(), "learned")
        except AutoMLError:
            continue
        other = registered.version(second if number == first else first)
        notes = []
        if source == "learned":
            notes.append(f"Version {number} learned from these rows, so its scores on them are too good.")
        elif not _same_division(version, other):
            notes.append(
                f"They were kept aside for version {number}; version {other.number} may have learned some of them, "
                "which flatters it."
            )
        return frame, f"the {source} rows of version {number}", tuple(notes)
    raise NotFoundError(
        "The tables that these versions learned from are no longer there.",
        "Rows are needed for which both predict.",
        "Choose a table of the project.",
    )


def _same_division(first: Version, second: Version) -> bool:
    """Return whether two versions kept the same rows of the same table aside."""
    same = ("split", "holdout", "seed", "target")
    return first.lineage["fingerprint"] == second.lineage["fingerprint"] and all(
        first.config.get(name) == second.config.get(name) for name in same
    )


def compare(registered: Registered, first: int, second: int, *, dataset_id: str = "", frame: Any = None, source: str = "") -> Any:
    """Compare two versions, by their records and on the same rows; returns `registry.comparing.Comparison`."""
    from dataclasses import replace

    from automl_core.registry.comparing import compare_models, compare_records
    from automl_core.scoring.bundle import load_model

    if first == second:
        raise InputError(f"Version {first} was named twice.", action="Choose two versions.")
    found = compare_records(registered.version(first), registered.version(second))
    one, other = (load_model(registered.model(number)) for number in (first, second))
    notes: tuple[str, ...] = ()
    if frame is None:
        try:
            frame, source, notes = rows_of(registered, first, second, dataset_id)
        except NotFoundError as error:
            return replace(found, notes=(str(error),))
    return compare_models(replace(found, notes=notes), one, other, frame, source)


def compare_job(context: JobContext) -> dict[str, Any]:
    """Compare two versions."""
    params = context.request["params"]
    context.emit(Progress(-1.0, "Predicting the same rows with both"))
    registered = Registered(context.project.registered(params["model"]))
    found = compare(registered, int(params["first"]), int(params["second"]), dataset_id=params.get("dataset", ""))
    write_json(context.folder / "comparison.json", found.to_dict())
    return {"file": "comparison.json"}
