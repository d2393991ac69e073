"""From results to what is said of them: pure functions over plain dictionaries, tested on made-up results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

OURS = "tablewright"
TIE = 0.005
"""Two results within this share of the better one are a tie."""
COMPLETE = 0.8
"""Share of the tables that a peer must complete; below it the comparison with it says little."""
GREATER = ("roc_auc",)
"""Metrics of which more is better; of the others less is."""
COSTS = {
    "fit_seconds": ("fit, s", 1),
    "overrun_seconds": ("over budget, s", 1),
    "first_result_seconds": ("first result, s", 1),
    "peak_mb": ("peak memory, MB", 0),
    "predict_ms_1000": ("1,000 rows, ms", 0),
}
"""What a result tells besides its score: the heading, and the digits after the point."""

Result = Mapping[str, Any]


@dataclass(frozen=True)
class Standing:
    """One system over all tables.

    Parameters
    ----------
    system : str
    rank : float or None
        Mean over the tables it completed, 1 is best, equal scores share their mean; None when it completed none.
    completed, tables : int
    wins, ties, losses : int
        Of ours against it, over the tables that both completed; 0 for ours.
    costs : dict of str to float
        Medians over the tables it completed, of what was measured.
    """

    system: str
    rank: float | None
    completed: int
    tables: int
    wins: int = 0
    ties: int = 0
    losses: int = 0
    costs: Mapping[str, float] | None = None

    @property
    def enough(self) -> bool:
        """Whether it completed as many tables as a peer must."""
        return self.completed >= COMPLETE * self.tables

    @property
    def not_lost(self) -> float | None:
        """Share of the tables that both completed on which ours is better or level; None without such tables."""
        both = self.wins + self.ties + self.losses
        return (self.wins + self.ties) / both if both else None


def gain(metric: str, ours: float, theirs: float) -> float:
    """Return by how much of the larger of both our score is better, negative where it is worse."""
    sign = 1.0 if metric in GREATER else -1.0
    largest = max(abs(ours), abs(theirs))
    return sign * (ours - theirs) / largest if largest else 0.0


def outcome(metric: str, ours: float, theirs: float) -> str:
    """Return ``win``, ``tie`` or ``loss`` of ours."""
    value = gain(metric, ours, theirs)
    return "tie" if abs(value) <= TIE else "win" if value > 0 else "loss"


def ranks(metric: str, scores: Mapping[str, float]) -> dict[str, float]:
    """Return each system's place on one table, 1 is best; equal scores share the mean of their places."""
    sign = -1.0 if metric in GREATER else 1.0
    values = {system: sign * score for system, score in scores.items()}
    return {
        system: 1 + sum(other < value for other in values.values()) + (list(values.values()).count(value) - 1) / 2
        for system, value in values.items()
    }


def scores_of(results: Iterable[Result]) -> dict[str, dict[str, float]]:
    """Return the score of each system on each table, in the order in which they come; failed ones are left out."""
    scores: dict[str, dict[str, float]] = {}
    for row in results:
        entry = scores.setdefault(row["table"], {})
        if "score" in row:
            entry[row["system"]] = row["score"]
    return scores


def standings(results: Sequence[Result], metrics: Mapping[str, str], ours: str = OURS) -> list[Standing]:
    """Sum up results of one budget, best mean rank first.

    Parameters
    ----------
    results : sequence of dict
        One for each system and table; a failed one has no ``score``. A peer that failed is neither ranked nor a win.
    metrics : dict of str to str
        The metric of each table.
    ours : str
    """
    scores = scores_of(results)
    places = {table: ranks(metrics[table], found) for table, found in scores.items()}
    found = []
    for system in dict.fromkeys(row["system"] for row in results):
        rows = [row for row in results if row["system"] == system]
        mine = [places[row["table"]][system] for row in rows if "score" in row]
        outcomes = [
            outcome(metrics[table], entry[ours], entry[system])
            for table, entry in scores.items()
            if system != ours and ours in entry and system in entry
        ]
        costs = {
            name: median(row[name] for row in rows if row.get(name) is not None and "score" in row)
            for name in COSTS
            if any(row.get(name) is not None and "score" in row for row in rows)
        }
        counts = (outcomes.count("win"), outcomes.count("tie"), outcomes.count("loss"))
        found.append(
            Standing(system, mean(mine) if mine else None, len(mine), len({row["table"] for row in rows}), *counts, costs)
        )
    return sorted(found, key=lambda standing: (standing.rank is None, standing.rank or 0.0))


def relative(results: Sequence[Result], metrics: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """Return by how many percent each system is behind the best on each table, 0 for the best."""
    behind = {}
    for table, entry in scores_of(results).items():
        best = max(entry.values(), default=0.0) if metrics[table] in GREATER else min(entry.values(), default=0.0)
        behind[table] = {system: 100 * abs(gain(metrics[table], best, score)) for system, score in entry.items()}
    return behind


@dataclass(frozen=True)
class Level:
    """Ours at its budget against a peer with more time.

    Parameters
    ----------
    tables : dict of str to str
        ``win``, ``tie`` or ``loss`` of ours on each table that both completed.
    """

    tables: Mapping[str, str]

    @property
    def share(self) -> float | None:
        """Share of the tables on which ours is at least level; None without tables."""
        level = sum(word != "loss" for word in self.tables.values())
        return level / len(self.tables) if self.tables else None


def against_longer(short: Sequence[Result], long: Sequence[Result], metrics: Mapping[str, str], ours: str = OURS) -> Level:
    """Compare our results with those of a peer that had more time.

    Parameters
    ----------
    short : sequence of dict
        Results that hold ours.
    long : sequence of dict
        The peer's, at its longer budget.
    metrics : dict of str to str
    ours : str
    """
    own = {row["table"]: row["score"] for row in short if row["system"] == ours and "score" in row}
    theirs = {row["table"]: row["score"] for row in long if "score" in row}
    return Level({table: outcome(metrics[table], own[table], theirs[table]) for table in own if table in theirs})
