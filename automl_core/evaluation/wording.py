"""Decisions and money in sentences, for the page and the report alike."""

from __future__ import annotations

from automl_core.evaluation.evaluate import Evaluation
from automl_core.experiment import Costs
from automl_core.profiling.wording import number, quoted


def money(value: float, currency: str) -> str:
    """Return an amount of money: ``12.5 EUR``."""
    text = f"{value:,.2f}" if abs(value) < 1e4 else f"{value:,.0f}"
    text = text.removesuffix(".00")
    return f"{text} {currency}".strip()


def costs_sentence(costs: Costs) -> str:
    """Return a cost table as one line."""
    cells = {
        "event found": costs.true_positive,
        "false alarm": costs.false_positive,
        "event missed": costs.false_negative,
        "rightly left alone": costs.true_negative,
    }
    told = ", ".join(f"{name} {money(value, costs.currency)}" for name, value in cells.items())
    return f"{told}; each multiplied by {quoted(costs.amount)}" if costs.amount else told


def threshold_sentence(evaluation: Evaluation) -> str:
    """Say above which probability the event is predicted and why, empty where that is not asked."""
    if len(evaluation.classes) != 2:
        return ""
    return f"{decided_above(evaluation.positive, evaluation.threshold)} {evaluation.threshold_reason}".strip()


def decided_above(positive: str, threshold: float) -> str:
    """Say above which probability the event is predicted."""
    return f"{quoted(positive)} is predicted where its probability is above {number(threshold, 3)}."


def money_sentence(evaluation: Evaluation) -> str:
    """Say what the decisions earn in all and against doing the same for every row, empty for runs without a cost table."""
    found = evaluation.curves.get("money")
    if not found:
        return ""
    currency = found["currency"]
    half = "" if evaluation.threshold == 0.5 else f" With a threshold of 0.5 it would be {money(found['half'], currency)}."
    return (
        f"By the cost table the decisions for these {found['rows']:,} rows are worth {money(found['total'], currency)}, "
        f"{money(found['at'], currency)} a row.{half} Predicting {quoted(evaluation.positive)} for no row would give "
        f"{money(found['none'], currency)} a row, for every row {money(found['every'], currency)}."
    )


def decision_sentences(evaluation: Evaluation) -> tuple[str, ...]:
    """Return what there is to say about the threshold and the money."""
    return tuple(sentence for sentence in (threshold_sentence(evaluation), money_sentence(evaluation)) if sentence)
