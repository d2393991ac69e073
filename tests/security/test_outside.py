"""Attacks through what the app connects to, and what it writes: webhooks, databases, logs, spreadsheets."""

from __future__ import annotations

import csv
import io
import socket
from pathlib import Path

import pandas as pd
import pytest

from automl_core.errors import AutoMLError, InputError
from automl_core.monitoring import webhook
from automl_core.monitoring.webhook import check_address, check_inside, may_receive, send
from automl_core.predicting import defuse
from automl_core.workspace import Workspace


@pytest.mark.parametrize(
    ("address", "web", "inside"),
    [
        ("169.254.169.254", False, False),  # where clouds hand out a machine's secrets
        ("fe80::1", False, False),
        ("::ffff:169.254.169.254", False, False),
        ("64:ff9b::a9fe:a9fe", False, False),  # the same, as a network without IPv4 writes it
        ("224.0.0.1", False, False),
        ("0.0.0.0", False, False),
        ("::", False, False),
        ("127.0.0.1", False, True),
        ("::1", False, True),
        ("::ffff:127.0.0.1", False, True),
        ("2002:7f00:1::", False, True),
        ("10.1.2.3", False, True),  # the company's own chat
        ("192.168.1.20", False, True),
        ("100.64.0.1", False, True),
        ("fd00::1", False, True),
        ("93.184.216.34", True, True),
        ("2606:2800:220:1:248:1893:25c8:1946", True, True),
    ],
)
def test_where_alerts_may_go(address: str, web: bool, inside: bool) -> None:
    assert may_receive(address) is web
    assert may_receive(address, ("0.0.0.0/0", "::/0")) is inside


def test_only_the_networks_that_are_allowed_are_reached() -> None:
    assert may_receive("10.1.2.3", ("10.0.0.0/8",)) is True
    assert may_receive("10.1.2.3", ("10.2.0.0/16", "192.168.1.20/32")) is False


@pytest.mark.parametrize(("inside", "why"), [
    ((), "Not sent: 127.0.0.1 is inside of this network; an administrator can let alerts go there, on the Settings page."),
    (("127.0.0.0/8",), "Not sent: 127.0.0.1 is an address of the machine's surroundings, which get no alerts."),
])  # fmt: skip
def test_a_name_that_resolves_to_somewhere_else_gets_nothing(
    monkeypatch: pytest.MonkeyPatch, inside: tuple[str, ...], why: str
) -> None:
    """The name is looked at once, and what was looked at is connected to, so that it cannot mean another address by then."""
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda name, *rest, **named: resolve("127.0.0.1", *rest, **named))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        if inside:  # as if it were the cloud's own service, which no setting lets alerts reach
            monkeypatch.setattr(webhook, "may_receive", lambda address, inside=(): False)
        address = f"http://internal-name:{listener.getsockname()[1]}/latest/meta-data"
        told = send(address, {"code": "x"}, inside=inside, telling=True)
        with pytest.raises(BlockingIOError):  # nobody knocked
            listener.accept()
    assert told == why


@pytest.mark.parametrize("telling", [True, False])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_refusal_does_not_tell_whether_the_port_is_open(monkeypatch: pytest.MonkeyPatch, telling: bool, scheme: str) -> None:
    """Names were connected to before they were looked at: anyone could tell the open ports of this network."""
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda name, *rest, **named: resolve("127.0.0.1", *rest, **named))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        address = f"{scheme}://internal-name:{listener.getsockname()[1]}/"
        opened = send(address, {"code": "x"}, telling=telling)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert send(address, {"code": "x"}, telling=telling) == opened
    assert ("127.0.0.1 is inside of this network;" in opened) is telling


def test_a_refusal_does_not_tell_where_a_name_leads_or_whether_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may edit a project could draw a map of the names inside; only an administrator is told."""
    known = {"there": "10.1.2.3", "cloud": "169.254.169.254"}

    def resolve(name: str, *rest: object, **named: object) -> list[object]:
        if name not in known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (known[name], 80))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    answers = {send(f"http://{name}/", {"code": "x"}) for name in ("there", "cloud", "nowhere")}
    assert answers == {f"Not sent: {webhook.UNTOLD}."}
    assert [send(f"http://{name}/", {"code": "x"}, telling=True) for name in ("there", "cloud", "nowhere")] == [
        "Not sent: 10.1.2.3 is inside of this network; an administrator can let alerts go there, on the Settings page.",
        "Not sent: 169.254.169.254 is an address of the machine's surroundings, which get no alerts.",
        "Not sent: no address is known for the host's name.",
    ]


def test_of_a_names_addresses_only_those_that_may_get_alerts_are_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 80)) for one in ("10.1.2.3", "93.184.216.34", "2606:2800::1")]
    asked: list[tuple[str, int]] = []

    def connect(place: tuple[str, int], *rest: object) -> socket.socket:
        asked.append(place)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **named: both)
    monkeypatch.setattr(socket, "create_connection", connect)
    assert send("http://mixed.example/", {"code": "x"}) == "Not sent: Connection refused."
    assert asked == [("93.184.216.34", 80), ("2606:2800::1", 80)]


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8080", "localhost", "[::1]:80", "10.1.2.3", "127.1", "127.0.0.1.", "2130706433", "0x7f000001", "0x7F.1:80",
     "017700000001", "0177.0.0.1", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "LOCALHOST", "localhost.", "x.localhost",
     "１２７.０.０.１", "127。1", "①②⑦.①", "%31%32%37.1", "[fd00::1%25eth0]"],
)  # fmt: skip
def test_a_webhook_inside_is_refused_when_it_is_typed(host: str) -> None:
    """Spellings such as http://127.1/ were taken for names, and stored."""
    address = check_address(f"http://{host}/hook")
    with pytest.raises(InputError, match=r"is inside of this network; an administrator can let alerts go there, on the Settings"):
        check_inside(address, ())
    check_inside(address, ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "fd00::/8"))


@pytest.mark.parametrize(
    "host", ["hooks.example.org", "localhost.example.org", "0x7f.example", "93.184.216.34", "a" * 64, "x..y"]
)
def test_a_webhook_on_the_web_is_taken_when_it_is_typed(host: str) -> None:
    check_inside(check_address(f"https://{host}/hook"), ())


def test_a_webhook_of_the_clouds_own_service_is_refused_when_it_is_typed() -> None:
    with pytest.raises(InputError, match=r"^169\.254\.169\.254 is an address of the machine's surroundings, which get"):
        check_inside("http://169.254.169.254/latest", ("0.0.0.0/0",))
    check_inside("https://hooks.example.org/x", ())


@pytest.mark.parametrize(
    "address",
    ["file:///etc/passwd", "gopher://host/x", "ftp://host/x", "http://", "http://user:secret@host/", "http://ho st/",
     "javascript:1", "http://host\r\nX-Evil: 1/", "http://[::1"],
)  # fmt: skip
def test_a_webhook_is_an_address_of_the_web_and_nothing_else(address: str) -> None:
    with pytest.raises(InputError):
        check_address(address)


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "=cmd|'/c calc'!A0", "+1+1", "-1+cmd|' /C calc'!A0", "@SUM(1)", "\t=1+1", "\r=1+1", '=HYPERLINK("http://evil.example")',
     "＝1+1"],
)  # fmt: skip
def test_no_cell_of_a_file_that_we_write_is_a_formula(cell: str, tmp_path: Path) -> None:
    """Whoever uploads a table chooses what stands in the file that somebody else opens."""
    from automl_core.predicting import write_csv

    write_csv(tmp_path / "out.csv", pd.DataFrame({"name": [cell], cell: ["x"]}))
    header, row = list(csv.reader(io.StringIO((tmp_path / "out.csv").read_bytes().decode("utf-8-sig"), newline="")))
    for written in (header[1], row[0]):
        assert written.lstrip()[:1] not in ("=", "+", "-", "@", "＝"), written
    assert defuse("-1.5") == "-1.5" and defuse("+49 30 1234") in ("+49 30 1234", "'+49 30 1234")


def test_a_carriage_return_in_a_cell_begins_no_row(tmp_path: Path) -> None:
    """Python's csv quotes only what ends its rows: behind a carriage return a spreadsheet saw a new row, and a formula."""
    from automl_core.batch.writers import writer_to
    from automl_core.predicting import write_csv

    frame = pd.DataFrame({"name": ["x\r=1+1"], "b\r=2": ["y\n=3"]})
    write_csv(tmp_path / "table.csv", frame)
    with writer_to(tmp_path / "predicted.csv", frozenset()) as writer:
        writer.write(frame, pd.DataFrame({"prediction": ["left"]}))
    assert (tmp_path / "table.csv").read_bytes() == b'name,"b\r=2"\n"x\r=1+1","y\n=3"\n'
    assert (tmp_path / "predicted.csv").read_bytes() == b'name,"b\r=2",prediction\n"x\r=1+1","y\n=3",left\n'


def test_the_password_of_a_database_is_in_no_message_and_no_log(tmp_path: Path) -> None:
    from automl_core.data.sources.database import read_query
    from automl_core.log import log_error

    secret = "hunter2secret"
    for address in (
        f"postgresql://user:{secret}@127.0.0.1:9/db",
        f"mysql://user:{secret}@host/db",
        f"postgresql://user:{secret}@/\x00",
    ):
        with pytest.raises(AutoMLError) as caught:
            read_query(address, "SELECT 1")
        log_error(Workspace(tmp_path), caught.value, "test")
        assert secret not in str(caught.value)
    (log,) = (tmp_path / "logs").glob("*.log")
    assert secret not in log.read_text()
