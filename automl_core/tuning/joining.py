"""A trial that becomes a row of the leaderboard: the best one of a study, or one that a person picks."""

from __future__ import annotations

import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from automl_core.errors import InputError, NotFoundError
from automl_core.leaderboard import Candidate
from automl_core.people.access import changing
from automl_core.runs import Run
from automl_core.search.candidates import Spec
from automl_core.tuning.study import Study, TrialRow, study_folder
from automl_core.tuning.trial import spec_of
from automl_core.workspace import at_work, read_json, write_json


def join_trial(run: Path, study: Study, row: Candidate, trial: TrialRow, folder: Path, *, picked: bool = False) -> Candidate:
    """Add a trial to the leaderboard as a row of its own; nothing there is replaced.

    Parameters
    ----------
    run : Path
        The run's folder.
    study : Study
    row : Candidate
        The model that is tuned.
    trial : TrialRow
    folder : Path
        The study's, which holds the trial's fitted folds.
    picked : bool
        Whether its number belongs into its name.
    """
    name = study.id + (f"-{trial.number}" if picked else "")
    target = run / "candidates" / name
    shutil.copytree(folder / "candidates" / str(trial.number), target, dirs_exist_ok=True)
    number = study.id.rpartition("-")[2]
    label = f"{row.name}, tuned" + (f" {number}" if number != "1" else "") + (f", trial {trial.number}" if picked else "")
    spec = replace(spec_of(Spec(**row.spec), trial.params, name), name=label)
    for path in (folder / "folds").glob(f"*/{spec.view}.*"):  # what its cleaning choices have fitted
        shutil.copyfile(path, run / "folds" / path.parent.name / path.name)
    # A search that goes on finds it by this file, shows its row again, and may take it into the ensemble.
    write_json(target / "spec.json", {"format": 1, **asdict(spec)})
    results = [read_json(path) for path in sorted(target.glob("fold*.json"))]
    names = set.intersection(*(set(result["metrics"]) for result in results))
    scores = trial.fold_scores
    made = Candidate(
        id=name,
        name=label,
        family=spec.family,
        view=spec.view,
        params=spec.params,
        state="scored",
        fold_scores=scores,
        score=trial.score,
        spread=float(np.std(scores, ddof=1)) if len(scores) > 1 else None,
        metrics={key: float(np.mean([result["metrics"][key] for result in results])) for key in sorted(names)},
        fit_seconds=trial.fit_seconds,
        predict_ms=trial.predict_ms,
        size_bytes=sum(result["size_bytes"] for result in results),
        at_seconds=row.at_seconds + trial.at_seconds,
        spec=asdict(spec),
    )
    write_json(target / "candidate.json", made.to_dict())
    Run(run).join(made)
    return made


def pick_trial(run: Run, study_id: str, number: int) -> Candidate:
    """Put a trial of a study's front on the leaderboard.

    Raises
    ------
    InputError
        When the study is at work, or the trial cannot be picked.
    NotFoundError
        When there is no such study or trial.
    """
    folder = study_folder(run.path, study_id)
    with changing(folder, "study", study_id, f"Picked trial {number}"), at_work(folder, "This study"):
        study = Study.load(folder)
        trial = next((row for row in study.rows if row.number == number), None)
        if trial is None:
            raise NotFoundError(f"The study has no trial {number}.", action="Choose one of its trials.")
        if number == 0:
            raise InputError("Trial 0 is the model as it was.", "It stands on the leaderboard already.", "Choose another trial.")
        if not (folder / "candidates" / str(number)).exists():
            told = ", ".join(str(row.number) for row in study.front if row.number) or "none"
            raise InputError(
                f"What trial {number} fitted was not kept.", f"Kept are those that no other trial beats: {told}.",
                "Choose one of them.",
            )  # fmt: skip
        made = join_trial(run.path, study, run.leaderboard()[study.settings.candidate], trial, folder, picked=True)
        replace(study, picked=tuple(dict.fromkeys([*study.picked, number]))).save(folder)
        return made
