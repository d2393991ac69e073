"""What steps did to new rows; versions of a recipe compared; tables cleaned piece by piece."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning import large
from automl_core.cleaning.apply import apply_stateless
from automl_core.cleaning.difference import difference, versions
from automl_core.cleaning.large import clean_dataset, sample_rows, within_memory
from automl_core.cleaning.preprocessing import build_preprocessor
from automl_core.cleaning.recipe import History, Recipe, Step
from automl_core.cleaning.replay import replay
from automl_core.data.dataset import dataset_from_frame
from automl_core.data.tables import fingerprint
from automl_core.errors import InputError
from automl_core.schema import Column, Schema

SCHEMA = Schema((Column("a", "number"), Column("b", "number"), Column("w", "category")))


@pytest.mark.parametrize("view", ["encoded", "native", "scaled"])
def test_each_step_says_what_it_met(view: str) -> None:
    steps = (
        Step("trim_text", {"columns": ["w"]}),
        Step("clip_outliers", {"columns": ["a"], "method": "limits", "low": 0, "high": 10}),
        Step("impute", {"strategy": "median"}),
        Step("group_rare", {"min_share": 0.1}),
        Step("encode", {"method": "onehot"}),
        Step("bin", {"columns": ["b"], "bins": 2, "method": "uniform"}),
        Step("polynomial", {"columns": ["a"]}),
        Step("isolate_outliers", {"columns": ["a"], "share": 0.1}),
    )
    recipe = Recipe(steps)
    learned = pd.DataFrame({"a": np.arange(10.0), "b": np.arange(10.0), "w": np.array(["x", "y"] * 5, dtype=object)})
    made = build_preprocessor(recipe, SCHEMA, learned, view=view, task="regression")  # type: ignore[arg-type]
    new = pd.DataFrame({"a": [-5.0, 99, np.nan], "b": [-1.0, 5, 4], "w": np.array([" x", "z", np.nan], dtype=object)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made.fit(learned)
    said = {entry.step_id: entry.sentence for entry in replay(recipe, SCHEMA, new, {view: made})}
    found = [said[step.id] for step in steps]
    assert found[0] == "1 cell changed."
    assert found[1] == "2 numbers outside the limits."
    if view == "native":
        assert found[3] == "1 cell with a rare value, or one never learned from."
        assert found[2] == found[4] == found[5] == "The models that were chosen do without it."
    else:
        assert found[2] == "2 cells filled."
        # Nothing was rare or missing where it learned: the words that stand for both are new, too.
        assert found[3] == "2 cells with rare values, or ones never learned from."
        assert found[4] == "1 value never learned from, 2 cells with such values."
        assert found[5] == "1 number beyond the outermost bins."
    assert found[6] == "Nothing out of the ordinary."
    assert found[7].endswith(("odd row.", "odd rows.", "the ordinary."))


ONE, TWO, THREE = Step("impute", {}, id="a"), Step("encode", {}, id="b"), Step("scale", {}, id="c")


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ((ONE, TWO), (ONE, TWO), []),
        ((ONE, TWO), (ONE,), ["Removed: Turn words into numbers: one column a value; mean of the target above the limit; "
                              "limit: 15."]),
        ((ONE, TWO, THREE), (TWO, THREE, ONE), ["Moved to place 3: Fill missing values: median for numbers, a word of their own "
                                                "for words."]),
        ((THREE,), (Step("scale", {"method": "robust"}, id="c"),),
         ["Bring numbers to one scale: how from standard to robust."]),
        ((THREE,), (Step("scale", {}, enabled=False, id="c"),),
         ["Switched off: Bring numbers to one scale: mean 0, standard deviation 1."]),
        ((), (THREE,), ["Added as step 1: Bring numbers to one scale: mean 0, standard deviation 1."]),
    ],
)  # fmt: skip
def test_two_versions_compared(before: tuple[Step, ...], after: tuple[Step, ...], changes: list[str]) -> None:
    assert [change.sentence for change in difference(Recipe(before), Recipe(after))] == changes


def test_versions_are_told_with_what_changed() -> None:
    history = History().change(Recipe((THREE,))).change(Recipe((THREE, ONE))).undo()
    told = [sentence for sentence, _ in versions(history)]
    assert told[0] == "1. The beginning"
    assert told[1].startswith("2 (now). Added as step 1: Bring numbers") and told[2].startswith(
        "3 (undone). Added as step 2: Fill"
    )


def table(rows: int) -> pd.DataFrame:
    numbers = np.arange(rows)
    return pd.DataFrame(
        {
            "a": numbers % 7,
            "b": np.where(numbers % 5 == 0, np.nan, numbers % 11),
            "w": np.where(numbers % 3 == 0, " x", "Y").astype(object),
            "d": pd.Timestamp("2024-01-01") + pd.to_timedelta(numbers % 4, unit="D"),
        }
    )


RECIPE = Recipe(
    (
        Step("trim_text", {"columns": ["w"], "case": "lower"}),
        Step("drop_duplicates", {"columns": ["a", "b", "w"], "keep": "last"}),
        Step("formula", {"name": "c", "formula": "a + b"}),
        Step("change_kind", {"columns": ["b"], "kind": "category"}),
        Step("rename_columns", {"names": {"a": "first"}}),
        Step("filter_rows", {"condition": "first > 0"}),
        Step("drop_duplicates", {"columns": ["first", "w"]}),
        Step("date_parts", {"parts": ["day"], "keep": True}),
        Step("impute"),
    )
)


def test_a_table_in_pieces_is_cleaned_like_one_in_memory(tmp_path, monkeypatch) -> None:
    frame = table(500)
    schema = Schema((*SCHEMA.columns, Column("d", "date")))
    source = dataset_from_frame(tmp_path / "one", frame, schema, "one")
    whole = apply_stateless(source.frame(), schema, RECIPE, training=True)
    monkeypatch.setattr(large, "PIECE", 64)
    told: list[float] = []
    made = clean_dataset(source, RECIPE, tmp_path / "two", "two", tell=lambda done, doing: told.append(done))
    expected = whole.frame.reset_index(drop=True)
    pd.testing.assert_frame_equal(made.dataset.frame(), expected, check_dtype=False)
    assert made.dataset.frame()["first"].dtype == np.int64
    assert made.dataset.schema == whole.schema and made.dataset.rows == len(expected)
    assert made.dataset.fingerprint == fingerprint(made.dataset.frame(), whole.schema)
    assert [sentence for _, sentence in made.outcomes] == [outcome.sentence for outcome in whole.outcomes]
    assert made.left == ("Fill missing values",)
    assert told == sorted(told) and told[-1] <= 1
    assert not list(tmp_path.glob(".*"))
    some = sample_rows(source, 100, seed=1)
    assert len(some) == 100 and some.index.is_monotonic_increasing
    pd.testing.assert_frame_equal(some, source.frame().loc[some.index], check_dtype=False)
    whole, said = within_memory(source)
    assert (len(whole), said) == (source.rows, "")
    part, said = within_memory(source, cells=10 * len(source.schema))
    assert (len(part), part.index.tolist()) == (10, list(range(10)))
    assert said == f"10 of {source.rows:,} rows were looked at, drawn at random; the counts here are of these."


def test_nothing_left_is_refused(tmp_path) -> None:
    source = dataset_from_frame(tmp_path / "one", table(10)[["a"]], Schema((Column("a", "number"),)), "one")
    with pytest.raises(InputError, match="No row would be left."):
        clean_dataset(source, Recipe((Step("filter_rows", {"condition": "a > 99"}),)), tmp_path / "two", "two")
    assert not (tmp_path / "two").exists()
