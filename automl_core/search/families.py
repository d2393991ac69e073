"""Families of candidates whose costs are alike, and a cheap example of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from automl_core.search.candidates import Spec
from automl_core.search.extrapolation import Timing

FEW_ROUNDS = 40
FEW_TREES = 10
BOOSTERS = ("lightgbm", "xgboost", "catboost")
STOPS_AT, STOPS_ROWS = 100, 700
"""A booster that stops early has usually stopped after so many rounds on so many rows, and after more as the root of the rows:
on six tables of 570 to 11,000 rows the three libraries took 80 to 3,000."""
STOPS_DOUBT = 0.9
LABELS = {
    "linear": "Linear models",
    "bayes": "Naive Bayes and the like",
    "kernel": "Kernel methods",
    "neighbours": "Nearest neighbours",
    "neural": "Neural networks",
    "tree": "Single trees",
    "forest": "Forests",
    "boosting": "Boosting",
    "other": "Others",
}
LIBRARIES = {"lightgbm": "LightGBM", "xgboost": "XGBoost", "catboost": "CatBoost", "sklearn": "scikit-learn"}


@dataclass
class Group:
    """A family, or one library's part of it, and what is measured of it.

    Parameters
    ----------
    family : str
    label : str
    specs : list of Spec
        The run's candidates in it.
    example : Spec
        The first of them that learns from the rows as they are, made cheap.
    timings : list of Timing
    at_least : bool
        Whether its smallest fit was cut off.
    fault : str
    over : bool
        Whether larger samples are of no use.
    """

    family: str
    label: str
    specs: list[Spec]
    example: Spec
    timings: list[Timing] = field(default_factory=list)
    at_least: bool = False
    fault: str = ""
    over: bool = False


def groups(specs: Sequence[Spec]) -> list[Group]:
    """Return the families of the candidates in their order; boosting is divided by library, whose costs differ most."""
    found: dict[str, Group] = {}
    for spec in specs:
        label = label_of(spec)
        if label not in found:
            found[label] = Group(family_of(spec), label, [], cheap(spec))
        elif found[label].example.resampling and not spec.resampling:
            found[label].example = cheap(spec)
        found[label].specs.append(spec)
    return list(found.values())


def label_of(spec: Spec) -> str:
    """Return what people call the family that a candidate's costs are alike to."""
    family = family_of(spec)
    label = LABELS.get(family, family.capitalize())
    if family == "boosting":
        library = _library(spec)
        label += f", {LIBRARIES.get(library, library)}"
    return label


def family_of(spec: Spec) -> str:
    """Return the family whose costs a candidate has; kernel machines count as such whatever they are listed under."""
    name = spec.class_path.rpartition(".")[2]
    if name in ("SVC", "SVR", "NuSVC", "NuSVR", "KernelRidge") or name.startswith("GaussianProcess"):
        return "kernel"
    return spec.family


def cheap(spec: Spec) -> Spec:
    """Return a candidate with a few rounds, trees or bags, and otherwise as it is."""
    what, whole = _repeats(spec)
    few = FEW_ROUNDS if _library(spec) in BOOSTERS else FEW_TREES if what == "n_estimators" else 1
    return replace(spec, params={**spec.params, what: int(min(few, whole))}) if what else spec


def effort(spec: Spec, rows: int) -> tuple[float, float]:
    """Return how many times as much a candidate does on `rows` as its cheap example would, and how sure that is.

    Returns
    -------
    float
        The example's seconds are multiplied by this.
    float
        Standard deviation of the logarithm of it: 0 where the number is known, larger where a booster stops by itself.
    """
    what, whole = _repeats(spec)
    if not what:
        return 1.0, 0.0
    few = float(cheap(spec).params[what])
    if spec.early_stopping and _library(spec) in BOOSTERS:
        usual = STOPS_AT * math.sqrt(rows / STOPS_ROWS)
        return max(min(usual, whole), few) / few, STOPS_DOUBT
    return whole / few, 0.0


def _library(spec: Spec) -> str:
    return spec.class_path.partition(".")[0]


def _repeats(spec: Spec) -> tuple[str, float]:
    """Return the parameter in which a model's seconds are proportional, and its value; an empty name where there is none."""
    name = spec.class_path.rpartition(".")[2]
    if _library(spec) == "catboost":
        what, default = "iterations", 1000.0
    elif _library(spec) in BOOSTERS or name.startswith(("RandomForest", "ExtraTrees")):
        what, default = "n_estimators", 100.0
    elif name.startswith("ExplainableBoosting"):
        what, default = "outer_bags", 14.0
    else:
        return "", 1.0
    return what, float(spec.params.get(what, default))
