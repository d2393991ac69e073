"""Commands that use models: evaluate, explain, report, predict."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from automl_core.cli.shared import (
    ModelPath,
    Out,
    Parts,
    app,
    existing,
    model_at,
    say,
    train_folder,
    version_at,
)
from automl_core.errors import InputError

if TYPE_CHECKING:
    pass


@app.command()
def evaluate(
    model: ModelPath,
    labelled: Annotated[Path, typer.Argument(metavar="LABELLED.csv", help="Rows with the true outcome.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Judge a model on labelled rows."""
    from automl_core.data.sources.opening import read_any
    from automl_core.evaluation.evaluate import evaluate as judge

    found = judge(model_at(model), read_any(existing(labelled)).frame, rows=labelled.name)
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
    from automl_core.data.sources.opening import read_any
    from automl_core.explaining.importance import explain as look

    loaded = model_at(model)
    if whole:
        from automl_core.explaining.readable import readable

        print(json.dumps(readable(loaded).to_dict(), indent=1))
        return
    if labelled is not None:
        found = look(loaded, read_any(existing(labelled)).frame, source="labelled")
    else:
        from automl_core.runs import Run

        if not model.is_dir():
            raise InputError(
                "An exported model carries no labelled rows.", action="Name a file of labelled rows after the model."
            )
        run = Run(train_folder(model))
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
    from automl_core.runs import Run
    from automl_core.worker.candidates import report_candidate

    run = Run(train_folder(folder))
    chosen = candidate or run.leaderboard().recommended
    written = report_candidate(run, chosen)
    final = out or run.path / "report.html"
    shutil.copyfile(written, final)
    print(final)


@app.command()
def predict(
    model: ModelPath,
    new: Annotated[Path, typer.Argument(metavar="NEW.csv", help="Rows to predict, in a file of any kind that `read` takes.")],
    out: Out,
    part: Parts = None,
) -> None:
    """Predict rows: their columns, then `prediction` and `probability_<class>`, in row order."""
    from automl_core.data.sources.opening import choice_of_parts
    from automl_core.predicting import predict_file

    version, choice = version_at(model), choice_of_parts(new, part or ())
    if version is None:
        found = predict_file(model_at(model), existing(new), out, choice=choice)
    else:
        from automl_core.monitoring.check import predict_and_log

        found, hindered = predict_and_log(model_at(model), existing(new), out, *version, choice=choice)
        if hindered:
            say(hindered)
    for difference in found.differences:
        say(difference.sentence)
    for sentence in found.rules:
        say(sentence)
    for step in found.steps:
        say(f"{step.title}: {step.sentence}")
    say(found.sentence)
    print(out)
