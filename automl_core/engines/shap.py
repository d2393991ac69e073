"""SHAP: how much each column moved each prediction. The only module that imports shap."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Predict = Callable[[Ints], Array]
PERMUTATIONS = 2


def cost(columns: int, background: int) -> int:
    """Return how many predictions the contributions of one row take at most."""
    return PERMUTATIONS * (2 * columns + 1) * background


def contributions(predict: Predict, explained: Ints, background: Ints, columns: int, *, seed: int = 0) -> tuple[Array, Array]:
    """Share out predictions among columns: Shapley values by permutations (Lundberg and Lee, 2017).

    Columns of any kind can take part, since the explainer never sees a value: a row is a list of row numbers, one for
    each column, that say from which row of the table the column's value is taken.

    Parameters
    ----------
    predict : callable
        Takes row numbers, shape (n, columns), and gives predictions, shape (n,) or (n, n_outputs).
    explained : ndarray, shape (n_explained,)
        Row numbers of the rows to explain.
    background : ndarray, shape (n_background,)
        Row numbers of the rows that stand for "not known".
    columns : int
    seed : int

    Returns
    -------
    ndarray, shape (n_explained, columns, n_outputs)
        In the unit of the predictions. With `base` they add up to each row's prediction exactly.
    ndarray, shape (n_outputs,)
        Mean prediction of the background.
    """
    import shap

    def numbers(rows: Ints) -> Array:
        return np.repeat(rows[:, None], columns, axis=1).astype(float)

    def explain(answer: Predict) -> object:
        masker = shap.maskers.Independent(numbers(background), max_samples=len(background))
        explainer = shap.PermutationExplainer(lambda rows: answer(rows.astype(np.int64)), masker, seed=seed)
        evaluations = PERMUTATIONS * (2 * columns + 1)
        return explainer(numbers(explained), max_evals=evaluations, batch_size=256, silent=True)

    # What is asked depends on the seed alone. So the questions are collected first, answered at once without repeats, and
    # played back: measured three times as fast as one small prediction after the other.
    outputs = predict(np.zeros((1, columns), dtype=np.int64)).reshape(1, -1).shape[1]
    asked: list[Ints] = []

    def collect(rows: Ints) -> Array:
        asked.append(rows)
        return np.zeros((len(rows), outputs))

    explain(collect)
    questions, place = np.unique(np.concatenate(asked), axis=0, return_inverse=True)
    answers = predict(questions).reshape(len(questions), outputs)[place.ravel()]
    given = 0

    def play(rows: Ints) -> Array:
        nonlocal given
        given += len(rows)
        part: Array = answers[given - len(rows) : given]
        return part

    result = explain(play)
    values = np.asarray(result.values, dtype=np.float64).reshape(len(explained), columns, outputs)  # type: ignore[attr-defined]
    base = np.asarray(result.base_values, dtype=np.float64).reshape(len(explained), outputs)[0]  # type: ignore[attr-defined]
    return values, base
