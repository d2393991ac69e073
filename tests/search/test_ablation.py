"""What each step did to a score, on a table in which it is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning.recipe import Recipe, Step
from automl_core.data.dataset import dataset_from_frame
from automl_core.errors import FormatError
from automl_core.experiment import ExperimentConfig
from automl_core.jobs.context import JobContext
from automl_core.projects import create_project
from automl_core.schema import Column, Schema
from automl_core.search import ablation
from automl_core.search.ablation import Ablation, ablate
from automl_core.worker import tables
from automl_core.workspace import Workspace, new_id

SCHEMA = Schema((Column("x", "number"), Column("z", "number"), Column("y", "number")))


def table(rows: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=rows), "z": rng.normal(size=rows)})
    return frame.assign(y=3 * frame["x"] ** 2 + 0.1 * rng.normal(size=rows))


def test_a_square_helps_a_line_and_a_lost_column_hurts_all() -> None:
    recipe = Recipe(
        (
            Step("drop_columns", {"columns": ["z"]}, id="noise"),
            Step("polynomial", {"columns": ["x"]}, id="square"),
            Step("scale", {}, id="scale"),
            Step("trim_text", {"columns": ["y"]}, enabled=False, id="off"),
        )
    )
    told: list[float] = []
    config = ExperimentConfig(target="y", task="regression", metric="rmse")
    found = ablate(table(), SCHEMA, recipe, config, tell=lambda done, doing: told.append(done), rows=250)
    assert (found.rows, found.of, found.metric) == (250, 300, "rmse")
    effects = {effect.step_id: effect for effect in found.effects}
    assert set(effects) == {"noise", "square", "scale"}
    assert effects["square"].difference["linear"] > 2 and effects["square"].verdict == "helps"
    assert effects["square"].sentence.startswith("Helps the linear model")
    assert abs(effects["square"].difference["trees"]) < effects["square"].difference["linear"] / 2
    assert effects["scale"].verdict == "no difference" and effects["scale"].sentence == "No difference beyond chance."
    assert told[0] == 0 and told == sorted(told)
    assert Ablation.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    with pytest.raises(FormatError, match="format 2"):
        Ablation.from_dict({"format": 2})


def test_steps_that_cannot_be_left_out_say_why() -> None:
    frame = table(200).assign(label=lambda rows: np.where(rows["x"] > 0, "yes", np.where(rows["z"] > 0, "no", " no")))
    schema = Schema((*SCHEMA.columns, Column("label", "category")))
    recipe = Recipe((Step("trim_text", {"columns": ["label"]}, id="labels"), Step("drop_columns", {"columns": ["x"]}, id="best")))
    config = ExperimentConfig(target="label", task="binary", metric="roc_auc", positive="yes")
    found = {effect.step_id: effect for effect in ablate(frame, schema, recipe, config).effects}
    assert found["labels"].sentence == "It changes the target itself, so scores do not compare."
    assert found["best"].verdict == "hurts" and "without it" in found["best"].sentence


def test_the_job_holds_rows_drawn_at_random_of_a_large_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: ten million rows were held to look at 20,000 of them."""
    monkeypatch.setenv("AUTOML_HOME", str(tmp_path))
    monkeypatch.setattr(tables, "DRAWN", 120)
    held: list[int] = []
    monkeypatch.setattr(ablation, "ablate", lambda frame, *rest, **more: held.append(len(frame)) or ablate(frame, *rest, **more))
    project = Workspace.default().project(create_project(Workspace.default(), "Shop").id)
    data = dataset_from_frame(project.dataset(new_id("ds")), table(300), SCHEMA, "numbers")
    config = ExperimentConfig(target="y", task="regression", metric="rmse")
    params = {"dataset": data.id, "recipe": Recipe((Step("scale", {}, id="s"),)).to_dict(), "config": config.to_dict()}
    folder = project.job(new_id("jb"))
    folder.mkdir(parents=True)
    tables.ablation_job(JobContext(folder, project, {"kind": "ablation", "params": params}, lambda event: None, lambda: False))
    found = Ablation.from_dict(json.loads((folder / "ablation.json").read_text()))
    assert (held, found.rows, found.of) == ([120], 120, 300)
