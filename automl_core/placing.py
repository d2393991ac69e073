"""What an import unpacked is put in its place, all of it, also when the process is killed in between; leftovers are thrown away.

What is to be moved is written down before the first folder moves. A failure moves everything back; a process that was killed
cannot, so that whoever comes next moves the rest: everything was unpacked, checked and found to fit before.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from automl_core.errors import InputError, StorageError
from automl_core.workspace import Workspace, at_work, read_json, write_json

LEFT = (".upload-", ".export-")
"""How the names of folders begin that an upload and an export work in."""
LEFT_SECONDS = 86_400.0
FRESH = ".import-"
"""How the names of folders begin that an import unpacks into."""


@dataclass(frozen=True)
class Imported:
    """What an import brought, and what of the workspace's own it left as it was, as sentences."""

    projects: int
    files: int
    left: tuple[str, ...]


@dataclass(frozen=True)
class Cut:
    """An import that was killed and is finished now: when its export was made, and what it brought."""

    made: float
    imported: Imported


@contextlib.contextmanager
def arriving(workspace: Workspace) -> Iterator[Path]:
    """Give an import a folder in the workspace to unpack into; it is gone afterwards."""
    fresh = Path(tempfile.mkdtemp(dir=workspace.root, prefix=FRESH))
    try:
        yield fresh
    finally:
        if not _plan(workspace).exists():  # else what is in it is still needed
            shutil.rmtree(fresh)


def place(workspace: Workspace, fresh: Path, made: float, files: int) -> Imported:
    """Move everything in `fresh` to its place, or nothing; what the workspace has of its own stays.

    Parameters
    ----------
    workspace : Workspace
    fresh : Path
        What `arriving` gave, with nothing in it that may not come in.
    made : float
        When the export was made, to know it again.
    files : int
        How many it brings.

    Raises
    ------
    StorageError
        When something could not be moved; everything is as before.
    """
    moves = list(_moves(workspace, fresh))
    left = tuple(f"{to.name} of this workspace stays as it is." for _, to in moves if to.exists())
    moves = [(source, to) for source, to in moves if not to.exists()]
    projects = sum(to.parent == workspace.projects for _, to in moves)
    names = [[str(path.relative_to(workspace.root)) for path in pair] for pair in moves]
    plan = {"format": 1, "made": made, "projects": projects, "files": files, "left": left, "fresh": fresh.name, "moves": names}
    write_json(_plan(workspace), plan)
    workspace.projects.mkdir(parents=True, exist_ok=True)
    moved: list[tuple[Path, Path]] = []
    try:
        for source, to in moves:
            source.rename(to)
            moved.append((source, to))
    except OSError as error:
        for back, there in reversed(moved):
            there.rename(back)
        _plan(workspace).unlink()
        raise StorageError(
            f"{to.name} could not be put in its place: {error.strerror or error}.", "Nothing was imported.",
            "Check the folder's permissions and the disk, then import again.",
        ) from error  # fmt: skip
    _plan(workspace).unlink()
    return Imported(projects, files, left)


def finish(workspace: Workspace) -> Cut | None:
    """Move to its place what an import that was killed had not moved yet; None where there is nothing of the kind.

    Only for who holds the lock of imports, see `at_work_importing`.

    Raises
    ------
    StorageError
        When something could not be moved; whoever comes next moves the rest.
    """
    path, found = _plan(workspace), None
    if path.exists():
        plan, name = read_json(path), workspace.projects.name
        try:
            workspace.projects.mkdir(parents=True, exist_ok=True)
            for source, to in ((workspace.root / one, workspace.root / other) for one, other in plan["moves"]):
                name = to.name
                if source.exists() and not to.exists():
                    source.rename(to)
            path.unlink()
        except OSError as error:
            raise StorageError(
                f"{name} of an import that was killed could not be put in its place: {error.strerror or error}.",
                "What was not moved yet is kept.", "Check the folder's permissions and the disk, then try again.",
            ) from error  # fmt: skip
        found = Cut(plan["made"], Imported(plan["projects"], plan["files"], tuple(plan["left"])))
    for folder in workspace.root.glob(f"{FRESH}*"):
        shutil.rmtree(folder, ignore_errors=True)
    return found


def at_work_importing(workspace: Workspace) -> contextlib.AbstractContextManager[None]:
    """Hold the workspace for one import; raises InputError when another is at work."""
    return at_work(workspace.root / ".import", "Another import")


def cut_short(workspace: Workspace) -> bool:
    """Return whether an import was killed before all of it was in its place; finish it then, unless one is at work."""
    if not _plan(workspace).exists():
        return False
    with contextlib.suppress(InputError), at_work_importing(workspace):
        return finish(workspace) is not None
    return False


def sweep(workspace: Workspace, *, now: float | None = None) -> int:
    """Throw away what uploads and exports left whose process was killed a day ago or more; return how many there were."""
    before = (time.time() if now is None else now) - LEFT_SECONDS
    found = 0
    for folder in (one for name in LEFT for one in workspace.root.glob(f"{name}*")):
        with contextlib.suppress(FileNotFoundError):  # its own process has just taken it away
            if folder.stat().st_mtime < before:
                shutil.rmtree(folder)
                found += 1
    return found


def _moves(workspace: Workspace, fresh: Path) -> Iterator[tuple[Path, Path]]:
    """Yield what is moved and where to: projects first, then the files of the workspace itself."""
    projects = fresh / "projects"
    for project in sorted(projects.iterdir()) if projects.exists() else ():
        yield project, workspace.projects / project.name
    for entry in sorted(fresh.iterdir()):
        if entry.name == workspace.audit.name:  # this import is in the workspace's own already
            yield entry, workspace.root / f"audit-imported-{time.strftime('%Y%m%d-%H%M%S')}.jsonl"
        elif entry != projects:
            yield entry, workspace.root / entry.name


def _plan(workspace: Workspace) -> Path:
    return workspace.root / ".import" / "moving.json"
