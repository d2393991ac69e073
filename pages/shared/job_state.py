"""What a job is doing, read from its folder and said in words."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from automl_core.events import Failed, Message, Progress, read_events, told
from automl_core.workspace import read_json

ACTIVE = ("queued", "running")
DOING = {
    "train": "Comparing models",
    "relearn": "Learning every row",
    "model": "Packing a model",
    "evaluate": "Judging a model",
    "judge": "Judging a model",
    "failing": "Looking for errors",
    "fairness": "Comparing groups",
    "decide": "Storing a threshold",
    "learning": "Drawing a learning curve",
    "explain": "Explaining a model",
    "change": "Looking for a change",
    "report": "Writing a report",
    "predict": "Predicting",
    "read": "Reading a table",
    "drift": "Comparing new rows",
    "profile": "Exploring a table",
    "forecast": "Forecasting a comparison",
    "ablation": "Comparing steps",
    "clean": "Cleaning a table",
    "leakage": "Measuring leakage",
    "tune": "Tuning a model",
    "register": "Registering a version",
    "mirror": "Bringing versions to MLflow",
    "versions": "Comparing two versions",
    "monitor": "Looking at a model in use",
    "policy": "Following a policy",
    "watch": "Watching policies",
    "combine": "Combining models",
    "code": "Proving a script",
}
WORDS = {
    "queued": "Waiting for its turn",
    "running": "Running",
    "finished": "Finished",
    "failed": "Failed",
    "stopped": "Stopped",
    "lost": "Interrupted",
}


@dataclass(frozen=True)
class Following:
    """What is known of a job at this moment, from its folder.

    Parameters
    ----------
    state : str
        One of `WORDS`.
    kind : str
    fraction : float
        0 to 1, or -1 where unknown.
    doing : str
        In words.
    seconds_left : float
        -1 where unknown.
    messages : tuple of Message
        Each sentence once; see `events.told`.
    failure : Failed or None
    began : float
        When it was asked for, in seconds since the epoch; of work that was given more time, at first.
    """

    state: str
    kind: str
    fraction: float = -1.0
    doing: str = ""
    seconds_left: float = -1.0
    messages: tuple[Message, ...] = ()
    failure: Failed | None = None
    began: float = 0.0

    @property
    def active(self) -> bool:
        """Whether it waits or works."""
        return self.state in ACTIVE

    @property
    def sentence(self) -> str:
        """What it does and how long that will take."""
        if self.state != "running":
            return WORDS[self.state]
        left = f", {duration(self.seconds_left)} left" if self.seconds_left >= 0 else ""
        return f"{self.doing or DOING.get(self.kind, WORDS['running'])}{left}"


def duration(seconds: float) -> str:
    """Return a time span as people say it: ``8 s``, ``2 min``, ``1 h 5 min``."""
    seconds = max(seconds, 0)
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def follow(folder: Path) -> Following:
    """Read what is known of a job; raises NotFoundError when its folder has no request."""
    from automl_core.jobs.job import Job

    kind = str(read_json(folder / "request.json")["kind"])
    state = Job(folder).state
    events, _ = read_events(folder / "events.jsonl")
    progress = next((event for event in reversed(events) if isinstance(event, Progress)), None)
    failure = next((event for event in reversed(events) if isinstance(event, Failed)), None)
    messages = told(events)
    began = events[0].time if events else (folder / "request.json").stat().st_mtime
    if progress is None:
        return Following(state, kind, messages=messages, failure=failure if state == "failed" else None, began=began)
    left = progress.seconds_left
    return Following(
        state,
        kind,
        min(progress.fraction, 1.0),
        progress.doing,
        max(left - (time.time() - progress.time), 0.0) if left >= 0 else -1.0,
        messages,
        failure if state == "failed" else None,
        began,
    )
