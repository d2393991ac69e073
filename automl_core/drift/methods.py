"""The tests and distances by which one column is compared, each with the statistic that Evidently 0.7 documents for it.

Which method is the default, and its threshold, is what https://docs.evidentlyai.com/metrics/explainer_drift says: up to 1,000
reference rows a test at 0.05 (Kolmogorov-Smirnov for numbers, chi-square for words, a z-test of proportions for two values),
beyond that a distance at 0.1 (Wasserstein for numbers, Jensen-Shannon for words). Numbers of up to five values are compared like
words.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from automl_core.distributions import Numbers, Words
from automl_core.errors import InputError

Array = npt.NDArray[np.float64]
SMALL = 1000
"""Reference rows up to which tests are the default."""
FEW = 5
"""Numbers of up to this many values are compared like words by default."""
BINNED = 20
"""Distinct reference numbers above which Jensen-Shannon and PSI look at bins and not at single values."""
SMALLEST_STD = 0.001


@dataclass(frozen=True)
class Method:
    """One way of comparing.

    Parameters
    ----------
    name, label : str
    ordered, counted : bool
        Whether it can compare numbers, and words.
    test : bool
        Whether the statistic is a p-value, drifted where small; otherwise a distance, drifted where large.
    threshold : float
    explanation : str
        What the statistic says, for people.
    """

    name: str
    label: str
    ordered: bool
    counted: bool
    test: bool
    threshold: float
    explanation: str


METHODS = {
    method.name: method
    for method in (
        Method("ks", "Kolmogorov-Smirnov", True, False, True, 0.05,
               "How probable so large a gap between the two cumulative curves is by chance."),
        Method("chisquare", "Chi-square", False, True, True, 0.05,
               "How probable so different counts of each word are by chance."),
        Method("z", "Z-test", False, True, True, 0.05,
               "How probable so different shares of two values are by chance."),
        Method("wasserstein", "Wasserstein", True, False, False, 0.1,
               "How far the values moved on average, in standard deviations of the reference."),
        Method("jensenshannon", "Jensen-Shannon", True, True, False, 0.1,
               "How well one row tells which table it is from, 0 to 0.83."),
        Method("psi", "PSI", True, True, False, 0.1,
               "Population stability index: bins weighted by how much their share changed."),
        Method("hellinger", "Hellinger", True, True, False, 0.1,
               "How little the two distributions overlap, 0 to 1."),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Compared:
    """What one method says of one column."""

    method: str
    statistic: float
    threshold: float
    drifted: bool


def default_method(reference: Numbers | Words, values: int) -> str:
    """Return the method that fits a column.

    Parameters
    ----------
    reference : Numbers or Words
    values : int
        Distinct values in both tables together, counted up to six.
    """
    small = reference.filled <= SMALL
    if isinstance(reference, Words) or values <= FEW:
        return ("z" if values <= 2 else "chisquare") if small else "jensenshannon"
    return "ks" if small else "wasserstein"


def compare(
    reference: Numbers | Words, new: Numbers | Words, method: str = "", thresholds: dict[str, float] | None = None
) -> Compared:
    """Compare one column.

    Parameters
    ----------
    reference, new : Numbers or Words
        Of one kind, each with at least one value.
    method : str
        A name of `METHODS`; empty for the one that fits.
    thresholds : dict of str to float, optional
        By method, in place of the default.

    Returns
    -------
    Compared

    Raises
    ------
    InputError
        For a method that is not known or cannot compare this kind.
    """
    values = _values(reference, new)
    chosen = method or default_method(reference, len(values))
    if chosen not in METHODS:
        raise InputError(f"The method is {chosen!r}.", f"It must be one of {', '.join(METHODS)}.", "Choose one of them.")
    found = METHODS[chosen]
    alike = isinstance(reference, Numbers)
    if method and not (found.ordered if alike else found.counted):
        kind, fitting = ("numbers", "ordered") if alike else ("words", "counted")
        names = ", ".join(name for name, entry in METHODS.items() if getattr(entry, fitting))
        raise InputError(f"{found.label} cannot compare {kind}.", f"For {kind} there are {names}.", "Choose one of them.")
    statistic = _STATISTICS[chosen](reference, new)
    threshold = (thresholds or {}).get(chosen, found.threshold)
    if found.test:
        # The test of Kolmogorov and Smirnov calls its own threshold drifted, the others do not.
        drifted = statistic <= threshold if chosen == "ks" else statistic < threshold
    else:
        drifted = statistic >= threshold
    return Compared(chosen, statistic, threshold, bool(drifted))


def _values(reference: Numbers | Words, new: Numbers | Words) -> list[float] | list[str]:
    """Return up to six values that occur in either, sorted."""
    if isinstance(reference, Numbers) and isinstance(new, Numbers):
        found = np.union1d(reference.distinct(FEW + 1), new.distinct(FEW + 1))
        return [float(value) for value in found[: FEW + 1]]
    assert isinstance(reference, Words) and isinstance(new, Words)
    return sorted({*list(reference.counts)[: FEW + 1], *list(new.counts)[: FEW + 1]})[: FEW + 1]


def _shares(reference: Numbers | Words, new: Numbers | Words) -> tuple[Array, Array]:
    """Return the rows of both at each value that occurs in either."""
    if isinstance(reference, Numbers) and isinstance(new, Numbers):
        keys = np.union1d(_all_values(reference), _all_values(new))
        one, other = (np.diff(np.concatenate([[0.0], side.share_up_to(keys) * side.filled])) for side in (reference, new))
        return np.round(one, 6), np.round(other, 6)
    return word_counts(reference, new)  # type: ignore[arg-type]


def word_counts(reference: Words, new: Words) -> tuple[Array, Array]:
    """Return the rows of both with each word, those that the reference counts together in one last place."""
    names = list(reference.counts) if reference.rest else list(dict.fromkeys([*reference.counts, *new.counts]))
    one = np.array([reference.counts.get(name, 0) for name in names], dtype=np.float64)
    other = np.array([new.counts.get(name, 0) for name in names], dtype=np.float64)
    if reference.rest:
        return np.append(one, reference.rest), np.append(other, new.filled - other.sum())
    return one, other


def _all_values(side: Numbers) -> Array:
    return np.unique(side.points) if side.counts is None else side.points


def _chisquare(reference: Numbers | Words, new: Numbers | Words) -> float:
    from scipy.stats import chi2

    before, seen = _shares(reference, new)
    expected = before * (seen.sum() / before.sum())
    if bool(((expected == 0) & (seen > 0)).any()):
        return 0.0
    kept = expected > 0
    distance = float(((seen[kept] - expected[kept]) ** 2 / expected[kept]).sum())
    return float(chi2.sf(distance, len(seen) - 1)) if len(seen) > 1 else 1.0


def _z(reference: Numbers | Words, new: Numbers | Words) -> float:
    from scipy.stats import norm

    before, seen = _shares(reference, new)
    if len(before) < 2:
        return 1.0
    # The value that sorts first against all others, as Evidently does; with two values it does not matter which.
    place = 0
    if isinstance(reference, Words) and isinstance(new, Words) and not reference.rest:
        names = list(dict.fromkeys([*reference.counts, *new.counts]))
        place = names.index(min(names))
    shares = before[place] / before.sum(), seen[place] / seen.sum()
    pooled = (before[place] + seen[place]) / (before.sum() + seen.sum())
    spread = np.sqrt(pooled * (1 - pooled) * (1 / before.sum() + 1 / seen.sum()))
    return float(2 * (1 - norm.cdf(abs(shares[0] - shares[1]) / spread)))


def ks_distance(reference: Numbers, new: Numbers) -> float:
    """Return the largest gap between the two cumulative curves."""
    points = reference.points if reference.counts is not None else np.concatenate([reference.points, new.points])
    at = np.abs(reference.share_up_to(points) - new.share_up_to(points)).max()
    if reference.counts is None:
        return float(at)
    # Between atoms the kept curve is level, so the largest gap lies at one or just before one.
    above = _share_below(new, points)
    levels = np.concatenate([[0.0], np.cumsum(reference.counts)[:-1]]) / reference.filled
    after = 1 - new.share_up_to(points[-1:])[0]
    return float(max(at, np.abs(above - levels).max(), after))


def _share_below(side: Numbers, values: Array) -> Array:
    places = np.searchsorted(side.points, values, side="left")
    if side.counts is None:
        return np.asarray(places / max(len(side.points), 1))
    return np.asarray(np.concatenate([[0.0], np.cumsum(side.counts)])[places] / side.filled)


def _ks(reference: Numbers | Words, new: Numbers | Words) -> float:
    from scipy.stats import distributions, ks_2samp

    assert isinstance(reference, Numbers) and isinstance(new, Numbers)
    if reference.counts is None and new.counts is None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # where the exact way fails, SciPy takes the asymptotic one
            return float(ks_2samp(reference.points, new.points).pvalue)
    size = reference.filled * new.filled / (reference.filled + new.filled)
    return float(np.clip(distributions.kstwo.sf(ks_distance(reference, new), max(round(size), 1)), 0, 1))


def _wasserstein(reference: Numbers | Words, new: Numbers | Words) -> float:
    assert isinstance(reference, Numbers) and isinstance(new, Numbers)
    if reference.counts is None and new.counts is None and len(reference.points) == len(new.points):
        distance = float(np.abs(reference.points - new.points).mean())
    elif reference.counts is not None and new.counts is None:
        # Row by row in the order of size: each new row against the atom that stands for its rank.
        stops = np.round(np.cumsum(reference.counts) / reference.filled * new.filled).astype(np.int64)
        distance = float(np.abs(np.repeat(reference.points, np.diff(stops, prepend=0)) - new.points).mean())
    else:
        both = np.concatenate([reference.points, new.points])
        both.sort(kind="stable")  # two sorted runs, which are only merged
        gaps = np.abs(reference.share_up_to(both[:-1]) - new.share_up_to(both[:-1]))
        distance = float((gaps * np.diff(both)).sum())
    return distance / max(reference.std, SMALLEST_STD)


def _binned(reference: Numbers | Words, new: Numbers | Words) -> tuple[Array, Array]:
    """Return the shares of both in Sturges' bins over both, or at each value where the reference has few."""
    if isinstance(reference, Numbers) and isinstance(new, Numbers) and len(reference.distinct(BINNED + 1)) > BINNED:
        edges = _edges(reference, new, reference.filled + new.filled)
        return reference.between(edges) / reference.filled, new.between(edges) / new.filled
    before, seen = _shares(reference, new)
    return before / reference.filled, seen / new.filled


def _edges(reference: Numbers, new: Numbers, size: int) -> Array:
    low, high = min(reference.low, new.low), max(reference.high, new.high)
    width = (high - low) / (np.log2(size) + 1)
    if not width:
        return np.array([low - 0.5, high + 0.5])
    return np.linspace(low, high, int(np.ceil((high - low) / width)) + 1)


def _jensenshannon(reference: Numbers | Words, new: Numbers | Words) -> float:
    from scipy.spatial.distance import jensenshannon

    return float(jensenshannon(*_binned(reference, new)))


def _psi(reference: Numbers | Words, new: Numbers | Words) -> float:
    before, seen = (_without_zeros(shares) for shares in _binned(reference, new))
    return float(((before - seen) * np.log(before / seen)).sum())


def _without_zeros(shares: Array) -> Array:
    smallest = shares[shares > 0].min()
    return np.where(shares == 0, smallest / 10**6 if smallest <= 0.0001 else 0.0001, shares)


def _hellinger(reference: Numbers | Words, new: Numbers | Words) -> float:
    if isinstance(reference, Numbers) and isinstance(new, Numbers):
        edges = _edges(reference, new, len(np.union1d(_all_values(reference), _all_values(new))))
        before, seen = reference.between(edges) / reference.filled, new.between(edges) / new.filled
    else:
        before, seen = (counts / counts.sum() for counts in _shares(reference, new))
    return float(np.sqrt(1 - np.clip(np.sqrt(before * seen).sum(), 0, 1)))


_STATISTICS: dict[str, Callable[[Numbers | Words, Numbers | Words], float]] = {
    "ks": _ks,
    "chisquare": _chisquare,
    "z": _z,
    "wasserstein": _wasserstein,
    "jensenshannon": _jensenshannon,
    "psi": _psi,
    "hellinger": _hellinger,
}
