"""More for a search that has ended: what it is given, what it was given at first, and the time that it took."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from automl_core.errors import InputError
from automl_core.events import FINAL, Event, Finished, Started, read_events
from automl_core.experiment import Budget
from automl_core.profiling.wording import counted
from automl_core.relearning import origin_of
from automl_core.runs import Run

MORE = "more"
"""The key of a request's own part, which only `with_more` writes; see `given`."""
USUAL = 60.0
"""Seconds that a run counted in time is given where nothing is said."""


def with_more(run: Run, *, seconds: float = 0.0, models: int = 0) -> dict[str, Any]:
    """Return the request of a run that goes on, with the mark that it was given more.

    Parameters
    ----------
    run : Run
    seconds : float
        Of the next session; a run that was counted in models goes on by the clock then.
    models : int
        Beyond those that it was given. With neither, a run gets `USUAL` seconds, or as many models as at first.

    Raises
    ------
    InputError
        When the run is no search, or what it is given is no budget for it.
    """
    if origin_of(run):
        raise InputError(
            f"{run.path} holds a model that learned every row, not a search.", action="Extend the run that it was chosen in."
        )
    if seconds < 0 or models < 0 or (seconds and models):
        raise InputError(
            f"{seconds:g} seconds and {counted(models, 'model', 'models')} are no budget.",
            "A search goes on for a time or for a number of models.",
            "Give one of them, above 0.",
        )
    config, before, (_, first) = run.config, run.config.budget, given(run)
    if models and not before.trials:
        raise InputError(
            "This run is counted in seconds.", "Models can be added where it was counted in models.", "Give it seconds."
        )
    counts = bool(before.trials and not seconds)
    if first is None and (counts or _ended_well(run)):
        first = before.trials
    if counts:
        budget = replace(before, trials=before.trials + (models or first or before.trials))
    else:
        budget = Budget(seconds or USUAL, 0)
    used, _ = time_used(run.path / "events.jsonl")
    more = {"after": used, "first": first, "before": [asdict(one) for one in budgets(run)]}
    return {**run.params, "config": replace(config, budget=budget).to_dict(), MORE: more}


def budgets(run: Run) -> list[Budget]:
    """Return what a run was given, the first budget first; models are counted from the run's start in each.

    One in which a chosen model learned every row was given its own, not those of the search that it was chosen in.
    """
    if origin_of(run):
        return [run.config.budget]
    return [*(Budget(**one) for one in run.params.get(MORE, {}).get("before", ())), run.config.budget]


def given(run: Run) -> tuple[float, int | None]:
    """Return after how many seconds of its work a run was last given more, and how many models it was given at first.

    These are 0 where time was; None for a run that was not given more, or only its time anew after it was stopped: one whose
    list ends before the time does then ends with it, as it would have done.
    """
    more = run.params.get(MORE, {})
    return more.get("after", 0.0), more.get("first")


def _ended_well(run: Run) -> bool:
    events = read_events(run.path / "events.jsonl")[0]
    return isinstance(next((event for event in reversed(events) if isinstance(event, (Started, *FINAL))), None), Finished)


def time_used(journal: Path) -> tuple[float, float]:
    """Return the seconds that earlier sessions of a run took, and how many of them had passed when it last ended.

    A session lasts from its ``started`` event to the last event before the next one; one that has only just started does
    not count. One that was cut off did not end, so the two differ where the last session was.
    """
    sessions: list[list[Event]] = []
    for event in read_events(journal)[0]:
        if isinstance(event, Started):
            sessions.append([])
        if sessions:
            sessions[-1].append(event)
    # What follows the first last word, such as a stop while it waited to go on, took no time.
    ends = [next((place for place, event in enumerate(one) if isinstance(event, FINAL)), len(one) - 1) for one in sessions]
    sessions = [session[: end + 1] for session, end in zip(sessions, ends, strict=True) if len(session) > 1]
    used = since = 0.0
    for session in sessions:
        used += session[-1].time - session[0].time
        since = used if isinstance(session[-1], FINAL) else since
    return used, since
