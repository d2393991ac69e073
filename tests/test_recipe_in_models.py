"""One recipe from upload to model: what it makes, leaves out and forbids travels with the model and needs none of our tools."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.batch.predict import predict_file
from automl_core.cleaning.recipe import Recipe, Step
from automl_core.cleaning.rules import Rule, save_rules
from automl_core.errors import InputError
from automl_core.experiment import ExperimentConfig
from automl_core.model import build_model
from automl_core.predicting import predict_row
from automl_core.runs import Run
from automl_core.scoring.bundle import load_model
from automl_core.search.candidates import catalogue
from automl_core.search.prepare import prepare
from tests.conftest import CUSTOMERS, MakeRun, customers

RECIPE = Recipe(
    (
        Step("drop_columns", {"columns": ["key", "mail"]}),
        Step("rename_columns", {"names": {"income": "pay"}}),
        Step("formula", {"name": "ratio", "formula": "pay / (age + 1)"}),
        Step("merge_variants", {"column": "city", "mapping": {"rome": "Rome"}, "method": "fingerprint"}),
        Step("extract_pattern", {"column": "city", "pattern": "^.", "name": "letter"}),
        Step("filter_rows", {"condition": "age < 75"}),
        Step("date_parts", {"columns": ["joined"], "parts": ["month"]}),
        Step("impute", {"indicator": True}),
        Step("encode"),
        Step("isolate_outliers", {"columns": ["pay"], "share": 0.05}),
        Step("polynomial", {"columns": ["age", "ratio"]}),
        Step("scale"),
        Step("collinear"),
        Step("select", {"count": 12}),
    )
)


@pytest.fixture(scope="module")
def run(make_run: MakeRun) -> Run:
    made = make_run("binary", recipe=RECIPE)
    rules = [Rule("range", "age", low=0, high=60, action="aside"), Rule("allowed", "city", values=("London", "Paris", "Rome"))]
    save_rules(made.dataset().folder, [*rules, Rule("filled", "outcome", action="refuse")])
    return made


@pytest.fixture(scope="module")
def bundle(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_model(run.path, "logistic", tmp_path_factory.mktemp("bundle") / "model.zip")


def test_the_uploaded_columns_that_matter_are_asked_for(bundle: Path) -> None:
    assert set(load_model(bundle).used) <= {"age", "income", "city", "member", "joined"}
    assert {"age", "income"} <= set(load_model(bundle).used)


def test_a_model_of_many_steps_needs_none_of_our_tools(bundle: Path, tmp_path: Path) -> None:
    customers(6, seed=5).to_csv(tmp_path / "new.csv", index=False)
    code = (
        "import sys\n"
        "for name in ('lark', 'jellyfish', 'rapidfuzz', 'pandera', 'pyarrow', 'duckdb', 'optuna'): sys.modules[name] = None\n"
        f"sys.path.insert(0, {str(bundle)!r})\n"
        "import pandas, automl_core\n"
        "from automl_core.scoring.bundle import load_model\n"
        f"model = load_model({str(bundle)!r})\n"
        "rows = pandas.read_csv('new.csv', dtype=str)\n"
        "print(model.predict(rows)['probability_left'].round(9).tolist(), automl_core.__file__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=tmp_path,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    expected = load_model(bundle).predict(pd.read_csv(tmp_path / "new.csv", dtype=str))["probability_left"].round(9).tolist()
    assert done.stdout.strip() == f"{expected} {bundle}/automl_core/__init__.py"


def test_rows_set_aside_have_no_prediction_and_steps_say_what_they_did(bundle: Path, tmp_path: Path) -> None:
    frame = customers(20, seed=9)
    frame["age"] = [70.0, 61.0, *([40.0] * 18)]
    frame.loc[2, "city"] = "ROME"
    frame.to_csv(tmp_path / "new.csv", index=False)
    report = predict_file(load_model(bundle), tmp_path / "new.csv", tmp_path / "out.csv")
    assert report.aside == 2
    assert report.sentence == (
        "18 rows predicted. 2 rows are set aside by a rule and without a prediction. 3 rows carry a warning."
    )
    assert list(report.rules) == [
        "2 rows break the rule 'age is at least 0 and at most 60' (70, 61) and are set aside.",
        "1 row breaks the rule 'city is one of London, Paris, Rome' (ROME).",
    ]
    out = pd.read_csv(tmp_path / "out.csv", dtype=str, keep_default_na=False)
    assert out["prediction"].iloc[:2].tolist() == ["", ""] and (out["prediction"].iloc[2:] != "").all()
    assert sum(report.predictions.values()) == 18
    said = {step.title.split(":")[0]: step.sentence for step in report.steps}
    assert said["Merge spelling variants"] == "1 cell changed, 1 new variant known by its key."
    assert said["Keep rows by a condition"] == "Rows to be predicted all stay."
    assert type(report).from_dict(report.to_dict()) == report


def test_one_row_is_told_the_rules_it_breaks(bundle: Path) -> None:
    model = load_model(bundle)
    answer = predict_row(model, {"age": 70, "income": 1000, "city": "Rome", "member": "Yes", "joined": "2020-01-01"})
    assert answer.rules == ("1 row breaks the rule 'age is at least 0 and at most 60' (70) and is set aside.",)


def test_a_table_that_a_rule_refuses_is_not_predicted(run: Run, tmp_path: Path) -> None:
    save_rules(run.dataset().folder, [Rule("filled", "city", action="refuse")])
    model = load_model(build_model(run.path, "logistic", tmp_path / "strict.zip"))
    frame = customers(5)
    frame["city"] = [np.nan, "Rome", "Rome", "Rome", "Rome"]
    frame.to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(InputError, match="1 row breaks the rule 'city is never missing'. The rules of this table refuse that."):
        predict_file(model, tmp_path / "new.csv", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_rows_left_out_of_learning_are_left_out_in_every_fold(tmp_path: Path) -> None:
    frame = customers(240)
    frame.loc[::24, "income"] = 1e9
    step = Step("clip_outliers", {"columns": ["income"], "method": "limits", "high": 1e8, "action": "drop"})
    recipe = Recipe((Step("drop_columns", {"columns": ["key", "mail", "joined"]}), step))
    config = ExperimentConfig("outcome", "binary", "roc_auc", "left", ignored=("level", "amount"), folds=3)
    work = prepare(frame, CUSTOMERS, recipe, config, tmp_path).work
    facts = work.prepare(0, "scaled")
    learned, judged = work._positions(0)
    kept = np.load(tmp_path / "folds" / "0" / "scaled_kept.npy")
    assert kept.tolist() == (work.features["income"].iloc[learned] < 1e8).tolist() and 0 < (~kept).sum() < 12
    spec = next(spec for spec in catalogue("binary").values() if spec.id == "lr")
    spec = type(spec)(**{**spec.__dict__, "view": "scaled"})
    estimator, values, *_ = work.learn(spec, 0, facts, 30.0)
    assert len(values) == len(judged) and np.isfinite(values).all()
    assert estimator.n_features_in_ == facts["columns"]
