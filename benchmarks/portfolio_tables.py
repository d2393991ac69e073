"""Generated tables on which the portfolio is built: many mechanisms, sizes, kinds of columns, all from one seed.

None of them is among the tables that judge (`tables.py`), and none imitates one of those.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

MECHANISMS = ("linear", "network", "trees", "smooth", "clusters", "interactions")


@dataclass(frozen=True)
class Generated:
    """One generated table: a frame whose last column ``target`` is learned."""

    name: str
    task: str
    metric: str
    frame: pd.DataFrame


def generate(seed: int) -> Generated:
    """Return the generated table of a seed.

    The features are correlated normals, skewed numbers, small whole numbers and categories of some to many levels, some
    with missing cells. The outcome follows one of `MECHANISMS` over a random part of them, with noise.
    """
    rng = np.random.default_rng([7, seed])
    task = ("binary", "multiclass", "regression")[seed % 3]
    mechanism = MECHANISMS[(seed // 3) % len(MECHANISMS)]
    rows = int(np.exp(rng.uniform(np.log(400), np.log(2500))))
    numbers, words = int(rng.integers(3, 25)), int(rng.choice([0, 0, 2, 4, 8]))
    base = rng.normal(size=(rows, numbers)) @ (np.eye(numbers) + 0.4 * rng.normal(size=(numbers, numbers)) / np.sqrt(numbers))
    signal = [base]
    columns: dict[str, object] = {}
    for place in range(numbers):
        values = base[:, place]
        style = rng.integers(4)
        shown = np.exp(values) if style == 1 else np.round(2 * values) if style == 2 else values
        columns[f"x{place}"] = np.where(rng.random(rows) < 0.1, np.nan, shown) if rng.random() < 0.15 else shown
    for place in range(words):
        levels = int(rng.choice([2, 4, 8, 30, 100]))
        codes = np.minimum(rng.geometric(min(0.9, 2.5 / levels), rows) - 1, levels - 1)
        effect = rng.normal(size=(levels, 2))
        signal.append(effect[codes])
        columns[f"c{place}"] = np.array([f"v{code}" for code in range(levels)], dtype=object)[codes]
    Z = np.column_stack(signal)
    Z = (Z - Z.mean(0)) / (Z.std(0) + 1e-9)
    outputs = 1 if task != "multiclass" else int(rng.choice([3, 4, 6, 10]))
    scores = np.column_stack([_mechanism(mechanism, Z, rng) for _ in range(outputs)])
    scores = (scores - scores.mean(0)) / (scores.std(0) + 1e-9)
    noise = float(rng.choice([0.15, 0.4, 0.9]))
    if task == "regression":
        values = scores[:, 0] + noise * rng.normal(size=rows)
        target: object = np.exp(values) if rng.random() < 0.3 else values
    elif task == "binary":
        shift = float(rng.choice([0.0, 0.8, 1.4]))
        target = np.where(scores[:, 0] + noise * rng.normal(size=rows) > shift, "yes", "no")
    else:
        target = np.array([f"k{code}" for code in (scores + noise * rng.gumbel(size=scores.shape)).argmax(1)], dtype=object)
    metric = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}[task]
    return Generated(f"{mechanism}-{seed}", task, metric, pd.DataFrame({**columns, "target": target}))


def _mechanism(name: str, Z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    rows, width = Z.shape
    used = rng.choice(width, size=max(2, int(width * rng.uniform(0.3, 1))), replace=False)
    U = Z[:, used]
    if name == "linear":
        return U @ rng.normal(size=U.shape[1]) + 0.2 * (U[:, 0] * U[:, 1])
    if name == "network":
        hidden = np.tanh(U @ rng.normal(size=(U.shape[1], 24)) / np.sqrt(U.shape[1]) * 2 + rng.normal(size=24))
        return np.tanh(hidden @ rng.normal(size=(24, 12))) @ rng.normal(size=12)
    if name == "trees":
        total = np.zeros(rows)
        for _ in range(30):
            place = np.zeros(rows, dtype=int)
            for _ in range(4):
                place = 2 * place + (U[:, rng.integers(U.shape[1])] > rng.normal())
            total += rng.normal(size=16)[place]
        return total
    if name == "smooth":
        phases = U @ rng.normal(size=(U.shape[1], 40)) * 0.7 / np.sqrt(U.shape[1]) * 2
        return np.cos(phases + rng.uniform(0, 6.3, 40)) @ rng.normal(size=40)
    if name == "clusters":
        centres = rng.normal(size=(12, U.shape[1]))
        nearest = ((U[:, None, :] - centres[None]) ** 2).sum(2)
        weights = np.exp(-nearest / U.shape[1] * 3)
        return (weights / weights.sum(1, keepdims=True)) @ rng.normal(size=12)
    pairs = rng.integers(U.shape[1], size=(8, 2))
    return sum(rng.normal() * U[:, a] * np.where(U[:, b] > 0, 1.0, 0.2) for a, b in pairs)
