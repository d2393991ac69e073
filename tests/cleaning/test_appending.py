"""Rows appended under rules: the new table is there with all that belongs to it, or not at all."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from automl_core.cleaning.appending import append_by_rules, rows_aside
from automl_core.cleaning.rules import Rule, load_rules, save_rules
from automl_core.data.dataset import Dataset, dataset_from_frame, load_dataset
from automl_core.engines.pandera import check_rules
from automl_core.errors import StorageError
from automl_core.schema import Column, Schema
from tests.conftest import files_up_to

RULES = (Rule("range", "age", low=0, action="aside"), Rule("range", "size", low=0))
SCHEMA = Schema((Column("age", "number"), Column("row", "category"), Column("row (set aside)", "category")))


def table(folder: Path, ages: list[int], **more: list[str]) -> Dataset:
    frame = pd.DataFrame({"age": ages, "row": ["r"] * len(ages), "row (set aside)": ["s"] * len(ages)} | more)
    schema = Schema((*SCHEMA, *(Column(name, "category") for name in more)))
    return dataset_from_frame(folder, frame, schema, folder.name)


def test_rows_set_aside_and_rules_come_with_the_table(tmp_path: Path) -> None:
    """Regression: of a table with a column 'row (set aside)' the new one was made, and then neither its rows aside nor rules."""
    first, second = table(tmp_path / "first", [1, 2]), table(tmp_path / "second", [3, -4])
    save_rules(first.folder, RULES)
    made = append_by_rules(tmp_path / "made", first, second, "both", check_rules(second.frame(), RULES))
    assert made.frame()["age"].to_list() == [1, 2, 3]
    assert made.notes[-2:] == (
        "1 row was set aside by the rules of the first table.",
        "A rule was left out: 'size is at least 0': there is no column 'size'.",
    )
    assert load_dataset(made.folder) == made
    assert load_rules(made.folder) == RULES[:1]
    kept = rows_aside(made.folder)
    assert kept is not None and kept.to_dict("list") == {
        "row (set aside) (set aside)": ["2"],
        "reason": ["breaks 'age is at least 0'"],
        "age": ["-4"],
        "row": ["r"],
        "row (set aside)": ["s"],
    }


def test_a_full_disk_leaves_no_table_without_its_rows_aside(tmp_path: Path) -> None:
    first = table(tmp_path / "first", [1, 2])
    second = table(tmp_path / "second", [-4] * 3000, word=[f"{number * 7919:x}" for number in range(3000)])
    save_rules(first.folder, RULES)
    checked = check_rules(second.frame(), RULES)
    with files_up_to(8000), pytest.raises(StorageError, match=r"^aside\.parquet could not be saved: File too large\."):
        append_by_rules(tmp_path / "made", first, second, "both", checked)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second"]
