"""A drift report as one self-contained page of HTML: no scripts, nothing loaded from elsewhere, light and dark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from automl_core.drift.methods import METHODS
from automl_core.drift.report import Chunk, ColumnDrift, DriftReport, Verdict
from automl_core.profiling.wording import number, percent

LIMIT = 1_900_000
"""Most bytes of a page."""
SIZES = ((200, 5000), (100, 3000), (50, 1000), (20, 300))
"""Columns with a picture, and others that get a line, as many as there is room for."""
WORDS: dict[Verdict, str] = {"nothing": "Nothing", "watch": "Watch", "act": "Act"}
HEIGHT = 60.0
BAR = 12.0


@dataclass(frozen=True)
class Bar:
    """One bar of a small picture: what it holds, and the heights of both shares."""

    x: float
    label: str
    before: float
    after: float
    told: str


def drift_html(report: DriftReport) -> str:
    """Return a report as HTML of at most `LIMIT` bytes; words of personal columns are not in a report."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("automl_core"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.get_template("drift.html")
    page = ""
    for pictured, lines in SIZES:
        page = template.render(
            report=report,
            words=WORDS,
            cards=[_card(column) for column in report.columns[:pictured]],
            outcomes=[_card(column) for column in (*report.prediction, *report.target)],
            rest=[_card(column) for column in report.columns[pictured : pictured + lines]],
            more=max(len(report.columns) - pictured - lines, 0),
            estimates=report.performance,
            joint=report.joint,
            relation=report.relation,
            line=timeline(report.chunks),
            number=number,
            percent=percent,
        )
        if len(page.encode("utf-8", errors="replace")) <= LIMIT:
            break
    return page


def _card(column: ColumnDrift) -> dict[str, Any]:
    method = METHODS.get(column.method)
    told = ""
    if method is not None and column.statistic is not None and column.threshold is not None:
        sign = ("≤" if column.drifted else ">") if method.test else ("≥" if column.drifted else "<")
        what = "p-value " if method.test else ""
        told = f"{method.label} {what}{number(column.statistic, 3)} {sign} {number(column.threshold, 3)}"
    return {"column": column, "method": told, "bars": _bars(column), "width": BAR * len(column.picture.labels)}


def _bars(column: ColumnDrift) -> list[Bar]:
    picture = column.picture
    highest = max((*picture.before, *picture.after), default=0) or 1
    return [
        Bar(
            BAR * place, label, round(HEIGHT * before / highest, 1), round(HEIGHT * after / highest, 1),
            f"{label}: before {percent(before)}, now {percent(after)}",
        )
        for place, (label, before, after) in enumerate(zip(picture.labels, picture.before, picture.after, strict=True))
    ]  # fmt: skip


def timeline(chunks: tuple[Chunk, ...]) -> list[dict[str, Any]]:
    """Return the rows of the time line's table: label, rows, verdict, largest shift, estimates and truth."""
    rows = []
    for chunk in chunks:
        column, shift = max(chunk.effects.items(), key=lambda item: item[1], default=("", 0.0))
        rows.append(
            {
                "label": chunk.label,
                "rows": chunk.rows,
                "verdict": chunk.verdict,
                "largest": f"{column}, {percent(shift)}" if shift else "",
                "estimates": {name: number(value, 3) for name, value in chunk.estimates.items()},
                "true": {name: number(value, 3) for name, value in chunk.true.items()},
                "sentence": chunk.sentence,
            }
        )
    return rows
