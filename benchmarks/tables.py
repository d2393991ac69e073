"""The tables that systems are compared on. Add one with one line in `TABLES`."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

SHARED = Path(os.environ.get("AUTOML_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))


@dataclass(frozen=True)
class Table:
    """One table: where it comes from, what is predicted, how it is judged."""

    name: str
    target: str
    task: str
    metric: str
    load: Callable[[], pd.DataFrame]

    @property
    def greater_is_better(self) -> bool:
        """Whether a larger value of the metric is better."""
        return self.metric == "roc_auc"


def _shared(name: str) -> Callable[[], pd.DataFrame]:
    return lambda: pd.read_csv(SHARED / f"{name}.csv")


def _sklearn(name: str) -> Callable[[], pd.DataFrame]:
    def load() -> pd.DataFrame:
        from sklearn import datasets

        return getattr(datasets, f"load_{name}")(as_frame=True).frame

    return load


TABLES = (
    Table("titanic", "Survived", "binary", "roc_auc", _shared("titanic")),
    Table("churn", "Churn", "binary", "roc_auc", _shared("churn")),
    Table("winequality", "quality", "multiclass", "log_loss", _shared("winequality")),
    Table("insurance", "charges", "regression", "rmse", _shared("insurance")),
    Table("abalone", "rings", "regression", "rmse", _shared("abalone")),
    Table("bike", "cnt", "regression", "rmse", _shared("bike")),
    Table("breast_cancer", "target", "binary", "roc_auc", _sklearn("breast_cancer")),
    Table("wine", "target", "multiclass", "log_loss", _sklearn("wine")),
    Table("digits", "target", "multiclass", "log_loss", _sklearn("digits")),
    Table("diabetes", "target", "regression", "rmse", _sklearn("diabetes")),
)


def split(table: Table, folder: Path, seed: int = 0) -> tuple[Path, Path]:
    """Write the learning rows and the judging rows (a fifth, stratified for classes) as CSV; the same for every system."""
    from sklearn.model_selection import train_test_split

    learn, judge = folder / "learn.csv", folder / "judge.csv"
    if not (learn.exists() and judge.exists()):
        folder.mkdir(parents=True, exist_ok=True)
        frame = table.load()
        stratify = None if table.task == "regression" else frame[table.target]
        first, second = train_test_split(frame, test_size=0.2, random_state=seed, stratify=stratify)
        first.to_csv(learn, index=False)
        second.to_csv(judge, index=False)
    return learn, judge
