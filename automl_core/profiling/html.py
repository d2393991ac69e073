"""A profile as one self-contained page of HTML: no scripts, nothing loaded from elsewhere, light and dark."""

from __future__ import annotations

from typing import Any

from automl_core.profiling.profile import Profile
from automl_core.profiling.summaries import ColumnProfile

COLUMNS = 1000
"""Most columns with a card; a page stays below 2 MB."""
PAIRS = 40


def profile_html(profile: Profile, title: str) -> str:
    """Return a profile as HTML.

    Parameters
    ----------
    profile : Profile
    title : str
        Name of the table.
    """
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("automl_core"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("profile.html").render(
        title=title,
        profile=profile,
        cards=[_card(column) for column in profile.columns[:COLUMNS]],
        more=max(len(profile.columns) - COLUMNS, 0),
        pairs=[pair for pair in profile.associations[:PAIRS] if pair.strength >= 0.1],
    )


def facts(column: ColumnProfile) -> list[tuple[str, str]]:
    """Return what is worth saying of a column, as name and value for people."""
    said = [("missing", f"{column.missing:,} ({column.missing_share:.1%})" if column.missing else "none"), ("different", f"{column.distinct:,}")]
    numbers = column.numbers
    if column.kind == "number" and numbers:
        said += [
            ("mean ± sd", f"{numbers['mean']:,.4g} ± {numbers['sd']:,.3g}"),
            ("middle half", f"{numbers['q25']:,.4g} to {numbers['q75']:,.4g}"),
            ("range", f"{numbers['min']:,.4g} to {numbers['max']:,.4g}"),
        ]
    elif column.kind == "date" and column.first:
        said.append(("range", f"{column.first[:10]} to {column.last[:10]}"))
    elif column.kind == "text" and numbers:
        said.append(("length", f"{numbers['shortest']:,.0f} to {numbers['longest']:,.0f} characters"))
    return said


def _card(column: ColumnProfile) -> dict[str, Any]:
    highest = max(column.counts, default=0)
    bars = [round(36 * count / highest, 1) if highest else 0 for count in column.counts]
    most = column.values[0][1] if column.values else 1
    values = [(value, count, round(100 * count / most)) for value, count in column.values[:6]]
    return {"column": column, "facts": facts(column), "bars": bars, "common": values}
