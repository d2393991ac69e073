"""One log for pages, files and services: a registered model's service writes into Monitor's, a bundle's is taken in; kill -9."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from automl_core.errors import InputError, NotFoundError
from automl_core.monitoring.check import check
from automl_core.monitoring.log import read_log, take_service
from automl_core.monitoring.settings import Settings, folder_of, save_settings, settings_of
from automl_core.registry.store import MODEL, Registered, create_registered
from automl_core.scoring import logged
from automl_core.scoring.logged import COLUMNS, LABEL_COLUMNS, Keeping, PredictionLog
from automl_core.serving import whole
from automl_core.serving.run import Service, build
from tests.registry.conftest import a_version, bundles, project, workspace  # noqa: F401

ROW = {"age": 61.0, "income": 30000.0, "city": "Rome", "member": "Yes", "joined": "2021-03-01"}


@pytest.fixture
def live(project, bundles) -> Registered:  # noqa: F811
    registered = create_registered(project, "customers")
    registered.add(a_version(score=0.9), {MODEL: bundles["binary-forest"]})
    registered.promote(1, "champion", "the first")
    return registered


def test_the_service_of_a_registered_model_writes_monitors_log(live: Registered, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logged, "LOOK_EVERY", 0.0)
    with TestClient(whole.make(Service("customers@champion")), base_url="http://localhost") as client:
        client.post("/predict", json={"rows": [ROW]})
        assert not folder_of(live).exists(), "nothing is logged until a person turns it on"
        save_settings(live, Settings(on=True, left_out=("income",), key="order"))
        client.post("/predict", json={"rows": [{**ROW, "order": "o1"}]})
        client.post("/feedback", json={"labels": [{"key": "o1", "label": "left"}]})
        client.post("/predict", json={"rows": [{}]})
        save_settings(live, Settings(on=False))
        client.post("/predict", json={"rows": [ROW]})
    found = read_log(live)
    assert found[["version", "source", "key", "truth"]].to_numpy().tolist()[0] == [1, "service", "o1", "left"]
    assert found["error"].tolist()[0] == "" and found["error"].tolist()[1].startswith("Row 0, age: The column is missing")
    assert len(found) == 2 and json.loads(found["inputs"][0]) == {
        **{k: v for k, v in ROW.items() if k != "income"},
        "order": "o1",
    }


def test_monitor_takes_in_the_log_of_a_bundles_service(live: Registered, bundles, tmp_path: Path) -> None:  # noqa: F811
    service = Service(str(bundles["binary-forest"]), logs=str(tmp_path / "logs"))
    with TestClient(build(service), base_url="http://localhost") as client:
        for name in ("r1", "r2"):
            client.post("/predict", json={"rows": [ROW, ROW]}, headers={"x-request-id": name})
        client.post("/feedback", json={"labels": [{"request_id": "r2", "row": 1, "label": "left"}]})
    with TestClient(build(replace(service, model=str(bundles["binary-logistic"]))), base_url="http://localhost") as client:
        client.post("/predict", json={"rows": [ROW]})
    taken = take_service(live, tmp_path / "logs")
    assert taken.sentence == (
        "4 rows and 1 labels of the service are read, and what it writes from now on. "
        "1 rows come from models that are no version of this one, and are left out."
    )
    found = read_log(live)
    assert found[["request", "row", "version"]].to_numpy().tolist() == [["r1", 0, 1], ["r1", 1, 1], ["r2", 0, 1], ["r2", 1, 1]]
    assert found["truth"].fillna("?").tolist() == ["?", "?", "?", "left"]
    assert settings_of(live).watched and not settings_of(live).on
    status, _ = check(live)
    assert (status.total.rows, status.total.labelled) == (4, 1)
    (tmp_path / "logs").rename(tmp_path / "away")
    status, _ = check(live)
    assert f"The service's log {tmp_path / 'logs'} is not there; its rows are missing." in status.notes


def test_a_folder_that_holds_nothing_of_the_model_is_refused(live: Registered, bundles, tmp_path: Path) -> None:  # noqa: F811
    with pytest.raises(NotFoundError, match="holds no log. A service that was started with --log writes"):
        take_service(live, tmp_path)
    with TestClient(build(Service(str(bundles["binary-logistic"]), logs=str(tmp_path))), base_url="http://localhost") as client:
        client.post("/predict", json={"rows": [ROW]})
    with pytest.raises(InputError, match=r"The 1 rows in .* None of them is a version of customers. Register the model"):
        take_service(live, tmp_path)
    assert settings_of(live).services == ()


def test_both_logs_have_the_same_columns(tmp_path: Path) -> None:
    assert list(COLUMNS)[:4] == ["time", "request", "row", "version"] and list(LABEL_COLUMNS) == ["time", "key", "truth"]
    log = PredictionLog(tmp_path, Keeping)
    log.labelled({"a": "x"})
    (path,) = (tmp_path / "labels").iterdir()
    assert list(json.loads(path.read_text())) == list(LABEL_COLUMNS)


def test_a_cut_line_is_ended_before_the_next(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, Keeping)
    log.labelled({"a": "x"})
    (path,) = (tmp_path / "labels").iterdir()
    with open(path, "ab") as file:
        file.write(b'{"time": 1')
    log.close()
    log.labelled({"b": "y"})
    cut = path.read_text().splitlines()
    assert cut[1] == '{"time": 1' and json.loads(cut[2])["key"] == "b"


def test_a_killed_service_loses_no_line_and_leaves_no_half_one(live: Registered, bundles, tmp_path: Path) -> None:  # noqa: F811
    """Killed with signal 9 while it answers, three times: what was answered is read, and every line that is read is whole."""
    answered: set[str] = set()
    body = json.dumps({"rows": [ROW] * 20})
    for turn in range(3):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "automl_core.serving", str(bundles["binary-forest"]), "--port", str(port)]
        with open(tmp_path / "service.txt", "w") as told:
            process = subprocess.Popen([*command, "--log", str(tmp_path / "logs")], stderr=told, stdout=told)
        try:
            with contextlib.closing(_connected(port, process)) as connection:
                for number in range(15):
                    name = f"t{turn}n{number}"
                    connection.request("POST", "/predict", body, {"x-request-id": name})
                    answer = connection.getresponse()
                    assert answer.status == 200 and answer.read()
                    answered.add(name)
                connection.request("POST", "/predict", body, {"x-request-id": f"t{turn}last"})
                process.send_signal(signal.SIGKILL)  # while this one is on its way
        finally:
            process.kill()
            process.wait()
    assert len(list((tmp_path / "logs" / "log").iterdir())) == 3
    take_service(live, tmp_path / "logs")
    found = read_log(live)
    kept = found.groupby("request").size()
    assert kept[sorted(answered)].tolist() == [20] * 45
    assert set(kept.index) - answered <= {f"t{turn}last" for turn in range(3)}
    assert all(json.loads(inputs) == ROW for inputs in found["inputs"])


def _connected(port: int, process: subprocess.Popen) -> http.client.HTTPConnection:
    end = time.monotonic() + 60
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.request("GET", "/ready")
            assert connection.getresponse().read()
            return connection
        except OSError:
            assert process.poll() is None and time.monotonic() < end
            time.sleep(0.1)
