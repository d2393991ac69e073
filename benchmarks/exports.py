"""A pipeline in the schedulers themselves: Airflow runs its DAG to the end, kfp compiles and runs the same.

    python benchmarks/exports.py [--only airflow] [--environments build/exports] [--table churn.csv --target Churn --positive Yes]

Both get an environment of their own from PyPI on first use; nothing goes into the project's. Each runs the pipeline twice;
the second time nothing may be done again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STEPS = ["validate", "drift", "retrain", "compare", "promote", "monitor"]
AIRFLOW, KFP = "3.3.2", "2.17.3"
CONSTRAINTS = f"https://raw.githubusercontent.com/apache/airflow/constraints-{AIRFLOW}/constraints-3.11.txt"
PIPELINE = """format: 1
name: churn
project: Check
data: {{file: "{table}"}}
experiment: {{target: {target}, task: binary, metric: roc_auc, positive: {positive}, preset: quick, budget: {{seconds: 15}}}}
gates: {{least_rows: 1000, score: {{roc_auc: 0.75}}}}
registry: {{name: churn, mlflow: false}}
monitoring: {{log: {{on: true}}, policies: [{{name: When drift says act, when: drift}}]}}
"""
LOCAL = """from kfp import local
import churn_kubeflow
local.init(runner=local.SubprocessRunner(use_venv=False))
churn_kubeflow.pipeline()
"""


def call(*words: object, log: Path, environment: dict[str, str] | None = None, cwd: Path = ROOT) -> str:
    """Run a command, keep what it says in a log, and return its standard output; raises when it fails."""
    with log.open("a", encoding="utf-8") as file:
        file.write(f"$ {' '.join(map(str, words))}\n")
        file.flush()
        around = {**os.environ, **(environment or {})}
        done = subprocess.run(list(map(str, words)), cwd=cwd, env=around, text=True, stdout=subprocess.PIPE, stderr=file)
        file.write(done.stdout)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, words))[:200]} left with {done.returncode}; see {log}")
    return done.stdout


def built(folder: Path, requirement: str, constraints: str = "") -> Path:
    """Return the commands of an environment that holds a requirement; it is built on first use."""
    home, mark = folder / requirement.split("==")[0], folder / f"{requirement}.installed"
    if not mark.exists():
        print(f"{requirement}: building its environment", flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / "install.log"
        call(sys.executable, "-m", "venv", home, log=log)
        limits: list[object] = []
        if constraints:
            try:
                with urllib.request.urlopen(constraints, timeout=20) as found:
                    (folder / "constraints.txt").write_bytes(found.read())
                limits = ["--constraint", folder / "constraints.txt"]
            except OSError as error:
                print(f"its constraints cannot be fetched ({error}); what pip finds is used", flush=True)
        call(home / "bin" / "pip", "install", "--quiet", requirement, *limits, log=log)
        mark.touch()
    return home / "bin"


def airflow(commands: Path, work: Path, schedule: Callable[[Path], None], log: Path) -> None:
    """Import the DAG without errors, and run it twice to the end."""
    dags = work / "dags"
    schedule(dags)
    settings = {
        "AIRFLOW_HOME": str(work), "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "PATH": f"{commands}:{os.environ['PATH']}",
    }  # fmt: skip
    call(commands / "airflow", "db", "migrate", log=log, environment=settings)
    call(commands / "airflow", "dags", "reserialize", log=log, environment=settings)
    faults = call(commands / "airflow", "dags", "list-import-errors", "-o", "json", log=log, environment=settings)
    if "churn_airflow" in faults:
        raise RuntimeError(f"The DAG cannot be imported: {faults}")
    listed = call(commands / "airflow", "dags", "list", "-o", "json", log=log, environment=settings)
    if '"churn"' not in listed:
        raise RuntimeError(f"Airflow does not list the DAG: {listed}")
    for _ in range(2):
        call(commands / "airflow", "dags", "test", "churn", log=log, environment=settings)


def kubeflow(commands: Path, work: Path, schedule: Callable[[Path], None], log: Path) -> None:
    """Compile the pipeline, and run it twice with the local runner."""
    schedule(work)
    call(commands / "python", "churn_kubeflow.py", log=log, cwd=work)
    compiled = (work / "churn_kubeflow.yaml").read_text(encoding="utf-8")
    if not all(f"name: {step}" in compiled for step in STEPS):
        raise RuntimeError("The compiled pipeline lacks steps.")
    (work / "local.py").write_text(LOCAL, encoding="utf-8")
    for _ in range(2):
        call(commands / "python", "local.py", log=log, cwd=work, environment={"PATH": f"{commands}:{os.environ['PATH']}"})


CHECKS = {"airflow": (f"apache-airflow=={AIRFLOW}", CONSTRAINTS, airflow), "kubeflow": (f"kfp=={KFP}", "", kubeflow)}


def check(scheduler: str, environments: Path, pipeline: str) -> str:
    """Let a scheduler run the pipeline, and return what became of it; raises RuntimeError."""
    requirement, constraints, run = CHECKS[scheduler]
    commands = built(environments, requirement, constraints)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=f"{scheduler}-") as folder:
        work, log = Path(folder), environments / f"{scheduler}.log"
        log.unlink(missing_ok=True)
        file, home = work / "pipeline.yaml", {"AUTOML_HOME": str(work / "home")}
        os.environ.update(home)
        file.write_text(pipeline, encoding="utf-8")

        def schedule(out: Path) -> None:
            call(sys.executable, "-m", "automl_core", "pipeline", "schedule", file, "--as", scheduler, "-o", out, log=log)

        run(commands, work, schedule, log)
        told = call(sys.executable, "-m", "automl_core", "run", file, "--json", log=log)
        records = [json.loads(line) for line in told.splitlines()]
        states = [(one["step"], one["outcome"], one["again"]) for one in records]
        if states != [(step, "done", True) for step in STEPS]:
            raise RuntimeError(f"Not every step was done once: {states}")
        runs = [path for path in (work / "home" / "projects").glob("*/runs/rn*") if path.is_dir()]
        if len(runs) != 1:
            raise RuntimeError(f"{len(runs)} searches were made instead of one.")
        score = next(one for one in records if one["step"] == "compare")["made"]["scores"]["roc_auc"]
    return f"{requirement}: every step done once in two runs, ROC AUC {score:.4f}, {time.monotonic() - started:.0f} s"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data = Path(os.environ.get("AUTOML_TEST_DATA") or ROOT.parent / "shared" / "data")
    parser.add_argument("--only", choices=list(CHECKS))
    parser.add_argument("--environments", type=Path, default=ROOT / "build" / "exports")
    parser.add_argument("--table", type=Path, default=data / "churn.csv")
    parser.add_argument("--target", default="Churn")
    parser.add_argument("--positive", default="Yes")
    given = parser.parse_args()
    pipeline = PIPELINE.format(table=given.table.resolve(), target=given.target, positive=given.positive)
    failed = 0
    for scheduler in [given.only] if given.only else list(CHECKS):
        try:
            print(check(scheduler, given.environments.resolve(), pipeline), flush=True)
        except RuntimeError as error:
            failed += 1
            print(f"{scheduler} failed: {error}", file=sys.stderr)
    return failed


if __name__ == "__main__":
    sys.exit(main())
