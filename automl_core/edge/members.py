"""Fitted estimators as operators: trees, linear models and networks by their numbers, others through skl2onnx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from automl_core.edge.trees import Forest, forest_of
from automl_core.errors import InputError

if TYPE_CHECKING:
    from automl_core.engines.onnx import Graph

ACTIVATIONS = {"relu": "Relu", "logistic": "Sigmoid", "tanh": "Tanh", "identity": "Identity"}


def predicted(graph: Graph, estimator: Any, X: str, width: int, n_classes: int) -> str:
    """Add an estimator.

    Parameters
    ----------
    graph : Graph
    estimator : object
        Fitted.
    X : str
        The prepared matrix, of shape (n, width).
    width : int
    n_classes : int
        0 for regression.

    Returns
    -------
    str
        Probabilities, shape (n, n_classes), or values, shape (n, 1).

    Raises
    ------
    InputError, EngineError
        With what of it ONNX cannot do.
    """
    known = [int(code) for code in estimator.classes_] if n_classes else []
    forest = forest_of(estimator)
    kind = type(estimator).__name__
    if forest is not None:
        value = _forest(graph, forest, X)
    elif type(estimator).__module__.startswith("sklearn.neural_network"):
        value = _network(graph, estimator, X)
    elif kind in ("LogisticRegression", "LinearDiscriminantAnalysis"):
        value = _linear_classes(graph, estimator, X)
    elif not n_classes and _is_linear(estimator):
        value = _line(graph, X, np.reshape(estimator.coef_, (-1, 1)), np.ravel(estimator.intercept_)[:1])
    elif n_classes and not hasattr(estimator, "predict_proba") and _is_linear_classifier(estimator):
        value = _distances(graph, estimator, X)
    elif n_classes and not hasattr(estimator, "predict_proba"):
        raise InputError(f"{kind} gives no probabilities of its own.", "They are needed.", "Choose another model.")
    else:
        value = graph.converted(X, estimator, width)
        if not n_classes:
            value = graph.op("Reshape", value, graph.constant(np.array([-1, 1], dtype=np.int64)))
    return value if not n_classes or len(known) == n_classes else _spread(graph, value, known, n_classes)


def two_sided(graph: Graph, event: str) -> str:
    """Return the probabilities of both classes from that of the event, shape (n, 2)."""
    return graph.side_by_side([graph.op("Sub", graph.constant(np.array(1.0)), event), event])


def _forest(graph: Graph, forest: Forest, X: str) -> str:
    value = graph.trees(graph.single(X) if forest.single else X, forest.n_targets, forest.nodes, forest.leaves)
    if forest.base.any():
        value = graph.op("Add", value, graph.constant(forest.base[None, :]))
    if forest.link == "exp":
        return graph.op("Exp", value)
    if forest.link == "sigmoid":
        return two_sided(graph, graph.op("Sigmoid", value))
    return graph.op("Softmax", value, axis=1) if forest.link == "softmax" else value


def _spread(graph: Graph, value: str, known: list[int], n_classes: int) -> str:
    """Put the classes that an estimator knows in their places among all; the others are impossible."""
    places = np.zeros((len(known), n_classes))
    places[np.arange(len(known)), known] = 1.0
    return graph.op("MatMul", value, graph.constant(places))


def _line(graph: Graph, X: str, weights: Any, heights: Any) -> str:
    product = graph.op("MatMul", X, graph.constant(np.asarray(weights, dtype=np.float64)))
    return graph.op("Add", product, graph.constant(np.atleast_1d(np.asarray(heights, dtype=np.float64))))


def _is_linear(estimator: Any) -> bool:
    from sklearn.linear_model._base import LinearModel

    return getattr(type(estimator), "predict", None) is LinearModel.predict


def _is_linear_classifier(estimator: Any) -> bool:
    from sklearn.linear_model._base import LinearClassifierMixin

    return getattr(type(estimator), "decision_function", None) is LinearClassifierMixin.decision_function


def _distances(graph: Graph, estimator: Any, X: str) -> str:
    """Add the logistic or softmax of the distances to the borders, as `scoring.values.predict_values` does."""
    distance = _line(graph, X, np.asarray(estimator.coef_, dtype=np.float64).T, estimator.intercept_)
    if len(estimator.classes_) == 2:
        return two_sided(graph, graph.op("Sigmoid", distance))
    return graph.op("Softmax", distance, axis=1)


def _linear_classes(graph: Graph, estimator: Any, X: str) -> str:
    two = len(estimator.classes_) == 2
    chosen = getattr(estimator, "multi_class", "auto")
    distance = _line(graph, X, np.asarray(estimator.coef_, dtype=np.float64).T, estimator.intercept_)
    if two and chosen == "multinomial":
        return graph.op("Softmax", graph.side_by_side([graph.op("Neg", distance), distance]), axis=1)
    if two:
        return two_sided(graph, graph.op("Sigmoid", distance))
    if chosen == "ovr" or (chosen in ("auto", "warn") and getattr(estimator, "solver", "") == "liblinear"):
        odds = graph.op("Sigmoid", distance)
        return graph.op("Div", odds, graph.op("ReduceSum", odds, graph.constant(np.array([1], dtype=np.int64)), keepdims=1))
    return graph.op("Softmax", distance, axis=1)


def _network(graph: Graph, estimator: Any, X: str) -> str:
    value = X
    layers = list(zip(estimator.coefs_, estimator.intercepts_, strict=True))
    for place, (weights, heights) in enumerate(layers, start=1):
        value = _line(graph, value, weights, heights)
        last = place == len(layers)
        name = estimator.out_activation_ if last else estimator.activation
        value = graph.op("Softmax", value, axis=1) if name == "softmax" else graph.op(ACTIVATIONS[name], value)
    return two_sided(graph, value) if hasattr(estimator, "classes_") and estimator.out_activation_ == "logistic" else value
