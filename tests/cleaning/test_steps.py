"""Each step by exact values on tiny tables."""

from __future__ import annotations

import warnings
from typing import get_args

import numpy as np
import pandas as pd
import pytest
import skops.io

from automl_core.cleaning.apply import apply_stateless
from automl_core.cleaning.preprocessing import (
    View,
    build_preprocessor,
    feature_names,
    left_out,
    native_categories,
    source_columns,
)
from automl_core.cleaning.preview import preview_step
from automl_core.cleaning.propose import personal, propose_recipe
from automl_core.cleaning.recipe import Recipe, Step
from automl_core.cleaning.steps import OPERATIONS, check_step, describe
from automl_core.errors import InputError
from automl_core.schema import Column, Schema
from automl_core.scoring.trusted import TRUSTED

SCHEMA = Schema(
    (Column("key", "id"), Column("age", "number"), Column("city", "category"), Column("day", "date"), Column("note", "text"))
)
FRAME = pd.DataFrame(
    {
        "key": ["a", "b", "c", "c"],
        "age": [1.0, np.nan, 3.0, 3.0],
        "city": [" Rome", "rome", np.nan, np.nan],
        "day": pd.to_datetime(["2024-01-31", None, "2024-02-01", "2024-02-01"]),
        "note": ["good red wine", "bad wine", np.nan, np.nan],
    },
    index=[10, 11, 12, 13],
)


@pytest.mark.parametrize(
    ("step", "column", "expected"),
    [
        (Step("trim_text", {"columns": ["city"], "case": "lower"}), "city", ["rome", "rome", None, None]),
        (Step("trim_text", {"columns": ["city"], "case": "title"}), "city", ["Rome", "Rome", None, None]),
        (Step("merge_values", {"column": "city", "mapping": {" Rome": "rome"}}), "city", ["rome", "rome", None, None]),
        (Step("null_words", {"columns": ["age"], "words": ["3"]}), "age", [1, None, None, None]),
        (Step("null_words", {"columns": ["city"], "words": ["rome"]}), "city", [" Rome", None, None, None]),
        (Step("date_parts", {"parts": ["year", "weekday"]}), "day year", [2024, None, 2024, 2024]),
        (Step("date_parts", {"parts": ["weekday"]}), "day weekday", [2, None, 3, 3]),
        (Step("date_parts", {"parts": ["days"]}), "day days", [19753, None, 19754, 19754]),
    ],
)
def test_cells(step, column, expected):
    before = FRAME.copy(deep=True)
    cleaned = apply_stateless(FRAME, SCHEMA, Recipe((step,)), training=False)
    values = [None if pd.isna(cell) else cell for cell in cleaned.frame[column]]
    assert values == expected
    assert list(cleaned.frame.columns) == cleaned.schema.names or step.op == "date_parts"
    pd.testing.assert_frame_equal(FRAME, before)


@pytest.mark.parametrize(
    ("step", "kept"),
    [
        (Step("drop_duplicates"), [10, 11, 12]),
        (Step("drop_duplicates", {"columns": ["city"]}), [10, 11, 12]),
        (Step("drop_missing_rows"), [10]),
        (Step("drop_missing_rows", {"max_share": 0.5}), [10, 11, 12, 13]),
    ],
)
def test_rows_are_left_out_of_training_only(step, kept):
    assert list(apply_stateless(FRAME, SCHEMA, Recipe((step,)), training=True).frame.index) == kept
    assert list(apply_stateless(FRAME, SCHEMA, Recipe((step,)), training=False).frame.index) == [10, 11, 12, 13]


def test_outcome_counts():
    recipe = Recipe(
        (Step("drop_columns", {"columns": ["key"]}), Step("trim_text", {"columns": ["city"]}), Step("drop_duplicates"))
    )
    cleaned = apply_stateless(FRAME, SCHEMA, recipe, training=True)
    assert [outcome.sentence for outcome in cleaned.outcomes] == [
        "1 column left out.",
        "1 cell changed.",
        "1 of 4 rows left out.",
    ]
    assert cleaned.schema.names == ["age", "city", "day", "note"]


def fitted(steps, frame, kinds, *, view="encoded", y=None, task="binary"):
    schema = Schema(tuple(Column(name, kind) for name, kind in kinds.items()))
    made = build_preprocessor(Recipe(tuple(steps)), schema, frame, view=view, task=task)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return made, made.fit_transform(frame, y)


NUMBERS = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0, np.nan]})


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Step("impute", {"strategy": "mean"}), [0, 1, 2, 3, 1.5]),
        (Step("impute", {"strategy": "constant", "fill": ["9"]}), [0, 1, 2, 3, 9]),
        (Step("impute", {"strategy": "median"}), [0, 1, 2, 3, 1.5]),
        (Step("impute", {"strategy": "most_frequent"}), [0, 1, 2, 3, 0]),
        (Step("scale", {"method": "standard"}), [-1.5 / 1.25**0.5, -0.5 / 1.25**0.5, 0.5 / 1.25**0.5, 1.5 / 1.25**0.5, np.nan]),
        (Step("scale", {"method": "robust"}), [-1, -1 / 3, 1 / 3, 1, np.nan]),
        (Step("scale", {"method": "minmax"}), [0, 1 / 3, 2 / 3, 1, np.nan]),
        (Step("scale", {"method": "maxabs"}), [0, 1 / 3, 2 / 3, 1, np.nan]),
        (Step("clip_outliers", {"method": "iqr", "factor": 0.1}), [0.6, 1, 2, 2.4, np.nan]),
        (Step("clip_outliers", {"method": "percentile", "factor": 10}), [0.3, 1, 2, 2.7, np.nan]),
    ],
)
def test_numbers(step, expected):
    _, values = fitted([step], NUMBERS, {"x": "number"})
    np.testing.assert_allclose(values[:, 0], expected)


def test_indicator_marks_what_was_missing():
    made, values = fitted([Step("impute", {"strategy": "median", "indicator": True})], NUMBERS, {"x": "number"})
    assert values[:, 1].tolist() == [0, 0, 0, 0, 1]
    assert source_columns(made) == ["x", "x"]


WORDS = pd.DataFrame({"w": ["a", "a", "b", "c", np.nan, "a"]}, dtype=object)


def test_onehot_names_and_unseen_values():
    made, values = fitted([Step("encode", {"method": "onehot"})], WORDS, {"w": "category"})
    assert feature_names(made) == ["w = a", "w = b", "w = c", "w = nan"]
    assert source_columns(made) == ["w"] * 4
    assert values[0].tolist() == [1, 0, 0, 0]
    unseen = pd.DataFrame({"w": ["never"]}, dtype=object)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert made.transform(unseen).tolist() == [[0, 0, 0, 0]]


def test_frequency_and_rare():
    _, values = fitted([Step("encode", {"method": "frequency"})], WORDS, {"w": "category"})
    np.testing.assert_allclose(values[:4, 0], [0.6, 0.6, 0.2, 0.2])
    made, _ = fitted([Step("group_rare", {"min_share": 0.5}), Step("encode", {"method": "onehot"})], WORDS, {"w": "category"})
    assert "w = (rare)" in feature_names(made) and "w = b" not in feature_names(made)


def test_native_view_keeps_words_as_codes_and_missing_as_missing():
    frame = pd.concat([WORDS, pd.DataFrame({"x": [1.0, np.nan, 2, 3, 4, 5]})], axis=1)
    steps = [Step("impute"), Step("encode"), Step("scale")]
    made, values = fitted(steps, frame, {"w": "category", "x": "number"}, view="native")
    names = feature_names(made)
    assert [names[position] for position in native_categories(made)] == ["w"]
    np.testing.assert_array_equal(values[:, names.index("w")], [0, 0, 1, 2, np.nan, 0])
    np.testing.assert_array_equal(values[:, names.index("x")], frame["x"])


HARD = pd.DataFrame(
    {
        "empty": [np.nan] * 12,
        "same": [5.0] * 12,
        "num": [1.0, np.nan, 3, 4, 5, 6, 7, 8, 9, 10, 11, 1e9],
        "none": np.array([np.nan] * 12, dtype=object),
        "many": [f"v{number}" for number in range(12)],
        "flag": ["Yes", "No"] * 6,
        "text": ["one two three", np.nan, "two three four"] * 4,
    }
)
HARD_KINDS = {
    "empty": "number", "same": "number", "num": "number", "none": "category", "many": "category", "flag": "boolean",
    "text": "text",
}  # fmt: skip
Y = np.array([0, 1] * 6)
LEARNED = [
    Step("impute"),
    Step("impute", {"strategy": "mean", "indicator": True}),
    Step("impute", {"strategy": "most_frequent"}),
    Step("impute", {"strategy": "constant", "fill": ["7"]}),
    Step("impute", {"strategy": "knn"}),
    Step("impute", {"strategy": "iterative"}),
    Step("clip_outliers"),
    Step("clip_outliers", {"method": "zscore"}),
    Step("clip_outliers", {"method": "percentile"}),
    Step("clip_outliers", {"method": "limits", "low": 0, "high": 9}),
    *(Step("clip_outliers", {"action": action}) for action in ("missing", "flag", "drop")),
    Step("isolate_outliers"),
    Step("isolate_outliers", {"action": "drop", "share": 0.1}),
    Step("drop_sparse", {"max_share": 0.5}),
    *(Step("bin", {"method": method}) for method in ("quantile", "uniform", "kmeans")),
    Step("bin", {"encode": "onehot", "bins": 3}),
    Step("polynomial"),
    Step("polynomial", {"degree": 3, "products_only": True}),
    Step("ratios", {"columns": ["num", "same"]}),
    Step("low_variance"),
    Step("collinear"),
    Step("pca"),
    Step("pca", {"standardise": False, "share": 0.5}),
    Step("select", {"count": 3}),
    Step("select", {"count": 2, "method": "mutual_information"}),
    Step("group_rare", {"min_share": 0.1}),
    *(
        Step("encode", {"method": method, "max_levels": 5})
        for method in ("auto", "onehot", "ordinal", "target", "frequency", "hashing")
    ),
    Step("text_features", {"dimensions": 3}),
    Step("transform_power"),
    *(Step("transform_power", {"method": method}) for method in ("quantile", "uniform", "boxcox")),
    *(Step("scale", {"method": method}) for method in ("standard", "minmax", "robust", "maxabs")),
]


@pytest.mark.parametrize("step", LEARNED, ids=describe)
@pytest.mark.parametrize("view", get_args(View))
def test_every_learned_step_survives_hard_columns_and_storage(step, view):
    steps = [step] if step.op == "impute" else [Step("impute"), step]
    steps = [step, Step("impute")] if step.params.get("action") == "missing" else steps
    steps = steps if step.op == "encode" else [*steps, Step("encode", {"max_levels": 5})]
    made, values = fitted(steps, HARD, HARD_KINDS, view=view, y=Y)
    assert values.dtype == np.float64 and len(values) == 12
    assert values.shape[1] == len(feature_names(made)) == len(source_columns(made))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one = made.transform(HARD.iloc[:1])
        if view != "native":
            assert np.isfinite(values).all() and np.isfinite(one).all()
        data = skops.io.dumps(made)
        unknown = set(skops.io.get_untrusted_types(data=data)) - set(TRUSTED)
        assert not unknown
        again = skops.io.loads(data, trusted=list(TRUSTED))
        np.testing.assert_array_equal(again.transform(HARD), made.transform(HARD))


def test_every_learned_operation_is_covered():
    learned = {op for op, entry in OPERATIONS.items() if entry.learned}
    assert {step.op for step in LEARNED} == learned


def test_seed_decides():
    steps = [Step("impute"), Step("encode", {"method": "target"}), Step("text_features", {"dimensions": 2})]
    first = fitted(steps, HARD, HARD_KINDS, y=Y)[1]
    np.testing.assert_array_equal(first, fitted(steps, HARD, HARD_KINDS, y=Y)[1])


def test_columns_no_step_prepares_are_named():
    assert left_out(Recipe(), SCHEMA) == {
        "key": "a key says nothing about new rows",
        "day": "a date needs the step 'Split dates into parts'",
        "note": "text needs the step 'Turn text into numbers'",
    }


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (Step("explode"), "There is no step 'explode'."),
        (Step("scale", {"method": "x"}), "'x' is no choice for 'How'. The choices are standard, minmax, robust, maxabs."),
        (Step("scale", {"speed": 1}), "The step 'Bring numbers to one scale' has no setting 'speed'. Add the step again."),
        (Step("impute", {"columns": ["nope"]}), "names the column 'nope', which the table does not have here."),
        (Step("clip_outliers", {"columns": ["city"]}), "cannot use 'city', a column of kind category."),
        (Step("group_rare", {"min_share": 2}), "'Rarer than' is 2. A number from 0 to 0.5 is needed."),
    ],
)
def test_wrong_steps_say_why(step, message):
    with pytest.raises(InputError) as caught:
        check_step(step, SCHEMA)
    assert message in str(caught.value)


def test_proposal_has_reasons():
    frame = pd.DataFrame(
        {
            "key": [f"k{number}" for number in range(40)],
            "one": ["x"] * 40,
            "mail": [f"p{number}@example.org" for number in range(40)],
            "gap": [1.0] + [np.nan] * 39,
            "age": [float(number) for number in range(38)] + [np.nan, 9000.0],
            "city": ["Rome", "rome", "Oslo", "Bonn"] * 10,
        }
    )
    kinds = {"key": "id", "one": "category", "mail": "category", "gap": "number", "age": "number", "city": "category"}
    recipe = propose_recipe(frame, Schema(tuple(Column(name, kind) for name, kind in kinds.items())))
    assert all(step.reason for step in recipe)
    dropped = [name for step in recipe if step.op == "drop_columns" for name in step.params["columns"]]
    assert sorted(dropped) == ["gap", "key", "mail", "one"]
    assert [(step.op, step.enabled) for step in recipe if step.op != "drop_columns"] == [
        ("trim_text", True), ("clip_outliers", False), ("impute", True), ("encode", True), ("scale", True),
    ]  # fmt: skip
    assert next(step for step in recipe if step.op == "impute").params["indicator"] is True


def test_preview_counts_and_shows():
    shown = preview_step(FRAME, SCHEMA, Recipe(), Step("drop_duplicates"))
    assert (shown.rows_touched, shown.sentence) == (1, "1 of 4 rows left out.")
    filled = preview_step(FRAME, SCHEMA, Recipe(), Step("impute", {"columns": ["age"], "strategy": "median"}))
    assert (filled.rows_touched, filled.cells_changed) == (1, 1)
    assert filled.sentence == "1 cell in 1 of 4 rows changed."
    assert filled.after.loc[11, "age"] == 3.0 and np.isnan(filled.before.loc[11, "age"])
    small = preview_step(FRAME, SCHEMA, Recipe(), Step("scale"), rows=2)
    assert small.sampled and small.sentence.endswith("learned here from a sample of 2 rows.")


@pytest.mark.parametrize("op", OPERATIONS)
def test_every_step_can_be_previewed_with_its_defaults(op):
    params = {
        "merge_values": {"column": "city"},
        "merge_variants": {"column": "city"},
        "split_column": {"column": "city"},
        "extract_pattern": {"column": "city", "pattern": "R"},
        "formula": {"formula": "age * 2"},
        "filter_rows": {"condition": "age > 1"},
    }.get(op, {})
    preview = preview_step(FRAME, SCHEMA, Recipe(), Step(op, params))
    assert preview.sentence.endswith(".") and preview.rows == 4


@pytest.mark.parametrize(
    ("params", "line"),
    [
        ({"method": "iqr", "factor": 3.0}, "Deal with outliers: quartiles and their distance; how far: 3; set to the limit"),
        ({"method": "limits", "low": 1, "high": 9}, "Deal with outliers: what you type; lowest: 1; highest: 9; set to the limit"),
    ],
)
def test_a_step_tells_only_settings_that_say_something(params, line):
    """Regression: 'how far: 3' stood beside limits that were typed."""
    assert describe(Step("clip_outliers", params)) == line


def test_heights_before_and_after_can_be_compared():
    """Regression: each side had bins of its own, so that clipping far values seemed to take rows away from the near ones."""
    frame = pd.DataFrame({"x": [*range(30), 60.0]})
    schema = Schema((Column("x", "number"),))
    clip = {"method": "limits", "low": 0, "high": 30}
    (shown,) = preview_step(frame, schema, Recipe(), Step("clip_outliers", clip)).distributions
    assert shown.before_labels == shown.after_labels
    assert shown.before_counts[:15] == shown.after_counts[:15] == (2,) * 15
    assert (shown.before_counts[29], shown.after_counts[29], shown.after_counts[15]) == (1, 0, 1)
    (scaled,) = preview_step(frame, schema, Recipe(), Step("scale")).distributions
    assert scaled.before_labels != scaled.after_labels


def test_words_and_numbers_are_not_drawn_side_by_side():
    """Regression: a text and the first number made of it shared one unreadable axis."""
    frame = pd.DataFrame({"t": [f"word{row % 7} and word{row % 5}" for row in range(40)]})
    shown = preview_step(frame, Schema((Column("t", "text"),)), Recipe(), Step("text_features", {"columns": ["t"]}))
    assert shown.distributions == () and len(shown.after.columns) > 1


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (["+44 20 7946 0000", "+44 20 7946 0001"], True),
        (["(030) 1234-5678", "(030) 1234-5679"], True),
        (["28/01/2018 00", "29/01/2018 01"], False),
        (["2018-01-28 00:15", "2018-01-29T00:30"], False),
        (["28.01.2018 00", "01.02.2018 12"], False),
    ],
)
def test_dates_with_a_time_are_no_telephone_numbers(cells, found):
    """Regression: a column of days and hours was left out of the model as telephone numbers of people."""
    assert personal(pd.Series(cells, dtype=object)) is found
