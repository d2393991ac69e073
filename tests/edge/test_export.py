"""A whole model as one ONNX file: run by onnxruntime and NumPy alone, equal to the model, or refused in a sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from automl_core.cleaning.recipe import Recipe, Step
from automl_core.cli import app
from automl_core.edge import export as module
from automl_core.edge.export import EdgeModel, export_onnx, feeds
from automl_core.errors import EngineError, InputError
from automl_core.scoring.bundle import load_model
from automl_core.worker.candidates import bundle
from tests.conftest import MakeRun, customers

STEPS = (
    Step("drop_columns", {"columns": ["key", "mail", "joined"]}),
    Step("impute", {"indicator": True}),
    Step("encode", {}),
    Step("scale", {}),
)
USE = """
import json, sys
found = predict(json.load(open("rows.json")))
away = {"automl_core", "sklearn", "pandas", "lightgbm", "onnx", "skl2onnx"}
loaded = sorted({name.split(".")[0] for name in sys.modules} & away)
about = session.get_modelmeta().custom_metadata_map
print(json.dumps([{name: value.tolist() for name, value in found.items()}, about["target"], loaded]))
"""
DOCS = Path(__file__).resolve().parents[2] / "docs" / "edge.md"


def made(make_run: MakeRun, task: str, steps: tuple[Step, ...] = STEPS, **more: Any) -> Path:
    run = make_run(task, recipe=Recipe(steps), **more)
    return bundle(run, "ensemble")


@pytest.fixture(scope="module")
def boosted(make_run: MakeRun) -> Path:
    """An ensemble of LightGBM with its own categories, and a linear model."""
    from lightgbm import LGBMClassifier
    from sklearn.linear_model import LogisticRegression

    estimators = {
        "light": (lambda: LGBMClassifier(n_estimators=8, n_jobs=1, verbose=-1), "native"),
        "logistic": (lambda: LogisticRegression(max_iter=500), "encoded"),
    }
    return made(make_run, "binary", estimators=estimators, ensemble={"light": 2.0, "logistic": 1.0})


def test_the_lines_of_the_documentation_predict_the_same_in_a_clean_process(boosted: Path, tmp_path: Path) -> None:
    said = export_onnx(boosted, tmp_path / "model.onnx")
    assert said.difference < 1e-6 and said.rows == 26 and said.classes == ("stayed", "left")
    assert (said.numbers, said.words) == (("age", "income"), ("city", "member"))
    model = load_model(boosted)
    rows = model.read(customers(40, seed=9)).frame
    rows.loc[2, "city"] = "Nowhere"
    given = feeds(model, rows)
    cells = [{name: values[place, 0] for name, values in given.items()} for place in range(len(rows))]
    cells[3] = {**cells[3], "age": None, "city": None}
    rows.loc[3, ["age", "city"]] = np.nan
    (tmp_path / "rows.json").write_text(json.dumps(cells))
    (tmp_path / "alone.py").write_text(DOCS.read_text().split("```python\n")[1].split("```")[0] + USE)
    done = subprocess.run([sys.executable, "-I", "alone.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found, target, loaded = json.loads(done.stdout)
    expected = model.values_of(rows)
    assert (target, loaded) == ("outcome", [])
    np.testing.assert_allclose(found["probabilities"], expected, atol=1e-6)
    assert found["prediction"] == [model.classes[code] for code in model.codes(expected)]


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_every_task_is_written(make_run: MakeRun, tmp_path: Path, task: str) -> None:
    said = export_onnx(made(make_run, task), tmp_path / "model.onnx")
    assert said.difference < 1e-6
    assert said.sentence.startswith(f"The file has {said.size / 1024:.0f} kB. On 2")
    assert said.sentence.endswith("and 1e-05 is allowed.")
    assert (tmp_path / "model.onnx").stat().st_size == said.size
    assert EdgeModel.from_dict(json.loads(json.dumps(said.to_dict()))) == said


def test_lightgbm_with_three_labels_and_encoded_words_keeps_all_rows(make_run: MakeRun, tmp_path: Path) -> None:
    """In single precision 1 of 31 sample rows came to stand on the other side of a threshold."""
    from lightgbm import LGBMClassifier

    steps = (*STEPS[:2], Step("encode", {"method": "target"}), STEPS[3])
    estimators = {"light": (lambda: LGBMClassifier(n_estimators=30, n_jobs=1, verbose=-1), "encoded")}
    said = export_onnx(made(make_run, "multiclass", steps, estimators=estimators, ensemble={"light": 1.0}), tmp_path / "m.onnx")
    assert said.difference < 1e-6


def test_a_step_that_changes_cells_is_named(make_run: MakeRun, tmp_path: Path) -> None:
    steps = (STEPS[0], Step("trim_text", {"columns": ["city"]}), *STEPS[1:])
    with pytest.raises(InputError, match="changes cells before the model sees them. The file takes cells as they are."):
        export_onnx(made(make_run, "binary", steps), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_dates_are_named(make_run: MakeRun, tmp_path: Path) -> None:
    dates = (Step("drop_columns", {"columns": ["key", "mail"]}), Step("date_parts", {"columns": ["joined"]}), *STEPS[1:])
    with pytest.raises(InputError, match="The step 'Split dates into parts' changes cells"):
        export_onnx(made(make_run, "binary", dates), tmp_path / "model.onnx")


def test_a_file_that_predicts_something_else_is_not_offered(
    make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from automl_core.engines import onnx

    monkeypatch.setattr(onnx.Graph, "single", lambda self, X: self.op("Neg", X))  # trees of another forest, as it were
    with pytest.raises(EngineError, match=r"The ONNX file predicts \d+ of \d+ rows differently, by up to"):
        export_onnx(made(make_run, "binary"), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir()) and module.TOLERANCE == 1e-5


def test_the_command_writes_it(boosted: Path, tmp_path: Path) -> None:
    found = CliRunner().invoke(app, ["export", str(boosted), "--onnx", str(tmp_path / "m.onnx")], catch_exceptions=False)
    assert found.exit_code == 0 and found.stdout == f"{tmp_path / 'm.onnx'}\n"
    assert "it predicts what the model predicts" in found.stderr and (tmp_path / "m.onnx").exists()
    with pytest.raises(InputError, match="Nothing says what is to be written."):
        CliRunner().invoke(app, ["export"], catch_exceptions=False)
    with pytest.raises(InputError, match="--onnx needs the model"):
        CliRunner().invoke(app, ["export", "--onnx", "m.onnx"], catch_exceptions=False)


def test_the_job_keeps_the_file_until_the_packed_model_changes(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    from automl_core.evaluation.deciding import rewrite
    from automl_core.worker import edge

    run = make_run("binary", recipe=Recipe(STEPS))
    said: list[Any] = []
    monkeypatch.setattr(edge, "run_of", lambda context: run)
    result = edge.edge_job(SimpleNamespace(emit=said.append, request={"params": {"candidate": "ensemble"}}))
    record = run.edge("ensemble")
    assert record.name == result["file"] and record.with_suffix(".onnx").exists()
    assert said[-1].text == EdgeModel.from_dict(json.loads(record.read_text())).sentence
    rewrite(run.model("ensemble"), 0.4, "A person chose it.")
    assert not run.edge("ensemble").exists(), "another threshold is another file"
