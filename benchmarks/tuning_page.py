"""What a live page takes: a study is tuned in the app's background process, alone and while a browser watches it."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import live

SECONDS = 30.0
"""Of each study; they come alone, watched, watched, alone."""


def busy(pid: int) -> float:
    """Return the processor time of a process and its children so far, in seconds."""
    import psutil

    total = 0.0
    for one in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def watched(build: Path) -> dict[str, Any]:
    """Return the share of the processors that server and browser took, and the trials a second without and with both."""
    if live.BROWSER is None:
        return {"failed": "there is no browser here"}
    with tempfile.TemporaryDirectory(prefix="tablewright-", ignore_cleanup_errors=True) as home:
        os.environ["AUTOML_HOME"] = home
        try:
            return _watched(Path(home))
        finally:
            live.stop_host(Path(home))


def _watched(home: Path) -> dict[str, Any]:
    from tables import TABLES

    from automl_core.projects import create_project
    from automl_core.workspace import Workspace

    workspace = Workspace.default()
    project = create_project(workspace, "Watched")
    source = home / "titanic.csv"
    next(one for one in TABLES if one.name == "titanic").load().to_csv(source, index=False)
    run = _searched(workspace, project.id, source)
    rates: dict[bool, list[float]] = {False: [], True: []}
    taken = {"server": 0.0, "browser": 0.0, "seconds": 0.0}
    with live.served(home) as (url, server), live.opened() as page:
        live.wait_until_up(url)
        for looks in (False, True, True, False):
            study, job = _start(workspace, project.id, run)
            page.goto(f"{url}/tune?project={project.id}&run={run.id}" if looks else "about:blank")
            time.sleep(4)
            begun, before = time.time(), (busy(server.pid), _browser_busy())
            while job.state in ("queued", "running"):
                page.wait_for_timeout(200)
            if looks:
                taken["server"] += busy(server.pid) - before[0]
                taken["browser"] += max(_browser_busy() - before[1], 0.0)
                taken["seconds"] += time.time() - begun
            rates[looks].append(_rate(run, study))
    there = taken["seconds"] * len(os.sched_getaffinity(0))
    return {
        "server_share": taken["server"] / there, "browser_share": taken["browser"] / there,
        "rate_alone": sum(rates[False]) / 2, "rate_watched": sum(rates[True]) / 2, "cores": len(os.sched_getaffinity(0)),
    }  # fmt: skip


def _searched(workspace: Any, project_id: str, source: Path) -> Any:
    from dataclasses import replace

    from automl_core.cleaning.propose import propose_recipe
    from automl_core.data.dataset import create_dataset
    from automl_core.experiment import Budget
    from automl_core.jobs.control import submit
    from automl_core.jobs.job import Job
    from automl_core.proposals import propose
    from automl_core.runs import Run
    from automl_core.workspace import new_id

    folder = workspace.project(project_id)
    dataset = create_dataset(folder.dataset(new_id("ds")), source, "table")
    frame = dataset.frame()
    config = propose(frame, dataset.schema, "Survived").config
    config = replace(config, candidates=("lightgbm-own",), budget=Budget(60.0, 1))
    recipe = propose_recipe(frame, dataset.schema, "Survived")
    run_id = submit(
        workspace, project_id, "train", {"dataset": dataset.id, "config": config.to_dict(), "recipe": recipe.to_dict()}
    )
    while Job(folder.job(run_id)).state in ("queued", "running"):
        time.sleep(0.2)
    return Run(folder.run(run_id))


def _start(workspace: Any, project_id: str, run: Any) -> tuple[str, Any]:
    from automl_core.jobs.control import submit
    from automl_core.jobs.job import Job
    from automl_core.tuning.run import space_of_row
    from automl_core.tuning.study import Settings, new_study

    row = run.leaderboard()["lightgbm-own"]
    settings = Settings(row.id, "random", space_of_row(run.config.task, row), 0, SECONDS, pruner="none")
    study = new_study(run.path, row.id)
    job_id = submit(workspace, project_id, "tune", {"run": run.id, "study": study, "settings": settings.to_dict()})
    return study, Job(workspace.project(project_id).job(job_id))


def _rate(run: Any, study: str) -> float:
    from automl_core.tuning.study import Study, study_folder

    found = Study.load(study_folder(run.path, study))
    return (len(found.rows) - 1) / found.seconds


def _browser_busy() -> float:
    """Return the processor time of the browser's processes so far; one that ends meanwhile is left out."""
    import psutil

    total = 0.0
    for one in psutil.Process().children(recursive=True):
        try:
            if "chrom" in one.name():
                times = one.cpu_times()
                total += times.user + times.system
        except psutil.NoSuchProcess:
            continue
    return total
