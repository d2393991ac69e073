"""What is to be predicted, read without the columns that do not decide it: the same as from the whole table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from automl_core.cleaning.apply import apply_stateless
from automl_core.cleaning.lineage import deciding
from automl_core.cleaning.outcome import clean_outcome
from automl_core.cleaning.recipe import Recipe, Step
from automl_core.data.dataset import Dataset, create_dataset
from automl_core.errors import NotFoundError

CELLS = "key,city,age,visits,free,bought\n" + "".join(
    f"K{row // 2:03d},{('Rome', 'rome ', 'Oslo')[row % 3]},{'' if row % 7 == 0 else 20 + row % 30},{row % 5},{row % 4},"
    f"{('yes', 'YES', 'no', '')[row % 4]}\n"
    for row in range(60)
)
TIDY = Step("trim_text", {"columns": ["bought"], "case": "lower"})
FILTER = Step("filter_rows", {"condition": "total > 3"})
FORMULA = Step("formula", {"name": "total", "formula": "visits + free"})
MISSING = Step("drop_missing_rows", {"columns": ["age"]})
DUPLICATES = Step("drop_duplicates")
CALLS = Step("rename_columns", {"names": {"visits": "calls"}})
RENAME = Step("rename_columns", {"names": {"bought": "outcome"}})


@pytest.fixture
def table(tmp_path: Path) -> Dataset:
    source = tmp_path / "shop.csv"
    source.write_text(CELLS, encoding="utf-8")
    return create_dataset(tmp_path / "ds", source, "shop")


@pytest.mark.parametrize(
    ("steps", "needed", "rows"),
    [
        ((TIDY,), {"bought"}, 60),
        ((TIDY, FORMULA, FILTER), {"bought", "visits", "free"}, 30),
        ((MISSING, Step("drop_columns", {"columns": ["age", "key"]})), {"bought", "age"}, 51),
        ((Step("drop_duplicates", {"columns": ["key"]}), TIDY), {"bought", "key"}, 30),
        ((CALLS, Step("filter_rows", {"condition": "calls == 4"})), {"bought", "visits"}, 12),
        ((Step("filter_rows", {"condition": "total > 3"}, enabled=False),), {"bought"}, 60),
        ((TIDY, Step("drop_columns", {"columns": ["key"]}), DUPLICATES), {"city", "age", "visits", "free", "bought"}, 60),
    ],
)  # fmt: skip
def test_only_what_decides_is_read(table: Dataset, steps: tuple[Step, ...], needed: set[str], rows: int) -> None:
    recipe = Recipe(steps)
    assert deciding(recipe, table.schema, "bought") == needed
    found, passed_over = clean_outcome(table, recipe, "bought")
    whole = apply_stateless(table.frame(), table.schema, recipe, training=True)
    pd.testing.assert_frame_equal(found.frame, whole.frame[["bought"]])
    assert (len(found.frame), found.schema, passed_over) == (rows, whole.schema, "")


def test_a_target_that_a_step_makes_is_found(table: Dataset) -> None:
    found, _ = clean_outcome(table, Recipe((FORMULA, RENAME)), "total")
    assert found.frame["total"].head(6).to_list() == [0.0, 2.0, 4.0, 6.0, 4.0, 1.0]
    assert found.schema.names == ["key", "city", "age", "visits", "free", "outcome", "total"]


def test_a_target_that_is_not_there_is_told(table: Dataset) -> None:
    with pytest.raises(NotFoundError, match="bought"):
        clean_outcome(table, Recipe((RENAME,)), "bought")


def test_of_a_large_table_whole_rows_are_not_compared(table: Dataset) -> None:
    recipe = Recipe((Step("drop_columns", {"columns": ["key", "age", "visits", "free"]}), DUPLICATES, MISSING))
    assert len(clean_outcome(table, recipe, "bought")[0].frame) == 12
    found, passed_over = clean_outcome(table, recipe, "bought", whole_rows=59)
    assert len(found.frame) == 60 and list(found.frame.columns) == ["bought"]
    assert passed_over == "Rows that 'Leave duplicate rows out' will leave out are counted here, since the table is large."
