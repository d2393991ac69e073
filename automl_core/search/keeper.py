"""A process that prepares something slow once, and then does each thing it is asked in a forked child of its own.

For an engine that takes seconds to import: the search goes on meanwhile, and can end the engine at any moment.
"""

from __future__ import annotations

import contextlib
import json
import math
import select
import socket
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from automl_core.search.executor import Done, ForkExecutor

Serve = Callable[[dict[str, Any]], dict[str, Any]]
READY = "ready"
"""Key of the answer that says that the preparation is done, or why it failed."""
TICK = 0.02
"""Seconds between two looks at the requests while a task runs."""


class Keeper:
    """Keeps one prepared process and gives it one task at a time.

    Parameters
    ----------
    executor : ForkExecutor
        Where it runs; it takes one of its places until the end. Killing the executor's tasks ends it with what it does.
    key : tuple
        Its own key there: a `Done` of this key says that it has died.
    begin : callable
        Run once in the kept process; returns what does a request, plain JSON types in and out.
    """

    def __init__(self, executor: ForkExecutor, key: tuple[Any, ...], begin: Callable[[], Serve]) -> None:
        self._channel, theirs = socket.socketpair()
        self._channel.setblocking(False)
        self._data = bytearray()
        executor.submit(key, partial(_keep, begin, theirs), math.inf)
        theirs.close()
        self.busy: tuple[Any, ...] | None = (READY,)

    def ask(self, key: tuple[Any, ...], request: dict[str, Any], timeout: float) -> None:
        """Give it a task, which is ended after `timeout` seconds; only while `busy` is None."""
        self._send({"key": list(key), "request": request, "timeout": min(timeout, 1e9)})
        self.busy = key

    def drop(self) -> None:
        """End the task under way; nothing more is heard of it."""
        if self.busy not in (None, (READY,)):
            self._send({"drop": True})

    def answers(self) -> list[Done]:
        """Return what has been answered since the last call; the first answer has the key ``("ready",)``."""
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while chunk := self._channel.recv(1 << 16):
                self._data += chunk
        end = self._data.rfind(b"\n") + 1
        lines, self._data = self._data[:end].splitlines(), self._data[end:]
        done = []
        for line in lines:
            fields = json.loads(line)
            self.busy = None
            done.append(Done(**{**fields, "key": tuple(fields["key"])}))
        return done

    def _send(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(ConnectionError):  # it has died, which the executor tells
            self._channel.setblocking(True)
            self._channel.sendall(json.dumps(message).encode() + b"\n")
        self._channel.setblocking(False)


def _keep(begin: Callable[[], Serve], channel: socket.socket) -> dict[str, Any]:
    """Prepare, then do what is asked until the process is ended or nobody asks any more."""
    serve = begin()  # what goes wrong here ends the process, and its executor says why
    executor = ForkExecutor(1)
    _answer(channel, Done((READY,)))
    data = b""
    while True:
        ready, _, _ = select.select([channel], [], [], 0.0 if executor.running() else None)
        if ready:
            chunk = channel.recv(1 << 16)
            if not chunk:
                executor.kill()
                return {}
            *lines, data = (data + chunk).split(b"\n")
            for line in lines:
                _obey(executor, json.loads(line), serve, channel)
        for done in executor.wait(TICK):
            _answer(channel, done)


def _obey(executor: ForkExecutor, message: dict[str, Any], serve: Serve, channel: socket.socket) -> None:
    if "drop" in message:
        for key in executor.running():
            executor.kill(key)
            _answer(channel, Done(key, error="It was ended.", timed_out=True))
        return
    executor.submit(tuple(message["key"]), partial(serve, message["request"]), message["timeout"])


def _answer(channel: socket.socket, done: Done) -> None:
    channel.sendall(json.dumps(asdict(done)).encode() + b"\n")
