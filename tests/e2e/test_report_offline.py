"""A report opens in a browser that has no network: nothing is asked for, and everything is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from automl_core.evaluation.evaluate import evaluate
from automl_core.reporting import LIMIT, write_card, write_report
from automl_core.scoring.bundle import load_model
from automl_core.worker.candidates import bundle
from automl_core.workspace import write_json
from tests.conftest import MakeRun

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:matplotlib.*")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_a_report_opens_without_a_network(browser: Browser, make_run: MakeRun, tmp_path: Path, scheme: str, width: int) -> None:
    run = make_run("binary")
    result = evaluate(load_model(bundle(run, "ensemble")), run.holdout(), rows="held-out")
    write_json(run.evaluation("ensemble"), result.to_dict())
    page_file = write_report(run.path, "ensemble", tmp_path / "report.html")
    assert page_file.stat().st_size < LIMIT
    context = browser.new_context(offline=True, color_scheme=scheme, viewport={"width": width, "height": 900})
    try:
        page = context.new_page()
        asked: list[str] = []
        said: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.goto(page_file.as_uri())
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        assert said == []
        assert page.locator("h1").inner_text() == "outcome: Ensemble"
        charts = page.locator("figure svg")
        assert charts.count() == 8
        for place in range(charts.count()):
            box = charts.nth(place).bounding_box()
            assert box is not None and box["width"] > 150 and box["height"] > 60
        # Nothing stands beyond the page, also on a narrow one: wide tables scroll by themselves.
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        name = page.locator("tr.chosen td").nth(1)
        box = name.bounding_box()
        assert name.inner_text() == "Ensemble"
        assert box is not None and box["width"] > 90  # on a narrow page names once stood one letter below the other
        page.locator("figcaption a").first.click()
        assert page.url.endswith("#table-1")
        page.goto(write_card(run.path, "ensemble", tmp_path / "card.html").as_uri())
        assert page.locator("h2").first.inner_text() == "What it is for"
    finally:
        context.close()
