"""Commands that make a row of the leaderboard from others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from automl_core.cli.shared import app, choice_of, say, teller, train_folder
from automl_core.errors import InputError

Folder = Annotated[Path, typer.Argument(metavar="RUN", help="A train folder.")]


def weight_of(text: str) -> tuple[str, float]:
    """Read ``MODEL=WEIGHT``; raises InputError."""
    name, sign, value = text.partition("=")
    try:
        return name.strip(), float(value if sign else "")
    except ValueError as error:
        raise InputError(f"{text!r} names no weight.", "It must be MODEL=NUMBER.", "Write it so, such as lr=0.3.") from error


def _make(folder: Path, **order: Any) -> None:
    from automl_core.engines.skops import import_skops
    from automl_core.runs import Run
    from automl_core.worker.combined import Order, combine_rows

    run = Run(train_folder(folder))
    made = Order(**order)
    import_skops()
    row = combine_rows(run, made, emit=teller(), should_stop=lambda: False)
    say(f"{row.name} stands on the leaderboard; the recommendation is as it was.")
    print(f"{row.id}\t{run.leaderboard().metric}\t{row.score:.6g}")


@app.command()
def combine(
    folder: Folder,
    how: Annotated[str, typer.Argument(help="bag or boost one model; blend or stack several.")],
    models: Annotated[list[str], typer.Argument(metavar="MODEL...", help="Ids of rows of its leaderboard.")],
    weight: Annotated[list[str], typer.Option("--weight", help="For a blend, MODEL=NUMBER; may be repeated.")] = [],  # noqa: B006
    greedy: Annotated[bool, typer.Option("--greedy", help="For a blend: choose the weights on out-of-fold predictions.")] = False,
    final: Annotated[str, typer.Option(help="For a stack: linear, ridge, forest or boosting.")] = "linear",
    copies: Annotated[int, typer.Option(help="For a bag and for boosting.")] = 10,
) -> None:
    """Make an ensemble by hand from rows of a leaderboard; it joins them."""
    choice_of("HOW", how, ("bag", "boost", "blend", "stack"))
    weights = dict(weight_of(text) for text in weight)
    _make(folder, how=cast(Any, how), rows=tuple(models), copies=copies, weights=weights, greedy=greedy, final=final)


@app.command()
def pick(
    folder: Folder,
    study: Annotated[str, typer.Argument(metavar="STUDY", help="Id of a study of the run.")],
    trial: Annotated[int, typer.Argument(metavar="TRIAL", help="Number of one of its trials that no other one beats.")],
) -> None:
    """Put a trial of a study with two aims on the leaderboard."""
    from automl_core.engines.skops import import_skops
    from automl_core.runs import Run
    from automl_core.tuning.joining import pick_trial

    import_skops()
    run = Run(train_folder(folder))
    row = pick_trial(run, study, trial)
    say(f"{row.name} stands on the leaderboard.")
    print(f"{row.id}\t{run.leaderboard().metric}\t{row.score:.6g}")


@app.command()
def calibrate(
    folder: Folder,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Id of a row with probabilities.")],
    method: Annotated[str, typer.Option(help="isotonic or sigmoid.")] = "isotonic",
) -> None:
    """Set a model's probabilities right by its out-of-fold predictions; the result is a row of its own."""
    choice_of("--method", method, ("isotonic", "sigmoid"))
    _make(folder, how=cast(Any, method), rows=(model,))
