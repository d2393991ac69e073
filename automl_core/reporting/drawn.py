"""The charts of a report that are computed only when somebody asks: what single columns do, and the learning curve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from automl_core.evaluation.learning import LearningCurve
from automl_core.explaining.reasons import Reasons
from automl_core.leaderboard import Candidate
from automl_core.runs import Run
from automl_core.workspace import read_json

if TYPE_CHECKING:
    from automl_core.charts.effects import ReportChart


@dataclass(frozen=True)
class Drawn:
    """Charts by the name of their section, and what is said of the columns that are shown."""

    charts: Mapping[str, tuple[ReportChart, ...]]
    note: str = ""


def single_columns(run: Run, candidate: Candidate, contents: tuple[str, ...]) -> Drawn:
    """Draw what is there of ``effects`` and ``learning``, where the report is to hold it."""
    from automl_core.charts.effects import effect_charts, effects_note, learning_chart

    charts, note = {}, ""
    if "effects" in contents and (path := run.reasons(candidate.id)).exists():
        reasons = Reasons.from_dict(read_json(path))
        charts["effects"], note = effect_charts(reasons), effects_note(reasons)
    if "learning" in contents and (path := run.learning(candidate.id)).exists():
        curve = LearningCurve.from_dict(read_json(path))
        charts["learning"] = (learning_chart(curve, candidate.id),) if curve.points else ()
    return Drawn({name: tuple(map(_trusted, drawn)) for name, drawn in charts.items()}, note)


def _trusted(chart: ReportChart) -> ReportChart:
    """Return a chart whose SVG, which we have drawn ourselves, the template takes as it is."""
    from markupsafe import Markup

    return replace(chart, svg=Markup(chart.svg))
