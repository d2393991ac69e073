"""What the charts of a study do with points that their axis does not reach."""

from __future__ import annotations

from automl_core.charts.tuning import edged


def test_points_beyond_the_axis_stand_at_its_edge() -> None:
    found = edged([0.1, 0.5, 0.9, 0.6], [0.4, 0.8])
    assert [round(place, 6) for place in found.places] == [0.408, 0.5, 0.792, 0.6]
    assert found.symbols == ("triangle-down", "circle", "triangle-up", "circle")


def test_without_a_span_every_point_stands_where_it_is() -> None:
    assert edged([3.0, 1.0], None).places == (3.0, 1.0)
    assert edged([3.0, 1.0], None).symbols == ("circle", "circle")
