"""A disk or a memory that gives out in the middle of a run: what was scored stays usable, and one message says so."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from automl_core.errors import InputError, StorageError
from automl_core.events import CandidateScored, Event
from automl_core.experiment import Budget
from automl_core.leaderboard import Candidate, Leaderboard
from automl_core.search.proof import Proof
from automl_core.search.rescue import closing_words, ended_early, is_full, make_room

FULL = OSError(errno.ENOSPC, "No space left on device")


def stored(cause: OSError) -> StorageError:
    error = StorageError("fold2.npy could not be saved: No space left on device.", action="Free some disk space.")
    error.__cause__ = cause
    return error


def board(*rows: Candidate, recommended: str = "") -> Leaderboard:
    return Leaderboard("roc_auc", True, rows, recommended)


BOTH = board(
    Candidate("lr", "Logistic regression", "linear", state="scored", score=0.8),
    Candidate("rf", "Random forest", "forest", state="scored", score=0.8),
    Candidate("ensemble", "Ensemble of 2", "ensemble", role="ensemble", state="scored", score=0.9),
    recommended="ensemble",
)


def test_only_a_disk_without_room_is_full() -> None:
    assert is_full(FULL)
    assert is_full(stored(FULL))
    assert is_full(OSError(errno.EFBIG, ""))
    assert not is_full(OSError(errno.EACCES, "Permission denied"))
    assert not is_full(stored(OSError(errno.EIO, "")))
    assert not is_full(MemoryError())


def test_room_is_made_from_what_can_be_made_again(tmp_path: Path) -> None:
    gone = [
        "folds/0/encoded.json",
        "folds/0/encoded_learn.npy",
        "folds/0/encoded_judge.npy",
        "candidates/lr/.fold0.npy.9.ab.part",
    ]
    kept = [
        "folds/0/encoded.skops",
        "candidates/lr/fold0.npy",
        "candidates/lr/fold0.skops",
        "candidates/lr/fold0.json",
        "split.npz",
    ]
    for name in (*gone, *kept):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(bytes(10))
    assert make_room(tmp_path) == 40
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == sorted(kept)


@pytest.mark.parametrize(
    ("error", "found", "packed", "sentence"),
    [
        (stored(FULL), None, False, "fold2.npy could not be saved: No space left on device."),
        (stored(FULL), board(), False, "fold2.npy could not be saved: No space left on device."),
        (
            stored(FULL),
            BOTH,
            True,
            "fold2.npy could not be saved: No space left on device. "
            "2 models had been scored by then; 'Ensemble of 2' is recommended and is ready to use.",
        ),
        (
            FULL,
            board(BOTH["lr"], recommended="lr"),
            False,
            "A file could not be written: No space left on device. "
            "1 model had been scored by then; 'Logistic regression' is recommended and can be used once there is room.",
        ),
    ],
)
def test_the_last_words_on_a_full_disk(error: OSError, found: Leaderboard | None, packed: bool, sentence: str) -> None:
    said = ended_early(error, found, packed=packed)
    assert isinstance(said, StorageError)
    assert said.received == sentence
    assert said.action == "Free some disk space, then let it go on: what was finished is kept."


def test_the_last_words_without_memory() -> None:
    said = ended_early(MemoryError(), BOTH, packed=True)
    assert isinstance(said, InputError)
    assert str(said) == (
        "There was not enough memory to go on. 2 models had been scored by then; 'Ensemble of 2' is recommended and is ready "
        "to use. Use fewer rows or columns, or free some memory, then let it go on: what was finished is kept."
    )


def test_why_the_others_have_no_score() -> None:
    assert closing_words(stored(FULL))[0] == "The disk was full before it was done."
    assert closing_words(OSError(errno.EIO, "Input/output error"))[0] == "The disk failed before it was done."
    assert closing_words(MemoryError())[0] == "There was not enough memory to go on."


@pytest.mark.parametrize("fault", [stored(FULL), MemoryError()])
def test_a_search_that_is_cut_by_a_fault_still_combines_what_it_has(
    search: Callable[..., Leaderboard], tmp_path: Path, fault: BaseException
) -> None:
    """A full disk ended a run before its ensemble, however many models were scored."""
    seen: list[str] = []
    broken: list[bool] = []

    def emit(event: Event) -> None:
        if isinstance(event, CandidateScored) and event.candidate["state"] == "scored":
            seen.append(event.candidate["id"])
            if {"lr", "nb"} <= set(seen) and not broken:
                broken.append(True)
                raise fault

    more: dict[str, Any] = {"candidates": ("lr", "nb", "rf", "et", "gbc")}
    with pytest.raises(type(fault)):
        search(tmp_path, emit=emit, **more)
    found = Leaderboard.load(tmp_path / "leaderboard.json")
    assert {"lr", "nb", "ensemble"} <= {row.id for row in found if row.state == "scored"}
    assert found.recommended
    assert {row.reason for row in found if row.state == "stopped"} <= {closing_words(fault)[0]}
    assert list(tmp_path.glob("folds/*/*_learn.npy")) == []
    assert not Proof.load(tmp_path).failed

    fits = (tmp_path / "fits.log").read_text().splitlines()
    again = search(tmp_path, **more)
    assert {row.id for row in again if row.state == "scored"} >= {"dummy", "lr", "nb", "ensemble"}
    after = (tmp_path / "fits.log").read_text().splitlines()
    assert after[: len(fits)] == fits
    assert not any(line.split()[0] in ("lr", "nb") for line in after[len(fits) :])
    assert (tmp_path / "folds" / "0" / "encoded.skops").exists()


@pytest.mark.parametrize("fault", [stored(FULL), MemoryError()])
def test_pycaret_classic_that_is_cut_by_a_fault_keeps_and_blends_what_it_has(
    search: Callable[..., Leaderboard], tmp_path: Path, fault: BaseException
) -> None:
    """A full disk ended the preset without a blend, without a word on its open rows, and without a proof of the split."""
    seen: set[str] = set()

    def emit(event: Event) -> None:
        if isinstance(event, CandidateScored) and event.candidate["state"] == "scored" and not {"lr", "nb"} <= seen:
            seen.add(event.candidate["id"])
            if {"lr", "nb"} <= seen:
                raise fault

    with pytest.raises(type(fault)):
        search(tmp_path, emit=emit, preset="pycaret", budget=Budget(600))
    found = Leaderboard.load(tmp_path / "leaderboard.json")
    assert {"lr", "nb", "blend"} <= {row.id for row in found if row.state == "scored"}
    members = found["blend"].members
    assert set(members) >= {"lr", "nb"} and len(set(members.values())) == 1
    assert len(found["blend"].fold_scores) == 3
    assert found.recommended in {row.id for row in found if row.state == "scored" and row.role != "baseline"}
    ended = [row for row in found if row.state != "scored"]
    assert ended and {(row.state, row.reason, row.suggestion) for row in ended} == {("stopped", *closing_words(fault))}
    assert list(tmp_path.glob("folds/*/*_learn.npy")) == []
    assert not Proof.load(tmp_path).failed
