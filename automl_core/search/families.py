"""Families of candidates whose costs are alike, and a cheap example of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from automl_core.search.candidates import Spec
from automl_core.search.extrapolation import Timing

FEW_ROUNDS = 30
FEW_TREES = 10
STOPS_AT = 300
"""Rounds after which a booster that stops early has usually stopped (between a third and three times as many)."""
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
        The first of them, made cheap.
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
        family = family_of(spec)
        label = LABELS.get(family, family.capitalize())
        if family == "boosting":
            library = spec.class_path.partition(".")[0]
            label += f", {LIBRARIES.get(library, library)}"
        if label not in found:
            found[label] = Group(family, label, [], cheap(spec)[0])
        found[label].specs.append(spec)
    return list(found.values())


def family_of(spec: Spec) -> str:
    """Return the family whose costs a candidate has; kernel machines count as such whatever they are listed under."""
    name = spec.class_path.rpartition(".")[2]
    if name in ("SVC", "SVR", "NuSVC", "NuSVR", "KernelRidge") or name.startswith("GaussianProcess"):
        return "kernel"
    return spec.family


def cheap(spec: Spec) -> tuple[Spec, float, float]:
    """Return a candidate with a few rounds or trees, how many times as much the whole one does, and the doubt of that.

    Returns
    -------
    Spec
    float
        Its seconds are multiplied by this.
    float
        Standard deviation of the logarithm of it: 0 where the number is known, larger where a booster stops by itself.
    """
    library, name = spec.class_path.partition(".")[0], spec.class_path.rpartition(".")[2]
    if library in ("lightgbm", "xgboost", "catboost"):
        key = "iterations" if library == "catboost" else "n_estimators"
        rounds = float(spec.params.get(key, 1000 if library == "catboost" else 100))
        few, doubt = float(FEW_ROUNDS), 0.0
        if spec.early_stopping:
            rounds, doubt = min(rounds, STOPS_AT), 0.8
        few = min(few, rounds)
        return replace(spec, params={**spec.params, key: int(few)}), rounds / few, doubt
    if name.startswith(("RandomForest", "ExtraTrees")):
        trees = float(spec.params.get("n_estimators", 100))
        few = min(FEW_TREES, trees)
        return replace(spec, params={**spec.params, "n_estimators": int(few)}), trees / few, 0.0
    return spec, 1.0, 0.0
