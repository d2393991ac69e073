"""The recipe of a dataset on disk, with its undo and redo."""

from __future__ import annotations

import json
from pathlib import Path

from automl_core.cleaning.recipe import History, Recipe, Step
from automl_core.cleaning.steps import check_params
from automl_core.errors import FormatError, InputError
from automl_core.workspace import read_json, write_json


def load_history(dataset_folder: Path) -> History | None:
    """Return the history beside a dataset, None when no recipe was made yet; raises FormatError for a damaged one."""
    path = dataset_folder / "recipe.json"
    if not path.exists():
        return None
    try:
        return History.from_dict(read_json(path))
    except (KeyError, TypeError) as error:
        raise FormatError(f"The recipe of {dataset_folder.name} is damaged: {error!r}.", action="Import it again.") from error


def save_history(dataset_folder: Path, history: History) -> None:
    """Write the history beside its dataset, atomically."""
    write_json(dataset_folder / "recipe.json", history.to_dict())


def import_recipe(text: str | bytes) -> Recipe:
    """Read a recipe that was exported.

    Raises
    ------
    InputError
        When the text is no JSON, or a step or one of its settings is unknown.
    FormatError
        When it is another format version.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise InputError(
            f"This file is no recipe: {error}.", "A recipe is a JSON file that the Clean page exports.", "Choose another file."
        ) from error
    recipe = Recipe.from_dict(data)
    for step in recipe:
        check_params(step)
    if len({step.id for step in recipe}) < len(recipe):
        recipe = Recipe(tuple(Step(step.op, step.params, step.reason, step.enabled) for step in recipe))
    return recipe


def export_recipe(recipe: Recipe) -> str:
    """Return a recipe as JSON text."""
    return json.dumps(recipe.to_dict(), ensure_ascii=False, indent=1)
