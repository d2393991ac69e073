"""A workspace in one file and back: the same bytes, consistent while work goes on, and nothing that is not ours."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from automl_core import moving
from automl_core.data.dataset import dataset_from_frame, load_dataset
from automl_core.data.tables import fingerprint
from automl_core.errors import AccessError, FormatError, InputError, LimitError, StorageError
from automl_core.jobs.host import tidy
from automl_core.jobs.job import Job
from automl_core.moving import export_workspace, import_workspace
from automl_core.people.person import Person, acting_as
from automl_core.people.settings import Settings, save_settings
from automl_core.placing import sweep
from automl_core.projects import create_project, list_projects, rebuild
from automl_core.registry.store import create_registered
from automl_core.runs import write_request
from automl_core.schema import Column, Schema
from automl_core.workspace import ProjectFolder, Workspace, file_hash, new_id, read_json, write_json

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = Schema((Column("a", "number"),))


def table(rows: int, value: float = 1.0) -> pd.DataFrame:
    return pd.DataFrame({"a": [value] * rows})


@pytest.fixture
def home(tmp_path: Path) -> Workspace:
    (tmp_path / "old").mkdir()
    return Workspace(tmp_path / "old")


@pytest.fixture
def new(tmp_path: Path) -> Workspace:
    (tmp_path / "new").mkdir()
    return Workspace(tmp_path / "new")


@pytest.fixture
def shop(home: Workspace) -> ProjectFolder:
    project = home.project(create_project(home, "Shop").id)
    dataset_from_frame(project.dataset(new_id("ds")), table(3), SCHEMA, "t")
    run = project.run(new_id("rn"))
    write_request(run, "train", {"source": f"{home.projects}/{project.id}/uploads/x.csv", "other": "/elsewhere"})
    (run / "events.jsonl").write_text('{"event": "started", "pid": 1, "time": 1.0}\n{"event": "prog')
    write_json(run / "worker.json", {"machine": os.uname().nodename, "pid": os.getpid(), "started": 0.0})
    (run / "queued").touch()
    with sqlite3.connect(run / "optuna.db") as connection:
        connection.execute("CREATE TABLE trials (n INTEGER)")
        connection.execute("INSERT INTO trials VALUES (7)")
    connection.close()
    return project


def test_it_comes_back_as_it_was(home, new, shop, tmp_path):
    save_settings(home, Settings().changed("jobs", 7))
    count = export_workspace(home, tmp_path / "all.zip")
    imported = import_workspace(new, tmp_path / "all.zip")
    assert (imported.projects, imported.files, imported.left) == (1, count, ())
    assert [project.name for project in list_projects(new)] == ["Shop"]
    (dataset_id,) = shop.list("datasets")
    for name in ("data.parquet", "dataset.json"):
        there = new.project(shop.id).dataset(dataset_id) / name
        assert file_hash(there) == file_hash(shop.dataset(dataset_id) / name)
        assert there.stat().st_mtime == pytest.approx((shop.dataset(dataset_id) / name).stat().st_mtime)
    assert read_json(new.project(shop.id).sharing) == read_json(shop.sharing)
    assert read_json(new.settings)["limits"]["jobs"] == 7


def test_what_belongs_to_the_old_machine_stays_there(home, new, shop, tmp_path):
    """A job that works here must not look as if this machine's process worked on its copy."""
    export_workspace(home, tmp_path / "all.zip")
    import_workspace(new, tmp_path / "all.zip")
    (run_id,) = shop.list("runs")
    run = new.project(shop.id).run(run_id)
    assert sorted(path.name for path in run.iterdir()) == ["events.jsonl", "optuna.db", "request.json"]
    assert (run / "events.jsonl").read_text() == '{"event": "started", "pid": 1, "time": 1.0}\n'
    assert Job(run).state == "lost"
    assert Job(run).request["params"] == {"source": f"{new.projects}/{shop.id}/uploads/x.csv", "other": "/elsewhere"}
    with sqlite3.connect(run / "optuna.db") as connection:
        assert connection.execute("SELECT n FROM trials").fetchall() == [(7,)]
    connection.close()


def test_a_table_that_is_changed_meanwhile_is_of_one_state(home, new, shop, tmp_path):
    """Its description and its rows are two files: an export must not take one of them before and the other after."""
    (dataset_id,) = shop.list("datasets")
    ended = threading.Event()

    def change() -> None:
        rows = 1
        while not ended.is_set():
            rows = rows % 50 + 1
            dataset_from_frame(shop.dataset(dataset_id), table(rows, float(rows)), SCHEMA, "t")

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for number in range(5):
            export_workspace(home, tmp_path / f"{number}.zip")
    finally:
        ended.set()
        thread.join()
    for number in range(5):
        other = Workspace(tmp_path / f"w{number}")
        other.root.mkdir()
        import_workspace(other, tmp_path / f"{number}.zip")
        dataset = load_dataset(other.project(shop.id).dataset(dataset_id))
        assert fingerprint(dataset.frame(), SCHEMA) == dataset.fingerprint


def test_nothing_is_written_over(home, new, shop, tmp_path):
    export_workspace(home, tmp_path / "all.zip")
    with pytest.raises(InputError, match=r"all\.zip is there already\. An export never writes over a file\."):
        export_workspace(home, tmp_path / "all.zip")
    with pytest.raises(InputError, match=r"1 of its projects are here already, such as pr.* An import writes over nothing\."):
        import_workspace(home, tmp_path / "all.zip")
    save_settings(new, Settings().changed("jobs", 3))
    save_settings(home, Settings().changed("jobs", 7))
    export_workspace(home, tmp_path / "two.zip")
    assert import_workspace(new, tmp_path / "two.zip").left == ("settings.json of this workspace stays as it is.",)
    assert read_json(new.settings)["limits"]["jobs"] == 3
    assert len(list(new.root.glob("audit*.jsonl"))) == 2


STEPS = 5
"""What an import of three projects with settings and a log moves."""
KILLED = """
import os, signal, sys
from pathlib import Path
from automl_core.moving import import_workspace
from automl_core.workspace import Workspace

renames, rename = [], Path.rename

def renamed(self, to):
    renames.append(to)
    if len(renames) > int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(self, to)

Path.rename = renamed
import_workspace(Workspace(Path(sys.argv[1])), Path(sys.argv[2]))
"""


@pytest.fixture
def three(home, shop, tmp_path):
    """An export of three projects, settings and a log; the names of the projects."""
    for name in ("Bank", "Club"):
        create_project(home, name)
    save_settings(home, Settings().changed("jobs", 7))
    export_workspace(home, tmp_path / "all.zip")
    return ["Bank", "Club", "Shop"]


def held(workspace: Workspace) -> list[str]:
    """Every file that is a person's, by path."""
    away = (".import", "catalogue")
    paths = (path.relative_to(workspace.root) for path in workspace.root.rglob("*") if path.is_file())
    return sorted(str(path) for path in paths if not path.parts[0].startswith(away) and path.name != "audit.jsonl")


@pytest.mark.parametrize("moved", range(STEPS))
def test_an_import_that_is_killed_between_two_moves_is_finished(home, new, three, tmp_path, moved):
    killed = subprocess.run([sys.executable, "-c", KILLED, str(new.root), str(tmp_path / "all.zip"), str(moved)], cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    assert len(new.project_ids()) == min(moved, 3)  # half of it, as it was left
    if moved % 2:
        assert rebuild(new) == 3
    else:  # the person tries once more
        assert import_workspace(new, tmp_path / "all.zip").projects == 3
    assert sorted(project.name for project in list_projects(new)) == three
    assert read_json(new.settings)["limits"]["jobs"] == 7
    assert len(list(new.root.glob("audit-imported-*.jsonl"))) == 1
    assert [path.name for path in new.root.glob(".import*")] == [".import"]
    assert [path.name for path in (new.root / ".import").iterdir()] == [".lock"]
    with pytest.raises(InputError, match=r"3 of its projects are here already"):
        import_workspace(new, tmp_path / "all.zip")


@pytest.mark.parametrize("moved", range(STEPS))
def test_an_import_that_fails_between_two_moves_leaves_nothing(home, new, three, tmp_path, monkeypatch, moved):
    rename, renames = Path.rename, []

    def fails(self: Path, to: Path) -> Path:
        renames.append(to)
        if len(renames) == moved + 1:
            raise PermissionError(13, "Permission denied")
        return rename(self, to)

    before = held(new)
    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(StorageError) as caught:
        import_workspace(new, tmp_path / "all.zip")
    assert str(caught.value) == (
        f"{renames[moved].name} could not be put in its place: Permission denied. Nothing was imported. "
        "Check the folder's permissions and the disk, then import again."
    )
    monkeypatch.undo()
    assert held(new) == before
    assert [path.name for path in new.root.glob(".import*")] == [".import"]
    assert import_workspace(new, tmp_path / "all.zip").projects == 3


def test_an_import_that_was_killed_and_cannot_be_finished_is_told(home, new, three, tmp_path, monkeypatch):
    killed = subprocess.run([sys.executable, "-c", KILLED, str(new.root), str(tmp_path / "all.zip"), "1"], cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL

    def full(self: Path, to: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    for again in (lambda: rebuild(new), lambda: import_workspace(new, tmp_path / "all.zip")):
        with pytest.raises(StorageError) as caught:
            again()
        assert str(caught.value).endswith(
            "of an import that was killed could not be put in its place: No space left on device. What was not moved yet is "
            "kept. Check the folder's permissions and the disk, then try again."
        )
    monkeypatch.undo()
    assert rebuild(new) == 3


def test_what_a_killed_import_only_unpacked_is_thrown_away(home, new, three, tmp_path):
    (new.root / ".import-half" / "projects").mkdir(parents=True)
    assert import_workspace(new, tmp_path / "all.zip").projects == 3
    assert not (new.root / ".import-half").exists()


def test_what_killed_uploads_left_goes_after_a_day(home):
    """Up to 2 GB each, in folders that nobody sees."""
    for name, hours in ((".upload-old", 25), (".export-old", 25), (".upload-now", 23), ("projects", 99)):
        (home.root / name).mkdir(exist_ok=True)
        (home.root / name / "file").write_text("x")
        os.utime(home.root / name, (1e9 - hours * 3600,) * 2)
    assert sweep(home, now=1e9) == 2
    assert sorted(path.name for path in home.root.iterdir()) == [".upload-now", "projects"]


def test_a_host_tidies_when_it_starts(home, new, three, tmp_path):
    killed = subprocess.run([sys.executable, "-c", KILLED, str(new.root), str(tmp_path / "all.zip"), "1"], cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    (new.root / ".upload-old").mkdir()
    os.utime(new.root / ".upload-old", (1e9, 1e9))
    tidy(new)
    assert sorted(project.name for project in list_projects(new)) == three
    assert not (new.root / ".upload-old").exists()


def test_two_models_of_one_name_are_refused(home, new, shop, tmp_path):
    create_registered(shop, "churn")
    export_workspace(home, tmp_path / "all.zip")
    create_registered(new.project(create_project(new, "Other").id), "churn")
    with pytest.raises(InputError, match=r"A model is registered as 'churn' in both\."):
        import_workspace(new, tmp_path / "all.zip")
    assert [project.name for project in list_projects(new)] == ["Other"]


def remake(path: Path, change: Callable[[dict[str, Any], dict[str, bytes]], None]) -> Path:
    """Write an export again after `change` had the manifest and the bytes of its files."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(files.pop("manifest.json"))
    change(manifest, files)
    made = path.with_name("made.zip")
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.writestr("manifest.json", json.dumps(manifest))
    return made


def put(name: str, data: bytes = b"x") -> Callable[[dict[str, Any], dict[str, bytes]], None]:
    import hashlib

    def change(manifest: dict[str, Any], files: dict[str, bytes]) -> None:
        manifest["files"][name] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "changed": 1.0}
        files[name] = data

    return change


@pytest.mark.parametrize(
    "name",
    ["../evil", "projects/../../evil", "/etc/evil", "projects//evil", "projects/./evil", "C:/evil", "projects\\..\\evil",
     ".ssh/config", "projects/.hidden", "host/lock", "bin/evil", "worker.json", "catalogue.db"],
)  # fmt: skip
def test_paths_that_lead_elsewhere_are_refused(home, new, shop, tmp_path, name):
    export_workspace(home, tmp_path / "all.zip")
    made = remake(tmp_path / "all.zip", put(name))
    with pytest.raises(FormatError, match=r"which is no file of a workspace\. Nothing of it was taken\."):
        import_workspace(new, made)
    assert not new.project_ids()
    assert not (tmp_path / "evil").exists()


def test_a_project_whose_name_is_no_id_is_refused(home, new, shop, tmp_path):
    export_workspace(home, tmp_path / "all.zip")
    with pytest.raises(FormatError, match=r"The export holds 'evil', which is no project\."):
        import_workspace(new, remake(tmp_path / "all.zip", put("projects/evil/project.json", b"{}")))


def test_links_are_refused(home, new, shop, tmp_path):
    export_workspace(home, tmp_path / "all.zip")
    made = remake(tmp_path / "all.zip", put("settings.json", b"/etc/passwd"))
    with zipfile.ZipFile(made) as archive:
        entries = [(entry, archive.read(entry)) for entry in archive.infolist()]
    with zipfile.ZipFile(made, "w") as archive:
        for entry, data in entries:
            if entry.filename == "settings.json":
                entry.external_attr = 0o120777 << 16
            archive.writestr(entry, data)
    with pytest.raises(FormatError, match=r"'settings\.json', which is no file of a workspace"):
        import_workspace(new, made)


def test_a_changed_byte_is_noticed(home, new, shop, tmp_path):
    def change(manifest: dict[str, Any], files: dict[str, bytes]) -> None:
        name = next(name for name in files if name.endswith("project.json"))
        files[name] = files[name].replace(b"Shop", b"Shot")

    export_workspace(home, tmp_path / "all.zip")
    with pytest.raises(FormatError, match=r"project\.json is not what was exported \(its SHA-256 differs\)\."):
        import_workspace(new, remake(tmp_path / "all.zip", change))
    assert not new.project_ids()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda manifest, files: manifest.update(format=2), "has format 2. This version reads format 1."),
        (lambda manifest, files: files.update({"extra": b"x"}), "its manifest and its files differ"),
        (lambda manifest, files: files.pop(next(iter(files))), "its manifest and its files differ"),
        (lambda manifest, files: manifest.pop("files"), "its manifest is incomplete"),
        (
            lambda manifest, files: next(iter(manifest["files"].values())).update(size=1),
            "has another size than its manifest says",
        ),
        (put("projects/zeros", b"\0" * (80 << 20)), "more than 250 times its size"),
    ],
)
def test_an_altered_export_is_refused(home, new, shop, tmp_path, change, sentence):
    export_workspace(home, tmp_path / "all.zip")
    with pytest.raises(FormatError) as caught:
        import_workspace(new, remake(tmp_path / "all.zip", change))
    assert sentence in str(caught.value)
    assert not new.project_ids()


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 nothing", b"name,age\nAda,36\n"])
def test_what_is_no_export_is_refused(new, tmp_path, data):
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(FormatError, match=r"x\.zip is no readable export"):
        import_workspace(new, tmp_path / "x.zip")


def test_a_full_disk_is_told_before_anything_is_unpacked(home, new, shop, tmp_path, monkeypatch):
    export_workspace(home, tmp_path / "all.zip")
    monkeypatch.setattr(moving.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 10}))
    with pytest.raises(LimitError, match=r"So much is not free\."):
        import_workspace(new, tmp_path / "all.zip")


def test_administrators_move_a_workspace(home, new, tmp_path):
    with acting_as(Person("ada@example.org", "Ada")):
        with pytest.raises(AccessError, match=r"Administrators export a workspace\."):
            export_workspace(home, tmp_path / "all.zip")
        with pytest.raises(AccessError, match=r"Administrators import a workspace\."):
            import_workspace(new, tmp_path / "all.zip")
