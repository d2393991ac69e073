"""The forecast's charts hold what the forecast says."""

from __future__ import annotations

import pytest

from automl_core.charts.forecast import bars, forecast_figure
from automl_core.search.forecast import FamilyForecast, Forecast
from automl_core.search.memory import GB

FORECAST = Forecast(
    800, 5, 5, 2, 60.0, 4 * GB, 3.0, None, (
        FamilyForecast("linear", "Linear models", ("lr",), "", 2.0, 1.0, 4.0, GB / 2, GB / 4, GB),
        FamilyForecast("boosting", "Boosting, <b>", ("x",), "", 90.0, 30.0, 200.0, GB, GB / 2, 2 * GB, "shortened", "Ends."),
        FamilyForecast("forest", "Forests", ("rf",), "", 50.0, 20.0, 90.0, GB, GB / 2, 2 * GB, "perhaps", "Perhaps."),
        FamilyForecast("kernel", "Kernel methods", ("gpc",), "", 0.0, 0.0, 0.0, 31 * GB, 20 * GB, 50 * GB, "no memory", "No."),
        FamilyForecast("tree", "Single trees", ("dt",), "", verdict="failed", reason="There was no time to try it."),
    )
)  # fmt: skip


def test_seconds_are_drawn_of_the_families_that_have_some() -> None:
    found = bars(FORECAST, "seconds")
    assert found.labels == ("Linear models", "Boosting, <b>", "Forests")
    assert (found.middle, found.low, found.high) == ((2.0, 90.0, 50.0), (1.0, 30.0, 20.0), (4.0, 200.0, 90.0))
    assert found.groups == ("Fits", "Fits", "May not fit")
    assert found.limit == 60.0


def test_memory_is_in_gigabytes_beside_what_is_free() -> None:
    found = bars(FORECAST, "memory")
    assert found.labels[-1] == "Kernel methods"
    assert (found.middle[-1], found.low[-1], found.high[-1]) == (31.0, 20.0, 50.0)
    assert found.groups[-1] == "Does not fit"
    assert found.limit == 4.0


@pytest.mark.parametrize(("what", "traces"), [("seconds", 4), ("memory", 5)])
def test_the_figure_has_a_bar_from_low_to_high_and_the_limit(what, traces: int) -> None:
    figure = forecast_figure(FORECAST, what)
    assert len(figure.data) == traces
    first = figure.data[0]
    found = bars(FORECAST, what)
    assert (first.name, first.base[0], first.base[0] + first.x[0]) == ("Fits", found.low[0], found.high[0])
    assert figure.layout.xaxis.type == "log"
    assert "&lt;b&gt;" in figure.layout.yaxis.ticktext[1]
    assert list(figure.data[-1].x) == [found.limit, found.limit]


def test_a_forecast_without_rows_draws_nothing_and_does_not_fail() -> None:
    empty = Forecast(1, 1, 2, 1, 0.0, 0)
    assert [trace.type for trace in forecast_figure(empty, "seconds").data] == ["scatter"]
