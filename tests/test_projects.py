"""Projects: exact lists, names, links that stay, and folders that are gone when they are said to be."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest

from automl_core.catalogue import jobs
from automl_core.cleaning.recipe import Recipe, Step
from automl_core.data.dataset import dataset_from_frame
from automl_core.errors import InputError, NotFoundError, StorageError
from automl_core.experiment import Budget, ExperimentConfig
from automl_core.jobs import client
from automl_core.jobs.control import submit
from automl_core.jobs.job import Job, process_started
from automl_core.projects import create_project, delete_project, list_projects, load_project, rebuild, rename_project
from automl_core.runs import write_request
from automl_core.schema import Column, Schema
from automl_core.workspace import Workspace, new_id

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(params=["default", "other"])
def workspace(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """An empty workspace; its catalogue lies in it, or in the database that `AUTOML_DATABASE_URL` names."""
    monkeypatch.setenv("AUTOML_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("AUTOML_DATABASE_URL", raising=False)
    if request.param == "other":
        monkeypatch.setenv("AUTOML_DATABASE_URL", f"sqlite:///{tmp_path / 'team.sqlite'}")
    return Workspace.default()


def until(condition: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait until something is true; fail when it does not become so in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"Still not so after {seconds:g} s."
        time.sleep(0.01)


def test_projects_are_listed_newest_first(workspace: Workspace) -> None:
    assert list_projects(workspace) == []
    first, second = create_project(workspace, "Ship"), create_project(workspace, "House")
    assert list_projects(workspace) == [second, first]
    assert (first.name, second.name) == ("Ship", "House")
    assert re.fullmatch(r"pr\d{6}-[a-z2-9]{8}", first.id)
    assert load_project(workspace, first.id) == first
    assert json.loads(workspace.project(first.id).meta.read_text()) == {
        "format": 1, "id": first.id, "name": "Ship", "created": first.created,
    }  # fmt: skip


def test_a_renamed_project_keeps_its_id_and_folder(workspace: Workspace) -> None:
    project = create_project(workspace, "Ship")
    (workspace.project(project.id).path / "note.txt").write_text("kept")
    renamed = rename_project(workspace, project.id, "  Large \t ship ")
    assert renamed == replace(project, name="Large ship")
    assert load_project(workspace, project.id) == renamed
    assert list_projects(workspace) == [renamed]
    assert (workspace.project(project.id).path / "note.txt").read_text() == "kept"
    rebuild(workspace)
    assert list_projects(workspace) == [renamed]


def test_a_deleted_project_is_gone_everywhere(workspace: Workspace) -> None:
    kept, project = create_project(workspace, "Ship"), create_project(workspace, "House")
    for owner, job_id in ((kept, "jb261124-aaaaaaaa"), (project, "jb261124-bbbbbbbb")):
        write_request(workspace.project(owner.id).job(job_id), "predict", {})
    rebuild(workspace)
    delete_project(workspace, project.id)
    assert list_projects(workspace) == [kept]
    assert [row.project for row in jobs(workspace, "lost")] == [kept.id]
    assert [path.name for path in workspace.projects.iterdir()] == [kept.id]
    with pytest.raises(NotFoundError) as caught:
        load_project(workspace, project.id)
    assert str(caught.value) == f"The project {project.id} does not exist. Choose one from the list of projects."
    for act in (lambda: delete_project(workspace, project.id), lambda: rename_project(workspace, project.id, "x")):
        with pytest.raises(NotFoundError, match="does not exist"):
            act()


def test_a_folder_that_was_removed_by_hand_is_not_listed(workspace: Workspace) -> None:
    kept, project = create_project(workspace, "Ship"), create_project(workspace, "House")
    workspace.project(project.id).delete()
    assert list_projects(workspace) == [kept]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "The project has no name. Type a name."),
        (" \t\n ", "The project has no name. Type a name."),
        ("x" * 81, "The name has 81 characters. At most 80 fit. Shorten it."),
        ("half an emoji \ud83d", "The name has characters that cannot be stored. Type it again."),
        ("zero\x00byte", "The name has characters that cannot be stored. Type it again."),
    ],
)
def test_names_that_are_refused(workspace: Workspace, name: str, message: str) -> None:
    project = create_project(workspace, "Ship")
    for act in (lambda: create_project(workspace, name), lambda: rename_project(workspace, project.id, name)):
        with pytest.raises(InputError) as caught:
            act()
        assert str(caught.value) == message
    assert list_projects(workspace) == [project]
    assert [path.name for path in workspace.projects.iterdir()] == [project.id]


@pytest.mark.parametrize(
    "name",
    [
        "x" * 80,
        "<b>Ship</b><script>alert(1)</script>",
        "../../etc/passwd",
        "Größe 大きさ 👨‍👩‍👧",
        "'; DROP TABLE projects; --",
        "a/b\\c",
    ],
)
def test_a_name_is_text_and_never_a_path(workspace: Workspace, name: str) -> None:
    project = create_project(workspace, name)
    assert project.name == name
    rebuild(workspace)
    assert list_projects(workspace) == [project]
    assert [path.name for path in workspace.projects.iterdir()] == [project.id]


def test_a_project_that_the_catalogue_did_not_take_leaves_no_folder(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person was told of a failure, and after the next rebuild the project was there all the same."""
    project = create_project(workspace, "Ship")
    with monkeypatch.context() as patch:
        patch.setenv("AUTOML_DATABASE_URL", "sqlite:////nowhere/at/all/team.db")
        with pytest.raises(StorageError, match="unable to open database file"):
            create_project(workspace, "House")
    assert [path.name for path in workspace.projects.iterdir()] == [project.id]
    assert list_projects(workspace) == [project]


def test_two_projects_may_share_a_name(workspace: Workspace) -> None:
    one, other = create_project(workspace, "Ship"), create_project(workspace, "Ship")
    assert one.id != other.id
    delete_project(workspace, one.id)
    assert list_projects(workspace) == [other]


@pytest.mark.parametrize("bad", ["..", "../x", "pr261124-aaaaaaaa/..", "", "PR261124-AAAAAAAA"])
def test_what_is_no_id_is_refused(workspace: Workspace, bad: str) -> None:
    for act in (load_project, delete_project):
        with pytest.raises(NotFoundError) as caught:
            act(workspace, bad)
        assert str(caught.value) == f"{bad!r} is no id of this workspace. Open the object from its project."


def test_threads_that_create_at_once_lose_nothing(workspace: Workspace) -> None:
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for count in range(5):
                create_project(workspace, f"{number}-{count}")
        except Exception as error:  # noqa: BLE001 - told by the assertion below
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    names = sorted(f"{number}-{count}" for number in range(4) for count in range(5))
    assert sorted(project.name for project in list_projects(workspace)) == names
    assert len(list(workspace.projects.iterdir())) == 20


def test_programs_that_create_at_once_lose_nothing(workspace: Workspace) -> None:
    code = (
        "import sys; from automl_core.workspace import Workspace; from automl_core.projects import create_project\n"
        "for count in range(5): create_project(Workspace.default(), f'{sys.argv[1]}-{count}')"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(number)], stderr=subprocess.PIPE, text=True, cwd=ROOT)
        for number in range(4)
    ]
    assert [process.communicate(timeout=60)[1] for process in started] == [""] * 4
    names = sorted(f"{number}-{count}" for number in range(4) for count in range(5))
    assert sorted(project.name for project in list_projects(workspace)) == names


# -- what runs in a project that is deleted ---------------------------------------------------------------------------


@pytest.fixture
def ended(workspace: Workspace) -> Iterator[None]:
    """End every process of the workspace after the test."""
    yield
    for process in processes(workspace):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    until(lambda: not processes(workspace))
    for process in client._SPAWNED:
        process.wait(5)


def processes(workspace: Workspace) -> list[psutil.Process]:
    """Return the living processes of a workspace."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            mine = process.pid != os.getpid() and process.environ().get("AUTOML_HOME") == str(workspace.root)
            if mine and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def start(workspace: Workspace, project_id: str) -> Job:
    """Start a run that takes minutes."""
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(20_000, 3))
    frame = pd.DataFrame(numbers, columns=["a", "b", "c"])
    frame["sold"] = np.where(numbers[:, 0] + rng.normal(size=20_000) > 0, "yes", "no").astype(object)
    schema = Schema((Column("a", "number"), Column("b", "number"), Column("c", "number"), Column("sold", "boolean")))
    data = dataset_from_frame(workspace.project(project_id).dataset(new_id("ds")), frame, schema, "sold.csv")
    config = ExperimentConfig("sold", "binary", "roc_auc", "yes", folds=3, budget=Budget(600, 1), candidates=("rbfsvm",))
    recipe = Recipe((Step("impute", {}), Step("encode", {}), Step("scale", {})))
    params = {"dataset": data.id, "config": config.to_dict(), "recipe": recipe.to_dict()}
    return Job(workspace.project(project_id).job(submit(workspace, project_id, "train", params)))


@pytest.mark.usefixtures("ended")
def test_deleting_a_project_ends_what_runs_and_waits_in_it(workspace: Workspace) -> None:
    """A run that saved its model while it was stopped brought the deleted folder back."""
    kept, project = create_project(workspace, "Ship"), create_project(workspace, "House")
    working = start(workspace, project.id)
    until(lambda: working.state == "running" and (working.folder / "leaderboard.json").exists())
    waiting = start(workspace, project.id)
    assert waiting.state == "queued"
    host, worker = client.ask(workspace, {"do": "ping"})["pid"], working.pid

    delete_project(workspace, project.id)
    assert process_started(worker) == 0.0
    until(lambda: [process.pid for process in processes(workspace)] == [host], 2)
    time.sleep(0.6)  # the host has looked around since
    assert [path.name for path in workspace.projects.iterdir()] == [kept.id]
    assert jobs(workspace, "queued", "running", "lost", "stopped", "failed", "finished") == []
    answer = client.ask(workspace, {"do": "ping"})
    assert (answer["running"], answer["queued"]) == (0, 0)
