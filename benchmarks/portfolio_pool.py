"""The configurations that compete for a place in the portfolio: known defaults, and seeded draws from wide spaces."""

from __future__ import annotations

from typing import Any

import numpy as np

from automl_core.cleaning.variants import LIMITED
from automl_core.search.candidates import Spec

ENDING = {"binary": "Classifier", "multiclass": "Classifier", "regression": "Regressor"}
DRAWS = 5
"""Seeded configurations of each booster besides the hand-made ones."""


def pool(task: str) -> list[Spec]:
    """Return every configuration that is tried for a task."""
    end = ENDING[task]
    classify = task != "regression"
    rng = np.random.default_rng(11)
    specs = [*_boosters(end, rng), *_forests(end, classify), *_networks(end), *_others(task, classify)]
    assert len({spec.id for spec in specs}) == len(specs)
    return specs


def _spec(ident: str, family: str, path: str, params: dict[str, Any], view: str, early: bool = False) -> Spec:
    return Spec(ident, ident, family, path, params, view, early)


def _boosters(end: str, rng: np.random.Generator) -> list[Spec]:
    made: list[tuple[str, dict[str, Any]]] = [
        ("lightgbm", {"learning_rate": 0.05, "num_leaves": 31, "subsample": 0.9, "subsample_freq": 1, "colsample_bytree": 0.8}),
        ("lightgbm", {"learning_rate": 0.1, "num_leaves": 15}),
        ("lightgbm", {"learning_rate": 0.05, "num_leaves": 63, "extra_trees": True, "colsample_bytree": 0.8}),
        ("lightgbm", {"learning_rate": 0.03, "num_leaves": 127, "min_child_samples": 5, "subsample": 0.9, "subsample_freq": 1,
                      "colsample_bytree": 0.6}),
        ("lightgbm", {"learning_rate": 0.05, "num_leaves": 7, "min_child_samples": 10, "colsample_bytree": 0.5}),
        ("catboost", {"learning_rate": 0.06, "depth": 6}),
        ("catboost", {"learning_rate": 0.1, "depth": 4}),
        ("catboost", {"learning_rate": 0.05, "depth": 8, "l2_leaf_reg": 5}),
        ("xgboost", {"learning_rate": 0.06, "max_depth": 6, "subsample": 0.9, "colsample_bytree": 0.8, "min_child_weight": 2}),
        ("xgboost", {"learning_rate": 0.05, "max_depth": 4, "subsample": 0.8, "colsample_bytree": 0.6, "reg_lambda": 3}),
        ("xgboost", {"learning_rate": 0.1, "max_depth": 3, "colsample_bytree": 0.7}),
    ]  # fmt: skip
    for _ in range(DRAWS):
        rate = round(float(10 ** rng.uniform(-1.5, -0.9)), 3)
        made += [
            ("lightgbm", {"learning_rate": rate, "num_leaves": int(2 ** rng.uniform(2.5, 7)),
                          "min_child_samples": int(rng.integers(3, 60)), "subsample": round(float(rng.uniform(0.6, 1)), 2),
                          "subsample_freq": 1, "colsample_bytree": round(float(rng.uniform(0.4, 1)), 2),
                          "reg_lambda": round(float(10 ** rng.uniform(-2, 1)), 3), "extra_trees": bool(rng.random() < 0.3)}),
            ("xgboost", {"learning_rate": rate, "max_depth": int(rng.integers(3, 10)),
                         "min_child_weight": round(float(10 ** rng.uniform(0, 1.3)), 2),
                         "subsample": round(float(rng.uniform(0.6, 1)), 2),
                         "colsample_bytree": round(float(rng.uniform(0.4, 1)), 2),
                         "reg_lambda": round(float(10 ** rng.uniform(-1, 1)), 3)}),
        ]  # fmt: skip
    for _ in range(2):
        made.append(
            ("catboost", {"learning_rate": round(float(10 ** rng.uniform(-1.4, -0.9)), 3), "depth": int(rng.integers(4, 9)),
                          "l2_leaf_reg": round(float(10 ** rng.uniform(0, 1.3)), 2),
                          "random_strength": round(float(rng.uniform(0.2, 3)), 2), "rsm": round(float(rng.uniform(0.5, 1)), 2)})
        )  # fmt: skip
    paths = {
        "lightgbm": (f"lightgbm.sklearn.LGBM{end}", {"n_estimators": 3000, "verbose": -1}),
        "xgboost": (f"xgboost.sklearn.XGB{end}", {"n_estimators": 3000, "tree_method": "hist", "verbosity": 0}),
        "catboost": (f"catboost.core.CatBoost{end}", {"iterations": 3000, "verbose": False}),
    }
    counts = dict.fromkeys(paths, 0)
    specs = []
    for kind, params in made:
        counts[kind] += 1
        path, base = paths[kind]
        specs.append(_spec(f"{kind}-p{counts[kind]}", "boosting", path, {**base, **params}, "native", True))
    return specs


def _forests(end: str, classify: bool) -> list[Spec]:
    specs = []
    criteria = ("gini", "entropy") if classify else ("squared_error",)
    for kind, name in (("forest", "RandomForest"), ("extra", "ExtraTrees")):
        number = 0
        for criterion in criteria:
            for leaf, features in ((1, "sqrt"), (2, 0.5)):
                number += 1
                params = {"n_estimators": 200, "criterion": criterion, "min_samples_leaf": leaf, "max_features": features}
                specs.append(_spec(f"{kind}-p{number}", "forest", f"sklearn.ensemble.{name}{end}", params, "encoded"))
    return specs


def _networks(end: str) -> list[Spec]:
    made = [
        {"hidden_layer_sizes": [128, 64], "alpha": 1e-3},
        {"hidden_layer_sizes": [256], "alpha": 1e-2},
        {"hidden_layer_sizes": [64, 64], "alpha": 1e-4, "learning_rate_init": 0.003},
        {"hidden_layer_sizes": [256, 256], "alpha": 0.1},
        {"hidden_layer_sizes": [128, 128], "alpha": 1.0, "learning_rate_init": 0.003},
        {"hidden_layer_sizes": [64], "alpha": 0.1, "activation": "tanh", "learning_rate_init": 0.005},
        {"hidden_layer_sizes": [256, 128], "alpha": 1e-2, "batch_size": 64},
    ]
    return [
        _spec(f"neural-p{number}", "neural", f"sklearn.neural_network.MLP{end}", params, LIMITED, True)
        for number, params in enumerate(made, start=1)
    ]


def _others(task: str, classify: bool) -> list[Spec]:
    end = ENDING[task]
    knn = f"sklearn.neighbors.KNeighbors{end}"
    specs = [
        _spec("neighbours-p1", "neighbours", knn, {"n_neighbors": 5, "weights": "distance"}, LIMITED),
        _spec("neighbours-p2", "neighbours", knn, {"n_neighbors": 20, "weights": "distance", "p": 1}, LIMITED),
        _spec("neighbours-p3", "neighbours", knn, {"n_neighbors": 60, "weights": "distance"}, LIMITED),
    ]
    if classify:
        logistic = "sklearn.linear_model.LogisticRegression"
        specs += [
            _spec(f"linear-p{number}", "linear", logistic, {"C": strength, "max_iter": 1000}, "scaled")
            for number, strength in enumerate((0.01, 0.1, 1.0, 10.0), start=1)
        ]
        specs += [
            _spec(f"svm-p{number}", "kernel", "sklearn.svm.SVC", {"C": strength, "probability": True}, LIMITED)
            for number, strength in enumerate((1.0, 10.0), start=1)
        ]
        specs += [
            _spec("lda-p1", "linear", "sklearn.discriminant_analysis.LinearDiscriminantAnalysis",
                  {"solver": "lsqr", "shrinkage": "auto"}, "scaled"),
            _spec("qda-p1", "bayes", "sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis", {"reg_param": 0.1}, "scaled"),
            _spec("bayes-p1", "bayes", "sklearn.naive_bayes.GaussianNB", {}, "scaled"),
        ]  # fmt: skip
    else:
        specs += [
            _spec(f"linear-p{number}", "linear", "sklearn.linear_model.Ridge", {"alpha": strength}, "scaled")
            for number, strength in enumerate((1.0, 30.0), start=1)
        ]
        specs += [
            _spec("linear-p3", "linear", "sklearn.linear_model.LassoCV", {"cv": 4, "n_alphas": 30}, "scaled"),
            _spec("linear-p4", "linear", "sklearn.linear_model.HuberRegressor", {"max_iter": 300}, "scaled"),
            _spec("linear-p5", "linear", "sklearn.linear_model.BayesianRidge", {}, "scaled"),
        ]
        inner = {"C": (1.0, 10.0)}
        specs += [
            _spec(f"svm-p{number}", "kernel", "automl_core.scoring.targets.ScaledSVR", {"C": strength}, LIMITED)
            for number, strength in enumerate(inner["C"], start=1)
        ]
    return specs
