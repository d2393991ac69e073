"""A pipeline made from what a project did: the table, recipe and settings of a run, its model's name, log and policies."""

from __future__ import annotations

import json

from automl_core.cleaning.recipe import Recipe
from automl_core.cleaning.rules import load_rules
from automl_core.cleaning.store import export_recipe
from automl_core.data.dataset import Dataset
from automl_core.errors import AutoMLError, NotFoundError
from automl_core.monitoring.settings import Settings, settings_of
from automl_core.pipelines.plan import Gates, Monitoring, Pipeline, Registry, Schedule, Source
from automl_core.projects import list_projects, load_project
from automl_core.registry.records import LONGEST_NAME, check_name
from automl_core.registry.store import Registered, list_registered
from automl_core.retraining.policy import list_policies
from automl_core.runs import Run
from automl_core.workspace import ProjectFolder


def pipeline_of(
    project: ProjectFolder,
    registered: Registered | None = None,
    *,
    run_id: str = "",
    file: str = "",
    gates: Gates | None = None,
    schedule: Schedule | None = None,
) -> Pipeline:
    """Return the pipeline that does again what a run of the project did.

    Parameters
    ----------
    project : ProjectFolder
    registered : Registered, optional
        By default the project's newest registered model, if it has one.
    run_id : str
        By default the run that the champion was made in, or the newest one that has a model.
    file : str
        Where the table will come from; by default the file that the run's table was read from, as it is kept in the project.
    gates : Gates, optional
        Its rules are those of the table where it names none.
    schedule : Schedule, optional

    Raises
    ------
    NotFoundError
        When the project has no run with a model.
    """
    from dataclasses import replace

    registered = registered or next((one for one in list_registered(project) if one.numbers), None)
    run = Run(project.run(run_id)) if run_id else _run(project, registered)
    dataset, config = run.dataset(), run.config
    gates = gates or Gates()
    # A run that learned every row kept none aside to judge by; what it stands on is asked of the next one.
    config = replace(config, holdout=config.holdout or 0.2)
    own = load_project(project.workspace, project.id).name
    alone = sum(one.name == own for one in list_projects(project.workspace)) == 1
    return Pipeline(
        name=registered.name if registered else f"{own}, {config.target}",
        project=own if alone else project.id,
        data=_source(dataset, file),
        experiment=config,
        registry=Registry(registered.name if registered else _name(own)),
        recipe=Recipe.from_dict(json.loads(export_recipe(run.recipe))),
        gates=replace(gates, rules=gates.rules or load_rules(dataset.folder)),
        monitoring=_monitoring(registered),
        schedule=schedule or Schedule(),
    )


def exportable(project: ProjectFolder) -> list[str]:
    """Return the runs of a project that have a model, newest first."""
    return [run_id for run_id in project.list("runs") if (project.run(run_id) / "model.zip").exists()]


def _run(project: ProjectFolder, registered: Registered | None) -> Run:
    there = exportable(project)
    champion = registered.standing().aliases.get("champion") if registered else None
    if registered and champion:
        made_in = registered.version(champion).lineage["run"]
        if made_in in there:
            return Run(project.run(made_in))
    if not there:
        raise NotFoundError(
            "This project has no run with a model yet.", "A pipeline does again what a run did.", "Compare models first."
        )
    return Run(project.run(there[0]))


def _source(dataset: Dataset, file: str) -> Source:
    origin = dataset.report.origin
    kinds = {column.name: column.kind for column in dataset.schema}  # a later table is read as this one was
    # Only what was chosen among several has to be named again.
    table = str(origin.table) if len(origin.tables) > 1 else ""
    part = (origin.member if len(origin.members) > 1 else "", origin.sheet if len(origin.sheets) > 1 else table)
    kept = dataset.source or dataset.folder / "data.parquet"
    return Source(file=file.strip() or str(kept), part=tuple(one for one in part if one), kinds=kinds)


def _name(project: str) -> str:
    """Return a project's name as a model may be called."""
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in " ._-") else " " for letter in project)
    try:
        return check_name(plain.strip(" ._-")[:LONGEST_NAME])
    except AutoMLError:
        return "model"


def _monitoring(registered: Registered | None) -> Monitoring | None:
    if registered is None:
        return None
    settings, policies = settings_of(registered), tuple(list_policies(registered))
    return Monitoring(settings, policies) if policies or settings != Settings() else None
