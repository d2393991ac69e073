"""How a model does, from its log: exact counts, percentiles and performance; alerts as a table; a webhook that is one."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pandas as pd
import pytest

from automl_core.combining.price import price
from automl_core.errors import InputError
from automl_core.experiment import Costs
from automl_core.monitoring import webhook
from automl_core.monitoring.alerts import crossed, read_alerts, tell, try_webhook
from automl_core.monitoring.check import check, predict_and_log, stored_status
from automl_core.monitoring.health import Health, look
from automl_core.monitoring.log import Answered, add_labels, log_answer, read_log
from automl_core.monitoring.settings import Limits, Settings, save_settings
from automl_core.monitoring.summary import Period, Seen, Status, fallen, summarise
from automl_core.monitoring.webhook import send
from automl_core.people import access
from automl_core.people.person import Person, acting_as
from automl_core.people.settings import Settings as Installation
from automl_core.people.settings import save_settings as save_installation
from automl_core.registry.store import MODEL, Registered, create_registered
from automl_core.runs import Run
from automl_core.scoring.bundle import load_model
from tests.conftest import customers
from tests.registry.conftest import a_version

DAY = 86_400.0
NOW = 1_700_000_000.0 // DAY * DAY + DAY / 2


@pytest.fixture
def live(project, bundles) -> Registered:
    """A registered forest whose log is on, by the key `key`."""
    registered = create_registered(project, "customers")
    registered.add(a_version(score=0.9), {MODEL: bundles["binary-forest"]})
    save_settings(registered, Settings(on=True, key="key", left_out=("mail",)))
    return registered


def fill(registered: Registered, *, rows: int = 60, at: float = NOW, seed: int = 3) -> pd.DataFrame:
    model = load_model(registered.model(1))
    frame = customers(rows, seed=seed)
    frame["key"] = [f"{seed}-{name}" for name in frame["key"]]
    predicted = model.predict(frame)
    log_answer(
        registered,
        Answered(1, "batch", 0.6, frame.drop(columns="outcome"), predicted, model.classes, model.positive, time=at),
    )
    return frame


def test_money_is_counted_by_the_table_that_the_run_has_now(live: Registered, run_in_project: Run):
    """A cost table entered after a version was registered was never counted."""
    frame = fill(live)
    add_labels(live, frame, "key", "outcome")

    def look_now() -> float | None:
        return check(live, now=NOW + 10, drift=lambda model, frame: Seen("nothing", "Fine.", (), {}))[0].total.money

    assert look_now() is None
    price(run_in_project, Costs(30, -5, -60, 0))
    model = load_model(live.model(1))
    act, event = model.predict(frame)["prediction"] == "left", frame["outcome"] == "left"
    worth = np.select([act & event, act & ~event, ~act & event], [30.0, -5.0, -60.0], 0.0)
    assert look_now() == pytest.approx(worth[frame["outcome"].notna()].mean())


def test_counts_percentiles_and_performance_are_exact(live: Registered):
    first, second = fill(live, at=NOW - DAY, seed=3), fill(live, at=NOW, seed=4)
    for number in range(4):
        log_answer(live, Answered(1, "page", 0.1 * (number + 1), error="It is bad.", time=NOW))
    add_labels(live, second, "key", "outcome")
    model = load_model(live.model(1))
    status, told = check(live, now=NOW + 10, drift=lambda model, frame: Seen("watch", "A little.", ("Age moved.",)))
    assert (status.total.rows, status.total.requests, status.total.failed) == (120, 6, 4)
    assert status.total.p95_ms == pytest.approx(10.0)
    assert status.total.seconds == pytest.approx(0.6 + 0.6 + 1.0)
    assert [(period.rows, period.failed, period.labelled) for period in status.periods] == [(60, 0, 0), (60, 4, 60)]
    from automl_core.evaluation.evaluate import evaluate

    expected = evaluate(model, second).metrics["roc_auc"].value
    assert status.periods[1].performance == pytest.approx(expected, abs=1e-4)  # probabilities are logged with six digits
    assert status.periods[0].performance is None
    assert status.expected == 0.9
    assert status.drop == pytest.approx((0.9 - status.total.performance) / 0.9)
    assert sum(status.predictions.values()) == 120
    assert stored_status(live) == status
    of_the_machine = {"cpu", "memory", "disk", "host", "queue"}
    fell = Limits().drop is not None and status.drop > Limits().drop
    assert {alert.code for alert in told} - of_the_machine == ({"performance"} if fell else set())
    assert len(first) == 60


def test_a_failed_file_is_logged_and_told(live: Registered, tmp_path):
    file = tmp_path / "bad.csv"
    file.write_text("age\n3\n4\n")
    model = load_model(live.model(1))
    with pytest.raises(InputError):
        predict_and_log(model, file, tmp_path / "out.csv", live, 1)
    logged = read_log(live)
    assert len(logged) == 1 and "missing" in logged["error"][0]
    customers(5).to_csv(tmp_path / "good.csv", index=False)
    report, hindered = predict_and_log(model, tmp_path / "good.csv", tmp_path / "out.csv", live, 1)
    assert (report.rows, hindered) == (5, "")
    assert len(read_log(live)) == 6
    assert "mail" not in json.loads(read_log(live)["inputs"].iloc[-1])


def test_a_look_without_a_log_says_so(live: Registered):
    status, _ = check(live, now=NOW)
    assert (status.total.rows, status.periods, status.drop) == (0, (), None)


def test_drift_that_cannot_be_looked_at_is_a_note(live: Registered):
    fill(live)

    def fails(model, frame):
        raise InputError("The table has 3 rows.", action="Bring more.")

    status, _ = check(live, now=NOW + 10, drift=fails)
    assert status.drift is None and status.notes == ("Drift was not looked at: The table has 3 rows. Bring more.",)


@pytest.mark.parametrize(
    ("now", "expected", "greater", "drop"),
    [(0.8, 1.0, True, 0.2), (1.2, 1.0, True, -0.2), (12.0, 10.0, False, 0.2), (None, 1.0, True, None), (0.5, None, True, None),
     (0.5, 0.0, True, None), (float("nan"), 1.0, True, None)],
)  # fmt: skip
def test_how_far_performance_fell(now, expected, greater, drop):
    found = fallen(now, expected, greater_is_better=greater)
    assert found is None if drop is None else found == pytest.approx(drop)


HEALTH = Health(0.5, 0.5, 0.5, 1, 1, 0, True, 0)
TOTAL = Period(0.0, 100, 100, 0, 1.0, 2.0, 3.0, 1.0, 0.4)
STATUS = Status("shop", 1, 0.0, TOTAL, (), "day", {}, {}, "roc_auc", "ROC AUC", True, 0.9)


@pytest.mark.parametrize(
    ("status", "health", "limits", "codes"),
    [
        (STATUS, HEALTH, Limits(), []),
        (replace(STATUS, total=replace(TOTAL, p95_ms=501.0)), HEALTH, Limits(), ["latency"]),
        (replace(STATUS, total=replace(TOTAL, p95_ms=501.0)), HEALTH, Limits(p95_ms=None), []),
        (replace(STATUS, total=replace(TOTAL, failed=6)), HEALTH, Limits(), ["errors"]),
        (replace(STATUS, total=replace(TOTAL, requests=10, failed=6)), HEALTH, Limits(), []),
        (replace(STATUS, total=replace(TOTAL, performance=0.80)), HEALTH, Limits(), ["performance"]),
        (replace(STATUS, total=replace(TOTAL, performance=0.82)), HEALTH, Limits(), []),
        (replace(STATUS, drift=Seen("watch", "", (), {"roc_auc": (0.7, 0.6, 0.8)})), HEALTH, Limits(), ["estimate"]),
        (replace(STATUS, drift=Seen("act", "Age moved.")), HEALTH, Limits(), ["drift"]),
        (replace(STATUS, drift=Seen("act", "Age moved.")), HEALTH, Limits(drift=False), []),
        (STATUS, replace(HEALTH, memory=0.96, disk=0.97, queue=21, cpu=1.0), Limits(), ["disk", "memory", "queue"]),
        (STATUS, replace(HEALTH, cpu=0.91), Limits(cpu=0.9), ["cpu"]),
    ],
)
def test_alerts_by_limit(status, health, limits, codes):
    assert [alert.code for alert in crossed(status, health, limits)] == codes


def test_an_alert_says_its_numbers():
    [alert] = crossed(replace(STATUS, total=replace(TOTAL, performance=0.72)), HEALTH, Limits())
    assert alert.sentence == "ROC AUC is 0.72, 20.0% worse than the 0.9 expected; the limit is 10.0%."
    assert alert.action == "Retrain with newer rows, or roll back."


def test_an_alert_to_a_place_inside_is_kept_with_the_reason(live: Registered, hook: str):
    alerts = crossed(replace(STATUS, total=replace(TOTAL, performance=0.72)), HEALTH, Limits())
    tell(live, Settings(on=True, webhook=f"{hook}/hook"), alerts, now=NOW + 4 * DAY)
    assert Receiver.got == []
    assert read_alerts(live)[-1].told == (
        "Not sent: 127.0.0.1 is inside of this network; an administrator can let alerts go there, on the Settings page."
    )
    with pytest.raises(InputError, match="is inside of this network"):
        save_settings(live, Settings(on=True, webhook=f"{hook}/hook"))


LOOPBACK = ("127.0.0.0/8",)


class Receiver(BaseHTTPRequestHandler):
    """A webhook: keeps what it gets; ``/away`` redirects to itself."""

    got: list[dict]

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).got.append({"path": self.path, **body})
        self.send_response({"/away": 302, "/bad": 500}.get(self.path, 204))
        if self.path == "/away":
            self.send_header("Location", "/hook")
        self.end_headers()

    def log_message(self, *args):
        return


@pytest.fixture
def hook() -> Iterator[str]:
    Receiver.got = []
    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_alerts_are_sent_once_a_day_and_kept(live: Registered, hook: str):
    save_installation(live.workspace, Installation().changed("webhooks", "127.0.0.1"))
    alerts = crossed(replace(STATUS, total=replace(TOTAL, performance=0.72)), HEALTH, Limits())
    settings = Settings(on=True, webhook=f"{hook}/hook")
    assert len(tell(live, settings, alerts, now=NOW)) == 1
    assert tell(live, settings, alerts, now=NOW + 3600) == ()
    assert len(tell(live, settings, alerts, now=NOW + 2 * DAY)) == 1
    assert [(one["path"], one["model"], one["code"]) for one in Receiver.got] == [("/hook", "customers", "performance")] * 2
    assert [alert.told for alert in read_alerts(live)] == ["Sent, answered with 204."] * 2


def test_an_alert_is_kept_while_the_settings_are_damaged(live: Registered, hook: str):
    """The alert was lost for whoever has a webhook: what may be reached was read before it was written down."""
    live.workspace.settings.write_text("{")
    alerts = crossed(replace(STATUS, total=replace(TOTAL, performance=0.72)), HEALTH, Limits())
    assert len(tell(live, Settings(on=True, webhook=f"{hook}/hook"), alerts, now=NOW)) == 1
    assert Receiver.got == []
    [kept] = read_alerts(live)
    assert kept.told.startswith("Not sent: 127.0.0.1 is inside of this network;")
    assert " Nothing is sent to networks inside meanwhile: settings.json in " in kept.told
    assert " is damaged: " in kept.told


def test_what_hindered_sending_is_told_in_words(monkeypatch: pytest.MonkeyPatch):
    assert send("http://no-such-host.invalid/x", {}, telling=True) == "Not sent: no address is known for the host's name."
    monkeypatch.setattr(webhook, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
        assert send(address, {}, inside=LOOPBACK) == "Not sent: it did not answer within 0.2 seconds."


def test_a_latency_says_its_digits():
    [alert] = crossed(replace(STATUS, total=replace(TOTAL, p95_ms=0.3828)), HEALTH, Limits(p95_ms=0.001))
    assert alert.sentence == "95 % of the requests took up to 0.383 ms a row; the limit is 0.001 ms."
    [alert] = crossed(replace(STATUS, total=replace(TOTAL, p95_ms=1234.5)), HEALTH, Limits(p95_ms=1000))
    assert alert.sentence == "95 % of the requests took up to 1,234 ms a row; the limit is 1,000 ms."
    [alert] = crossed(replace(STATUS, total=replace(TOTAL, p95_ms=99_999.9)), HEALTH, Limits(p95_ms=999.9))
    assert alert.sentence == "95 % of the requests took up to 100,000 ms a row; the limit is 1,000 ms."


def test_a_large_performance_says_its_digits():
    fell = replace(STATUS, expected=23_456.7, total=replace(TOTAL, performance=12_345.6))
    [alert] = crossed(fell, HEALTH, Limits())
    assert "12,346" in alert.sentence and "the 23,457 expected" in alert.sentence


def test_a_test_of_a_webhook_tells_names_inside_to_administrators_only(live: Registered):
    access.share(live.project, "ben@example.org", "editor")
    with acting_as(Person("ben@example.org", "Ben")):
        assert try_webhook(live, "http://no-such-host.invalid/x") == f"Not sent: {webhook.UNTOLD}."
    assert try_webhook(live, "http://no-such-host.invalid/x") == "Not sent: no address is known for the host's name."


def test_a_webhook_is_tried_before_the_first_alert(live: Registered, hook: str):
    with pytest.raises(InputError, match="is inside of this network"):
        try_webhook(live, f"{hook}/hook")
    save_installation(live.workspace, Installation().changed("webhooks", "127.0.0.1"))
    assert try_webhook(live, f"{hook}/hook") == "Sent, answered with 204."
    assert [(one["code"], one["model"], one["sentence"]) for one in Receiver.got] == [
        ("test", "customers", "This is a test of the webhook."),
    ]  # fmt: skip


def test_a_redirect_is_not_followed_and_errors_are_told(hook: str):
    assert (
        send(f"{hook}/away", {"code": "x"}, inside=LOOPBACK) == "Not taken: answered with 302, a redirect, which is not followed."
    )
    assert send(f"{hook}/bad", {"code": "x"}, inside=LOOPBACK) == "Not taken: answered with 500, an error."
    assert [one["path"] for one in Receiver.got] == ["/away", "/bad"]
    assert send("http://127.0.0.1:9/x", {}, inside=LOOPBACK) == "Not sent: Connection refused."
    with pytest.raises(InputError, match="cannot be a webhook"):
        send("file:///etc/passwd", {})


def test_the_machine_is_looked_at(workspace):
    found = look(workspace, seconds=0.01)
    assert 0 <= found.memory <= 1 and 0 <= found.disk <= 1 and found.queue == 0 and not found.host


def test_labels_of_one_kind_judge_nothing(live: Registered):
    frame = fill(live)
    frame["outcome"] = "left"
    add_labels(live, frame, "key", "outcome")
    status = summarise(
        read_log(live),
        load_model(live.model(1)),
        name="customers",
        version=1,
        expected=0.9,
        drift=lambda m, f: Seen("nothing", ""),
    )
    assert status.total.labelled == 60 and status.total.performance is None
    assert np.isfinite(status.total.mean)
