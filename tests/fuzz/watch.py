"""What an input must not do, seen by Python's audit hooks: write outside its folder, connect, start a process, unpickle, hang."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

NEVER = frozenset(
    ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "pty.spawn", "socket.connect",
     "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "pickle.find_class")
)  # fmt: skip
"""Events that are an escape wherever they come from."""
PATHS = frozenset(
    ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.chmod", "os.chown", "os.truncate",
     "shutil.rmtree", "shutil.move", "shutil.copyfile")
)  # fmt: skip
"""Events whose first two arguments are paths that are changed."""
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_home: list[Path] = []
_hooked: list[bool] = []


class Escape(BaseException):
    """An input did what no input may do; no ``except Exception`` catches this."""


class Hang(BaseException):
    """An input took too long."""


@contextmanager
def watched(home: Path) -> Iterator[None]:
    """Refuse every escape while the block runs; files below `home` may be written."""
    if not _hooked:
        sys.addaudithook(_hook)  # which cannot be taken away again, hence the list that switches it
        _hooked.append(True)
    _home.append(home.resolve())
    try:
        yield
    finally:
        _home.pop()


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """End the block with `Hang` when it takes longer."""

    def late(number: int, frame: FrameType | None) -> None:
        raise Hang(f"took more than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _home:
        return
    if event in NEVER:
        raise Escape(f"{event}{arguments!r}"[:500])
    if event == "open":
        path, mode, flags = arguments
        if isinstance(path, str | bytes) and (set(mode or "") & set("wax+") or (flags or 0) & WRITES):
            _check(event, path)
    elif event in PATHS:
        for path in arguments[:2]:
            if isinstance(path, str | bytes | os.PathLike) and not _relative(arguments):
                _check(event, path)


def _relative(arguments: tuple[Any, ...]) -> bool:
    """Return whether the path is one below an open folder, as when a tree is removed, which has been looked at by itself."""
    return isinstance(arguments[-1], int) and arguments[-1] > 0


def _check(event: str, path: Any) -> None:
    place = os.path.realpath(os.fsdecode(path))
    if place != os.devnull and not Path(place).is_relative_to(_home[-1]):
        raise Escape(f"{event} {place}"[:500])
