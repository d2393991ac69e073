"""What is made of one scored model: its bundle, how it is judged, explained, written out, reported and tuned."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_core.errors import InputError
from automl_core.events import Event, Message, Progress
from automl_core.jobs.context import JobContext
from automl_core.runs import Run
from automl_core.search.place import HERE, Place
from automl_core.worker.sources import judge_source
from automl_core.workspace import atomic_file, read_json, write_json

if TYPE_CHECKING:
    from automl_core.model import Packed
    from automl_core.tuning.study import Settings, Study


Emit = Callable[[Event], None]
ShouldStop = Callable[[], bool]


def drop_stale(run: Run) -> None:
    """Remove what was computed of candidates that have changed since, and reports of an older leaderboard."""
    for kind in ("models", "evaluations", "explanations", "reasons", "readables", "reports", "codes"):
        for path in (run.path / kind).glob("*"):
            source = run.path / "candidates" / path.stem / "candidate.json"
            if kind == "reports" or not source.exists() or path.stat().st_mtime < source.stat().st_mtime:
                path.unlink(missing_ok=True)
    for path in (run.path / "judged").glob("*/*"):
        source, made = run.path / "candidates" / path.parent.name / "candidate.json", path / "rows.npz" if path.is_dir() else path
        if not source.exists() or not made.exists() or made.stat().st_mtime < source.stat().st_mtime:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def bundle(run: Run, candidate_id: str) -> Path:
    """Build one candidate's bundle, or return the one that is there."""
    from automl_core.model import build_model

    path = run.model(candidate_id)
    return path if _is_packed(run, candidate_id) else build_model(run.path, candidate_id, path)


def packed(run: Run, candidate_id: str) -> Packed:
    """Return one candidate's model, its bundle built if it is not there; what was just built is not read again."""
    from automl_core.model import pack_model, read_packed
    from automl_core.search.prepare import cores

    path = run.model(candidate_id)
    if _is_packed(run, candidate_id):
        return read_packed(path)
    return pack_model(run.path, candidate_id, path, threads=cores(run.config))


def _is_packed(run: Run, candidate_id: str) -> bool:
    path, scored = run.model(candidate_id), run.path / "candidates" / candidate_id / "candidate.json"
    return path.exists() and path.stat().st_mtime >= scored.stat().st_mtime


def evaluate_candidate(run: Run, candidate_id: str, found: Packed | None = None) -> Path:
    """Judge one candidate on the held-out rows, or out-of-fold where none were held out, and store the evaluation.

    `found` is the candidate's own model, where it is at hand.
    """
    from automl_core.evaluation.judged import main_source

    found = found or packed(run, candidate_id)
    judge_source(run, candidate_id, main_source(run), found.model, seen=(found.held, found.values))
    return run.evaluation(candidate_id)


def judge_recommended(run: Run, candidate_id: str, emit: Emit, found: Packed) -> None:
    """Judge the recommended model; rows that cannot judge it are told, and the run has ended well all the same."""
    where = "on the held-out rows" if run.config.holdout else "out-of-fold"
    emit(Progress(1.0, f"Judging the recommended model {where}"))
    try:
        evaluate_candidate(run, candidate_id, found)
    except InputError as error:
        emit(Message(f"The held-out rows cannot judge the model: {error.received} Keep more rows aside next time.", "warning"))


def explain_candidate(run: Run, candidate_id: str, tell: Callable[[float, str], None] = lambda done, doing: None) -> Path:
    """Explain one candidate on held-out rows, or on learned rows where none were held out."""
    from automl_core.explaining.importance import explain
    from automl_core.scoring.bundle import load_model

    frame = run.holdout() if run.config.holdout else run.dataset().frame()
    source = "held-out" if run.config.holdout else "learned"
    result = explain(load_model(bundle(run, candidate_id)), frame, seed=run.config.seed, source=source, tell=tell)
    write_json(run.explanation(candidate_id), result.to_dict())
    return run.explanation(candidate_id)


def write_out_candidate(run: Run, candidate_id: str) -> Path:
    """Write out a candidate that can be read as a whole, and store the result; raises InputError for another."""
    from automl_core.explaining.reader import readable
    from automl_core.scoring.bundle import load_model

    write_json(run.readable(candidate_id), readable(load_model(bundle(run, candidate_id))).to_dict())
    return run.readable(candidate_id)


def report_candidate(run: Run, candidate_id: str) -> Path:
    """Write one candidate's report, computing first what it shows."""
    from automl_core.reporting import write_report

    compute_shown(run, candidate_id)
    return write_report(run.path, candidate_id, run.report(candidate_id))


def compute_shown(run: Run, candidate_id: str) -> None:
    """Compute what a report shows and is not there yet."""
    if not run.evaluation(candidate_id).exists():
        evaluate_candidate(run, candidate_id)
    if not run.explanation(candidate_id).exists():
        explain_candidate(run, candidate_id)


def keep_model(run: Run, candidate_id: str) -> None:
    """Keep one candidate as the model of its run: another name of its file, or a copy where the disk has no second names."""
    made, path = bundle(run, candidate_id), run.path / "model.zip"
    second = path.with_name(f".{path.name}.part")
    second.unlink(missing_ok=True)
    try:
        second.hardlink_to(made)
    except OSError:
        with atomic_file(path) as file:
            file.write(made.read_bytes())
    else:
        second.replace(path)
        second.unlink(missing_ok=True)  # it stays where both were the same file already


def tune_candidate(
    run: Run,
    study_id: str,
    settings: Settings,
    *,
    emit: Emit,
    should_stop: ShouldStop,
    started: float | None = None,
    place: Place = HERE,
) -> Study:
    """Tune a model of a run, and judge it beside the one before on the rows kept aside."""
    from automl_core.tuning.run import tune
    from automl_core.tuning.study import study_folder, with_held_out

    study = tune(run, study_id, settings, emit=emit, should_stop=should_stop, started=started, place=place)
    if study.joined:
        drop_stale(run)
        if run.config.holdout:
            emit(Progress(1.0, "Judging it beside the model before, on the held-out rows"))
            found = []
            for candidate_id in (settings.candidate, study.joined):
                try:
                    metrics = read_json(evaluate_candidate(run, candidate_id))["metrics"]
                    found.append(metrics.get(study.metric, {}))
                except InputError as error:  # rows that cannot judge; the scores over the folds stand
                    emit(Message(f"The held-out rows cannot judge the model: {error.received}", "warning"))
            if len(found) == 2 and all(found):
                study = with_held_out(study, *found)
                study.save(study_folder(run.path, study_id))
    return study


def run_of(context: JobContext) -> Run:
    """Return the run that a job is about."""
    return Run(context.project.run(context.request["params"]["run"]))


def candidate_job(doing: str, work: Callable[[Run, str], Path]) -> Callable[[JobContext], dict[str, Any]]:
    """Return a job that makes one file of a candidate."""

    def job(context: JobContext) -> dict[str, Any]:
        context.emit(Progress(-1.0, doing))
        return {"file": work(run_of(context), context.request["params"]["candidate"]).name}

    return job


def tune_job(context: JobContext) -> dict[str, Any]:
    """Tune a model, as the request says."""
    from automl_core.tuning.study import Settings

    params = context.request["params"]
    settings = Settings.from_dict(params["settings"])
    study = tune_candidate(
        run_of(context),
        params["study"],
        settings,
        emit=context.emit,
        should_stop=context.should_stop,
        started=time.time(),
        place=Place.of(params),
    )
    return {"study": study.id, "joined": study.joined}
