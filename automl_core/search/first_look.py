"""A first score within two seconds: a plain model on a growing sample, while the table is read and the engines are imported.

The rows of a sample are scored in folds like any others, so the score is honest, but it may stand on few rows: its reason
says on how many. Nothing is chosen by it. It is handed over to the search's leaderboard and stands there until the same
model, which the search fits first, has a score on all rows and can be a part of the ensemble.
"""

from __future__ import annotations

import os
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_core.errors import AutoMLError
from automl_core.events import CandidateScored, Event
from automl_core.search.executor import ForkExecutor

if TYPE_CHECKING:
    import pandas as pd

    from automl_core.cleaning.recipe import Recipe
    from automl_core.experiment import Costs, ExperimentConfig, Kpi, Split
    from automl_core.leaderboard import Candidate, Leaderboard
    from automl_core.schema import Schema

MODEL = "lr"
"""Logistic or linear regression: fitted in a moment, and no baseline."""
FOLDS = 3
FILE_BYTES = 1 << 19
"""The first sample of a file; a smaller file is looked at whole."""
ROWS = 4000
"""The first sample of a table that was read already, at most."""
CELLS = 300_000
"""Cells of the first such sample, at most: of many columns, fewer rows are looked at, since each column takes its time."""
FEWEST_ROWS = 100
"""Rows below which nothing is looked at: they would say too little."""
MOST_ROWS = 16_000
"""The largest sample of such a table: it is prepared beside the search's own rows, and takes its memory."""
MOST_CELLS = 1_000_000
"""Cells of the largest such sample: 4,000 rows of 500 columns took half a gigabyte beside the search, and came no earlier."""
GROWTH = 4
"""Each sample is so many times as large as the one before."""
WHOLE = 2
"""A sample that would be more than one in so many rows is not taken: the search itself is as near."""


@dataclass(frozen=True)
class Sample:
    """Some rows of a table, typed.

    Parameters
    ----------
    frame : DataFrame, shape (n_sampled, n_columns)
    schema : Schema
    of : int
        Rows of the whole table.
    about : bool
        Whether `of` is an estimate.
    """

    frame: pd.DataFrame
    schema: Schema
    of: int
    about: bool = False


@dataclass(frozen=True)
class Wish:
    """What is known of the run before its table was read; what is empty is proposed from the sample.

    Parameters
    ----------
    target, task, metric, positive : str
    split : Split or None
        None for one at random.
    recipe : Recipe or None
    seed : int
    costs : Costs or None
    kpi : Kpi or None
    """

    target: str
    task: str = ""
    metric: str = ""
    positive: str = ""
    split: Split | None = None
    recipe: Recipe | None = None
    seed: int = 0
    costs: Costs | None = None
    kpi: Kpi | None = None


class FirstLook:
    """Looks from a process of its own, until the search has something to show.

    Parameters
    ----------
    work : callable
        Given to the process; returns plain JSON types.
    """

    def __init__(self, work: Callable[[], dict[str, Any]]) -> None:
        self._executor = ForkExecutor(1)
        self._executor.submit(("look",), work, timeout=float("inf"))

    def end(self) -> None:
        """End the process, if it has not ended; a second call does nothing."""
        self._executor.kill()

    def hand_over(self, folder: Path) -> Leaderboard | None:
        """End the look and return the leaderboard that it wrote into the run's folder; None where it wrote none."""
        from automl_core.leaderboard import Leaderboard

        self.end()
        with suppress(AutoMLError):
            return Leaderboard.load(folder / "leaderboard.json")
        return None


def of_file(path: Path, wish: Wish, folder: Path, *, emit: Callable[[Event], None]) -> FirstLook | None:
    """Look at a file that is about to be read; None where the look would only take the one core from the search.

    Parameters
    ----------
    path : Path
    wish : Wish
    folder : Path
        The run's; ``leaderboard.json`` is written there.
    emit : callable
        Takes a `CandidateScored` for each sample, in the process of the look.
    """
    if len(os.sched_getaffinity(0)) == 1 and path.stat().st_size < WHOLE * FILE_BYTES:
        return None
    started = time.time()

    def look() -> dict[str, Any]:
        return _look(_samples_of_file(path), lambda sample: _settings(sample, wish), folder, emit, started)

    return FirstLook(look)


def of_frame(
    frame: pd.DataFrame,
    schema: Schema,
    recipe: Recipe,
    config: ExperimentConfig,
    folder: Path,
    *,
    emit: Callable[[Event], None],
    started: float,
) -> FirstLook | None:
    """Look at a table that was read already; None for one that is searched in a moment, or has too many columns."""
    first = first_rows(frame.shape[1])
    if len(frame) < WHOLE * first or first < FEWEST_ROWS:
        return None

    def look() -> dict[str, Any]:
        return _look(_samples_of_frame(frame, schema, config.seed), lambda sample: (recipe, config), folder, emit, started)

    return FirstLook(look)


def first_rows(columns: int) -> int:
    """Return the rows of the first sample of a table that was read already."""
    return min(ROWS, CELLS // max(columns, 1))


def _samples_of_file(path: Path) -> Iterator[Sample]:
    from automl_core.data.kinds import infer_schema
    from automl_core.data.parsing import parse_frame
    from automl_core.data.sampling import read_sample

    whole, size, dialect, looked = path.stat().st_size, FILE_BYTES, None, 0
    while size == FILE_BYTES or size * WHOLE <= whole:
        text, rows = read_sample(path, size, dialect=dialect)
        dialect = text.report.dialect
        if len(text.frame) > looked:  # of lines so long that the first sample had to be larger, the next one is no larger
            schema, looked = infer_schema(text.frame), len(text.frame)
            yield Sample(parse_frame(text.frame, schema).frame, schema, rows, about=size < whole)
        size *= GROWTH


def _samples_of_frame(frame: pd.DataFrame, schema: Schema, seed: int) -> Iterator[Sample]:
    rows = first_rows(frame.shape[1])
    while rows <= MOST_ROWS and rows * WHOLE <= len(frame) and rows * frame.shape[1] <= MOST_CELLS:
        yield Sample(frame.sample(rows, random_state=seed).sort_index(), schema, len(frame))
        rows *= GROWTH


def _settings(sample: Sample, wish: Wish) -> tuple[Recipe, ExperimentConfig]:
    """Propose for a sample what will be proposed for its table."""
    from automl_core.cleaning.apply import apply_stateless
    from automl_core.cleaning.propose import propose_recipe
    from automl_core.metrics import metrics_for
    from automl_core.proposals import propose, propose_positive

    frame, schema = sample.frame, sample.schema
    recipe = wish.recipe or propose_recipe(frame, schema, wish.target)
    cleaned = apply_stateless(frame, schema, recipe, training=True)
    config = propose(cleaned.frame, cleaned.schema, wish.target, uploaded=(frame, schema)).config
    if wish.task and wish.task != config.task:
        task: Any = wish.task
        positive = propose_positive(cleaned.frame[wish.target]).value if task == "binary" else ""
        config = replace(config, task=task, metric=metrics_for(task)[0].name, positive=positive)
    return recipe, replace(
        config,
        metric=wish.metric or config.metric,
        positive=wish.positive or config.positive,
        split=wish.split or config.split,
        seed=wish.seed,
        costs=wish.costs,
        kpi=wish.kpi,
    )


def _look(
    samples: Iterator[Sample],
    settings: Callable[[Sample], tuple[Recipe, ExperimentConfig]],
    folder: Path,
    emit: Callable[[Event], None],
    started: float,
) -> dict[str, Any]:
    """Score one sample after another and tell each.

    What is wrong with the table is told by the search, not here. A sample of a few rows may be too small to be scored where a
    larger one is not, so the next one is tried all the same.
    """
    from automl_core.leaderboard import Leaderboard
    from automl_core.metrics import metric_of

    told = 0
    with suppress(AutoMLError, ValueError):
        for sample in samples:
            with suppress(AutoMLError, ValueError, KeyError):
                recipe, config = settings(sample)
                row, metric = score_sample(sample, recipe, config, started=started), metric_of(config)
                Leaderboard(metric.name, metric.greater_is_better, (row,), label=metric.label).save(folder / "leaderboard.json")
                emit(CandidateScored(row.to_dict()))
                told += 1
    return {"told": told}


def score_sample(sample: Sample, recipe: Recipe, config: ExperimentConfig, *, started: float) -> Candidate:
    """Score the plain model on a sample, out of fold, as the search would.

    Parameters
    ----------
    sample : Sample
    recipe : Recipe
    config : ExperimentConfig
        No rows are held out, and `FOLDS` folds are made where their number is free.
    started : float
        `time.time` of the start of the run.

    Returns
    -------
    Candidate
        A scored row whose reason names the rows.

    Raises
    ------
    InputError, ValueError
        When the sample cannot be learned from.
    """
    import numpy as np

    from automl_core.cleaning.preparation import take_kept
    from automl_core.cleaning.preprocessing import build_preprocessor
    from automl_core.leaderboard import Candidate
    from automl_core.scoring.values import predict_values
    from automl_core.search.candidates import catalogue, make_estimator
    from automl_core.search.live_board import FOLLOWS
    from automl_core.search.prepare import prepare

    config = replace(config, holdout=0.0, folds=config.folds or FOLDS)
    spec = catalogue(config.task)[MODEL]
    with tempfile.TemporaryDirectory(prefix="tablewright-") as scratch:
        work = prepare(sample.frame.reset_index(drop=True), sample.schema, recipe, config, Path(scratch)).work
    division, metrics, fit_seconds, predict_ms = work.division, [], 0.0, []
    for fold in range(division.each):
        learned, judged = division.train[division.learned(fold)], division.train[division.judged(fold)]
        y = work.y if not work.n_classes else work.y.astype(int)
        preprocessor = build_preprocessor(recipe, work.schema, work.features, task=config.task, seed=config.seed)
        estimator = make_estimator(spec, seed=config.seed, threads=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a fold without some category is no news to a person
            X = np.asarray(preprocessor.fit_transform(work.features.iloc[learned], y[learned]), dtype=np.float64)
            kept = take_kept(preprocessor)
            begun = time.perf_counter()
            estimator.fit(*((X, y[learned]) if kept is None else (X[kept], y[learned][kept])))
            fit_seconds += time.perf_counter() - begun
            begun = time.perf_counter()
            V = np.asarray(preprocessor.transform(work.features.iloc[judged]), dtype=np.float64)
            values = predict_values(estimator, V, work.n_classes)
            predict_ms.append(1e6 * (time.perf_counter() - begun) / max(len(judged), 1))
        metrics.append(work.scorer.all(judged, values))
    scores = [entry.get(config.metric, np.nan) for entry in metrics]
    if not np.isfinite(scores).all():
        raise ValueError(f"{config.metric} cannot be computed on every fold of the sample.")
    names = sorted(set.intersection(*map(set, metrics)))
    about = "about " if sample.about else ""
    part = len(sample.frame) < sample.of
    seen = f"A first look at {len(sample.frame):,} of {about}{sample.of:,} rows" if part else "A first look"
    return Candidate(
        id=spec.id,
        name=spec.name,
        family=spec.family,
        role="look",
        params=spec.params,
        state="scored",
        reason=f"{seen} in {division.each} folds. {FOLLOWS}",
        fold_scores=tuple(scores),
        score=float(np.mean(scores)),
        spread=float(np.std(scores, ddof=1)) if len(scores) > 1 else None,
        metrics={name: float(np.mean([entry[name] for entry in metrics])) for name in names},
        fit_seconds=fit_seconds,
        predict_ms=float(np.mean(predict_ms)),
        at_seconds=max(time.time() - started, 0.0),
    )
