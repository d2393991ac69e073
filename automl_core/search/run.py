"""The search: what is asked, in; a leaderboard, its fold models and its out-of-fold predictions on disk, out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from automl_core.cleaning.recipe import Recipe
from automl_core.events import CandidateScored, Event, Message
from automl_core.experiment import ExperimentConfig
from automl_core.leaderboard import Leaderboard
from automl_core.schema import Schema
from automl_core.search.candidates import Spec
from automl_core.search.live_board import Look
from automl_core.search.loop import SearchLoop
from automl_core.search.memory import give_back
from automl_core.search.place import HERE, Place
from automl_core.search.prepare import Prepared, prepare, seen_columns

if TYPE_CHECKING:
    from automl_core.search.classic import ClassicLoop

Emit = Callable[[Event], None]


def run_search(
    frame: pd.DataFrame,
    schema: Schema,
    recipe: Recipe,
    config: ExperimentConfig,
    folder: Path,
    *,
    emit: Emit,
    should_stop: Callable[[], bool],
    started: float,
    specs: tuple[Spec, ...] | None = None,
    weights: dict[str, float] | None = None,
    plain: bool = False,
    place: Place = HERE,
    look: Look | None = None,
    first: int | None = None,
) -> Leaderboard:
    """Search for the best model.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Typed, as uploaded.
    schema : Schema
    recipe : Recipe
    config : ExperimentConfig
    folder : Path
        The run's folder; what an earlier, interrupted search left in it is not fitted again.
    emit : callable
        Takes each event.
    should_stop : callable
        Turns true when a person stops the run.
    started : float
        `time.time` from which the budget counts.
    specs : tuple of Spec, optional
        What is fitted, instead of the preset's own; nothing is searched beyond them.
    weights : dict of str to float, optional
        With `specs`, of the ensemble of them that was chosen before.
    plain : bool
        With `weights`, whether that is a mean as it is; otherwise its temperature, or its line, is found anew.
    place : Place, optional
        Where fits are made; PyCaret's own work always is on this machine.
    look : callable, optional
        Ends the first look and returns its leaderboard, which seeds the search's; see `LiveBoard`.
    first : int, optional
        Of a run that was given more after it had ended: the models that it was given at first, 0 where time was.

    Returns
    -------
    Leaderboard
        Also in ``leaderboard.json``.

    Raises
    ------
    InputError, NotFoundError
        When the run cannot be made; the sentence says what to change.
    EngineError
        When the cluster cannot be reached and this machine may not be used instead.
    """
    prepared = prepare(frame, schema, recipe, config, folder)
    del frame  # what is searched on is a cleaned copy
    give_back()
    for note in prepared.notes:
        emit(Message(note))
    telling = _proving(prepared, emit)
    loop: SearchLoop | ClassicLoop
    if config.preset == "pycaret" and not config.candidates and specs is None:
        from automl_core.search.classic import ClassicLoop

        if place.cluster:
            emit(Message("PyCaret works on this machine: the cluster is not used for this way of working."))
        loop = ClassicLoop(
            prepared, emit=telling, should_stop=should_stop, started=started, look=look, given_more=first is not None
        )
    else:
        loop = SearchLoop(
            prepared,
            emit=telling,
            should_stop=should_stop,
            started=started,
            specs=specs,
            weights=weights or {},
            plain=plain,
            place=place,
            look=look,
            first=first,
        )
    try:
        board = loop.run()
    except (OSError, MemoryError):
        with contextlib.suppress(OSError, MemoryError):
            store_proof(prepared, emit)
        raise
    store_proof(prepared, emit)
    return board


def _proving(prepared: Prepared, emit: Emit) -> Emit:
    """Return what tells events, and stores the proof once a model is scored: a run that is then ended by force has one.

    The first model does not wait for it; that of a million rows and 16 columns takes 0.1 to 0.2 s, while others are fitted.
    What hinders it, such as a full disk, is met again at the end, when all is scored.
    """
    proven = False

    def tell(event: Event) -> None:
        nonlocal proven
        emit(event)
        if proven or not isinstance(event, CandidateScored):
            return
        if (event.candidate["state"], event.candidate["role"]) == ("scored", "model"):
            proven = True
            with contextlib.suppress(Exception):
                store_proof(prepared, emit)

    return tell


def store_proof(prepared: Prepared, emit: Emit) -> None:
    """Check how rows were divided and store the proof, once a run; what does not hold is told."""
    from automl_core.search.proof import FILE
    from automl_core.search.proving import prove

    work = prepared.work
    if (work.folder / FILE).exists():
        return
    # Not copied: fits of a large table may be under way beside it.
    seen = pd.DataFrame({name: work.features[name] for name in seen_columns(work.recipe, work.schema)}, copy=False)
    proof = prove(work.division, seen, work.y, prepared.keys, prepared.config, copies=prepared.copies)
    proof.save(work.folder)
    for check in proof.failed:
        emit(Message(check.sentence, "warning"))
