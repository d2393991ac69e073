"""The metrics: what they are called, what they mean, and how they are computed.

Each of the modules `labels`, `probabilities` and `values` registers its own.
"""

from automl_core.metrics import labels, probabilities, values  # noqa: F401  # they register
from automl_core.metrics.own import metric_of, metrics_of
from automl_core.metrics.registry import (
    METRICS,
    OWN,
    PER_CLASS,
    Metric,
    Needs,
    all_scores,
    check_metric,
    labels_of,
    metrics_for,
    register,
    score,
    score_of,
)

__all__ = [
    "METRICS",
    "OWN",
    "PER_CLASS",
    "Metric",
    "Needs",
    "all_scores",
    "check_metric",
    "labels_of",
    "metric_of",
    "metrics_for",
    "metrics_of",
    "register",
    "score",
    "score_of",
]
