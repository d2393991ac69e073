"""Runs and versions over time, and an export that is the same twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from automl_core.errors import InputError
from automl_core.monitoring.settings import Settings, save_settings
from automl_core.registry.history import export, history
from automl_core.registry.store import Registered
from automl_core.retraining.policy import Policy, delete_policy, save_policy
from automl_core.runs import Run
from automl_core.workspace import ProjectFolder


def test_runs_and_versions_stand_in_one_table(project: ProjectFolder, shop: Registered, run_in_project: Run):
    shop.promote(2, "champion", "good")
    rows = history(project)
    assert [(row.what, row.name, row.aliases) for row in rows if row.what == "Version"] == [
        ("Version", "shop@1", ""), ("Version", "shop@2", "champion"), ("Version", "shop@3", ""),
    ]  # fmt: skip
    [run] = [row for row in rows if row.what == "Run"]
    assert (run.id, run.target, run.metric, run.candidates, run.score) == (run_in_project.id, "outcome", "roc_auc", 3, 0.86)


def test_an_export_is_the_same_twice_and_forgets_what_is_gone(
    project: ProjectFolder, shop: Registered, run_in_project: Run, tmp_path: Path
):
    folder = tmp_path / "git"
    (folder / ".git").mkdir(parents=True)
    export(project, folder)
    first = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.json")}
    assert {str(path) for path in first} >= {
        "project.json", "models/shop/1.json", "models/shop/log.json", f"runs/{run_in_project.id}/recipe.json",
        f"runs/{run_in_project.id}/config.json", f"runs/{run_in_project.id}/leaderboard.json",
    }  # fmt: skip
    told = json.loads(first[Path(f"runs/{run_in_project.id}/config.json")])
    assert list(told) == sorted(told) and told["target"] == "outcome"
    shop.promote(1, "champion", "good")
    export(project, folder)
    changed = [
        str(path.relative_to(folder)) for path in folder.rglob("*.json") if first[path.relative_to(folder)] != path.read_bytes()
    ]
    assert sorted(changed) == ["models/shop/aliases.json", "models/shop/log.json"]
    import shutil

    shutil.rmtree(run_in_project.path)
    export(project, folder)
    assert not list((folder / "runs").rglob("*.json"))


def test_policies_and_monitoring_are_exported_without_the_address_of_alerts(
    project: ProjectFolder, shop: Registered, tmp_path: Path
):
    """Regression: what a project does by itself was in no export."""
    made = save_policy(shop, Policy("Weekly", "time", days=7))
    save_settings(shop, Settings(on=True, days=30, webhook="https://93.184.216.34/hooks/secret"))
    (shop.folder / "policies" / "podamaged.json").write_text("{")
    export(project, tmp_path / "git")
    home = tmp_path / "git" / "models" / "shop"
    assert [path.name for path in (home / "policies").iterdir()] == [f"{made.id}.json"]
    assert Policy.from_dict(json.loads((home / "policies" / f"{made.id}.json").read_text())) == made
    told = json.loads((home / "monitor.json").read_text())
    assert (told["on"], told["days"], told["webhook"]) == (True, 30, True)
    assert not any("secret" in path.read_text() for path in (tmp_path / "git").rglob("*.json"))
    delete_policy(shop, made.id)
    export(project, tmp_path / "git")
    assert not list((home / "policies").iterdir())


def test_a_folder_with_other_things_is_refused(project: ProjectFolder, tmp_path: Path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis.tex").write_text("x")
    with pytest.raises(InputError, match=r"mine holds other files \(thesis.tex\). A new folder, an empty git repository or an"):
        export(project, folder)
    assert [path.name for path in folder.iterdir()] == ["thesis.tex"]
