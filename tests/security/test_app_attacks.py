"""What another site could make a browser do with the running app: send files, open a session."""

from __future__ import annotations

import base64
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of the app, started as ``make run`` starts it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    home = tmp_path_factory.mktemp("attacked")
    process = subprocess.Popen(
        [sys.executable, "-m", "pages.shared.serve", "--server.port", str(port)],
        cwd=ROOT,
        env={**os.environ, "AUTOML_HOME": str(home), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).close()
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def shake(port: int, origin: str) -> str:
    """Ask for a session's connection as a browser does for a page of `origin`; return the first line of the answer."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        "GET /_stcore/stream HTTP/1.1",
        f"Host: localhost:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        f"Origin: {origin}",
    ]
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return connection.recv(4096).decode("latin-1").partition("\r\n")[0]


def test_a_page_of_another_site_gets_no_session(app: int) -> None:
    assert shake(app, f"http://localhost:{app}") == "HTTP/1.1 101 Switching Protocols"
    assert shake(app, "http://evil.example") == "HTTP/1.1 403 Forbidden"


def test_a_file_without_the_sessions_token_is_not_taken(app: int) -> None:
    request = urllib.request.Request(
        f"http://localhost:{app}/_stcore/upload_file/session/file",
        data=b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\na,b\r\n--x--\r\n',
        headers={"Content-Type": "multipart/form-data; boundary=x", "Origin": "http://evil.example"},
        method="PUT",
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    with refused.value:
        assert refused.value.code == 403


@pytest.mark.parametrize("path", ["/app/static/../../etc/passwd", "/static/..%2f..%2fapp.py", "/media/../../app.py"])
def test_no_path_leads_to_a_file_of_the_server(app: int, path: str) -> None:
    with socket.create_connection(("127.0.0.1", app), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost:{app}\r\nConnection: close\r\n\r\n".encode())
        found = b""
        while piece := connection.recv(65536):
            found += piece
    assert b"root:" not in found and b"st.navigation" not in found and b"set_page_config" not in found
