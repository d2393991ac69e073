"""An exported model that was unpacked is taken wherever a model is named, and refused when a file of it was altered."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from automl_core.cli import app
from automl_core.errors import FormatError, InputError
from automl_core.model import build_model
from automl_core.registry.store import find_registered
from automl_core.scoring.archive import name_of
from automl_core.workspace import Workspace
from tests.conftest import MakeRun, customers


def run(*arguments: object, code: int = 0) -> str:
    found = CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)
    assert found.exit_code == code, found.output
    return found.stdout


@pytest.fixture(scope="module")
def packed(make_run: MakeRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_model(make_run("binary").path, "logistic", tmp_path_factory.mktemp("packed") / "model.zip")


@pytest.fixture
def folder(packed: Path, tmp_path: Path) -> Path:
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(tmp_path / "bundle")
    customers(60, seed=3).to_csv(tmp_path / "new.csv", index=False)
    return tmp_path / "bundle"


def test_it_predicts_evaluates_compares_and_explains_as_the_zip_does(packed: Path, folder: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.csv"
    for model, out in ((packed, tmp_path / "a.csv"), (folder, tmp_path / "b.csv")):
        run("predict", model, new, "--out", out)
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()
    assert run("evaluate", folder, new, "--json") == run("evaluate", packed, new, "--json")
    assert run("drift", folder, new, "--json", "--fast") == run("drift", packed, new, "--json", "--fast")
    assert run("explain", folder, new, "--json") == run("explain", packed, new, "--json")
    assert run("threshold", folder) == run("threshold", packed)


def test_it_is_registered_as_the_zip_it_came_from(packed: Path, folder: Path, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AUTOML_HOME", str(tmp_path / "home"))
    assert run("models", "register", folder, "--name", "left", "--later") == "left@1\n"
    registered = find_registered(Workspace.default(), "left")
    assert name_of(registered.model(1)) == name_of(packed)
    run("models", "promote", "left@1", "--reason", "first", "--later")
    found = json.loads(run("drift", "left@champion", tmp_path / "new.csv", "--json", "--fast"))
    assert found["rows"] == 60


def test_what_was_altered_or_cannot_be_changed_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="bundle is unpacked, and what is in it is not changed. Name the zip"):
        run("threshold", folder, "--at", "0.4")
    with pytest.raises(InputError, match="An exported model carries no labelled rows."):
        run("explain", folder)
    (folder / "reference.json").write_text("{}")
    for command in (("predict", folder, tmp_path / "new.csv", "--out", "x.csv"), ("models", "register", folder, "--name", "x")):
        with pytest.raises(FormatError, match="bundle was altered: reference.json is not what was exported"):
            run(*command)
