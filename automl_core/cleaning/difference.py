"""Two versions of a recipe compared: which steps came, went, moved or were changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from automl_core.cleaning.recipe import History, Recipe, Step
from automl_core.cleaning.steps import describe, operation, value

ChangeKind = Literal["added", "removed", "moved", "edited", "switched on", "switched off"]


@dataclass(frozen=True)
class StepChange:
    """One difference.

    Parameters
    ----------
    kind : ChangeKind
    step : Step
        As it is after, or was before where it was removed.
    sentence : str
    """

    kind: ChangeKind
    step: Step
    sentence: str


def difference(before: Recipe, after: Recipe) -> tuple[StepChange, ...]:
    """Return what leads from one recipe to another: removed steps first, then the others in their order after.

    Only steps that changed places with others count as moved, and of those the fewest that explain the order.
    """
    old = {step.id: step for step in before}
    new = {step.id: step for step in after}
    found = [StepChange("removed", step, f"Removed: {describe(step)}.") for step in before if step.id not in new]
    moved = _moved([step.id for step in before if step.id in new], [step.id for step in after if step.id in old])
    for place, step in enumerate(after, 1):
        if step.id not in old:
            found.append(StepChange("added", step, f"Added as step {place}: {describe(step)}."))
            continue
        was = old[step.id]
        if was.op != step.op or was.params != step.params:
            found.append(StepChange("edited", step, _edited(was, step)))
        if was.enabled != step.enabled:
            word: ChangeKind = "switched on" if step.enabled else "switched off"
            found.append(StepChange(word, step, f"{word.capitalize()}: {describe(step)}."))
        if step.id in moved:
            found.append(StepChange("moved", step, f"Moved to place {place}: {describe(step)}."))
    return tuple(found)


def _edited(was: Step, step: Step) -> str:
    if was.op != step.op:
        return f"{describe(was)} became {describe(step)}."
    changes = []
    for param in operation(step).params:
        one, other = value(was, param.name), value(step, param.name)
        if one != other:
            changes.append(f"{param.label.lower()} from {_short(one)} to {_short(other)}")
    return f"{operation(step).title}: {'; '.join(changes) or 'other settings'}."


def _short(given: object) -> str:
    if isinstance(given, list):
        text = ", ".join(str(part) for part in given) or "all that fit"
    elif isinstance(given, dict):
        text = "; ".join(f"{old} → {new}" for old, new in given.items()) or "nothing"
    elif isinstance(given, bool):
        text = "yes" if given else "no"
    else:
        text = "nothing" if given is None or given == "" else str(given)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _moved(before: list[str], after: list[str]) -> set[str]:
    """Return the ids outside the longest run of ids that keep their order (the fewest that moved)."""
    place = {name: position for position, name in enumerate(before)}
    order = [place[name] for name in after]
    best: list[list[int]] = [[]]
    for here in order:
        fitting = [chain for chain in best if not chain or chain[-1] < here]
        best.append([*sorted(fitting, key=len)[-1], here])
    kept = set(sorted(best, key=len)[-1])
    return {name for name, here in zip(after, order, strict=True) if here not in kept}


def versions(history: History) -> list[tuple[str, Recipe]]:
    """Return every version of a history with what was changed in it: undone ones last, the present one marked."""
    recipes = [*history.past, history.present, *history.future]
    told = []
    for number, recipe in enumerate(recipes):
        changes = difference(recipes[number - 1], recipe) if number else ()
        said = "The beginning" if not number else " ".join(change.sentence for change in changes[:2])
        if len(changes) > 2:
            said += f" And {len(changes) - 2} more."
        now = " (now)" if number == len(history.past) else " (undone)" if number > len(history.past) else ""
        told.append((f"{number + 1}{now}. {said}", recipe))
    return told
