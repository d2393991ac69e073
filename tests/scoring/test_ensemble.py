"""An ensemble's threads: the same numbers whatever their count, and a thread only where there are rows enough."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.scoring.ensemble import MANY, Fold, FoldEnsemble, Member, Part


class Plain:
    """Prepares nothing."""

    def transform(self, frame: pd.DataFrame) -> np.ndarray:
        return frame.to_numpy(dtype=float)


class Times:
    """Predicts so many times the first column, and keeps who asked."""

    def __init__(self, times: float) -> None:
        self.times = times
        self.askers: list[str] = []

    def predict(self, X: np.ndarray) -> np.ndarray:
        self.askers.append(threading.current_thread().name)
        return self.times * X[:, 0]


def made(threads: int) -> FoldEnsemble:
    folds = [
        Fold({"encoded": Plain()}, [Member("a", "encoded", 3.0, Times(0.1 + fold)), Member("b", "encoded", 1.0, Times(0.3))])
        for fold in range(2)
    ]
    return FoldEnsemble(folds, 0, threads=threads)


def askers(ensemble: FoldEnsemble) -> list[str]:
    return [name for fold in ensemble.folds for member in fold.members for name in member.estimator.askers]


def test_threads_change_no_bit_of_a_prediction() -> None:
    frame = pd.DataFrame({"x": np.random.default_rng(0).normal(size=MANY)})
    one, two = made(1), made(2)
    assert one.predict_values(frame).tolist() == two.predict_values(frame).tolist()
    # By hand: 3/8 of 0.1 and of 1.1 times, 1/8 of 0.3 times, twice.
    assert one.predict_values(frame) == pytest.approx((3 / 8 * 1.2 + 2 / 8 * 0.3) * frame["x"].to_numpy())
    here = threading.current_thread().name
    assert set(askers(one)) == {here}
    assert here not in askers(two)


def test_few_rows_are_not_worth_a_thread() -> None:
    ensemble = made(2)
    ensemble.predict_values(pd.DataFrame({"x": np.arange(MANY - 1.0)}))
    assert set(askers(ensemble)) == {threading.current_thread().name}


@pytest.mark.parametrize("threads", [1, 2])
def test_every_file_goes_to_its_place(threads: int) -> None:
    parts = [
        Part({"scaled": f"{fold}/view"}, (("a", "scaled", 2.0, f"{fold}/a"), ("b", "scaled", 1.0, f"{fold}/b"))) for fold in "01"
    ]
    ensemble = FoldEnsemble.load(parts, lambda name: f"object of {name}", 0, threads=threads)
    assert [(fold.preprocessors, [(m.candidate, m.weight, m.estimator) for m in fold.members]) for fold in ensemble.folds] == [
        ({"scaled": f"object of {fold}/view"}, [("a", 2.0, f"object of {fold}/a"), ("b", 1.0, f"object of {fold}/b")])
        for fold in "01"
    ]
    assert ensemble.threads == threads


@pytest.mark.parametrize("threads", [1, 2])
def test_a_file_that_cannot_be_read_is_told_from_a_thread_as_well(threads: int) -> None:
    def read(name: str) -> Any:
        raise KeyError(name)

    with pytest.raises(KeyError, match="0/view"):
        FoldEnsemble.load([Part({"scaled": "0/view"}, (("a", "scaled", 1.0, "0/a"),))], read, 0, threads=threads)
