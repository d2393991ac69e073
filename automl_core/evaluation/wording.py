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
    event = event_words(evaluation.target, evaluation.positive)
    told = f"{event} is predicted where its probability is above {number(evaluation.threshold, 3)}."
    return f"{told} {evaluation.threshold_reason}".strip()


def event_sentence(evaluation: Evaluation) -> str:
    """Say what the charts of a classifier call the event, empty for numbers."""
    if len(evaluation.classes) == 2:
        return f"The event is {event_words(evaluation.target, evaluation.positive)}; all other rows are the others."
    if evaluation.classes:
        return f"Each label of {quoted(evaluation.target)} has a line: it is the event, and all other labels are the others."
    return ""


def event_words(target: str, label: str) -> str:
    """Return an outcome with the column it is of, since a label such as 1 or yes says nothing alone."""
    return f"{quoted(target)} = {quoted(label)}" if target else quoted(label)


def decided_above(target: str, positive: str, threshold: float) -> str:
    """Say of one row above which probability the event is predicted, and that this is not where it is the likelier outcome.

    Empty where the threshold is 50 % as it is written here.
    """
    event, share = event_words(target, positive), f"{100 * threshold:.3g} %"
    if share == "50 %":
        return ""
    if threshold < 0.5:
        return f"{event} is predicted above a probability of {share}, even where the other outcome is likelier."
    return f"{event} is predicted only above a probability of {share}, not wherever it is the likelier outcome."


def money_sentence(evaluation: Evaluation) -> str:
    """Say what the decisions earn in all and against doing the same for every row, empty for runs without a cost table."""
    found = evaluation.curves.get("money")
    if not found:
        return ""
    currency = found["currency"]
    event = event_words(evaluation.target, evaluation.positive)
    half = "" if evaluation.threshold == 0.5 else f" With a threshold of 0.5 it would be {money(found['half'], currency)}."
    return (
        f"By the cost table the decisions for these {found['rows']:,} rows are worth {money(found['total'], currency)}, "
        f"{money(found['at'], currency)} a row.{half} Predicting {event} for no row would give "
        f"{money(found['none'], currency)} a row, for every row {money(found['every'], currency)}."
    )


def decision_sentences(evaluation: Evaluation) -> tuple[str, ...]:
    """Return what there is to say about the threshold and the money."""
    return tuple(sentence for sentence in (threshold_sentence(evaluation), money_sentence(evaluation)) if sentence)
