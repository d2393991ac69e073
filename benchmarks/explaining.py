"""How fast a model is explained: ours, shap's own and explainerdashboard's, on the same boosters and rows.

    python benchmarks/explaining.py [--rows 100000] [--columns 50] [--explained 10000] [--dashboard]

Part one: an ensemble of LightGBM, XGBoost and CatBoost; our contributions for all of it beside the sum of what each
booster's own tree SHAP takes for the same rows. Part two: what the pages show, computed once, and read again. With
``--dashboard`` explainerdashboard computes its tabs for the LightGBM model in an environment of its own (`build/peers`).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
PEER = ROOT / "build" / "peers" / "explainerdashboard"
ALLOWED, OPEN = 1.2, 2.0


def data(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers, and labels that depend on some of them."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows, columns))
    score = X[:, 0] + X[:, 1] * X[:, 2] + np.sin(2 * X[:, 3]) + 0.5 * rng.normal(size=rows)
    return X, (score > 0).astype(int)


def boosters(X: np.ndarray, y: np.ndarray) -> dict[str, object]:
    """Return fitted boosters of 200 rounds."""
    from catboost import CatBoostClassifier
    from lightgbm import LGBMClassifier
    from xgboost import XGBClassifier

    made = {
        "lightgbm": LGBMClassifier(n_estimators=200, num_leaves=31, verbose=-1, n_jobs=1),
        "xgboost": XGBClassifier(n_estimators=200, max_depth=6, n_jobs=1),
        "catboost": CatBoostClassifier(iterations=200, depth=6, verbose=False, allow_writing_files=False, thread_count=1),
    }
    return {name: estimator.fit(X, y) for name, estimator in made.items()}


def model_of(fitted: dict[str, object], columns: int):
    """Return an ensemble of the boosters as one of our models, without preparation."""
    from sklearn.compose import ColumnTransformer

    from automl_core.cleaning.recipe import Recipe
    from automl_core.schema import Column, Schema
    from automl_core.scoring.bundle import from_manifest
    from automl_core.scoring.ensemble import Fold, FoldEnsemble, Member

    names = [f"c{place}" for place in range(columns)]
    prepared = ColumnTransformer([("group0", "passthrough", names)], verbose_feature_names_out=False)
    prepared.fit(pd.DataFrame(np.zeros((2, columns)), columns=names))
    members = [Member(name, "native", 1.0, estimator) for name, estimator in fitted.items()]
    schema = Schema((*(Column(name, "number") for name in names), Column("y", "category")))
    told = {"candidate": "ensemble", "name": "Ensemble", "task": "binary", "target": "y", "classes": ["0", "1"], "positive": "1"}
    more = {"metric": "roc_auc", "threshold": 0.5, "schema": schema.to_dict(), "recipe": Recipe(()).to_dict()}
    manifest = {**told, **more, "used": names, "lineage": {}}
    return from_manifest(manifest, {"columns": {}}, FoldEnsemble([Fold({"native": prepared}, members)], 2))


def timed(work) -> tuple[float, object]:
    """Return the seconds that something takes, and what it gives."""
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def own(name: str, estimator, X: np.ndarray) -> None:
    """Compute a booster's own tree SHAP and nothing else."""
    if name == "lightgbm":
        estimator.booster_.predict(X, pred_contrib=True, num_threads=1)
    elif name == "xgboost":
        import xgboost

        estimator.get_booster().predict(xgboost.DMatrix(X, nthread=1), pred_contribs=True)
    else:
        import catboost

        estimator.get_feature_importance(catboost.Pool(X), type="ShapValues", thread_count=1)


def dashboard(X: np.ndarray, y: np.ndarray) -> None:
    """Let explainerdashboard compute what its tabs show, in its own environment."""
    python = PEER / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(PEER)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "explainerdashboard", "lightgbm"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "table.npz", X=X, y=y)
        script = Path(__file__).parent / "peers" / "explain_dashboard.py"
        done = subprocess.run([str(python), str(script), folder], capture_output=True, text=True)
    if done.returncode:
        print(f"explainerdashboard failed: {done.stderr.strip().splitlines()[-1]}")
        return
    print(f"explainerdashboard: {json.loads(done.stdout.splitlines()[-1])}")


def main() -> int:
    """Measure; return 1 where a figure was missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--explained", type=int, default=10_000)
    parser.add_argument("--dashboard", action="store_true")
    asked = parser.parse_args()
    from automl_core.explaining.explainer import Explainer, draw_background
    from automl_core.explaining.reasons import Reasons, find_reasons

    X, y = data(asked.rows, asked.columns)
    fitted = boosters(X, y)
    model = model_of(fitted, asked.columns)
    frame = pd.DataFrame(X, columns=model.used)
    part, rows = frame.iloc[: asked.explained], X[: asked.explained]
    singles = {name: timed(lambda n=name, e=estimator: own(n, e, rows))[0] for name, estimator in fitted.items()}
    ours, shares = timed(lambda: Explainer(model, draw_background(frame, 0)).share(part))
    total = sum(singles.values())
    print(f"{len(part):,} rows, each booster alone: " + ", ".join(f"{name} {took:.1f} s" for name, took in singles.items()))
    print(f"the ensemble, ours: {ours:.1f} s, {ours / total:.2f} of their sum ({ALLOWED} is allowed); adds up: {shares.exact}")
    import shap

    few = rows[:1000]
    took, _ = timed(lambda: shap.TreeExplainer(fitted["lightgbm"]).shap_values(few))
    mine, _ = timed(lambda: own("lightgbm", fitted["lightgbm"], few))
    print(f"1,000 rows of LightGBM: shap's own {took:.1f} s, LightGBM's own, which we ask, {mine:.1f} s")
    once, reasons = timed(lambda: find_reasons(model, frame))
    text = json.dumps(reasons.to_dict())
    again, _ = timed(lambda: Reasons.from_dict(json.loads(text)))
    print(f"all that the page shows, once, in a job: {once:.1f} s; {reasons.notes}")
    print(f"read again: {again:.2f} s, {len(text) / 2**20:.1f} MB ({OPEN} s are allowed, with the drawing)")
    if asked.dashboard:
        dashboard(X, y)
    return int(ours / total > ALLOWED or again > OPEN)


if __name__ == "__main__":
    sys.exit(main())
