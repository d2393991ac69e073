"""An exported model: what the zip holds, that it predicts what was scored, and what it says about itself."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io

import automl_core
from automl_core.bundle_files import RUNTIME, runtime_modules
from automl_core.cleaning.apply import apply_stateless
from automl_core.cleaning.recipe import Recipe, Step
from automl_core.deploying import PLACES
from automl_core.errors import InputError, NotFoundError, StorageError
from automl_core.model import build_model, pack_model
from automl_core.reference import cells, made_up_rows, personal_columns
from automl_core.run_parts import load_task, out_of_fold, parts_of, train_rows
from automl_core.runs import Run
from automl_core.schema import Column, Schema
from automl_core.scoring.bundle import Model, load_model
from automl_core.scoring.trusted import TRUSTED
from automl_core.scoring.values import predict_values
from automl_core.worker.candidates import keep_model
from automl_core.workspace import atomic_file, read_json, write_json
from tests.conftest import RECIPE, MakeRun, customers

TASKS = ("binary", "multiclass", "regression")
LINEAR = {"binary": "logistic", "multiclass": "logistic", "regression": "ridge"}
CASES = [(task, name) for task in TASKS for name in (LINEAR[task], "forest", "ensemble")]


@pytest.fixture(scope="module")
def bundles(finished_runs: dict[str, Run], tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    """One bundle of every candidate of every task."""
    folder = tmp_path_factory.mktemp("bundles")
    return {(task, name): build_model(finished_runs[task].path, name, folder / f"{task}-{name}.zip") for task, name in CASES}


def files_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def json_of(path: Path, name: str) -> Any:
    return json.loads(files_of(path)[name])


def by_hand(run: Run, weights: dict[str, float], frame: pd.DataFrame, n_classes: int) -> np.ndarray:
    """Average the fold models from the run's own files, without any of the code that exports or loads models."""
    rows = apply_stateless(frame, run.dataset().schema, run.recipe, training=False).frame
    total, share = np.zeros(()), 0.0
    for fold in sorted((run.path / "folds").iterdir()):
        X = np.asarray(skops.io.load(fold / "encoded.skops", trusted=list(TRUSTED)).transform(rows), dtype=float)
        for name, weight in weights.items():
            file = run.path / "candidates" / name / f"fold{fold.name}.skops"
            total = total + weight * predict_values(skops.io.load(file, trusted=list(TRUSTED)), X, n_classes)
            share += weight
    return np.asarray(total / share)


@pytest.mark.parametrize(("task", "name"), CASES)
def test_the_loaded_model_predicts_what_the_fold_files_predict(
    task: str, name: str, finished_runs: dict[str, Run], bundles: dict[tuple[str, str], Path]
) -> None:
    run, model = finished_runs[task], load_model(bundles[task, name])
    weights = {LINEAR[task]: 0.5, "forest": 0.5} if name == "ensemble" else {name: 1.0}
    new = customers(60, seed=9)
    expected = by_hand(run, weights, new, len(model.classes))
    np.testing.assert_allclose(model.predict_values(new), expected, rtol=0, atol=1e-12 * np.abs(expected).max())
    np.testing.assert_array_equal(model.predict_values(new[new.columns[::-1]]), model.predict_values(new))


@pytest.mark.parametrize("task", TASKS)
def test_what_packing_returns_is_what_its_file_holds(task: str, finished_runs: dict[str, Run], tmp_path: Path) -> None:
    run = finished_runs[task]
    made = pack_model(run.path, "ensemble", tmp_path / "model.zip", threads=2).model
    read = load_model(tmp_path / "model.zip")
    frame = run.holdout()
    assert made.predict_values(frame).tolist() == read.predict_values(frame).tolist()
    assert json.loads(json.dumps(made.manifest)) == read.manifest
    assert json.loads(json.dumps(made.reference)) == read.reference


@pytest.mark.parametrize(("limit", "how"), [(0, zipfile.ZIP_STORED), (64 * 1024**2, zipfile.ZIP_DEFLATED)])
def test_the_fitted_parts_of_a_large_model_are_stored_as_they_are(
    limit: int, how: int, finished_runs: dict[str, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression: after a minute's search, making 200 MB of trees smaller took four seconds."""
    monkeypatch.setattr("automl_core.model.LARGE", limit)
    made = pack_model(finished_runs["binary"].path, "ensemble", tmp_path / "model.zip").model
    with zipfile.ZipFile(tmp_path / "model.zip") as archive:
        kinds = {entry.filename.rpartition(".")[2]: entry.compress_type for entry in archive.infolist()}
    assert (kinds["skops"], kinds["json"], kinds["py"]) == (how, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED)
    assert load_model(tmp_path / "model.zip").manifest == json.loads(json.dumps(made.manifest))


def test_the_kept_model_is_another_name_of_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, made, kept = Run(tmp_path), tmp_path / "models" / "lr.zip", tmp_path / "model.zip"
    made.parent.mkdir()
    made.write_bytes(b"one")
    monkeypatch.setattr("automl_core.worker.candidates.bundle", lambda run, candidate_id: made)
    for _ in range(2):
        keep_model(run, "lr")
        assert kept.samefile(made)
        assert {path.name for path in tmp_path.iterdir()} == {"models", "model.zip"}
    with atomic_file(made) as file:
        file.write(b"two")
    assert kept.read_bytes() == b"one"

    def no_second_name(*args: object) -> None:
        raise OSError("not on this disk")

    monkeypatch.setattr(Path, "hardlink_to", no_second_name)
    keep_model(run, "lr")
    assert kept.read_bytes() == b"two" and not kept.samefile(made)


def test_a_model_that_cannot_be_made_leaves_no_file(
    finished_runs: dict[str, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its parts are written while it is made."""

    def breaks(*args: object, **options: object) -> None:
        raise ValueError("no samples")

    monkeypatch.setattr("automl_core.model._samples", breaks)
    with pytest.raises(ValueError, match="no samples"):
        pack_model(finished_runs["binary"].path, "ensemble", tmp_path / "model.zip")
    assert list(tmp_path.iterdir()) == []


def test_text_cells_predict_the_same_as_typed_ones(bundles: dict[tuple[str, str], Path]) -> None:
    new = customers(30, seed=4)
    text = pd.read_csv(io.StringIO(new.to_csv(index=False)), dtype=str)
    for task in TASKS:
        model = load_model(bundles[task, "ensemble"])
        np.testing.assert_allclose(model.predict_values(text), model.predict_values(new), rtol=1e-12)


def test_predictions_have_their_words(bundles: dict[tuple[str, str], Path]) -> None:
    new = customers(25, seed=2).set_axis(range(100, 125))
    binary = load_model(bundles["binary", "logistic"])
    values, frame = binary.predict_values(new), binary.predict(new)
    assert list(frame.columns) == ["prediction", "probability_stayed", "probability_left"]
    assert list(frame.index) == list(range(100, 125))
    np.testing.assert_allclose(values.sum(axis=1), 1)
    np.testing.assert_array_equal(frame[["probability_stayed", "probability_left"]], values)
    assert list(frame["prediction"]) == ["left" if event > 0.5 else "stayed" for event in values[:, 1]]
    assert set(frame["prediction"]) == {"left", "stayed"}
    several = load_model(bundles["multiclass", "forest"]).predict(new)
    assert list(several.columns) == ["prediction", "probability_low", "probability_mid", "probability_top"]
    assert list(several["prediction"]) == [
        ("low", "mid", "top")[position] for position in several.iloc[:, 1:].to_numpy().argmax(axis=1)
    ]
    assert list(load_model(bundles["regression", "ridge"]).predict(new).columns) == ["prediction"]


def test_the_threshold_decides_and_the_event_lies_above_it(bundles: dict[tuple[str, str], Path]) -> None:
    model = load_model(bundles["binary", "logistic"])
    values = np.array([[0.5, 0.5], [0.49, 0.51], [0.8, 0.2]])
    assert model.codes(values).tolist() == [0, 1, 0]
    assert replace(model, threshold=0.1).codes(values).tolist() == [1, 1, 1]


@pytest.mark.parametrize(("task", "name"), CASES)
def test_the_zip_holds_what_it_should(task: str, name: str, bundles: dict[tuple[str, str], Path]) -> None:
    files = files_of(bundles[task, name])
    members = [LINEAR[task], "forest"] if name == "ensemble" else [name]
    models = {f"models/{fold}/{part}.skops" for fold in (0, 1) for part in [*members, "view-encoded"]}
    texts = {"manifest.json", "reference.json", "samples.json", "README.md", "requirements.txt", "NOTICE.txt"}
    texts |= {"requirements-service.txt", ".dockerignore", *PLACES.values()}
    assert set(files) == models | texts | {f"automl_core/{module}" for module in RUNTIME}
    manifest = json.loads(files["manifest.json"])
    assert manifest["files"] == {
        entry: hashlib.sha256(data).hexdigest() for entry, data in files.items() if entry != "manifest.json"
    }
    root = Path(automl_core.__file__).parent
    for module in RUNTIME:
        assert files[f"automl_core/{module}"] == (root / module).read_bytes()


def test_the_fold_models_are_the_bytes_that_were_scored(
    finished_runs: dict[str, Run], bundles: dict[tuple[str, str], Path]
) -> None:
    folder, files = finished_runs["binary"].path, files_of(bundles["binary", "ensemble"])
    for fold in ("0", "1"):
        assert files[f"models/{fold}/view-encoded.skops"] == (folder / "folds" / fold / "encoded.skops").read_bytes()
        for name in ("logistic", "forest"):
            assert files[f"models/{fold}/{name}.skops"] == (folder / "candidates" / name / f"fold{fold}.skops").read_bytes()


def test_the_manifest_says_where_the_model_comes_from(
    finished_runs: dict[str, Run], bundles: dict[tuple[str, str], Path]
) -> None:
    run = finished_runs["binary"]
    manifest = json_of(bundles["binary", "ensemble"], "manifest.json")
    lineage = manifest["lineage"]
    shown = {key: manifest[key] for key in ("format", "candidate", "name", "task", "target", "classes", "positive", "metric")}
    assert shown == {
        "format": 1, "candidate": "ensemble", "name": "Ensemble", "task": "binary", "target": "outcome",
        "classes": ["stayed", "left"], "positive": "left", "metric": "roc_auc",
    }  # fmt: skip
    assert (manifest["score"], manifest["spread"], manifest["threshold"], manifest["real_rows"]) == (0.86, None, 0.5, 20 + 180)
    assert manifest["used"] == ["age", "income", "city", "member", "joined"]
    assert lineage["members"] == {"logistic": 0.5, "forest": 0.5}
    assert (lineage["run"], lineage["rows"], lineage["seed"]) == (run.id, 180, 0)
    assert lineage["fingerprint"] == run.dataset().fingerprint
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", lineage["created"])
    model = load_model(bundles["binary", "ensemble"])
    assert (model.schema, model.recipe) == (run.dataset().schema, run.recipe)
    assert model.inputs.names == [name for name in run.dataset().schema.names if name != "outcome"]


def test_requirements_name_the_installed_versions_and_nothing_else(bundles: dict[tuple[str, str], Path]) -> None:
    from importlib.metadata import version

    lines = files_of(bundles["binary", "forest"])["requirements.txt"].decode().splitlines()
    assert lines[0] == "# Exactly what this model was made with (Python 3.11)."
    names = ("numpy", "pandas", "scikit-learn", "scipy", "skops")
    assert lines[1:] == [f"{name}=={version(name)}" for name in names]


def test_boosters_are_required_only_where_they_are_used(make_run: MakeRun, tmp_path: Path) -> None:
    from lightgbm import LGBMClassifier

    run = make_run("binary", estimators={"light": (lambda: LGBMClassifier(n_estimators=3, n_jobs=1, verbose=-1), "native")})
    out = build_model(run.path, "light", tmp_path / "m.zip")
    lines = files_of(out)["requirements.txt"].decode().splitlines()
    assert [line.split("==")[0] for line in lines[1:]] == ["lightgbm", "numpy", "pandas", "scikit-learn", "scipy", "skops"]
    assert set(load_model(out).predict(customers(40))["prediction"]) <= {"left", "stayed"}
    assert "models/0/view-native.skops" in files_of(out)


def test_the_copied_modules_import_nothing_else_of_ours() -> None:
    known = {"automl_core." + name.removesuffix(".py").replace("/", ".").removesuffix(".__init__") for name in RUNTIME}
    for name, source in runtime_modules():
        for node in ast.walk(ast.parse(source)):
            found = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [entry.name for entry in node.names] if isinstance(node, ast.Import) else []
            for module in found:
                assert not module.startswith("automl_core.") or module in known, f"{name} imports {module}"


def samples(path: Path) -> pd.DataFrame:
    data = json_of(path, "samples.json")
    return pd.DataFrame(data["rows"], columns=data["columns"])


def test_sample_rows_are_training_rows_and_come_with_their_predictions(
    finished_runs: dict[str, Run], bundles: dict[tuple[str, str], Path]
) -> None:
    run, path = finished_runs["binary"], bundles["binary", "forest"]
    found = samples(path)
    assert list(found.columns) == ["age", "income", "city", "member", "joined"]
    assert len(found) == json_of(path, "samples.json")["real"] == 20
    learned = run.dataset().frame().iloc[train_rows(run.path).learned]
    assert set(found["income"]) <= set(learned["income"])
    held_out = set(run.holdout()["income"])
    assert not set(found["income"]) & held_out
    expected = np.array(json_of(path, "samples.json")["expected"])
    given = found.assign(joined=pd.to_datetime(found["joined"]))
    np.testing.assert_allclose(load_model(path).predict_values(given), expected, rtol=1e-12)


def test_what_counts_as_personal() -> None:
    frame = pd.DataFrame(
        {
            "mail": ["a@b.org", "none", None, "none"] * 5,
            "phone": ["+44 20 7946 0958", "020 7946 0958", "(020) 79460958", "0044 20 7946"] * 5,
            "card": ["4111 1111 1111 1111", "5500-0000-0000-0004", "x", None] * 5,
            "iban": ["GB82 WEST 1234 5698 7654 32", "DE89370400440532013000"] * 10,
            "number_card": [4111111111111111.0] * 20,
            "share": [0.1234567, 0.7654321, 0.5, 0.25] * 5,
            "moment": [1_700_000_000_001.0, 1_700_000_000_002.0, 1_700_000_000_003.0, 1_700_000_000_004.0] * 5,
            "city": ["Rome", "Paris", "a@b", "12"] * 5,
            "seldom": ["a@b.org", *["x"] * 19],
            "empty": [np.nan] * 20,
            "note": ["words"] * 20,
        }
    )
    kinds = {"number_card": "number", "share": "number", "moment": "number", "note": "text"}
    schema = Schema(tuple(Column(name, kinds.get(name, "category")) for name in frame.columns))  # type: ignore[arg-type]
    assert personal_columns(frame, schema) == {
        "mail": "e-mail addresses", "phone": "phone numbers", "card": "card numbers", "iban": "account numbers",
        "number_card": "card numbers", "note": "free text",
    }  # fmt: skip


def test_made_up_rows_by_exact_values() -> None:
    quantiles = [float(number) for number in range(101)]
    facts = {
        "n": {"quantiles": quantiles, "whole": True},
        "x": {"quantiles": [value / 8 for value in quantiles], "whole": False},
        "d": {"quantiles": [86_400 * value for value in quantiles], "whole": True},
        "w": {"values": {"a": 3, "b": 1}},
        "gone": {},
    }
    schema = Schema(
        (Column("n", "number"), Column("x", "number"), Column("d", "date"), Column("w", "category"), Column("gone", "id"))
    )
    assert cells(made_up_rows(facts, schema)) == [
        [10.0, 1.25, "1970-01-11T00:00:00", "a", None],
        [30.0, 3.75, "1970-01-31T00:00:00", "b", None],
        [50.0, 6.25, "1970-02-20T00:00:00", "a", None],
        [70.0, 8.75, "1970-03-12T00:00:00", "b", None],
        [90.0, 11.25, "1970-04-01T00:00:00", "a", None],
    ]


def personal_run(make_run: MakeRun) -> Run:
    """A run whose model uses a column of addresses and one of phone numbers."""
    frame = customers()
    frame["city"] = [f"+44 20 7946 {number:04d}" if number % 3 else np.nan for number in range(len(frame))]
    frame["city"] = frame["city"].astype(object)
    steps = tuple(step for step in RECIPE if step.op != "drop_columns")
    return make_run("binary", frame=frame, recipe=Recipe((Step("drop_columns", {"columns": ["key"]}), *steps)))


def test_personal_columns_are_never_among_the_sample_rows_or_the_statistics(make_run: MakeRun, tmp_path: Path) -> None:
    out = build_model(personal_run(make_run).path, "forest", tmp_path / "m.zip")
    files = files_of(out)
    assert json.loads(files["reference.json"])["personal"] == {
        "key": "a key", "mail": "e-mail addresses", "city": "phone numbers"
    }  # fmt: skip
    assert json.loads(files["manifest.json"])["used"] == ["mail", "age", "income", "city", "member", "joined"]
    found = samples(out)
    assert found[["mail", "city"]].isna().all().all() and found["income"].notna().all()
    for name in ("samples.json", "reference.json", "manifest.json", "README.md"):
        text = files[name].decode()
        assert "example.org" not in text and "+44 20" not in text and "K000" not in text
    readme = files["README.md"].decode()
    assert (
        "* No value of these columns is in the samples or the statistics: key (a key), mail (e-mail addresses), "
        "city (phone numbers).\n"
        "* The model uses mail, city all the same, and the words it learned are inside the folder models. "
        "Train without such a column if its words must not leave the house.\n" in readme
    )


def test_a_column_left_out_by_the_recipe_is_not_in_the_zip_at_all(bundles: dict[tuple[str, str], Path]) -> None:
    files = files_of(bundles["binary", "ensemble"])
    for name, data in files.items():
        assert b"example.org" not in data or name.startswith("automl_core/"), name
    assert "all the same" not in files["README.md"].decode()


def test_without_sample_rows_no_real_row_is_carried_and_it_says_so(finished_runs: dict[str, Run], tmp_path: Path) -> None:
    for task in TASKS:
        run = finished_runs[task]
        out = build_model(run.path, "ensemble", tmp_path / f"{task}.zip", sample_rows=False)
        data, manifest = json_of(out, "samples.json"), json_of(out, "manifest.json")
        assert (data["real"], manifest["real_rows"], len(data["rows"])) == (0, 0, 5)
        shown = samples(out).to_dict("records")
        real = run.dataset().frame()[data["columns"]]
        real["joined"] = real["joined"].map(lambda day: day.isoformat())
        assert not [row for row in shown if row in real.to_dict("records")]
        readme = files_of(out)["README.md"].decode()
        assert "* It carries 0 real rows of the training table; it tests itself with made-up ones.\n" in readme
        assert load_model(out).candidate == "ensemble"


def test_models_that_keep_training_rows_say_so(make_run: MakeRun, tmp_path: Path) -> None:
    from sklearn.gaussian_process import GaussianProcessClassifier
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import SVC

    made = {
        "knn": (KNeighborsClassifier, "encoded"),
        "svc": (lambda: SVC(probability=True, random_state=0), "encoded"),
        "gpc": (GaussianProcessClassifier, "encoded"),
    }
    run = make_run("binary", estimators=made, ensemble={"knn": 1.0, "svc": 1.0})
    expected = {
        "knn": "* KNeighborsClassifier predicts from stored training rows; these are inside the folder models as numbers.",
        "gpc": "* GaussianProcessClassifier predicts from stored training rows; these are inside the folder models as numbers.",
        "ensemble": "* KNeighborsClassifier and SVC predict from stored training rows; these are inside the folder models as "
        "numbers.",
    }
    for name, sentence in expected.items():
        out = build_model(run.path, name, tmp_path / f"{name}.zip", sample_rows=False)
        assert sentence in files_of(out)["README.md"].decode().splitlines()
    knn_gaps = Recipe(tuple(replace(step, params={"strategy": "knn"}) if step.op == "impute" else step for step in RECIPE))
    out = build_model(make_run("binary", recipe=knn_gaps).path, "logistic", tmp_path / "gaps.zip")
    assert json_of(out, "manifest.json")["keeps_training_rows"] == ["KNNImputer"]


def test_models_that_keep_none_do_not(bundles: dict[tuple[str, str], Path]) -> None:
    for path in bundles.values():
        assert json_of(path, "manifest.json")["keeps_training_rows"] == []
        assert "stored training rows" not in files_of(path)["README.md"].decode()


def test_the_readme_says_what_it_is(bundles: dict[tuple[str, str], Path], finished_runs: dict[str, Run]) -> None:
    readme = files_of(bundles["binary", "forest"])["README.md"].decode()
    run = finished_runs["binary"]
    lines = readme.splitlines()
    assert lines[0] == "# Forest, predicting outcome"
    assert "A binary model. Cross-validated roc_auc 0.85 ± 0.07 over the folds." in lines
    carried = "* It carries 200 real rows of the table (samples.json, reference.json), to test itself when loaded and to compare"
    assert f"{carried} new rows with." in lines
    needed = readme.split("## Columns it needs\n\n")[1].split("\n\n")[0].splitlines()
    assert needed == ["* age", "* income", "* city", "* member", "* joined"]
    assert f"* Table: customers.csv, 180 rows learned from, fingerprint {run.dataset().fingerprint}" in lines
    notice = files_of(bundles["binary", "forest"])["NOTICE.txt"].decode()
    assert "MIT licence" in notice and "belong to you" in notice


def code_of(readme: str) -> str:
    """Return the lines of Python in a README."""
    code = readme.split("```python\n")[1].split("```")[0]
    assert len(code.splitlines()) == 3
    return code


@pytest.mark.parametrize("task", TASKS)
def test_the_three_lines_of_the_readme_run(task: str, bundles: dict[tuple[str, str], Path], tmp_path: Path) -> None:
    name = bundles[task, "ensemble"].name
    shutil.copyfile(bundles[task, "ensemble"], tmp_path / name)
    customers(4, seed=3).to_csv(tmp_path / "new.csv", index=False)
    code = code_of(files_of(tmp_path / name)["README.md"].decode())
    place = "import automl_core; print(automl_core.__file__)"
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", f"{code}{place}"],
        cwd=tmp_path,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    expected = load_model(bundles[task, "ensemble"]).predict(customers(4, seed=3))
    assert done.stdout == f"{expected}\n{name}/automl_core/__init__.py\n"


def test_a_file_name_with_quotes_still_gives_lines_that_run(finished_runs: dict[str, Run], tmp_path: Path) -> None:
    """A quote in the zip's name once ended the string in the README's code."""
    out = build_model(finished_runs["regression"].path, "ridge", tmp_path / 'my "best" model.zip')
    code = code_of(files_of(out)["README.md"].decode())
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)]
    assert [node.value for node in calls if str(node.value).endswith(".zip")] == ['my "best" model.zip'] * 2


def test_the_same_model_gives_the_same_bytes_apart_from_the_time(
    finished_runs: dict[str, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = finished_runs["multiclass"].path
    moments = {"a": 1_700_000_000.0, "b": 1_700_000_000.0, "c": 1_800_000_000.0}
    made = {}
    for name, moment in moments.items():
        monkeypatch.setattr(time, "gmtime", lambda moment=moment: time.localtime(moment))
        made[name] = build_model(folder, "ensemble", tmp_path / name / "m.zip")
    assert made["a"].read_bytes() == made["b"].read_bytes()
    before, after = files_of(made["a"]), files_of(made["c"])
    assert list(before) == list(after)
    assert [name for name in before if before[name] != after[name]] == ["manifest.json", "README.md"]


def test_reference_statistics_by_exact_values(bundles: dict[tuple[str, str], Path], finished_runs: dict[str, Run]) -> None:
    run = finished_runs["binary"]
    reference = json_of(bundles["binary", "forest"], "reference.json")
    learned = run.dataset().frame().iloc[train_rows(run.path).learned]
    facts = reference["columns"]
    assert (reference["rows"], len(learned)) == (180, 180)
    assert facts["age"]["missing"] == learned["age"].isna().mean()
    assert facts["age"]["quantiles"][0] == learned["age"].min() and facts["age"]["quantiles"][100] == learned["age"].max()
    assert facts["age"]["quantiles"][50] == learned["age"].median() and facts["age"]["whole"] is True
    assert facts["income"]["whole"] is False and len(facts["income"]["quantiles"]) == 101
    assert facts["city"]["values"] == learned["city"].value_counts().to_dict() and facts["city"]["complete"] is True
    assert facts["joined"]["quantiles"][0] == learned["joined"].min().timestamp()
    assert set(facts["mail"]) == {"kind", "missing", "distinct", "length"}
    counts = learned["outcome"].value_counts()
    assert reference["target"] == {"values": {"stayed": counts["stayed"], "left": counts["left"]}}
    values, where = out_of_fold(run.path, run.leaderboard()["forest"])
    assert sorted(where) == sorted(train_rows(run.path).learned)
    assert reference["prediction"]["rows"] == 180
    assert reference["prediction"]["classes"]["left"]["mean"] == pytest.approx(values[:, 1].mean(), rel=1e-12)
    assert json_of(bundles["regression", "ridge"], "reference.json")["target"]["mean"] == pytest.approx(
        learned["amount"].mean(), rel=1e-12
    )


def test_a_model_that_was_not_scored_is_not_exported(finished_runs: dict[str, Run], tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        build_model(finished_runs["binary"].path, "broken", tmp_path / "m.zip")
    assert str(caught.value) == "The model 'Broken' was not scored (failed). It failed. Choose a scored model."
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_model_is_not_exported(finished_runs: dict[str, Run], tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        build_model(finished_runs["binary"].path, "../secret", tmp_path / "m.zip")
    assert str(caught.value) == "This run has no model '../secret'. Choose one from its leaderboard."


def copied(run: Run, folder: Path) -> Run:
    shutil.copytree(run.path, folder / "run")
    return Run(folder / "run")


def test_a_damaged_leaderboard_is_named(finished_runs: dict[str, Run], tmp_path: Path) -> None:
    run = copied(finished_runs["binary"], tmp_path)
    (run.path / "leaderboard.json").write_text("{")
    with pytest.raises(NotFoundError) as caught:
        build_model(run.path, "forest", tmp_path / "m.zip")
    assert str(caught.value).startswith("The leaderboard of this run is damaged. leaderboard.json in run is damaged:")
    assert str(caught.value).endswith("Resume the run to write it again.")


def test_folds_without_all_their_files_are_left_out_and_none_at_all_is_refused(
    finished_runs: dict[str, Run], tmp_path: Path
) -> None:
    run = copied(finished_runs["binary"], tmp_path)
    candidate = run.leaderboard()["forest"]
    (run.path / "candidates" / "forest" / "fold1.skops").unlink()
    assert [sorted(files) for _, files in parts_of(run.path, candidate)] == [["0/forest.skops", "0/view-encoded.skops"]]
    model = load_model(build_model(run.path, "forest", tmp_path / "m.zip"))
    assert len(model.ensemble.folds) == 1
    (run.path / "folds" / "0" / "encoded.skops").unlink()
    with pytest.raises(NotFoundError) as caught:
        build_model(run.path, "forest", tmp_path / "n.zip")
    assert str(caught.value) == "The model 'Forest' has no finished fold. Choose a scored model, or give the run more time."
    assert not (tmp_path / "n.zip").exists()


def test_missing_out_of_fold_predictions_are_named(finished_runs: dict[str, Run], tmp_path: Path) -> None:
    """A missing array once came out as a traceback of NumPy."""
    run = copied(finished_runs["binary"], tmp_path)
    (run.path / "candidates" / "forest" / "fold1.npy").unlink()
    with pytest.raises(NotFoundError) as caught:
        build_model(run.path, "forest", tmp_path / "m.zip")
    assert str(caught.value) == (
        "The model 'forest' has no predictions for fold 2. Choose another model, or give the run more time."
    )


def test_a_run_that_has_not_divided_its_rows(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        train_rows(tmp_path)
    assert str(caught.value) == "This run has not divided its rows yet. Wait for its first score."


def test_members_without_weight_stay_at_home(finished_runs: dict[str, Run], tmp_path: Path) -> None:
    run = copied(finished_runs["binary"], tmp_path)
    board = run.leaderboard()
    board.with_candidate(replace(board["ensemble"], members={"logistic": 1.0, "forest": 0.0})).save(run.path / "leaderboard.json")
    model = load_model(build_model(run.path, "ensemble", tmp_path / "m.zip"))
    alone = load_model(build_model(run.path, "logistic", tmp_path / "n.zip"))
    assert model.lineage["members"] == {"logistic": 1.0}
    np.testing.assert_array_equal(model.predict_values(customers(20)), alone.predict_values(customers(20)))


def test_weights_are_shares(finished_runs: dict[str, Run], tmp_path: Path) -> None:
    run = copied(finished_runs["regression"], tmp_path)
    board = run.leaderboard()
    board.with_candidate(replace(board["ensemble"], members={"ridge": 3.0, "forest": 1.0})).save(run.path / "leaderboard.json")
    new = customers(20, seed=5)
    parts = {name: load_model(build_model(run.path, name, tmp_path / f"{name}.zip")).predict_values(new) for name in
             ("ridge", "forest", "ensemble")}  # fmt: skip
    np.testing.assert_allclose(parts["ensemble"], 0.75 * parts["ridge"] + 0.25 * parts["forest"], rtol=1e-12)


def test_a_run_without_held_out_rows(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run("binary", holdout=0)
    with pytest.raises(InputError, match="This run learned from every row"):
        run.holdout()
    out = build_model(run.path, "ensemble", tmp_path / "m.zip")
    assert json_of(out, "manifest.json")["lineage"]["rows"] == json_of(out, "reference.json")["rows"] == 240
    with np.load(run.path / "split.npz") as split:
        assert len(split["holdout"]) == 0
    new = customers(30, seed=6)
    expected = by_hand(run, {"logistic": 0.5, "forest": 0.5}, new, 2)
    np.testing.assert_allclose(load_model(out).predict_values(new), expected, rtol=1e-12)


def test_settings_of_a_run_come_back_as_the_search_adjusted_them(finished_runs: dict[str, Run], tmp_path: Path) -> None:
    config, classes = load_task(finished_runs["binary"].path)
    assert (config.positive, classes) == ("left", ("stayed", "left"))
    data = read_json(finished_runs["binary"].path / "task.json")
    write_json(tmp_path / "task.json", {**data, "config": {**data["config"], "folds": 7}})
    assert load_task(tmp_path)[0].folds == 7


def test_a_full_disk_leaves_nothing_behind(
    finished_runs: dict[str, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "m.zip"
    out.write_bytes(b"old")

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(StorageError) as caught:
        build_model(finished_runs["binary"].path, "forest", out)
    assert str(caught.value).startswith("m.zip could not be saved: No space left on device. Free some disk space")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("m.zip", b"old")]


def test_a_frame_with_numbered_columns_is_told_what_is_missing(bundles: dict[tuple[str, str], Path]) -> None:
    """Columns called 0, 1, 2 once ended in a KeyError."""
    model: Model = load_model(bundles["binary", "forest"])
    with pytest.raises(InputError) as caught:
        model.predict(pd.DataFrame(np.zeros((2, 3))))
    assert str(caught.value).startswith("The column 'age' is missing, and the model needs it. The column 'income'")
    assert str(caught.value).endswith(
        "The model needs the columns 'age', 'income', 'city', 'member', 'joined'. Add or rename the columns, then try again."
    )


def test_no_rows_give_no_predictions(bundles: dict[tuple[str, str], Path]) -> None:
    none = customers(3).iloc[:0]
    assert load_model(bundles["binary", "forest"]).predict(none).shape == (0, 3)
    assert load_model(bundles["regression", "forest"]).predict(none).shape == (0, 1)
