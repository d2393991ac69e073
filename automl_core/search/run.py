"""The search: what is asked, in; a leaderboard, its fold models and its out-of-fold predictions on disk, out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from automl_core.cleaning.recipe import Recipe
from automl_core.events import Event, Message
from automl_core.experiment import ExperimentConfig
from automl_core.leaderboard import Leaderboard
from automl_core.schema import Schema
from automl_core.search.candidates import Spec
from automl_core.search.live_board import Look
from automl_core.search.loop import SearchLoop
from automl_core.search.memory import give_back
from automl_core.search.place import HERE, Place
from automl_core.search.prepare import Prepared, prepare, seen_columns

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
    place: Place = HERE,
    look: Look | None = None,
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
    place : Place, optional
        Where fits are made; PyCaret's own work always is on this machine.
    look : callable, optional
        Ends the first look and returns its leaderboard, which seeds the search's; see `LiveBoard`.

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
    if config.preset == "pycaret" and not config.candidates and specs is None:
        from automl_core.search.classic import ClassicLoop

        if place.cluster:
            emit(Message("PyCaret works on this machine: the cluster is not used for this way of working."))
        board = ClassicLoop(prepared, emit=emit, should_stop=should_stop, started=started, look=look).run()
    else:
        board = SearchLoop(
            prepared,
            emit=emit,
            should_stop=should_stop,
            started=started,
            specs=specs,
            weights=weights or {},
            place=place,
            look=look,
        ).run()
    store_proof(prepared, emit)
    return board


def store_proof(prepared: Prepared, emit: Emit) -> None:
    """Check how rows were divided and store the proof, once a run; what does not hold is told.

    It is left for the end, so that no model waits for it.
    """
    from automl_core.search.proof import FILE
    from automl_core.search.proving import prove

    work = prepared.work
    if (work.folder / FILE).exists():
        return
    seen = work.features[seen_columns(work.recipe, work.schema)]
    proof = prove(work.division, seen, work.y, prepared.keys, prepared.config, copies=prepared.copies)
    proof.save(work.folder)
    for check in proof.failed:
        emit(Message(check.sentence, "warning"))
