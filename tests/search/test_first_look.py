"""The first look at a large table: honest scores of a plain model on samples that grow, told from a process of its own."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning.recipe import Recipe, Step
from automl_core.events import CandidateScored, Event, append_event, read_events
from automl_core.experiment import Costs, Kpi, Split
from automl_core.leaderboard import Candidate, Leaderboard, in_words
from automl_core.schema import Column, Schema
from automl_core.search import first_look
from automl_core.search.first_look import Sample, Wish, of_file, of_frame, score_sample
from automl_core.search.live_board import LiveBoard
from tests.search.conftest import CONFIG, RECIPE, SCHEMA, make_people


def rows_of(journal: Path, count: int) -> list[dict]:
    """Wait for the rows that a look tells, `count` of them."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        rows = [event.candidate for event in read_events(journal)[0] if isinstance(event, CandidateScored)]
        if len(rows) >= count:
            return rows
        time.sleep(0.02)
    raise AssertionError(f"{len(rows)} of {count} rows after a minute")


def test_a_sample_is_scored_as_the_search_scores_a_table(tmp_path, search):
    """On the same rows and folds the look's numbers are the search's own."""
    people = make_people(300)
    row = score_sample(Sample(people, SCHEMA, 300), RECIPE, replace(CONFIG, holdout=0.2), started=time.time())
    same = search(tmp_path, frame=people, candidates=("lr",), holdout=0.0)["lr"]
    assert (row.id, row.role, row.state) == ("lr", "look", "scored")
    assert row.fold_scores == pytest.approx(same.fold_scores)
    assert row.metrics == pytest.approx(same.metrics)


def test_rows_that_a_step_leaves_out_of_learning_are_left_out(tmp_path, search):
    """The look learned the odd rows that the step named, and its score was of another recipe than the search's."""
    people = make_people(300)
    people.loc[::10, "age"] = 9999.0
    drop = Step("clip_outliers", {"columns": ["age"], "method": "limits", "high": 100.0, "action": "drop"})
    recipe = Recipe((drop, *RECIPE.steps))
    row = score_sample(Sample(people, SCHEMA, 300), recipe, replace(CONFIG, holdout=0.0), started=time.time())
    same = search(tmp_path, frame=people, recipe=recipe, candidates=("lr",), holdout=0.0)["lr"]
    assert (tmp_path / "folds" / "0" / "encoded_kept.npy").exists()
    assert row.fold_scores == pytest.approx(same.fold_scores)


def test_the_row_says_on_how_many_rows_it_stands():
    row = score_sample(Sample(make_people(200), SCHEMA, 12_345, about=True), RECIPE, CONFIG, started=time.time())
    assert row.reason == "A first look at 200 of about 12,345 rows in 3 folds. The search's own score follows."
    row = score_sample(Sample(make_people(200), SCHEMA, 200), RECIPE, replace(CONFIG, folds=4), started=time.time())
    assert row.reason == "A first look in 4 folds. The search's own score follows."


def test_samples_grow_while_the_table_is_large_enough(tmp_path, monkeypatch):
    monkeypatch.setattr(first_look, "ROWS", 100)
    people, journal = make_people(1000), tmp_path / "events.jsonl"
    look = of_frame(
        people, SCHEMA, RECIPE, CONFIG, tmp_path, emit=lambda event: append_event(journal, event), started=time.time()
    )
    assert look is not None
    reasons = [row["reason"].split(" in ")[0] for row in rows_of(journal, 2)]
    assert reasons == ["A first look at 100 of 1,000 rows", "A first look at 400 of 1,000 rows"]
    look.end()
    board = Leaderboard.load(tmp_path / "leaderboard.json")
    assert [row.id for row in board] == ["lr"] and board.recommended == ""


def test_a_small_table_needs_no_look_where_it_was_read_or_there_is_one_core(tmp_path, monkeypatch):
    source = tmp_path / "people.csv"
    make_people(50).to_csv(source, index=False)
    assert of_frame(make_people(50), SCHEMA, RECIPE, CONFIG, tmp_path, emit=lambda event: None, started=0.0) is None
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0})
    assert of_file(source, Wish("bought"), tmp_path, emit=lambda event: None) is None


def test_of_many_columns_fewer_rows_are_looked_at(tmp_path):
    """Regression: a table of more than 250 columns was not looked at, and stood without a row for many seconds."""
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(1600, 399))
    wide = pd.DataFrame(numbers, columns=[f"n{number}" for number in range(399)])
    wide["bought"] = np.where(numbers[:, 0] + rng.normal(size=1600) > 0, "yes", "no")
    schema = Schema((*(Column(name, "number") for name in wide.columns[:-1]), Column("bought", "boolean")))
    journal = tmp_path / "events.jsonl"
    look = of_frame(wide, schema, RECIPE, CONFIG, tmp_path, emit=lambda event: append_event(journal, event), started=time.time())
    assert look is not None
    row = rows_of(journal, 1)[0]
    look.end()
    assert row["reason"] == "A first look at 750 of 1,600 rows in 3 folds. The search's own score follows."
    assert row["score"] > 0.5
    assert [first_look.first_rows(columns) for columns in (16, 75, 100, 3000)] == [4000, 4000, 3000, 100]
    assert of_frame(wide.head(1499), schema, RECIPE, CONFIG, tmp_path, emit=lambda event: None, started=0.0) is None
    wider = pd.DataFrame(np.zeros((400, 3001)))
    assert of_frame(wider, schema, RECIPE, CONFIG, tmp_path, emit=lambda event: None, started=0.0) is None


COSTS = Costs(true_positive=10.0, false_positive=-2.0, false_negative=-5.0, amount="age", currency="EUR")
KPI = Kpi("Right", "share(prediction == truth)")


@pytest.mark.parametrize("own", [{"metric": "cost", "costs": COSTS}, {"metric": "kpi", "kpi": KPI}])
def test_a_figure_of_one_s_own_ranks_the_look_too(tmp_path, search, own):
    """Regression: neither money nor a formula was known to the look, so that none was ever told."""
    people = make_people(300)
    row = score_sample(Sample(people, SCHEMA, 300), RECIPE, replace(CONFIG, holdout=0.0, **own), started=time.time())
    same = search(tmp_path, frame=people, candidates=("lr",), holdout=0.0, **own)["lr"]
    assert row.score == pytest.approx(same.score)
    assert row.metrics == pytest.approx(same.metrics)


@pytest.mark.parametrize("own", [{"metric": "cost", "costs": COSTS}, {"metric": "kpi", "kpi": KPI}])
def test_a_file_is_looked_at_by_a_figure_of_one_s_own(tmp_path, own):
    source, journal = tmp_path / "people.csv", tmp_path / "events.jsonl"
    make_people(300).to_csv(source, index=False)
    look = of_file(source, Wish("bought", **own), tmp_path, emit=lambda event: append_event(journal, event))
    assert look is not None
    row = rows_of(journal, 1)[0]
    look.end()
    board = Leaderboard.load(tmp_path / "leaderboard.json")
    assert (board.metric, row["score"]) == (own["metric"], row["metrics"][own["metric"]])
    assert board.label


def test_a_sample_that_is_too_small_does_not_end_the_look(tmp_path, monkeypatch):
    """Regression: in a file of many columns the first sample is of a few rows, and none was tried after it."""
    monkeypatch.setattr(first_look, "FILE_BYTES", 1 << 7)
    source, journal = tmp_path / "people.csv", tmp_path / "events.jsonl"
    make_people(1000).to_csv(source, index=False)
    look = of_file(source, Wish("bought"), tmp_path, emit=lambda event: append_event(journal, event))
    assert look is not None
    assert rows_of(journal, 1)
    look.end()


def test_no_sample_is_looked_at_twice(tmp_path, monkeypatch):
    """Regression: of a file of 20,000 columns the same 96 rows were scored twice, beside the search."""
    monkeypatch.setattr(first_look, "FILE_BYTES", 1 << 7)
    source = tmp_path / "people.csv"
    make_people(1000).to_csv(source, index=False)
    rows = [len(sample.frame) for sample in first_look._samples_of_file(source)]
    assert rows == sorted(set(rows)) and len(rows) > 1


def test_a_small_file_is_looked_at_whole_and_once(tmp_path):
    source, journal = tmp_path / "people.csv", tmp_path / "events.jsonl"
    make_people(100).to_csv(source, index=False)
    look = of_file(source, Wish("bought"), tmp_path, emit=lambda event: append_event(journal, event))
    assert look is not None
    while not (done := look._executor.wait(0.1)):
        pass
    assert done[0].result == {"told": 1}
    assert [row["reason"] for row in rows_of(journal, 1)] == ["A first look in 3 folds. The search's own score follows."]


def test_a_file_is_looked_at_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(first_look, "FILE_BYTES", 1 << 12)
    source, journal = tmp_path / "people.csv", tmp_path / "events.jsonl"
    make_people(1000).to_csv(source, index=False)
    wish = Wish("bought", metric="log_loss", positive="no", split=Split())
    look = of_file(source, wish, tmp_path, emit=lambda event: append_event(journal, event))
    assert look is not None
    row = rows_of(journal, 1)[0]
    look.end()
    board = Leaderboard.load(tmp_path / "leaderboard.json")
    assert board.metric == "log_loss" and not board.greater_is_better
    assert "of about" in row["reason"] and 0 < row["score"] < 0.7
    assert row["at_seconds"] > 0


def test_the_task_a_person_asked_for_is_taken(tmp_path):
    people = make_people(300)
    recipe, config = first_look._settings(Sample(people, SCHEMA, 300), Wish("age", task="regression", seed=3))
    assert (config.task, config.metric, config.positive, config.seed) == ("regression", "rmse", "", 3)
    assert {step.op for step in recipe} >= {"impute", "encode"}


@pytest.mark.parametrize("wish", [Wish("no such column"), Wish("bought", metric="no such metric")])
def test_what_is_wrong_is_left_for_the_search_to_tell(tmp_path, monkeypatch, capfd, wish):
    monkeypatch.setattr(first_look, "FILE_BYTES", 1 << 10)
    source = tmp_path / "people.csv"
    make_people(1000).to_csv(source, index=False)
    look = of_file(source, wish, tmp_path, emit=lambda event: None)
    assert look is not None
    while not (done := look._executor.wait(0.1)):
        pass
    look.end()
    assert (done[0].error, done[0].result) == ("", {"told": 0})
    assert capfd.readouterr() == ("", "")
    assert not (tmp_path / "leaderboard.json").exists()


def test_the_look_is_handed_over_when_the_search_has_something_to_show(tmp_path, search):
    """Its row stands while the same model is fitted, is never recommended, and gives way to the model's own score."""
    people = make_people(300)
    row = score_sample(Sample(people, SCHEMA, 900), RECIPE, CONFIG, started=time.time())
    Leaderboard(CONFIG.metric, True, (row,)).save(tmp_path / "leaderboard.json")
    look, shown = first_look.FirstLook(lambda: time.sleep(60) or {}), []
    board = search(tmp_path, frame=people, candidates=("lr",), emit=shown.append, look=lambda: look.hand_over(tmp_path))
    assert not look._executor.running()
    rows = [event.candidate for event in shown if isinstance(event, CandidateScored) and event.candidate["id"] == "lr"]
    assert [(one["role"], one["state"]) for one in rows] == [("model", "scored")]
    assert (board["lr"].role, board.recommended) == ("model", "lr")


def test_a_look_that_the_search_did_not_come_back_to_is_no_result(tmp_path):
    row = score_sample(Sample(make_people(200), SCHEMA, 12_345), RECIPE, CONFIG, started=time.time())
    seen = Leaderboard(CONFIG.metric, True, (row,))
    told: list[Event] = []
    rows = LiveBoard(Leaderboard(CONFIG.metric, True), tmp_path, told.append, lambda: seen)
    rows.show(Candidate("dummy", "Baseline", "baseline", role="baseline", state="scored", score=0.5))
    assert [one.id for one in rows.board.ranked()] == ["lr", "dummy"] and rows.scored() == []
    rows.end_look()
    left = rows.board["lr"]
    assert (left.role, left.state, left.score) == ("model", "skipped", None)
    assert left.reason == f"A first look at 200 of 12,345 rows in 3 folds. Its score was {in_words(row.score, row.spread)}."
    other = LiveBoard(Leaderboard("log_loss", False), tmp_path, told.append, lambda: seen)
    other.end_look()
    assert len(other.board) == 0  # judged by another metric, it says nothing here


def test_only_a_table_that_was_never_searched_is_looked_at(tmp_path, monkeypatch):
    """A run that goes on has rows of its own; a look would hide them."""
    from automl_core.runs import Run, write_request
    from automl_core.worker import training

    class Table:
        schema = SCHEMA

        @staticmethod
        def frame():
            return make_people(300)

    class Asked(Run):
        config, recipe, params = CONFIG, RECIPE, {}

        @staticmethod
        def dataset():
            return Table()

    monkeypatch.setattr(first_look, "of_frame", lambda *_, **__: pytest.fail("looked"))
    (tmp_path / "candidates").mkdir()
    write_request(tmp_path, "train", {})
    with pytest.raises(RuntimeError, match="searched"):
        monkeypatch.setattr("automl_core.search.run.run_search", _searched)
        training.train(Asked(tmp_path), emit=lambda event: None, should_stop=lambda: False, started=time.time())


def _searched(*_, **__):
    raise RuntimeError("searched")
