"""MLflow: a version is written once, loads without Tablewright, follows its aliases; a registry that is away loses nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from automl_core.errors import EngineError
from automl_core.events import Event, Message
from automl_core.registry.mirror import mirrored, sync, synced
from automl_core.registry.store import MODEL, Registered, create_registered
from automl_core.runs import Run
from automl_core.worker.versions import compare, mirror, register_candidate
from automl_core.workspace import ProjectFolder, Workspace, at_work
from tests.conftest import customers

LOAD = """
import json, sys
import mlflow.pyfunc, pandas
assert not any(name.startswith("automl_core") for name in sys.modules)
model = mlflow.pyfunc.load_model("models:/customers@champion")
rows = pandas.DataFrame(json.loads(sys.argv[1]))
print(model.predict(rows).to_json(orient="records"))
import automl_core
print(automl_core.__file__)
"""


@pytest.fixture
def registered(project: ProjectFolder, run_in_project: Run) -> Registered:
    made = create_registered(project, "customers")
    events: list[Event] = []
    version = register_candidate(run_in_project, "forest", made, emit=events.append, who="ann")
    assert version.number == 1 and version.held_out is not None
    assert set(version.files) == {"evaluation.json", "report.html"}
    return made


def test_a_version_is_mirrored_once_and_loads_elsewhere(registered: Registered, run_in_project: Run, workspace: Workspace):
    registered.promote(1, "champion", "the first", who="ann")
    registered.note(1, "before the merger")
    assert not synced(registered)
    assert sync(registered) == [1]
    assert synced(registered)
    place = mirrored(registered, 1)
    assert place is not None and place.version == "1" and place.uri == f"sqlite:///{workspace.mlflow / 'mlflow.db'}"
    (registered.home(1) / "mlflow.json").unlink()  # as if it had died before it could note that
    assert sync(registered) == [1]
    assert mirrored(registered, 1) == place

    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=place.uri, registry_uri=place.uri)
    found = client.get_model_version_by_alias("customers", "champion")
    assert str(found.version) == "1" and found.description.startswith("before the merger\n\nForest, predicting outcome.")
    run = client.get_run(place.run)
    assert run.data.params["target"] == "outcome" and run.data.metrics["roc_auc"] == pytest.approx(
        registered.version(1).metrics["roc_auc"]
    )
    assert {file.path for file in client.list_artifacts(place.run)} == {
        "config.json", "evaluation.json", "lineage.json", "recipe.json", "report.html",
    }  # fmt: skip
    assert run.inputs.dataset_inputs[0].dataset.name == "customers.csv"

    register_candidate(run_in_project, "logistic", registered, emit=lambda event: None)
    registered.promote(2, "champion", "simpler")
    assert sync(registered) == [2]
    assert client.get_model_version_by_alias("customers", "champion").run_id == mirrored(registered, 2).run
    registered.roll_back("no, the forest")
    sync(registered)
    assert client.get_model_version_by_alias("customers", "champion").run_id == place.run

    frame = customers(6, seed=9)[["age", "income", "city", "member", "joined"]].astype({"joined": str})
    rows = json.loads(frame.to_json(orient="records"))
    rows[0]["age"] = 44  # a whole number, which MLflow's own types would refuse
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment |= {"MLFLOW_TRACKING_URI": place.uri, "MLFLOW_DISABLE_TELEMETRY": "true"}
    away = workspace.root / "elsewhere"
    away.mkdir()
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOAD, json.dumps(rows)],
        cwd=away, env=environment, capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    answer, code = done.stdout.strip().splitlines()[-2:]
    assert "model.zip" in code

    from automl_core.scoring.bundle import load_model

    expected = load_model(registered.home(1) / MODEL).predict(frame)
    got = json.loads(answer)
    assert [row["prediction"] for row in got] == expected["prediction"].tolist()
    assert [row["probability_left"] for row in got] == pytest.approx(expected["probability_left"].tolist(), abs=1e-6)


def test_a_registry_that_is_away_is_told_and_nothing_is_lost(registered: Registered, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://someone:secret@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    told: list[Event] = []
    assert mirror(registered, told.append) is False
    [message] = [event for event in told if isinstance(event, Message)]
    assert message.text.startswith("The MLflow registry at http://127.0.0.1:9 could not be used:")
    assert "The version is kept in the workspace, and nothing is lost." in message.text
    assert "secret" not in message.text.split("could not be used")[0]
    assert registered.numbers == [1] and registered.model(1).exists() and not synced(registered)


def test_of_two_that_bring_it_at_once_the_second_is_told_and_fails_nothing(registered: Registered):
    """Registering failed then, although the version was kept."""
    told: list[Event] = []
    with at_work(registered.workspace.mlflow / registered.id, "It"):
        assert mirror(registered, told.append) is False
    [message] = [event for event in told if isinstance(event, Message)]
    assert (message.level, message.text) == (
        "warning", "Bringing this model to MLflow is already at work. Wait for it to end, or stop it.",
    )  # fmt: skip


def test_an_altered_version_is_not_brought_to_mlflow(registered: Registered):
    (registered.home(1) / MODEL).write_bytes(b"other")
    told: list[Event] = []
    assert mirror(registered, told.append) is False
    assert "is not the one that was registered" in told[-1].text  # type: ignore[attr-defined]


def test_two_versions_are_compared_on_rows_that_were_kept_aside(registered: Registered, run_in_project: Run):
    register_candidate(run_in_project, "logistic", registered, emit=lambda event: None)
    found = compare(registered, 1, 2)
    assert found.predictions.source == "the held-out rows of version 2"
    assert found.paired.rows == found.predictions.rows == 60
    assert found.notes == ()


def test_the_door_is_not_opened_by_the_others():
    code = "import sys, automl_core.registry.mirror, automl_core.worker, automl_core.cli; print('mlflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.stdout.strip() == "False", done.stderr
    assert issubclass(EngineError, RuntimeError)
