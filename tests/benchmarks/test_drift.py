"""Wide tables: written in pieces, compared by columns in a process of their own."""

import argparse

import drift
import pyarrow.parquet as pq


def test_a_wide_table_is_written_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(drift, "PIECE", 2000)
    drift.wide_file(tmp_path / "w.parquet", 250, 20, False)
    drift.wide_file(tmp_path / "moved.parquet", 250, 20, True)
    with pq.ParquetFile(tmp_path / "w.parquet") as file:
        assert [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)] == [100, 100, 50]
        frame = file.read().to_pandas()
    assert list(frame.columns) == [f"n{place}" for place in range(12)] + [f"w{place}" for place in range(8)]
    assert frame["n0"].nunique() == 250  # no piece is another one's copy
    assert sorted(path.name for path in tmp_path.iterdir()) == ["moved.parquet", "w.parquet"]
    assert not frame["n1"].isin(pq.read_table(tmp_path / "moved.parquet").to_pandas()["n1"]).any()


def test_moved_columns_of_wide_tables_are_found(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(drift, "BUILD", tmp_path)
    assert drift.wide(argparse.Namespace(rows=4000, columns=20, keep=False)) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("4,000 x 20, twice, ")
    assert printed.rstrip().endswith("5 columns drifted, 5 were moved")
    assert list((tmp_path / "tables").iterdir()) == []


def test_tables_that_do_not_fit_on_the_disk_are_not_begun(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(drift, "BUILD", tmp_path)
    assert drift.wide(argparse.Namespace(rows=10**9, columns=1000, keep=False)) == 1
    assert capsys.readouterr().out.startswith("16,000 GB are needed for the tables in ")
