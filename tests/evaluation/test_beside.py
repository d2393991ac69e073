"""Two models of a run on the same rows: whose difference is more than chance, in words; rows that only one saw are left out."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from automl_core.errors import InputError, NotFoundError
from automl_core.evaluation import bootstrap
from automl_core.evaluation.beside import Difference, differences, verdict
from automl_core.evaluation.evaluate import Evaluation
from automl_core.evaluation.judged import Judged, kept_resamples
from automl_core.runs import Run
from automl_core.worker.candidates import evaluate_candidate
from automl_core.workspace import read_json
from tests.conftest import MakeRun


@pytest.mark.parametrize(
    ("low", "high", "greater", "outcome", "begins"),
    [
        (0.01, 0.05, True, "better", "Forest is better beyond chance."),
        (0.01, 0.05, False, "worse", "Ridge is better beyond chance."),
        (-0.05, -0.01, False, "better", "Forest is better beyond chance."),
        (-0.01, 0.05, True, "level", "The two cannot be told apart: the difference is within chance."),
        (None, None, True, "", "Score of Forest minus that of Ridge: +0.02."),
    ],
)
def test_who_is_better_is_said(low: float | None, high: float | None, greater: bool, outcome: str, begins: str) -> None:
    found = Difference("score", "Score", 0.02, low, high, greater)
    assert found.outcome == outcome
    assert verdict(found, "Forest", "Ridge").startswith(begins)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_what_was_kept_while_judging_gives_the_same_difference_at_once(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    """Regression: the first look at two models resampled all rows for both again, while the person waited."""
    run = make_run(task)
    names = ("ridge", "forest") if task == "regression" else ("logistic", "forest")
    told = tuple(Evaluation.from_dict(read_json(evaluate_candidate(run, name))) for name in names)
    with monkeypatch.context() as patch:
        patch.setattr(bootstrap, "_draw", lambda *args: pytest.fail("Rows were resampled again."))
        kept = differences(run, *names, "held-out", told)
    for name in names:
        (run.judged(name) / "held-out" / "resamples.npz").unlink()
    assert differences(run, *names, "held-out", told) == kept
    assert any(entry.low is not None for entry in kept)


def test_resamples_that_another_version_drew_are_not_set_against_new_ones(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run("binary")
    monkeypatch.setattr("automl_core.evaluation.judged.RESAMPLING", 0)
    evaluate_candidate(run, "logistic")
    folder = run.judged("logistic") / "held-out"
    assert kept_resamples(folder) is not None
    monkeypatch.undo()
    assert kept_resamples(folder) is None
    with np.load(folder / "resamples.npz") as data:
        older = {name: data[name] for name in data.files if name != "format"}
    np.savez(folder / "resamples.npz", **older)
    assert kept_resamples(folder) is None


def test_the_difference_is_that_of_the_scores(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run("regression")
    told = tuple(Evaluation.from_dict(read_json(evaluate_candidate(run, name))) for name in ("ridge", "forest"))
    found = {entry.metric: entry for entry in differences(run, "ridge", "forest", "held-out", told)}
    assert next(iter(found)) == "rmse" and set(found) == set(told[0].metrics)
    for name, entry in found.items():
        assert entry.value == pytest.approx(told[0].metrics[name].value - told[1].metrics[name].value)
    rmse = found["rmse"]
    assert rmse.low < rmse.value < rmse.high and rmse.words == f"{rmse.value:+.3g} ({rmse.low:+.3g} to {rmse.high:+.3g})"
    with pytest.raises(NotFoundError, match="These rows were not judged yet"):
        differences(run, "ridge", "forest", "out-of-fold", told)
    other = Run(tmp_path / "other")
    shutil.copytree(run.path, other.path)
    folder = other.judged("forest") / "held-out"
    judged = Judged.load(folder)
    Judged(judged.truth, judged.values, judged.rows + 10_000).save(folder)
    with pytest.raises(InputError, match="No row was judged by both models"):
        differences(other, "ridge", "forest", "held-out", told)
    Judged(judged.truth[5:], judged.values[5:], judged.rows[5:]).save(folder)
    some = {entry.metric: entry for entry in differences(other, "ridge", "forest", "held-out", told)}
    both = [Judged.load(other.judged(name) / "held-out") for name in ("ridge", "forest")]
    errors = [np.sqrt(np.mean((part.truth[-len(both[1]) :] - part.values[-len(both[1]) :]) ** 2)) for part in both]
    assert some["rmse"].value == pytest.approx(errors[0] - errors[1])
