"""PyCaret 3.3: the catalogue of models and metrics, its own way of working, and the yardstick. No other module imports it.

Importing PyCaret takes seconds, so the catalogue is read once for each of its versions and kept in
``automl_core/search/catalogue.json``: ``python -m automl_core.engines.pycaret`` writes it anew.
"""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from automl_core.errors import EngineError

CATALOGUE = Path(__file__).parents[1] / "search" / "catalogue.json"
KINDS = ("classification", "regression")


@contextmanager
def _tamed() -> Iterator[None]:
    """Keep PyCaret's log file out of the current folder and its warning filters to itself."""
    os.environ.setdefault("PYCARET_CUSTOM_LOGGING_PATH", os.devnull)
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def experiment(kind: str, frame: pd.DataFrame, target: str, **options: Any) -> Any:
    """Return a PyCaret experiment that is set up quietly.

    Parameters
    ----------
    kind : {"classification", "regression"}
    frame : DataFrame
    target : str
    **options
        Passed to ``setup``.

    Raises
    ------
    EngineError
        When PyCaret is missing or refuses the data.
    """
    with _tamed():
        made = _experiment_class(kind)()
        try:
            made.setup(frame, target=target, html=False, verbose=False, system_log=False, **options)
        except (ValueError, TypeError, KeyError) as error:
            raise EngineError(f"PyCaret refused the table: {error}.", action="Choose another preset.") from error
    return made


def _experiment_class(kind: str) -> Any:
    with _tamed():
        try:
            from pycaret.classification import ClassificationExperiment
            from pycaret.regression import RegressionExperiment
        except ImportError as error:
            raise EngineError(
                f"PyCaret could not be imported: {error}.", "The preset 'pycaret' needs it.", "Choose another preset."
            ) from error
    return ClassificationExperiment if kind == "classification" else RegressionExperiment


def read_catalogue() -> dict[str, Any]:
    """Read every model and metric that PyCaret lists, as plain JSON types."""
    from importlib.metadata import version

    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, 3)), columns=["a", "b", "c"])
    catalogue: dict[str, Any] = {"format": 1, "pycaret": version("pycaret")}
    for kind in KINDS:
        target = (frame["a"] > 0).astype(int) if kind == "classification" else frame["a"] * 2
        made = experiment(kind, frame.assign(y=target), "y", session_id=0, preprocess=False, n_jobs=1)
        with _tamed():
            models = made.models(internal=True)
            metrics = made.get_metrics()
        rows = models[~models["Special"]]
        catalogue[kind] = {
            "models": [_model(str(name), row) for name, row in rows.iterrows()],
            "metrics": [
                {"id": str(name), "name": str(row["Name"]), "greater_is_better": bool(row["Greater is Better"])}
                for name, row in metrics.iterrows()
            ],
        }
    return catalogue


def _model(name: str, row: pd.Series) -> dict[str, Any]:
    cls = row["Class"]
    known = _parameters(cls)
    grid, left = _tame(row["Tune Grid"], known)
    space, more = _tame({key: _distribution(value) for key, value in row["Tune Distributions"].items()}, known)
    args = {("max_iter" if key == "n_iter" and "max_iter" in known else key): value for key, value in row["Args"].items()}
    return {
        "id": name,
        "name": row["Name"],
        "class": f"{_public_module(cls)}.{cls.__name__}",
        "args": {key: value for key, value in args.items() if key not in ("random_state", "n_jobs", "thread_count")},
        "turbo": bool(row["Turbo"]),
        "grid": grid,
        "space": space,
        "left_out": sorted(set(left) | set(more)),
    }


def _parameters(cls: type) -> set[str]:
    names = set(inspect.signature(cls).parameters) - {"kwargs"}
    return names | (set(cls().get_params()) if hasattr(cls, "get_params") else set()) | _catboost_aliases(cls)


def _catboost_aliases(cls: type) -> set[str]:
    return {"n_estimators", "eta", "depth", "random_strength", "l2_leaf_reg"} if cls.__module__.startswith("catboost") else set()


def _public_module(cls: type) -> str:
    return ".".join(part for part in cls.__module__.split(".") if not part.startswith("_"))


def _tame(space: dict[str, Any], known: set[str]) -> tuple[dict[str, Any], list[str]]:
    """Return the entries that the class has; the names of the others, such as ``hidden_layer_size_0``, beside them."""
    plain: dict[str, Any] = {}
    for key, value in space.items():
        bare = key.removeprefix("actual_estimator__")
        if bare in known:
            plain[bare] = _plain(value)
    return plain, [key for key in space if key.removeprefix("actual_estimator__") not in known]


def _distribution(value: Any) -> dict[str, Any]:
    kind = type(value).__name__.removesuffix("Distribution").lower()
    return {"kind": kind, **{key: item for key, item in vars(value).items() if item is not None}}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, str | int | float | bool | type(None)):
        return value
    return str(value)


@contextmanager
def _whole_numbers() -> Iterator[None]:
    """Keep PyCaret from storing numbers in 32 bits, which moves the ties of trees and the sixth digit of scores."""
    with _tamed():
        from pycaret.internal.preprocess import preprocessor

    original = preprocessor.df_shrink_dtypes
    preprocessor.df_shrink_dtypes = lambda frame, *_, **__: frame
    try:
        yield
    finally:
        preprocessor.df_shrink_dtypes = original


def compare(
    kind: str, frame: pd.DataFrame, target: str, *, pipeline: Any, folds: Any, include: list[str], seed: int
) -> pd.DataFrame:
    """Score models PyCaret's own way: the yardstick for ours.

    Parameters
    ----------
    kind : {"classification", "regression"}
    frame : DataFrame
        Features and target.
    target : str
    pipeline : transformer
        The only preprocessing.
    folds : scikit-learn splitter
    include : list of str
        Ids of models.
    seed : int

    Returns
    -------
    DataFrame
        ``compare_models``' table with ten digits, one row a model id.
    """
    with _whole_numbers():
        made = experiment(
            kind,
            frame,
            target,
            session_id=seed,
            preprocess=False,
            custom_pipeline=[("prepare", pipeline)],
            fold_strategy=folds,
            train_size=0.99,
            data_split_shuffle=False,
            n_jobs=1,
            test_data=frame.head(20),
            index=False,
        )
    with _tamed():
        made.compare_models(include=include, round=10, verbose=False, errors="raise", n_select=1)
        table: pd.DataFrame = made.pull()
    return table


SAME = {
    "accuracy": "Accuracy",
    "roc_auc": "AUC",
    "recall": "Recall",
    "precision": "Prec.",
    "f1": "F1",
    "cohen_kappa": "Kappa",
    "matthews_corrcoef": "MCC",
    "mae": "MAE",
    "rmse": "RMSE",
    "r2": "R2",
    "mape": "MAPE",
}
"""PyCaret's name of each metric that it defines as we do. (Its RMSLE takes the absolute value of a negative prediction.)"""
NEAREST = {"rmsle": "RMSLE", "median_ae": "MAE", "balanced_accuracy": "MCC", "average_precision": "AUC", "log_loss": "AUC"}
"""What `tune_model` looks at where PyCaret lacks the metric."""
SEEDS_AND_THREADS = ("random_state", "n_jobs", "thread_count", "random_seed")


def tuned_by(metric: str, task: str) -> str:
    """Return PyCaret's name of the metric that `tune_model` looks at for one of ours.

    For many classes never its AUC, which PyCaret 3.3.2 gives as 0 for most models.
    """
    name = SAME.get(metric) or NEAREST.get(metric) or ("RMSE" if task == "regression" else "AUC")
    return "Accuracy" if (name, task) == ("AUC", "multiclass") else name


def can_use_optuna() -> bool:
    """Return whether PyCaret's `tune_model` can search with Optuna, for which it needs optuna-integration."""
    return find_spec("optuna") is not None and find_spec("optuna_integration") is not None


class _Plain(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Our preprocessor behind plain column names on both sides, since PyCaret renames what looks odd to it."""

    def __init__(self, preprocessor: Any = None, names: tuple[str, ...] = ()) -> None:
        self.preprocessor = preprocessor
        self.names = names

    def fit(self, X: pd.DataFrame, y: Any = None) -> _Plain:
        self.preprocessor.fit(X.set_axis(self.names, axis=1), y)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        values = np.asarray(self.preprocessor.transform(X.set_axis(self.names, axis=1)), dtype=np.float64)
        return pd.DataFrame(values, index=X.index, columns=[f"f{number}" for number in range(values.shape[1])])


class Session:
    """PyCaret's own way of working: `setup` once, then its functions for one model at a time.

    Its preprocessing is switched off and ours is the only step of its pipeline. Only the learned rows are handed over.

    Parameters
    ----------
    kind : {"classification", "regression"}
    features : DataFrame, shape (n, n_columns)
        The learned rows.
    y : ndarray, shape (n,)
        Class codes 0..k-1, or values.
    preprocessor : transformer
        Unfitted, for `features`.
    folds : sequence of (ndarray, ndarray)
        Learned and judged positions of each fold.
    seed : int

    Raises
    ------
    EngineError
        When PyCaret is missing or refuses the data.
    """

    def __init__(
        self,
        kind: str,
        features: pd.DataFrame,
        y: npt.NDArray[Any],
        *,
        preprocessor: Any,
        folds: Sequence[tuple[Any, Any]],
        seed: int,
    ) -> None:
        from sklearn.model_selection import check_cv

        _experiment_class(kind)  # a missing PyCaret is told before anything else
        names = tuple(features.columns)
        frame = features.set_axis([f"c{number}" for number in range(len(names))], axis=1).reset_index(drop=True)
        frame = frame.assign(target=y)
        with _whole_numbers():
            self._made = experiment(
                kind,
                frame,
                "target",
                session_id=seed,
                preprocess=False,
                custom_pipeline=[("prepare", _Plain(preprocessor, names))],
                fold_strategy=check_cv(list(folds)),
                data_split_shuffle=False,
                n_jobs=1,
                test_data=frame.head(1),
                index=False,
                log_experiment=False,
            )
        # `setup` insists on test rows. The one it got is a learned row once more, and is taken out again: `finalize_model`
        # learns train and test rows together, and shall learn each row once.
        self._made.data = self._made.data.iloc[: len(frame)]
        self._made.idx = [self._made.idx[0], self._made.idx[1][:0]]

    def create(self, model: str) -> dict[str, list[float]]:
        """Run `create_model` for a model's id and return its scores on each fold, by PyCaret's names of the metrics."""
        # CatBoost writes a folder into the current directory unless told not to.
        options = {"allow_writing_files": False} if model == "catboost" else {}
        with _tamed():
            self._made.create_model(model, round=10, verbose=False, **options)
        return self._scores()

    def tune(self, estimator: Any, *, tries: int, metric: str, library: str) -> tuple[dict[str, list[float]], dict[str, Any]]:
        """Run `tune_model` and return the scores of what it found best, and its parameters where they differ from the class's.

        `choose_better` is off: the model it started from has its own row, and the leaderboard says which is better.

        Parameters
        ----------
        estimator : object
            Of a model in PyCaret's list, fitted or not.
        tries : int
        metric : str
            PyCaret's name.
        library : {"scikit-learn", "optuna"}

        Raises
        ------
        EngineError
            When a parameter is no plain value and could not be stored.
        """
        # CatBoost turns NumPy's numbers into its own, and scikit-learn then refuses to copy it; PyCaret's grid holds some.
        grid = self._grid("catboost") if type(estimator).__module__.startswith("catboost") else None
        with _tamed():
            found = self._made.tune_model(
                estimator,
                custom_grid=grid if library == "scikit-learn" else None,
                n_iter=tries,
                optimize=metric,
                search_library=library,
                choose_better=False,
                round=10,
                verbose=False,
                tuner_verbose=0,
            )
        return self._scores(), _changed_parameters(found)

    def blend(self, estimators: Sequence[Any], kind: str) -> dict[str, list[float]]:
        """Run `blend_models`, with probabilities averaged for classification, and return its scores on each fold."""
        options = {"method": "soft"} if kind == "classification" else {}
        with _tamed():
            self._made.blend_models(list(estimators), choose_better=False, round=10, verbose=False, **options)
        return self._scores()

    def finalize(self, estimator: Any) -> tuple[Any, Any]:
        """Run `finalize_model` and return the preprocessor and the estimator, both fitted on all learned rows."""
        with _tamed():
            pipeline = self._made.finalize_model(estimator)
        fitted = pipeline.steps[-1][1]
        # Exported models get arrays; the names of the frame that PyCaret makes would only be missed there.
        vars(fitted).pop("feature_names_in_", None)
        return pipeline.steps[0][1].transformer.preprocessor, fitted

    def _grid(self, model: str) -> dict[str, Any]:
        with _tamed():
            grid: dict[str, Any] = _plain(self._made.models(internal=True).loc[model, "Tune Grid"])
        return grid

    def _scores(self) -> dict[str, list[float]]:
        table = self._made.pull().drop(index=["Mean", "Std"])
        return {str(name): [float(value) for value in table[name]] for name in table}


def _changed_parameters(estimator: Any) -> dict[str, Any]:
    usual = type(estimator)().get_params(deep=False)
    changed = {}
    for name, value in estimator.get_params(deep=False).items():
        if name in SEEDS_AND_THREADS or (name in usual and repr(usual[name]) == repr(value)):
            continue
        plain = _plain(value)
        if isinstance(plain, str) and not isinstance(value, str):
            raise EngineError(f"The parameter {name} of {type(estimator).__name__} is no plain value: {plain[:80]}.")
        changed[name] = plain
    return changed


def main() -> None:
    """Write the cached catalogue."""
    from automl_core.workspace import write_json

    write_json(CATALOGUE, read_catalogue())


if __name__ == "__main__":
    main()
