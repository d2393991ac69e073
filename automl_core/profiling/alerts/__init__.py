"""What is wrong with a table, in plain words, each with the step that would help: one module a subject."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from automl_core.profiling.alerts.base import APART, SEVERITIES, Alert, Facts, Severity
from automl_core.profiling.alerts.disguised import disguised_missing
from automl_core.profiling.alerts.leaks import after_event, leak, missing_with_target
from automl_core.profiling.alerts.missing import excess_zeros, infinite, missing, mostly_missing, zeros_as_missing
from automl_core.profiling.alerts.numbers import future_dates, outliers, skewed
from automl_core.profiling.alerts.people import personal_data
from automl_core.profiling.alerts.rows import contradicting_rows, duplicate_rows, near_duplicate_rows
from automl_core.profiling.alerts.spelling import mixed_kinds, spelling_variants
from automl_core.profiling.alerts.structure import constant, looks_like_id, redundant, splits
from automl_core.profiling.alerts.target import target_constant, target_missing, unbalanced_target
from automl_core.profiling.alerts.words import many_values, rare_values, untidy_labels

__all__ = ["APART", "CHECKS", "SEVERITIES", "Alert", "Facts", "Severity", "find_alerts"]

CHECKS: tuple[Callable[[Facts], Iterator[Alert]], ...] = (
    leak,
    missing_with_target,
    infinite,
    target_constant,
    unbalanced_target,
    target_missing,
    untidy_labels,
    spelling_variants,
    duplicate_rows,
    contradicting_rows,
    personal_data,
    disguised_missing,
    mixed_kinds,
    constant,
    looks_like_id,
    mostly_missing,
    missing,
    redundant,
    many_values,
    rare_values,
    zeros_as_missing,
    excess_zeros,
    outliers,
    skewed,
    near_duplicate_rows,
    splits,
    after_event,
    future_dates,
)


def find_alerts(facts: Facts) -> list[Alert]:
    """Run every check of `CHECKS` and return what they found, problems first."""
    if not len(facts.frame):
        return [Alert("no_rows", "problem", (), "The table has no rows, so there is nothing to learn from.")]
    found = [alert for check in CHECKS for alert in check(facts)]
    found.sort(key=lambda alert: SEVERITIES.index(alert.severity))
    return found
