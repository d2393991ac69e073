"""Jobs about a table: its profile, leakage, forecast, ablation, and cleaning of the whole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from automl_core.events import Message, Progress
from automl_core.jobs.context import JobContext
from automl_core.workspace import write_json

if TYPE_CHECKING:
    import pandas as pd

    from automl_core.data.dataset import Dataset

DRAWN = 200_000
"""Rows that are held for what looks at fewer still."""


def profile_job(context: JobContext) -> dict[str, Any]:
    """Describe a table."""
    from automl_core.cleaning.large import within_memory
    from automl_core.data.dataset import load_dataset
    from automl_core.profiling.profile import profile

    context.emit(Progress(-1.0, "Looking at every column"))
    params = context.request["params"]
    dataset = load_dataset(context.project.dataset(params["dataset"]))
    frame, sampled = within_memory(dataset)
    result = profile(
        frame,
        dataset.schema,
        target=params.get("target", ""),
        tell=lambda done, doing: context.emit(Progress(done, doing)),
    )
    if sampled:
        result = replace(result, notes=(sampled, *result.notes))
    write_json(context.folder / "profile.json", result.to_dict())
    return {"file": "profile.json"}


def leakage_job(context: JobContext) -> dict[str, Any]:
    """Measure what suspect columns and other splits do to a quick model."""
    from automl_core.cleaning.large import within_memory
    from automl_core.data.dataset import load_dataset
    from automl_core.profiling.leakage import measure_leakage
    from automl_core.profiling.profile import profile

    context.emit(Progress(-1.0, "Looking at every column"))
    params = context.request["params"]
    dataset = load_dataset(context.project.dataset(params["dataset"]))
    frame, sampled = within_memory(dataset)
    if sampled:
        context.emit(Message(sampled))
    found = profile(frame, dataset.schema, params["target"])
    result = measure_leakage(
        frame,
        dataset.schema,
        found,
        params.get("suspects", ()),
        tell=lambda done, doing: context.emit(Progress(done, doing)),
    )
    write_json(context.folder / "leakage.json", result.to_dict())
    return {"file": "leakage.json"}


def forecast_job(context: JobContext) -> dict[str, Any]:
    """Say what a search would cost."""
    from automl_core.cleaning.recipe import Recipe
    from automl_core.data.dataset import load_dataset
    from automl_core.experiment import ExperimentConfig
    from automl_core.search.probing import forecast_run

    params = context.request["params"]
    dataset = load_dataset(context.project.dataset(params["dataset"]))
    recipe, config = Recipe.from_dict(params["recipe"]), ExperimentConfig.from_dict(params["config"])
    found = forecast_run(
        _drawn(dataset),
        dataset.schema,
        recipe,
        config,
        folder=context.folder,
        tell=lambda done, doing: context.emit(Progress(done, doing)),
        of=dataset.rows,
    )
    found.save(context.folder / "forecast.json")
    return {"file": "forecast.json"}


def ablation_job(context: JobContext) -> dict[str, Any]:
    """Measure what each step of a recipe does to a quick model's score."""
    from automl_core.cleaning.recipe import Recipe
    from automl_core.data.dataset import load_dataset
    from automl_core.experiment import ExperimentConfig
    from automl_core.search.ablation import ablate

    params = context.request["params"]
    dataset = load_dataset(context.project.dataset(params["dataset"]))
    found = ablate(
        _drawn(dataset),
        dataset.schema,
        Recipe.from_dict(params["recipe"]),
        ExperimentConfig.from_dict(params["config"]),
        tell=lambda done, doing: context.emit(Progress(done, doing)),
        of=dataset.rows,
    )
    write_json(context.folder / "ablation.json", found.to_dict())
    return {"file": "ablation.json"}


def clean_job(context: JobContext) -> dict[str, Any]:
    """Apply a recipe to the whole of a table."""
    from automl_core.cleaning.large import clean_dataset
    from automl_core.cleaning.recipe import Recipe
    from automl_core.data.dataset import load_dataset

    params = context.request["params"]
    dataset = load_dataset(context.project.dataset(params["dataset"]))
    made = clean_dataset(
        dataset,
        Recipe.from_dict(params["recipe"]),
        context.project.dataset(params["into"]),
        params["name"],
        tell=lambda done, doing: context.emit(Progress(done, doing)),
    )
    write_json(context.folder / "cleaned.json", made.to_dict())
    return {"dataset": params["into"], "file": "cleaned.json"}


def _drawn(dataset: Dataset) -> pd.DataFrame:
    """Return a table, of a large one rows that are drawn at random while it is read."""
    from automl_core.cleaning.large import sample_rows

    return dataset.frame() if dataset.rows <= DRAWN else sample_rows(dataset, DRAWN).reset_index(drop=True)
