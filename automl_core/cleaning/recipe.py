"""The recipe: ordered steps from the uploaded table to what a model gets. Plain data; `steps` gives it its meaning."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from automl_core.errors import FormatError, NotFoundError
from automl_core.shapes import check_shape

_SHAPE = {"steps": [{"op": str, "params": {"*": object}, "reason?": str, "enabled?": bool, "id": str}]}


@dataclass(frozen=True)
class Step:
    """One step.

    Parameters
    ----------
    op : str
        Name in `cleaning.steps.OPERATIONS`.
    params : dict
        The operation's parameters, plain JSON types.
    reason : str
        Why it was proposed; empty when a person added it.
    enabled : bool
    id : str
        Unique in the recipe, stays when the step is edited or moved.
    """

    op: str
    params: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    enabled: bool = True
    id: str = field(default_factory=lambda: secrets.token_hex(4))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"id": self.id, "op": self.op, "params": self.params, "reason": self.reason, "enabled": self.enabled}


@dataclass(frozen=True)
class Recipe:
    """An ordered list of steps. Every change gives a new recipe."""

    steps: tuple[Step, ...] = ()

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def step(self, step_id: str) -> Step:
        """Return one step; raises NotFoundError."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise NotFoundError("This step is no longer in the recipe.", action="Open the recipe again.")

    def enabled(self) -> tuple[Step, ...]:
        """Return the steps that are switched on, in order."""
        return tuple(step for step in self.steps if step.enabled)

    def add(self, step: Step) -> Recipe:
        """Return a recipe with `step` at the end."""
        return Recipe((*self.steps, step))

    def put(self, step: Step) -> Recipe:
        """Return a recipe in which `step` replaces the one of its id."""
        self.step(step.id)
        return Recipe(tuple(step if old.id == step.id else old for old in self.steps))

    def remove(self, step_id: str) -> Recipe:
        """Return a recipe without one step."""
        self.step(step_id)
        return Recipe(tuple(old for old in self.steps if old.id != step_id))

    def move(self, step_id: str, by: int) -> Recipe:
        """Return a recipe with one step moved up (negative) or down, as far as the ends allow."""
        steps = list(self.steps)
        index = steps.index(self.step(step_id))
        step = steps.pop(index)
        steps.insert(min(max(index + by, 0), len(steps)), step)
        return Recipe(tuple(steps))

    def switch(self, step_id: str, enabled: bool) -> Recipe:
        """Return a recipe with one step switched on or off."""
        return self.put(replace(self.step(step_id), enabled=enabled))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"format": 1, "steps": [step.to_dict() for step in self.steps]}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Recipe:
        """Rebuild a recipe; raises FormatError for another format version or a broken file."""
        if not isinstance(data, dict) or data.get("format") != 1:
            found = data.get("format") if isinstance(data, dict) else type(data).__name__
            raise FormatError(f"This recipe has format {found!r}.", "This version reads format 1.")
        try:
            check_shape(data, _SHAPE, "recipe")
            return cls(
                tuple(
                    Step(entry["op"], dict(entry["params"]), entry.get("reason", ""), entry.get("enabled", True), entry["id"])
                    for entry in data["steps"]
                )
            )
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"This recipe is damaged: {error!r}.", action="Export it again.") from error


@dataclass(frozen=True)
class History:
    """A recipe with everything that was undone and can be redone."""

    past: tuple[Recipe, ...] = ()
    present: Recipe = field(default_factory=Recipe)
    future: tuple[Recipe, ...] = ()

    def change(self, recipe: Recipe) -> History:
        """Return a history in which `recipe` is the present; what could be redone is given up."""
        return self if recipe == self.present else History((*self.past, self.present), recipe)

    def undo(self) -> History:
        """Return the history one change earlier, or itself at the beginning."""
        if not self.past:
            return self
        return History(self.past[:-1], self.past[-1], (self.present, *self.future))

    def redo(self) -> History:
        """Return the history one change later, or itself at the end."""
        if not self.future:
            return self
        return History((*self.past, self.present), self.future[0], self.future[1:])

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "format": 1,
            "past": [recipe.to_dict() for recipe in self.past],
            "present": self.present.to_dict(),
            "future": [recipe.to_dict() for recipe in self.future],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> History:
        """Rebuild a history from `to_dict`'s output."""
        return cls(
            tuple(Recipe.from_dict(entry) for entry in data["past"]),
            Recipe.from_dict(data["present"]),
            tuple(Recipe.from_dict(entry) for entry in data["future"]),
        )
