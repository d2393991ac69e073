"""A bundle predicts in a fresh environment made from its own requirements, without this repository and its engines."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from automl_core.model import build_model
from automl_core.scoring.bundle import load_model
from tests.conftest import MakeRun, customers

PACKAGES_AWAY = ("pycaret", "streamlit", "mlflow", "optuna", "shap", "sqlalchemy", "typer", "plotly", "xgboost", "catboost")
"""What the bundle of this test must do without."""


@pytest.fixture(scope="module")
def folder(make_run: MakeRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a person has it: the zip, new rows, and the requirements taken out of the zip."""
    from lightgbm import LGBMClassifier
    from sklearn.linear_model import LogisticRegression

    made = {
        "light": (lambda: LGBMClassifier(n_estimators=5, n_jobs=1, verbose=-1), "native"),
        "logistic": (lambda: LogisticRegression(max_iter=500), "encoded"),
    }
    run = make_run("binary", estimators=made, ensemble={"light": 2.0, "logistic": 1.0})
    folder = tmp_path_factory.mktemp("elsewhere")
    build_model(run.path, "ensemble", folder / "model.zip")
    customers(12, seed=7).to_csv(folder / "new.csv", index=False)
    with zipfile.ZipFile(folder / "model.zip") as archive:
        archive.extract("requirements.txt", folder)
        archive.extract("README.md", folder)
    return folder


def outside() -> dict[str, str]:
    """Return an environment in which nothing leads back to this repository."""
    away = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if name not in away}


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=outside(), capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def python(folder: Path) -> Path:
    """The interpreter of a fresh environment with the bundle's requirements and nothing else."""
    place = folder / "env"
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    if shutil.which("uv"):
        run("uv", "venv", "--quiet", "--python", base, place, cwd=folder)
        run("uv", "pip", "install", "--quiet", "--python", place / "bin" / "python", "-r", "requirements.txt", cwd=folder)
    else:
        run(base, "-m", "venv", place, cwd=folder)
        run(place / "bin" / "python", "-m", "pip", "install", "--quiet", "-r", "requirements.txt", cwd=folder)
    return place / "bin" / "python"


def test_nothing_of_ours_and_none_of_the_engines_is_there(python: Path, folder: Path) -> None:
    code = f"import importlib.util as u; print([name for name in {('automl_core', *PACKAGES_AWAY)!r} if u.find_spec(name)])"
    assert run(python, "-c", code, cwd=folder) == "[]\n"


def test_the_readme_s_lines_predict_the_same_as_here(python: Path, folder: Path) -> None:
    code = (folder / "README.md").read_text().split("```python\n")[1].split("```")[0]
    more = (
        "import json, automl_core\n"
        'model = load_model("model.zip")\n'
        'values = model.predict_values(pandas.read_csv("new.csv", dtype=str))\n'
        "loaded = sorted({name.split('.')[0] for name in sys.modules})\n"
        "print(json.dumps([automl_core.__file__, values.tolist(), loaded]))\n"
    )
    (folder / "use.py").write_text(code + more)
    printed = run(python, "-W", "error::UserWarning", "use.py", cwd=folder)
    place, values, loaded = json.loads(printed.splitlines()[-1])
    assert place == "model.zip/automl_core/__init__.py"
    assert not set(loaded) & set(PACKAGES_AWAY)
    here = load_model(folder / "model.zip")
    new = pd.read_csv(folder / "new.csv", dtype=str)
    # The same versions on the same machine: only the order of sums may differ.
    assert abs(here.predict_values(new) - values).max() < 1e-9
    assert printed.startswith(" " * 3) and "probability_left" in printed.splitlines()[0]
    assert len(printed.splitlines()) == 1 + len(new) + 1


def test_the_readme_is_true(folder: Path) -> None:
    readme = (folder / "README.md").read_text()
    model = load_model(folder / "model.zip")
    named = readme.split("## Columns it needs\n\n")[1].split("\n\n")[0].replace("* ", "").splitlines()
    assert named == list(model.used)
    new = pd.read_csv(folder / "new.csv", dtype=str)
    assert len(model.predict(new[named])) == len(new)
    for name in named:
        blocking = [entry.column for entry in model.compare_columns(new[named].drop(columns=name)) if entry.blocking]
        assert blocking == [name]
    assert "pip install -r requirements.txt" in readme and "requirements.txt is inside this zip" in readme


def test_a_damaged_bundle_is_refused_there_as_well(python: Path, folder: Path) -> None:
    with zipfile.ZipFile(folder / "model.zip") as source, zipfile.ZipFile(folder / "bad.zip", "w") as target:
        for name in source.namelist():
            data = source.read(name)
            target.writestr(name, data.replace(b"left", b"lost") if name == "reference.json" else data)
    code = (
        "import sys; sys.path.insert(0, 'bad.zip')\n"
        "from automl_core.scoring.bundle import load_model\n"
        "try:\n    load_model('bad.zip')\nexcept ValueError as error:\n    print(error)\n"
    )
    assert run(python, "-c", code, cwd=folder) == (
        "bad.zip was altered: reference.json is not what was exported (its SHA-256 differs). "
        "Export or download the model again.\n"
    )


def test_the_unpacked_bundle_serves_itself(python: Path, folder: Path) -> None:
    """The service needs nothing but the bundle and the two lists of requirements in it."""
    place = folder / "unpacked"
    with zipfile.ZipFile(folder / "model.zip") as archive:
        archive.extractall(place)
    if shutil.which("uv"):
        run("uv", "pip", "install", "--quiet", "--python", python, "-r", "requirements-service.txt", cwd=place)
    else:
        run(python, "-m", "pip", "install", "--quiet", "-r", "requirements-service.txt", cwd=place)
    checked = subprocess.run(
        [python, "-m", "automl_core.serving", ".", "--check"],
        cwd=place,
        env=outside(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0 and "its sample rows are predicted as when it was exported." in checked.stderr
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    service = subprocess.Popen(
        [python, "-m", "automl_core.serving", ".", "--port", str(port)],
        cwd=place,
        env=outside(),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        new = pd.read_csv(folder / "new.csv", dtype=str, keep_default_na=False)
        rows = new.drop(columns=["outcome", "level", "amount"]).to_dict("records")
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/predict", json.dumps({"rows": rows}).encode(), {"content-type": "application/json"}
        )
        said = _when_it_answers(request)
        here = load_model(folder / "model.zip").predict(new)
        assert [entry["prediction"] for entry in said["predictions"]] == here["prediction"].tolist()
        for entry, expected in zip(said["predictions"], here["probability_left"], strict=True):
            assert abs(entry["probabilities"]["left"] - expected) < 1e-9
    finally:
        service.terminate()
        assert service.wait(timeout=30) in (0, -signal.SIGTERM)


def _when_it_answers(request: urllib.request.Request) -> Any:
    end = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except (urllib.error.URLError, ConnectionError) as error:
            assert not isinstance(error, urllib.error.HTTPError) and time.monotonic() < end, error
            time.sleep(0.2)
