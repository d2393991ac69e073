"""What was gained, in numbers worked out by hand."""

from __future__ import annotations

import pytest

from automl_core.tuning.gain import measure_gain


def test_nothing_gained_says_so() -> None:
    found = measure_gain([0.8, 0.9], [[0.7, 0.8], [0.8, 0.9]], greater_is_better=True)
    assert (found.verdict, found.gain, found.low) == ("not gained", 0.0, None)
    assert found.sentence == "Not gained: none of the 2 trials was better than the model as it is. It stays as it was."


def test_a_steady_gain_is_sure() -> None:
    found = measure_gain([0.5, 0.6, 0.7], [[0.6, 0.7, 0.8]], greater_is_better=True)
    assert found.verdict == "gained"
    assert found.gain == pytest.approx(0.1) and found.bias == 0.0
    assert found.low == pytest.approx(0.1) == found.high
    assert found.sentence.startswith("Gained: better by 0.1 over the folds; +0.1 to +0.1 (95 %)")


def test_a_gain_that_differs_from_fold_to_fold_is_not_sure_and_errors_count_the_other_way() -> None:
    found = measure_gain([3.0, 3.0, 3.0], [[1.0, 3.0, 2.9], [2.9, 2.0, 3.0]], greater_is_better=False)
    assert found.verdict == "unclear" and found.after == pytest.approx(2.3)
    assert found.gain == pytest.approx(0.7)
    assert found.bias == pytest.approx(1 / 3), "on the second fold the other trial is better by one"
    assert found.low is not None and found.low < 0 < found.high
    assert found.sentence.startswith("Not sure to be gained: better by 0.7")
