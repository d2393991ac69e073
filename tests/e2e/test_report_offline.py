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
        # A long label in the words below a chart once made the whole page wider than a telephone.
        page.eval_on_selector_all("figcaption, p", "texts => texts.forEach(text => text.prepend('ö'.repeat(200)))")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        # The column of meanings was so narrow on a narrow page that every row was a screen high, and looked empty.
        assert page.eval_on_selector_all(".scroll tr", "rows => Math.max(...rows.map(row => row.offsetHeight))") < 160
        page.locator("figcaption a").first.click()
        assert page.url.endswith("#table-1")
        page.goto(write_card(run.path, "ensemble", tmp_path / "card.html").as_uri())
        assert page.locator("h2").first.inner_text() == "What it is for"
    finally:
        context.close()


def test_a_printed_report_breaks_no_number(browser: Browser, make_run: MakeRun, tmp_path: Path) -> None:
    """On paper 0.8506 stood as 0.850 with a 6 below it, and "skipped" as "skip" and "ped"."""
    run = make_run("binary")
    result = evaluate(load_model(bundle(run, "ensemble")), run.holdout(), rows="held-out")
    write_json(run.evaluation("ensemble"), result.to_dict())
    context = browser.new_context(offline=True, viewport={"width": 688, "height": 1000})  # A4 without its margins
    try:
        page = context.new_page()
        page.goto(write_report(run.path, "ensemble", tmp_path / "report.html").as_uri())
        page.emulate_media(media="print")
        lines = page.eval_on_selector_all(
            ".scroll td.n",
            """cells => cells.map(cell => {
                const range = document.createRange(); range.selectNodeContents(cell);
                return [cell.innerText, new Set([...range.getClientRects()].map(box => Math.round(box.top))).size];
            })""",
        )
        assert len(lines) > 100
        assert [text for text, count in lines if " " not in text.strip() and count > 1] == []
        # Heads stand on every page of a long table.
        assert page.locator("tr:has(> th + th)").count() == page.locator("thead > tr").count() > 5
    finally:
        context.close()
