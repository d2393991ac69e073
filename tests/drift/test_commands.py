"""The command and the job."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from automl_core.cleaning.rules import Rule, save_rules
from automl_core.data.dataset import dataset_from_frame
from automl_core.data.origin import Choice
from automl_core.drift.report import DriftReport
from automl_core.errors import InputError
from automl_core.jobs.context import JobContext
from automl_core.model import build_model
from automl_core.projects import create_project
from automl_core.runs import Run
from automl_core.worker.drift import drift_job
from automl_core.workspace import Workspace, new_id
from tests.conftest import CUSTOMERS, customers

ROOT = Path(__file__).resolve().parents[2]


def command(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "automl_core", "drift", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def files(finished_runs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("drift")
    build_model(finished_runs["binary"].path, "ensemble", folder / "model.zip")
    new = customers(300, 5)
    new.to_csv(folder / "same.csv", index=False)
    new.assign(age=new["age"] + 25).to_csv(folder / "moved.csv", index=False)
    new[:3].to_csv(folder / "short.csv", index=False)
    customers(300).to_csv(folder / "old.csv", index=False)
    return folder


def test_json_and_the_exit_code_that_a_scheduler_branches_on(files):
    code, out, _ = command(files / "model.zip", files / "moved.csv", "--json", "--out", files / "report.html")
    found = json.loads(out)
    assert code == 3
    assert (found["format"], found["verdict"], found["rows"]) == (1, "act", 300)
    wanted = {"name", "method", "statistic", "threshold", "effect", "importance", "verdict", "sentence"}
    assert wanted <= set(found["columns"][0])
    assert "<h1>moved.csv</h1>" in (files / "report.html").read_text()
    code, out, _ = command(files / "model.zip", files / "same.csv", "--fast")
    assert code == 0
    assert out.startswith(("nothing: ", "watch: "))


def test_two_tables_and_bad_input(files):
    code, out, _ = command(files / "old.csv", files / "moved.csv", "--fast")
    assert code == 3
    assert "act" in out
    code, out, error = command(files / "model.zip", files / "short.csv", "--json")
    assert (code, out) == (2, "")
    assert error.startswith("The new table has 3 rows. At least 20 are needed")


def test_the_job_writes_what_the_page_shows(finished_runs, tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOML_HOME", str(tmp_path))
    project = Workspace.default().project(create_project(Workspace.default(), "Shop").id)
    old = dataset_from_frame(project.dataset(new_id("ds")), customers(300), CUSTOMERS, "old")
    kept = project.upload(new_id("up"))
    kept.parent.mkdir()
    customers(300, 5).to_csv(kept, index=False)
    events = []
    params = {"table": old.id, "source": str(kept), "name": "new.csv", "settings": {"joint": False}}
    folder = project.job(new_id("jb"))
    folder.mkdir(parents=True)
    context = JobContext(folder, project, {"kind": "drift", "params": params}, events.append, lambda: False)
    found = drift_job(context)
    report = DriftReport.from_dict(json.loads((folder / "drift.json").read_text()))
    assert found == {"file": "drift.json", "verdict": report.verdict}
    assert (report.name, report.rows) == ("new.csv", 300)
    assert not kept.exists()
    assert report.notes == ()
    kept.write_text("age\n1\n")
    with pytest.raises(InputError, match="The new table has 1 row"):
        drift_job(context)


def test_the_job_compares_the_part_that_was_chosen_and_says_what_it_left_out(finished_runs, tmp_path, monkeypatch):
    """Regression: drift read every file as text, so that a workbook was refused and an archive had no choice."""
    monkeypatch.setenv("AUTOML_HOME", str(tmp_path))
    project = Workspace.default().project(create_project(Workspace.default(), "Shop").id)
    old = dataset_from_frame(project.dataset(new_id("ds")), customers(300), CUSTOMERS, "old")
    kept = project.upload(new_id("up"))
    kept.parent.mkdir()
    with pd.ExcelWriter(kept, engine="xlsxwriter") as book:
        customers(300, 5).to_excel(book, sheet_name="May", index=False)
        customers(40, 6).to_excel(book, sheet_name="June", index=False)
    folder = project.job(new_id("jb"))
    folder.mkdir(parents=True)
    params = {
        "table": old.id,
        "source": str(kept),
        "name": "new.xlsx",
        "choice": Choice(sheet="June").to_dict(),
        "settings": {"joint": False},
    }
    drift_job(JobContext(folder, project, {"kind": "drift", "params": params}, lambda event: None, lambda: False))
    assert DriftReport.from_dict(json.loads((folder / "drift.json").read_text())).rows == 40
    kept.write_bytes(
        customers(30, 6).to_csv(index=False).encode()
        + b"1,2,3,4,5,6,7,8,9,10,11,12\n"
        + customers(30, 7).to_csv(index=False, header=False).encode()
    )
    drift_job(
        JobContext(folder, project, {"kind": "drift", "params": {**params, "choice": {}}}, lambda event: None, lambda: False)
    )
    report = DriftReport.from_dict(json.loads((folder / "drift.json").read_text()))
    assert (report.rows, report.notes[0]) == (60, "1 line could not be read as a row and is left out.")


def test_the_command_compares_a_sheet(files):
    book = files / "months.xlsx"
    with pd.ExcelWriter(book, engine="xlsxwriter") as both:
        customers(300, 5).to_excel(both, sheet_name="May", index=False)
        customers(3, 5).to_excel(both, sheet_name="June", index=False)
    code, out, _ = command(files / "model.zip", book, "--fast")
    assert code == 0 and out.startswith(("nothing: ", "watch: "))
    code, _, error = command(files / "model.zip", book, "--fast", "--part", "June")
    assert code == 2 and "The new table has 3 rows." in error


def test_rows_that_break_a_rule_of_the_model_are_told(finished_runs, files, tmp_path):
    """The rules that travel inside a model were looked at when it predicts and not when its rows are compared."""
    shutil.copytree(finished_runs["binary"].path, tmp_path / "run", copy_function=shutil.copy2)
    save_rules(Run(tmp_path / "run").dataset().folder, [Rule("range", "age", high=30.0)])
    build_model(tmp_path / "run", "ensemble", tmp_path / "model.zip")
    _, _, error = command(tmp_path / "model.zip", files / "moved.csv", "--fast")
    assert "rows break the rule 'age is at most 30'" in error
