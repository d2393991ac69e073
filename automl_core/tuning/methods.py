"""The methods of search by name, which of them a space allows, and which one is proposed."""

from __future__ import annotations

from dataclasses import dataclass

from automl_core.engines.optuna_study import STARTUP, Method, has_torch, only_numbers
from automl_core.errors import InputError
from automl_core.experiment import Decision
from automl_core.tuning.spaces import MOST_POINTS, STEPS, Space


@dataclass(frozen=True)
class About:
    """A method for people."""

    label: str
    sentence: str


METHODS: dict[Method, About] = {
    "tpe": About(
        "Bayesian, Parzen estimator",
        "Learns from every trial where good values lie together, and tries more of them there.",
    ),
    "random": About("Random", "Draws values by chance; nothing to go wrong, and hard to beat in very few trials."),
    "grid": About("Grid", "Tries every combination of a few values of each parameter, and nothing between them."),
    "nsga2": About(
        "Genetic (NSGA-II)", "Keeps the better half of a population and crosses and mutates it; wants some hundred trials."
    ),
    "cmaes": About(
        "Evolution strategy (CMA-ES)", "Moves and stretches a cloud of points towards better ones; for numbers only."
    ),
    "gp": About(
        "Bayesian, Gaussian process", "Fits a smooth surface through the scores and tries where it promises most."
    ),
}  # fmt: skip


FOR_AIMS: tuple[Method, ...] = ("nsga2", "random", "grid")
"""Methods that make sense with two aims: one keeps a population, the others try what they try whatever came out."""


def propose_for_aims() -> Decision[Method]:
    """Return the method for two aims, with the reason."""
    return Decision("nsga2", "It keeps those that nothing beats in both aims, and crosses them.")


def why_not(method: Method, space: Space, steps: int = STEPS) -> str:
    """Return why a method cannot be used on a space, empty where it can."""
    if method == "gp" and not has_torch():
        return "It needs the package torch, which is not installed."
    if method == "cmaes" and not only_numbers(space.entries):
        words = [one.name for one in space.open if not only_numbers({one.name: one.entry})]
        return f"It moves numbers only, and {words[0]} is a choice. Fix it to use this method."
    if method == "cmaes" and len(space.open) < 2:
        return "It needs two parameters that are not fixed."
    if method == "grid" and (size := space.grid_size(steps)) > MOST_POINTS:
        return f"The grid would have {size:,} points, more than {MOST_POINTS:,}."
    return ""


def check_method(method: str, space: Space, steps: int = STEPS) -> Method:
    """Return the method; raises InputError when there is none of this name or the space does not allow it."""
    known = next((name for name in METHODS if name == method), None)
    if known is None:
        raise InputError(f"There is no method {method!r}.", f"There are {', '.join(METHODS)}.", "Choose one of them.")
    if not space.open:
        raise InputError("Every parameter is fixed.", "At least one must have more than one value.", "Widen one.")
    if known == "grid":
        space.grid(steps)  # says what would be small enough
    reason = why_not(known, space, steps)
    if reason:
        raise InputError(f"{METHODS[known].label} cannot be used here.", reason, "Choose another method.")
    return known


def expected_trials(trials: int, seconds: float, fit_seconds: float, cores: int) -> int:
    """Return about how many trials fit into a budget; `fit_seconds` are those of the model as it is, over all folds."""
    return trials or max(int(seconds * cores / max(fit_seconds, 0.02)), 1)


def propose_method(space: Space, trials: int, steps: int = STEPS) -> Decision[Method]:
    """Return the method that suits a space and a number of trials, with the reason."""
    size, names = space.grid_size(steps), len(space.open)
    if size <= trials and all(len(one.points(steps)) <= steps for one in space.open) and size <= MOST_POINTS and names <= 2:
        return Decision("grid", f"A grid of {size:,} points fits into about {trials:,} trials, so all of it can be tried.")
    if trials <= STARTUP:
        return Decision("random", f"About {trials:,} trials are too few to learn from.")
    if trials >= 50 * names and not why_not("cmaes", space):
        return Decision("cmaes", f"About {trials:,} trials for {names} numbers are enough for a cloud of points to settle.")
    return Decision("tpe", f"It makes the most of about {trials:,} trials over {names} parameters.")
