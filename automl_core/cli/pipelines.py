"""Commands that run a whole pipeline from its file, and that write such files: run, pipeline."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from automl_core.cli.shared import app, choice_of, fail, stop_signals, teller
from automl_core.errors import AutoMLError

if TYPE_CHECKING:
    from automl_core.pipelines.course import Record

STOPPED_AT_A_GATE = 3
"""Exit code when the run ends at a gate, so that a scheduler can branch."""

File = Annotated[Path, typer.Argument(metavar="PIPELINE.yaml", help="A pipeline, as `pipeline export` writes it.")]


@app.command()
def run(
    file: File,
    step: Annotated[str, typer.Option(help="Only this one, for schedulers that call the steps singly.")] = "",
    again: Annotated[bool, typer.Option("--again", help="Do steps again although nothing changed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON for each step.")] = False,
) -> None:
    """Run a pipeline: validate, drift, retrain, compare, promote, monitor. Leaves with 3 when it stops at a gate.

    A step is not done again while what it starts from has the same hash; one that was cut off goes on.
    """
    from automl_core.engines.skops import import_skops
    from automl_core.pipelines.plan import STEPS, StepName
    from automl_core.pipelines.run import run_pipeline
    from automl_core.workspace import Workspace

    chosen = cast(StepName, choice_of("--step", step, STEPS)) if step else None
    stopped = stop_signals()
    import_skops()
    try:
        records = run_pipeline(
            file, Workspace.default(), step=chosen, again=again, emit=teller(), should_stop=lambda: bool(stopped),
            tell=lambda record: _print(record, as_json),
        )  # fmt: skip
    except AutoMLError as error:
        if stopped:
            fail(f"Stopped. {error}", 130)
        raise
    if any(record.outcome == "stopped" for record in records):
        sys.exit(STOPPED_AT_A_GATE)


def _print(record: Record, as_json: bool) -> None:
    if as_json:
        print(json.dumps({**record.to_dict(), "again": record.again}, ensure_ascii=False), flush=True)
        return
    unchanged = " (unchanged, not done again)" if record.again and record.inputs else ""
    print(f"{record.step:10}{record.outcome}{unchanged}: {record.reason}", flush=True)


pipelines = typer.Typer(help="Pipelines: export one from a project, and write it for a scheduler.", no_args_is_help=True)
app.add_typer(pipelines, name="pipeline")


@pipelines.command()
def export(
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="Id or name of a project, as `projects` lists it.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.", show_default=False)],
    run_id: Annotated[str, typer.Option("--run", help="A run of it; by default the champion's, or the newest.")] = "",
    data: Annotated[str, typer.Option(help="Where the table will come from; by default the run's own file.")] = "",
) -> None:
    """Write what a run of a project did as a pipeline: table, recipe, experiment, gates, registry, monitoring."""
    from automl_core.pipelines.course import known_project
    from automl_core.pipelines.exporting import pipeline_of
    from automl_core.pipelines.file import write_pipeline
    from automl_core.workspace import Workspace, atomic_file

    made = pipeline_of(known_project(Workspace.default(), project), run_id=run_id, file=data)
    with atomic_file(out) as file:
        file.write(write_pipeline(made).encode())
    print(out)


@pipelines.command()
def schedule(
    file: File,
    scheduler: Annotated[str, typer.Option("--as", help="airflow, kubeflow, cron or systemd.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write into.")] = Path(),
) -> None:
    """Write a pipeline for a scheduler; each of its files calls this command line."""
    from automl_core.pipelines.file import load_pipeline
    from automl_core.pipelines.schedulers import SCHEDULERS, Scheduler, scheduler_files
    from automl_core.workspace import Workspace, atomic_file

    chosen = cast(Scheduler, choice_of("--as", scheduler, SCHEDULERS))
    files = scheduler_files(chosen, load_pipeline(file), file.resolve(), Workspace.default().root)
    for name, text in files.items():
        with atomic_file(out / name) as written:
            written.write(text.encode())
        print(out / name)
