"""The words that travel with an exported model: how to use it, what it needs, what it carries."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

ALWAYS = ("numpy", "pandas", "scipy", "scikit-learn", "skops")
PACKAGES = {
    "lightgbm": ("lightgbm",),
    "xgboost": ("xgboost-cpu", "xgboost"),
    "catboost": ("catboost",),
    "interpret": ("interpret-core",),
    "imblearn": ("imbalanced-learn",),
}


def used_packages(estimators: Iterable[object]) -> dict[str, str]:
    """Return the packages that fitted estimators need, with the versions installed here."""
    return versions_of({type(estimator).__module__.split(".")[0] for estimator in estimators})


def versions_of(roots: set[str]) -> dict[str, str]:
    """Return the packages that a model always needs, and those behind these modules, with the versions installed here."""
    names = {name: version(name) for name in ALWAYS}
    for root in sorted(roots & set(PACKAGES)):
        for name in PACKAGES[root]:
            try:
                names[name] = version(name)
                break
            except PackageNotFoundError:
                continue
    return names


def requirements(packages: dict[str, str]) -> str:
    """Return the text of a bundle's requirements.txt."""
    pins = "\n".join(f"{name}=={number}" for name, number in sorted(packages.items()))
    return f"# Exactly what this model was made with (Python 3.11).\n{pins}\n"


def readme(manifest: dict[str, Any], personal: dict[str, str], name: str) -> str:
    """Return the text of a bundle's README.md."""
    lineage = manifest["lineage"]
    metric = manifest.get("metric_label", manifest["metric"])
    score = f"{metric} {manifest['score']:.4g}" if manifest["score"] is not None else "not scored"
    if manifest["spread"] is not None:
        score += f" ± {manifest['spread']:.2g} over the folds"
    real = manifest["real_rows"]
    rows = (
        f"It carries {real:,} real rows of the table (samples.json, reference.json), to test itself when loaded and to "
        "compare new rows with."
        if real
        else "It carries 0 real rows of the training table; it tests itself with made-up ones."
    )
    hidden = ", ".join(f"{column} ({why})" for column, why in personal.items())
    schema = {entry["name"]: entry["kind"] for entry in manifest["schema"]["columns"]}
    known = [name for name in manifest["used"] if name in personal and schema[name] in ("category", "boolean")]
    quoted = json.dumps(name, ensure_ascii=False)  # a name may hold quotes
    lines = [
        f"# {manifest['name']}, predicting {manifest['target']}",
        "",
        f"A {manifest['task']} model. {_scored(lineage)} {score}.",
        *_decision(manifest),
        "",
        "## Use it",
        "",
        "```",
        "pip install -r requirements.txt",
        "```",
        "",
        "```python",
        f"import sys, pandas; sys.path.insert(0, {quoted})",
        "from automl_core.scoring.bundle import load_model",
        f'print(load_model({quoted}).predict(pandas.read_csv("new.csv", dtype=str)))',
        "```",
        "",
        "requirements.txt is inside this zip. Loading checks hashes, types, versions and sample predictions, and says why "
        "when it refuses. Hand over text cells as in the example: the model reads them the way the training table was read.",
        "",
        "## Serve it",
        "",
        "Unpack the zip, and in its folder:",
        "",
        "```",
        "pip install -r requirements.txt -r requirements-service.txt",
        "python -m automl_core.serving . --port 8080",
        "```",
        "",
        "It answers on POST /predict; /docs shows the fields with an example. `docker compose up --build` starts two replicas "
        "behind a load balancer with Prometheus and a Grafana board; manifests for Kubernetes and CI files for GitHub and "
        "GitLab are in deploy/. `python -m automl_core.serving . --check` only tests the model.",
        "",
        "## Columns it needs",
        "",
        *(f"* {column}" for column in manifest["used"]),
        "",
        "## What it holds of your data",
        "",
        f"* {rows}",
        "* Statistics of the training columns (reference.json): quantiles of numbers, counts of words.",
        "* The words of category columns, which the model needs to know.",
    ]
    if hidden:
        lines.append(f"* No value of these columns is in the samples or the statistics: {hidden}.")
    if known:
        lines.append(
            f"* The model uses {', '.join(known)} all the same, and the words it learned are inside the folder "
            "models. Train without such a column if its words must not leave the house."
        )
    keepers = manifest["keeps_training_rows"]
    if keepers:
        lines.append(
            f"* {' and '.join(keepers)} {'predicts' if len(keepers) == 1 else 'predict'} from stored training rows; these "
            "are inside the folder models as numbers."
        )
    lines += [
        "",
        "## Where it comes from",
        "",
        f"* Table: {lineage['dataset']}, {lineage['rows']:,} rows learned from, fingerprint {lineage['fingerprint']}",
        f"* Run: {lineage['run']}, seed {lineage['seed']}, made {lineage['created']} by {manifest['product']}",
        *_judged(lineage),
        "",
    ]
    return "\n".join(lines)


def _scored(lineage: dict[str, Any]) -> str:
    return "Cross-validated" if lineage["config"]["holdout"] else "Out-of-fold, since no rows were kept aside to judge it:"


def _judged(lineage: dict[str, Any]) -> list[str]:
    """Return why a model that learned every row can be trusted."""
    if "judged" not in lineage:
        return []
    found = lineage["judged"]
    between = f" ({found['low']:.4g} to {found['high']:.4g})" if found["low"] is not None else ""
    return [
        f"* It learned every row. The same model, chosen and judged in the run {found['run']}, had {found['metric']} "
        f"{found['value']:.4g}{between} on {found['rows']:,} rows that it had not learned from."
    ]


def _decision(manifest: dict[str, Any]) -> list[str]:
    """Say above which probability the event is predicted."""
    if len(manifest["classes"]) != 2:
        return []
    why = f" {manifest['threshold_reason']}" if manifest.get("threshold_reason") else ""
    return ["", f"{manifest['positive']} is predicted where its probability is above {manifest['threshold']:.3g}.{why}"]


def notice() -> str:
    """Return the text of a bundle's NOTICE.txt."""
    return (
        "The model and everything learned from your data belong to you.\n"
        "The modules in automl_core/ are part of Tablewright, under the MIT licence: use, copy, change and pass them on,\n"
        "keep this notice; they come without any warranty.\n"
        "The packages in requirements.txt have licences of their own.\n"
    )
