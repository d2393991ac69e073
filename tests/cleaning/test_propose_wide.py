"""What is proposed for a table of many columns, which are looked at together, is what each of them calls for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning import propose
from automl_core.cleaning.propose import propose_recipe
from automl_core.cleaning.recipe import Recipe
from automl_core.schema import Column, Schema

COLUMNS = 120
SAME, EMPTY, FAR, FAR_WITH_GAPS, INFINITE, RARELY_THERE = "x7", "x8", "x20", "x21", "x22", "x40"


@pytest.fixture
def wide() -> pd.DataFrame:
    """Forty rows, three of which stand there twice, and columns with each trouble among them."""
    frame = pd.DataFrame(np.random.default_rng(0).uniform(-1, 1, size=(37, COLUMNS))).add_prefix("x")
    frame[SAME], frame[EMPTY], frame["word"] = 3.0, np.nan, "a"
    frame.loc[5, [FAR, FAR_WITH_GAPS]] = 100.0
    frame.loc[9, FAR_WITH_GAPS] = np.nan
    frame.loc[3, INFINITE] = np.inf
    frame.loc[1:, RARELY_THERE] = np.nan
    return pd.concat([frame, frame.iloc[[2, 4, 4]]], ignore_index=True)


def proposed(frame: pd.DataFrame) -> Recipe:
    kinds = {name: "number" if frame[name].dtype.kind == "f" else "category" for name in frame}
    return propose_recipe(frame, Schema(tuple(Column(name, kind) for name, kind in kinds.items())))  # type: ignore[arg-type]


def test_each_column_gets_what_it_calls_for(wide: pd.DataFrame) -> None:
    steps = {(step.op, step.reason.partition(":")[0]): step.params for step in proposed(wide)}
    assert steps["drop_columns", f"{SAME}, {EMPTY}, {RARELY_THERE}, word"] == {"columns": [SAME, EMPTY, RARELY_THERE, "word"]}
    assert steps["clip_outliers", f"{FAR}, {FAR_WITH_GAPS}, {INFINITE}"]["columns"] == [FAR, FAR_WITH_GAPS, INFINITE]
    (copies,) = (step.reason for step in proposed(wide) if step.op == "drop_duplicates")
    assert copies.startswith("3 of 40 rows are exact copies of another.")


def test_rows_alike_in_the_first_columns_only_are_no_copies(wide: pd.DataFrame) -> None:
    wide.iloc[-3:, -2] += 1.0
    wide.iloc[-1, -2] += 1.0
    assert not any(step.op == "drop_duplicates" for step in proposed(wide))


def test_few_columns_at_a_time_give_the_same(wide: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    together = proposed(wide)
    monkeypatch.setattr(propose, "TOGETHER", 200)
    assert proposed(wide) == together
