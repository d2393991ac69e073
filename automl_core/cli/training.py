"""Commands that make models: train, forecast, extend, tune, relearn."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from automl_core.cli.shared import (
    File,
    OrHere,
    Parts,
    app,
    choice_of,
    dataset_of,
    existing,
    fail,
    given_recipe,
    new_folder,
    place_of,
    recipe_of,
    say,
    stop_signals,
    teller,
    train_folder,
)
from automl_core.errors import AutoMLError, InputError
from automl_core.events import Event, Failed, Finished, Progress, Started, Stopped, append_event
from automl_core.profiling.wording import number

if TYPE_CHECKING:
    from automl_core.experiment import ExperimentConfig
    from automl_core.runs import Run
    from automl_core.search.first_look import FirstLook


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
    or_here: OrHere = False,
    part: Parts = None,
) -> None:
    """Search for the best model and keep it with its report."""
    from automl_core.experiment import Budget, Split
    from automl_core.own_figures import parse_costs, parse_kpi
    from automl_core.runs import Run, write_request
    from automl_core.search import first_look

    choice_of("--split", split, ("random", "group", "time"))
    column = {"random": "", "group": group, "time": time_column}[split]
    if split != "random" and not column:
        raise InputError(f"--split {split} needs a column.", action=f"Name it with --{split} COLUMN.")
    if gap and split != "time":
        raise InputError("--gap needs --split time.", "Only a split by time has a gap.", "Add --split time --time COLUMN.")
    own_costs = parse_costs(costs) if costs else None
    own_kpi = parse_kpi(kpi, greater_is_better=not kpi_lower) if kpi else None
    new_folder(out)
    place = place_of(or_here)
    division = Split(cast(Any, split), column, gap)
    wish = first_look.Wish(target, task, metric, positive, division, given_recipe(recipe), seed, own_costs, own_kpi)
    emit = _emitter(Run(out))
    existing(file)
    out.mkdir(parents=True, exist_ok=True)
    emit(Started(os.getpid()))
    # Before anything large is imported: the look has the other core while this process reads the table.
    look = None if part else first_look.of_file(file, wish, out, emit=emit)
    try:
        from automl_core.cleaning.apply import apply_stateless
        from automl_core.config_checks import check_config
        from automl_core.data.dataset import create_dataset
        from automl_core.data.sources.opening import choice_of_parts
        from automl_core.proposals import propose, propose_task

        emit(Progress(0.0, "Reading the table"))
        dataset = create_dataset(out / "dataset", file, file.stem, choice=choice_of_parts(file, part or ()))
        emit(Progress(0.0, "Looking for what the table needs"))
        uploaded = (dataset.frame(), dataset.schema)
        chosen = recipe_of(recipe, dataset, target, uploaded[0])
        cleaned = apply_stateless(*uploaded, chosen, training=True)
        frame = cleaned.frame
        proposal = propose(frame, cleaned.schema, target, uploaded=uploaded)
        config = proposal.config
        for other in proposal.splits if split == "random" else ():
            say(f"{other.reason} (--split {other.value.kind} --{other.value.kind} {shlex.quote(other.value.column)})")
        if task and task != config.task:
            config = _other_task(config, choice_of("--task", task, ("binary", "multiclass", "regression")), frame[target])
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
            preset=cast(Any, choice_of("--preset", preset, ("quick", "balanced", "best", "fast", "explainable", "pycaret"))),
            seed=seed,
            costs=own_costs,
            kpi=own_kpi,
            predict_limit_ms=predict_limit_ms,
        )
        check_config(frame, cleaned.schema, config, uploaded=uploaded)
        del frame, cleaned, uploaded  # the search reads the table anew
        write_request(
            out,
            "train",
            {
                "dataset": dataset.id,
                "fingerprint": dataset.fingerprint,
                "config": config.to_dict(),
                "recipe": chosen.to_dict(),
                "place": place.to_dict(),
            },
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

    dataset = dataset_of(file)
    frame, schema = dataset.frame(), dataset.schema
    chosen = recipe_of(recipe, dataset, target)
    cleaned = apply_stateless(frame, schema, chosen, training=True)
    config = propose(cleaned.frame, cleaned.schema, target, uploaded=(frame, schema)).config
    config = replace(config, budget=Budget(budget), preset=cast(Any, choice_of("--preset", preset, PRESETS)))
    found = forecast_run(frame, schema, chosen, config)
    if as_json:
        print(json.dumps(found.to_dict(), indent=1))
        return
    for row in [*([found.preparation] if found.preparation else []), *found.families]:
        taken = f"{row.seconds:10,.1f} s  ({row.seconds_low:,.1f} to {row.seconds_high:,.1f})" if row.seconds else ""
        likely = f"({size_words(row.bytes_low)} to {size_words(row.bytes_high)})"
        size = f"{size_words(row.bytes):>8}  {likely:22}" if row.bytes else f"{'':32}"
        print(f"{row.label:26}{taken:40}{size}  {row.reason}".rstrip())
    say(f"One model over all {found.folds} folds, on {found.cores} cores; {size_words(found.free)} of memory are free.")


def _emitter(run: Run) -> Callable[[Event], None]:
    """Return what keeps events in the run's journal and tells them."""
    tell = teller()

    def emit(event: Event) -> None:
        append_event(run.path / "events.jsonl", event)
        tell(event)

    return emit


def _search(run: Run, emit: Callable[[Event], None], *, look: FirstLook | None = None, fresh: bool = False) -> None:
    """Search in this process, keep the journal, and leave with 130 when stopped.

    A `fresh` run has said that it started, and has not been searched before.
    """
    from automl_core.engines.skops import import_skops
    from automl_core.extending import time_used
    from automl_core.reporting import write_report
    from automl_core.worker import training

    journal = run.path / "events.jsonl"
    stopped = stop_signals()
    used, since = (0.0, 0.0) if fresh else time_used(journal)
    if not fresh:
        emit(Started(os.getpid(), resumed=used > 0))
    started = time.time()
    import_skops()
    try:
        result = training.train(
            run,
            emit=emit,
            should_stop=lambda: bool(stopped),
            started=started,
            used=used,
            since=since,
            look=look,
        )
        _tell_result(run)  # before the report, which nobody needs to wait for
        emit(Progress(1.0, "Writing the report"))
        write_report(run.path, result["recommended"], run.path / "report.html")
    except AutoMLError as error:
        with contextlib.suppress(OSError):  # on a full disk only standard error is left to say it
            append_event(journal, Stopped() if stopped else Failed(error.received, error.action))
        if stopped:
            fail(f"Stopped. {error.received}", 130)
        raise
    append_event(journal, Stopped(result) if stopped else Finished(result))
    if stopped:
        sys.exit(130)


def _tell_result(run: Run) -> None:
    """Print the recommended model with its score and where it lies, and say how far to believe it."""
    from automl_core.honesty import judge
    from automl_core.relearning import held_out

    board = run.leaderboard()
    best = board[board.recommended]
    for warning in judge(board, held_out(run, best.id)).warnings:
        say(warning)
    if not run.config.holdout:
        say("No rows were kept aside, so the scores are out-of-fold: the search has seen them.")
    print(f"{best.name}\t{board.metric}\t{best.score:.6g}\t{run.path / 'model.zip'}", flush=True)


@app.command()
def extend(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A train folder.")],
    budget: Annotated[
        float, typer.Option(help="Seconds more; 60 by default, unless the run was counted in models.", show_default=False)
    ] = 0.0,
    trials: Annotated[
        int, typer.Option(help="Models more, where they were counted; by default as many as at first.", show_default=False)
    ] = 0,
    or_here: OrHere = False,
) -> None:
    """Give a finished or stopped search more; nothing that was scored is fitted again."""
    from automl_core.extending import with_more
    from automl_core.runs import Run, write_request

    run = Run(train_folder(folder))
    write_request(run.path, "train", {**with_more(run, seconds=budget, models=trials), "place": place_of(or_here).to_dict()})
    _search(run, _emitter(run))


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
    cleaning: Annotated[bool, typer.Option("--cleaning", help="Try imputers, encoders, scalers and a selection too.")] = False,
    pruner: Annotated[
        str, typer.Option(help="What gives trials up by their first folds: median, halving or none; with --busy halving or none.")
    ] = "",
    steps: Annotated[int, typer.Option(help="Points of a grid along each range.")] = 3,
    seed: Annotated[int, typer.Option(help="The same seed and number of trials give the same result.")] = 0,
    width: Annotated[
        int,
        typer.Option(
            min=1, max=256, help="Trials that are asked for at a time; part of what makes a result, more for a cluster."
        ),
    ] = 4,
    aim: Annotated[str, typer.Option(help="A second aim: predict_ms or size_bytes; `pick` then takes a trial.")] = "",
    busy: Annotated[
        bool,
        typer.Option("--busy", help="Keep every machine of the cluster busy (Ray Tune); the same seed does not repeat exactly."),
    ] = False,
    study: Annotated[str, typer.Option(help="Id of an earlier study of the model, which goes on.")] = "",
    or_here: OrHere = False,
) -> None:
    """Make one model better by search; a better one joins the leaderboard as a row of its own."""
    from automl_core.engines.skops import import_skops
    from automl_core.runs import Run
    from automl_core.search.prepare import cores
    from automl_core.tuning.busy import check_busy
    from automl_core.tuning.edits import parse_edit
    from automl_core.tuning.methods import METHODS, expected_trials, propose_method
    from automl_core.tuning.run import check_settings, features_of, space_of_row
    from automl_core.tuning.study import Settings, Study, new_study, study_folder
    from automl_core.worker.candidates import tune_candidate

    run = Run(train_folder(folder))
    row = run.leaderboard()[model]
    space = space_of_row(run.config.task, row, features_of(run) if cleaning else None)
    for text in values:
        space = space.changed(*parse_edit(text, space))
    course = "busy" if busy else "batches"
    if study:
        space, method = (known := Study.load(study_folder(run.path, study)).settings).space, known.method
        if busy and known.course != "busy":
            raise InputError(
                f"The study {study} was begun in batches.",
                "Every trial of a study is begun in the same way.",
                "Leave --busy out, or begin a new study.",
            )
        aim, course = known.aim, known.course
    if aim and not method:
        method = "nsga2"
    if not method:
        proposal = propose_method(space, expected_trials(trials, budget, row.fit_seconds, cores(run.config)), steps)
        method = proposal.value
        say(f"{METHODS[proposal.value].label}: {proposal.reason}")
    pruner = pruner or ("halving" if course == "busy" else "median")
    choice_of("--pruner", pruner, ("median", "halving", "none"))
    settings = Settings(
        model, cast(Any, method), space, trials, budget, seed, steps, cast(Any, pruner), width, aim=cast(Any, aim),
        course=cast(Any, course),
    )  # fmt: skip
    check_settings(settings, row)
    place = place_of(or_here)
    if busy or (course == "busy" and place.cluster):
        check_busy(place)
    stopped = stop_signals()
    import_skops()
    name = study or new_study(run.path, model)
    found = tune_candidate(run, name, settings, emit=teller(), should_stop=lambda: bool(stopped), place=place)
    shown = found.best if found.joined else next(iter(found.rows), None)  # the first trial is the model as it is
    score = shown.score if shown is not None and shown.score is not None else float("nan")
    print(f"{found.joined or model}\t{found.metric}\t{score:.6g}")
    if found.held_out:
        before, after = (found.held_out[when]["value"] for when in ("before", "after"))
        say(f"On the held-out rows: {number(before, 6)} before, {number(after, 6)} after.")
    if aim:
        for one in found.front:
            say(f"Trial {one.number}: {one.score:.6g}, {one.predict_ms:.3g} ms for 1,000 rows, {one.size_bytes:,} bytes")
    say(f"The study {found.id}: {len(found.scored)} of {len(found.rows)} trials scored, in {study_folder(run.path, found.id)}")
    if stopped:
        sys.exit(130)


@app.command()
def relearn(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A train folder that kept rows aside.")],
    out: Annotated[Path, typer.Option(help="A new folder, as `train` makes it.", show_default=False)],
    candidate: Annotated[str, typer.Option(help="Id of a judged model; by default the recommended one.")] = "",
    or_here: OrHere = False,
) -> None:
    """Let a judged model learn the kept rows too: the same settings, every row, nothing chosen anew."""
    from automl_core.relearning import KIND, plan
    from automl_core.runs import Run, write_request

    run = Run(train_folder(folder))
    params = {**plan(run, candidate or run.leaderboard().recommended), "place": place_of(or_here).to_dict()}
    new_folder(out)
    shutil.copytree(run.dataset().folder, out / "dataset")
    write_request(out, KIND, params)
    _search(Run(out), _emitter(Run(out)))


def _other_task(config: ExperimentConfig, task: str, values: Any) -> ExperimentConfig:
    """Return a proposal for the task a person asked for instead."""
    from automl_core.metrics import metrics_for
    from automl_core.proposals import propose_positive

    positive = propose_positive(values).value if task == "binary" else ""
    return replace(config, task=cast(Any, task), metric=metrics_for(cast(Any, task))[0].name, positive=positive)
