"""Whose a project is, who may do what with it, and that the core asks before anything is changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from automl_core.cleaning.recipe import History, Recipe
from automl_core.cleaning.store import save_history
from automl_core.errors import AccessError, FormatError, InputError
from automl_core.jobs import control
from automl_core.jobs.job import Job
from automl_core.people import access, audit
from automl_core.people.access import Sharing, decide
from automl_core.people.person import Person, acting, acting_as, address_of, user
from automl_core.projects import create_project, delete_project, list_projects, load_project, rename_project
from automl_core.registry.store import create_registered
from automl_core.runs import write_request
from automl_core.workspace import ProjectFolder, Workspace, new_id, project_of, read_json, write_json

ADA, BEN, EVE = (Person(f"{name}@example.org", name.title()) for name in ("ada", "ben", "eve"))
CHIEF = Person("chief@example.org", "Chief", everywhere=True)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


@pytest.fixture
def shop(workspace: Workspace) -> ProjectFolder:
    """A project of Ada's, with Ben as viewer."""
    with acting_as(ADA):
        made = workspace.project(create_project(workspace, "Shop").id)
        access.share(made, "Ben@Example.org ", "viewer")
    return made


def test_without_sign_in_the_machines_owner_is_at_work():
    assert acting() == Person(user(), user(), everywhere=True)


@pytest.mark.parametrize(
    ("person", "may"),
    [(ADA, "see change own"), (BEN, "see"), (EVE, ""), (CHIEF, "see change own"), (Person("ed@example.org", "Ed"), "see change")],
)
def test_what_each_role_may_do(person, may):
    sharing = Sharing(ADA.id, {BEN.id: "viewer", "ed@example.org": "editor"})
    assert " ".join(act for act in ("see", "change", "own") if decide(person, sharing, act).value) == may


def test_a_project_of_nobody_is_seen_only_by_those_who_may_go_everywhere():
    assert not decide(Person("", ""), Sharing(), "see").value
    assert decide(CHIEF, Sharing(), "own").value


def test_a_project_belongs_to_who_made_it(workspace, shop):
    assert read_json(shop.sharing) == {"format": 1, "owner": "ada@example.org", "members": {"ben@example.org": "viewer"}}
    seen = {}
    for person in (ADA, BEN, EVE, CHIEF):
        with acting_as(person):
            seen[person.name] = [project.name for project in list_projects(workspace)]
    assert seen == {"Ada": ["Shop"], "Ben": ["Shop"], "Eve": [], "Chief": ["Shop"]}


def test_another_persons_project_and_one_that_is_not_there_are_told_the_same(workspace, shop):
    for project_id in (shop.id, new_id("pr")):
        with acting_as(EVE), pytest.raises(AccessError) as caught:
            load_project(workspace, project_id)
        assert str(caught.value) == (
            "There is no such project, or it is not shared with you. Ask its owner to share it with eve@example.org."
        )


def test_a_viewer_changes_nothing_whatever_is_called(workspace, shop):
    """Every writing function of the core that a page calls asks first, so a control that was forgotten does no harm."""
    run = shop.run(new_id("rn"))
    write_request(run, "train", {})
    (run / "queued").touch()
    before = {path: path.read_bytes() for path in shop.path.rglob("*") if path.is_file()}
    with acting_as(BEN):
        for attempt in (
            lambda: rename_project(workspace, shop.id, "Mine"),
            lambda: delete_project(workspace, shop.id),
            lambda: control.submit(workspace, shop.id, "profile", {}),
            lambda: control.stop(workspace, shop.id, run.name),
            lambda: save_history(shop.dataset(new_id("ds")), History(Recipe())),
            lambda: create_registered(shop, "shop"),
            lambda: access.share(shop, "eve@example.org", "viewer"),
            lambda: access.give(shop, "ben@example.org"),
        ):
            with pytest.raises(AccessError):
                attempt()
    after = {path: path.read_bytes() for path in shop.path.rglob("*") if path.is_file()}
    assert after == before
    refused = [entry for entry in audit.entries(workspace) if entry.outcome == "refused"]
    assert len(refused) == 8
    assert {(entry.who, entry.project) for entry in refused} == {("ben@example.org", shop.id)}


def test_the_viewer_is_told_whom_to_ask(workspace, shop):
    with acting_as(BEN), pytest.raises(AccessError) as caught:
        rename_project(workspace, shop.id, "Mine")
    assert str(caught.value) == ("This project is shared with you to look at, not to change. Ask ada@example.org for more.")


def test_an_editor_changes_but_does_not_give_away(workspace, shop):
    with acting_as(ADA):
        access.share(shop, BEN.id, "editor")
    with acting_as(BEN):
        assert rename_project(workspace, shop.id, "Ours").name == "Ours"
        with pytest.raises(AccessError, match=r"Only the owner of the project can do this\."):
            delete_project(workspace, shop.id)


def test_a_project_is_taken_back_and_given_away(shop):
    with acting_as(ADA):
        assert access.unshare(shop, BEN.id).members == {}
        assert access.give(shop, EVE.id) == Sharing(EVE.id, {ADA.id: "editor"})
    with acting_as(BEN):
        assert access.may(shop, "see").value is False


def test_the_owner_is_no_member(shop):
    with acting_as(ADA), pytest.raises(InputError, match="ada@example.org owns this project"):
        access.share(shop, ADA.id, "viewer")


def test_an_address_is_taken_as_a_page_shows_it():
    assert address_of(" Ada@\u2060Example.org ") == "ada@example.org"


@pytest.mark.parametrize("text", ["", "ada", "ada@", "a b@c", "ada@example.org,ben@example.org", "x" * 250 + "@e.org"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(InputError, match=r"is no e-mail address\."):
        address_of(text)


@pytest.mark.parametrize("data", [{}, [], {"format": 2, "owner": "eve@example.org", "members": {}},
                                  {"format": 1, "owner": "", "members": {"eve@example.org": "king"}}])  # fmt: skip
def test_a_damaged_sharing_file_opens_nothing(workspace, shop, data):
    write_json(shop.sharing, data)
    with acting_as(EVE):
        assert list_projects(workspace) == []
        with pytest.raises(FormatError, match=r"sharing\.json of the project"):
            load_project(workspace, shop.id)


def test_a_job_remembers_who_asked_for_it(workspace, shop, monkeypatch):
    monkeypatch.setattr(control.client, "ask", lambda *_: {})
    with acting_as(ADA):
        job_id = control.submit(workspace, shop.id, "profile", {})
    assert Job(shop.job(job_id)).by == "ada@example.org"


def test_a_path_says_its_project(shop, tmp_path):
    assert project_of(shop.run(new_id("rn")) / "models" / "x.zip") == shop
    assert project_of(tmp_path / "train" / "models") is None


def test_outside_of_projects_nobody_is_asked(tmp_path):
    with acting_as(EVE):
        save_history(tmp_path / "dataset", History(Recipe()))
    assert (tmp_path / "dataset" / "recipe.json").exists()
