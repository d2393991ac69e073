"""Small trees written out as rules: what holds for a row, and what is predicted then."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.explaining.features import Feature, features
from automl_core.explaining.readable import Readable, Rule, outputs_of, span_words
from automl_core.profiling.wording import number
from automl_core.scoring.bundle import Model

Bounds = dict[int, tuple[float, float]]


def read_trees(model: Model) -> Readable:
    """Write out a model whose fold models are small trees."""
    outputs = outputs_of(model)
    trees = tuple(
        _rules(member.estimator, features(fold.preprocessors[member.view]), len(model.classes))
        for fold, member, _ in model.ensemble.members()
    )
    how = (
        f"The prediction is the mean of {len(trees)} trees, one a fold: in each of them exactly one rule holds for a row."
        if len(trees) > 1
        else "Exactly one rule holds for a row."
    )
    return Readable("trees", outputs, bool(model.classes), len(trees), trees=trees, notes=(how,))


def _rules(estimator: Any, made: list[Feature], n_classes: int) -> tuple[Rule, ...]:
    tree, found = estimator.tree_, []
    total = tree.weighted_n_node_samples[0]

    def walk(node: int, bounds: Bounds) -> None:
        if tree.children_left[node] < 0:
            conditions = tuple(words for place, (low, high) in bounds.items() for words in _condition(made[place], low, high))
            share = float(tree.weighted_n_node_samples[node] / total)
            found.append(Rule(conditions, share, _prediction(tree.value[node][0], estimator, n_classes)))
            return
        place, cut = int(tree.feature[node]), float(tree.threshold[node])
        low, high = bounds.get(place, (-np.inf, np.inf))
        walk(int(tree.children_left[node]), {**bounds, place: (low, min(high, cut))})
        walk(int(tree.children_right[node]), {**bounds, place: (max(low, cut), high)})

    walk(0, {})
    return tuple(found)


def _prediction(value: npt.NDArray[np.float64], estimator: Any, n_classes: int) -> tuple[float, ...]:
    if not n_classes:
        return (float(value[0]),)
    shares = np.zeros(n_classes)
    shares[np.asarray(estimator.classes_, dtype=int)] = value / value.sum()
    return (float(shares[1]),) if n_classes == 2 else tuple(float(share) for share in shares)


def _condition(feature: Feature, low: float, high: float) -> list[str]:
    """Return the words for: what the model gets lies above `low` and not above `high`."""
    low, high = (feature.value(bound) if np.isfinite(bound) else bound for bound in (low, high))
    if feature.meaning == "word":
        column, word = feature.column, feature.name[len(feature.column) + len(" = ") :]
        return [f"{column} is {word}" if low > -np.inf else f"{column} is not {word}"]
    if feature.meaning == "missing":
        return [feature.name if low > -np.inf else f"{feature.name.removesuffix(' is missing')} is known"]
    name = {
        "mean": f"mean outcome of {feature.name}",
        "share": f"share of {feature.name}",
        "codes": f"place of {feature.name} in order",
        "code": f"place of {feature.name} in order",
        "straightened": f"{feature.name} after straightening",
    }.get(feature.meaning, feature.name)
    return span_words(name, number(low) if low > -np.inf else "", number(high) if high < np.inf else "")
