"""What the page tests share: a workspace of their own, a job queue that only writes folders, tables, runs."""

from __future__ import annotations

import importlib
import io
import json
import pickle
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from streamlit import config as streamlit_config
from streamlit.testing.v1 import AppTest

from automl_core.cleaning.recipe import Recipe
from automl_core.data.dataset import Dataset, create_dataset
from automl_core.events import Event, Finished, Message, Progress, Started, append_event
from automl_core.experiment import ExperimentConfig
from automl_core.leaderboard import Candidate, Leaderboard
from automl_core.runs import write_request
from automl_core.workspace import ProjectFolder, Workspace, new_id, write_json

ROOT = Path(__file__).resolve().parents[2]
TABLE = "age,city,bought\n" + "".join(
    f"{20 + row % 40},{('Rome', 'Oslo', 'Lima')[row % 3]},{'yes' if row % 4 == 0 else 'no'}\n" for row in range(60)
)


class Jobs:
    """Stands in for the job host: `submit` writes the folder, the test says what happens in it."""

    def __init__(self) -> None:
        self.submitted: list[tuple[str, str, dict[str, Any]]] = []
        self.stopped: list[str] = []
        self.resumed: list[str] = []
        self.more: list[dict[str, Any]] = []
        self.states: dict[str, str] = {}

    def submit(
        self, workspace: Workspace, project_id: str, kind: str, params: dict[str, Any], *, notes: Sequence[str] = ()
    ) -> str:
        job_id = new_id("rn" if kind in ("train", "relearn") else "jb")
        folder = workspace.project(project_id).job(job_id)
        write_request(folder, kind, params)
        for note in notes:
            append_event(folder / "events.jsonl", Message(note))
        self.submitted.append((job_id, kind, params))
        self.states[job_id] = "queued"
        return job_id

    def stop(self, workspace: Workspace, project_id: str, job_id: str) -> None:
        self.stopped.append(job_id)
        self.states[job_id] = "stopped"

    def resume(
        self, workspace: Workspace, project_id: str, job_id: str, *, seconds: float | None = None, models: int | None = None
    ) -> None:
        self.resumed.append(job_id)
        self.more.append({"seconds": seconds, "models": models})
        self.states[job_id] = "queued"


@pytest.fixture(autouse=True)
def jobs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Jobs]:
    """Give each test an empty workspace and a queue that starts nothing."""
    monkeypatch.setenv("AUTOML_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(ROOT)
    queue = Jobs()
    control = importlib.import_module("automl_core.jobs.control")
    job = importlib.import_module("automl_core.jobs.job")
    client = importlib.import_module("automl_core.jobs.client")
    monkeypatch.setattr(control, "submit", queue.submit)
    monkeypatch.setattr(control, "stop", queue.stop)
    monkeypatch.setattr(control, "resume", queue.resume)
    monkeypatch.setattr(job.Job, "state", property(lambda self: queue.states.get(self.folder.name, "finished")))
    monkeypatch.setattr(client, "warm", lambda workspace: None)
    # AppTest itself keeps the pages' `format_func`s in the session, which local functions make unpicklable. So the switch is
    # on in one test (test_shell), and `assert_clean` pickles every key of ours after every run.
    was = streamlit_config.get_option("runner.enforceSerializableSessionState")
    streamlit_config.set_option("runner.enforceSerializableSessionState", False)
    yield queue
    streamlit_config.set_option("runner.enforceSerializableSessionState", was)


@pytest.fixture
def workspace(jobs: Jobs) -> Workspace:
    """Return the test's workspace."""
    return Workspace.default()


@pytest.fixture
def project(workspace: Workspace) -> ProjectFolder:
    """Return a project without tables."""
    from automl_core.projects import create_project

    return workspace.project(create_project(workspace, "Shop").id)


@pytest.fixture
def table(project: ProjectFolder, tmp_path: Path) -> Dataset:
    """Return a small table of the project: age, city, bought (yes or no)."""
    source = tmp_path / "customers.csv"
    source.write_text(TABLE, encoding="utf-8")
    return create_dataset(project.dataset(new_id("ds")), source, "customers")


@pytest.fixture
def run_folder(project: ProjectFolder, table: Dataset) -> Path:
    """Return a finished run of the table: a scored and recommended model, a baseline, a failed row."""
    folder = project.run(new_id("rn"))
    config = ExperimentConfig(target="bought", task="binary", metric="roc_auc", positive="yes")
    write_request(folder, "train", {"dataset": table.id, "config": config.to_dict(), "recipe": Recipe().to_dict()})
    board = Leaderboard(
        "roc_auc",
        True,
        (
            Candidate("dummy", "Baseline", "baseline", role="baseline", state="scored", score=0.5, spread=0.0, at_seconds=0.4),
            Candidate(
                "lightgbm",
                "LightGBM",
                "boosting",
                state="scored",
                score=0.8123,
                spread=0.0145,
                fold_scores=(0.80, 0.82),
                metrics={"roc_auc": 0.8123, "accuracy": 0.75},
                fit_seconds=1.25,
                predict_ms=3.5,
                at_seconds=2.5,
            ),
            Candidate(
                "svm", "Support vectors", "kernel", state="failed", reason="It ran out of memory.", suggestion="Use fewer rows."
            ),
        ),
        recommended="lightgbm",
        recommendation="It has the best score.",
    )
    board.save(folder / "leaderboard.json")
    for event in (Started(1), Progress(1.0, "Done"), Finished({"recommended": "lightgbm"})):
        append_event(folder / "events.jsonl", event)
    return folder


@pytest.fixture
def emit() -> Callable[[Path, Event], None]:
    """Return what appends an event to a job's journal."""
    return lambda folder, event: append_event(folder / "events.jsonl", event)


def open_app(**ids: str) -> AppTest:
    """Open the app's first page, as a link with these ids would."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    for name, value in ids.items():
        app.query_params[name] = value
    return app.run()


def open_page(page: str, **ids: str) -> AppTest:
    """Open a page by its script, as a link with these ids would."""
    app = open_app(**ids)
    app.switch_page(f"pages/{page}/page.py")
    for name, value in ids.items():
        app.query_params[name] = value
    app.run()
    assert_clean(app)
    return app


def assert_clean(app: AppTest) -> None:
    """Fail when a page raised, apologised for a defect of ours, or put something into the session that is no plain data."""
    pickle.dumps({key: value for key, value in app.session_state.to_dict().items() if not key.startswith("$$")})
    assert not app.exception, app.exception
    apologies = [error.value for error in app.error if "on our side" in error.value]
    assert not apologies, (apologies, [log.read_text() for log in Workspace.default().logs.glob("*.log")])


def write_evaluation(folder: Path, candidate_id: str, data: dict[str, Any]) -> None:
    """Store an evaluation as the host would."""
    write_json(folder / "evaluations" / f"{candidate_id}.json", json.loads(json.dumps(data)))


def now() -> float:
    """Return the time, for events."""
    return time.time()


def two_sheets(*rows: tuple[object, ...]) -> bytes:
    """Return a workbook with these rows on its sheets May and June."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        for name in ("May", "June"):
            sheet = book.add_worksheet(name)
            for place, cells in enumerate(rows):
                sheet.write_row(place, 0, cells)
    return content.getvalue()
