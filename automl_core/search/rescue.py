"""When the disk or the memory gives out in the middle of a run: what is scored stays usable, and it is said what is."""

from __future__ import annotations

import contextlib
import errno
from pathlib import Path

from automl_core.errors import AutoMLError, InputError, StorageError
from automl_core.leaderboard import Leaderboard

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NEXT_DISK = "Free some disk space, then let it go on: what was finished is kept."
NEXT_MEMORY = "Use fewer rows or columns, or free some memory, then let it go on: what was finished is kept."


def is_full(error: BaseException) -> bool:
    """Return whether a disk without room is behind an error."""
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    return isinstance(cause, OSError) and cause.errno in FULL


def make_room(folder: Path) -> int:
    """Delete what a run can make again: the prepared data of the folds, and files that were not finished.

    Parameters
    ----------
    folder : Path
        The run's folder. Fitted preprocessing, models and predictions stay.

    Returns
    -------
    int
        Bytes that were freed.
    """
    freed = 0
    # The description goes before its arrays: a run that goes on takes the arrays to be there when the description is.
    for pattern in ("folds/*/*.json", "folds/*/*.npy", "**/.*.part"):
        for path in folder.glob(pattern):
            with contextlib.suppress(OSError):
                size = path.stat().st_size
                path.unlink()
                freed += size
    return freed


def closing_words(error: BaseException) -> tuple[str, str]:
    """Return why candidates under way have no score when a run ends by this fault, and what can be done."""
    if isinstance(error, MemoryError):
        return "There was not enough memory to go on.", NEXT_MEMORY
    if is_full(error):
        return "The disk was full before it was done.", NEXT_DISK
    return "The disk failed before it was done.", "Check the disk, then let the run go on."


def ended_early(error: OSError | MemoryError, board: Leaderboard | None, *, packed: bool) -> AutoMLError:
    """Return the one message of a run that the disk or the memory has ended.

    Parameters
    ----------
    error : OSError or MemoryError
    board : Leaderboard or None
        As it was saved last.
    packed : bool
        Whether the recommended model's file could be written.
    """
    usable = _usable(board, packed=packed)
    if isinstance(error, MemoryError):
        return InputError(f"There was not enough memory to go on.{usable}", action=NEXT_MEMORY)
    said = error.received if isinstance(error, StorageError) else f"A file could not be written: {error.strerror or error}."
    return StorageError(said + usable, action=NEXT_DISK if is_full(error) else getattr(error, "action", ""))


def _usable(board: Leaderboard | None, *, packed: bool) -> str:
    if board is None or not board.recommended:
        return ""
    count = sum(row.state == "scored" and row.role != "ensemble" for row in board)
    models = "1 model had" if count == 1 else f"{count} models had"
    when = "is ready to use" if packed else "can be used once there is room"
    return f" {models} been scored by then; {board[board.recommended].name!r} is recommended and {when}."
