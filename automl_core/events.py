"""What a job says while it works: typed events, one JSON object a line, read by byte offset."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar


@dataclass(frozen=True)
class Event:
    """Root of all events. `time` is seconds since the epoch."""

    kind: ClassVar[str] = "event"
    time: float = field(default_factory=time.time, kw_only=True)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types, with the event's kind."""
        return {"event": self.kind, **asdict(self)}


@dataclass(frozen=True)
class Started(Event):
    """The worker has taken the job up. `resumed` says whether earlier work was found."""

    kind: ClassVar[str] = "started"
    pid: int
    resumed: bool = False


@dataclass(frozen=True)
class Progress(Event):
    """How far the job is. `fraction` is in 0..1 or -1 where unknown; `seconds_left` is -1 where unknown."""

    kind: ClassVar[str] = "progress"
    fraction: float
    doing: str
    seconds_left: float = -1.0


@dataclass(frozen=True)
class CandidateScored(Event):
    """A row of the leaderboard has changed. `candidate` is `leaderboard.Candidate.to_dict()`."""

    kind: ClassVar[str] = "candidate"
    candidate: dict[str, Any]


@dataclass(frozen=True)
class TrialFinished(Event):
    """One tuning trial has ended."""

    kind: ClassVar[str] = "trial"
    trial: dict[str, Any]


@dataclass(frozen=True)
class Message(Event):
    """One sentence for the person, such as an adjustment that was made."""

    kind: ClassVar[str] = "message"
    text: str
    level: str = "info"


@dataclass(frozen=True)
class Finished(Event):
    """The job has done what was asked. `result` is small; large results are files in the job's folder."""

    kind: ClassVar[str] = "finished"
    result: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Failed(Event):
    """The job ended without its result. `log_id` is set when the fault is ours, `fault` is the error's class when it is not."""

    kind: ClassVar[str] = "failed"
    reason: str
    action: str = ""
    log_id: str = ""
    fault: str = ""


@dataclass(frozen=True)
class Stopped(Event):
    """A person stopped the job; what was finished stays usable."""

    kind: ClassVar[str] = "stopped"
    result: dict[str, Any] = field(default_factory=dict)


EVENTS: dict[str, type[Event]] = {
    cls.kind: cls for cls in (Started, Progress, CandidateScored, TrialFinished, Message, Finished, Failed, Stopped)
}
FINAL = (Finished, Failed, Stopped)


def told(events: Sequence[Event]) -> tuple[Message, ...]:
    """Return what work has said, each sentence once.

    Of work that went on, without the warnings of the sessions between the first and the last: what they warned of may hold
    no longer.
    """
    starts = [place for place, event in enumerate(events) if isinstance(event, Started)] or [0]
    said = (
        event
        for place, event in enumerate(events)
        if isinstance(event, Message) and (event.level != "warning" or not starts[0] < place < starts[-1])
    )
    return tuple({(message.text, message.level == "warning"): message for message in said}.values())


def event_from_dict(data: dict[str, Any]) -> Event:
    """Rebuild an event; raises KeyError for an unknown kind and TypeError for unknown fields."""
    fields = dict(data)
    return EVENTS[fields.pop("event")](**fields)


def append_event(path: Path, event: Event) -> None:
    """Append one event as one line, with one write unless the disk is nearly full; raises OSError.

    A line that an earlier writer left half-written is closed first, so that only that line is lost.
    """
    line = json.dumps(event.to_dict(), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            line = b"\n" + line
        while line:
            line = line[os.write(handle, line) :]  # a disk that is nearly full takes a part, and complains at the next
    finally:
        os.close(handle)


def read_events(path: Path, offset: int = 0) -> tuple[list[Event], int]:
    """Read the events after `offset`.

    Parameters
    ----------
    path : Path
        The journal; a file that does not exist yet has no events.
    offset : int
        Byte offset that an earlier call returned.

    Returns
    -------
    list of Event
        Lines that are broken or of an unknown kind are left out.
    int
        The offset after the last whole line.
    """
    try:
        with open(path, "rb") as file:
            file.seek(offset)
            data = file.read()
    except FileNotFoundError:
        return [], offset
    end = data.rfind(b"\n") + 1
    events = []
    for line in data[:end].splitlines():
        try:
            events.append(event_from_dict(json.loads(line)))
        except (ValueError, KeyError, TypeError):
            continue  # a line cut by a crash; everything around it is whole
    return events, offset + end
