"""A sample of a large file: rows from all over it, and how many there are."""

from pathlib import Path

import pytest

from automl_core.data import sampling
from automl_core.data.sampling import read_sample
from automl_core.errors import InputError


def numbered(path: Path, rows: int, encoding: str = "utf-8") -> Path:
    path.write_text("number;town\n" + "".join(f"{number:06d};Köln\n" for number in range(rows)), encoding=encoding)
    return path


def test_rows_come_from_all_over_the_file_and_only_whole_ones(tmp_path):
    source = numbered(tmp_path / "table.csv", 10_000)
    text, rows = read_sample(source, 8192)
    numbers = text.frame["number"].astype(int)
    assert list(text.frame.columns) == ["number", "town"]
    assert set(text.frame["town"]) == {"Köln"}
    assert numbers.is_monotonic_increasing and numbers.is_unique
    assert numbers.iloc[0] == 0 and numbers.iloc[-1] == 9_999
    assert numbers.diff().max() < 800  # no part of the file is passed over
    assert rows == pytest.approx(10_000, rel=0.05)
    assert not text.report.refused


def test_lines_that_are_longer_than_a_block_are_read_whole(tmp_path):
    """Regression: a table of 20,000 columns was said to be empty."""
    source = tmp_path / "wide.csv"
    names = [f"c{number}" for number in range(500)]
    rows = [",".join([str(row)] * 500) for row in range(200)]
    source.write_text("\n".join([",".join(names), *rows]) + "\n")
    text, count = read_sample(source, 8192)
    assert list(text.frame.columns) == names
    assert set(text.frame["c0"]) == set(text.frame["c499"]) and len(text.frame) >= 16
    assert count == pytest.approx(200, rel=0.3)
    assert not text.report.refused


def test_a_file_whose_lines_end_in_carriage_returns_is_sampled(tmp_path):
    """Regression: its first line was taken to be all of it, so hundreds of megabytes were read for a sample."""
    source = tmp_path / "table.csv"
    source.write_text(numbered(source, 10_000).read_text(encoding="utf-8").replace("\n", "\r"), encoding="utf-8", newline="")
    text, rows = read_sample(source, 8192)
    assert 500 < len(text.frame) < 700
    assert rows == pytest.approx(10_000, rel=0.05)


def test_letters_of_two_bytes_are_read_from_the_start_only(tmp_path):
    text, rows = read_sample(numbered(tmp_path / "table.csv", 10_000, "utf-16"), 8192)
    assert list(text.frame["number"].astype(int)) == list(range(len(text.frame)))
    assert rows == pytest.approx(10_000, rel=0.05)


def test_a_small_file_is_read_whole(tmp_path):
    text, rows = read_sample(numbered(tmp_path / "table.csv", 50), 1 << 20)
    assert len(text.frame) == rows == 50


def test_a_dialect_that_was_found_is_used_again(tmp_path, monkeypatch):
    source = numbered(tmp_path / "table.csv", 1000)
    dialect = read_sample(source, 4096)[0].report.dialect
    monkeypatch.setattr(sampling, "find_dialect", lambda *_: pytest.fail("found again"))
    assert read_sample(source, 8192, dialect=dialect)[0].report.dialect == dialect


def test_what_is_no_table_is_refused_as_always(tmp_path):
    source = tmp_path / "table.csv"
    source.write_bytes(b"PK\x03\x04" + bytes(1000))
    with pytest.raises(InputError, match=r"table\.csv"):
        read_sample(source, 512)
