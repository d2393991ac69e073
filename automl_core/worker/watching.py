"""The watcher: looks at registered models again and again, as a job or for the command line."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from automl_core.events import Event, Message, Progress
from automl_core.jobs.context import JobContext
from automl_core.registry.store import Registered, all_registered, find_registered, list_registered
from automl_core.worker.candidates import Emit, ShouldStop
from automl_core.worker.policies import Looked, look_at
from automl_core.workspace import Workspace

EVERY = 60.0
"""Seconds between two looks of the watcher."""


def watch(
    models: Callable[[], list[Registered]],
    *,
    emit: Emit,
    should_stop: ShouldStop,
    every: float = EVERY,
    tell: Callable[[Looked], None] = lambda looked: None,
) -> int:
    """Look again and again until stopped; returns how many looks there were."""
    looks = 0
    while not should_stop():
        for registered in models():
            if should_stop():
                break
            tell(look_at(registered, emit=emit, should_stop=should_stop))
        looks += 1
        deadline = time.monotonic() + every
        while time.monotonic() < deadline and not should_stop():
            time.sleep(min(0.5, every))
    return looks


def watch_job(context: JobContext) -> dict[str, Any]:
    """Watch the policies of the project until a person stops it."""
    every = float(context.request["params"].get("every", EVERY))

    def tell(looked: Looked) -> None:
        when = time.strftime("%H:%M")
        fired = f", {len(looked.firings)} fired" if looked.firings else ""
        context.emit(Progress(-1.0, f"Watching; {looked.model} looked at {when}{fired}"))

    return {
        "looks": watch(
            lambda: [one for one in list_registered(context.project) if one.numbers],
            emit=_only_messages(context.emit), should_stop=context.should_stop, every=every, tell=tell,
        )
    }  # fmt: skip


def _only_messages(emit: Emit) -> Emit:
    """Keep the watcher's journal small: it runs for months, and every run has a journal of its own."""

    def pass_on(event: Event) -> None:
        if isinstance(event, Message | Progress):
            emit(event)

    return pass_on


def watched_models(workspace: Workspace, name: str = "") -> list[Registered]:
    """Return the registered models that have a version, or the one of a name; raises NotFoundError where there is none."""
    return [one for one in ([find_registered(workspace, name)] if name else all_registered(workspace)) if one.numbers]
