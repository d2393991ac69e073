"""The chart of a split by time: stretches first, then the figure."""

from __future__ import annotations

from automl_core.charts.split import Stretch, split_figure, stretches
from automl_core.search.proof import Proof, Side

BY_TIME = Proof((), (Side("Kept aside", 90, 20, 3, 0.0, 80.0, 88.0, 99.0), Side("Fold 1", 40, 30, 2, 0.0, 39.0, 45.0, 80.0)))


def test_each_side_has_a_learned_and_a_judged_stretch() -> None:
    assert stretches(BY_TIME) == (
        Stretch("Kept aside", False, 0.0, 80.0, 90),
        Stretch("Kept aside", True, 88.0, 99.0, 20),
        Stretch("Fold 1", False, 0.0, 39.0, 40),
        Stretch("Fold 1", True, 45.0, 80.0, 30),
    )
    assert stretches(Proof((), (Side("Fold 1", 40, 30),))) == ()


def test_the_figure_draws_the_stretches() -> None:
    learned, judged = split_figure(BY_TIME).data
    assert (learned.name, judged.name) == ("Learned from", "Judged")
    assert list(judged.x) == [88.0, 99.0, None, 45.0, 80.0, None]
    assert list(judged.y) == ["Kept aside", "Kept aside", None, "Fold 1", "Fold 1", None]
    assert judged.text[0] == "Kept aside: 20 rows, judged"
