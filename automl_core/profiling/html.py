"""A profile as one self-contained page of HTML: no scripts, nothing loaded from elsewhere, light and dark."""

from __future__ import annotations

from typing import Any

from automl_core.data.wording import cut
from automl_core.profiling.column import ColumnProfile
from automl_core.profiling.leakage import Leakage
from automl_core.profiling.missingness import Pattern
from automl_core.profiling.profile import Profile
from automl_core.profiling.relation import Relation
from automl_core.profiling.wording import LONG, number

LIMIT = 1_900_000
"""Most bytes of a page."""
SIZES = ((1000, 20_000), (500, 10_000), (200, 8_000), (100, 4_000), (50, 1_000))
"""Columns that get a card, and others that get a line, as many as there is room for."""
SENTENCES = 300
"""Most alerts on a page; the most severe come first."""
PAIRS = 40
MEASURES = {"spearman": "Spearman", "cramers_v": "Cramér's V", "correlation_ratio": "correlation ratio"}
SCORES = {"auc": "AUC alone", "r2": "R² alone"}


def profile_html(profile: Profile, title: str, leakage: Leakage | None = None) -> str:
    """Return a profile as HTML.

    Parameters
    ----------
    profile : Profile
    title : str
        Name of the table.
    leakage : Leakage, optional
        What was measured of leakage.

    Returns
    -------
    str
        At most `LIMIT` bytes of UTF-8. Cells of free texts, keys and personal data are not on it.
    """
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("automl_core"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.get_template("profile.html")
    relations = {relation.name: relation for relation in profile.relations}
    page = ""
    for most, lines in SIZES:
        rest = profile.columns[most : most + lines]
        page = template.render(
            title=title,
            profile=profile,
            alerts=profile.alerts[:SENTENCES],
            more_alerts=max(len(profile.alerts) - SENTENCES, 0),
            cards=[_card(column, relations.get(column.name)) for column in profile.columns[:most]],
            rest=[_line(column) for column in rest],
            more=max(len(profile.columns) - most - lines, 0),
            measures=MEASURES,
            pairs=[pair for pair in profile.associations[:PAIRS] if pair.strength >= 0.1],
            patterns=[(_shortened(pattern), pattern.rows) for pattern in profile.missingness.patterns],
            leakage=leakage,
        )
        if len(page.encode("utf-8", errors="replace")) <= LIMIT:
            break
    return page


def _shortened(pattern: Pattern) -> str:
    if not pattern.count:
        return "nothing"
    named = ", ".join(name[:60] for name in pattern.columns[:8])
    return named if pattern.count <= 8 else f"{named} and {pattern.count - 8:,} more"


def facts(column: ColumnProfile) -> list[tuple[str, str]]:
    """Return what is worth saying of a column, as name and value for people."""
    missing = f"{column.missing:,} ({column.missing_share:.1%})" if column.missing else "none"
    said = [("missing", missing), ("different", f"{column.distinct:,}")]
    numbers = column.numbers
    if column.kind == "number" and numbers:
        said += [
            ("mean ± sd", f"{number(numbers['mean'])} ± {number(numbers['sd'], 3)}"),
            ("middle half", f"{number(numbers['q25'])} to {number(numbers['q75'])}"),
            ("range", f"{number(numbers['min'])} to {number(numbers['max'])}"),
        ]
    elif column.kind == "date" and column.first:
        said.append(("range", f"{column.first[:10]} to {column.last[:10]}"))
    elif column.kind == "text" and numbers:
        said.append(("length", f"{numbers['shortest']:,.0f} to {numbers['longest']:,.0f} characters"))
    return said


def _card(column: ColumnProfile, relation: Relation | None) -> dict[str, Any]:
    # A page is made to be sent: free texts stay at home, since they name people too often.
    highest = max(column.counts, default=0)
    bars = [round(36 * count / highest, 1) if highest else 0 for count in column.counts]
    most = column.values[0][1] if column.values else 1
    values = [(value, count, round(100 * count / most)) for value, count in column.values[:6]]
    said = [*facts(column), (SCORES[relation.measure], f"{round(relation.score, 2) + 0.0:.2f}")] if relation else facts(column)
    return {"column": column, "facts": said, "bars": bars, "common": values}


def _line(column: ColumnProfile) -> tuple[str, str, str, str]:
    return cut(column.name, LONG), column.kind, f"{column.missing_share:.1%}" if column.missing else "", f"{column.distinct:,}"
