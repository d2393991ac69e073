"""One pass over a table, column by column on every core: what each column holds, and which rows and columns are copies.

Rows are compared by a 64-bit sum of random numbers, one for each column and cell (Zobrist, 1970): in 10,000,000 rows a false
copy has a chance of about 3 in 1,000,000.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.data.personal import LOOKED_AT, mask, mentioned, personal_kind
from automl_core.profiling.column import EXAMPLES, SHOWN_VALUES, ColumnProfile, cut
from automl_core.profiling.counting import CHUNK, Spots, Words, count_dates, count_numbers, count_words
from automl_core.profiling.wording import number
from automl_core.schema import Kind, Schema

Hashes = npt.NDArray[np.uint64]
ORDER: tuple[Kind, ...] = ("text", "id", "category", "boolean", "date", "number")
"""Kinds by how long they take, the longest first, so that no core waits for the last column."""
KEPT_WORDS = 20_000
"""Most different words of a column that the checks look at, the most frequent ones."""


@dataclass(frozen=True)
class Scan:
    """What the pass keeps of one column.

    Parameters
    ----------
    profile : ColumnProfile
    words : tuple of (str, int)
        Different words with their cells, most frequent first, at most `KEPT_WORDS`; empty for numbers and dates.
    spots : Spots or None
        Numbers and dates with a value.
    rises : bool
        Whether no value is smaller than the one before it.
    mentions : int
        Texts with an address or a number of a person in them, of those looked at.
    digest : int
        The same for columns that are alike in every row, words by their numbers.
    gaps : int
        The same for columns that are missing in the same rows.
    """

    profile: ColumnProfile
    words: tuple[tuple[str, int], ...] = ()
    spots: Spots | None = None
    rises: bool = False
    mentions: int = 0
    digest: int = 0
    gaps: int = 0


class Rows:
    """Sums over the columns for each row: alike for rows that are alike.

    Attributes
    ----------
    whole : array of uint64, shape (n_rows,)
        Of every column.
    aside : array of uint64, shape (n_rows,)
        What `tidy` leaves out of it.
    target : array of uint64, shape (n_rows,)
        Of the target alone.
    missing : array of uint64, shape (n_rows,)
        Of the cells that are missing; 0 where none is.
    """

    def __init__(self, rows: int) -> None:
        self.whole = np.zeros(rows, dtype=np.uint64)
        self.aside = np.zeros(rows, dtype=np.uint64)
        self.target = np.zeros(rows, dtype=np.uint64)
        self.missing = np.zeros(rows, dtype=np.uint64)
        self._lock = threading.Lock()

    @property
    def tidy(self) -> Hashes:
        """Sums without keys, words compared without case and spaces."""
        return self.whole - self.aside

    def add(self, part: slice, whole: Hashes, aside: Hashes | None, gaps: Hashes | None, *, target: bool) -> None:
        """Add a column's numbers for some rows; `aside` is None where `tidy` has them all, `gaps` where no cell is missing."""
        with self._lock:
            self.whole[part] += whole
            if aside is not None:
                self.aside[part] += aside
            if target:
                self.target[part] += whole if aside is None else whole - aside
            if gaps is not None:
                self.missing[part] += gaps


def scan_table(
    frame: pd.DataFrame, schema: Schema, target: str = "", *, tell: Callable[[float], None] | None = None
) -> tuple[list[Scan], Rows]:
    """Look at every column of a table.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Typed; never changed.
    schema : Schema
    target : str
    tell : callable, optional
        Takes the share of the columns that is done, from any thread.
    """
    rows = Rows(len(frame))
    weights = _random(0, len(frame))
    done = 0

    def look(place: int) -> Scan:
        nonlocal done
        column = schema.columns[place]
        found = scan_column(frame[column.name], column.kind, rows, weights, seed=place + 1, target=column.name == target)
        done += 1
        if tell and 50 * done // len(schema) != 50 * (done - 1) // len(schema):
            tell(min(done / len(schema), 1.0))
        return found

    # NumPy's sort and Arrow's dictionary let go of the interpreter, so threads help where the columns are long.
    if len(frame) < 10_000 or len(schema) < 2:
        return [look(place) for place in range(len(schema))], rows
    longest_first = sorted(range(len(schema)), key=lambda place: ORDER.index(schema.columns[place].kind))
    with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
        found = dict(zip(longest_first, pool.map(look, longest_first), strict=True))
    return [found[place] for place in range(len(schema))], rows


def summarise(values: pd.Series, kind: Kind) -> ColumnProfile:
    """Describe one typed column of the kind `kind`."""
    return scan_column(values, kind, None, None, seed=1).profile


def scan_column(
    values: pd.Series, kind: Kind, rows: Rows | None, weights: Hashes | None, *, seed: int, target: bool = False
) -> Scan:
    """Look at one column, and add it to the sums of the rows where there are any."""
    known: Words | None = None
    if values.dtype.kind == "M":
        scan = _dates(values)
    elif values.dtype.kind in "iuf":
        scan = _numbers(values, kind)
    else:
        known = count_words(values)
        scan = _words(known, values, kind)
    if rows is None or weights is None:
        return scan
    digest, gaps = _add(scan, known, values, rows, weights, seed, target=target)
    return replace(scan, digest=digest, gaps=gaps)


def _add(
    scan: Scan, known: Words | None, values: pd.Series, rows: Rows, weights: Hashes, seed: int, *, target: bool
) -> tuple[int, int]:
    """Add a column to the sums of the rows, and return its digests."""
    own = _random(seed, 1)[0]
    factor = own | np.uint64(1)
    table = _random(1, len(known.counts) + 1) if known else None
    places = _tidy(scan, known) if known and scan.profile.kind != "id" else None
    plain = values.to_numpy()
    digest = gaps = 0
    for part in (slice(start, start + CHUNK) for start in range(0, len(values), CHUNK)):
        codes = known.codes[part] + 1 if known else None
        mixed = table[codes] if table is not None else _mixed(plain[part])
        digest += int(np.dot(mixed, weights[part]))
        whole = mixed * factor
        aside = whole if scan.profile.kind == "id" else None
        if table is not None and places is not None:
            aside = whole - table[places[codes]] * factor
        missing = None
        if scan.profile.missing:
            gone = (codes == 0 if codes is not None else pd.isna(plain[part])).astype(np.uint64)
            gaps += int(np.dot(gone, weights[part]))
            missing = gone * own
        rows.add(part, whole, aside, missing, target=target)
    return digest % 2**64, gaps % 2**64


def _random(seed: int, count: int) -> Hashes:
    return np.random.default_rng(seed).integers(0, 2**64, count, dtype=np.uint64)


def _mixed(cells: npt.NDArray[Any]) -> Hashes:
    """Return numbers that have nothing in common but that equal cells give equal ones (the mixing step of SplitMix64)."""
    if cells.dtype.kind == "f":
        bits = (cells.astype(np.float64, copy=False) + 0.0).view(np.uint64)  # minus zero is zero
    else:
        bits = cells.astype(np.int64).view(np.uint64)
    mixed: Hashes = bits + np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def _tidy(scan: Scan, known: Words) -> npt.NDArray[np.int64] | None:
    """Return the place of the first word that differs from each only by case and spaces, None where none does."""
    count = len(known.counts)
    if not 1 < count <= KEPT_WORDS:
        return None
    first: dict[str, int] = {}
    words = known.part(np.arange(count))
    places = np.array([0, *(first.setdefault(" ".join(word.split()).casefold(), place + 1) for place, word in enumerate(words))])
    return places if len(first) < count else None


def _numbers(values: pd.Series, kind: Kind) -> Scan:
    plain = values.to_numpy()
    found = count_numbers(plain if plain.dtype.kind in "iu" else plain.astype(np.float64, copy=False))
    first = list(dict.fromkeys(_first(values, found.missing).tolist()))
    whole = [cell for cell in first if float(cell).is_integer() and abs(cell) >= 1e12]
    personal = personal_kind([f"{int(cell)}" for cell in whole], plain_numbers=True) if len(whole) > 0.9 * len(first) else ""
    base = ColumnProfile(str(values.name), kind, len(values), found.missing, found.distinct, infinite=found.infinite)
    if personal:
        return Scan(replace(base, personal=personal))
    examples = tuple(number(float(cell), 6) for cell in first[:EXAMPLES]) if kind != "id" else ()
    described = kind == "number"
    profile = replace(
        base,
        numbers=found.figures if described else {},
        edges=found.edges if described else (),
        counts=found.counts if described else (),
        examples=examples,
    )
    return Scan(profile, spots=found.spots if described else None, rises=_rises(plain))


def _dates(values: pd.Series) -> Scan:
    plain = values.to_numpy().astype("datetime64[ns]").view(np.int64)
    missing, distinct, spots, edges, counts = count_dates(plain)
    base = ColumnProfile(str(values.name), "date", len(values), missing, distinct, edges=edges, counts=counts)
    if spots is None:
        return Scan(base)
    examples = tuple(dict.fromkeys(_moment(cell) for cell in _first(values, missing).iloc[:20]))[:EXAMPLES]
    first, last = (pd.Timestamp(int(end)).isoformat() for end in (spots.low, spots.high))
    profile = replace(base, first=first, last=last, examples=examples)
    return Scan(profile, spots=spots, rises=_rises(plain))


def _words(known: Words, values: pd.Series, kind: Kind) -> Scan:
    count = len(known.counts)
    cells = int(known.counts.sum())
    base = ColumnProfile(str(values.name), kind, len(values), len(values) - cells, count)
    looked = known.part(np.arange(min(count, LOOKED_AT)))
    personal = personal_kind(looked, plain_numbers=all(word.strip().isdecimal() for word in looked))
    if personal:
        return Scan(replace(base, personal=personal))
    if kind == "id":
        return Scan(base)
    examples = tuple(cut(mask(word)) for word in looked[:EXAMPLES])
    if kind == "text":
        profile = replace(base, rest=cells, examples=examples)
        if count:
            lengths = known.lengths()
            mean = float((lengths * known.counts).sum() / cells)
            figures = {"shortest": float(lengths.min()), "longest": float(lengths.max()), "mean": mean}
            profile = replace(profile, numbers=figures)
        return Scan(profile, mentions=mentioned(looked))
    frequent = known.frequent(KEPT_WORDS)
    shown = tuple((cut(mask(word)), share) for word, share in frequent[:SHOWN_VALUES])
    profile = replace(base, values=shown, rest=cells - sum(share for _, share in shown), examples=examples)
    return Scan(profile, words=tuple(frequent))


def _first(values: pd.Series, missing: int) -> pd.Series:
    """Return the first known cells."""
    if not missing:
        return values.iloc[:LOOKED_AT]
    known = values.iloc[: 20 * LOOKED_AT].dropna()
    return (known if len(known) >= LOOKED_AT or len(values) <= 20 * LOOKED_AT else values.dropna()).iloc[:LOOKED_AT]


def _moment(cell: pd.Timestamp) -> str:
    return str(cell.isoformat()[:10] if cell == cell.normalize() else cell.isoformat(" "))


def _rises(values: npt.NDArray[Any]) -> bool:
    """Return whether numbers never fall from row to row; the first rows tell of most columns that they do."""
    head = values[:1000]
    if len(values) < 3 or not bool((head[1:] >= head[:-1]).all()):
        return False
    return bool((values[1:] >= values[:-1]).all())
