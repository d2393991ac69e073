"""Commands that use models: evaluate, report, predict."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from automl_core.cli.shared import (
    Every,
    ModelPath,
    Parts,
    app,
    existing,
    model_at,
    rows_of_file,
    say,
    teller,
    train_folder,
    version_at,
)
from automl_core.profiling.wording import number

if TYPE_CHECKING:
    pass


@app.command()
def evaluate(
    model: ModelPath,
    labelled: Annotated[Path, typer.Argument(metavar="LABELLED.csv", help="Rows with the true outcome.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    part: Parts = None,
) -> None:
    """Judge a model on labelled rows."""
    from automl_core.evaluation.evaluate import evaluate as judge

    found = judge(model_at(model), rows_of_file(labelled, part), rows=labelled.name)
    for note in found.notes:
        say(note)
    if as_json:
        kept = ("format", "task", "rows", "metrics")
        print(json.dumps({name: value for name, value in found.to_dict().items() if name in kept}, indent=1))
        return
    for name, score in found.metrics.items():
        between = f"  ({number(score.low)} to {number(score.high)})" if score.low is not None and score.high is not None else ""
        print(f"{name:24}{number(score.value, 6)}{between}")


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="MODEL", help="A train folder.")],
    out: Annotated[Path | None, typer.Option(help="By default report.html in the folder; ends with .pdf for a PDF.")] = None,
    candidate: Annotated[str, typer.Option(help="Id of a scored model; by default the recommended one.")] = "",
    contents: Annotated[
        str, typer.Option(help="Sections with commas between them; by default all that need no long computing.")
    ] = "",
    card: Annotated[bool, typer.Option("--card", help="Write the one-page model card instead.")] = False,
) -> None:
    """Write the report of a model, with what matters to it."""
    from automl_core.reporting.contents import check_contents, usual_contents
    from automl_core.runs import Run
    from automl_core.worker.reports import write_documents

    run = Run(train_folder(folder))
    chosen = candidate or run.leaderboard().recommended
    named = [name.strip() for name in contents.split(",") if name.strip()]
    sections = check_contents(named) if contents else usual_contents(run, chosen)
    final = out or run.path / ("card.html" if card else "report.html")
    pdf = final.suffix.lower() == ".pdf"
    written = write_documents(run, chosen, sections, card=card, pdf=pdf, emit=teller())
    shutil.copyfile(written.with_suffix(".pdf") if pdf else written, final)
    print(final)


@app.command()
def predict(
    model: ModelPath,
    new: Annotated[Path, typer.Argument(metavar="NEW.csv", help="Rows to predict, in a file of any kind that `read` takes.")],
    out: Annotated[Path, typer.Option("--out", help="Ends with .csv, .xlsx or .parquet.", show_default=False)],
    contributions: Annotated[bool, typer.Option("--contributions", help="Add what each column adds to a prediction.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Predictions and probabilities only.")] = False,
    threads: Annotated[int, typer.Option(help="How many the model may use.", min=1)] = 1,
    part: Parts = None,
) -> None:
    """Predict rows: their columns, then `prediction`, `probability_<class>`, ranges and warnings, in row order."""
    from automl_core.batch.predict import Options, predict_file
    from automl_core.data.sources.opening import choice_of_parts

    teller = Every(2.0)
    options = Options(ranges=not plain, warnings=not plain, money=not plain, contributions=contributions, threads=threads)
    version, choice = version_at(model), choice_of_parts(new, part or ())
    if version is None:
        found = predict_file(model_at(model), existing(new), out, options, choice=choice, tell=teller)
    else:
        from automl_core.monitoring.check import predict_and_log

        found, hindered = predict_and_log(
            model_at(model), existing(new), out, *version, options=options, choice=choice, tell=teller
        )
        if hindered:
            say(hindered)
    for difference in found.differences:
        say(difference.sentence)
    for sentence in (*found.rules, *found.notes):
        say(sentence)
    for step in found.steps:
        say(f"{step.title}: {step.sentence}")
    say(found.sentence)
    print(out)
