"""Thresholds: counts by hand, the best by each metric, and a choice that is in the model everywhere."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.batch.predict import predict_file
from automl_core.errors import FormatError, InputError
from automl_core.evaluation.deciding import Decisions, choose, decisions, rewrite
from automl_core.experiment import Costs, ExperimentConfig
from automl_core.reporting import write_report
from automl_core.runs import Run
from automl_core.scorer import Scorer
from automl_core.scoring.bundle import load_model
from automl_core.threshold import best_thresholds
from automl_core.worker.candidates import bundle, drop_stale, evaluate_candidate, keep_model
from automl_core.worker.judging import decide
from automl_core.workspace import read_json
from tests.conftest import MakeRun, customers

TRUTH = np.array([0.0, 0.0, 1.0, 0.0, 1.0])
EVENT = np.array([0.1, 0.3, 0.4, 0.6, 0.9])
PROBA = np.c_[1 - EVENT, EVENT]


def scorer(**more: object) -> Scorer:
    config = ExperimentConfig("y", "binary", "f1", "yes", **more)  # type: ignore[arg-type]
    return Scorer(config, TRUTH, pd.DataFrame(index=range(5)), ("no", "yes"))


def test_counts_by_hand() -> None:
    table = decisions(scorer(), PROBA)
    assert (len(table.thresholds), table.step, table.events, table.others) == (1001, 0.001, 2, 3)
    at = {threshold: table.at(threshold).table for threshold in (0.0, 0.35, 0.5, 0.6, 1.0)}
    assert at[0.0] == [[0, 3], [0, 2]]
    assert at[0.35] == [[2, 1], [0, 2]]
    assert at[0.5] == [[2, 1], [1, 1]]
    assert at[0.6] == [[3, 0], [1, 1]]  # above, not at
    assert at[1.0] == [[3, 0], [2, 0]]
    assert table.at(0.5).money is None
    assert Decisions.from_dict(table.to_dict()) == table


def test_money_by_hand() -> None:
    table = decisions(scorer(costs=Costs(10, -4, -6, 0, currency="EUR")), PROBA)
    assert (table.at(0.35).money, table.at(0.5).money, table.at(1.0).money) == (16.0, 0.0, -12.0)
    assert table.currency == "EUR"


def test_the_best_by_each_metric() -> None:
    found = {entry.metric: entry for entry in best_thresholds(scorer(costs=Costs(10, -4, -6, 0)), PROBA)}
    assert list(found)[:2] == ["cost", "f1"]  # money, then the run's metric
    assert 0.3 <= found["f1"].threshold < 0.4
    assert (found["f1"].value, found["f1"].half) == (0.8, 0.5)
    assert (found["cost"].value, found["cost"].half) == (3.2, 0.0)


def test_one_half_is_kept_where_it_is_one_of_the_best() -> None:
    event = np.array([0.1, 0.2, 0.8, 0.3, 0.9])
    found = best_thresholds(scorer(), np.c_[1 - event, event])
    assert next(entry for entry in found if entry.metric == "f2").threshold == 0.5


def test_rare_events_get_finer_steps() -> None:
    event = EVENT / 100
    assert decisions(scorer(), np.c_[1 - event, event]).step == 0.0001


@pytest.fixture
def judged(make_run: MakeRun, tmp_path: Path) -> Run:
    run = make_run("binary")
    shutil.copytree(run.path, tmp_path / "run", copy_function=shutil.copy2)
    copied = Run(tmp_path / "run")
    from dataclasses import replace

    board = replace(copied.leaderboard(), recommended="ensemble")
    board.save(copied.path / "leaderboard.json")
    keep_model(copied, "ensemble")
    evaluate_candidate(copied, "ensemble")
    return copied


def test_a_choice_is_in_the_model_and_everywhere_after(judged: Run, tmp_path: Path) -> None:
    before = read_json(judged.evaluation("ensemble"))
    fitted = zipfile.ZipFile(judged.model("ensemble")).read("manifest.json")
    decide(judged, "ensemble", 0.125, "A person chose it.")
    for path in (judged.model("ensemble"), judged.path / "model.zip"):
        loaded = load_model(path)
        assert (loaded.threshold, loaded.manifest["threshold_reason"]) == (0.125, "A person chose it.")
        assert "above 0.125. A person chose it." in zipfile.ZipFile(path).read("README.md").decode()
    assert zipfile.ZipFile(judged.model("ensemble")).read("manifest.json") != fitted
    after = read_json(judged.evaluation("ensemble"))
    assert (after["threshold"], after["threshold_reason"]) == (0.125, "A person chose it.")
    assert after["metrics"]["roc_auc"] == before["metrics"]["roc_auc"]
    assert sum(row[1] for row in after["curves"]["confusion"]) > sum(row[1] for row in before["curves"]["confusion"])
    # the predict page and the command line
    customers(60, seed=3).to_csv(tmp_path / "new.csv", index=False)
    predict_file(load_model(judged.path / "model.zip"), tmp_path / "new.csv", tmp_path / "out.csv")
    out = pd.read_csv(tmp_path / "out.csv")
    assert ((out["probability_left"] > 0.125) == (out["prediction"] == "left")).all()
    # the report
    report = write_report(judged.path, "ensemble", tmp_path / "report.html").read_text(encoding="utf-8")
    assert "is predicted where its probability is above 0.125" in report
    # a model that is packed anew
    judged.model("ensemble").unlink()
    assert load_model(bundle(judged, "ensemble")).threshold == 0.125
    drop_stale(judged)
    assert (judged.judged("ensemble") / "held-out" / "rows.npz").exists()


def test_what_is_no_threshold_is_refused(judged: Run, make_run: MakeRun) -> None:
    with pytest.raises(InputError) as caught:
        choose(judged, "ensemble", 1.5, "")
    assert str(caught.value) == ("The threshold is 1.5. It is a probability, from 0 to 1. Choose another one, such as 0.5.")
    with pytest.raises(InputError, match=r"^Only models of two labels have a threshold\. Leave it as it is\.$"):
        choose(make_run("regression"), "ensemble", 0.5, "")
    other = make_run("multiclass")
    with pytest.raises(InputError, match=r"^Only models of two labels have a threshold\."):
        rewrite(bundle(other, "ensemble"), 0.5, "")
    with pytest.raises(FormatError, match=r"^These thresholds have format 2\."):
        Decisions.from_dict({"format": 2})
