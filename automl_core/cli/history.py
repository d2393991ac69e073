"""The command that writes a model as ONNX, or a project's records as files that diff well: export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from automl_core.cli.shared import app, model_file, say
from automl_core.errors import InputError


@app.command()
def export(
    model: Annotated[Path | None, typer.Argument(metavar="[MODEL]", help="For --onnx.", show_default=False)] = None,
    onnx: Annotated[Path | None, typer.Option(metavar="OUT", help="Write MODEL as one ONNX file, for small devices.")] = None,
    git: Annotated[
        Path | None, typer.Option(help="A new folder, an empty git repository, or an earlier export.", show_default=False)
    ] = None,
    project: Annotated[str, typer.Option(help="With --git: id of a project, as `projects` lists it.", show_default=False)] = "",
) -> None:
    """Write a model as ONNX; or what a project knows as JSON for git, without rows of tables and addresses of alerts.

    That is recipes, configurations, scores, versions, and of each registered model how it is watched and its policies.
    """
    if onnx is not None:
        if model is None:
            raise InputError("--onnx needs the model that is written.", action="Name it before --onnx.")
        from automl_core.edge.export import export_onnx
        from automl_core.engines.skops import import_skops

        import_skops()
        say(export_onnx(model_file(model), onnx).sentence)
        print(onnx)
        return
    if git is None or not project:
        raise InputError("Nothing says what is to be written.", action="Choose MODEL --onnx OUT.onnx, or --git DIR --project ID.")
    from automl_core.projects import load_project
    from automl_core.registry.history import export as write
    from automl_core.workspace import Workspace

    workspace = Workspace.default()
    found = load_project(workspace, project)
    written = write(workspace.project(found.id), git)
    say(f"{len(written):,} files of {found.name}.")
    print(git)
