"""Which columns matter: the one the target depends on comes first, and every share adds up."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import automl_core.explaining.contributions as contributions_module
from automl_core.cleaning.recipe import Step
from automl_core.drift.importance import shifted_by
from automl_core.drift.sampling import Sample
from automl_core.engines.shap import cost
from automl_core.errors import FormatError, InputError
from automl_core.explaining.contributions import share_out
from automl_core.explaining.curves import curves
from automl_core.explaining.importance import ROWS, Explanation, explain
from automl_core.explaining.shuffling import FEWEST, shuffle_columns
from automl_core.metrics import METRICS
from automl_core.model import build_model
from automl_core.reference import sample_rows
from automl_core.runs import Run
from automl_core.schema import Kind
from automl_core.scoring.bundle import load_model
from tests.explaining.small_models import fit, line, numbers

# SHAP imports matplotlib, which calls pyparsing by its old names.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:matplotlib.*")


def shares(explanation: Explanation) -> dict[str, float]:
    return dict(zip(explanation.contributions.columns, explanation.contributions.mean[0], strict=True))


def test_the_column_that_the_target_depends_on_comes_first_and_the_others_are_zero() -> None:
    frame = numbers()
    found = explain(line(frame), frame)
    assert found.permutation[0].column == "c1"
    assert {entry.column for entry in found.permutation} == {"c0", "c1", "c2", "c3"}
    # Shuffled, the prediction is that of another row: the error's mean square is twice the variance.
    assert found.permutation[0].mean == pytest.approx(np.sqrt(2) * frame["y"].std(), rel=0.1)
    assert 0 < found.permutation[0].spread < 0.2 * found.permutation[0].mean
    for entry in found.permutation[1:]:
        assert entry.mean == pytest.approx(0, abs=1e-9)
    assert (found.metric, found.rows) == ("rmse", 120)
    by_column = shares(found)
    assert max(by_column, key=lambda name: by_column[name]) == "c1"
    assert all(share == pytest.approx(0, abs=1e-9) for name, share in by_column.items() if name != "c1")


def test_a_line_has_its_known_shapley_values() -> None:
    frame = numbers()
    frame["y"] = 2 * frame["c0"] - frame["c2"] + 5
    found = explain(line(frame), frame).contributions
    place = {name: found.columns.index(name) for name in ("c0", "c2")}
    by_hand = {name: np.array([float(row[place[name]]) for row in found.cells]) for name in place}
    for name, weight in (("c0", 2.0), ("c2", -1.0)):
        values = np.array([row[place[name]] for row in found.values])
        # Each is the weight times the distance to the background's mean, so their differences are the weight's.
        assert np.diff(values) == pytest.approx(weight * np.diff(by_hand[name]), abs=1e-8)


def test_columns_named_like_ours_are_explained_like_any_other() -> None:
    """Regression: a column called "self" ended the explanation, since columns were handed over as keywords."""
    names = {"c0": "self", "c1": "prediction", "c2": "row", "c3": "fold"}
    frame = numbers()
    plain, named = explain(line(frame), frame), frame.rename(columns=names)
    model = line(named)
    found = explain(model, named)
    assert found.permutation[0].column == "prediction"
    loss = {names[entry.column]: entry.mean for entry in plain.permutation}
    assert {entry.column: entry.mean for entry in found.permutation} == pytest.approx(loss, abs=1e-9)
    assert shares(found) == pytest.approx({names[name]: share for name, share in shares(plain).items()}, abs=1e-9)
    typed = model.checked(named)
    assert [curve.column for curve in curves(model, typed, list(names.values()))] == list(names.values())
    moved = shifted_by(model, Sample(typed[list(names.values())]))
    assert moved["prediction"] == 1.0 and moved["self"] == pytest.approx(0, abs=1e-9)
    personal = sample_rows(typed[model.inputs.names], model.inputs, {"self": "a name"}, seed=0)
    assert personal["self"].isna().all() and personal["row"].notna().all()


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_base_and_contributions_add_up_to_the_prediction(finished_runs: dict[str, Run], tmp_path: Path, task: str) -> None:
    run = finished_runs[task]
    model = load_model(build_model(run.path, "forest", tmp_path / "model.zip"))
    holdout = run.holdout()
    found = explain(model, holdout, seed=3)
    shared = found.contributions
    predicted = model.predict_values(holdout)
    expected = predicted[:, 1] if task == "binary" else predicted[:, 0] if task == "multiclass" else predicted
    sums = [sum(row) + shared.base[0] for row in shared.values]
    assert len(sums) == len(holdout)  # few rows and a quick model: all of them are explained
    assert sums == pytest.approx(list(expected), abs=1e-9)
    assert shared.columns == model.used
    assert set(shared.columns) == {"age", "income", "city", "member", "joined"}
    assert shared.outputs == {"binary": ("left",), "multiclass": ("low", "mid", "top"), "regression": ("amount",)}[task]
    assert len(shared.base) == len(shared.mean) == len(shared.outputs)
    first = [entry.column for entry in found.permutation]
    assert first[0] == "age"
    assert found.metric == run.config.metric
    by_size = shares(found)
    assert max(by_size, key=lambda name: by_size[name]) == "age"
    assert by_size["joined"] < by_size["age"] / 4


def test_columns_are_the_uploaded_ones_after_one_hot_date_parts_and_text() -> None:
    """A column that becomes many features is shuffled and counted as the one that the person knows."""
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(0)
    rows = 150
    city = rng.choice(["Rome", "Oslo", "Lima"], rows).astype(object)
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 360, rows), unit="D")
    text = np.array([" ".join(rng.choice(["red", "green", "blue", "fast", "slow"], 6)) for _ in range(rows)], dtype=object)
    columns = {"<b>city</b>": city, "when": when.astype("datetime64[ns]"), "words": text, "noise": rng.normal(size=rows)}
    frame = pd.DataFrame(columns)
    frame["y"] = 10.0 * (city == "Rome") + 0.5 * frame["when"].dt.month + np.array([cell.count("red") for cell in text])
    kinds: dict[str, Kind] = {"<b>city</b>": "category", "when": "date", "words": "text", "noise": "number", "y": "number"}
    model = fit(
        frame,
        kinds,
        Ridge(),
        Step("date_parts", {"parts": ["month", "weekday"]}),
        Step("impute", {}),
        Step("text_features", {"dimensions": 3}),
        Step("encode", {"method": "onehot"}),
    )
    found = explain(model, frame)
    assert [entry.column for entry in found.permutation] == ["<b>city</b>", "when", "words", "noise"]
    assert found.contributions.columns == ("<b>city</b>", "when", "words", "noise")
    assert found.permutation[-1].mean == pytest.approx(0, abs=0.05)
    cells = found.contributions.cells[0]
    assert cells[0] in ("Rome", "Oslo", "Lima") and cells[1].startswith("2024-")
    for row in found.contributions.ranks:
        assert row[0] is None and row[2] is None
        assert row[1] is not None and 0 < row[1] <= 1


def test_missing_values_are_shown_as_such() -> None:
    frame = numbers(2, 60)
    frame.loc[::3, "c0"] = np.nan
    found = explain(line(frame), frame).contributions
    place = found.columns.index("c0")
    assert (found.cells[0][place], found.ranks[0][place]) == ("", None)
    assert sum(row[place] == "" for row in found.cells) == 20


def test_one_column_is_enough() -> None:
    frame = numbers(2)[["c1", "y"]]
    found = explain(line(frame), frame)
    assert [entry.column for entry in found.permutation] == ["c1"]
    assert not any("share their importance" in note for note in found.notes)


def test_many_rows_are_sampled_and_it_says_so() -> None:
    frame = numbers(2, ROWS + 500)
    found = explain(line(frame), frame, source="labelled")
    assert found.rows == ROWS
    assert found.notes == (
        "2,000 of 2,500 labelled rows, drawn at random, were used.",
        "Contributions are those of 200 labelled rows; missing knowledge is stood for by 10 other rows.",
        "Columns that say the same share their importance: each may look small although both matter together.",
    )


def test_rows_without_an_outcome_are_left_out() -> None:
    frame = numbers(2, 50)
    model = line(frame)
    frame.loc[:9, "y"] = np.nan
    assert explain(model, frame).rows == 40


def test_little_time_explains_few_rows() -> None:
    frame = numbers(3)
    found = explain(line(frame), frame, seconds=0.0)
    assert len(found.contributions.values) == contributions_module.EXPLAINED[0] == 20
    assert found.notes[0] == "Contributions are those of 20 held-out rows; missing knowledge is stood for by 10 other rows."


def test_the_seed_decides() -> None:
    frame = numbers()
    model = line(frame)
    assert explain(model, frame, seed=1) == explain(model, frame, seed=1)
    assert explain(model, frame, seed=1).permutation != explain(model, frame, seed=2).permutation


def test_it_tells_how_far_it_is() -> None:
    """Regression: a slow ensemble stood at nothing for minutes while its columns were shuffled."""
    frame, told = numbers(), []
    explain(line(frame), frame, tell=lambda done, doing: told.append((round(done, 3), doing)))
    assert told == [
        *[(round(0.7 * place / 4, 3), f"Shuffling column {place + 1} of 4") for place in range(4)],
        (0.7, "Sharing out single predictions among the columns"),
    ]


def test_the_input_is_not_changed() -> None:
    frame = numbers()
    before = frame.copy()
    explain(line(frame), frame)
    pd.testing.assert_frame_equal(frame, before)


def test_a_metric_of_labels_follows_the_models_threshold() -> None:
    from sklearn.linear_model import LogisticRegression

    frame = numbers(3, 200)
    frame["y"] = np.where(frame["c1"] > 0.8, "yes", "no").astype(object)
    kinds: dict[str, Kind] = {"c0": "number", "c1": "number", "c2": "number", "y": "category"}
    made = [
        fit(frame, kinds, LogisticRegression(), Step("impute", {}), classes=("no", "yes"), metric="recall", threshold=threshold)
        for threshold in (0.5, 1.0)
    ]
    usual, never = (explain(model, frame).permutation for model in made)
    assert usual[0].column == "c1" and usual[0].mean > 0.5
    # Nothing is ever predicted as the event, so nothing can be lost.
    assert [entry.mean for entry in never] == [0.0, 0.0, 0.0]


def test_a_metric_that_these_rows_do_not_define_is_replaced_and_it_says_so() -> None:
    """ROC AUC of three labels of which one is missing gave importances that were no numbers."""
    from sklearn.linear_model import LogisticRegression

    frame = numbers(3, 90)
    frame["y"] = np.array(["low", "mid", "top"], dtype=object)[np.digitize(frame["c1"], [-0.4, 0.4])]
    kinds: dict[str, Kind] = {"c0": "number", "c1": "number", "c2": "number", "y": "category"}
    model = fit(frame, kinds, LogisticRegression(), Step("impute", {}), classes=("low", "mid", "top"), metric="roc_auc")
    found = explain(model, frame[frame["y"] != "mid"])
    assert found.metric == "log_loss"
    assert found.notes[0] == "ROC AUC is not defined for these rows; Log loss is used instead."
    assert found.permutation[0].column == "c1" and found.permutation[0].mean > 0.1
    assert explain(model, frame).metric == "roc_auc"


@pytest.mark.parametrize("metric", [name for name, metric in METRICS.items() if "regression" in metric.tasks])
def test_more_is_worse_in_every_metric(metric: str) -> None:
    frame = numbers(3).abs()
    frame["y"] = 3 * frame["c1"]
    found = explain(line(frame, metric=metric), frame)
    assert found.permutation[0].column == "c1"
    assert found.permutation[0].mean > 0.1


def test_a_wide_table_is_explained_in_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three hundred columns once took 8 GB: the columns that matter less now have one share together."""
    frame = numbers(120, 200)
    model = line(frame)
    typed = model.checked(frame)
    ranked = ["c1", *(name for name in typed.columns if name != "c1")]
    monkeypatch.setattr(contributions_module, "MEMORY", 25 * cost(41, 10) * 41)
    found, notes = share_out(model, typed, ranked, seed=0, seconds=60.0)
    assert found.columns == (*[f"c{place}" for place in range(40)], "80 other columns")
    assert notes == ("The 40 columns that matter most have a contribution each, all others one together.",)
    assert len(found.values) == 25
    predicted = model.values_of(typed)
    sums = np.array([sum(row) for row in found.values]) + found.base[0]
    assert set(sums.round(6)) <= set(predicted.round(6))
    assert found.cells[0][-1] == "several" and found.ranks[0][-1] is None


def test_predictions_are_made_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = numbers()
    model = line(frame)
    typed = model.checked(frame)
    whole, _ = share_out(model, typed, list(typed.columns), seed=0, seconds=0.0)
    monkeypatch.setattr(contributions_module, "CELLS", 400)
    parts, _ = share_out(model, typed, list(typed.columns), seed=0, seconds=0.0)
    assert np.allclose(parts.values, whole.values, atol=1e-12)
    assert parts.cells == whole.cells


def test_groups_of_columns_are_shuffled_first_where_time_is_short() -> None:
    frame = numbers(120, 200)
    model = line(frame)
    found, notes = shuffle_columns(model, model.checked(frame), frame["y"].to_numpy(), "rmse", seed=0, seconds=0.0)
    assert len(found) == FEWEST
    assert found[0].column == "c1"
    assert found[0].mean == pytest.approx(np.sqrt(2) * frame["y"].std(), rel=0.25)
    assert notes == (
        "Groups of 11 columns were shuffled first. Only the 40 columns of those that matter most were then shuffled one by one.",
    )
    everything, notes = shuffle_columns(model, model.checked(frame), frame["y"].to_numpy(), "rmse", seed=0, seconds=60.0)
    assert (len(everything), notes) == (120, ())


def test_an_explanation_survives_its_json(finished_runs: dict[str, Run], tmp_path: Path) -> None:
    run = finished_runs["multiclass"]
    model = load_model(build_model(run.path, "logistic", tmp_path / "model.zip"))
    found = explain(model, run.holdout(), seconds=0.0)
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert data["format"] == 1
    assert Explanation.from_dict(data) == found


def test_another_format_is_refused() -> None:
    with pytest.raises(FormatError) as caught:
        Explanation.from_dict({"format": 2})
    assert str(caught.value) == "This explanation has format 2. This version reads format 1."


def test_rows_that_cannot_be_judged_are_refused() -> None:
    frame = numbers()
    with pytest.raises(InputError) as caught:
        explain(line(frame), frame.drop(columns="y"))
    assert str(caught.value).startswith("The column 'y' is missing. To judge a model, its rows need the true outcome.")
