"""The command line of versions: registered from elsewhere, promoted, gone back to, named everywhere; and monitored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from automl_core.cli import app
from automl_core.errors import EngineError, FormatError, InputError, NotFoundError
from automl_core.monitoring.log import read_log
from automl_core.registry import mirror
from automl_core.registry.store import MODEL, Registered, find_registered
from automl_core.runs import Run
from automl_core.workspace import Workspace
from tests.conftest import customers


def run(*arguments: str) -> str:
    found = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.stdout


@pytest.fixture
def shelf(workspace: Workspace, bundles: dict[str, Path]) -> Registered:
    for name in ("logistic", "forest"):
        assert run("models", "register", str(bundles[f"binary-{name}"]), "--name", "left", "--later", "--who", "ann")
    return find_registered(workspace, "left")


def test_a_model_goes_from_file_to_champion_and_back(shelf: Registered, tmp_path: Path):
    assert run("models", "promote", "left@1", "--reason", "first", "--later") == "Version 1 is champion.\n"
    run("models", "promote", "left@2", "--reason", "newer", "--later")
    out = run("models", "rollback", "left", "--reason", "worse", "--later")
    assert out == "Version 1 is again champion, before it was version 2.\n"
    listed = [line.split("\t")[:2] for line in run("models").splitlines()]
    assert listed == [["left@2", ""], ["left@1", "champion"]]
    assert [line.split("\t")[2] for line in run("models", "log", "left").splitlines()][-1] == (
        "Version 1 is again champion, before it was version 2"
    )
    assert run("models", "path", "left@champion").strip() == str(shelf.home(1) / MODEL)


def test_an_address_works_wherever_a_model_does(shelf: Registered, tmp_path: Path):
    run("models", "promote", "left@2", "--reason", "good", "--later")
    run("monitor", "--model", "left", "--log", "--key", "key")
    new = tmp_path / "new.csv"
    customers(12, seed=3).to_csv(new, index=False)
    run("predict", "left@champion", str(new), "--out", str(tmp_path / "out.csv"))
    logged = read_log(shelf)
    assert logged["version"].tolist() == [2] * 12 and logged["key"][0] == "K00000"
    assert json.loads(run("evaluate", "left@2", str(new), "--json"))["rows"] == 12


def test_the_log_of_a_service_elsewhere_is_taken_in(shelf: Registered, tmp_path: Path):
    from automl_core.scoring.archive import name_of
    from automl_core.scoring.logged import Asked, Keeping, PredictionLog

    log = PredictionLog(tmp_path / "logs", lambda: Keeping(key="id"))
    asked = Asked(name_of(shelf.home(2) / MODEL), "service", 0.01, "r1", 1_700_000_000.0, "left")
    log.answered(asked, [{"id": 7, "age": 30.0}], [{"prediction": "left", "probabilities": {"stayed": 0.1, "left": 0.9}}])
    found = CliRunner().invoke(app, ["monitor", "--model", "left", "--service", str(tmp_path / "logs")], catch_exceptions=False)
    assert found.stderr == "1 rows and 0 labels of the service are read, and what it writes from now on.\n"
    assert read_log(shelf)[["version", "key", "value"]].to_numpy().tolist() == [[2, "7", 0.9]]


def test_two_versions_are_compared_on_a_file(shelf: Registered, tmp_path: Path):
    new = tmp_path / "new.csv"
    customers(80, seed=3).to_csv(new, index=False)
    found = json.loads(run("models", "compare", "left@1", "left@2", str(new), "--json"))
    assert (found["first"], found["second"], found["paired"]["rows"], found["predictions"]["source"]) == (1, 2, 80, "new.csv")


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        (("predict", "left@champion", "x.csv", "--out", "y.csv"), NotFoundError, "left has no champion yet. Promote one"),
        (
            ("predict", "leff@1", "x.csv", "--out", "y.csv"),
            NotFoundError,
            "No model is registered as 'leff'. The workspace has left.",
        ),
        (
            ("models", "promote", "left", "--reason", "x"),
            InputError,
            "'left' names no version. A version is NAME@3 or NAME@champion.",
        ),
        (("models", "compare", "left@1", "left@1"), InputError, "Version 1 was named twice. Choose two versions."),
        (
            ("monitor", "--service", "logs"),
            InputError,
            "A policy, labels or a log belong to one model. Name it with --model",
        ),
        (("serve", "x.zip", "--leave-out", "age"), InputError, "How a log is kept was said, but not where."),
        (("monitor", "--once", "--watch"), InputError, "--once and --watch were both given. Choose one of them."),
    ],
)
def test_what_cannot_be_done_is_said(shelf: Registered, arguments, error, told):
    with pytest.raises(error, match=told):
        run(*arguments)


def test_an_altered_version_is_refused_at_the_command_line(shelf: Registered):
    (shelf.home(1) / MODEL).write_bytes(b"PK other")
    with pytest.raises(FormatError, match="The model file of left, version 1, is not the one that was registered"):
        run("models", "path", "left@1")


def test_a_train_folder_from_elsewhere_gets_a_project(workspace: Workspace, finished_runs: dict[str, Run]):
    out = run("models", "register", str(finished_runs["binary"].path), "--name", "Shop left", "--candidate", "forest", "--later")
    assert out == "Shop left@1\n"
    registered = find_registered(workspace, "Shop left")
    version = registered.version(1)
    kept = Run(registered.project.run(version.lineage["run"]))
    assert len(kept.dataset().frame()) == 240
    assert version.lineage["dataset_id"] == kept.dataset().id
    assert version.held_out is not None and version.held_out.rows == 60


def test_a_registry_that_is_away_hinders_no_command(shelf: Registered, monkeypatch: pytest.MonkeyPatch):
    def away(registered: Registered) -> list[int]:
        raise EngineError("The MLflow registry at http://127.0.0.1:9 could not be used: refused.")

    monkeypatch.setattr(mirror, "sync", away)
    found = CliRunner().invoke(app, ["models", "promote", "left@1", "--reason", "first"], catch_exceptions=False)
    assert found.exit_code == 0 and "Version 1 is champion." in found.output
    assert "The MLflow registry at http://127.0.0.1:9 could not be used: refused." in found.output
    assert shelf.standing().aliases == {"champion": 1}


def test_of_two_promotions_at_once_the_command_tells_the_second(shelf: Registered):
    run("models", "promote", "left@1", "--reason", "first", "--later")
    with pytest.raises(InputError, match="Version 1 is champion already. Choose another version."):
        run("models", "promote", "left@1", "--reason", "first, too", "--later")
    assert [entry.action for entry in shelf.log()].count("promoted") == 1


def test_a_watched_file_that_is_still_being_written_is_told_by_the_command(shelf: Registered, tmp_path: Path):
    run("models", "promote", "left@1", "--reason", "first", "--later")
    inbox, policy = tmp_path / "inbox", tmp_path / "policy.json"
    inbox.mkdir()
    policy.write_text(json.dumps({"name": "New rows", "when": "data", "watched": str(inbox)}))
    (inbox / "new.parquet").write_bytes(b"PAR1")
    out = run("monitor", "--once", "--model", "left", "--policy", str(policy))
    found = json.loads(out.splitlines()[-1])
    assert (found["fired"], found["waiting"]) == ([], ["New rows: 1 file is still being written."])
    assert (inbox / "new.parquet").read_bytes() == b"PAR1"


def test_a_policy_with_an_unknown_entry_is_refused_by_the_command(shelf: Registered, tmp_path: Path):
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"name": "New rows", "when": "data", "wathced": "/data"}))
    with pytest.raises(
        FormatError, match="This policy cannot be read: it has wathced, which no policy has. A policy has name, when"
    ):
        run("monitor", "--once", "--model", "left", "--policy", str(policy))
