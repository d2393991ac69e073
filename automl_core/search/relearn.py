"""One more model of each candidate, which learns every row: the newest ones as well, or as PyCaret's `finalize_model` does."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from automl_core.events import Event, Progress
from automl_core.scoring.trusted import load_trusted
from automl_core.search.candidates import Spec
from automl_core.search.classic_work import FINAL
from automl_core.search.division import Division, Ints
from automl_core.search.fitting import FoldWork

ROUNDS = {"lightgbm": "n_estimators", "xgboost": "n_estimators", "catboost": "iterations"}
"""What the boosters call their number of rounds, by package."""


@dataclass(frozen=True)
class _Whole(Division):
    """A division whose every fold learns all rows; the newest block is only looked at, no choice hangs on it."""

    def learned(self, fold: int) -> Ints:
        return np.arange(len(self.fold))

    def judged(self, fold: int) -> Ints:
        return np.flatnonzero(self.fold == self.fold.max())


def learn_newest(work: FoldWork, specs: Sequence[Spec], emit: Callable[[Event], None]) -> None:
    """Fit each candidate once more, on every row, and keep it as the model of a fold after the last one.

    A forward split exports the model of its last fold, which never learned the newest block. How long a booster learns
    was found on that block and is kept: with rows to stop at no longer apart, it could only learn them by heart.

    Parameters
    ----------
    work : FoldWork
        Of a run whose folds are scored.
    specs : sequence of Spec
    emit : callable
        Takes each event.
    """
    last = work.division.folds - 1
    whole = copy(work)
    parts = {part.name: getattr(work.division, part.name) for part in fields(work.division)}
    whole.division = _Whole(**parts)
    facts: dict[str, dict[str, Any]] = {}
    for number, spec in enumerate(specs):
        emit(Progress(0.9 + 0.1 * number / len(specs), f"Learning every row: {spec.name}"))
        if spec.view not in facts:
            facts[spec.view] = whole.prepare(last + 1, spec.view)
        fitted = work.folder / "candidates" / spec.id / f"fold{last}.skops"
        whole.fit(_with_rounds(spec, fitted), last + 1, facts[spec.view], float("inf"))


def learn_once(work: FoldWork, specs: Sequence[Spec], emit: Callable[[Event], None]) -> None:
    """Fit each candidate once more, on every row, and keep it in place of its folds' models.

    That is what PyCaret's `finalize_model` made of the model that was judged; no PyCaret is needed for it.

    Parameters
    ----------
    work : FoldWork
        Of a run whose folds are scored.
    specs : sequence of Spec
    emit : callable
        Takes each event.
    """
    learn_newest(work, specs, emit)
    number = work.division.folds
    made = work.folder / "folds" / str(number)
    (work.folder / FINAL).mkdir(exist_ok=True)
    for view in {spec.view for spec in specs}:
        (made / f"{view}.skops").replace(work.folder / FINAL / f"{view}.skops")
    shutil.rmtree(made)  # it is no fold
    for spec in specs:
        folder = work.folder / "candidates" / spec.id
        (folder / f"fold{number}.skops").replace(folder / f"{FINAL}.skops")
        for kind in ("npy", "json"):
            (folder / f"fold{number}.{kind}").unlink()


def _with_rounds(spec: Spec, fitted: Path) -> Spec:
    package = spec.class_path.partition(".")[0]
    if not spec.early_stopping or package not in ROUNDS:
        return spec
    rounds = rounds_of(load_trusted(fitted.read_bytes(), fitted.name))
    return replace(spec, params={**spec.params, ROUNDS[package]: rounds}) if rounds else spec


def rounds_of(estimator: Any) -> int:
    """Return how many rounds of a booster are used to predict, 0 where it does not say."""
    best = getattr(estimator, "best_iteration", None)  # XGBoost counts from 0
    if best is not None:
        return int(best) + 1
    return max(int(getattr(estimator, "tree_count_", None) or getattr(estimator, "best_iteration_", None) or 0), 0)
