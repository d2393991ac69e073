"""Where a model fails: the group that was made to fail is found, in words; cells and rows by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.errors import FormatError, InputError
from automl_core.evaluation.failing import Failing, errors_of, failing
from automl_core.evaluation.heat import heat
from automl_core.evaluation.judged import Judged
from automl_core.evaluation.parting import parted
from automl_core.schema import Column, Schema
from automl_core.scoring.bundle import Model
from tests.evaluation.test_evaluate import model

SCHEMA = Schema(
    (Column("x", "number"), Column("town", "category"), Column("day", "date"), Column("key", "id"), Column("y", "number"))
)


def judging(*classes: str) -> Model:
    return model(*classes, schema=SCHEMA, used=("x", "town", "day", "key"))


def rows(n: int = 2000) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "x": rng.integers(0, 100, n).astype(float),
            "town": rng.choice(["Oslo", "Rome", "Lima", "Cork"], n).astype(object),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, n), unit="D"),
            "key": [f"K{place}" for place in range(n)],
        }
    )
    frame.loc[frame.index % 10 == 3, "town"] = np.nan
    return frame


def values_off(frame: pd.DataFrame, bad: Any) -> Judged:
    truth = np.zeros(len(frame))
    rng = np.random.default_rng(1)
    return Judged(truth, np.where(bad, 10.0, 1.0) + rng.normal(0, 0.1, len(frame)), np.arange(len(frame)))


def test_the_group_that_fails_is_found_in_words() -> None:
    frame = rows()
    bad = ((frame["x"] > 70) & (frame["town"] == "Rome")).to_numpy()
    found = failing(judging(), values_off(frame, bad), frame)
    assert [group.words for group in found.groups] == ["'x' is above 70 and 'town' is 'Rome'"]
    (group,) = found.groups
    assert group.rows == int(bad.sum())
    assert group.error == pytest.approx(10, abs=0.1)
    assert group.lift == pytest.approx(10 / found.error, rel=0.01)
    assert group.of_all == pytest.approx(10 * bad.mean() / found.error, rel=0.01)
    assert found.columns == ("x", "town", "day")  # a key is no group
    assert found.notes == ("Half of the rows found the groups, the other half measured their errors.",)


def test_missing_cells_are_a_group_of_their_own() -> None:
    frame = rows()
    found = failing(judging(), values_off(frame, frame["town"].isna().to_numpy()), frame)
    assert [group.words for group in found.groups] == ["'town' is (missing)"]
    frame.loc[frame.index % 5 == 0, "x"] = np.nan
    found = failing(judging(), values_off(frame, frame["x"].isna().to_numpy()), frame)
    assert [group.words for group in found.groups] == ["'x' is missing"]
    found = failing(judging(), values_off(frame, frame["x"].notna().to_numpy()), frame)
    assert [group.words for group in found.groups] == ["'x' is known"]


def test_words_that_hardly_occur_make_no_group() -> None:
    """Put in the order of the errors that they happened to have, the numbers of tickets named a group of any size."""
    frame = rows(300)
    frame["town"] = [f"ticket {place}" for place in range(300)]
    bad = np.random.default_rng(5).random(300) < 0.2
    found = failing(judging(), values_off(frame, bad), frame)
    assert not any("town" in group.words for group in found.groups)
    assert found.worst[0]["cells"]["day"] == str(frame["day"].iloc[found.worst[0]["row"] - 1].date())


def test_dates_are_told_as_days() -> None:
    frame = rows()
    late = (frame["day"] >= pd.Timestamp("2024-09-01")).to_numpy()
    (group,) = failing(judging(), values_off(frame, late), frame).groups
    assert group.words == "'day' is after 2024-08-31"


def test_groups_of_chance_are_not_told() -> None:
    """A tree over noise always finds groups that look bad; those that find them do not judge them."""
    frame = rows()
    told = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        judged = Judged(np.zeros(len(frame)), rng.exponential(size=len(frame)), np.arange(len(frame)))
        told += len(failing(judging(), judged, frame, seed=seed).groups)
    assert told <= 4  # of about eighty groups


def test_a_group_that_looked_good_when_it_was_found_is_chance() -> None:
    frame = rows()
    order = np.random.default_rng(0).permutation(len(frame))
    group = ((frame["x"] > 70) & (frame["town"] == "Rome")).to_numpy()
    off = np.where(group, 10.0, 1.0)
    off[order[::2]] = np.where(group, 0.0, 1.0)[order[::2]]
    found = failing(judging(), Judged(np.zeros(len(frame)), off, np.arange(len(frame))), frame)
    assert (found.groups, found.notes) == ((), ())


def test_wrong_labels_are_told_with_the_surest_first() -> None:
    frame = rows(40)
    truth = np.array([0.0] * 20 + [1.0] * 20)
    event = np.where(truth == 1, 0.9, 0.1)
    event[[3, 25]] = [0.95, 0.3]
    found = failing(judging("no", "yes"), Judged(truth, np.c_[1 - event, event], np.arange(40)), frame)
    assert (found.error_name, found.error, found.groups) == ("wrong", 0.05, ())
    assert [(row["row"], row["truth"], row["predicted"]) for row in found.worst] == [(4, "no", "yes"), (26, "yes", "no")]
    assert [row["error"] for row in found.worst] == [pytest.approx(0.05), pytest.approx(0.3)]
    assert found.worst[0]["cells"]["town"] == "(missing)"
    assert found.notes == ()  # there are no groups that could look worse than they are
    assert Failing.from_dict(found.to_dict()) == found


def test_a_model_without_a_fault_has_no_groups() -> None:
    frame = rows(500)
    judged = Judged(np.zeros(500), np.zeros(500), np.arange(500))
    found = failing(judging(), judged, frame)
    assert (found.error, found.groups) == (0.0, ())


def test_the_threshold_decides_what_is_wrong() -> None:
    judged = Judged(np.array([1.0, 0.0]), np.array([[0.7, 0.3], [0.7, 0.3]]), np.arange(2))
    assert errors_of(judged, 0.5)[1].tolist() == [1.0, 0.0]
    assert errors_of(judged, 0.2)[1].tolist() == [0.0, 1.0]


def test_two_columns_by_hand() -> None:
    frame = pd.DataFrame({"x": [0.0] * 10 + [1.0] * 12, "town": ["Oslo"] * 10 + ["Rome"] * 12})
    made = heat(np.r_[np.ones(10), np.zeros(12)], frame, SCHEMA, "x", "town")
    assert (made.down, made.across) == (("0", "1"), ("Rome", "Oslo"))
    assert made.errors == ((None, 1.0), (0.0, None))
    assert made.rows == ((0, 10), (12, 0))


def test_places_of_values() -> None:
    places, names = parted(pd.Series(np.arange(600.0)), "number")
    assert len(names) == 6 and names[0].startswith("up to ") and names[-1].startswith("above ")
    assert np.bincount(places).tolist() == [100] * 6
    places, names = parted(pd.Series([1.0, np.nan, 2.0, 1.0]), "number")
    assert (places.tolist(), names) == ([0, 2, 1, 0], ("1", "2", "(missing)"))
    places, names = parted(pd.Series(["a", "b", "a", np.nan, "c"], dtype=object), "category", most=1)
    assert (places.tolist(), names) == ([0, 1, 0, 2, 1], ("a", "(others)", "(missing)"))
    places, names = parted(pd.Series([np.nan, np.nan]), "number")
    assert (places.tolist(), names) == ([0, 0], ("(missing)",))


def test_what_cannot_be_drawn_says_so() -> None:
    frame = pd.DataFrame({"x": [0.0], "town": ["Oslo"]})
    with pytest.raises(InputError) as caught:
        heat(np.ones(1), frame, SCHEMA, "x", "x")
    assert str(caught.value) == "Both columns are 'x'. Two different ones are needed. Choose another one."
    with pytest.raises(InputError, match=r"^These rows have no column 'day'\. Choose another one\.$"):
        heat(np.ones(1), frame, SCHEMA, "x", "day")
    with pytest.raises(FormatError, match=r"^This search for errors has format 2\."):
        Failing.from_dict({"format": 2})
