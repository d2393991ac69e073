"""Groups, rates and ranges as charts of the report: the same numbers in the chart, the table and the words."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from automl_core.charts.judged import (
    FAIR,
    FAIR_ERRORS,
    coverage_chart,
    failing_charts,
    failing_note,
    fairness_chart,
    fairness_charts,
)
from automl_core.evaluation.coverage import Coverage, Held
from automl_core.evaluation.evaluate import Score
from automl_core.evaluation.failing import Failing, Group
from automl_core.evaluation.fairness import Fairness, GroupRates, fairness_sentence
from tests.charts.conftest import HOSTILE
from tests.charts.test_svg import texts

# Matplotlib calls pyparsing by its old names.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:matplotlib.*")


def failing(words: str = "'town' is 'Rome'", error_name: str = "wrong") -> Failing:
    group = Group(words, 40, 0.2, 0.5, 0.35, 0.65, 2.5, 0.4)
    return Failing(error_name, 200, 0.2, (group,), 3, (), ("town", "age"), ("Half of the rows found the groups.",))


def test_the_groups_in_which_it_errs_most() -> None:
    (chart,) = failing_charts(failing())
    assert chart.table.columns == ("Where", "Error", "95 % interval", "Rows", "Of all errors")
    assert chart.table.rows == (("'town' is 'Rome'", "50 %", "35 % to 65 %", "40", "40 %"),)
    assert chart.table.says == "Where 'town' is 'Rome', the error is 2.5 times that of all rows."
    assert {"'town' is 'Rome'", "Share of wrong labels"} <= set(texts(chart.svg))
    assert chart.svg.count("stroke-dasharray") == 1  # all rows
    assert failing_note(failing()) == (
        "Error is the share of rows whose label is wrong; over all 200 rows it is 20 %. Half of the rows found the groups."
    )
    (chart,) = failing_charts(failing(error_name="absolute"))
    assert "Mean absolute error" in texts(chart.svg)


def test_a_model_without_bad_groups_says_so() -> None:
    none = Failing("absolute", 200, 12.5, (), 3, (), ("town",))
    assert failing_charts(none) == ()
    assert failing_note(none) == (
        "Error is how far predictions are off. No group is surely worse than all 200 rows together, whose error is 12.5."
    )


def test_the_rates_of_groups() -> None:
    rates = {"selection": Score(0.5, 0.4, 0.6), "found": Score(0.8, None, None)}
    other = {"selection": Score(0.2, 0.1, 0.3)}
    found = Fairness("town", "yes", (GroupRates("Rome", 40, rates), GroupRates("Oslo", 30, other)), {}, {})
    chart = fairness_chart(found)
    assert (chart.title, chart.reading) == (
        "Groups of town, for yes",
        f"{FAIR} Selected means that 'yes' is predicted.",
    )
    assert chart.table.columns == ("Group", "Rows", "Selected", "Found among those with it")
    assert chart.table.rows == (("Rome", "40", "50 % (40 % to 60 %)", "80 %"), ("Oslo", "30", "20 % (10 % to 30 %)", ""))
    assert chart.table.says == fairness_sentence(found)
    assert {"Rome", "Oslo", "Selected", "Found among those with it"} <= set(texts(chart.svg))
    errors = {"error": Score(3.0, 2.0, 4.0), "bias": Score(-1.0, -2.0, 0.0)}
    chart = fairness_chart(Fairness("town", "", (GroupRates("Rome", 40, errors), GroupRates("Oslo", 30, errors)), {}, {}))
    assert (chart.title, chart.reading) == ("Groups of town", FAIR_ERRORS)
    assert chart.table.rows[0] == ("Rome", "40", "3 (2 to 4)", "-1 (-2 to 0)")
    assert "Mean absolute error" in texts(chart.svg) and "Predicted minus actual" not in texts(chart.svg)


def test_columns_that_are_cut_alike_have_titles_of_their_own() -> None:
    """Titles are keys of the report's tables: the second table took the place of the first."""
    groups = (GroupRates("Rome", 40, {"selection": Score(0.5, 0.4, 0.6)}),) * 2
    long = "the region in which the customer lived when the contract was signed"
    charts = fairness_charts([Fairness(f"{long} {end}", "yes", groups, {}, {}) for end in ("first", "last")])
    assert [chart.title for chart in charts] == [chart.table.title for chart in charts]
    first, second = (chart.title for chart in charts)
    assert first.endswith("…, for yes") and second == f"{first} (2)"
    assert second in charts[1].svg


def test_certainty_asked_for_and_kept() -> None:
    held = (Held(0.8, 0.78, 0.7, 0.85, 1.5), Held(0.9, 0.91, 0.85, 0.95, None))
    chart = coverage_chart(Coverage(100, 400, held, (), sets=(60, 40)), "bought")
    assert chart.table.columns == ("Asked", "Inside", "95 % interval", "Labels on average")
    assert chart.table.rows == (("80 %", "78 %", "70 % to 85 %", "1.5"), ("90 %", "91 %", "85 % to 95 %", "endless"))
    assert chart.table.says == Coverage(100, 400, held, (), sets=(60, 40)).sentence("bought")
    assert {"Asked for", "Lay inside"} <= set(texts(chart.svg))


def test_hostile_names_stay_text() -> None:
    groups = (GroupRates(HOSTILE, 40, {"selection": Score(0.5, 0.4, 0.6)}),) * 2
    charts = [*failing_charts(failing(HOSTILE)), fairness_chart(Fairness(HOSTILE, HOSTILE, groups, {}, {}))]
    for chart in charts:
        assert ElementTree.fromstring(chart.svg).attrib["aria-label"] == chart.title
        texts(chart.svg)
        assert "<script" not in chart.svg
