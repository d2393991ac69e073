"""What a comparison will cost: asked for before the start, set against what it took afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from automl_core.workspace import ProjectFolder
from pages.shared import caches, errors, job_state, jobs, people

if TYPE_CHECKING:
    from automl_core.search.forecast import FamilyForecast, Forecast

KIND = "forecast"
VERDICTS = {
    "fits": "Fits",
    "shortened": "Fits, shortened",
    "perhaps": "May not fit",
    "no time": "Too long",
    "no memory": "Too large",
    "failed": "Not known",
}


def button(project: ProjectFolder, params: dict[str, Any]) -> bool:
    """Draw the button that asks for the forecast of a run with these settings, unless there is one; return its click."""
    found = jobs.find(project, KIND, params)
    if found is not None and ((found / "forecast.json").exists() or job_state.follow(found).active):
        return False
    return st.button(
        "Forecast",
        key="compare_forecast_start",
        icon=":material/hourglass_top:",
        **people.changing(
            "Fits small samples for about five seconds, then says how long each family of models will take and how much "
            "memory it needs. Nothing is kept, and you can start at once without it."
        ),
    )


def ask(project: ProjectFolder, params: dict[str, Any]) -> None:
    """Start the forecast."""
    with errors.shown() as outcome, st.spinner("Starting"):
        jobs.start(project, KIND, params)
    if not outcome.failed:
        st.rerun()


def draw(project: ProjectFolder, params: dict[str, Any]) -> None:
    """Draw the forecast of a run with these settings, or its progress; nothing where it was not asked for."""
    found = jobs.find(project, KIND, params)
    if found is None:
        return
    if (found / "forecast.json").exists():
        with errors.shown():
            from automl_core.search.forecast import Forecast

            _draw(Forecast.from_dict(caches.result(found / "forecast.json")))
    else:
        jobs.panel(project, found.name, key="compare_forecast")


def before_start(project: ProjectFolder, params: dict[str, Any]) -> dict[str, Any]:
    """Return what a run's request keeps of its forecast; one that is still being made is stopped, so that the run starts."""
    from automl_core.jobs.control import stop

    found = jobs.find(project, KIND, params)
    if found is None:
        return {}
    if (found / "forecast.json").exists():
        return {"forecast": caches.result(found / "forecast.json")}
    if job_state.follow(found).active:
        stop(caches.workspace(), project.id, found.name)
    return {}


def rows(forecast: Forecast) -> list[dict[str, Any]]:
    """Return the forecast's rows for the table: the preparation of the data first."""
    found = [*([forecast.preparation] if forecast.preparation else []), *forecast.families]
    return [_row(row) for row in found]


def _row(row: FamilyForecast) -> dict[str, Any]:
    from automl_core.search.memory import size_words

    return {
        "Models": row.label,
        "Count": len(row.models) or None,
        "Seconds": seconds(row.seconds) if row.seconds else "",
        "Likely": f"{seconds(row.seconds_low)} to {seconds(row.seconds_high)}" if row.seconds else "",
        "Memory": size_words(row.bytes) if row.bytes else "",
        "Likely memory": f"{size_words(row.bytes_low)} to {size_words(row.bytes_high)}" if row.bytes else "",
        "In time and memory": VERDICTS[row.verdict],
        "Reason": row.reason,
    }


def seconds(value: float) -> str:
    """Return seconds with two significant digits, whole ones from 10 on."""
    return f"{value:,.0f}" if value >= 9.95 else f"{value:.1f}" if value >= 0.95 else f"{value:.2f}"


def _draw(forecast: Forecast) -> None:
    from automl_core.charts.forecast import bars, forecast_figure
    from automl_core.search.memory import size_words

    cores = "1 core" if forecast.cores == 1 else f"{forecast.cores} cores"
    st.caption(
        f":material/hourglass_top: Forecast for {forecast.rows:,} rows to learn from in each of {forecast.folds} folds, "
        f"{forecast.columns:,} columns after encoding, {cores}, {size_words(forecast.free)} of memory free. Each bar is one "
        "model over all folds; four of five should end within it."
    )
    with st.grid("auto", min_column_width=360):
        for what, name in (("seconds", "Seconds"), ("memory", "Memory")):
            if bars(forecast, what).labels:  # type: ignore[arg-type]
                st.plotly_chart(
                    forecast_figure(forecast, what),  # type: ignore[arg-type]
                    key=f"compare_forecast_{what}",
                    config={"displayModeBar": False},
                    alt=f"{name} that each family of models is expected to take, with intervals",
                )
    table = rows(forecast)
    st.dataframe(
        table,
        hide_index=True,
        key="compare_forecast_table",
        column_order=[name for name in table[0] if name != "Reason" or any(row["Reason"] for row in table)] if table else [],
        alt="Forecast",
        placeholder="",
        column_config={
            "Count": st.column_config.NumberColumn(width="small", help="Models of this family that the run would try."),
            "Seconds": st.column_config.TextColumn(
                alignment="right", help="One model over all folds, learning and predicting, folds side by side on all cores."
            ),
            "Likely": st.column_config.TextColumn(alignment="right", help="Four of five should take this long."),
            "Memory": st.column_config.TextColumn(alignment="right", help="The most that one fit takes."),
            "Likely memory": st.column_config.TextColumn(alignment="right", help="Four of five should take this much."),
            "In time and memory": st.column_config.TextColumn(
                help="Whether one model fits into the time of the run and into the free memory. Boosting can end earlier."
            ),
            "Reason": st.column_config.TextColumn(width="large"),
        },
    )
