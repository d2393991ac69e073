"""What is kept of a column answers the same questions as the column, within the stated error."""

import json

import numpy as np
import pandas as pd
import pytest

from automl_core.distributions import ATOMS, ERROR, Filled, Numbers, Words, distribution_of, distributions, from_kept, numbers_of
from automl_core.errors import FormatError
from automl_core.frozen import Judged, freeze
from automl_core.schema import Column, Schema


def again(found):
    """What comes back from JSON."""
    return from_kept(json.loads(json.dumps(found.kept(), allow_nan=False)))


def test_few_numbers_are_kept_as_they_are():
    found = distribution_of(pd.Series([3.0, 1.0, np.nan, 3.0]), "number")
    assert (found.rows, found.filled, found.missing, found.low, found.high) == (4, 3, 0.25, 1.0, 3.0)
    kept = again(found)
    assert (kept.points.tolist(), kept.counts.tolist()) == ([1.0, 3.0], [1.0, 2.0])
    assert kept.share_up_to(np.array([0.0, 1.0, 2.0, 3.0])).tolist() == [0.0, 1 / 3, 1 / 3, 1.0]
    assert kept.between(np.array([1.0, 2.0, 3.0])).tolist() == found.between(np.array([1.0, 2.0, 3.0])).tolist() == [1.0, 2.0]


def test_distinct_values_are_the_same_however_they_are_found(monkeypatch):
    found = numbers_of(np.array([2.0, 1.0, 2.0, 5.0, 1.0]), 5)
    assert (found.distinct(9).tolist(), found.distinct(2).tolist()) == ([1.0, 2.0, 5.0], [1.0, 2.0])
    monkeypatch.setattr("automl_core.distributions.NEIGHBOURS", 0)
    assert (found.distinct(9).tolist(), found.distinct(2).tolist()) == ([1.0, 2.0, 5.0], [1.0, 2.0])


def test_many_labels_leave_room_for_fewer_rows():
    """Regression: the sample of a model of 1,000 labels held two million probabilities, and took seconds to write."""
    frame = pd.DataFrame({"a": np.arange(2500.0)})
    schema = Schema((Column("a", "number"),))
    rows = {}
    for labels in (2, 1000):
        judged = Judged(frame, np.full((2500, labels), 1 / labels), np.zeros(2500), "held-out")
        found = freeze(frame, schema, "y", {}, judged, real=True, seed=0)
        rows[labels] = len(found["sample"]["rows"])
    assert rows == {2: 2000, 1000: 299}


@pytest.mark.parametrize("shape", ["normal", "skewed", "rounded", "spiked"])
def test_the_rank_of_any_value_is_wrong_by_at_most_what_is_stated(shape):
    rng = np.random.default_rng(0)
    values = {
        "normal": rng.normal(size=50_001),
        "skewed": rng.lognormal(sigma=3, size=50_001),
        "rounded": np.round(rng.normal(size=50_001), 2),
        "spiked": np.where(rng.random(50_001) < 0.6, 0.0, rng.normal(size=50_001)),
    }[shape]
    found = numbers_of(values, len(values))
    kept = again(found)
    assert len(kept.points) == ATOMS
    assert np.abs(kept.share_up_to(found.points) - found.share_up_to(found.points)).max() <= ERROR + 1 / len(values)
    assert (kept.mean, kept.std, kept.low, kept.high) == (found.mean, found.std, found.low, found.high)


def test_words_beyond_the_most_frequent_are_counted_together():
    values = pd.Series([f"w{place}" for place in range(1500) for _ in range(1 + (place < 3))], dtype=object)
    kept = again(distribution_of(values, "category"))
    assert (len(kept.counts), kept.rest, kept.distinct, kept.filled) == (1000, 500, 1500, 1503)


def test_dates_texts_and_keys():
    dates = distribution_of(pd.to_datetime(pd.Series(["1970-01-02", None, "1970-01-01"])), "date")
    assert dates.points.tolist() == [0.0, 86400.0]
    assert distribution_of(pd.Series(["abc", "a", None], dtype=object), "text").points.tolist() == [1.0, 3.0]
    key = distribution_of(pd.Series(["k1", "k2", None], dtype=object), "id")
    assert isinstance(key, Filled)
    assert again(key) == key


def test_a_column_without_a_value_is_kept():
    found = again(distribution_of(pd.Series([np.nan, np.nan]), "number"))
    assert isinstance(found, Numbers)
    assert (found.filled, found.missing) == (0, 1.0)
    assert again(distribution_of(pd.Series([None, None], dtype=object), "category")) == Words(2, 0, {}, 0, 0)


def test_columns_come_in_their_order():
    frame = pd.DataFrame({f"c{place}": [float(place)] * 3 for place in range(20)})
    found = dict(distributions(frame, dict.fromkeys(frame.columns, "number")))
    assert list(found) == list(frame.columns)
    assert found["c7"].low == 7.0


def test_damaged_facts_are_refused():
    with pytest.raises(FormatError, match="The model's reference is damaged: KeyError"):
        from_kept({"rows": 3})
