"""The catalogue is an index: whatever happens to it, the folders restore it."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from automl_core.catalogue import JobRow, database_url, jobs, record_job
from automl_core.errors import FormatError, StorageError
from automl_core.events import Failed, Finished, Stopped, append_event
from automl_core.jobs.job import Job
from automl_core.projects import Project, create_project, list_projects, rebuild, rename_project
from automl_core.runs import write_request
from automl_core.workspace import Workspace

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(params=["default", "other"])
def workspace(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """An empty workspace; its catalogue lies in it, or in the database that `AUTOML_DATABASE_URL` names."""
    monkeypatch.setenv("AUTOML_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("AUTOML_DATABASE_URL", raising=False)
    if request.param == "other":
        monkeypatch.setenv("AUTOML_DATABASE_URL", f"sqlite:///{tmp_path / 'team.sqlite'}")
    return Workspace.default()


def file(workspace: Workspace) -> Path:
    """The catalogue's file."""
    return Path(database_url(workspace).removeprefix("sqlite:///"))


def add_job(workspace: Workspace, project: Project, job_id: str, kind: str) -> Job:
    """Write a job's folder and index it."""
    job = Job(workspace.project(project.id).job(job_id))
    write_request(job.folder, kind, {})
    record_job(job)
    return job


def set_format(workspace: Workspace, version: int) -> None:
    """Make the catalogue one of another version."""
    with sqlite3.connect(file(workspace)) as connection:
        connection.execute("UPDATE catalogue_format SET version = ?", (version,))
    connection.close()


def cells(path: Path, query: str) -> list[tuple[object, ...]]:
    """Return what a query finds in a SQLite file."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def two_projects(workspace: Workspace) -> tuple[Project, Project]:
    """Make two projects with four jobs."""
    ship, house = create_project(workspace, "Ship"), create_project(workspace, "House")
    append_event(add_job(workspace, ship, "rn261124-aaaaaaaa", "train").journal, Finished())
    append_event(add_job(workspace, ship, "jb261124-bbbbbbbb", "predict").journal, Failed("No."))
    append_event(add_job(workspace, house, "rn261124-cccccccc", "train").journal, Stopped())
    add_job(workspace, house, "rn261124-dddddddd", "train").waiting.touch()
    return ship, house


def test_jobs_are_indexed_by_their_state(workspace: Workspace) -> None:
    project = create_project(workspace, "Ship")
    job = add_job(workspace, project, "rn261124-aaaaaaaa", "train")
    assert jobs(workspace, "lost") == [JobRow(job.id, project.id, "train", "lost")]
    append_event(job.journal, Finished())
    record_job(job)
    assert jobs(workspace, "lost") == []
    assert jobs(workspace, "finished", "lost") == [JobRow(job.id, project.id, "train", "finished")]


def test_the_folders_restore_a_deleted_catalogue(workspace: Workspace) -> None:
    ship, house = two_projects(workspace)
    house = rename_project(workspace, house.id, "Flat")
    (workspace.project(ship.id).path / "runs" / "not-an-id").mkdir()
    (workspace.project(ship.id).path / "jobs" / "jb261124-eeeeeeee").mkdir()  # no request in it
    (workspace.projects / "lost+found").mkdir()
    file(workspace).unlink()

    assert rebuild(workspace) == 2
    assert list_projects(workspace) == [house, ship]
    assert {(row.id, row.project, row.kind, row.state) for row in jobs(workspace, "finished", "failed", "stopped", "queued")} == {
        ("rn261124-aaaaaaaa", ship.id, "train", "finished"),
        ("jb261124-bbbbbbbb", ship.id, "predict", "failed"),
        ("rn261124-cccccccc", house.id, "train", "stopped"),
        ("rn261124-dddddddd", house.id, "train", "queued"),
    }
    assert jobs(workspace, "lost") == []


def test_a_deleted_catalogue_comes_back_by_itself(workspace: Workspace) -> None:
    ship, house = two_projects(workspace)
    file(workspace).unlink()
    assert list_projects(workspace) == [house, ship]
    file(workspace).unlink()
    new = create_project(workspace, "Field")
    assert list_projects(workspace) == [new, house, ship]


def test_a_rebuild_forgets_what_has_no_folder(workspace: Workspace) -> None:
    ship, house = two_projects(workspace)
    shutil.rmtree(workspace.project(house.id).path)
    assert rebuild(workspace) == 1
    assert cells(file(workspace), "SELECT id FROM projects") == [(ship.id,)]
    assert sorted(cells(file(workspace), "SELECT id FROM jobs")) == [("jb261124-bbbbbbbb",), ("rn261124-aaaaaaaa",)]


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"name": "x", "created": "yesterday"}'])
def test_a_damaged_project_does_not_hide_the_others(workspace: Workspace, text: str) -> None:
    """One unreadable project.json kept every page from opening once the catalogue had to be restored."""
    ship, house = two_projects(workspace)
    workspace.project(house.id).meta.write_text(text)
    file(workspace).unlink()
    assert list_projects(workspace) == [ship]
    assert rebuild(workspace) == 1
    log = "".join(path.read_text() for path in workspace.logs.iterdir())
    assert f"project {house.id}\n" in log


def test_an_older_catalogue_is_backed_up_and_made_anew(workspace: Workspace) -> None:
    ship, house = two_projects(workspace)
    set_format(workspace, 0)
    again = Workspace(workspace.root / ".." / "home")  # another path to it, as a program that starts now has nothing checked yet
    assert list_projects(again) == [house, ship]
    assert cells(file(workspace), "SELECT version FROM catalogue_format") == [(1,)]
    backups = list(file(workspace).parent.glob(f"{file(workspace).stem}-format0-*{file(workspace).suffix}"))
    assert len(backups) == 1
    assert cells(backups[0], "SELECT version FROM catalogue_format") == [(0,)]
    assert sorted(cells(backups[0], "SELECT name FROM projects")) == [("House",), ("Ship",)]


def test_programs_that_meet_an_older_catalogue_at_once_all_work(workspace: Workspace) -> None:
    """The second found the backup of the first in its way."""
    two_projects(workspace)
    set_format(workspace, 0)
    code = (
        "from automl_core.workspace import Workspace; from automl_core.projects import list_projects;"
        "print(sorted(project.name for project in list_projects(Workspace.default())))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
        for _ in range(4)
    ]
    told = [process.communicate(timeout=60) for process in started]
    assert [text[-300:] for _, text in told] == [""] * 4
    assert [text for text, _ in told] == ["['House', 'Ship']\n"] * 4
    assert cells(file(workspace), "SELECT version FROM catalogue_format") == [(1,)]


def test_a_newer_catalogue_is_refused(workspace: Workspace) -> None:
    create_project(workspace, "Ship")
    set_format(workspace, 2)
    with pytest.raises(FormatError) as caught:
        list_projects(Workspace(workspace.root / ".." / "home"))
    assert str(caught.value) == (
        "The catalogue has format 2; this version of Tablewright reads up to 1. "
        "Install the newer version, or move the catalogue away: it is restored from the folders."
    )
    assert cells(file(workspace), "SELECT version FROM catalogue_format") == [(2,)]


def test_a_damaged_catalogue_is_told_with_what_to_do(workspace: Workspace) -> None:
    create_project(workspace, "Ship")
    file(workspace).write_bytes(b"no database at all, only text" * 100)
    with pytest.raises(StorageError) as caught:
        list_projects(workspace)
    assert str(caught.value) == (
        "The catalogue of projects could not be used: file is not a database. "
        "Check the disk, or the database that AUTOML_DATABASE_URL names; the folders are untouched."
    )


def test_a_database_that_cannot_be_reached_is_told(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOML_DATABASE_URL", "sqlite:////nowhere/at/all/team.db")
    with pytest.raises(StorageError) as caught:
        list_projects(workspace)
    assert str(caught.value).startswith("The catalogue of projects could not be used: unable to open database file.")
