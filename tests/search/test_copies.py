"""Equal rows: which they are, and whether a random split keeps them together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl_core.search import copies
from automl_core.search.copies import find_copies, keep_together


def twice(rows: int = 200, copied: int = 10) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows of many different values, the first of which were entered twice."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=rows), "w": rng.choice(["a", "b"], rows).astype(object)})
    y = rng.integers(0, 2, rows).astype(float)
    again = pd.concat([frame, frame.iloc[:copied]], ignore_index=True)
    return again, np.r_[y, y[:copied]]


def test_equal_rows_are_those_whose_cells_and_target_are_equal() -> None:
    frame = pd.DataFrame(
        {
            "x": [1.0, 1.0, np.nan, np.nan, 0.0, -0.0, 1.0],
            "w": pd.Series(["a", "a", None, None, "b", "b", "a"], dtype=object),
        }
    )
    found = find_copies(frame, np.array([1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0]))
    assert found.leader.tolist() == [0, 0, 2, 2, 4, 4, 6]  # the last one has another target
    assert found.rows == 6 and found.sizes.tolist() == [2, 2, 2]


def test_cells_in_another_column_do_not_make_rows_equal() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [2.0, 1.0]})
    assert find_copies(frame, np.zeros(2)).rows == 0


def test_what_is_found_does_not_depend_on_the_order_of_columns() -> None:
    frame, y = twice()
    frame = frame.assign(**{f"c{place}": frame["x"] * place for place in range(9)})
    assert find_copies(frame, y).leader.tolist() == find_copies(frame[frame.columns[::-1]], y).leader.tolist()
    assert find_copies(frame, y).leader[200:].tolist() == list(range(10))


def together(frame: pd.DataFrame, y: np.ndarray) -> tuple[int, str]:
    found = keep_together(find_copies(frame, y), frame, y)
    return found.value.rows, found.reason


def test_rows_that_were_entered_twice_stay_together() -> None:
    assert together(*twice()) == (
        20,
        "20 of 210 rows have an exact copy in the table. Copies stay on the same side, so that no model is judged on a row that "
        "it has learned.",
    )


def test_a_table_that_was_exported_twice_stays_together_too() -> None:
    assert together(*twice(copied=200))[0] == 400


@pytest.mark.parametrize(("copied", "kept"), [(22, 44), (23, 0), (119, 0), (120, 240)])
def test_where_many_rows_have_a_copy_new_ones_will_too(copied: int, kept: int) -> None:
    """Between a fifth and three quarters of the rows are how the table is made; more is a table that was exported twice."""
    rows, reason = together(*twice(200, copied))
    assert rows == kept
    if not kept:
        assert reason == (
            f"{2 * copied} of {200 + copied} rows have an exact copy in the table. Where so many are copies, new rows will "
            "repeat known ones as often, so they are divided like all others. If they are cases entered twice, switch on "
            "'Leave duplicate rows out' on the Clean page."
        )


def test_without_equal_rows_there_is_nothing_to_say() -> None:
    assert together(*twice(copied=0)) == (0, "")


@pytest.mark.parametrize("rows", [150, 600])
def test_rows_of_few_values_are_equal_by_chance_and_divided_like_all_others(rows: int) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.choice(list("abcd"), rows).astype(object) for name in "uvwx"})
    y = rng.integers(0, 2, rows).astype(float)
    equal = find_copies(frame, y).rows
    assert equal == {150: 31, 600: 410}[rows]
    assert together(frame, y) == (
        0,
        f"{equal} of {rows} rows have an exact copy in the table. They are of such usual values that new rows will be equal to "
        "them too, and are divided like all others.",
    )


def test_columns_that_repeat_each_other_do_not_hide_chance() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.choice(list("abcd"), 150).astype(object) for name in "uvwx"})
    y = rng.integers(0, 2, 150).astype(float)
    doubled = pd.concat([frame, frame.add_suffix("2")], axis=1)[["u", "u2", "v", "v2", "w", "w2", "x", "x2"]]
    assert together(doubled, y)[0] == 0


def test_cases_that_were_entered_twice_are_told_from_rows_that_are_equal_by_chance() -> None:
    """Rows without the one telling cell are equal by chance, the others are not."""
    frame, y = twice()
    frame.loc[50:89, "x"] = np.nan
    kept, reason = together(frame, y)
    assert kept == 20
    assert reason == (
        "60 of 210 rows have an exact copy in the table. 20 of them stay on the same side, so that no model is judged on a row "
        "that it has learned; the other 40 are of such usual values that new rows will be equal to them too, and are divided "
        "like all others."
    )


def test_one_row_that_is_a_large_part_of_the_table_does_not_fill_a_fold() -> None:
    frame, y = twice(copied=0)
    frame.loc[:39, ["x", "w"]] = [0.0, "a"]
    y[:40] = 0
    assert together(frame, y)[0] == 0


def test_a_sample_of_the_rows_tells_chance_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "SAMPLE", 50)
    frame, y = twice()
    assert together(frame, y)[0] == 20
    frame["x"] = np.arange(210) % 5.0
    assert together(frame, y)[0] == 0
