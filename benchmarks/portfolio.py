"""How the portfolio was made: ``python benchmarks/portfolio.py measure`` and then ``build``.

``measure`` fits every configuration of `portfolio_pool` on generated tables (`portfolio_tables`), in three folds, with the
product's own preparation and fits, and keeps out-of-fold and test predictions with their CPU seconds in ``build/portfolio``.

``build`` orders the configurations of each task so that any prefix is good: the next one is the one whose addition to the
greedy ensemble lowers the test error most for its CPU time, averaged over the tables. It writes
``automl_core/search/portfolio.json``. `portfolio_judge.py` judges such orders on tables that were left out.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from portfolio_pool import pool  # noqa: E402  (the folder is no package: scripts import it by path)
from portfolio_tables import generate  # noqa: E402

from automl_core.experiment import ExperimentConfig  # noqa: E402
from automl_core.scorer import Scorer  # noqa: E402
from automl_core.scoring.values import predict_values  # noqa: E402
from automl_core.search.executor import ForkExecutor  # noqa: E402
from automl_core.search.fitting import FoldWork  # noqa: E402
from automl_core.search.selection import blend, greedy_weights, judge_of  # noqa: E402

KEPT = ROOT / "build" / "portfolio"
FOLDS = 3
LONGEST = 8.0
"""Seconds after which a fit is given up; a configuration that needs more on these tables has no place in a minute."""


class Measured(FoldWork):
    """Fold work that keeps the test rows' predictions and the CPU time instead of the model."""

    test: pd.DataFrame

    def fit_and_judge(self, spec: Any, fold: int, facts: dict[str, Any], out: Path) -> dict[str, Any]:
        """Fit one configuration on one fold and keep what it predicts."""
        begun = _cpu()
        estimator, values, *_ = self.learn(spec, fold, facts, LONGEST)
        spent = _cpu() - begun
        view = self.folder / "folds" / str(fold) / f"{spec.view}_test.npy"
        if not view.exists():
            from automl_core.scoring.trusted import load_trusted

            preprocessor: Any = load_trusted((view.parent / f"{spec.view}.skops").read_bytes(), "view")
            np.save(view.with_suffix(f".{spec.id}.npy"), np.asarray(preprocessor.transform(self.test), dtype=float))
            view.with_suffix(f".{spec.id}.npy").rename(view)
        tested = predict_values(estimator, np.load(view), self.n_classes)
        np.savez(out / f"{spec.id}.{fold}.npz", oof=values, test=tested)
        return {"seconds": spent}


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure_table(
    name: str, frame: pd.DataFrame, target: str, task: str, metric: str, kept: Path, choose: Callable[[str], list[Any]] = pool
) -> None:
    """Fit the whole pool on one table; what was measured before is kept."""
    import importlib
    import warnings

    from automl_core.cleaning.apply import apply_stateless
    from automl_core.cleaning.propose import propose_recipe
    from automl_core.data.dataset import create_dataset
    from automl_core.proposals import propose
    from automl_core.search.prepare import prepare
    from automl_core.target import encode_target

    warnings.simplefilter("ignore")
    out = kept / name
    out.mkdir(parents=True, exist_ok=True)
    if (out / "table.json").exists():
        return
    shuffled = frame.sample(frac=1, random_state=0).reset_index(drop=True)
    cut = int(0.6 * len(shuffled))
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "all.csv"
        shuffled.to_csv(source, index=False)
        whole = create_dataset(Path(folder) / "all", source, name)
        typed, schema = whole.frame(), whole.schema
        learn = typed.iloc[:cut].reset_index(drop=True)
        config = propose(learn, schema, target).config
        config = config.__class__(**{**config.__dict__, "task": task, "metric": metric, "holdout": 0.0, "folds": FOLDS})
        recipe = propose_recipe(learn, schema, target)
        run = Path(folder) / "run"
        run.mkdir()
        prepared = prepare(learn, schema, recipe, config, run)
        work = prepared.work
        work.__class__ = Measured
        cleaned = apply_stateless(typed, schema, recipe, training=False).frame.iloc[cut:]
        cleaned = cleaned[cleaned[target].notna()]
        y_all, classes = encode_target(pd.concat([learn[target].dropna(), cleaned[target]]), prepared.config)
        assert classes == prepared.classes
        work.test = cleaned[work.features.columns]
        specs = choose(task)
        for spec in specs:
            importlib.import_module(spec.class_path.rpartition(".")[0])
        executor = ForkExecutor(2)
        facts: dict[tuple[int, str], dict[str, Any]] = {}
        tasks: list[tuple[tuple[Any, ...], Any]] = [
            (("prepare", fold, view), partial(work.prepare, fold, view))
            for view in dict.fromkeys(spec.view for spec in specs) for fold in range(FOLDS)
        ]  # fmt: skip
        results: dict[str, dict[str, Any]] = {}
        phase = 0
        while tasks or executor.running():
            while tasks and executor.free():
                key, job = tasks.pop(0)
                executor.submit(key, job, 4 * LONGEST)
            for done in executor.wait(0.1):
                if done.key[0] == "prepare":
                    assert not done.error, done.error
                    facts[done.key[1:]] = done.result
                else:
                    entry = results.setdefault(done.key[0], {"seconds": 0.0, "folds": 0, "error": ""})
                    entry["seconds"] += done.result.get("seconds", 0.0)
                    entry["folds"] += not done.error
                    entry["error"] = entry["error"] or done.error
            if not tasks and not executor.running() and phase == 0:
                phase = 1
                tasks = [
                    ((spec.id, fold), partial(work.fit_and_judge, spec, fold, facts[(fold, spec.view)], out))
                    for spec in specs for fold in range(FOLDS)
                ]  # fmt: skip
        np.savez(out / "truth.npz", y=work.y, fold=work.division.fold, test=y_all[-len(cleaned) :])
        told = {"task": task, "metric": metric, "rows": len(learn), "columns": frame.shape[1], "results": results}
        (out / "table.json").write_text(json.dumps(told, indent=1))


class Table:
    """What was measured of one table: out-of-fold and test predictions of every configuration."""

    def __init__(self, folder: Path) -> None:
        told = json.loads((folder / "table.json").read_text())
        self.name, self.task, self.metric = folder.name, told["task"], told["metric"]
        with np.load(folder / "truth.npz") as data:
            y, fold, self.test_y = data["y"], data["fold"], data["test"]
        self.oof: dict[str, np.ndarray] = {}
        self.test: dict[str, np.ndarray] = {}
        self.seconds: dict[str, float] = {}
        self._scores: dict[str, float] = {}
        self._losses: dict[frozenset[str], float] = {}
        order = np.concatenate([np.flatnonzero(fold == k) for k in range(FOLDS)])
        self.y, self.fold = y[order], fold[order]
        for name, entry in told["results"].items():
            if entry["folds"] != FOLDS:
                continue
            parts = [np.load(folder / f"{name}.{k}.npz") for k in range(FOLDS)]
            self.oof[name] = np.concatenate([part["oof"] for part in parts])
            self.test[name] = np.mean([part["test"] for part in parts], axis=0)
            self.seconds[name] = entry["seconds"]

    def loss(self, prediction: np.ndarray) -> float:
        """Return the test loss: 1 minus the area, log loss, or the root mean squared error; smaller is better."""
        value = -self._judge(self.test_y)(prediction)
        return 1 + value if self.metric == "roc_auc" else value

    def _judge(self, y: np.ndarray) -> Callable[[np.ndarray], float]:
        classes = tuple(str(code) for code in range(int(y.max()) + 1)) if self.task != "regression" else ()
        config = ExperimentConfig("target", self.task, self.metric)
        return judge_of(Scorer(config, y, pd.DataFrame(index=range(len(y))), classes), np.arange(len(y)))

    @cached_property
    def best(self) -> float:
        """The test loss of the best single configuration."""
        return min(map(self.loss, self.test.values()))

    def ensemble_loss(self, names: list[str]) -> float:
        """Return the test loss of the greedy ensemble of some configurations."""
        known = [name for name in names if name in self.oof]
        if not known:
            return float("nan")
        among = frozenset(known)
        if among not in self._losses:  # orders that leave one table out begin alike
            known.sort(key=lambda name: -self._single(name))
            weights = greedy_weights({name: self.oof[name] for name in known[:25]}, self._judge(self.y), rounds=15)
            self._losses[among] = self.loss(blend(self.test, weights))
        return self._losses[among]

    def _single(self, name: str) -> float:
        if name not in self._scores:
            self._scores[name] = self._judge(self.y)(self.oof[name])
        return self._scores[name]


def load(kept: Path, task: str) -> list[Table]:
    """Return the measured tables of a task."""
    tables = [Table(path.parent) for path in sorted(kept.glob("*/table.json"))]
    return [table for table in tables if table.task == task]


def order(tables: list[Table], length: int) -> list[str]:
    """Return configurations so that each prefix's ensemble is good on the tables for its time."""
    names = sorted(set.union(*(set(table.oof) for table in tables)))
    # The best 30 by their mean share of the best loss, and the cheap ones of every family.
    shares = {name: np.mean([min(t.loss(t.test[name]) / t.best, 3.0) for t in tables if name in t.oof]) for name in names}
    names = sorted(names, key=lambda name: shares[name])[:30] + [
        name for name in names if name.startswith(("neighbours", "linear", "svm"))
    ]
    names = sorted(set(names))
    chosen: list[str] = []
    floor = {table.name: table.best for table in tables}
    current = {table.name: None for table in tables}
    while len(chosen) < length and len(chosen) < len(names):
        best, best_value, best_losses = "", -np.inf, {}
        for name in (name for name in names if name not in chosen):
            gains, losses, costs = [], {}, []
            for table in tables:
                losses[table.name] = table.ensemble_loss([*chosen, name])
                before = current[table.name]
                before = 2.0 * floor[table.name] if before is None else before
                if np.isfinite(losses[table.name]):
                    gains.append((before - losses[table.name]) / max(floor[table.name], 1e-9))
                    costs.append(table.seconds.get(name, LONGEST) / max(sum(table.seconds.values()), 1e-9))
                else:
                    losses[table.name] = current[table.name]
                    gains.append(0.0)
                    costs.append(1 / len(names))
            value = float(np.mean(np.clip(gains, -0.05, 1))) / (0.3 / len(names) + float(np.mean(costs)))
            if value > best_value:
                best, best_value, best_losses = name, value, losses
        chosen.append(best)
        current = best_losses
    return chosen


def with_every_family(chosen: list[str], tables: list[Table], families: dict[str, str]) -> list[str]:
    """Return the order with the best of each family among the first ten.

    Generated tables are few and smooth; a family that none of them wanted early may be what a real one needs, and a cheap
    one costs little.
    """
    late = [family for family in dict.fromkeys(families.values()) if family not in {families[name] for name in chosen[:10]}]
    ordered = list(chosen)
    for family in late:
        known = [name for name, own in families.items() if own == family and all(name in table.oof for table in tables)]
        if known:
            best = min(known, key=lambda name: np.mean([table.loss(table.test[name]) / table.best for table in tables]))
            ordered = [name for name in ordered if name != best]
            ordered.insert(9 - len(late) + late.index(family), best)
    return ordered


def main() -> None:
    """Measure or build."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("measure", "build"))
    parser.add_argument("--tables", type=int, default=36, help="number of generated tables, a third for each task")
    parser.add_argument("--first", type=int, default=0, help="seed of the first one")
    parser.add_argument("--length", type=int, default=24)
    a = parser.parse_args()
    if a.what == "measure":
        for seed in range(a.first, a.first + a.tables):
            table = generate(seed)
            begun = time.time()
            measure_table(table.name, table.frame, "target", table.task, table.metric, KEPT)
            print(f"{table.name}: {table.task}, {len(table.frame)} rows, {time.time() - begun:.0f} s", flush=True)
        return
    made: dict[str, Any] = {"format": 1, "folds": FOLDS}
    for task in ("binary", "multiclass", "regression"):
        tables = load(KEPT, task)
        known = {spec.id: spec for spec in pool(task)}
        families = {name: kind_of(spec) for name, spec in known.items()}
        chosen = with_every_family(order(tables, a.length), tables, families)
        made[task] = [{**asdict(known[name]), "name": readable(known[name])} for name in chosen]
        print(f"\n{task}, {len(tables)} tables: {' '.join(chosen)}", flush=True)
    (ROOT / "automl_core" / "search" / "portfolio.json").write_text(json.dumps(made, indent=1) + "\n")


def kind_of(spec: Any) -> str:
    """Return a configuration's kind: its family, with the boosters and the two sorts of forests apart."""
    return str(spec.id.partition("-")[0])


def readable(spec: Any) -> str:
    """Return a configuration's name for people: its family and what sets it apart."""
    p = spec.params
    classes = {
        "Ridge": "Ridge regression", "LogisticRegression": "Logistic regression", "LassoCV": "Lasso",
        "HuberRegressor": "Huber regression", "BayesianRidge": "Bayesian ridge",
        "LinearDiscriminantAnalysis": "Linear discriminant", "QuadraticDiscriminantAnalysis": "Quadratic discriminant",
        "GaussianNB": "Naive Bayes", "RandomForestClassifier": "Random forest", "RandomForestRegressor": "Random forest",
        "ExtraTreesClassifier": "Extra trees", "ExtraTreesRegressor": "Extra trees", "SVC": "Support vectors",
        "ScaledSVR": "Support vectors", "KNeighborsClassifier": "Neighbours", "KNeighborsRegressor": "Neighbours",
        "MLPClassifier": "Neural network", "MLPRegressor": "Neural network",
    }  # fmt: skip
    boosters = {"lightgbm": "LightGBM", "xgboost": "XGBoost", "catboost": "CatBoost"}
    kind = boosters.get(spec.class_path.partition(".")[0], "") or classes[spec.class_path.rpartition(".")[2]]
    marks = {
        "num_leaves": "{} leaves", "max_depth": "depth {}", "depth": "depth {}", "learning_rate": "rate {}",
        "hidden_layer_sizes": "{}", "alpha": "alpha {}", "n_neighbors": "{}", "C": "C {}", "criterion": "{}",
        "min_samples_leaf": "leaf {}",
    }  # fmt: skip
    said = [
        text.format("-".join(map(str, p[key])) if isinstance(p[key], list) else p[key]) for key, text in marks.items() if key in p
    ]
    return f"{kind}, {', '.join(said)}" if said else kind


if __name__ == "__main__":
    main()
