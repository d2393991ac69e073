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
    again : ndarray, shape (repeats - 1, n_train), or None
        The same for each further division of the same rows; its folds are counted on from those before.
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
    again: Ints | None = None

    @property
    def repeats(self) -> int:
        """How many times the rows are divided."""
        return 1 if self.again is None else 1 + len(self.again)

    @property
    def each(self) -> int:
        """Number of folds of one division."""
        return int(self.fold.max()) + 1

    @property
    def folds(self) -> int:
        """Number of folds of all divisions."""
        return self.each * self.repeats

    @property
    def layers(self) -> Ints:
        """Fold of every row in every division, shape (repeats * n_train,); -1 for never judged."""
        return self.fold if self.again is None else np.concatenate([self.fold, *self.again])

    @property
    def places(self) -> Ints:
        """Positions of the rows of `layers`, shape (repeats * n_train,)."""
        return np.tile(self.train, self.repeats)

    def _numbers(self, fold: int) -> Ints:
        repeat = fold // self.each
        return self.fold if self.again is None or not repeat else np.asarray(self.again[repeat - 1])

    def learned(self, fold: int) -> Ints:
        """Return the indices into `train` that one fold learns from."""
        if self.forward:
            return np.flatnonzero((self.fold + 1 if self.ready is None else self.ready) <= fold)
        return np.flatnonzero(self._numbers(fold) != fold)

    def judged(self, fold: int) -> Ints:
        """Return the indices into `train` that one fold is judged on."""
        return np.flatnonzero(self._numbers(fold) == fold)

    def save(self, path: Path) -> None:
        """Write the division."""
        from automl_core.workspace import atomic_file

        arrays = {"rows": self.rows, "holdout": self.holdout, "train": self.train, "fold": self.fold}
        arrays.update({name: extra for name in ("ready", "again") if (extra := getattr(self, name)) is not None})
        with atomic_file(path) as file:
            np.savez(file, forward=[self.forward], **arrays)

    @classmethod
    def load(cls, path: Path) -> Division:
        """Read a division."""
        with np.load(path) as data:
            ready, again = (data[name] if name in data.files else None for name in ("ready", "again"))
            return cls(data["rows"], data["holdout"], data["train"], data["fold"], bool(data["forward"][0]), ready, again)
