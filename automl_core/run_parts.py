"""What a run's search has left to make a model of: divided rows, out-of-fold predictions, the fitted folds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from automl_core.errors import NotFoundError
from automl_core.experiment import ExperimentConfig
from automl_core.leaderboard import Candidate
from automl_core.scoring.ensemble import Part, on_line, tempered
from automl_core.workspace import read_json

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TrainRows:
    """Which rows of the dataset a run learned from and was judged on.

    Parameters
    ----------
    learned : ndarray
        Row of the dataset for each training position.
    layers : ndarray, shape (repeats, n)
        Number of the fold in which it was judged in each division of the rows, -1 for never.
    forward : bool
        Whether folds learn only from earlier rows.
    last : ndarray of bool
        With `forward`, whether the last fold learned from it; that fold's model is the exported one.
    """

    learned: npt.NDArray[np.int64]
    layers: npt.NDArray[np.int64]
    forward: bool
    last: npt.NDArray[np.bool_]


def train_rows(folder: Path) -> TrainRows:
    """Read a run's division; raises NotFoundError when it has none yet."""
    path = folder / "split.npz"
    if not path.exists():
        raise NotFoundError("This run has not divided its rows yet.", action="Wait for its first score.")
    with np.load(path) as split:
        fold = split["fold"]
        ready = split["ready"] if "ready" in split.files else fold + 1  # a gap may leave the newest rows out
        layers = np.vstack([fold[None], split["again"]]) if "again" in split.files else fold[None]
        return TrainRows(split["rows"][split["train"]], layers, bool(split["forward"][0]), ready <= fold.max())


def load_task(folder: Path) -> tuple[ExperimentConfig, tuple[str, ...]]:
    """Return a run's settings as the search adjusted them, and its labels in the order of their codes."""
    data = read_json(folder / "task.json")
    return ExperimentConfig.from_dict(data["config"]), tuple(data["classes"])


def candidate_weights(candidate: Candidate) -> dict[str, float]:
    """Return the candidates whose fold models make up `candidate`, with their weights."""
    chosen = candidate.members or {candidate.id: 1.0}
    return {name: float(weight) for name, weight in chosen.items() if weight > 0}


def out_of_fold(folder: Path, candidate: Candidate) -> tuple[Array, npt.NDArray[np.int64]]:
    """Return a candidate's predictions for rows that the predicting fold model did not learn from.

    Returns
    -------
    ndarray, shape (n, n_classes) or (n,)
    ndarray, shape (n,)
        Rows of the dataset.

    Raises
    ------
    NotFoundError
        When a fold has none yet.
    """
    rows = train_rows(folder)
    weights = {candidate.id: 1.0} if candidate.made_of_rows else candidate_weights(candidate)
    total = sum(weights.values())
    found: dict[int, Array] = {}
    for fold in range(int(rows.layers.max()) + 1):
        files = {name: folder / "candidates" / name / f"fold{fold}.npy" for name in weights}
        for name, file in files.items():
            if not file.exists():
                raise NotFoundError(
                    f"The model {name!r} has no predictions for fold {fold + 1}.",
                    action="Choose another model, or give the run more time.",
                )
        found[fold] = np.sum([weights[name] / total * np.load(file) for name, file in files.items()], axis=0)
    # A row that is judged in several divisions has the mean of what their models predict.
    judged = np.flatnonzero(rows.layers[0] >= 0)
    values = np.zeros((len(rows.learned), *found[0].shape[1:]))
    for fold, predicted in found.items():
        values[(rows.layers == fold).any(axis=0)] += predicted / len(rows.layers)
    if candidate.made_of_rows:  # what it keeps has gone through everything
        return values[judged], rows.learned[judged]
    return on_line(tempered(values[judged], candidate.temperature), candidate.line), rows.learned[judged]


def parts_of(folder: Path, candidate: Candidate) -> list[tuple[Part, dict[str, Path]]]:
    """Return for each finished fold of a candidate what belongs to it, and where its files lie.

    What was refitted on all learned rows, as PyCaret's `finalize_model` does, stands for the folds.

    Raises
    ------
    NotFoundError
        When there is no fold for which everything is there.
    """
    weights = candidate_weights(candidate)
    views = {name: _view(folder, name) for name in weights}
    if (refitted := _refitted(folder, weights, views)) is not None:
        return [refitted]
    found = []
    for fold in sorted((folder / "folds").glob("*"), key=lambda path: int(path.name)):
        models = {f"{fold.name}/{name}.skops": folder / "candidates" / name / f"fold{fold.name}.skops" for name in weights}
        shared = {f"{fold.name}/view-{view}.skops": fold / f"{view}.skops" for view in sorted(set(views.values()))}
        if all(file.exists() for file in [*models.values(), *shared.values()]):
            members = tuple((name, views[name], weights[name], f"{fold.name}/{name}.skops") for name in weights)
            preprocessors = {view: f"{fold.name}/view-{view}.skops" for view in sorted(set(views.values()))}
            found.append((Part(preprocessors, members), {**models, **shared}))
    if train_rows(folder).forward:
        found = found[-1:]  # split by time: the last fold learned from the longest past, the others from parts of it
    if not found:
        raise NotFoundError(
            f"The model {candidate.name!r} has no finished fold.", action="Choose a scored model, or give the run more time."
        )
    return found


def is_refitted(folder: Path, candidate: Candidate) -> bool:
    """Return whether what is exported of a candidate was fitted anew on all learned rows, and is not its fold models."""
    weights = candidate_weights(candidate)
    return _refitted(folder, weights, {name: _view(folder, name) for name in weights}) is not None


def _refitted(folder: Path, weights: dict[str, float], views: dict[str, str]) -> tuple[Part, dict[str, Path]] | None:
    models = {f"final/{name}.skops": folder / "candidates" / name / "final.skops" for name in weights}
    shared = {f"final/view-{view}.skops": folder / "final" / f"{view}.skops" for view in sorted(set(views.values()))}
    if not all(file.exists() for file in [*models.values(), *shared.values()]):
        return None
    members = tuple((name, views[name], weights[name], f"final/{name}.skops") for name in weights)
    return Part({view: f"final/view-{view}.skops" for view in sorted(set(views.values()))}, members), {**models, **shared}


def _view(folder: Path, name: str) -> str:
    return str(Candidate.from_dict(read_json(folder / "candidates" / name / "candidate.json")).view)
