"""The same models as PyCaret's ``compare_models`` on the same folds: the same scores, in how much of its time.

    python benchmarks/speed.py [--rows 5000] [--folds 10]

The fifteen classifiers of PyCaret's turbo list on rows of a churn table (from ``AUTOML_TEST_DATA``, otherwise generated),
ten folds, the preprocessing of our recipe in both. Each side runs in a process of its own, one after another: ours on all
cores, PyCaret with its default ``n_jobs=-1`` and with ``n_jobs=1``, and a bare loop that does nothing but fit each
estimator on each fold's ready arrays and predict the rest. Allowed are a fifth of the time of PyCaret as people call it,
and a tenth more than the bare loop, both on one core. Times stand with and without imports; ours counts until the last of
the models is scored, stored models included, PyCaret's are ``setup`` and ``compare_models``. Exit code 1 says that a
figure was missed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

MODELS = ("lr", "knn", "nb", "dt", "svm", "ridge", "rf", "qda", "ada", "gbc", "lda", "et", "xgboost", "lightgbm", "catboost")
METRICS = {"Accuracy": "accuracy", "AUC": "roc_auc", "F1": "f1", "Kappa": "cohen_kappa", "MCC": "matthews_corrcoef"}
NOT_AUC = ("qda",)
"""Models whose area under the ROC curve is not compared: PyCaret ranks by `decision_function`, we by probabilities, which tie."""
SAME = 1e-4
"""Two scores that differ by no more are the same."""
FIFTH, TENTH = 0.2, 0.1


@dataclass(frozen=True)
class Side:
    """What one side took.

    Parameters
    ----------
    seconds : float
        Without imports.
    whole : float
        The process from start to end, imports included.
    cpu : float
        Seconds of processor time of the process and its children, imports included: where other work runs beside, it tells
        more than the clock.
    scores : dict
        By model and metric; empty for the bare loop.
    """

    seconds: float
    whole: float
    cpu: float
    scores: dict[str, dict[str, float]]


def differences(ours: dict[str, dict[str, float]], theirs: dict[str, dict[str, float]]) -> dict[str, float]:
    """Return each model's largest difference of a compared metric; infinite for one that a side did not score."""
    found = {}
    for model in MODELS:
        if model not in ours or model not in theirs:
            found[model] = float("inf")
            continue
        names = [ours_ for label, ours_ in METRICS.items() if not (label == "AUC" and model in NOT_AUC)]
        found[model] = max(abs(ours[model][name] - theirs[model][name]) for name in names)
    return found


def table_of(folder: Path, rows: int) -> tuple[Path, str]:
    """Write the table; return its path and its target."""
    import pandas as pd
    from tables import SHARED, large

    source = folder / "table.csv"
    churn = SHARED / "churn.csv"
    if churn.exists():
        pd.read_csv(churn, dtype=str, keep_default_na=False).sample(rows, random_state=0).to_csv(source, index=False)
        return source, "Churn"
    large(rows)().to_csv(source, index=False)
    return source, "event"


def prepared(folder: Path, target: str, folds: int, cores: int) -> Any:
    """Return what every side works on: table, schema, recipe, settings, and the run that is divided into folds."""
    from dataclasses import replace

    from automl_core.cleaning.propose import propose_recipe
    from automl_core.data.dataset import create_dataset, load_dataset
    from automl_core.experiment import Budget
    from automl_core.proposals import propose
    from automl_core.search.prepare import prepare

    kept = folder / "dataset"
    dataset = load_dataset(kept) if kept.exists() else create_dataset(kept, folder / "table.csv", "table")
    frame = dataset.frame()
    recipe = propose_recipe(frame, dataset.schema, target)
    config = replace(
        propose(frame, dataset.schema, target).config,
        holdout=0.0, folds=folds, candidates=MODELS, budget=Budget(36_000, len(MODELS)), threads=cores,
    )  # fmt: skip
    return frame, dataset.schema, recipe, config, prepare(frame, dataset.schema, recipe, config, folder / "folds").work


def run_ours(folder: Path, target: str, folds: int, cores: int) -> dict[str, Any]:
    """Search the fifteen models with our own loop."""

    from automl_core.engines.skops import import_skops
    from automl_core.events import CandidateScored, Event
    from automl_core.search.candidates import catalogue
    from automl_core.search.preload import preload
    from automl_core.search.run import run_search

    import_skops()
    preload(*(spec.class_path for spec in catalogue("binary").values()))
    frame, schema, recipe, config, _ = prepared(folder, target, folds, cores)
    run = folder / f"run-{cores}"
    last = [time.time()]

    def emit(event: Event) -> None:
        if isinstance(event, CandidateScored) and event.candidate["state"] == "scored" and event.candidate["id"] in MODELS:
            last[0] = event.time

    started = time.time()
    board = run_search(frame, schema, recipe, config, run, emit=emit, should_stop=lambda: False, started=started)
    scores = {row.id: row.metrics for row in board if row.id in MODELS and row.state == "scored"}
    return {"seconds": last[0] - started, "scores": scores}


def run_pycaret(folder: Path, target: str, folds: int, jobs: int) -> dict[str, Any]:
    """Score the fifteen models PyCaret's own way, on our folds and with our preprocessing."""
    import pycaret.classification  # noqa: F401 - imported here, so that the clock does not count it
    from sklearn.model_selection import PredefinedSplit

    from automl_core.cleaning.preprocessing import build_preprocessor
    from automl_core.engines.pycaret import compare

    _, _, recipe, config, work = prepared(folder, target, folds, 1)
    started = time.time()
    table = compare(
        "classification",
        work.features.assign(**{target: work.y.astype(int)}),
        target,
        pipeline=build_preprocessor(recipe, work.schema, work.features, task=config.task, seed=config.seed),
        folds=PredefinedSplit(work.division.fold),
        include=list(MODELS),
        seed=config.seed,
        jobs=jobs,
    )
    seconds = time.time() - started
    scores = {
        str(model): {ours: float(row[label]) for label, ours in METRICS.items()}
        for model, row in table.iterrows()
        if model in MODELS
    }
    return {"seconds": seconds, "scores": scores}


def run_bare(folder: Path, target: str, folds: int, _: int) -> dict[str, Any]:
    """Fit and predict, and nothing else: what no search can do without."""
    import importlib
    import warnings

    import numpy as np
    from threadpoolctl import threadpool_limits

    from automl_core.cleaning.preprocessing import build_preprocessor
    from automl_core.scoring.values import predict_values
    from automl_core.search.candidates import catalogue, make_estimator

    _, _, recipe, config, work = prepared(folder, target, folds, 1)
    specs = [catalogue(config.task)[name] for name in MODELS]
    for spec in specs:
        importlib.import_module(spec.class_path.rpartition(".")[0])
    fitting = predicting = 0.0
    by_model = dict.fromkeys(MODELS, 0.0)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for fold in range(work.division.folds):
            learned, judged = (work.division.train[rows] for rows in (work.division.learned(fold), work.division.judged(fold)))
            preprocessor = build_preprocessor(recipe, work.schema, work.features, task=config.task, seed=config.seed)
            X = np.asarray(preprocessor.fit_transform(work.features.iloc[learned], work.y[learned].astype(int)), dtype=float)
            V = np.asarray(preprocessor.transform(work.features.iloc[judged]), dtype=float)
            for spec in specs:
                estimator = make_estimator(spec, seed=config.seed, threads=1)
                begun = time.perf_counter()
                estimator.fit(X, work.y[learned].astype(int))
                middle = time.perf_counter()
                predict_values(estimator, V, work.n_classes)
                fitting, predicting = fitting + middle - begun, predicting + time.perf_counter() - middle
                by_model[spec.id] += time.perf_counter() - begun
    return {"seconds": fitting + predicting, "fitting": fitting, "by_model": by_model, "scores": {}}


SIDES = {"ours": run_ours, "pycaret": run_pycaret, "bare": run_bare}


def side(name: str, folder: Path, target: str, folds: int, cores: int) -> Side:
    """Run one side in a process of its own."""
    out = folder / f"{name}{cores}.json"
    line = [sys.executable, __file__, "--side", name, "--folder", str(folder), "--target", target]
    # PyCaret is called as people call it: nothing caps its threads. Our own commands cap theirs themselves.
    kept = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    if name != "pycaret":
        kept["OMP_NUM_THREADS"] = "1"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(folder / f"{name}{cores}.log", "w") as log:
        started = time.time()
        code = subprocess.run(
            [*line, "--folds", str(folds), "--cores", str(cores), "--out", str(out)], env=kept, stdout=log, stderr=log, cwd=folder
        ).returncode
    whole = time.time() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if code:
        tail = (folder / f"{name}{cores}.log").read_text().strip().splitlines()[-3:]
        raise SystemExit(f"{name} ended with exit code {code}: {' | '.join(tail)}")
    told = json.loads(out.read_text())
    if name == "bare":
        slowest = sorted(told["by_model"].items(), key=lambda pair: -pair[1])[:4]
        most = ", ".join(f"{model} {seconds:.1f}" for model, seconds in slowest)
        print(f"  of the bare loop {told['fitting']:.1f} s are fits, the rest predictions; most took {most}", flush=True)
    return Side(told["seconds"], whole, cpu, told["scores"])


def main() -> int:
    """Run every side and print times, ratios and scores side by side; return 1 when a figure was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)), help=argparse.SUPPRESS)
    for hidden in ("--side", "--folder", "--target", "--out"):
        parser.add_argument(hidden, default="", help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.side:
        told = SIDES[a.side](Path(a.folder), a.target, a.folds, a.cores)
        Path(a.out).write_text(json.dumps(told))
        return 0
    sys.path.insert(0, str(ROOT / "benchmarks"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, target = table_of(folder, a.rows)
        print(
            f"{a.rows:,} rows of {'churn' if target == 'Churn' else 'a generated table'}, {a.folds} folds, {len(MODELS)} models"
        )
        found = {}
        for title, one, cores in (
            (f"ours, {a.cores} cores", "ours", a.cores),
            ("ours, one core", "ours", 1),
            ("bare loop, one core", "bare", 1),
            ("PyCaret, n_jobs=1", "pycaret", 1),
            ("PyCaret, n_jobs=-1", "pycaret", -1),
        ):
            found[title] = side(one, folder, target, a.folds, cores)
            took = found[title]
            print(
                f"  {title}: {took.seconds:.1f} s, {took.whole:.1f} s with imports, {took.cpu:.1f} s of processor time",
                flush=True,
            )
        source.unlink()
    ours, alone, bare, single, theirs = found.values()
    share, overhead = ours.seconds / theirs.seconds, alone.seconds / bare.seconds - 1
    for jobs, other in ((-1, theirs), (1, single)):
        told = f"{ours.seconds / other.seconds:.0%} ({ours.whole / other.whole:.0%} with imports)"
        print(f"Of PyCaret's time with n_jobs={jobs} we take {told}{f', allowed {FIFTH:.0%}' if jobs == -1 else ''}.")
    floor = bare.seconds / a.cores / theirs.seconds
    print(f"Nothing but the fits and predictions, spread over {a.cores} cores without loss, would be {floor:.0%}.")
    print(f"Over the bare loop we take {overhead:.1%} more on one core, allowed {TENTH:.0%}.")
    apart = differences(ours.scores, theirs.scores)
    for model in MODELS:
        mine, other = ours.scores.get(model, {}), theirs.scores.get(model, {})
        pair = ", ".join(
            f"{name} {mine.get(name, float('nan')):.4f} / {other.get(name, float('nan')):.4f}" for name in METRICS.values()
        )
        print(f"  {model}: {'same' if apart[model] <= SAME else 'NOT THE SAME'} ({pair})")
    missed = share > FIFTH or overhead > TENTH or max(apart.values()) > SAME
    print("A figure was missed." if missed else "All figures are met.")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
