"""PyCaret's own way of working, one call at a time, on rows, folds and preprocessing that it is given."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from automl_core.cleaning.preparation import take_kept
from automl_core.engines.pycaret import experiment, experiment_class, plain, tamed, whole_numbers
from automl_core.errors import EngineError

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
LEFT_OUT = "left_out"
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
    """Our preprocessor behind plain column names on both sides, since PyCaret renames what looks odd to it.

    With `marked`, a column more says which rows are not to be learned from, for the steps after it.

    PyCaret's pipeline fits and then transforms, where scikit-learn's does both at once (`fit_transform`). For an encoder by
    the target that is not the same: the rows it learned from must get what the others of them say, or a model learns the
    target from itself. So these rows are remembered, and get what `fit_transform` made of them.
    """

    def __init__(self, preprocessor: Any = None, names: tuple[str, ...] = (), marked: bool = False) -> None:
        self.preprocessor = preprocessor
        self.names = names
        self.marked = marked

    def fit(self, X: pd.DataFrame, y: Any = None) -> _Plain:
        made = self.preprocessor.fit_transform(X.set_axis(self.names, axis=1), y)
        self.learned_, self.made_ = X, np.asarray(made, dtype=np.float64)
        kept = take_kept(self.preprocessor)
        self.left_out_ = X.index[:0] if kept is None else X.index[~kept]
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        if X.equals(self.learned_):
            values = self.made_
        else:
            values = np.asarray(self.preprocessor.transform(X.set_axis(self.names, axis=1)), dtype=np.float64)
        made = pd.DataFrame(values, index=X.index, columns=[f"f{number}" for number in range(values.shape[1])])
        return made.assign(**{LEFT_OUT: X.index.isin(self.left_out_).astype(float)}) if self.marked else made


class _Kept(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Leave out the marked rows while a model is fitted; PyCaret skips a step of this mark where it predicts."""

    _train_only = True

    def fit(self, X: pd.DataFrame, y: Any = None) -> _Kept:
        return self

    def transform(self, X: pd.DataFrame, y: Any = None) -> Any:
        kept = X[LEFT_OUT] == 0
        return X[kept] if y is None else (X[kept], y[kept])


class _Unmarked(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Take the mark away."""

    def fit(self, X: pd.DataFrame, y: Any = None) -> _Unmarked:
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        return X.drop(columns=LEFT_OUT)


def _steps(preprocessor: Any, names: tuple[str, ...]) -> list[tuple[str, Any]]:
    """Return the steps of PyCaret's pipeline: ours, and those that leave rows out where a step of the recipe does."""
    marked = any(label.startswith("drop") for label, _, _ in getattr(preprocessor, "after", ()))
    prepare = ("prepare", _Plain(preprocessor, names, marked))
    return [prepare, ("keep", _Kept()), ("unmark", _Unmarked())] if marked else [prepare]


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
    cache : Path
        Folder of what PyCaret keeps of fitted steps, instead of the system's folder for temporary files.

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
        cache: Path,
    ) -> None:
        from sklearn.model_selection import check_cv

        experiment_class(kind)  # a missing PyCaret is told before anything else
        names = tuple(features.columns)
        frame = features.set_axis([f"c{number}" for number in range(len(names))], axis=1).reset_index(drop=True)
        frame = frame.assign(target=y)
        with whole_numbers():
            self._made = experiment(
                kind,
                frame,
                "target",
                session_id=seed,
                preprocess=False,
                custom_pipeline=_steps(preprocessor, names),
                fold_strategy=check_cv(list(folds)),
                data_split_shuffle=False,
                n_jobs=1,
                test_data=frame.head(1),
                index=False,
                log_experiment=False,
                memory=str(cache),
            )
        # `setup` insists on test rows. The one it got is a learned row once more, and is taken out again: `finalize_model`
        # learns train and test rows together, and shall learn each row once.
        self._made.data = self._made.data.iloc[: len(frame)]
        self._made.idx = [self._made.idx[0], self._made.idx[1][:0]]

    def create(self, model: str) -> dict[str, list[float]]:
        """Run `create_model` for a model's id and return its scores on each fold, by PyCaret's names of the metrics."""
        # CatBoost writes a folder into the current directory unless told not to.
        options = {"allow_writing_files": False} if model == "catboost" else {}
        with tamed():
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
        with tamed():
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
        with tamed():
            self._made.blend_models(list(estimators), choose_better=False, round=10, verbose=False, **options)
        return self._scores()

    def finalize(self, estimator: Any) -> tuple[Any, Any]:
        """Run `finalize_model` and return the preprocessor and the estimator, both fitted on all learned rows."""
        with tamed():
            pipeline = self._made.finalize_model(estimator)
        fitted = pipeline.steps[-1][1]
        # Exported models get arrays; the names of the frame that PyCaret makes would only be missed there.
        vars(fitted).pop("feature_names_in_", None)
        return pipeline.steps[0][1].transformer.preprocessor, fitted

    def _grid(self, model: str) -> dict[str, Any]:
        with tamed():
            grid: dict[str, Any] = plain(self._made.models(internal=True).loc[model, "Tune Grid"])
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
        simple = plain(value)
        if isinstance(simple, str) and not isinstance(value, str):
            raise EngineError(f"The parameter {name} of {type(estimator).__name__} is no plain value: {simple[:80]}.")
        changed[name] = simple
    return changed
