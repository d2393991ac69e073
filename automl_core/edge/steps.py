"""Fitted steps over numbers as operators; those that are not known here are converted by skl2onnx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from automl_core.engines.onnx import DOUBLE

if TYPE_CHECKING:
    from automl_core.engines.onnx import Graph


def after_step(graph: Graph, step: Any, value: str, width: int) -> tuple[str, int]:
    """Add a step; return its value and its width.

    Raises
    ------
    EngineError
        When nobody knows it.
    """
    kind = type(step).__name__
    if kind == "SimpleImputer":
        return _filled(graph, step, value, width)
    if kind == "StandardScaler":
        return _moved(graph, value, step.mean_ if step.with_mean else None, step.scale_ if step.with_std else None), width
    if kind == "RobustScaler":
        middle, scale = step.center_ if step.with_centering else None, step.scale_ if step.with_scaling else None
        return _moved(graph, value, middle, scale), width
    if kind == "MaxAbsScaler":
        return _moved(graph, value, None, step.scale_), width
    if kind == "MinMaxScaler" and not step.clip:
        return graph.op("Add", graph.op("Mul", value, graph.constant(step.scale_)), graph.constant(step.min_)), width
    if kind == "ClipOutliers":
        return _clipped(graph, step, value, width)
    if kind in ("PowerTransformer", "YeoJohnson") and step.method == "yeo-johnson":
        return _yeo_johnson(graph, step, value), width
    made = graph.converted(value, step, width)
    return made, _width_after(step, width)


def _width_after(step: Any, width: int) -> int:
    try:
        return len(step.get_feature_names_out([f"x{place}" for place in range(width)]))
    except (AttributeError, ValueError):
        return width


def _filled(graph: Graph, step: Any, value: str, width: int) -> tuple[str, int]:
    missing = graph.op("IsNaN", value)
    filled = graph.op("Where", missing, graph.constant(np.asarray(step.statistics_, dtype=np.float64)[None, :]), value)
    if not step.add_indicator:
        return filled, width
    marked = [int(place) for place in step.indicator_.features_]
    if not marked:
        return filled, width
    marks = graph.columns(graph.op("Cast", missing, to=DOUBLE), marked)
    return graph.side_by_side([filled, marks]), width + len(marked)


def _moved(graph: Graph, value: str, middle: Any, scale: Any) -> str:
    if middle is not None:
        value = graph.op("Sub", value, graph.constant(np.asarray(middle, dtype=np.float64)))
    return value if scale is None else graph.op("Div", value, graph.constant(np.asarray(scale, dtype=np.float64)))


def _clipped(graph: Graph, step: Any, value: str, width: int) -> tuple[str, int]:
    low = graph.constant(np.where(np.isnan(step.low_), -np.inf, step.low_)[None, :])
    high = graph.constant(np.where(np.isnan(step.high_), np.inf, step.high_)[None, :])
    below, above = graph.op("Less", value, low), graph.op("Greater", value, high)
    action = getattr(step, "action", "clip")
    if action == "clip":
        return graph.op("Where", above, high, graph.op("Where", below, low, value)), width
    beyond = graph.op("Or", below, above)
    if action == "missing":
        return graph.op("Where", beyond, graph.constant(np.array([[np.nan]])), value), width
    if action == "flag":
        return graph.side_by_side([value, graph.op("Cast", beyond, to=DOUBLE)]), 2 * width
    return value, width


def _yeo_johnson(graph: Graph, step: Any, value: str) -> str:
    """Add the power transformation of Yeo and Johnson (2000), whose exponents 0 and 2 are logarithms."""
    powers = np.asarray(step.lambdas_, dtype=np.float64)[None, :]
    zero, one = graph.constant(np.array(0.0)), graph.constant(np.array(1.0))
    sides = []
    for sign, exponents in ((1.0, powers), (-1.0, 2.0 - powers)):
        size = graph.op("Add", graph.op("Max", graph.op("Mul", value, graph.constant(np.array(sign))), zero), one)
        flat = np.abs(exponents) < np.spacing(1.0)
        kept = graph.constant(np.where(flat, 1.0, exponents))
        raised = graph.op("Div", graph.op("Sub", graph.op("Pow", size, kept), one), kept)
        found = graph.op("Where", graph.constant(flat), graph.op("Log", size), raised)
        sides.append(graph.op("Mul", found, graph.constant(np.array(sign))))
    made = graph.op("Where", graph.op("Less", value, zero), sides[1], sides[0])
    made = graph.op("Where", graph.op("IsNaN", value), value, made)
    return _moved(graph, made, step._scaler.mean_, step._scaler.scale_) if step.standardize else made
