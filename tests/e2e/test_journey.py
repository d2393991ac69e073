"""The whole journey in a browser, as somebody walks it who has never seen the app; its screenshots are the README's."""

from __future__ import annotations

import csv
import os
import re
import time
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from pages.shared.pagelist import PAGES
from tests.e2e.conftest import Server, settle, shoot

BUDGET = "20"


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Titanic where the test tables are, a bundled sample otherwise; and its target."""
    folder = os.environ.get("AUTOML_TEST_DATA", "")
    if folder and (Path(folder) / "titanic.csv").exists():
        return Path(folder) / "titanic.csv", "Survived"
    from automl_core.data.samples import SAMPLES, write_sample

    sample = next(entry for entry in SAMPLES if entry.task == "binary")
    return write_sample(sample.id, tmp_path_factory.mktemp("sample") / "sample.csv"), sample.target


def choose(page: Page, label: str, text: str) -> None:
    """Choose in a select box by typing."""
    box = page.get_by_role("combobox", name=re.compile(re.escape(label)))
    box.click()
    box.fill(text)
    page.get_by_role("option", name=re.compile(rf"^{re.escape(text)}")).first.click()
    settle(page)


def go(page: Page, name: str) -> None:
    """Open a page from the sidebar."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=re.compile(name)).click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    settle(page)


def test_the_journey(page: Page, server: Server, table: tuple[Path, str], tmp_path: Path) -> None:
    path, target = table
    # The first page, usable at once.
    page.goto(server.url)
    expect(page.get_by_role("button", name="Upload a table")).to_be_visible()
    shoot(page, "projects")

    # Upload.
    page.get_by_role("button", name="Upload a table").click()
    page.locator("input[type=file]").first.set_input_files(path)
    expect(page.get_by_text("was read:")).to_be_visible()
    expect(page.get_by_text("Delimiter").first).to_be_visible()
    shoot(page, "upload")

    # Explore.
    page.get_by_role("button", name="Explore").click()
    expect(page.get_by_role("heading", name="What to look at")).to_be_visible()
    expect(page.get_by_role("heading", name="What goes together")).to_be_visible()
    shoot(page, "explore", height=1500)

    # Clean: what a step does is shown before it is applied; undo brings back.
    go(page, "Clean")
    page.get_by_role("button", name="Show and edit").nth(1).click()
    settle(page)
    shoot(page, "clean", height=1300)

    # Compare: the first real model's score, rows that keep arriving, a reload in between.
    go(page, "Compare")
    choose(page, "What shall be predicted?", target)
    choose(page, "Time", "Another time")
    page.get_by_role("spinbutton", name=re.compile("Seconds")).fill(BUDGET)
    page.keyboard.press("Tab")
    settle(page)
    shoot(page, "experiment")
    page.get_by_text("Money and figures of your own").click()
    page.get_by_text("Count money").click()
    for cell, money in (("Event, and predicted", "20"), ("Event, but missed", "-30"), ("No event, but predicted", "-5")):
        page.get_by_role("spinbutton", name=re.compile(cell)).fill(money)
        page.keyboard.press("Tab")
        settle(page)
    page.get_by_role("textbox", name=re.compile("Currency")).fill("EUR")
    page.keyboard.press("Tab")
    expect(page.get_by_text("it pays to predict the event where its probability is above 0.0909")).to_be_visible()
    shoot(page, "money", height=1200)
    page.get_by_text("Money and figures of your own").click()
    page.get_by_role("button", name="Forecast", exact=True).click()
    expect(page.get_by_text(re.compile("Forecast for .* rows to learn from")).first).to_be_visible(timeout=60_000)
    shoot(page, "forecast", height=1400)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text("Best so far").first).to_be_visible()
    page.reload()
    expect(page.get_by_text("Best so far").first).to_be_visible()
    page.wait_for_timeout(6_000)
    shoot(page, "running", height=1100)
    expect(page.get_by_text("Recommended:").first).to_be_visible(timeout=90_000)
    shoot(page, "compare", height=1100)
    link = page.url
    assert "project=" in link and "run=" in link
    # Another model is one click away, and the way back, too.
    page.get_by_role("button", name="Use this instead").first.click()
    expect(page.get_by_text("In use:").first).to_be_visible()
    assert "model=" in page.url
    settle(page)  # until then the button of the row above is still the one that was pressed
    page.get_by_role("button", name="Use this instead").first.click()
    expect(page.get_by_text("In use:")).to_have_count(0)
    page.get_by_text("How rows were divided").first.click()
    expect(page.get_by_text("No row is learned from and judged at once.").first).to_be_visible()
    page.get_by_text("Forecast against actual").first.click()
    expect(page.get_by_text("families took as long as forecast")).to_be_visible()
    shoot(page, "proof", height=1900)

    # Inspect: held-out scores, curves, what matters.
    page.get_by_role("button", name="Inspect it").click()
    expect(page.get_by_text(re.compile("Judged on .* rows that the search never saw"))).to_be_visible(timeout=60_000)
    expect(page.get_by_text("By the cost table the decisions for these")).to_be_visible()
    shoot(page, "inspect")
    page.get_by_test_id("stButtonGroup").get_by_text("Curves", exact=True).click()
    expect(page.get_by_role("heading", name="ROC curve")).to_be_visible()
    shoot(page, "curves", height=1500)
    page.get_by_role("tab", name="What matters").click()
    page.get_by_role("button", name="Find out what matters").click()
    parts = page.get_by_test_id("stButtonGroup")
    expect(parts.get_by_text("In plain words", exact=True)).to_be_visible(timeout=90_000)
    shoot(page, "words", height=1500)
    parts.get_by_text("What matters", exact=True).click()
    expect(page.get_by_role("heading", name="What each column adds")).to_be_visible()
    shoot(page, "matters", height=1500)

    # Download: a model that is a whole zip, a report under 2 MB.
    page.get_by_role("tab", name="Download").click()
    with page.expect_download() as model:
        page.get_by_role("button", name="Download the model").click()
    assert zipfile.ZipFile(model.value.path()).testzip() is None
    page.get_by_role("button", name="Write the report").click()
    button = page.get_by_role("button", name="Download the report")
    expect(button).to_be_visible(timeout=60_000)
    with page.expect_download() as report:
        button.click()
    text = Path(report.value.path()).read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>") and len(text) < 2_000_000 and target in text

    # Predict: a file of rows with a column missing and one too many is explained; then a good one; then one row.
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in rows[0] if name != target]
    good = tmp_path / "new.csv"
    with open(good, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows[:40])
    go(page, "Predict")
    page.locator("input[type=file]").first.set_input_files(good)
    page.get_by_role("button", name="Predict", exact=True).click()
    saved = page.get_by_role("button", name="Download predictions")
    expect(saved).to_be_visible(timeout=60_000)
    shoot(page, "predict", height=1100)
    with page.expect_download() as predictions:
        saved.click()
    with open(predictions.value.path(), encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert len(found) == 40 and "prediction" in found[0]
    assert sum(name.startswith("probability_") for name in found[0]) == 2
    page.get_by_role("tab", name="One row").click()
    settle(page)
    page.get_by_role("button", name=re.compile("^Predict")).click()
    expect(page.get_by_text(re.compile(r"\d+(\.\d+)? ?%")).first).to_be_visible(timeout=60_000)
    shoot(page, "one_row", height=1100)

    # After the verdict the kept rows are learned too, in a run of its own that says why it can be trusted.
    page.goto(link)
    page.get_by_role("button", name="Learn the kept rows too").click()
    expect(page.get_by_text("It learned every row").first).to_be_visible(timeout=60_000)
    shoot(page, "relearned")
    assert server.log == "", server.log


def test_a_killed_server_loses_nothing(page: Page, server: Server, table: tuple[Path, str]) -> None:
    """A run goes on while the web server is dead, and is there when it is back; stop keeps what is done."""
    path, target = table
    page.goto(f"{server.url}/upload")
    page.locator("input[type=file]").first.set_input_files(path)
    expect(page.get_by_text("was read:")).to_be_visible()
    go(page, "Compare")
    choose(page, "What shall be predicted?", target)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text("Best so far").first).to_be_visible()
    link = page.url
    server.kill()
    run = link.split("run=")[1].split("&")[0]
    journal = next(server.home.glob(f"projects/*/runs/{run}/events.jsonl"))
    before = journal.stat().st_size
    time.sleep(3)
    assert journal.stat().st_size > before, "the run did not go on without the web server"
    server.start()
    page.goto(link)
    expect(page.get_by_text("Best so far").first).to_be_visible()
    page.get_by_role("button", name="Stop").first.click()
    expect(page.get_by_text("Recommended:").first).to_be_visible(timeout=30_000)
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    assert next(server.home.glob(f"projects/*/runs/{run}/model.zip")).stat().st_size > 1000
    # It goes on, and is followed again: the panel had stayed at "Waiting for its turn".
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Search on").click()
    expect(page.get_by_text(re.compile(r"\d+ (s|min) left")).first).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Stop").first.click()
    expect(page.get_by_text("Recommended:").first).to_be_visible(timeout=30_000)
    assert server.log == "", server.log


def test_projects_are_renamed_and_deleted(page: Page, server: Server) -> None:
    page.goto(server.url)
    page.get_by_role("button", name="Try it").first.click()
    expect(page.get_by_text("Delimiter").first).to_be_visible()
    go(page, "Projects")
    page.get_by_role("button", name="Rename").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("<b>Mine</b>")
    page.keyboard.press("Tab")
    dialog.get_by_role("button", name="Rename").click()
    expect(page.get_by_text("<b>Mine</b>").first).to_be_visible()
    page.get_by_role("button", name="Delete").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("was deleted.")).to_be_visible()
    assert server.log == "", server.log


@pytest.mark.parametrize(("name", "width", "scheme"), [("dark", 1280, "dark"), ("narrow", 420, "light")])
def test_every_page_can_be_looked_at(browser: Browser, server: Server, name: str, width: int, scheme: str) -> None:
    """Every page is drawn in dark and on a telephone without an error; the screenshots are for people to look at."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    finished = sorted(server.home.glob("projects/*/runs/*/model.zip"))
    run = finished[0].parent
    project = run.parent.parent
    for key in PAGES:
        place = "" if key == "projects" else key  # the first page has no path of its own
        page.goto(f"{server.url}/{place}?project={project.name}&run={run.name}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.get_by_role("dialog").count() == 0
        shoot(page, f"{name}_{key}", height=1100)
        assert page.get_by_text("Something went wrong").count() == 0
    context.close()
    assert server.log == "", server.log


def test_the_first_link_after_a_start_opens_its_page(page: Page, server: Server) -> None:
    """Regression: a folder called `pages` put "Page not found" over the first page that was opened by a link."""
    server.kill()
    server.start()
    page.goto(f"{server.url}/compare")
    expect(page.get_by_role("heading", name="Compare", exact=True)).to_be_visible()
    settle(page)
    assert page.get_by_role("dialog").count() == 0
