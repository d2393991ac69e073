"""Two Parquet files compared by columns: the same report as of whole tables, without their memory."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from automl_core.data.dataset import dataset_from_frame
from automl_core.data.kinds import infer_schema
from automl_core.data.parsing import parse_frame
from automl_core.data.sources.columnar import read_columns
from automl_core.data.tables import write_table
from automl_core.drift.check import DriftSettings, compare_tables
from automl_core.drift.report import DriftReport
from automl_core.drift.stored import AT_ONCE, compare_parquet
from automl_core.errors import InputError
from automl_core.jobs.context import JobContext
from automl_core.projects import create_project
from automl_core.worker.drift import drift_job
from automl_core.workspace import Workspace, new_id
from tests.conftest import CUSTOMERS, customers
from tests.drift.test_commands import command


@pytest.fixture
def files(tmp_path):
    new = customers(300, 5)
    write_table(customers(400), tmp_path / "old.parquet")
    write_table(new.assign(age=new["age"] + 25, later=1.0).drop(columns="city"), tmp_path / "new.parquet")
    return tmp_path / "old.parquet", tmp_path / "new.parquet"


def whole(old, new, settings):
    """What the whole tables say."""
    text = read_columns(old, "parquet").frame
    schema = infer_schema(text)
    return compare_tables(
        parse_frame(text, schema).frame, read_columns(new, "parquet").frame, schema, settings, name="new.parquet"
    )


def test_the_report_is_that_of_the_whole_tables(files):
    told = []
    found = compare_parquet(*files, tell=lambda done, doing: told.append(doing))
    assert found.to_dict() == whole(*files, DriftSettings()).to_dict()
    assert (found.mode, found.verdict, found.rows, found.reference_rows) == ("exact", "act", 300, 400)
    assert {column.name for column in found.columns if column.verdict == "act"} == {"age", "city"}
    assert found.joint is not None and found.joint.columns[0][0] == "age"
    columns = len(customers(1).columns) - 1
    assert told[0] == f"Comparing column 1 of {columns}"
    assert len(told) == -(-columns // AT_ONCE) + 1


def test_rows_are_drawn_from_long_tables_as_from_whole_ones(tmp_path):
    rng = np.random.default_rng(0)
    for name, shift in (("old", 0.0), ("new", 0.2)):
        x = rng.normal(shift, 1, 30_000)
        pd.DataFrame({"x": x, "y": x + rng.normal(size=30_000), "z": rng.normal(size=30_000)}).to_parquet(
            tmp_path / f"{name}.parquet"
        )
    paths = tmp_path / "old.parquet", tmp_path / "new.parquet"
    found = compare_parquet(*paths)
    assert found.to_dict() == whole(*paths, DriftSettings()).to_dict()


def test_a_few_columns_are_in_memory_at_a_time(tmp_path, monkeypatch):
    from automl_core.data.sources.columnar import ParquetColumns

    asked, read = [], ParquetColumns.frame
    monkeypatch.setattr(ParquetColumns, "frame", lambda self, names: asked.append(len(names)) or read(self, names))
    for name in ("old", "new"):
        pd.DataFrame(np.random.default_rng(0).normal(size=(50, 30))).add_prefix("c").to_parquet(tmp_path / f"{name}.parquet")
    report = compare_parquet(tmp_path / "old.parquet", tmp_path / "new.parquet", DriftSettings(joint=False))
    assert (len(report.columns), report.verdict) == (30, "nothing")
    assert asked == [4, 4] * 7 + [2, 2]


def test_a_column_of_another_kind_is_named(tmp_path):
    pd.DataFrame({"a": np.arange(50.0) * 1.5, "b": np.arange(50.0)}).to_parquet(tmp_path / "old.parquet")
    pd.DataFrame({"a": ["low", "high"] * 25, "b": np.arange(50.0)}).to_parquet(tmp_path / "new.parquet")
    found = compare_parquet(tmp_path / "old.parquet", tmp_path / "new.parquet", DriftSettings(joint=False))
    assert found.columns[0].sentence.startswith("'a' held numbers before, but 50 of 50 cells are none: 'low', 'high'.")


def test_a_column_all_missing_is_told(tmp_path):
    pd.DataFrame({"a": np.arange(50.0) * 1.5, "b": ["x", "y"] * 25}).to_parquet(tmp_path / "old.parquet")
    pd.DataFrame({"a": [None] * 50, "b": ["x", "y"] * 25}).to_parquet(tmp_path / "new.parquet")
    found = compare_parquet(tmp_path / "old.parquet", tmp_path / "new.parquet")
    assert (found.columns[0].name, found.columns[0].verdict, found.columns[0].missing_after) == ("a", "act", 1.0)


def test_nested_columns_take_no_part(tmp_path):
    for name in ("old", "new"):
        pq.write_table(pa.table({"a": list(range(40)), "deep": [{"x": 1}] * 40}), tmp_path / f"{name}.parquet")
    found = compare_parquet(tmp_path / "old.parquet", tmp_path / "new.parquet", DriftSettings(joint=False))
    assert [column.name for column in found.columns] == ["a"]
    assert found.notes == ("Nested columns are not compared: 'deep'.",)


def test_doubled_names_are_refused(files, tmp_path):
    """They ended in a traceback."""
    doubled = pa.Table.from_arrays([pa.array(range(40))] * 3, names=["a", "b", "a"])
    pq.write_table(doubled, tmp_path / "doubled.parquet")
    for pair in ((files[0], tmp_path / "doubled.parquet"), (tmp_path / "doubled.parquet", files[1])):
        with pytest.raises(InputError) as caught:
            compare_parquet(*pair)
        assert str(caught.value) == (
            "doubled.parquet has several columns named 'a'. They are told apart by their names. "
            "Write the file again with a name of its own for each column."
        )
    code, out, err = command(files[0], tmp_path / "doubled.parquet", "--fast")
    assert code == 2 and "several columns named 'a'" in out + err


def test_what_cannot_be_compared_is_refused(files, tmp_path):
    old, new = files
    pd.DataFrame({"other": range(30)}).to_parquet(tmp_path / "other.parquet")
    customers(3).to_parquet(tmp_path / "short.parquet")
    (tmp_path / "half.parquet").write_bytes(new.read_bytes()[:-200])
    with pytest.raises(InputError, match="The two tables have no column in common; the new one has 'other'. The old"):
        compare_parquet(old, tmp_path / "other.parquet")
    with pytest.raises(InputError, match="The new table has 3 rows. At least 20 are needed"):
        compare_parquet(old, tmp_path / "short.parquet")
    with pytest.raises(InputError, match=r"^half.parquet is damaged: .*\. Write or send the file again\.$"):
        compare_parquet(old, tmp_path / "half.parquet")
    with pytest.raises(InputError, match="The time line is to go by 'often'. That must be a number of rows or one of D, W, M"):
        compare_parquet(old, new, DriftSettings(chunk="often"))
    with pytest.raises(InputError, match="There is no column of dates 'age'. A time line by month needs one. Choose a number"):
        compare_parquet(old, new, DriftSettings(chunk="M", date="age"))
    dateless = customers(60).drop(columns="joined")
    dateless.to_parquet(tmp_path / "dateless.parquet")
    with pytest.raises(InputError, match="The table has no column of dates. A time line by week needs one."):
        compare_parquet(tmp_path / "dateless.parquet", new, DriftSettings(chunk="W"))


BY_PAID = {"chunk": "M", "date": "paid"}


@pytest.mark.parametrize("how", [{"chunk": "M"}, BY_PAID, {"chunk": "90", "date": "paid"}, {"chunk": "110"}])
def test_the_time_line_is_that_of_the_whole_tables(tmp_path, how):
    """Two files had none: it was said to need whole rows."""
    old, new = customers(400), customers(400, 5)
    for frame in (old, new):
        frame["paid"] = pd.date_range("2024-01-01", periods=400, freq="8h")[::-1]
    new.loc[new["paid"] >= "2024-04-01", "age"] += 40
    new.loc[:30, "paid"] = None
    write_table(old, tmp_path / "old.parquet")
    write_table(new, tmp_path / "new.parquet")
    settings = DriftSettings(joint=False, **how)
    found = compare_parquet(tmp_path / "old.parquet", tmp_path / "new.parquet", settings)
    assert found.to_dict() == whole(tmp_path / "old.parquet", tmp_path / "new.parquet", settings).to_dict()
    if how == BY_PAID:
        assert [chunk.label for chunk in found.chunks] == ["2024-01", "2024-02", "2024-03", "2024-04"]
        assert [chunk.verdict == "act" for chunk in found.chunks] == [False, False, False, True]
        assert found.notes[-2:] == (
            "31 rows have no 'paid': left out of the time line.",
            "2024-05 has 6 rows and is left out of the time line: too few to judge.",
        )


def test_a_time_line_reads_one_column_of_dates_and_then_a_few_at_a_time(tmp_path, monkeypatch):
    from automl_core.data.sources.columnar import ParquetColumns

    for name in ("old", "new"):
        frame = pd.DataFrame(np.random.default_rng(0).normal(size=(90, 10))).add_prefix("c")
        frame.assign(day=pd.date_range("2024-01-01", periods=90)).to_parquet(tmp_path / f"{name}.parquet")
    asked, read = [], ParquetColumns.frame
    monkeypatch.setattr(ParquetColumns, "frame", lambda self, names: asked.append(tuple(names)) or read(self, names))
    settings = DriftSettings(joint=False, chunk="M", date="day")
    report = compare_parquet(tmp_path / "old.parquet", tmp_path / "new.parquet", settings)
    assert [chunk.rows for chunk in report.chunks] == [31, 29, 30]
    assert asked[:2] == [("day",), ("day",)] and max(map(len, asked)) == AT_ONCE


def test_the_command_compares_two_files(files):
    code, out, _ = command(*files, "--fast", "--chunk", "100")
    assert code == 3
    assert out.startswith("act: ")
    assert "act     Rows 1 to 100: " in out


def test_the_job_compares_two_tables_of_the_project(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOML_HOME", str(tmp_path))
    project = Workspace.default().project(create_project(Workspace.default(), "Shop").id)
    fresh = customers(300, 5)
    old, new = (
        dataset_from_frame(project.dataset(new_id("ds")), frame, CUSTOMERS, "table")
        for frame in (customers(300), fresh.assign(age=fresh["age"] + 25))
    )
    folder, events = project.job(new_id("jb")), []
    folder.mkdir(parents=True)
    params = {"table": old.id, "dataset": new.id, "name": "May", "settings": {}}
    found = drift_job(JobContext(folder, project, {"kind": "drift", "params": params}, events.append, lambda: False))
    report = DriftReport.from_dict(json.loads((folder / "drift.json").read_text()))
    assert (found["verdict"], report.name, report.mode) == ("act", "May", "exact")
    expected = compare_tables(old.frame(), new.frame(), old.schema, name="May")
    assert report.to_dict() == expected.to_dict()
