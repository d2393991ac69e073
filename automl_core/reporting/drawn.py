"""The sections of a report that are there when they were computed: groups, ranges, single columns, the learning curve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_core.evaluation.coverage import Coverage
from automl_core.evaluation.failing import Failing
from automl_core.evaluation.fairness import Fairness
from automl_core.evaluation.judged import judged_folder, main_source
from automl_core.evaluation.learning import LearningCurve
from automl_core.explaining.reasons import Reasons
from automl_core.leaderboard import Candidate
from automl_core.reporting.contents import CONTENTS
from automl_core.runs import Run
from automl_core.workspace import read_json

if TYPE_CHECKING:
    from automl_core.charts.effects import ReportChart

COMPARED = 6
"""Most columns whose groups are shown."""


@dataclass(frozen=True)
class Section:
    """A section with charts; `note` is said above them."""

    title: str
    note: str
    charts: tuple[ReportChart, ...]


def drawn_sections(run: Run, candidate: Candidate, contents: tuple[str, ...]) -> dict[str, Section]:
    """Draw what is there of the sections that a report is to hold, by their names."""
    found = {}
    for name, draw in DRAWERS.items():
        if name in contents and (made := draw(run, candidate)) is not None:
            note, charts = made
            found[name] = Section(CONTENTS[name], note, tuple(map(_trusted, charts)))
    return found


Made = tuple[str, "tuple[ReportChart, ...]"] | None


def _fails(run: Run, candidate: Candidate) -> Made:
    from automl_core.charts.judged import failing_charts, failing_note

    data = _read(judged_folder(run, candidate.id, main_source(run)) / "fails.json")
    if data is None:
        return None
    found = Failing.from_dict(data)
    return failing_note(found), failing_charts(found)


def _fairness(run: Run, candidate: Candidate) -> Made:
    from automl_core.charts.judged import fairness_charts

    paths = sorted(compared(run, candidate.id), key=lambda path: -path.stat().st_mtime_ns)[:COMPARED]
    found = sorted((Fairness.from_dict(read_json(path)) for path in paths), key=lambda one: (one.column, one.label))
    return ("", fairness_charts(found)) if found else None


def compared(run: Run, candidate_id: str) -> list[Path]:
    """Return the comparisons of groups that a person asked for, on the rows that a model is judged on first."""
    return list(judged_folder(run, candidate_id, main_source(run)).glob("fair-*.json"))


def _ranges(run: Run, candidate: Candidate) -> Made:
    from automl_core.charts.judged import coverage_chart

    data = _read(judged_folder(run, candidate.id, main_source(run)) / "coverage.json")
    if data is None:
        return None
    found = Coverage.from_dict(data)
    return found.note, (coverage_chart(found, run.config.target),)


def _effects(run: Run, candidate: Candidate) -> Made:
    from automl_core.charts.effects import effect_charts, effects_note

    data = _read(run.reasons(candidate.id))
    if data is None:
        return None
    reasons = Reasons.from_dict(data).named(run.config.target)
    return effects_note(reasons), effect_charts(reasons)


def _learning(run: Run, candidate: Candidate) -> Made:
    from automl_core.charts.effects import learning_chart

    data = _read(run.learning(candidate.id))
    if data is None:
        return None
    curve = LearningCurve.from_dict(data)
    return (curve.sentence, (learning_chart(curve, candidate.id),)) if curve.points else None


DRAWERS: dict[str, Callable[[Run, Candidate], Made]] = {
    "fails": _fails,
    "fairness": _fairness,
    "ranges": _ranges,
    "effects": _effects,
    "learning": _learning,
}


def _read(path: Path) -> Any:
    return read_json(path) if path.exists() else None


def _trusted(chart: ReportChart) -> ReportChart:
    """Return a chart whose SVG, which we have drawn ourselves, the template takes as it is."""
    from markupsafe import Markup

    return replace(chart, svg=Markup(chart.svg))
