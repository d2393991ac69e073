"""Models of a few rows, fitted in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from automl_core.cleaning.apply import apply_stateless
from automl_core.cleaning.preprocessing import build_preprocessor
from automl_core.cleaning.recipe import Recipe, Step
from automl_core.reference import column_statistics
from automl_core.schema import Column, Kind, Schema
from automl_core.scoring.bundle import Model
from automl_core.scoring.ensemble import Fold, FoldEnsemble, Member

METRIC = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}


def fit(
    frame: pd.DataFrame, kinds: dict[str, Kind], estimator: Any, *steps: Step, classes: tuple[str, ...] = (), **other: Any
) -> Model:
    """Fit a model of the column `y` in memory, as one fold of a run would be."""
    schema = Schema(tuple(Column(name, kind) for name, kind in kinds.items()))
    recipe = Recipe(steps)
    task = {0: "regression", 2: "binary"}.get(len(classes), "multiclass")
    cleaned = apply_stateless(frame, schema, recipe, training=True)
    features = cleaned.schema.without(["y"])
    target = cleaned.frame["y"].map({name: code for code, name in enumerate(classes)}) if classes else cleaned.frame["y"]
    preprocessor = build_preprocessor(recipe, features, cleaned.frame[features.names], view="encoded", task=task)
    X = np.asarray(preprocessor.fit_transform(cleaned.frame[features.names], target), dtype=float)
    fold = Fold({"encoded": preprocessor}, [Member("model", "encoded", 1.0, estimator.fit(X, target.to_numpy()))])
    return Model(
        **{
            "candidate": "model",
            "name": "Model",
            "task": task,
            "target": "y",
            "classes": classes,
            "positive": classes[1] if len(classes) == 2 else "",
            "metric": METRIC[task],
            "threshold": 0.5,
            "schema": schema,
            "recipe": recipe,
            "used": tuple(schema.without(["y"]).names),
            "reference": {"format": 1, "rows": 0, "columns": {}, "personal": {}},
            "lineage": {},
            "ensemble": FoldEnsemble([fold], len(classes)),
            **other,
        }
    )


def numbers(columns: int = 4, rows: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(8)
    frame = pd.DataFrame(rng.normal(size=(rows, columns)), columns=[f"c{place}" for place in range(columns)])
    frame["y"] = 3 * frame["c1"]
    return frame


def line(frame: pd.DataFrame, **other: Any) -> Model:
    """A straight line through the numbers of `frame`; its error is nearly zero."""
    from sklearn.linear_model import LinearRegression

    return fit(frame, dict.fromkeys(frame.columns, "number"), LinearRegression(), Step("impute", {}), **other)


def with_reference(model: Model, frame: pd.DataFrame, **personal: str) -> Model:
    """Give a model the statistics of its training rows, as an export has them."""
    from dataclasses import replace

    facts = column_statistics(frame, model.inputs, personal)
    return replace(model, reference={"format": 1, "rows": len(frame), "columns": facts, "personal": personal})
