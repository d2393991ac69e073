"""Which charts an evaluation has: the one place where the task decides, for the page, the report and its tables."""

from __future__ import annotations

from automl_core.evaluation.evaluate import Evaluation

CONFUSION = "Confusion table"
"""Drawn on the page; a plain table in the report."""


def titles_of(evaluation: Evaluation) -> tuple[str, ...]:
    """Return the titles of the charts that fit an evaluation, in their order; older versions kept fewer curves."""
    if evaluation.task == "regression":
        return ("Predicted against actual", "Residuals", "Error by size of the value")
    curves = evaluation.curves
    found = {
        "Money by threshold": "money" in curves,
        CONFUSION: True,
        "ROC curve": True,
        "Precision and recall": True,
        "Gain": "gain" in curves,
        "Lift": "gain" in curves,
        "Events and others by probability": len(curves.get("ks", ())) == 1,
        "Calibration": True,
        "Probabilities by outcome": "distribution" in curves,
    }
    return tuple(title for title, there in found.items() if there)
