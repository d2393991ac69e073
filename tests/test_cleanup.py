"""Old work: what the rule lets go, and what it never does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from automl_core.cleanup import DAY, Old, clean_up, old_work, rule
from automl_core.errors import AccessError
from automl_core.events import Finished, Started, append_event
from automl_core.people import access, audit
from automl_core.people.person import Person, acting_as
from automl_core.people.settings import Settings
from automl_core.projects import create_project
from automl_core.registry import store
from automl_core.runs import write_request
from automl_core.workspace import ProjectFolder, Workspace, write_json

NOW = 1_800_000_000.0
ADA, BEN = Person("ada@example.org", "Ada"), Person("ben@example.org", "Ben")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path)
    write_json(workspace.settings, Settings().changed("keep_days", 10).changed("keep_runs", 1).to_dict())
    return workspace


@pytest.fixture
def shop(workspace: Workspace) -> ProjectFolder:
    with acting_as(ADA):
        return workspace.project(create_project(workspace, "Shop").id)


def work(shop: ProjectFolder, name: str, days: float, *, active: bool = False, **params: object) -> str:
    """Make a job that ended so many days ago; ids begin with ``rn`` or ``jb``."""
    job_id = f"{name[:2]}261101-{name[2:]:a<8}"
    folder = shop.job(job_id)
    write_request(folder, "train" if name.startswith("rn") else "predict", dict(params))
    append_event(folder / "events.jsonl", Started(1))
    append_event(folder / "events.jsonl", Finished({}))
    if active:
        (folder / "queued").touch()
    for path in folder.iterdir():
        os.utime(path, (NOW - days * DAY, NOW - days * DAY))
    return job_id


def going(workspace: Workspace) -> list[str]:
    return [old.id for old in old_work(workspace, now=NOW)]


def test_what_is_old_can_go_and_what_is_new_stays(workspace, shop):
    work(shop, "rnnewest", 11)
    first, second = work(shop, "jbold", 30), work(shop, "rnold", 20)
    work(shop, "jbyoung", 9)
    assert going(workspace) == [first, second]


def test_the_newest_runs_stay_however_old_they_are(workspace, shop):
    work(shop, "rnone", 100)
    older = work(shop, "rntwo", 200)
    assert going(workspace) == [older]


def test_what_waits_or_works_stays(workspace, shop):
    work(shop, "jbwaits", 30, active=True)
    assert going(workspace) == []


def test_a_registered_run_and_what_it_came_from_stay(workspace, shop, monkeypatch):
    work(shop, "rnnewest", 11)
    parent = work(shop, "rnparent", 300)
    champion = work(shop, "rnchamp", 200, origin={"run": parent})
    loose = work(shop, "rnloose", 250)

    class Known:
        lineage = {"run": champion}

    model = store.create_registered(shop, "churn")
    monkeypatch.setattr(store.Registered, "versions", lambda self: [Known()] if self.folder == model.folder else [])
    assert going(workspace) == [loose]


def test_a_run_that_was_used_lately_stays(workspace, shop):
    work(shop, "rnnewest", 11)
    used, unused = work(shop, "rnused", 300), work(shop, "rnunused", 300)
    work(shop, "jbpredict", 3, run=used)
    old = work(shop, "jboldpred", 200, run=unused)
    assert sorted(going(workspace)) == sorted([unused, old])


def test_only_what_was_listed_goes_and_what_was_used_meanwhile_stays(workspace, shop):
    work(shop, "rnnewest", 11)
    one, two, three = work(shop, "rnone", 300), work(shop, "rntwo", 300), work(shop, "rnthree", 300)
    listed = [old for old in old_work(workspace, now=NOW) if old.id != three]
    work(shop, "jbpredict", 1, run=two)
    count, size = clean_up(workspace, listed, now=NOW)
    assert count == 1
    assert size > 100
    assert not shop.run(one).exists()
    assert shop.run(two).exists()
    assert shop.run(three).exists()
    assert (audit.entries(workspace)[0].action, audit.entries(workspace)[0].what) == ("cleaned", one)


def upload(shop: ProjectFolder, name: str, days: float) -> Path:
    """Put a file in place that was uploaded so many days ago."""
    path = shop.upload(f"up261101-{name:a<8}")
    path.parent.mkdir(exist_ok=True)
    path.write_text("a\n1\n")
    os.utime(path, (NOW - days * DAY, NOW - days * DAY))
    return path


def test_uploads_go_with_the_last_work_that_refers_to_them(workspace, shop):
    loose, young = upload(shop, "loose", 11), upload(shop, "young", 9)
    used, waited, past = upload(shop, "used", 50), upload(shop, "waited", 60), upload(shop, "past", 70)
    work(shop, "rnnewest", 11)
    work(shop, "jbused", 5, source=str(used))
    work(shop, "jbwaits", 40, active=True, source=str(waited))
    old = work(shop, "jbold", 65, source=str(past))
    found = old_work(workspace, now=NOW)
    assert [(one.id, one.kind, one.size) for one in found if one.kind == "upload"] == [
        (past.stem, "upload", 4), (loose.stem, "upload", 4),
    ]  # fmt: skip
    assert [one.id for one in found] == [past.stem, old, loose.stem]
    listed = [one for one in found if one.id != loose.stem]
    assert clean_up(workspace, listed, now=NOW)[0] == 2
    assert [path.exists() for path in (loose, young, used, waited, past)] == [True, True, True, True, False]
    assert {(entry.what, entry.detail) for entry in audit.entries(workspace) if entry.action == "cleaned"} == {
        (past.stem, "upload"), (old, "predict"),
    }  # fmt: skip
    assert clean_up(workspace, found, now=NOW)[0] == 1
    assert not loose.exists()


def test_an_upload_that_was_used_since_it_was_listed_stays(workspace, shop):
    kept = upload(shop, "kept", 30)
    listed = old_work(workspace, now=NOW)
    assert [one.id for one in listed] == [kept.stem]
    work(shop, "jbnow", 0, source=str(kept))
    assert clean_up(workspace, listed, now=NOW) == (0, 0)
    assert kept.exists()


def test_a_persons_list_holds_what_they_may_change(workspace, shop):
    work(shop, "rnnewest", 11)
    old = work(shop, "rnold", 20)
    access.share(shop, BEN.id, "viewer")
    with acting_as(BEN):
        assert going(workspace) == []
        assert clean_up(workspace, [Old(shop.id, old, "train", 0.0, 1)], now=NOW) == (0, 0)
    with acting_as(ADA):
        assert going(workspace) == [old]
    with acting_as(BEN), pytest.raises(AccessError):
        access.require(shop, "change")


def test_the_rule_names_its_numbers(workspace):
    assert rule(workspace).startswith("Runs and other work that ended more than 10 days ago can go.")
    assert "the newest 1 runs of each project" in rule(workspace)
