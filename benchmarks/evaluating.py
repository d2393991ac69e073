"""How long each evaluation tab takes to open on 100,000 judged rows and 50 columns, after its first computation.

    python benchmarks/evaluating.py [--rows 100000] [--columns 50] [--repeat 3]

A run with a linear model and a forest, judged on ``--rows`` held-out rows (as many again are learned from), is made in a
workspace of its own under ``build/``. Each computation is timed in this process, as a job does it; each part of the page is then
opened as Streamlit runs it (`AppTest`, the whole script from the top), for the first time and again. Allowed are 2 s.
Exit code 1 says that a part took longer.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / "build" / "evaluating"
ALLOWED = 2.0
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OMP_NUM_THREADS", "1")


def table(rows: int, columns: int, seed: int = 0) -> tuple[pd.DataFrame, Any]:
    """Return numbers and words in equal parts, with a target of two labels that depends on some of them; and the schema."""
    from automl_core.schema import Column, Schema

    rng = np.random.default_rng(seed)
    half = (columns - 1) // 2
    numbers = rng.normal(size=(rows, columns - 1 - half))
    words = rng.integers(0, 6, (rows, half))
    score = numbers[:, 0] + 0.5 * numbers[:, 1] * (words[:, 0] > 2) - 0.3 * words[:, 1] + rng.normal(size=rows)
    frame = pd.DataFrame({f"n{place}": numbers[:, place] for place in range(numbers.shape[1])})
    names = np.array(["red", "blue", "green", "black", "white", "brown"], dtype=object)
    for place in range(half):
        frame[f"w{place}"] = names[words[:, place]]
    frame["bought"] = np.where(score > np.quantile(score, 0.8), "yes", "no").astype(object)
    kinds = {name: "number" if name.startswith("n") else "category" for name in frame.columns}
    return frame, Schema(tuple(Column(name, kind) for name, kind in kinds.items()))  # type: ignore[arg-type]


def make_run(rows: int, columns: int) -> tuple[Any, Any]:
    """Return the project and its run, made anew."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    from automl_core.cleaning.recipe import Recipe, Step
    from automl_core.events import Finished, Started, append_event
    from automl_core.experiment import Costs, ExperimentConfig
    from automl_core.projects import create_project
    from automl_core.workspace import Workspace, new_id, read_json, write_json
    from tests.conftest import write_run

    shutil.rmtree(HOME, ignore_errors=True)
    os.environ["AUTOML_HOME"] = str(HOME)
    workspace = Workspace.default()
    project = workspace.project(create_project(workspace, "Bench").id)
    frame, schema = table(2 * rows, columns)

    recipe = Recipe(
        (
            Step("encode", {"method": "auto"}, "words", id="aaaa0001"),
            Step("scale", {"method": "standard"}, "scale", id="aaaa0002"),
        )
    )
    config = ExperimentConfig("bought", "binary", "roc_auc", "yes", holdout=0.5, costs=Costs(10, -2, -5, 0, currency="EUR"))
    models = {
        "logistic": (lambda: LogisticRegression(max_iter=200), "encoded"),
        "forest": (lambda: RandomForestClassifier(n_estimators=20, max_depth=10, n_jobs=1, random_state=0), "encoded"),
    }
    folder = project.run(new_id("rn"))
    run = write_run(
        folder, frame, schema, config, models, recipe=recipe, classes=("no", "yes"), ensemble={"logistic": 0.3, "forest": 0.7}
    )
    board = read_json(folder / "leaderboard.json")
    spec = {
        "id": "logistic", "name": "Logistic", "family": "linear", "class_path": "sklearn.linear_model.LogisticRegression",
        "params": {"max_iter": 200}, "view": "encoded", "early_stopping": False, "resampling": "",
    }  # fmt: skip
    for row in board["candidates"]:
        row["spec"] = spec if row["id"] == "logistic" else {}
    write_json(folder / "leaderboard.json", {**board, "recommended": "ensemble"})
    for event in (Started(1), Finished({"recommended": "ensemble"})):
        append_event(folder / "events.jsonl", event)
    return project, run


def computations(run: Any) -> dict[str, Callable[[], Any]]:
    """Return what is computed once for each part, as the jobs do it."""
    from automl_core.evaluation.learning import learning_curve
    from automl_core.worker.candidates import bundle, evaluate_candidate
    from automl_core.worker.judging import compare_groups, find_failing
    from automl_core.workspace import write_json

    def learn() -> None:
        write_json(run.judged("ensemble") / "learning.json", learning_curve(run, "ensemble").to_dict())

    return {
        "Packing": lambda: bundle(run, "ensemble"),
        "Scores, curves, threshold, ranges": lambda: evaluate_candidate(run, "ensemble"),
        "The same of a second model": lambda: evaluate_candidate(run, "forest"),
        "Where it fails": lambda: find_failing(run, "ensemble", "held-out"),
        "Fairness": lambda: compare_groups(run, "ensemble", "held-out", "w0"),
        "More rows": learn,
    }


def open_part(app: Any, part: str, run: Any, beside: str) -> None:
    """Open a part of the page with its choices made, in as many runs of the script as it takes a person."""
    from pages.explain.evaluation_tabs import GROUPS

    app.segmented_control(key="explain_part").set_value(part).run()
    if part == GROUPS and app.selectbox(key="explain_fair_column").value != "w0":
        app.selectbox(key="explain_fair_column").set_value("w0").run()
    if beside and app.selectbox(key=f"explain_beside_{run.id}_ensemble").value != beside:
        app.selectbox(key=f"explain_beside_{run.id}_ensemble").set_value(beside).run()


def main() -> int:
    """Print a line for each computation and each part; return 1 when a part took too long."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--repeat", type=int, default=3)
    a = parser.parse_args()
    os.chdir(ROOT)
    project, run = make_run(a.rows, a.columns)
    for name, work in computations(run).items():
        begun = time.perf_counter()
        work()
        print(f"computing  {name:36}{time.perf_counter() - begun:7.2f} s", flush=True)
    from streamlit import config as streamlit_config
    from streamlit.testing.v1 import AppTest

    streamlit_config.set_option("runner.enforceSerializableSessionState", False)  # AppTest itself keeps functions there
    from pages.explain.evaluation_tabs import CURVES, FAILS, GROUPS, RANGES, ROWS, SCORES, THRESHOLD

    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    ids = {"project": project.id, "run": run.id, "model": "ensemble"}
    for name, value in ids.items():
        app.query_params[name] = value
    app.run()
    app.switch_page("pages/explain/page.py")
    for name, value in ids.items():
        app.query_params[name] = value
    app.run()
    slow = []
    for beside in ("", "forest"):
        for part in (SCORES, CURVES, *(() if beside else (THRESHOLD, FAILS, GROUPS, RANGES, ROWS))):
            took = []
            for again in range(a.repeat + 1):
                if again:  # the first time nothing is opened before, which could have drawn what is measured
                    open_part(app, ROWS if part != ROWS else RANGES, run, "")
                begun = time.perf_counter()
                open_part(app, part, run, beside)
                took.append(time.perf_counter() - begun)
                if app.exception or app.main.error or not (app.main.get("plotly_chart") or app.main.dataframe):
                    print(f"{part} is not drawn.", [e.value for e in (*app.exception, *app.main.error)], file=sys.stderr)
                    return 1
            drawn = len(app.main.get("plotly_chart"))
            median = statistics.median(took[1:])
            mark = "" if max(median, took[0]) <= ALLOWED else "  TOO SLOW"
            slow += [part] if mark else []
            name = f"{part}, two models" if beside else part
            print(f"opening    {name:28}{took[0]:6.2f} s, again {median:.2f} s, {drawn} charts{mark}", flush=True)
    print(f"{a.rows:,} rows, {a.columns} columns: {'every part within' if not slow else ', '.join(slow) + ' over'} {ALLOWED:g} s")
    return int(bool(slow))


if __name__ == "__main__":
    try:
        code = main()
    finally:  # the page started a process for its jobs, which would outlive this one
        subprocess.run([sys.executable, "-m", "automl_core.jobs.host", "--stop"], cwd=ROOT, check=False)
    sys.exit(code)
