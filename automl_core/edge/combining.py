"""What the predictions of all members come to, as operators; the same as `scoring.ensemble.FoldEnsemble.put_together`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from automl_core.edge.members import predicted, two_sided
from automl_core.errors import InputError
from automl_core.scoring.calibration import TINY, Calibration, Curve
from automl_core.scoring.ensemble import STRAIGHT, FoldEnsemble

if TYPE_CHECKING:
    from automl_core.engines.onnx import Graph


def put_together(graph: Graph, ensemble: FoldEnsemble, predictions: Sequence[tuple[str, float, str]]) -> str:
    """Add the weighted average or the second level, the temperature, the line and the calibration.

    Parameters
    ----------
    graph : Graph
    ensemble : FoldEnsemble
    predictions : sequence of tuple (candidate, share, value)

    Returns
    -------
    str
        Probabilities, shape (n, n_classes), or values, shape (n, 1).
    """
    n_classes = ensemble.n_classes
    if ensemble.second is None:
        value = _average(graph, [(share, one) for _, share, one in predictions])
    else:
        level = []
        for name in ensemble.second.candidates:
            mine = [(share, one) for candidate, share, one in predictions if candidate == name]
            total = sum(share for share, _ in mine)
            one = _average(graph, [(share / total, value) for share, value in mine])
            level.append(_level(graph, one, n_classes))
        width = len(level) * max(n_classes - 1, 1)
        value = predicted(graph, ensemble.second.estimator, graph.side_by_side(level), width, n_classes)
    if n_classes and ensemble.temperature != 1.0:
        powers = graph.op("Log", graph.op("Max", value, graph.constant(np.array(1e-300))))
        value = graph.op("Softmax", graph.op("Div", powers, graph.constant(np.array(ensemble.temperature))), axis=1)
    if not n_classes and ensemble.line != STRAIGHT:
        height, slope = ensemble.line
        value = graph.op("Add", graph.op("Mul", value, graph.constant(np.array(slope))), graph.constant(np.array(height)))
    return value if ensemble.calibration is None else _calibrated(graph, ensemble.calibration, value)


def _average(graph: Graph, parts: Sequence[tuple[float, str]]) -> str:
    weighted = [graph.op("Mul", value, graph.constant(np.array(share))) for share, value in parts]
    return weighted[0] if len(weighted) == 1 else graph.op("Sum", *weighted)


def _level(graph: Graph, value: str, n_classes: int) -> str:
    """Return what a second level gets of one candidate: values, or the log-odds of every label but the first."""
    if not n_classes:
        return value
    odds = _log_odds(graph, graph.columns(value, list(range(1, n_classes))))
    return graph.op("Min", graph.op("Max", odds, graph.constant(np.array(-30.0))), graph.constant(np.array(30.0)))


def _log_odds(graph: Graph, value: str) -> str:
    inside = graph.op("Min", graph.op("Max", value, graph.constant(np.array(TINY))), graph.constant(np.array(1 - TINY)))
    return graph.op("Log", graph.op("Div", inside, graph.op("Sub", graph.constant(np.array(1.0)), inside)))


def _calibrated(graph: Graph, calibration: Calibration, value: str) -> str:
    if len(calibration.curves) == 1:
        return two_sided(graph, _curve(graph, calibration.curves[0], graph.columns(value, [1])))
    found = graph.side_by_side([_curve(graph, one, graph.columns(value, [at])) for at, one in enumerate(calibration.curves)])
    total = graph.op("ReduceSum", found, graph.constant(np.array([1], dtype=np.int64)), keepdims=1)
    return graph.op("Div", found, graph.op("Max", total, graph.constant(np.array(TINY))))


def _curve(graph: Graph, curve: Curve, value: str) -> str:
    """Return a curve's values: a sigmoid over the log-odds, or lines between points, as the sum of what each line adds."""
    if not curve.x:
        line = graph.op("Mul", _log_odds(graph, value), graph.constant(np.array(curve.slope)))
        return graph.op("Sigmoid", graph.op("Add", line, graph.constant(np.array(curve.height))))
    x, y = np.asarray(curve.x), np.asarray(curve.y)
    if (np.diff(x) <= 0).any():
        raise InputError("The curve that sets the probabilities right jumps.", "ONNX follows lines.", "Calibrate by a sigmoid.")
    if len(x) == 1:
        return graph.op("Add", graph.op("Mul", value, graph.constant(np.array(0.0))), graph.constant(y))
    run = graph.op("Sub", value, graph.constant(x[None, :-1]))
    run = graph.op("Min", graph.op("Max", run, graph.constant(np.array(0.0))), graph.constant(np.diff(x)[None, :]))
    rise = graph.op("MatMul", run, graph.constant((np.diff(y) / np.diff(x))[:, None]))
    return graph.op("Add", rise, graph.constant(y[:1]))
