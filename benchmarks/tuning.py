"""Tuning LightGBM by our default beside PyCaret's ``tune_model``: scores, speed, overhead, and what the live page costs.

    python benchmarks/tuning.py [--budget 60] [--tables ...] [--parts scores rate overhead page] [--again]

* ``scores``: on the six real tables, equal seconds for each search, one after another, judged on a fifth of the rows that
  nobody saw. PyCaret searches once with Optuna's Parzen estimator and once by chance, each in a process of its own.
  Asked is to be better on four tables than each of its searches, and never to lose more than 0.5 %.
* ``rate``: trials a second on 5,000 rows with PyCaret's own LightGBM, its space and the same number of folds on both sides;
  three times PyCaret's are asked. The rate with every trial on all folds stands beside it.
* ``overhead``: what a trial takes on one core over its bare fits and predictions; 30 ms are asked.
* ``page``: processor time of the web server while a study is watched in a browser, as a share of what the search has; 2 %
  are asked. The browser, which is as a rule another machine, is told beside it.

Each result is a file in ``results/tuning``, and what is there is not measured again. PyCaret's Optuna search needs an older
Optuna than ours, which is put into a folder under ``build`` that only its process sees. Exit code 1 says that a figure was
missed.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(HERE)]

from tables import TABLES, Table, choose, split  # noqa: E402  (the folder is no package: scripts import it by path)

RESULTS = HERE / "results" / "tuning"
BUILD = ROOT / "build" / "tuning"
REAL = ("titanic", "churn", "winequality", "insurance", "abalone", "bike")
SYSTEMS = ("tablewright", "pycaret-optuna", "pycaret-random")
OLDER = ("optuna==3.6.1", "optuna-integration==3.6.0")
"""The last that PyCaret 3.3.2 calls without an error."""
LOSS = 0.005
BETTER = 4
RATE, OVERHEAD_MS, PAGE = 3.0, 30.0, 0.02
PARTS = ("scores", "rate", "overhead", "page")


@dataclass(frozen=True)
class Bout:
    """One table, our score beside another's.

    Parameters
    ----------
    table, rival : str
    share : float
        By which share of the larger one ours is better; below 0 it is worse.
    """

    table: str
    rival: str
    share: float


def bouts(results: Sequence[dict[str, Any]], rival: str) -> list[Bout]:
    """Return our scores beside one rival's, for the tables on which both have one; what failed is left out."""
    better = {table.name: table.greater_is_better for table in TABLES}
    scores = {(one["table"], one["system"]): one["score"] for one in results if "failed" not in one}
    found = []
    for (table, system), score in scores.items():
        if system == rival and (table, "tablewright") in scores:
            own = scores[table, "tablewright"]
            gain = own - score if better[table] else score - own
            found.append(Bout(table, rival, gain / max(abs(own), abs(score), 1e-12)))
    return found


def verdict(found: Sequence[Bout]) -> tuple[str, bool]:
    """Return what the bouts against one rival say, and whether the figure is met."""
    won, worst = sum(bout.share > 0 for bout in found), min((bout.share for bout in found), default=0.0)
    needed = min(BETTER, len(found) - len(found) // 3)
    said = f"better on {won} of {len(found)} tables, at worst {worst:+.2%}"
    return said, bool(found) and won >= needed and worst >= -LOSS


def path_of(name: str) -> Path:
    """Return where a result is kept."""
    return RESULTS / f"{name}.json"


def measure(name: str, job: str, asked: dict[str, Any], *, again: bool, older: bool = False) -> dict[str, Any]:
    """Do one job in a process of its own, or return what it gave before."""
    path = path_of(name)
    if path.exists() and not again:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    print(f"{name} ...", end=" ", flush=True)
    folder = BUILD / "work" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "asked.json").write_text(json.dumps(asked, default=str))
    # PyCaret is called as people call it: nothing caps its threads. Ours caps its own.
    kept = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    ours = not asked.get("system", "").startswith("pycaret")
    environment = {**kept, **({"OMP_NUM_THREADS": "1"} if ours else {}), "PYTHONPATH": str(older_optuna()) if older else ""}
    command = [sys.executable, str(HERE / "tuning_sides.py"), job, "--asked", "asked.json", "--out", str(folder / "told.json")]
    result = {**asked, "date": datetime.date.today().isoformat(), "cores": len(os.sched_getaffinity(0))}
    begun = time.time()
    with open(folder / "log.txt", "wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            code = process.wait(timeout=6 * asked.get("budget", 60.0) + 240)
        except subprocess.TimeoutExpired:
            code = -9
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # it, or workers that outlived it
            process.wait()
    result["whole_seconds"] = time.time() - begun
    if code:
        tail = (folder / "log.txt").read_text(errors="replace").strip().splitlines()[-1:]
        ended = f"ended after {result['whole_seconds']:.0f} s"
        result["failed"] = ended if code == -9 else " ".join(tail)[-300:] or f"exit code {code}"
    else:
        result.update(json.loads((folder / "told.json").read_text()))
        if "classes" in result:  # then it left predictions of the rows to judge, which a rate does not
            result.update(judged(asked, folder, result["classes"]))
    result = {key: value for key, value in result.items() if key not in ("learn", "judge")}
    shutil.rmtree(folder, ignore_errors=True)
    RESULTS.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(result.get("failed") or f"{result['seconds']:.1f} s", flush=True)
    return result


def older_optuna() -> Path:
    """Return the folder with the Optuna that PyCaret knows, filled on first use."""
    folder = BUILD / "optuna"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        line = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder), *OLDER]
        subprocess.run(line, check=True)
        (folder / "ready").touch()
    return folder


def judged(asked: dict[str, Any], folder: Path, classes: list[str] | None) -> dict[str, float]:
    """Return the scores on the rows that nobody saw, before and after the search."""
    import numpy as np
    import pandas as pd
    from sklearn import metrics

    rows = pd.read_csv(asked["judge"])[asked["target"]]
    found = {}
    for when, key in (("before", "score_before"), ("after", "score")):
        values = np.load(folder / f"{when}.npy")
        if classes is None:
            found[key] = float(np.sqrt(metrics.mean_squared_error(rows, values[:, 0])))
            continue
        truth = rows.astype(str)
        if asked["metric"] == "roc_auc":
            found[key] = float(metrics.roc_auc_score(truth == max(classes), values[:, classes.index(max(classes))]))
            continue
        order = np.argsort(classes)
        aligned = values[:, order] / values.sum(axis=1, keepdims=True)
        found[key] = float(metrics.log_loss(truth, aligned, labels=sorted(classes)))
    return found


def asked_of(table: Table, **more: Any) -> dict[str, Any]:
    """Return what a side is told of a table."""
    learn, judge = split(table, BUILD / "tables" / table.name)
    return {
        "table": table.name, "target": table.target, "task": table.task, "metric": table.metric,
        "learn": str(learn), "judge": str(judge), **more,
    }  # fmt: skip


def part_scores(tables: Sequence[Table], budget: float, again: bool) -> bool:
    """Measure and print scores; return whether the figure is met."""
    found = []
    for table in tables:
        for system in SYSTEMS:
            asked = asked_of(table, system=system, budget=budget)
            job = "ours" if system == "tablewright" else "theirs"
            older = system == "pycaret-optuna"
            found.append(measure(f"{budget:g}s-{table.name}-{system}", job, asked, again=again, older=older))
    print(f"\nHeld-out scores after {budget:g} s of search (in brackets: as it was before; trials)")
    for table in tables:
        print(f"  {table.name}, {table.metric}")
        for one in found:
            if one["table"] == table.name:
                told = f"{one['score']:.4f} ({one['score_before']:.4f}; {one['trials'] or 'no count'})" if "score" in one else ""
                print(f"    {one['system']:15} {one.get('failed') or told}, {one.get('seconds', 0):.0f} s")
    met = True
    for rival in SYSTEMS[1:]:
        said, fine = verdict(bouts(found, rival))
        met &= fine
        print(f"  against {rival}: {said}")
    return met


def part_rate(again: bool, rows: int = 5000, trials: int = 40, folds: int = 5) -> bool:
    """Measure and print trials a second; return whether the figure is met."""
    table = next(one for one in TABLES if one.name == "churn")
    asked = asked_of(table, trials=trials, folds=folds)
    import pandas as pd

    asked["learn"] = str(BUILD / "tables" / table.name / f"first{rows}.csv")
    pd.read_csv(BUILD / "tables" / table.name / "learn.csv", dtype=str, keep_default_na=False)[:rows].to_csv(
        asked["learn"], index=False
    )
    judge = asked.pop("judge")
    ours = measure("rate-tablewright", "rate", {**asked, "system": "tablewright"}, again=again)
    other = {**asked, "system": "pycaret-optuna", "judge": judge}
    theirs = measure("rate-pycaret", "rate", other, again=again, older=True)
    if "failed" in ours or "failed" in theirs:
        return False
    speeds = [one["trials"] / one["seconds"] for one in (ours, theirs)]
    whole = ours["trials"] / ours["seconds_all_folds"]
    print(f"\nTrials a second on {rows:,} rows, {folds} folds, {trials} trials: ours {speeds[0]:.2f}, PyCaret {speeds[1]:.2f}")
    print(f"  {speeds[0] / speeds[1]:.1f} times PyCaret's, {RATE:g} are asked; {whole / speeds[1]:.1f} with every fold of each")
    return speeds[0] / speeds[1] >= RATE


def part_overhead(again: bool) -> bool:
    """Measure and print the overhead of a trial; return whether the figure is met."""
    met = True
    table = next(one for one in TABLES if one.name == "titanic")
    for model in ("lr", "lightgbm"):
        asked = asked_of(table, model=model, trials=60, folds=5)
        del asked["judge"]
        one = measure(f"overhead-{model}", "overhead", asked, again=again)
        if "failed" in one:
            met = False
            continue
        met &= one["each_ms"] <= OVERHEAD_MS
        print(
            f"  {model}: {one['each_ms']:.0f} ms a trial over {1000 * one['bare'] / one['trials']:.0f} ms of bare fits, "
            f"{OVERHEAD_MS:g} are asked; {one['once_seconds']:.1f} s once a study"
        )
    return met


def part_page(again: bool) -> bool:
    """Measure and print what the live page takes; return whether the figure is met."""
    path = path_of("page")
    if not path.exists() or again:
        from tuning_page import watched

        RESULTS.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"date": datetime.date.today().isoformat(), **watched(BUILD)}, indent=1) + "\n")
    one = json.loads(path.read_text())
    if "failed" in one:
        print(f"\nThe live page: {one['failed']}")
        return False
    print(f"\nThe live page took {one['server_share']:.1%} of the processor time there is while it was watched, 2 % are asked;")
    print(f"  the browser beside it {one['browser_share']:.1%}; {one['rate_alone']:.2f} trials a second without, "
          f"{one['rate_watched']:.2f} with both on this machine")  # fmt: skip
    return float(one["server_share"]) <= PAGE


def main() -> int:
    """Measure what is asked for and not there yet, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", type=float, default=60.0, help="seconds of each search")
    parser.add_argument("--tables", nargs="*", default=list(REAL))
    parser.add_argument("--parts", nargs="*", default=list(PARTS), choices=PARTS)
    parser.add_argument("--again", action="store_true", help="measure again what has a result")
    a = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started ends, too
    met = {
        "scores": lambda: part_scores(choose(a.tables), a.budget, a.again),
        "rate": lambda: part_rate(a.again),
        "overhead": lambda: part_overhead(a.again),
        "page": lambda: part_page(a.again),
    }
    missed = [part for part in PARTS if part in a.parts and not met[part]()]
    print(f"\nMissed: {', '.join(missed)}." if missed else "\nAll figures are met.")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
