"""What a leaderboard can be believed: who cannot be told apart, what is recommended for which purpose, what chance may have made.

A search that tries many models on a few folds always finds a best one. This module says how much of that is luck.

The recommendation follows what the search was for. The presets ``balanced``, ``best`` and ``pycaret`` are for accuracy and
recommend the ensemble or the best model (`recommend` says which): that is the model that is exported, whatever it costs to
predict with. The presets ``quick``, ``fast`` and ``explainable`` recommend the fastest of those that cannot be told from the
best. Whatever is recommended, the others stay one click away, as the marks of their rows: see `MARKS`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from automl_core.fold_tests import beats, differ, half_width, holm, selection_bias
from automl_core.leaderboard import Candidate, Leaderboard, in_words
from automl_core.metrics import METRICS

Mark = Literal["recommended", "best_single", "fastest_alike", "fastest_one_error", "earns_most"]
ALPHA = 0.05
"""Chance of calling two models different that are not, over all tests of one leader."""
BY_SPEED = ("quick", "fast", "explainable")
"""Presets that recommend the fastest of the top group."""
MARKS: dict[Mark, str] = {
    "recommended": "Recommended",
    "best_single": "Best single model",
    "fastest_alike": "Fastest of those that cannot be told apart",
    "fastest_one_error": "Fastest within one standard error",
    "earns_most": "Earns most by the cost table",
}
SHORT_MARKS: dict[Mark, str] = {
    "recommended": "Recommended",
    "best_single": "Best single",
    "fastest_alike": "Fastest alike",
    "fastest_one_error": "Fastest near best",
    "earns_most": "Earns most",
}
"""The same, where a column is narrow."""
MARK_HELP: dict[Mark, str] = {
    "recommended": "What this search was for; it is the model that is exported.",
    "best_single": "The best score of one model that is no combination of several.",
    "fastest_alike": "Predicts fastest among the models of group A, which a test cannot tell from the best.",
    "fastest_one_error": "Predicts fastest among the models whose score is less than one standard error below the best.",
    "earns_most": "Its decisions are worth most by the cost table, on rows that its models did not learn from.",
}


@dataclass(frozen=True)
class HeldOut:
    """How the recommended model did on rows that the search never saw, with a 95 % interval where there is one."""

    value: float
    low: float | None
    high: float | None
    rows: int


@dataclass(frozen=True)
class Honesty:
    """What a leaderboard can be believed.

    Parameters
    ----------
    groups : dict of str to int
        Group of each scored candidate whose folds can be compared: 1 cannot be told from the best, 2 not from the best of
        the rest, and so on.
    marks : dict of str to tuple of Mark
        For the candidates that have any, best score first.
    optimism : float or None
        By how much the best score is too good for having been chosen, in the metric's unit, at least 0; None for one model.
    sentences : tuple of str
        What is to be said beside the leaderboard.
    warnings : tuple of str
        What speaks against using any of it.
    """

    groups: dict[str, int] = field(default_factory=dict)
    marks: dict[str, tuple[Mark, ...]] = field(default_factory=dict)
    optimism: float | None = None
    sentences: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def letter(self, candidate_id: str) -> str:
        """Return a candidate's group as a letter, A for those that cannot be told from the best; empty without a group."""
        return letter(self.groups.get(candidate_id, 0))

    @property
    def top(self) -> list[str]:
        """Ids of the candidates that cannot be told from the best, best first."""
        return [name for name, group in self.groups.items() if group == 1]


def letter(group: int) -> str:
    """Return A for 1, Z for 26, AA for 27; empty for 0."""
    text = ""
    while group > 0:
        group, rest = divmod(group - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def judge(board: Leaderboard, held_out: HeldOut | None = None) -> Honesty:
    """Say what a leaderboard can be believed.

    Parameters
    ----------
    board : Leaderboard
    held_out : HeldOut, optional
        Of the recommended candidate, by the same metric.
    """
    groups = groups_of(board)
    rows = _scored(board)
    if not rows:
        return Honesty(groups)
    bias = _optimism(board, rows)
    sentences = [_of_groups(board, groups), _of_optimism(board, rows, bias)]
    warnings = [_no_better_than_nothing(board, rows, bias or 0.0)]
    if not warnings[0] and held_out is not None and board.recommended and _with_baseline(board, groups):
        warnings = [_held_out_tells_no_more(board, board[board.recommended], held_out)]
    if held_out is not None and board.recommended:
        apart = _apart(board, board[board.recommended], held_out)
        (warnings if apart[0] else sentences).append(apart[1])
    return Honesty(groups, _marks(board, rows, groups), bias, tuple(filter(None, sentences)), tuple(filter(None, warnings)))


def groups_of(board: Leaderboard) -> dict[str, int]:
    """Group the candidates that cannot be told apart.

    The best one leads group 1. Every other is tested against it on the same folds (`fold_tests.differ`), the p-values are
    adjusted for their number (Holm), and those above `ALPHA` join. The best of the rest leads group 2, and so on. A model
    with an uneven score may stand in a better group than a steadier one above it: for it, less is known.

    Returns
    -------
    dict of str to int
        Best score first; candidates whose folds cannot be compared with the best one's are left out.
    """
    sign = 1.0 if board.greater_is_better else -1.0
    scored = [row for row in board.ranked() if row.state == "scored"]
    rest = [row for row in scored if len(row.fold_scores) == len(scored[0].fold_scores) >= 2]
    order, found, number = [row.id for row in rest], dict[str, int](), 1
    while rest:
        leader, others = rest[0], rest[1:]
        values = holm(differ(_folds(leader, sign), [_folds(row, sign) for row in others], board.fold_ratio))
        same = {row.id for row, p in zip(others, values, strict=True) if p >= ALPHA}
        found.update(dict.fromkeys({leader.id, *same}, number))
        rest, number = [row for row in others if row.id not in same], number + 1
    return {name: found[name] for name in order}


def recommend(board: Leaderboard) -> tuple[str, str]:
    """Return the id of the candidate to use, and why.

    For accuracy the ensemble is recommended unless the best single model is better beyond chance, by the corrected paired
    test over the folds: the ensemble is judged on rows that did not choose it, while the best of many single models
    owes part of its lead to having been chosen by these very scores. With a preset of `BY_SPEED` it is the fastest of
    those that cannot be told from the best, unless the baseline is one of them: then the folds differ too much to tell
    anything, and speed would choose at random. Where predictions have a limit, it is the best one within it.
    """
    scored = _scored(board)
    if not scored:
        rest = [row for row in board.ranked() if row.state == "scored"]
        return (rest[0].id, "It is the only one that was scored.") if rest else ("", "")
    if board.limit_ms:
        return _within_limit(board, scored)
    if board.preset in BY_SPEED and len(scored) > 1:
        groups = groups_of(board)
        alike = [row for row in scored if groups.get(row.id) == 1]
        if _with_baseline(board, groups):
            name, why = _most_accurate(board, scored)
            return name, f"Over these folds not even the baseline can be told from the best one, so accuracy decides. {why}"
        if len(alike) > 1:
            return _fastest_reason(board, alike)
    return _most_accurate(board, scored)


def _within_limit(board: Leaderboard, scored: list[Candidate]) -> tuple[str, str]:
    """Return the best that answers within the limit, as it is exported; where none does, the fastest."""
    within = [row for row in scored if board.answer_ms(row) <= board.limit_ms]
    if within:
        row = within[0]
        measured = f" Exported, it takes {row.answer_ms:.2g} ms." if row.answer_ms else ""
        return row.id, (
            f"It has the best {_label(board)} of the {len(within)} of {len(scored)} models that answer within "
            f"{board.limit_ms:g} ms a row.{measured}"
        )
    row = min(scored, key=board.answer_ms)
    took = f"{'' if row.answer_ms else 'about '}{board.answer_ms(row):.2g} ms"
    return row.id, (
        f"No model answers within {board.limit_ms:g} ms a row. This one is the fastest, with {took}: "
        "allow more time a row, or use fewer columns."
    )


def _fastest_reason(board: Leaderboard, alike: list[Candidate]) -> tuple[str, str]:
    best, fastest = alike[0], _fastest(alike)
    if fastest is best:
        return (
            best.id,
            f"It has the best {_label(board)} over the folds and predicts fastest among its like.",
        )
    return fastest.id, (
        f"It predicts fastest ({fastest.predict_ms:,.1f} ms for 1,000 rows) among the {len(alike)} models that a test cannot "
        f"tell from the best one, which has {_label(board)} {_with_spread(best)}."
    )


def _most_accurate(board: Leaderboard, scored: list[Candidate]) -> tuple[str, str]:
    label = _label(board)
    best, singles = scored[0], [row for row in scored if row.role == "model"]
    ensemble = next((row for row in scored if row.role == "ensemble"), None)
    if ensemble is not None and singles and best is ensemble:
        return best.id, (f"{_combines(ensemble)} and has the best {label}; the best single one has {_with_spread(singles[0])}.")
    if ensemble is not None and len(ensemble.members) > 1 and not _clearly_better(board, best, ensemble):
        return ensemble.id, (
            f"{_combines(ensemble)}. The best single one has a little better {label} ({_with_spread(best)}), but the difference "
            f"is within chance, and the best of {len(singles)} owes part of it to having been chosen."
        )
    return best.id, f"It has the best {label} over the folds."


def _marks(board: Leaderboard, rows: list[Candidate], groups: dict[str, int]) -> dict[str, tuple[Mark, ...]]:
    sign = 1.0 if board.greater_is_better else -1.0
    best = rows[0]
    single = next((row for row in rows if row.role == "model"), None)
    alike = [row for row in rows if groups.get(row.id) == 1]
    error = (best.spread or 0.0) / math.sqrt(max(len(best.fold_scores), 1))
    near = [row for row in rows if sign * ((best.score or 0.0) - (row.score or 0.0)) <= error]
    owners: dict[Mark, str] = {
        "recommended": board.recommended,
        "best_single": single.id if single else "",
        "fastest_alike": _fastest(alike).id if len(alike) > 1 and not _with_baseline(board, groups) else "",
        # The rule of one standard error: Breiman, Friedman, Olshen and Stone, Classification and Regression Trees (1984).
        "fastest_one_error": _fastest(near).id if len(near) > 1 else "",
        "earns_most": _earns_most(board, rows),
    }
    found = {row.id: tuple(mark for mark in get_args(Mark) if owners[mark] == row.id) for row in board.ranked()}
    return {name: marks for name, marks in found.items() if marks}


def _earns_most(board: Leaderboard, rows: list[Candidate]) -> str:
    """Return the id of the row that earns most, where there is a cost table and something else ranks."""
    priced = [row for row in rows if "cost" in row.metrics]
    if board.metric == "cost" or len(priced) < 2:
        return ""
    return max(priced, key=lambda row: row.metrics["cost"]).id


def _optimism(board: Leaderboard, rows: list[Candidate]) -> float | None:
    """Return `fold_tests.selection_bias` of the best of all models that were compared on the same folds."""
    sign = 1.0 if board.greater_is_better else -1.0
    folds = [_folds(row, sign) for row in rows if len(row.fold_scores) == len(rows[0].fold_scores) >= 2]
    return selection_bias(np.array(folds), 0) if len(folds) > 1 else None


def _of_groups(board: Leaderboard, groups: dict[str, int]) -> str:
    alike = [name for name, group in groups.items() if group == 1]
    if len(groups) < 2:
        return ""
    if len(alike) == 1:
        others = f"the other {len(groups) - 1}" if len(groups) > 2 else board[next(reversed(groups))].name
        return f"{board[alike[0]].name} is better than {others} beyond chance (group A)."
    told = " Even the baseline is one of them: more rows or more folds would tell more." if _with_baseline(board, groups) else ""
    return (
        f"{len(alike)} of {len(groups)} cannot be told apart (group A): over the folds, their distance from the best one is "
        f"within chance.{told}"
    )


def _with_baseline(board: Leaderboard, groups: dict[str, int]) -> bool:
    """Return whether a test over the folds cannot tell the baseline from the best."""
    return any(row.role == "baseline" and groups.get(row.id) == 1 for row in board)


def _of_optimism(board: Leaderboard, rows: list[Candidate], bias: float | None) -> str:
    if bias is None or rows[0].score is None:
        return ""
    best, count = rows[0], sum(len(row.fold_scores) == len(rows[0].fold_scores) for row in rows)
    if bias <= 1e-9 * abs(rows[0].score):
        return f"{best.name} was the best of {count} on every fold, so its score owes nothing to having been chosen."
    honest = rows[0].score - bias if board.greater_is_better else rows[0].score + bias
    told = f"Being chosen as the best of {count} by these scores makes the best one look better than it is, here by about "
    if _digits(honest) == _digits(rows[0].score):
        return f"{told}{_digits(bias, 2)}, which is too little to matter."
    return f"{told}{_digits(bias, 2)}: expect {_label(board)} near {_digits(honest)}."


def _no_better_than_nothing(board: Leaderboard, rows: list[Candidate], bias: float) -> str:
    """Warn when the best is not above the baseline, even before or only thanks to having been chosen; else return nothing."""
    base = next((row for row in board if row.role == "baseline" and row.state == "scored" and row.score is not None), None)
    if base is None or base.score is None or rows[0].score is None:
        return ""
    sign = 1.0 if board.greater_is_better else -1.0
    pair = f"{_label(board)} {_with_spread(rows[0])} against {_with_spread(base)}"
    if sign * (rows[0].score - base.score) <= 0:
        return f"No model is better than the baseline, which ignores every column ({pair}). There may be nothing to learn here."
    same_folds = len(rows[0].fold_scores) == len(base.fold_scores) >= 2
    if not same_folds or beats(_folds(rows[0], sign), _folds(base, sign), board.fold_ratio, lead=bias) < ALPHA:
        return ""
    return (
        f"No model beats the baseline, which ignores every column, beyond chance ({pair}). "
        "More rows or other columns are needed before any of them can be trusted."
    )


def _held_out_tells_no_more(board: Leaderboard, row: Candidate, held: HeldOut) -> str:
    """Warn when the held-out interval, too, reaches the baseline that the folds cannot tell from the best."""
    base = next(one for one in board if one.role == "baseline")
    near = held.low if board.greater_is_better else held.high
    sign = 1.0 if board.greater_is_better else -1.0
    if base.score is None or near is None or sign * (near - base.score) > 0:
        return ""
    return (
        f"Neither the folds nor the {held.rows:,} held-out rows tell {row.name} from the baseline, which ignores every column: "
        f"there its {_label(board)} is between {_digits(held.low or 0.0)} and {_digits(held.high or 0.0)}, and the baseline has "
        f"{_with_spread(base)}. More rows or other columns are needed before it can be trusted."
    )


def _apart(board: Leaderboard, row: Candidate, held: HeldOut) -> tuple[bool, str]:
    """Return whether search and held-out score differ by more than both are unsure, and the sentence about it.

    Both are estimates: the margin is the root of the squared half widths of the held-out interval, on the side of the
    search's score, and of a 95 % interval around that score with the corrected standard error over the folds.
    """
    sign = 1.0 if board.greater_is_better else -1.0
    if row.score is None or held.low is None or held.high is None:
        return False, ""
    fact = (
        f"On {held.rows:,} rows that the search never saw, {row.name} has {_label(board)} {_digits(held.value)} "
        f"({_digits(held.low)} to {_digits(held.high)}), in the search {_digits(row.score)}"
    )
    side = held.high - held.value if row.score > held.value else held.value - held.low
    unsure = half_width(row.fold_scores, board.fold_ratio) if len(row.fold_scores) >= 2 else 0.0
    if abs(row.score - held.value) <= math.hypot(side, unsure):
        return False, f"{fact}: they agree within chance."
    if sign * (row.score - held.value) > 0:
        return True, (
            f"{fact}. The search promised more than it keeps: believe the held-out score, and look for columns that give the "
            "target away or for rows that belong together and were split."
        )
    return (
        True,
        f"{fact}. The held-out rows are easier than those of the search: look at how they differ before you rely on either.",
    )


def _scored(board: Leaderboard) -> list[Candidate]:
    """Return the scored candidates without the baseline and a first look, best first."""
    return [
        row for row in board.ranked() if row.state == "scored" and row.score is not None and row.role not in ("baseline", "look")
    ]


def _folds(row: Candidate, sign: float) -> list[float]:
    return [sign * value for value in row.fold_scores]


def _fastest(rows: list[Candidate]) -> Candidate:
    """Return the candidate that predicts fastest, the better one of equals; one whose time is not known comes last."""
    return min(rows, key=lambda row: row.predict_ms or float("inf"))


def _combines(ensemble: Candidate) -> str:
    return (
        f"It combines {len(ensemble.members)} models" if len(ensemble.members) > 1 else "It is one model, chosen by the ensemble,"
    )


def _clearly_better(board: Leaderboard, one: Candidate, other: Candidate) -> bool:
    """Return whether `one` beats `other` beyond chance by the corrected paired test."""
    sign = 1.0 if board.greater_is_better else -1.0
    if len(one.fold_scores) != len(other.fold_scores) or len(one.fold_scores) < 2:
        return True
    return beats(_folds(one, sign), _folds(other, sign), board.fold_ratio) < ALPHA


def _label(board: Leaderboard) -> str:
    return board.label or (METRICS[board.metric].label if board.metric in METRICS else board.metric)


def _with_spread(row: Candidate) -> str:
    return in_words(row.score or 0.0, row.spread)


def _digits(value: float, digits: int = 4) -> str:
    return f"{value:,.0f}" if 10.0**digits <= abs(value) < 1e15 else f"{value:,.{digits}g}"
