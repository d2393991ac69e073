"""The commands about decisions: the threshold that is told and stored, the groups that fail, the groups of a column."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from automl_core.cli import app
from automl_core.errors import InputError
from automl_core.runs import Run
from automl_core.scoring.bundle import load_model
from automl_core.worker.candidates import keep_model
from automl_core.workspace import read_json
from tests.conftest import MakeRun, customers


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def made(make_run: MakeRun) -> Run:
    run = make_run("binary")
    replace(run.leaderboard(), recommended="ensemble").save(run.path / "leaderboard.json")
    keep_model(run, "ensemble")
    return run


@pytest.fixture
def folder(made: Run, tmp_path: Path) -> Path:
    shutil.copytree(made.path, tmp_path / "out", copy_function=shutil.copy2)
    return tmp_path / "out"


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    customers(600, seed=8).to_csv(tmp_path / "labelled.csv", index=False)
    return tmp_path / "labelled.csv"


def test_the_threshold_is_told_with_the_best_ones(folder: Path) -> None:
    said = call("threshold", folder)
    assert (said.exit_code, said.stdout.splitlines()[0]) == (0, "0.5")
    assert "f2 " in said.output and " at 0.5" in said.output


def test_a_threshold_is_stored_in_a_bundle(folder: Path, labelled: Path) -> None:
    before = json.loads(call("evaluate", folder / "model.zip", labelled, "--json").stdout)
    assert call("threshold", folder / "model.zip", "--at", 0.2).stdout == "0.2\n"
    assert load_model(folder / "model.zip").threshold == 0.2
    after = json.loads(call("evaluate", folder / "model.zip", labelled, "--json").stdout)
    assert set(after) == {"format", "task", "rows", "metrics"}
    assert after["metrics"]["recall"]["value"] > before["metrics"]["recall"]["value"]


def test_the_best_by_a_metric_is_stored_in_a_train_folder(folder: Path) -> None:
    best = {entry["metric"]: entry["threshold"] for entry in load_model(folder / "model.zip").manifest["best_thresholds"]}
    assert call("threshold", folder, "--best", "f2").stdout == f"{best['f2']:.6g}\n"
    loaded = load_model(folder / "model.zip")
    assert loaded.threshold == best["f2"]
    assert loaded.manifest["threshold_reason"] == "It is the best by F2 on the out-of-fold rows."
    assert read_json(Run(folder).threshold("ensemble"))["threshold"] == best["f2"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--at", 2), "The threshold is 2.0. It is a probability, from 0 to 1. Choose another one, such as 0.5."),
        (("--at", 0.5, "--best", "f1"), "Both --at and --best are given. One of them decides. Leave one out."),
        (("--best", "beauty"), "No threshold is known by 'beauty'. There are "),
    ],
)
def test_what_is_no_threshold_is_refused(folder: Path, options: tuple[object, ...], said: str) -> None:
    found = call("threshold", folder / "model.zip", *options)
    assert isinstance(found.exception, InputError) and str(found.exception).startswith(said)


def test_a_model_of_values_has_none(make_run: MakeRun) -> None:
    run = make_run("regression")
    keep_model(run, "ridge")
    found = call("threshold", run.path / "model.zip")
    assert str(found.exception) == "Only models of two labels have a threshold. Leave it as it is."


def test_where_it_fails(folder: Path, labelled: Path) -> None:
    said = call("fails", folder, labelled)
    assert said.exit_code == 0 and "all 600 rows" in said.stdout.splitlines()[0]
    told = call("fails", folder, labelled, "--json").stdout
    found = json.loads(told[told.index("{") :])
    assert (found["format"], found["error_name"], found["rows"]) == (1, "wrong", 600)


def test_groups_of_a_column(folder: Path, labelled: Path) -> None:
    said = call("fails", folder, labelled, "--by", "city")
    assert said.exit_code == 0 and said.stdout.startswith(("Beyond chance: ", "Decisions do not differ"))
    found = call("fails", folder, labelled, "--by", "colour")
    assert str(found.exception) == "The file has no column 'colour'. Check the spelling."
