"""Into how many folds rows are divided, how often, and what a model may take in them."""

from __future__ import annotations

from automl_core.experiment import Decision, ExperimentConfig
from automl_core.search.division import Ints

TWICE = 150.0
"""Room, in seconds of the budget for 1,000 rows of a simple table, from which on rows are divided twice."""
MOST_FOLDS = 8
MOST_PARTS = 5
"""Folds by time at most: with more, the first would learn from very few rows."""
RARE = 0.02
UNTROUBLED = frozenset(("log_loss", "accuracy"))
"""Metrics that need not see each of many labels in every fold."""
SHARE = 0.25
"""Share of the budget that one booster or network may take in all its folds; what it lacks, it may get later."""
LEAST_FOLD = 0.5
"""Seconds that it may take in each fold, however short the budget is."""


def propose_folds(
    config: ExperimentConfig, rows: int, smallest_class: int, largest_class: int, *, work: float = 1.0
) -> Decision[int]:
    """Return the number of folds by rows, smallest and largest class and budget, with the reason.

    `work` is how much longer a fit takes than that of a table of a few columns and two labels, see `work_of`.
    """
    seconds = config.budget.seconds if not config.budget.trials else 60.0
    room = seconds / max(rows / 1000 * work, 1e-9)
    if config.folds:
        folds, reason = config.folds, "as asked for"
    elif room < 0.8:
        folds, reason = 3, f"{rows:,} rows are enough for each fold, and time is better spent on more models"
    elif room < 1.5:
        folds, reason = 4, f"with more, {rows:,} rows would leave time for few models"
    elif room < 2.5 or config.preset == "quick":
        folds, reason = 5, "the usual balance of time and reliable scores"
    else:
        folds, reason = MOST_FOLDS, "more folds learn from more rows, and the budget allows it"
    if 2 <= smallest_class < folds:
        folds, reason = max(2, smallest_class), f"the smallest class has only {smallest_class} rows"
    if largest_class < folds:
        folds, reason = largest_class, f"no class has more than {largest_class} rows"
    return Decision(folds, f"{folds} folds: {reason}.")


def propose_parts(config: ExperimentConfig, rows: int, *, work: float = 1.0) -> Decision[int]:
    """Return the number of folds by time by rows, classes and budget, with the reason, empty where it was asked for.

    As at random, but `MOST_PARTS` at most, and a fold takes half the time, since it learns from half of the rows in the mean.
    Where a random split would be divided twice, the reason says why this one is not.
    """
    if config.folds:
        return Decision(config.folds, "")
    decision = propose_folds(config, rows, MOST_FOLDS, MOST_FOLDS, work=work / 2)
    folds, reason = decision.value, decision.reason.partition(": ")[2]
    if folds > MOST_PARTS:
        folds, reason = MOST_PARTS, "with more, the first would learn from very few rows."
    twice = propose_repeats(config, rows, folds, work=work).value > 1
    once = " They are divided once, since time has one order only." if twice else ""
    return Decision(folds, f"Why {folds}: {reason}{once}")


def smallest_label(config: ExperimentConfig, sizes: Ints) -> int:
    """Return the rows of the smallest label that has a say in the number of folds, from the rows of each label.

    One label of four rows in five thousand would leave every fold a quarter less to learn from. Where the metric needs no
    label in particular, labels that together are rarer than `RARE` are judged in some folds only.
    """
    known = sizes[sizes > 0]
    small = known < MOST_FOLDS
    if config.metric in UNTROUBLED and len(known) > 2 and known[small].sum() <= RARE * known.sum():
        known = known[~small]
    return int(known.min())


def propose_repeats(config: ExperimentConfig, rows: int, folds: int, *, work: float = 1.0) -> Decision[int]:
    """Return how many times a small table is divided, with the reason, empty for once.

    Where one division leaves time, chance decides less when the rows are divided once more: scores and the choice among
    models rest on two predictions a row, and the ensemble on twice as many models (Kim, 2009). A split by time is divided
    once, since time has one order only, and so is one by group, which takes the most even way there is to deal whole groups.
    """
    room = config.budget.seconds / max(rows / 1000 * work, 1e-9)
    if config.folds or config.budget.trials or config.preset not in ("balanced", "best") or room < TWICE or folds < 5:
        return Decision(1, "")
    return Decision(2, f"Divided twice: {rows:,} rows are few, so chance decides less when each is judged in two divisions.")


def work_of(columns: int, classes: int) -> float:
    """Return how much longer a fit takes than that of a table of a few columns and two labels.

    Trees and networks take time by the number of columns, and boosters grow trees for each of more than two labels.
    """
    return (1 + columns / 30) * (1 + (classes / 5 if classes > 2 else 0))
