"""What each kind of job does: the only place where engines, search and storage meet.

The job host forks a process that calls one of `KINDS`; the command line calls the same functions in its own process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from automl_core.jobs.context import JobContext
from automl_core.relearning import KIND
from automl_core.worker import (
    candidates,
    codes,
    combined,
    drift,
    edge,
    explaining,
    judging,
    monitoring,
    policies,
    predictions,
    reading,
    reports,
    tables,
    training,
    versions,
    watching,
)

KINDS: dict[str, Callable[[JobContext], dict[str, Any]]] = {
    "train": training.train_job,
    KIND: training.train_job,
    "model": candidates.candidate_job("Packing the model", candidates.bundle),
    "evaluate": candidates.candidate_job("Judging the model", candidates.evaluate_candidate),
    "explain": explaining.explain_job,
    "change": explaining.change_job,
    "readable": candidates.candidate_job("Writing the model out", candidates.write_out_candidate),
    "report": reports.report_job,
    "code": codes.code_job,
    "edge": edge.edge_job,
    "tune": candidates.tune_job,
    "combine": combined.combine_job,
    "judge": judging.judge_job,
    "failing": judging.failing_job,
    "fairness": judging.fairness_job,
    "decide": judging.decide_job,
    "price": judging.price_job,
    "learning": judging.learn_more,
    "predict": predictions.predict_job,
    "read": reading.read_job,
    "drift": drift.drift_job,
    "profile": tables.profile_job,
    "forecast": tables.forecast_job,
    "ablation": tables.ablation_job,
    "clean": tables.clean_job,
    "leakage": tables.leakage_job,
    "register": versions.register_job,
    "mirror": versions.mirror_job,
    "versions": versions.compare_job,
    "monitor": monitoring.monitor_job,
    "policy": policies.policy_job,
    "watch": watching.watch_job,
}
