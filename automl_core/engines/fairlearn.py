"""fairlearn: how decisions differ between groups. The only module that imports fairlearn."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

Ints = npt.NDArray[np.int64]
Measure = Literal["selection", "found", "alarms"]
MEASURES: tuple[Measure, ...] = ("selection", "found", "alarms")


def group_rates(counts: Ints) -> tuple[list[dict[Measure, float]], dict[Measure, tuple[float, float]]]:
    """Return the rates of each group, and how far apart they are.

    Parameters
    ----------
    counts : ndarray of int, shape (n_groups, 2, 2)
        Rows by group, truth and decision. Counted before, so that a million rows take as long as four a group.

    Returns
    -------
    list of dict
        For each group ``selection`` (share that is selected), ``found`` (true positive rate), ``alarms`` (false positive
        rate); NaN where the group has no such row.
    dict
        For each measure the difference of the highest and the lowest group, and the ratio of the lowest to the highest.
    """
    from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate

    cells = pd.DataFrame(
        [
            (group, truth, decided, int(counts[group, truth, decided]))
            for group in range(len(counts))
            for truth in (0, 1)
            for decided in (0, 1)
            if counts[group, truth, decided]
        ],
        columns=["group", "truth", "decided", "rows"],
    )
    metrics = {"selection": selection_rate, "found": true_positive_rate, "alarms": false_positive_rate}
    frame = MetricFrame(
        metrics=metrics,
        y_true=cells["truth"],
        y_pred=cells["decided"],
        sensitive_features=cells["group"],
        sample_params={name: {"sample_weight": cells["rows"]} for name in metrics},
    )
    by_group = frame.by_group.astype(float)
    has = {"selection": counts.sum(axis=(1, 2)), "found": counts[:, 1].sum(axis=1), "alarms": counts[:, 0].sum(axis=1)}
    rates = [
        {name: float(by_group.loc[group, name]) if has[name][group] else float("nan") for name in MEASURES}
        for group in range(len(counts))
    ]
    # A rate of rows that a group does not have is 0 to fairlearn, and would make a gap of its own.
    defined = all((has[name] > 0).all() for name in MEASURES)
    if defined:
        difference, ratio = frame.difference(method="between_groups"), frame.ratio(method="between_groups")
        return rates, {name: (float(difference[name]), float(ratio[name])) for name in MEASURES}
    return rates, {name: gap(np.array([rate[name] for rate in rates])) for name in MEASURES}


def gap(rates: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return difference and ratio of the lowest and the highest of the rates that are defined, as fairlearn does."""
    known = rates[np.isfinite(rates)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = float(known.min()), float(known.max())
    return high - low, low / high if high else float("nan")
