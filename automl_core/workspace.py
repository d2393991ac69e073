"""Every path the product writes, made in one place from one root; and writing that cannot leave half a file."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from automl_core.errors import FormatError, InputError, NotFoundError, StorageError

_ID = re.compile(r"[a-z]{2}[0-9]{6}-[a-z0-9]{8}")


def new_id(prefix: str) -> str:
    """Return an id that sorts by day and is safe as a folder name, for example ``ds261123-k3v9x2ma``.

    Parameters
    ----------
    prefix : str
        Two letters: ``pr`` project, ``ds`` dataset, ``rn`` run, ``jb`` job, ``up`` upload, ``md`` registered model,
        ``po`` policy.
    """
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return f"{prefix}{time.strftime('%y%m%d')}-{''.join(secrets.choice(alphabet) for _ in range(8))}"


def check_id(value: str) -> str:
    """Return `value` when it is an id of ours; raises NotFoundError otherwise, so that no name becomes a path."""
    if not _ID.fullmatch(value):
        raise NotFoundError(f"{value[:80]!r} is no id of this workspace.", action="Open the object from its project.")
    return value


@contextlib.contextmanager
def atomic_file(path: Path, mode: str = "wb", *, durable: bool = True) -> Iterator[IO[Any]]:
    """Open a temporary file beside `path` that takes its place only when the block ends well.

    Raises
    ------
    StorageError
        When the disk is full or the folder cannot be written; nothing is left behind and the old file stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.part")
    try:
        with open(temporary, mode, encoding=None if "b" in mode else "utf-8") as file:
            yield file
            file.flush()
            if durable:  # what can be made again need not wait for the disk
                os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise StorageError(
            f"{path.name} could not be saved: {error.strerror or error}.",
            action="Free some disk space or check the folder's permissions, then try again.",
        ) from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


@contextlib.contextmanager
def at_work(folder: Path, what: str, *, shared: bool = False) -> Iterator[None]:
    """Hold a folder for one process; it is let go when the process ends, however it ends.

    Parameters
    ----------
    folder : Path
    what : str
        What another process would be doing, at the beginning of a sentence.
    shared : bool
        Whether others that share may hold it at the same time.

    Raises
    ------
    InputError
        When another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "a", encoding="ascii") as file:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(f"{what} is already at work.", action="Wait for it to end, or stop it.") from error
        yield


@contextlib.contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Wait until no other thread or process is in a block of the same file, then hold it; raises StorageError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = open(path, "a", encoding="ascii")  # noqa: SIM115 - closed below; what the block raises is its own
    except OSError as error:
        raise StorageError(
            f"{path.name} could not be made: {error.strerror or error}.",
            action="Free some disk space or check the folder's permissions, then try again.",
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # let go of by the system, however the process ends
        yield


def write_json(path: Path, data: Any, *, durable: bool = True, compact: bool = False) -> None:
    """Write plain JSON types atomically; NaN is refused, since other readers cannot read it.

    With `compact` on one line, which takes a tenth of the time where there is much.
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, indent=None if compact else 1)
    with atomic_file(path, durable=durable) as file:
        file.write(text.encode())


def read_json(path: Path) -> Any:
    """Read a JSON file of ours; raises NotFoundError or FormatError with the file's name."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFoundError(f"{path.name} does not exist in {path.parent.name}.") from error
    except ValueError as error:
        raise FormatError(f"{path.name} in {path.parent.name} is damaged: {error}.") from error


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal text."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_size(path: Path) -> int:
    """Return the bytes of all files below `path`; files that vanish meanwhile count nothing."""
    total = 0
    for root, _, files in os.walk(path):
        for name in files:
            with contextlib.suppress(FileNotFoundError):
                total += os.lstat(os.path.join(root, name)).st_size
    return total


def _changed(path: Path) -> float:
    """Return when a path was changed; 0.0 for one that another process deletes meanwhile."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


@dataclass(frozen=True)
class Workspace:
    """The folder that holds everything: ``$AUTOML_HOME``, by default ``~/.tablewright``."""

    root: Path

    @classmethod
    def default(cls) -> Workspace:
        """Return the workspace that the environment names, created if it is new."""
        root = Path(os.environ.get("AUTOML_HOME") or Path.home() / ".tablewright").expanduser().resolve()
        root.mkdir(parents=True, exist_ok=True)
        return cls(root)

    @property
    def audit(self) -> Path:
        """Log of who did what, see `people.audit`."""
        return self.root / "audit.jsonl"

    @property
    def settings(self) -> Path:
        """Limits and who may come in, see `people.settings`."""
        return self.root / "settings.json"

    @property
    def catalogue(self) -> Path:
        """SQLite file of the catalogue, where no other database is configured."""
        return self.root / "catalogue.db"

    @property
    def host(self) -> Path:
        """Folder of the job host: lock, address, log."""
        return self.root / "host"

    @property
    def logs(self) -> Path:
        """Folder of log files, one for each day."""
        return self.root / "logs"

    @property
    def mlflow(self) -> Path:
        """Folder of MLflow's own store and files, where no tracking server is configured."""
        return self.root / "mlflow"

    @property
    def projects(self) -> Path:
        """Folder of all projects."""
        return self.root / "projects"

    def project(self, project_id: str) -> ProjectFolder:
        """Return the folder of one project, which need not exist yet."""
        return ProjectFolder(self.projects / check_id(project_id))

    def project_ids(self) -> list[str]:
        """Return the ids of the projects on disk, oldest first."""
        if not self.projects.exists():
            return []
        found = [path for path in self.projects.iterdir() if _ID.fullmatch(path.name) and (path / "project.json").exists()]
        return [path.name for path in sorted(found, key=lambda path: _changed(path / "project.json"))]


@dataclass(frozen=True)
class ProjectFolder:
    """The paths inside one project."""

    path: Path

    @property
    def id(self) -> str:
        """The project's id."""
        return self.path.name

    @property
    def workspace(self) -> Workspace:
        """The workspace it belongs to."""
        return Workspace(self.path.parent.parent)

    @property
    def meta(self) -> Path:
        """``project.json``: format, id, name, created."""
        return self.path / "project.json"

    @property
    def sharing(self) -> Path:
        """``sharing.json``: whose it is and with whom it is shared, see `people.access`."""
        return self.path / "sharing.json"

    def dataset(self, dataset_id: str) -> Path:
        """Folder of one dataset (see `data.dataset`)."""
        return self.path / "datasets" / check_id(dataset_id)

    def run(self, run_id: str) -> Path:
        """Folder of one run: a job folder and a train folder at once."""
        return self.path / "runs" / check_id(run_id)

    def job(self, job_id: str) -> Path:
        """Folder of one job that is no run; a run's id gives the run's folder."""
        return self.run(job_id) if job_id.startswith("rn") else self.path / "jobs" / check_id(job_id)

    def registered(self, model_id: str) -> Path:
        """Folder of one registered model with its versions (see `registry.store`)."""
        return self.path / "models" / check_id(model_id)

    def pipeline(self, name: str) -> Path:
        """Folder of what the steps of a pipeline of that name left (see `pipelines`)."""
        return self.path / "pipelines" / hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def upload(self, upload_id: str) -> Path:
        """Path of a file that was uploaded to be predicted; ``up`` ids."""
        return self.path / "uploads" / f"{check_id(upload_id)}.csv"

    def list(self, what: str) -> list[str]:
        """Return the ids in ``datasets``, ``runs``, ``jobs`` or ``models``, newest first."""
        folder = self.path / what
        if not folder.exists():
            return []
        found = [path for path in folder.iterdir() if _ID.fullmatch(path.name)]
        return [path.name for path in sorted(found, key=_changed, reverse=True)]

    def delete(self) -> None:
        """Remove the project and everything in it."""
        shutil.rmtree(self.path, ignore_errors=False)


def project_of(path: Path) -> ProjectFolder | None:
    """Return the project that a path lies in; None for a path outside of every project."""
    for folder in (path, *path.parents):
        if folder.parent.name == "projects" and folder.name.startswith("pr") and _ID.fullmatch(folder.name):
            return ProjectFolder(folder)
    return None


@dataclass(frozen=True)
class InProject:
    """A folder two levels inside a project: a run, a job, a registered model."""

    folder: Path

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def project(self) -> ProjectFolder:
        """The project it belongs to."""
        return ProjectFolder(self.folder.parent.parent)

    @property
    def workspace(self) -> Workspace:
        """The workspace it belongs to."""
        return self.project.workspace
