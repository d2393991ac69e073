"""Calibration: exact curves on tiny data, cross-fitted predictions, and what it did."""

from __future__ import annotations

import numpy as np
import pytest

from automl_core.combining import calibrate
from automl_core.combining.calibrate import calibrate_row, fit_calibration, load_check
from automl_core.combining.stack import stack_rows
from automl_core.errors import InputError
from automl_core.model import build_model
from automl_core.relearning import plan
from automl_core.run_parts import out_of_fold
from automl_core.runs import Run
from automl_core.scoring.bundle import load_model
from automl_core.scoring.calibration import Calibration, Curve
from tests.combining.test_combining import exported


def pair(event: list[float]) -> np.ndarray:
    values = np.array(event)
    return np.column_stack([1 - values, values])


def test_isotonic_pools_what_falls_and_stays_away_from_the_ends() -> None:
    found = fit_calibration(pair([0.1, 0.2, 0.3, 0.4, 0.9, 0.95]), np.array([0, 1, 0, 0, 1, 1]), "isotonic")
    at = found.apply(pair([0.0, 0.2, 0.3, 0.4, 0.95, 1.0]))[:, 1]
    np.testing.assert_allclose(at, [1 / 8, 1 / 3, 1 / 3, 1 / 3, 7 / 8, 7 / 8])


def test_sigmoid_finds_the_line_that_was_lost() -> None:
    rng = np.random.default_rng(0)
    true = rng.uniform(0.02, 0.98, 40_000)
    codes = (rng.uniform(size=len(true)) < true).astype(int)
    odds = np.log(true / (1 - true))
    too_sure = 1 / (1 + np.exp(-(2 * odds + 1)))
    curve = fit_calibration(pair(list(too_sure)), codes, "sigmoid").curves[0]
    assert curve.slope == pytest.approx(0.5, abs=0.03) and curve.height == pytest.approx(-0.5, abs=0.05)


def test_several_labels_sum_to_one_and_a_calibration_outlives_its_file() -> None:
    made = Calibration("isotonic", (Curve((0, 1), (0.1, 0.9)), Curve((0, 1), (0.2, 0.8)), Curve(slope=1.0)))
    values = np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])
    found = made.apply(values)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    np.testing.assert_allclose(found[0], np.array([0.26, 0.38, 0.5]) / 1.14)
    assert Calibration.from_dict(made.to_dict()) == made
    assert made.apply(values[:0]).shape == (0, 3)


def test_a_calibrated_model_is_a_row_of_its_own_with_honest_scores(run: Run) -> None:
    before = run.leaderboard()["dt"]
    row = calibrate_row(run, "dt", "sigmoid")
    assert (row.id, row.name, row.members) == ("dt-sigmoid-1", f"{before.name}, calibrated (sigmoid)", {"dt": 1.0})
    check = load_check(run, row)
    assert check.helped and check.loss_after < check.loss_before, "a tree without limits says 0 or 1"
    own, _ = out_of_fold(run.path, row)
    assert len(np.unique(own[:, 1])) > 2, "each fold has its own curve"
    assert set(check.curves) == {"yes"} and set(check.curves["yes"]) == {"before", "after"}
    assert check.sentence.startswith("Calibrated better. On rows that did not choose the curve: log loss ")
    values = exported(run, row)
    plain = load_model(build_model(run.path, "dt", run.path / "dt.zip")).predict_values(run.dataset().frame())
    np.testing.assert_allclose(values, Calibration.from_dict(row.calibration).apply(plain), rtol=1e-6)


def test_a_stack_can_be_calibrated(run: Run) -> None:
    row = calibrate_row(run, stack_rows(run, ["lr", "dt"]).id, "sigmoid")
    assert row.stack["candidates"] == ["lr", "dt"] and exported(run, row).shape == (150, 2)


def test_a_free_curve_wants_rows(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError) as error:
        calibrate_row(run, "dt")
    assert str(error.value).startswith("The rarest label has ")
    assert str(error.value).endswith("rows. A curve of this kind needs 200 at least. Take the sigmoid instead.")
    monkeypatch.setitem(calibrate.FEWEST, "isotonic", 5)
    row = calibrate_row(run, "lr")
    with pytest.raises(InputError, match="is calibrated already. Choose the row that it was made from."):
        calibrate_row(run, row.id)
    with pytest.raises(InputError, match="There is no calibration 'magic'"):
        calibrate_row(run, "lr", "magic")  # type: ignore[arg-type]


def test_what_learned_from_out_of_fold_predictions_does_not_learn_every_row(run: Run) -> None:
    from automl_core.worker.candidates import evaluate_candidate

    row = calibrate_row(run, "dt", "sigmoid")
    evaluate_candidate(run, row.id)
    with pytest.raises(InputError, match="was learned from what others predict for rows that they had not seen"):
        plan(run, row.id)
