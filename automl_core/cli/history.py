"""The command that writes a project's recipes, configurations and metrics as files that diff well: export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from automl_core.cli.shared import app, say


@app.command()
def export(
    git: Annotated[
        Path, typer.Option("--git", help="A new folder, an empty git repository, or an earlier export.", show_default=False)
    ],
    project: Annotated[str, typer.Option(help="Id of a project, as `projects` lists it.", show_default=False)],
) -> None:
    """Write recipes, configurations, scores and versions of a project as JSON; no row of a table is among them."""
    from automl_core.projects import load_project
    from automl_core.registry.history import export as write
    from automl_core.workspace import Workspace

    workspace = Workspace.default()
    found = load_project(workspace, project)
    written = write(workspace.project(found.id), git)
    say(f"{len(written):,} files of {found.name}.")
    print(git)
