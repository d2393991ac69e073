"""The data of the curves and tables: plain lists, small enough to store and to draw."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
POINTS = 300
"""Most points of a stored curve."""
SAMPLE = 2000
"""Most rows drawn one by one."""
BINS = 10
LABELS = 8
"""Most labels that get curves of their own, the most frequent ones: more cannot be told apart by colour."""


def _thin(*lists: Array) -> list[list[float]]:
    """Return the lists with at most `POINTS` entries, both ends kept."""
    size = len(lists[0])
    keep = np.unique(np.linspace(0, size - 1, min(size, POINTS)).round().astype(int))
    return [[float(value) for value in part[keep]] for part in lists]


def roc(truth: Ints, proba: Array) -> dict[str, Any]:
    """Return the ROC curve of an event with its area."""
    from sklearn.metrics import auc, roc_curve

    fpr, tpr, thresholds = roc_curve(truth, proba)
    area = float(auc(fpr, tpr))
    thresholds = np.clip(thresholds, 0, 1)  # scikit-learn starts with infinity, which JSON lacks
    x, y, t = _thin(fpr, tpr, thresholds)
    return {"fpr": x, "tpr": y, "threshold": t, "auc": area}


def precision_recall(truth: Ints, proba: Array) -> dict[str, Any]:
    """Return the precision-recall curve of an event, its average precision and the event's share."""
    from sklearn.metrics import average_precision_score, precision_recall_curve

    precision, recall, thresholds = precision_recall_curve(truth, proba)
    y, x, t = _thin(precision, recall, np.r_[thresholds, 1.0])
    return {
        "precision": y,
        "recall": x,
        "threshold": t,
        "average_precision": float(average_precision_score(truth, proba)),
        "share": float(truth.mean()),
    }


def gain(truth: Ints, proba: Array) -> dict[str, Any]:
    """Return how many of the events are among the rows with the highest probabilities.

    Returns
    -------
    dict
        ``share`` of the rows taken, most probable first, ``found`` of the events, ``base`` (the events' share of all rows).
        Lift is found over share. Rows of one probability are taken together.
    """
    order = np.argsort(-proba, kind="stable")
    last = np.r_[np.flatnonzero(np.diff(proba[order])), len(order) - 1]
    hits = np.cumsum(truth[order])[last]
    x, y = _thin(np.r_[0.0, (last + 1) / len(order)], np.r_[0.0, hits / max(int(truth.sum()), 1)])
    return {"share": x, "found": y, "base": float(truth.mean())}


def lift(part: dict[str, Any]) -> tuple[list[float], list[float]]:
    """Return shares of the rows and how many times as many events they hold as all rows do, of a label's `gain`."""
    pairs = [(share, found / share) for share, found in zip(part["share"], part["found"], strict=True) if share > 0]
    return [share for share, _ in pairs], [times for _, times in pairs]


def kolmogorov_smirnov(truth: Ints, proba: Array) -> dict[str, Any]:
    """Return which share of both outcomes lies at or below each probability, and where they are furthest apart.

    Returns
    -------
    dict
        ``threshold``, ``events``, ``others`` (lists), ``at`` (the probability) and ``value`` (the distance, from 0 to 1).
    """
    steps = np.unique(proba)
    events = np.searchsorted(np.sort(proba[truth == 1]), steps, side="right") / max(int(truth.sum()), 1)
    others = np.searchsorted(np.sort(proba[truth == 0]), steps, side="right") / max(int((1 - truth).sum()), 1)
    place = int((others - events).argmax())
    t, e, o = _thin(steps, events, others)
    return {
        "threshold": t,
        "events": e,
        "others": o,
        "at": float(steps[place]),
        "value": float(max(others[place] - events[place], 0.0)),
    }


def calibration(truth: Ints, proba: Array) -> dict[str, Any]:
    """Return, for up to ten groups of equal size, the mean probability and the share that had the event.

    The interval is Wilson's (1927), 95 %.
    """
    order = np.argsort(proba, kind="stable")
    predicted, observed, low, high, rows = [], [], [], [], []
    for part in np.array_split(order, min(BINS, max(len(order) // 5, 1))):
        n, share = len(part), float(truth[part].mean())
        z = 1.959964
        middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        predicted.append(float(proba[part].mean()))
        observed.append(share)
        low.append(float(min(max(middle - half, 0), share)))  # by rounding an end may lie just inside of 0 or 1
        high.append(float(max(min(middle + half, 1), share)))
        rows.append(n)
    return {"predicted": predicted, "observed": observed, "low": low, "high": high, "rows": rows}


def classification_curves(
    truth: Ints, values: Array, classes: tuple[str, ...], threshold: float
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return curves and tables of a classifier.

    Parameters
    ----------
    truth : ndarray, shape (n,)
        Codes.
    values : ndarray, shape (n, n_classes)
    classes : tuple of str
    threshold : float

    Returns
    -------
    dict
        ``confusion`` (rows: truth, columns: prediction), ``report`` by class, ``roc``, ``pr``, ``calibration``, ``gain``
        and ``ks`` by class (of the event alone for two classes, of the `LABELS` most frequent for many), ``distribution``
        (counts of the event's probability by truth).
    tuple of str
        Notes.
    """
    k = len(classes)
    predicted = (values[:, 1] > threshold).astype(int) if k == 2 else values.argmax(axis=1)
    counts = np.bincount(truth * k + predicted, minlength=k * k).reshape(k, k)
    shown = [1] if k == 2 else [code for code in range(k) if 0 < (truth == code).sum() < len(truth)]
    notes = []
    absent = [classes[code] for code in range(k) if not (truth == code).any()]
    if absent:
        notes.append(f"No row has the {'label' if len(absent) == 1 else 'labels'} {', '.join(map(repr, absent))}.")
    if len(shown) > LABELS:
        notes.append(f"Curves are those of the {LABELS} most frequent of {k:,} labels.")
        shown = sorted(sorted(shown, key=lambda code: -int((truth == code).sum()))[:LABELS])
    curves: dict[str, Any] = {
        "confusion": counts.tolist(),
        "report": _report(counts, classes),
        "roc": {classes[code]: roc((truth == code).astype(int), values[:, code]) for code in shown},
        "pr": {classes[code]: precision_recall((truth == code).astype(int), values[:, code]) for code in shown},
        "calibration": {classes[code]: calibration((truth == code).astype(int), values[:, code]) for code in shown},
        "gain": {classes[code]: gain((truth == code).astype(int), values[:, code]) for code in shown},
        "ks": {classes[code]: kolmogorov_smirnov((truth == code).astype(int), values[:, code]) for code in shown},
    }
    if k == 2:
        edges = np.linspace(0, 1, 21)
        event = np.clip(values[:, 1], 0, 1)  # an average may lie a rounding error outside
        curves["distribution"] = {
            "edges": edges.tolist(),
            "counts": {name: np.histogram(event[truth == code], edges)[0].tolist() for code, name in enumerate(classes)},
        }
    return curves, tuple(notes)


def _report(counts: npt.NDArray[np.int64], classes: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = []
    for code, name in enumerate(classes):
        hit, true, predicted = int(counts[code, code]), int(counts[code].sum()), int(counts[:, code].sum())
        rows.append(
            {
                "label": name,
                "precision": hit / predicted if predicted else 0.0,
                "recall": hit / true if true else 0.0,
                "f1": 2 * hit / (true + predicted) if true + predicted else 0.0,
                "rows": true,
            }
        )
    return rows


def regression_curves(truth: Array, values: Array, *, seed: int = 0) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return curves and tables of a regression.

    Returns
    -------
    dict
        ``predicted_actual`` (``actual``, ``predicted``; residuals are their difference), ``residual_hist`` (actual
        minus predicted), ``by_quantile``: error for tenths of the true values.
    tuple of str
        Notes, such as that a sample is shown.
    """
    notes: tuple[str, ...] = ()
    chosen = np.arange(len(truth))
    if len(truth) > SAMPLE:
        chosen = np.sort(np.random.default_rng(seed).permutation(len(truth))[:SAMPLE])
        notes = (f"Charts of single rows show {SAMPLE:,} of {len(truth):,}, drawn at random.",)
    residual = truth - values
    low, high = np.quantile(residual, [0.001, 0.999]) if len(truth) > 1000 else (residual.min(), residual.max())
    spread = high - low
    margin = 0.001 * spread or 1e-6 * max(abs(low), 1.0)
    edges = np.linspace(low - margin, high + margin, 41)
    counts, _ = np.histogram(np.clip(residual, edges[0], edges[-1]), edges)
    groups = [
        {
            "low": float(truth[part].min()),
            "high": float(truth[part].max()),
            "rows": len(part),
            "mae": float(np.abs(residual[part]).mean()),
            "bias": float(-residual[part].mean()),
        }
        for part in np.array_split(np.argsort(truth, kind="stable"), min(10, max(len(truth) // 5, 1)))
    ]
    return {
        "predicted_actual": {"actual": truth[chosen].tolist(), "predicted": values[chosen].tolist()},
        "residual_hist": {"edges": edges.tolist(), "counts": counts.tolist()},
        "by_quantile": groups,
    }, notes
