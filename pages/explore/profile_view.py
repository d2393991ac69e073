"""A profile, drawn: its size, what is missing together, what goes together. Alerts and cards have modules of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.explore.cards_view import short
from pages.shared import caches, errors

if TYPE_CHECKING:
    from automl_core.data.dataset import Dataset
    from automl_core.profiling.profile import Profile

AT_ONCE = 2_000_000
"""Cells that are looked at while the page waits; larger tables are looked at by a job."""
AT_ONCE_COLUMNS = 1_000
"""Columns up to which that holds."""


def at_once(data: Dataset, target: str) -> Profile:
    """Return the profile of a table that is small enough to wait for."""
    return _profile(data.fingerprint, target, data)


@st.cache_resource(max_entries=8, show_spinner=False)
def _profile(fingerprint: str, target: str, _data: Dataset) -> Profile:
    from automl_core.profiling.profile import profile

    return profile(caches.frame(_data), _data.schema, target)


def from_file(path: Path) -> Profile:
    """Return the profile that a job left."""
    return _stored(str(path), *caches.stamp(path))


@st.cache_resource(max_entries=8, show_spinner=False)
def _stored(path: str, changed: int, size: int) -> Profile:
    from automl_core.profiling.profile import Profile
    from automl_core.workspace import read_json

    return Profile.from_dict(read_json(Path(path)))


def draw_numbers(found: Profile) -> None:
    """Draw the size of the table and of its trouble."""
    cells = found.rows * len(found.columns)
    with st.grid("auto", min_column_width=140):
        st.metric("Rows", f"{found.rows:,}")
        st.metric("Columns", f"{len(found.columns):,}")
        part = found.missing / max(cells, 1)
        share = f"{f'{part:.1%}' if part >= 0.0005 else 'less than 0.1%'} of all" if found.missing else None
        st.metric("Missing cells", f"{found.missing:,}", share, delta_color="off", delta_arrow="off")
        st.metric("Duplicate rows", f"{found.duplicates:,}")
        st.metric("To look at", f"{len(found.alerts):,}")


def draw_missing(found: Profile) -> None:
    """Draw which columns are missing together; nothing where no cell is missing."""
    lies = found.missingness
    if not any(pattern.count for pattern in lies.patterns):
        st.caption("No cell is missing.")
        return
    for names in lies.together[:5]:
        listed = ", ".join(short(name) for name in names[:8]) + (f" and {len(names) - 8:,} more" if len(names) > 8 else "")
        st.caption(f":material/link: Missing in exactly the same rows: {errors.plain(listed)}.")
    rows = [
        {
            "Missing in these rows": ", ".join(short(name) for name in pattern.columns[:8])
            + (f" and {pattern.count - 8:,} more" if pattern.count > 8 else "")
            or "nothing",
            "Columns": pattern.count,
            "Rows": pattern.rows,
            "Share": pattern.rows / found.rows,
        }
        for pattern in lies.patterns
    ]
    if lies.others:
        other = {"Missing in these rows": "other combinations", "Columns": None, "Rows": lies.others}
        rows.append({**other, "Share": lies.others / found.rows})
    config = {
        "Rows": st.column_config.NumberColumn(format="localized"),
        "Share": st.column_config.ProgressColumn("Share of rows", format="percent", min_value=0, max_value=1),
    }
    alt = "Combinations of columns that are missing together, the most frequent first"
    st.dataframe(rows, hide_index=True, key="explore_missing", column_config=config, alt=alt)


@st.fragment
def draw_associations(found: Profile) -> None:
    """Draw what goes together with one column, as a chart with its table; another column draws only this again."""
    from automl_core.charts.profile import association_figure
    from automl_core.profiling.associations import METHODS, PAIRED

    names = list(dict.fromkeys(name for pair in found.associations for name in (pair.first, pair.second)))
    if not names:
        st.caption(
            "There are no two columns to compare. Keys, free texts and columns with one value take no part, "
            f"and two columns need at least {PAIRED} rows in common."
        )
        return
    names.sort(key=lambda name: name != found.target)
    column = st.selectbox(
        "Column", names, key=f"explore_column_{found.target}", help="What goes together with this column. The target comes first."
    )
    pairs = sorted((pair for pair in found.associations if column in (pair.first, pair.second)), key=lambda pair: -pair.strength)
    alt = f"What goes together with {column}"
    st.plotly_chart(association_figure(pairs, column), key="explore_associations", config={"displayModeBar": False}, alt=alt)
    with st.expander("As a table"):
        rows = [
            {
                "Column": pair.second if pair.first == column else pair.first,
                "Strength": round(pair.strength, 3),
                "Direction": {1: "rises with it", -1: "falls as it rises"}.get(pair.sign, ""),
                "Measure": METHODS[pair.method],
            }
            for pair in pairs
        ]
        st.dataframe(rows, hide_index=True, key="explore_association_table", alt=alt)
