"""Commands about tables: read, profile, clean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from automl_core.cli.shared import (
    File,
    Out,
    Parts,
    app,
    dataset_of,
    existing,
    recipe_of,
    say,
)
from automl_core.errors import InputError

if TYPE_CHECKING:
    pass


@app.command()
def read(
    file: File,
    out: Out,
    text: Annotated[bool, typer.Option("--text", help="Cells as text, exactly as they were read.")] = False,
    part: Parts = None,
) -> None:
    """Read a table as the app does and write it as clean CSV (UTF-8, commas)."""
    from automl_core.data.parsing import as_text, parse_frame
    from automl_core.data.sources.opening import choice_of_parts, read_any
    from automl_core.data.sources.values import cells_of
    from automl_core.predicting import write_csv

    table = read_any(existing(file), choice_of_parts(file, part or ()))
    frame = table.frame
    if text:
        frame = cells_of(frame)
    else:
        from automl_core.data.kinds import infer_schema

        schema = infer_schema(frame)
        typed = parse_frame(frame, schema).frame
        frame = typed.apply(lambda values: values if values.dtype == object else as_text(values)).fillna("")
    write_csv(out, frame)
    report = table.report
    how = f", {report.dialect.encoding}, delimiter {report.dialect.delimiter!r}" if report.dialect else ""
    say(f"{len(frame):,} rows and {frame.shape[1]:,} columns{how}.")
    for sentence in filter(None, (report.origin.sentence, *report.notes)):
        say(sentence)
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
    part: Parts = None,
) -> None:
    """Describe a table: every column, associations, and what is wrong with it."""
    from automl_core.profiling.html import profile_html
    from automl_core.profiling.profile import profile as look
    from automl_core.workspace import atomic_file, write_json

    if out.suffix not in (".json", ".html"):
        raise InputError(f"The result is to be written to {out.name}.", "It must end in .json or .html.", "Choose one of them.")
    dataset = dataset_of(file, part)
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
    part: Parts = None,
) -> None:
    """Apply the steps of a recipe that act on the table itself, and write the result as CSV.

    Steps that learn from the data, such as filling and scaling, belong into a model's folds and are named, not applied.
    """
    from automl_core.cleaning.apply import apply_stateless
    from automl_core.cleaning.steps import OPERATIONS
    from automl_core.data.parsing import as_text
    from automl_core.predicting import write_csv

    dataset = dataset_of(file, part)
    chosen = recipe_of(recipe, dataset, "")
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
