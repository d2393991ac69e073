"""Where models are fitted is asked only where a cluster is named, and what does not answer is said before anything starts."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from automl_core.data.dataset import Dataset
from automl_core.workspace import ProjectFolder
from tests.pages.conftest import Jobs, assert_clean, open_page


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Something that answers, as a cluster's head would."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        monkeypatch.setenv("AUTOML_RAY_ADDRESS", address)
        yield address


def test_without_a_cluster_nothing_is_asked(
    project: ProjectFolder, table: Dataset, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AUTOML_RAY_ADDRESS", raising=False)
    app = open_page("compare", project=project.id, dataset=table.id)
    app.selectbox(key="compare_target").set_value("bought").run()
    assert "compare_or_here" not in [box.key for box in app.checkbox]
    app.button(key="compare_start").click().run()
    ((_, _, params),) = jobs.submitted
    assert params["place"] == {"cluster": "", "or_here": False}


def test_a_run_goes_to_the_cluster_or_stays_here(project: ProjectFolder, table: Dataset, jobs: Jobs, cluster: str) -> None:
    app = open_page("compare", project=project.id, dataset=table.id)
    app.selectbox(key="compare_target").set_value("bought").run()
    app.button(key="compare_start").click().run()
    assert_clean(app)
    assert jobs.submitted[0][2]["place"] == {"cluster": cluster, "or_here": False}
    app = open_page("compare", project=project.id, dataset=table.id)
    app.selectbox(key="compare_target").set_value("bought").run()
    app.segmented_control(key="compare_place").set_value("here").run()
    assert app.checkbox(key="compare_or_here").disabled
    app.button(key="compare_start").click().run()
    assert jobs.submitted[1][2]["place"] == {"cluster": "", "or_here": False}


def test_a_cluster_that_does_not_answer_starts_nothing_unless_this_machine_is_allowed(
    project: ProjectFolder, table: Dataset, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    monkeypatch.setenv("AUTOML_RAY_ADDRESS", address)
    app = open_page("compare", project=project.id, dataset=table.id)
    app.selectbox(key="compare_target").set_value("bought").run()
    app.button(key="compare_start").click().run()
    assert app.error[0].value.replace("\\", "").startswith(f"The cluster at {address} cannot be reached: Connection refused.")
    assert not jobs.submitted
    app.checkbox(key="compare_or_here").check().run()
    app.button(key="compare_start").click().run()
    assert jobs.submitted[0][2]["place"] == {"cluster": address, "or_here": True}
