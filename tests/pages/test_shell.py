"""The shell: ids in the URL, guards, error display, the sidebar's list of jobs."""

from __future__ import annotations

import importlib
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit import config as streamlit_config
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.state import SafeSessionState, SessionState
from streamlit.runtime.state.common import WidgetMetadata
from streamlit.testing.v1 import AppTest

from automl_core.data.dataset import Dataset
from automl_core.events import Event, Progress
from automl_core.workspace import ProjectFolder, Workspace, read_json, write_json
from pages.shared import caches, host, job_state, state
from pages.shared.pagelist import PAGES, ROOT
from tests.pages.conftest import Jobs, assert_clean, open_app, open_page

NEED = {
    "upload": None,
    "compare": "No project is open. Start with a sample or a file of your own.",
    "explain": "No project is open. Start with a sample or a file of your own.",
    "predict": "No project is open. Start with a sample or a file of your own.",
}


@pytest.mark.parametrize("page", NEED)
def test_every_page_says_what_comes_first_without_a_project(page: str) -> None:
    app = open_page(page)
    assert [info.value for info in app.info] == ([NEED[page]] if NEED[page] else [])
    assert len(app.page_link) == (1 if NEED[page] else 0)


def test_every_listed_page_has_its_script_one_folder_below_pages() -> None:
    """Flat pages would switch Streamlit's old automatic pages on."""
    for page in PAGES.values():
        assert page.script.count("/") == 2
        assert page.script.startswith("pages/")
    assert PAGES["projects"].ready
    assert not list((ROOT / "pages").glob("*.py"))


def test_a_link_opens_what_it_names(project: ProjectFolder, table: Dataset) -> None:
    app = open_page("compare", project=project.id, dataset=table.id)
    assert app.selectbox(key="compare_target").options == ["age", "city", "bought"]


def test_ids_survive_a_page_change_that_drops_the_parameters(project: ProjectFolder, table: Dataset) -> None:
    """A click in the sidebar's navigation brings a URL without parameters; the session's copy fills it again."""
    app = open_page("upload", project=project.id, dataset=table.id)
    app.switch_page("pages/compare/page.py")
    app.query_params.clear()
    app.run()
    assert_clean(app)
    assert app.query_params["project"] == project.id
    assert app.query_params["dataset"] == table.id


def test_the_first_page_keeps_only_what_can_be_serialized(project: ProjectFolder) -> None:
    """The switch of the config file is on in the app; see `conftest.jobs` for why only here among the tests."""
    streamlit_config.set_option("runner.enforceSerializableSessionState", True)
    assert_clean(open_app(project=project.id))


def test_two_tabs_differ(workspace: Workspace, project: ProjectFolder) -> None:
    from automl_core.projects import create_project

    other = create_project(workspace, "Garden").id
    first, second = open_app(project=project.id), open_app(project=other)
    first.run()
    second.run()
    assert first.query_params["project"] == project.id
    assert second.query_params["project"] == other


def test_a_link_to_another_project_brings_nothing_of_the_old_one(
    workspace: Workspace, project: ProjectFolder, table: Dataset
) -> None:
    from automl_core.projects import create_project

    other = create_project(workspace, "Garden").id
    app = open_page("upload", project=project.id, dataset=table.id)
    app.query_params.clear()
    app.query_params["project"] = other
    app.run()
    assert app.session_state["id_dataset"] == ""


def test_choosing_upstream_clears_downstream() -> None:
    def script() -> None:
        from pages.shared import state

        state.choose(project="p", dataset="d", run="r", model="m")
        state.choose(dataset="d")
        assert state.ids() == {"project": "p", "dataset": "d", "run": "r", "model": "m"}
        assert state.after(dataset="other") == {"project": "p", "dataset": "other"}
        state.choose(run="s")
        assert state.ids() == {"project": "p", "dataset": "d", "run": "s"}

    app = AppTest.from_function(script).run()
    assert not app.exception
    assert app.query_params == {"project": "p", "dataset": "d", "run": "s"}


@pytest.mark.parametrize("bad", ["../../etc", "pr261123-abcdefgh"])
def test_a_link_to_nothing_is_explained(bad: str) -> None:
    app = open_page("compare", project=bad)
    texts = [entry.value for entry in (*app.error, *app.info)]
    assert any("is no id of this workspace" in text or "no longer in the workspace" in text for text in texts)


def test_a_persons_error_is_shown_in_its_own_words_and_markup_stays_text() -> None:
    def script() -> None:
        from automl_core.errors import InputError
        from pages.shared import errors

        with errors.shown() as outcome:
            raise InputError("There is no column '<b>*x*'.", "It needs one.", "Choose another.")
        assert outcome.failed

    app = AppTest.from_function(script).run()
    assert not app.exception
    assert app.error[0].value == "There is no column '\\<b\\>\\*x\\*'. It needs one.\n\n**Choose another.**"


def test_a_defect_is_logged_with_the_id_that_is_shown(workspace: Workspace) -> None:
    def script() -> None:
        from pages.shared import errors

        with errors.shown():
            raise ValueError("secret detail")

    app = AppTest.from_function(script).run()
    assert "secret detail" not in app.error[0].value
    log = next(workspace.logs.glob("*.log")).read_text()
    log_id = app.error[0].value.split("under ")[1].split(".")[0]
    assert log_id in log
    assert "secret detail" in log


def test_what_runs_shows_on_every_page_and_can_be_stopped(
    workspace: Workspace, project: ProjectFolder, jobs: Jobs, emit: Callable[[Path, Event], None]
) -> None:
    job_id = jobs.submit(workspace, project.id, "profile", {"dataset": "ds261123-abcdefgh"})
    jobs.states[job_id] = "running"
    emit(project.job(job_id), Progress(0.25, "Looking at every column", 200.0))
    app = open_app()
    assert app.progress[0].value == 25
    assert app.progress[0].text.startswith("Exploring a table: Looking at every column, 3 min left")
    app.button(key=f"sidebar_stop_{job_id}").click().run()
    assert jobs.stopped == [job_id]
    assert not app.progress


@pytest.mark.parametrize(
    ("seconds", "words"), [(-3, "0 s"), (8.4, "8 s"), (89, "89 s"), (120, "2 min"), (5000, "83 min"), (9000, "2 h 30 min")]
)
def test_time_left_reads_as_people_say_it(seconds: float, words: str) -> None:
    assert job_state.duration(seconds) == words


def test_what_other_pages_need_is_loaded_once_the_first_one_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    done = threading.Event()

    def load(name: str) -> object:
        loaded.append(name)
        if name == "plotly.graph_objects" and len(loaded) > 1:
            done.set()
            raise ImportError(name)  # is logged, and no page breaks
        return object()

    monkeypatch.setattr(host, "import_module", load)
    host._load_once.clear()
    assert_clean(open_app())
    assert done.wait(10)
    assert loaded == [*host.AHEAD, "plotly.graph_objects"]
    monkeypatch.undo()
    for name in host.AHEAD:
        importlib.import_module(name)


def test_charts_and_rules_need_no_loading_afterwards() -> None:
    code = (
        "import sys; from pages.shared import host; host._load();"
        "print(*(name in sys.modules for name in ('plotly.graph_objs._bar', 'pandera', 'lark', 'sklearn', 'lightgbm')))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "True", "False", "False"]


def test_what_was_imported_is_out_of_the_collectors_sight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit collects after every run, which took 120 ms of each click."""
    frozen: list[str] = []
    monkeypatch.setattr(host, "_SPARED", {"modules": 0})
    monkeypatch.setattr(host, "load_ahead", lambda: None)
    monkeypatch.setattr(host.gc, "freeze", lambda: frozen.append("frozen"))
    open_app()
    assert frozen == ["frozen"]
    open_app()
    assert frozen == ["frozen"]  # little was imported since


def test_a_browser_that_outlives_the_server_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: after a restart, a page with an opened step ended in an error of Streamlit's."""
    session = SessionState()
    for widget_id in ("$$ID-1-gone", "$$ID-2-drawn"):
        session._new_widget_state.set_widget_from_proto(WidgetState(id=widget_id, bool_value=True))
    metadata = WidgetMetadata("$$ID-2-drawn", lambda value: value, lambda value: value, "bool_value")
    session._new_widget_state.set_widget_metadata(metadata)
    with pytest.raises(KeyError, match="gone"):
        session._check_serializable()
    context = SimpleNamespace(session_state=SafeSessionState(session, lambda: None))
    monkeypatch.setattr(state, "get_script_run_ctx", lambda: context)
    state.forget_strangers()
    session._check_serializable()
    assert list(session._new_widget_state) == ["$$ID-2-drawn"]


def test_a_tables_description_is_read_once_until_it_is_written_anew(project: ProjectFolder, table: Dataset) -> None:
    """Regression: every click read it twice, and of a wide table that is long."""
    known = caches.dataset(project.id, table.id)
    assert known == table and caches.dataset(project.id, table.id) is known
    write_json(table.folder / "dataset.json", {**read_json(table.folder / "dataset.json"), "name": "patrons"})
    assert caches.dataset(project.id, table.id).name == "patrons"
