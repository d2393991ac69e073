"""The Automate page hands a project to a scheduler: what is chosen stands in the files, also before a model is registered."""

from __future__ import annotations

import ast
from pathlib import Path

from streamlit.testing.v1 import AppTest

from automl_core.pipelines.file import read_pipeline
from automl_core.registry.store import Registered
from automl_core.workspace import ProjectFolder
from tests.pages.conftest import assert_clean, open_page
from tests.pages.test_models_page import shop  # noqa: F401 - a fixture


def shown(app: AppTest) -> list[str]:
    return [code.value for code in app.code]


def test_a_project_without_a_model_says_what_a_pipeline_needs(project: ProjectFolder):
    app = open_page("automate", project=project.id)
    assert any("this project has no run with a model yet" in caption.value for caption in app.caption)


def test_a_run_becomes_a_pipeline_before_anything_is_registered(project: ProjectFolder, run_folder: Path):
    (run_folder / "model.zip").write_bytes(b"a model")
    app = open_page("automate", project=project.id)
    assert any("Policies belong to a registered model" in info.value for info in app.info)
    made = read_pipeline(shown(app)[0])
    assert (made.name, made.project, made.registry.name) == ("Shop, bought", "Shop", "Shop")
    assert made.experiment.target == "bought" and made.data.file.endswith("source.csv")
    assert any("a later run finds nothing new" in caption.value for caption in app.caption)


def test_what_is_chosen_stands_in_the_files(project: ProjectFolder, run_folder: Path, shop: Registered):  # noqa: F811
    (run_folder / "model.zip").write_bytes(b"a model")
    app = open_page("automate", project=project.id)
    app.text_input(key="automate_pipeline_file").set_value("/data/new.csv").run()
    app.number_input(key="automate_pipeline_rows").set_value(50).run()
    app.number_input(key="automate_pipeline_score_roc_auc").set_value(0.7).run()
    app.selectbox(key="automate_pipeline_drift").set_value("stop").run()
    app.selectbox(key="automate_pipeline_better").set_value(False).run()
    app.selectbox(key="automate_pipeline_every").set_value("week").run()
    app.text_input(key="automate_pipeline_place_shop.yaml").set_value("/data/p.yaml").run()
    assert_clean(app)
    made = read_pipeline(shown(app)[0])
    assert (made.name, made.data.file, made.schedule.every) == ("shop", "/data/new.csv", "week")
    assert (made.gates.least_rows, made.gates.score, made.gates.drift) == (50, {"roc_auc": 0.7}, "stop")
    assert not made.gates.better_than_champion
    assert shown(app)[1] == "python -m automl_core run /data/p.yaml"
    ast.parse(shown(app)[2])
    assert '"/data/p.yaml"' in shown(app)[2] and '"0 5 * * 1"' in shown(app)[2]
    for scheduler, told in (("kubeflow", "from kfp import"), ("cron", "0 5 * * 1 AUTOML_HOME="), ("systemd", "[Service]")):
        app.segmented_control(key="automate_pipeline_scheduler").set_value(scheduler).run()
        assert_clean(app)
        assert any(told in text for text in shown(app)[2:]), scheduler


def test_a_run_that_lost_its_table_is_told(project: ProjectFolder, run_folder: Path):
    import shutil

    (run_folder / "model.zip").write_bytes(b"a model")
    shutil.rmtree(project.path / "datasets")
    app = open_page("automate", project=project.id)
    assert any("is no longer in the project" in error.value for error in app.error)
