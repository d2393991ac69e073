"""Pipelines exported, and written for schedulers; Airflow and Kubeflow themselves run them in `make check-exports`."""

from __future__ import annotations

import ast
import json
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from automl_core.cli import app
from automl_core.errors import InputError, NotFoundError
from automl_core.pipelines.course import project_of
from automl_core.pipelines.exporting import pipeline_of
from automl_core.pipelines.file import load_pipeline, read_pipeline
from automl_core.pipelines.plan import STEPS, Pipeline, Schedule
from automl_core.pipelines.schedulers import SCHEDULERS, calendar_of, cron_of, identifier, scheduler_files
from automl_core.projects import create_project
from tests.pipelines.conftest import PIPELINE, Place


@pytest.fixture
def plan() -> Pipeline:
    return read_pipeline(PIPELINE)


def invoke(*arguments: object, code: int = 0) -> str:
    found = CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)
    assert found.exit_code == code, found.output
    return found.stdout


def test_a_project_is_exported_run_and_leaves_everything_as_it_was(place: Place):
    out = place.folder / "exported.yaml"
    assert invoke("pipeline", "export", "Customers", "-o", out).strip() == str(out)
    made, plan = load_pipeline(out), load_pipeline(place.file)
    assert (made.name, made.project, made.registry.name) == ("left", "Customers", "left")
    assert (made.experiment, made.monitoring) == (plan.experiment, replace(plan.monitoring, policies=made.monitoring.policies))
    assert [policy.name for policy in made.monitoring.policies] == ["When drift says act"]
    assert made.gates.rules == plan.gates.rules and made.recipe is not None
    source = Path(made.data.file)
    assert source.parent.parent.parent == project_of(place.workspace, "Customers").path and source.exists()
    # The recipe that was proposed is now a given one, so the model is made once more; it cannot beat its like.
    out.write_text(out.read_text(encoding="utf-8").replace("mlflow: true", "mlflow: false"), encoding="utf-8")
    assert [line.replace(":", "").split()[:2] for line in invoke("run", out, code=3).splitlines()] == [
        ["validate", "done"], ["drift", "done"], ["retrain", "done"], ["compare", "stopped"],
    ]  # fmt: skip


def test_the_command_line_says_what_was_done_and_leaves_with_a_code(place: Place):
    told = invoke("run", place.file)
    assert "validate  done (unchanged, not done again): 200 rows of 10 columns" in told
    [line] = invoke("run", place.file, "--step", "compare", "--json").splitlines()
    assert (json.loads(line)["outcome"], json.loads(line)["again"]) == ("done", True)
    place.write(lambda text: text.replace("roc_auc: 0.6", "roc_auc: 0.9999"))
    invoke("run", place.file, "--step", "compare", code=3)
    assert "compare stopped" in invoke("run", place.file, "--step", "promote", code=3)
    with pytest.raises(InputError, match="--step is 'deploy'"):
        invoke("run", place.file, "--step", "deploy")


def test_a_project_without_a_model_has_no_pipeline(place: Place):
    create_project(place.workspace, "Empty")
    with pytest.raises(NotFoundError, match="This project has no run with a model yet."):
        pipeline_of(project_of(place.workspace, "Empty"))
    with pytest.raises(NotFoundError, match="There is no project 'Nothing'. `projects` lists those that there are."):
        invoke("pipeline", "export", "Nothing", "-o", place.folder / "x.yaml")


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_each_scheduler_gets_files_that_hold_the_call(scheduler: str, place: Place):
    written = invoke("pipeline", "schedule", place.file, "--as", scheduler, "-o", place.folder / "out").split()
    texts = {Path(path).name: Path(path).read_text(encoding="utf-8") for path in written}
    assert set(texts) == {
        "airflow": {"left_airflow.py"}, "kubeflow": {"left_kubeflow.py"}, "cron": {"left.cron"},
        "systemd": {"left.service", "left.timer"},
    }[scheduler]  # fmt: skip
    assert any(str(place.file) in text and "-m automl_core" in text for text in texts.values())
    for name, text in texts.items():
        if name.endswith(".py"):
            ast.parse(text)
            assert all(step in text for step in STEPS)


def test_cron_runs_the_line_whatever_the_path_holds(plan: Pipeline, tmp_path: Path):
    """A bare % ends a line of a crontab, and spaces and quotes part the words of a shell."""
    path = tmp_path / "a b'c 100%" / "p.yaml"
    text = scheduler_files("cron", plan, path, tmp_path / "home")["left.cron"]
    line = text.splitlines()[-1]
    assert line.startswith("0 5 * * * AUTOML_HOME=") and "%" not in line.replace(r"\%", "")
    command = line.removeprefix("0 5 * * * ").replace(r"\%", "%")
    words = shlex.split(command)
    assert shlex.split(words[words.index("-c") + 1])[-1] == str(path)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
@pytest.mark.parametrize("every", ["hour", "day", "week", "month"])
def test_systemd_takes_the_units(every: str, plan: Pipeline, tmp_path: Path):
    chosen = replace(plan, schedule=Schedule(every, "04:30"), name="Märkte 50% $HOME")  # type: ignore[arg-type]
    for name, text in scheduler_files("systemd", chosen, tmp_path / "a b.yaml", tmp_path).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    units = [str(tmp_path / f"markte-50-home.{kind}") for kind in ("service", "timer")]
    found = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, timeout=60)
    ours = [line for line in found.stderr.splitlines() if "markte" in line]
    assert (found.returncode, ours) == (0, [])
    event = subprocess.run(
        ["systemd-analyze", "calendar", calendar_of(chosen.schedule)], capture_output=True, text=True, timeout=60
    )
    assert event.returncode == 0, event.stderr


def test_times_are_said_as_each_scheduler_wants_them():
    assert [cron_of(Schedule(every, "04:30")) for every in ("hour", "day", "week", "month")] == [  # type: ignore[arg-type]
        "30 * * * *", "30 4 * * *", "30 4 * * 1", "30 4 1 * *",
    ]  # fmt: skip
    assert [calendar_of(Schedule(every, "04:30")) for every in ("hour", "day", "week", "month")] == [  # type: ignore[arg-type]
        "*-*-* *:30:00", "*-*-* 04:30:00", "Mon *-*-* 04:30:00", "*-*-01 04:30:00",
    ]  # fmt: skip


def test_names_and_paths_cannot_break_out_of_the_files(plan: Pipeline, tmp_path: Path):
    evil = replace(plan, name='x"""\nimport os; os.system("id")\\')
    assert identifier(evil.name) == "x-import-os-os-system-id" and identifier("дом") == "pipeline"
    for scheduler in ("airflow", "kubeflow"):
        [text] = scheduler_files(scheduler, evil, tmp_path / 'a"b\\.yaml', tmp_path).values()  # type: ignore[arg-type]
        called = {
            node.func.attr
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        assert "system" not in called
    with pytest.raises(InputError, match="holds characters that cannot be written"):
        scheduler_files("cron", plan, tmp_path / "a\nb", tmp_path)
