"""Commands about the workspace: projects, settings."""

from __future__ import annotations

from typing import Annotated

import typer

from automl_core.cli.shared import app, say


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


@app.command()
def settings(
    changes: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME=VALUE", help="A change, such as jobs=5 or allowed=@example.org.", show_default=False),
    ] = None,
) -> None:
    """Show the limits of this installation and who may sign in, or change them."""
    from automl_core.errors import InputError
    from automl_core.people.settings import LIMITS, save_settings, settings_of
    from automl_core.workspace import Workspace

    workspace = Workspace.default()
    known = settings_of(workspace)
    for change in changes or ():
        name, equals, value = change.partition("=")
        if not equals:
            raise InputError(f"{change!r} changes nothing.", "It is written as NAME=VALUE.", "Write it as jobs=5.")
        known = known.changed(name.strip(), value)
    if changes:
        save_settings(workspace, known)
    for limit in LIMITS.values():
        print(f"{limit.name}={getattr(known.limits, limit.name)}\t{limit.words}, in {limit.unit}. {limit.help}")
    print(f"administrators={','.join(known.administrators)}\tSee every project and change these settings.")
    print(f"allowed={','.join(known.allowed)}\tMay sign in: addresses, endings such as @example.org, or * for everyone.")
