"""What is needed to repeat a run: the command, the recipe, the seed, the versions, the fingerprint of the table."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from typing import Any

from automl_core.cleaning.recipe import Recipe, Step
from automl_core.cleaning.steps import columns_of
from automl_core.experiment import Budget, ExperimentConfig
from automl_core.extending import budgets
from automl_core.own_figures import costs_text
from automl_core.reference import personal_columns
from automl_core.runs import Run
from automl_core.schema import Schema

PACKAGES = ("numpy", "pandas", "scipy", "scikit-learn", "lightgbm", "xgboost-cpu", "catboost", "interpret-core", "optuna")
NAMING = ("mapping", "words", "find", "replacement", "formula", "condition")
"""Parameters of steps that may name cells."""
WITHHELD = "left out: the column looks like personal data"
LONGEST = 20_000
"""Letters of a recipe that are printed."""


@dataclass(frozen=True)
class Repeat:
    """How a run is repeated.

    Parameters
    ----------
    command : str
    recipe : str
        JSON, without cells of columns that look like personal data.
    withheld : tuple of str
        Such columns whose cells a step names.
    versions : dict of str to str
    note : str
        What keeps a run from coming out the same, if anything.
    """

    command: str
    recipe: str
    withheld: tuple[str, ...]
    versions: dict[str, str]
    note: str


def repeat_of(run: Run, asked: ExperimentConfig) -> Repeat:
    """Return how a run is repeated; `asked` are its settings before the search adjusted them."""
    dataset = run.dataset()
    personal = set(personal_columns(dataset.frame(), dataset.schema))
    recipe = run.recipe
    if away := [name for name in asked.ignored if name != asked.split.column]:
        recipe = recipe.add(Step("drop_columns", {"columns": away}, "Left out on the Compare page.", id="left_out"))
    told, withheld = safe_recipe(recipe, dataset.schema, personal)
    text = json.dumps(told, ensure_ascii=False, indent=1)
    if len(text) > LONGEST:
        text = text[:LONGEST] + "\n… and more; export the recipe on the Clean page."
    note = ""
    given = budgets(run)
    if not all(budget.trials for budget in given):
        note = (
            "The search was counted in seconds, so a faster or slower machine tries more or fewer models. With --trials "
            "instead of --budget the same seed gives the same models. The chosen model itself is repeated by its script."
        )
    return Repeat(commands_of(asked, given), text, withheld, installed(), note)


def safe_recipe(recipe: Recipe, schema: Schema, personal: set[str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return a recipe that names no cell of personal columns, and the columns of which cells are left out."""
    withheld: dict[str, None] = {}
    steps = []
    for step in recipe:
        entry = step.to_dict()
        touched = set(columns_of(step, schema)) & personal
        named = [name for name in entry["params"] if name in NAMING or name.startswith("_")]
        if touched and named:
            withheld |= dict.fromkeys(sorted(touched))
            entry = {**entry, "params": {**entry["params"], **dict.fromkeys(named, WITHHELD)}}
        steps.append({**entry, "params": {key: value for key, value in entry["params"].items() if not key.startswith("_")}})
    return {**recipe.to_dict(), "steps": steps}, tuple(withheld)


def commands_of(config: ExperimentConfig, given: Sequence[Budget]) -> str:
    """Return the commands that run the same search with these budgets, one after another."""
    lines = [command_of(replace(config, budget=given[0]))]
    for before, budget in pairwise(given):
        more = f"--trials {budget.trials - before.trials}" if budget.trials else f"--budget {budget.seconds:g}"
        lines.append(f"python -m automl_core extend RUN {more}")
    return "\n".join(lines)


def command_of(config: ExperimentConfig) -> str:
    """Return the command that runs the same search with one budget."""
    parts = ["python -m automl_core train TABLE.csv", f"--target {_quoted(config.target)}", "--out RUN"]
    parts += [f"--task {config.task}", f"--metric {config.metric}"]
    if config.costs is not None:
        parts.append(f"--costs {shlex.quote(costs_text(config.costs))}")
    if config.kpi is not None:
        parts.append(f"--kpi {shlex.quote(f'{config.kpi.name}: {config.kpi.formula}')}")
        parts += [] if config.kpi.greater_is_better else ["--kpi-lower"]
    if config.positive:
        parts.append(f"--positive {_quoted(config.positive)}")
    parts += [f"--preset {config.preset}", "--recipe recipe.json"]
    parts.append(f"--trials {config.budget.trials}" if config.budget.trials else f"--budget {config.budget.seconds:g}")
    parts += [f"--folds {config.folds}"] if config.folds else []
    parts += [f"--holdout {config.holdout:g}", f"--seed {config.seed}"]
    if config.split.kind != "random":
        parts.append(f"--split {config.split.kind} --{config.split.kind} {_quoted(config.split.column)}")
    parts += [f"--gap {config.split.gap:g}"] if config.split.gap else []
    parts += [f"--predict-limit-ms {config.predict_limit_ms:g}"] if config.predict_limit_ms else []
    return " ".join(parts)


def _quoted(name: str) -> str:
    """Return a name as a shell takes it; a very long one is cut, so that it does not spoil the page."""
    return shlex.quote(name if len(name) <= 80 else name[:79] + "…")


def installed() -> dict[str, str]:
    """Return the versions of Python and of the packages that fit models."""
    import platform

    found = {"Python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
