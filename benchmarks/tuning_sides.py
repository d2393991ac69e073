"""What each side of ``benchmarks/tuning.py`` does in a process of its own; the result goes to a JSON file.

    python benchmarks/tuning_sides.py JOB --asked ASKED.json --out RESULT.json

The time of a search is that of the call that tunes: imports, reading, preparing and the score of the model as it is come
before the clock starts, on either side.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
MODEL = "lightgbm-own"
"""Our default LightGBM; PyCaret's is ``lightgbm``."""
SORT = {"roc_auc": "AUC", "rmse": "RMSE", "log_loss": "LogLoss"}


def make_run(folder: Path, learn: Path, target: str, *, model: str, folds: int = 0, cores: int = 0, metric: str = "") -> Any:
    """Return a run of which one model was scored on every row, as our own proposals would do it."""
    from automl_core.cleaning.propose import propose_recipe
    from automl_core.data.dataset import create_dataset
    from automl_core.engines.skops import import_skops
    from automl_core.experiment import Budget
    from automl_core.proposals import propose
    from automl_core.runs import Run, write_request
    from automl_core.search.run import run_search

    import_skops()
    dataset = create_dataset(folder / "dataset", learn, learn.stem)
    frame = dataset.frame()
    recipe = propose_recipe(frame, dataset.schema, target)
    config = propose(frame, dataset.schema, target).config
    config = replace(
        config, metric=metric or config.metric, holdout=0.0, folds=folds, threads=cores, candidates=(model,),
        budget=Budget(60.0, 1),
    )  # fmt: skip
    asked = {"dataset": dataset.id, "fingerprint": dataset.fingerprint, "config": config.to_dict(), "recipe": recipe.to_dict()}
    write_request(folder, "train", asked)
    run_search(frame, dataset.schema, recipe, config, folder, emit=lambda _: None, should_stop=lambda: False, started=time.time())
    return Run(folder)


def tune_ours(run: Any, model: str, *, trials: int = 0, seconds: float = 60.0, method: str = "", pruner: str = "median") -> Any:
    """Tune a model by our default, or by a named method; return the study and the seconds of the whole call."""
    from automl_core.search.prepare import cores
    from automl_core.tuning.methods import expected_trials, propose_method
    from automl_core.tuning.run import space_of_row, tune
    from automl_core.tuning.study import Settings, new_study

    row = run.leaderboard()[model]
    space = space_of_row(run.config.task, row)
    chosen = method or propose_method(space, expected_trials(trials, seconds, row.fit_seconds, cores(run.config))).value
    settings = Settings(model, chosen, space, trials, seconds, pruner=pruner)
    started = time.time()
    study = tune(run, new_study(run.path, model), settings, emit=lambda _: None, should_stop=lambda: False, started=started)
    return study, time.time() - started


def ours(asked: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Tune our LightGBM and predict the rows that nobody saw, before and after."""
    import numpy as np
    import pandas as pd

    from automl_core.model import build_model
    from automl_core.scoring.bundle import load_model

    run = make_run(folder / "run", Path(asked["learn"]), asked["target"], model=MODEL, metric=asked["metric"])
    study, took = tune_ours(run, MODEL, seconds=asked["budget"])
    rows = pd.read_csv(asked["judge"], dtype=str, keep_default_na=False).drop(columns=asked["target"])
    found = {}
    for when, name in (("before", MODEL), ("after", study.joined or MODEL)):
        model = load_model(build_model(run.path, name, folder / f"{when}.zip"))
        table = model.predict(rows)
        columns = [column for column in table.columns if column.startswith("probability_")]
        np.save(folder / f"{when}.npy", table[columns or ["prediction"]].to_numpy(dtype=float))
        found["classes"] = [column.removeprefix("probability_") for column in columns] or None
    return {
        **found, "seconds": took, "trials": len(study.rows) - 1, "method": study.settings.method, "folds": study.folds,
        "states": {state: sum(row.state == state for row in study.rows) for state in ("scored", "pruned", "failed", "stopped")},
        "inside_before": study.rows[0].score, "inside_after": study.best.score, "version": version("optuna"),
    }  # fmt: skip


def set_up_pycaret(asked: dict[str, Any], folds: int = 10) -> tuple[Any, Any, str]:
    """Set PyCaret up on the learning rows; return its module, its LightGBM as it is, and what is optimised."""
    import pandas as pd
    from sklearn.metrics import log_loss

    kind = "regression" if asked["task"] == "regression" else "classification"
    pycaret = importlib.import_module(f"pycaret.{kind}")
    learn, judge = pd.read_csv(asked["learn"]), pd.read_csv(asked["judge"])
    pycaret.setup(
        learn, target=asked["target"], test_data=judge, index=False, session_id=1, n_jobs=-1, fold=folds, html=False,
        verbose=False, system_log=False,
    )  # fmt: skip
    if asked["metric"] == "log_loss":
        pycaret.add_metric(
            "logloss", "LogLoss", log_loss, target="pred_proba", greater_is_better=False,
            labels=list(range(learn[asked["target"]].nunique())),
        )  # fmt: skip
    return pycaret, pycaret.create_model("lightgbm", verbose=False), SORT[asked["metric"]]


def tune_pycaret(asked: dict[str, Any], pycaret: Any, model: Any, optimize: str, **more: Any) -> tuple[Any, float]:
    """Call ``tune_model`` with one of its two searches; return the model and the seconds."""
    random = asked["system"] == "pycaret-random"
    library = {"search_library": "scikit-learn"} if random else {"search_library": "optuna", "search_algorithm": "tpe"}
    started = time.time()
    tuned = pycaret.tune_model(model, optimize=optimize, choose_better=True, verbose=False, **library, **more)
    return tuned, time.time() - started


def theirs(asked: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Tune PyCaret's LightGBM within the time and predict the rows that nobody saw, before and after.

    Optuna's search takes the time itself. The random search takes a number of draws: two are timed first, off the clock,
    and as many are asked for as that promises for the time.
    """
    import numpy as np
    import pandas as pd

    pycaret, model, optimize = set_up_pycaret(asked)
    rows = pd.read_csv(asked["judge"]).drop(columns=asked["target"])
    classes = None

    def keep(when: str, one: Any) -> None:
        nonlocal classes
        if asked["task"] == "regression":
            values = pycaret.predict_model(one, data=rows, verbose=False)[["prediction_label"]].to_numpy(dtype=float)
        else:
            table = pycaret.predict_model(one, data=rows, raw_score=True, verbose=False)
            columns = [name for name in table.columns if name.startswith("prediction_score_")]
            values, classes = table[columns].to_numpy(dtype=float), [name[len("prediction_score_") :] for name in columns]
        np.save(folder / f"{when}.npy", values)

    keep("before", model)
    if asked["system"] == "pycaret-random":
        _, first = tune_pycaret(asked, pycaret, model, optimize, n_iter=1)
        _, third = tune_pycaret(asked, pycaret, model, optimize, n_iter=5)
        each = max((third - first) / 4, 0.02)
        draws = max(1, round((asked["budget"] - max(first - each, 0.0)) / each))
        tuned, took = tune_pycaret(asked, pycaret, model, optimize, n_iter=draws)
    else:
        draws = None
        tuned, took = tune_pycaret(asked, pycaret, model, optimize, n_iter=100_000, timeout=asked["budget"])
    keep("after", tuned)
    return {"classes": classes, "seconds": took, "trials": draws, "folds": 10, "version": version("pycaret")}


def rate(asked: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Time a number of trials over the same number of folds, with PyCaret's own model and space on both sides."""
    if asked["system"] == "tablewright":
        found = {}
        run = make_run(
            folder / "run", Path(asked["learn"]), asked["target"], model="lightgbm", folds=asked["folds"], metric=asked["metric"]
        )
        for name, pruner in (("seconds", "median"), ("seconds_all_folds", "none")):
            study, found[name] = tune_ours(run, "lightgbm", trials=asked["trials"], method="tpe", pruner=pruner)
        return {**found, "trials": len(study.rows) - 1}
    pycaret, model, optimize = set_up_pycaret(asked, asked["folds"])
    _, took = tune_pycaret(asked, pycaret, model, optimize, n_iter=asked["trials"])
    return {"seconds": took, "trials": asked["trials"]}


def overhead(asked: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Time trials on one core, and the fits and predictions of the same parameters by themselves.

    What a trial takes is the difference between a long study and a short one, so that what each study takes once, to open its
    database and to say at the end what mattered, is told apart.
    """
    from automl_core.search.prepare import prepare

    model = asked["model"]
    run = make_run(
        folder / "run", Path(asked["learn"]), asked["target"], model=model, folds=asked["folds"], cores=1, metric=asked["metric"]
    )
    dataset = run.dataset()
    work = prepare(dataset.frame(), dataset.schema, run.recipe, run.config, run.path).work
    counts, over = (asked["trials"] // 4, asked["trials"]), []
    for trials in counts:
        study, took = tune_ours(run, model, trials=trials, method="tpe", pruner="none")
        bare = bare_seconds(run, work, model, [row.params for row in study.rows[1:]])
        over.append(took - bare)
    each = (over[1] - over[0]) / (counts[1] - counts[0])
    return {
        "trials": counts[1],
        "seconds": took,
        "bare": bare,
        "once_seconds": over[0] - each * counts[0],
        "each_ms": 1000 * each,
    }


def bare_seconds(run: Any, work: Any, model: str, points: list[dict[str, Any]]) -> float:
    """Return what the fits and predictions of some parameters take on all folds, and nothing else."""
    import numpy as np
    from threadpoolctl import threadpool_limits

    from automl_core.scoring.values import predict_values
    from automl_core.search.candidates import Spec, make_estimator
    from automl_core.search.matrices import load_matrix

    base = Spec(**run.leaderboard()[model].spec)
    bare = 0.0
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folds = []
        for fold in range(work.division.folds):
            learned = work.division.train[work.division.learned(fold)]
            home = run.path / "folds" / str(fold)
            X = np.asarray(load_matrix(home / f"{base.view}_learn.npy", exact=True), dtype=float)
            V = np.asarray(load_matrix(home / f"{base.view}_judge.npy", exact=True), dtype=float)
            y = work.y[learned].astype(int) if work.n_classes else work.y[learned]
            folds.append((X, y, V))
        for params in points:
            for X, y, V in folds:
                begun = time.perf_counter()
                estimator = make_estimator(replace(base, params={**base.params, **params}), seed=0, threads=1)
                estimator.fit(X, y)
                predict_values(estimator, V, work.n_classes)
                bare += time.perf_counter() - begun
    return bare


JOBS: dict[str, Callable[[dict[str, Any], Path], dict[str, Any]]] = {
    "ours": ours, "theirs": theirs, "rate": rate, "overhead": overhead
}  # fmt: skip


def main() -> None:
    """Do one job."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", choices=list(JOBS))
    parser.add_argument("--asked", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    a = parser.parse_args()
    os.environ.setdefault("PYCARET_CUSTOM_LOGGING_PATH", os.devnull)
    asked = json.loads(a.asked.read_text())
    a.out.write_text(json.dumps(JOBS[a.job](asked, a.out.parent)))


if __name__ == "__main__":
    main()
