"""The service as a caller sees it: answers, refusals, keys, limits, and another version without a pause."""

from __future__ import annotations

import io
import json
import logging
import math
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from automl_core.errors import FormatError, InputError
from automl_core.scoring.bundle import load_model
from automl_core.scoring.logged import COLUMNS, LINES, Keeping, PredictionLog
from automl_core.serving.app import create_app
from automl_core.serving.guard import Limits
from automl_core.serving.keys import KeyRing
from automl_core.serving.logs import JsonLines, Recorder
from automl_core.serving.parts import Parts
from automl_core.serving.run import Service, build, check, check_log, is_loopback
from automl_core.serving.source import Source, Target
from automl_core.worker.candidates import bundle
from tests.conftest import MakeRun, customers

ROW = {"age": 61.0, "income": 30000.0, "city": "Rome", "member": "Yes", "joined": "2021-03-01"}


@pytest.fixture(scope="module")
def models(make_run: MakeRun, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("served")
    binary, values = make_run("binary"), make_run("regression")
    found = {"forest": bundle(binary, "forest"), "logistic": bundle(binary, "logistic"), "ridge": bundle(values, "ridge")}
    return {name: Path(shutil.copy(path, folder / f"{name}.zip")) for name, path in found.items()}


@pytest.fixture
def service(models: dict[str, Path], tmp_path: Path) -> Iterator[tuple[TestClient, Parts]]:
    parts = Parts(
        Source(lambda: Target(models["logistic"]), every=0),
        limits=Limits(body=20_000, batch=200_000, rows=50),
        log=Recorder(PredictionLog(tmp_path, lambda: Keeping(left_out=("income",), key="order"))),
    )
    with TestClient(create_app(parts)) as client:
        yield client, parts


def test_a_row_gets_what_the_model_says(service: tuple[TestClient, Parts], models: dict[str, Path]) -> None:
    client, parts = service
    answer = client.post("/predict", json={"rows": [ROW, {**ROW, "age": None, "city": "Oslo", "income": 1e9}]})
    assert answer.status_code == 200
    said = answer.json()
    frame = pd.DataFrame([ROW, {**ROW, "age": None, "city": "Oslo", "income": 1e9}])
    expected = load_model(models["logistic"]).predict(frame)
    for entry, (_, row) in zip(said["predictions"], expected.iterrows(), strict=True):
        assert entry["prediction"] == row["prediction"]
        assert entry["probabilities"] == pytest.approx({"stayed": row["probability_stayed"], "left": row["probability_left"]})
    assert "warnings" not in said["predictions"][0]
    warnings = said["predictions"][1]["warnings"]
    assert warnings[0] == "city: 'Oslo' is in no training row."
    assert warnings[1].startswith("income: 1e+09 is outside of the training rows' range, ")
    assert said["model"] == "Logistic" and said["version"] == parts.source.current.version
    assert said["request_id"] == answer.headers["x-request-id"]


def test_a_value_is_predicted_without_labels(models: dict[str, Path]) -> None:
    with TestClient(create_app(Parts(Source(lambda: Target(models["ridge"]), every=0)))) as client:
        entry = client.post("/predict", json={"rows": [ROW]}).json()["predictions"][0]
    expected = load_model(models["ridge"]).predict(pd.DataFrame([ROW]))["prediction"].iloc[0]
    assert entry == {"prediction": pytest.approx(expected, rel=1e-9)}


def test_many_rows_come_out_as_single_ones_do(service: tuple[TestClient, Parts]) -> None:
    client, _ = service
    rows = [{**ROW, "age": float(age)} for age in range(20, 60)]
    together = client.post("/predict", json={"rows": rows}).json()["predictions"]
    alone = [client.post("/predict", json={"rows": [row]}).json()["predictions"][0] for row in rows]
    for one, other in zip(together, alone, strict=True):
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-9)


def test_all_faults_come_in_one_answer(service: tuple[TestClient, Parts]) -> None:
    client, _ = service
    answer = client.post("/predict", json={"rows": [{**ROW, "age": "old", "extra": 1}, 7, {"age": 1}]})
    assert answer.status_code == 422
    faults = [(fault["row"], fault["column"], fault["fault"]) for fault in answer.json()["detail"]]
    assert faults[:3] == [
        (0, "extra", "The model has no such column."),
        (0, "age", "'old' is no number."),
        (1, "", "A row must be an object of columns and values."),
    ]
    missing = [(row, column) for row, column, _ in faults[3:]]
    assert missing == [(2, name) for name in ("income", "city", "member", "joined")]


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (b"{", 400, "The body is no JSON: "),
        (b"[" * 5_000, 400, "The body is no JSON: "),
        (b"\xff", 400, "The body is no JSON: "),
        (b"[]", 422, 'The body must be {"rows": [{column: value, ...}, ...]} with at least one row.'),
        (b'{"rows": []}', 422, 'The body must be {"rows": [{column: value, ...}, ...]} with at least one row.'),
        (b'{"rows": [' + b"1," * 60 + b"1]}", 413, "61 rows were sent, 50 are allowed. Use /predict_batch for files."),
        (b" " * 20_001, 413, "The body may have 0 MB."),
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused(service: tuple[TestClient, Parts], body: bytes, status: int, sentence: str) -> None:
    answer = service[0].post("/predict", content=body)
    assert answer.status_code == status
    detail = answer.json()["detail"]
    assert (detail if isinstance(detail, str) else detail[0]["fault"]).startswith(sentence)


def test_numbers_that_json_does_not_have_are_faults(service: tuple[TestClient, Parts]) -> None:
    body = json.dumps({"rows": [{**ROW, "age": float("nan"), "income": float("inf")}]})
    faults = service[0].post("/predict", content=body).json()["detail"]
    assert [fault["fault"] for fault in faults] == ["nan is no finite number.", "inf is no finite number."]


def test_a_target_in_a_row_is_not_looked_at(service: tuple[TestClient, Parts]) -> None:
    assert service[0].post("/predict", json={"rows": [{**ROW, "outcome": "left", "level": "low"}]}).status_code == 200


@pytest.mark.parametrize("kind", ["text/csv", "application/vnd.apache.parquet"])
def test_a_file_comes_back_with_its_predictions(service: tuple[TestClient, Parts], models: dict[str, Path], kind: str) -> None:
    frame = customers(30).drop(columns="outcome").assign(prediction="mine")
    given = io.BytesIO()
    frame.to_csv(given, index=False) if kind == "text/csv" else frame.to_parquet(given)
    answer = service[0].post("/predict_batch", content=given.getvalue(), headers={"content-type": kind})
    assert answer.status_code == 200, answer.text
    made = pd.read_csv(io.BytesIO(answer.content)) if kind == "text/csv" else pd.read_parquet(io.BytesIO(answer.content))
    assert list(made)[: frame.shape[1]] == [*frame.columns[:-1], "prediction_in_file"]
    assert made["key"].tolist() == frame["key"].tolist()
    expected = load_model(models["logistic"]).predict(frame)
    assert made["prediction"].tolist() == expected["prediction"].tolist()
    assert made["probability_left"].to_numpy() == pytest.approx(expected["probability_left"].to_numpy())
    assert answer.headers["x-model-version"] == service[1].source.current.version


@pytest.mark.parametrize(
    ("content", "kind", "status", "sentence"),
    [
        (b"a", "text/plain", 415, "The file must be sent as text/csv or application/vnd.apache.parquet, not as 'text/plain'."),
        (b"", "text/csv", 422, "The file is no CSV in UTF-8 with commas and a header: "),
        (b"age,income,city,member,joined\n", "text/csv", 422, "The file has no rows."),
        (b"a,b\n1,2,3\n1,2,3,4\n", "text/csv", 422, "The file is no CSV in UTF-8"),
        (b"a\n\xff\n", "text/csv", 422, "The file is no CSV in UTF-8"),
        (b"age\n1\n", "text/csv", 422, "'income' is missing"),
        (b"PAR1", "application/vnd.apache.parquet", 422, "The file is no Parquet file: "),
        (b"a" * 200_001, "text/csv", 413, "The body may have 0 MB."),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_predicted_is_refused(
    service: tuple[TestClient, Parts], content: bytes, kind: str, status: int, sentence: str
) -> None:
    answer = service[0].post("/predict_batch", content=content, headers={"content-type": kind})
    assert answer.status_code == status
    assert sentence in answer.json()["detail"]


def test_the_service_says_what_it_is(service: tuple[TestClient, Parts]) -> None:
    client, parts = service
    assert client.get("/health").json() == {"status": "ok"}
    assert client.get("/ready").json() == {"status": "ready", "version": parts.source.current.version}
    told = client.get("/metadata").json()
    assert (told["model"], told["task"], told["target"], told["classes"]) == ("Logistic", "binary", "outcome", ["stayed", "left"])
    assert told["fast"] is True and told["columns"] == list(ROW)
    fields = client.get("/schema").json()
    assert fields["required"] == list(ROW)
    described = fields["properties"]["city"]["description"]
    assert described.startswith("Training rows: ") and sorted(described[15:-1].split(", ")) == ["London", "Paris", "Rome"]
    document = client.get("/openapi.json").json()
    example = document["components"]["schemas"]["Rows"]["example"]
    assert client.post("/predict", json=example).status_code == 200


def test_figures_are_counted(service: tuple[TestClient, Parts]) -> None:
    client, parts = service
    client.post("/predict", json={"rows": [ROW, ROW]})
    client.post("/predict", json={"rows": []})
    client.get("/nothing")
    said = client.get("/metrics").text
    assert 'tablewright_requests_total{path="/predict",status="200"} 1.0' in said
    assert 'tablewright_requests_total{path="/predict",status="422"} 1.0' in said
    assert 'tablewright_requests_total{path="other",status="404"} 1.0' in said
    assert f'tablewright_rows_total{{version="{parts.source.current.version}"}} 2.0' in said


def logged(folder: Path, what: str = "log") -> list[dict[str, Any]]:
    """What stands in the log at this moment; nothing was closed."""
    return [json.loads(line) for path in sorted((folder / what).glob("*.jsonl")) for line in path.read_text().splitlines()]


def test_predictions_and_later_labels_are_logged(service: tuple[TestClient, Parts], tmp_path: Path) -> None:
    client, parts = service
    row = {**ROW, "city": "Oslo", "order": 17}
    answer = client.post("/predict", json={"rows": [row, ROW]}, headers={"x-request-id": "r1"}).json()
    labels = [{"request_id": "r1", "row": 1, "label": "left"}, {"key": "17", "label": "stayed"}]
    taken = client.post("/feedback", json={"labels": labels})
    assert (taken.status_code, taken.json()["labels"]) == (202, 2)
    first, second = logged(tmp_path)
    assert list(first) == list(COLUMNS)
    assert json.loads(first["inputs"]) == {name: value for name, value in row.items() if name != "income"}
    assert json.loads(first["probabilities"]) == pytest.approx(answer["predictions"][0]["probabilities"], abs=1e-6)
    assert first["value"] == json.loads(first["probabilities"])["left"]
    assert json.loads(first["warnings"]) == ["city: 'Oslo' is in no training row."]
    told = [(one["request"], one["row"], one["version"], one["source"], one["key"], one["error"]) for one in (first, second)]
    version = parts.source.current.version
    assert told == [("r1", 0, version, "service", "17", ""), ("r1", 1, version, "service", "r1:1", "")]
    assert first["ms"] > 0
    assert [(one["key"], one["truth"]) for one in logged(tmp_path, "labels")] == [("r1:1", "left"), ("17", "stayed")]


def test_many_rows_and_files_are_logged_in_the_same_columns(service: tuple[TestClient, Parts], tmp_path: Path) -> None:
    client, _ = service
    frame = customers(LINES + 1).drop(columns="outcome")
    given = frame.to_csv(index=False).encode()
    assert client.post("/predict_batch", content=given, headers={"content-type": "text/csv"}).status_code == 200
    (part,) = (tmp_path / "log").glob("*.parquet")
    found = pd.read_parquet(part)
    assert list(found) == list(COLUMNS) and found["row"].tolist() == list(range(LINES + 1))
    assert json.loads(found["inputs"][3])["city"] == frame["city"].fillna("")[3] and b"income" not in part.read_bytes()


def test_requests_that_fail_are_logged_with_their_reason(service: tuple[TestClient, Parts], tmp_path: Path) -> None:
    client, _ = service
    client.post("/predict", json={"rows": [{**ROW, "age": "old"}]})
    client.post("/predict_batch", content=b"age\n1\n", headers={"content-type": "text/csv"})
    first, second = logged(tmp_path)
    assert (first["error"], first["prediction"]) == ("Row 0, age: 'old' is no number.", None)
    assert second["error"].startswith("The column 'income' is missing, and the model needs it.")


def test_a_service_without_a_log_takes_no_labels(models: dict[str, Path]) -> None:
    with TestClient(create_app(Parts(Source(lambda: Target(models["logistic"]), every=0)))) as client:
        answer = client.post("/feedback", json={"labels": [{"request_id": "a", "label": "left"}]})
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "This service logs no predictions, so that a label would belong to none.",
    )


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, 'The body must be {"labels": [{"request_id": ..., "row": 0, "label": ...}, ...]}.'),
        ({"labels": [{"row": 0}]}, "Label 0 needs request_id, row and label, or key and label."),
        ({"labels": [{"request_id": "a", "row": -1, "label": "left"}]}, "The row of label 0 must be a whole number from 0."),
        ({"labels": [{"request_id": "a", "label": "gone"}]}, "Label 0 is 'gone'; it must be one of stayed, left."),
    ],
)
def test_labels_that_fit_nothing_are_refused(service: tuple[TestClient, Parts], body: dict[str, Any], sentence: str) -> None:
    answer = service[0].post("/feedback", json=body)
    assert (answer.status_code, answer.json()["detail"]) == (422, sentence)


def test_a_request_id_of_another_kind_is_not_taken_over(service: tuple[TestClient, Parts]) -> None:
    answer = service[0].get("/health", headers={"x-request-id": "a b\tc"})
    assert len(answer.headers["x-request-id"]) == 16


def test_callers_need_a_key_once_there_is_one(models: dict[str, Path], tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "keys.json")
    key, secret = ring.make("shop", per_minute=2)
    assert secret not in (tmp_path / "keys.json").read_text()
    assert (tmp_path / "keys.json").stat().st_mode & 0o077 == 0
    with TestClient(
        create_app(Parts(Source(lambda: Target(models["logistic"]), every=0), keys=KeyRing(tmp_path / "keys.json")))
    ) as client:
        assert client.get("/health").status_code == client.get("/ready").status_code == 200
        refused = client.post("/predict", json={"rows": [ROW]})
        assert (refused.status_code, refused.json()["detail"]) == (401, "A key is needed: Authorization: Bearer KEY.")
        assert client.get("/docs").status_code == client.get("/openapi.json").status_code == 401
        wrong = client.get("/schema", headers={"authorization": "Bearer tw_wrong"})
        assert (wrong.status_code, wrong.json()["detail"]) == (401, "This key is not known, or was revoked.")
        shown = {"authorization": f"Bearer {secret}"}
        assert client.get("/schema", headers=shown).status_code == 200
        assert client.get("/schema", headers={"x-api-key": secret}).status_code == 200
        over = client.get("/schema", headers=shown)
        assert (over.status_code, over.json()["detail"]) == (
            429,
            "More than 2 requests a minute with this key. Try again in a moment.",
        )
        ring.make("other")
        ring.revoke(key.id)
        assert client.get("/schema", headers=shown).status_code == 401


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_the_last_key_that_is_revoked_does_not_open_the_service(models: dict[str, Path], tmp_path: Path, host: str) -> None:
    """Without any key left it answered everybody who reached it."""
    ring = KeyRing(tmp_path / "keys.json")
    key, secret = ring.make("shop")
    running = Service(str(models["logistic"]), host=host, keys=str(tmp_path / "keys.json"))
    with TestClient(build(running), base_url="http://127.0.0.1") as client:
        assert client.get("/schema", headers={"x-api-key": secret}).status_code == 200
        ring.revoke(key.id)
        assert client.get("/schema").status_code == client.get("/schema", headers={"x-api-key": secret}).status_code == 401
        (tmp_path / "keys.json").unlink()
        assert client.get("/schema").status_code == 401
    # a process that takes the place of one that died is told what held when the service started
    with TestClient(build(replace(running, keyed=True)), base_url="http://127.0.0.1") as client:
        assert client.get("/schema").status_code == 401


def test_a_minute_of_calls_fills_again() -> None:
    ring, key = KeyRing(), None
    from automl_core.serving.keys import Key

    key = Key("a", "a", "h", "", per_minute=2)
    assert [ring.allows(key, now) for now in (0.0, 0.0, 0.0, 29.0, 31.0, 31.0)] == [True, True, False, False, True, False]


def test_another_version_is_taken_up_and_a_broken_one_is_not(models: dict[str, Path], tmp_path: Path) -> None:
    place = tmp_path / "model.zip"
    shutil.copy(models["logistic"], place)
    source = Source(lambda: Target(place), every=0)
    with TestClient(create_app(Parts(source))) as client:
        before = client.post("/predict", json={"rows": [ROW]}).json()
        assert not source.refresh()
        (tmp_path / "next").write_bytes(models["forest"].read_bytes())
        (tmp_path / "next").replace(place)
        assert source.refresh()
        after = client.post("/predict", json={"rows": [ROW]}).json()
        assert (before["model"], after["model"]) == ("Logistic", "Forest") and before["version"] != after["version"]
        (tmp_path / "next").write_bytes(models["logistic"].read_bytes()[:-100])
        (tmp_path / "next").replace(place)
        assert not source.refresh() and not source.refresh()
        assert "is no readable zip file" in source.fault
        ready = client.get("/ready").json()
        assert ready["version"] == after["version"] and "is no readable zip file" in ready["fault"]
        place.unlink()
        assert not source.refresh()
        assert client.post("/predict", json={"rows": [ROW]}).json()["predictions"] == after["predictions"]


def test_no_request_is_dropped_while_versions_change(models: dict[str, Path], tmp_path: Path) -> None:
    """Each answer is wholly of one version, also those that are being made at the moment of the change."""
    place = tmp_path / "model.zip"
    shutil.copy(models["logistic"], place)
    rows = [{**ROW, "age": 20.0 + number} for number in range(40)]  # more than are answered between two others
    alone = {}
    for name in ("logistic", "forest"):
        with TestClient(create_app(Parts(Source(lambda path=models[name]: Target(path), every=0)))) as client:
            said = client.post("/predict", json={"rows": rows}).json()
            alone[said["version"]] = said["predictions"]
    source, over = Source(lambda: Target(place), every=0.01), threading.Event()
    with TestClient(create_app(Parts(source))) as client, ThreadPoolExecutor(3) as pool:

        def ask() -> list[tuple[int, Any]]:
            told = []
            while not over.is_set():
                answer = client.post("/predict", json={"rows": rows})
                told.append((answer.status_code, answer.json()))
            return told

        asking = [pool.submit(ask) for _ in range(3)]
        try:
            for name in ("forest", "logistic") * 3:
                before = source.current.version
                (tmp_path / "next").write_bytes(models[name].read_bytes())
                (tmp_path / "next").replace(place)
                deadline = time.monotonic() + 60
                while source.current.version == before:
                    assert time.monotonic() < deadline, source.fault
                    time.sleep(0.01)
        finally:
            over.set()
        answers = [found for one in asking for found in one.result()]
    assert {status for status, _ in answers} == {200}
    assert {said["version"] for _, said in answers} == set(alone)
    assert all(said["predictions"] == alone[said["version"]] for _, said in answers)


def test_a_service_does_not_start_with_a_broken_model(tmp_path: Path) -> None:
    (tmp_path / "model.zip").write_bytes(b"nothing")
    with pytest.raises(FormatError, match="is no readable zip file"):
        Source(lambda: Target(tmp_path / "model.zip"), every=0)


def test_a_fault_of_ours_shows_no_traceback(service: tuple[TestClient, Parts], monkeypatch: pytest.MonkeyPatch) -> None:
    from automl_core.serving import app as module

    def broken(*given: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(module, "answers", broken)
    answer = service[0].post("/predict", json={"rows": [ROW]})
    assert answer.status_code == 500
    assert answer.json()["detail"] == "Something went wrong on our side; the log has the details under this request's id."
    assert "secret" not in answer.text


@contextmanager
def service_log() -> Iterator[io.StringIO]:
    """What the service says of itself while the block runs."""
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("tablewright.serving")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield said
    finally:
        logger.removeHandler(handler)


def test_the_log_is_a_line_of_json_for_each_request(service: tuple[TestClient, Parts]) -> None:
    with service_log() as said:
        service[0].post("/predict", json={"rows": [ROW]}, headers={"authorization": "Bearer tw_secret"})
    entry = json.loads(said.getvalue().splitlines()[-1])
    assert (entry["event"], entry["method"], entry["path"], entry["status"], entry["rows"]) == (
        "request",
        "POST",
        "/predict",
        200,
        1,
    )
    assert entry["ms"] > 0 and "tw_secret" not in said.getvalue() and "Rome" not in said.getvalue()


def test_a_service_that_others_reach_needs_keys(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        check(Service("m.zip", host="0.0.0.0", keys=str(tmp_path / "keys.json")))
    assert str(error.value) == (
        "The service would listen on 0.0.0.0, where others can reach it, and asks for no key. Callers from elsewhere need keys. "
        "Make one with: python -m automl_core keys --add NAME. Or say --anyone if the network is trusted."
    )
    KeyRing(tmp_path / "keys.json").make("shop")
    check(Service("m.zip", host="0.0.0.0", keys=str(tmp_path / "keys.json")))
    check(Service("m.zip", host="0.0.0.0", anyone=True))
    check(Service("m.zip"))
    assert [is_loopback(host) for host in ("localhost", "127.0.0.1", "::1", "0.0.0.0", "example.org")] == [
        True,
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("name", ["logistic", "ridge"])
def test_contributions_add_up_to_the_prediction(models: dict[str, Path], name: str) -> None:
    from automl_core.serving.explained import Explained

    parts = Parts(Source(lambda: Target(models[name]), every=0), explain=Explained())
    with TestClient(create_app(parts)) as client:
        said = client.post("/explain", json={"rows": [ROW]}).json()["explanations"][0]
        predicted = client.post("/predict", json={"rows": [ROW]}).json()["predictions"][0]
    assert set(said["contributions"]) == set(ROW)
    sizes = [abs(value) for value in said["contributions"].values()]
    assert sizes == sorted(sizes, reverse=True)
    total = said["base"] + sum(said["contributions"].values())
    if name == "ridge":
        assert (said["output"], said["unit"]) == ("amount", "the target's")
        assert total == pytest.approx(predicted["prediction"], rel=1e-6)
    else:
        assert (said["output"], said["unit"]) == ("left", "log-odds")
        # The mean of the folds' log-odds, which is near the log-odds of their mean probability.
        assert 1 / (1 + math.exp(-total)) == pytest.approx(predicted["probabilities"]["left"], abs=0.02)


def test_a_service_of_the_bundle_alone_says_that_it_cannot_explain(service: tuple[TestClient, Parts]) -> None:
    answer = service[0].post("/explain", json={"rows": [ROW]})
    assert (answer.status_code, answer.json()["detail"]) == (
        501,
        "This service carries the model only. Explanations need the whole of Tablewright.",
    )


def test_a_log_that_cannot_be_written_hinders_no_answer(models: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "log").write_text("no folder")
    parts = Parts(Source(lambda: Target(models["logistic"]), every=0), log=Recorder(PredictionLog(tmp_path, Keeping)))
    with TestClient(create_app(parts)) as client, service_log() as said:
        assert client.post("/predict", json={"rows": [ROW]}).status_code == 200
    told = [json.loads(line) for line in said.getvalue().splitlines()]
    assert [(entry["level"], entry["event"]) for entry in told] == [
        ("error", "a prediction could not be logged"),
        ("info", "request"),
    ]
    assert told[0]["reason"] == "The prediction could not be logged: File exists."


def test_options_of_a_log_need_its_folder() -> None:
    with pytest.raises(InputError, match="How a log is kept was said, but not where.*Name its folder with --log DIR."):
        check_log("", 90, ["mail"], "")
    with pytest.raises(InputError, match="Predictions would be kept for 0 days."):
        check_log("/logs", 0, (), "")
    check_log("", 90, (), "")
