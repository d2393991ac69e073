"""Which rows a run learns from and judges, on disk and in memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Division:
    """Which rows are learned from and judged on.

    Parameters
    ----------
    rows : ndarray, shape (n,)
        Row of the dataset for each position in the cleaned table.
    holdout : ndarray
        Positions that the search never sees.
    train : ndarray, shape (n_train,)
        Positions of the rows that folds learn from and judge. Rows in neither are left out, for want of a time or since
        they lie in the gap before the rows kept aside.
    fold : ndarray, shape (n_train,)
        Number of the fold in which the row is judged; -1 for rows that are only learned from.
    forward : bool
        Whether a fold learns only from rows of earlier folds (split by time).
    ready : ndarray, shape (n_train,), or None
        With `forward`, the first fold that may learn from the row: a gap lets a fold pass over rows that the next one
        learns from. None where every fold learns from all earlier ones.
    """

    rows: Ints
    holdout: Ints
    train: Ints
    fold: Ints
    forward: bool = False
    ready: Ints | None = None

    @property
    def folds(self) -> int:
        """Number of folds."""
        return int(self.fold.max()) + 1

    def learned(self, fold: int) -> Ints:
        """Return the indices into `train` that one fold learns from."""
        if self.forward:
            return np.flatnonzero((self.fold + 1 if self.ready is None else self.ready) <= fold)
        return np.flatnonzero(self.fold != fold)

    def judged(self, fold: int) -> Ints:
        """Return the indices into `train` that one fold is judged on."""
        return np.flatnonzero(self.fold == fold)

    def save(self, path: Path) -> None:
        """Write the division."""
        from automl_core.workspace import atomic_file

        arrays = {"rows": self.rows, "holdout": self.holdout, "train": self.train, "fold": self.fold}
        if self.ready is not None:
            arrays["ready"] = self.ready
        with atomic_file(path) as file:
            np.savez(file, forward=[self.forward], **arrays)

    @classmethod
    def load(cls, path: Path) -> Division:
        """Read a division."""
        with np.load(path) as data:
            ready = data["ready"] if "ready" in data.files else None
            return cls(data["rows"], data["holdout"], data["train"], data["fold"], bool(data["forward"][0]), ready)
