"""Commands about the workspace: projects, settings, and the whole of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from automl_core.cli.shared import Every, app, say

whole = typer.Typer(no_args_is_help=True, help="The whole workspace: moved in one file, cleaned of old work, its log checked.")
app.add_typer(whole, name="workspace")


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
    print(f"webhooks={','.join(known.webhooks)}\tNetworks inside that alerts may go to, such as 10.0.0.0/8.")


@whole.command("export")
def export_whole(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="A new file, such as backup.zip.", show_default=False)],
) -> None:
    """Write the whole workspace into one file, also while jobs run; every file in it has its hash."""
    from automl_core.moving import export_workspace
    from automl_core.workspace import Workspace

    count = export_workspace(Workspace.default(), out, tell=Every(5.0))
    say(f"{count:,} files are in {out}, {out.stat().st_size / 2**20:,.1f} MB.")


@whole.command("import")
def import_whole(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `workspace export` wrote.", show_default=False)],
) -> None:
    """Bring the projects of an export into the workspace of AUTOML_HOME; nothing is written over."""
    from automl_core.moving import import_workspace
    from automl_core.workspace import Workspace

    workspace = Workspace.default()
    imported = import_workspace(workspace, file, tell=Every(5.0))
    say(f"{imported.projects:,} projects, {imported.files:,} files, are in {workspace.root}.")
    for sentence in imported.left:
        say(sentence)


@whole.command("clean")
def clean_whole(
    remove: Annotated[bool, typer.Option("--remove", help="Remove what is listed; without it nothing is removed.")] = False,
) -> None:
    """List old runs and jobs that the rule lets go, and with --remove remove them."""
    import time

    from automl_core.cleanup import clean_up, old_work, rule
    from automl_core.workspace import Workspace

    workspace = Workspace.default()
    say(rule(workspace))
    found = old_work(workspace)
    for old in found:
        ended = time.strftime("%Y-%m-%d", time.localtime(old.ended))
        print(f"{old.project}\t{old.id}\t{old.kind}\t{ended}\t{old.size / 2**20:.1f} MB")
    if remove:
        count, size = clean_up(workspace, found)
        say(f"{count:,} removed, {size / 2**20:,.1f} MB.")


@whole.command("audit")
def audit_whole() -> None:
    """Check that no line of the log of who did what was changed, taken out or put in."""
    from automl_core.errors import FormatError
    from automl_core.people.audit import check
    from automl_core.workspace import Workspace

    workspace = Workspace.default()
    found = check(workspace)
    if found.broken:
        raise FormatError(
            f"{len(found.broken):,} lines of {workspace.audit} do not follow from the one before.",
            f"The first is line {found.broken[0]:,}.",
            "Compare the file with a backup; a line that a crash cut is harmless.",
        )
    say(f"All {found.entries:,} entries follow from one another.")
