"""Learning the kept rows too: what is asked, that it is refused where it makes no sense, and a real small run of it."""

from __future__ import annotations

import shutil
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl_core.data.dataset import dataset_from_frame
from automl_core.errors import InputError, NotFoundError
from automl_core.events import Event
from automl_core.experiment import Budget, ExperimentConfig, Split
from automl_core.honesty import HeldOut
from automl_core.leaderboard import Leaderboard
from automl_core.relearning import KIND, find, held_out, origin_of, plan
from automl_core.runs import Run, write_request
from automl_core.scoring.bundle import load_model
from automl_core.search.relearn import learn_once, rounds_of
from automl_core.worker import candidates, training
from automl_core.workspace import read_json, write_json
from tests.conftest import CUSTOMERS, RECIPE, MakeRun, customers

CONFIG = ExperimentConfig(
    "outcome",
    "binary",
    "roc_auc",
    "left",
    holdout=0.25,
    folds=3,
    budget=Budget(60, 2),
    candidates=("lr", "lightgbm-own"),
    ignored=("level", "amount"),
    threads=2,
)


def work(run: Run) -> list[Event]:
    """Do a run's job in this process."""
    told: list[Event] = []
    training.train(run, emit=told.append, should_stop=lambda: False, started=time.time())
    return told


def searched(folder: Path, **config: Any) -> Run:
    """Return a finished and judged small search."""
    dataset = dataset_from_frame(folder / "dataset", customers(200), CUSTOMERS, "customers.csv")
    settings = replace(CONFIG, **config)
    params = {"dataset": dataset.id, "fingerprint": dataset.fingerprint, "config": settings.to_dict(), "recipe": RECIPE.to_dict()}
    write_request(folder, "train", params)
    run = Run(folder)
    work(run)
    return run


def again(run: Run, candidate: str, folder: Path) -> Run:
    """Judge a model, then let it learn every row."""
    candidates.evaluate_candidate(run, candidate)
    shutil.copytree(run.path / "dataset", folder / "dataset")
    write_request(folder, KIND, plan(run, candidate))
    work(Run(folder))
    return Run(folder)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """A search with its ensemble, and the run in which that learned every row."""
    root = tmp_path_factory.mktemp("relearn")
    run = searched(root / "first")
    return run, again(run, "ensemble", root / "second")


def test_every_row_is_learned_and_nothing_is_chosen_anew(both: tuple[Run, Run]) -> None:
    first, second = both
    board = second.leaderboard()
    assert [row.id for row in board.ranked() if row.state == "scored"].count("ensemble") == 1
    assert {row.id for row in board} == {"dummy", "lr", "lightgbm-own", "ensemble"} & {
        "dummy",
        "ensemble",
        *first.leaderboard()["ensemble"].members,
    }
    assert board["ensemble"].members == first.leaderboard()["ensemble"].members
    assert board.recommended == "ensemble"
    assert board.recommendation == "The model that was chosen and judged before, now learned from every row."
    with np.load(second.path / "split.npz") as split:
        assert len(split["holdout"]) == 0
        assert len(split["train"]) == 200
    assert load_model(second.path / "model.zip").lineage["rows"] == 200
    assert load_model(first.path / "model.zip").lineage["rows"] == 150


def test_every_part_keeps_exactly_its_parameters(both: tuple[Run, Run]) -> None:
    first, second = both
    for name in first.leaderboard()["ensemble"].members:
        assert second.leaderboard()[name].spec == first.leaderboard()[name].spec
        assert second.leaderboard()[name].spec["class_path"]


def test_its_origin_and_its_verdict_go_with_it(both: tuple[Run, Run]) -> None:
    first, second = both
    verdict = held_out(first, "ensemble")
    assert verdict is not None and verdict.rows == 50
    origin = origin_of(second)
    assert origin is not None
    assert (origin.run, origin.candidate, origin.verdict) == (first.id, "ensemble", verdict)
    assert origin_of(first) is None
    model = load_model(second.path / "model.zip")
    assert model.lineage["judged"] == {
        "run": first.id,
        "candidate": "ensemble",
        "metric": "roc_auc",
        "value": verdict.value,
        "low": verdict.low,
        "high": verdict.high,
        "rows": 50,
    }
    assert model.lineage["config"]["holdout"] == 0
    told = zipfile.ZipFile(second.path / "model.zip").read("README.md").decode()
    assert "A binary model. Out-of-fold, since no rows were kept aside to judge it: roc_auc " in told
    assert (
        f"* It learned every row. The same model, chosen and judged in the run {first.id}, had roc_auc {verdict.value:.4g}"
        in told
    )
    assert find([second.path, first.path], first, first.leaderboard()["ensemble"]) == second
    assert find([first.path], first, first.leaderboard()["ensemble"]) is None


def test_its_own_score_is_out_of_fold(both: tuple[Run, Run]) -> None:
    _, second = both
    found = read_json(candidates.evaluate_candidate(second, "ensemble"))
    assert (found["source"], found["rows"]) == ("out-of-fold", 200)
    assert held_out(second, "ensemble") is None


def test_split_by_time_the_newest_rows_are_learned_as_well(tmp_path: Path) -> None:
    """The last fold never learned the newest block, and it is the one that is exported; booster rounds are kept."""
    run = searched(tmp_path / "first", split=Split("time", "joined"), candidates=("lightgbm-own",), budget=Budget(60, 1))
    second = again(run, "lightgbm-own", tmp_path / "second")
    assert load_model(run.path / "model.zip").lineage["rows"] < 150
    model = load_model(second.path / "model.zip")
    assert model.lineage["rows"] == 200
    assert len(list(model.ensemble.members())) == 1
    from automl_core.scoring.trusted import load_trusted

    files = [second.path / "candidates" / "lightgbm-own" / f"fold{fold}.skops" for fold in (2, 3)]
    last, whole = (load_trusted(file.read_bytes(), file.name) for file in files)
    assert whole.n_estimators == rounds_of(last) == last.best_iteration_ < 3000


def test_a_model_that_was_fitted_once_is_fitted_once_again(tmp_path: Path) -> None:
    """As PyCaret's `finalize_model` leaves it; also when a policy fits the model on newer rows."""
    from automl_core.run_parts import is_refitted, parts_of
    from automl_core.script.write import write_script
    from automl_core.search.candidates import Spec
    from automl_core.search.prepare import prepare
    from automl_core.worker.renewing import _refit

    run = searched(tmp_path / "first", candidates=("lr",), budget=Budget(60, 1))
    row, dataset = run.leaderboard()["lr"], run.dataset()
    assert not is_refitted(run.path, row)
    prepared = prepare(dataset.frame(), dataset.schema, run.recipe, run.config, run.path)
    learn_once(prepared.work, [Spec(**row.spec)], lambda event: None)
    (_, files), *more = parts_of(run.path, row)
    assert is_refitted(run.path, row) and not more and set(files) == {"final/lr.skops", "final/view-encoded.skops"}
    assert sorted(path.name for path in (run.path / "folds").iterdir()) == ["0", "1", "2"]
    assert not list(run.path.glob("candidates/lr/fold3*"))
    with pytest.raises(InputError, match="'Logistic Regression' was fitted once on all learned rows, which this script does not"):
        write_script(run, "lr", 0.5)  # ours fitted it, and not PyCaret
    newer = Run(tmp_path / "newer")
    shutil.copytree(run.path / "dataset", newer.path / "dataset")
    write_request(newer.path, "train", {**run.params, "config": replace(run.config, holdout=0.0).to_dict()})
    assert _refit(run, "lr", newer, lambda event: None, lambda: False) == {"recommended": "lr"}
    model = load_model(newer.path / "model.zip")
    assert (len(model.ensemble.folds), model.lineage["rows"]) == (1, 200)


def test_a_mean_stays_one_and_what_is_more_stays_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: the preset decided, so a classic run's ensemble lost its temperature, and a plain mean of others got one."""
    from automl_core.combining.blend import blend_rows
    from automl_core.combining.rows import join
    from automl_core.search import loop

    run = searched(tmp_path / "first", candidates=("lr", "nb"), preset="pycaret")
    mean = blend_rows(run, ["lr", "nb"])
    warmer = join(run, replace(mean, id="blend-2", temperature=2.0))
    plain: list[bool] = []
    combine = loop.combine
    monkeypatch.setattr(loop, "combine", lambda *given, **more: plain.append(more["plain"]) or combine(*given, **more))
    for row, kept in ((mean, True), (warmer, False)):
        origin = origin_of(again(run, row.id, tmp_path / row.id))
        assert origin is not None and origin.plain is kept
        assert plain.pop() is kept


def test_what_cannot_be_relearned_is_refused(make_run: MakeRun) -> None:
    with pytest.raises(InputError, match="This run learned from every row already"):
        plan(make_run("binary", holdout=0.0), "logistic")
    run = make_run("binary")
    with pytest.raises(InputError, match="has not been judged on the rows that were kept aside"):
        plan(run, "logistic")
    candidates.evaluate_candidate(run, "logistic")
    with pytest.raises(NotFoundError, match="The settings of 'Logistic' were not kept when it was fitted"):
        plan(run, "logistic")


def test_a_part_that_fails_is_said(tmp_path: Path) -> None:
    run = searched(tmp_path / "first", candidates=("lr",), budget=Budget(60, 1))
    candidates.evaluate_candidate(run, "lr")
    params = plan(run, "lr")
    params[KIND]["specs"][0]["params"]["C"] = -1.0
    shutil.copytree(run.path / "dataset", tmp_path / "second" / "dataset")
    write_request(tmp_path / "second", KIND, params)
    with pytest.raises(NotFoundError, match="Logistic Regression could not learn every row: "):
        work(Run(tmp_path / "second"))


def test_a_verdict_by_another_metric_is_none(make_run: MakeRun) -> None:
    run = make_run("binary")
    path = candidates.evaluate_candidate(run, "forest")
    assert isinstance(held_out(run, "forest"), HeldOut)
    found = read_json(path)
    del found["metrics"]["roc_auc"]
    write_json(path, found)
    assert held_out(run, "forest") is None


def test_the_search_keeps_what_it_was_for(both: tuple[Run, Run]) -> None:
    board = Leaderboard.load(both[0].path / "leaderboard.json")
    assert (board.preset, board.fold_ratio) == ("balanced", pytest.approx(0.5, abs=0.01))
