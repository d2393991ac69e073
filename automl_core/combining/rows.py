"""A row that is made from others: its folder, its predictions, its scores."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from automl_core.errors import InputError
from automl_core.leaderboard import Candidate
from automl_core.runs import Run
from automl_core.scoring.ensemble import on_line, tempered
from automl_core.search.prepare import Prepared, prepare
from automl_core.search.underway import out_of_fold
from automl_core.workspace import at_work, write_json

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
NAME = re.compile(r"-\d+$")


@dataclass(frozen=True)
class Judged:
    """The rows that folds judge, in the order of `Division.places`.

    Parameters
    ----------
    fold, places : ndarray of int, shape (n,)
        The fold that judges each, and its row.
    truth : ndarray, shape (n,)
        Codes of classes, or values.
    """

    fold: Ints
    places: Ints
    truth: Array

    @classmethod
    def of(cls, prepared: Prepared) -> Judged:
        """Return those of a run."""
        division = prepared.work.division
        judged = division.layers >= 0
        places = division.places[judged]
        return cls(division.layers[judged], places, prepared.scorer.y[places])

    def others(self, number: int) -> npt.NDArray[np.bool_]:
        """Return which rows may learn for a fold: none of its own rows, also where they are judged twice."""
        return ~np.isin(self.places, self.places[self.fold == number])


@contextmanager
def opened(run: Run) -> Iterator[Prepared]:
    """Prepare a run whose rows are combined; raises InputError while it is searched."""
    with at_work(run.path, "A search of this run", shared=True):
        dataset = run.dataset()
        yield prepare(dataset.frame(), dataset.schema, run.recipe, run.config, run.path)


@contextmanager
def new_row(run: Run, base: str) -> Iterator[Path]:
    """Make the folder of a new row, ``base-1`` or the next that is free; it is gone again when it comes to nothing."""
    base = NAME.sub("", base)
    for number in range(1, 10_000):
        folder = run.path / "candidates" / f"{base}-{number}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        break
    try:
        yield folder
    except BaseException:
        for path in folder.parent.glob(f"{folder.name}*"):
            if path == folder or path.name.startswith(f"{folder.name}-draw"):
                shutil.rmtree(path, ignore_errors=True)
        raise


def numbered(label: str, folder: Path) -> str:
    """Return a row's name, with its number behind the second of its kind."""
    number = folder.name.rpartition("-")[2]
    return label + (f" ({number})" if number != "1" else "")


def check_scored(rows: Sequence[Candidate]) -> None:
    """Raise InputError for rows that have no score."""
    for row in rows:
        if row.state != "scored" or row.score is None:
            raise InputError(f"{row.name} has no score: {row.reason or row.state}.", action="Choose rows with a score.")


def is_mean(row: Candidate) -> bool:
    """Return whether a row is a single model, or no more than a mean of some."""
    return row.is_mean


def parts(rows: Sequence[Candidate], weights: Sequence[float]) -> dict[str, float]:
    """Return the single models of a weighted mean of rows with their weights, means of means taken apart.

    Raises
    ------
    InputError
        When a row is more than a mean of its members.
    """
    found: dict[str, float] = {}
    for row, weight in zip(rows, weights, strict=True):
        if not row.members:
            found[row.id] = found.get(row.id, 0.0) + weight
            continue
        if not is_mean(row):
            raise InputError(
                f"{row.name} is more than a mean of its members, so it cannot be a part of another one.",
                "Only single models, and means of them, can.",
                "Choose the models that it is made of.",
            )
        total = sum(row.members.values())
        for name, share in row.members.items():
            found[name] = found.get(name, 0.0) + weight * share / total
    return found


def predictions_of(prepared: Prepared, row: Candidate) -> Array:
    """Return a row's out-of-fold predictions for `Judged`, shape (n, n_classes) or (n,)."""
    judged = prepared.work.division.layers >= 0
    if row.made_of_rows or not row.members:
        return out_of_fold(prepared.work, row.id)[judged]
    total = sum(row.members.values())
    mixed = np.sum([weight / total * out_of_fold(prepared.work, name)[judged] for name, weight in row.members.items()], axis=0)
    return on_line(tempered(mixed, row.temperature), row.line)


def store_predictions(folder: Path, values: Array, judged: Judged) -> None:
    """Keep cross-fitted predictions as those of the folds."""
    for number in np.unique(judged.fold):
        np.save(folder / f"fold{number}.npy", values[judged.fold == number])


def scored_row(
    prepared: Prepared, folder: Path, name: str, members: Mapping[str, float], values: Array, rows: Sequence[Candidate]
) -> Candidate:
    """Return the row of predictions that no row was judged by which it learned from.

    Parameters
    ----------
    prepared : Prepared
    folder : Path
        Its own.
    name : str
    members : mapping of str to float
    values : ndarray, shape (n, n_classes) or (n,)
        For `Judged`.
    rows : sequence of Candidate
        What it is made of, for its times and its size.

    Raises
    ------
    InputError
        When the run's metric cannot be computed.
    """
    judged, scorer = Judged.of(prepared), prepared.scorer
    found = [scorer.all(judged.places[judged.fold == one], values[judged.fold == one]) for one in np.unique(judged.fold)]
    scores = tuple(one[scorer.metric.name] for one in found if np.isfinite(one.get(scorer.metric.name, np.nan)))
    if not scores:
        raise InputError(f"{scorer.metric.label} could not be computed on any fold.", action="Choose other rows.")
    names = set.intersection(*(set(one) for one in found))
    return Candidate(
        id=folder.name, name=name, family="ensemble", role="ensemble", view="", state="scored",
        fold_scores=scores, score=float(np.mean(scores)), spread=float(np.std(scores, ddof=1)) if len(scores) > 1 else None,
        metrics={key: float(np.mean([one[key] for one in found])) for key in sorted(names)},
        fit_seconds=sum(row.fit_seconds for row in rows), predict_ms=sum(row.predict_ms for row in rows),
        size_bytes=sum(row.size_bytes for row in rows), at_seconds=max((row.at_seconds for row in rows), default=0.0),
        members=dict(members),
    )  # fmt: skip


def join(run: Run, row: Candidate) -> Candidate:
    """Let a row join the leaderboard; nothing there is replaced."""
    write_json(run.path / "candidates" / row.id / "candidate.json", row.to_dict())
    run.join(row)
    return row
