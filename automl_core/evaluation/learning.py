"""Whether more rows would help: a model learned from growing parts of its rows, judged on the same rows each time."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from copy import copy
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from automl_core.errors import FormatError, InputError
from automl_core.evaluation.intervals import Z
from automl_core.leaderboard import Candidate
from automl_core.profiling.wording import number, percent
from automl_core.runs import Run
from automl_core.search.division import Division

if TYPE_CHECKING:
    from automl_core.search.candidates import Spec
    from automl_core.search.fitting import FoldWork

Ints = npt.NDArray[np.int64]
SHARES = (0.1, 0.2, 0.4, 0.7, 1.0)
FOLDS = 3
"""Folds that are learned again at most."""
LEAST = 20
"""Rows below which nothing is learned."""
FOREVER = 1e6


@dataclass(frozen=True)
class Point:
    """The scores with one part of the rows: on rows not learned from, and on those learned from; one value a fold."""

    rows: int
    share: float
    judged: tuple[float, ...]
    learned: tuple[float, ...]


@dataclass(frozen=True)
class LearningCurve:
    """How the score grows with the rows.

    Parameters
    ----------
    candidate, name : str
        The model that was learned again; for an ensemble its heaviest member.
    metric, label : str
    greater_is_better : bool
    points : tuple of Point
        Ascending by rows.
    """

    candidate: str
    name: str
    metric: str
    label: str
    greater_is_better: bool
    points: tuple[Point, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"format": 1, **asdict(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> LearningCurve:
        """Rebuild from `to_dict`'s output; raises FormatError for another format version."""
        if data.get("format") != 1:
            raise FormatError(f"This learning curve has format {data.get('format')!r}.", "This version reads format 1.")
        points = tuple(Point(p["rows"], p["share"], tuple(p["judged"]), tuple(p["learned"])) for p in data["points"])
        return cls(**{name: data[name] for name in ("candidate", "name", "metric", "label", "greater_is_better")}, points=points)

    @property
    def sentence(self) -> str:
        """Whether more rows would help, by what the last ones brought fold by fold."""
        if len(self.points) < 2:
            return "There are too few rows to tell whether more would help."
        before, last = self.points[-2:]
        sign = 1 if self.greater_is_better else -1
        gains = sign * (np.array(last.judged) - np.array(before.judged))
        error = float(gains.std(ddof=1) / np.sqrt(len(gains))) if len(gains) > 1 else float("inf")
        mean = float(gains.mean())
        told = (
            f"{self.label} went from {number(float(np.mean(before.judged)))} with {percent(before.share)} of the rows "
            f"to {number(float(np.mean(last.judged)))} with all {last.rows:,}."
        )
        if mean > Z * error:
            return f"{told} It was still getting better, so more rows would probably help."
        if mean <= 0:
            return f"{told} More rows of the same kind would hardly help; other columns might."
        return f"{told} That is within chance, so more rows of the same kind would help little if at all."


@dataclass(frozen=True)
class _Part(Division):
    """A division whose folds learn only a part of their rows; what they judge stays.

    A smaller part lies within a larger one, and has a row of each of the `labels` (of the rows of `train`), where given.
    """

    share: float = 1.0
    seed: int = 0
    labels: npt.NDArray[Any] | None = None

    def learned(self, fold: int) -> Ints:
        everything = super().learned(fold)
        size = max(round(self.share * len(everything)), 1)
        if self.forward:  # the newest rows, as one who has collected for a shorter time would have
            return everything[np.argsort(self.fold[everything], kind="stable")][-size:]
        order = np.random.default_rng((self.seed, fold)).permutation(everything)
        if self.labels is not None:
            first = np.unique(self.labels[order], return_index=True)[1]
            order = np.r_[order[first], np.delete(order, first)]
        return np.sort(order[:size])


def member_of(run: Run, candidate: Candidate) -> Candidate:
    """Return the model whose curve stands for a candidate: itself, or an ensemble's heaviest member that can be fitted.

    Raises
    ------
    InputError
        When none can be fitted again.
    """
    if candidate.spec:
        return candidate
    board = run.leaderboard()
    for name, _ in sorted(candidate.members.items(), key=lambda entry: -entry[1]):
        if board[name].spec:
            return board[name]
    raise InputError(f"{candidate.name} cannot be learned again.", action="Choose another model of the leaderboard.")


def learning_curve(
    run: Run,
    candidate_id: str,
    *,
    tell: Callable[[float, str], None] = lambda done, doing: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> LearningCurve:
    """Learn a model from growing parts of its rows.

    Parameters
    ----------
    run : Run
    candidate_id : str
    tell : callable
        Takes how much is done, 0 to 1, and what is being done.
    should_stop : callable

    Raises
    ------
    InputError
        When the model cannot be fitted again, or there are too few rows.
    NotFoundError
        When the run's table was deleted.
    """
    from automl_core.search.candidates import Spec
    from automl_core.search.prepare import prepare

    row = member_of(run, run.leaderboard()[candidate_id])
    spec = Spec(**row.spec)
    dataset = run.dataset()
    prepared = prepare(dataset.frame(), dataset.schema, run.recipe, run.config, run.path)
    division = prepared.work.division
    folds = list(range(division.each))[-FOLDS:]
    sizes = [len(division.learned(fold)) for fold in folds]
    shares = [share for share in SHARES if share * min(sizes) >= LEAST]
    if not shares:
        raise InputError(
            f"Each fold learns from {min(sizes):,} rows.", f"At least {LEAST} are needed for a curve.", "Bring more rows."
        )
    metric = prepared.scorer.metric
    points = []
    total = sum(shares) * len(folds)
    done = 0.0
    for share in shares:
        judged, learned = [], []
        for fold in folds:
            if should_stop():
                break
            tell(done / total, f"{row.name} from {percent(share)} of the rows, fold {fold + 1}")
            with tempfile.TemporaryDirectory(prefix="tablewright-") as folder:
                one, other = _fit(prepared.work, spec, fold, share, Path(folder))
            judged.append(one)
            learned.append(other)
            done += share
        if len(judged) == len(folds) and np.isfinite(judged).all():  # points are compared fold by fold
            points.append(Point(round(share * float(np.mean(sizes))), share, tuple(judged), tuple(learned)))
    return LearningCurve(row.id, row.name, metric.name, metric.label, metric.greater_is_better, tuple(points))


def _fit(work: FoldWork, spec: Spec, fold: int, share: float, folder: Path) -> tuple[float, float]:
    """Return the score on the rows that a fold judges and on those it learned, with a part of them."""
    from automl_core.scoring.values import predict_values
    from automl_core.search.matrices import load_matrix, widened

    part = copy(work)
    kept = {entry.name: getattr(work.division, entry.name) for entry in fields(work.division)}
    labels = work.y[work.division.train] if work.n_classes else None
    part.division = _Part(**kept, share=share, seed=work.seed, labels=labels)
    part.folder = folder
    places = part.division.train[part.division.learned(fold)]
    if work.n_classes and len(np.unique(work.y[places])) < work.n_classes:
        return float("nan"), float("nan")  # a label is not among so few rows
    facts = part.prepare(fold, spec.view)
    estimator, values, *_ = part.learn(spec, fold, facts, FOREVER)
    judged = part.division.train[part.division.judged(fold)]
    X = widened(load_matrix(folder / "folds" / str(fold) / f"{spec.view}_learn.npy", exact=True))
    own = predict_values(estimator, X, work.n_classes)
    return work.scorer.score(judged, values), work.scorer.score(places, own)
