"""What bad new rows get wherever they come: page with a model or a table, command, watched folder."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from automl_core.cli import app
from automl_core.data.dataset import dataset_from_frame
from automl_core.drift.report import DriftReport
from automl_core.errors import AutoMLError
from automl_core.jobs.context import JobContext
from automl_core.model import build_model
from automl_core.projects import create_project
from automl_core.retraining.rows import read_new
from automl_core.runs import Run
from automl_core.worker import drift as worker_drift
from automl_core.workspace import ProjectFolder, Workspace, new_id
from tests.conftest import CUSTOMERS, customers

FAST = {"joint": False, "performance": False}
Way = Callable[[Path], str]


@pytest.fixture(scope="module")
def exported(finished_runs: dict[str, Run], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_model(finished_runs["binary"].path, "ensemble", tmp_path_factory.mktemp("model") / "model.zip")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectFolder:
    monkeypatch.setenv("AUTOML_HOME", str(tmp_path / "home"))
    return Workspace.default().project(create_project(Workspace.default(), "Shop").id)


@pytest.fixture
def ways(
    exported: Path, project: ProjectFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> dict[str, Way]:
    """How new rows come; each takes a file and returns all that is said of it."""
    old = dataset_from_frame(project.dataset(new_id("ds")), customers(300), CUSTOMERS, "old")
    monkeypatch.setattr(worker_drift, "run_of", lambda context: None)
    monkeypatch.setattr(worker_drift, "bundle", lambda run, candidate: exported)

    def job(params: dict[str, str], new: Path) -> str:
        folder = project.job(new_id("jb"))
        folder.mkdir(parents=True)
        request = {"kind": "drift", "params": {**params, "source": str(new), "name": new.name, "settings": FAST}}
        worker_drift.drift_job(JobContext(folder, project, request, lambda event: None, lambda: False))
        report = DriftReport.from_dict(json.loads((folder / "drift.json").read_text()))
        return " ".join([report.verdict, report.sentence, *report.notes, *(column.sentence for column in report.columns)])

    def command(new: Path) -> str:
        with pytest.raises(SystemExit) as left:
            app(["drift", str(exported), str(new), "--fast"])
        return f"{left.value.code} {' '.join(capsys.readouterr())}"

    return {
        "page with a model": lambda new: job({"run": "x", "candidate": "y"}, new),
        "page with a table": lambda new: job({"table": old.id}, new),
        "command": command,
        "watched folder": lambda new: " ".join(read_new([new], CUSTOMERS, "outcome")[1]),
    }


def said(way: Way, new: Path) -> str:
    """Return what a way says, also when it refuses."""
    try:
        return way(new)
    except AutoMLError as error:
        return str(error)


def arrived(folder: Path, frame: pd.DataFrame) -> Path:
    """Lay a file down that is no longer being written."""
    path = folder / "new.csv"
    frame.to_csv(path, index=False)
    os.utime(path, (time.time() - 60, time.time() - 60))
    return path


EVERY = ("page with a model", "page with a table", "command", "watched folder")


@pytest.mark.parametrize("way", EVERY)
def test_other_columns(ways: dict[str, Way], tmp_path: Path, way: str) -> None:
    told = said(ways[way], arrived(tmp_path, customers(300, 5).rename(columns={"age": "years"})))
    missing = "new.csv lacks the columns 'age'." if way == "watched folder" else "The column 'age' is missing from the new table."
    assert missing in told
    extra = {"page with a model": "The model does not know 'years'", "page with a table": "Only in the new table: 'years'."}
    assert extra.get(way, "") in told


@pytest.mark.parametrize("way", EVERY)
def test_other_kinds(ways: dict[str, Way], tmp_path: Path, way: str) -> None:
    told = said(ways[way], arrived(tmp_path, customers(300, 5).assign(age="old")))
    if way == "watched folder":
        assert "new.csv holds something else: 300 of 300 cells of 'age' are no number: 'old'." in told
    else:
        assert "'age' held numbers before, but 300 of 300 cells are none: 'old'. Check that it is the right column." in told


@pytest.mark.parametrize("way", EVERY)
def test_no_column_in_common(ways: dict[str, Way], tmp_path: Path, way: str) -> None:
    told = said(ways[way], arrived(tmp_path, pd.DataFrame({"x": range(30), "y": range(30)})))
    assert {
        "page with a model": "The new table has no column in common with the model; it has 'x' and 'y'.",
        "page with a table": "The two tables have no column in common; the new one has 'x' and 'y'.",
        "command": "The new table has no column in common with the model; it has 'x' and 'y'.",
        "watched folder": "new.csv lacks the columns 'key', 'mail', 'age', 'income' and 6 more.",
    }[way] in told


@pytest.mark.parametrize("way", EVERY[:3])
def test_three_rows(ways: dict[str, Way], tmp_path: Path, way: str) -> None:
    told = said(ways[way], arrived(tmp_path, customers(3, 5)))
    assert "The new table has 3 rows. At least 20 are needed to tell a change from chance. Wait for more rows" in told


@pytest.mark.parametrize("way", EVERY)
def test_a_column_all_missing(ways: dict[str, Way], tmp_path: Path, way: str) -> None:
    told = said(ways[way], arrived(tmp_path, customers(300, 5).assign(age=None)))
    assert (
        "new.csv: 'age' has no value at all." if way == "watched folder" else "'age' has no value at all; before, 6 %"
    ) in told


@pytest.mark.parametrize("way", EVERY)
def test_a_category_column_with_100_000_new_values(ways: dict[str, Way], tmp_path: Path, way: str) -> None:
    new = pd.concat([customers(1000, 5)] * 100, ignore_index=True)
    told = said(ways[way], arrived(tmp_path, new.assign(city=[f"place {number}" for number in range(len(new))])))
    if way == "watched folder":
        assert told == ""  # they are learned like any other words; rare ones count as one
    else:
        assert "act" in told.split()[0] or told.startswith("3 act")
        assert "100,000 words never seen before, such as 'place " in told
