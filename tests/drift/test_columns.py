"""What moved, what chance explains, and whether it matters."""

import numpy as np
import pandas as pd
import pytest

from automl_core.distributions import Words, distribution_of, numbers_of
from automl_core.drift.chance import Effect, effect_of
from automl_core.drift.columns import Rules, compare_column, judge


def normal(rows, mean=0.0, seed=0):
    return numbers_of(np.random.default_rng(seed).normal(mean, 1, rows), rows)


def column(values, kind="category"):
    return distribution_of(pd.Series(values, dtype=object if kind == "category" else None), kind)


@pytest.mark.parametrize("rows", [200, 2000, 50_000])
def test_the_same_shift_has_the_same_verdict_at_any_size(rows):
    found = compare_column("x", "number", normal(2000), normal(rows, 1.0, 1), Rules(10))
    assert found.verdict == "act"
    assert found.effect == pytest.approx(0.383, abs=0.08)


def test_a_shift_that_is_certain_and_small_is_nothing():
    """A p-value calls any difference drifted when there are enough rows; an effect does not."""
    found = compare_column("x", "number", normal(200_000), normal(200_000, 0.03, 1), Rules(10, method="ks"))
    assert found.drifted
    assert (found.verdict, found.effect > found.expected) == ("nothing", True)
    assert found.sentence.endswith("It is more than chance explains, but little.")


def test_rare_words_on_both_sides_are_chance():
    rng = np.random.default_rng(0)
    one, other = (column([f"w{value}" for value in rng.integers(0, 800, 300)]) for _ in range(2))
    found = compare_column("ticket", "category", one, other, Rules(10))
    assert found.effect > 0.5
    assert found.verdict == "nothing"
    assert "and chance explains up to" in found.sentence


@pytest.mark.parametrize(
    ("shift", "importance", "kind", "verdict"),
    [
        (0.3, 1.0, "number", "act"),
        (0.3, 0.05, "number", "watch"),
        (0.3, 0.0, "number", "watch"),
        (0.07, 1.0, "number", "watch"),
        (0.04, 1.0, "number", "nothing"),
        (0.9, 1.0, "date", "watch"),
    ],
)
def test_what_matters_is_what_moved_times_what_depends_on_it(shift, importance, kind, verdict):
    assert judge(Effect(shift, 0.01, 0.0), importance, kind).value == verdict


def test_what_chance_explains_is_nothing():
    assert judge(Effect(0.3, 0.31, 0.1), 1.0, "number").value == "nothing"


def test_new_and_vanished_words_are_named():
    found = compare_column(
        "city", "category", column(["Rome"] * 60 + ["Oslo"] * 40), column(["Rome"] * 60 + ["Lima"] * 40), Rules(1)
    )
    assert (found.new_values, found.new_distinct, found.new_share, found.vanished) == (("Lima",), 1, 0.4, ("Oslo",))
    assert found.sentence == (
        "'city': 40 % of the rows have 1 word never seen before, such as 'Lima'. 'city': 'Oslo' no longer occurs. "
        "'city': 40 % of the rows moved; most of all 'Oslo', 0 % of them, before 40 %. Chance alone explains up to 20 %."
    )


def test_a_hundred_thousand_new_words_are_counted_and_few_are_named():
    new = Words(100_000, 100_000, {f"new {place}": 1 for place in range(100_000)}, 0, 100_000)
    found = compare_column("city", "category", column(["Rome"] * 500 + ["Oslo"] * 500), new, Rules(1))
    assert (found.verdict, found.new_distinct, len(found.new_values)) == ("act", 100_000, 10)
    assert "100 % of the rows have 100,000 words never seen before, such as 'new 0', 'new 1' and 'new 2'." in found.sentence
    assert len(found.sentence) < 400


def test_a_column_all_missing():
    empty = column([np.nan] * 100, "number")
    found = compare_column("age", "number", column(list(np.arange(100.0)), "number"), empty, Rules(1))
    assert (found.verdict, found.missing_after, found.method) == ("act", 1.0, "")
    assert found.sentence.startswith("'age' has no value at all; before, 0 % of the cells were empty.")
    back = compare_column("age", "number", empty, column(list(np.arange(100.0)), "number"), Rules(1))
    assert back.sentence.startswith("'age' was empty before and has values now.")
    assert compare_column("age", "number", empty, empty, Rules(1)).verdict == "nothing"


def test_values_beyond_the_range_are_told():
    old = column(list(np.arange(1000.0)), "number")
    found = compare_column("x", "number", old, column([*np.arange(900.0), *np.full(100, 5000.0)], "number"), Rules(1))
    assert found.outside == pytest.approx(0.1)
    assert "'x': 10 % of the rows lie beyond the range seen before, 0 to 999." in found.sentence


def test_missing_cells_are_a_change_of_their_own():
    old, new = np.arange(1000.0), np.arange(1000.0)
    new[np.arange(1000) % 3 == 0] = np.nan
    found = compare_column("x", "number", column(list(old), "number"), column(list(new), "number"), Rules(1))
    assert (found.verdict, round(found.effect, 3)) == ("act", 0.334)
    assert found.sentence.startswith("'x' has 33 % empty cells, before 0 %.")


def test_evidentlys_rule_asks_the_method_alone():
    found = compare_column("x", "number", normal(500), normal(500, 0.3, 1), Rules(1, rule="evidently"))
    assert (found.method, found.drifted, found.verdict) == ("ks", True, "watch")
    assert "Kolmogorov-Smirnov: p-value" in found.sentence


def test_false_alarms_are_as_rare_as_is_said():
    alarms = sum(
        effect_of(normal(150, seed=2 * turn), normal(150, seed=2 * turn + 1), columns=1, seed=turn).real for turn in range(200)
    )
    assert alarms <= 6
