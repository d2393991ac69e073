"""The prepared data of a run's folds for one view: found where the run left it, or made again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from automl_core.errors import StorageError
from automl_core.events import Event, Progress
from automl_core.search.executor import Done, ForkExecutor
from automl_core.search.fitting import FoldWork
from automl_core.workspace import read_json

TICK = 0.05
FOREVER = 1e6


def ready_folds(
    work: FoldWork, view: str, executor: ForkExecutor, emit: Callable[[Event], None], left: Callable[[], float] = lambda: FOREVER
) -> dict[int, dict[str, Any]]:
    """Return what `FoldWork.prepare` says of each fold.

    Parameters
    ----------
    work : FoldWork
    view : str
    executor : ForkExecutor
        With no task under way.
    emit : callable
    left : callable
        Seconds that a preparation may take.

    Raises
    ------
    StorageError
        When a fold's data could not be prepared.
    """
    facts, waiting = {}, []
    for fold in range(work.division.folds):
        path = work.folder / "folds" / str(fold) / f"{view}.json"
        if path.exists() and all(path.with_name(f"{view}_{part}.npy").exists() for part in ("learn", "judge")):
            facts[fold] = read_json(path)
        else:
            waiting.append(fold)
    if waiting:
        emit(Progress(0.0, "Preparing the data of the folds"))
    for fold in waiting:
        executor.submit(("prepare", fold), partial(work.prepare, fold, view), left())
        found: list[Done] = []
        while not found:
            found = executor.wait(TICK)
        if found[0].error:
            raise StorageError(f"The data of fold {fold + 1} could not be prepared: {found[0].error}")
        facts[fold] = found[0].result
    return facts
