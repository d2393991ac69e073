"""A weighted mean of chosen rows: weights by hand, all the same, or chosen greedily on out-of-fold predictions."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from automl_core.combining.rows import check_scored, join, new_row, numbered, opened, parts, predictions_of, scored_row
from automl_core.errors import InputError
from automl_core.leaderboard import Candidate
from automl_core.runs import Run
from automl_core.search.combine import combine
from automl_core.search.underway import out_of_fold

SECONDS = 30.0
"""Most that a greedy selection takes."""


def check_weights(rows: Sequence[Candidate], weights: Mapping[str, float]) -> list[float]:
    """Return the weights in the order of rows, summing to 1; raises InputError for what is no weight."""
    for name, weight in weights.items():
        if name not in [row.id for row in rows]:
            raise InputError(f"There is a weight for {name!r}.", "It is none of the chosen rows.", "Choose it, too.")
        if not math.isfinite(weight) or weight < 0:
            raise InputError(f"The weight of {name} is {weight:g}.", "It must be 0 or more.", "Change it.")
    found = [float(weights.get(row.id, 1.0 if not weights else 0.0)) for row in rows]
    if not sum(found) > 0:
        raise InputError("All weights are 0.", "One at least must be above 0.", "Change one.")
    return [weight / sum(found) for weight in found]


def blend_rows(run: Run, names: Sequence[str], weights: Mapping[str, float] | None = None, *, greedy: bool = False) -> Candidate:
    """Blend rows of a leaderboard.

    Parameters
    ----------
    run : Run
    names : sequence of str
        At least two.
    weights : mapping of str to float, optional
        By hand; all the same without them.
    greedy : bool
        Let them be chosen (Caruana and others, 2004); the score is then that of rows that did not choose.

    Raises
    ------
    InputError, NotFoundError
        When rows or weights cannot be used.
    """
    board = run.leaderboard()
    rows = [board[name] for name in dict.fromkeys(names)]
    if len(rows) < 2:
        raise InputError("One row is chosen.", "A blend needs two or more.", "Choose another one.")
    check_scored(rows)
    given = check_weights(rows, weights or {})
    if greedy and any(row.members for row in rows):
        raise InputError(
            "Weights are chosen among single models.", "An ensemble was among the chosen rows.", "Leave it out, or give weights."
        )
    members = parts(rows, given)
    with opened(run) as prepared, new_row(run, "blend") as folder:
        if greedy:
            best_first = [row for row in board.ranked() if row.id in members]
            predictions = {row.id: out_of_fold(prepared.work, row.id) for row in best_first}
            found = combine(
                best_first, predictions, prepared.scorer, prepared.work.division,
                deadline=time.monotonic() + SECONDS, at_seconds=max(row.at_seconds for row in rows),
            )  # fmt: skip
            if found is None:
                raise InputError("The chosen rows have no score together.", action="Choose others.")
            label = f"Blend of {len(found.members)}, weights chosen" if len(found.members) > 1 else f"{found.name} (blend)"
            return join(run, replace(found, id=folder.name, name=numbered(label, folder)))
        mixed = np.sum([weight * predictions_of(prepared, row) for row, weight in zip(rows, given, strict=True)], axis=0)
        row = scored_row(prepared, folder, numbered(f"Blend of {len(members)}", folder), members, mixed, rows)
        return join(run, row)
