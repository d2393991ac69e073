"""The log of who did what: appended, sealed, readable after a crash, and free of secrets."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from automl_core.errors import InputError
from automl_core.monitoring.settings import Settings, save_settings
from automl_core.people import audit
from automl_core.people.audit import Check, Entry, check, entries, record, recorded
from automl_core.people.person import Person, acting_as
from automl_core.projects import create_project
from automl_core.registry.store import create_registered
from automl_core.workspace import Workspace

ADA = Person("ada@example.org", "Ada")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def test_an_act_is_written_down(workspace, monkeypatch):
    monkeypatch.setattr(audit.time, "time", lambda: 12.5)
    with acting_as(ADA):
        record(workspace, "shared", project="pr1", what="ben@example.org", detail="viewer")
    assert entries(workspace) == [Entry(12.5, "ada@example.org", "shared", "pr1", "ben@example.org", "viewer", "done")]


def test_what_fails_is_written_down_with_its_reason(workspace):
    with pytest.raises(InputError), recorded(workspace, "renamed", project="pr1"):
        raise InputError("The name is empty.", action="Type one.")
    assert [(entry.action, entry.outcome, entry.detail) for entry in entries(workspace)] == [
        ("renamed", "failed", "The name is empty.")
    ]


def test_every_line_is_sealed_with_the_one_before(workspace):
    for number in range(5):
        record(workspace, "noted", what=str(number))
    assert check(workspace) == Check(5, ())
    lines = workspace.audit.read_text().splitlines()
    changed = json.loads(lines[2])
    changed["who"] = "somebody@example.org"
    workspace.audit.write_text("\n".join([*lines[:2], json.dumps(changed), *lines[3:]]) + "\n")
    assert check(workspace) == Check(5, (3,))
    workspace.audit.write_text("\n".join([*lines[:2], *lines[3:]]) + "\n")
    assert check(workspace) == Check(4, (3,))


def test_a_line_that_a_crash_cut_costs_only_itself(workspace):
    record(workspace, "noted", what="first")
    with open(workspace.audit, "a") as file:
        file.write('{"time": 1, "who"')
    record(workspace, "noted", what="second")
    assert [entry.what for entry in entries(workspace)] == ["second", "first"]
    assert check(workspace) == Check(2, (2,))


def test_several_at_once_keep_the_chain(workspace):
    threads = [threading.Thread(target=lambda: [record(workspace, "noted") for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert check(workspace) == Check(80, ())


def test_only_the_newest_are_read(workspace):
    for number in range(50):
        record(workspace, "noted", what=str(number))
    found = entries(workspace, newest=2000)
    assert found[0].what == "49"
    assert 3 < len(found) < 12


def test_a_log_that_cannot_be_written_is_told_in_the_error_log(workspace):
    workspace.audit.mkdir()
    record(workspace, "noted")
    (log,) = workspace.logs.iterdir()
    assert "IsADirectoryError" in log.read_text()


def test_a_secret_of_the_settings_is_not_in_it(workspace):
    folder = workspace.project(create_project(workspace, "Shop").id)
    registered = create_registered(folder, "shop")
    save_settings(registered, Settings(on=True, webhook="https://hooks.example.org/T0KEN-s3cret"))
    text = workspace.audit.read_text()
    assert '"monitoring"' in text
    assert "s3cret" not in text


def test_every_act_has_its_words():
    assert set(audit.ACTIONS.values()) and all(words[0].isupper() for words in audit.ACTIONS.values())
    assert len(set(audit.ACTIONS.values())) == len(audit.ACTIONS)
