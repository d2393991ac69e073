"""What an interrupted search left in its folder: prepared folds, fitted folds, proposals and rows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from automl_core.errors import AutoMLError
from automl_core.leaderboard import Candidate
from automl_core.search.candidates import Spec
from automl_core.search.tuner import number_of
from automl_core.workspace import read_json


def prepared_folds(root: Path) -> dict[tuple[int, str], dict[str, Any]]:
    """Return by fold and view what its preparation gave."""
    return {(int(path.parent.name), path.stem): read_json(path) for path in sorted(root.glob("folds/*/*.json"))}


def proposals(root: Path) -> Iterator[Spec]:
    """Yield what the search had proposed, in its order."""
    # The clock of a disk may tick in milliseconds, so of two in a tick the number tells.
    written = root.glob("candidates/*/spec.json")
    for path in sorted(written, key=lambda path: (path.stat().st_mtime, number_of(path.parent.name))):
        yield Spec(**{key: value for key, value in read_json(path).items() if key != "format"})


def fitted_folds(folder: Path, folds: int) -> dict[int, dict[str, Any]]:
    """Return what the folds of one candidate gave of which everything is there."""
    found = {}
    for fold in range(folds):
        parts = [folder / f"fold{fold}{suffix}" for suffix in (".skops", ".npy", ".json")]
        if all(part.exists() for part in parts):
            found[fold] = read_json(parts[2])
    return found


def old_row(folder: Path) -> Candidate | None:
    """Return the row of a candidate as it was stored; None when there is none that can be read."""
    with contextlib.suppress(AutoMLError, TypeError, KeyError):
        return Candidate.from_dict(read_json(folder / "candidate.json"))
    return None


def as_before(row: Candidate, old: Candidate | None) -> Candidate:
    """Return a row that was made anew with what only its older one knows: when it was scored, and how fast it answered."""
    if old is None:
        return row
    row = replace(row, at_seconds=old.at_seconds, answer_ms=old.answer_ms)
    return replace(row, reason=old.reason) if old.answer_ms else row


def combined_rows(root: Path) -> Iterator[Candidate]:
    """Yield the rows that a person has made from others; they were never a part of the search."""
    for path in sorted(root.glob("candidates/*-[0-9]*/candidate.json")):
        row = old_row(path.parent)
        if row is not None and row.role == "ensemble" and row.state == "scored":
            yield row


def added_rows(root: Path) -> Iterator[Candidate]:
    """Yield the scored rows that came to a run after its search: what tuning found, and what a person combined."""
    yield from combined_rows(root)
    for spec in proposals(root):
        row = old_row(root / "candidates" / spec.id)
        if row is not None and row.state == "scored":
            yield row
