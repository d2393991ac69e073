"""What PyCaret classic decides, as tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_core.experiment import ExperimentConfig
from automl_core.leaderboard import Candidate
from automl_core.search.candidates import catalogue
from automl_core.search.classic_plan import choose_blend, disagreement, models, plan_tries, tuned_spec

CONFIG = ExperimentConfig("y", "binary", "roc_auc", positive="yes", preset="pycaret")
INFINITE = float("inf")


def test_the_models_are_pycaret_s_turbo_list_with_quick_and_different_ones_first() -> None:
    binary = [spec.id for spec in models(CONFIG)]
    assert binary == ["lr", "lightgbm", "nb", "rf", "et", "knn", "lda", "xgboost", "ridge", "dt", "qda", "svm", "catboost", "ada",
                      "gbc"]  # fmt: skip
    values = [spec.id for spec in models(replace(CONFIG, task="regression", metric="rmse"))]
    assert values[:4] == ["lr", "lightgbm", "ridge", "rf"]
    assert values[-3:] == ["catboost", "ada", "gbr"]
    assert len(values) == 19
    assert [spec.id for spec in models(CONFIG, ("dt", "lr"))] == ["lr", "dt"]


def test_a_tuned_model_has_its_own_name() -> None:
    spec = catalogue("binary")["lr"]
    tuned = tuned_spec(spec, "scikit-learn", {"C": 2.0})
    assert (tuned.id, tuned.name, tuned.params) == ("lr-tuned", "Logistic Regression, tuned", {"C": 2.0})
    assert tuned_spec(spec, "optuna").id == "lr-tuned-optuna"
    assert tuned_spec(spec, "optuna").name == "Logistic Regression, tuned with Optuna"
    assert tuned_spec(spec, "optuna").params == spec.params


@pytest.mark.parametrize(
    ("left", "once", "tries", "reason"),
    [
        (INFINITE, 3.0, 10, "10 tries, PyCaret's own number."),
        (10.0, 1.0, 5, "5 tries fit into 10 s."),
        (1000.0, 1.0, 50, "50 tries fit into 1000 s."),
        (4.0, 1.0, 0, "One try takes about 1.0 s; 2 and the final scoring do not fit into 4 s."),
        (-1.0, 1.0, 0, "One try takes about 1.0 s; 2 and the final scoring do not fit into 0 s."),
    ],
)
def test_tries_follow_from_the_time_left(left: float, once: float, tries: int, reason: str) -> None:
    decision = plan_tries(left, once)
    assert (decision.value, decision.reason) == (tries, reason)


def blended(names: list[str], took: dict[str, float], left: float) -> tuple[tuple[str, ...], str]:
    known = catalogue("binary")
    specs = {**known, **{f"{name}-tuned": tuned_spec(spec, "scikit-learn") for name, spec in known.items()}}
    rows = [Candidate(name, name, "x", state="scored", score=0.9) for name in names]
    decision = choose_blend(rows, specs, took, left, classify=True)
    return decision.value, decision.reason


def test_the_best_five_of_different_kinds_that_give_probabilities_are_blended() -> None:
    names = ["ridge", "lr-tuned", "svm", "lr", "nb", "dt", "lda", "qda", "knn"]
    took = dict.fromkeys(names, 1.0)
    assert blended(names, took, INFINITE) == (("lr-tuned", "nb", "dt", "lda", "qda"), "The best 5 models of different kinds.")
    assert blended(names, took, 3.5)[0] == ("lr-tuned", "nb", "dt")
    assert blended(names, took, 1.0) == ((), "Blending the best two takes about 2 s; 1 s were left.")
    assert blended(["ridge", "lr"], took, 9.0) == ((), "Blending needs two scored models that give probabilities.")
    assert blended(["lr", "nb"], {"lr": 1.0}, 9.0)[0] == ()  # PyCaret has not scored the other


def test_scores_that_differ_by_rounding_agree() -> None:
    assert disagreement([0.5, 100.0], [0.5, 100.00001]) == 0.0
    assert disagreement([0.5, 100.0], [0.6, 100.0]) == pytest.approx(0.1)
    assert disagreement([], []) == 0.0


def test_learned_rows_are_encoded_by_the_other_ones_in_pycaret_too() -> None:
    """PyCaret fits and then transforms; without `fit_transform` a word's own outcome leaked into the rows it learns from."""
    from sklearn.preprocessing import TargetEncoder

    from automl_core.engines.pycaret_session import _Plain

    frame = pd.DataFrame({"c0": [f"word {number % 25}" for number in range(100)]})
    y = pd.Series(np.arange(100) % 2)
    made = _Plain(TargetEncoder(random_state=0), ("town",)).fit(frame, y)
    expected = TargetEncoder(random_state=0).fit_transform(frame.set_axis(["town"], axis=1), y)
    assert made.transform(frame.copy()).to_numpy() == pytest.approx(expected)
    whole = TargetEncoder(random_state=0).fit(frame.set_axis(["town"], axis=1), y).transform(frame.set_axis(["town"], axis=1))
    assert made.transform(frame.iloc[::-1]).to_numpy() == pytest.approx(whole[::-1])
    assert not np.allclose(expected, whole)
