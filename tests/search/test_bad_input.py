"""Tables and settings that are hard to search: each works with a stated adjustment, or gets a sentence that says what to do."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning.propose import propose_recipe
from automl_core.cleaning.recipe import Recipe
from automl_core.data.dataset import dataset_from_frame
from automl_core.errors import InputError
from automl_core.events import Event, Message
from automl_core.experiment import PRESETS, Budget, ExperimentConfig, Preset, Split
from automl_core.leaderboard import Leaderboard
from automl_core.run_parts import load_task
from automl_core.runs import Run, write_request
from automl_core.schema import Column, Schema
from automl_core.scoring.bundle import load_model
from automl_core.search.preload import preload
from automl_core.search.prepare import prepare
from automl_core.search.run import run_search
from automl_core.worker.candidates import keep_model

BINARY = ExperimentConfig("y", "binary", "roc_auc", "yes", budget=Budget(60, 1), candidates=("lr",))
LABELS = ExperimentConfig("y", "multiclass", "log_loss", budget=Budget(60, 1), candidates=("lr",))
NUMBERS = ExperimentConfig("y", "regression", "rmse", budget=Budget(60, 1), candidates=("ridge",))


def schema_of(frame: pd.DataFrame) -> Schema:
    kinds = {name: "number" if frame[name].dtype.kind in "fiu" else "category" for name in frame}
    return Schema(tuple(Column(name, kind) for name, kind in kinds.items()))  # type: ignore[arg-type]


def search(
    folder: Path, frame: pd.DataFrame, config: ExperimentConfig, *, most: float = float("inf")
) -> tuple[Leaderboard, list[str]]:
    """Run with the proposed recipe, for `most` seconds; return the board and what was said."""
    events: list[Event] = []
    schema = schema_of(frame)
    recipe = propose_recipe(frame, schema, config.target)
    started = time.time()
    board = run_search(
        frame,
        schema,
        recipe,
        config,
        folder,
        emit=events.append,
        should_stop=lambda: False,
        started=started,
    )
    assert time.time() - started < most
    return board, [event.text for event in events if isinstance(event, Message)]


def table(rows: int, labels: np.ndarray | list[Any], columns: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"x{place}": rng.normal(size=rows) for place in range(columns)})
    return frame.assign(y=labels)


def yes_and_no(rows: int) -> np.ndarray:
    return np.where(np.arange(rows) % 2, "yes", "no").astype(object)


def test_a_budget_below_the_minimum_is_raised_and_kept(tmp_path: Path) -> None:
    preload()  # a busy machine takes seconds for it
    config = replace(BINARY, budget=Budget(1), folds=2, candidates=("nb", "lr"))
    board, said = search(tmp_path, table(100, yes_and_no(100)), config, most=7)
    assert "The budget was raised to 5 seconds, the least a run needs." in said
    assert load_task(tmp_path)[0].budget.seconds == 5.0
    assert board[board.recommended].state == "scored"


@pytest.mark.filterwarnings("ignore")  # of PyCaret's import
@pytest.mark.parametrize("preset", PRESETS)
def test_five_seconds_give_a_usable_model_with_every_preset(tmp_path: Path, preset: Preset) -> None:
    preload()
    frame = table(2000, yes_and_no(2000), columns=20)
    frame["word"] = np.random.default_rng(1).choice(["red", "green", "blue"], len(frame))
    frame["x0"] += frame["y"] == "yes"
    config = replace(BINARY, preset=preset, budget=Budget(5), candidates=())
    dataset = dataset_from_frame(tmp_path / "dataset", frame, schema_of(frame), "five")
    recipe = propose_recipe(frame, dataset.schema, "y")
    write_request(tmp_path, "train", {"dataset": dataset.id, "config": config.to_dict(), "recipe": recipe.to_dict()})
    board, _ = search(tmp_path, frame, config, most=7)
    best = board[board.recommended]
    assert (best.state, best.role == "baseline") == ("scored", False)
    keep_model(Run(tmp_path), best.id)
    predicted = load_model(tmp_path / "model.zip").predict(frame.drop(columns="y").head(20))
    assert len(predicted) == 20


def test_a_hundred_rows_are_enough(tmp_path: Path) -> None:
    board, said = search(tmp_path, table(100, yes_and_no(100)), replace(BINARY, budget=Budget(60, 3), candidates=()))
    assert said == ["8 folds: more folds learn from more rows, and the budget allows it."]
    assert all(row.state == "scored" for row in board if row.role == "model")


def test_a_thousand_classes_are_learned(tmp_path: Path) -> None:
    codes = np.arange(3000) % 1000
    frame = table(3000, np.array([f"c{code:03d}" for code in codes], dtype=object), columns=0).assign(
        x=codes + np.arange(3000) / 1e6
    )
    board, said = search(tmp_path, frame, replace(LABELS, candidates=("nb",)))
    assert said == [
        "2 folds: the smallest class has only 2 rows.",
        "92 labels have one row left beside those kept aside. It is learned from in every fold, and no score counts it.",
    ]
    assert board["dummy"].score == pytest.approx(np.log(1000), rel=0.01)
    assert board["nb"].state == "scored"
    assert np.load(tmp_path / "candidates" / "nb" / "fold0.npy").shape == (1154, 1000)


def test_labels_whose_rows_are_all_copies_are_refused(tmp_path: Path) -> None:
    """Regression: the sentence was "min() arg is an empty sequence"."""
    codes = np.arange(300) % 100
    frame = pd.DataFrame({"x": codes * 1.0, "y": np.array([f"c{code}" for code in codes], dtype=object)})
    with pytest.raises(InputError) as refused:
        search(tmp_path, frame, LABELS)
    assert str(refused.value) == (
        "No label has two rows left to learn from and to judge on. At least one label needs several rows. Merge rare labels on "
        "the Clean page, keep fewer rows aside, or upload more rows."
    )


def test_more_classes_than_that_are_refused(tmp_path: Path) -> None:
    frame = table(2002, np.array([f"c{row % 1001}" for row in range(2002)], dtype=object))
    with pytest.raises(InputError) as refused:
        search(tmp_path, frame, LABELS)
    assert str(refused.value) == (
        "The target 'y' has 1,001 different labels. Up to 1,000 can be told apart. Group them, or choose regression if it is a "
        "number."
    )


def test_twenty_thousand_columns_end_within_the_budget(tmp_path: Path) -> None:
    """Regression: storing one view took 7 s, finding copies 3 s, and so nothing was scored in time."""
    frame = table(100, yes_and_no(100), columns=20_000)
    board, said = search(tmp_path, frame, replace(BINARY, budget=Budget(20), candidates=()), most=22)
    assert board[board.recommended].state == "scored"
    assert any("folds: " in text for text in said)


def test_a_class_smaller_than_the_folds_gives_fewer_folds(tmp_path: Path) -> None:
    labels = np.array(["a", "b"] * 40 + ["rare"] * 4, dtype=object)
    board, said = search(tmp_path, table(84, labels), replace(LABELS, folds=5))
    assert said == ["3 folds: the smallest class has only 3 rows."]
    assert len(board["lr"].fold_scores) == 3


def test_a_class_of_one_row_is_learned_and_not_judged(tmp_path: Path) -> None:
    labels = np.array(["a", "b"] * 40 + ["once"], dtype=object)
    board, said = search(tmp_path, table(81, labels), replace(LABELS, folds=4))
    assert said == [
        "'once': one row only, which cannot be learned and judged at once. It is learned from in every fold, and no score "
        "counts it.",
        "4 folds: as asked for.",
    ]
    assert np.load(tmp_path / "candidates" / "lr" / "fold0.npy").shape == (16, 3)
    assert board["lr"].state == "scored"


def test_a_target_that_is_constant_within_a_fold_is_told_and_left_out(tmp_path: Path) -> None:
    """Sorted by time, the last twelve days have one outcome."""
    labels = np.array(["yes", "no"] * 24 + ["no"] * 12, dtype=object)
    frame = table(60, labels).assign(day=np.arange(60.0))
    config = replace(BINARY, split=Split("time", "day"), folds=4, holdout=0.0)
    board, said = search(tmp_path, frame, config)
    assert "All rows that fold 4 judges have the same target; a metric that compares outcomes leaves such a fold out." in said
    assert len(board["lr"].fold_scores) == 3
    assert board["lr"].state == "scored"


def test_a_regression_target_that_is_constant_within_a_fold_is_scored(tmp_path: Path) -> None:
    frame = table(60, np.r_[np.arange(48.0), np.full(12, 5.0)]).assign(day=np.arange(60.0))
    config = replace(NUMBERS, split=Split("time", "day"), folds=4, holdout=0.0)
    board, said = search(tmp_path, frame, config)
    assert "All rows that fold 4 judges have the same target; a metric that compares outcomes leaves such a fold out." in said
    assert len(board["ridge"].fold_scores) == 4


@pytest.mark.parametrize("preset", ["quick", "balanced"])
def test_a_constant_and_an_empty_column_hinder_nobody(tmp_path: Path, preset: Any) -> None:
    frame = table(100, yes_and_no(100)).assign(same=3.0, empty=np.nan, word="a")
    board, _ = search(tmp_path, frame, replace(BINARY, preset=preset, budget=Budget(60, 4), candidates=()))
    assert {row.state for row in board} == {"scored"}


def test_a_column_that_is_constant_in_what_a_fold_learns_is_told(tmp_path: Path) -> None:
    frame = table(60, yes_and_no(60)).assign(day=np.arange(60.0), late=np.r_[np.zeros(40), np.arange(20.0)])
    config = replace(BINARY, split=Split("time", "day"), folds=3, holdout=0.0)
    board, said = search(tmp_path, frame, config)
    assert "'late' does not vary among the rows that folds 1 and 2 learn from, and is of no use there." in said
    assert board["lr"].state == "scored"


def test_a_target_of_one_value_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        search(tmp_path, table(100, np.full(100, "yes", dtype=object)), BINARY)
    assert str(refused.value) == (
        "The target 'y' has one value, 'yes', in every row. There is nothing to tell apart. Choose another target, or upload "
        "rows with other outcomes."
    )


def test_columns_that_are_not_used_are_told_by_their_reason_however_many(tmp_path: Path) -> None:
    """Regression: each had a sentence of its own, thousands on a wide table."""
    frame = table(60, yes_and_no(60)).assign(
        **{f"k{place}": [f"id{row}" for row in range(60)] for place in range(14)}, note="a b"
    )
    schema = Schema(tuple(replace(column, kind="id" if column.name[0] == "k" else column.kind) for column in schema_of(frame)))
    schema = schema.with_column(replace(schema["note"], kind="text"))
    said = prepare(frame, schema, Recipe(), BINARY, tmp_path).notes
    keys = ", ".join(f"'k{place}'" for place in range(12))
    assert said[:2] == (
        f"{keys} and 2 more are not used: a key says nothing about new rows.",
        "'note' is not used: text needs the step 'Turn text into numbers'.",
    )
