"""Compare systems on the same tables, splits, metric and wall-clock budget, one after another.

    python benchmarks/peers/bench.py --budget 60 [--systems tablewright pycaret] [--tables titanic churn] [--write-readme]

Each system runs in an environment of its own, built from PyPI on first use in ``build/peers``. A result is one JSON file
in ``benchmarks/results/peers``; a result that is there is not measured again (``--again`` does, ``--again-failed`` only
those that failed). A system that fails is a result that says so: it is neither ranked nor counted as a win.
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
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

from summary import OURS, against_longer, standings  # noqa: E402  (the folder is no package: scripts import it by path)
from tables import BUILD, DEFAULT, FOUND, GENERATED, TABLES, Table, choose, split  # noqa: E402
from watching import FirstLine, Watch  # noqa: E402
from wording import compact, insert, level_text, remarks, report, score_grid, standing_grid  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results"
GROUPS = {DEFAULT: "", FOUND: ", tables nobody had looked at", GENERATED: ", generated tables"}
"""What the report calls the groups of tables; the first one makes the figure."""
LONGER_PEER = "autogluon-best"
"""The peer that is also given more time."""
LONGER = 300.0


@dataclass(frozen=True)
class System:
    """One system.

    Parameters
    ----------
    name, script : str
    requirements : tuple of str
        What is installed for it; nothing for what is in the project's own environment.
    preset : str
    first_line : str
        Regular expression of the line in which its log first tells a real model's score.
    """

    name: str
    script: str
    requirements: tuple[str, ...]
    preset: str = ""
    first_line: str = ""


AUTOGLUON = ("run_autogluon.py", ("autogluon.tabular[all]",))
AUTOGLUON_LINE = r"= Validation score"
SYSTEMS = (
    System(OURS, "run_tablewright.py", ()),
    System("autogluon-medium", *AUTOGLUON, "medium_quality", AUTOGLUON_LINE),
    System("autogluon-best", *AUTOGLUON, "best_quality", AUTOGLUON_LINE),
    System("flaml", "run_flaml.py", ("flaml[automl]",), first_line=r"estimator \S+'s best error="),
    System("h2o", "run_h2o.py", ("h2o", "pandas", "polars", "pyarrow"), first_line=r"(?P<clock>\d\d:\d\d:\d\d\.\d+): New leader"),
    System("mljar", "run_mljar.py", ("mljar-supervised", "setuptools<81"), first_line=r"^(?!.*Baseline)\S+ \S+ \S+ trained in"),
    System("pycaret", "run_pycaret.py", (), first_line=r"SubProcess create_model\(\) end"),
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


def machine(cores: int) -> str:
    """Return what the systems run on."""
    return f"{cores} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB, {platform.machine()}"


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
    try:
        python = python_of(system)
    except subprocess.CalledProcessError as error:
        return {
            "table": table.name,
            "system": system.name,
            "budget": budget,
            "date": datetime.date.today().isoformat(),
            "machine": machine(cores),
            "failed": f"Its environment could not be built: {error}.",
        }
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
    start = time.time()
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": str(cores),
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    result: dict[str, Any] = {
        "table": table.name,
        "system": system.name,
        "budget": budget,
        "date": datetime.date.today().isoformat(),
        "machine": machine(cores),
    }
    watch = Watch(FirstLine(work / "log.txt", system.first_line))
    with open(work / "log.txt", "wb") as log:
        process = subprocess.Popen(command, cwd=work, env=environment, stdout=log, stderr=subprocess.STDOUT)
        watcher = threading.Thread(target=watch.follow, args=(process,))
        watcher.start()
        try:
            code = process.wait(timeout=6 * budget + 300)
        except subprocess.TimeoutExpired:
            process.kill()
            code = -9
        watcher.join()
    result["wall_seconds"] = time.time() - start
    result["peak_mb"] = watch.peak_bytes / 2**20
    if watch.line.seen is not None:
        result["first_result_seconds"] = watch.line.seen - start
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


def path_of(table: str, system: str, budget: float) -> Path:
    """Return where a result is kept."""
    return RESULTS / "peers" / f"{budget:g}s-{table}-{system}.json"


def kept(budget: float, systems: Sequence[str], tables: Sequence[str]) -> list[dict[str, Any]]:
    """Return the results that are there, in the order of tables and systems."""
    paths = [path_of(table, system, budget) for table in tables for system in systems]
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.exists()]


def wanted(path: Path, *, again: bool, again_failed: bool) -> bool:
    """Return whether a result is to be measured: it is not there, or it is asked for again."""
    if again or not path.exists():
        return True
    return again_failed and "failed" in json.loads(path.read_text(encoding="utf-8"))


def measure_all(systems: Sequence[System], tables: Sequence[Table], budget: float, a: argparse.Namespace) -> None:
    """Measure what is not there yet, and tell each result."""
    for table in tables:
        for system in systems:
            path = path_of(table.name, system.name, budget)
            if not wanted(path, again=a.again, again_failed=a.again_failed):
                continue
            print(f"{table.name}: {system.name} at {budget:g} s ...", end=" ", flush=True)
            result = measure(system, table, budget, a.cores)
            path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
            told = result.get("failed")
            print(told or f"{table.metric} {result['score']:.4f} in {result['fit_seconds']:.0f} s", flush=True)


def main() -> None:
    """Measure what is asked for, print the comparison and write it down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [system.name for system in SYSTEMS]
    parser.add_argument("--budget", type=float, default=60, help="seconds of wall-clock time")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--systems", nargs="*", default=names, choices=names, metavar="SYSTEM", help=", ".join(names))
    parser.add_argument(
        "--tables", nargs="*", default=["default"], metavar="TABLE", help="names, 'default', 'found', 'generated' or 'all'"
    )
    parser.add_argument("--again", action="store_true", help="measure again what has a result")
    parser.add_argument("--again-failed", action="store_true", help="measure again what failed")
    parser.add_argument(
        "--longer", type=float, nargs="?", const=LONGER, default=0.0, help=f"also give {LONGER_PEER} so many seconds ({LONGER:g})"
    )
    parser.add_argument("--only-write", action="store_true", help="measure nothing; sum up the results that are there")
    parser.add_argument("--write-readme", action="store_true", help="put the short table into README.md, between its markers")
    a = parser.parse_args()
    (RESULTS / "peers").mkdir(parents=True, exist_ok=True)
    tables = choose(a.tables)
    if not a.only_write:
        measure_all([system for system in SYSTEMS if system.name in a.systems], tables, a.budget, a)
        if a.longer:
            measure_all([system for system in SYSTEMS if system.name == LONGER_PEER], tables, a.longer, a)
    metrics = {table.name: table.metric for table in TABLES}
    results = kept(a.budget, names, [table.name for table in tables])
    if not results:
        parser.exit(1, f"There are no results at {a.budget:g} s yet.\n")
    found = standings(results, metrics)
    print("\n" + score_grid(results, metrics, [one.system for one in found]))
    print("\n" + standing_grid(found) + "\n")
    print("\n".join(f"* {line}" for line in remarks(results, found)))
    longer = a.longer or LONGER
    level = level_text(
        against_longer(results, kept(longer, [LONGER_PEER], [table.name for table in tables]), metrics),
        a.budget,
        longer,
        LONGER_PEER,
    )
    print(f"* {level}")
    write_down(metrics)
    if a.write_readme:
        default, further = (kept(a.budget, names, [table.name for table in choose([group])]) for group in (DEFAULT, FOUND))
        text = compact(default, metrics, a.budget, level, further)
        readme = ROOT / "README.md"
        readme.write_text(insert(readme.read_text(encoding="utf-8"), text), encoding="utf-8")


def write_down(metrics: dict[str, str]) -> None:
    """Write everything that was measured, at every budget, into the README of the results."""
    budgets = sorted({float(path.name.partition("s-")[0]) for path in (RESULTS / "peers").glob("*s-*.json")})
    tables, names = [table.name for table in TABLES], [system.name for system in SYSTEMS]
    whole = {budget: kept(budget, names, tables) for budget in budgets}
    # A budget at which only the peer was measured is there for the comparison with more time.
    own = {budget: rows for budget, rows in whole.items() if any(row["system"] != LONGER_PEER for row in rows)}
    longer = {budget: kept(budget, [LONGER_PEER], tables) for budget in budgets}
    groups = {title: [table.name for table in choose([group])] for group, title in GROUPS.items()}
    text = report(own, metrics, longer, LONGER_PEER, groups)
    (RESULTS / "README.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
