"""The catalogue: an SQL index of projects and jobs over the folders, which stay the truth and can always restore it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Column, Engine, Float, Integer, MetaData, String, Table, create_engine, delete, inspect, select, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from automl_core.errors import AutoMLError, FormatError, StorageError
from automl_core.log import log_error
from automl_core.workspace import Workspace, read_json

if TYPE_CHECKING:
    from automl_core.jobs.job import Job

FORMAT = 1
TABLES = MetaData()
FORMATS = Table("catalogue_format", TABLES, Column("version", Integer, primary_key=True))
PROJECTS = Table(
    "projects",
    TABLES,
    Column("id", String(32), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("created", Float, nullable=False),
)
JOBS = Table(
    "jobs",
    TABLES,
    Column("id", String(32), primary_key=True),
    Column("project", String(32), nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("changed", Float, nullable=False),
)


@dataclass(frozen=True)
class Project:
    """One project. `created` is seconds since the epoch."""

    id: str
    name: str
    created: float


@dataclass(frozen=True)
class JobRow:
    """What the catalogue knows of a job."""

    id: str
    project: str
    kind: str
    state: str


def database_url(workspace: Workspace) -> str:
    """Return ``AUTOML_DATABASE_URL``, or the SQLite file of the workspace."""
    return os.environ.get("AUTOML_DATABASE_URL") or f"sqlite:///{workspace.catalogue}"


@contextlib.contextmanager
def opened(workspace: Workspace) -> Iterator[Connection]:
    """Open the catalogue for one transaction.

    A new catalogue is filled from the folders. One of an older format is backed up, made anew and filled from the folders.

    Raises
    ------
    StorageError
        When the database cannot be reached or does not do what was asked.
    FormatError
        When a newer version of Tablewright made it.
    """
    url = database_url(workspace)
    try:
        engine = _engine(url, os.getpid())
        if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists():
            _ready.cache_clear()
        _ready(workspace, url, os.getpid())
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise StorageError(
            f"The catalogue of projects could not be used: {reason.rstrip('.')}.",
            action="Check the disk, or the database that AUTOML_DATABASE_URL names; the folders are untouched.",
        ) from error


@lru_cache(maxsize=8)
def _engine(url: str, process: int) -> Engine:
    # Connections must not cross a fork, hence the process in the key and no pool.
    return create_engine(url, poolclass=NullPool, connect_args={"timeout": 20} if url.startswith("sqlite") else {})


@lru_cache(maxsize=8)
def _ready(workspace: Workspace, url: str, process: int) -> None:
    """Have the tables there, in this version's format."""
    engine = _engine(url, process)
    if _version(engine) == FORMAT:
        return
    with open(workspace.root / "catalogue.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several programs that find it old or missing, one sees to it
        version = _version(engine)
        if version == FORMAT:
            return
        if version is not None and version > FORMAT:
            raise FormatError(
                f"The catalogue has format {version}; this version of Tablewright reads up to {FORMAT}.",
                action="Install the newer version, or move the catalogue away: it is restored from the folders.",
            )
        if version is not None:
            _back_up(workspace, engine, version)
        _create(workspace, engine, anew=version is not None)


def _version(engine: Engine) -> int | None:
    with engine.begin() as connection:
        known = inspect(connection).has_table(FORMATS.name)
        return connection.scalar(select(FORMATS.c.version)) if known else None


def _back_up(workspace: Workspace, engine: Engine, version: int) -> None:
    """Keep the old tables beside the new ones: as a file for SQLite, renamed in other databases."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name == "sqlite":
            file = Path(engine.url.database or "")
            backup = file.with_name(f"{file.stem}-format{version}-{time.strftime('%Y%m%d-%H%M%S')}{file.suffix}")
            connection.execute(text("VACUUM INTO :file"), {"file": str(backup)})
        else:
            for name in inspect(connection).get_table_names():
                if name in TABLES.tables:
                    connection.execute(text(f'CREATE TABLE "{name}_format{version}" AS SELECT * FROM "{name}"'))


def _create(workspace: Workspace, engine: Engine, *, anew: bool) -> None:
    """Make the tables and fill them, in place of older ones where `anew`; others see the old ones or the new ones, never none."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(text("BEGIN IMMEDIATE"))  # of several processes that find it missing, one fills it
        if anew:
            TABLES.drop_all(connection)
        TABLES.create_all(connection)
        if connection.scalar(select(FORMATS.c.version)) is None:
            connection.execute(FORMATS.insert().values(version=FORMAT))
            fill(workspace, connection)


def fill(workspace: Workspace, connection: Connection) -> int:
    """Write all projects and jobs of the folders into the catalogue, in place of what it held.

    Returns
    -------
    int
        How many projects were found; one whose ``project.json`` is damaged is left out and logged.
    """
    from automl_core.jobs.job import Job

    connection.execute(delete(JOBS))
    connection.execute(delete(PROJECTS))
    count = 0
    for project_id in workspace.project_ids():
        folder = workspace.project(project_id)
        try:
            meta = read_json(folder.meta)
            row = {"id": project_id, "name": str(meta["name"]), "created": float(meta["created"])}
        except (AutoMLError, KeyError, TypeError, ValueError) as error:
            log_error(workspace, error, f"project {project_id}")  # one damaged project must not hide the others
            continue
        connection.execute(PROJECTS.insert().values(**row))
        count += 1
        for job_id in [*folder.list("runs"), *folder.list("jobs")]:
            with contextlib.suppress(AutoMLError):  # a folder without a request is no job
                job = Job(folder.job(job_id))
                connection.execute(JOBS.insert().values(**_values(job)))
    return count


def record_job(job: Job) -> None:
    """Bring a job's row up to its folder's state."""
    values = _values(job)
    with opened(job.workspace) as connection:
        changed = connection.execute(JOBS.update().where(JOBS.c.id == job.id).values(**values))
        if not changed.rowcount:
            connection.execute(JOBS.insert().values(**values))


def jobs(workspace: Workspace, *states: str) -> list[JobRow]:
    """Return the jobs in one of these states, newest first; what the folder says since may differ."""
    with opened(workspace) as connection:
        rows = connection.execute(select(JOBS).where(JOBS.c.state.in_(states)).order_by(JOBS.c.changed.desc()))
        return [JobRow(row.id, row.project, row.kind, row.state) for row in rows]


def _values(job: Job) -> dict[str, object]:
    return {
        "id": job.id,
        "project": job.project.id,
        "kind": job.kind,
        "state": job.state,
        "changed": (job.folder / "request.json").stat().st_mtime,
    }
