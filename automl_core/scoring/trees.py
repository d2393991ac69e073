"""The trees of a forest or of a boosting as a few long arrays, which are written and read at once and not tree by tree.

A hundred trees are as many estimators of thirty attributes each to skops, and their nodes are 64 bytes wide whatever they
say: storing a forest took as long as fitting it. Nothing is lost here: every number comes back to the last bit.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
WIDTHS = (np.int8, np.int16, np.int32)
TREES = ("DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor")
"""The classes of scikit-learn that are packed; no other is ever made of a packed one."""
CHILDREN = ("left_child", "right_child")


@dataclass(frozen=True)
class PackedTrees:
    """Fitted trees that are alike but for their nodes.

    Parameters
    ----------
    kind : str
        One of `TREES`.
    shape : list of int
        As the estimators were kept: ``[n]`` for a list, ``[n, k]`` for an array.
    shared : dict
        The attributes that all have in common.
    seeds : ndarray, shape (n_trees,), or None
        Their random states, where each has its own.
    limits : list
        Number of columns, of classes for each output, and of outputs.
    counts, depths : ndarray, shape (n_trees,)
        Nodes and depth of each tree.
    leaf : ndarray of uint8
        Which nodes are leaves, a bit each.
    columns : dict of str to list of ndarray
        What the nodes hold: those with children, and the leaves.
    values : list of ndarray
        What they predict, in the same way.
    counted : bool
        Whether `values` are the weights of the rows and not their shares.
    """

    kind: str
    shape: list[int]
    shared: dict[str, Any]
    seeds: Array | None
    limits: list[Any]
    counts: Array
    depths: Array
    leaf: Array
    columns: dict[str, list[Array]]
    values: list[Array]
    counted: bool


def pack_trees(estimator: Any) -> Any:
    """Return an estimator whose trees are packed, or the same one where it has none; it is not changed itself."""
    trees = getattr(estimator, "estimators_", None)
    if not isinstance(trees, list | np.ndarray) or not type(estimator).__module__.startswith("sklearn.ensemble"):
        return estimator
    shape = list(np.shape(trees))
    flat = list(trees.ravel()) if isinstance(trees, np.ndarray) else trees
    packed = _pack(flat, shape)
    if packed is None:
        return estimator
    again = copy.copy(estimator)
    again.estimators_ = packed
    return again


def unpack_trees(estimator: Any) -> Any:
    """Give an estimator its trees back, in place; return it.

    Raises
    ------
    ValueError, TypeError, KeyError, AttributeError
        When what is packed is no set of trees.
    """
    packed = getattr(estimator, "estimators_", None)
    if not isinstance(packed, PackedTrees):
        return estimator
    trees = _unpack(packed)
    if len(packed.shape) == 1:
        estimator.estimators_ = trees
    else:
        places = np.empty(len(trees), dtype=object)
        places[:] = trees
        estimator.estimators_ = places.reshape(packed.shape)
    return estimator


def _pack(trees: list[Any], shape: list[int]) -> PackedTrees | None:
    kind = type(trees[0])
    if kind.__name__ not in TREES or kind.__module__ != "sklearn.tree._classes" or any(type(tree) is not kind for tree in trees):
        return None
    first = {name: value for name, value in vars(trees[0]).items() if name not in ("tree_", "random_state")}
    for tree in trees[1:]:
        other = {name: value for name, value in vars(tree).items() if name not in ("tree_", "random_state")}
        if other.keys() != first.keys() or not all(_same(first[name], other[name]) for name in first):
            return None
    states = [tree.random_state for tree in trees]
    own = all(isinstance(state, int | np.integer) for state in states)
    if not own and any(state is not states[0] for state in states):
        return None
    shared = first if own else {**first, "random_state": states[0]}
    inner = [tree.tree_.__getstate__() for tree in trees]
    _, (n_columns, n_classes, n_outputs), *_ = trees[0].tree_.__reduce__()
    counts = np.array([state["node_count"] for state in inner], dtype=np.int64)
    names = inner[0]["nodes"].dtype.names
    columns = {name: np.concatenate([state["nodes"][name] for state in inner]) for name in names}
    values = np.concatenate([state["values"] for state in inner])
    leaf, places = columns["left_child"] < 0, _places(counts)
    sides = (np.flatnonzero(~leaf), np.flatnonzero(leaf))
    for name in CHILDREN:
        columns[name] -= places * ~leaf  # near, and so narrow
    weights = columns["weighted_n_node_samples"][:, None, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        weighted = np.rint(values * weights)
        counted = bool((weighted / weights == values).all())
    return PackedTrees(
        kind=kind.__name__,
        shape=shape,
        shared=shared,
        seeds=np.array(states, dtype=np.int64) if own else None,
        limits=[int(n_columns), np.asarray(n_classes), int(n_outputs)],
        counts=counts,
        depths=np.array([state["max_depth"] for state in inner], dtype=np.int64),
        leaf=np.packbits(leaf),
        columns={name: _split(column, sides) for name, column in columns.items()},
        values=_split(weighted if counted else values, sides),
        counted=counted,
    )


def _unpack(packed: PackedTrees) -> list[Any]:
    import sklearn.tree
    from sklearn.tree._tree import NODE_DTYPE, Tree

    if packed.kind not in TREES:
        raise ValueError(f"There are no trees of the kind {packed.kind!r}.")
    kind = getattr(sklearn.tree, packed.kind)
    total = int(packed.counts.sum())
    leaf = np.unpackbits(packed.leaf, count=total).astype(bool)
    nodes = np.zeros(total, dtype=NODE_DTYPE)
    places = _places(packed.counts)
    for name, parts in packed.columns.items():
        column = _joined(parts, leaf, nodes[name].dtype)
        nodes[name] = np.where(~leaf, column + places, column) if name in CHILDREN else column
    n_columns, n_classes, n_outputs = packed.limits
    values = _joined(packed.values, leaf, np.dtype(np.float64))
    if packed.counted:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = values / nodes["weighted_n_node_samples"][:, None, None]
    trees, start = [], 0
    for number, (count, depth) in enumerate(zip(packed.counts.tolist(), packed.depths.tolist(), strict=True)):
        inner = Tree(n_columns, n_classes, n_outputs)
        end = start + count
        part = np.ascontiguousarray(values[start:end])
        inner.__setstate__({"max_depth": depth, "node_count": count, "nodes": nodes[start:end], "values": part})
        tree = kind.__new__(kind)
        vars(tree).update(packed.shared)
        if packed.seeds is not None:
            tree.random_state = int(packed.seeds[number])
        tree.tree_ = inner
        trees.append(tree)
        start = end
    return trees


def _places(counts: Array) -> Array:
    """Return the number of each node within its tree."""
    starts = np.cumsum(counts) - counts
    return np.asarray(np.arange(int(counts.sum())) - np.repeat(starts, counts))


def _same(one: Any, other: Any) -> bool:
    if one is other or type(one) is not type(other):
        return one is other
    return bool(np.array_equal(one, other)) if isinstance(one, np.ndarray) else bool(one == other)


def _split(column: Array, sides: tuple[Array, Array]) -> list[Array]:
    """Return a column's numbers at nodes with children and at leaves, where most say the same."""
    return [_narrow(column.take(side, axis=0)) for side in sides]


def _joined(parts: list[Array], leaf: Array, dtype: np.dtype[Any]) -> Array:
    inner, outer = parts
    column = np.empty((len(leaf), *outer.shape[1:]), dtype=dtype)
    column[~leaf], column[leaf] = inner, outer
    return column


def _narrow(values: Array) -> Array:
    """Return the same numbers in the narrowest type that holds them exactly; one of them where all are alike."""
    if not len(values):
        return values
    if (values == values[:1]).all():
        return values[:1]
    low, high = values.min(), values.max()
    for width in WIDTHS:
        if low >= np.iinfo(width).min and high <= np.iinfo(width).max:  # neither holds for a missing number
            narrow = values.astype(width)
            if (narrow == values).all():
                return narrow
            break
    if values.dtype == np.float64:
        with np.errstate(over="ignore"):
            single = values.astype(np.float32)
        if (single == values).all():
            return single
    return values
