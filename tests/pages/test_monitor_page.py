"""Monitor: off until it is turned on, limits that are checked, a status shown from its file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from automl_core.monitoring import log
from automl_core.monitoring.check import status_file
from automl_core.monitoring.drift import drift_file
from automl_core.monitoring.settings import Settings, save_settings, settings_of
from automl_core.monitoring.summary import Seen
from automl_core.registry.store import MODEL, Registered, create_registered
from automl_core.workspace import ProjectFolder, write_json
from tests.monitoring.test_summary import STATUS, TOTAL
from tests.pages.conftest import Jobs, assert_clean, open_page, two_sheets
from tests.pages.test_drift_page import REPORT
from tests.pages.test_models_page import shop  # noqa: F401 - a fixture
from tests.registry.conftest import a_version


def test_without_a_version_the_page_says_what_comes_first(project: ProjectFolder):
    app = open_page("monitor", project=project.id)
    assert any("No version is in use yet" in info.value for info in app.info)


def test_the_log_is_turned_on_by_a_person(project: ProjectFolder, shop: Registered):  # noqa: F811
    app = open_page("monitor", project=project.id)
    assert any("Nothing is logged." in info.value for info in app.info)
    app.toggle(key=f"monitor_on_{shop.id}").set_value(True).run()
    app.text_input(key=f"monitor_webhook_{shop.id}").set_value("ftp://x").run()
    app.button(key=f"monitor_save_{shop.id}").click().run()
    assert "cannot be a webhook" in app.error[0].value
    app.text_input(key=f"monitor_webhook_{shop.id}").set_value("").run()
    app.text_input(key=f"monitor_key_{shop.id}").set_value("id").run()
    app.number_input(key=f"monitor_p95_{shop.id}").set_value(250.0).run()
    app.button(key=f"monitor_save_{shop.id}").click().run()
    assert_clean(app)
    found = settings_of(shop)
    assert (found.on, found.key, found.limits.p95_ms, found.limits.errors) == (True, "id", 250.0, 0.05)


def test_a_webhook_is_tried_from_the_form(project: ProjectFolder, shop: Registered):  # noqa: F811
    app = open_page("monitor", project=project.id)
    assert not [button for button in app.button if button.label == "Send a test"]
    app.text_input(key=f"monitor_webhook_{shop.id}").set_value("http://10.1.2.3/hook").run()
    app.button(key=f"monitor_webhook_try_{shop.id}").click().run()
    assert "is inside of this network" in app.error[0].value
    assert_clean(app)


def test_a_status_is_shown_and_a_look_is_a_job(project: ProjectFolder, shop: Registered, jobs: Jobs):  # noqa: F811
    save_settings(shop, Settings(on=True))
    periods = (replace(TOTAL, start=0.0), replace(TOTAL, start=86_400.0, rows=50, performance=0.8, labelled=40))
    status = replace(
        STATUS, total=replace(TOTAL, performance=0.8), periods=periods, drift=Seen("act", "Age moved.", ("Age: up.",))
    )
    write_json(status_file(shop), status.to_dict())
    app = open_page("monitor", project=project.id)
    values = {metric.label: metric.value for metric in app.metric}
    assert values["Rows predicted"] == "100" and values["ROC AUC, true"] == "0.8"
    app.button(key="monitor_look").click().run()
    assert jobs.submitted[-1][1:] == ("monitor", {"model": shop.id, "days": 30, "chunking": "day"})


def test_labels_are_taken_from_the_sheet_that_is_chosen(
    project: ProjectFolder,
    shop: Registered,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
):
    """Regression: a file of labels was read as text, so that a workbook was refused."""
    save_settings(shop, Settings(on=True, key="id"))
    write_json(status_file(shop), STATUS.to_dict())
    added = []
    monkeypatch.setattr(log, "add_labels", lambda *given: added.append(given) or log.Labelled(1, 1))
    app = open_page("monitor", project=project.id)
    app.file_uploader(key="monitor_labels_0").upload("labels.xlsx", two_sheets(("id", "outcome"), (7, "left"))).run()
    next(box for box in app.selectbox if box.key.startswith("monitor_sheet_")).set_value("June").run()
    assert_clean(app)
    app.button(key="monitor_labels_add").click().run()
    ((registered, frame, key, truth),) = added
    assert (registered.id, key, truth) == (shop.id, "id", "outcome")
    assert frame.to_dict("list") == {"id": ["7"], "outcome": ["left"]}


def test_the_log_of_a_service_is_read_where_it_lies(project: ProjectFolder, shop: Registered, tmp_path):  # noqa: F811
    app = open_page("monitor", project=project.id)
    services = app.multiselect(key=f"monitor_services_{shop.id}")
    services.set_value([str(tmp_path / "logs")]).run()
    app.button(key=f"monitor_save_{shop.id}").click().run()
    assert "holds no log" in app.error[0].value
    (tmp_path / "logs" / "log").mkdir(parents=True)
    app.button(key=f"monitor_save_{shop.id}").click().run()
    assert_clean(app)
    assert settings_of(shop).services == (str(tmp_path / "logs"),)
    assert any("Look now" in button.label for button in app.button)


def test_drift_in_use_is_shown_here_and_in_full_on_its_page(project: ProjectFolder, run_folder, tmp_path):
    registered = create_registered(project, "shop")
    (tmp_path / "1.zip").write_text("model")
    lineage = {**a_version().lineage, "run": run_folder.name, "candidate": "lightgbm"}
    registered.add(a_version(lineage=lineage), {MODEL: tmp_path / "1.zip"})
    save_settings(registered, Settings(on=True))
    write_json(status_file(registered), replace(STATUS, version=1, drift=Seen.of(REPORT)).to_dict())
    write_json(drift_file(registered), {"format": 1, "stamp": {"version": 1}, "report": REPORT.to_dict()})
    app = open_page("monitor", project=project.id)
    assert_clean(app)
    assert "'age' moved" in app.error[0].value.replace("\\", "")
    assert app.segmented_control(key=f"monitor_drift_{registered.id}_line").value == "ROC AUC"
    table = next(entry.value for entry in app.dataframe if "Verdict" in entry.value.columns)
    assert table["ROC AUC, estimated"].tolist()[0] == 0.8 and table["Period"].tolist() == ["2024-01", "2024-02"]
    link = next(link for link in app.get("page_link") if link.proto.label == "Every column (2)")
    assert f"run={run_folder.name}" in link.proto.query_string and "model=lightgbm" in link.proto.query_string
    page = open_page("drift", project=project.id, run=run_folder.name, model="lightgbm")
    assert_clean(page)
    assert page.error[0].value == app.error[0].value
    assert any("Columns" in entry.value for entry in page.subheader)
