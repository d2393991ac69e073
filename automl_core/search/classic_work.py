"""What PyCaret is asked to do in its own process by the preset *PyCaret classic*."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from automl_core.cleaning.preprocessing import build_preprocessor
from automl_core.scoring.storing import stored
from automl_core.search.candidates import Spec, make_estimator
from automl_core.search.fitting import FoldWork
from automl_core.search.keeper import Serve
from automl_core.workspace import atomic_file

if TYPE_CHECKING:
    from automl_core.engines.pycaret_session import Session

FINAL = "final"
"""Folder of a run, and stem of a file of a candidate, for what was fitted on all learned rows."""
CACHE = "pycaret"
"""Folder of a run for what PyCaret keeps while it works."""


def begin(work: FoldWork) -> Serve:
    """Import PyCaret and run its `setup` on the learned rows; return what does a request.

    Raises
    ------
    EngineError
        When PyCaret is missing or refuses the data.
    """
    from automl_core.engines.pycaret_session import Session

    division = work.division
    y = work.y[division.train]
    session = Session(
        kind(work),
        work.features.iloc[division.train],
        y.astype(int) if work.n_classes else y,
        preprocessor=build_preprocessor(work.recipe, work.schema, work.features, task=work.task, seed=work.seed),
        folds=[(division.learned(fold), division.judged(fold)) for fold in range(division.folds)],
        seed=work.seed,
        cache=work.folder / CACHE,
    )
    return partial(serve, session, work)


def kind(work: FoldWork) -> str:
    """Return PyCaret's word for the task."""
    return "classification" if work.n_classes else "regression"


def serve(session: Session, work: FoldWork, request: dict[str, Any]) -> dict[str, Any]:
    """Do one request.

    Parameters
    ----------
    session : Session
    work : FoldWork
    request : dict
        ``call`` is ``create``, ``tune``, ``blend`` or ``finalize``, and ``specs`` are the candidates it is about.

    Returns
    -------
    dict
        ``scores`` on each fold by PyCaret's names, ``params`` of a tuned model, and the ``seconds`` it took.
    """
    start = time.perf_counter()
    specs = [Spec(**fields) for fields in request["specs"]]
    answer: dict[str, Any] = {}
    if request["call"] == "create":
        answer["scores"] = session.create(specs[0].id)
    else:
        estimators = [make_estimator(spec, seed=work.seed, threads=1) for spec in specs]
        if request["call"] == "tune":
            answer["scores"], answer["params"] = session.tune(
                estimators[0], tries=request["tries"], metric=request["metric"], library=request["library"]
            )
        elif request["call"] == "blend":
            answer["scores"] = session.blend(estimators, kind(work))
        else:
            _finalize(session, work, specs[0], estimators[0])
    return {**answer, "seconds": time.perf_counter() - start}


def _finalize(session: Session, work: FoldWork, spec: Spec, estimator: Any) -> None:
    preprocessor, fitted = session.finalize(estimator)
    places = {
        work.folder / FINAL / f"{spec.view}.skops": preprocessor,
        work.folder / "candidates" / spec.id / f"{FINAL}.skops": fitted,
    }
    for path, thing in places.items():
        with atomic_file(path) as file:
            file.write(stored(thing))
