"""A pipeline is run: once, again, singly, with other inputs, at its gates, by two at once, and after its end by force."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from automl_core.errors import FormatError, InputError, NotFoundError
from automl_core.monitoring.settings import settings_of
from automl_core.pipelines.course import Record, project_of
from automl_core.pipelines.plan import STEPS
from automl_core.pipelines.run import run_pipeline
from automl_core.projects import create_project
from automl_core.registry.store import find_registered
from automl_core.retraining.policy import list_policies
from automl_core.workspace import at_work, read_json
from tests.pipelines.conftest import Place, write_table

ROOT = Path(__file__).resolve().parents[2]


def outcomes(records: dict[str, Record]) -> dict[str, str]:
    return {step: record.outcome + (", again" if record.again else "") for step, record in records.items()}


def test_the_first_time_every_step_is_done(first: tuple[Place, dict[str, Record]]):
    place, records = first
    assert outcomes(records) == dict.fromkeys(STEPS, "done")
    registered = find_registered(place.workspace, "left")
    assert registered.standing().aliases == {"champion": 1}
    assert registered.version(1).lineage["run"] == records["retrain"].made["run"]
    assert registered.version(1).origin == "Made by the pipeline left."
    assert settings_of(registered).on and [policy.name for policy in list_policies(registered)] == ["When drift says act"]
    assert records["compare"].made["scores"]["roc_auc"] >= 0.6
    assert "at least 0.6 is asked for. There is no champion yet." in records["compare"].reason


def test_nothing_is_done_again_while_nothing_changes(place: Place):
    assert outcomes(place.run()) == dict.fromkeys(STEPS, "done, again")
    (place.folder / "customers.csv").touch()
    assert outcomes(place.run()) == dict.fromkeys(STEPS, "done, again")


def test_only_what_depends_on_a_change_is_done_again(place: Place):
    place.write(lambda text: text.replace("score: {roc_auc: 0.6}", "score: {roc_auc: 0.55}"))
    found = place.run()
    assert outcomes(found) == {
        "validate": "done, again", "drift": "done, again", "retrain": "done, again", "compare": "done", "promote": "done, again",
        "monitor": "done, again",
    }  # fmt: skip
    assert found["compare"].made["against"] == 0, "its own model is not its rival"
    # The same rows, written another way: read again, and nothing else.
    frame = pd.read_csv(place.folder / "customers.csv", dtype=str, keep_default_na=False)
    frame.to_csv(place.folder / "customers.csv", index=False, sep=";")
    found = place.run()
    assert found["validate"].reason == "200 rows, the same as before."
    assert {step for step, record in found.items() if not record.again} == {"validate"}


def test_what_was_deleted_is_made_again(place: Place):
    project = project_of(place.workspace, "Customers")
    (project.run(place.run()["retrain"].made["run"]) / "model.zip").unlink()
    found = place.run(step="retrain")
    assert outcomes(found) == {"retrain": "done"}


def test_new_rows_are_compared_learned_and_held_against_the_champion(place: Place):
    write_table(place.folder / "customers.csv", rows=220, seed=3)
    found = place.run()
    assert found["drift"].reason.startswith(("nothing, against version 1", "watch, against version 1"))
    assert found["compare"].made["against"] == 1 and "Against version 1: ROC AUC" in found["compare"].reason
    # One small table more does not beat it by more than chance: the champion stays, and the run ends at the gate.
    assert list(found)[-1] == "compare" and found["compare"].outcome == "stopped"
    assert find_registered(place.workspace, "left").standing().aliases == {"champion": 1}
    assert outcomes(place.run())["compare"] == "stopped, again"
    # What need not win is promoted when it does not lose.
    place.write(lambda text: text.replace("least_rows: 100", "least_rows: 100\n  better_than_champion: false"))
    found = place.run()
    assert outcomes(found)["promote"] == "done" and found["promote"].made["before"] == 1
    registered = find_registered(place.workspace, "left")
    assert registered.standing().aliases == {"champion": 2}
    assert "Against version 1" in registered.log()[-1].text
    assert outcomes(place.run()) == dict.fromkeys(STEPS, "done, again")


def test_steps_are_run_singly_in_their_order(place: Place):
    write_table(place.folder / "customers.csv", rows=220, seed=2)
    place.write(lambda text: text.replace("  least", "  drift: retrain\n  least").replace("low: 0", "low: 1"))
    with pytest.raises(InputError, match="The step validate has to be done again, since what it starts from has changed."):
        place.run(step="drift")
    assert outcomes(place.run(step="validate")) == {"validate": "done"}
    with pytest.raises(InputError, match=r"The step drift has to be done again.*Run --step drift first."):
        place.run(step="retrain")
    assert outcomes(place.run(step="drift")) == {"drift": "done"}
    # Nothing has drifted, and this pipeline learns only then.
    assert outcomes(place.run(step="retrain")) == {"retrain": "not needed"}
    assert outcomes(place.run(step="compare")) == {"compare": "not needed"}
    assert outcomes(place.run(step="promote")) == {"promote": "not needed"}
    assert find_registered(place.workspace, "left").numbers == [1]


def test_a_step_before_the_first_run_says_what_comes_first(place: Place):
    place.write(lambda text: text.replace("name: left\n", "name: another\n", 1))
    with pytest.raises(InputError, match="The step validate has not been done. drift starts from what it leaves."):
        place.run(step="drift")
    place.write(lambda text: text.split("monitoring:")[0])
    with pytest.raises(InputError, match="This pipeline has no step monitor. Its steps are validate, drift, retrain,"):
        place.run(step="monitor")


def test_rules_refuse_a_table_and_set_rows_aside(place: Place):
    table = place.folder / "customers.csv"
    frame = pd.read_csv(table, dtype=str, keep_default_na=False)
    frame.loc[[3, 4], "member"] = ""
    frame.to_csv(table, index=False)
    found = place.run(step="validate")["validate"]
    assert found.reason == "198 rows of 10 columns; 2 rules held against them. 2 rows that break a rule were set aside."
    frame.loc[7, "age"] = "999"
    frame.to_csv(table, index=False)
    found = place.run()
    assert outcomes(found) == {"validate": "stopped"} and "age" in found["validate"].reason
    assert outcomes(place.run()) == {"validate": "stopped, again"}
    blocked = place.run(step="drift")["drift"]
    assert blocked.outcome == "stopped" and blocked.reason.startswith("validate stopped: ")
    place.write(lambda text: text.replace("least_rows: 100", "least_rows: 5000").replace("high: 120", "high: 1200"))
    assert place.run()["validate"].reason == "198 rows are left, and at least 5,000 are asked for."


def test_a_rule_about_a_column_that_is_not_there_refuses_the_table(place: Place):
    """It has nothing to look at, which is no reason to call it kept."""
    frame = pd.read_csv(place.folder / "customers.csv", dtype=str, keep_default_na=False)
    frame.drop(columns="age").to_csv(place.folder / "customers.csv", index=False)
    found = place.run()["validate"]
    assert found.outcome == "stopped" and "There is no column 'age'" in found.reason


def test_cells_that_cannot_be_read_break_a_rule_about_kinds(place: Place):
    """Kinds that are found anew for each table would call the column words, and nothing would be wrong with it."""
    frame = pd.read_csv(place.folder / "customers.csv", dtype=str, keep_default_na=False)
    frame.loc[frame.index % 2 == 0, "age"] = "old"
    frame.to_csv(place.folder / "customers.csv", index=False)
    rule = "{kind: type, column: age, action: refuse}"
    place.write(
        lambda text: text.replace("- {kind: range, column: age, low: 0, high: 120, action: refuse}", f"- {rule}").replace(
            "file: customers.csv", "file: customers.csv\n  kinds: {age: number}"
        )
    )
    found = place.run()["validate"]
    assert found.outcome == "stopped" and "100" in found.reason and "old" in found.reason


def test_drift_can_end_the_run(place: Place):
    frame = pd.read_csv(place.folder / "customers.csv", dtype=str, keep_default_na=False)
    frame["age"] = "79"
    frame["city"] = "Rome"
    frame.to_csv(place.folder / "customers.csv", index=False)
    place.write(lambda text: text.replace("  least", "  drift: stop\n  least"))
    found = place.run()
    assert outcomes(found) == {"validate": "done", "drift": "stopped"}
    assert found["drift"].reason.startswith("act, against version 1: ")
    assert (project_of(place.workspace, "Customers").pipeline("left") / "drift-report.html").exists()


def test_a_score_that_is_missed_ends_the_run(place: Place):
    place.write(lambda text: text.replace("roc_auc: 0.6", "roc_auc: 0.999"))
    found = place.run()
    assert outcomes(found)["compare"] == "stopped" and "at least 0.999 is asked for." in found["compare"].reason
    assert list(found)[-1] == "compare"


def test_labelled_rows_that_are_named_decide(place: Place):
    write_table(place.folder / "judges.csv", rows=90, seed=9)
    place.write(
        lambda text: text.replace("file: customers.csv", "file: customers.csv\n  labelled: judges.csv").replace(
            "trials: 1", "trials: 2"
        )
    )
    found = place.run()
    assert found["compare"].made["compared"]["rows"] == 90


def test_two_at_once_and_projects_of_one_name_are_told(place: Place, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("automl_core.pipelines.run.PATIENCE", 0.1)
    folder = project_of(place.workspace, "Customers").pipeline("left")
    with at_work(folder, "x"), pytest.raises(InputError, match="The pipeline 'left' is already at work."):
        place.run()
    create_project(place.workspace, "Customers")
    with pytest.raises(InputError, match="2 projects are called 'Customers'. Their ids are "):
        place.run()


def test_rows_of_a_database_are_fetched_each_time_and_learned_when_they_are_new(place: Place):
    import sqlite3

    frame = pd.read_csv(place.folder / "customers.csv")
    with sqlite3.connect(place.folder / "rows.db") as connection:
        frame.to_sql("t", connection)
    connection.close()
    query = f"query: {{address: 'sqlite:///{place.folder}/rows.db', sql: 'SELECT age, income, city, outcome FROM t'}}"
    place.write(lambda text: text.replace("file: customers.csv", query).replace("[level, amount]", "[]").split("monitoring:")[0])
    assert place.run()["validate"].outcome == "done"
    found = place.run()
    assert found["validate"].reason == "200 rows, the same as before."
    assert [step for step, record in found.items() if not record.again] == ["validate"]
    datasets = project_of(place.workspace, "Customers").list("datasets")
    assert len(datasets) == 2, "the first pipeline's table and this one's"


def test_a_name_that_another_project_has_is_told_before_anything_is_learned(place: Place):
    place.write(lambda text: text.replace("project: Customers", "project: Others"))
    with pytest.raises(InputError, match="A model of another project is registered as 'left'"):
        place.run()


def test_a_damaged_record_says_what_to_delete(place: Place):
    path = project_of(place.workspace, "Customers").pipeline("left") / "drift.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(FormatError, match=r"drift.json .* is damaged: .*Delete .*drift.json; the step is then done anew."):
        place.run()


def test_a_champion_whose_table_is_gone_is_still_a_rival(place: Place):
    project = project_of(place.workspace, "Customers")
    write_table(place.folder / "customers.csv", rows=220, seed=3)
    shutil.rmtree(project.dataset(place.run(step="validate")["validate"].made["dataset"]).parent / project.list("datasets")[-1])
    told: list[str] = []
    found = run_pipeline(place.file, place.workspace, emit=lambda event: told.append(getattr(event, "text", "")))
    assert "What version 1 learned from is no longer there; it may have learned some of the rows." in told
    assert "Against version 1" in next(record for record in found if record.step == "compare").reason


def test_a_table_that_is_not_there_is_told(place: Place):
    (place.folder / "customers.csv").unlink()
    with pytest.raises(NotFoundError, match=r"There is no file .*customers.csv. The pipeline left names it. Correct the path."):
        place.run()


def test_a_search_that_was_killed_goes_on_in_the_same_run(place: Place):
    """kill -9 in the middle of the search: the next call does what is left, in the same run, and nothing before it again."""
    place.write(lambda text: text.replace("seconds: 60, trials: 1", "seconds: 12, trials: 0"))
    call = [sys.executable, "-m", "automl_core", "run", str(place.file), "--again"]
    process = subprocess.Popen(
        call, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    )
    project = project_of(place.workspace, "Customers")
    record = project.pipeline("left") / "retrain.json"
    deadline = time.monotonic() + 60
    scored: list[Path] = []
    while time.monotonic() < deadline and not scored:
        time.sleep(0.1)
        if record.exists() and '"begun"' in record.read_text(encoding="utf-8"):
            run_id = read_json(record)["made"]["run"]
            scored = list((project.run(run_id) / "candidates").glob("*/fold*.json"))
    assert scored, "the search has begun"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = {path: path.stat().st_mtime_ns for path in scored}
    found = place.run()
    assert outcomes(found)["validate"] == "done, again" and outcomes(found)["retrain"] == "done"
    assert found["retrain"].made["run"] == run_id
    assert {path: path.stat().st_mtime_ns for path in scored} == before, "what was scored is not fitted again"
    assert find_registered(place.workspace, "left").numbers[-1] == 1
