"""A short form of the fuzzing (``make fuzz`` runs the long one), and what the long one has found."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from automl_core.cleaning.recipe import Step
from automl_core.cleaning.steps import check_step
from automl_core.cleaning.store import import_recipe
from automl_core.data.headers import column_names
from automl_core.data.parsing import read_dates
from automl_core.errors import AutoMLError, FormatError, InputError
from automl_core.schema import Column, Schema
from automl_core.scoring.bundle import load_model
from tests.fuzz.mutations import input_number
from tests.fuzz.run import fuzz
from tests.fuzz.targets import Target, make_bundle, sealed, target, unzipped, zipped
from tests.fuzz.watch import Escape, Hang, at_most, watched

INPUTS = {"reader": 150, "recipe": 400, "bundle": 150, "service": 400}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("fuzzed"))


@pytest.fixture
def quiet() -> Iterator[None]:
    """Python's and the service's own words about broken inputs are of no use here."""
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("name", INPUTS)
def test_no_input_crashes_hangs_or_escapes(name: str, bundle: Path, quiet: None) -> None:
    with target(name, bundle) as (tried, home):
        tried.judge(input_number(-1, name, tried.make))  # what is imported late is imported before anybody watches
        outcome = fuzz(tried, home, range(INPUTS[name]))
    assert outcome.findings == {}
    assert outcome.inputs == sum(outcome.words.values()) == INPUTS[name]
    assert len(outcome.words) > 1, "inputs that all come out alike try nothing"


# -- the watch itself sees what it is there for ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "escape",
    [
        lambda folder: (folder.parent / "outside").write_text("x"),
        lambda folder: os.open(folder.parent / "outside", os.O_CREAT | os.O_WRONLY),
        lambda folder: (folder / "inside").rename(folder.parent / "outside"),
        lambda folder: (folder / ".." / "outside").mkdir(),
        lambda folder: os.system("true"),
        lambda folder: subprocess.run(["true"], check=True),
        lambda folder: socket.create_connection(("127.0.0.1", 9)),
        lambda folder: socket.getaddrinfo("localhost", 80),
        lambda folder: __import__("pickle").loads(b"cos\nsystem\n."),
    ],
)
def test_an_escape_is_seen_and_does_not_happen(escape: Callable[[Path], Any], tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "inside").write_text("x")
    with pytest.raises(Escape), watched(folder):
        escape(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_what_an_input_may_do_is_let_be(tmp_path: Path) -> None:
    with watched(tmp_path):
        (tmp_path / "a").write_text(Path(__file__).read_text()[:10])
        (tmp_path / "a").rename(tmp_path / "b")
        (tmp_path / "b").unlink()
    (tmp_path.parent / f"{tmp_path.name}-after").write_text("nobody watches any more")


def test_a_hang_is_ended() -> None:
    started = time.monotonic()
    with pytest.raises(Hang, match=r"took more than 0\.05 s"), at_most(0.05):
        while True:
            pass
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(("often", "found"), [(1, 0), (2, 1)])
def test_an_input_hangs_when_it_does_so_twice(tmp_path: Path, often: int, found: int) -> None:
    """A machine that was halted for a while was taken for a hang."""
    asked: list[bytes] = []

    def judge(data: bytes) -> str:
        asked.append(data)
        if len(asked) <= often:
            time.sleep(3)
        return "fine"

    outcome = fuzz(Target("reader", lambda rng: b"x", judge, seconds=0.5), tmp_path, range(1))
    assert (len(outcome.findings), outcome.words["fine"], len(asked)) == (found, 1 - found, 2)


# -- what the long form has found --------------------------------------------------------------------------------------


def recipe_with(**step: Any) -> str:
    return json.dumps({"format": 1, "steps": [{"id": "a", "op": "impute", "params": {}, **step}]})


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("[" * 100_000, InputError, "This file is no recipe: maximum recursion depth exceeded"),
        (recipe_with(op=[]), FormatError, "'[]', and should be a text"),
        (recipe_with(id={}), FormatError, "recipe.steps[0].id is '{}', and should be a text"),
        (recipe_with(params=[]), FormatError, "recipe.steps[0].params is '[]', and should be an object"),
        (recipe_with(params={"columns": [1.5]}), InputError, "'Columns' of the step 'Fill missing values' is '[1.5]'."),
        (recipe_with(op="clip_outliers", params={"high": 10**400}), InputError, "It must be a number, or nothing."),
        (recipe_with(op="clip_outliers", params={"fold": float("nan")}), InputError, "has no setting 'fold'"),
        (recipe_with(op="clip_outliers", params={"low": float("nan")}), InputError, "It must be a number, or nothing."),
    ],
)
def test_a_recipe_of_wrong_types_is_refused(text: str, kind: type[AutoMLError], said: str) -> None:
    """Names that are lists, settings that are no words and endless numbers ended in a TypeError or an OverflowError."""
    with pytest.raises(kind) as caught:
        import_recipe(text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ({"name": "a", "kind": "number", "parsing": {"null_words": [{}]}}, "schema.columns[0].parsing.null_words[0] is '{}'"),
        ({"name": ["a"], "kind": "number"}, "schema.columns[0].name is \"['a']\", and should be a text"),
        ({"name": "a", "kind": "number", "parsing": {"scale": 10**400}}, "and should be a finite number"),
        ({"name": "a", "kind": "blob"}, "a column is of the kind 'blob'"),
    ],
)
def test_a_schema_of_wrong_types_is_refused(column: dict[str, Any], said: str) -> None:
    """A bundle with such a schema was loaded, and its first prediction ended in a TypeError."""
    with pytest.raises((TypeError, ValueError)) as caught:
        Schema.from_dict({"columns": [column]})
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("manifest.json", lambda tree: tree.update(threshold=10**400), "manifest.threshold is "),
        ("manifest.json", lambda tree: tree["classes"].append({}), "manifest.classes[2] is '{}', and should be a text"),
        ("manifest.json", lambda tree: tree.update(used=[[]]), "manifest.used[0] is '[]', and should be a text"),
        ("reference.json", lambda tree: tree["columns"].update(city=[]), "reference.columns.city is '[]'"),
        ("reference.json", lambda tree: tree["columns"]["city"].update(values=["Rome"]), "reference.columns.city.values is "),
    ],
)  # fmt: skip
def test_a_bundle_of_wrong_types_is_refused(
    file: str, change: Callable[[Any], None], said: str, bundle: Path, tmp_path: Path
) -> None:
    """The hashes fitted, the bundle was loaded, and its first prediction ended in a TypeError or an OverflowError."""
    files = unzipped(bundle.read_bytes())
    tree = json.loads(files[file])
    change(tree)
    path = tmp_path / "m.zip"
    path.write_bytes(sealed({**files, file: json.dumps(tree).encode()}))
    with pytest.raises(FormatError) as caught:
        load_model(path)
    assert " is damaged: " in str(caught.value) and said in str(caught.value)


def test_an_array_whose_head_is_cut_is_refused(bundle: Path, tmp_path: Path) -> None:
    """NumPy reads the head of an array as Python text, and a cut one ended in tokenize.TokenError."""
    files = unzipped(bundle.read_bytes())
    name = next(name for name in files if name.endswith("logistic.skops"))
    inside = unzipped(files[name])
    array = next(entry for entry in inside if entry.endswith(".npy"))
    inside[array] = inside[array].replace(b"}", b" ")
    path = tmp_path / "m.zip"
    path.write_bytes(sealed({**files, name: zipped(inside)}))
    with pytest.raises(FormatError, match=r"logistic\.skops cannot be rebuilt: "):
        load_model(path)


def test_half_a_letter_in_a_name_is_answered(bundle: Path, tmp_path: Path) -> None:
    """JSON can hold halves of letters that no encoding can: a column of that name was answered with 500."""
    with target("service", bundle) as (tried, _):
        assert tried.judge(b'/predict {"rows": [{"\\ud800": 1}]}') == "422"


@pytest.mark.parametrize("text", ["%Y-%Y", "ISO8%s%n01"])
def test_a_date_format_that_cannot_be_read_is_refused(text: str) -> None:
    """pandas ended in re.error where a part came twice, and in a ValueError for a sign that it does not know."""
    with pytest.raises(InputError, match=r"is no date format: .* Correct it\."):
        read_dates(pd.Series(["2021-01-01"], dtype=object), text)


def test_a_name_never_holds_a_nul() -> None:
    """NumPy takes it for the end of a text, so that the new column was not found when the model was fitted."""
    schema = Schema((Column("city", "category"),))
    for step in (
        Step("extract_pattern", {"column": "city", "pattern": r"(\w)", "name": "a\x00"}),
        Step("rename_columns", {"names": {"city": "a\x00"}}),
    ):
        with pytest.raises(InputError, match=r"^The name 'a\\x00' holds a NUL sign\. A name is made of letters\."):
            check_step(step, schema)
    assert column_names(["a\x00", "a"], 2)[0] == ["a", "a_2"]


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")  # scikit-learn's scaler, of a column without values
def test_a_column_of_which_a_fold_knows_nothing_can_be_transformed() -> None:
    """Yeo-Johnson ended in SciPy's BracketError, and with it the run, when a column had no value in the rows of one fold."""
    import numpy as np
    from sklearn.preprocessing import PowerTransformer

    from automl_core.cleaning.shaping import YeoJohnson

    known = np.array([[1.0], [2.0], [4.0], [8.0]])
    fitted = YeoJohnson().fit(np.hstack([known, np.full_like(known, np.nan)]))
    made = fitted.transform(np.hstack([known, known]))
    assert made[:, :1] == pytest.approx(PowerTransformer().fit_transform(known))
    assert np.isnan(made[:, 1]).all()
