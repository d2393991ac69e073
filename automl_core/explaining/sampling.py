"""Shapley values by sampling, each with its error: where no exact method is known, or an exact sum is wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Answer = Callable[[Ints], Array]


@dataclass(frozen=True)
class Sampled:
    """Shapley values that were sampled.

    Parameters
    ----------
    values : ndarray, shape (n, players, n_outputs)
    error : ndarray, shape (n, players, n_outputs)
        Standard error of each value.
    base : ndarray, shape (n_outputs,)
        Mean answer for the background; with the values it adds up to each row's answer exactly.
    answers : ndarray, shape (n, n_outputs)
    draws : int
        Orders of the players for each row, each used in both directions.
    """

    values: Array
    error: Array
    base: Array
    answers: Array
    draws: int


def evaluations(players: int, background: int, rounds: int = 1) -> int:
    """Return about how many answers one row takes."""
    return 2 * players * background * rounds


def sample_shapley(answer: Answer, explained: Ints, background: Ints, players: int, *, rounds: int = 1, seed: int = 0) -> Sampled:
    """Sample Shapley values by orders of the players, each in both directions.

    In an order the players take their values from the explained row one after the other, the others have theirs from a
    row of the background; what an answer changes by is the player's (Castro, Gómez and Tejada, 2009). Each order is
    used forwards and backwards, which makes the error smaller (Mitchell and others, 2022), and each row of the background
    equally often, which makes the values add up exactly.

    Parameters
    ----------
    answer : callable
        Takes row numbers, shape (n, players), that say from which row each player has its value, and gives answers, shape
        (n, n_outputs).
    explained : ndarray, shape (n,)
        Row numbers.
    background : ndarray, shape (n_background,)
        Row numbers of the rows that stand for "not known".
    players : int
    rounds : int
        How often each row of the background is used, with an order of its own.
    seed : int

    Returns
    -------
    Sampled
    """
    rng = np.random.default_rng(seed)
    draws = len(background) * rounds
    questions = np.empty((len(explained), draws, 2, players + 1, players), dtype=np.int64)
    orders = np.empty((len(explained), draws, players), dtype=np.int64)
    for place, row in enumerate(explained):
        for draw in range(draws):
            order = orders[place, draw] = rng.permutation(players)
            for way, walk in enumerate((order, order[::-1])):
                rank = np.empty(players, dtype=np.int64)
                rank[walk] = np.arange(players)
                known = rank[None, :] < np.arange(players + 1)[:, None]
                questions[place, draw, way] = np.where(known, row, background[draw % len(background)])
    flat, back = np.unique(questions.reshape(-1, players), axis=0, return_inverse=True)
    answers = answer(flat)
    answers = answers.reshape(len(flat), -1)[back.ravel()].reshape(*questions.shape[:4], -1)
    steps = np.diff(answers, axis=3)
    values = np.empty_like(steps)
    for way, walks in enumerate((orders, orders[..., ::-1])):
        np.put_along_axis(values[:, :, way], walks[..., None].repeat(steps.shape[-1], -1), steps[:, :, way], axis=2)
    pairs = values.mean(axis=2)
    error = pairs.std(axis=1, ddof=1) / np.sqrt(draws) if draws > 1 else np.full(pairs[:, 0].shape, np.nan)
    return Sampled(pairs.mean(axis=1), error, answers[0, :, 0, 0].mean(axis=0), answers[:, 0, 0, -1], draws)
