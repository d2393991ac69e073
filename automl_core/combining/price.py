"""The cost table of a run, entered or changed after it: its rows are judged by it from their out-of-fold predictions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from automl_core.combining.rows import Judged, predictions_of
from automl_core.errors import AutoMLError, InputError
from automl_core.experiment import Costs, ExperimentConfig
from automl_core.honesty import recommend
from automl_core.leaderboard import Candidate
from automl_core.metrics import metric_of
from automl_core.runs import Run
from automl_core.search.prepare import Prepared, prepare
from automl_core.workspace import at_work, read_json, write_json


def price(run: Run, costs: Costs | None) -> tuple[str, ...]:
    """Make a cost table that of a run, and judge every scored row by it; nothing is learned again.

    A run that is ranked by money is ranked anew.

    Parameters
    ----------
    run : Run
        Of two labels.
    costs : Costs or None
        None takes the table away.

    Returns
    -------
    tuple of str
        What a person should know.

    Raises
    ------
    InputError
        When the run is searched just now, its table was read anew, or the cost table cannot judge, see
        `own_figures.check_costs`.
    NotFoundError
        When the run's table was deleted.
    """
    config = replace(run.config, costs=costs)
    if config.task != "binary":
        raise InputError("Only decisions between two labels are worth money.", action="Leave the run as it is.")
    if costs is None and config.metric == "cost":
        raise InputError(
            "This run is ranked by money.", "Without a cost table nothing would rank it.", "Change the table instead."
        )
    with at_work(run.path, "A search of this run"):
        dataset = run.dataset()
        prepared = prepare(dataset.frame(), dataset.schema, run.recipe, config, run.path)
        request = read_json(run.path / "request.json")
        request["params"]["config"] = config.to_dict()
        write_json(run.path / "request.json", request)
        board = run.leaderboard()
        rows = [_priced(prepared, config, row) for row in board]
        for row in rows:
            path = run.path / "candidates" / row.id / "candidate.json"
            if path.exists():
                write_json(path, row.to_dict())
        board = replace(board, candidates=tuple(rows))
        if config.metric == "cost":
            best, why = recommend(board)
            board = replace(board, recommended=best, recommendation=why, label=metric_of(config).label)
        board.save(run.path / "leaderboard.json")
    return prepared.notes


def _priced(prepared: Prepared, config: ExperimentConfig, row: Candidate) -> Candidate:
    """Return a row with the money that its out-of-fold predictions earn, a mean over the folds."""
    others = {name: value for name, value in row.metrics.items() if name != "cost"}
    if config.costs is None or row.state != "scored":
        return replace(row, metrics=others)
    try:
        values = predictions_of(prepared, row)
    except (AutoMLError, FileNotFoundError):  # a row that kept no predictions, such as one that a library judged by itself
        return replace(row, metrics=others)
    judged, scorer, metric = Judged.of(prepared), prepared.scorer, metric_of(config, "cost")
    own = [judged.fold == number for number in np.unique(judged.fold)]
    scores = tuple(scorer.value(metric, judged.places[part], values[part]) for part in own)
    known = tuple(score for score in scores if np.isfinite(score))
    if not known:
        return replace(row, metrics=others)
    mean = float(np.mean(known))
    row = replace(row, metrics=dict(sorted({**others, "cost": mean}.items())))
    if config.metric != "cost":
        return row
    return replace(row, fold_scores=known, score=mean, spread=float(np.std(known, ddof=1)) if len(known) > 1 else None)
