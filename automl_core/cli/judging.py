"""Commands about decisions: the threshold of a model, where it fails, and how groups differ."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from automl_core.cli.shared import ModelPath, Parts, app, model_at, rows_of_file, say, train_folder, unpacked
from automl_core.errors import InputError
from automl_core.profiling.wording import number


@app.command()
def threshold(
    model: ModelPath,
    at: Annotated[float | None, typer.Option(help="Predict the event above this probability from now on.")] = None,
    best: Annotated[str, typer.Option(help="The best one by this metric on out-of-fold rows; `cost` for the cost table.")] = "",
) -> None:
    """Tell above which probability a model predicts the event, and the best by each metric; or store another one."""
    from automl_core.evaluation.deciding import rewrite
    from automl_core.threshold import Best

    loaded = model_at(model)
    if len(loaded.classes) != 2:
        raise InputError("Only models of two labels have a threshold.", action="Leave it as it is.")
    found = {entry["metric"]: Best(**entry) for entry in loaded.manifest.get("best_thresholds", ())}
    if at is not None and best:
        raise InputError("Both --at and --best are given.", "One of them decides.", "Leave one out.")
    if at is None and not best:
        print(f"{loaded.threshold:.6g}")
        for entry in found.values():
            say(f"{entry.metric:24}{entry.threshold:<8.4g}{number(entry.value, 6)} there, {number(entry.half, 6)} at 0.5")
        return
    if best and best not in found:
        raise InputError(
            f"No threshold is known by {best!r}.", f"There are {', '.join(found) or 'none'}.", "Choose one of them, or use --at."
        )
    value = found[best].threshold if best else float(at or 0.0)
    reason = f"It is the best by {found[best].label} on the out-of-fold rows." if best else "A person chose it."
    if unpacked(model):
        raise InputError(f"{model} is unpacked, and what is in it is not changed.", action="Name the zip that it came from.")
    if model.is_dir():
        from automl_core.runs import Run
        from automl_core.worker.judging import decide

        run = Run(train_folder(model))
        decide(run, run.leaderboard().recommended, value, reason)
    else:
        rewrite(model, value, reason)
    print(f"{value:.6g}")


@app.command()
def price(
    folder: ModelPath,
    costs: Annotated[
        str, typer.Argument(help="What decisions are worth, written as for `train --costs`; an empty text takes the table away.")
    ],
) -> None:
    """Judge every model of a train folder by a cost table; thresholds, scores and later exports use it from then on."""
    from automl_core.leaderboard import in_words
    from automl_core.own_figures import parse_costs
    from automl_core.runs import Run
    from automl_core.worker.judging import price_run

    run = Run(train_folder(folder))
    for note in price_run(run, parse_costs(costs) if costs.strip() else None, lambda done, doing: say(doing)):
        say(note)
    for row in sorted(run.leaderboard(), key=lambda row: -row.metrics.get("cost", float("-inf"))):
        if "cost" in row.metrics:
            print(f"{in_words(row.metrics['cost']):>12}  {row.name}")


@app.command()
def fails(
    model: ModelPath,
    labelled: Annotated[Path, typer.Argument(metavar="LABELLED.csv", help="Rows with the true outcome.")],
    by: Annotated[str, typer.Option(help="Compare the groups of this column instead.")] = "",
    label: Annotated[str, typer.Option(help="With --by and many labels: which one is meant by selected.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    part: Parts = None,
) -> None:
    """Say in which rows a model errs most, or how its decisions differ between the groups of a column."""
    from automl_core.data.parsing import parse_frame
    from automl_core.evaluation.evaluate import judge_rows
    from automl_core.evaluation.failing import error_words, failing
    from automl_core.evaluation.fairness import fairness, fairness_sentence
    from automl_core.schema import Schema

    loaded, frame = model_at(model), rows_of_file(labelled, part)
    judged, notes = judge_rows(loaded, frame)
    known = Schema(tuple(column for column in loaded.schema if column.name in frame.columns))
    typed = parse_frame(frame[known.names], known).frame.iloc[judged.rows].reset_index(drop=True)
    if by:
        if by not in typed:
            raise InputError(f"The file has no column {by!r}.", action="Check the spelling.")
        groups = fairness(loaded, judged, typed[by], known[by].kind, label=label)
        if as_json:
            print(json.dumps(groups.to_dict(), indent=1))
            return
        print(fairness_sentence(groups))
        for note in (*notes, *groups.notes):
            say(note)
        return
    found = failing(loaded, judged, typed)
    for note in (*notes, *found.notes):
        say(note)
    if as_json:
        print(json.dumps(found.to_dict(), indent=1))
        return
    print(f"{error_words(found.error_name, found.error):>12}  all {found.rows:,} rows")
    for group in found.groups:
        print(f"{error_words(found.error_name, group.error):>12}  {group.rows:,} rows where {group.words}")
