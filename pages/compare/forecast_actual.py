"""A run's forecast set against what its models took."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from automl_core.errors import AutoMLError
from pages.compare.forecast_view import seconds
from pages.shared import caches

if TYPE_CHECKING:
    from automl_core.runs import Run
    from automl_core.search.forecast import Compared

WORDS = {True: "Yes", False: "No", None: ""}


def against(run: Run) -> None:
    """Set a run's forecast against what its models took; nothing is drawn where there was no forecast."""
    from automl_core.search.forecast import Forecast, compare

    path = run.path / "forecast.json"
    if not path.exists() or run.params.get("relearn"):
        return
    try:
        rows = compare(Forecast.from_dict(caches.result(path)), run.leaderboard())
    except (AutoMLError, KeyError, TypeError):
        return  # a damaged forecast is no reason not to show the run
    known = [row for row in rows if row.within is not None]
    if not known:
        return
    with st.expander("Forecast against actual", icon=":material/hourglass_bottom:"):
        others, weighed = len(rows) - len(known), [row for row in known if row.bytes_within is not None]
        st.caption(
            f"{sum(bool(row.within) for row in known)} of {len(known)} families took as long as forecast"
            + (f", {sum(bool(row.bytes_within) for row in weighed)} of {len(weighed)} as much memory" if weighed else "")
            + ". An interval is meant to hold four of five. Boosting stops by itself, which is hard to foresee."
            + (f" Of {others} more no model was scored." if others else "")
        )
        st.dataframe(
            [
                {
                    "Models": row.label,
                    "Forecast, s": seconds(row.forecast),
                    "Likely, s": f"{seconds(row.low)} to {seconds(row.high)}",
                    "Took, s": seconds(row.actual) if row.actual is not None else "",
                    "Scored": row.models,
                    "As forecast": WORDS[row.within],
                    **(_memory(row) if weighed else {}),
                }
                for row in known
            ],
            hide_index=True,
            key=f"compare_{run.id}_forecast",
            alt="Forecast against actual",
            placeholder="",
            column_config={
                name: st.column_config.TextColumn(alignment="right", help=text)
                for name, text in (
                    ("Forecast, s", "One model over all folds, folds side by side on all cores."),
                    ("Likely, s", "Four of five should take this long."),
                    ("Took, s", "The same, measured: the mean over the family's scored models."),
                    ("Memory, likely", "The most that one fit takes, with an interval that holds four of five."),
                    ("Memory, taken", "The most that a fit of the family took; empty where it was not measured."),
                )
            },
        )


def _memory(row: Compared) -> dict[str, str]:
    from automl_core.search.memory import size_words

    return {
        "Memory, likely": f"{size_words(row.bytes_low)} to {size_words(row.bytes_high)}" if row.bytes else "",
        "Memory, taken": size_words(row.bytes_actual) if row.bytes_actual else "",
        "Memory as forecast": WORDS[row.bytes_within],
    }
