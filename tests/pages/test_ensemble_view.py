"""The second and third part of the Tune page: ensembles by hand, and calibration."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from automl_core.combining.calibrate import FILE, Check
from automl_core.events import Finished, append_event
from automl_core.leaderboard import Candidate, Leaderboard
from automl_core.search.candidates import catalogue
from automl_core.workspace import ProjectFolder, write_json
from tests.pages.conftest import Jobs, assert_clean, open_page


@pytest.fixture
def run(run_folder: Path) -> Path:
    """A finished run with two single models."""
    board = Leaderboard.load(run_folder / "leaderboard.json")
    spec = asdict(replace(catalogue("binary")["dt"], id="lightgbm", name="Tree"))
    other = replace(board["lightgbm"], id="other", name="Other", score=0.7, spec=spec)
    board.with_candidate(replace(board["lightgbm"], spec=spec, name="Tree")).with_candidate(other).save(
        run_folder / "leaderboard.json"
    )
    return run_folder


def test_chosen_rows_are_blended(project: ProjectFolder, run: Path, jobs: Jobs) -> None:
    app = open_page("tune", project=project.id, run=run.name)
    app.segmented_control(key="tune_part").set_value("Ensemble").run()
    app.multiselect(key=f"ensemble_rows_blend_{run.name}").set_value(["lightgbm"]).run()
    assert [error.value for error in app.error] == ["Fewer than two models are chosen.\n\n**Choose another one.**"]
    assert app.button(key="ensemble_start").disabled
    app.multiselect(key=f"ensemble_rows_blend_{run.name}").set_value(["lightgbm", "other"]).run()
    app.selectbox(key="ensemble_weights").set_value("greedy").run()
    app.button(key="ensemble_start").click().run()
    assert_clean(app)
    ((_, kind, params),) = jobs.submitted
    order = params["order"]
    assert (kind, order["how"], order["rows"], order["greedy"]) == ("combine", "blend", ["lightgbm", "other"], True)


@pytest.mark.parametrize("how", ["stack", "bag", "boost"])
def test_every_way_can_be_started(how: str, project: ProjectFolder, run: Path, jobs: Jobs) -> None:
    app = open_page("tune", project=project.id, run=run.name)
    app.segmented_control(key="tune_part").set_value("Ensemble").run()
    app.segmented_control(key="ensemble_how").set_value(how).run()
    app.button(key="ensemble_start").click().run()
    assert_clean(app)
    ((_, _, params),) = jobs.submitted
    assert params["order"]["how"] == how


def test_a_calibration_is_started_and_what_it_did_is_drawn(project: ProjectFolder, run: Path, jobs: Jobs) -> None:
    app = open_page("tune", project=project.id, run=run.name)
    app.segmented_control(key="tune_part").set_value("Calibration").run()
    app.segmented_control(key="calibrate_how").set_value("sigmoid").run()
    app.button(key="calibrate_start").click().run()
    ((job_id, _, params),) = jobs.submitted
    assert params["order"]["how"] == "sigmoid"
    row = Candidate(
        "lightgbm-sigmoid-1", "Tree, calibrated", "ensemble", "ensemble", state="scored", score=0.81,
        calibration={"how": "sigmoid", "curves": []}, members={"lightgbm": 1.0},
    )  # fmt: skip
    part = {"predicted": [0.2], "observed": [0.3], "low": [0.1], "high": [0.4], "rows": [20]}
    check = Check("lightgbm", "sigmoid", 0.2, 0.1, 0.6, 0.5, {"yes": {"before": part, "after": part}}, True, "Calibrated better.")
    write_json(run / "candidates" / row.id / FILE, check.to_dict())
    Leaderboard.load(run / "leaderboard.json").with_candidate(row).save(run / "leaderboard.json")
    append_event(project.job(job_id) / "events.jsonl", Finished({"candidate": row.id}))
    jobs.states[job_id] = "finished"
    app.run()
    assert_clean(app)
    assert any("Calibrated better." in block.value for block in app.markdown)
