"""Judging a model on any rows, and what goes beyond its scores: where it fails, for whom, with how many rows, its threshold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_core.data.origin import Choice
from automl_core.errors import AutoMLError
from automl_core.events import Message, Progress
from automl_core.jobs.context import JobContext
from automl_core.runs import Run
from automl_core.worker.candidates import bundle, keep_model, run_of
from automl_core.worker.sources import judge_source, rejudge
from automl_core.workspace import read_json, write_json

if TYPE_CHECKING:
    from automl_core.experiment import Costs


def judge_file(run: Run, candidate_id: str, path: Path, name: str, choice: Choice | None = None) -> str:
    """Judge a model on a labelled file; returns its key among the model's sources, the same for the same part of a file."""
    from automl_core.data.sources.rows import read_rows
    from automl_core.evaluation.judged import judged_folder, keep_file
    from automl_core.scoring.bundle import load_model

    model = load_model(bundle(run, candidate_id))
    key = _file_key(path, choice)
    try:
        frame, told = read_rows(path, choice)
        folder = judged_folder(run, candidate_id, key)
        folder.mkdir(parents=True, exist_ok=True)
        keep_file(folder, frame, model, name)
        judge_source(run, candidate_id, key, model, frame, told)
    except AutoMLError as error:
        # The person knows the file by the name it was uploaded under.
        said = [part.replace(path.name, name) for part in (error.received, error.needed, error.action)]
        raise type(error)(*said) from error
    return key


def _file_key(path: Path, choice: Choice | None) -> str:
    """Return what a part of a file is called among a model's sources: by what is in it."""
    found = hashlib.sha256(path.read_bytes())
    if choice is not None and choice != Choice():
        found.update(json.dumps(choice.to_dict(), sort_keys=True).encode())
    return f"file-{found.hexdigest()[:12]}"


def find_failing(run: Run, candidate_id: str, source: str) -> Path:
    """Find where a model fails on rows that it was judged on, and store it."""
    from automl_core.evaluation.failing import failing
    from automl_core.evaluation.judged import Judged, judged_columns, judged_folder
    from automl_core.scoring.bundle import load_model

    folder = judged_folder(run, candidate_id, source)
    judged, model = Judged.load(folder), load_model(bundle(run, candidate_id))
    found = failing(model, judged, judged_columns(run, folder, judged, list(model.used)), seed=run.config.seed)
    write_json(folder / "fails.json", found.to_dict())
    return folder / "fails.json"


def compare_groups(run: Run, candidate_id: str, source: str, column: str, label: str = "") -> Path:
    """Compare the groups of a column on rows that a model was judged on, and store it."""
    from automl_core.errors import NotFoundError
    from automl_core.evaluation.fairness import fairness
    from automl_core.evaluation.judged import Judged, fairness_path, judged_columns, judged_folder
    from automl_core.scoring.bundle import load_model

    folder = judged_folder(run, candidate_id, source)
    judged, model = Judged.load(folder), load_model(bundle(run, candidate_id))
    frame = judged_columns(run, folder, judged, [column])
    if column not in frame:
        raise NotFoundError(f"These rows have no column {column!r}.", action="Choose another one.")
    found = fairness(model, judged, frame[column], model.schema[column].kind, label=label, seed=run.config.seed)
    path = fairness_path(folder, column, label)
    write_json(path, found.to_dict())
    return path


def decide(run: Run, candidate_id: str, threshold: float, reason: str) -> None:
    """Make a threshold that of a model, and judge anew whatever it was judged on."""
    from automl_core.evaluation.deciding import choose

    choose(run, candidate_id, threshold, reason)
    judge_anew(run, candidate_id)


def price_run(run: Run, costs: Costs | None, tell: Callable[[float, str], None] = lambda done, doing: None) -> tuple[str, ...]:
    """Make a cost table that of a run: rows, packed models with their thresholds, scores and reports then tell it.

    Parameters
    ----------
    run : Run
    costs : Costs or None
    tell : callable
        Gets the share that is done, and what is being done.

    Returns
    -------
    tuple of str
        What a person should know.

    Raises
    ------
    InputError, NotFoundError
        As `combining.price.price`.
    """
    from automl_core.combining.price import price

    tell(0.0, "Judging every model by the cost table")
    notes = price(run, costs)
    board = run.leaderboard()
    there = [row.id for row in board if run.model(row.id).exists() or run.evaluation(row.id).exists()]
    for done, candidate_id in enumerate(there, start=1):
        tell(done / (len(there) + 1), f"Choosing the threshold of {board[candidate_id].name} by it")
        bundle(run, candidate_id)  # packed before its row was judged by the table, so it is packed again
        judge_anew(run, candidate_id)
    if run.config.metric == "cost":  # what a column is worth was counted by the old table
        for row in board:
            for path in (run.explanation(row.id), run.reasons(row.id)):
                path.unlink(missing_ok=True)
    if (run.path / "model.zip").exists():
        keep_model(run, board.recommended)
    return notes


def judge_anew(run: Run, candidate_id: str) -> None:
    """Judge a model, whose threshold or cost table is another one, on whatever it was judged on."""
    from automl_core.evaluation.judged import Judged, judged_folder, sources
    from automl_core.scoring.bundle import load_model

    model = load_model(bundle(run, candidate_id))
    for source in sources(run, candidate_id):
        folder = judged_folder(run, candidate_id, source)
        if (folder / "rows.npz").exists():
            notes = tuple(note for note in read_json(folder / "notes.json") if not note.startswith("The threshold was chosen"))
            rejudge(run, candidate_id, source, model, Judged.load(folder), notes)
    for path in (run.report(candidate_id), run.card(candidate_id)):
        path.unlink(missing_ok=True)  # they tell the old one


def price_job(context: JobContext) -> dict[str, Any]:
    """Make a cost table that of a run."""
    from automl_core.experiment import Costs

    told = context.request["params"]["costs"]
    notes = price_run(run_of(context), Costs(**told) if told else None, lambda done, doing: context.emit(Progress(done, doing)))
    for note in notes:
        context.emit(Message(note))
    return {}


def learn_growing(
    run: Run,
    candidate_id: str,
    tell: Callable[[float, str], None] = lambda done, doing: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Path:
    """Learn a model from growing parts of its rows, and store its learning curve."""
    from automl_core.evaluation.learning import learning_curve

    found = learning_curve(run, candidate_id, tell=tell, should_stop=should_stop)
    write_json(run.learning(candidate_id), found.to_dict())
    return run.learning(candidate_id)


def learn_more(context: JobContext) -> dict[str, Any]:
    """Learn a model from growing parts of its rows."""
    context.emit(Progress(-1.0, "Preparing the rows"))
    path = learn_growing(
        run_of(context),
        context.request["params"]["candidate"],
        lambda done, doing: context.emit(Progress(done, doing)),
        context.should_stop,
    )
    return {"file": path.name}


def judge_job(context: JobContext) -> dict[str, Any]:
    """Judge a model on out-of-fold rows or on an uploaded file."""
    from automl_core.scoring.bundle import load_model

    params, run = context.request["params"], run_of(context)
    context.emit(Progress(-1.0, "Judging the model"))
    if "file" in params:
        path = Path(params["file"])
        key = judge_file(run, params["candidate"], path, params["name"], Choice.from_dict(params.get("choice", {})))
        if path.parent == context.project.path / "uploads":
            path.unlink(missing_ok=True)  # its typed rows are kept beside the scores
        return {"source": key}
    judge_source(run, params["candidate"], params["source"], load_model(bundle(run, params["candidate"])))
    return {"source": params["source"]}


def failing_job(context: JobContext) -> dict[str, Any]:
    """Find where a model fails."""
    params = context.request["params"]
    context.emit(Progress(-1.0, "Looking for the rows in which it fails"))
    return {"file": find_failing(run_of(context), params["candidate"], params["source"]).name}


def fairness_job(context: JobContext) -> dict[str, Any]:
    """Compare the groups of a column."""
    params = context.request["params"]
    context.emit(Progress(-1.0, "Comparing the groups"))
    found = compare_groups(run_of(context), params["candidate"], params["source"], params["column"], params["label"])
    return {"file": found.name}


def decide_job(context: JobContext) -> dict[str, Any]:
    """Make a threshold that of a model."""
    params = context.request["params"]
    context.emit(Progress(-1.0, "Storing the threshold, and judging the model with it"))
    decide(run_of(context), params["candidate"], float(params["threshold"]), str(params["reason"]))
    return {"threshold": params["threshold"]}
