"""A search from its request to the kept model, also when it goes on or ends early."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from automl_core.errors import AutoMLError, NotFoundError, StorageError
from automl_core.events import Event, Failed, Finished, Progress, Started, Stopped, append_event, read_events
from automl_core.extending import given, time_used
from automl_core.jobs.context import JobContext
from automl_core.relearning import Origin, origin_of
from automl_core.runs import Run
from automl_core.search import first_look
from automl_core.search.place import Place, check_place
from automl_core.worker.answering import pack_within_limit, tell_speed
from automl_core.worker.candidates import Emit, ShouldStop, drop_stale, judge_recommended, keep_model, packed
from automl_core.workspace import at_work, write_json

if TYPE_CHECKING:
    from automl_core.leaderboard import Leaderboard
    from automl_core.search.candidates import Spec

LEAST = 10.0
"""Seconds that a search which goes on gets at least."""


def train(
    run: Run,
    *,
    emit: Emit,
    should_stop: ShouldStop,
    started: float,
    used: float = 0.0,
    since: float = 0.0,
    look: first_look.FirstLook | None = None,
    place: Place | None = None,
) -> dict[str, Any]:
    """Search, then keep the recommended model as ``model.zip`` and judge it on the rows kept aside.

    A run with an `relearning.Origin` fits what was chosen there instead, and keeps that.

    Parameters
    ----------
    run : Run
        Its folder holds the request; a folder with earlier work is gone on with.
    emit : callable
        Takes each event.
    should_stop : callable
        Turns true when a person has stopped the run; what is finished is kept all the same.
    started : float
        `time.time` of the start that the budget counts from.
    used : float
        Seconds that earlier sessions of this run took; the leaderboard's times go on from there.
    since : float
        Of these, those after which the run had ended and was given its budget once more. Where a session was cut off since,
        this one gets what is left of it, `LEAST` at least.
    look : FirstLook, optional
        One that is under way; of a large table that was never searched one is begun otherwise.
    place : Place, optional
        Where fits are made; by default what the request says.

    Raises
    ------
    InputError, NotFoundError
        When it cannot be done, or another process searches or tunes in the run.
    """
    with at_work(run.path, "Another search or a study of this run"):
        return _train_alone(run, emit, should_stop, started, used, since, look, place or Place.of(run.params))


def train_in_journal(run: Run, *, emit: Emit, should_stop: ShouldStop) -> dict[str, Any]:
    """Search in a run outside the queue, keeping its journal; one that was cut off or stopped goes on, one that ended is left.

    Returns
    -------
    dict
        As `train`.
    """
    journal = run.path / "events.jsonl"
    events = read_events(journal)[0]
    if events and isinstance(events[-1], Finished) and (run.path / "model.zip").exists():
        return events[-1].result
    used, _ = time_used(journal)

    def work(emit: Emit) -> dict[str, Any]:
        return train(run, emit=emit, should_stop=should_stop, started=time.time(), used=used)

    return in_journal(run, work, emit=emit, should_stop=should_stop, resumed=used > 0)


def in_journal(
    run: Run, work: Callable[[Emit], dict[str, Any]], *, emit: Emit, should_stop: ShouldStop, resumed: bool = False
) -> dict[str, Any]:
    """Do the work of a run outside the queue; what happens is kept in the run's journal, with its beginning and its end."""
    journal = run.path / "events.jsonl"

    def both(event: Event) -> None:
        append_event(journal, event)
        emit(event)

    append_event(journal, Started(os.getpid(), resumed=resumed))
    try:
        result = work(both)
    except AutoMLError as error:
        append_event(journal, Failed(error.received, error.action, fault=type(error).__name__))
        raise
    append_event(journal, Stopped(result) if should_stop() else Finished(result))
    return result


def _train_alone(
    run: Run,
    emit: Emit,
    should_stop: ShouldStop,
    started: float,
    used: float,
    since: float,
    look: first_look.FirstLook | None,
    place: Place,
) -> dict[str, Any]:
    from automl_core.search.candidates import Spec
    from automl_core.search.run import run_search

    check_place(place)  # before anything is read
    origin = origin_of(run)
    specs = tuple(Spec(**spec) for spec in origin.specs) if origin else None
    after, first = (0.0, None) if origin else given(run)
    since = max(since, after)  # one that was cut off and then given more gets all of that
    seconds = since + run.config.budget.seconds
    if used > since:
        seconds = max(seconds, used + LEAST)
    dataset = run.dataset()
    frame, config = dataset.frame(), replace(run.config, budget=replace(run.config.budget, seconds=seconds))
    if look is None and specs is None and not (run.path / "candidates").exists():
        look = first_look.of_frame(frame, dataset.schema, run.recipe, config, run.path, emit=emit, started=started)
    table = [frame]
    del frame  # the search takes it over, so that it can let go of it
    try:
        leaderboard = run_search(
            table.pop(),
            dataset.schema,
            run.recipe,
            config,
            run.path,
            emit=emit,
            should_stop=should_stop,
            started=started - used,
            specs=specs,
            weights=origin.weights if origin else None,
            plain=bool(origin and origin.plain),
            place=place,
            look=(lambda: look.hand_over(run.path)) if look else None,
            first=first,
        )
        if origin and specs:
            leaderboard = _learned_again(run, origin, leaderboard, specs, emit)
        if not leaderboard.recommended:
            reasons = "; ".join(sorted({row.reason for row in leaderboard if row.reason}))
            raise NotFoundError(
                "No model could be scored in this run.",
                reasons,
                "Give it more time, or follow the suggestion beside a failed row.",
            )
        emit(Progress(1.0, "Saving the recommended model"))
        drop_stale(run)
        if run.config.preset == "fast" and not origin:
            leaderboard, found = pack_within_limit(run, leaderboard, emit, should_stop)
        else:
            found = packed(run, leaderboard.recommended)
        keep_model(run, leaderboard.recommended)
    except (OSError, MemoryError) as error:
        raise _ended_early(run, error) from (error.__cause__ or error)
    finally:
        if look:
            look.end()
    if run.config.preset == "fast" and origin:
        tell_speed(run, emit)
    if run.config.holdout or origin:
        judge_recommended(run, leaderboard.recommended, emit, found)
    return {"recommended": leaderboard.recommended}


def _learned_again(run: Run, origin: Origin, board: Leaderboard, specs: tuple[Spec, ...], emit: Emit) -> Leaderboard:
    """Recommend what was judged before; raises NotFoundError when a part of it could not be fitted again."""
    for spec in specs:
        if board[spec.id].state != "scored":
            raise NotFoundError(
                f"{spec.name} could not learn every row: {board[spec.id].reason or 'it was stopped.'}",
                "The model is what was judged only with all of its parts.",
                "Let it go on, or use the judged model as it is.",
            )
    # An ensemble is scored anew under its own name, a single model keeps its id.
    chosen = next((row for row in board if row.role == "ensemble"), None) if origin.weights else board[origin.candidate]
    if chosen is None:
        raise NotFoundError(f"{origin.name} could not be put together again.", action="Use the judged model as it is.")
    if run.config.split.kind == "time" or origin.refitted:
        from automl_core.search.prepare import prepare
        from automl_core.search.relearn import learn_newest, learn_once

        dataset = run.dataset()
        work = prepare(dataset.frame(), dataset.schema, run.recipe, run.config, run.path).work
        (learn_once if origin.refitted else learn_newest)(work, specs, emit)
    reason = "Fitted once on every row, as the judged model was on those it learned from." if origin.refitted else chosen.reason
    chosen = replace(chosen, name=origin.name, reason=reason)
    write_json(run.path / "candidates" / chosen.id / "candidate.json", chosen.to_dict())
    why = "The model that was chosen and judged before, now learned from every row."
    board = replace(board.with_candidate(chosen), recommended=chosen.id, recommendation=why)
    board.save(run.path / "leaderboard.json")
    return board


def _ended_early(run: Run, error: OSError | MemoryError) -> BaseException:
    """Return what is said of a run that the disk or the memory has ended; its best model is packed where that can be done."""
    from automl_core.search.rescue import ended_early, is_full, make_room

    if not (isinstance(error, StorageError | MemoryError) or is_full(error)):
        return error  # no fault of the disk's room: a defect, which is logged
    board, packed = None, False
    with contextlib.suppress(AutoMLError):
        board = run.leaderboard()
    if board is not None and board.recommended:
        make_room(run.path)
        with contextlib.suppress(OSError, MemoryError):
            drop_stale(run)
            keep_model(run, board.recommended)
            packed = True
    return ended_early(error, board, packed=packed)


def train_job(context: JobContext) -> dict[str, Any]:
    """Search, or learn again, and judge what is recommended, as a job."""
    run = Run(context.folder)
    now = time.time()
    if context.request["params"].get("forecast"):  # made before the start, to be set against what it took
        write_json(run.path / "forecast.json", context.request["params"]["forecast"])
    used, since = time_used(context.folder / "events.jsonl")
    return train(run, emit=context.emit, should_stop=context.should_stop, started=now, used=used, since=since)
