"""What is said of results, on made-up ones whose ranks, wins and shares can be worked out on paper."""

import pytest
from summary import Standing, against_longer, gain, outcome, ranks, relative, standings
from wording import END, START, circumstances, compact, grid, insert, level_text, remarks, report, score_grid, standing_grid

METRICS = {"a": "roc_auc", "b": "rmse", "c": "log_loss", "d": "rmse", "e": "roc_auc"}


def result(table: str, system: str, score: float | None, **more: object) -> dict:
    base = {"table": table, "system": system, "date": "2026-11-24", "machine": "2 cores, 24 GiB, x86_64", **more}
    return {**base, "failed": "exit code 1: no"} if score is None else {**base, "score": score}


RESULTS = [
    result("a", "tablewright", 0.90, fit_seconds=60, first_result_seconds=1.0, version="abc123"),
    result("a", "glue", 0.80, fit_seconds=50, version="1.6"),
    result("a", "flame", 0.90, fit_seconds=61),
    result("b", "tablewright", 10.0, fit_seconds=62, first_result_seconds=2.0, version="abc123"),
    result("b", "glue", 9.99, fit_seconds=52, version="1.6"),
    result("b", "flame", None),
    result("c", "tablewright", 0.50, fit_seconds=64, first_result_seconds=3.0, version="abc123"),
    result("c", "glue", 0.40, fit_seconds=54, version="1.6"),
    result("c", "flame", None),
]


@pytest.mark.parametrize(
    ("metric", "ours", "theirs", "expected"),
    [
        ("roc_auc", 0.9, 0.8, "win"),
        ("roc_auc", 0.8, 0.9, "loss"),
        ("roc_auc", 0.9000, 0.8956, "tie"),
        ("rmse", 10.0, 12.0, "win"),
        ("rmse", 100.5, 100.0, "tie"),
        ("rmse", 100.6, 100.0, "loss"),
        ("log_loss", 0.0, 0.0, "tie"),
    ],
)
def test_a_tie_is_within_half_a_percent_of_the_larger(metric, ours, theirs, expected):
    assert outcome(metric, ours, theirs) == expected


def test_the_gain_is_a_share_of_the_larger_score():
    assert gain("roc_auc", 0.9, 0.8) == pytest.approx(1 / 9)
    assert gain("rmse", 12, 10) == pytest.approx(-1 / 6)


def test_equal_scores_share_the_mean_of_their_places():
    assert ranks("roc_auc", {"x": 0.9, "y": 0.7, "z": 0.9}) == {"x": 1.5, "y": 3, "z": 1.5}
    assert ranks("rmse", {"x": 0.9, "y": 0.7, "z": 0.9}) == {"x": 2.5, "y": 1, "z": 2.5}
    assert ranks("rmse", {}) == {}


def test_standings_rank_what_was_completed_and_count_no_failure_as_a_win():
    found = {one.system: one for one in standings(RESULTS, METRICS)}
    # On a: 0.90, 0.90 and 0.80, so 1.5, 1.5, 3. On b and c flame failed.
    assert found["glue"].rank == pytest.approx((3 + 1 + 1) / 3)
    assert found["tablewright"].rank == pytest.approx((1.5 + 2 + 2) / 3)
    assert found["flame"].rank == 1.5
    assert [one.system for one in standings(RESULTS, METRICS)] == ["flame", "glue", "tablewright"]
    assert (found["glue"].wins, found["glue"].ties, found["glue"].losses) == (1, 1, 1)
    assert (found["flame"].wins, found["flame"].ties, found["flame"].losses) == (0, 1, 0)
    assert (found["flame"].completed, found["flame"].tables, found["flame"].enough) == (1, 3, False)
    assert found["glue"].enough and found["glue"].not_lost == pytest.approx(2 / 3)
    assert found["tablewright"].not_lost is None
    assert found["tablewright"].costs == {"fit_seconds": 62, "first_result_seconds": 2.0}


def test_a_system_that_completed_nothing_stands_last_without_a_rank():
    found = standings([*RESULTS, result("a", "sad", None)], METRICS)
    assert found[-1] == Standing("sad", None, 0, 1, costs={})


def test_four_of_five_tables_are_enough():
    assert Standing("x", 1.0, 4, 5).enough and not Standing("x", 1.0, 3, 4).enough


def test_relative_tells_percent_behind_the_best():
    behind = relative(RESULTS, METRICS)
    assert behind["a"] == {"tablewright": 0, "glue": pytest.approx(100 / 9), "flame": 0}
    assert behind["b"] == {"tablewright": pytest.approx(0.1), "glue": 0}
    assert behind["c"] == {"tablewright": pytest.approx(20), "glue": 0}


def test_ours_is_level_with_a_peer_that_had_more_time_where_it_wins_or_ties():
    longer = [result("a", "glue", 0.899), result("b", "glue", 9.0), result("c", "glue", None), result("d", "glue", 1.0)]
    level = against_longer(RESULTS, longer, METRICS)
    assert level.tables == {"a": "tie", "b": "loss"}
    assert level.share == 0.5
    assert level_text(level, 60, 300, "glue") == (
        "Ours at 60 s against glue at 300 s: better or level on 50% of 2 tables (0 won, 1 tied, 1 lost)."
    )
    assert level_text(against_longer(RESULTS, [], METRICS), 60, 300, "glue").endswith("not measured.")


def test_remarks_name_failures_and_who_completed_too_little():
    said = remarks(RESULTS, standings(RESULTS, METRICS))
    assert "flame completed 1 of 3 tables, fewer than 80%: what is said of it counts for little." in said
    assert "flame on b failed: exit code 1: no" in said
    assert "Against glue: better or level on 67% of the tables that both completed." in said


def test_scores_are_told_table_by_table_with_the_best_in_bold():
    lines = score_grid(RESULTS, METRICS, ["glue", "tablewright", "flame", "late"]).splitlines()
    assert lines[0] == "| table | metric | glue | tablewright | flame | late |"
    assert lines[1] == "| --- | --- | ---: | ---: | ---: | ---: |"
    assert lines[2] == "| a | roc_auc, higher is better | 0.8000 | **0.9000** | **0.9000** | – |"
    assert lines[3] == "| b | rmse, lower is better | **9.99** | 10 | failed | – |"


def test_standings_are_told_with_wins_and_medians():
    lines = standing_grid(standings(RESULTS, METRICS)).splitlines()
    assert lines[2].startswith("| flame | 1.50 | 1 of 3 | 0 / 1 / 0 | 61.0 |")
    assert lines[4] == "| tablewright | 1.83 | 3 of 3 |  | 62.0 | – | 2.0 | – | – |"


def test_the_report_keeps_further_tables_apart_and_tells_every_run():
    text = report(
        {60.0: RESULTS}, METRICS, {300.0: [result("a", "glue", 0.91)]}, "glue", {"": ["a", "b"], ", further tables": ["c"]}
    )
    assert "## 60 s\n" in text and "## 60 s, further tables\n" in text
    assert text.count("Each run:") == 2
    assert "| c | glue | 0.4000 | 54.0 |" in text
    assert "Measured 2026-11-24 on 2 cores, 24 GiB, x86_64. Versions: tablewright abc123, glue 1.6." in text
    assert "Ours at 60 s against glue at 300 s: better or level on 0% of 1 tables" in text


def test_further_tables_have_ranks_of_their_own_in_the_short_comparison():
    further = [result("c", "glue", 0.4), result("c", "tablewright", 0.5)]
    alone, both = compact(RESULTS, METRICS, 60, "Level."), compact(RESULTS, METRICS, 60, "Level.", further)
    assert both.startswith(alone)
    rest = both.removeprefix(alone)
    assert "1 more real table, chosen by their descriptions before anything was measured on them:" in rest
    assert "| glue | 1.00 | 0 / 0 / 1 |" in rest and "| tablewright | 2.00 |" in rest


def test_every_version_that_was_measured_is_named():
    other = {**result("c", "tablewright", 0.5), "version": "def456"}
    assert "Versions: tablewright abc123/def456, glue 1.6." in circumstances([*RESULTS, other])


def test_the_short_comparison_goes_between_the_markers_and_again():
    text = compact(RESULTS, METRICS, 60, "Level.")
    readme = f"# Title\n\n{START}\nold\n{END}\nrest\n"
    once = insert(readme, text)
    assert once.startswith(f"# Title\n\n{START}\n60 s each,") and once.endswith(f"Level.\n{END}\nrest\n")
    assert insert(once, text) == once
    with pytest.raises(ValueError, match="put both where the table belongs"):
        insert("# Title", text)


def test_a_grid_aligns_numbers_to_the_right():
    assert grid(["a", "b"], [["x", "1"]]) == "| a | b |\n| --- | ---: |\n| x | 1 |"
