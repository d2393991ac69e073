"""One level of threads: each fit has a process of its own and one thread in it, whatever the library would like."""

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
import contextlib, json, os, sys, time
import numpy as np
from automl_core.search.boosters import fit_booster
from automl_core.search.candidates import Spec, catalogue, make_estimator, portfolio
from automl_core.search.executor import ForkExecutor
from automl_core.search.neural import fit_network

rng = np.random.default_rng(0)
X = rng.normal(size=(3000, 30))
y = (X[:, 0] + rng.normal(size=3000) > 0).astype(int)

def fit(spec):
    import threadpoolctl
    estimator = make_estimator(spec, seed=0, threads=1)
    if spec.family == "forest":
        estimator.set_params(n_estimators=20)
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        if spec.family == "neural":
            fit_network(estimator, X, y, X, y, 2, 0.3)
        elif spec.early_stopping:
            fit_booster(estimator, X, y, X, y, [], 2, 0.3)
        else:
            estimator.fit(X, y)
    pools = threadpoolctl.threadpool_info()
    return {"pools": sorted({(pool["user_api"], pool["num_threads"]) for pool in pools})}

first = {}
for spec in portfolio("binary").values():
    first.setdefault(spec.class_path, spec)
known = {**{spec.id: spec for spec in first.values()}, "lr": catalogue("binary")["lr"]}
names = sys.argv[1].split(",")
executor, found, ticks = ForkExecutor(2), {}, {}

def look(key, pid):
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        ticks.setdefault(key, {})[task] = int(fields[11]) + int(fields[12])

for name in names:
    spec = next(spec for spec in known.values() if spec.class_path.endswith(name))
    executor.submit((name,), lambda spec=spec: fit(spec), 60)
    while executor.running():
        for (key,), child in executor._children.items():
            with contextlib.suppress(OSError):
                look(key, child.pid)
        for done in executor.wait(0.005):
            found[done.key[0]] = {**done.result, "error": done.error, "ticks": sorted(ticks[done.key[0]].values())}
print(json.dumps(found))
"""
MODELS = (
    "LGBMClassifier",
    "XGBClassifier",
    "CatBoostClassifier",
    "RandomForestClassifier",
    "ExtraTreesClassifier",
    "MLPClassifier",
    "LogisticRegression",
    "KNeighborsClassifier",
)


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    """What was seen of each model's fit, in a process that was told nothing about threads."""
    env = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    answer = subprocess.run(
        [sys.executable, "-c", MEASURE, ",".join(MODELS)], capture_output=True, text=True, cwd=HERE, env=env, timeout=200
    )
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


@pytest.mark.parametrize("name", MODELS)
def test_a_fit_has_one_thread(measured: dict[str, Any], name: str) -> None:
    assert measured[name]["error"] == ""
    pools, ticks = measured[name]["pools"], measured[name]["ticks"]
    assert pools and all(number == 1 for _, number in pools)
    assert ticks[-1] > 20  # hundredths of a second: it was looked at while it worked
    # Libraries start threads that wait 0.1 s for something to do and never get it; what counts is who works.
    assert sum(ticks[:-1]) <= 0.2 * ticks[-1]
