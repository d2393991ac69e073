"""What DuckDB would read otherwise than we do, looked for in the bytes of a large file before it reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

Bytes = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]

PIECE = 1 << 20
"""Bytes that are looked at together: few enough to stay in a processor's cache while they are looked at more than once."""


@dataclass(frozen=True)
class Scan:
    """What a file holds somewhere.

    Parameters
    ----------
    underscores : bool
        Whether ``_`` stands between two digits: DuckDB takes 1_000 for a thousand, a person's export hardly means one.
    nuls : int
        NUL bytes.
    """

    underscores: bool
    nuls: int


def scan(path: Path) -> Scan:
    """Look through a file of UTF-8, at the speed of memory."""
    underscores, nuls = False, 0
    for _, piece in pieces(path, before=2):
        nuls += len(piece) - 2 - int(np.count_nonzero(piece[2:]))
        if not underscores:
            signs = piece[1:-1] == ord("_")
            if signs.any():
                places = np.flatnonzero(signs) + 1
                underscores = bool((_digit(piece[places - 1]) & _digit(piece[places + 1])).any())
    return Scan(underscores, nuls)


def pieces(path: Path, *, before: int) -> Iterator[tuple[int, Bytes]]:
    """Yield a file piece by piece.

    Parameters
    ----------
    path : Path
    before : int
        Bytes that each piece repeats of the one before it; the first piece has NULs there.

    Yields
    ------
    tuple of int and ndarray of uint8
        Where in the file the piece begins after those, and the piece, which holds until the next one is asked for.
    """
    buffer = np.zeros(before + PIECE, dtype=np.uint8)
    start = 0
    with open(path, "rb", buffering=0) as file:
        while count := file.readinto(memoryview(buffer)[before:]):
            yield start, buffer[: before + count]
            buffer[:before] = buffer[count : before + count].copy()
            start += count


def _digit(letters: Bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return (letters >= ord("0")) & (letters <= ord("9"))
