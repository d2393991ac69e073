"""The rows a model was judged on: kept, found again, and read with their columns; ranges checked on them; more rows."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.data.origin import Choice
from automl_core.errors import FormatError, InputError, NotFoundError
from automl_core.evaluation.coverage import Coverage, coverage
from automl_core.evaluation.evaluate import Evaluation
from automl_core.evaluation.judged import Judged, judged_columns, judged_folder, sources
from automl_core.evaluation.learning import LearningCurve, Point, learning_curve, member_of
from automl_core.runs import Run
from automl_core.scoring.bundle import load_model
from automl_core.scoring.conformal import Conformal, fit_conformal
from automl_core.worker.candidates import bundle, drop_stale, evaluate_candidate
from automl_core.worker.judging import compare_groups, find_failing, judge_file
from automl_core.worker.sources import judge_source
from automl_core.workspace import read_json
from tests.conftest import MakeRun, customers
from tests.evaluation.test_evaluate import model


@pytest.fixture
def run(make_run: MakeRun, tmp_path: Path) -> Run:
    made = make_run("binary")
    shutil.copytree(made.path, tmp_path / "run", copy_function=shutil.copy2)
    return Run(tmp_path / "run")


def test_held_out_rows_keep_their_place_in_the_table(run: Run) -> None:
    evaluate_candidate(run, "ensemble")
    folder = judged_folder(run, "ensemble", "held-out")
    judged = Judged.load(folder)
    frame = judged_columns(run, folder, judged, ["age", "outcome", "no such column"])
    assert list(frame.columns) == ["age", "outcome"]
    assert (frame["outcome"].map({"stayed": 0.0, "left": 1.0}).to_numpy() == judged.truth).all()
    pd.testing.assert_series_equal(frame["age"], run.holdout()["age"].reset_index(drop=True))


def test_out_of_fold_rows_beside_held_out_ones(run: Run) -> None:
    evaluate_candidate(run, "ensemble")
    found = judge_source(run, "ensemble", "out-of-fold", load_model(bundle(run, "ensemble")))
    assert (found.source, found.rows) == ("out-of-fold", 180)
    assert found.notes[0] == (
        "Every row is judged by the fold model that did not learn from it, but the search has seen these scores."
    )
    assert read_json(run.evaluation("ensemble"))["source"] == "held-out"
    assert set(sources(run, "ensemble")) == {"held-out", "out-of-fold"}


def test_a_labelled_file_is_judged_and_kept(run: Run, tmp_path: Path) -> None:
    frame = customers(90, seed=5)
    frame.loc[:4, "outcome"] = np.nan
    frame.to_csv(tmp_path / "upload", index=False)
    key = judge_file(run, "ensemble", tmp_path / "upload", "people.csv")
    assert sources(run, "ensemble")[key] == "people.csv"
    folder = judged_folder(run, "ensemble", key)
    found = Evaluation.from_dict(read_json(folder / "evaluation.json"))
    assert (found.source, found.rows, found.notes[0]) == ("people.csv", 85, "5 rows without a value of 'outcome' are left out.")
    assert Judged.load(folder).rows.tolist() == list(range(5, 90))
    assert judge_file(run, "ensemble", tmp_path / "upload", "people.csv") == key  # the same rows twice are one source
    assert find_failing(run, "ensemble", key).exists()
    assert compare_groups(run, "ensemble", key, "member").exists()
    with pytest.raises(NotFoundError, match=r"^These rows have no column 'colour'\. Choose another one\.$"):
        compare_groups(run, "ensemble", key, "colour")


def test_the_part_of_a_labelled_file_that_was_chosen_is_judged(run: Run, tmp_path: Path) -> None:
    """Regression: a labelled file was always read as text: a workbook was refused, and of an archive nobody could choose."""
    with pd.ExcelWriter(tmp_path / "upload", engine="xlsxwriter") as book:
        customers(90, seed=5).to_excel(book, sheet_name="May", index=False)
        customers(70, seed=6).to_excel(book, sheet_name="June", index=False)
    keys = [judge_file(run, "ensemble", tmp_path / "upload", "people.xlsx", Choice(sheet=name)) for name in ("May", "June")]
    assert keys[0] != keys[1]
    assert [len(Judged.load(judged_folder(run, "ensemble", key))) for key in keys] == [90, 70]
    plain = judge_file(run, "ensemble", tmp_path / "upload", "people.xlsx")
    assert plain not in keys and plain == judge_file(run, "ensemble", tmp_path / "upload", "people.xlsx", Choice())


def test_lines_of_a_labelled_file_that_cannot_be_read_are_told(run: Run, tmp_path: Path) -> None:
    text = customers(60, seed=5).to_csv(index=False)
    (tmp_path / "upload").write_text(
        text + "1,2,3,4,5,6,7,8,9,10,11,12\n" + customers(20, seed=6).to_csv(index=False, header=False)
    )
    key = judge_file(run, "ensemble", tmp_path / "upload", "people.csv")
    found = Evaluation.from_dict(read_json(judged_folder(run, "ensemble", key) / "evaluation.json"))
    assert found.rows == 80
    assert found.notes[0] == "1 line could not be read as a row and is left out."


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(lambda frame: frame.drop(columns="outcome"), "The column 'outcome' is missing.", id="no-target"),
        pytest.param(lambda frame: frame.assign(outcome="left"), "Every row has the label 'left'.", id="constant-target"),
        pytest.param(
            lambda frame: frame.assign(outcome="gone"),
            "40 rows have labels the model never learned: 'gone'.",
            id="unseen-classes",
        ),
        pytest.param(
            lambda frame: frame.drop(columns=["age", "city"]),
            "The column 'age' is missing, and the model needs it.",
            id="missing-column",
        ),
    ],
)
def test_a_file_that_cannot_judge_is_refused(run: Run, tmp_path: Path, change: object, said: str) -> None:
    change(customers(40)).to_csv(tmp_path / "upload", index=False)  # type: ignore[operator]
    with pytest.raises(InputError) as caught:
        judge_file(run, "ensemble", tmp_path / "upload", "people.csv")
    assert said in str(caught.value)
    assert list(sources(run, "ensemble")) == ["held-out", "out-of-fold"]


def test_a_file_that_is_no_table_is_called_by_its_own_name(run: Run, tmp_path: Path) -> None:
    (tmp_path / "upload-1").write_bytes(b"")
    with pytest.raises(InputError) as caught:
        judge_file(run, "ensemble", tmp_path / "upload-1", "people.csv")
    assert "people.csv" in str(caught.value) and "upload-1" not in str(caught.value)


def test_a_column_named_like_ours_is_only_a_column(run: Run, tmp_path: Path) -> None:
    customers(60, seed=6).assign(prediction="left", probability_left=0.5, truth=1).to_csv(tmp_path / "upload", index=False)
    key = judge_file(run, "ensemble", tmp_path / "upload", "people.csv")
    customers(60, seed=6).to_csv(tmp_path / "plain", index=False)
    other = judge_file(run, "ensemble", tmp_path / "plain", "people.csv")
    one, two = (Judged.load(judged_folder(run, "ensemble", name)) for name in (key, other))
    assert (one.values == two.values).all()


def test_rows_without_any_value_are_judged_too(run: Run, tmp_path: Path) -> None:
    frame = customers(60, seed=6)
    frame.loc[3, ["age", "income", "city", "member", "joined"]] = np.nan
    frame.to_csv(tmp_path / "upload", index=False)
    judged = Judged.load(judged_folder(run, "ensemble", judge_file(run, "ensemble", tmp_path / "upload", "people.csv")))
    assert len(judged) == 60 and np.isfinite(judged.values).all()


def test_what_is_no_source_is_refused(run: Run) -> None:
    with pytest.raises(InputError) as caught:
        judged_folder(run, "ensemble", "../../etc")
    assert str(caught.value) == "'../../etc' names no rows. There are held-out, out-of-fold, and files. Choose one of them."
    with pytest.raises(NotFoundError, match=r"^These rows were not judged yet\. Judge the model on them first\.$"):
        find_failing(run, "ensemble", "out-of-fold")


def test_a_deleted_table_is_said(run: Run) -> None:
    evaluate_candidate(run, "ensemble")
    shutil.rmtree(run.path / "dataset")
    request = read_json(run.path / "request.json")
    from automl_core.workspace import new_id, write_json

    request["params"]["dataset"] = new_id("ds")
    write_json(run.path / "request.json", request)
    with pytest.raises(NotFoundError, match="is no longer in the project"):
        find_failing(run, "ensemble", "held-out")
    with pytest.raises(NotFoundError, match="is no longer in the project"):
        learning_curve(_fittable(run), "logistic")


def test_what_is_older_than_its_model_is_removed(run: Run) -> None:
    import os
    import time

    for name in ("logistic", "forest"):
        evaluate_candidate(run, name)
    later = time.time() + 10
    os.utime(run.path / "candidates" / "forest" / "candidate.json", (later, later))
    drop_stale(run)
    assert (judged_folder(run, "logistic", "held-out") / "rows.npz").exists()
    assert not judged_folder(run, "forest", "held-out").exists()


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_certainty_asked_for_is_checked(make_run: MakeRun, task: str) -> None:
    made = make_run(task, frame=customers(1200))
    evaluate_candidate(made, "ensemble")
    found = Coverage.from_dict(read_json(judged_folder(made, "ensemble", "held-out") / "coverage.json"))
    assert (found.rows, found.learned) == (300, 900)
    for held in found.held:
        assert held.low <= held.inside <= held.high
        assert held.inside > held.asked - 0.06
    assert sum(part.rows for part in found.parts) == 300
    assert sum(found.sets) == (0 if task == "regression" else 300)


def test_a_sentence_says_whether_the_promise_was_kept() -> None:
    rng = np.random.default_rng(0)
    told = fit_conformal(rng.normal(size=4000), np.zeros(4000), ())
    judged = Judged(2 * rng.normal(size=2000), np.zeros(2000), np.arange(2000))
    found = coverage(model(manifest={"conformal": told.to_dict()}), judged)
    assert found is not None and coverage(model(), judged) is None
    sentence = found.sentence("price")
    assert sentence.startswith("Asked for 90 %: the truth lay inside for 5")
    assert "less often than promised, 3.2" in sentence and sentence.endswith(" of 'price' wide on average.")
    with pytest.raises(FormatError, match=r"^This coverage has format 2\."):
        Coverage.from_dict({"format": 2})


def test_sets_that_pass_a_likelier_label_over_are_counted_and_explained() -> None:
    told = Conformal(90, least=((0.1,) * 50, (0.5,) * 50, (0.3,) * 50))
    asked = model("a", "b", "c", manifest={"conformal": told.to_dict()})
    values = np.array([[0.15, 0.6, 0.25], [0.05, 0.6, 0.35], [0.8, 0.1, 0.1]])
    found = coverage(asked, Judged(np.array([0.0, 1.0, 0.0]), values, np.arange(3)))
    assert found is not None and found.passed_over == 1 and Coverage.from_dict(found.to_dict()) == found
    assert found.note == (
        "In 1 of 3 rows a label is possible at 90 % and a more probable one is not: each label has a limit of its own, so that "
        "rare labels are covered as often as frequent ones."
    )
    assert Coverage(3, 9, (), ()).note == ""


def curve(*means: float, greater: bool = True) -> LearningCurve:
    points = [
        Point(100 * (place + 1), (place + 1) / len(means), (m - 0.01, m, m + 0.01), (0.9,)) for place, m in enumerate(means)
    ]
    return LearningCurve("lr", "Line", "roc_auc", "ROC AUC", greater, tuple(points))


def test_whether_more_rows_help_is_said() -> None:
    assert curve(0.7, 0.8).sentence == (
        "ROC AUC went from 0.7 with 50 % of the rows to 0.8 with all 200. "
        "It was still getting better, so more rows would probably help."
    )
    assert curve(0.8, 0.8).sentence.endswith("More rows of the same kind would hardly help; other columns might.")
    assert curve(0.7, 0.8, greater=False).sentence.endswith("would hardly help; other columns might.")
    assert curve(0.8).sentence == "There are too few rows to tell whether more would help."
    assert LearningCurve.from_dict(curve(0.7, 0.8).to_dict()) == curve(0.7, 0.8)


def _fittable(run: Run) -> Run:
    """Give the run's linear model what it takes to fit it again."""
    from dataclasses import replace

    board = run.leaderboard()
    spec = {
        "id": "logistic", "name": "Logistic", "family": "linear", "class_path": "sklearn.linear_model.LogisticRegression",
        "params": {"max_iter": 500}, "view": "encoded", "early_stopping": False, "resampling": "",
    }  # fmt: skip
    board.with_candidate(replace(board["logistic"], spec=spec)).save(run.path / "leaderboard.json")
    return run


def test_a_model_learns_from_growing_parts(run: Run) -> None:
    told: list[float] = []
    found = learning_curve(_fittable(run), "ensemble", tell=lambda done, doing: told.append(done))
    assert (found.candidate, found.metric) == ("logistic", "roc_auc")
    assert [point.rows for point in found.points] == [36, 63, 90]  # of 90 a fold; a tenth and a fifth are too few
    assert all(len(point.judged) == len(point.learned) == 2 for point in found.points)
    assert told == sorted(told) and told[0] == 0
    assert 0.5 < min(found.points[-1].judged) <= 1


def test_a_model_that_cannot_be_fitted_again_is_refused(run: Run) -> None:
    with pytest.raises(InputError) as caught:
        member_of(run, run.leaderboard()["ensemble"])
    assert str(caught.value) == "Ensemble cannot be learned again. Choose another model of the leaderboard."
