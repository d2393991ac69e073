"""How much of a column moved, and how much chance alone would move it between samples of these sizes.

The rows of both tables are put together and dealt out anew, many times: what then still differs is chance. A test's p-value
shrinks with every row, an effect does not, so a verdict by effect does not depend on the size of a file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from automl_core.distributions import ATOMS, ERROR, Distribution, Numbers, Words
from automl_core.drift.methods import ks_distance, word_counts

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
DRAWS = 200
MANY, FEWER_DRAWS = 500, 60
"""Cells above which it is dealt out less often: the sum of many words hardly varies."""
ALPHA = 0.01
"""Probability that chance alone exceeds what is expected in any column of a table."""
LARGEST = 10**8
"""Rows that are dealt out; of more, their shares."""


@dataclass(frozen=True)
class Effect:
    """What moved, from 0 to 1.

    Parameters
    ----------
    size : float
        Share of the rows that would have to move for the two distributions to be one: the Kolmogorov-Smirnov distance of numbers,
        the total variation distance of words.
    expected : float
        The most that chance explains.
    typical : float
        What chance adds on average.
    """

    size: float
    expected: float
    typical: float

    @property
    def real(self) -> bool:
        """Whether it is more than chance explains."""
        return self.size > self.expected

    @property
    def shift(self) -> float:
        """What is left of it without chance; 0 where chance explains all of it."""
        return max(self.size - self.typical, 0.0) if self.real else 0.0


def effect_of(reference: Numbers | Words, new: Numbers | Words, *, columns: int, seed: int, chance: bool = True) -> Effect:
    """Return how much of a column moved.

    Parameters
    ----------
    reference, new : Numbers or Words
        Of one kind, each with a value.
    columns : int
        That are compared at the same time.
    seed : int
    chance : bool
        Whether what chance explains is wanted; 0 otherwise.
    """
    if isinstance(reference, Numbers) and isinstance(new, Numbers):
        few = atoms(reference)
        before, after = _cells(few, new)
        size, total, error = ks_distance(few, new), np.cumsum, ERROR if few.counts is not None and _sliced(few) else 0.0
    else:
        before, after = word_counts(reference, new)  # type: ignore[arg-type]
        size, total = float(np.abs(before / before.sum() - after / after.sum()).sum() / 2), None
        error = 0.0
    if not chance:
        return Effect(size, 0.0, 0.0)
    dealt = _deal(before, after, np.random.default_rng(seed))
    shares = dealt[1] / dealt[1].sum(axis=1, keepdims=True) - dealt[0] / dealt[0].sum(axis=1, keepdims=True)
    drawn = np.abs(total(shares, axis=1)).max(axis=1) if total else np.abs(shares).sum(axis=1) / 2
    expected, typical = upper(drawn, columns)
    return Effect(size, min(expected + error, 1.0), typical + error / 2)


def missing_effect(reference: Distribution, new: Distribution, *, columns: int) -> Effect:
    """Return how much the share of missing cells moved, with the spread of the difference of two shares."""
    from scipy.stats import norm

    pooled = (reference.rows - reference.filled + new.rows - new.filled) / (reference.rows + new.rows)
    spread = np.sqrt(pooled * (1 - pooled) * (1 / reference.rows + 1 / new.rows))
    expected = float(norm.isf(ALPHA / max(columns, 1) / 2) * spread)
    return Effect(abs(reference.missing - new.missing), min(expected, 1.0), float(spread * np.sqrt(2 / np.pi)))


def fresh_effect(reference: Words, new: Words, *, columns: int) -> Effect:
    """Return which share of the rows has words never seen before.

    How often an unseen word is to be expected is the share of the reference's rows whose word occurs once (Good, 1953). Dealing
    all rows out anew cannot tell this: where every new word is another one, those dealt to the reference are full of them, too.
    """
    from scipy.stats import norm

    counts = np.array(list(reference.counts.values()), dtype=np.int64)
    fresh = np.array([count for word, count in new.counts.items() if word not in reference.counts], dtype=np.float64)
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    typical = once / reference.filled
    spread = np.sqrt(once + 2 * twice + 1) / reference.filled + np.sqrt((fresh**2).sum()) / new.filled
    expected = typical + float(norm.isf(ALPHA / max(columns, 1)) * spread)
    return Effect(float(fresh.sum() / new.filled), min(expected, 1.0), typical)


def upper(drawn: Array, columns: int) -> tuple[float, float]:
    """Return the most that chance explains in any of `columns` columns, and what it adds on average.

    Two hundred draws do not reach so far into the tail; a gamma distribution of their mean and spread does, which lies close to
    Kolmogorov's.
    """
    from scipy.stats import gamma

    mean, variance = float(drawn.mean()), float(drawn.var())
    if variance <= 0 or mean <= 0:
        return mean, mean
    return float(gamma.isf(ALPHA / max(columns, 1), mean**2 / variance, scale=variance / mean)), mean


def atoms(side: Numbers) -> Numbers:
    """Return a distribution of at most `ATOMS` points; of what a model keeps, itself."""
    if side.counts is not None and len(side.points) <= ATOMS:
        return side
    kept = side.kept()
    points = np.array(kept.get("points", kept.get("atoms")), dtype=np.float64)
    counts = np.array(kept["counts"], dtype=np.float64) if "counts" in kept else np.full(len(points), side.filled / len(points))
    return Numbers(side.rows, side.filled, points, counts, side.low, side.high, side.mean, side.std)


def _sliced(side: Numbers) -> bool:
    """Whether points stand for slices of rows, and not each for one value."""
    return side.counts is not None and len(side.points) == ATOMS and bool((side.counts == side.counts[0]).all())


def _cells(reference: Numbers, new: Numbers) -> tuple[Array, Array]:
    """Return the rows of both up to each point of the reference, and beyond the last."""
    points = np.unique(reference.points)
    one, other = (np.append(np.diff(np.append(0.0, side.share_up_to(points))) * side.filled, 0.0) for side in (reference, new))
    other[-1] = new.filled - other[:-1].sum()
    return one, np.maximum(other, 0.0)


def _deal(before: Array, after: Array, rng: np.random.Generator) -> tuple[Counts, Counts]:
    """Deal the rows of both out anew; returns the counts of each draw, shape (draws, cells)."""
    one, other = _whole(before), _whole(after)
    draws = DRAWS if len(one) <= MANY else FEWER_DRAWS
    both = one + other
    dealt = rng.multivariate_hypergeometric(both, int(other.sum()), size=draws, method="marginals")
    return both - dealt, dealt


def _whole(counts: Array) -> Counts:
    """Return whole counts that keep their sum; of more rows than can be dealt, their shares."""
    total = counts.sum()
    scaled = counts * min(1.0, LARGEST / total)
    return np.diff(np.concatenate([[0], np.round(np.cumsum(scaled))])).astype(np.int64)
