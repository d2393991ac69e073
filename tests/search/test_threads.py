"""One level of threads: each task of a search has a process of its own and one thread in it, whatever the library would like."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parents[2]
MEASURE = """
import contextlib, json, os, sys, tempfile, time
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from automl_core.cleaning.propose import propose_recipe
from automl_core.experiment import ExperimentConfig
from automl_core.schema import Column, Schema
from automl_core.search.candidates import catalogue, portfolio
from automl_core.search.classic_work import begin
from automl_core.search.executor import ForkExecutor
from automl_core.search.keeper import Keeper
from automl_core.search.preload import preload
from automl_core.search.prepare import prepare

BUSY = 0.7  # seconds of a processor that a task is looked at for

def table(task):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"x{place}": rng.normal(size=3000) for place in range(30)})
    frame["town"] = rng.choice([f"town {place}" for place in range(40)], 3000)
    frame["words"] = [" ".join(rng.choice(["red", "green", "blue", "fast", "slow", "new"], 6)) for _ in range(3000)]
    value = frame["x0"] + rng.normal(size=3000)
    frame["y"] = value if task == "regression" else np.where(value > 0, "yes", "no")
    kinds = {"town": "category", "words": "text", "y": "number" if task == "regression" else "category"}
    return frame, Schema(tuple(Column(name, kinds.get(name, "number")) for name in frame))

def ready(task, folder):
    frame, schema = table(task)
    config = ExperimentConfig("y", task, *(("rmse", "") if task == "regression" else ("roc_auc", "yes")), folds=2, holdout=0.0)
    return prepare(frame, schema, propose_recipe(frame, schema, "y"), config, folder).work

def repeated(do):
    import threadpoolctl

    result = do()
    while time.process_time() - begun < BUSY:
        do()
    pools = sorted({(pool["user_api"], pool["num_threads"]) for pool in threadpoolctl.threadpool_info()})
    return {"pools": pools, "facts": result}

def prepared(work, view):
    global begun
    begun = time.process_time()
    return repeated(lambda: work.prepare(0, view))

def fitted(work, spec, facts):
    global begun
    begun = time.process_time()
    return repeated(lambda: work.fit(spec, 0, facts, 0.3))

def ticks(pid):
    found = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        found[task] = int(fields[11]) + int(fields[12])
    return found

def look(seen, pid):
    with contextlib.suppress(OSError):
        for task, count in ticks(pid).items():
            first, _ = seen.get(task, (count, 0))
            seen[task] = (first, count)

def worked(seen):
    return sorted(last - first for first, last in seen.values())

def run(executor, name, work):
    executor.submit((name,), work, 60)
    seen, child = {}, executor._children[(name,)]
    while executor.running():
        look(seen, child.pid)
        for done in executor.wait(0.005):
            found[name] = {**done.result, "error": done.error, "ticks": worked(seen), "kept": child.tasks >= 0}

def of_pycaret(work, *names):
    executor, seen = ForkExecutor(2), {}
    keeper = Keeper(executor, ("pycaret",), partial(begin, work))
    (child,) = executor._children.values()
    queue, ready = list(names), False
    while queue or keeper.busy:
        if keeper.busy is None:
            key = queue.pop(0)
            seen = {}
            keeper.ask((key,), {"call": "create", "specs": [asdict(catalogue("binary")[key])]}, 60)
        for done in executor.wait(0.005):
            sys.exit(f"PyCaret's process ended: {done.error}")
        with open(f"/proc/{child.pid}/task/{child.pid}/children") as file:
            for pid in file.read().split():
                look(seen, pid)
        for done in keeper.answers():
            if done.key != ("ready",):
                found["pycaret " + done.key[0]] = {"error": done.error, "ticks": worked(seen), "scores": done.result}
    executor.close()

found = {}
with tempfile.TemporaryDirectory() as scratch:
    works = {task: ready(task, Path(scratch) / task) for task in ("binary", "regression")}
    names = sys.argv[1].split(",")
    for task, work in works.items():
        preload()
        executor, facts = ForkExecutor(2, work), {}
        for view in ("encoded", "scaled", "native") if task == "binary" else ("native",):
            name = f"prepare {view}" if task == "binary" else "prepare"
            run(executor, name, partial(prepared, work, view))
            facts[view] = found[name]["facts"]
        ending = "Regressor" if task == "regression" else ""
        known = [*portfolio(task).values(), *catalogue(task).values()]
        for name in (name for name in names if name.endswith("Regressor") == bool(ending)):
            spec = next(spec for spec in known if spec.class_path.endswith("." + name))
            if "n_estimators" in spec.params and spec.family == "forest":
                spec = replace(spec, params={**spec.params, "n_estimators": 20})
            if spec.view not in facts:
                run(executor, f"prepare {spec.view}", partial(prepared, work, spec.view))
                facts[spec.view] = found[f"prepare {spec.view}"]["facts"]
            preload(spec.class_path)
            run(executor, name, partial(fitted, work, spec, facts[spec.view]))
        executor.close()
    of_pycaret(works["binary"], "rf", "lightgbm")
print(json.dumps(found))
"""
MODELS = (
    "LGBMClassifier",
    "XGBClassifier",
    "CatBoostClassifier",
    "ExplainableBoostingClassifier",
    "RandomForestClassifier",
    "ExtraTreesClassifier",
    "MLPClassifier",
    "LogisticRegression",
    "KNeighborsClassifier",
    "SVC",
    "LinearDiscriminantAnalysis",
    "LGBMRegressor",
    "XGBRegressor",
    "CatBoostRegressor",
)
TASKS = ("prepare encoded", "prepare scaled", "prepare native", *MODELS)


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    """What was seen of each task, in a process that was told nothing about threads."""
    env = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    answer = subprocess.run(
        [sys.executable, "-c", MEASURE, ",".join(MODELS)], capture_output=True, text=True, cwd=HERE, env=env, timeout=200
    )
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("name", TASKS)
def test_a_task_of_a_search_has_one_thread(measured: dict[str, Any], name: str) -> None:
    assert measured[name]["error"] == ""
    assert measured[name]["kept"]  # in a child as a search has it
    pools = measured[name]["pools"]
    assert pools and all(number == 1 for _, number in pools)
    one_works(measured[name]["ticks"])


@pytest.mark.parametrize("name", ["rf", "lightgbm"])
def test_pycaret_s_own_work_has_one_thread(measured: dict[str, Any], name: str) -> None:
    assert measured[f"pycaret {name}"]["error"] == ""
    one_works(measured[f"pycaret {name}"]["ticks"])


def one_works(ticks: list[int]) -> None:
    assert ticks[-1] > 20  # hundredths of a second: it was looked at while it worked
    # Libraries start threads that wait 0.1 s for something to do and never get it, on a machine that is free with a core of
    # their own; what counts is who works. Two that share the work would have half of it each.
    assert max(ticks[:-1], default=0) <= 0.25 * ticks[-1]
    assert sum(ticks[:-1]) <= 0.5 * ticks[-1]
