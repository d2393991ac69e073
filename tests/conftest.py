"""Run folders made by hand, for whatever works on a finished run."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy is imported: processes or threads, never both

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from automl_core.cleaning.apply import apply_stateless
from automl_core.cleaning.preprocessing import build_preprocessor, left_out
from automl_core.cleaning.recipe import Recipe, Step
from automl_core.data.dataset import dataset_from_frame
from automl_core.experiment import ExperimentConfig
from automl_core.leaderboard import Candidate, Leaderboard
from automl_core.runs import Run, write_request
from automl_core.schema import Column, Schema
from automl_core.scoring.values import predict_values
from automl_core.workspace import write_json

settings.register_profile("any machine", deadline=None)  # how long an example takes says what else the machine does
settings.load_profile("any machine")

MakeRun = Callable[..., Run]
CUSTOMERS = Schema(
    (
        Column("key", "id"),
        Column("mail", "category"),
        Column("age", "number"),
        Column("income", "number"),
        Column("city", "category"),
        Column("member", "boolean"),
        Column("joined", "date"),
        Column("outcome", "category"),
        Column("level", "category"),
        Column("amount", "number"),
    )
)
RECIPE = Recipe(
    (
        Step("drop_columns", {"columns": ["key", "mail"]}, "keys", id="aaaa0001"),
        Step("date_parts", {"columns": ["joined"], "parts": ["month", "days"]}, "dates", id="aaaa0002"),
        Step("impute", {"strategy": "auto"}, "gaps", id="aaaa0003"),
        Step("encode", {"method": "auto"}, "words", id="aaaa0004"),
        Step("scale", {"method": "standard"}, "one scale", id="aaaa0005"),
    )
)


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes: the system's own way to say that there is no room."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def customers(rows: int = 240, seed: int = 0) -> pd.DataFrame:
    """A table of made-up people: `outcome` depends on age and city, `amount` on age and income."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, rows).astype(float)
    income = np.round(rng.lognormal(10, 0.5, rows), 2)
    city = rng.choice(["London", "Paris", "Rome"], rows)
    noise = rng.normal(size=rows)
    level = np.digitize(age + 8 * noise, [35, 55])
    frame = pd.DataFrame(
        {
            "key": [f"K{number:05d}" for number in range(rows)],
            "mail": [f"person{number}@example.org" for number in range(rows)],
            "age": age,
            "income": income,
            "city": city.astype(object),
            "member": np.where(rng.random(rows) < 0.4, "Yes", "No").astype(object),
            "joined": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, rows), unit="D"),
            "outcome": np.where((age - 48) / 10 + 1.5 * (city == "Rome") + noise > 0.4, "left", "stayed").astype(object),
            "level": np.array(["low", "mid", "top"], dtype=object)[level],
            "amount": 3 * age + income / 1000 + 4 * noise,
        }
    )
    frame["joined"] = frame["joined"].astype("datetime64[ns]")
    frame.loc[frame.index % 17 == 3, "age"] = np.nan
    frame.loc[frame.index % 13 == 5, "city"] = np.nan
    return frame


def write_run(
    folder: Path,
    frame: pd.DataFrame,
    schema: Schema,
    config: ExperimentConfig,
    estimators: dict[str, tuple[Callable[[], Any], str]],
    *,
    recipe: Recipe = RECIPE,
    classes: tuple[str, ...] = (),
    ensemble: dict[str, float] | None = None,
    folds: int = 2,
) -> Run:
    """Write a run folder as the search leaves it."""
    import skops.io

    dataset = dataset_from_frame(folder / "dataset", frame, schema, "customers.csv")
    write_request(folder, "train", {"dataset": dataset.id, "config": config.to_dict(), "recipe": recipe.to_dict()})
    write_json(folder / "task.json", {"format": 1, "classes": list(classes), "config": config.to_dict()})
    cleaned = apply_stateless(frame, schema, recipe, training=True)
    cleaned_frame = cleaned.frame[cleaned.frame[config.target].notna()]
    features = cleaned.schema.without([config.target, *config.ignored])
    count = len(cleaned_frame)
    holdout = np.arange(count)[:: int(1 / config.holdout)] if config.holdout else np.array([], dtype=int)
    train = np.setdiff1d(np.arange(count), holdout)
    fold = np.arange(len(train)) % folds
    rows = cleaned_frame.index.to_numpy()
    np.savez(folder / "split.npz", rows=rows, holdout=holdout, train=train, fold=fold, forward=[False])
    target = cleaned_frame[config.target]
    y = target.map({label: code for code, label in enumerate(classes)}).to_numpy() if classes else target.to_numpy()
    assert left_out(recipe, features) is not None
    board = Leaderboard("roc_auc" if config.task == "binary" else config.metric, config.task != "regression")
    for number in range(folds):
        learn, judge = train[fold != number], train[fold == number]
        for view in sorted({view for _, view in estimators.values()}):
            preprocessor = build_preprocessor(recipe, features, cleaned_frame[features.names], view=view, task=config.task)
            X = np.asarray(preprocessor.fit_transform(cleaned_frame[features.names].iloc[learn], y[learn]), dtype=float)
            V = np.asarray(preprocessor.transform(cleaned_frame[features.names].iloc[judge]), dtype=float)
            (folder / "folds" / str(number)).mkdir(parents=True, exist_ok=True)
            skops.io.dump(preprocessor, folder / "folds" / str(number) / f"{view}.skops")
            for name, (make, its_view) in estimators.items():
                if its_view != view:
                    continue
                estimator = make().fit(X, y[learn])
                home = folder / "candidates" / name
                home.mkdir(parents=True, exist_ok=True)
                skops.io.dump(estimator, home / f"fold{number}.skops")
                np.save(home / f"fold{number}.npy", predict_values(estimator, V, len(classes)))
    for name, (_, view) in estimators.items():
        row = Candidate(name, name.title(), "linear", view=view, state="scored", fold_scores=(0.8, 0.9), score=0.85, spread=0.07)
        board = board.with_candidate(row)
        write_json(folder / "candidates" / name / "candidate.json", row.to_dict())
    if ensemble:
        row = Candidate("ensemble", "Ensemble", "ensemble", "ensemble", view="", state="scored", score=0.86, members=ensemble)
        board = board.with_candidate(row)
        write_json(folder / "candidates" / "ensemble" / "candidate.json", row.to_dict())
    broken = Candidate("broken", "Broken", "tree", state="failed", reason="It failed.", suggestion="Try another.")
    board = board.with_candidate(broken)
    board.save(folder / "leaderboard.json")
    return Run(folder)


def make_estimators(task: str) -> dict[str, tuple[Callable[[], Any], str]]:
    """Two quick models of a task: a linear one and a forest."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearn.linear_model import LogisticRegression, Ridge

    if task == "regression":
        return {
            "ridge": (Ridge, "encoded"),
            "forest": (lambda: RandomForestRegressor(n_estimators=8, max_depth=4, random_state=0), "encoded"),
        }
    return {
        "logistic": (lambda: LogisticRegression(max_iter=500), "encoded"),
        "forest": (lambda: RandomForestClassifier(n_estimators=8, max_depth=4, random_state=0), "encoded"),
    }


TASKS_MADE: dict[str, tuple[str, str, tuple[str, ...], str]] = {
    "binary": ("outcome", "roc_auc", ("stayed", "left"), "left"),
    "multiclass": ("level", "log_loss", ("low", "mid", "top"), ""),
    "regression": ("amount", "rmse", (), ""),
}


@pytest.fixture(scope="session")
def make_run(tmp_path_factory: pytest.TempPathFactory) -> MakeRun:
    """Return a function that writes a run of `customers`: make_run(task, holdout=0.2, estimators=...)."""

    def make(task: str = "binary", *, holdout: float = 0.25, estimators: Any = None, recipe: Recipe = RECIPE,
             ensemble: dict[str, float] | None = None, frame: pd.DataFrame | None = None) -> Run:  # fmt: skip
        target, metric, classes, positive = TASKS_MADE[task]
        away = tuple(name for name, *_ in TASKS_MADE.values() if name != target)
        config = ExperimentConfig(target, task, metric, positive, holdout=holdout, ignored=away)
        chosen = estimators or make_estimators(task)
        if estimators is None and ensemble is None:
            ensemble = dict.fromkeys(chosen, 0.5)
        return write_run(
            tmp_path_factory.mktemp(f"run-{task}"),
            customers() if frame is None else frame,
            CUSTOMERS,
            config,
            chosen,
            recipe=recipe,
            classes=classes,
            ensemble=ensemble,
        )

    return make


@pytest.fixture(scope="session")
def finished_runs(make_run: MakeRun) -> dict[str, Run]:
    """One finished run of each task; treat as read-only."""
    return {task: make_run(task) for task in TASKS_MADE}


def target_table(target: Any, kind: str = "category", **columns: Any) -> tuple[pd.DataFrame, Schema]:
    """Return a table with the target ``y``, a number ``x``, and further columns."""
    values = pd.Series(list(target), dtype=float if kind == "number" else object)
    frame = pd.DataFrame({"y": values, "x": np.arange(len(values), dtype=float), **columns})
    kinds = [Column("y", kind), Column("x", "number")]
    kinds += [
        Column(name, "number" if values.dtype.kind in "if" else "category") for name, values in frame.items() if name not in "xy"
    ]
    return frame, Schema(tuple(kinds))
