"""What a search has gained over the model as it was, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from automl_core.fold_tests import half_width, selection_bias

Verdict = Literal["gained", "unclear", "not gained"]


@dataclass(frozen=True)
class Gain:
    """The best trial against the model as it was, on the same folds.

    Parameters
    ----------
    verdict : Verdict
    sentence : str
    before, after : float
        Means over the folds, in the metric's own direction.
    gain : float
        By how much the best trial is better; larger is better whatever the metric.
    bias : float
        How much of it comes from being the best of many, at least 0.
    low, high : float or None
        The 95 % interval of the gain without that share; None with fewer than two folds.
    """

    verdict: Verdict
    sentence: str
    before: float
    after: float
    gain: float
    bias: float
    low: float | None
    high: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)


def measure_gain(
    before: Sequence[float], trials: Sequence[Sequence[float]], *, greater_is_better: bool, ratio: float = 0.0
) -> Gain:
    """Compare the best of several trials with the model as it was.

    The interval is that of the mean difference over folds (`fold_tests.half_width`), moved by what choosing the best of
    all trials by the same folds makes it too good (`fold_tests.selection_bias`).

    Parameters
    ----------
    before : sequence of float
        The model's scores on the folds.
    trials : sequence of sequence of float
        Those of every complete trial on the same folds.
    greater_is_better : bool
    ratio : float
        Rows judged for each row learned from, 0 for that of k folds.
    """
    sign = 1.0 if greater_is_better else -1.0
    own = sign * np.asarray(before, dtype=np.float64)
    table = np.vstack([own, *(sign * np.asarray(row, dtype=np.float64) for row in trials)])
    best = int(np.argmax(table.mean(axis=1)))
    gain = float(table[best].mean() - own.mean())
    if best == 0 or gain <= 0:
        score = float(sign * own.mean())
        tried = f"none of the {len(trials):,} trials was" if len(trials) != 1 else "the one trial was not"
        sentence = f"Not gained: {tried} better than the model as it is. It stays as it was."
        return Gain("not gained", sentence, score, score, 0.0, 0.0, None, None)
    bias = min(selection_bias(table, best), gain) if len(table) > 1 else 0.0
    low = high = None
    if table.shape[1] > 1:
        middle, width = gain - bias, half_width(list(table[best] - own), ratio)
        low, high = middle - width, middle + width
    verdict: Verdict = "gained" if low is not None and low > 0 else "unclear"
    if low is None or high is None:
        sure = "one fold does not tell how sure that is"
    else:
        less = f" without the share that comes from choosing among {len(trials):,} trials" if len(trials) > 1 else ""
        sure = f"{low:+.2g} to {high:+.2g} (95 %){less}"
    words = "Gained" if verdict == "gained" else "Not sure to be gained"
    sentence = f"{words}: better by {gain:.2g} over the folds; {sure}."
    return Gain(verdict, sentence, float(sign * own.mean()), float(sign * table[best].mean()), gain, bias, low, high)
