"""The proof of how rows were divided: what holds is counted, and what does not is found."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_core.errors import FormatError, InputError, NotFoundError
from automl_core.events import CandidateScored, Event, Message
from automl_core.experiment import Budget, ExperimentConfig, Split
from automl_core.leaderboard import Leaderboard
from automl_core.search.copies import find_copies, keep_together
from automl_core.search.division import Division
from automl_core.search.proof import Proof, Side, moment
from automl_core.search.proving import prove
from automl_core.search.splitting import divide

Search = Callable[..., Leaderboard]
BINARY = ExperimentConfig("y", "binary", "roc_auc", "1", holdout=0.2)
FEATURES = pd.DataFrame({"x": np.arange(8.0)})
Y = np.array([0.0, 1.0] * 4)


def division(fold: list[int], holdout: tuple[int, ...] = (6, 7), rows: int = 8) -> Division:
    return Division(np.arange(rows), np.array(holdout, dtype=np.int64), np.arange(len(fold)), np.array(fold))


def states(proof: Proof) -> dict[str, str]:
    return {check.code: check.state for check in proof.checks}


def test_a_random_split_that_is_sound() -> None:
    proof = prove(division([0, 0, 1, 1, 2, 2]), FEATURES, Y, None, BINARY)
    assert states(proof) == {
        "rows_apart": "ok",
        "groups_apart": "not_applicable",
        "time_forward": "not_applicable",
        "copies_apart": "ok",
        "labels_learned": "ok",
    }
    assert proof["rows_apart"].sentence == (
        "No row is learned from and judged at once. Of 8 rows: 6 judged by models that did not learn from them, 2 kept aside "
        "from the search."
    )
    assert proof["copies_apart"].sentence == "No two rows are equal."
    assert proof["labels_learned"].sentence == "Every label that is judged was among the learned rows."
    assert proof.sides == (Side("Kept aside", 6, 2), Side("Fold 1", 4, 2), Side("Fold 2", 4, 2), Side("Fold 3", 4, 2))
    assert not proof.failed and not proof.by_time


def test_a_row_that_is_kept_aside_and_learned_from_is_found() -> None:
    proof = prove(division([0, 0, 1, 1, 2, 2], holdout=(5, 6, 7)), FEATURES, Y, None, BINARY)
    assert proof.failed == (proof["rows_apart"],)
    assert proof["rows_apart"].sentence == "1 row is learned from and judged at once."
    assert proof["rows_apart"].counts["both"] == 1


def test_a_group_on_both_sides_is_found() -> None:
    keys = pd.Series(list("aabbbccc"), name="k")
    config = replace(BINARY, split=Split("group", "k"))
    bad = prove(division([0, 0, 1, 1, 2, 2]), FEATURES, Y, keys, config)["groups_apart"]
    assert (bad.state, bad.sentence) == ("failed", "2 groups of 'k' are on both sides.")
    assert bad.counts == {"groups": 3, "both": 2}
    keys = pd.Series(list("aabbccdd"), name="k")
    good = prove(division([0, 0, 1, 1, 2, 2]), FEATURES, Y, keys, config)["groups_apart"]
    assert (good.state, good.sentence) == (
        "ok",
        "None of the 4 groups of 'k' is on both sides of a fold or of the rows kept aside.",
    )


def test_a_judged_row_that_is_not_later_than_the_learned_ones_is_found() -> None:
    days = ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-03", "2024-01-05", "2024-01-06", "2024-02-01", "2024-02-01"]
    keys = pd.Series(pd.to_datetime(days), name="k")
    config = replace(BINARY, split=Split("time", "k"))
    forward = replace(division([-1, -1, -1, 0, 1, 1]), forward=True)
    bad = prove(forward, FEATURES, Y, keys, config)["time_forward"]
    assert bad.state == "failed"
    assert bad.sentence == "Not everywhere is the last learned row earlier than the first judged one: Fold 1."
    good = prove(replace(forward, fold=np.array([-1, -1, 0, 0, 1, 1])), FEATURES, Y, keys, config)
    assert good["time_forward"].sentence == "The last learned row is always earlier than the first judged one."
    assert good.sides[1] == Side(
        "Fold 1", 2, 2, 0, "2024-01-01T00:00:00", "2024-01-02T00:00:00", "2024-01-03T00:00:00", "2024-01-03T00:00:00"
    )
    assert good.by_time
    wide = replace(config, split=Split("time", "k", 2.0))
    gap = prove(replace(forward, fold=np.array([-1, -1, 0, 0, 1, 1])), FEATURES, Y, keys, wide)
    assert gap["time_forward"].sentence == (
        "Not everywhere is the last learned row earlier than the first judged one by more than the gap of 2 days: Fold 1, Fold 2."
    )


def test_rows_in_the_gap_are_counted() -> None:
    config = replace(BINARY, split=Split("time", "k", 7.0))
    keys = pd.Series(np.r_[np.full(5, np.nan), np.arange(120.0)], name="k")
    y = np.arange(125.0) % 2
    made, _ = divide(config, y, keys, np.arange(125))
    proof = prove(made, pd.DataFrame({"x": np.arange(125.0)}), y, keys, config)
    assert [side.passed for side in proof.sides] == [7] * 6
    assert proof["time_forward"].sentence == (
        "The last learned row is always earlier than the first judged one by more than the gap of 7 in 'k'."
    )
    assert proof["rows_apart"].sentence.endswith("24 kept aside from the search, 15 only learned from, 12 left out.")


COPIED = pd.DataFrame({"x": [0.0, 1, 0, 3, 4, 5, 6, 7, 8, 9, 10, 11]})
"""The third row equals the first one."""
TWELVE = np.array([0.0, 1.0] * 6)


def thirds(fold: list[int]) -> Division:
    return division(fold, holdout=(10, 11), rows=12)


def test_a_copy_on_the_other_side_is_found() -> None:
    proof = prove(thirds([0, 0, 1, 1, 2, 2, 0, 0, 1, 1]), COPIED, TWELVE, None, BINARY)
    assert proof["copies_apart"].state == "failed"
    assert proof["copies_apart"].sentence == (
        "2 judged rows equal a learned one. If they are cases that were entered twice, switch on 'Leave duplicate rows out' on "
        "the Clean page."
    )
    together = prove(thirds([0, 1, 0, 1, 2, 2, 0, 0, 1, 1]), COPIED, TWELVE, None, BINARY)["copies_apart"]
    assert (together.state, together.sentence) == ("ok", "2 rows have an exact copy, and none has one on the other side.")


@pytest.mark.parametrize(
    ("kind", "why"), [("group", "They belong to different groups."), ("time", "They are of different times.")]
)
def test_copies_that_another_rule_parts_are_told(kind: str, why: str) -> None:
    config = replace(BINARY, split=Split(kind, "k"))  # type: ignore[arg-type]
    proof = prove(thirds([0, 0, 1, 1, 2, 2, 0, 0, 1, 1]), COPIED, TWELVE, pd.Series(np.arange(12.0), name="k"), config)
    assert proof["copies_apart"].state == "noted"
    assert why in proof["copies_apart"].sentence


def test_copies_that_were_left_apart_on_purpose_are_told_with_the_reason() -> None:
    frame = pd.DataFrame({"x": [0.0, 1.0] * 4})
    check = prove(division([0, 0, 1, 1, 2, 2]), frame, Y, None, BINARY)["copies_apart"]
    assert check.state == "noted"
    assert check.sentence.startswith(
        "8 judged rows equal a learned one. 8 of 8 rows have an exact copy in the table. They are of"
    )


def test_a_label_that_is_judged_and_was_not_learned_is_told() -> None:
    y = np.array([0, 1, 0, 1, 2, 2, 0, 1.0])
    check = prove(division([0, 0, 1, 1, 2, 2]), FEATURES, y, None, replace(BINARY, task="multiclass"))["labels_learned"]
    assert (check.state, check.counts) == ("noted", {"labels": 3, "unknown": 1, "rows": 2})
    assert check.sentence == (
        "2 judged rows have a label that was not among the learned rows. No model could get them right, so scores are a little "
        "too low."
    )


def test_a_proof_survives_the_disk_and_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"proof\.json does not exist"):
        Proof.load(tmp_path)
    proof = prove(division([0, 0, 1, 1, 2, 2]), FEATURES, Y, None, BINARY)
    proof.save(tmp_path)
    assert Proof.load(tmp_path) == proof
    with pytest.raises(FormatError) as refused:
        Proof.from_dict({**proof.to_dict(), "format": 9})
    assert str(refused.value) == "This proof has format 9. This version reads format 1."


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("2024-01-05T00:00:00", "2024-01-05"),
        ("2024-01-05T13:30:00", "2024-01-05 13:30:00"),
        (2024.0, "2,024"),
        (0.5, "0.5"),
    ],
)
def test_times_are_written_for_people(value: str | float | None, text: str) -> None:
    assert moment(value) == text


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2), st.integers(0, 400)), min_size=10, max_size=90),
    kind=st.sampled_from(["random", "group", "time"]),
    task=st.sampled_from(["multiclass", "regression"]),
    holdout=st.sampled_from([0.0, 0.2, 0.5]),
    gap=st.sampled_from([0.0, 1.0, 4.5]),
    folds=st.sampled_from([0, 2, 7]),
    seed=st.integers(0, 3),
)
def test_no_table_has_a_group_a_time_or_a_copy_on_both_sides(rows, kind, task, holdout, gap, folds, seed) -> None:
    keys, targets, cells = (np.array(values, dtype=float) for values in zip(*rows, strict=True))
    frame = pd.DataFrame({"x": cells})
    split = Split() if kind == "random" else Split(kind, "k", gap if kind == "time" else 0.0)
    metric = "log_loss" if task == "multiclass" else "rmse"
    config = ExperimentConfig("y", task, metric, split=split, holdout=holdout, folds=folds, seed=seed)
    column = None if kind == "random" else pd.Series(keys, name="k")
    copies = find_copies(frame, targets)
    together = keep_together(copies, frame, targets).value if kind == "random" else None
    try:
        made, notes = divide(config, targets, column, np.arange(len(targets)), together)
    except InputError as error:
        assert error.needed and error.action
        return
    assert made.folds >= 2 and all(notes)
    proof = prove(made, frame, targets, column, config, copies=copies)
    assert not proof.failed
    assert all(side.learned and side.judged for side in proof.sides)


def test_a_run_leaves_a_proof_once(search: Search, tmp_path: Path) -> None:
    search(tmp_path, candidates=("lr",))
    proof = Proof.load(tmp_path)
    assert [side.name for side in proof.sides] == ["Kept aside", "Fold 1", "Fold 2", "Fold 3"]
    assert not proof.failed
    changed = (tmp_path / "proof.json").stat().st_mtime_ns
    search(tmp_path, candidates=("lr",))
    assert (tmp_path / "proof.json").stat().st_mtime_ns == changed
    (tmp_path / "proof.json").unlink()  # as in a run that was cut off
    search(tmp_path, candidates=("lr",))
    assert Proof.load(tmp_path) == proof


def test_a_run_that_is_ended_by_force_has_a_proof_once_a_model_was_scored(search: Search, tmp_path: Path) -> None:
    """Regression: it was made at the end, so a run that its host had to end had none."""
    there: dict[str, bool] = {}

    def emit(event: Event) -> None:
        if isinstance(event, CandidateScored) and event.candidate["state"] == "scored":
            there[event.candidate["id"]] = (tmp_path / "proof.json").exists()

    search(tmp_path, candidates=("lr", "nb", "rf"), budget=Budget(60, 3), emit=emit)
    assert (there["dummy"], there["lr"], there["rf"], there["ensemble"]) == (False, False, True, True)


def test_a_stopped_run_has_a_proof_too(search: Search, tmp_path: Path) -> None:
    search(tmp_path, candidates=("lr",), should_stop=lambda: True)
    assert not Proof.load(tmp_path).failed


def test_rows_that_were_entered_twice_are_kept_together_and_said(search: Search, tmp_path: Path, people: pd.DataFrame) -> None:
    events: list[Event] = []
    frame = pd.concat([people, people.iloc[:8]], ignore_index=True)
    search(tmp_path, frame=frame, candidates=("lr",), emit=events.append)
    said = [event.text for event in events if isinstance(event, Message)]
    assert said[0] == (
        "23 of 158 rows have an exact copy in the table. 14 of them stay on the same side, so that no model is judged on a row "
        "that it has learned; the other 9 are of such usual values that new rows will be equal to them too, and are divided like "
        "all others."
    )
    assert not Proof.load(tmp_path).failed


def test_a_column_that_does_not_vary_in_one_fold_is_said_and_learned_from(search: Search, tmp_path: Path) -> None:
    """A column that began to be filled in late is empty in the first fold by time."""
    from automl_core.schema import Column, Schema

    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"when": np.arange(120.0), "x": rng.normal(size=120), "late": rng.normal(size=120)})
    frame["word"] = pd.Series(["a"] * 40 + ["b", "c"] * 40, dtype=object)
    frame["bought"] = np.where(frame["x"] + rng.normal(size=120) > 0, "yes", "no").astype(object)
    frame.loc[:35, "late"] = np.nan
    numbers = [Column(name, "number") for name in ("when", "x", "late")]
    schema = Schema((*numbers, Column("word", "category"), Column("bought", "boolean")))
    events: list[Event] = []
    board = search(
        tmp_path,
        frame=frame,
        schema=schema,
        split=Split("time", "when"),
        candidates=("lr", "lightgbm-own"),
        emit=events.append,
    )
    assert board["lr"].state == board["lightgbm-own"].state == "scored"
    said = [event.text for event in events if isinstance(event, Message)]
    assert "'late' and 'word' do not vary among the rows that fold 1 learns from, and are of no use there." in said


def test_a_fold_that_judges_one_outcome_only_is_said() -> None:
    from automl_core.search.constants import constant_notes

    y = np.array([0, 1, 0, 1, 1, 1, 0, 1.0])
    assert constant_notes(division([0, 0, 1, 1, 2, 2]), FEATURES, y) == [
        "All rows that fold 3 judges have the same target; a metric that compares outcomes leaves such a fold out."
    ]


def test_a_million_rows_are_proved_in_a_moment() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"x{place}": rng.normal(size=200_000) for place in range(20)})
    y = rng.integers(0, 2, 200_000).astype(float)
    made, _ = divide(BINARY, y, None, np.arange(200_000))
    started = time.perf_counter()
    assert not prove(made, frame, y, None, BINARY).failed
    assert time.perf_counter() - started < 2  # 0.05 s on the reference machine


def test_a_proof_that_cannot_be_made_does_not_end_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: a defect in it ended the run at its first model, and not when all was scored."""
    from automl_core.search import run

    tries: list[object] = []

    def fail(*given: object) -> None:
        tries.append(given)
        raise ValueError("no such column")

    monkeypatch.setattr(run, "store_proof", fail)
    told: list[Event] = []
    tell = run._proving(object(), told.append)  # type: ignore[arg-type]
    scored = CandidateScored({"state": "scored", "role": "model"})
    tell(scored)
    tell(scored)
    assert (told, len(tries)) == ([scored, scored], 1)
