"""Both distributions of a column on one axis, as a chart needs them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.distributions import Numbers, Words
from automl_core.drift.report import Picture
from automl_core.profiling.wording import number

Array = npt.NDArray[np.float64]
BARS = 20
BULK = 0.005
"""Share of rows at either end that is put into the first and the last bar, so that a few far values do not squeeze the others."""


def picture_of(kind: str, reference: Numbers | Words, new: Numbers | Words) -> Picture:
    """Return the shares of both in each bar.

    Numbers of up to `BARS` values get a bar each, others bins of one width over what both have in bulk; of words the most
    frequent of both get one, and the others share the last.
    """
    if isinstance(reference, Numbers) and isinstance(new, Numbers):
        return _ordered(kind, reference, new)
    assert isinstance(reference, Words) and isinstance(new, Words)
    shares = {
        word: (reference.counts.get(word, 0) / reference.filled, new.counts.get(word, 0) / new.filled)
        for word in dict.fromkeys([*list(reference.counts)[:BARS], *list(new.counts)[:BARS]])
    }
    shown = sorted(shares, key=lambda word: -max(shares[word]))[: BARS // 2]
    before, after = [shares[word][0] for word in shown], [shares[word][1] for word in shown]
    if max(reference.distinct, new.distinct) > len(shown):
        shown, before, after = [*shown, "all others"], [*before, max(1 - sum(before), 0)], [*after, max(1 - sum(after), 0)]
    return Picture(tuple(word[:60] for word in shown), _rounded(np.array(before)), _rounded(np.array(after)))


def _ordered(kind: str, reference: Numbers, new: Numbers) -> Picture:
    few = np.union1d(reference.distinct(BARS + 1), new.distinct(BARS + 1))
    if len(few) <= BARS and kind == "number":
        sides = [np.diff(np.concatenate([[0.0], side.share_up_to(few)])) for side in (reference, new)]
        return Picture(tuple(number(value, 6) for value in few), _rounded(sides[0]), _rounded(sides[1]))
    low = min(_quantile(reference, BULK), _quantile(new, BULK))
    high = max(_quantile(reference, 1 - BULK), _quantile(new, 1 - BULK))
    if low == high:
        low, high = min(reference.low, new.low), max(reference.high, new.high)
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, BARS + 1)
    sides = []
    for side in (reference, new):
        up_to = side.share_up_to(edges)
        up_to[0], up_to[-1] = 0.0, 1.0
        sides.append(np.diff(up_to))
    labels = [_told(kind, edge) for edge in edges]
    return Picture(tuple(f"{one} to {other}" for one, other in pairwise(labels)), _rounded(sides[0]), _rounded(sides[1]))


def _quantile(side: Numbers, share: float) -> float:
    place = int(np.searchsorted(side.ordered, share * side.filled))
    return float(side.points[min(place, len(side.points) - 1)])


def _told(kind: str, value: float) -> str:
    return pd.Timestamp(value, unit="s").isoformat()[:10] if kind == "date" else number(value, 3)


def _rounded(shares: Array) -> tuple[float, ...]:
    return tuple(round(float(share), 5) for share in shares)
