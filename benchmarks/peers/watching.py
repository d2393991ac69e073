"""What is seen of a system from outside while it works: its memory, and when its log tells a first real model's score."""

from __future__ import annotations

import datetime
import re
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

EVERY = 0.05
"""Seconds between two looks at the log; memory is sampled at every fourth."""


@dataclass
class FirstLine:
    """Finds the first line of a growing log that tells a score.

    Parameters
    ----------
    path : Path
    pattern : str
        Regular expression; empty for a system whose log does not tell. A group named ``clock`` holds the time of day that
        the line itself bears, for logs that are passed on late.
    """

    path: Path
    pattern: str
    seen: float | None = None
    _offset: int = 0
    _rest: str = ""

    def look(self, now: float) -> None:
        """Read what was added to the log since the last look; `now` is seconds since the epoch."""
        if self.seen is not None or not self.pattern or not self.path.exists():
            return
        with open(self.path, "rb") as file:
            file.seek(self._offset)
            added = file.read()
        self._offset += len(added)
        *lines, self._rest = (self._rest + added.decode("utf-8", "replace")).split("\n")
        for line in lines:
            if found := re.search(self.pattern, line):
                self.seen = _moment(found.groupdict().get("clock"), now)
                return


def _moment(clock: str | None, now: float) -> float:
    """Return when a line was written: by the time it bears where that lies in the last minute, otherwise when it was seen."""
    if clock:
        day = datetime.datetime.fromtimestamp(now).date().isoformat()
        written = datetime.datetime.fromisoformat(f"{day} {clock}").timestamp()
        if now - 60 < written <= now:
            return written
    return now


@dataclass
class Watch:
    """Watches a process and its children until it ends."""

    line: FirstLine
    peak_bytes: int = 0
    _looks: int = field(default=0, repr=False)

    def follow(self, process: subprocess.Popen[bytes]) -> None:
        """Look again and again; ends with the process."""
        while process.poll() is None:
            self.line.look(time.time())
            if self._looks % 4 == 0:
                self.peak_bytes = max(self.peak_bytes, resident(process.pid))
            self._looks += 1
            time.sleep(EVERY)
        self.line.look(time.time())


def resident(pid: int) -> int:
    """Return the resident memory of a process and its children, in bytes; 0 when it has ended."""
    import psutil

    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return 0
    total = 0
    for member in family:
        try:
            total += member.memory_info().rss
        except psutil.Error:
            pass  # it ended while it was looked at
    return total
