"""A model judged on one set of rows, with everything that hangs on it: scores, thresholds, whether its ranges held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automl_core.runs import Run
from automl_core.workspace import read_json, write_json

if TYPE_CHECKING:
    import pandas as pd

    from automl_core.evaluation.evaluate import Evaluation, Seen
    from automl_core.evaluation.judged import Judged
    from automl_core.scoring.bundle import Model


def judge_source(
    run: Run,
    candidate_id: str,
    source: str,
    model: Model,
    frame: pd.DataFrame | None = None,
    told: tuple[str, ...] = (),
    seen: Seen | None = None,
) -> Evaluation:
    """Judge a model on one set of rows and keep the rows, the scores, every threshold, and whether its ranges held.

    Parameters
    ----------
    run : Run
    candidate_id : str
    source : str
        ``held-out``, ``out-of-fold``, or the key of a file whose typed rows are `frame`.
    model : Model
    frame : DataFrame, optional
    told : tuple of str
        What is to be known of how the file was read.
    seen : tuple of ndarray, optional
        Places among the held-out rows whose predictions are there, and these.

    Raises
    ------
    InputError
        As `evaluation.evaluate.read_target`.
    NotFoundError
        When the run's table was deleted.
    """
    from automl_core.evaluation.evaluate import judge_out_of_fold, judge_rows
    from automl_core.evaluation.judged import HELD_OUT, OUT_OF_FOLD, Judged, judged_folder

    folder = judged_folder(run, candidate_id, source)
    if source == OUT_OF_FOLD:
        judged, notes = judge_out_of_fold(run.path, candidate_id, model)
    else:
        rows = run.holdout() if source == HELD_OUT else frame
        assert rows is not None
        judged, notes = judge_rows(model, rows, seen=seen if source == HELD_OUT else None)
        notes = (*notes, *told)
        if source == HELD_OUT:
            judged = Judged(judged.truth, judged.values, rows.index.to_numpy()[judged.rows])
    folder.mkdir(parents=True, exist_ok=True)
    judged.save(folder)
    write_json(folder / "notes.json", list(notes))
    return rejudge(run, candidate_id, source, model, judged, notes)


def rejudge(run: Run, candidate_id: str, source: str, model: Model, judged: Judged, notes: tuple[str, ...]) -> Evaluation:
    """Write everything that depends on the threshold, from predictions that are there; what is older is removed."""
    from automl_core.evaluation.coverage import coverage
    from automl_core.evaluation.deciding import decisions
    from automl_core.evaluation.evaluate import evaluate_judged
    from automl_core.evaluation.judge import config_of, scorer_of
    from automl_core.evaluation.judged import evaluation_path, judged_columns, judged_folder, keep_resamples
    from automl_core.scorer import needed_columns
    from automl_core.threshold import Best

    folder = judged_folder(run, candidate_id, source)
    for path in [*folder.glob("fails.json"), *folder.glob("fair-*.json")]:
        path.unlink()
    needed = [name for name in needed_columns(config_of(model)) if name in model.schema]
    frame = judged_columns(run, folder, judged, needed)
    name = str(read_json(folder / "source.json")["name"]) if source.startswith("file-") else source
    found = evaluate_judged(model, judged, frame, rows=name, notes=notes)
    keep_resamples(folder, found.resamples)
    write_json(evaluation_path(run, candidate_id, source), found.to_dict())
    if model.task == "binary":
        best = tuple(Best(**entry) for entry in model.manifest.get("best_thresholds", ()))
        table = decisions(scorer_of(model, frame, judged.truth), judged.values, best)
        write_json(folder / "decisions.json", table.to_dict())
    if (held := coverage(model, judged)) is not None:
        write_json(folder / "coverage.json", held.to_dict())
    return found
