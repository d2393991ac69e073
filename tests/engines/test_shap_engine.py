"""Shares of a prediction: known values of known functions, and that they add up."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from automl_core.engines.shap import PERMUTATIONS, Predict, contributions, cost

# SHAP imports matplotlib, which calls pyparsing by its old names.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:matplotlib.*")
TABLE = np.random.default_rng(0).normal(size=(30, 4)).round(2)
EXPLAINED = np.array([3, 11, 20, 29])
BACKGROUND = np.array([0, 5, 7, 9, 13, 17])


def cells(rows: np.ndarray) -> np.ndarray:
    """Return the values that the row numbers stand for."""
    return np.column_stack([TABLE[rows[:, place], place] for place in range(rows.shape[1])])


def shapley(value: Predict, row: int, background: np.ndarray, columns: int) -> np.ndarray:
    """Shapley values by their definition: over all orders in which columns become known."""
    total = np.zeros(columns)
    for order in itertools.permutations(range(columns)):
        rows = np.repeat(background[:, None], columns, axis=1)
        before = value(rows).mean()
        for place in order:
            rows[:, place] = row
            after = value(rows).mean()
            total[place] += after - before
            before = after
    return total / math.factorial(columns)


def test_a_linear_function_has_its_known_values() -> None:
    weights = np.array([2.0, -1.0, 0.0, 0.5])
    values, base = contributions(lambda rows: cells(rows) @ weights + 7, EXPLAINED, BACKGROUND, 4)
    assert values.shape == (4, 4, 1)
    assert base == pytest.approx([7 + TABLE[BACKGROUND].mean(axis=0) @ weights])
    assert values[:, :, 0] == pytest.approx((TABLE[EXPLAINED] - TABLE[BACKGROUND].mean(axis=0)) * weights, abs=1e-9)


def test_a_product_of_two_columns_is_shared_as_the_definition_says() -> None:
    """Pairs alone: one order and its reverse are all orders, so the values are exact."""

    def product(rows: np.ndarray) -> np.ndarray:
        found = cells(rows)
        return found[:, 0] * found[:, 1]

    values, _ = contributions(product, EXPLAINED, BACKGROUND, 2)
    for place, row in enumerate(EXPLAINED):
        assert values[place, :, 0] == pytest.approx(shapley(product, row, BACKGROUND, 2), abs=1e-9)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("columns", [1, 2, 3, 4])
def test_base_and_contributions_add_up_to_the_prediction(columns: int, seed: int) -> None:
    def predict(rows: np.ndarray) -> np.ndarray:
        found = cells(rows)
        return np.sin(found.sum(axis=1)) + np.prod(found, axis=1) + np.abs(found[:, 0])

    values, base = contributions(predict, EXPLAINED, BACKGROUND, columns, seed=seed)
    whole = predict(np.repeat(EXPLAINED[:, None], columns, axis=1))
    assert values[:, :, 0].sum(axis=1) + base[0] == pytest.approx(whole, abs=1e-9)
    assert base[0] == pytest.approx(predict(np.repeat(BACKGROUND[:, None], columns, axis=1)).mean())


def test_several_outputs_are_shared_out_side_by_side() -> None:
    weights = np.array([[2.0, 0.0, -2.0], [0.0, 1.0, -1.0]])
    values, base = contributions(lambda rows: cells(rows) @ weights, EXPLAINED, BACKGROUND, 2)
    assert values.shape == (4, 2, 3) and base.shape == (3,)
    far = TABLE[EXPLAINED][:, :2] - TABLE[BACKGROUND][:, :2].mean(axis=0)
    assert values == pytest.approx(far[:, :, None] * weights[None], abs=1e-9)
    assert values.sum(axis=2) == pytest.approx(np.zeros((4, 2)), abs=1e-9)


def test_a_column_that_is_not_looked_at_has_nothing() -> None:
    values, _ = contributions(lambda rows: np.exp(cells(rows)[:, 2]), EXPLAINED, BACKGROUND, 4)
    assert values[:, [0, 1, 3], 0] == pytest.approx(np.zeros((4, 3)), abs=1e-12)
    assert (np.abs(values[:, 2, 0]) > 0.01).all()


def test_a_row_of_the_background_can_be_explained() -> None:
    weights = np.array([1.0, 2.0, 3.0, 4.0])
    values, base = contributions(lambda rows: cells(rows) @ weights, BACKGROUND, BACKGROUND, 4)
    assert values[:, :, 0] == pytest.approx((TABLE[BACKGROUND] - TABLE[BACKGROUND].mean(axis=0)) * weights, abs=1e-9)
    assert values.sum(axis=1)[:, 0] + base[0] == pytest.approx(TABLE[BACKGROUND] @ weights)


def test_words_are_never_seen_by_the_explainer() -> None:
    words = np.array(["a", "b", "a", "c"] * 5, dtype=object)

    def predict(rows: np.ndarray) -> np.ndarray:
        return (words[rows[:, 0]] == "c") * 6.0 + rows[:, 1] * 0

    values, base = contributions(predict, np.array([3, 4]), np.array([0, 1, 2, 7, 8, 9]), 2)
    assert base == pytest.approx([1.0])  # one of six is a "c"
    assert values[:, :, 0] == pytest.approx(np.array([[5.0, 0.0], [-1.0, 0.0]]))


def test_questions_are_asked_at_once_and_never_twice() -> None:
    asked = []

    def predict(rows: np.ndarray) -> np.ndarray:
        asked.append(rows)
        return cells(rows).sum(axis=1)

    contributions(predict, EXPLAINED, BACKGROUND, 4)
    first, questions = asked
    assert len(first) == 1
    assert len(np.unique(questions, axis=0)) == len(questions) <= len(EXPLAINED) * cost(4, len(BACKGROUND))


def test_the_same_seed_gives_the_same_values() -> None:
    def predict(rows: np.ndarray) -> np.ndarray:
        return np.prod(cells(rows), axis=1)

    one, other, third = (contributions(predict, EXPLAINED, BACKGROUND, 4, seed=seed)[0] for seed in (1, 1, 2))
    assert np.array_equal(one, other)
    assert not np.array_equal(one, third)


def test_the_cost_of_a_row() -> None:
    assert cost(10, 5) == PERMUTATIONS * 21 * 5
