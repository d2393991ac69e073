"""The command line: the same work without a browser. Progress goes to standard error, results to files and standard output."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, cast

import typer

from automl_core.errors import AutoMLError, InputError, NotFoundError
from automl_core.events import CandidateScored, Event, Failed, Finished, Message, Progress, Started, Stopped, append_event

if TYPE_CHECKING:
    from automl_core.cleaning.recipe import Recipe
    from automl_core.data.dataset import Dataset
    from automl_core.experiment import ExperimentConfig
    from automl_core.runs import Run
    from automl_core.scoring.bundle import Model
    from automl_core.search.first_look import FirstLook

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help="Tablewright without a browser."
)

File = Annotated[Path, typer.Argument(help="A CSV or another delimited text file.", show_default=False)]
ModelPath = Annotated[
    Path, typer.Argument(metavar="MODEL", help="A train folder or an exported model's zip.", show_default=False)
]
Out = Annotated[Path, typer.Option("--out", help="Where the result is written.", show_default=False)]


def main() -> None:
    """Run a command and leave with its exit code: 0 done, 1 our fault, 2 bad input, 130 stopped."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # processes or threads, never both
    signal.signal(signal.SIGINT, _leave)
    try:
        app()
    except AutoMLError as error:
        fail(str(error), 2)
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - the border of the command line; logged with its traceback
        from automl_core.log import log_error
        from automl_core.workspace import Workspace

        log_id = log_error(Workspace.default(), error, f"command {' '.join(sys.argv[1:2])}")
        fail(f"Something went wrong on our side; the details are in the log under {log_id}.", 1)


def _leave(number: int, _: object) -> NoReturn:
    fail("Stopped.", 130)


def fail(sentence: str, code: int) -> NoReturn:
    """Say why on standard error and leave."""
    print(sentence, file=sys.stderr)
    sys.exit(code)


def say(sentence: str) -> None:
    """Say what happens, on standard error."""
    print(sentence, file=sys.stderr, flush=True)


@app.command()
def read(
    file: File,
    out: Out,
    text: Annotated[bool, typer.Option("--text", help="Cells as text, exactly as they were read.")] = False,
) -> None:
    """Read a table as the app does and write it as clean CSV (UTF-8, commas)."""
    from automl_core.data.parsing import as_text, parse_frame
    from automl_core.data.reading import read_text
    from automl_core.predicting import write_csv

    table = read_text(_existing(file))
    frame = table.frame
    if not text:
        from automl_core.data.kinds import infer_schema

        schema = infer_schema(frame)
        typed = parse_frame(frame, schema).frame
        frame = typed.apply(lambda values: values if values.dtype == object else as_text(values)).fillna("")
    write_csv(out, frame)
    report = table.report
    how = f", {report.dialect.encoding}, delimiter {report.dialect.delimiter!r}" if report.dialect else ""
    say(f"{len(frame):,} rows and {frame.shape[1]:,} columns{how}.")
    for repair, count in report.repairs.items():
        say(f"{repair} ({count:,})")
    if report.refused:
        say(f"{len(report.refused):,} lines could not be read as rows.")


@app.command()
def profile(
    file: File,
    out: Out,
    target: Annotated[str, typer.Option(help="The column to predict.")] = "",
    leakage: Annotated[
        bool, typer.Option("--leakage", help="Judge a quick model with and without each suspect column, and by other splits.")
    ] = False,
) -> None:
    """Describe a table: every column, associations, and what is wrong with it."""
    from automl_core.profiling.html import profile_html
    from automl_core.profiling.profile import profile as look
    from automl_core.workspace import atomic_file, write_json

    if out.suffix not in (".json", ".html"):
        raise InputError(f"The result is to be written to {out.name}.", "It must end in .json or .html.", "Choose one of them.")
    dataset = _dataset(file)
    if leakage and not target:
        raise InputError("Leakage was asked for without a target.", "It is measured against it.", "Add --target COLUMN.")
    frame = dataset.frame()
    found = look(frame, dataset.schema, target=target)
    measured = None
    if leakage:
        from automl_core.profiling.leakage import measure_leakage

        measured = measure_leakage(frame, dataset.schema, found)
    if out.suffix == ".json":
        write_json(out, found.to_dict() | ({"leakage": measured.to_dict()} if measured else {}))
    else:
        with atomic_file(out) as handle:
            handle.write(profile_html(found, file.name, measured).encode("utf-8", "replace"))
    for alert in found.alerts:
        say(alert.sentence)
    for trial in measured.trials if measured else ():
        say(f"{trial.title}: {trial.score:.3f}. {trial.sentence}")


@app.command()
def clean(
    file: File,
    out: Out,
    recipe: Annotated[Path | None, typer.Option(help="A recipe that the app exported; by default the proposed one.")] = None,
) -> None:
    """Apply the steps of a recipe that act on the table itself, and write the result as CSV.

    Steps that learn from the data, such as filling and scaling, belong into a model's folds and are named, not applied.
    """
    from automl_core.cleaning.apply import apply_stateless
    from automl_core.cleaning.steps import OPERATIONS
    from automl_core.data.parsing import as_text
    from automl_core.predicting import write_csv

    dataset = _dataset(file)
    chosen = _recipe(recipe, dataset, "")
    cleaned = apply_stateless(dataset.frame(), dataset.schema, chosen, training=True)
    frame = cleaned.frame.apply(lambda values: values if values.dtype == object else as_text(values)).fillna("")
    defused = write_csv(out, frame)
    for outcome in cleaned.outcomes:
        say(outcome.sentence)
    learned = [OPERATIONS[step.op].title for step in chosen if step.enabled and OPERATIONS[step.op].learned]
    if learned:
        say(f"Left for the model, since they learn from the data: {', '.join(learned)}.")
    if defused:
        say(f"{defused:,} cells look like formulas and got an apostrophe in front.")
    print(f"{len(frame)} rows, {frame.shape[1]} columns")


@app.command()
def train(
    file: File,
    target: Annotated[str, typer.Option(help="The column to predict.", show_default=False)],
    out: Annotated[
        Path, typer.Option(help="A new folder: model.zip, leaderboard.json, events.jsonl, report.html.", show_default=False)
    ],
    task: Annotated[str, typer.Option(help="binary, multiclass or regression; found by itself.")] = "",
    metric: Annotated[
        str, typer.Option(help="For example roc_auc, log_loss, rmse; cost or kpi for your own; chosen by itself.")
    ] = "",
    positive: Annotated[str, typer.Option(help="Which of two labels is the event.")] = "",
    preset: Annotated[str, typer.Option(help="quick, balanced, best, fast, explainable or pycaret.")] = "balanced",
    recipe: Annotated[Path | None, typer.Option(help="A recipe that the app exported; by default the proposed one.")] = None,
    budget: Annotated[float, typer.Option(help="Seconds of wall-clock time for the search.")] = 60.0,
    trials: Annotated[int, typer.Option(help="Number of models instead of a time; 0 for none.")] = 0,
    folds: Annotated[int, typer.Option(help="0 lets the search choose.")] = 0,
    holdout: Annotated[float, typer.Option(help="Share of rows kept aside to judge the winner; 0 for none.")] = 0.2,
    split: Annotated[str, typer.Option(help="random, group or time.")] = "random",
    group: Annotated[str, typer.Option(help="Column whose rows stay together, with --split group.")] = "",
    time_column: Annotated[str, typer.Option("--time", help="Column that orders the rows, with --split time.")] = "",
    gap: Annotated[float, typer.Option(help="With --split time: days (or the column's unit) left out before judged rows.")] = 0.0,
    seed: Annotated[int, typer.Option(help="The same seed and number of models give the same result.")] = 0,
    costs: Annotated[
        str, typer.Option(help="Money a row: tp=10,fp=-2,fn=-50,tn=0[,amount=COLUMN][,currency=EUR]; losses are negative.")
    ] = "",
    kpi: Annotated[str, typer.Option(help='A figure of your own, "NAME: FORMULA" over prediction, truth and columns.')] = "",
    kpi_lower: Annotated[bool, typer.Option("--kpi-lower", help="A lower value of that figure is better.")] = False,
    predict_limit_ms: Annotated[
        float, typer.Option(help="With --preset fast: most milliseconds a row when 1,000 are predicted at once; 0 for no limit.")
    ] = 0.0,
) -> None:
    """Search for the best model and keep it with its report."""
    from automl_core.experiment import Budget, Split
    from automl_core.own_figures import parse_costs, parse_kpi
    from automl_core.runs import Run, write_request
    from automl_core.search import first_look

    _choice("--split", split, ("random", "group", "time"))
    column = {"random": "", "group": group, "time": time_column}[split]
    if split != "random" and not column:
        raise InputError(f"--split {split} needs a column.", action=f"Name it with --{split} COLUMN.")
    if gap and split != "time":
        raise InputError("--gap needs --split time.", "Only a split by time has a gap.", "Add --split time --time COLUMN.")
    own = {
        "costs": parse_costs(costs) if costs else None,
        "kpi": parse_kpi(kpi, greater_is_better=not kpi_lower) if kpi else None,
    }
    _new_folder(out)
    division = Split(cast(Any, split), column, gap)
    wish = first_look.Wish(target, task, metric, positive, division, _given_recipe(recipe), seed)
    emit = _emitter(Run(out))
    _existing(file)
    out.mkdir(parents=True, exist_ok=True)
    emit(Started(os.getpid()))
    # Before anything large is imported: the look has the other core while this process reads the table.
    look = first_look.of_file(file, wish, out, emit=emit)
    try:
        from automl_core.cleaning.apply import apply_stateless
        from automl_core.data.dataset import create_dataset
        from automl_core.proposals import check_config, propose, propose_task

        dataset = create_dataset(out / "dataset", file, file.stem)
        chosen = _recipe(recipe, dataset, target)
        cleaned = apply_stateless(dataset.frame(), dataset.schema, chosen, training=True)
        frame = cleaned.frame
        proposal = propose(frame, cleaned.schema, target, uploaded=(dataset.frame(), dataset.schema))
        config = proposal.config
        for other in proposal.splits if split == "random" else ():
            say(f"{other.reason} (--split {other.value.kind} --{other.value.kind} {shlex.quote(other.value.column)})")
        if task and task != config.task:
            config = _other_task(config, _choice("--task", task, ("binary", "multiclass", "regression")), frame[target])
        elif task == "":
            say(propose_task(frame[target], cleaned.schema[target].kind).reason)
        config = replace(
            config,
            metric=metric or config.metric,
            positive=positive or config.positive,
            split=division,
            holdout=holdout,
            folds=folds,
            budget=Budget(budget, trials),
            preset=cast(Any, _choice("--preset", preset, ("quick", "balanced", "best", "fast", "explainable", "pycaret"))),
            seed=seed,
            **cast(Any, own),
            predict_limit_ms=predict_limit_ms,
        )
        check_config(frame, cleaned.schema, config, uploaded=(dataset.frame(), dataset.schema))
        write_request(
            out,
            "train",
            {"dataset": dataset.id, "fingerprint": dataset.fingerprint, "config": config.to_dict(), "recipe": chosen.to_dict()},
        )
    except AutoMLError:
        if look:
            look.end()
        shutil.rmtree(out, ignore_errors=True)
        raise
    _search(Run(out), emit, look=look, fresh=True)


@app.command()
def forecast(
    file: File,
    target: Annotated[str, typer.Option(help="The column to predict.", show_default=False)],
    preset: Annotated[str, typer.Option(help="quick, balanced, best, fast, explainable or pycaret.")] = "balanced",
    recipe: Annotated[Path | None, typer.Option(help="A recipe that the app exported; by default the proposed one.")] = None,
    budget: Annotated[float, typer.Option(help="Seconds of wall-clock time that the search would have.")] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what a search would cost: seconds and memory of each family of models, from a few seconds of small fits."""
    from automl_core.cleaning.apply import apply_stateless
    from automl_core.experiment import PRESETS, Budget
    from automl_core.proposals import propose
    from automl_core.search.memory import size_words
    from automl_core.search.probing import forecast_run

    dataset = _dataset(file)
    frame, schema = dataset.frame(), dataset.schema
    chosen = _recipe(recipe, dataset, target)
    cleaned = apply_stateless(frame, schema, chosen, training=True)
    config = propose(cleaned.frame, cleaned.schema, target, uploaded=(frame, schema)).config
    config = replace(config, budget=Budget(budget), preset=cast(Any, _choice("--preset", preset, PRESETS)))
    found = forecast_run(frame, schema, chosen, config)
    if as_json:
        print(json.dumps(found.to_dict(), indent=1))
        return
    for row in [*([found.preparation] if found.preparation else []), *found.families]:
        taken = f"{row.seconds:10,.1f} s  ({row.seconds_low:,.1f} to {row.seconds_high:,.1f})" if row.seconds else ""
        size = size_words(row.bytes) if row.bytes else ""
        print(f"{row.label:26}{taken:40}{size:>8}  {row.reason}".rstrip())
    say(f"One model over all {found.folds} folds, on {found.cores} cores; {size_words(found.free)} of memory are free.")


def _emitter(run: Run) -> Callable[[Event], None]:
    """Return what keeps events in the run's journal and tells them."""
    tell = _teller()

    def emit(event: Event) -> None:
        append_event(run.path / "events.jsonl", event)
        tell(event)

    return emit


def _search(
    run: Run, emit: Callable[[Event], None], *, look: FirstLook | None = None, fresh: bool = False, more: bool = False
) -> None:
    """Search in this process, keep the journal, and leave with 130 when stopped.

    A `fresh` run has said that it started, and has not been searched before.
    """
    from automl_core import worker
    from automl_core.engines.skops import import_skops
    from automl_core.honesty import judge
    from automl_core.relearning import held_out, origin_of
    from automl_core.reporting import write_report

    stopped: list[int] = []

    def stop(number: int, _: object) -> None:
        if stopped:
            _leave(number, None)
        stopped.append(number)
        say("Stopping; what is finished is kept. Press again to leave at once.")

    journal = run.path / "events.jsonl"
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    used, cut = (0.0, False) if fresh else worker.time_used(journal)
    if not fresh:
        emit(Started(os.getpid(), resumed=used > 0))
    started = time.time()
    import_skops()
    try:
        result = worker.train(
            run,
            emit=emit,
            should_stop=lambda: bool(stopped),
            started=started,
            used=used,
            cut=cut and not more,
            look=look,
        )
        if run.config.holdout or origin_of(run):
            worker.judge_recommended(run, result["recommended"], emit)
        from automl_core.reporting import write_report

        write_report(run.path, result["recommended"], run.path / "report.html")
    except AutoMLError as error:
        with contextlib.suppress(OSError):  # on a full disk only standard error is left to say it
            append_event(journal, Stopped() if stopped else Failed(error.received, error.action))
        if stopped:
            fail(f"Stopped. {error.received}", 130)
        raise
    append_event(journal, Stopped(result) if stopped else Finished(result))
    board = run.leaderboard()
    best = board[board.recommended]
    for warning in judge(board, held_out(run, best.id)).warnings:
        say(warning)
    if not run.config.holdout:
        say("No rows were kept aside, so the scores are out-of-fold: the search has seen them.")
    print(f"{best.name}\t{board.metric}\t{best.score:.6g}\t{run.path / 'model.zip'}")
    if stopped:
        sys.exit(130)


@app.command()
def extend(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A train folder.")],
    budget: Annotated[float, typer.Option(help="Seconds more.")] = 60.0,
) -> None:
    """Give a finished or stopped search more time; nothing that was scored is fitted again."""
    from automl_core.experiment import Budget
    from automl_core.relearning import origin_of
    from automl_core.runs import Run, write_request

    run = Run(_train_folder(folder))
    params = run.params
    if origin_of(run):
        raise InputError(
            f"{folder} holds a model that learned every row, not a search.", action="Extend the run that it was chosen in."
        )
    config = replace(run.config, budget=Budget(budget, 0))
    write_request(run.path, "train", {**params, "config": config.to_dict()})
    _search(run, _emitter(run), more=True)


@app.command()
def tune(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A train folder.")],
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Id of a scored model of its leaderboard.")],
    method: Annotated[str, typer.Option(help="tpe, random, grid, nsga2, cmaes or gp; chosen by itself.")] = "",
    trials: Annotated[int, typer.Option(help="Number of trials; 0 for as many as --budget allows.")] = 0,
    budget: Annotated[float, typer.Option(help="Seconds of wall-clock time, where --trials is 0.")] = 60.0,
    values: Annotated[
        list[str], typer.Option("--set", help="NAME=LOW..HIGH, NAME=A,B,C or NAME=VALUE to fix it; may be repeated.")
    ] = [],  # noqa: B006 - typer never changes it
    pruner: Annotated[str, typer.Option(help="What gives trials up by their first folds: median, halving or none.")] = "median",
    steps: Annotated[int, typer.Option(help="Points of a grid along each range.")] = 3,
    seed: Annotated[int, typer.Option(help="The same seed and number of trials give the same result.")] = 0,
    study: Annotated[str, typer.Option(help="Id of an earlier study of the model, which goes on.")] = "",
) -> None:
    """Make one model better by search; a better one joins the leaderboard as a row of its own."""
    from automl_core import worker
    from automl_core.engines.skops import import_skops
    from automl_core.runs import Run
    from automl_core.search.run import cores
    from automl_core.tuning.edits import parse_edit
    from automl_core.tuning.methods import METHODS, expected_trials, propose_method
    from automl_core.tuning.run import check_settings, space_of_row
    from automl_core.tuning.study import Settings, Study, new_study, study_folder

    run = Run(_train_folder(folder))
    row = run.leaderboard()[model]
    space = space_of_row(run.config.task, row)
    for text in values:
        space = space.changed(*parse_edit(text, space))
    if study:
        space, method = (known := Study.load(study_folder(run.path, study)).settings).space, known.method
    if not method:
        proposal = propose_method(space, expected_trials(trials, budget, row.fit_seconds, cores(run.config)), steps)
        method = proposal.value
        say(f"{METHODS[proposal.value].label}: {proposal.reason}")
    _choice("--pruner", pruner, ("median", "halving", "none"))
    settings = Settings(model, cast(Any, method), space, trials, budget, seed, steps, cast(Any, pruner))
    check_settings(settings, row)
    stopped: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: stopped.append(number))
    import_skops()
    name = study or new_study(run.path, model)
    found = worker.tune_candidate(run, name, settings, emit=_teller(), should_stop=lambda: bool(stopped))
    best = found.best
    print(f"{found.joined or model}\t{found.metric}\t{best.score if best and best.score is not None else float('nan'):.6g}")
    if found.held_out:
        before, after = (found.held_out[when]["value"] for when in ("before", "after"))
        say(f"On the held-out rows: {before:.6g} before, {after:.6g} after.")
    say(f"The study {found.id}: {len(found.scored)} of {len(found.rows)} trials scored, in {study_folder(run.path, found.id)}")
    if stopped:
        sys.exit(130)


@app.command()
def relearn(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A train folder that kept rows aside.")],
    out: Annotated[Path, typer.Option(help="A new folder, as `train` makes it.", show_default=False)],
    candidate: Annotated[str, typer.Option(help="Id of a judged model; by default the recommended one.")] = "",
) -> None:
    """Let a judged model learn the kept rows too: the same settings, every row, nothing chosen anew."""
    from automl_core.relearning import KIND, plan
    from automl_core.runs import Run, write_request

    run = Run(_train_folder(folder))
    params = plan(run, candidate or run.leaderboard().recommended)
    _new_folder(out)
    shutil.copytree(run.dataset().folder, out / "dataset")
    write_request(out, KIND, params)
    _search(Run(out), _emitter(Run(out)))


@app.command()
def evaluate(
    model: ModelPath,
    labelled: Annotated[Path, typer.Argument(metavar="LABELLED.csv", help="Rows with the true outcome.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Judge a model on labelled rows."""
    from automl_core.data.reading import read_text
    from automl_core.evaluation.evaluate import evaluate as judge

    found = judge(_model(model), read_text(_existing(labelled)).frame, rows=labelled.name)
    for note in found.notes:
        say(note)
    if as_json:
        kept = ("format", "task", "rows", "metrics")
        print(json.dumps({name: value for name, value in found.to_dict().items() if name in kept}, indent=1))
        return
    for name, score in found.metrics.items():
        between = f"  ({score.low:.4g} to {score.high:.4g})" if score.low is not None and score.high is not None else ""
        print(f"{name:24}{score.value:.6g}{between}")


@app.command()
def explain(
    model: ModelPath,
    labelled: Annotated[
        Path | None, typer.Argument(metavar="[LABELLED.csv]", help="By default the held-out rows of a train folder.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    whole: Annotated[bool, typer.Option("--whole", help="Write the whole model out, as JSON, where it is small enough.")] = False,
) -> None:
    """Say which columns a model looks at, or write a small one out as a whole."""
    from automl_core.data.reading import read_text
    from automl_core.explaining.importance import explain as look

    loaded = _model(model)
    if whole:
        from automl_core.explaining.readable import readable

        print(json.dumps(readable(loaded).to_dict(), indent=1))
        return
    if labelled is not None:
        found = look(loaded, read_text(_existing(labelled)).frame, source="labelled")
    else:
        from automl_core.runs import Run

        if not model.is_dir():
            raise InputError(
                "An exported model carries no labelled rows.", action="Name a file of labelled rows after the model."
            )
        run = Run(_train_folder(model))
        frame = run.holdout() if run.config.holdout else run.dataset().frame()
        found = look(loaded, frame, seed=run.config.seed, source="held-out" if run.config.holdout else "learned")
    if as_json:
        print(json.dumps(found.to_dict(), indent=1))
        return
    for row in found.permutation:
        print(f"{row.column[:40]:42}{row.mean:+.5f}  ± {row.spread:.5f}")
    for note in found.notes:
        say(note)


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="MODEL", help="A train folder.")],
    out: Annotated[Path | None, typer.Option(help="By default report.html in the folder.")] = None,
    candidate: Annotated[str, typer.Option(help="Id of a scored model; by default the recommended one.")] = "",
) -> None:
    """Write the report of a model, with what matters to it."""
    from automl_core import worker
    from automl_core.runs import Run

    run = Run(_train_folder(folder))
    chosen = candidate or run.leaderboard().recommended
    written = worker.report_candidate(run, chosen)
    final = out or run.path / "report.html"
    shutil.copyfile(written, final)
    print(final)


@app.command()
def predict(
    model: ModelPath,
    new: Annotated[Path, typer.Argument(metavar="NEW.csv", help="Rows to predict.")],
    out: Out,
) -> None:
    """Predict rows: their columns, then `prediction` and `probability_<class>`, in row order."""
    from automl_core.predicting import predict_file

    found = predict_file(_model(model), _existing(new), out)
    for difference in found.differences:
        say(difference.sentence)
    for sentence in found.rules:
        say(sentence)
    for step in found.steps:
        say(f"{step.title}: {step.sentence}")
    say(found.sentence)
    print(out)


@app.command()
def projects(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Find all projects again from their folders.")] = False,
) -> None:
    """List the projects of the workspace."""
    from automl_core import projects as store
    from automl_core.workspace import Workspace, folder_size

    workspace = Workspace.default()
    if rebuild:
        say(f"{store.rebuild(workspace):,} projects found in {workspace.projects}.")
    for project in store.list_projects(workspace):
        folder = workspace.project(project.id)
        runs = len(folder.list("runs"))
        print(f"{project.id}\t{folder_size(folder.path) / 2**20:.1f} MB\t{runs} runs\t{project.name}")


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise NotFoundError(f"There is no file {path}.", action="Check the path.")
    return path


def _new_folder(path: Path) -> None:
    if path.exists() and any(path.iterdir()):
        raise InputError(f"The folder {path} is not empty.", "A new folder is needed.", "Name another one with --out.")


def _choice(option: str, given: str, known: tuple[str, ...]) -> str:
    if given not in known:
        raise InputError(f"{option} is {given!r}.", f"It must be one of {', '.join(known)}.", "Choose one of them.")
    return given


def _dataset(file: Path) -> Dataset:
    """Read a table into a folder that is gone when the command ends."""
    import atexit
    import tempfile

    from automl_core.data.dataset import create_dataset

    folder = tempfile.mkdtemp(prefix="tablewright-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return create_dataset(Path(folder) / "dataset", _existing(file), file.stem)


def _recipe(path: Path | None, dataset: Dataset, target: str) -> Recipe:
    from automl_core.cleaning.propose import propose_recipe
    from automl_core.cleaning.store import import_recipe

    if path is None:
        return propose_recipe(dataset.frame(), dataset.schema, target)
    return import_recipe(_existing(path).read_bytes())


def _other_task(config: ExperimentConfig, task: str, values: Any) -> ExperimentConfig:
    """Return a proposal for the task a person asked for instead."""
    from automl_core.metrics import metrics_for
    from automl_core.proposals import propose_positive

    positive = propose_positive(values).value if task == "binary" else ""
    return replace(config, task=cast(Any, task), metric=metrics_for(cast(Any, task))[0].name, positive=positive)


def _given_recipe(path: Path | None) -> Recipe | None:
    from automl_core.cleaning.store import import_recipe

    return None if path is None else import_recipe(_existing(path).read_bytes())


def _train_folder(path: Path) -> Path:
    if not (path / "request.json").exists():
        raise NotFoundError(
            f"{path} is no train folder.", "It would hold request.json and model.zip.", "Name the folder that `train` made."
        )
    return path


def _model(path: Path) -> Model:
    from automl_core.engines.skops import import_skops
    from automl_core.scoring.bundle import load_model

    import_skops()
    return load_model(_train_folder(path) / "model.zip" if path.is_dir() else path)


def _teller() -> Callable[[Event], None]:
    """Return what tells events as lines: each score once, and what is being done every five seconds."""
    last = 0.0

    def tell(event: Event) -> None:
        nonlocal last
        if isinstance(event, CandidateScored):
            row = event.candidate
            if row["state"] == "scored":
                said = f"{row['at_seconds']:6.1f} s  {row['name']}: {row['score']:.5g} ± {row['spread'] or 0:.2g}"
                say(f"{said}  {row['reason']}".rstrip())
            elif row["state"] in ("failed", "skipped", "stopped"):
                say(f"          {row['name']}: {row['state']}. {row['reason']}")
        elif isinstance(event, Message):
            say(event.text)
        elif isinstance(event, Progress) and time.monotonic() - last > 5:
            last = time.monotonic()
            left = f", {event.seconds_left:.0f} s left" if event.seconds_left >= 0 else ""
            say(f"          {event.doing}{left}")

    return tell
