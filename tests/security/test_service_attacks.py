"""Attacks on the service over a real connection: slow callers, pages of other sites, names that were made to point here."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi.testclient import TestClient

from automl_core.serving.app import create_app
from automl_core.serving.guard import Guard, Limits
from automl_core.serving.parts import Parts
from automl_core.serving.patience import Patience
from automl_core.serving.source import Source, Target
from automl_core.worker.candidates import bundle
from tests.conftest import MakeRun

ROW = {"age": 61.0, "income": 30000.0, "city": "Rome", "member": "Yes", "joined": "2021-03-01"}
BODY = json.dumps({"rows": [ROW]}).encode()


@pytest.fixture(scope="module")
def model(make_run: MakeRun) -> Path:
    return bundle(make_run("binary"), "logistic")


@pytest.fixture
def serve(model: Path) -> Iterator[Callable[..., int]]:
    """Return what serves over a real connection, with a second of patience: serve(parts) gives the port."""
    started: list[tuple[uvicorn.Server, threading.Thread]] = []

    class Hurried(Patience):
        seconds = 1.0

    def start(**more: Any) -> int:
        parts = Parts(Source(lambda: Target(model), every=0), limits=Limits(seconds=1.0), **more)
        config = uvicorn.Config(create_app(parts), host="127.0.0.1", port=0, http=Hurried, log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        started.append((server, thread))
        while not server.started:
            time.sleep(0.01)
        return int(server.servers[0].sockets[0].getsockname()[1])

    yield start
    for server, thread in started:
        server.should_exit = True
        thread.join(10)


def head(port: int, *lines: str, length: int = len(BODY)) -> bytes:
    """Return the head of a request for a prediction."""
    said = ["POST /predict HTTP/1.1", f"Host: 127.0.0.1:{port}", "Content-Type: application/json", f"Content-Length: {length}"]
    return "\r\n".join([*said, *lines, "", ""]).encode()


def answer(connection: socket.socket) -> bytes:
    """Return everything that comes until the other side ends the connection."""
    connection.settimeout(10)
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            found += piece
    return found


def test_a_head_that_drips_is_ended_and_others_are_answered(serve: Callable[..., int]) -> None:
    port = serve()
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(30)]
    begun = time.monotonic()
    for connection in slow:
        connection.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\n")
    with socket.create_connection(("127.0.0.1", port)) as honest:
        honest.sendall(head(port, "Connection: close") + BODY)
        assert answer(honest).startswith(b"HTTP/1.1 200")
    for number, connection in enumerate(slow):
        if number == 0:
            connection.sendall(b"X-A: b\r\n")  # a drop now and then gives it no more time
        assert answer(connection) == b""
        connection.close()
    assert 0.5 < time.monotonic() - begun < 6


def test_a_second_head_on_the_same_connection_must_come_in_time_too(serve: Callable[..., int]) -> None:
    port = serve()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head(port) + BODY)
        time.sleep(0.3)
        connection.sendall(b"POST /predict HTT")
        begun = time.monotonic()
        assert answer(connection).startswith(b"HTTP/1.1 200")
        assert time.monotonic() - begun < 6


def test_a_body_that_drips_is_answered_with_408(serve: Callable[..., int]) -> None:
    port = serve()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head(port, length=1000) + b"{")
        told = answer(connection)
    assert told.startswith(b"HTTP/1.1 408") and b"The body did not come within 1 s." in told


def test_an_answer_that_nobody_takes_is_given_up() -> None:
    """A caller who never reads held the answer, and the file it was sent from, for ever."""

    async def big(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x" * 100, "more_body": True})

    async def stuck(message: Any) -> None:
        if message["type"] == "http.response.body":
            await asyncio.sleep(60)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    from automl_core.serving.figures import Figures
    from automl_core.serving.keys import KeyRing

    guard = Guard(big, KeyRing(), Limits(seconds=0.05), Figures())
    scope = {"type": "http", "method": "GET", "path": "/x", "headers": []}
    begun = time.monotonic()
    asyncio.run(guard(scope, receive, stuck))
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("path", ["/predict", "/feedback", "/predict_batch", "/explain"])
@pytest.mark.parametrize("origin", ["https://evil.example", "http://testserver.evil.example", "http://testserver:81", "null"])
def test_a_page_of_another_site_gets_no_answer(model: Path, path: str, origin: str) -> None:
    """A browser sends plain text to any address without asking: a page could have had labels written."""
    with TestClient(create_app(Parts(Source(lambda: Target(model), every=0)))) as client:
        refused = client.post(path, content=BODY, headers={"origin": origin, "content-type": "text/plain"})
        own = client.post("/predict", content=BODY, headers={"origin": "http://testserver"})
        behind = client.post("/predict", content=BODY, headers={"origin": "https://ml.example", "x-forwarded-host": "ml.example"})
    assert (refused.status_code, refused.json()["detail"]) == (403, "Pages of other sites may not call this service.")
    assert own.status_code == behind.status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [("evil.example", 403), ("localhost.evil.example:80", 403), ("", 403), ("[", 403), ("10.0.0.7", 403),
     ("localhost:8080", 200), ("127.0.0.1", 200), ("[::1]:8080", 200)],
)  # fmt: skip
def test_a_name_that_was_made_to_point_here_is_refused(model: Path, host: str, status: int) -> None:
    """A site can let its own name point to 127.0.0.1, and its pages are then of the same origin as the service."""
    with TestClient(create_app(Parts(Source(lambda: Target(model), every=0), local=True))) as client:
        assert client.post("/predict", content=BODY, headers={"host": host}).status_code == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"rows": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", 400),
        (b'{"rows": [{"age": ' + b"9" * 200_000 + b"}]}", 400),
        (b'{"rows": [{"city": "' + b"x" * 11_000_000 + b'"}]}', 413),
        (b'{"rows": [' + b"{}," * 10_000 + b"{}]}", 413),
        (b'{"rows": [{' + b",".join(b'"c%d": 1' % number for number in range(100_000)) + b"}]}", 422),
    ],
    ids=["deep", "long number", "long body", "many rows", "many columns"],
)
def test_oversized_json_is_refused_soon(model: Path, body: bytes, status: int) -> None:
    with TestClient(create_app(Parts(Source(lambda: Target(model), every=0)))) as client:
        begun = time.monotonic()
        answered = client.post("/predict", content=body)
        assert time.monotonic() - begun < 5
    assert answered.status_code == status
    assert len(answered.content) < 500_000
