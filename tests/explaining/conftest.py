"""Small models fitted by the search's own code, put together as an export would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from automl_core.cleaning.recipe import Recipe
from automl_core.experiment import ExperimentConfig
from automl_core.schema import Schema
from automl_core.scoring.bundle import Model, from_manifest
from automl_core.scoring.ensemble import Fold, FoldEnsemble, Member
from automl_core.scoring.trusted import load_trusted
from automl_core.search.candidates import Spec
from automl_core.search.prepare import prepare


@pytest.fixture
def fit_model(tmp_path: Path) -> Callable[..., Model]:
    """Return a function that fits one candidate on every fold: fit_model(spec, frame, schema, recipe, config)."""

    def fit(spec: Spec, frame: pd.DataFrame, schema: Schema, recipe: Recipe, config: ExperimentConfig) -> Model:
        config = replace(config, holdout=0.0)
        prepared = prepare(frame, schema, recipe, config, tmp_path)
        folds = []
        for number in range(prepared.work.division.folds):
            prepared.work.fit(spec, number, prepared.work.prepare(number, spec.view), 30.0)

            def stored(path: Path) -> Any:
                return load_trusted(path.read_bytes(), path.name)

            view = stored(tmp_path / "folds" / str(number) / f"{spec.view}.skops")
            estimator = stored(tmp_path / "candidates" / spec.id / f"fold{number}.skops")
            folds.append(Fold({spec.view: view}, [Member(spec.id, spec.view, 1.0, estimator)]))
        manifest = {
            "candidate": spec.id,
            "name": spec.name,
            "task": config.task,
            "target": config.target,
            "classes": list(prepared.classes),
            "positive": config.positive,
            "metric": config.metric,
            "threshold": 0.5,
            "schema": schema.to_dict(),
            "recipe": recipe.to_dict(),
            "used": [name for name in schema.names if name != config.target],
            "lineage": {},
        }
        return from_manifest(manifest, {"columns": {}}, FoldEnsemble(folds, len(prepared.classes)))

    return fit
