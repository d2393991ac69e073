"""The preset that is fast to predict: its model is measured as it was exported, and where it misses the limit, the next is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from automl_core.events import Message
from automl_core.honesty import recommend
from automl_core.leaderboard import Leaderboard
from automl_core.runs import Run
from automl_core.worker.candidates import Emit, ShouldStop, packed
from automl_core.workspace import write_json

if TYPE_CHECKING:
    from pathlib import Path

    from automl_core.model import Packed

TRIES = 3
"""Models that are packed at most until one keeps the limit: each takes time after the search has ended."""
DOUBT = 2.0
"""How many times the limit may be what is expected of a model that is packed all the same: while others are being fitted a
prediction takes longer than it does later."""


def tell_speed(run: Run, emit: Emit) -> None:
    """Measure the kept model as it was exported, and say whether it keeps the run's limit."""
    from automl_core.search.speed import within_limit

    decision = within_limit(measured(run, run.path / "model.zip"), run.config.predict_limit_ms)
    emit(Message(decision.reason, level="info" if decision.value else "warning"))


def measured(run: Run, path: Path) -> float:
    """Return the milliseconds a row that an exported model takes."""
    from automl_core.scoring.bundle import load_model
    from automl_core.search.speed import AT_ONCE, measure_bundle

    return measure_bundle(load_model(path), run.dataset().head(AT_ONCE))


def pack_within_limit(run: Run, board: Leaderboard, emit: Emit, should_stop: ShouldStop) -> tuple[Leaderboard, Packed]:
    """Pack the recommended model and measure it; while it misses the limit, recommend the next one that should keep it.

    After `TRIES` of them, or where no other has a chance to keep it, the fastest that was measured stays, and that none keeps
    the limit is told. Of what was packed, only the model that is recommended stays.

    Parameters
    ----------
    run : Run
    board : Leaderboard
        With a recommended row.
    emit : callable
        Takes each event.
    should_stop : callable
        Turns true when a person stops the run; no other model is tried then.

    Returns
    -------
    Leaderboard
        As it was stored: what was measured has its time, what missed the limit its reason.
    Packed
        The recommended model.
    """
    from automl_core.search.speed import milliseconds, within_limit

    name, tried = board.recommended, list[str]()
    while name:
        found = packed(run, name)
        took = measured(run, run.model(name))
        decision = within_limit(took, board.limit_ms)
        tried.append(name)
        board = _noted(run, board, name, took, "" if decision.value else decision.reason)
        if decision.value:
            emit(Message(decision.reason))
            _drop_others(run, tried, name)
            return _settled(run, board, name, took, tried), found
        missing, name = board[name].name, "" if should_stop() else _next(board, tried)
        if name:  # else the last sentence says it of all
            emit(Message(f"{missing} misses the limit. {decision.reason}", "warning"))
    name = min(tried, key=lambda one: board[one].answer_ms)
    fastest = f"the fastest of the {len(tried)} that were packed and measured" if len(tried) > 1 else "the fastest"
    of = "that was measured before the stop " if should_stop() else ""
    none = f"No model {of}answers within {board.limit_ms:g} ms a row."
    which = f"with {milliseconds(board[name].answer_ms)}: allow more time a row, or use fewer columns."
    emit(Message(f"{none} {board[name].name} is {fastest}, {which}", "warning"))
    board = replace(board, recommended=name, recommendation=f"{none} This one is {fastest}, {which}")
    board.save(run.path / "leaderboard.json")
    _drop_others(run, tried, name)
    return board, packed(run, name)


def _drop_others(run: Run, tried: list[str], name: str) -> None:
    """Remove the bundles that were only made to be measured: they may be large, and are built anew where one is asked for."""
    for other in tried:
        if other != name:
            run.model(other).unlink(missing_ok=True)


def _noted(run: Run, board: Leaderboard, name: str, took: float, reason: str) -> Leaderboard:
    before = board[name]  # what it said of an earlier measurement goes
    row = replace(before, answer_ms=took, reason=reason or ("" if before.answer_ms else before.reason))
    write_json(run.path / "candidates" / name / "candidate.json", row.to_dict())
    run.model(name).touch()  # it still is the bundle of this row
    return board.with_candidate(row)


def _next(board: Leaderboard, tried: list[str]) -> str:
    """Return what is packed after a miss; nothing where no other has a chance to keep the limit, or enough were tried."""
    scored = [row for row in board if row.state == "scored" and row.score is not None and row.role in ("model", "ensemble")]
    left = [row for row in scored if row.id not in tried]
    if len(tried) == TRIES or not left:
        return ""
    name, _ = recommend(board)
    if name not in tried and len(tried) < TRIES - 1:
        return name
    fastest = min(left, key=board.answer_ms)  # the last try is for the one that is most likely to keep it
    return fastest.id if board.answer_ms(fastest) <= DOUBT * board.limit_ms else ""


def _settled(run: Run, board: Leaderboard, name: str, took: float, tried: list[str]) -> Leaderboard:
    """Store the leaderboard with the model that keeps the limit."""
    if board.limit_ms:
        best, why = recommend(board)
        if best != name:
            why = (
                f"Exported, it takes {took:.2g} ms a row and keeps the limit of {board.limit_ms:g} ms; the {len(tried) - 1} "
                "that were tried before it do not."
            )
        board = replace(board, recommended=name, recommendation=why)
    board.save(run.path / "leaderboard.json")
    return board
