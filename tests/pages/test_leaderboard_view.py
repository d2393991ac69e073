"""The leaderboard's page: groups and marks, other choices, warnings, what is folded away, learning the kept rows too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from automl_core.experiment import ExperimentConfig
from automl_core.honesty import HeldOut
from automl_core.leaderboard import Candidate, Leaderboard
from automl_core.relearning import KIND, Origin
from automl_core.runs import write_request
from automl_core.workspace import ProjectFolder, new_id, read_json, write_json
from tests.pages.conftest import Jobs, assert_clean, open_page, write_evaluation


def row(name: str, folds: tuple[float, ...], role: str = "model", **more: Any) -> Candidate:
    score = sum(folds) / len(folds)
    return Candidate(name, name.title(), "linear", role, state="scored", fold_scores=folds, score=score, spread=0.01, **more)


ROWS = (
    row("dummy", (0.5, 0.5, 0.5), "baseline", predict_ms=0.1),
    row(
        "best", (0.90, 0.91, 0.92), predict_ms=40.0, spec={"id": "best", "name": "Best", "family": "linear", "class_path": "a.B"}
    ),
    row("near", (0.90, 0.90, 0.924), predict_ms=5.0),
    row("far", (0.80, 0.811, 0.82), predict_ms=1.0),
)


@pytest.fixture
def run(run_folder: Path) -> Path:
    """A run with a leaderboard that can be judged."""
    board = Leaderboard("roc_auc", True, ROWS, recommended="best", recommendation="It has the best ROC AUC.")
    board.save(run_folder / "leaderboard.json")
    return run_folder


def judged(run: Path, value: float = 0.9) -> None:
    """Store a held-out verdict and what a search leaves besides."""
    import numpy as np

    metrics = {"roc_auc": {"value": value, "low": value - 0.03, "high": value + 0.03}}
    write_evaluation(run, "best", {"format": 1, "source": "held-out", "rows": 12, "metrics": metrics})
    write_json(run / "task.json", {"format": 1, "classes": [], "config": read_json(run / "request.json")["params"]["config"]})
    write_json(run / "candidates" / "best" / "candidate.json", ROWS[1].to_dict())
    np.savez(run / "split.npz", rows=[0], holdout=[0], train=[0], fold=np.array([0, 1, 2]), forward=[False])


def test_groups_and_marks_stand_in_the_table(project: ProjectFolder, run: Path) -> None:
    app = open_page("compare", project=project.id)
    table = app.dataframe[0].value
    assert list(table["Model"]) == ["Best", "Near", "Far", "Dummy"]
    assert list(table["Group"]) == ["A", "A", "B", "C"]
    assert list(table["Marks"]) == ["Recommended, Best single", "Fastest alike, Fastest near best", "", "Baseline"]
    said = [caption.value for caption in app.caption]
    assert any(text.startswith("2 of 4 cannot be told apart (group A)") for text in said)
    assert any("best of 3 by these scores" in text for text in said)
    assert not app.main.get("warning")


@pytest.mark.parametrize("metric", ["roc_auc", "kpi"])
def test_a_figure_of_ones_own_stands_beside_the_score_unless_it_is_the_score(
    project: ProjectFolder, run: Path, metric: str
) -> None:
    """Regression: only money had a column."""
    request = read_json(run / "request.json")
    request["params"]["config"].update(
        metric=metric, kpi={"name": "Years", "formula": "share(error)", "greater_is_better": False}
    )
    write_json(run / "request.json", request)
    rows = (ROWS[0], replace(ROWS[1], metrics={"kpi": 0.125}))
    Leaderboard(metric, True, rows, recommended="best").save(run / "leaderboard.json")
    app = open_page("compare", project=project.id)
    table = app.dataframe[0]
    assert ("Own figure" in table.proto.column_order) is (metric != "kpi")
    assert list(table.value["Own figure"]) == ["0.125", ""]
    assert '"label": "Years"' in table.proto.columns


def test_another_model_can_be_used_instead(project: ProjectFolder, run: Path) -> None:
    key = f"compare_{run.name}"
    app = open_page("compare", project=project.id)
    app.button(key=f"{key}_use_near").click().run()
    assert_clean(app)
    assert app.query_params["model"] == "near"
    assert "In use: **Near**" in [text.value for text in app.markdown]
    assert app.button(key=f"{key}_inspect").label == "Inspect the one in use"
    assert app.button(key=f"{key}_use_best").label == "Use this instead"
    app.switch_page("pages/predict/page.py").run()
    assert_clean(app)
    assert app.query_params["model"] == "near"


def test_search_and_held_out_that_part_ways_are_a_warning(project: ProjectFolder, run: Path) -> None:
    judged(run, 0.6)
    app = open_page("compare", project=project.id)
    assert app.warning[0].value.endswith("rows that belong together and were split.")


def test_the_chart_shows_scores_or_the_course(project: ProjectFolder, run: Path) -> None:
    key = f"compare_{run.name}_chart_ended"
    app = open_page("compare", project=project.id)
    assert app.segmented_control(key=key).value == "Scores"
    app.segmented_control(key=key).set_value("Course").run()
    assert_clean(app)
    assert len(app.get("plotly_chart")) == 1


def test_while_it_runs_nothing_is_judged_yet(project: ProjectFolder, run: Path, jobs: Jobs) -> None:
    jobs.states[run.name] = "running"
    app = open_page("compare", project=project.id, run=run.name)
    assert not [button for button in app.button if "_use_" in button.key]
    assert not any("told apart" in caption.value for caption in app.caption)
    assert app.markdown[0].value == "Best so far: **Best**, ROC AUC 0.910 ± 0.010"
    assert app.segmented_control(key=f"compare_{run.name}_chart_live").value == "Course"


def test_a_baseline_alone_is_not_called_the_best(project: ProjectFolder, run: Path, jobs: Jobs) -> None:
    """Regression: while PyCaret started, a dummy with ROC AUC 0.5 was the best so far."""
    jobs.states[run.name] = "running"
    Leaderboard("roc_auc", True, ROWS[:1], recommended="dummy").save(run / "leaderboard.json")
    app = open_page("compare", project=project.id, run=run.name)
    assert app.markdown[0].value == "Only the baseline so far: **Dummy**, ROC AUC 0.500 ± 0.010"


@pytest.mark.parametrize(("score", "told"), [(0.45, True), (0.55, False)])
def test_a_run_that_is_behind_the_baseline_says_so(
    score: float, told: bool, project: ProjectFolder, run: Path, jobs: Jobs
) -> None:
    jobs.states[run.name] = "running"
    Leaderboard("roc_auc", True, (ROWS[0], row("lr", (score,) * 3)), recommended="lr").save(run / "leaderboard.json")
    app = open_page("compare", project=project.id, run=run.name)
    said = "The baseline, which ignores every column, is ahead of it so far."
    assert (said in [caption.value for caption in app.caption]) is told


def test_many_rows_without_a_score_are_folded_away(project: ProjectFolder, run: Path) -> None:
    lost = tuple(Candidate(f"x{k}", f"Model {k}", "kernel", state="failed", reason="It failed.") for k in range(6))
    board = Leaderboard.load(run / "leaderboard.json")
    replace(board, candidates=(*ROWS, *lost)).save(run / "leaderboard.json")
    app = open_page("compare", project=project.id)
    assert list(app.dataframe[0].value["Model"]) == ["Best", "Near", "Far", "Dummy"]
    assert "6 models without a score, and why" in [expander.label for expander in app.expander]
    names = "; ".join(f"Model {k}" for k in range(6))
    assert f"**Failed\\: {names}**  \nIt failed." in [caption.value for caption in app.caption]  # once, and not for each


def test_a_reason_stands_below_the_table_and_not_in_a_cell(project: ProjectFolder, run: Path) -> None:
    """Regression: a sentence in a cell made the table scroll sideways."""
    first = replace(ROWS[1], reason="A first look at 10 rows.", suggestion="Wait.")
    board = Leaderboard.load(run / "leaderboard.json")
    replace(board, candidates=(ROWS[0], first, *ROWS[2:])).save(run / "leaderboard.json")
    app = open_page("compare", project=project.id)
    assert not any("first look" in str(cell) for cell in app.dataframe[0].value.to_numpy().ravel())
    assert "**Best**  \nA first look at 10 rows. Wait." in [caption.value for caption in app.caption]


def test_one_click_learns_the_kept_rows_too(project: ProjectFolder, run: Path, jobs: Jobs) -> None:
    key = f"compare_{run.name}"
    app = open_page("compare", project=project.id, run=run.name)
    assert f"{key}_relearn" not in [button.key for button in app.button]
    judged(run)
    app = open_page("compare", project=project.id, run=run.name)
    app.button(key=f"{key}_relearn").click().run()
    assert_clean(app)
    ((made, kind, params),) = jobs.submitted
    assert kind == KIND
    assert params["config"]["holdout"] == 0
    assert params["config"]["folds"] == 3
    assert params[KIND]["run"] == run.name
    assert [spec["id"] for spec in params[KIND]["specs"]] == ["best"]
    assert app.query_params["run"] == made
    back = open_page("compare", project=project.id, run=run.name)
    assert back.button(key=f"{key}_relearned").label == "See it with every row learned"


@pytest.fixture
def relearned(project: ProjectFolder, run: Path) -> Path:
    """A run in which a judged model learned every row."""
    folder = project.run(new_id("rn"))
    config = ExperimentConfig(target="bought", task="binary", metric="roc_auc", positive="yes", holdout=0.0)
    origin = Origin(run.name, "best", "Best", {}, (), "roc_auc", HeldOut(0.9, 0.87, 0.93, 12))
    write_request(folder, KIND, {**read_json(run / "request.json")["params"], "config": config.to_dict(), KIND: origin.to_dict()})
    Leaderboard("roc_auc", True, ROWS[:2], recommended="best").save(folder / "leaderboard.json")
    return folder


def test_a_model_that_learned_every_row_is_offered_no_more_time(project: ProjectFolder, relearned: Path, jobs: Jobs) -> None:
    """Regression: a folder of the command line that was taken over offered what then failed."""
    request = {**read_json(relearned / "request.json"), "kind": "train"}
    write_json(relearned / "request.json", request)
    jobs.states[relearned.name] = "finished"
    app = open_page("compare", project=project.id, run=relearned.name)
    assert_clean(app)
    assert f"compare_{relearned.name}_resume" not in [button.key for button in app.button]
    request["params"].pop(KIND)
    write_json(relearned / "request.json", request)
    app = open_page("compare", project=project.id, run=relearned.name)
    assert f"compare_{relearned.name}_resume" in [button.key for button in app.button]


def test_a_model_that_learned_every_row_shows_why_it_can_be_trusted(project: ProjectFolder, relearned: Path) -> None:
    reason = (
        "It learned every row, so its own scores are out-of-fold. The same model, chosen and judged before, had ROC AUC 0.9 "
        "(0.87 to 0.93) on 12 rows that it had not learned from."
    )
    app = open_page("compare", project=project.id, run=relearned.name)
    assert f":material/verified: {reason}" in [caption.value for caption in app.caption]
    assert app.markdown[0].value.endswith("out-of-fold")
    assert "Score, out-of-fold" in app.dataframe[0].value
    assert not any("told apart" in caption.value for caption in app.caption)
    assert "every row learned" in app.selectbox[0].options[0]
    inspect = open_page("explain", project=project.id, run=relearned.name)
    assert [info.value for info in inspect.info] == [reason]
    assert "See its verdict" in [link.label for link in inspect.page_link]
