"""How everything else talks to the job host: find it, or start it, and ask."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from automl_core.errors import JobError
from automl_core.workspace import Workspace

START_SECONDS = 20.0
_SPAWNED: list[subprocess.Popen[bytes]] = []
LONGEST_ADDRESS = 100
"""Bytes of a socket's path; the system allows 107."""


def address(workspace: Workspace) -> Path:
    """Return where the host of a workspace listens: in the workspace, or in a folder of this user where that is too long."""
    path = workspace.host / "socket"
    if len(os.fsencode(path)) <= LONGEST_ADDRESS:
        return path
    name = hashlib.sha256(os.fsencode(workspace.root)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"tablewright-{os.getuid()}" / name


def code_stamp() -> str:
    """Return what tells this code from another state of it: a host that runs older code is replaced."""
    root = Path(__file__).parent.parent
    newest = max((path.stat().st_mtime_ns for path in root.rglob("*.py")), default=0)
    return f"{sys.executable} {root} {newest}"


def warm(workspace: Workspace) -> None:
    """Have a host ready; returns when it answers. Raises JobError when it cannot be started."""
    ask(workspace, {"do": "ping"})


def ask(workspace: Workspace, request: dict[str, Any]) -> dict[str, Any]:
    """Send a request to the host and return its answer, starting the host first where there is none.

    Parameters
    ----------
    workspace : Workspace
    request : dict
        ``do`` is one of `host.REQUESTS`; ``folder`` names the job's folder.

    Raises
    ------
    JobError
        When no host answers in time.
    """
    answer = _send(workspace, request)
    if answer is None:
        _start(workspace)
        answer = _send(workspace, request)
    if answer is None:
        raise JobError(
            "The background process that does the work does not answer.",
            f"Its log is {workspace.host / 'host.log'}.",
            "Run `make stop`, then try again.",
        )
    if answer.get("error"):
        raise JobError(str(answer["error"]))
    return answer


def _send(workspace: Workspace, request: dict[str, Any]) -> dict[str, Any] | None:
    """Return the answer of a host that runs this code; None when there is none, or when an older one has left."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(START_SECONDS)
            connection.connect(str(address(workspace)))
            connection.sendall(json.dumps({**request, "code": code_stamp()}).encode() + b"\n")
            data = b""
            while not data.endswith(b"\n"):
                chunk = connection.recv(65536)
                if not chunk:
                    return None
                data += chunk
    except OSError:
        return None
    answer: dict[str, Any] = json.loads(data)
    return None if answer.get("leaving") else answer


def answers(workspace: Workspace) -> bool:
    """Return whether a host listens."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(1.0)
            connection.connect(str(address(workspace)))
    except OSError:
        return False
    return True


def _start(workspace: Workspace) -> None:
    """Start a detached host and wait until one listens; of several started at once only one stays."""
    process = _spawn(workspace)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if _send(workspace, {"do": "ping"}) is not None:
            return
        if process.poll() is None:
            time.sleep(0.02)
        elif process.returncode:
            return  # its log says why; the caller tells the person
        else:
            process = _spawn(workspace)  # it gave way to a host that has left since


def _spawn(workspace: Workspace) -> subprocess.Popen[bytes]:
    workspace.host.mkdir(parents=True, exist_ok=True)
    root = Path(__file__).resolve().parents[2]
    paths = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "AUTOML_HOME": str(workspace.root), "PYTHONPATH": os.pathsep.join(paths)}
    with open(workspace.host / "host.log", "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "automl_core.jobs.host"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=workspace.root,
            env=environment,
            start_new_session=True,
        )
    # Kept, since Python warns of a process that is forgotten while it works, and this one is meant to outlive us.
    _SPAWNED[:] = [process, *(other for other in _SPAWNED if other.poll() is None)]
    return process
