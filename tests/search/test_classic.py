"""PyCaret classic on a small table: PyCaret's own functions, live, and what they leave."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning.recipe import Recipe, Step
from automl_core.data.dataset import dataset_from_frame
from automl_core.errors import EngineError
from automl_core.events import CandidateScored, Event, Message, Progress
from automl_core.experiment import Budget, ExperimentConfig, Split
from automl_core.leaderboard import Leaderboard
from automl_core.metrics import score
from automl_core.model import build_model
from automl_core.run_parts import out_of_fold
from automl_core.runs import write_request
from automl_core.schema import Column, Schema
from automl_core.scoring.bundle import load_model
from automl_core.search import classic, classic_course, classic_plan
from automl_core.search.prepare import prepare
from automl_core.search.supply import words_at_the_end
from tests.search.conftest import CONFIG, RECIPE, SCHEMA, make_people

pytestmark = pytest.mark.filterwarnings("ignore")  # PyCaret's and its engines', not ours
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Import PyCaret once here, so that no run of this file has to (nothing is computed before the forks); tune briefly."""
    from automl_core.engines.pycaret import experiment_class

    experiment_class("classification")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classic_plan, "USUAL_TRIES", 3)
        yield


def run(
    folder: Path,
    frame: pd.DataFrame,
    recipe: Any,
    config: ExperimentConfig,
    ids: tuple[str, ...],
    *,
    schema: Schema = SCHEMA,
    emit: Callable[[Event], None] = lambda event: None,
    should_stop: Callable[[], bool] = lambda: False,
    given_more: bool = False,
) -> Leaderboard:
    started = time.time()
    prepared = prepare(frame, schema, recipe, config, folder)
    return classic.ClassicLoop(
        prepared, emit=emit, should_stop=should_stop, started=started, ids=ids, given_more=given_more
    ).run()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Leaderboard, list[Event]]]:
    """A whole run of four models, one of which PyCaret cannot fit; two are tuned."""
    from automl_core.engines.pycaret_session import Session

    folder = tmp_path_factory.mktemp("classic") / "run"
    config = replace(CONFIG, preset="pycaret", budget=Budget(60, 6))
    create = Session.create

    def create_all_but_trees(session: Session, model: str) -> dict[str, list[float]]:
        if model == "dt":
            raise ValueError("trees are ill today")
        return create(session, model)

    events: list[Event] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "create", create_all_but_trees)
        patch.setattr(classic_course, "can_use_optuna", lambda: False)
        dataset = dataset_from_frame(folder / "dataset", make_people(), SCHEMA, "people.csv")
        write_request(folder, "train", {"dataset": dataset.id, "config": config.to_dict(), "recipe": RECIPE.to_dict()})
        board = run(folder, dataset.frame(), RECIPE, config, ("lr", "nb", "ridge", "dt"), emit=events.append)
    return folder, board, events


Made = tuple[Path, Leaderboard, list[Event]]


def rows_of(events: list[Event], name: str) -> list[dict[str, Any]]:
    return [event.candidate for event in events if isinstance(event, CandidateScored) and event.candidate["id"] == name]


def test_every_model_is_a_row_with_a_name_that_says_what_happened(made: Made) -> None:
    _, board, _ = made
    rows = {row.id: row for row in board}
    tuned = [name for name in rows if name.endswith("-tuned")]
    assert set(rows) == {"dummy", "lr", "nb", "ridge", "dt", "blend", *tuned}
    assert len(tuned) == 2
    assert rows["dummy"].role == "baseline"
    assert {rows[name].name for name in tuned} == {f"{rows[name.removesuffix('-tuned')].name}, tuned" for name in tuned}
    assert all(rows[name].params != rows[name.removesuffix("-tuned")].params for name in tuned)
    assert (rows["blend"].name, rows["blend"].role, rows["blend"].family) == ("Blend of 2", "ensemble", "ensemble")
    assert all(row.state == "scored" and len(row.fold_scores) == 3 for name, row in rows.items() if name != "dt")
    assert Leaderboard.load(made[0] / "leaderboard.json") == board


def test_a_model_that_pycaret_cannot_fit_keeps_its_row_with_the_reason(made: Made) -> None:
    row = made[1]["dt"]
    assert (row.state, row.reason) == ("failed", "ValueError: trees are ill today")
    assert row.suggestion == "The other models do not depend on it."


def test_rows_appear_one_after_the_other_and_words_say_what_is_done(made: Made) -> None:
    _, _, events = made
    assert rows_of(events, "lr")[0]["state"] == "running"
    scored = [event.candidate["id"] for event in events if isinstance(event, CandidateScored) and event.candidate["score"]]
    first = {name: scored.index(name) for name in ("dummy", "lr", "nb", "blend")}
    assert first["dummy"] < first["nb"] < first["blend"]
    assert first["lr"] < first["nb"]
    said = [event.text for event in events if isinstance(event, Message)]
    assert "Starting PyCaret; until it is ready its models are fitted and scored on the same folds." in said
    assert not [text for text in said if "shows PyCaret's" in text]
    doing = {event.doing for event in events if isinstance(event, Progress)}
    assert any(text.startswith("PyCaret tunes ") and text.endswith(", 3 tries") for text in doing)


def test_pycaret_s_scores_stand_in_the_rows_and_are_ours(made: Made) -> None:
    folder, board, _ = made
    with np.load(folder / "split.npz") as split:
        train, fold = split["train"], split["fold"]
    truth = (make_people()["bought"] == "yes").to_numpy().astype(int)[train]
    for row in board:
        if row.state != "scored" or row.role == "baseline":
            continue
        told = json.loads((folder / "candidates" / row.id / "pycaret.json").read_text())
        assert list(row.fold_scores) == told["scores"]["AUC"]
        values, _ = out_of_fold(folder, row)
        ours = [score("roc_auc", truth[fold == k], values[fold == k]) for k in range(3)]
        assert ours == pytest.approx(list(row.fold_scores), abs=1e-6), row.id
        assert row.metrics["roc_auc"] == row.score == pytest.approx(np.mean(row.fold_scores))


def test_the_blend_is_the_soft_vote_of_its_members(made: Made) -> None:
    """PyCaret's score of its VotingClassifier is that of the mean (above); and so is the fitted VotingClassifier."""
    from sklearn.ensemble import VotingClassifier

    from automl_core.search.candidates import Spec, make_estimator

    folder, board, _ = made
    members = board["blend"].members
    assert list(members.values()) == [0.5, 0.5]
    assert not {"ridge", "ridge-tuned"} & set(members)  # it gives no probabilities
    specs = {name: Spec(**json.loads((folder / "candidates" / name / "pycaret.json").read_text())["spec"]) for name in members}
    X, V = (np.load(folder / "folds" / "0" / f"encoded_{part}.npy") for part in ("learn", "judge"))
    with np.load(folder / "split.npz") as split:
        train, fold = split["train"], split["fold"]
    y = (make_people()["bought"] == "yes").to_numpy().astype(int)[train]
    voting = VotingClassifier([(name, make_estimator(spec, seed=0, threads=1)) for name, spec in specs.items()], voting="soft")
    mean = np.mean([np.load(folder / "candidates" / name / "fold0.npy") for name in members], axis=0)
    assert voting.fit(X, y[fold != 0]).predict_proba(V) == pytest.approx(mean, abs=1e-12)


def test_the_recommended_model_is_refitted_on_all_learned_rows_and_says_so(made: Made, tmp_path: Path) -> None:
    from automl_core.scoring.trusted import load_trusted

    folder, board, _ = made
    said = "Refitted on all learned rows by finalize_model; that is what is exported."
    row = board[board.recommended]
    assert row.reason == said
    assert board.recommendation.endswith(said)
    model = load_model(build_model(folder, row.id, tmp_path / "model.zip"))
    assert len(model.ensemble.folds) == 1
    # the same by hand: the preprocessor and the estimators, fitted on all learned rows
    with np.load(folder / "split.npz") as split:
        train = split["train"]
    frame = make_people()
    features = frame[["age", "town"]]
    fitted = load_trusted((folder / "final" / "encoded.skops").read_bytes(), "final")
    expected = np.zeros((len(frame), 2))
    members = row.members or {row.id: 1.0}
    for name, weight in members.items():
        kept = load_trusted((folder / "candidates" / name / "final.skops").read_bytes(), name)
        X = np.asarray(fitted.transform(features), dtype=float)
        again = type(kept)(**kept.get_params()).fit(X[train], (frame["bought"] == "yes").to_numpy().astype(int)[train])
        expected += weight * again.predict_proba(X)
    assert model.predict_values(features.astype(object)) == pytest.approx(expected, abs=1e-9)
    # a model that was not refitted is exported as the mean of its fold models
    other = next(name for name in ("lr", "nb", "ridge") if name not in members)
    assert len(load_model(build_model(folder, other, tmp_path / "other.zip")).ensemble.folds) == 3


def test_a_judged_model_can_learn_every_row(made: Made, tmp_path: Path) -> None:
    """Regression: its settings were not kept, so the page's button always failed; and it is refitted once, as it was judged."""
    from automl_core.relearning import KIND, origin_of, plan
    from automl_core.runs import Run
    from automl_core.scoring.trusted import load_trusted
    from automl_core.worker import candidates, training

    first, second = Run(tmp_path / "first"), Run(tmp_path / "second")
    shutil.copytree(made[0], first.path)
    judged = made[1][made[1].recommended]
    candidates.evaluate_candidate(first, judged.id)
    params = plan(first, judged.id)
    shutil.copytree(first.path / "dataset", second.path / "dataset")
    write_request(second.path, KIND, params)
    training.train(second, emit=lambda event: None, should_stop=lambda: False, started=time.time())
    board, origin = second.leaderboard(), origin_of(second)
    chosen = board[board.recommended]
    assert origin is not None and origin.refitted
    assert (chosen.name, chosen.temperature) == (judged.name, 1.0)
    assert chosen.reason == "Fitted once on every row, as the judged model was on those it learned from."
    members = judged.members or {judged.id: 1.0}
    assert not chosen.members or chosen.members == members
    assert {name: board[name].params for name in members} == {name: made[1][name].params for name in members}
    # the same by hand: the estimators with their parameters, fitted on all 150 rows
    model, frame = load_model(second.path / "model.zip"), make_people()
    assert (len(model.ensemble.folds), model.lineage["rows"]) == (1, 150)
    fitted = load_trusted((second.path / "final" / "encoded.skops").read_bytes(), "final")
    X = np.asarray(fitted.transform(frame[["age", "town"]]), dtype=float)
    assert X[:, 0].mean() == pytest.approx(0.0, abs=1e-9)  # put on one scale by every row
    expected = np.zeros((len(frame), 2))
    for name, weight in members.items():
        kept = load_trusted((second.path / "candidates" / name / "final.skops").read_bytes(), name)
        again = type(kept)(**kept.get_params()).fit(X, (frame["bought"] == "yes").to_numpy().astype(int))
        expected += weight * again.predict_proba(X)
    assert model.predict_values(frame[["age", "town"]].astype(object)) == pytest.approx(expected, abs=1e-9)
    assert sorted(path.name for path in (second.path / "folds").iterdir()) == ["0", "1", "2"]


def test_a_row_keeps_all_that_fits_it_again(made: Made, tmp_path: Path) -> None:
    """Regression: no row of this preset could be tuned, written as a script, or have a learning curve."""
    from automl_core.evaluation.learning import member_of
    from automl_core.runs import Run
    from automl_core.script.write import write_script
    from automl_core.tuning.run import space_of_row

    folder, board, _ = made
    members = board[board.recommended].members or {board.recommended: 1.0}
    other = next(name for name in ("lr", "nb", "ridge") if name not in members)
    assert board[other].spec["class_path"].startswith("sklearn.")
    assert list(space_of_row("binary", board[other]))
    assert member_of(Run(folder), board["blend"]).id in board["blend"].members
    assert "def learn_" in write_script(Run(folder), other, 0.5).text
    assert board["blend"].spec == {}


def test_what_is_exported_predicts_without_pycaret(made: Made, tmp_path: Path) -> None:
    folder, board, _ = made
    path = build_model(folder, board.recommended, tmp_path / "model.zip")
    code = (
        "import sys, pandas\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('pycaret', 'mlflow', 'optuna', 'streamlit'):\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
        "from automl_core.scoring.bundle import load_model\n"
        f"model = load_model({str(path)!r})\n"
        "frame = pandas.DataFrame({'age': ['70', '20'], 'town': ['Ulm', 'Bonn']})\n"
        "print(model.predict_values(frame)[:, 1].round(2).tolist(), 'pycaret' in sys.modules)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    values, loaded = answer.stdout.strip().rsplit(" ", 1)
    old, young = json.loads(values)
    assert loaded == "False"
    assert old > 0.8 > 0.2 > young


def test_a_run_that_goes_on_fits_nothing_twice(made: Made, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(made[0], folder)
    shutil.rmtree(folder / "candidates" / "nb")  # as if it had been cut before this one
    found = {**made[1]["ridge"].to_dict(), "id": "ridge-tuned-1", "name": "Ridge, tuned 1"}  # by a study, after the search
    (folder / "candidates" / "ridge-tuned-1").mkdir()
    (folder / "candidates" / "ridge-tuned-1" / "candidate.json").write_text(json.dumps(found))
    (folder / "candidates" / "ridge-tuned-1" / "spec.json").write_text(
        json.dumps({"format": 1, **found["spec"], "id": "ridge-tuned-1"})
    )
    before = (folder / "fits.log").read_text().splitlines()
    events: list[Event] = []
    config = replace(CONFIG, preset="pycaret", budget=Budget(60, 6))
    board = run(folder, make_people(), RECIPE, config, ("lr", "nb", "ridge"), emit=events.append)
    new = (folder / "fits.log").read_text().splitlines()[len(before) :]
    assert {line.split()[0] for line in new if "-tuned" not in line} == {"nb"}
    said = [event.text for event in events if isinstance(event, Message)]
    assert said[0] == "Going on with 5 models that were scored before."
    assert board["lr"].at_seconds == made[1]["lr"].at_seconds
    assert board["nb"].fold_scores == made[1]["nb"].fold_scores
    assert board["blend"].state == "scored"
    assert board["ridge-tuned-1"].fold_scores == made[1]["ridge"].fold_scores


def test_more_models_are_the_next_ones_tuned_and_then_it_says_that_none_is_left(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classic_course, "can_use_optuna", lambda: False)
    folder = tmp_path / "run"
    shutil.copytree(made[0], folder)
    config = replace(CONFIG, preset="pycaret", budget=Budget(60, 8))
    events: list[Event] = []
    board = run(folder, make_people(), RECIPE, config, ("lr", "nb", "ridge"), emit=events.append, given_more=True)
    scored = {row.id for row in board if row.state == "scored"}
    assert {"lr-tuned", "nb-tuned", "ridge-tuned"} <= scored, "two were tuned before"
    said = [event.text for event in events if isinstance(event, Message)]
    assert said[-1] == words_at_the_end(config, 2, fitted=True)
    assert said[-1].startswith("All that PyCaret fits, tunes and blends has been tried")


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks(task: str, tmp_path: Path) -> None:
    frame = make_people()
    schema = SCHEMA
    metric = "log_loss"
    if task == "regression":
        frame["bought"] = 2 * frame["age"].fillna(30) + 10 * (frame["town"] == "Ulm")
        schema = Schema((*SCHEMA.columns[:2], Column("bought", "number")))
        metric = "rmse"
    else:
        frame.loc[frame["age"] > 65, "bought"] = "often"
        schema = Schema((*SCHEMA.columns[:2], Column("bought", "category")))
    config = replace(CONFIG, preset="pycaret", task=task, metric=metric, positive="", budget=Budget(60, 3))
    said: list[Event] = []
    board = run(tmp_path, frame, RECIPE, config, ("lr", "dt"), schema=schema, emit=said.append)
    rows = {row.id: row for row in board}
    assert all(row.state == "scored" for row in board)
    assert set(rows) >= {"dummy", "lr", "dt", "blend"}
    assert len([name for name in rows if name.endswith("-tuned")]) == 1
    texts = [event.text for event in said if isinstance(event, Message)]
    assert not [text for text in texts if "shows PyCaret's" in text]
    assert ("PyCaret cannot tune for Log loss here: it looks for the best Accuracy." in texts) == (task == "multiclass")
    table = json.loads((tmp_path / "candidates" / "blend" / "pycaret.json").read_text())["scores"]
    ours = {"R2": "r2", "MAE": "mae", "RMSE": "rmse"} if task == "regression" else {"Accuracy": "accuracy", "F1": "f1"}
    for theirs, name in ours.items():
        assert rows["blend"].metrics[name] == pytest.approx(np.mean(table[theirs]), rel=1e-6), name


def test_counted_in_models_it_gives_the_same_again_whatever_the_threads(tmp_path: Path) -> None:
    boards = []
    for threads in (1, 2):
        config = replace(CONFIG, preset="pycaret", budget=Budget(60, 3), seed=3, threads=threads)
        boards.append(run(tmp_path / str(threads), make_people(), RECIPE, config, ("lr", "dt")))
    kept = attrgetter("state", "params", "fold_scores", "score", "metrics", "members")
    one, two = ({row.id: kept(row) for row in board} for board in boards)
    assert one == two
    assert {"lr", "dt", "blend"} <= set(one) and any(name.endswith("-tuned") for name in one)
    assert boards[0].recommended == boards[1].recommended


def test_stop_ends_it_within_two_seconds_with_what_is_scored(tmp_path: Path) -> None:
    pressed: list[float] = []

    def listen(event: Event) -> None:
        scored = isinstance(event, CandidateScored) and event.candidate["id"] == "lr" and event.candidate["state"] == "scored"
        if scored and not pressed:
            pressed.append(time.time())

    config = replace(CONFIG, preset="pycaret", budget=Budget(600))
    board = run(tmp_path, make_people(), RECIPE, config, (), emit=listen, should_stop=lambda: bool(pressed))
    assert time.time() - pressed[0] < 2
    assert board.recommended == "lr"
    assert board.recommendation.endswith("what is exported is the mean of the models of the folds.")
    left = [row for row in board if row.state == "stopped"]
    assert all(row.reason == "You stopped the run before it was done." for row in left)


def test_the_budget_is_kept_and_what_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from automl_core.engines.pycaret_session import Session

    def hang(session: Session, model: str) -> dict[str, list[float]]:
        time.sleep(600)
        return {}

    monkeypatch.setattr(Session, "create", hang)
    events: list[Event] = []
    config = replace(CONFIG, preset="pycaret", budget=Budget(8))
    started = time.time()
    board = run(tmp_path, make_people(), RECIPE, config, ("lr", "nb"), emit=events.append)
    assert time.time() - started < 10
    assert board.recommended in ("lr", "nb")
    assert board["lr"].state == "scored"
    said = [event.text for event in events if isinstance(event, Message)]
    assert said[-1] == (
        "PyCaret was not done in time with Logistic Regression, Naive Bayes: these scores are ours, on the same folds."
    )


def test_without_pycaret_its_models_are_fitted_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(work: Any) -> None:
        raise EngineError("PyCaret could not be imported: no module.")

    monkeypatch.setattr(classic, "begin", refuse)
    events: list[Event] = []
    config = replace(CONFIG, preset="pycaret", budget=Budget(60))
    board = run(tmp_path, make_people(), RECIPE, config, ("lr", "nb"), emit=events.append)
    assert {row.id: row.state for row in board} == {"dummy": "scored", "lr": "scored", "nb": "scored"}
    warning = next(event for event in events if isinstance(event, Message) and event.level == "warning")
    assert warning.text == (
        "PyCaret cannot be used: EngineError: PyCaret could not be imported: no module. Its models are fitted and scored "
        "without it."
    )


def test_the_preset_goes_this_way_and_named_models_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from automl_core.search.run import run_search

    class Told(Exception):
        pass

    def tell(*_: Any, **__: Any) -> None:
        raise Told

    monkeypatch.setattr(classic, "ClassicLoop", tell)
    options: dict[str, Any] = {"emit": lambda event: None, "should_stop": lambda: False, "started": time.time()}
    config = replace(CONFIG, preset="pycaret")
    with pytest.raises(Told):
        run_search(make_people(), SCHEMA, RECIPE, config, tmp_path / "one", **options)
    board = run_search(make_people(), SCHEMA, RECIPE, replace(config, candidates=("lr",)), tmp_path / "two", **options)
    assert {row.id for row in board} == {"dummy", "lr"}


def test_split_by_time_keeps_the_last_fold_s_model(tmp_path: Path) -> None:
    frame = make_people()
    frame["age"] = frame["age"].fillna(50.0)
    config = replace(CONFIG, preset="pycaret", split=Split("time", "age"), metric="accuracy", budget=Budget(60, 2))
    board = run(tmp_path, frame, RECIPE, config, ("lr", "dt"))
    told = json.loads((tmp_path / "candidates" / "dt" / "pycaret.json").read_text())
    assert board["dt"].state == "scored"
    assert list(board["dt"].fold_scores) == told["scores"]["Accuracy"]  # equal to ours, or a message would have said
    assert board.recommendation.endswith("finalize_model was not run: what is exported is the model of the last fold.")
    assert not (tmp_path / "final").exists()


def test_rows_that_a_step_leaves_out_of_learning_are_left_out_by_pycaret_too(tmp_path: Path) -> None:
    """PyCaret learned the odd rows that the step named, so its scores were of another recipe than the exported model."""
    frame = make_people()
    frame.loc[::10, "age"] += 100.0
    drop = Step("clip_outliers", {"columns": ["age"], "method": "limits", "high": 100.0, "action": "drop"})
    recipe = Recipe((drop, *RECIPE.steps))
    board = run(tmp_path, frame, recipe, replace(CONFIG, preset="pycaret", budget=Budget(60, 1)), ("lr",))
    kept = [np.load(tmp_path / "folds" / str(fold) / "encoded_kept.npy") for fold in range(3)]
    assert all(0 < (~rows).sum() < len(rows) for rows in kept)
    told = json.loads((tmp_path / "candidates" / "lr" / "pycaret.json").read_text())["scores"]["AUC"]
    with np.load(tmp_path / "split.npz") as split:
        train, fold = split["train"], split["fold"]
    truth = (frame["bought"] == "yes").to_numpy().astype(int)[train]
    values, _ = out_of_fold(tmp_path, board["lr"])
    assert told == pytest.approx([score("roc_auc", truth[fold == k], values[fold == k]) for k in range(3)], abs=1e-6)
    assert not (tmp_path / "pycaret").exists()  # what PyCaret keeps while it works lies in the run, and goes
