"""Which files are taken in, and which rows are learned and which judge."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pandas as pd
import pytest

from automl_core.errors import InputError, NotFoundError
from automl_core.retraining.policy import Policy
from automl_core.retraining.rows import choose_rows, read_new
from automl_core.retraining.watching import arrivals, stamp
from automl_core.schema import Column, Schema

SCHEMA = Schema((Column("day", "date"), Column("x", "number"), Column("y", "number")))


def old(path: Path, text: str = "a,b\n1,2\n", age: float = 60.0) -> Path:
    path.write_text(text)
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def test_new_whole_files_are_taken_oldest_first(tmp_path: Path):
    second, first = old(tmp_path / "a.csv", age=30), old(tmp_path / "b.csv", age=60)
    old(tmp_path / "notes.md"), old(tmp_path / ".hidden.csv"), old(tmp_path / "c.csv.part"), (tmp_path / "folder.csv").mkdir()
    old(tmp_path / "empty.csv", "")
    found = arrivals(tmp_path, {}, pause=0)
    assert found.ready == (first, second) and found.writing == ()
    assert arrivals(tmp_path, {str(first): stamp(first)}, pause=0).ready == (second,)


def test_a_file_still_being_written_is_left_until_it_is_still(tmp_path: Path):
    fresh = tmp_path / "a.csv"
    fresh.write_text("a,b\n1,")
    found = arrivals(tmp_path, {}, pause=0)
    assert (found.ready, found.writing) == ((), ("a.csv",))
    assert arrivals(tmp_path, {}, now=time.time() + 60, pause=0).ready == (fresh,)


def test_a_file_that_grows_between_the_two_looks_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    slow = old(tmp_path / "a.csv")
    monkeypatch.setattr("automl_core.retraining.watching.time.sleep", lambda seconds: slow.write_text("a,b\n1,2\n3,4\n"))
    assert arrivals(tmp_path, {}).writing == ("a.csv",)


def test_a_watched_file_counts_again_when_it_was_written_anew(tmp_path: Path):
    table = old(tmp_path / "table.csv")
    seen = {str(table): stamp(table)}
    assert arrivals(table, seen, pause=0).ready == ()
    old(table, "a,b\n1,2\n3,4\n", age=30)
    assert arrivals(table, seen, pause=0).ready == (table,)


def test_a_watched_folder_that_is_gone_is_told(tmp_path: Path):
    with pytest.raises(NotFoundError, match="The watched .*inbox is not there. Make it again, or change the policy."):
        arrivals(tmp_path / "inbox", {})


def test_new_rows_are_read_as_before_and_need_outcomes(tmp_path: Path):
    first = old(tmp_path / "a.csv", "x,y,day,more\n1,10,2020-01-02,z\n2,,2020-01-03,z\n")
    assert read_new([first], SCHEMA, "y")[["x", "y"]].to_numpy().tolist() == [[1.0, 10.0]]
    with pytest.raises(InputError, match="b.csv lacks the columns 'day', 'y'. New rows need the columns of the table"):
        read_new([old(tmp_path / "b.csv", "x,z\n1,2\n")], SCHEMA, "y")
    with pytest.raises(InputError, match="None of the 1 new rows has a value of 'y'. Only rows with a known outcome"):
        read_new([old(tmp_path / "c.csv", "day,x,y\n2020-01-02,1,\n")], SCHEMA, "y")


def table(rows: int, start: int = 0) -> pd.DataFrame:
    day = pd.Timestamp("2020-01-01") + pd.to_timedelta(range(start, start + rows), unit="D")
    return pd.DataFrame({"day": day, "x": range(start, start + rows), "y": range(start, start + rows)})


@pytest.mark.parametrize(
    ("policy", "new", "learned", "judging"),
    [
        (Policy("p", "data"), 200, (0, 240), (240, 300)),
        (Policy("p", "data"), 80, (0, 150), (150, 180)),  # at least 30 judge
        (Policy("p", "data"), 40, (0, 120), (120, 140)),  # at most half of them
        (Policy("p", "data", on="since"), 200, (100, 240), (240, 300)),
        (Policy("p", "data", on="last_rows", rows=50), 200, (190, 240), (240, 300)),
        (Policy("p", "data", on="last_days", span_days=35, time_column="day"), 200, (205, 240), (240, 300)),
    ],
)
def test_the_newest_rows_judge_and_the_chosen_others_are_learned(policy, new, learned, judging):
    found = choose_rows(policy, table(100), table(new, 100), None)
    assert found.learned["x"].tolist() == list(range(*learned))
    assert found.judging["x"].tolist() == list(range(*judging))
    assert len(found.collected) == 100 + new


def test_rows_that_come_in_another_order_are_put_in_that_of_their_dates():
    shuffled = table(200, 100).sample(frac=1, random_state=0)
    found = choose_rows(Policy("p", "data", time_column="day"), table(100), shuffled, None)
    assert found.judging["x"].tolist() == list(range(240, 300))


def test_without_new_rows_those_that_were_kept_aside_judge():
    base = table(100)
    found = choose_rows(Policy("p", "time", how="search"), base, table(0), base.iloc[10:40])
    assert len(found.learned) == 70 and found.judging["x"].tolist() == list(range(10, 40))
    with pytest.raises(InputError, match="No new rows arrived since the last version. The same model on the same rows"):
        choose_rows(Policy("p", "time"), base, table(0), base.iloc[10:40])
    with pytest.raises(InputError, match="There are no new rows, and the champion's run kept none aside"):
        choose_rows(Policy("p", "time", how="search"), base, table(0), None)


def test_too_few_rows_are_not_learned():
    with pytest.raises(InputError, match="10 rows would be learned. At least 30 are needed."):
        choose_rows(Policy("p", "data", on="since"), table(100), table(20, 100), None)
