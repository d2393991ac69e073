"""A pipeline for schedulers that are there already: Airflow, Kubeflow, cron, systemd. Their files call the command line."""

from __future__ import annotations

import json
import re
import shlex
import sys
import unicodedata
from pathlib import Path
from typing import Literal, get_args

from automl_core.errors import InputError
from automl_core.pipelines.plan import Pipeline, Schedule

Scheduler = Literal["airflow", "kubeflow", "cron", "systemd"]
SCHEDULERS: tuple[Scheduler, ...] = get_args(Scheduler)
TEMPLATES = Path(__file__).parents[1] / "templates" / "pipelines"


def scheduler_files(scheduler: Scheduler, pipeline: Pipeline, path: Path, home: Path) -> dict[str, str]:
    """Return the files that let a scheduler run a pipeline, by their names.

    Parameters
    ----------
    scheduler : Scheduler
        ``airflow`` one DAG; ``kubeflow`` a source that kfp compiles; ``cron`` one line; ``systemd`` a service and its timer.
    pipeline : Pipeline
    path : Path
        Where the pipeline's file will lie on the scheduler's machine.
    home : Path
        The workspace there.

    Raises
    ------
    InputError
        For a path that a scheduler's file cannot hold.
    """
    import jinja2

    for what in (path, home):
        if any(not letter.isprintable() for letter in str(what)):
            raise InputError(f"The path {str(what)!r} holds characters that cannot be written.", action="Name another one.")
    name = identifier(pipeline.name)
    root = Path(__file__).parents[2]
    command = f"cd {shlex.quote(str(root))} && {shlex.quote(sys.executable)} -m automl_core"
    line = f"{command} run {shlex.quote(str(path))}"
    values = {
        "id": name,
        "file": f"{name}_kubeflow.py",
        "title": _title(pipeline.name),
        "steps": list(pipeline.steps),
        "pipeline": str(path),
        "command": command,
        "python": sys.executable,
        "root": str(root),
        "home": str(home),
        "cron": cron_of(pipeline.schedule),
        "calendar": calendar_of(pipeline.schedule),
        # A bare % ends the command of a crontab's line.
        "line": f"AUTOML_HOME={shlex.quote(str(home))} sh -c {shlex.quote(line)}".replace("%", r"\%"),
        "log": shlex.quote(str(home / f"{name}.log")).replace("%", r"\%"),
    }
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True, autoescape=False)
    environment.filters |= {"literal": _literal, "unit": _unit, "unitword": _unit_word}
    names = {
        "airflow": {"airflow": f"{name}_airflow.py"},
        "kubeflow": {"kubeflow": f"{name}_kubeflow.py"},
        "cron": {"cron": f"{name}.cron"},
        "systemd": {"service": f"{name}.service", "timer": f"{name}.timer"},
    }[scheduler]
    return {
        file: environment.from_string((TEMPLATES / f"{template}.txt").read_text(encoding="utf-8")).render(values)
        for template, file in names.items()
    }


def identifier(name: str) -> str:
    """Return a name that every scheduler allows: lower case letters, digits and hyphens."""
    plain = (
        re.sub(r"[^a-z0-9]+", "-", unicodedata.normalize("NFKD", name).lower().encode("ascii", "ignore").decode())
        .strip("-")[:50]
        .strip("-")
    )
    return plain or "pipeline"


def cron_of(schedule: Schedule) -> str:
    """Return when a pipeline starts, in cron's five fields."""
    hour, minute = (int(part) for part in schedule.at.split(":"))
    return {
        "hour": f"{minute} * * * *",
        "day": f"{minute} {hour} * * *",
        "week": f"{minute} {hour} * * 1",
        "month": f"{minute} {hour} 1 * *",
    }[schedule.every]


def calendar_of(schedule: Schedule) -> str:
    """Return when a pipeline starts, as a calendar event of systemd."""
    return {
        "hour": f"*-*-* *:{schedule.at[3:]}:00",
        "day": f"*-*-* {schedule.at}:00",
        "week": f"Mon *-*-* {schedule.at}:00",
        "month": f"*-*-01 {schedule.at}:00",
    }[schedule.every]


def _title(name: str) -> str:
    """Return a name that stays within its line and its quotes, whatever a person called the pipeline."""
    return " ".join("".join(letter if letter.isprintable() and letter not in '"\\' else " " for letter in name).split())


def _literal(value: str | list[str]) -> str:
    """Return a text or a list of texts as Python writes it; what is printable is written alike in JSON."""
    return json.dumps(value, ensure_ascii=False)


def _unit(text: str) -> str:
    """Return a text for a unit file, in which % begins a specifier."""
    return text.replace("%", "%%")


def _unit_word(text: str) -> str:
    """Return one word of a unit file, quoted, in which $ would name a variable."""
    escaped = _unit(text).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{escaped}"'
