"""Commands about the workspace: projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from automl_core.cli.shared import (
    app,
    say,
)

if TYPE_CHECKING:
    pass


@app.command()
def projects(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Find all projects again from their folders.")] = False,
) -> None:
    """List the projects of the workspace."""
    from automl_core import projects as store
    from automl_core.workspace import Workspace, folder_size

    workspace = Workspace.default()
    if rebuild:
        say(f"{store.rebuild(workspace):,} projects found in {workspace.projects}.")
    for project in store.list_projects(workspace):
        folder = workspace.project(project.id)
        runs = len(folder.list("runs"))
        print(f"{project.id}\t{folder_size(folder.path) / 2**20:.1f} MB\t{runs} runs\t{project.name}")
