"""Tables of 20 to 200 rows and 2 to 5 columns beside the two models that such a table needs least of: a line and a forest.

    python benchmarks/tiny.py [--seconds 15] [--draws 2] [--only iris titanic]

Rows are drawn from real tables; those that were not drawn judge. The peers are scikit-learn's own: logistic or ridge
regression on standardised columns, and a random forest of 300 trees, both with words as ones and zeros and gaps filled. We run
the whole search (``--holdout 0``) and judge the model that it exports. Losses are 1 minus the area under the ROC curve, log
loss, and the root mean squared error, as shares of what the baseline (no column) loses.

Printed is, over all draws, how much smaller our loss is than each peer's, with a 95 % interval over the tables (a mean over
the draws of a table counts once). Exit code 1 says that we lose to a peer by more than chance. Runs are kept in
``build/tiny``, and what is there is not searched again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from tables import TABLES, Table, from_sklearn  # noqa: E402  (the folder is no package: scripts import it by path)

KEPT = ROOT / "build" / "tiny"
PEERS = ("line", "forest")
IRIS = Table("iris", "target", "multiclass", "log_loss", from_sklearn("iris"))


@dataclass(frozen=True)
class Case:
    """A tiny table: which table it is drawn from, which columns it has, and how many rows."""

    table: str
    columns: tuple[str, ...]
    sizes: tuple[int, ...]


CASES = (
    Case("titanic", ("Pclass", "Sex", "Age", "Fare", "SibSp"), (50, 200)),
    Case("churn", ("tenure", "Contract", "MonthlyCharges", "InternetService"), (100, 200)),
    Case("insurance", ("age", "bmi", "smoker", "children"), (30, 100)),
    Case("abalone", ("length", "diameter", "whole_weight", "shell"), (60, 200)),
    Case("bike", ("hr", "temp", "hum", "season", "workingday"), (100, 200)),
    Case("iris", ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"), (20, 60)),
    Case("wine", ("alcohol", "malic_acid", "hue", "proline"), (30, 90)),
    Case("breast_cancer", ("mean radius", "mean texture", "mean smoothness"), (40, 150)),
    Case("diabetes", ("bmi", "bp", "s5", "age", "sex"), (40, 150)),
)


def draw(case: Case, rows: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame, str, str, str]:
    """Return rows to learn from, rows to judge, target, task and metric; every label is drawn twice at least."""
    table = next(table for table in (*TABLES, IRIS) if table.name == case.table)
    frame = table.load()
    frame = frame[[*case.columns, table.target]].dropna(subset=[table.target])
    frame = frame.sample(frac=1, random_state=zlib.crc32(f"{case.table} {rows} {seed}".encode())).reset_index(drop=True)
    first = frame.index[:rows]
    if table.task != "regression":
        needed = frame.groupby(table.target, sort=False).head(2).index
        first = needed.union(frame.index.difference(needed, sort=False)[: max(rows - len(needed), 0)])
    judged = frame.drop(first).head(5000)
    return frame.loc[first].reset_index(drop=True), judged.reset_index(drop=True), table.target, table.task, table.metric


def peer(name: str, learn: pd.DataFrame, judge: pd.DataFrame, target: str, task: str) -> np.ndarray:
    """Return what a plain model predicts."""
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    models: dict[str, Any] = {
        "line": Ridge() if task == "regression" else LogisticRegression(max_iter=1000),
        "forest": (RandomForestRegressor if task == "regression" else RandomForestClassifier)(300, random_state=0, n_jobs=1),
    }
    preparation = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
    )
    model = make_pipeline(preparation, models[name]).fit(learn.drop(columns=target), learn[target].to_numpy())
    columns = judge.drop(columns=target)
    return model.predict(columns) if task == "regression" else model.predict_proba(columns)


def ours(folder: Path, learn: pd.DataFrame, judge: pd.DataFrame, target: str, metric: str, seconds: float) -> np.ndarray:
    """Search, export, and return what the exported model predicts."""
    from dataclasses import replace

    from automl_core.cleaning.apply import apply_stateless
    from automl_core.cleaning.propose import propose_recipe
    from automl_core.data.dataset import create_dataset
    from automl_core.experiment import Budget
    from automl_core.proposals import propose
    from automl_core.runs import Run, write_request
    from automl_core.scoring.bundle import load_model
    from automl_core.worker.training import train

    if not (folder / "model.zip").exists():
        folder.mkdir(parents=True)
        learn.to_csv(folder / "learn.csv", index=False)
        dataset = create_dataset(folder / "dataset", folder / "learn.csv", "table")
        recipe = propose_recipe(dataset.frame(), dataset.schema, target)
        cleaned = apply_stateless(dataset.frame(), dataset.schema, recipe, training=True)
        config = propose(cleaned.frame, cleaned.schema, target, uploaded=(dataset.frame(), dataset.schema)).config
        config = replace(config, metric=metric, holdout=0.0, budget=Budget(seconds))
        params = {"dataset": dataset.id, "config": config.to_dict(), "recipe": recipe.to_dict()}
        write_request(folder, "train", params)
        train(Run(folder), emit=lambda event: None, should_stop=lambda: False, started=time.time())
    judge.to_csv(folder / "judge.csv", index=False)
    text = pd.read_csv(folder / "judge.csv", dtype=str, keep_default_na=False)
    return load_model(folder / "model.zip").predict_values(text.drop(columns=target))


def loss(task: str, learn: pd.DataFrame, judge: pd.DataFrame, target: str, values: np.ndarray, labels: Sequence[str]) -> float:
    """Return the loss on the judged rows as a share of what a constant loses."""
    from sklearn.metrics import log_loss, roc_auc_score

    truth = judge[target].to_numpy()
    if task == "regression":
        return float(np.sqrt(np.mean((truth - values) ** 2)) / np.sqrt(np.mean((truth - learn[target].mean()) ** 2)))
    codes = pd.Categorical(judge[target].astype(str), categories=labels).codes
    known = codes >= 0
    if task == "binary":
        return float(1 - roc_auc_score(codes[known], values[known, 1])) / 0.5
    shares = learn[target].astype(str).value_counts(normalize=True).reindex(labels).to_numpy()
    constant = log_loss(codes[known], np.tile(shares, (int(known.sum()), 1)), labels=range(len(labels)))
    return float(log_loss(codes[known], np.clip(values[known], 1e-15, 1), labels=range(len(labels))) / constant)


def measure(case: Case, rows: int, seed: int, seconds: float) -> dict[str, float]:
    """Return the loss of each side on one draw."""
    learn, judge, target, task, metric = draw(case, rows, seed)
    labels = sorted(learn[target].astype(str).unique(), key=_as_number) if task != "regression" else []
    found = {name: loss(task, learn, judge, target, peer(name, learn, judge, target, task), labels) for name in PEERS}
    folder = KEPT / f"{case.table}-{rows}-{seed}"
    values = ours(folder, learn, judge, target, metric, seconds)
    if labels:  # our classes may stand in another order
        classes = json.loads((folder / "task.json").read_text())["classes"]
        values = values[:, [classes.index(label) for label in labels]]
    return {"ours": loss(task, learn, judge, target, values, labels), **found}


def _as_number(label: str) -> tuple[float, str]:
    try:
        return float(label), label
    except ValueError:
        return 0.0, label


def verdict(results: dict[tuple[str, int], list[dict[str, float]]], name: str) -> tuple[float, float, float]:
    """Return by how much our loss is smaller than a peer's, a mean over the tables, with its 95 % interval."""
    from scipy import stats

    gains = [float(np.mean([one[name] - one["ours"] for one in draws])) for draws in results.values()]
    error = float(np.std(gains, ddof=1)) / len(gains) ** 0.5 * float(stats.t.ppf(0.975, len(gains) - 1))
    return float(np.mean(gains)), float(np.mean(gains)) - error, float(np.mean(gains)) + error


def main() -> int:
    """Print a line for each tiny table; return 1 when a peer is better by more than chance."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15.0, help="budget of each search")
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--only", nargs="*", help="names of tables")
    a = parser.parse_args()
    results: dict[tuple[str, int], list[dict[str, float]]] = {}
    print(f"{'table':16}{'rows':>6}{'ours':>9}" + "".join(f"{name:>9}" for name in PEERS))
    for case in CASES:
        for rows in case.sizes if not a.only or case.table in a.only else ():
            draws = results[case.table, rows] = [measure(case, rows, seed, a.seconds) for seed in range(a.draws)]
            means = [float(np.mean([one[name] for one in draws])) for name in ("ours", *PEERS)]
            print(f"{case.table:16}{rows:>6}" + "".join(f"{mean:9.3f}" for mean in means), flush=True)
    lost = 0
    for name in PEERS:
        gain, low, high = verdict(results, name)
        print(f"Our loss is smaller than that of the {name} by {gain:+.3f} ({low:+.3f} to {high:+.3f}) of the baseline's.")
        lost += high < 0
    return int(lost > 0)


if __name__ == "__main__":
    sys.exit(main())
