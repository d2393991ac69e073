"""Small fits before a run: one cheap example of each family, on two or three nested samples, in a few seconds."""

from __future__ import annotations

import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from automl_core.cleaning.recipe import Recipe
from automl_core.experiment import ExperimentConfig
from automl_core.schema import Schema
from automl_core.search.candidates import Spec
from automl_core.search.executor import Done, ForkExecutor
from automl_core.search.extrapolation import PREPARATION, Measured, Timing, extrapolate, growth_of
from automl_core.search.families import Group, effort, groups
from automl_core.search.fold_count import propose_folds, propose_parts, propose_repeats, smallest_label, work_of
from automl_core.search.forecast import Forecast
from automl_core.search.memory import available_memory, fits_in_memory, need_bytes
from automl_core.search.preload import preload
from automl_core.search.resampling import rows_after
from automl_core.search.samples import nested_rows, sample_sizes, sample_work, table_sample
from automl_core.search.supply import FEW, first_specs, gaps_in, steady

if TYPE_CHECKING:
    from automl_core.search.fitting import FoldWork
    from automl_core.search.prepare import Prepared
    from automl_core.search.tasks import Executor

WHOLE = 4.0
"""Seconds for all small fits."""
EACH = 1.0
"""Seconds for one of them."""
TELL = 0.3
"""Seconds between two words on how far it is."""


def probe(
    prepared: Prepared,
    specs: Sequence[Spec],
    folder: Path,
    *,
    whole: tuple[int, float],
    executor: Executor | None = None,
    seconds: float = WHOLE,
    each: float = EACH,
    clock: Callable[[], float] = time.monotonic,
    tell: Callable[[float, str], None] = lambda done, doing: None,
) -> tuple[list[Measured], int]:
    """Fit an example of each family on small samples.

    Parameters
    ----------
    prepared : Prepared
        The run, or a sample of it.
    specs : sequence of Spec
        The run's candidates.
    folder : Path
        For the samples' files; removed by the caller.
    whole : tuple of (rows, free)
        Rows that a fold of the whole table learns from, and bytes of free memory: what would not fit is not tried.
    executor : Executor, optional
        Forks by default.
    seconds, each : float
        For all fits, and for one.
    clock : callable
    tell : callable
        Takes the share that is done, and what is being done.

    Returns
    -------
    list of Measured
        The preparation of the data first, then the families in the order of their candidates.
    int
        Columns after encoding, the most of the views; 0 when the time did not suffice to learn it.
    """
    from automl_core.search.prepare import cores

    found = groups(specs)
    preload(*(group.example.class_path for group in found))
    session = _Session(prepared, found, folder, executor or ForkExecutor(cores(prepared.config)), each, clock)
    session.run(clock() + seconds, seconds, tell)
    return session.measured(*whole), max(session.columns.values(), default=0)


class _Session:
    """The small fits of one probe: what is to be done, what runs, what came back."""

    def __init__(
        self,
        prepared: Prepared,
        found: list[Group],
        folder: Path,
        executor: Executor,
        each: float,
        clock: Callable[[], float],
    ) -> None:
        self.prepared, self.groups, self.executor, self.each, self.clock = prepared, found, executor, each, clock
        work = prepared.work
        learned = max((len(work.division.learned(fold)) for fold in range(work.division.folds)), default=0)
        self.sizes = sample_sizes(learned)
        self.classes = len(prepared.classes)
        self.y = work.y[work.division.train]
        order = nested_rows(work.y, work.division.train, classes=bool(self.classes), seed=prepared.config.seed)
        self.works = {size: sample_work(work, order, size, folder / str(size)) for size in self.sizes}
        self.facts: dict[tuple[int, str], dict[str, Any]] = {}
        self.asked: set[tuple[int, str]] = set()
        self.columns: dict[str, int] = {}
        self.preparing: dict[str, list[Timing]] = {}
        # A sample with fewer rows than neighbours are asked would only tell that.
        self.waiting = [
            (size, group) for size in self.sizes for group in found if group.example.params.get("n_neighbors", 0) <= size
        ]

    def run(self, end: float, seconds: float, tell: Callable[[float, str], None]) -> None:
        """Work until all is measured or the time is up."""
        told = -1.0
        try:
            while (now := self.clock()) < end:
                if now - told >= TELL:
                    told = now
                    tell(1 - max(end - now, 0.0) / seconds, "Fitting small samples")
                while self.executor.free() > 0 and (task := self._next(end)) is not None:
                    self.executor.submit(*task)
                if not self.executor.running():
                    break
                for done in self.executor.wait(0.05):
                    self._take(done)
        finally:
            self.executor.kill()

    def _next(self, end: float) -> tuple[tuple[Any, ...], Callable[[], dict[str, Any]], float] | None:
        left = max(end - self.clock(), 0.05)
        for place, (size, group) in enumerate(self.waiting):
            view = group.example.view
            if group.over or self._too_long(group, size):
                continue
            if (size, view) in self.facts:
                del self.waiting[place]
                work = partial(_fit, self.works[size], group.example, self.facts[(size, view)], self.each)
                return ("fit", size, group.label), work, min(self.each * 1.2, left)
            if (size, view) not in self.asked:
                self.asked.add((size, view))
                return ("prepare", size, view), partial(_prepare, self.works[size], view), left
        return None

    def _too_long(self, group: Group, size: int) -> bool:
        if not group.timings:
            return False
        last, growth = group.timings[-1], growth_of(group.family, self.columns.get(group.example.view, 0))
        return bool(last.seconds * (size / last.rows) ** growth.power > self.each)

    def _take(self, done: Done) -> None:
        kind, size, name = done.key
        if kind == "prepare":
            if done.error:
                for group in self.groups:
                    if group.example.view == name:
                        group.over = True
                        group.fault = group.fault or f"The data could not be prepared: {done.error}"
                return
            self.facts[(size, name)] = done.result["facts"]
            self.columns[name] = int(done.result["facts"]["columns"])
            self.preparing.setdefault(name, []).append(Timing(size, done.result["seconds"]))
            return
        group = next(group for group in self.groups if group.label == name)
        if done.error:
            group.over = True
            if done.timed_out and not group.timings:
                group.timings.append(Timing(size, done.seconds))
                group.at_least = True
            elif not done.timed_out:
                group.fault = done.error
            return
        columns = self.columns[group.example.view]
        expected = need_bytes(group.example, size, columns, self.classes)
        group.timings.append(Timing(size, done.result["seconds"], done.result["peak"], expected))

    def measured(self, rows: int, free: float) -> list[Measured]:
        """Return what is known of the preparation and of each family, for a fold that learns from `rows`."""
        found = [self._preparation()] if self.preparing else []
        return found + [self._family(group, rows, int(free)) for group in self.groups]

    def _preparation(self) -> Measured:
        """Return the preparation's mean over the views; each view is prepared once a fold."""
        known = [one for timings in self.preparing.values() for one in timings]
        mean = []
        for size in sorted({one.rows for one in known}):
            seconds = [one.seconds for one in known if one.rows == size]
            mean.append(Timing(size, sum(seconds) / len(seconds)))
        return Measured(PREPARATION, "Preparing the data", (), "", tuple(mean), (float(len(self.preparing)),))

    def _family(self, group: Group, rows: int, free: int) -> Measured:
        from automl_core.search.prepare import cores

        columns = self.columns.get(group.example.view, len(self.prepared.work.features.columns))
        parallel = cores(self.prepared.config)
        grown = {spec.id: rows_after(spec.resampling, self.y) for spec in group.specs}
        most = {name: round(rows * max(share, 1.0)) for name, share in grown.items()}  # the rows themselves are held, too
        judged = {
            spec.id: fits_in_memory(spec, most[spec.id], columns, self.classes, parallel=parallel, free=free)
            for spec in group.specs
        }
        # Where some of its models do not fit, the row is of the others.
        fitting = [spec for spec in group.specs if judged[spec.id].value] or group.specs
        return Measured(
            group.family,
            group.label,
            tuple(spec.id for spec in group.specs),
            group.example.name,
            tuple(sorted(group.timings, key=lambda one: one.rows)),
            tuple(effort(spec, rows)[0] * grown[spec.id] for spec in fitting),
            max(effort(spec, rows)[1] for spec in fitting),
            max(need_bytes(spec, most[spec.id], columns, self.classes) for spec in fitting),
            "" if judged[fitting[0].id].value else judged[fitting[0].id].reason,
            any(spec.early_stopping for spec in fitting),
            group.at_least,
            group.fault or ("" if group.timings else "There was no time to try it."),
            columns,
        )


def _prepare(work: FoldWork, view: str) -> dict[str, Any]:
    turns = _turns()
    facts = work.prepare(0, view)
    judged = len(work.division.judged(0))
    return {"facts": facts, "seconds": (facts["seconds"] + facts["transform_ms"] * judged / 1e6) * _own_share(turns)}


def _fit(work: FoldWork, spec: Spec, facts: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Fit one example in the forked process; its peak of memory is told beyond what the process began with."""
    before, turns = _resident(), _turns()
    result = work.fit(spec, 0, facts, seconds)
    judged = len(work.division.judged(0))
    spent = result["fit_seconds"] + result["predict_ms"] * judged / 1e6
    return {"seconds": spent * _own_share(turns), "peak": max(peak_resident() - before, 0)}


def _turns() -> tuple[int, int]:
    """Return the nanoseconds that this process has computed, and those that it has waited for its turn (Linux, else zeros)."""
    with contextlib.suppress(OSError, ValueError):
        computed, waited, _ = Path("/proc/self/schedstat").read_text(encoding="ascii").split()
        return int(computed), int(waited)
    return 0, 0


def _own_share(before: tuple[int, int]) -> float:
    """Return which share of the time since `before` was its own: what else the machine did just now says little of a run."""
    now = _turns()
    computed, waited = now[0] - before[0], now[1] - before[1]
    return computed / (computed + waited) if computed > 0 else 1.0


def peak_resident() -> int:
    """Return the most bytes of memory that this process has held so far; a forked one starts with its parent's."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak) * (1 if sys.platform == "darwin" else 1024)


def _resident() -> int:
    import psutil

    return int(psutil.Process().memory_info().rss)


def forecast_run(
    frame: pd.DataFrame,
    schema: Schema,
    recipe: Recipe,
    config: ExperimentConfig,
    *,
    folder: Path | None = None,
    seconds: float = WHOLE,
    tell: Callable[[float, str], None] = lambda done, doing: None,
    of: int = 0,
) -> Forecast:
    """Forecast what a run costs, in about `seconds` and the time to clean a sample of the table.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Typed, as uploaded.
    schema : Schema
    recipe : Recipe
    config : ExperimentConfig
    folder : Path, optional
        Where the small fits write, emptied afterwards; a temporary one by default.
    seconds : float
        For the small fits.
    tell : callable
        Takes the share that is done, and what is being done.
    of : int
        Rows of the whole table, where `frame` holds some of them, drawn at random.

    Raises
    ------
    InputError, NotFoundError
        When the run could not be made either; the sentence says what to change.
    """
    from automl_core.search.prepare import cores, prepare

    begun = time.monotonic()
    tell(0.0, "Preparing a sample of the table")
    part = table_sample(frame, config)
    with tempfile.TemporaryDirectory(prefix="tablewright-", dir=folder) as name:
        prepared = prepare(part, schema, recipe, config, Path(name))
        division, config = prepared.work.division, prepared.config
        scale = max(of, len(frame)) / max(len(part), 1)
        left = scale * len(division.train)
        folds, repeats = division.each, division.repeats
        work = work_of(len(prepared.work.schema), len(prepared.classes))
        if scale > 1 and division.forward:
            folds = min(folds, propose_parts(config, round(left), work=work).value)
        elif scale > 1:
            sizes = np.bincount(prepared.work.y.astype(int)) if prepared.classes else np.array([len(division.train)])
            folds = propose_folds(config, round(left), smallest_label(config, sizes), int(sizes.max()), work=work).value
            repeats = propose_repeats(config, round(left), folds, work=work).value
        # By time a fold learns from half of the rows, taken over all of them.
        learned = round(left / 2) if division.forward else round(left * (folds - 1) / folds)
        free = available_memory()
        specs = _specs(prepared, config, round(left), learned, folds)
        measured, columns = probe(prepared, specs, Path(name), whole=(learned, free), seconds=seconds, tell=tell)
    return extrapolate(
        measured,
        rows=learned,
        columns=columns or len(prepared.work.features.columns),
        folds=folds * repeats,
        cores=cores(config),
        budget=0.0 if config.budget.trials else config.budget.seconds,
        free=free,
        took=time.monotonic() - begun,
    )


def _specs(prepared: Prepared, config: ExperimentConfig, rows: int, learned: int, folds: int) -> list[Spec]:
    """Return what the run fits before it proposes anything, of a table of which the sample's target is known."""
    work = prepared.work
    y, gaps = np.resize(work.y[work.division.train], rows), partial(gaps_in, work)
    chosen = first_specs(config, work.schema, y, len(prepared.classes), learned=learned, gaps=gaps)
    if rows // max(folds, 1) < FEW and not config.candidates:
        chosen = [steady(spec) for spec in chosen]
    return chosen[: config.budget.trials] if config.budget.trials else chosen
