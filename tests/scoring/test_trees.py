"""Packed trees come back to the last bit, are small, and are never made of anything but scikit-learn's trees."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import skops.io
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression

from automl_core.scoring.storing import stored
from automl_core.scoring.trees import PackedTrees, pack_trees, unpack_trees
from automl_core.scoring.trusted import load_trusted

RNG = np.random.default_rng(0)
X = np.where(RNG.random((300, 5)) < 0.05, np.nan, RNG.normal(size=(300, 5)))
CLASSES = RNG.integers(0, 3, 300)
VALUES = RNG.normal(size=300) * 1e6
ESTIMATORS = [
    (RandomForestClassifier(7, class_weight="balanced", random_state=0), CLASSES),
    (RandomForestClassifier(7, max_leaf_nodes=9, random_state=0), CLASSES),
    (RandomForestRegressor(7, random_state=0), VALUES),
    (ExtraTreesClassifier(7, random_state=0), CLASSES),
    (ExtraTreesRegressor(7, random_state=0), VALUES),
    (AdaBoostClassifier(n_estimators=7, algorithm="SAMME", random_state=0), CLASSES),
    (GradientBoostingClassifier(n_estimators=7, random_state=0), CLASSES),
    (GradientBoostingRegressor(n_estimators=7, random_state=0), VALUES),
]


def state(tree: Any) -> tuple[Any, ...]:
    inner = tree.tree_.__getstate__()
    nodes = [inner["nodes"][name].tolist() for name in inner["nodes"].dtype.names]
    return (type(tree), inner["max_depth"], inner["node_count"], repr(nodes), inner["values"].tolist(), sorted(vars(tree)))


@pytest.mark.parametrize(("estimator", "y"), ESTIMATORS, ids=[type(made).__name__ for made, _ in ESTIMATORS])
def test_stored_trees_are_the_same_to_the_last_bit(estimator: Any, y: Any) -> None:
    data = X if isinstance(estimator, RandomForestClassifier | RandomForestRegressor) else np.nan_to_num(X)
    fitted = estimator.fit(data, y)
    assert isinstance(pack_trees(fitted).estimators_, PackedTrees)
    again: Any = load_trusted(stored(fitted), "x.skops")
    assert not isinstance(fitted.estimators_, PackedTrees)  # the caller's is left alone
    assert np.shape(again.estimators_) == np.shape(fitted.estimators_)
    for one, other in zip(np.ravel(fitted.estimators_), np.ravel(again.estimators_), strict=True):
        assert state(one) == state(other)
    assert np.array_equal(again.predict(data), fitted.predict(data))
    assert np.array_equal(again.feature_importances_, fitted.feature_importances_)


def test_a_forest_takes_a_fraction_of_the_room() -> None:
    fitted = ExtraTreesClassifier(50, random_state=0).fit(np.nan_to_num(X), CLASSES)
    assert 5 * len(stored(fitted)) < len(skops.io.dumps(fitted))


@pytest.mark.parametrize(
    "estimator",
    [LogisticRegression(), AdaBoostClassifier(LogisticRegression(), n_estimators=3, algorithm="SAMME", random_state=0)],
)
def test_what_has_no_trees_is_stored_as_it_is(estimator: Any) -> None:
    fitted = estimator.fit(np.nan_to_num(X), CLASSES)
    assert pack_trees(fitted) is fitted


def test_nothing_but_trees_is_made_of_packed_ones() -> None:
    fitted = RandomForestClassifier(2, random_state=0).fit(X, CLASSES)
    packed = pack_trees(fitted)
    packed.estimators_ = replace(packed.estimators_, kind="BaseDecisionTree")
    with pytest.raises(ValueError, match="There are no trees of the kind 'BaseDecisionTree'."):
        unpack_trees(packed)
