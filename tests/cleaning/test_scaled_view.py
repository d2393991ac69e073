"""The scaled view: whatever the recipe leaves open, every column becomes finite numbers of one scale, by exact values."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning.preprocessing import build_preprocessor, feature_names, pack_names, source_columns
from automl_core.cleaning.recipe import Recipe, Step
from automl_core.experiment import Task
from automl_core.schema import Column, Schema

SCHEMA = Schema((Column("x", "number"), Column("w", "category"), Column("b", "boolean"), Column("t", "text")))
FRAME = pd.DataFrame(
    {
        "x": [1.0, 3.0, np.nan, 5.0, 3.0],
        "w": np.array(["a", "b", "c", np.nan, "a"], dtype=object),
        "b": np.array(["no", "yes", "yes", "no", "no"], dtype=object),
        "t": np.array(["red wine", np.nan, "white wine", "red", "dry"], dtype=object),
    }
)
Y = np.array([0, 1, 0, 1, 1])


def fitted(steps: list[Step], columns: list[str], *, view: str = "scaled", task: Task = "binary"):
    schema = Schema(tuple(SCHEMA[name] for name in columns))
    made = build_preprocessor(Recipe(tuple(steps)), schema, FRAME[columns], view=view, task=task)  # type: ignore[arg-type]
    return made, np.asarray(made.fit_transform(FRAME[columns], Y))


def test_numbers_are_filled_with_the_median_marked_and_scaled():
    made, values = fitted([], ["x"])
    assert feature_names(made) == ["x", "missingindicator_x"]
    assert source_columns(made) == ["x", "x"]
    filled = np.array([1.0, 3, 3, 5, 3])
    np.testing.assert_allclose(values[:, 0], (filled - 3) / np.sqrt(8 / 5))
    np.testing.assert_allclose(values[:, 1], np.array([-0.5, -0.5, 2, -0.5, -0.5]))


def test_a_number_without_gaps_has_no_mark():
    schema, frame = Schema((Column("x", "number"),)), pd.DataFrame({"x": [0.0, 2.0]})
    made = build_preprocessor(Recipe(()), schema, frame, view="scaled", task="binary")
    assert made.fit_transform(frame).tolist() == [[-1.0], [1.0]]
    # A gap that only a new row has is filled as well.
    assert made.transform(pd.DataFrame({"x": [np.nan]})).tolist() == [[0.0]]


def test_words_become_a_column_each_and_are_left_as_they_are():
    made, values = fitted([], ["w", "b"])
    assert feature_names(made) == ["w = a", "w = b", "w = c", "w = nan", "b = yes"]
    assert source_columns(made) == ["w"] * 4 + ["b"]
    assert values.tolist() == [[1, 0, 0, 0, 0], [0, 1, 0, 0, 1], [0, 0, 1, 0, 1], [0, 0, 0, 1, 0], [1, 0, 0, 0, 0]]


def test_many_words_become_the_mean_of_the_target_on_one_scale():
    names = np.array([f"w{number}" for number in range(20)] * 3, dtype=object)
    frame, y = pd.DataFrame({"w": names}), (np.arange(60) % 20 < 8).astype(int)
    schema = Schema((Column("w", "category"),))
    values = build_preprocessor(Recipe(()), schema, frame, view="scaled", task="binary").fit_transform(frame, y)
    assert values.shape == (60, 1)
    np.testing.assert_allclose([values.mean(), values.std()], [0, 1], atol=1e-12)
    assert values[y == 1].min() > values[y == 0].max()


@pytest.mark.parametrize(
    ("step", "column", "expected"),
    [
        # The recipe's own way stays; only what it lacks is added.
        (Step("impute", {"strategy": "constant", "fill": ["0"]}), "x", [[-0.8], [0.34], [-1.38], [1.49], [0.34]]),
        (Step("encode", {"method": "ordinal"}), "b", [[-0.8], [1.2], [1.2], [-0.8], [-0.8]]),
        (Step("encode", {"method": "onehot"}), "b", [[0], [1], [1], [0], [0]]),
        (Step("scale", {"method": "minmax"}), "x", [[0, 0], [0.5, 0], [0.5, 1], [1, 0], [0.5, 0]]),
    ],
)
def test_what_the_recipe_does_is_kept(step, column, expected):
    _, values = fitted([step], [column])
    np.testing.assert_allclose(values, expected, atol=0.05)
    if step.op == "impute":
        filled = np.array([1.0, 3, 0, 5, 3])
        np.testing.assert_allclose(values[:, 0], (filled - filled.mean()) / filled.std())


def test_a_whole_recipe_leaves_nothing_to_add():
    steps = [Step("impute", {}), Step("encode", {}), Step("scale", {})]
    scaled, encoded = fitted(steps, ["x", "w", "b"]), fitted(steps, ["x", "w", "b"], view="encoded")
    np.testing.assert_array_equal(scaled[1], encoded[1])
    assert feature_names(scaled[0]) == feature_names(encoded[0])


@pytest.mark.parametrize("view", ["encoded", "native"])
def test_the_other_views_are_as_before(view):
    made, values = fitted([], ["x", "w"], view=view)
    missing = -2 if view == "encoded" else np.nan
    np.testing.assert_array_equal(values, [[1, 0], [3, 1], [np.nan, 2], [5, missing], [3, 0]])
    assert feature_names(made) == ["x", "w"]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("steps", [[], [Step("scale", {})], [Step("text_features", {"dimensions": 2})],
                                   [Step("transform_power", {})], [Step("encode", {"method": "frequency"})],
                                   [Step("scale", {}), Step("encode", {"method": "ordinal"})]])  # fmt: skip
def test_everything_is_finite_and_has_a_name(steps, task):
    made, values = fitted(steps, ["x", "w", "b", "t"], task=task)
    words = pd.DataFrame({"w": [np.nan, "never"], "b": [np.nan, "maybe"], "t": [np.nan, ""]}, dtype=object)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # words never seen
        new = made.transform(words.assign(x=[np.nan, 1e6])[["x", "w", "b", "t"]])
    for part in (values, new):
        assert np.isfinite(part).all()
        assert part.shape[1] == len(feature_names(made)) == len(source_columns(made))
    assert set(source_columns(made)) <= set(FRAME.columns)


@pytest.mark.parametrize("view", ["encoded", "native", "scaled"])
def test_packed_names_change_nothing_but_the_file(view):
    """Regression: with 20,000 columns skops wrote and read the names one by one, which took 7 s a view."""
    import skops.io

    from automl_core.scoring.trusted import load_trusted

    wide = pd.DataFrame({f"column {place}": np.arange(12.0) % (place + 2) for place in range(300)})
    wide["word"], wide.iloc[3, 0] = np.array(["a", "b", None] * 4, dtype=object), np.nan
    schema = Schema((*(Column(name, "number") for name in wide.columns[:-1]), Column("word", "category")))
    recipe = Recipe((Step("impute", {"indicator": True}), Step("encode", {}), Step("scale", {})))
    made = build_preprocessor(recipe, schema, wide, view=view, task="binary").fit(wide, np.arange(12) % 2)
    before = made.transform(wide), feature_names(made), source_columns(made)
    loose = skops.io.dumps(made)
    pack_names(made)
    data = skops.io.dumps(made)
    assert len(data) < len(loose) / 2
    for again in (made, load_trusted(data, "view.skops")):
        np.testing.assert_array_equal(again.transform(wide), before[0])
        np.testing.assert_array_equal(again.transform(wide[wide.columns[::-1]]), before[0])
        assert (feature_names(again), source_columns(again)) == before[1:]
        with pytest.raises(ValueError, match="columns are missing: {'column 7'}"):
            again.transform(wide.drop(columns="column 7"))


def test_packed_names_leave_a_text_column_usable() -> None:
    """Regression: every table with a text column failed as soon as a prepared fold was used again."""
    import skops.io

    from automl_core.scoring.trusted import load_trusted

    made, before = fitted([Step("text_features", {"dimensions": 2})], ["x", "w", "t"])
    pack_names(made)
    for again in (made, load_trusted(skops.io.dumps(made), "view.skops")):
        np.testing.assert_array_equal(again.transform(FRAME[["x", "w", "t"]]), before)
