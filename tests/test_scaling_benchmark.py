"""The judging of `benchmarks/scaling.py`: exponents, sentences, the stored results and the plot."""

import importlib.util
import json
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "benchmarks" / "scaling.py"
MB = 2**20


@pytest.fixture(scope="module")
def scaling():
    spec = importlib.util.spec_from_file_location("scaling", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def row(rows, seconds, *, columns=20, table=100 * MB, peak=200 * MB):
    return {"rows": rows, "columns": columns, "seconds": seconds, "first": 1.0, "table": table, "model": MB, "base": 0,
            "peak": peak, "allowed": 4 * table + MB}  # fmt: skip


def test_exponents_are_those_of_the_growth(scaling):
    grown = [row(rows, 1e-4 * rows**1.3) for rows in (10_000, 100_000, 1_000_000)]
    assert scaling.exponent(grown, "rows") == pytest.approx(1.3)
    assert scaling.exponent(grown[:1], "rows") is None
    bent = [row(10_000, 5.0), row(100_000, 5.0), row(1_000_000, 50.0)]
    assert scaling.exponent(bent, "rows") == pytest.approx(0.5)
    assert scaling.last_exponent(bent, "rows") == pytest.approx(1.0)


def test_what_is_above_what_is_allowed_is_said(scaling):
    fine = [row(10_000, 1.0), row(100_000, 10.0)]
    assert scaling.faults({"rows": fine}) == []
    steep = [row(10_000, 1.0), row(100_000, 20.0)]
    assert scaling.faults({"rows": steep}) == ["Time grows with the rows to the power of 1.30, 1.1 is allowed."]
    heavy = [*fine, row(200_000, 20.0, peak=500 * MB)]
    assert scaling.faults({"rows": heavy}) == ["200,000 rows and 20 columns: 500 MB were held, 401 MB are allowed."]
    small = [row(1000, 1.0, table=MB, peak=500 * MB)]
    assert scaling.faults({"rows": small}) == [], "on small tables the libraries weigh more than the data"
    broken = [{"rows": 10, "columns": 3, "fault": "The search ended with code 1."}]
    assert scaling.faults({"rows": broken}) == ["10 rows and 3 columns: The search ended with code 1."]
    assert scaling.line(broken[0]).endswith("The search ended with code 1.")
    assert scaling.line(small[0]).endswith("499.0  not judged")


def test_results_are_stored_with_their_plot_and_a_direction_that_was_not_measured_stays(scaling, tmp_path, monkeypatch):
    monkeypatch.setattr(scaling, "RESULTS", tmp_path / "results" / "scaling.json")
    monkeypatch.setattr(scaling, "PLOT", tmp_path / "docs" / "scaling.svg")
    scaling.store({"rows": [row(10_000, 1.0), row(100_000, 10.0)]}, ["lr"], [])
    scaling.store({"columns": [row(20_000, 1.0, columns=10), row(20_000, 9.0, columns=100)]}, ["lr"], ["Slow."])
    told = json.loads(scaling.RESULTS.read_text())
    assert told["exponents"] == {"rows": pytest.approx(1.0), "columns": pytest.approx(0.954, abs=1e-3)}
    assert (told["format"], told["candidates"], told["faults"]) == (1, ["lr"], ["Slow."])
    plot = scaling.PLOT.read_text()
    assert "Growth with the rows: to the power of 1.00" in plot
    assert "4 times the table, plus the model" in plot
