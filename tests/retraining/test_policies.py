"""A policy from the arrival of a file to its decision, on a real, small search."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from automl_core.cleaning.recipe import Recipe
from automl_core.data.dataset import dataset_from_frame
from automl_core.events import Event, Message
from automl_core.experiment import Budget, ExperimentConfig
from automl_core.monitoring.settings import Settings, save_settings
from automl_core.monitoring.summary import Seen
from automl_core.registry.store import MODEL, Registered, create_registered
from automl_core.retraining.policy import Policy, list_firings, save_policy
from automl_core.runs import Run, write_request
from automl_core.schema import Schema
from automl_core.worker import policies
from automl_core.worker.candidates import evaluate_candidate, report_candidate
from automl_core.worker.policies import fire, look_at
from automl_core.worker.training import train
from automl_core.worker.versions import register_candidate
from automl_core.workspace import ProjectFolder
from tests.conftest import CUSTOMERS, RECIPE, customers

KEPT = ["age", "income", "city", "member", "outcome"]
SCHEMA = Schema(tuple(column for column in CUSTOMERS if column.name in KEPT))
STEPS = Recipe(RECIPE.steps[2:])
NEVER = lambda: False  # noqa: E731 - what asks whether to stop


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave MLflow alone; it has tests of its own."""
    monkeypatch.setattr(policies, "mirror", lambda registered, emit: True)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project's folder with a table and a run that a real search made."""
    project = ProjectFolder(tmp_path_factory.mktemp("trained") / "pr261124-aaaaaaaa")
    dataset = dataset_from_frame(project.dataset("ds261124-aaaaaaaa"), customers(240)[KEPT], SCHEMA, "customers")
    config = ExperimentConfig("outcome", "binary", "roc_auc", "left", budget=Budget(30, 2), preset="quick", holdout=0.25)
    run = Run(project.run("rn261124-aaaaaaaa"))
    write_request(
        run.path,
        "train",
        {"dataset": dataset.id, "fingerprint": dataset.fingerprint, "config": config.to_dict(), "recipe": STEPS.to_dict()},
    )
    train(run, emit=lambda event: None, should_stop=NEVER, started=time.time())
    evaluate_candidate(run, "lr")
    report_candidate(run, "lr")
    return project.path


@pytest.fixture
def live(project: ProjectFolder, trained: Path, quiet: None) -> Registered:
    """A champion that a real search made."""
    for part in ("datasets", "runs"):
        shutil.copytree(trained / part, project.path / part)
    registered = create_registered(project, "customers")
    register_candidate(Run(project.run("rn261124-aaaaaaaa")), "lr", registered, emit=lambda event: None)
    registered.promote(1, "champion", "the first", who="ann")
    return registered


def arrive(inbox: Path, name: str, frame: pd.DataFrame, age: float = 60.0) -> Path:
    inbox.mkdir(exist_ok=True)
    path = inbox / name
    frame.to_csv(path, index=False)
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def test_a_file_arrives_and_a_new_version_is_made_judged_and_kept_in_order(live: Registered, tmp_path: Path):
    inbox = tmp_path / "inbox"
    arrive(inbox, "november.csv", customers(160, seed=11)[KEPT])
    arrive(inbox, "december.csv", customers(160, seed=12)[KEPT], age=0)
    policy = save_policy(live, Policy("New rows", "data", watched=str(inbox), then="promote", budget=30))
    told: list[Event] = []
    looked = look_at(live, emit=told.append, should_stop=NEVER)
    [firing] = looked.firings
    assert firing.outcome in ("promoted", "challenger", "kept"), firing.reason
    assert (firing.why, firing.files) == ("1 new file arrived.", ("november.csv",))
    assert firing.data == (
        "It learns 352 rows (112 new rows and 240 from before were there) and is judged on the newest 48 rows, which arrived and "
        "were learned by neither."
    )
    assert firing.compared["rows"] == 48
    version = live.version(2)
    assert version.lineage["rows"] == 352 and version.lineage["run"] == firing.run
    assert version.origin == "Made by the policy New rows: 1 new file arrived."
    assert version.params["models"].keys() == live.version(1).params["models"].keys()
    assert live.standing().aliases["champion"] == (2 if firing.outcome == "promoted" else 1)
    assert list_firings(live) == [firing]
    assert any(isinstance(event, Message) and event.text == f"New rows: {firing.reason}" for event in told)

    os.utime(inbox / "december.csv")
    again = look_at(live, emit=told.append, should_stop=NEVER)
    assert again.firings == () and again.waiting == ("New rows: 1 file is still being written.",)
    os.utime(inbox / "december.csv", (time.time() - 60, time.time() - 60))
    [second] = look_at(live, emit=told.append, should_stop=NEVER).firings
    assert second.files == ("december.csv",)
    assert live.version(3).lineage["rows"] == 240 + 160 + 112
    assert policy.id == second.policy


def test_a_file_that_cannot_be_learned_is_a_record_and_not_tried_again(live: Registered, tmp_path: Path):
    inbox = tmp_path / "inbox"
    arrive(inbox, "bad.csv", pd.DataFrame({"age": [1, 2]}))
    save_policy(live, Policy("New rows", "data", watched=str(inbox)))
    [firing] = look_at(live, emit=lambda event: None, should_stop=NEVER).firings
    assert firing.outcome == "failed"
    assert firing.reason.startswith("bad.csv lacks the columns 'income', 'city', 'member' and 'outcome'.")
    assert live.numbers == [1]
    assert look_at(live, emit=lambda event: None, should_stop=NEVER).waiting == ("New rows: No new file arrived.",)


def test_rows_of_a_firing_that_failed_come_again_with_the_next_file(live: Registered, tmp_path: Path):
    """A file of too few rows said to wait for more, and was never looked at again."""
    inbox = tmp_path / "inbox"
    arrive(inbox, "november.csv", customers(20, 7)[KEPT])
    arrive(inbox, "bad.csv", pd.DataFrame({"age": [1, 2]}))
    policy = save_policy(live, Policy("New rows", "data", watched=str(inbox), on="since"))
    [failed] = look_at(live, emit=lambda event: None, should_stop=NEVER).firings
    assert failed.outcome == "failed" and failed.reason.startswith("10 rows would be learned. At least 30 are needed.")
    assert look_at(live, emit=lambda event: None, should_stop=NEVER).waiting == ("New rows: No new file arrived.",)
    frame = customers(160, 8)[KEPT]
    frame.to_parquet(inbox / "december.parquet")
    os.utime(inbox / "december.parquet", (time.time() - 60, time.time() - 60))
    [firing] = look_at(live, emit=lambda event: None, should_stop=NEVER).firings
    assert set(firing.files) == {"november.csv", "bad.csv", "december.parquet"}
    assert firing.outcome != "failed", firing.reason
    assert live.version(2).lineage["rows"] == 180 - 54
    assert "A file was left out: bad.csv lacks the columns" in firing.data
    assert look_at(live, emit=lambda event: None, should_stop=NEVER).waiting == ("New rows: No new file arrived.",)
    assert policy.id == firing.policy


def test_files_that_failed_keep_no_new_ones_out(live: Registered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As many old files as are taken in at once, all of which failed, used to hide every later one for good."""
    monkeypatch.setattr("automl_core.retraining.watching.MOST", 2)
    monkeypatch.setattr("automl_core.worker.policies.MOST", 2)
    inbox = tmp_path / "inbox"
    for number in range(2):
        arrive(inbox, f"bad{number}.csv", pd.DataFrame({"age": [1, 2]}))
    save_policy(live, Policy("New rows", "data", watched=str(inbox), on="since"))
    assert [one.outcome for one in look_at(live, emit=lambda event: None, should_stop=NEVER).firings] == ["failed"]
    arrive(inbox, "good.csv", customers(160, 8)[KEPT])
    [firing] = look_at(live, emit=lambda event: None, should_stop=NEVER).firings
    assert firing.files == ("good.csv", "bad0.csv") and firing.outcome != "failed", firing.reason


def test_a_person_can_try_a_failed_file_again_at_once(live: Registered, tmp_path: Path):
    inbox = tmp_path / "inbox"
    path = arrive(inbox, "bad.csv", pd.DataFrame({"age": [1, 2]}))
    policy = save_policy(live, Policy("New rows", "data", watched=str(inbox)))
    look_at(live, emit=lambda event: None, should_stop=NEVER)
    assert policies._arrived(live, policy).ready == ()
    assert policies._arrived(live, policy, again=True).ready == (path,)


def test_a_crossed_limit_rolls_back_once(live: Registered):
    file = live.model(1)
    live.add(live.version(1), {MODEL: file})
    live.promote(2, "champion", "newer")
    save_settings(live, Settings(on=True))
    save_policy(live, Policy("Go back", "limits", then="rollback"))
    looked = look_at(live, emit=lambda event: None, should_stop=NEVER, drift=lambda model, frame: Seen("nothing", ""))
    assert looked.waiting == ("Go back: No limit was crossed.",)
    from automl_core.monitoring.log import Answered, log_answer

    for _ in range(30):
        log_answer(live, Answered(2, "service", 0.01, error="It is bad."))
    looked = look_at(live, emit=lambda event: None, should_stop=NEVER, drift=lambda model, frame: Seen("nothing", ""))
    assert looked.act
    [firing] = looked.firings
    assert (firing.outcome, firing.reason) == ("rolled back", "Version 1 is again champion, before it was version 2.")
    assert live.log()[-1].who == "policy Go back"
    assert live.standing().aliases == {"champion": 1}


def test_a_version_whose_run_is_gone_is_told(live: Registered):
    shutil.rmtree(live.project.run("rn261124-aaaaaaaa"))
    firing = fire(live, Policy("p", "time", how="search", id="po261124-aaaaaaaa"), "test", emit=lambda e: None, should_stop=NEVER)
    assert firing.outcome == "failed"
    assert firing.reason.startswith("The run that version 1 was made in is no longer in the project. Its recipe")


def test_a_fallback_answers(live: Registered):
    live.add(live.version(1), {MODEL: live.model(1)})
    live.promote(2, "champion", "newer")
    policy = Policy("Fall back", "limits", then="fallback", fallback=1, id="po261124-aaaaaaaa")
    firing = fire(live, replace(policy), "errors", emit=lambda event: None, should_stop=NEVER)
    assert (firing.outcome, firing.version) == ("fallback", 1)


def test_the_watcher_is_told_of_a_promotion_that_came_while_it_learned(
    live: Registered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Of two promotions at once the second is told of the first; its version and its rows are kept."""
    from automl_core.retraining.deciding import Decision
    from automl_core.worker import renewing

    def meanwhile(then, compared):
        live.promote(2, "champion", "by hand", who="ann")
        return Decision("promote", "It wins.")

    monkeypatch.setattr(renewing, "fate", meanwhile)
    live.add(live.version(1), {MODEL: live.model(1)})
    inbox = tmp_path / "inbox"
    path = arrive(inbox, "november.csv", customers(160, 7)[KEPT])
    policy = save_policy(live, Policy("New rows", "data", watched=str(inbox), then="promote"))
    [firing] = look_at(live, emit=lambda event: None, should_stop=NEVER).firings
    assert firing.outcome == "failed"
    assert firing.reason.startswith(
        "Meanwhile ann changed it: Version 2 is champion, before it was version 1. The reason was: by"
    )
    assert live.standing().aliases["champion"] == 2 and live.numbers == [3, 2, 1]
    assert policies._arrived(live, policy, again=True).ready == (path,)


def test_an_altered_champion_is_refused_by_the_watcher_and_nothing_is_lost(live: Registered, tmp_path: Path):
    inbox = tmp_path / "inbox"
    path = arrive(inbox, "november.csv", customers(160, 7)[KEPT])
    policy = save_policy(live, Policy("New rows", "data", watched=str(inbox)))
    (live.home(1) / MODEL).write_bytes(b"other")
    [firing] = look_at(live, emit=lambda event: None, should_stop=NEVER).firings
    assert (firing.outcome, live.numbers) == ("failed", [1])
    assert "version 1, is not the one that was registered (its SHA-256 differs)" in firing.reason
    assert policies._arrived(live, policy, again=True).ready == (path,)


def test_a_registry_that_is_away_does_not_hinder_a_policy(live: Registered, monkeypatch: pytest.MonkeyPatch):
    from automl_core.errors import EngineError
    from automl_core.registry import mirror
    from automl_core.worker import versions

    def away(registered: Registered) -> list[int]:
        raise EngineError("The MLflow registry at http://127.0.0.1:9 could not be used: refused.")

    monkeypatch.setattr(mirror, "sync", away)
    monkeypatch.setattr(policies, "mirror", versions.mirror)
    live.add(live.version(1), {MODEL: live.model(1)})
    live.promote(2, "champion", "newer")
    told: list[Event] = []
    policy = Policy("Fall back", "limits", then="fallback", fallback=1, id="po261124-aaaaaaaa")
    firing = fire(live, policy, "errors", emit=told.append, should_stop=NEVER)
    assert (firing.outcome, live.standing().aliases) == ("fallback", {"champion": 1})
    assert any(isinstance(event, Message) and "could not be used: refused." in event.text for event in told)


def test_one_damaged_model_does_not_end_the_watch_over_the_others(live: Registered):
    """Its name could not be read, and nobody was watched from then on."""
    (live.folder / "model.json").write_text("{")
    looked = look_at(live, emit=lambda event: None, should_stop=NEVER)
    assert looked.model == live.id and looked.firings == () and "model.json" in looked.fault
