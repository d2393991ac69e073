"""What is written down of a version: from a run's candidate and its bundle, or from a bundle alone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from automl_core.errors import AutoMLError, InputError
from automl_core.honesty import HeldOut
from automl_core.metrics import METRICS
from automl_core.registry.records import Version
from automl_core.relearning import held_out, origin_of
from automl_core.run_parts import candidate_weights
from automl_core.runs import Run
from automl_core.scoring.archive import read_archive
from automl_core.workspace import read_json

LABELS = {"cost": "Money", "kpi": "Own figure"}


def describe(model: Path, *, run: Run | None = None, origin: str = "Registered by hand.") -> Version:
    """Return what is known of a bundle, and of the run it was made in where that is at hand.

    Parameters
    ----------
    model : Path
        A bundle; it is verified by its own hashes.
    run : Run, optional
    origin : str
        How the version came to be.

    Returns
    -------
    Version
        With number 0 and no hash yet, see `store.Registered.add`.

    Raises
    ------
    FormatError, NotFoundError
        When the bundle is not whole.
    InputError
        For a baseline, which no one should put to work.
    """
    manifest, files = read_archive(model)
    del files
    lineage = manifest["lineage"]
    config = lineage.get("config", {})
    score, spread = manifest.get("score"), manifest.get("spread")
    metrics: dict[str, float] = {}
    params: dict[str, Any] = {"weights": lineage.get("members", {})}
    held: HeldOut | None = None
    greater = METRICS[manifest["metric"]].greater_is_better if manifest["metric"] in METRICS else True
    dataset_id = ""
    if run is not None:
        board = run.leaderboard()
        candidate = board[manifest["candidate"]]
        if candidate.role == "baseline":
            raise InputError(
                f"{candidate.name} is the baseline, which looks at no column.", "It is there to be beaten.", "Choose a model."
            )
        greater = board.greater_is_better
        metrics = {name: float(value) for name, value in candidate.metrics.items()}
        params = {"weights": candidate_weights(candidate), "models": _parameters(run, candidate_weights(candidate))}
        held = held_out(run, candidate.id)
        origin_run = origin_of(run)
        if held is None and origin_run is not None:
            held = origin_run.verdict
        if run.evaluation(candidate.id).exists():
            metrics |= {name: score["value"] for name, score in read_json(run.evaluation(candidate.id))["metrics"].items()}
        dataset_id = str(run.params.get("dataset", ""))
    schema = {column["name"]: column["kind"] for column in manifest["schema"]["columns"]}
    metric = manifest["metric"]
    label = manifest.get("metric_label") or (METRICS[metric].label if metric in METRICS else LABELS.get(metric, metric))
    return Version(
        name="",
        number=0,
        created=time.time(),
        candidate=manifest["name"],
        task=manifest["task"],
        target=manifest["target"],
        metric=metric,
        metric_label=label,
        greater_is_better=greater,
        score=score,
        spread=spread,
        held_out=held,
        metrics={name: value for name, value in metrics.items() if value == value},
        params=params,
        recipe=manifest["recipe"],
        config=config,
        lineage={
            "dataset": lineage["dataset"],
            "dataset_id": dataset_id,
            "fingerprint": lineage["fingerprint"],
            "rows": lineage["rows"],
            "run": run.id if run else lineage["run"],
            "candidate": manifest["candidate"],
            "made": lineage["created"],
            "product": manifest["product"],
            "versions": manifest["versions"],
        },
        inputs=tuple((name, schema[name]) for name in manifest["used"]),
        classes=tuple(manifest["classes"]),
        real_rows=int(manifest.get("real_rows", 0)),
        sha256="",
        size=0,
        origin=origin,
    )


def _parameters(run: Run, weights: dict[str, float]) -> dict[str, Any]:
    """Return the parameters of each member, as far as they were kept."""
    found = {}
    for name in weights:
        try:
            row = read_json(run.path / "candidates" / name / "candidate.json")
        except AutoMLError:
            continue  # an older run; its weights still say what it is made of
        found[name] = {"name": row["name"], **row["params"]}
    return found
