"""What one task does in its own process: prepare a fold's data, or fit one candidate on one fold."""

from __future__ import annotations

import os
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.cleaning.preparation import take_kept
from automl_core.cleaning.preprocessing import build_preprocessor, fit_parts, native_categories, pack_names
from automl_core.cleaning.recipe import Recipe
from automl_core.cleaning.variants import APART, base_view
from automl_core.experiment import Task
from automl_core.schema import Schema
from automl_core.scorer import Scorer
from automl_core.scoring.storing import stored
from automl_core.scoring.values import predict_values
from automl_core.search.candidates import Spec, make_estimator
from automl_core.search.division import Division
from automl_core.search.matrices import WIDE, Matrix, blocks_of, is_heavy, is_single, load_matrix, save_matrix, widened
from automl_core.search.memory import before_a_task, peak_since
from automl_core.search.resampling import resample, weight_arguments
from automl_core.workspace import atomic_file, write_json

Array = npt.NDArray[np.float64]
LARGE = 16 * 2**20
"""Bytes of the features from which on memory counts for more than a second."""
SHORT = 0.25
"""Seconds of a fit and its predictions below which storing it counts, see `FoldWork.fit`."""
TIMED, LONG = 1000, 0.25
"""Rows that preparing is timed on, and seconds for fewer from which on it is not timed once more."""
WIDE_COLUMNS = 200
"""Columns of a large table from which on fits are kept apart, see `FoldWork.wide`; a long table of few columns has room."""


class FoldWork:
    """The data of a run, as the forked tasks inherit it.

    Parameters
    ----------
    features : DataFrame, shape (n, n_columns)
        After the stateless steps, without target and ignored columns; all rows of the division.
    schema : Schema
        Of `features`.
    y : ndarray, shape (n,)
        Class codes or values.
    division : Division
    recipe : Recipe
    task : Task
    n_classes : int
        0 for regression.
    folder : Path
        The run's folder.
    seed : int
    scorer : Scorer
        Over the rows of `y`.
    """

    def __init__(
        self,
        features: pd.DataFrame,
        schema: Schema,
        y: Array,
        division: Division,
        recipe: Recipe,
        task: Task,
        n_classes: int,
        folder: Path,
        seed: int,
        scorer: Scorer,
    ) -> None:
        self.features = features
        self.schema = schema
        self.y = y
        self.division = division
        self.recipe = recipe
        self.task = task
        self.n_classes = n_classes
        self.folder = folder
        self.seed = seed
        self.scorer = scorer

    durable = True
    """Whether what is fitted is on the disk before it counts; that takes longer than many fits."""

    @property
    def home(self) -> Path:
        """Where the fitted candidates go; the prepared folds are always the run's."""
        return self.folder

    @property
    def large(self) -> bool:
        """Whether only one fold's data is prepared at a time, since that takes several times the memory of the table."""
        return int(self.features.memory_usage(index=False).sum()) > LARGE

    @property
    def wide(self) -> bool:
        """Whether there are so many columns that a preparation, or a fit of XGBoost, takes about three times the table.

        Measured on 20,000 rows of 500 columns, which became 2,150: a preparation held 3.2 times the table, XGBoost 2.1 times
        and LightGBM 1.3 times. So nothing runs beside the former two, and two of the last go together.
        """
        return len(self.schema) > WIDE_COLUMNS and self.features.size > WIDE

    def without_table(self) -> FoldWork:
        """Return the same without its features, which only `prepare` looks at, and with one folder for everything."""
        made = FoldWork.__new__(FoldWork)
        made.__dict__.update({**self.__dict__, "features": None})
        return made

    def needs(self, spec: Spec, fold: int) -> list[str]:
        """Return the files that a fit reads, by their paths below the run's folder."""
        names = [f"folds/{fold}/{spec.view}_{part}.npy" for part in ("learn", "judge", "kept")]
        return [name for name in names if self.place_of(name).exists()]

    def place_of(self, name: str) -> Path:
        """Return where a file lies by its name in a run; what trials leave and make of the data has a home of its own."""
        own = name.startswith("candidates/") or APART in name
        return (self.home if own else self.folder) / name

    def prepared(self, fold: int, view: str) -> Path:
        """Return where a fold's preprocessing lies."""
        return self.place_of(f"folds/{fold}/{view}.skops")

    def prepare(self, fold: int, view: str) -> dict[str, Any]:
        """Fit a fold's preprocessing and store what every candidate shares."""
        before_a_task()
        learned, judged = self._positions(fold)
        preprocessor = build_preprocessor(
            self.recipe,
            self.schema,
            self.features,
            view=view,
            task=self.task,
            seed=self.seed,
        )
        start = time.perf_counter()
        path = self.prepared(fold, view)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a fold without some category is no news to a person
            parts = fit_parts(preprocessor, self.features.iloc[learned], self._target(learned))
            middle = time.perf_counter()
            columns = sum(part.shape[1] for part in parts)
            rows = (np.hstack([part[block] for part in parts]) for block in blocks_of(len(learned)))
            missing = save_matrix(path.with_name(f"{view}_learn.npy"), len(learned), rows)
            del parts  # learned and judged rows together are several times the table
            begun = time.perf_counter()
            blocks = (preprocessor.transform(self.features.iloc[judged[part]]) for part in blocks_of(len(judged)))
            missing |= save_matrix(path.with_name(f"{view}_judge.npy"), len(judged), blocks, like=len(learned))
        end = time.perf_counter()
        kept = take_kept(preprocessor)  # rows that a step of the recipe leaves out of learning
        if kept is not None:
            with atomic_file(path.with_name(f"{view}_kept.npy")) as file:
                np.save(file, kept)
        pack_names(preprocessor)
        with atomic_file(path) as file:
            file.write(stored(preprocessor))
        facts = {
            "columns": columns,
            "missing": missing,
            "categories": native_categories(preprocessor) if view == "native" else [],
            "seconds": middle - start,
            "transform_ms": self._transform_ms(preprocessor, judged, end - begun),
        }
        write_json(path.with_suffix(".json"), facts)
        return facts

    def _transform_ms(self, preprocessor: Any, judged: npt.NDArray[np.int64], took: float) -> float:
        """Return the milliseconds of 1,000 rows; of fewer judged rows, most of the time they `took` is that of one row."""
        if len(judged) >= TIMED or took > LONG:
            return 1000 * took / max(len(judged), 1) * TIMED
        rows = self.features.iloc[np.resize(judged, TIMED)]
        begun = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            preprocessor.transform(rows)
        return 1000 * (time.perf_counter() - begun)

    def _positions(self, fold: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        division = self.division
        return division.train[division.learned(fold)], division.train[division.judged(fold)]

    def _target(self, positions: npt.NDArray[np.int64]) -> Array:
        values = self.y[positions]
        return values.astype(int) if self.n_classes else values

    def fit(self, spec: Spec, fold: int, facts: dict[str, Any], seconds: float, keep: bool = True) -> dict[str, Any]:
        """Fit one candidate on one fold, store the model and its out-of-fold predictions, and score it.

        Parameters
        ----------
        spec : Spec
        fold : int
        facts : dict
            What `prepare` gave for this fold and the candidate's view.
        seconds : float
            Time after which a booster or a network ends with what it has.
        keep : bool
            Whether a fit that takes less than `SHORT`, its predictions included, is stored, too. Writing it takes longer than
            fitting it once more, so of many only those that turn out to be wanted are fitted again; the others have the run's
            metric alone and no size.
        """
        _, judged = self._positions(fold)
        before = before_a_task()
        estimator, values, fit_seconds, predict_seconds, note = self.learn(spec, fold, facts, seconds)
        predict_ms = facts["transform_ms"] + 1e6 * predict_seconds / max(len(judged), 1)
        if not keep and fit_seconds + predict_seconds < SHORT:
            metric = self.scorer.metric
            found = {metric.name: self.scorer.value(metric, judged, values)}
            return {"metrics": found, "fit_seconds": fit_seconds, "predict_ms": predict_ms, "size_bytes": 0, "cut": False}
        folder = self.home / "candidates" / spec.id
        blob = stored(estimator)
        with atomic_file(folder / f"fold{fold}.skops", durable=self.durable) as file:
            file.write(blob)
        with atomic_file(folder / f"fold{fold}.npy", durable=self.durable) as file:
            np.save(file, values)
        result = {
            "metrics": self.scorer.all(judged, values),
            "fit_seconds": fit_seconds,
            "predict_ms": predict_ms,
            "size_bytes": len(blob),
            "peak_bytes": peak_since(before),
            "cut": bool(spec.early_stopping and fit_seconds >= 0.97 * seconds),
            **({"note": note} if note else {}),
        }
        write_json(folder / f"fold{fold}.json", result, durable=self.durable)
        # One line a scored fit: what a resumed run may not fit again can be counted.
        with open(self.home / "fits.log", "a", encoding="utf-8") as log:
            log.write(f"{spec.id} {fold} {os.getpid()}\n")
        return result

    def matrix(self, path: Path, *, exact: bool) -> Matrix:
        """Return prepared rows, which the fit may change; see `matrices.load_matrix`."""
        return load_matrix(path, exact=exact)

    def is_heavy(self, spec: Spec, facts: dict[str, Any]) -> bool:
        """Return whether a fit takes so many times the memory of a large table that no other should run beside it."""
        if self.wide and spec.class_path.startswith("xgboost."):
            return True
        return is_heavy(spec.class_path, bool(spec.resampling), facts["columns"] * len(self.division.train))

    def learn(self, spec: Spec, fold: int, facts: dict[str, Any], seconds: float) -> tuple[Any, Array, float, float, str]:
        """Fit one candidate on one fold.

        Returns
        -------
        object
            The fitted estimator.
        ndarray
            Its predictions of the judged rows.
        float, float
            Seconds that both took.
        str
            What was done to the learned rows before, empty for nothing.
        """
        folds = self.prepared(fold, spec.view).parent
        exact = bool(spec.resampling) or not is_single(spec.class_path)
        X = self.matrix(folds / f"{spec.view}_learn.npy", exact=exact)
        V = self.matrix(folds / f"{spec.view}_judge.npy", exact=exact and spec.early_stopping)
        learned, judged = self._positions(fold)
        y, truth = self._target(learned), self._target(judged)
        left = folds / f"{spec.view}_kept.npy"
        if left.exists():
            kept = np.load(left)
            X, y = X[kept], y[kept]
        if facts["missing"] and base_view(spec.view) == "encoded" and not _takes_missing(spec):
            raise ValueError("The data has missing values, which this model cannot use.")
        if spec.draw:
            drawn = drawn_rows(y, self.seed, spec.draw, fold, labels=bool(self.n_classes))
            X, y = X[drawn], y[drawn]
        estimator = make_estimator(spec, seed=self.seed + spec.draw, threads=1)
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # convergence and deprecation notes of the libraries; the score tells
            weights, note = None, ""
            if spec.resampling:
                rows = resample(spec.resampling, X, y, seed=self.seed, categories=tuple(facts["categories"]))
                X, y, weights, note = rows.X, rows.y, rows.weights, rows.note
            if spec.early_stopping and spec.family == "neural":
                from automl_core.search.neural import fit_network

                estimator = fit_network(estimator, X, y, V, truth, self.n_classes, seconds)
            elif spec.early_stopping:
                from automl_core.search.boosters import fit_booster

                estimator = fit_booster(estimator, X, y, V, truth, facts["categories"], self.n_classes, seconds, weights)
            else:
                estimator.fit(X, y, **weight_arguments(estimator, weights))
            middle = time.perf_counter()
            del X
            values = predict_values(estimator, widened(V) if exact else V, self.n_classes)
        end = time.perf_counter()
        if not np.isfinite(values).all():
            raise ValueError("The model predicted values that are not finite.")
        return estimator, values, middle - start, end - middle, note


def drawn_rows(y: Array, seed: int, draw: int, fold: int, *, labels: bool) -> npt.NDArray[np.int64]:
    """Return a random draw of as many rows, with replacement (Breiman, 1996); each label keeps its number of rows."""
    rng = np.random.default_rng([seed, draw, fold])
    if not labels:
        return rng.integers(0, len(y), len(y))
    parts = [rng.choice(np.flatnonzero(y == label), int((y == label).sum())) for label in np.unique(y)]
    return np.sort(np.concatenate(parts))


def _takes_missing(spec: Spec) -> bool:
    return any(part in spec.class_path for part in ("lightgbm", "xgboost", "catboost", "HistGradient", "dummy"))
