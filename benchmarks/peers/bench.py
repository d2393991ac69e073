"""Compare systems on the same tables, splits, metric and wall-clock budget, one after another.

    python benchmarks/peers/bench.py --budget 60 [--systems tablewright pycaret] [--tables titanic churn]

Each system runs in an environment of its own, built from PyPI on first use in ``build/peers``. A result is one JSON file
in ``benchmarks/results/peers``; a result that is there is not measured again (``--again`` does). A system that fails is
a result that says so: it is neither ranked nor counted as a win.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

from tables import TABLES, Table, split  # noqa: E402  (the folder is no package: scripts import it by path)

BUILD = ROOT / "build" / "peers"
RESULTS = ROOT / "benchmarks" / "results" / "peers"
TIE = 0.005
"""Two results within this share of the better one are a tie."""


@dataclass(frozen=True)
class System:
    """One system: its script, what is installed for it, its preset, and how much longer it may take in all."""

    name: str
    script: str
    requirements: tuple[str, ...]
    preset: str = ""
    budget_factor: float = 1.0


SYSTEMS = (
    System("tablewright", "run_tablewright.py", ()),
    System("autogluon-medium", "run_autogluon.py", ("autogluon.tabular[all]",), "medium_quality"),
    System("autogluon-best", "run_autogluon.py", ("autogluon.tabular[all]",), "best_quality"),
    System("flaml", "run_flaml.py", ("flaml[automl]",)),
    System("h2o", "run_h2o.py", ("h2o", "pandas", "polars", "pyarrow")),
    System("mljar", "run_mljar.py", ("mljar-supervised", "setuptools<81")),
    System("pycaret", "run_pycaret.py", ()),
)


def python_of(system: System) -> Path:
    """Return the interpreter of a system's environment, built when it is new."""
    if not system.requirements:
        return Path(sys.executable)
    folder = BUILD / system.script.removeprefix("run_").removesuffix(".py")
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        # CPU torch, where a peer wants it: pip takes a local wheel when the machine offers one.
        subprocess.run([str(python), "-m", "pip", "install", "-q", *system.requirements], check=True)
        (folder / "ready").touch()
    return python


def peak_memory(process: subprocess.Popen[bytes], peak: list[int]) -> None:
    """Sample the resident memory of a process and its children until it ends."""
    while process.poll() is None:
        try:
            family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            peak[0] = max(peak[0], sum(member.memory_info().rss for member in family if member.is_running()))
        except psutil.Error:
            pass  # a process that ended while it was looked at
        time.sleep(0.2)


def judge(table: Table, rows: pd.DataFrame, values: np.ndarray, classes: list[str] | None) -> float:
    """Return the table's metric of predictions on the judging rows."""
    from sklearn import metrics

    if classes is None:
        return float(np.sqrt(metrics.mean_squared_error(rows[table.target], values)))
    truth = rows[table.target].astype(str)
    if table.metric == "roc_auc":
        # The event is the label that sorts last, the same for every system.
        return float(metrics.roc_auc_score(truth == max(classes), values[:, classes.index(max(classes))]))
    order = np.argsort(classes)
    aligned = values[:, order] / values.sum(axis=1, keepdims=True)
    return float(metrics.log_loss(truth, aligned, labels=sorted(classes)))


def measure(system: System, table: Table, budget: float, cores: int) -> dict[str, Any]:
    """Run one system on one table and return the result, failed or not."""
    work = BUILD / "work" / f"{table.name}-{system.name}-{budget:g}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    learn, test = split(table, BUILD / "tables" / table.name)
    python = python_of(system)
    command = [str(python), str(Path(__file__).parent / system.script)]
    for name, value in {
        "learn": learn,
        "judge": test,
        "target": table.target,
        "task": table.task,
        "metric": table.metric,
        "budget": budget,
        "cores": cores,
        "preset": system.preset,
        "out": work,
    }.items():
        command += [f"--{name}", str(value)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": str(cores), "RAY_USAGE_STATS_ENABLED": "0"}
    result: dict[str, Any] = {
        "table": table.name,
        "system": system.name,
        "budget": budget,
        "date": datetime.date.today().isoformat(),
        "machine": f"{cores} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB, {platform.machine()}",
    }
    start = time.time()
    with open(work / "log.txt", "wb") as log:
        process = subprocess.Popen(command, cwd=work, env=environment, stdout=log, stderr=subprocess.STDOUT)
        peak = [0]
        watcher = threading.Thread(target=peak_memory, args=(process, peak))
        watcher.start()
        try:
            code = process.wait(timeout=6 * budget + 300)
        except subprocess.TimeoutExpired:
            process.kill()
            code = -9
        watcher.join()
    result["wall_seconds"] = time.time() - start
    result["peak_mb"] = peak[0] / 2**20
    if code or not (work / "result.json").exists():
        tail = (work / "log.txt").read_text(errors="replace").strip().splitlines()[-3:]
        return {**result, "failed": f"exit code {code}: " + " | ".join(tail)[-300:]}
    told = json.loads((work / "result.json").read_text())
    values = np.load(work / "predictions.npy")
    result.update(told)
    result["score"] = judge(table, pd.read_csv(test), values, told["classes"])
    result["overrun_seconds"] = told["fit_seconds"] - budget
    shutil.rmtree(work, ignore_errors=True)
    return result


def summary(results: list[dict[str, Any]]) -> str:
    """Return the comparison as Markdown: a table of scores, mean ranks, and wins against each system."""
    frame = pd.DataFrame([row for row in results if "score" in row])
    tables = {table.name: table for table in TABLES}
    scores = frame.pivot(index="table", columns="system", values="score")
    sign = pd.Series({name: -1.0 if tables[name].greater_is_better else 1.0 for name in scores.index})
    ranks = scores.mul(sign, axis=0).rank(axis=1)
    scores.insert(0, "metric", [tables[name].metric for name in scores.index])
    lines = [scores.round(4).to_markdown(), "", "mean rank (1 is best, over the tables each system completed):", ""]
    lines += [f"* {name}: {rank:.2f} ({ranks[name].count()} tables)" for name, rank in ranks.mean().sort_values().items()]
    if "tablewright" in ranks:
        lines += ["", "Tablewright's wins, ties within 0.5 %, losses:", ""]
        ours = scores["tablewright"]
        for name in ranks.columns.drop("tablewright"):
            both = pd.DataFrame({"ours": ours, "theirs": scores[name]}).dropna().astype(float)
            gain = (both["theirs"] - both["ours"]) * sign[both.index] / both.abs().max(axis=1)
            tie = gain.abs() <= TIE
            wins, losses = int(((gain > 0) & ~tie).sum()), int(((gain < 0) & ~tie).sum())
            lines.append(f"* against {name}: {wins} won, {int(tie.sum())} tied, {losses} lost")
    columns = ["fit_seconds", "overrun_seconds", "peak_mb", "predict_ms_1000", "first_result_seconds"]
    medians = frame.groupby("system")[[name for name in columns if name in frame]].median().round(1)
    lines += ["", "medians over the tables:", "", medians.to_markdown(), ""]
    failed = [row for row in results if "failed" in row]
    lines += [f"* {row['system']} on {row['table']} failed: {row['failed']}" for row in failed]
    return "\n".join(lines)


def main() -> None:
    """Measure what is asked for and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", type=float, default=60)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--systems", nargs="*", default=[system.name for system in SYSTEMS])
    parser.add_argument("--tables", nargs="*", default=[table.name for table in TABLES])
    parser.add_argument("--again", action="store_true", help="measure again what has a result")
    a = parser.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    results = []
    for table in (table for table in TABLES if table.name in a.tables):
        for system in (system for system in SYSTEMS if system.name in a.systems):
            path = RESULTS / f"{a.budget:g}s-{table.name}-{system.name}.json"
            if a.again or not path.exists():
                print(f"{table.name}: {system.name} ...", end=" ", flush=True)
                result = measure(system, table, a.budget, a.cores)
                path.write_text(json.dumps(result, indent=1) + "\n")
                print(
                    result.get("failed") or f"{table.metric} {result['score']:.4f} in {result['fit_seconds']:.0f} s", flush=True
                )
            results.append(json.loads(path.read_text()))
    print("\n" + summary(results))


if __name__ == "__main__":
    main()
