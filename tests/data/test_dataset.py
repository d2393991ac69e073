"""A dataset on disk: what is stored, what is kept, what is refused, and that nothing half-made stays behind."""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.data import reading
from automl_core.data.dataset import Dataset, create_dataset, dataset_from_frame, load_dataset
from automl_core.data.dialect import Dialect
from automl_core.data.parsing import Faults
from automl_core.data.report import ReadReport
from automl_core.data.rereading import change_kind
from automl_core.data.tables import fingerprint, read_table, write_table
from automl_core.errors import FormatError, InputError, LimitError, NotFoundError, StorageError
from automl_core.people.settings import Settings
from automl_core.schema import Column, Schema
from automl_core.workspace import Workspace, new_id, write_json

TEXT = (
    "id;when;price;paid;note\n"
    + "".join(f"{n};2024-01-0{n};{n},5;{'yes' if n % 2 else 'no'};n{n}\n" for n in range(1, 6))
    + "6;1;2;3;4;5;6\n"
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "orders.CSV"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture
def orders(tmp_path: Path, source: Path) -> Dataset:
    return create_dataset(tmp_path / "ds", source, "Orders")


def test_a_file_becomes_a_folder(tmp_path: Path, source: Path, orders: Dataset) -> None:
    assert sorted(path.name for path in orders.folder.iterdir()) == ["data.parquet", "dataset.json", "refused.csv", "source.csv"]
    assert orders.source is not None and orders.source.read_text(encoding="utf-8") == TEXT
    assert (orders.id, orders.name, orders.rows, orders.notes) == ("ds", "Orders", 5, ())
    assert [column.kind for column in orders.schema] == ["number", "date", "number", "boolean", "category"]
    assert orders.report.dialect == Dialect(delimiter=";")
    assert [refused.line for refused in orders.report.refused] == [7]
    assert (
        orders.folder / "refused.csv"
    ).read_text() == "line,reason,text\n7,7 cells where the table has 5 columns,6;1;2;3;4;5;6\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ds", "orders.CSV"]


def test_the_typed_table_comes_back_exactly(orders: Dataset) -> None:
    frame = orders.frame()
    assert frame.dtypes.map(str).to_list() == ["int64", "datetime64[ns]", "float64", "object", "object"]
    assert frame.iloc[0].to_list() == [1, pd.Timestamp("2024-01-01"), 1.5, "yes", "n1"]
    assert frame.index.equals(pd.RangeIndex(5))
    assert orders.frame(["price", "id"]).columns.to_list() == ["price", "id"]


def test_a_dataset_is_loaded_as_it_was_made(orders: Dataset) -> None:
    assert load_dataset(orders.folder) == orders


def test_faults_are_stored_with_examples(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "".join(f"{n},x\n" for n in range(60)) + "twelve,y\ntwelve,y\nten,y\n")
    data = create_dataset(tmp_path / "ds", path, "a")
    assert data.faults == {"a": Faults(3, ("twelve", "ten"))}
    assert load_dataset(data.folder).faults == data.faults


def test_missing_stays_missing_in_every_kind(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"n": [1.5, np.nan], "d": pd.to_datetime(["2024-01-05", None]), "c": pd.Series(["a", None], dtype=object), "i": [1, 2]}
    )
    write_table(frame, tmp_path / "t.parquet")
    back = read_table(tmp_path / "t.parquet")
    assert back.dtypes.map(str).to_list() == ["float64", "datetime64[ns]", "object", "int64"]
    assert back.isna().to_numpy().tolist() == [[False, False, False, False], [True, True, True, False]]
    assert isinstance(back["c"].iloc[1], float)


def test_another_kind_reads_the_file_again_and_keeps_what_lies_beside(orders: Dataset) -> None:
    (orders.folder / "recipe.json").write_text("{}")
    (orders.folder / "profile.json").write_text("{}")
    once = change_kind(orders, "id", "category")
    assert once.frame()["id"].to_list() == ["1", "2", "3", "4", "5"]
    twice = change_kind(once, "note", "text")
    assert [(column.name, column.kind) for column in twice.schema if column.overruled] == [("id", "category"), ("note", "text")]
    assert twice.fingerprint != orders.fingerprint
    assert sorted(path.name for path in orders.folder.iterdir()) == [
        "data.parquet",
        "dataset.json",
        "recipe.json",
        "refused.csv",
        "source.csv",
    ]


def test_refused_rows_of_an_earlier_reading_are_forgotten(tmp_path: Path, source: Path, orders: Dataset) -> None:
    create_dataset(orders.folder, source, "Orders", dialect=Dialect(delimiter="|"))
    assert not (orders.folder / "refused.csv").exists()


def test_an_unknown_column_cannot_change(orders: Dataset) -> None:
    with pytest.raises(NotFoundError) as caught:
        change_kind(orders, "weight", "number")
    assert str(caught.value) == (
        "There is no column 'weight'. The columns are 'id', 'when', 'price', 'paid', 'note'. Choose one of them."
    )


def test_a_table_made_of_others_has_no_file_to_read_again(tmp_path: Path) -> None:
    made = dataset_from_frame(
        tmp_path / "ds", pd.DataFrame({"n": [1, 2]}, index=[7, 8]), Schema((Column("n", "number"),)), "made", notes=("Made.",)
    )
    assert (made.source, made.report, made.notes) == (None, ReadReport(None, 2, 1), ("Made.",))
    assert made.frame().index.to_list() == [0, 1]
    assert load_dataset(made.folder) == made
    with pytest.raises(InputError) as caught:
        change_kind(made, "n", "category")
    assert str(caught.value) == (
        "'made' was made from other tables, so there is no file to read again. "
        "Change the kind in the table it was made from, then make it again."
    )


def test_the_fingerprint_knows_values_names_and_kinds_and_nothing_else(tmp_path: Path, source: Path, orders: Dataset) -> None:
    assert create_dataset(tmp_path / "other", source, "Another name").fingerprint == orders.fingerprint
    frame, schema = pd.DataFrame({"a": [1, 2]}), Schema((Column("a", "number"),))
    prints = {
        fingerprint(frame, schema),
        fingerprint(pd.DataFrame({"a": [2, 1]}), schema),
        fingerprint(frame.rename(columns={"a": "b"}), Schema((Column("b", "number"),))),
        fingerprint(frame, Schema((Column("a", "id"),))),
    }
    assert len(prints) == 4
    assert fingerprint(frame, Schema((Column("a", "number", evidence="Other words."),))) in prints


def test_too_many_columns_are_refused(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    write_json(workspace.settings, Settings().changed("columns", 1000).to_dict())
    folder = workspace.project(new_id("pr")).dataset(new_id("ds"))
    path = tmp_path / "wide.csv"
    path.write_text(",".join(f"c{n}" for n in range(1200)) + "\n" + ",".join(["1"] * 1200) + "\n")
    with pytest.raises(LimitError) as caught:
        create_dataset(folder, path, "wide")
    assert str(caught.value) == (
        "The table has 1,200 columns. Up to 1,000 are read. Leave out columns you do not need and upload it again."
    )
    assert not folder.exists()


def test_ten_thousand_columns_are_stored(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text(",".join(f"c{n}" for n in range(10_000)) + "\n" + (",".join(["1"] * 10_000) + "\n") * 2)
    data = create_dataset(tmp_path / "ds", path, "wide")
    assert data.frame().shape == (2, 10_000)
    assert {column.kind for column in data.schema} == {"number"}


@pytest.mark.parametrize(
    ("text", "kinds", "missing"),
    [
        ("a,b\n1,\n2,NA\n3,-\n", ["number", "category"], [0, 3]),
        ("a,b\n1,x\ninf,y\n-inf,z\n2,w\n", ["number", "category"], [2, 0]),
        ("a,b\n1,x\ntwo,y\n3,z\nfour,w\n", ["category", "category"], [0, 0]),
        ("a,b\n=cmd(),1\n+1+1,2\n@SUM(A1),3\n", ["category", "number"], [0, 0]),
        ("<b>a</b>,b\n<i>x</i>,1\ny,2\n", ["category", "number"], [0, 0]),
        ("age\n31\n40\n", ["number"], [0]),
        ("a,b\n1,x\n", ["number", "category"], [0, 0]),
    ],
)
def test_odd_tables_are_kept_as_they_are(tmp_path: Path, text: str, kinds: list[str], missing: list[int]) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(text)
    data = create_dataset(tmp_path / "ds", path, "odd")
    assert data.schema.names == text.splitlines()[0].split(",")
    assert [column.kind for column in data.schema] == kinds
    assert data.frame().isna().sum().to_list() == missing
    assert data.rows == len(text.splitlines()) - 1


def test_a_file_beyond_the_limit_makes_nothing(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 10)
    with pytest.raises(InputError, match=r"^orders\.CSV has 0\.0 MB\. Files up to 0\.0 MB are read\."):
        create_dataset(tmp_path / "ds", source, "Orders")
    assert not (tmp_path / "ds").exists()


def test_a_full_disk_leaves_the_old_table(source: Path, orders: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(StorageError) as caught:
        create_dataset(orders.folder, source, "Orders", dialect=Dialect(delimiter="|"))
    assert str(caught.value) == ("The table could not be saved: No space left on device. Free some disk space, then try again.")
    assert load_dataset(orders.folder) == orders
    assert sorted(path.name for path in orders.folder.parent.iterdir()) == ["ds", "orders.CSV"]


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        load_dataset(tmp_path / "ds1")
    assert str(caught.value) == "There is no table 'ds1'. Choose one from the project, or upload it again."


def test_another_format_is_refused(orders: Dataset) -> None:
    stored = json.loads((orders.folder / "dataset.json").read_text())
    (orders.folder / "dataset.json").write_text(json.dumps({**stored, "format": 2}))
    with pytest.raises(FormatError) as caught:
        load_dataset(orders.folder)
    assert str(caught.value) == "The table ds has format 2. This version reads format 1."


@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_a_damaged_table_is_said(orders: Dataset, damage: str) -> None:
    path = orders.folder / "data.parquet"
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(FormatError, match=r"^The stored table in ds cannot be read: .*Upload the file again\.$"):
        orders.frame()


def test_a_large_file_of_very_many_columns_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: what streams large files needs memory for each column, and 20,000 of them were refused as no table."""
    monkeypatch.setattr("automl_core.data.dataset.FAST_BYTES", 1000)
    monkeypatch.setattr(reading, "FAST_BYTES", 1000)
    monkeypatch.setattr("automl_core.data.dataset.WIDE", 100)
    streamed = []
    monkeypatch.setattr("automl_core.data.streaming.stream_file", lambda *args, **options: streamed.append(args))
    source = tmp_path / "wide.csv"
    names = [f"c{place}" for place in range(300)]
    source.write_text("\n".join([",".join(names), *(",".join([str(row / 4)] * 300) for row in range(20))]) + "\n")
    data = create_dataset(tmp_path / "d", source, "wide")
    assert (data.rows, data.schema.names) == (20, names)
    assert data.frame()["c299"].tolist() == [row / 4 for row in range(20)]
    assert not streamed
    with pytest.raises(TypeError):  # a narrow one is streamed
        source.write_text("a,b\n" + "1,2\n" * 1000)
        create_dataset(tmp_path / "e", source, "narrow")
    assert len(streamed) == 1
