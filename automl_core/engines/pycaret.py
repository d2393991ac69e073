"""PyCaret 3.3: the catalogue of models and metrics, and the yardstick. The only module that imports it.

Importing PyCaret takes seconds, so the catalogue is read once for each of its versions and kept in
``automl_core/search/catalogue.json``: ``python -m automl_core.engines.pycaret`` writes it anew.
"""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from automl_core.errors import EngineError

CATALOGUE = Path(__file__).parents[1] / "search" / "catalogue.json"
KINDS = ("classification", "regression")


@contextmanager
def tamed() -> Iterator[None]:
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
    with tamed():
        made = experiment_class(kind)()
        try:
            made.setup(frame, target=target, html=False, verbose=False, system_log=False, **options)
        except (ValueError, TypeError, KeyError) as error:
            raise EngineError(f"PyCaret refused the table: {error}.", action="Choose another preset.") from error
    return made


def experiment_class(kind: str) -> Any:
    """Import PyCaret and return its experiment for a task; raises EngineError when it is missing."""
    with tamed():
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
        with tamed():
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
    tamed_space: dict[str, Any] = {}
    for key, value in space.items():
        bare = key.removeprefix("actual_estimator__")
        if bare in known:
            tamed_space[bare] = plain(value)
    return tamed_space, [key for key in space if key.removeprefix("actual_estimator__") not in known]


def _distribution(value: Any) -> dict[str, Any]:
    kind = type(value).__name__.removesuffix("Distribution").lower()
    return {"kind": kind, **{key: item for key, item in vars(value).items() if item is not None}}


def plain(value: Any) -> Any:
    """Return a value as plain JSON types, as text where it is none."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, str | int | float | bool | type(None)):
        return value
    return str(value)


@contextmanager
def whole_numbers() -> Iterator[None]:
    """Keep PyCaret from storing numbers in 32 bits, which moves the ties of trees and the sixth digit of scores."""
    with tamed():
        from pycaret.internal.preprocess import preprocessor

    original = preprocessor.df_shrink_dtypes
    preprocessor.df_shrink_dtypes = lambda frame, *_, **__: frame
    try:
        yield
    finally:
        preprocessor.df_shrink_dtypes = original


def compare(
    kind: str, frame: pd.DataFrame, target: str, *, pipeline: Any, folds: Any, include: list[str], seed: int, jobs: int = 1
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
    jobs : int
        PyCaret's ``n_jobs``; its own default is -1.

    Returns
    -------
    DataFrame
        ``compare_models``' table with ten digits, one row a model id.
    """
    with whole_numbers():
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
            n_jobs=jobs,
            test_data=frame.head(20),
            index=False,
        )
    with tamed():
        made.compare_models(include=include, round=10, verbose=False, errors="raise", n_select=1)
        table: pd.DataFrame = made.pull()
    return table


def main() -> None:
    """Write the cached catalogue."""
    from automl_core.workspace import write_json

    write_json(CATALOGUE, read_catalogue())


if __name__ == "__main__":
    main()
