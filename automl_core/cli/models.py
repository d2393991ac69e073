"""Commands that use models: evaluate, report, predict."""

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
