"""The command that writes a model as plain code."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from automl_core.cli.shared import Out, app, say, train_folder


@app.command()
def code(
    folder: Annotated[Path, typer.Argument(metavar="MODEL", help="A train folder.")],
    out: Out,
    notebook: Annotated[Path | None, typer.Option(help="Write a notebook of the same, too.")] = None,
    table: Annotated[
        Path | None, typer.Option(help="Write the table as a script reads it that cannot read the uploaded file.")
    ] = None,
    candidate: Annotated[str, typer.Option(help="Id of a scored model; by default the recommended one.")] = "",
) -> None:
    """Write a model as a plain script of pandas, scikit-learn and the booster, run it, and compare its predictions."""
    from automl_core.runs import Run
    from automl_core.worker.codes import code_candidate, write_code_table

    run = Run(train_folder(folder))
    chosen = candidate or run.leaderboard().recommended
    proof = code_candidate(run, chosen, lambda share, doing: say(f"{share:4.0%} {doing}"))
    shutil.copyfile(run.code(chosen).with_suffix(".py"), out)
    if notebook is not None:
        shutil.copyfile(run.code(chosen).with_suffix(".ipynb"), notebook)
    if table is not None:
        write_code_table(run, table)
    for note in proof.notes:
        say(note)
    say(proof.sentence)
    for one in proof.examples:
        say(f"Row {one.row}, {one.column}: {one.model} by the model, {one.script} by the script")
    print(out)
