"""What one split of a judged table says."""

import chance
import pandas as pd
import pytest


@pytest.mark.parametrize(("greater", "expected"), [(True, [10.0, -50.0]), (False, [-10.0, 50.0])])
def test_the_difference_is_in_percent_of_the_other_models_score(greater: bool, expected: list[float]) -> None:
    assert chance.differences([0.55, 2.0], [0.5, 4.0], greater_is_better=greater) == pytest.approx(expected)


def test_words_become_numbers_and_missing_cells_the_median() -> None:
    frame = pd.DataFrame({"word": ["b", "a", "b"], "size": [1.0, None, 3.0], "y": [0, 1, 0]})
    assert chance.plain(frame, "y").to_dict("list") == {"word": [1.0, 0.0, 1.0], "size": [1.0, 2.0, 3.0]}
