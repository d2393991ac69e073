"""Which files are taken in, and which rows are learned and which judge."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import os
import sqlite3
import time
import zipfile
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
    found, told = read_new([first], SCHEMA, "y")
    assert found[["x", "y"]].to_numpy().tolist() == [[1.0, 10.0]]
    assert told == ("1 new row has no value of 'y': left out.",)
    with pytest.raises(InputError, match="b.csv lacks the columns 'day' and 'y'. New rows need the columns of the table"):
        read_new([old(tmp_path / "b.csv", "x,z\n1,2\n")], SCHEMA, "y")
    with pytest.raises(InputError, match="None of the 1 new rows has a value of 'y'. Only rows with a known outcome"):
        read_new([old(tmp_path / "c.csv", "day,x,y\n2020-01-02,1,\n")], SCHEMA, "y")


def kinds(folder: Path) -> list[Path]:
    """The same three rows as files of every kind, old enough to be whole."""
    frame = pd.DataFrame({"day": pd.to_datetime(["2020-01-02", "2020-01-03", "2020-01-04"]), "x": [1, 2, 3], "y": [10, 20, 30]})
    words = frame.assign(day=frame["day"].dt.strftime("%Y-%m-%d"))
    text = words.to_csv(index=False).encode()
    frame.to_parquet(folder / "a.parquet")
    frame.to_feather(folder / "a.feather")
    (folder / "a.json").write_text(words.to_json(orient="records"))
    (folder / "a.jsonl").write_text(words.to_json(orient="records", lines=True))
    (folder / "a.csv.gz").write_bytes(gzip.compress(text))
    (folder / "a.tsv.xz").write_bytes(lzma.compress(text.replace(b",", b"\t")))
    (folder / "a.csv.bz2").write_bytes(bz2.compress(text))
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("rows.csv", text)
    with pd.ExcelWriter(folder / "a.xlsx") as book:
        pd.DataFrame({"note": ["not these"]}).to_excel(book, sheet_name="About", index=False)
        frame.to_excel(book, sheet_name="Rows", index=False)
    with contextlib.closing(sqlite3.connect(folder / "a.sqlite")) as base:
        words.to_sql("Rows", base, index=False)
        base.commit()
    for path in folder.iterdir():
        os.utime(path, (time.time() - 60, time.time() - 60))
    return sorted(folder.iterdir())


def test_a_watched_folder_takes_every_kind_that_can_be_read(tmp_path: Path):
    """It took text files only, and left the others lying without a word."""
    made = kinds(tmp_path)
    assert sorted(arrivals(tmp_path, {}, pause=0).ready) == made
    for path in made:
        found, told = read_new([path], SCHEMA, "y", "" if path.suffix == ".zip" else "Rows")
        assert found["y"].tolist() == [10, 20, 30], path.name
        assert found["day"].dt.day.tolist() == [2, 3, 4], path.name
        assert told == (), path.name


def test_the_sheet_that_is_named_is_read_and_one_that_is_not_there_is_told(tmp_path: Path):
    kinds(tmp_path)
    assert len(read_new([tmp_path / "a.xlsx"], SCHEMA, "y", "Rows")[0]) == 3
    with pytest.raises(InputError, match="a.xlsx lacks the columns 'day', 'x' and 'y'"):
        read_new([tmp_path / "a.xlsx"], SCHEMA, "y", "About")
    with pytest.raises(InputError, match="a.xlsx .*'June'"):
        read_new([tmp_path / "a.xlsx"], SCHEMA, "y", "June")


@pytest.mark.parametrize("name", ["a.parquet", "a.xlsx", "a.json", "a.csv.gz"])
def test_a_file_of_any_kind_that_is_still_being_written_is_left(tmp_path: Path, name: str):
    kinds(tmp_path)
    os.utime(tmp_path / name)
    found = arrivals(tmp_path, {}, pause=0)
    assert found.writing == (name,) and tmp_path / name not in found.ready


@pytest.mark.parametrize("name", ["a.parquet", "a.xlsx", "a.csv.gz", "a.zip"])
def test_a_file_that_was_cut_off_is_told_as_damaged(tmp_path: Path, name: str):
    kinds(tmp_path)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-30])
    with pytest.raises(InputError, match=rf"{name} .*(damaged|no table)"):
        read_new([tmp_path / name], SCHEMA, "y", "Rows" if name == "a.xlsx" else "")


def test_one_file_that_does_not_fit_does_not_hold_up_the_others(tmp_path: Path):
    """All of them were refused, and the good ones were never looked at again."""
    good = old(tmp_path / "a.csv", "day,x,y\n2020-01-02,1,10\n")
    found, [told] = read_new([old(tmp_path / "b.csv", "x,z\n1,2\n"), good], SCHEMA, "y")
    assert found["y"].tolist() == [10]
    assert told == (
        "A file was left out: b.csv lacks the columns 'day' and 'y'. New rows need the columns of the table that the model "
        "learned from. Correct the file; it is looked at again when it has changed."
    )


def test_columns_of_another_kind_are_refused_and_single_cells_are_told(tmp_path: Path):
    """They were learned as missing values without a word."""
    words = old(tmp_path / "a.csv", "day,x,y\n2020-01-02,low,1\n2020-01-02,high,1\n2020-01-02,mid,1\n")
    with pytest.raises(InputError, match="a.csv holds something else: 3 of 3 cells of 'x' are no number: 'low', 'high' and"):
        read_new([words], SCHEMA, "y")
    found, told = read_new([old(tmp_path / "b.csv", "day,x,y\n2020-01-02,1,1\n2020-01-03,2,1\n2020-01-04,?!,1\n")], SCHEMA, "y")
    assert len(found) == 3
    assert told == ("b.csv: 1 of 3 cells of 'x' are no number: '?!'. They count as missing.",)


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
