"""The recipe of a dataset on disk, with its undo and redo."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from automl_core.cleaning.recipe import History, Recipe, Step
from automl_core.cleaning.steps import check_params, operation
from automl_core.errors import FormatError, InputError
from automl_core.people.access import changing
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
    """Write the history beside its dataset, atomically; raises AccessError for somebody who may only look."""
    with changing(dataset_folder, "recipe", dataset_folder.name):
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
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"This file is no recipe: {error}.", "A recipe is a JSON file that the Clean page exports.", "Choose another file."
        ) from error
    recipe = Recipe.from_dict(data)
    recipe = Recipe(tuple(replace(step, params=_own(step.params)) for step in recipe))
    for step in recipe:
        check_params(step)
    if len({step.id for step in recipe}) < len(recipe):
        recipe = Recipe(tuple(Step(step.op, step.params, step.reason, step.enabled) for step in recipe))
    return recipe


def _own(params: dict[str, Any]) -> dict[str, Any]:
    """Return settings without what we put beside them ourselves, which is made anew."""
    return {name: given for name, given in params.items() if not name.startswith("_")}


def with_trees(recipe: Recipe) -> Recipe:
    """Return a recipe whose formulas stand beside their text as they were read, so that no grammar is needed to use them."""
    from automl_core.cleaning.stateless.calculated import compiled

    steps = []
    for step in recipe:
        texts = [param.name for param in operation(step).params if param.kind == "formula"]
        trees = {"_tree": compiled(step.params[texts[0]])} if texts and step.params.get(texts[0]) else {}
        steps.append(replace(step, params={**step.params, **trees}))
    return Recipe(tuple(steps))


def export_recipe(recipe: Recipe) -> str:
    """Return a recipe as JSON text."""
    own = Recipe(tuple(replace(step, params=_own(step.params)) for step in recipe))
    return json.dumps(own.to_dict(), ensure_ascii=False, indent=1)
