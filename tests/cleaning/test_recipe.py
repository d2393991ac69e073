"""Recipes on disk and in files: what goes in comes out, and what is broken is named."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from automl_core.cleaning.apply import apply_stateless
from automl_core.cleaning.recipe import History, Recipe, Step
from automl_core.cleaning.steps import OPERATIONS, place
from automl_core.cleaning.store import export_recipe, import_recipe, load_history, save_history
from automl_core.errors import FormatError, InputError
from automl_core.schema import Column, Schema

texts = st.text(max_size=12)
values = {
    "columns": st.lists(texts, max_size=3),
    "column": texts,
    "choice": texts,
    "number": st.one_of(st.integers(-5, 5), st.floats(-5, 5)),
    "limit": st.one_of(st.none(), st.integers(-5, 5), st.floats(-5, 5)),
    "flag": st.booleans(),
    "text": texts,
    "formula": texts,
    "pattern": texts,
    "names": st.dictionaries(texts, texts, max_size=3),
    "words": st.lists(texts, max_size=3),
    "mapping": st.dictionaries(texts, texts, max_size=3),
    "parts": st.lists(texts, max_size=3),
}


def _settings(op: str):
    """Any settings of the right type; whether they fit a table is asked when they meet one."""
    return st.fixed_dictionaries({}, optional={param.name: values[param.kind] for param in OPERATIONS[op].params})


steps = st.sampled_from(sorted(OPERATIONS)).flatmap(lambda op: st.builds(Step, st.just(op), _settings(op), texts, st.booleans()))
recipes = st.lists(steps, max_size=4).map(lambda found: Recipe(tuple(found)))


@settings(suppress_health_check=[HealthCheck.too_slow])  # the first drawn text builds a table of all letters, once a machine
@given(recipes)
def test_export_and_import_give_the_same(recipe):
    assert import_recipe(export_recipe(recipe)) == recipe


@given(st.lists(recipes, min_size=1, max_size=5))
def test_undo_then_redo_gives_the_same(changes):
    history = History()
    for recipe in changes:
        history = history.change(recipe)
    if history.past:
        assert history.undo().redo() == history
    assert History.from_dict(json.loads(json.dumps(history.to_dict()))) == history


@given(st.lists(texts, min_size=1, max_size=8), st.sampled_from(["keep", "lower", "upper"]))
def test_tidying_twice_is_tidying_once(words, case):
    frame, schema = pd.DataFrame({"w": pd.Series(words, dtype=object)}), Schema((Column("w", "category"),))
    recipe = Recipe((Step("trim_text", {"columns": ["w"], "case": case}), Step("drop_duplicates")))
    once = apply_stateless(frame, schema, recipe, training=True).frame
    pd.testing.assert_frame_equal(apply_stateless(once, schema, recipe, training=True).frame, once)


def test_history_on_disk(tmp_path):
    assert load_history(tmp_path) is None
    history = History().change(Recipe((Step("scale"),)))
    save_history(tmp_path, history)
    assert load_history(tmp_path) == history
    (tmp_path / "recipe.json").write_text('{"format": 1}')
    with pytest.raises(FormatError, match="is damaged"):
        load_history(tmp_path)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("{", InputError, "This file is no recipe"),
        (b"\xff\xfe\x00\x01", InputError, "This file is no recipe"),
        ("[]", FormatError, "This recipe has format 'list'. This version reads format 1."),
        ('{"format": 2, "steps": []}', FormatError, "This recipe has format 2. This version reads format 1."),
        ('{"format": 1}', FormatError, "This recipe is damaged"),
        ('{"format": 1, "steps": [{"id": "a", "op": "magic", "params": {}}]}', InputError, "There is no step 'magic'."),
    ],
)
def test_broken_foreign_and_newer_files_are_named(text, error, message):
    with pytest.raises(error) as caught:
        import_recipe(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        ({"op": "merge_values", "params": {"column": "a", "mapping": 5}}, "'Values' of the step"),
        ({"op": "clip_outliers", "params": {"factor": "abc"}}, "'How far' of the step 'Deal with outliers' is 'abc'."),
        ({"op": "clip_outliers", "params": {"what": 1}}, "The step 'Deal with outliers' has no setting 'what'."),
        ({"op": "fly", "params": {}}, "There is no step 'fly'."),
    ],
)
def test_settings_of_another_type_are_refused_on_import(step, sentence):
    """Regression: such a recipe was taken, and the Clean page then failed on it."""
    text = json.dumps({"format": 1, "steps": [{"id": "a", "reason": "", "enabled": True, **step}]})
    with pytest.raises(InputError) as refused:
        import_recipe(text)
    assert sentence.split("'Values'")[-1] in str(refused.value)


def test_steps_of_one_id_get_ids_of_their_own():
    entry = {"id": "same", "op": "scale", "params": {}, "reason": "", "enabled": True}
    recipe = import_recipe(json.dumps({"format": 1, "steps": [entry, entry]}))
    assert len({step.id for step in recipe}) == 2


@pytest.mark.parametrize(
    ("op", "order"),
    [
        ("null_words", ["drop_columns", "null_words", "impute", "scale"]),
        ("group_rare", ["drop_columns", "impute", "scale", "group_rare"]),
    ],
)
def test_a_new_step_stands_where_it_acts(op, order):
    """Regression: a step on the table was listed, and shown in previews, after steps that learn although it acts before them."""
    recipe = Recipe((Step("drop_columns"), Step("impute"), Step("scale")))
    assert [step.op for step in place(recipe, Step(op))] == order
    assert [step.op for step in place(Recipe(), Step(op))] == [op]


def test_a_step_about_uploaded_cells_comes_before_others_change_them():
    """Regression: 'oslo' for 'Oslo.' was renamed after the words had become lower case, so that two values stayed two."""
    frame = pd.DataFrame({"city": ["Oslo.", "oslo", "Oslo.", "Rome"]})
    schema = Schema((Column("city", "category"),))
    tidy = Recipe((Step("trim_text", {"columns": ["city"], "case": "lower"}), Step("impute")))
    rename = Step("merge_values", {"column": "city", "mapping": {"oslo": "Oslo."}})
    recipe = place(tidy, rename, uploaded=True)
    assert [step.op for step in recipe] == ["merge_values", "trim_text", "impute"]
    assert list(apply_stateless(frame, schema, recipe, training=True).frame["city"]) == ["oslo.", "oslo.", "oslo.", "rome"]
    assert [step.op for step in place(tidy, rename)] == ["trim_text", "merge_values", "impute"]
    dropped = place(tidy, Step("drop_columns", {"columns": ["city"]}), uploaded=True)
    assert [step.op for step in dropped] == ["trim_text", "drop_columns", "impute"]
