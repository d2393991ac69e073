"""Explaining a model, and looking for the change of a row that flips its prediction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from automl_core.events import Progress
from automl_core.jobs.context import JobContext
from automl_core.runs import Run
from automl_core.worker.candidates import Emit, bundle, explain_candidate, run_of
from automl_core.workspace import read_json, write_json

FOUND = "counterfactuals.json"
"""What a search for changes leaves in its job's folder."""


def reason_candidate(run: Run, candidate_id: str, emit: Emit = lambda event: None) -> Path:
    """Find out why one candidate predicts what it predicts, after which columns matter to it."""
    from automl_core.explaining.importance import Explanation
    from automl_core.explaining.reasons import find_reasons
    from automl_core.scoring.bundle import load_model

    path = run.explanation(candidate_id)
    if not path.exists():
        emit(Progress(0.0, "Loading the model"))
        explain_candidate(run, candidate_id, lambda done, doing: emit(Progress(0.45 * done, doing)))
    emit(Progress(0.45, "Loading the model"))
    frame = run.holdout() if run.config.holdout else run.dataset().frame()
    found = find_reasons(
        load_model(bundle(run, candidate_id)),
        frame,
        importance=Explanation.from_dict(read_json(path)),
        seed=run.config.seed,
        source="held-out" if run.config.holdout else "learned",
        tell=lambda fraction, doing: emit(Progress(0.5 + fraction / 2, doing)),
    )
    write_json(run.reasons(candidate_id), found.to_dict())
    return run.reasons(candidate_id)


def explain_job(context: JobContext) -> dict[str, Any]:
    """Explain a model: which columns matter, and why it predicts what it predicts."""
    file = reason_candidate(run_of(context), context.request["params"]["candidate"], context.emit)
    return {"file": file.name}


def change_job(context: JobContext) -> dict[str, Any]:
    """Look for the smallest allowed change of a row that reaches a goal."""
    from automl_core.predicting import read_row
    from automl_core.scoring.bundle import load_model
    from automl_core.whatif.counterfactual import find_counterfactuals
    from automl_core.whatif.rules import ColumnRule, Goal

    params = context.request["params"]
    context.emit(Progress(-1.0, "Loading the model"))
    model = load_model(bundle(run_of(context), params["candidate"]))
    found = find_counterfactuals(
        model,
        read_row(model, params["values"]).typed,
        Goal(**params["goal"]),
        tuple(ColumnRule.from_dict(rule) for rule in params["rules"]),
        tell=lambda fraction, doing: context.emit(Progress(fraction, doing)),
    )
    write_json(context.folder / FOUND, found.to_dict())
    return {"found": len(found.found), "file": FOUND}
