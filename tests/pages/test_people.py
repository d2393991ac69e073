"""Two persons at one installation: who comes in, what each sees, what a viewer may not press."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from automl_core.cleaning.rules import Rule, save_rules
from automl_core.cleaning.store import load_history
from automl_core.data.dataset import Dataset, create_dataset
from automl_core.errors import AccessError, LimitError
from automl_core.people import access, audit, limits, person
from automl_core.people.person import Person, acting_as
from automl_core.people.settings import Settings, save_settings
from automl_core.projects import create_project
from automl_core.workspace import ProjectFolder, Workspace, new_id
from pages.shared import people, uploads
from tests.pages.conftest import assert_clean, open_app, open_page

ADA, BEN = "ada@example.org", "ben@example.org"
Enter = Callable[..., None]


@pytest.fixture
def enter(monkeypatch: pytest.MonkeyPatch, workspace: Workspace) -> Iterator[Enter]:
    """Return what lets the pages be looked at by somebody, as the provider would: enter(email=...)."""
    save_settings(workspace, Settings(allowed=("@example.org",), administrators=("chief@example.org",)))
    monkeypatch.setattr(people, "configured", lambda: True)
    before = person._identify

    def come(**claims: object) -> None:
        monkeypatch.setattr(people, "claims", lambda: {"is_logged_in": bool(claims), **claims})

    yield come
    person.identify(before)


def texts(app: AppTest) -> str:
    return "\n".join(str(part.value) for kind in ("title", "markdown", "caption", "error", "info") for part in app.get(kind))


def test_a_stranger_is_asked_to_sign_in_and_sees_nothing_else(
    enter: Enter, project: ProjectFolder, table: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people.st, "secrets", {"auth": {"client_id": "x", "google": {"client_id": "y"}}})
    enter()
    app = open_app(project=project.id, dataset=table.id)
    assert not app.exception
    assert [button.label for button in app.button] == ["Sign in", "Sign in with Google"]
    assert texts(app) == "Tablewright\nSign in to see your projects and those that are shared with you."


@pytest.mark.parametrize(
    ("claims", "sentence"),
    [
        ({"email": "eve@elsewhere.org"}, "eve@elsewhere.org may not use this installation."),
        ({"email": ADA, "email_verified": False}, "The provider has not verified that ada@example.org is yours."),
        ({"sub": "ada"}, "The provider did not say your e-mail address."),
    ],
)
def test_who_may_not_come_in_is_told_why(enter: Enter, workspace: Workspace, claims: dict[str, object], sentence: str) -> None:
    enter(**claims)
    app = open_app()
    assert sentence in app.error[0].value.replace("\\", "").replace("\u2060", "")
    assert [button.label for button in app.button] == ["Sign out"]
    assert [(entry.action, entry.who, entry.outcome) for entry in audit.entries(workspace)][:1] == [
        ("refused", str(claims.get("email") or claims["sub"]), "refused")
    ]


def test_each_sees_the_projects_that_are_theirs_or_shared(enter: Enter, workspace: Workspace) -> None:
    with acting_as(Person(ADA, "Ada")):
        shared = workspace.project(create_project(workspace, "Shop").id)
        create_project(workspace, "Secret")
        access.share(shared, BEN, "viewer")
    enter(email=BEN, name="Ben")
    app = open_app()
    assert_clean(app)
    assert "Secret" not in texts(app)
    assert "Belongs to ada@example.org; shared with you as viewer." in texts(app).replace("\\", "").replace("\u2060", "")
    for what in ("rename", "share", "delete"):
        button = app.button(key=f"projects_{what}_{shared.id}")
        assert button.disabled
        assert button.help == "This project is shared with you to look at, not to change."
    assert not app.button(key=f"projects_open_{shared.id}").disabled


PAGES = (
    "upload", "explore", "clean", "compare", "tune", "explain", "whatif", "predict",
    "models", "drift", "monitor", "automate",
)  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_another_persons_project_by_its_address_gives_a_sentence_and_nothing_else(
    enter: Enter, project: ProjectFolder, table: Dataset, run_folder: Path, page: str
) -> None:
    enter(email=BEN)
    app = open_page(page, project=project.id, dataset=table.id, run=run_folder.name)
    assert [error.value.replace("\\", "").replace("\u2060", "") for error in app.error] == [
        "There is no such project, or it is not shared with you.\n\n**Ask its owner to share it with ben@example.org.**"
    ]
    for secret in ("Shop", "customers", "LightGBM", "bought"):
        assert secret not in texts(app)
    assert not app.dataframe
    assert not app.get("file_uploader")


@pytest.mark.parametrize("page", PAGES)
def test_a_viewer_looks_and_every_page_says_so(
    enter: Enter, project: ProjectFolder, table: Dataset, run_folder: Path, page: str
) -> None:
    access.give(project, ADA)
    access.share(project, BEN, "viewer")
    enter(email=BEN)
    app = open_page(page, project=project.id, dataset=table.id, run=run_folder.name)
    assert any("to look at, not to change" in caption.value for caption in app.caption)
    pressable = {button.key.split("_")[0] for button in app.button if not button.disabled and button.key}
    assert pressable <= {"account", "next", "upload", "compare", "explain", "whatif", "clean"}, pressable


def test_the_start_button_is_off_for_a_viewer_and_on_for_an_editor(enter: Enter, project: ProjectFolder, table: Dataset) -> None:
    access.give(project, ADA)
    for role, off in (("viewer", True), ("editor", False)):
        access.share(project, BEN, role)
        enter(email=BEN)
        app = open_page("compare", project=project.id, dataset=table.id)
        app.selectbox(key="compare_target").set_value("bought").run()
        assert app.button(key="compare_start").disabled is off


def test_a_viewer_changes_no_rule_and_copies_no_recipe_into_a_table_to_look_at(
    enter: Enter, project: ProjectFolder, table: Dataset, tmp_path: Path
) -> None:
    """Both could be pressed, and the core's refusal came as a fault."""
    save_rules(table.folder, [Rule("filled", "age", id="r1")])
    other = create_dataset(project.dataset(new_id("ds")), tmp_path / "customers.csv", "more")
    with acting_as(Person(BEN, "Ben")):
        own = create_dataset(
            ProjectFolder(project.path.parent / create_project(project.workspace, "Ben's").id).dataset(new_id("ds")),
            tmp_path / "customers.csv", "mine",
        )  # fmt: skip
    access.give(project, ADA)
    access.share(project, BEN, "viewer")
    enter(email=BEN)
    app = open_page("clean", project=project.id, dataset=table.id)
    app.segmented_control(key="clean_view").set_value("rules").run()
    choice = app.selectbox(key="clean_rule_action_r1_warn")
    assert (choice.disabled, choice.help) == (True, "This project is shared with you to look at, not to change.")
    app.segmented_control(key="clean_view").set_value("history").run()
    for name, off in (("Shop: more", True), ("Ben's: mine", False)):
        app.selectbox(key="clean_copy_to").set_value(name).run()
        assert app.button(key="clean_copy").disabled is off
    app.button(key="clean_copy").click().run()
    assert_clean(app)
    assert load_history(own.folder) is not None and load_history(other.folder) is None


@pytest.mark.parametrize("page", ["upload", "predict", "drift"])
def test_a_viewer_can_bring_no_file(enter: Enter, project: ProjectFolder, table: Dataset, run_folder: Path, page: str) -> None:
    access.give(project, ADA)
    for role, off in (("viewer", True), ("editor", False)):
        access.share(project, BEN, role)
        enter(email=BEN)
        app = open_page(page, project=project.id, dataset=table.id, run=run_folder.name)
        assert {one.proto.disabled for one in app.get("file_uploader")} == {off}


def test_a_viewers_file_is_refused_before_it_is_written(enter: Enter, project: ProjectFolder) -> None:
    access.give(project, ADA)
    access.share(project, BEN, "viewer")
    with acting_as(Person(BEN, "Ben")), pytest.raises(AccessError, match="to look at, not to change"):
        uploads.keep_upload(project, io.BytesIO(b"a,b\n1,2\n"), "predict")
    assert not (project.path / "uploads").exists()


def test_a_file_for_a_job_that_may_not_start_is_refused_before_it_is_written(
    workspace: Workspace, project: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stayed in the project when the space was full or the person had too many jobs."""
    monkeypatch.setattr(limits, "BELIEVED", 0.0)
    monkeypatch.setattr(limits, "folder_size", lambda path: 100 * 2**30)
    with pytest.raises(LimitError):
        uploads.keep_upload(project, io.BytesIO(b"a,b\n1,2\n"), "predict")
    assert not (project.path / "uploads").exists()


def test_the_owner_is_shown_with_whom_a_project_is_shared(enter: Enter, project: ProjectFolder) -> None:
    access.give(project, ADA)
    access.share(project, BEN, "editor")
    enter(email=ADA)
    app = open_app()
    assert "Yours, shared with 1 person." in texts(app)
    app.button(key=f"projects_share_{project.id}").click().run()
    assert_clean(app)
    assert "ben@example.org, editor" in texts(app).replace("\u2060", "")
    assert app.button(key=f"projects_unshare_{BEN}").label == "Take back"


def test_a_sign_in_is_written_down_once_a_session(enter: Enter, workspace: Workspace) -> None:
    enter(email=ADA)
    app = open_app()
    app.run()
    app.run()
    assert [(entry.who, entry.action) for entry in audit.entries(workspace) if entry.action == "signed-in"] == [
        (ADA, "signed-in")
    ]


def test_a_workspace_that_knows_people_does_not_open_without_sign_in(enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets that were forgotten at a move must not let everybody be the machine's owner."""
    monkeypatch.setattr(people, "configured", lambda: False)
    app = open_app()
    assert "sign-in is not set up" in app.error[0].value
    assert not app.button


def test_the_app_listens_to_this_machine_only(monkeypatch: pytest.MonkeyPatch, workspace: Workspace) -> None:
    option = people.st.get_option
    monkeypatch.setattr(people.st, "get_option", lambda name: "0.0.0.0" if name == "server.address" else option(name))
    app = open_app()
    assert "told to listen on 0.0.0.0, and nobody has to sign in." in app.error[0].value.replace("\\", "")
    assert len(app.get("markdown")) == 0
    monkeypatch.setenv("AUTOML_OPEN", "yes")
    assert_clean(open_app())


def test_a_job_of_another_person_is_not_in_the_sidebar(enter: Enter, project: ProjectFolder, jobs: object) -> None:
    job_id = jobs.submit(Workspace.default(), project.id, "profile", {})  # type: ignore[attr-defined]
    enter(email=BEN)
    assert "Exploring" not in texts(open_app())
    enter(email="chief@example.org")
    assert any(job_id in str(button.key) for button in open_app().button)


def test_an_id_that_is_none_is_told_the_same(enter: Enter) -> None:
    enter(email=BEN)
    app = open_page("compare", project=new_id("pr"))
    assert "There is no such project, or it is not shared with you." in app.error[0].value
