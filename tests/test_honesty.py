"""What a leaderboard can be believed, by boards small enough to follow by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from automl_core.honesty import HeldOut, Honesty, groups_of, judge, letter, recommend
from automl_core.leaderboard import Candidate, Leaderboard


def row(name: str, folds: tuple[float, ...], role: str = "model", **more) -> Candidate:
    spread = float(np.std(folds, ddof=1)) if len(folds) > 1 else None
    return Candidate(
        name,
        name.title(),
        "linear",
        role,
        **{"state": "scored", "fold_scores": folds, "score": float(np.mean(folds)) if folds else None, "spread": spread, **more},
    )


def board(*rows: Candidate, metric: str = "roc_auc", up: bool = True, **more) -> Leaderboard:
    return Leaderboard(metric, up, rows, **more)


# `near` differs from `best` by 0, 0.01, -0.004; `far` by nearly 0.1 on every fold; `further` is like `far`.
BEST = row("best", (0.90, 0.91, 0.92), predict_ms=40.0)
NEAR = row("near", (0.90, 0.90, 0.924), predict_ms=5.0)
FAR = row("far", (0.80, 0.811, 0.82), predict_ms=1.0)
FURTHER = row("further", (0.80, 0.80, 0.825), predict_ms=2.0)
BASE = row("dummy", (0.5, 0.5, 0.5), "baseline", predict_ms=0.1)


def test_groups_are_led_by_the_best_of_the_rest() -> None:
    groups = groups_of(board(FAR, BASE, BEST, FURTHER, NEAR))
    assert groups == {"best": 1, "near": 1, "far": 2, "further": 2, "dummy": 3}
    assert list(groups) == ["best", "near", "far", "further", "dummy"]


def test_lower_is_better_gives_the_same_groups() -> None:
    turned = [replace(one, fold_scores=tuple(-v for v in one.fold_scores), score=-(one.score or 0)) for one in (FAR, BEST, NEAR)]
    assert groups_of(board(*turned, metric="rmse", up=False)) == {"best": 1, "near": 1, "far": 2}


def test_many_comparisons_make_the_test_stricter() -> None:
    """One rival a clear 0.05 behind is told apart alone (p = 0.008), but not as one of ten (0.08)."""
    leader, rival = row("a", (0.90, 0.91, 0.92)), row("b", (0.85, 0.855, 0.875))
    assert groups_of(board(leader, rival))["b"] == 2
    copies = [row(f"c{number}", (0.85, 0.855, 0.875)) for number in range(9)]
    assert groups_of(board(leader, rival, *copies))["b"] == 1


def test_what_cannot_be_compared_has_no_group() -> None:
    honesty = judge(board(row("a", (0.9, 0.8)), row("b", (0.7,)), row("c", (), score=0.6), recommended="a"))
    assert honesty.groups == {"a": 1}
    assert (honesty.letter("a"), honesty.letter("b")) == ("A", "")
    assert judge(board()) == Honesty()


@pytest.mark.parametrize(("number", "text"), [(0, ""), (1, "A"), (26, "Z"), (27, "AA"), (53, "BA")])
def test_letters(number: int, text: str) -> None:
    assert letter(number) == text


def test_marks_name_every_choice() -> None:
    ensemble = row("ensemble", (0.91, 0.912, 0.925), "ensemble", members={"best": 0.5, "near": 0.5}, predict_ms=45.0)
    honesty = judge(board(BASE, BEST, NEAR, FAR, FURTHER, ensemble, recommended="ensemble"))
    assert honesty.top == ["ensemble", "best", "near"]
    assert honesty.marks == {"ensemble": ("recommended",), "best": ("best_single",), "near": ("fastest_alike",)}


def test_one_standard_error_is_that_of_the_best() -> None:
    """The best has a spread of 0.01, so an error of 0.00577: 0.905 is within it, 0.904 is not."""
    within, outside = row("within", (0.86, 0.91, 0.945), predict_ms=7.0), row("outside", (0.87, 0.90, 0.942), predict_ms=2.0)
    honesty = judge(board(BEST, within, outside, recommended="best"))
    assert honesty.marks["within"] == ("fastest_one_error",)
    assert honesty.marks["outside"] == ("fastest_alike",)


def test_a_model_whose_time_is_not_known_is_never_the_fastest() -> None:
    assert "near" not in judge(board(BEST, replace(NEAR, predict_ms=0.0), recommended="best")).marks


def test_optimism_is_a_number_and_a_sentence() -> None:
    """`near` would have been chosen on the third fold, where it is 0.004 better: 0.004 / 3."""
    honesty = judge(board(BEST, NEAR, FAR, recommended="best"))
    assert honesty.optimism == pytest.approx(0.004 / 3)
    assert honesty.sentences[1] == (
        "Being chosen as the best of 3 by these scores makes the best one look better than it is, here by about 0.0013: "
        "expect ROC AUC near 0.9087."
    )
    alone = judge(board(BEST, FAR, recommended="best"))
    assert alone.optimism == 0.0
    assert alone.sentences == (
        "Best is better than Far beyond chance (group A).",
        "Best was the best of 2 on every fold, so its score owes nothing to having been chosen.",
    )
    assert judge(board(BEST, recommended="best")).optimism is None


def test_errors_are_expected_to_be_larger() -> None:
    rows = row("a", (2.0, 2.0, 3.2)), row("b", (3.0, 3.0, 2.6))
    assert judge(board(*rows, metric="rmse", up=False)).sentences[-1].endswith("expect RMSE near 2.6.")


def test_nothing_above_the_baseline_is_a_warning() -> None:
    honesty = judge(board(BASE, row("lr", (0.5, 0.49, 0.48)), recommended="lr"))
    assert honesty.warnings == (
        "No model is better than the baseline, which ignores every column (ROC AUC 0.490 ± 0.010 against 0.5). "
        "There may be nothing to learn here.",
    )


def test_a_lead_within_chance_is_a_warning() -> None:
    honesty = judge(board(BASE, row("lr", (0.47, 0.52, 0.56)), recommended="lr"))
    assert honesty.warnings[0].startswith(
        "No model beats the baseline, which ignores every column, beyond chance (ROC AUC 0.517 ± 0.045 against 0.5)."
    )
    assert judge(board(BASE, BEST, recommended="best")).warnings == ()


def test_a_lead_that_is_owed_to_the_choice_is_a_warning() -> None:
    """The best is above the baseline on every fold, yet each fold would have chosen another one."""
    rows = [row(f"m{k}", tuple(0.60 if fold == k else 0.51 + 0.001 * fold for fold in range(3))) for k in range(3)]
    steady = row("steady", (0.545, 0.546, 0.547))
    assert judge(board(BASE, steady, recommended="steady")).warnings == ()
    assert len(judge(board(BASE, steady, *rows, recommended="steady")).warnings) == 1


def test_search_and_held_out_that_agree_are_said() -> None:
    honesty = judge(board(BEST, recommended="best"), HeldOut(0.90, 0.87, 0.93, 200))
    assert honesty.warnings == ()
    assert honesty.sentences[-1] == (
        "On 200 rows that the search never saw, Best has ROC AUC 0.9 (0.87 to 0.93), in the search 0.91: they agree "
        "within chance."
    )


@pytest.mark.parametrize(
    ("value", "low", "high", "words"),
    [
        (0.80, 0.77, 0.83, "The search promised more than it keeps"),
        (0.98, 0.97, 0.99, "The held-out rows are easier"),
    ],
)
def test_search_and_held_out_that_part_ways_are_a_warning(value: float, low: float, high: float, words: str) -> None:
    (warning,) = judge(board(BEST, recommended="best"), HeldOut(value, low, high, 200)).warnings
    assert words in warning


def test_both_uncertainties_count() -> None:
    """Margin: the root of 0.03 ** 2 and (4.303 * 0.01 * (5/6) ** 0.5) ** 2 is 0.0494, so 0.861 agrees and 0.860 does not."""
    for value, apart in ((0.861, False), (0.860, True)):
        found = judge(board(BEST, recommended="best"), HeldOut(value, value - 0.03, value + 0.03, 200))
        assert bool(found.warnings) == apart


def test_without_an_interval_nothing_is_claimed() -> None:
    honesty = judge(board(BEST, recommended="best"), HeldOut(0.5, None, None, 3))
    assert (honesty.sentences, honesty.warnings) == ((), ())


@pytest.mark.parametrize(
    ("ensemble", "single", "chosen", "words"),
    [
        ((0.90, 0.91, 0.92), (0.89, 0.90, 0.91), "ensemble", "It combines 2 models and has the best ROC AUC"),
        ((0.90, 0.91, 0.92), (0.92, 0.90, 0.93), "ensemble", "the difference is within chance"),
        ((0.90, 0.91, 0.92), (0.95, 0.96, 0.97), "single", "It has the best ROC AUC over the folds"),
    ],
)
def test_the_ensemble_is_recommended_unless_one_is_clearly_better(ensemble, single, chosen, words) -> None:
    found = board(
        row("single", single),
        row("other", (0.5, 0.5, 0.5)),
        row("ensemble", ensemble, "ensemble", members={"single": 0.5, "other": 0.5}),
    )
    name, reason = recommend(found)
    assert name == chosen
    assert words in reason


@pytest.mark.parametrize("preset", ["quick", "fast", "explainable"])
def test_presets_for_speed_recommend_the_fastest_of_the_top_group(preset: str) -> None:
    name, reason = recommend(board(BEST, NEAR, FAR, BASE, preset=preset))
    assert name == "near"
    assert reason == (
        "It predicts fastest (5.0 ms for 1,000 rows) among the 2 models that a test cannot tell from the best one, "
        "which has ROC AUC 0.910 ± 0.010."
    )
    assert recommend(board(replace(BEST, predict_ms=1.0), NEAR, preset=preset))[0] == "best"


@pytest.mark.parametrize("preset", ["quick", "fast", "explainable"])
def test_speed_does_not_choose_where_not_even_the_baseline_is_told_apart(preset: str) -> None:
    """Regression: split by time, a model was recommended that was worse than the baseline, for being the fastest."""
    rows = [
        row("boosting", (50.0, 80.0, 130.0), predict_ms=90.0),
        row("linear", (60.0, 210.0, 340.0), predict_ms=5.0),
        row("dummy", (60.0, 240.0, 240.0), "baseline", predict_ms=0.1),
    ]
    found = board(*rows, metric="rmse", up=False, preset=preset)
    assert set(groups_of(found).values()) == {1}
    name, reason = recommend(found)
    assert name == "boosting"
    assert reason == (
        "Over these folds not even the baseline can be told from the best one, so accuracy decides. "
        "It has the best RMSE over the folds."
    )
    honesty = judge(replace(found, recommended=name))
    assert honesty.sentences[0].endswith("Even the baseline is one of them: more rows or more folds would tell more.")
    assert honesty.marks == {"boosting": ("recommended", "best_single")}


@pytest.mark.parametrize(("low", "warned"), [(0.38, True), (0.51, False)])
def test_a_lead_that_the_held_out_rows_do_not_show_is_a_warning(low: float, warned: bool) -> None:
    """Regression: on a random target a model was recommended without a warning."""
    rows = [row("lucky", (0.54, 0.56, 0.58)), row("other", (0.45, 0.46, 0.47)), BASE]
    found = board(*rows, recommended="lucky")
    assert groups_of(found)["dummy"] == 1
    assert judge(found).warnings == ()
    told = judge(found, HeldOut(0.55, low, 0.6, 160)).warnings
    if not warned:
        assert told == ()
        return
    assert told == (
        "Neither the folds nor the 160 held-out rows tell Lucky from the baseline, which ignores every column: there its "
        "ROC AUC is between 0.38 and 0.6, and the baseline has 0.5. More rows or other columns are needed before it can be "
        "trusted.",
    )


@pytest.mark.parametrize("preset", ["balanced", "best", "pycaret"])
def test_presets_for_accuracy_recommend_the_best(preset: str) -> None:
    assert recommend(board(BEST, NEAR, FAR, BASE, preset=preset))[0] == "best"


def test_without_any_score_nothing_is_recommended() -> None:
    assert recommend(board()) == ("", "")
    assert recommend(board(row("dummy", (1.0,), "baseline"))) == ("dummy", "It is the only one that was scored.")


def test_a_board_keeps_what_it_is_judged_by() -> None:
    kept = board(replace(BEST, spec={"id": "best"}), preset="fast", fold_ratio=0.4, limit_ms=0.5, exported=1)
    assert Leaderboard.from_dict(kept.to_dict()) == kept
    older = kept.to_dict()
    del older["preset"], older["fold_ratio"], older["exported"], older["candidates"][0]["spec"]
    del older["candidates"][0]["answer_ms"]
    read = Leaderboard.from_dict(older)
    assert (read.preset, read.fold_ratio, read["best"].spec) == ("balanced", 0.0, {})


def test_a_limit_for_predictions_is_kept_by_the_best_that_answers_in_time() -> None:
    """Three fold models answer together: 40, 5 and 1 ms for 1,000 rows are 0.12, 0.015 and 0.003 ms a row."""
    chosen, why = recommend(board(BASE, BEST, NEAR, FAR, preset="fast", limit_ms=0.02))
    assert chosen == "near"
    assert why == "It has the best ROC AUC of the 2 of 3 models that answer within 0.02 ms a row."
    chosen, why = recommend(board(BEST, NEAR, preset="fast", limit_ms=0.001))
    assert chosen == "near"
    assert why == (
        "No model answers within 0.001 ms a row. This one is the fastest, with about 0.015 ms: allow more time a row, or use "
        "fewer columns."
    )


def test_what_was_measured_goes_before_what_was_expected() -> None:
    slow = replace(NEAR, answer_ms=0.03)
    chosen, why = recommend(board(BASE, BEST, slow, FAR, preset="fast", limit_ms=0.02))
    assert (chosen, why) == ("far", "It has the best ROC AUC of the 1 of 3 models that answer within 0.02 ms a row.")
    chosen, why = recommend(board(BEST, slow, preset="fast", limit_ms=0.03))
    assert chosen == "near" and why.endswith("answer within 0.03 ms a row. Exported, it takes 0.03 ms.")
    chosen, why = recommend(board(BEST, slow, preset="fast", limit_ms=0.01))
    assert chosen == "near" and "This one is the fastest, with 0.03 ms: allow" in why


def test_split_by_time_one_model_counts() -> None:
    """Regression: all folds' models were counted, though the last one's alone is exported: a limit five times too strict."""
    chosen, _ = recommend(board(BASE, BEST, NEAR, FAR, preset="fast", limit_ms=0.04, exported=1))
    assert chosen == "best"
    assert recommend(board(BASE, BEST, NEAR, FAR, preset="fast", limit_ms=0.04))[0] == "near"
