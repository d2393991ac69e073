"""Which models are tried, in which order: PyCaret's catalogue, and our own portfolio of boosters and others."""

from __future__ import annotations

import functools
import importlib
import inspect
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from automl_core.cleaning.variants import LIMITED
from automl_core.errors import InputError
from automl_core.experiment import ExperimentConfig, Task

CATALOGUE = Path(__file__).parent / "catalogue.json"
PORTFOLIO = Path(__file__).parent / "portfolio.json"
"""The ordered configurations of each task; ``benchmarks/portfolio.py`` makes it."""

FAMILIES = {
    "dummy": "baseline",
    "lr": "linear", "ridge": "linear", "svm": "linear", "lda": "linear", "lasso": "linear", "en": "linear",
    "lar": "linear", "llar": "linear", "omp": "linear", "br": "linear", "ard": "linear", "par": "linear",
    "ransac": "linear", "tr": "linear", "huber": "linear",
    "nb": "bayes", "qda": "bayes", "gpc": "kernel", "rbfsvm": "kernel", "kr": "kernel",
    "knn": "neighbours", "mlp": "neural", "dt": "tree", "rf": "forest", "et": "forest",
    "ada": "boosting", "gbc": "boosting", "gbr": "boosting", "xgboost": "boosting", "lightgbm": "boosting",
    "catboost": "boosting",
}  # fmt: skip


@dataclass(frozen=True)
class Spec:
    """One candidate before it is fitted.

    Parameters
    ----------
    id, name, family : str
    class_path : str
        Import path of the estimator.
    params : dict
        Keyword arguments; seeds and threads are added when it is made.
    view : str
    early_stopping : bool
        Whether it stops when rows that it does not learn from are no longer predicted better.
    resampling : str
        What is done to the learned rows of each fold before the fit: a name of `resampling.METHODS`, empty for nothing.
    draw : int
        Which random draw of as many of the learned rows it gets, 0 for the rows themselves.
    """

    id: str
    name: str
    family: str
    class_path: str
    params: dict[str, Any] = field(default_factory=dict)
    view: str = "encoded"
    early_stopping: bool = False
    resampling: str = ""
    draw: int = 0


@functools.cache
def _catalogue() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    return data


@functools.cache
def _portfolio() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(PORTFOLIO.read_text(encoding="utf-8"))
    return data


def catalogue(task: Task) -> dict[str, Spec]:
    """Return PyCaret's models for a task by id, in its order."""
    kind = "regression" if task == "regression" else "classification"
    return {
        row["id"]: Spec(row["id"], row["name"], FAMILIES.get(row["id"], "other"), row["class"], row["args"])
        for row in _catalogue()[kind]["models"]
    }


def _booster(kind: str, task: Task, suffix: str, **params: Any) -> Spec:
    ending = "Regressor" if task == "regression" else "Classifier"
    known: dict[str, tuple[str, str, dict[str, Any]]] = {
        "lightgbm": ("LightGBM", f"lightgbm.sklearn.LGBM{ending}", {"n_estimators": 3000, "verbose": -1}),
        "xgboost": ("XGBoost", f"xgboost.sklearn.XGB{ending}", {"n_estimators": 3000, "tree_method": "hist", "verbosity": 0}),
        "catboost": ("CatBoost", f"catboost.core.CatBoost{ending}", {"iterations": 3000, "verbose": False}),
    }
    name, path, base = known[kind]
    label = f"{name}, early stopping" + (f", {suffix}" if suffix else "")
    ident = f"{kind}-own" + (f"-{suffix.replace(' ', '-')}" if suffix else "")
    return Spec(ident, label, "boosting", path, {**base, **params}, "native", True)


def portfolio(task: Task) -> dict[str, Spec]:
    """Return our own configurations, complementary ones first."""
    classify = task != "regression"
    specs = [
        _booster("lightgbm", task, "", learning_rate=0.05, num_leaves=31, subsample=0.9, subsample_freq=1, colsample_bytree=0.8),
        _booster("catboost", task, "", learning_rate=0.06, depth=6),
        _booster("xgboost", task, "", learning_rate=0.06, max_depth=6, subsample=0.9, colsample_bytree=0.8, min_child_weight=2),
        Spec(
            "forest-own",
            "Random forest, larger leaves",
            "forest",
            f"sklearn.ensemble.RandomForest{'Classifier' if classify else 'Regressor'}",
            {"n_estimators": 300, "min_samples_leaf": 3, "max_features": 0.5},
        ),
        Spec(
            "extra-own",
            "Extra trees, larger forest",
            "forest",
            f"sklearn.ensemble.ExtraTrees{'Classifier' if classify else 'Regressor'}",
            {"n_estimators": 300, "min_samples_leaf": 2, "max_features": 0.7},
        ),
        Spec(
            "neural-own",
            "Neural network, early stopping",
            "neural",
            f"sklearn.neural_network.MLP{'Classifier' if classify else 'Regressor'}",
            {"hidden_layer_sizes": [128, 64], "alpha": 1e-3, "early_stopping": True, "max_iter": 200, "n_iter_no_change": 15},
            LIMITED,
        ),
        Spec(
            "neighbours-own",
            "Neighbours, weighted by distance",
            "neighbours",
            f"sklearn.neighbors.KNeighbors{'Classifier' if classify else 'Regressor'}",
            {"n_neighbors": 15, "weights": "distance", "p": 1},
            LIMITED,
        ),
        Spec(
            "neighbours-near",
            "Few neighbours, weighted by distance",
            "neighbours",
            f"sklearn.neighbors.KNeighbors{'Classifier' if classify else 'Regressor'}",
            {"n_neighbors": 5, "weights": "distance"},
            LIMITED,
        ),
        _booster("lightgbm", task, "slow and wide", learning_rate=0.03, num_leaves=127, min_child_samples=10,
                 subsample=0.9, subsample_freq=1, colsample_bytree=0.6),
        _booster("catboost", task, "deep", learning_rate=0.05, depth=8, l2_leaf_reg=5),
        _booster("lightgbm", task, "random cuts", learning_rate=0.05, num_leaves=63, extra_trees=True, colsample_bytree=0.8),
        _booster("xgboost", task, "shallow", learning_rate=0.05, max_depth=4, subsample=0.8, colsample_bytree=0.6, reg_lambda=3),
    ]  # fmt: skip
    if not classify:
        specs.append(
            _booster("lightgbm", task, "for amounts", objective="tweedie", tweedie_variance_power=1.2, metric="rmse",
                     learning_rate=0.05, num_leaves=31, subsample=0.9, subsample_freq=1, colsample_bytree=0.8)
        )  # fmt: skip
    return {**{spec.id: spec for spec in specs}, **readable(task)}


def readable(task: Task) -> dict[str, Spec]:
    """Return our own configurations that can be read as a whole.

    The boosting takes 0.5 to 1 s for 1,000 rows of 10 columns, with the package's own settings 12 to 18 s: pairs of columns
    are cut into 16 intervals instead of 64, four samples are averaged instead of 14, and five pairs are kept. A thousand
    rounds are what 1,000 rows need; without that end a table of 100 rows and little noise took 14 s.
    """
    ending = "Regressor" if task == "regression" else "Classifier"
    specs = [
        Spec(
            "ebm",
            "Explainable boosting",
            "additive",
            f"interpret.glassbox.ExplainableBoosting{ending}",
            {"outer_bags": 4, "interactions": 5, "max_bins": 256, "max_interaction_bins": 16, "learning_rate": 0.04,
             "early_stopping_rounds": 50, "max_rounds": 1000},
            "native",
            True,
        ),
        Spec(
            "tree-small",
            "Small tree",
            "tree",
            f"sklearn.tree.DecisionTree{ending}",
            {"max_depth": 4, "max_leaf_nodes": 16, "min_samples_leaf": 5},
            "scaled",
        ),
    ]  # fmt: skip
    ordered = [Spec(**row) for row in _portfolio()[task]]
    return {spec.id: spec for spec in [*specs, *ordered]}


EXPLAINABLE = ("lr", "ebm", "tree-small", "ridge", "lda", "lasso", "en", "br", "omp", "huber")
LARGE = (
    "lr", "lightgbm-own-slow-and-wide", "xgboost-own", "neighbours-p3", "neighbours-p1", "lightgbm-own", "extra-p2",
    "catboost-own",
)  # fmt: skip
"""First on tables of `LARGE_ROWS` and more: boosters of many leaves, which win there more often than not (Grinsztajn and others,
2022; McElfresh and others, 2023) and show by their first folds whether slower families have anything to add. Between them stand
the cheap and the different, which gain most together with them and would else come too late."""
LARGE_ROWS = 4_000
AMOUNTS = "lightgbm-own-for-amounts"
"""Of amounts and counts, errors grow with the size; a Tweedie loss knows that (Jorgensen, 1987; Zhou, Qian and Yang, 2018), and
errs elsewhere than the boosters of squared errors: the mean of both was better on each of 14 tables without negative values, by
0.1 to 4.5 % (`benchmarks/amounts.py`)."""
MANY = (
    "lr", "neighbours-near", "svm-p1", "neural-p2", "extra-p2", "lda-p1", "qda-p1", "neighbours-p3", "bayes-p1", "lightgbm-p3",
)  # fmt: skip
"""First on smaller tables with `MANY_LABELS` and more: a booster grows trees for each label, so one takes the time of all the
families whose fits hardly mind how many labels there are, and which err elsewhere."""
MANY_LABELS = 8
FAST = ("lr", "ridge", "lda", "nb", "dt", "lightgbm-own", "lasso", "br", "mlp", "xgboost-own-shallow", "catboost-own")
QUICK = ("lr", "nb", "ridge", "lightgbm-own", "rf", "et", "xgboost-own")


def choose(config: ExperimentConfig, rows: int = 0, n_classes: int = 0) -> list[Spec]:
    """Return the candidates of a run in the order in which they are tried; `rows` are learned from.

    Raises
    ------
    InputError
        When a named candidate does not exist.
    """
    known = {**catalogue(config.task), **portfolio(config.task)}
    if config.candidates:
        for name in config.candidates:
            if name not in known:
                raise InputError(
                    f"There is no model {name!r} for a {config.task} task.",
                    f"There are {', '.join(known)}.",
                    "Choose from these.",
                )
        return [known[name] for name in config.candidates]
    order: tuple[str, ...] = ("lr", *(row["id"] for row in _portfolio()[config.task]))
    if config.preset == "explainable":
        order = EXPLAINABLE
    elif config.preset == "fast":
        order = FAST
    elif config.preset == "quick":
        order = QUICK
    elif config.preset == "pycaret":
        order = tuple(row["id"] for row in entries(config.task) if row["turbo"] and row["id"] != "dummy")
    elif rows >= LARGE_ROWS:
        order = (*LARGE, *order)
    elif n_classes >= MANY_LABELS:
        order = (*MANY, *order)
    if config.preset == "best":
        order = (*order, *(name for name in known if name not in order and name != "dummy"))
    chosen: dict[str, Spec] = {}
    for name in order:
        if name in known:  # and not under another name before
            chosen.setdefault(f"{known[name].class_path} {sorted(known[name].params.items())}", known[name])
    return list(chosen.values())


def entries(task: Task) -> list[dict[str, Any]]:
    """Return what PyCaret says of each of its models for a task: class, arguments, tuning grid and distributions."""
    rows: list[dict[str, Any]] = _catalogue()["regression" if task == "regression" else "classification"]["models"]
    return rows


def baseline(task: Task) -> Spec:
    """Return the model that ignores the columns."""
    return catalogue(task)["dummy"]


def arguments_of(spec: Spec, *, seed: int, threads: int) -> dict[str, Any]:
    """Return what a candidate's class is called with: its parameters, its seed and its threads, by their names in it."""
    module, _, name = spec.class_path.rpartition(".")
    params = {key: tuple(value) if key == "hidden_layer_sizes" else value for key, value in spec.params.items()}
    if isinstance(inner := params.get("estimator"), dict):  # a model that is made of another one
        params["estimator"] = make_estimator(Spec("", "", "", **inner), seed=seed, threads=threads)
    if module.startswith("catboost"):
        # CatBoost writes a folder into the current directory unless told not to.
        return {**params, "random_seed": seed, "thread_count": threads, "allow_writing_files": False}
    if module.startswith("lightgbm"):
        params.setdefault("verbose", -1)  # each tree that cannot be split would be a line on the screen
    cls = getattr(importlib.import_module(module), name)
    known = set(inspect.signature(cls.__init__).parameters) | set(cls().get_params())
    for key, value in (("random_state", seed), ("n_jobs", threads)):
        if key in known and key not in params:
            params[key] = value
    return params


def make_estimator(spec: Spec, *, seed: int, threads: int) -> Any:
    """Instantiate a candidate with its seed and its threads."""
    module, _, name = spec.class_path.rpartition(".")
    return getattr(importlib.import_module(module), name)(**arguments_of(spec, seed=seed, threads=threads))
