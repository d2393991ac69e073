"""Runs on tables whose split, metric or labels are hard: each works with a stated adjustment or says what to change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning.propose import propose_recipe
from automl_core.errors import InputError
from automl_core.experiment import Budget, ExperimentConfig, Split
from automl_core.proposals import propose
from automl_core.schema import Column, Schema
from automl_core.search.run import run_search

SCHEMA = Schema(
    (Column("when", "date"), Column("who", "id"), Column("x", "number"), Column("y", "category"), Column("cost", "number"))
)


def table(rows: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    x = rng.normal(size=rows)
    return pd.DataFrame(
        {
            "when": pd.date_range("2024-01-01", periods=rows),
            "who": pd.Series([f"p{number // 4}" for number in range(rows)], dtype=object),
            "x": x,
            "y": pd.Series(np.where(x + rng.normal(size=rows) > 0, "yes", "no"), dtype=object),
            "cost": 10 + x,
        }
    )


def search(folder: Path, frame: pd.DataFrame, config: ExperimentConfig):
    notes: list[str] = []
    recipe = propose_recipe(frame, SCHEMA, config.target)
    board = run_search(
        frame,
        SCHEMA,
        recipe,
        replace(config, budget=Budget(60, 2), candidates=("lr", "nb") if config.task != "regression" else ("lr", "ridge")),
        folder,
        emit=lambda event: notes.append(getattr(event, "text", "")),
        should_stop=lambda: False,
        started=0.0,
    )
    return board, [note for note in notes if note]


@pytest.mark.parametrize("split", [Split("time", "when"), Split("group", "who")])
def test_a_column_that_the_recipe_leaves_out_can_split_the_rows(split: Split, tmp_path: Path) -> None:
    """Regression: the proposed recipe splits dates into parts and drops keys, so neither could be chosen."""
    frame = table()
    config = ExperimentConfig("y", "binary", "roc_auc", "yes", split=split, ignored=("cost",))
    board, notes = search(tmp_path, frame, config)
    assert board["lr"].score is not None
    with np.load(tmp_path / "split.npz") as stored:
        if split.kind == "time":
            rows = stored["rows"]
            assert frame["when"].iloc[rows[stored["train"]]].max() < frame["when"].iloc[rows[stored["holdout"]]].min()
            assert any("the model of the last fold" in note or "that of the last fold" in note for note in notes)


def test_dates_and_keys_that_the_recipe_leaves_out_are_still_pointed_out() -> None:
    frame = table()
    dropped = frame.drop(columns=["when", "who"])
    found = propose(dropped, SCHEMA.without(["when", "who"]), "y", uploaded=(frame, SCHEMA))
    assert "'when'" in found.decisions["split"].reason


def test_a_metric_that_no_fold_defines_is_said_before_the_search(tmp_path: Path) -> None:
    frame = table()
    frame["cost"] = -frame["cost"].abs()
    config = ExperimentConfig("cost", "regression", "rmsle", ignored=("y",), folds=5)
    with pytest.raises(InputError, match="cannot be computed on any of the 5 folds"):
        search(tmp_path, frame, config)


def test_a_fold_on_which_the_metric_is_not_defined_is_left_out_for_everybody(tmp_path: Path) -> None:
    """Regression: one negative value with this metric ended the whole run with "All-NaN slice encountered"."""
    frame = table()
    frame.loc[7, "cost"] = -1.0
    config = ExperimentConfig("cost", "regression", "rmsle", ignored=("y",), holdout=0.0, folds=5)
    board, _ = search(tmp_path, frame, config)
    assert len(board["ridge"].fold_scores) == 4
    assert board.recommended


def test_the_exported_model_of_a_time_split_is_that_of_the_longest_past(tmp_path: Path) -> None:
    """Regression: it averaged models of one to five sixths of the past with equal weight."""
    from automl_core.run_parts import parts_of

    config = ExperimentConfig("y", "binary", "roc_auc", "yes", split=Split("time", "when"), ignored=("cost",))
    board, _ = search(tmp_path, table(), config)
    parts = parts_of(tmp_path, board["lr"])
    assert [sorted(files) for _, files in parts] == [["4/lr.skops", "4/view-encoded.skops"]]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"folds": 1}, "The number of folds is 1. It must be 0 or between 2 and 100."),
        ({"folds": -3}, "The number of folds is -3."),
        ({"holdout": 1.5}, "The share of rows kept aside is 1.5. It must be 0 or between 0.01 and 0.5."),
        ({"holdout": -0.2}, "The share of rows kept aside is -0.2."),
        ({"seed": -1}, "The seed is -1."),
        ({"budget": Budget(60, -5)}, "The number of models is -5."),
    ],
)
def test_settings_outside_their_range_are_refused(change, sentence: str) -> None:
    from automl_core.config_checks import check_config

    frame = table()
    with pytest.raises(InputError) as refused:
        check_config(frame, SCHEMA, replace(ExperimentConfig("y", "binary", "roc_auc", "yes"), **change))
    assert sentence in str(refused.value)
