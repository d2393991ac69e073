"""Learned steps over several columns, outliers and bins by exact values; what they leave out of learning."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning.preparation import take_kept
from automl_core.cleaning.preprocessing import build_preprocessor, feature_names, native_categories, source_columns
from automl_core.cleaning.preview import preview_step
from automl_core.cleaning.recipe import Recipe, Step
from automl_core.cleaning.steps import OPERATIONS
from automl_core.explaining.features import features
from automl_core.schema import Column, Schema

SCHEMA = Schema((Column("a", "number"), Column("b", "number"), Column("w", "category"), Column("t", "text")))
FRAME = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [2.0, 4, 6, 0], "w": ["x", "y", "x", "x"], "t": ["aaaa", "aaaa", "aaaa", "bbbb"]})
Y = np.array([0, 0, 1, 1])


def made(*steps: Step, frame: pd.DataFrame = FRAME, view: str = "encoded", schema: Schema = SCHEMA):
    preprocessor = build_preprocessor(Recipe(steps), schema, frame, view=view, task="binary")  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = np.asarray(preprocessor.fit_transform(frame, Y[: len(frame)]))
    assert values.shape[1] == len(feature_names(preprocessor)) == len(source_columns(preprocessor)) == len(features(preprocessor))
    np.testing.assert_array_equal(preprocessor.transform(frame), values)
    return preprocessor, pd.DataFrame(values, columns=feature_names(preprocessor))


ONEHOT = Step("encode", {"method": "onehot"})
MISSING = Step("clip_outliers", {"columns": ["b"], "method": "limits", "high": 5, "action": "missing"})


# The last of the steps is the one that a case is about.
TABLE = [
    ([Step("polynomial", {"columns": ["a", "b"]})],
     {"w": [0, 1, 0, 0], "a": [1, 2, 3, 4], "b": [2, 4, 6, 0], "a^2": [1, 4, 9, 16],
      "a × b": [2, 8, 18, 0], "b^2": [4, 16, 36, 0]}),
    ([Step("polynomial", {"columns": ["a", "b"], "products_only": True})],
     {"w": [0, 1, 0, 0], "a": [1, 2, 3, 4], "b": [2, 4, 6, 0], "a × b": [2, 8, 18, 0]}),
    ([Step("ratios", {"columns": ["a", "b"]})],
     {"w": [0, 1, 0, 0], "a": [1, 2, 3, 4], "b": [2, 4, 6, 0], "a / b": [0.5, 0.5, 0.5, 0.5], "b / a": [2, 2, 2, 0]}),
    ([ONEHOT, Step("low_variance", {"threshold": 0.2})], {"a": [1, 2, 3, 4], "b": [2, 4, 6, 0]}),
    ([ONEHOT, Step("select", {"count": 1})], {"a": [1, 2, 3, 4]}),
    ([Step("drop_sparse", {"max_share": 0.2})], {"a": [1, 2, 3, 4], "b": [2, 4, 6, 0], "w": [0, 1, 0, 0]}),
    ([Step("bin", {"columns": ["a"], "bins": 2, "method": "uniform"})],
     {"a": [0, 0, 1, 1], "b": [2, 4, 6, 0], "w": [0, 1, 0, 0]}),
    ([Step("clip_outliers", {"columns": ["b"], "method": "limits", "low": 1, "high": 5})],
     {"a": [1, 2, 3, 4], "b": [2, 4, 5, 1], "w": [0, 1, 0, 0]}),
    ([Step("clip_outliers", {"columns": ["b"], "method": "limits", "high": 5, "action": "flag"})],
     {"a": [1, 2, 3, 4], "b": [2, 4, 6, 0], "b outlying": [0, 0, 1, 0], "w": [0, 1, 0, 0]}),
    ([MISSING], {"a": [1, 2, 3, 4], "b": [2, 4, np.nan, 0], "w": [0, 1, 0, 0]}),
    ([Step("transform_power", {"columns": ["b"], "method": "boxcox"})],
     {"a": [1, 2, 3, 4], "b": [2, 4, 6, 0], "w": [0, 1, 0, 0]}),
    ([Step("pca", {"columns": ["a"]})],
     {"component 1 of a": (np.arange(4) - 1.5) / np.sqrt(1.25), "b": [2, 4, 6, 0], "w": [0, 1, 0, 0]}),
    ([Step("isolate_outliers", {"columns": ["a"], "share": 0.5})],
     {"a": [1, 2, 3, 4], "b": [2, 4, 6, 0], "w": [0, 1, 0, 0], "odd row": [1, 0, 0, 1]}),
    ([Step("polynomial", {"columns": ["a"]}), Step("scale", {"method": "maxabs"})],
     {"b": [1 / 3, 2 / 3, 1, 0], "w": [0, 1, 0, 0], "a": [0.25, 0.5, 0.75, 1], "a^2": [1 / 16, 0.25, 9 / 16, 1]}),
    ([Step("polynomial", {"columns": ["a"]}), Step("collinear", {"threshold": 0.9})],
     {"a": [1, 2, 3, 4], "b": [2, 4, 6, 0], "w": [0, 1, 0, 0]}),
    ([MISSING, Step("impute", {"strategy": "mean"})], {"a": [1, 2, 3, 4], "b": [2, 4, 2, 0], "w": [0, 1, 0, 0]}),
    ([MISSING, Step("drop_sparse", {"max_share": 0.2})], {"a": [1, 2, 3, 4], "b": [0, 0, 0, 0], "w": [0, 1, 0, 0]}),
    ([Step("transform_power", {"columns": ["b"], "method": "uniform"})],
     {"a": [1, 2, 3, 4], "b": [1 / 3, 2 / 3, 1, 0], "w": [0, 1, 0, 0]}),
    ([Step("encode", {"method": "frequency"})], {"a": [1, 2, 3, 4], "b": [2, 4, 6, 0], "w": [0.75, 0.25, 0.75, 0.75]}),
    ([Step("group_rare", {"min_share": 0.3})], {"a": [1, 2, 3, 4], "b": [2, 4, 6, 0], "w": [1, 0, 1, 1]}),
    # Words without a letter in common are directions of their own, the more frequent one first.
    ([Step("text_features", {"dimensions": 2})],
     {"a": [1, 2, 3, 4], "b": [2, 4, 6, 0], "w": [0, 1, 0, 0], "t part 1": [1, 1, 1, 0], "t part 2": [0, 0, 0, 1]}),
]  # fmt: skip


@pytest.mark.parametrize(("steps", "expected"), TABLE)
def test_values(steps: list[Step], expected: dict[str, list[float]]) -> None:
    _, found = made(*steps)
    assert sorted(found.columns) == sorted(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=1e-12)


def test_of_every_step_that_learns_the_exact_values_are_known() -> None:
    changed = {steps[-1].op for steps, _ in TABLE if not made(*steps)[1].equals(made(*steps[:-1])[1])}
    assert changed == {op for op, entry in OPERATIONS.items() if entry.learned}


def test_what_repeats_another_column_goes() -> None:
    frame = pd.DataFrame({"a": [1.0, 2, 3, 5], "b": [2.0, 4, 6, 10], "c": [1.0, -1, 1, -1]})
    schema = Schema(tuple(Column(name, "number") for name in frame))
    assert made(Step("collinear"), frame=frame, schema=schema)[1].columns.tolist() == ["a", "c"]


def test_components_keep_their_share() -> None:
    frame = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [2.0, 4, 6, 8]})
    schema = Schema(tuple(Column(name, "number") for name in frame))
    prepared, found = made(Step("pca"), frame=frame, schema=schema)
    assert found.columns.tolist() == ["component 1 of a, b"] and source_columns(prepared) == ["a"]
    # Two equal standardised columns: their component is theirs times the root of two.
    expected = np.sqrt(2) * (frame["a"] - 2.5) / np.sqrt(1.25)
    np.testing.assert_allclose(np.abs(found.iloc[:, 0]), np.abs(expected))


def test_hashing_needs_no_words() -> None:
    frame = pd.DataFrame({"w": np.array(["x", "y", np.nan, "x"], dtype=object)})
    prepared, found = made(
        Step("encode", {"method": "hashing", "max_levels": 4}), frame=frame, schema=Schema((Column("w", "category"),))
    )
    assert found.columns.tolist() == [f"w = hash {place}" for place in (1, 2, 3, 4)]
    assert np.abs(found).sum(axis=1).tolist() == [1, 1, 0, 1]
    new = np.asarray(prepared.transform(pd.DataFrame({"w": ["never seen"]}, dtype=object)))
    assert np.abs(new).sum() == 1


def test_mostly_empty_columns_say_nothing() -> None:
    frame = pd.DataFrame({"a": [np.nan, np.nan, np.nan, 4.0], "w": np.array(["x", np.nan, np.nan, np.nan], dtype=object)})
    schema = Schema((Column("a", "number"), Column("w", "category")))
    _, found = made(Step("drop_sparse", {"max_share": 0.5}), Step("impute"), ONEHOT, frame=frame, schema=schema)
    assert found.nunique().max() == 1


@pytest.mark.parametrize("view", ["encoded", "native", "scaled"])
def test_rows_left_out_of_learning_are_still_predicted(view: str) -> None:
    step = Step("clip_outliers", {"columns": ["b"], "method": "limits", "high": 5, "action": "drop"})
    prepared, found = made(step, Step("scale", {"method": "minmax"}), view=view)
    assert take_kept(prepared).tolist() == [True, True, False, True]
    assert take_kept(prepared) is None
    if view == "encoded":
        np.testing.assert_allclose(found["b"], [0.5, 1, 1.5, 0])  # learned from 0, 2 and 4; 6 lies beyond
    assert native_categories(prepared) == ([] if view == "scaled" else [feature_names(prepared).index("w")])


def test_odd_rows_are_marked_or_left_out() -> None:
    frame = pd.DataFrame({"a": [*np.linspace(0, 1, 99), 1000.0]})
    schema = Schema((Column("a", "number"),))
    prepared = build_preprocessor(Recipe((Step("isolate_outliers", {"share": 0.01}),)), schema, frame, task="regression")
    assert np.asarray(prepared.fit_transform(frame))[:, 1].nonzero()[0].tolist() == [99]
    step = Step("isolate_outliers", {"share": 0.01, "action": "drop"})
    dropped = build_preprocessor(Recipe((step,)), schema, frame, task="regression")
    dropped.fit_transform(frame)
    assert (~take_kept(dropped)).nonzero()[0].tolist() == [99]


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (Step("collinear", {"threshold": 0.5}), "Nothing to change."),
        (Step("polynomial", {"columns": ["a"]}), "1 column new: a^2."),
        (Step("clip_outliers", {"method": "limits", "high": 3.5, "action": "drop"}), "3 of 4 rows not learned from."),
        (Step("bin", {"columns": ["a"], "bins": 2}), "4 numbers in 4 of 4 rows changed."),
    ],
)
def test_previews_say_what_happens(step: Step, sentence: str) -> None:
    shown = preview_step(FRAME, SCHEMA, Recipe(), step)
    assert shown.sentence == sentence


def test_what_was_left_alone_keeps_its_meaning() -> None:
    prepared, _ = made(ONEHOT, Step("polynomial", {"columns": ["a"]}))
    found = {feature.name: (feature.column, feature.meaning) for feature in features(prepared)}
    assert found == {"b": ("b", "number"), "w = y": ("w", "word"), "a": ("a", "number"), "a^2": ("a", "made")}


def test_of_a_large_table_a_step_is_shown_on_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    from automl_core.cleaning import preview

    monkeypatch.setattr(preview, "LOOKED", 3)
    shown = preview_step(FRAME, SCHEMA, Recipe(), Step("change_kind", {"columns": ["a"], "kind": "category"}))
    assert (shown.rows, shown.sampled) == (3, True)
    assert shown.sentence == "Nothing to change; on a sample of 3 rows."
