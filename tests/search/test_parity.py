"""Given the same pipeline and the same folds, our scores are PyCaret's: its own `compare_models` is the oracle."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from automl_core.cleaning.preprocessing import build_preprocessor
from automl_core.cleaning.propose import propose_recipe
from automl_core.data.dataset import create_dataset
from automl_core.experiment import Budget
from automl_core.proposals import propose

DATA = os.environ.get("AUTOML_TEST_DATA", "")
pytestmark = [
    pytest.mark.skipif(not DATA, reason="AUTOML_TEST_DATA is not set"),
    pytest.mark.filterwarnings("ignore"),  # PyCaret's and its engines', not ours
]
OURS = {
    "Accuracy": "accuracy",
    "AUC": "roc_auc",
    "Recall": "recall",
    "Prec.": "precision",
    "F1": "f1",
    "Kappa": "cohen_kappa",
    "MCC": "matthews_corrcoef",
    "MAE": "mae",
    "RMSE": "rmse",
    "R2": "r2",
    "MAPE": "mape",
}
"""PyCaret's metrics that are defined as ours. Its RMSLE takes the absolute value of a negative prediction, ours takes 0."""
NOT_AUC = {"qda"}
"""PyCaret ranks by `decision_function` where a model has one, we by the probabilities that the model hands out; those of
quadratic discriminant analysis round to 0 and 1 and tie. The calibrated probabilities of a support vector machine are
another model than its labels (scikit-learn says so), so it is not compared."""
CLASSIFIERS = (
    "lr",
    "knn",
    "nb",
    "dt",
    "svm",
    "ridge",
    "rf",
    "qda",
    "ada",
    "gbc",
    "lda",
    "et",
    "lightgbm",
    "mlp",
    "xgboost",
    "dummy",
)
REGRESSORS = ("lr", "lasso", "ridge", "en", "lar", "llar", "omp", "br", "par", "huber", "knn", "dt", "rf", "et", "ada", "gbr",
              "lightgbm", "xgboost", "dummy")  # fmt: skip


@pytest.mark.parametrize(
    ("name", "target", "rows", "models"),
    [("churn", "Churn", 600, CLASSIFIERS), ("insurance", "charges", 600, REGRESSORS)],
)
def test_scores_equal_those_of_compare_models(name: str, target: str, rows: int, models: tuple[str, ...], tmp_path: Path) -> None:
    from sklearn.model_selection import PredefinedSplit

    from automl_core.engines.pycaret import compare
    from automl_core.search.prepare import prepare
    from automl_core.search.run import run_search

    source = tmp_path / "sample.csv"
    whole = pd.read_csv(Path(DATA) / f"{name}.csv", dtype=str, keep_default_na=False)
    whole.sample(rows, random_state=0).to_csv(source, index=False)
    dataset = create_dataset(tmp_path / "dataset", source, name)
    frame = dataset.frame()
    recipe = propose_recipe(frame, dataset.schema, target)
    tried = tuple(model for model in models if model != "dummy")
    config = replace(
        propose(frame, dataset.schema, target).config, holdout=0.0, folds=3, candidates=tried, budget=Budget(600, len(tried))
    )
    folder = tmp_path / "run"
    board = run_search(
        frame, dataset.schema, recipe, config, folder, emit=lambda event: None, should_stop=lambda: False, started=time.time()
    )
    prepared = prepare(frame, dataset.schema, recipe, config, folder)
    work = prepared.work
    kind = "regression" if config.task == "regression" else "classification"
    table = compare(
        kind,
        work.features.assign(**{target: work.y if kind == "regression" else work.y.astype(int)}),
        target,
        pipeline=build_preprocessor(recipe, work.schema, work.features, task=config.task, seed=config.seed),
        folds=PredefinedSplit(work.division.fold),
        include=list(models),
        seed=config.seed,
    )
    assert len(table) == len(models) >= 15
    compared = [label for label in OURS if label in table]
    assert len(compared) >= 4
    for model in models:
        for label in compared:
            if label == "AUC" and model in NOT_AUC:
                continue
            ours, theirs = board[model].metrics[OURS[label]], table.loc[model, label]
            assert ours == pytest.approx(theirs, rel=1e-6, abs=1e-6), f"{label} of {model}"
