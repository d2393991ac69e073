"""Each step as plain code does to the cells what the step itself does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning.apply import apply_stateless
from automl_core.cleaning.preprocessing import build_preprocessor
from automl_core.cleaning.recipe import Recipe, Step
from automl_core.data.parsing import parse_frame
from automl_core.errors import InputError
from automl_core.schema import NULL_WORDS, Column, Parsing, Schema
from automl_core.script.preparing import refuse_joint, view_code
from automl_core.script.reading import typed_code
from automl_core.script.steps import WRITERS, clean_code
from automl_core.script.writing import Code, piece

SCHEMA = Schema(
    (
        Column("age", "number"),
        Column("price", "number", Parsing(decimal=",", thousands=".", strip=("€",), negative_parentheses=True)),
        Column("share", "number", Parsing(strip=("%",), scale=0.01)),
        Column("city", "category"),
        Column("note", "text"),
        Column("joined", "date", Parsing(date_format="%d/%m/%Y")),
        Column("left", "date", Parsing(date_format="ISO8601")),
        Column("sold", "boolean", Parsing(null_words=("", "unknown"))),
    )
)
TEXT = pd.DataFrame(
    {
        "age": ["30", "41.5", "", "x", "999", "30"],
        "price": ["€ 1.234,50", "3,5", "(7,25)", "NA", "-2", "€ 1.234,50"],
        "share": ["5%", "12.5 %", "", "100%", "0", "5%"],
        "city": [" Rome ", "ROME", "Londn", "", "Paris", " Rome "],
        "note": ["call 030-55", "ab-12-cd", "None", "x", "Ängstlich, é", "call 030-55"],
        "joined": ["31/12/2020", "01/02/2021", "now", "", "05/06/2021", "31/12/2020"],
        "left": ["2021-01-01", "2021-02-01 10:30:00", "today", "2021-03-01T00:00:00+02:00", "", "2021-01-01"],
        "sold": ["yes", "no", "unknown", "NA", "yes", "yes"],
    },
    dtype=object,
)


def executed(*parts: Code) -> dict[str, Any]:
    """Run the functions of some parts, with the pieces they use."""
    top = Code(imports={"import numpy as np", "import pandas as pd"})
    for part in parts:
        top.join(part)
    lines = [*sorted(top.imports, key=lambda line: "enable_iter" not in line), f"MISSING = {list(NULL_WORDS)!r}", "SEED = 3"]
    names: dict[str, Any] = {}
    text = "\n".join([*lines, *(piece(name).text for name in top.pieces), *("\n".join(part.lines) for part in parts)])
    exec(compile(text, "script", "exec"), names)
    return names


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """Whole numbers and decimal ones are the same numbers."""
    assert list(one.columns) == list(other.columns)
    for name in one.columns:
        left, right = one[name], other[name]
        if left.dtype.kind in "iufb" or right.dtype.kind in "iufb":
            left, right = left.astype("float64"), right.astype("float64")
        pd.testing.assert_series_equal(left, right, check_names=False)


def test_columns_are_typed_as_when_they_were_uploaded() -> None:
    expected = parse_frame(TEXT, SCHEMA).frame
    same(executed(typed_code(SCHEMA, plain=False))["typed"](TEXT)[expected.columns], expected)


STEPS: list[Step] = [
    Step("drop_columns", {"columns": ["age", "sold"]}),
    Step("rename_columns", {"names": {"age": "Alter", "city": "Stadt"}}),
    Step("order_columns", {"columns": ["city"]}),
    Step("change_kind", {"columns": ["age", "joined"], "kind": "category"}),
    Step("change_kind", {"columns": ["city", "left"], "kind": "number"}),
    Step("change_kind", {"columns": ["note"], "kind": "date"}),
    Step("parse_numbers", {"columns": ["note"], "strip": ["call", "ab"], "thousands": "-"}),
    Step("parse_dates", {"columns": ["city"], "format": "%Y"}),
    Step("split_column", {"column": "note", "separator": "-", "parts": 3}),
    Step("split_column", {"column": "note", "separator": "", "parts": 2, "keep": True, "kind": "number"}),
    Step("join_columns", {"columns": ["city", "age", "joined"], "separator": "/", "name": "both"}),
    Step("extract_pattern", {"column": "note", "pattern": r"(\d+)-(\d+)", "name": "parts", "kind": "number"}),
    Step("extract_pattern", {"column": "note", "pattern": r"\d+", "name": "digits", "keep": True}),
    Step("formula", {"name": "both", "formula": 'if(age > 35 and city != "Paris", price / share, -age ^ 2)'}),
    Step("formula", {"name": "days", "formula": "round(left - joined, 1) + min(age, 40, price) + clip(age, 31, 35)"}),
    Step("formula", {"name": "alike", "formula": "if(not city == note or joined < left, 1, log(age))"}),
    Step("drop_duplicates", {}),
    Step("drop_duplicates", {"columns": ["age"], "keep": "last"}),
    Step("drop_missing_rows", {"columns": ["age", "price", "city"], "max_share": 0.4}),
    Step("filter_rows", {"condition": 'age >= 30 and city == "Paris"'}),
    Step("filter_rows", {"condition": "price > 0", "keep": "others"}),
    Step("null_words", {"columns": ["age", "city", "left"], "words": ["999", "Londn", "2021-01-01"]}),
    Step("trim_text", {"case": "title"}),
    Step("trim_text", {"columns": ["city"]}),
    Step("replace", {"columns": ["city", "age"], "find": "rome", "replacement": "Roma", "case": False}),
    Step("replace", {"columns": ["age"], "find": "999", "replacement": ""}),
    Step("replace", {"columns": ["age"], "find": "30", "replacement": "31"}),
    Step("replace", {"columns": ["note"], "find": "-", "replacement": "", "how": "part"}),
    Step("replace", {"columns": ["note"], "find": r"(\d)(\d)", "replacement": r"\2\1", "how": "pattern"}),
    Step("merge_values", {"column": "city", "mapping": {"Londn": "London", "ROME": "Rome"}}),
    Step("merge_variants", {"column": "city", "mapping": {"ROME": "Rome"}, "method": "fingerprint"}),
    Step("merge_variants", {"column": "note", "mapping": {"angstlich, E": "fear"}, "method": "ngram"}),
    Step("date_parts", {"columns": ["joined"], "parts": ["year", "month", "week", "weekday", "weekend", "days"]}),
    Step("date_parts", {"columns": ["left"], "parts": ["hour", "dayofyear"], "keep": True}),
]


def test_every_stateless_step_is_written_or_refused_and_tried_here() -> None:
    assert {step.op for step in STEPS} == set(WRITERS)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.op}-{sorted(step.params.items())}"[:60])
@pytest.mark.parametrize("training", [True, False])
def test_a_step_does_to_the_cells_what_its_code_does(step: Step, training: bool) -> None:
    frame = parse_frame(TEXT, SCHEMA).frame
    expected = apply_stateless(frame, SCHEMA, Recipe((step,)), training=training).frame
    code = clean_code(Recipe((step,)), SCHEMA, frame, "sold", frozenset())
    found = executed(code)["clean"](frame, training)
    same(found[expected.columns], expected)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (
            Step("merge_variants", {"column": "city", "mapping": {"a": "b"}, "method": "cologne"}),
            "cannot be written as plain code: new variants are known by the key 'cologne', for which neither Python nor "
            "pandas has a function. A script is only given out when it does all that the model does. Use the exported model, or "
            "a recipe without this step.",
        ),
        (
            Step("merge_values", {"column": "city", "mapping": {"a": "b"}}),
            "it names cells of a column that looks like personal data, which a script must not carry.",
        ),
    ],
)
def test_what_is_not_written_is_named(step: Step, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        clean_code(
            Recipe((step,)),
            SCHEMA,
            parse_frame(TEXT, SCHEMA).frame,
            "sold",
            frozenset({"city"} if step.op == "merge_values" else ()),
        )
    assert "The step '" in str(caught.value) and expected in str(caught.value)


def test_steps_over_several_columns_are_refused_by_name() -> None:
    expected = r"The step 'Summarise numbers \(PCA\).*' cannot be written as plain code: it looks at several columns at once"
    with pytest.raises(InputError, match=expected):
        refuse_joint(Recipe((Step("pca", {}),)))


LEARNED: list[tuple[Step, ...]] = [
    (Step("clip_outliers", {"method": "iqr", "factor": 1.0}), Step("impute", {"strategy": "median", "indicator": True})),
    (Step("clip_outliers", {"method": "zscore", "factor": 1.0, "action": "missing"}), Step("impute", {"strategy": "mean"})),
    (Step("clip_outliers", {"method": "percentile", "factor": 10.0, "action": "flag"}),),
    (Step("clip_outliers", {"method": "limits", "low": 0.0}),),
    (Step("drop_sparse", {"max_share": 0.3}), Step("impute", {"strategy": "constant", "fill": ["7"]})),
    (Step("impute", {"strategy": "knn"}), Step("scale", {"method": "robust"})),
    (Step("impute", {"strategy": "iterative"}), Step("scale", {"method": "minmax"})),
    (Step("group_rare", {"min_share": 0.2}), Step("encode", {"method": "onehot"})),
    (Step("encode", {"method": "target"}), Step("scale", {"method": "maxabs"})),
    (Step("encode", {"method": "frequency"}),),
    (Step("encode", {"method": "hashing", "max_levels": 4}),),
    (Step("encode", {"method": "ordinal"}), Step("transform_power", {"method": "yeojohnson"})),
    (Step("transform_power", {"method": "boxcox"}),),
    (Step("transform_power", {"method": "quantile"}),),
    (Step("bin", {"bins": 3, "method": "quantile", "encode": "onehot"}),),
    (Step("text_features", {"columns": ["note"], "dimensions": 3}),),
]


@pytest.mark.parametrize("steps", LEARNED, ids=lambda steps: "-".join(step.op for step in steps))
@pytest.mark.parametrize("view", ["encoded", "native", "scaled"])
@pytest.mark.filterwarnings("ignore")
def test_a_view_as_code_prepares_the_same_numbers(steps: tuple[Step, ...], view: Any) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": np.where(rng.random(60) < 0.2, np.nan, rng.normal(40, 12, 60)),
            "paid": rng.lognormal(1, 1, 60),
            "city": rng.choice(np.array(["Rome", "Oslo", "Bern", "Ulm", np.nan], dtype=object), 60),
            "note": rng.choice(np.array(["red house", "a boat", "blue", np.nan], dtype=object), 60),
        }
    )
    schema = Schema((Column("age", "number"), Column("paid", "number"), Column("city", "category"), Column("note", "text")))
    y = (frame["paid"] > 2.5).to_numpy().astype(int)
    own = build_preprocessor(Recipe(steps), schema, frame, view=view, task="binary", seed=3)
    made = view_code(view, build_preprocessor(Recipe(steps), schema, frame, view=view, task="binary", seed=3), 3)
    other = executed(made.code)[f"prepare_{view}"]()
    np.testing.assert_array_equal(own.fit_transform(frame[:40], y[:40]), other.fit_transform(frame[:40], y[:40]))
    np.testing.assert_array_equal(own.transform(frame[40:]), other.transform(frame[40:]))
