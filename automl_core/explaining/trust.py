"""Whether an explanation can be believed: sums, gaps, the same answer again, the same answer another way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.explaining.explainer import Explainer, draw_background
from automl_core.scoring.bundle import Model

Array = npt.NDArray[np.float64]
TOP = 5
SEEDS = 3


@dataclass(frozen=True)
class Agreement:
    """How alike two rankings of the columns are.

    Parameters
    ----------
    first, second : str
        What was ranked by, for people.
    correlation : float or None
        Spearman's, over the columns that both rank; 1 is the same order. None where one of them says nothing.
    common : int
        Of the first `of` columns of each, how many are in both.
    of : int
    """

    first: str
    second: str
    correlation: float | None
    common: int
    of: int


def agreement(first: str, second: str, one: Mapping[str, float], other: Mapping[str, float]) -> Agreement:
    """Compare two rankings of the columns by their sizes."""
    names = [name for name in one if name in other]
    a, b = (pd.Series([ranking[name] for name in names], dtype=float).rank() for ranking in (one, other))
    correlation = None
    if len(names) > 1 and a.std() > 0 and b.std() > 0:
        correlation = float(np.corrcoef(a, b)[0, 1])
    of = min(TOP, len(names))
    best = [set(sorted(names, key=lambda name, r=ranking: -r[name])[:of]) for ranking in (one, other)]  # type: ignore[misc]
    return Agreement(first, second, correlation, len(best[0] & best[1]), of)


def agreements(rankings: Mapping[str, Mapping[str, float]]) -> tuple[Agreement, ...]:
    """Compare each ranking with each other one."""
    return tuple(agreement(one, two, rankings[one], rankings[two]) for one, two in combinations(rankings, 2))


@dataclass(frozen=True)
class Stability:
    """Whether other random choices say the same: other rows, another background, other orders.

    Parameters
    ----------
    seeds : int
    rows : int
        Explained for each seed.
    correlation : float or None
        Lowest rank correlation of the columns' mean sizes between two seeds.
    common : int
        Columns among the first `of` for every seed.
    of : int
    """

    seeds: int
    rows: int
    correlation: float | None
    common: int
    of: int


def stability(model: Model, typed: pd.DataFrame, rows: int, *, seed: int = 0, draws: int | None = None) -> Stability:
    """Explain `rows` rows anew for each of some seeds, and compare the rankings.

    Parameters
    ----------
    model : Model
    typed : DataFrame, shape (n, n_used)
    rows : int
    seed : int
    draws : int, optional
        See `explainer.Explainer.share`.
    """
    rankings = []
    for number in range(SEEDS):
        chosen = np.random.default_rng([seed, number]).permutation(len(typed))[:rows]
        explainer = Explainer(model, draw_background(typed, seed + 1 + number))
        shares = explainer.share(typed.iloc[chosen], seed=seed + 1 + number, draws=draws)
        rankings.append(dict(zip(shares.columns, np.abs(shares.values).mean(axis=0).sum(axis=1).tolist(), strict=True)))
    found = [agreement("", "", one, two) for one, two in combinations(rankings, 2)]
    known = [entry.correlation for entry in found if entry.correlation is not None]
    of = min(TOP, len(rankings[0]))
    best = [set(sorted(ranking, key=lambda name: -ranking[name])[:of]) for ranking in rankings]
    return Stability(SEEDS, min(rows, len(typed)), min(known) if known else None, len(set.intersection(*best)), of)
