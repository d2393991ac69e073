"""What each kind of job does: the only place where engines, search and storage meet.

The job host forks a process that calls one of `KINDS`; the command line calls the same functions in its own process.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_core.errors import AutoMLError, InputError, NotFoundError, StorageError
from automl_core.events import FINAL, Event, Message, Progress, Started, read_events
from automl_core.jobs.context import JobContext
from automl_core.relearning import KIND, Origin, origin_of
from automl_core.runs import Run
from automl_core.search import first_look
from automl_core.workspace import at_work, atomic_file, read_json, write_json

if TYPE_CHECKING:
    from automl_core.leaderboard import Leaderboard
    from automl_core.search.candidates import Spec
    from automl_core.tuning.study import Settings, Study

Emit = Callable[[Event], None]
ShouldStop = Callable[[], bool]
LEAST = 10.0
"""Seconds that a search which goes on gets at least."""


def time_used(journal: Path) -> tuple[float, bool]:
    """Return how many seconds earlier sessions of a run took, and whether the last one was cut off.

    A session lasts from its ``started`` event to the last event before the next one; one that has only just started does
    not count.
    """
    sessions: list[list[Event]] = []
    for event in read_events(journal)[0]:
        if isinstance(event, Started):
            sessions.append([])
        if sessions:
            sessions[-1].append(event)
    # What follows the first last word, such as a stop while it waited to go on, took no time.
    ends = [next((place for place, event in enumerate(one) if isinstance(event, FINAL)), len(one) - 1) for one in sessions]
    sessions = [session[: end + 1] for session, end in zip(sessions, ends, strict=True) if len(session) > 1]
    used = sum(session[-1].time - session[0].time for session in sessions)
    return used, bool(sessions) and not isinstance(sessions[-1][-1], FINAL)


def train(
    run: Run,
    *,
    emit: Emit,
    should_stop: ShouldStop,
    started: float,
    used: float = 0.0,
    cut: bool = False,
    look: first_look.FirstLook | None = None,
) -> dict[str, Any]:
    """Search, then keep the recommended model as ``model.zip``.

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
    cut : bool
        Whether the last session was cut off. It then gets what is left of the budget, `LEAST` at least; a run that had
        ended is given the whole budget once more.
    look : FirstLook, optional
        One that is under way; of a large table that was never searched one is begun otherwise.

    Raises
    ------
    InputError, NotFoundError
        When it cannot be done, or another process searches or tunes in the run.
    """
    with at_work(run.path, "Another search or a study of this run"):
        return _train_alone(run, emit, should_stop, started, used, cut, look)


def _train_alone(
    run: Run,
    emit: Emit,
    should_stop: ShouldStop,
    started: float,
    used: float,
    cut: bool,
    look: first_look.FirstLook | None,
) -> dict[str, Any]:
    from automl_core.search.candidates import Spec
    from automl_core.search.run import run_search

    origin = origin_of(run)
    specs = tuple(Spec(**spec) for spec in origin.specs) if origin else None
    budget = run.config.budget.seconds
    seconds = max(budget, used + LEAST) if cut else used + budget
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
            emit=look.until_shown(emit) if look else emit,
            should_stop=should_stop,
            started=started - used,
            specs=specs,
            weights=origin.weights if origin else None,
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
        _drop_stale(run)
        _keep(run, leaderboard.recommended)
    except (OSError, MemoryError) as error:
        raise _ended_early(run, error) from (error.__cause__ or error)
    finally:
        if look:
            look.end()
    if run.config.preset == "fast":
        tell_speed(run, emit)
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
    if run.config.split.kind == "time":
        from automl_core.search.relearn import learn_newest
        from automl_core.search.run import prepare

        dataset = run.dataset()
        learn_newest(prepare(dataset.frame(), dataset.schema, run.recipe, run.config, run.path).work, specs, emit)
    # An ensemble is scored anew under its own name, a single model keeps its id.
    chosen = next((row for row in board if row.role == "ensemble"), None) if origin.weights else board[origin.candidate]
    if chosen is None:
        raise NotFoundError(f"{origin.name} could not be put together again.", action="Use the judged model as it is.")
    why = "The model that was chosen and judged before, now learned from every row."
    board = replace(board, recommended=chosen.id, recommendation=why)
    board.save(run.path / "leaderboard.json")
    return board


def tell_speed(run: Run, emit: Emit) -> None:
    """Measure the kept model as it was exported, and say whether it keeps the run's limit."""
    from automl_core.scoring.bundle import load_model
    from automl_core.search.speed import AT_ONCE, measure_bundle, within_limit

    frame = run.dataset().frame()
    took = measure_bundle(load_model(run.path / "model.zip"), frame.iloc[:AT_ONCE])
    decision = within_limit(took, run.config.predict_limit_ms)
    emit(Message(decision.reason, level="info" if decision.value else "warning"))


def _keep(run: Run, candidate_id: str) -> None:
    with atomic_file(run.path / "model.zip") as file:
        file.write(bundle(run, candidate_id).read_bytes())


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
            _drop_stale(run)
            _keep(run, board.recommended)
            packed = True
    return ended_early(error, board, packed=packed)


def _drop_stale(run: Run) -> None:
    """Remove what was computed of candidates that have changed since, and reports of an older leaderboard."""
    for folder in ("models", "evaluations", "explanations", "readables", "reports"):
        for path in (run.path / folder).glob("*"):
            source = run.path / "candidates" / path.stem / "candidate.json"
            if folder == "reports" or not source.exists() or path.stat().st_mtime < source.stat().st_mtime:
                path.unlink(missing_ok=True)


def bundle(run: Run, candidate_id: str) -> Path:
    """Build one candidate's bundle, or return the one that is there."""
    from automl_core.model import build_model

    path = run.model(candidate_id)
    scored = run.path / "candidates" / candidate_id / "candidate.json"
    if path.exists() and path.stat().st_mtime >= scored.stat().st_mtime:
        return path
    return build_model(run.path, candidate_id, path)


def evaluate_candidate(run: Run, candidate_id: str) -> Path:
    """Judge one candidate on the held-out rows, or out-of-fold where none were held out, and store the evaluation."""
    from automl_core.evaluation.evaluate import evaluate, evaluate_out_of_fold
    from automl_core.scoring.bundle import load_model

    model = load_model(bundle(run, candidate_id))
    if run.config.holdout:
        result = evaluate(model, run.holdout(), rows="held-out")
    else:
        result = evaluate_out_of_fold(run.path, candidate_id, model)
    write_json(run.evaluation(candidate_id), result.to_dict())
    return run.evaluation(candidate_id)


def judge_recommended(run: Run, candidate_id: str, emit: Emit) -> None:
    """Judge the recommended model; rows that cannot judge it are told, and the run has ended well all the same."""
    try:
        evaluate_candidate(run, candidate_id)
    except InputError as error:
        emit(Message(f"The held-out rows cannot judge the model: {error.received} Keep more rows aside next time.", "warning"))


def explain_candidate(run: Run, candidate_id: str) -> Path:
    """Explain one candidate on held-out rows, or on learned rows where none were held out."""
    from automl_core.explaining.importance import explain
    from automl_core.scoring.bundle import load_model

    frame = run.holdout() if run.config.holdout else run.dataset().frame()
    source = "held-out" if run.config.holdout else "learned"
    result = explain(load_model(bundle(run, candidate_id)), frame, seed=run.config.seed, source=source)
    write_json(run.explanation(candidate_id), result.to_dict())
    return run.explanation(candidate_id)


def write_out_candidate(run: Run, candidate_id: str) -> Path:
    """Write out a candidate that can be read as a whole, and store the result; raises InputError for another."""
    from automl_core.explaining.readable import readable
    from automl_core.scoring.bundle import load_model

    write_json(run.readable(candidate_id), readable(load_model(bundle(run, candidate_id))).to_dict())
    return run.readable(candidate_id)


def report_candidate(run: Run, candidate_id: str) -> Path:
    """Write one candidate's report, computing first what it shows."""
    from automl_core.reporting import write_report

    if not run.evaluation(candidate_id).exists():
        evaluate_candidate(run, candidate_id)
    if not run.explanation(candidate_id).exists():
        explain_candidate(run, candidate_id)
    return write_report(run.path, candidate_id, run.report(candidate_id))


def _run_of(context: JobContext) -> Run:
    return Run(context.project.run(context.request["params"]["run"]))


def _train(context: JobContext) -> dict[str, Any]:
    run = Run(context.folder)
    now = time.time()
    if context.request["params"].get("forecast"):  # made before the start, to be set against what it took
        write_json(run.path / "forecast.json", context.request["params"]["forecast"])
    used, cut = time_used(context.folder / "events.jsonl")
    result = train(run, emit=context.emit, should_stop=context.should_stop, started=now, used=used, cut=cut)
    if run.config.holdout or origin_of(run):
        where = "on the held-out rows" if run.config.holdout else "out-of-fold"
        context.emit(Progress(1.0, f"Judging the recommended model {where}"))
        judge_recommended(run, result["recommended"], context.emit)
    return result


def _candidate_job(doing: str, work: Callable[[Run, str], Path]) -> Callable[[JobContext], dict[str, Any]]:
    def job(context: JobContext) -> dict[str, Any]:
        context.emit(Progress(-1.0, doing))
        return {"file": work(_run_of(context), context.request["params"]["candidate"]).name}

    return job


def _predict(context: JobContext) -> dict[str, Any]:
    from automl_core.predicting import predict_file
    from automl_core.scoring.bundle import load_model

    params = context.request["params"]
    context.emit(Progress(-1.0, "Loading the model"))
    model = load_model(bundle(_run_of(context), params["candidate"]))
    context.emit(Progress(-1.0, "Predicting"))
    source = Path(params["source"])
    try:
        report = predict_file(model, source, context.folder / "predictions.csv")
    except AutoMLError as error:
        # The person knows the file by the name it was uploaded under.
        said = [
            part.replace(source.name, params.get("name", source.name)) for part in (error.received, error.needed, error.action)
        ]
        raise type(error)(*said) from error
    if source.parent == context.project.path / "uploads":
        source.unlink(missing_ok=True)  # the predictions hold its rows
    write_json(context.folder / "report.json", report.to_dict())
    for difference in report.differences:
        context.emit(Message(difference.sentence, level="warning" if difference.blocking else "info"))
    for sentence in report.rules:
        context.emit(Message(sentence, level="warning"))
    return {"rows": report.rows, "file": "predictions.csv"}


def _profile(context: JobContext) -> dict[str, Any]:
    from automl_core.data.dataset import load_dataset
    from automl_core.profiling.profile import profile

    context.emit(Progress(-1.0, "Looking at every column"))
    params = context.request["params"]
    dataset = load_dataset(context.project.dataset(params["dataset"]))
    result = profile(
        dataset.frame(),
        dataset.schema,
        target=params.get("target", ""),
        tell=lambda done, doing: context.emit(Progress(done, doing)),
    )
    write_json(context.folder / "profile.json", result.to_dict())
    return {"file": "profile.json"}


def _leakage(context: JobContext) -> dict[str, Any]:
    from automl_core.data.dataset import load_dataset
    from automl_core.profiling.leakage import measure_leakage
    from automl_core.profiling.profile import profile

    context.emit(Progress(-1.0, "Looking at every column"))
    params = context.request["params"]
    dataset = load_dataset(context.project.dataset(params["dataset"]))
    frame = dataset.frame()
    found = profile(frame, dataset.schema, params["target"])
    result = measure_leakage(
        frame,
        dataset.schema,
        found,
        params.get("suspects", ()),
        tell=lambda done, doing: context.emit(Progress(done, doing)),
    )
    write_json(context.folder / "leakage.json", result.to_dict())
    return {"file": "leakage.json"}


def _forecast(context: JobContext) -> dict[str, Any]:
    from automl_core.cleaning.recipe import Recipe
    from automl_core.data.dataset import load_dataset
    from automl_core.experiment import ExperimentConfig
    from automl_core.search.probing import forecast_run

    params = context.request["params"]
    dataset = load_dataset(context.project.dataset(params["dataset"]))
    recipe, config = Recipe.from_dict(params["recipe"]), ExperimentConfig.from_dict(params["config"])
    found = forecast_run(
        dataset.frame(),
        dataset.schema,
        recipe,
        config,
        folder=context.folder,
        tell=lambda done, doing: context.emit(Progress(done, doing)),
    )
    found.save(context.folder / "forecast.json")
    return {"file": "forecast.json"}


def _ablation(context: JobContext) -> dict[str, Any]:
    from automl_core.cleaning.recipe import Recipe
    from automl_core.data.dataset import load_dataset
    from automl_core.experiment import ExperimentConfig
    from automl_core.search.ablation import ablate

    params = context.request["params"]
    dataset = load_dataset(context.project.dataset(params["dataset"]))
    found = ablate(
        dataset.frame(),
        dataset.schema,
        Recipe.from_dict(params["recipe"]),
        ExperimentConfig.from_dict(params["config"]),
        tell=lambda done, doing: context.emit(Progress(done, doing)),
    )
    write_json(context.folder / "ablation.json", found.to_dict())
    return {"file": "ablation.json"}


def _clean(context: JobContext) -> dict[str, Any]:
    from automl_core.cleaning.large import clean_dataset
    from automl_core.cleaning.recipe import Recipe
    from automl_core.data.dataset import load_dataset

    params = context.request["params"]
    dataset = load_dataset(context.project.dataset(params["dataset"]))
    made = clean_dataset(
        dataset,
        Recipe.from_dict(params["recipe"]),
        context.project.dataset(params["into"]),
        params["name"],
        tell=lambda done, doing: context.emit(Progress(done, doing)),
    )
    write_json(context.folder / "cleaned.json", made.to_dict())
    return {"dataset": params["into"], "file": "cleaned.json"}


def tune_candidate(
    run: Run, study_id: str, settings: Settings, *, emit: Emit, should_stop: ShouldStop, started: float | None = None
) -> Study:
    """Tune a model of a run, and judge it beside the one before on the rows kept aside."""
    from automl_core.tuning.run import tune
    from automl_core.tuning.study import study_folder, with_held_out

    study = tune(run, study_id, settings, emit=emit, should_stop=should_stop, started=started)
    if study.joined:
        _drop_stale(run)
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


def _tune(context: JobContext) -> dict[str, Any]:
    from automl_core.tuning.study import Settings

    params = context.request["params"]
    settings = Settings.from_dict(params["settings"])
    study = tune_candidate(
        _run_of(context), params["study"], settings, emit=context.emit, should_stop=context.should_stop, started=time.time()
    )
    return {"study": study.id, "joined": study.joined}


KINDS: dict[str, Callable[[JobContext], dict[str, Any]]] = {
    "train": _train,
    KIND: _train,
    "model": _candidate_job("Packing the model", bundle),
    "evaluate": _candidate_job("Judging the model", evaluate_candidate),
    "explain": _candidate_job("Finding out which columns matter", explain_candidate),
    "readable": _candidate_job("Writing the model out", write_out_candidate),
    "report": _candidate_job("Writing the report", report_candidate),
    "predict": _predict,
    "profile": _profile,
    "forecast": _forecast,
    "ablation": _ablation,
    "clean": _clean,
    "leakage": _leakage,
    "tune": _tune,
}
