"""Commands about versions: models list, register, promote, rollback, note, compare, sync."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from automl_core.cli.shared import app, existing, model_file, rows_of_file, say, teller, train_folder, unpacked
from automl_core.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from automl_core.registry.store import Registered
    from automl_core.runs import Run

models = typer.Typer(help="Versions of models: list, register, promote, roll back, compare.", invoke_without_command=True)
app.add_typer(models, name="models")

Name = Annotated[str, typer.Argument(metavar="NAME", help="A registered model.", show_default=False)]
Address = Annotated[str, typer.Argument(metavar="NAME@VERSION", help="For example churn@3.", show_default=False)]
Reason = Annotated[str, typer.Option(help="Why, in a sentence; it is kept.", show_default=False)]
Who = Annotated[str, typer.Option(help="Who decides; by default the user of this machine.")]
Later = Annotated[bool, typer.Option("--later", help="Leave MLflow to `models sync`.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@models.callback()
def overview(context: typer.Context) -> None:
    """List the registered models of the workspace; its commands change them."""
    if context.invoked_subcommand is None:
        list_models()


@models.command("list")
def list_models(
    name: Annotated[str, typer.Argument(help="Only this one, with every version.")] = "", as_json: AsJson = False
) -> None:
    """List the registered models, or the versions of one."""
    from automl_core.registry.store import all_registered
    from automl_core.workspace import Workspace

    found = [_named(name)] if name else all_registered(Workspace.default())
    if as_json:
        print(json.dumps([_as_dict(one) for one in found], indent=1))
        return
    for one in found:
        now = one.standing()
        for version in one.versions():
            aliases = ",".join(now.aliases_of(version.number))
            judged = f"{version.metric} {version.judged:.6g}" if version.judged is not None else ""
            made = time.strftime("%Y-%m-%d %H:%M", time.localtime(version.created))
            print(f"{one.name}@{version.number}\t{aliases}\t{judged}\t{made}\t{version.candidate}\t{version.lineage['dataset']}")


@models.command()
def register(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A train folder or an exported model.", show_default=False)],
    name: Annotated[str, typer.Option(help="A new name, or that of a registered model.", show_default=False)],
    candidate: Annotated[str, typer.Option(help="Id of a scored model of the folder; by default the recommended one.")] = "",
    note: Annotated[str, typer.Option(help="What to remember of it.")] = "",
    who: Who = "",
    later: Later = False,
) -> None:
    """Keep a model as a version; a train folder from elsewhere is copied into a project of the model's name."""
    from automl_core.bundle_files import packed
    from automl_core.engines.skops import import_skops
    from automl_core.runs import Run
    from automl_core.worker import versions

    import_skops()
    if model.is_dir() and not unpacked(model):
        chosen = candidate or Run(train_folder(model)).leaderboard().recommended
        registered = _place(name, model.resolve())
        run = _run_in(registered, model)
        version = versions.register_candidate(run, chosen, registered, emit=teller(), who=who)
    else:
        registered = _place(name)
        with packed(model if unpacked(model) else existing(model)) as file:
            version = versions.register_bundle(file, registered, who=who)
    if note:
        registered.note(version.number, note, who=who)
    _mirror(registered, later)
    print(f"{registered.name}@{version.number}")


@models.command()
def promote(
    address: Address,
    reason: Reason,
    to: Annotated[str, typer.Option(help="champion or challenger.")] = "champion",
    who: Who = "",
    later: Later = False,
) -> None:
    """Let an alias point at a version."""
    registered, number = _resolved(address)
    entry = registered.promote(number, to, reason, who=who)
    _mirror(registered, later)
    print(f"{entry.sentence}.")


@models.command()
def rollback(
    name: Name,
    reason: Reason,
    to: Annotated[int, typer.Option(help="An earlier champion; 0 for the last.")] = 0,
    who: Who = "",
    later: Later = False,
) -> None:
    """Let the champion be the version that was champion before; nothing is loaded or copied for it."""
    registered = _named(name)
    entry = registered.roll_back(reason, who=who, to=to or None)
    _mirror(registered, later)
    print(f"{entry.sentence}.")


@models.command()
def note(address: Address, text: Annotated[str, typer.Argument(help="What to remember of it.")], who: Who = "") -> None:
    """Write a note on a version."""
    registered, number = _resolved(address)
    registered.note(number, text, who=who)


@models.command()
def log(name: Name) -> None:
    """Print who changed what, when and why, oldest first."""
    for entry in _named(name).log():
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.time))
        print(f"{when}\t{entry.who}\t{entry.sentence}\t{entry.text}")


@models.command()
def compare(
    first: Address,
    second: Address,
    rows: Annotated[Path | None, typer.Argument(metavar="[ROWS.csv]", help="By default held-out rows of the newer one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Set two versions of a model side by side: data, recipe, settings, scores, predictions that differ."""
    from automl_core.engines.skops import import_skops
    from automl_core.worker import versions

    registered, one = _resolved(first)
    other_registered, other = _resolved(second)
    if registered.id != other_registered.id:
        raise InputError(
            f"{registered.name} and {other_registered.name} are two models.", "Versions of one model are compared.",
            "Name two of its versions.",
        )  # fmt: skip
    import_skops()
    frame = rows_of_file(rows) if rows is not None else None
    found = versions.compare(registered, one, other, frame=frame, source=rows.name if rows is not None else "")
    if as_json:
        print(json.dumps(found.to_dict(), indent=1))
        return
    for line in (*found.data, *found.settings, *found.scores):
        if not line.same:
            print(f"{line.what[:46]:48}{line.first[:38]:40}{line.second[:60]}")
    for sentence in found.recipe:
        print(sentence)
    if found.paired:
        print(f"Version {other} against version {one}: {found.paired.sentence}")
    if found.predictions:
        print(f"On {found.predictions.source}: {found.predictions.sentence}")
    for told in found.notes:
        say(told)


@models.command()
def sync(name: Annotated[str, typer.Argument(help="Only this model.")] = "") -> None:
    """Bring to MLflow what it lacks: versions, aliases, notes."""
    from automl_core.registry.mirror import sync as bring
    from automl_core.registry.store import all_registered
    from automl_core.workspace import Workspace

    for one in [_named(name)] if name else all_registered(Workspace.default()):
        brought = bring(one)
        print(f"{one.name}\t{', '.join(map(str, brought)) or 'nothing new'}")


@models.command()
def path(address: Address) -> None:
    """Print where a version's checked file lies, for tools that take a path."""
    print(model_file(Path(address)))


def _named(name: str) -> Registered:
    from automl_core.registry.store import find_registered
    from automl_core.workspace import Workspace

    return find_registered(Workspace.default(), name)


def _resolved(address: str) -> tuple[Registered, int]:
    from automl_core.registry.store import resolve
    from automl_core.workspace import Workspace

    if "@" not in address:
        raise InputError(f"{address!r} names no version.", "A version is NAME@3 or NAME@champion.", "Name one.")
    return resolve(Workspace.default(), address)


def _place(name: str, folder: Path | None = None) -> Registered:
    """Return the registered model of a name; a new one stands in the run's project, or in one of its own name."""
    from automl_core.projects import create_project
    from automl_core.registry.records import check_name
    from automl_core.registry.store import create_registered, find_registered
    from automl_core.workspace import Workspace

    workspace = Workspace.default()
    try:
        return find_registered(workspace, check_name(name))
    except NotFoundError:
        if folder is not None and folder.parent.parent.parent == workspace.projects:
            return create_registered(workspace.project(folder.parent.parent.name), name)
        return create_registered(workspace.project(create_project(workspace, check_name(name)).id), name)


def _run_in(registered: Registered, folder: Path) -> Run:
    """Return the run inside the model's project; one from elsewhere is copied into it."""
    from automl_core.runs import Run
    from automl_core.worker.versions import take_over

    run = Run(train_folder(folder).resolve())
    return run if run.path.parent.parent == registered.project.path else take_over(run.path, registered.project)


def _mirror(registered: Registered, later: bool) -> None:
    from automl_core.worker.versions import mirror

    if not later:
        mirror(registered, teller())


def _as_dict(registered: Registered) -> dict[str, object]:
    now = registered.standing()
    return {
        "name": registered.name,
        "project": registered.project.id,
        "aliases": now.aliases,
        "versions": [{**version.to_dict(), "note": now.notes.get(version.number, "")} for version in registered.versions()],
    }
