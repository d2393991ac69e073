"""The prepared data of a run's folds for one view: found where the run left it, or made again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from automl_core.errors import StorageError
from automl_core.events import Event, Progress
from automl_core.search.fitting import FoldWork
from automl_core.search.tasks import Done, Executor
from automl_core.workspace import read_json

TICK = 0.05
FOREVER = 1e6


def ready_folds(
    work: FoldWork, view: str, executor: Executor, emit: Callable[[Event], None], left: Callable[[], float] = lambda: FOREVER
) -> dict[int, dict[str, Any]]:
    """Return what `FoldWork.prepare` says of each fold.

    Parameters
    ----------
    work : FoldWork
    view : str
    executor : Executor
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
        path = work.prepared(fold, view).with_suffix(".json")
        if path.exists() and all(path.with_name(f"{view}_{part}.npy").exists() for part in ("learn", "judge")):
            facts[fold] = read_json(path)
        else:
            waiting.append((fold, view))
    if waiting:
        emit(Progress(0.0, "Preparing the data of the folds"))
    for (fold, _), done in prepare_folds(work, waiting, executor, left).items():
        if done.error:
            raise StorageError(f"The data of fold {fold + 1} could not be prepared: {done.error}")
        facts[fold] = done.result
    return facts


def prepare_folds(
    work: FoldWork,
    places: Iterable[tuple[int, str]],
    executor: Executor,
    left: Callable[[], float] = lambda: FOREVER,
    over: Callable[[], bool] = lambda: False,
) -> dict[tuple[int, str], Done]:
    """Prepare folds for views, of a large table one at a time; return what became of each, of fewer when `over` turns true.

    The executor has no task under way, neither before nor after.
    """
    queue, found = list(places), {}
    while queue or executor.running():
        if over():
            executor.kill()
            break
        while queue and executor.free() > 0 and not (work.large and executor.running()):
            fold, view = queue.pop(0)
            executor.submit(("prepare", fold, view), partial(work.prepare, fold, view), left())
        for done in executor.wait(TICK):
            found[done.key[1], done.key[2]] = done
    return found
