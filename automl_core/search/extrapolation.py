"""From small fits to the whole table: seconds by a power of the rows, memory by what was measured of the estimate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from automl_core.search.fold_count import LEAST_FOLD, SHARE
from automl_core.search.forecast import FamilyForecast, Forecast, Verdict, clock_rounds

Z = 1.2816
"""Standard deviations on each side of an interval that holds four of five outcomes."""
SCATTER = 0.2
"""Least relative scatter of a timing."""
LEAST_SECONDS = 1e-4
PREPARATION = "preparation"
"""The family of filling, encoding and scaling the columns."""


@dataclass(frozen=True)
class Growth:
    """How the seconds of a family grow with the rows before anything is measured: a power with its bounds."""

    power: float
    doubt: float
    least: float
    most: float


GROWTH = {
    "linear": Growth(1.0, 0.15, 0.7, 1.4),
    "bayes": Growth(1.0, 0.1, 0.8, 1.2),
    "neighbours": Growth(1.6, 0.3, 1.0, 2.1),
    "kernel": Growth(2.3, 0.3, 1.5, 3.1),
    "neural": Growth(1.0, 0.2, 0.6, 1.4),
    "tree": Growth(1.1, 0.1, 0.9, 1.4),
    "forest": Growth(1.1, 0.1, 0.9, 1.4),
    "boosting": Growth(0.95, 0.15, 0.6, 1.3),
    PREPARATION: Growth(1.0, 0.1, 0.8, 1.3),
}
"""From the algorithms' known costs (scikit-learn user guide, sections on complexity); bounds keep noise from running away."""
ANY_GROWTH = Growth(1.1, 0.3, 0.7, 2.5)
ALL_PAIRS = Growth(2.0, 0.1, 1.7, 2.1)
"""Of neighbours that are found by comparing every row with every other one."""
TREE_COLUMNS = 15
"""Columns above which neighbours are found so (scikit-learn user guide, Nearest Neighbors, choice of algorithm)."""


def growth_of(family: str, columns: int) -> Growth:
    """Return how a family's seconds grow with the rows of a view of so many columns."""
    if family == "neighbours" and columns > TREE_COLUMNS:
        return ALL_PAIRS
    return GROWTH.get(family, ANY_GROWTH)


@dataclass(frozen=True)
class Timing:
    """One small fit.

    Parameters
    ----------
    rows : int
        Learned.
    seconds : float
        To learn, and to predict a fifth of as many rows.
    peak : int
        Bytes taken beyond what the process had at its start.
    expected : int
        Bytes that `memory.need_bytes` says for it.
    """

    rows: int
    seconds: float
    peak: int = 0
    expected: int = 0


@dataclass(frozen=True)
class Measured:
    """What was measured of one family.

    Parameters
    ----------
    family : str
        Key of `GROWTH`.
    label : str
        Name for people.
    models : tuple of str
        Ids of the run's candidates that it stands for.
    example : str
        Name of the candidate that was fitted.
    timings : tuple of Timing
    efforts : tuple of float
        For each model how many times as much it does as the small fit of the example did, for example ten times the trees.
    doubt : float
        Standard deviation of the logarithm of the efforts, where they are only known roughly.
    need : int
        Bytes that `memory.need_bytes` says for one fit on the whole table, the most of its models.
    skipped : str
        Why it does not fit into memory; empty where it does.
    shortens : bool
        Whether its models end in time with fewer rounds.
    at_least : bool
        Whether the smallest fit was cut off, so that the seconds are the least it can take.
    fault : str
        Why nothing was measured.
    columns : int
        Of its view, after encoding.
    """

    family: str
    label: str
    models: tuple[str, ...]
    example: str
    timings: tuple[Timing, ...]
    efforts: tuple[float, ...] = (1.0,)
    doubt: float = 0.0
    need: int = 0
    skipped: str = ""
    shortens: bool = False
    at_least: bool = False
    fault: str = ""
    columns: int = 0


@dataclass(frozen=True)
class Law:
    """A power law, seconds = exp(level) * (rows / exp(centre)) ** power, with how sure it is."""

    centre: float
    level: float
    power: float
    scatter: float
    level_doubt: float
    power_doubt: float

    def at(self, rows: float, *, doubt: float = 0.0) -> tuple[float, float, float]:
        """Return the expected seconds and the ends of the interval that holds four of five outcomes."""
        away = math.log(rows) - self.centre
        middle = self.level + self.power * away
        spread = math.sqrt(self.scatter**2 + self.level_doubt**2 + (self.power_doubt * away) ** 2 + doubt**2)
        return math.exp(middle), math.exp(middle - Z * spread), math.exp(middle + Z * spread)


def power_law(points: Sequence[tuple[float, float]], growth: Growth) -> Law:
    """Fit seconds to rows by least squares on logarithms, with the family's known power as a further observation.

    Larger samples weigh more, in proportion to their rows, since fixed costs matter less there. The power is then held
    within the family's bounds. With one point the power is the known one; each further point moves it by as much as its
    distance in size allows (a normal prior on the slope; Gelman and others, Bayesian Data Analysis, section 14.8).

    Parameters
    ----------
    points : sequence of (rows, seconds)
        At least one.
    growth : Growth
    """
    most = max(rows for rows, _ in points)
    weights = [rows / most for rows, _ in points]
    x = [math.log(rows) for rows, _ in points]
    y = [math.log(max(seconds, LEAST_SECONDS)) for _, seconds in points]
    total = sum(weights)
    centre = sum(w * v for w, v in zip(weights, x, strict=True)) / total
    level = sum(w * v for w, v in zip(weights, y, strict=True)) / total
    spread = sum(w * (v - centre) ** 2 for w, v in zip(weights, x, strict=True))
    shared = sum(w * (v - centre) * (u - level) for w, v, u in zip(weights, x, y, strict=True))
    precision = spread / SCATTER**2 + 1 / growth.doubt**2
    power = (shared / SCATTER**2 + growth.power / growth.doubt**2) / precision
    power = min(max(power, growth.least), growth.most)
    left = sum(w * (u - level - power * (v - centre)) ** 2 for w, v, u in zip(weights, x, y, strict=True))
    scatter = max(math.sqrt(left / total), SCATTER)
    return Law(centre, level, power, scatter, scatter / math.sqrt(total), 1 / math.sqrt(precision))


NOISE = 16 * 2**20
"""Bytes by which the peak of a small fit differs from one time to the next."""


def peak_memory(timings: Sequence[Timing], need: int) -> tuple[float, float, float]:
    """Return the bytes that one whole fit will take at its peak, with an interval.

    The estimate of `memory.need_bytes` gives the shape; how much more or less was measured than it says, between the
    smallest and the largest small fit, corrects it, by as much as the difference stands out from the noise.
    """
    ratio, weight, fixed = 1.0, 0.0, 0.0
    known = [timing for timing in timings if timing.peak and timing.expected]
    if known:
        first, last = known[0], known[-1]
        grown, expected = last.peak - first.peak, last.expected - first.expected
        weight = expected / (expected + NOISE) if expected > 0 else 0.0
        if expected > 0:
            ratio = min(max(grown / expected, 0.25), 4.0) ** weight
        fixed = max(last.peak - ratio * last.expected, 0.0)
    factor = math.exp(Z * (0.25 + 0.5 * (1 - weight)))
    middle = fixed + ratio * need
    return middle, fixed + ratio * need / factor, fixed + ratio * need * factor


def extrapolate(
    measured: Sequence[Measured],
    *,
    rows: int,
    columns: int,
    folds: int,
    cores: int,
    budget: float,
    free: int,
    took: float = 0.0,
) -> Forecast:
    """Go from small fits to the whole table and all folds.

    Parameters
    ----------
    measured : sequence of Measured
        `PREPARATION` may be among them.
    rows : int
        Learned in one fold.
    columns, folds, cores : int
    budget : float
        Seconds, 0 for no limit.
    free : int
        Bytes.
    took : float
        Seconds of the small fits.
    """
    rounds = clock_rounds(folds, cores)
    found = [_forecast(one, rows, rounds, budget) for one in measured]
    preparation = next((row for row in found if row.family == PREPARATION), None)
    families = tuple(row for row in found if row.family != PREPARATION)
    return Forecast(rows, columns, folds, cores, budget, free, took, preparation, families)


def _forecast(one: Measured, rows: int, rounds: int, budget: float) -> FamilyForecast:
    if not one.timings:
        memory = peak_memory((), one.need)
        verdict: Verdict = "no memory" if one.skipped else "failed"
        return FamilyForecast(
            one.family, one.label, one.models, one.example, 0.0, 0.0, 0.0, *memory, verdict, one.skipped or one.fault
        )
    law = power_law([(timing.rows, timing.seconds) for timing in one.timings], growth_of(one.family, one.columns))
    middle, low, high = law.at(rows, doubt=one.doubt)
    mean = sum(one.efforts) / len(one.efforts)
    seconds = (rounds * mean * middle, rounds * min(one.efforts) * low, rounds * max(one.efforts) * high)
    if one.at_least:
        seconds = (2 * seconds[0], seconds[0], 4 * seconds[2])
    verdict, reason = _verdict(one, seconds[1], seconds[2], budget)
    given = max(SHARE * budget, rounds * LEAST_FOLD)
    if one.shortens and budget and verdict != "no memory" and seconds[2] > given:
        verdict, edge = "shortened", math.exp(Z * SCATTER)
        reason = (
            f"It would take {_words(seconds[1])} to {_words(seconds[2])} s and is given {_words(given)} s, so it may end with "
            "fewer rounds than it would use."
        )
        seconds = (min(seconds[0], given), min(seconds[1], given / edge), min(seconds[2], given * edge))
    return FamilyForecast(
        one.family, one.label, one.models, one.example, *seconds, *peak_memory(one.timings, one.need), verdict, reason
    )


def _verdict(one: Measured, low: float, high: float, budget: float) -> tuple[Verdict, str]:
    if one.skipped:
        return "no memory", one.skipped
    if not budget or high <= budget:
        return "fits", ""
    if low > budget:
        return "no time", f"One model takes at least {_words(low)} s, the run {_words(budget)} s."
    return "perhaps", f"One model takes {_words(low)} to {_words(high)} s, the run {_words(budget)} s."


def _words(seconds: float) -> str:
    return f"{seconds:,.0f}" if seconds >= 10 else f"{seconds:.1f}"
