"""Scripts of whole models: run in a clean process, equal to the model; what differs is told with its size."""

from __future__ import annotations

import ast
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning.recipe import Recipe, Step
from automl_core.data.dataset import Dataset, create_dataset
from automl_core.errors import EngineError, InputError
from automl_core.experiment import Budget, ExperimentConfig, Split
from automl_core.runs import Run, write_request
from automl_core.scoring.bundle import load_model
from automl_core.script.notebook import notebook
from automl_core.script.proof import compare, prove
from automl_core.script.verdict import CodeProof, Differing
from automl_core.script.write import write_script
from automl_core.search.candidates import catalogue, portfolio
from automl_core.search.run import run_search
from automl_core.worker.candidates import bundle
from automl_core.worker.codes import code_candidate, write_code_table
from tests.conftest import RECIPE, customers

TARGETS = {
    "binary": ("outcome", "roc_auc", "left"),
    "multiclass": ("level", "log_loss", ""),
    "regression": ("amount", "rmse", ""),
}
MODELS = {
    "binary": (
        "lr", "lda", "qda", "nb", "knn", "svm", "dt", "ada", "gbc", "rf", "et", "lightgbm-own", "xgboost-own-shallow",
        "catboost-own", "neural-own", "ebm", "tree-small", "ridge",
    ),
    "multiclass": ("lr", "ridge", "lda", "nb", "neighbours-own", "lightgbm-own-random-cuts", "xgboost-own", "catboost-own",
                   "neural-own", "extra-own", "svm"),
    "regression": ("lr", "linear-p3", "svm-p1", "huber", "br", "knn", "neural-own", "lightgbm-own", "xgboost-own", "catboost-own",
                   "forest-own", "gbr"),
}  # fmt: skip
"""Every kind of model of the portfolio, and more."""


def table(folder: Path, **changes: object) -> Dataset:
    path = folder / "customers.csv"
    frame = customers(160)
    frame["joined"] = frame["joined"].dt.strftime("%Y-%m-%d")
    frame.assign(**changes).to_csv(path, index=False)
    return create_dataset(folder / "dataset", path, "customers")


def searched(
    folder: Path, task: str, names: tuple[str, ...], *, recipe: Recipe = RECIPE, dataset: Dataset | None = None, **more: object
) -> Run:
    """A run of the given models, and the ensemble of all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    dataset = dataset or table(folder)
    target, metric, positive = TARGETS[task]
    away = tuple(name for name, *_ in TARGETS.values() if name != target)
    config = ExperimentConfig(
        target, task, metric, positive, folds=2, holdout=0.25, seed=3, ignored=away, budget=Budget(60, len(names)), threads=1
    )
    config = replace(config, **more)
    write_request(folder, "train", {"dataset": "dataset", "config": config.to_dict(), "recipe": recipe.to_dict()})
    known = {**catalogue(task), **portfolio(task)}
    specs = tuple(replace(known[name], params=quick(known[name].params)) for name in names)
    run_search(
        dataset.frame(), dataset.schema, recipe, config, folder, emit=lambda event: None, should_stop=lambda: False,
        started=time.time(), specs=specs, weights={name: 1 + place / 10 for place, name in enumerate(names)},
    )  # fmt: skip
    return Run(folder)


def quick(params: dict) -> dict:
    """The same model with few trees."""
    few = {"n_estimators": 20, "iterations": 20, "max_rounds": 20, "outer_bags": 2}
    return {**params, **{name: min(params[name], most) for name, most in few.items() if name in params}}


def proved(run: Run, candidate: str = "ensemble") -> CodeProof:
    model = load_model(bundle(run, candidate))
    return prove(run, model, write_script(run, candidate, model.threshold), tell=lambda share, doing: None)


@pytest.mark.timeout(480)
@pytest.mark.parametrize("task", list(TARGETS))
def test_every_kind_of_model_is_equal_as_code(tmp_path: Path, task: str) -> None:
    run = searched(tmp_path / "run", task, MODELS[task])
    board = run.leaderboard()
    scored = {row.id for row in board if row.state == "scored"} - {"dummy", "ensemble"}
    assert scored == set(MODELS[task]), {row.id: row.reason for row in board if row.state != "scored"}
    assert set(board["ensemble"].members) == set(MODELS[task])
    proof = proved(run)
    assert (proof.rows, proof.source, proof.differing, proof.largest) == (40, "held-out", 0, 0.0)
    assert proof.sentence.startswith("Equal to 1e-9 on all 40 held-out rows. It took ")


@pytest.mark.parametrize("split", [Split("group", "mail"), Split("time", "joined", 3.0)])
def test_other_divisions_are_written_down(tmp_path: Path, split: Split) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    words = [f"w{number % 12}" for number in range(160)]
    run = searched(folder, "regression", ("lr", "lightgbm-own"), dataset=table(folder, mail=words), split=split)
    script = write_script(run, "ensemble", 0.5)
    assert "FOLDS = " in script.text
    assert proved(run).equal


def test_without_held_out_rows_learned_ones_are_compared(tmp_path: Path) -> None:
    run = searched(tmp_path / "run", "binary", ("lr",), holdout=0.0)
    proof = proved(run, "lr")
    assert proof.equal and proof.rows == 160
    assert "on all 160 rows (none were held out, so these were learned from)." in proof.sentence


def test_a_fit_of_xgboost_that_the_clock_ended_is_repeated_with_the_rounds_it_predicts_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The clock ends a fit before its last round is judged; repeated with all rounds, the script judged it and kept it."""
    from types import SimpleNamespace

    from xgboost import XGBRegressor

    from automl_core.script.models import rounds_of_fit
    from automl_core.search import boosters

    seconds = iter(range(1000))
    monkeypatch.setattr(boosters, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(200, 2))
    y = 10 * X[:, 0] + X[:, 1]
    made = {"learning_rate": 0.1, "max_depth": 3, "random_state": 0, "n_jobs": 1}
    cut = boosters.fit_booster(XGBRegressor(**made, n_estimators=500), X[:150], y[:150], X[150:], y[150:], [], 0, 11.5)
    assert (cut.get_booster().num_boosted_rounds(), cut.best_iteration) == (12, 10)  # every one of them was better
    rounds = rounds_of_fit(portfolio("regression")["xgboost-own"], cut)
    assert rounds == 11
    again = XGBRegressor(**made, n_estimators=rounds, early_stopping_rounds=boosters.PATIENCE)
    again.fit(X[:150], y[:150], eval_set=[(X[150:], y[150:])], verbose=False)
    assert np.array_equal(again.predict(X), cut.predict(X))


ODD = (
    "self", "class", "def", "lambda", "prediction", "probability_yes", "target", "row", "index", "frame", "name", "learning",
    'quo"te', "it's", "back\\slash", '"""', "new\nline", "😀 spent", "  a   b  ", "a b", "1", "2.5", "None", "x" * 300, "x" * 300,
    "{brace}", "%s", "", "ß é", "a=1,b", "#", "__class__",
)  # fmt: skip
"""Names of columns; two become the same when blanks are tidied, two when they are cut."""


@pytest.mark.parametrize("target", ["self", "prediction", "new\nline", '"""', "index"])
def test_columns_of_any_name_are_equal_as_code(tmp_path: Path, target: str) -> None:
    """A column called "self" broke the script, whose steps gave columns to `assign` by keyword."""
    rng = np.random.default_rng(1)
    columns = []
    for place, name in enumerate(ODD):
        words = place % 3 == 2
        column = rng.choice(["red", " Red", "blue "], 120) if words else rng.normal(size=120).round(3).astype(str)
        if name == target:
            column = np.where(rng.random(120) < 0.5, "yes", "no")
        columns.append(pd.Series(column, name=name))
    path = tmp_path / "odd.csv"
    pd.concat(columns, axis=1).to_csv(path, index=False)
    dataset = create_dataset(tmp_path / "dataset", path, "odd")
    names = list(dataset.schema.names)
    assert len(set(names)) == len(ODD) and {"a b", "a b_2", "column_28", "new line"} <= set(names)
    tidy = " ".join(target.split())
    numbers = [name for name in dataset.schema.of_kind("number") if name != tidy]
    recipe = Recipe(
        (
            Step("trim_text", {"case": "lower"}, id="a1"),
            Step("merge_values", {"column": next(iter(dataset.schema.of_kind("category"))), "mapping": {"red": "self"}}, id="a2"),
            Step("join_columns", {"columns": ["😀 spent", "a=1,b"], "name": "cls", "keep": True}, id="a3"),
            Step("change_kind", {"columns": numbers[:3], "kind": "number"}, id="a4"),
            Step("formula", {"name": "other", "formula": f"[{numbers[0]}] + [{numbers[1]}]"}, id="a5"),
            Step("drop_duplicates", {}, id="a6"),
            *RECIPE.steps[2:],
        )
    )
    folder = tmp_path / "run"
    config = ExperimentConfig(tidy, "binary", "roc_auc", "yes", folds=2, holdout=0.25, seed=3, budget=Budget(60, 2), threads=1)
    folder.mkdir()
    dataset = create_dataset(folder / "dataset", path, "odd")
    write_request(folder, "train", {"dataset": "dataset", "config": config.to_dict(), "recipe": recipe.to_dict()})
    known = {**catalogue("binary"), **portfolio("binary")}
    specs = tuple(replace(known[name], params=quick(known[name].params)) for name in ("lr", "lightgbm-own"))
    run_search(
        dataset.frame(), dataset.schema, recipe, config, folder, emit=lambda event: None, should_stop=lambda: False,
        started=time.time(), specs=specs, weights={"lr": 1.0, "lightgbm-own": 1.0},
    )  # fmt: skip
    proof = proved(Run(folder))
    assert (proof.rows, proof.differing, proof.largest) == (30, 0, 0.0), proof.sentence


def test_the_head_of_a_script_names_every_package_it_needs(tmp_path: Path) -> None:
    from importlib.metadata import version

    run = searched(tmp_path / "run", "binary", ("lightgbm-own",))
    head = " ".join((ast.get_docstring(ast.parse(write_script(run, "lightgbm-own", 0.5).text)) or "").split())
    assert f"scikit-learn=={version('scikit-learn')}, lightgbm=={version('lightgbm')}." in head
    assert "xgboost" not in head


RESAMPLED = (("lr", "weights"), ("lightgbm-own", "weights"), ("rf", "smote"), ("rf", "under"), ("neural-own", "jitter"),
             ("lightgbm-own", "jitter"), ("rf", "borderline"))  # fmt: skip


@pytest.mark.parametrize(
    ("pairs", "changes"),
    [
        (RESAMPLED, {}),
        ((("lightgbm-own", "smotenc"), ("rf", "smotenc")), {"age": [20 + number % 50 for number in range(160)]}),
    ],
)
def test_resampled_models_are_equal_too(tmp_path: Path, pairs: tuple[tuple[str, str], ...], changes: dict) -> None:
    """Rows are made between numbers that are all known; words have gaps."""
    from automl_core.search.resampling import with_resampling

    folder = tmp_path / "run"
    folder.mkdir()
    dataset = table(folder, **changes)
    known = {**catalogue("binary"), **portfolio("binary")}
    specs = [with_resampling(replace(known[name], params=quick(known[name].params)), method) for name, method in pairs]
    config = ExperimentConfig(
        "outcome",
        "binary",
        "roc_auc",
        "left",
        folds=2,
        holdout=0.25,
        ignored=("level", "amount"),
        budget=Budget(60, 9),
        threads=1,
    )
    write_request(folder, "train", {"dataset": "dataset", "config": config.to_dict(), "recipe": RECIPE.to_dict()})
    run_search(
        dataset.frame(), dataset.schema, RECIPE, config, folder, emit=lambda event: None, should_stop=lambda: False,
        started=time.time(), specs=tuple(specs), weights={spec.id: 1.0 for spec in specs},
    )  # fmt: skip
    assert len(Run(folder).leaderboard()["ensemble"].members) == len(pairs)
    assert proved(Run(folder)).equal


def test_a_file_that_pandas_reads_another_way_is_replaced_by_a_table_of_ours(tmp_path: Path) -> None:
    """A line with a cell too many is refused here, and would stop pandas."""
    folder = tmp_path / "run"
    folder.mkdir()
    table(folder)
    path = folder / "customers.csv"
    lines = path.read_text().splitlines()
    lines[5] += ",x,y"
    path.write_text("\n".join(lines) + "\n")
    dataset = create_dataset(folder / "dataset", path, "customers")
    run = searched(folder, "regression", ("lr",), dataset=dataset)
    proof = proved(run, "lr")
    assert proof.equal
    assert proof.notes == (
        "The script reads the table that `code --table` writes, and not the file that was uploaded: "
        "lines of it had to be mended or left out.",
    )
    written = pd.read_csv(write_code_table(run, tmp_path / "t.csv"), keep_default_na=False, dtype=str)
    assert len(written) == 159 and written["joined"].str.fullmatch(r"\d{4}-\d\d-\d\d").all()


def test_what_is_left_of_a_proof(tmp_path: Path) -> None:
    run = searched(tmp_path / "run", "binary", ("lr", "lightgbm-own"))
    told: list[str] = []
    proof = code_candidate(run, "ensemble", lambda share, doing: told.append(doing))
    assert told[0] == "Writing the script" and "Running the script in a process of its own: fold 2 of 2" in told
    path = run.code("ensemble")
    assert CodeProof.from_dict(json.loads(path.read_text())) == proof
    text = path.with_suffix(".py").read_text()
    tree = ast.parse(text)
    assert "Compared with the model's own predictions: Equal to 1e-9 on all 40 held-out rows." in text
    imported = {name.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {str(node.module).split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= {"os", "argparse", "sys", "warnings", "numpy", "pandas", "sklearn", "lightgbm", "re", "scipy"}
    assert "person1@example.org" not in text and str(tmp_path) not in text
    book = json.loads(path.with_suffix(".ipynb").read_text())
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    names = {}
    for cell in book["cells"]:
        assert set(cell) >= {"cell_type", "id", "metadata", "source"}
        if (
            cell["cell_type"] == "code"
            and "TABLE.csv" not in "".join(cell["source"])
            and "NEW.csv" not in "".join(cell["source"])
        ):
            exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
    assert callable(names["learn"]) and callable(names["predict"])


def test_a_script_that_fails_is_told_with_its_last_words(tmp_path: Path) -> None:
    run = searched(tmp_path / "run", "regression", ("lr",))
    model = load_model(bundle(run, "lr"))
    script = write_script(run, "lr", 0.5)
    broken = replace(
        script, text=script.text.replace("def learn(text):", "def learn(text):\n    raise ValueError('no such luck')")
    )
    with pytest.raises(EngineError) as caught:
        prove(run, model, broken, tell=lambda share, doing: None)
    assert str(caught.value).startswith("The script failed when it was run: ValueError: no such luck A script is only given out")


def test_a_script_that_predicts_otherwise_lists_what_differs(tmp_path: Path) -> None:
    run = searched(tmp_path / "run", "regression", ("lr",))
    model = load_model(bundle(run, "lr"))
    script = write_script(run, "lr", 0.5)
    other = replace(
        script, text=script.text.replace('pd.DataFrame({"prediction": values}', 'pd.DataFrame({"prediction": values + 1}')
    )
    proof = prove(run, model, other, tell=lambda share, doing: None)
    assert not proof.equal and proof.differing == 40 and proof.largest == pytest.approx(1.0)
    assert proof.sentence.startswith("40 of 40 held-out rows are predicted differently, by up to 1.")
    assert len(proof.examples) == 20


def test_differences_by_exact_numbers() -> None:
    own = pd.DataFrame({"prediction": ["a", "b", "a"], "probability_a": [0.5, 0.25, 1.0]}, index=[4, 7, 9])
    other = pd.DataFrame({"prediction": ["a", "a", "a"], "probability_a": [0.5 + 5e-10, 0.5, 1.0]})
    proof = compare(own, other, source="held-out", seconds=2.0)
    assert proof == CodeProof(
        3, "held-out", 1, 1, 0.25,
        (Differing(7, "prediction", "b", "a", 1.0), Differing(7, "probability_a", 0.25, 0.5, 0.25)), 2.0,
    )  # fmt: skip
    assert proof.sentence == (
        "1 of 3 held-out rows are predicted differently, by up to 0.25; 1 get another label. It took 2 s to learn and to predict."
    )
    with pytest.raises(EngineError, match="The script predicted 2 rows of 2 numbers where the model has 3 of 2"):
        compare(own, other[:2], source="held-out")
    large = pd.DataFrame({"prediction": [1e9]})
    assert compare(large, pd.DataFrame({"prediction": [1e9 + 0.5]}), source="learned").equal
    assert not compare(large, pd.DataFrame({"prediction": [1e9 + 2]}), source="learned").equal
    assert not compare(large, pd.DataFrame({"prediction": [np.nan]}), source="learned").equal


def test_models_without_settings_or_scores_are_refused(finished_runs: dict[str, Run]) -> None:
    run = finished_runs["binary"]
    with pytest.raises(InputError) as caught:
        write_script(run, "broken", 0.5)
    assert str(caught.value) == "The model 'Broken' was not scored. It failed. Choose a scored model."
    with pytest.raises(InputError, match="The settings of 'Forest' were not kept when it was fitted"):
        write_script(run, "forest", 0.5)


def test_steps_that_cannot_be_written_refuse_the_model(tmp_path: Path) -> None:
    run = searched(tmp_path / "run", "regression", ("lr",), recipe=Recipe((*RECIPE.steps, Step("pca", {"share": 0.9}))))
    with pytest.raises(InputError, match="cannot be written as plain code: it looks at several columns at once"):
        write_script(run, "lr", 0.5)


def test_a_notebook_says_what_the_script_says(tmp_path: Path) -> None:
    run = searched(tmp_path / "run", "regression", ("lr",))
    book = json.loads(notebook(write_script(run, "lr", 0.5).proved("Equal.")))
    assert book["cells"][0]["source"][0].startswith("# ") and "Equal." in "".join(book["cells"][0]["source"])
    assert len({cell["id"] for cell in book["cells"]}) == len(book["cells"])
