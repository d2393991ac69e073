"""After the portfolio: new configurations of the best families, proposed from what was scored."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from automl_core.cleaning.variants import LIMITED
from automl_core.engines.optuna import Choice, Range, Sampler, Space
from automl_core.experiment import Task
from automl_core.leaderboard import Leaderboard
from automl_core.search.candidates import Spec
from automl_core.search.racing import exhausted

TUNED = re.compile(r"^(?P<kind>[a-z]+)-t(?P<number>\d+)$")
LONGER = "-longer"
"""End of the id of a candidate that is fitted once more, with more time."""
TURNS = (0, 0, 1, 0, 1, 2)
"""Whose turn it is among the families by rank: the best one gets half of the trials."""
OTHER_DRAWS = 1000
"""Between the seeds of two sessions of a run; more than there are families."""


@dataclass(frozen=True)
class Kind:
    """A family that is tuned: its class, what is fixed, and the space of the rest."""

    name: str
    family: str
    classifier: str
    regressor: str
    view: str
    fixed: dict[str, Any]
    space: Space
    early_stopping: bool = True


KINDS: dict[str, Kind] = {
    "lightgbm": Kind(
        "LightGBM", "boosting", "lightgbm.sklearn.LGBMClassifier", "lightgbm.sklearn.LGBMRegressor", "native",
        {"n_estimators": 3000, "verbose": -1, "subsample_freq": 1},
        {"learning_rate": Range(0.02, 0.15, log=True), "num_leaves": Range(6, 160, log=True, whole=True),
         "min_child_samples": Range(2, 80, log=True, whole=True), "subsample": Range(0.5, 1.0),
         "colsample_bytree": Range(0.3, 1.0), "reg_lambda": Range(1e-3, 20, log=True),
         "extra_trees": Choice((False, True))},
    ),
    "xgboost": Kind(
        "XGBoost", "boosting", "xgboost.sklearn.XGBClassifier", "xgboost.sklearn.XGBRegressor", "native",
        {"n_estimators": 3000, "tree_method": "hist", "verbosity": 0},
        {"learning_rate": Range(0.02, 0.15, log=True), "max_depth": Range(2, 10, whole=True),
         "min_child_weight": Range(0.5, 30, log=True), "subsample": Range(0.5, 1.0), "colsample_bytree": Range(0.3, 1.0),
         "reg_lambda": Range(0.05, 20, log=True), "reg_alpha": Range(1e-3, 5, log=True)},
    ),
    "catboost": Kind(
        "CatBoost", "boosting", "catboost.core.CatBoostClassifier", "catboost.core.CatBoostRegressor", "native",
        {"iterations": 3000, "verbose": False},
        {"learning_rate": Range(0.03, 0.15, log=True), "depth": Range(3, 8, whole=True), "l2_leaf_reg": Range(0.5, 30, log=True),
         "random_strength": Range(0.1, 5, log=True), "rsm": Range(0.4, 1.0)},
    ),
    "neural": Kind(
        "Neural network", "neural", "sklearn.neural_network.MLPClassifier", "sklearn.neural_network.MLPRegressor", LIMITED,
        {},
        {"hidden_layer_sizes": Choice(([64], [128], [256], [64, 64], [128, 64], [128, 128], [256, 128])),
         "alpha": Range(1e-5, 3.0, log=True), "learning_rate_init": Range(3e-4, 1e-2, log=True),
         "activation": Choice(("relu", "tanh"))},
    ),
    "extra": Kind(
        "Extra trees", "forest", "sklearn.ensemble.ExtraTreesClassifier", "sklearn.ensemble.ExtraTreesRegressor", "encoded",
        {"n_estimators": 200},
        {"min_samples_leaf": Range(1, 12, log=True, whole=True), "max_features": Range(0.15, 1.0)}, early_stopping=False,
    ),
    "svm": Kind(
        "Support vectors", "kernel", "sklearn.svm.SVC", "automl_core.scoring.targets.ScaledSVR", LIMITED,
        {}, {"C": Range(0.1, 100, log=True), "gamma": Range(1e-3, 1.0, log=True)}, early_stopping=False,
    ),
    "logistic": Kind(
        "Logistic regression", "linear", "sklearn.linear_model.LogisticRegression", "", "scaled",
        {"max_iter": 1000}, {"C": Range(1e-3, 100, log=True)}, early_stopping=False,
    ),
}  # fmt: skip
"""By the beginning of an id. Ranges are around what the libraries' own guides advise, wide enough to matter."""


class Tuner:
    """Proposes candidates of the best families, each by a sampler of its own that learns from all of the family's scores.

    Parameters
    ----------
    task : Task
    seed : int
    greater_is_better : bool
    asked : int
        What earlier sessions of the run were proposed. Their scores are learned from; numbers count on, and what is random is
        drawn anew, or the first proposals would be made once more.
    """

    def __init__(self, task: Task, seed: int, greater_is_better: bool, asked: int = 0) -> None:
        self.task, self.seed = task, seed + OTHER_DRAWS * asked
        self.sign = 1.0 if greater_is_better else -1.0
        self.asked = asked
        self._samplers: dict[str, Sampler] = {}
        self._learned: set[str] = set()

    def propose(self, board: Leaderboard) -> Spec | None:
        """Return the next candidate, None when no family that can be tuned was scored."""
        ranked = [row for row in board.ranked() if row.state == "scored" and row.role == "model" and row.score is not None]
        kinds: list[str] = []
        for row in ranked:
            kind = kind_of(str(row.spec.get("class_path", "")))
            if kind and kind not in kinds:
                kinds.append(kind)
        kinds.sort(key=lambda kind: exhausted(board, KINDS[kind].family))
        if not kinds:
            return None
        kind = kinds[TURNS[self.asked % len(TURNS)] % len(kinds)]
        sampler = self._samplers.get(kind)
        if sampler is None:
            sampler = self._samplers[kind] = Sampler(KINDS[kind].space, self.seed + list(KINDS).index(kind))
        for row in ranked:
            if kind_of(str(row.spec.get("class_path", ""))) != kind or "objective" in row.params:
                continue  # with another loss, the same parameters would have another score
            if row.id not in self._learned and row.score is not None:
                self._learned.add(row.id)
                if row.id in sampler._asked:
                    sampler.tell(row.id, self.sign * row.score)
                else:
                    sampler.learn({**_defaults(kind), **row.params}, self.sign * row.score)
        for row in board:
            if row.state in ("failed", "skipped", "stopped") and row.id in sampler._asked:
                sampler.tell(row.id, None)
        self.asked += 1
        ident = f"{kind}-t{self.asked}"
        return tuned_spec(kind, self.task, ident, self.asked, _rounded(sampler.ask(ident)))


def is_proposed(spec: Spec) -> bool:
    """Return whether a candidate was proposed in its run, so that nobody else knows its parameters."""
    return number_of(spec.id) > 0 or spec.id.endswith(LONGER)


def number_of(name: str) -> int:
    """Return which proposal of its run an id is of, 0 for another candidate."""
    tuned = TUNED.match(name)
    return int(tuned["number"]) if tuned else 0


def kind_of(class_path: str) -> str:
    """Return which kind a class belongs to, empty for one that is not tuned."""
    return next((name for name, kind in KINDS.items() if class_path in (kind.classifier, kind.regressor) and class_path), "")


def tuned_spec(kind: str, task: Task, ident: str, number: int, params: dict[str, Any]) -> Spec:
    """Return the candidate of one proposal."""
    known = KINDS[kind]
    path = known.regressor if task == "regression" else known.classifier
    more = {"probability": True} if path == "sklearn.svm.SVC" else {}
    return Spec(
        ident, f"{known.name}, tuned {number}", known.family, path, {**known.fixed, **more, **params}, known.view,
        known.early_stopping,
    )  # fmt: skip


def _defaults(kind: str) -> dict[str, Any]:
    """Return what a portfolio's configuration leaves at the library's default, as far as the space has it."""
    known: dict[str, dict[str, Any]] = {
        "lightgbm": {
            "subsample": 1.0,
            "colsample_bytree": 1.0,
            "reg_lambda": 1e-3,
            "min_child_samples": 20,
            "extra_trees": False,
        },
        "xgboost": {"subsample": 1.0, "colsample_bytree": 1.0, "reg_lambda": 1.0, "reg_alpha": 1e-3, "min_child_weight": 1.0},
        "catboost": {"l2_leaf_reg": 3.0, "random_strength": 1.0, "rsm": 1.0},
        "neural": {"alpha": 1e-4, "learning_rate_init": 1e-3, "activation": "relu"},
        "extra": {"min_samples_leaf": 1, "max_features": 1.0},
    }  # fmt: skip
    return known.get(kind, {})


def _rounded(params: dict[str, Any]) -> dict[str, Any]:
    """Return parameters with four significant digits, so that rows can be read."""
    return {name: float(f"{value:.4g}") if isinstance(value, float) else value for name, value in params.items()}
