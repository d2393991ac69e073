"""A whole workspace in one file, and back: consistent while jobs run, every file hashed, nothing ever written over.

The file is a zip: the workspace's files, and ``manifest.json`` with the size and SHA-256 of each. Files are linked into a
folder of their own first, which takes no space and a moment: everything of ours is put in its place whole, so a link keeps
the state of that moment while work goes on. What grows by lines is cut at its last whole line, databases are copied by
SQLite. What belongs to this machine stays: the job host, who works on a job, logs, MLflow's copy, the catalogue.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import stat
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from automl_core.errors import AccessError, FormatError, InputError, LimitError, NotFoundError, StorageError
from automl_core.people import audit
from automl_core.people.limits import gigabytes
from automl_core.people.person import acting
from automl_core.placing import Imported, arriving, at_work_importing, finish, place
from automl_core.projects import rebuild
from automl_core.registry.store import all_registered
from automl_core.workspace import Workspace, atomic_file, project_of, read_json, write_json

FORMAT = 1
MANIFEST = "manifest.json"
MOST_MANIFEST = 256 << 20
"""Bytes."""
RATIO = 250
"""Bytes that one byte of the file may unpack to."""
FREE_BYTES = 64 << 20
"""What is unpacked whatever its ratio."""
AWAY = ("host", "logs", "mlflow", "exports", "worker.json", "heartbeat", "queued", "stop", "reserve", "mlflow.json")
"""Names, anywhere in the workspace, of what belongs to this machine."""
PACKED = (".parquet", ".zip", ".xlsx", ".png", ".gz", ".pdf", ".skops", ".npz")
CHUNK = 1 << 20
Tell = Callable[[float, str], None]


def export_workspace(workspace: Workspace, out: Path, *, tell: Tell | None = None) -> int:
    """Write a whole workspace into one file.

    Parameters
    ----------
    workspace : Workspace
    out : Path
        A new file.
    tell : callable, optional
        Takes the share that is done, 0 to 1, and what is being done.

    Returns
    -------
    int
        How many files it holds.

    Raises
    ------
    AccessError
        When the acting person is no administrator.
    InputError
        When the file is there already.
    StorageError
        When the disk is full; nothing is left then.
    """
    _only_administrators("export")
    if out.exists():
        raise InputError(f"{out} is there already.", "An export never writes over a file.", "Name another one.")
    say = tell or (lambda done, doing: None)
    with (
        audit.recorded(workspace, "exported", what=out.name),
        tempfile.TemporaryDirectory(dir=workspace.root, prefix=".export-") as at,
    ):
        snapshot = Path(at)
        say(0.0, "Linking what is there")
        names = list(_snapshot(workspace, snapshot))
        files: dict[str, dict[str, Any]] = {}
        with atomic_file(out) as file, zipfile.ZipFile(file, "w", allowZip64=True) as archive:
            for number, name in enumerate(names):
                say(number / len(names), f"Packing {number + 1:,} of {len(names):,} files")
                files[name] = _pack(archive, snapshot / name, name)
            manifest = {"format": FORMAT, "made": time.time(), "root": str(workspace.root), "files": files}
            archive.writestr(zipfile.ZipInfo(MANIFEST), json.dumps(manifest), zipfile.ZIP_DEFLATED)
    return len(names)


def import_workspace(workspace: Workspace, file: Path, *, tell: Tell | None = None) -> Imported:
    """Bring the projects of an export into a workspace, new or not; all of them, or nothing.

    Settings, keys and the audit log come along where the workspace has none of its own.

    Parameters
    ----------
    workspace : Workspace
    file : Path
        What `export_workspace` wrote.
    tell : callable, optional

    Raises
    ------
    AccessError
        When the acting person is no administrator.
    NotFoundError
        When there is no such file.
    FormatError
        When it is no export, was altered, is of a newer format, or would write outside of the workspace.
    InputError
        When a project or the name of a registered model is here already; nothing is written then.
    LimitError
        When it does not fit on the disk.
    StorageError
        When something could not be put in its place; everything is as before then.
    """
    _only_administrators("import")
    if not file.is_file():
        raise NotFoundError(f"There is no file {file}.", action="Check the path.")
    say = tell or (lambda done, doing: None)
    with audit.recorded(workspace, "imported", what=file.name), at_work_importing(workspace):
        cut = finish(workspace)
        with arriving(workspace) as fresh:
            manifest = _unpack(file, fresh, workspace, say)
            if cut is not None and cut.made == manifest["made"]:
                imported = cut.imported  # the same import was killed before, and is whole now
            else:
                incoming = Workspace(fresh)
                _refuse_what_is_here(workspace, incoming)
                _rebase(incoming, str(manifest["root"]), workspace)
                imported = place(workspace, fresh, manifest["made"], len(manifest["files"]))
    rebuild(workspace)
    return imported


# -- out --------------------------------------------------------------------------------------------------------


def _snapshot(workspace: Workspace, at: Path) -> Iterator[str]:
    """Link every file into a folder; yield their names. A journal comes before what it tells of, which may only be newer."""
    for root, folders, _ in os.walk(workspace.root):
        folders[:] = sorted(name for name in folders if name not in AWAY and not name.startswith("."))
        relative = Path(root).relative_to(workspace.root)
        for name in _link_folder(Path(root), at / relative):
            yield (relative / name).as_posix()


def _link_folder(folder: Path, to: Path) -> list[str]:
    """Link the files of one folder, all of one state: a table that is put in its place meanwhile is taken again."""
    while True:
        names = []
        try:
            before = folder.stat().st_ino
            for path in sorted(folder.iterdir()):
                if not _is_away(path.name) and stat.S_ISREG(path.lstat().st_mode):
                    with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
                        _link(path, to / path.name)
                        names.append(path.name)
            if folder.stat().st_ino == before:
                return names
        except FileNotFoundError:
            if not folder.exists():
                return []
        for name in names:
            (to / name).unlink()


def _is_away(name: str) -> bool:
    """Return whether a file belongs to this machine or to this moment only."""
    return name in AWAY or name.startswith((".", "catalogue")) or name.endswith((".lock", "-wal", "-shm", "-journal"))


def _link(path: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".db":
        old = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        new = sqlite3.connect(to)
        with contextlib.closing(old), contextlib.closing(new):
            old.backup(new)
    elif path.suffix == ".jsonl":  # a link would grow with it
        data = path.read_bytes()
        to.write_bytes(data[: data.rfind(b"\n") + 1])
    else:
        try:
            os.link(path, to)
        except FileNotFoundError:
            raise
        except OSError:  # a file system without links
            shutil.copyfile(path, to)


def _pack(archive: zipfile.ZipFile, path: Path, name: str) -> dict[str, Any]:
    digest, found = hashlib.sha256(), path.stat()
    entry = zipfile.ZipInfo(name, time.localtime(found.st_mtime)[:6])
    entry.compress_type = zipfile.ZIP_STORED if path.suffix in PACKED else zipfile.ZIP_DEFLATED
    entry.external_attr = (stat.S_IFREG | 0o600) << 16
    with open(path, "rb") as file, archive.open(entry, "w", force_zip64=found.st_size > 1 << 30) as out:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            out.write(chunk)
    return {"size": found.st_size, "sha256": digest.hexdigest(), "changed": found.st_mtime}


# -- in ---------------------------------------------------------------------------------------------------------


def _unpack(file: Path, into: Path, workspace: Workspace, say: Tell) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = _manifest(archive, file.name)
            files: dict[str, dict[str, Any]] = manifest["files"]
            total = sum(entry["size"] for entry in files.values())
            packed = file.stat().st_size
            if total > FREE_BYTES and total > RATIO * packed:
                raise _altered(file.name, f"it would unpack to {gigabytes(total)}, more than {RATIO} times its size")
            if total > shutil.disk_usage(workspace.root).free:
                raise LimitError(f"{file.name} unpacks to {gigabytes(total)}.", "So much is not free.", "Free some disk space.")
            for number, (name, told) in enumerate(files.items()):
                say(number / len(files), f"Checking {number + 1:,} of {len(files):,} files")
                with archive.open(name) as stream:
                    _pour(stream, into / name, told, file.name)
            return manifest
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        if isinstance(error, FormatError | LimitError):
            raise
        raise FormatError(f"{file.name} is no readable export: {error}.", action="Export the workspace again.") from error
    except OSError as error:
        raise StorageError(f"{file.name} could not be unpacked: {error.strerror or error}.", action="Check the disk.") from error


def _manifest(archive: zipfile.ZipFile, name: str) -> dict[str, Any]:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if MANIFEST not in names or archive.getinfo(MANIFEST).file_size > MOST_MANIFEST:
        raise FormatError(f"{name} has no readable manifest.json.", "An export of a workspace has one.", "Choose another file.")
    manifest = json.loads(archive.read(MANIFEST))
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        found = manifest.get("format") if isinstance(manifest, dict) else None
        raise FormatError(
            f"{name} has format {found!r}.", f"This version reads format {FORMAT}.", "Use the version that exported it."
        )
    files = manifest.get("files")
    known = isinstance(manifest.get("root"), str) and isinstance(manifest.get("made"), int | float)
    if not isinstance(files, dict) or not known:
        raise _altered(name, "its manifest is incomplete")
    if sorted(names) != sorted([*files, MANIFEST]):
        raise _altered(name, "its manifest and its files differ")
    for entry in entries:
        if entry.filename != MANIFEST:
            _check_entry(entry, files[entry.filename], name)
    return manifest


def _check_entry(entry: zipfile.ZipInfo, told: Any, name: str) -> None:
    path, kind = entry.filename, stat.S_IFMT(entry.external_attr >> 16)
    parts = path.split("/")
    # An empty part is a leading or a doubled slash; parts that begin with a dot lead outside, or are nobody's.
    strange = any(not part or _is_away(part) or any(sign in part for sign in "\\:\0") for part in parts)
    if strange or kind not in (0, stat.S_IFREG) or (len(parts) > 1 and parts[0] != "projects"):
        raise _altered(name, f"it holds {path!r}, which is no file of a workspace")
    if not isinstance(told, dict) or not isinstance(told.get("size"), int) or told["size"] != entry.file_size:
        raise _altered(name, f"{path} has another size than its manifest says")


def _pour(stream: IO[bytes], to: Path, told: dict[str, Any], name: str) -> None:
    """Write one file, no byte more than was told, and compare its hash."""
    to.parent.mkdir(parents=True, exist_ok=True)
    digest, left = hashlib.sha256(), int(told["size"])
    with open(to, "xb") as out:
        while chunk := stream.read(CHUNK):
            left -= len(chunk)
            if left < 0:
                break
            digest.update(chunk)
            out.write(chunk)
    if left or digest.hexdigest() != told.get("sha256"):
        raise _altered(name, f"{to.name} is not what was exported (its SHA-256 differs)")
    changed = told.get("changed")
    if isinstance(changed, int | float) and 0 < changed < time.time() + 86_400:
        os.utime(to, (changed, changed))  # what is newest stays newest


def _refuse_what_is_here(workspace: Workspace, incoming: Workspace) -> None:
    here = sorted(path.name for path in incoming.projects.glob("*") if (workspace.projects / path.name).exists())
    if here:
        raise InputError(
            f"{len(here):,} of its projects are here already, such as {here[0]}.",
            "An import writes over nothing.",
            "Import into another workspace (AUTOML_HOME), or delete these projects first.",
        )
    if strange := [path.name for path in incoming.projects.glob("*") if project_of(path) is None]:
        raise FormatError(f"The export holds {strange[0]!r}, which is no project.", action="Export the workspace again.")
    taken = {one.name for one in all_registered(workspace)} & {one.name for one in all_registered(incoming)}
    if taken:
        raise InputError(
            f"A model is registered as {sorted(taken)[0]!r} in both.",
            "A name stands for one model in the whole workspace.",
            "Import into another workspace (AUTOML_HOME).",
        )


def _rebase(incoming: Workspace, old: str, workspace: Workspace) -> None:
    """Let requests that name files of the old workspace name those of the new one."""
    for path in incoming.projects.glob("*/*/*/request.json"):
        request = read_json(path)
        moved = _moved(request, f"{old}/projects/", f"{workspace.projects}/")
        if moved != request:
            write_json(path, moved, durable=False)


def _moved(data: Any, old: str, new: str) -> Any:
    if isinstance(data, str):
        return new + data.removeprefix(old) if data.startswith(old) else data
    if isinstance(data, dict):
        return {key: _moved(value, old, new) for key, value in data.items()}
    return [_moved(value, old, new) for value in data] if isinstance(data, list) else data


def _altered(name: str, why: str) -> FormatError:
    return FormatError(f"{name} was altered: {why}.", "Nothing of it was taken.", "Export the workspace again.")


def _only_administrators(what: str) -> None:
    if not acting().everywhere:
        raise AccessError(f"Administrators {what} a workspace.", action="Ask one of them.")
