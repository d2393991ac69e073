"""Each method's statistic, by hand or by SciPy, and which one is the default."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from automl_core.distributions import Words, distribution_of, from_kept, numbers_of
from automl_core.drift.methods import METHODS, compare, default_method, ks_distance
from automl_core.errors import InputError

OLD = np.arange(100.0)
NEW = np.arange(100.0) + 30


def side(values):
    return numbers_of(np.asarray(values, dtype=float), len(values))


def words(**counts):
    total = sum(counts.values())
    return Words(total, total, counts, 0, len(counts))


def test_kolmogorov_smirnov_is_scipys():
    found = compare(side(OLD), side(NEW), "ks")
    assert found.statistic == stats.ks_2samp(OLD, NEW).pvalue
    assert (found.threshold, found.drifted) == (0.05, True)


def test_chi_square_expects_the_shares_of_the_reference():
    found = compare(words(a=50, b=50), words(a=60, b=40), "chisquare")
    assert found.statistic == pytest.approx(stats.chisquare([60, 40], [50, 50]).pvalue, abs=1e-12)
    assert compare(words(a=50, b=50), words(a=50, b=40, c=10), "chisquare").statistic == 0.0


def test_the_z_test_compares_the_share_of_one_value():
    found = compare(words(a=50, b=50), words(a=60, b=40), "z")
    z = (0.5 - 0.6) / np.sqrt(0.55 * 0.45 * 2 / 100)
    assert found.statistic == pytest.approx(2 * stats.norm.sf(abs(z)), abs=1e-12)
    assert compare(words(a=5), words(a=9), "z").statistic == 1.0


@pytest.mark.parametrize("new", [NEW, NEW[:70]], ids=["as many rows", "fewer rows"])
def test_wasserstein_is_in_standard_deviations_of_the_reference(new):
    found = compare(side(OLD), side(new), "wasserstein")
    assert found.statistic == pytest.approx(stats.wasserstein_distance(OLD, new) / OLD.std(), abs=1e-12)


def test_distances_over_bins():
    edges = np.histogram_bin_edges(np.concatenate([OLD, NEW]), bins="sturges")
    one, other = (np.histogram(values, edges)[0] / 100 for values in (OLD, NEW))
    assert compare(side(OLD), side(NEW), "jensenshannon").statistic == pytest.approx(jensenshannon(one, other), abs=1e-12)
    one, other = np.where(one == 0, 0.0001, one), np.where(other == 0, 0.0001, other)
    assert compare(side(OLD), side(NEW), "psi").statistic == pytest.approx(((one - other) * np.log(one / other)).sum(), abs=1e-12)


def test_distances_over_words():
    one, other = np.array([0.5, 0.5, 0.0]), np.array([0.2, 0.6, 0.2])
    old, new = words(a=5, b=5), words(a=2, b=6, c=2)
    assert compare(old, new, "jensenshannon").statistic == pytest.approx(jensenshannon(one, other), abs=1e-12)
    assert compare(old, new, "hellinger").statistic == pytest.approx(np.sqrt(1 - np.sqrt(one * other).sum()), abs=1e-12)


def test_hellinger_of_numbers_uses_bins_over_the_distinct_ones():
    edges = np.histogram_bin_edges(np.union1d(OLD, NEW), bins="sturges")
    one, other = (np.histogram(values, edges)[0] / 100 for values in (OLD, NEW))
    expected = np.sqrt(1 - np.sqrt(one * other).sum())
    assert compare(side(OLD), side(NEW), "hellinger").statistic == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("reference", "values", "method"),
    [
        (side(np.arange(1000.0)), 6, "ks"),
        (side(np.arange(1001.0)), 6, "wasserstein"),
        (side(np.arange(1000.0) % 3), 3, "chisquare"),
        (side(np.arange(1000.0) % 2), 2, "z"),
        (side(np.arange(1001.0) % 3), 3, "jensenshannon"),
        (words(a=500, b=300, c=200), 3, "chisquare"),
        (words(a=500, b=500), 2, "z"),
        (words(a=501, b=500), 2, "jensenshannon"),
    ],
)
def test_the_default_is_what_evidently_documents(reference, values, method):
    assert default_method(reference, values) == method


def test_kept_numbers_have_the_same_distance_within_the_error():
    rng = np.random.default_rng(0)
    old, new = side(rng.normal(size=20_000)), side(rng.normal(0.2, 1, 15_000))
    kept = from_kept(old.kept())
    assert abs(ks_distance(kept, new) - ks_distance(old, new)) <= 0.00125 + 1e-9
    for name, method in METHODS.items():
        if method.ordered:
            gap = 0.05 if name in ("jensenshannon", "hellinger", "psi") else 0.01
            assert compare(kept, new, name).statistic == pytest.approx(compare(old, new, name).statistic, abs=gap)


def test_what_cannot_be_compared_is_said():
    with pytest.raises(InputError) as error:
        compare(side(OLD), side(NEW), "chisquare")
    told = "Chi-square cannot compare numbers. For numbers there are ks, wasserstein, jensenshannon, psi, hellinger."
    assert str(error.value) == f"{told} Choose one of them."
    with pytest.raises(InputError, match="The method is 'mmd'. It must be one of ks, chisquare"):
        compare(side(OLD), side(NEW), "mmd")


def test_a_threshold_of_ones_own():
    assert not compare(side(OLD), side(NEW), "wasserstein", {"wasserstein": 2.0}).drifted
    assert compare(side(OLD), side(NEW), "wasserstein").drifted


def test_numbers_of_a_series_are_those_of_the_array():
    assert distribution_of(pd.Series(OLD), "number").points.tolist() == OLD.tolist()
