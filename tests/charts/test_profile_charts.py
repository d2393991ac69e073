"""Figures of a profile: the numbers in them are the profile's."""

from __future__ import annotations

from automl_core.charts.profile import STRONGEST, association_figure, relation_figure
from automl_core.profiling.associations import Association
from automl_core.profiling.relation import Relation


def test_associations_are_named_by_the_other_column_strongest_on_top() -> None:
    pairs = [Association("y", "<a>", "spearman", 0.9, -1), Association("b", "y", "cramers_v", 0.4)]
    figure = association_figure(pairs, "y")
    (bar,) = figure.data
    assert list(bar.x) == [0.4, 0.9]
    assert list(figure.layout.yaxis.ticktext) == ["b", "&lt;a&gt;"]
    assert bar.text == (
        "b: 0.40<br>Cramér's V, corrected for chance",
        "&lt;a&gt;: 0.90<br>Spearman's rank correlation, its size, one falls as the other rises",
    )
    assert list(figure.layout.xaxis.range) == [0, 1]


def test_long_names_that_are_cut_alike_keep_a_bar_each() -> None:
    """Two names that began with the same 40 characters once shared a bar, whose length was the sum."""
    pairs = [Association("y", "n" * 50 + end, "spearman", strength) for end, strength in (("a", 0.9), ("b", 0.8))]
    figure = association_figure(pairs, "y")
    assert len(set(figure.data[0].y)) == 2


def test_a_chart_of_associations_is_not_endless() -> None:
    pairs = [Association("y", f"c{place}", "spearman", 1 - place / 100) for place in range(50)]
    figure = association_figure(pairs, "y")
    assert len(figure.data[0].x) == STRONGEST
    assert max(figure.data[0].x) == 1.0


def test_the_outcome_by_group() -> None:
    relation = Relation("x", "auc", 0.7, 0.5, ("a", "<b>", "missing"), (3, 2, 1), ((0.5,), (0.25,), (1.0,)), ("yes",))
    figure = relation_figure(relation)
    (bar,) = figure.data
    assert list(bar.x) == [0.5, 0.25, 1.0]
    assert list(bar.y) == [2, 1, 0]
    assert bar.text[1] == "&lt;b&gt;: 25.0%<br>2 of 6 rows"
    assert figure.layout.xaxis.title.text == "Share of yes"


def test_the_outcome_by_group_of_several_labels_and_of_a_number() -> None:
    many = relation_figure(Relation("x", "auc", 0.7, 0.5, ("a",), (3,), ((0.5, 0.3),), ("low", "mid")))
    assert [bar.name for bar in many.data] == ["low", "mid"]
    mean = relation_figure(Relation("x", "r2", 0.7, 0.0, ("1 to 2",), (3,), ((1234.5,),)))
    assert mean.layout.xaxis.title.text == "Mean of the target"
    assert mean.data[0].text == ("1 to 2: 1,234<br>3 of 3 rows",)
