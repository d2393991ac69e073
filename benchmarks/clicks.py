"""How long a click takes in a real browser, on the pages that people click through most.

    python benchmarks/clicks.py [--page NAME] [--repeat 6] [--home FOLDER]

The workspace holds the churn table and two models of it with everything computed, so that what is measured is the page. Each
click is done several times, forth and back. Its time runs from the event in the browser until the script no longer runs and
nothing of the page was changed for 0.25 s (that rest is not counted); `server` is the part of it from the message that the
browser sends to the last one that answers it. The first time of a click is told by itself: there figures are made that are kept
afterwards. Exit code 1 says that the median of a click is over what is allowed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import live

sys.path.insert(0, str(live.ROOT))
if TYPE_CHECKING:
    from playwright.sync_api import Page

DATA = Path(os.environ.get("AUTOML_TEST_DATA", live.ROOT.parent / "shared" / "data"))
ALLOWED = 0.2
"""Seconds, of a click's median."""
MODELS = ("lightgbm-own", "lr")
WATCH = """
const now = () => performance.now();
window.clicked = {begun: 0, sent: 0, answered: 0, changed: 0};
for (const kind of ["pointerdown", "keydown"])
  addEventListener(kind, () => { window.clicked = {begun: now(), sent: 0, answered: 0, changed: 0} }, true);
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (...args) {
  if (!this.watched) { this.watched = true; this.addEventListener("message", () => { window.clicked.answered = now() }) }
  window.clicked.sent ||= now();
  return send.apply(this, args);
};
const changes = new MutationObserver(() => { window.clicked.changed = now() });
addEventListener("DOMContentLoaded", () => changes.observe(document.body, {subtree: true, childList: true, characterData: true,
  attributes: true, attributeFilter: ["d", "src", "value", "width", "data-stale"]}));
"""
"""Notes in the page when something was clicked, sent, answered and drawn."""
DRAWN = """() => {
  const {answered, changed, sent} = window.clicked, idle = performance.now() - Math.max(answered, changed);
  const running = document.querySelector('[data-test-script-state="running"]');
  return sent && answered && !running && !document.querySelector('[data-stale="true"]') && idle > 250;
}"""


def settle(page: Page) -> None:
    """Wait until a click is answered and drawn."""
    page.wait_for_function(DRAWN, timeout=30_000, polling=20)


def choose(label: str, *options: str) -> Callable[[Page, int], None]:
    """Return what chooses one option after the other in a select box; the click on the option counts."""

    def act(page: Page, turn: int) -> None:
        wanted = options[turn % len(options)]
        box = page.get_by_role("combobox", name=re.compile(label)).first
        box.click()
        box.fill(wanted)  # a long list holds only what can be seen
        page.get_by_role("option", name=re.compile(rf"^{re.escape(wanted)}")).first.click()

    return act


def press(*names: str, role: Any = "button", nth: tuple[int, ...] = (0,)) -> Callable[[Page, int], None]:
    """Return what presses one control after the other, the nth that bears the name."""
    return lambda page, turn: page.get_by_role(role, name=re.compile(names[turn % len(names)])).nth(nth[turn % len(nth)]).click()


def text(words: str) -> Callable[[Page, int], None]:
    """Return what clicks on words of the page, such as those beside a switch."""
    return lambda page, turn: page.get_by_text(words).first.click()


def part(*labels: str) -> Callable[[Page, int], None]:
    """Return what presses one part after the other of a row of parts."""
    return lambda page, turn: (
        page.get_by_test_id("stButtonGroup").get_by_text(labels[turn % len(labels)], exact=True).first.click()
    )


def number(label: str, *values: str) -> Callable[[Page, int], None]:
    """Return what types one number after the other into a field."""

    def act(page: Page, turn: int) -> None:
        page.get_by_role("spinbutton", name=re.compile(label)).first.fill(values[turn % len(values)])
        page.keyboard.press("Enter")

    return act


CLICKS: dict[str, tuple[tuple[str, Callable[[Page, int], None]], ...]] = {
    "upload": (("another table", choose("^Table", "bike", "churn")),),
    "explore": (
        ("column to predict", choose("Column to predict", "Contract", "Churn")),
        ("order of the cards", choose("Order", "Name", "As in the table")),
        ("cards with alerts, all", text("With alerts")),
        ("what goes together with", choose("^Column$", "tenure", "Churn")),
    ),
    "clean": (
        ("a step off, on", text("Turn words into numbers")),
        ("undo, redo", press("^Undo$", "^Redo$")),
        ("a step down, up", press("arrow_downward", "arrow_upward", nth=(1,))),
        ("a step opened, closed", press("Show and edit", "Close", nth=(2, 0))),
        ("what a new step is about", choose("What is it about", "Outliers", "Missing values")),
        ("rules, steps", part("Rules", "Steps")),
        ("versions, steps", part("Versions", "Steps")),
    ),
    "compare": (
        ("", text("New comparison")),
        ("what matters most", part("Quick look", "Balanced")),
        ("metric", choose("Metric", "Log loss", "ROC AUC")),
        ("time", choose("^Time$", "5 min", "15 s")),
    ),
    "explain": (
        ("curves, scores", part("Curves", "Scores")),
        ("threshold, scores", part("Threshold", "Scores")),
        ("ranges, scores", part("Ranges", "Scores")),
        ("beside another model, none", choose("Beside", "Logistic Regression", "No other model")),
        ("", press("What matters", role="tab")),
        ("what matters, in plain words", part("What matters", "In plain words")),
    ),
    "whatif": (
        ("a number", number("tenure", "5", "17", "30", "41", "52", "63", "2")),
        ("a word", choose("^Contract$", "One year", "Two year", "Month-to-month")),
        ("rows like it, why", part("Rows like it", "Why")),
    ),
}
"""By page: what is clicked, in turns; one without words only opens what the next ones are in."""


def prepare(home: Path) -> dict[str, str]:
    """Make the workspace: two tables, a run of two models on the first one, and what is computed of both; return the ids."""
    from automl_core.cleaning.propose import propose_recipe
    from automl_core.data.dataset import create_dataset
    from automl_core.experiment import Budget
    from automl_core.jobs.control import submit
    from automl_core.jobs.job import Job
    from automl_core.projects import create_project
    from automl_core.proposals import propose
    from automl_core.workspace import Workspace, new_id

    os.environ["AUTOML_HOME"] = str(home)
    workspace = Workspace.default()
    project = workspace.project(create_project(workspace, "Clicks").id)
    tables = [create_dataset(project.dataset(new_id("ds")), DATA / f"{name}.csv", name) for name in ("bike", "churn")]
    data = tables[-1]
    frame = data.frame()
    config = propose(frame, data.schema, "Churn").config
    config = replace(config, candidates=MODELS, budget=Budget(trials=len(MODELS) + 1), folds=3)
    recipe = propose_recipe(frame, data.schema, "Churn")

    def work(kind: str, **params: Any) -> str:
        job = Job(project.job(submit(workspace, project.id, kind, params)))
        while job.state in ("queued", "running"):
            time.sleep(0.1)
        if job.state != "finished":
            raise RuntimeError(f"{kind} {job.state}: {job.journal.read_text()[-500:]}")
        return job.folder.name

    run = work("train", dataset=data.id, fingerprint=data.fingerprint, config=config.to_dict(), recipe=recipe.to_dict())
    for model in MODELS:
        for kind in ("model", "evaluate", "explain"):
            work(kind, run=run, candidate=model)
    return {"project": project.id, "dataset": data.id, "run": run, "model": MODELS[0]}


def measure(page: Page, act: Callable[[Page, int], None], times: int) -> list[tuple[float, float]]:
    """Do a click several times; return of each how many seconds it took in all, and how many until the server's last word."""
    took = []
    for turn in range(times):
        act(page, turn)
        settle(page)
        seen = page.evaluate("window.clicked")
        ended = max(seen["answered"], seen["changed"])
        took.append(((ended - seen["begun"]) / 1000, (seen["answered"] - seen["sent"]) / 1000))
    return took


def main() -> int:
    """Measure and print; return 1 where a click takes longer than is allowed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", action="append", choices=list(CLICKS), help="only this one")
    parser.add_argument("--repeat", type=int, default=6)
    parser.add_argument("--home", type=Path, help="a workspace that is kept, and used again by the next call")
    asked = parser.parse_args()
    if live.BROWSER is None:
        print("There is no browser here.")
        return 0
    over = 0
    with tempfile.TemporaryDirectory(prefix="tablewright-", ignore_cleanup_errors=True) as folder:
        home = asked.home or Path(folder)
        ids = known_or_made(home)
        query = "&".join(f"{name}={value}" for name, value in ids.items())
        try:
            with live.served(home) as (url, _), live.opened(viewport={"width": 1280, "height": 900}) as page:
                page.add_init_script(WATCH)
                page.set_default_timeout(15_000)
                live.wait_until_up(url)
                print(f"{'click':<55} {'first':>7} {'median':>7} {'worst':>7} {'server':>7}   ms")
                for name in asked.page or CLICKS:
                    page.goto(f"{url}/{name}?{query}")
                    settle(page)
                    page.wait_for_timeout(2_000)
                    for said, act in CLICKS[name]:
                        if not said:
                            act(page, 0)
                            page.wait_for_timeout(1_000)
                            continue
                        (first, _), *again = measure(page, act, asked.repeat + 1)
                        whole, server_part = zip(*again, strict=True)
                        figures = (first, statistics.median(whole), max(whole), statistics.median(server_part))
                        told = " ".join(f"{1000 * figure:7.0f}" for figure in figures)
                        print(f"{f'{name}: {said}':<55} {told}", flush=True)
                        over += figures[1] > ALLOWED
        finally:
            live.stop_host(home)
    print(f"{over} over the {1000 * ALLOWED:.0f} ms that are allowed")
    return int(over > 0)


def known_or_made(home: Path) -> dict[str, str]:
    """Return the ids of a workspace that was prepared before, or prepare it."""
    kept = home / "clicks.json"
    if not kept.exists():
        home.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(prepare(home)))
    ids: dict[str, str] = json.loads(kept.read_text())
    return ids


if __name__ == "__main__":
    sys.exit(main())
