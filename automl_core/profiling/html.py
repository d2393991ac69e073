"""A profile as one self-contained page of HTML: no scripts, nothing loaded from elsewhere, light and dark."""

from __future__ import annotations

from typing import Any

from automl_core.profiling.profile import Profile
from automl_core.profiling.summaries import ColumnProfile
from automl_core.profiling.wording import number

LIMIT = 1_900_000
"""Most bytes of a page; wider tables get fewer cards, and the page says how many are left out."""
CARDS = (1000, 500, 200, 100, 50)
SENTENCES = 300
"""Most alerts on a page; the most severe come first."""
PAIRS = 40
MEASURES = {"spearman": "Spearman", "cramers_v": "Cramér's V", "correlation_ratio": "correlation ratio"}


def profile_html(profile: Profile, title: str) -> str:
    """Return a profile as HTML.

    Parameters
    ----------
    profile : Profile
    title : str
        Name of the table.

    Returns
    -------
    str
        At most `LIMIT` bytes of UTF-8.
    """
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("automl_core"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.get_template("profile.html")
    page = ""
    for most in CARDS:
        personal = {name for alert in profile.alerts if alert.code == "personal_data" for name in alert.columns}
        page = template.render(
            title=title,
            profile=profile,
            alerts=profile.alerts[:SENTENCES],
            more_alerts=max(len(profile.alerts) - SENTENCES, 0),
            cards=[_card(column, column.name in personal) for column in profile.columns[:most]],
            more=max(len(profile.columns) - most, 0),
            measures=MEASURES,
            pairs=[pair for pair in profile.associations[:PAIRS] if pair.strength >= 0.1],
        )
        if len(page.encode("utf-8", errors="replace")) <= LIMIT:
            break
    return page


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


def _card(column: ColumnProfile, personal: bool) -> dict[str, Any]:
    # A page is made to be sent: people's addresses stay at home, and so do free texts, which name people too often.
    highest = max(column.counts, default=0)
    bars = [round(36 * count / highest, 1) if highest else 0 for count in column.counts]
    most = column.values[0][1] if column.values else 1
    values = [(value, count, round(100 * count / most)) for value, count in column.values[:6]]
    return {"column": column, "facts": facts(column), "bars": bars, "common": [] if personal else values, "personal": personal}
