"""Views of the data with some cleaning choices made anew: which there are, and the recipe that follows.

A choice is part of a view's name, such as ``encoded__encoder_target__scaler_robust``, so that whatever is kept by view, from
prepared folds to the parts of an exported model, keeps it apart without knowing of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, cast

from automl_core.cleaning.recipe import Recipe, Step
from automl_core.schema import Schema

View = Literal["encoded", "native", "scaled"]
AS_IS = "as_is"
"""The recipe's own way."""
CHOICES: dict[str, tuple[str, ...]] = {
    "imputer": (AS_IS, "mean", "median", "most_frequent", "knn"),
    "encoder": (AS_IS, "onehot", "target", "frequency", "ordinal"),
    "scaler": (AS_IS, "standard", "robust", "minmax"),
    "tails": (AS_IS, "limited"),
    "selection": (AS_IS, "75", "50", "25"),
}
"""By choice, the values it has; of the selection, per cent of the table's columns that are kept."""
FARTHEST = 3.0
"""Units of its scale from the middle at which a number is limited. A column that is nearly always the same has few, but
enormous numbers once it is put on one scale, and they decide alone what is near. Limited, a support vector machine's loss
was 21 % lower on images of digits and 11 % on breast cancer, and on 31 other tables up to 2 % lower and at worst 0.6 %
higher; networks and neighbours gained less and lost at most 1.7 % (`benchmarks/tails.py`)."""
NEAR = "This model goes by what is near, which numbers far from the middle would decide alone."
STEPS = {"imputer": ("impute", "strategy"), "encoder": ("encode", "method"), "scaler": ("scale", "method")}
APART = "__"
LIMITED = "scaled__tails_limited"
"""For models that go by what is near: networks, kernels and neighbours."""


def variant(view: str, choices: Mapping[str, str]) -> str:
    """Return the name of a view with choices made anew; those left as they are change nothing."""
    chosen = {**choices_of(view), **{name: value for name, value in choices.items() if value != AS_IS}}
    made = [f"{name}_{chosen[name]}" for name in CHOICES if name in chosen]
    return APART.join([base_view(view), *made])


def base_view(view: str) -> View:
    """Return which of the three views a name stands for."""
    return cast(View, view.partition(APART)[0])


def choices_of(view: str) -> dict[str, str]:
    """Return the choices that a view's name says."""
    made: dict[str, str] = {}
    for part in view.split(APART)[1:]:
        name, _, value = part.partition("_")
        made[name] = value
    return made


def offered(view: str, schema: Schema) -> tuple[str, ...]:
    """Return the choices that change anything in a view: none where models read words and gaps themselves.

    A choice is left out where the view has made it already and there is no other.

    Parameters
    ----------
    view : str
    schema : Schema
        Of the features.
    """
    if base_view(view) == "native":
        return ()
    words, made = bool(schema.of_kind("category", "boolean")), choices_of(view)
    open_ones = [name for name, values in CHOICES.items() if set(values) - {AS_IS, made.get(name)}]
    return tuple(name for name in open_ones if words or name != "encoder")


def recipe_for(recipe: Recipe, view: str, schema: Schema) -> Recipe:
    """Return the recipe with the choices of a view: its own steps say them, or a step is added where it has none.

    Parameters
    ----------
    recipe : Recipe
    view : str
    schema : Schema
        Of the features.
    """
    made = choices_of(view)
    if not made:
        return recipe
    steps = list(recipe.steps)
    for name, (op, param) in STEPS.items():
        if name not in made:
            continue
        here = [place for place, step in enumerate(steps) if step.op == op and step.enabled]
        for place in here:
            steps[place] = replace(steps[place], params={**steps[place].params, param: made[name]})
        if not here:
            added = Step(op, {param: made[name]}, "Found by tuning.", id=f"tuned-{name}")
            place = 0 if name == "imputer" else len(steps)
            if name == "encoder":  # before the numbers are put on one scale
                place = next((place for place, step in enumerate(steps) if step.op == "scale"), len(steps))
            steps.insert(place, added)
    if "tails" in made:
        scales = [place for place, step in enumerate(steps) if step.op == "scale" and step.enabled]
        if not scales:
            steps.append(Step("scale", {}, NEAR, id="tuned-scaler"))
        limits = {"method": "limits", "low": -FARTHEST, "high": FARTHEST}
        steps.insert(max(scales, default=len(steps) - 1) + 1, Step("clip_outliers", limits, NEAR, id="tuned-tails"))
    if "selection" in made:
        count = max(math.ceil(int(made["selection"]) / 100 * len(schema)), 1)
        steps.append(Step("select", {"count": count}, "Found by tuning.", id="tuned-selection"))
    return Recipe(tuple(steps))
