"""Fitted trees of scikit-learn, LightGBM, XGBoost and CatBoost as one kind of forest, whose leaves are added up.

The number in every node and leaf is the library's own, in double precision. What a library reads in single precision is
rounded before it is compared (`Forest.single`), as the library does.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from automl_core.engines.boosters import LOGARITHMS
from automl_core.errors import InputError

Link = Literal["identity", "exp", "sigmoid", "softmax", "shares"]
Grown = tuple[int, float | tuple[float, ...], str, bool, Any, Any]
"""A node: column, threshold or set of codes, mode, whether a missing number goes the true way, its true and false child."""


@dataclass
class Forest:
    """Trees side by side, as ONNX keeps them.

    Parameters
    ----------
    n_targets : int
    link : Link
        What becomes of the sums: probabilities by a sigmoid or a softmax, shares of each class, values as they are, or of
        which they are the logarithms.
    single : bool
        Whether columns are rounded to single precision before they are compared.
    base : ndarray, shape (n_targets,)
        Added to the sums.
    """

    n_targets: int
    link: Link
    single: bool
    base: npt.NDArray[np.float64]
    nodes: dict[str, list[Any]] = field(
        default_factory=lambda: {
            name: [] for name in ("tree", "node", "feature", "mode", "split", "true", "false", "missing_true")
        }
    )
    leaves: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in ("tree", "node", "target", "weight")})
    trees: int = 0

    def grow(self, root: Any, look: Callable[[Any], Grown | Sequence[tuple[int, float]]]) -> None:
        """Add a tree.

        Parameters
        ----------
        root : object
        look : callable
            Returns what a node is: a `Grown`, or for a leaf its targets and weights.
        """
        tree, self.trees = self.trees, self.trees + 1
        waiting, count = [(root, 0)], 1
        while waiting:
            node, number = waiting.pop()
            found = look(node)
            if not isinstance(found, tuple):
                self._node(tree, number, 0, "LEAF", 0.0, 0, 0, False)
                for target, weight in found:
                    for name, value in zip(self.leaves, (tree, number, target, weight), strict=True):
                        self.leaves[name].append(value)
                continue
            column, split, mode, missing_true, yes, no = found
            splits = list(split) if isinstance(split, tuple) else [split]
            true = count + len(splits) - 1
            false = true + 1
            numbers = [number, *range(count, true)]
            count = false + 1
            for place, (own, value) in enumerate(zip(numbers, splits, strict=True)):
                # A set is a chain of questions, one for each of its codes, which all lead to the same node when they are true.
                other = numbers[place + 1] if place + 1 < len(numbers) else false
                self._node(tree, own, column, mode, value, true, other, missing_true)
            waiting += [(no, false), (yes, true)]

    def _node(
        self, tree: int, number: int, column: int, mode: str, split: float, true: int, false: int, missing_true: bool
    ) -> None:
        values = (tree, number, column, mode, split, true, false, int(missing_true))
        for name, value in zip(self.nodes, values, strict=True):
            self.nodes[name].append(value)


def forest_of(estimator: Any) -> Forest | None:
    """Return the trees of a fitted estimator; None for one that is not made of trees known here.

    Raises
    ------
    InputError
        When its trees do what ONNX cannot; the sentence says what.
    """
    from automl_core.scoring.fast.forests import NAMES

    library = type(estimator).__module__.partition(".")[0]
    if library == "lightgbm":
        return _lightgbm(estimator)
    if library == "xgboost":
        return _xgboost(estimator)
    if library == "catboost":
        return _catboost(estimator)
    if type(estimator).__name__.startswith("HistGradientBoosting"):
        return _histogram(estimator)
    return _sklearn(estimator) if library == "sklearn" and type(estimator).__name__ in NAMES else None


def _cannot(what: str) -> InputError:
    return InputError(what, "ONNX has no operator for it.", "Choose another model of the leaderboard, or use the zip.")


def _sklearn(estimator: Any) -> Forest:
    trees = [tree.tree_ for tree in getattr(estimator, "estimators_", [estimator])]
    classes = hasattr(estimator, "classes_")
    width = len(estimator.classes_) if classes else 1
    forest = Forest(width, "shares" if classes else "identity", True, np.zeros(width))
    for tree in trees:
        values = np.asarray(tree.value)[:, 0, :]
        if classes:
            total = values.sum(axis=1, keepdims=True)
            values = values / np.where(total == 0, 1.0, total)
        values = values / len(trees)
        missing = np.asarray(tree.missing_go_to_left, dtype=bool)

        def look(node: int, tree: Any = tree, values: Any = values, missing: Any = missing) -> Any:
            if tree.children_left[node] < 0:
                return [(place, float(value)) for place, value in enumerate(values[node]) if value]
            sides = int(tree.children_left[node]), int(tree.children_right[node])
            return int(tree.feature[node]), float(tree.threshold[node]), "BRANCH_LEQ", bool(missing[node]), *sides

        forest.grow(0, look)
    return forest


def _histogram(estimator: Any) -> Forest:
    if estimator.loss in ("poisson", "gamma"):
        raise _cannot(f"scikit-learn's loss {estimator.loss!r} is none that is known here.")
    base = np.ravel(np.asarray(estimator._baseline_prediction, dtype=np.float64))
    classes = hasattr(estimator, "classes_")
    link: Link = "identity" if not classes else "sigmoid" if len(base) == 1 else "softmax"
    forest = Forest(len(base), link, False, base)
    for trees in estimator._predictors:
        for target, tree in enumerate(trees):

            def look(node: int, nodes: Any = tree.nodes, target: int = target) -> Any:
                one = nodes[node]
                if one["is_leaf"]:
                    return [(target, float(one["value"]))]
                if one["is_categorical"]:
                    raise _cannot("scikit-learn's boosting keeps sets of words here.")
                sides = int(one["left"]), int(one["right"])
                return int(one["feature_idx"]), float(one["num_threshold"]), "BRANCH_LEQ", bool(one["missing_go_to_left"]), *sides

            forest.grow(0, look)
    return forest


def _lightgbm(estimator: Any) -> Forest:
    dumped = estimator.booster_.dump_model()
    objective = str(dumped.get("objective", "")).split(" ")[0]
    links: dict[str, Link] = {"binary": "sigmoid", "multiclass": "softmax", "": "identity"}
    links.update(dict.fromkeys(LOGARITHMS, "exp"))
    plain = ("regression", "regression_l1", "huber", "fair", "quantile", "mape")
    if objective not in links and objective not in plain:
        raise _cannot(f"LightGBM's objective {objective!r} is none that is known here.")
    width = int(dumped["num_tree_per_iteration"])
    forest = Forest(width, links.get(objective, "identity"), False, np.zeros(width))
    rounds = max(len(dumped["tree_info"]) // width, 1) if dumped.get("average_output") else 1

    def look(node: dict[str, Any]) -> Any:
        if "leaf_value" in node:
            return [(target, float(node["leaf_value"]) / rounds)]
        sides = node["left_child"], node["right_child"]
        if node["decision_type"] == "==":
            codes = tuple(float(code) for code in str(node["threshold"]).split("||"))
            return int(node["split_feature"]), codes, "BRANCH_EQ", False, *sides
        if node["missing_type"] == "Zero":
            raise _cannot("LightGBM takes zeros for missing here.")
        split = float(node["threshold"])
        left = bool(node["default_left"]) if node["missing_type"] == "NaN" else split >= 0.0
        return int(node["split_feature"]), split, "BRANCH_LEQ", left, *sides

    for place, tree in enumerate(dumped["tree_info"]):
        target = place % width
        forest.grow(tree["tree_structure"], look)
    return forest


def _xgboost(estimator: Any) -> Forest:
    booster = estimator.get_booster()
    settings = json.loads(booster.save_config())["learner"]
    if settings["gradient_booster"]["name"] != "gbtree":
        raise _cannot(f"XGBoost's booster {settings['gradient_booster']['name']!r} is not made of plain trees.")
    objective = settings["objective"]["name"]
    links: dict[str, Link] = {"binary:logistic": "sigmoid", "multi:softprob": "softmax", "multi:softmax": "softmax",
                              "reg:squarederror": "identity", "reg:absoluteerror": "identity"}  # fmt: skip
    if objective not in links:
        raise _cannot(f"XGBoost's objective {objective!r} is none that is known here.")
    width = max(int(settings["learner_model_param"]["num_class"]), 1)
    start = np.atleast_1d(np.asarray(json.loads(settings["learner_model_param"]["base_score"]), dtype=np.float64))
    start = np.log(start / (1 - start)) if objective == "binary:logistic" else start
    forest = Forest(width, links[objective], True, np.resize(start, width))
    first, last = estimator._get_iteration_range(None)
    names = booster.feature_names
    part = booster[first:last] if last else booster

    def look(node: dict[str, Any]) -> Any:
        if "leaf" in node:
            return [(target, float(node["leaf"]))]
        children = {child["nodeid"]: child for child in node["children"]}
        name = node["split"]
        column = names.index(name) if names else int(name[1:])
        yes, no = children[node["yes"]], children[node["no"]]
        missing = node["missing"] == node["yes"]
        if isinstance(node["split_condition"], list):
            codes = tuple(float(code) for code in node["split_condition"])
            return column, codes, "BRANCH_EQ", missing, yes, no
        return column, float(np.float32(node["split_condition"])), "BRANCH_LT", missing, yes, no

    for place, text in enumerate(part.get_dump(dump_format="json")):
        target = place % width
        forest.grow(json.loads(text), look)
    return forest


def _catboost(estimator: Any) -> Forest:
    with tempfile.TemporaryDirectory(prefix="tablewright-") as folder:
        estimator.save_model(str(Path(folder) / "model.json"), format="json")
        dumped = json.loads((Path(folder) / "model.json").read_text(encoding="utf-8"))
    if "oblivious_trees" not in dumped or dumped["features_info"].get("categorical_features"):
        raise _cannot("CatBoost's own encoding of words (ordered target statistics) cannot be written as ONNX.")
    scale, start = dumped["scale_and_bias"]
    start = np.asarray(start, dtype=np.float64)
    classes = hasattr(estimator, "classes_") and len(estimator.classes_) > 0
    width = len(start)
    link: Link = "identity" if not classes else "sigmoid" if width == 1 else "softmax"
    forest = Forest(width, link, True, start)
    features = {one["feature_index"]: one for one in dumped["features_info"]["float_features"]}
    for tree in dumped["oblivious_trees"]:
        splits = tree.get("splits") or []
        values = np.asarray(tree["leaf_values"], dtype=np.float64).reshape(-1, width) * scale
        if any(one["split_type"] != "FloatFeature" for one in splits):
            raise _cannot("CatBoost's own encoding of words (ordered target statistics) cannot be written as ONNX.")

        def look(node: tuple[int, int], splits: Any = splits, values: Any = values) -> Any:
            depth, leaf = node
            if depth == len(splits):
                return [(place, float(value)) for place, value in enumerate(values[leaf])]
            split = splits[depth]
            one = features[split["float_feature_index"]]
            sides = (depth + 1, leaf | 1 << depth), (depth + 1, leaf)
            border, missing = float(np.float32(split["border"])), one.get("nan_value_treatment") == "AsTrue"
            return int(one["flat_feature_index"]), border, "BRANCH_GT", missing, *sides

        forest.grow((0, 0), look)
    return forest
