"""The command that compares new data with old: against a model, or table against table."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from automl_core.cli.shared import Parts, app, choice_of, dataset_of, existing, model_at, rows_of_file, say, version_at
from automl_core.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from automl_core.drift.check import DriftSettings
    from automl_core.drift.report import DriftReport

ACT = 3
"""Exit code of a verdict that calls for something to be done, so that a scheduler can branch."""


@app.command()
def drift(
    model: Annotated[
        Path,
        typer.Argument(metavar="MODEL", help="A train folder, an exported model's zip, or an old table.", show_default=False),
    ],
    new: Annotated[Path, typer.Argument(metavar="NEW.csv", help="New rows; the target may be missing.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Also write a report: .html or .json.", show_default=False)] = None,
    method: Annotated[str, typer.Option(help="For every column that it can compare; by default what fits each.")] = "",
    rule: Annotated[
        str, typer.Option(help="effect: by what moved and what depends on it; evidently: by the methods' thresholds.")
    ] = "effect",
    threshold: Annotated[float | None, typer.Option(help="Of --method, in place of its default.", show_default=False)] = None,
    chunk: Annotated[str, typer.Option(help="Also over time: a number of rows, or D, W, M, Q, Y.")] = "",
    date: Annotated[str, typer.Option(help="The date column that --chunk goes by.")] = "",
    fast: Annotated[bool, typer.Option("--fast", help="Columns only: no classifier, no estimates.")] = False,
    part: Parts = None,
) -> None:
    """Say whether new data still looks like what was learned from, and whether it matters. Leaves with 3 for "act"."""
    from automl_core.drift.check import DriftSettings
    from automl_core.drift.methods import METHODS

    choice_of("--rule", rule, ("effect", "evidently"))
    if method:
        choice_of("--method", method, tuple(METHODS))
    if threshold is not None and not method:
        raise InputError("--threshold is given without --method.", "A threshold is one of a method.", "Name the method, too.")
    settings = DriftSettings(
        rule=rule, method=method, thresholds={method: threshold} if threshold is not None else {}, chunk=chunk, date=date,
        joint=not fast, performance=not fast,
    )  # fmt: skip
    found = _compare(model, existing(new), settings, part)
    for note in found.notes:
        say(note)
    if out is not None:
        _write(found, out)
    if as_json:
        print(json.dumps(found.to_dict(), indent=1, allow_nan=False))
    else:
        _tell(found)
    if found.verdict == "act":
        raise typer.Exit(ACT)


def _compare(model: Path, new: Path, settings: DriftSettings, part: list[str] | None) -> DriftReport:
    from automl_core.data.sources.recognise import recognise
    from automl_core.drift.check import check_model, compare_tables
    from automl_core.drift.stored import compare_parquet
    from automl_core.predicting import broken_rules

    if not model.exists() and version_at(model) is None:
        raise NotFoundError(f"There is no file or folder {model}.", action="Check the path.")
    if not model.is_file() or model.suffix.lower() == ".zip":
        loaded, frame = model_at(model), rows_of_file(new, part)
        found = check_model(loaded, frame, settings, name=new.name)
        return replace(found, notes=(*found.notes, *broken_rules(loaded, frame)))
    if not part and recognise(model) == recognise(existing(new)) == "parquet":
        return compare_parquet(model, new, settings, name=new.name)
    old = dataset_of(model)
    return compare_tables(old.frame(), rows_of_file(new, part), old.schema, settings, name=new.name)


def _write(found: DriftReport, out: Path) -> None:
    from automl_core.drift.html import drift_html
    from automl_core.workspace import atomic_file, write_json

    if out.suffix.lower() in (".html", ".htm"):
        with atomic_file(out) as file:
            file.write(drift_html(found).encode("utf-8", "surrogatepass"))
    else:
        write_json(out, found.to_dict())


def _tell(found: DriftReport) -> None:
    print(f"{found.verdict}: {found.sentence}")
    for column in found.columns:
        if column.verdict != "nothing":
            print(f"  {column.verdict:6}{column.sentence}")
    for entry in [*found.prediction, *found.target]:
        print(f"  {entry.verdict:8}{entry.sentence}")
    for estimate in found.performance:
        print(f"  {estimate.verdict:8}{estimate.sentence}")
    if found.joint is not None:
        print(f"  {found.joint.verdict:8}{found.joint.sentence}")
    for chunk in found.chunks:
        print(f"  {chunk.verdict:8}{chunk.sentence or f'{chunk.label}: as before.'}")
