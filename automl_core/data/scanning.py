"""A large file's bytes, gone through on every core: what DuckDB would read otherwise than we do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from automl_core.data.duck import usable_cores

Found = TypeVar("Found")
Bytes = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]

PIECE = 1 << 20
"""Bytes that are looked at together: few enough to stay in a processor's cache while they are looked at more than once."""
PART = 1 << 25
"""Bytes that one thread goes through."""
MANY = 100_000
"""Short lines of a part, after which no more are looked for in it."""


@dataclass(frozen=True)
class Scan:
    """What a file holds somewhere.

    Parameters
    ----------
    underscores : bool
        Whether ``_`` stands between two digits: DuckDB takes 1_000 for a thousand, a person's export hardly means one.
    nuls : int
        NUL bytes.
    short : tuple of (int, int)
        Where what may be a line of one of the lengths asked for begins and ends.
    lines, returns, blank : int
        Line feeds, carriage returns that no line feed follows, and line feeds that end an empty line.
    """

    underscores: bool
    nuls: int
    short: tuple[tuple[int, int], ...] = ()
    lines: int = 0
    returns: int = 0
    blank: int = 0


def scan(path: Path, end: int = 0, lengths: Collection[int] = ()) -> Scan:
    """Look through a file of UTF-8 once, at the speed of memory.

    Parameters
    ----------
    path : Path
    end : int
        The byte that ends lines.
    lengths : collection of int
        Bytes of the lines that are looked for, with their ends; none when empty.
    """
    found = list(side_by_side(path, lambda start, stop: _scan(path, start, stop, end, lengths)))
    short = tuple(line for part in found for line in part.short)
    counts = [sum(getattr(part, name) for part in found) for name in ("nuls", "lines", "returns", "blank")]
    return Scan(any(part.underscores for part in found), counts[0], short, *counts[1:])


def _scan(path: Path, begin: int, stop: int, end: int, lengths: Collection[int]) -> Scan:
    underscores, nuls, lines, returns, blank, reach = False, 0, 0, 0, 0, max(2, *lengths, 2)
    short: list[tuple[int, int]] = []
    for start, piece in pieces(path, begin, stop, before=reach):
        nuls += len(piece) - reach - int(np.count_nonzero(piece[reach:]))
        feeds, back = piece[reach:] == ord("\n"), piece[reach:] == ord("\r")
        lines += int(np.count_nonzero(feeds))
        blank += int(np.count_nonzero(feeds & (piece[reach - 1 : -1] == ord("\n")))) + int(not start and bool(feeds[0]))
        if back.any() or piece[reach - 1] == ord("\r"):
            both = feeds & (piece[reach - 1 : -1] == ord("\r"))
            returns += int(np.count_nonzero(back)) - int(np.count_nonzero(both))
            blank += int(np.count_nonzero(both & (piece[reach - 2 : -2] == ord("\n"))))
        if not underscores:
            signs = piece[reach - 1 : -1] == ord("_")
            if signs.any():
                places = np.flatnonzero(signs) + reach - 1
                underscores = bool((_digit(piece[places - 1]) & _digit(piece[places + 1])).any())
        if lengths and len(short) <= MANY:
            short += _short_lines(piece, start, end, reach, lengths)
    return Scan(underscores, nuls, tuple(short), lines, returns, blank)


def _short_lines(piece: Bytes, start: int, end: int, reach: int, lengths: Collection[int]) -> list[tuple[int, int]]:
    """Return where lines may begin and end in a piece: two of the byte that ends them, so far apart."""
    ends = piece == end
    if not start:
        ends[reach - 1] = True  # the first line begins as if one ended before it
    found: list[tuple[int, int]] = []
    for length in lengths:
        apart = ends[reach:] & ends[reach - length : -length]
        if apart.any():
            places = np.flatnonzero(apart)[: MANY + 1]
            found += [(start + place + 1 - length, start + place + 1) for place in map(int, places)]
    return found


def side_by_side(path: Path, look: Callable[[int, int], Found]) -> Iterator[Found]:
    """Look at a file's parts, each from its start to before its stop, on every core, and yield what was found, in order."""
    size = path.stat().st_size
    with ThreadPoolExecutor(usable_cores()) as pool:
        starts = range(0, size, PART)
        yield from pool.map(look, starts, (min(start + PART, size) for start in starts))


def pieces(path: Path, start: int, stop: int, *, before: int) -> Iterator[tuple[int, Bytes]]:
    """Yield a part of a file piece by piece.

    Parameters
    ----------
    path : Path
    start, stop : int
        Where the part begins, and before which byte it ends.
    before : int
        Bytes that each piece repeats of what is before it; there are NULs before the file's first.

    Yields
    ------
    tuple of int and ndarray of uint8
        Where in the file the piece begins after those, and the piece, which holds until the next one is asked for.
    """
    buffer = np.zeros(before + PIECE, dtype=np.uint8)
    with open(path, "rb", buffering=0) as file:
        file.seek(max(start - before, 0))
        head = np.frombuffer(file.read(min(before, start)), dtype=np.uint8)
        buffer[before - len(head) : before] = head
        while count := file.readinto(buffer[before : before + min(PIECE, stop - start)].data):
            yield start, buffer[: before + count]
            buffer[:before] = buffer[count : before + count].copy()
            start += count


def _digit(letters: Bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return (letters >= ord("0")) & (letters <= ord("9"))
