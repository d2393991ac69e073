"""Values that stand for "not known": numbers and dates that nobody measured, and words that say it."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from automl_core.cleaning.recipe import Step
from automl_core.profiling.alerts.base import Alert, Facts
from automl_core.profiling.column import ColumnProfile
from automl_core.profiling.counting import Spots
from automl_core.profiling.wording import counted, listed, quoted

LEAST = 3
"""Cells that a value needs to be suspected."""
SHARE = 0.002
"""Share of the cells that it needs."""
PLACEHOLDER_DATES = frozenset(
    pd.Timestamp(day)
    for day in (
        *("1800-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1901-01-01", "1753-01-01", "1970-01-01", "1980-01-01"),
        *("2099-01-01", "2099-12-31", "2100-01-01", "2199-12-31", "2200-01-01", "2222-02-22"),
    )
)
WORDS = frozenset(
    (
        *("unknown", "unk", "unkn", "not known", "missing", "not available", "unavailable", "n.a.", "n.a", "not applicable"),
        *("no data", "nodata", "no answer", "no response", "not specified", "unspecified", "not given", "undefined"),
        *("not provided", "not stated", "not recorded", "not determined", "to be determined", "tbd", "tba", "xxx", "???", "??"),
        *("--", "---", ".", "..", "...", "*", "_", "/", "nil", "void", "blank", "(blank)", "empty", "(empty)", "[null]"),
        *("#ref!", "#value!", "#div/0!", "#name?", "#num!", "nd", "n/d", "s/d", "k.a.", "k. a.", "keine angabe", "unbekannt"),
        *("inconnu", "non renseigné", "desconocido", "sin datos", "sconosciuto", "onbekend", "okänd", "nieznany", "desconhecido"),
        *("null", "none", "nan", "n/a", "na", "-", "?"),
    )
)
"""Words, in lower case, that say that nothing is known."""


def disguised_missing(facts: Facts) -> Iterator[Alert]:
    """Values that stand for missing ones."""
    for scan in facts.features:
        c = scan.profile
        if c.kind in ("category", "boolean", "text"):
            found = [(word, cells) for word, cells in scan.words if " ".join(word.split()).casefold() in WORDS]
            if found and c.distinct > len(found):
                words, rows = [word for word, _ in found], sum(cells for _, cells in found)
                cells = counted(rows, "cell", "cells")
                sentence = f"{cells} of {quoted(c.name)} {'says' if rows == 1 else 'say'} {listed(words)}: that is nothing known."
                yield _alert(c, words, rows, sentence)
            continue
        if scan.spots is None:
            continue
        if c.kind == "number":
            values = disguised_numbers(scan.spots, c.rows - c.missing, c.distinct)
            said = [written(value) for value, _ in values]
        else:
            values = disguised_dates(scan.spots, c.rows - c.missing, c.distinct)
            said = [_day(value) for value, _ in values]
        if values:
            rows = sum(cells for _, cells in values)
            holds = counted(rows, "cell", "cells")
            apart = "stands apart from all other values" if len(values) == 1 else "stand apart from all other values"
            sentence = (
                f"{holds} of {quoted(c.name)} {'is' if rows == 1 else 'are'} {_or(said)}, which {apart}. Is it not known there?"
            )
            yield _alert(c, said, rows, sentence)


def _alert(column: ColumnProfile, words: list[str], rows: int, sentence: str) -> Alert:
    step = Step("null_words", {"columns": [column.name], "words": words}, sentence)
    return Alert("disguised_missing", "warning", (column.name,), sentence, {"values": words, "rows": rows}, step)


def disguised_numbers(spots: Spots, known: int, distinct: int) -> list[tuple[float, int]]:
    """Return the numbers that probably stand for missing ones, with their cells.

    Parameters
    ----------
    spots : Spots
    known, distinct : int
        Cells with a number, and different ones.

    Returns
    -------
    list of (float, int)
        An end of the range that is repeated and is -1 or the like below numbers that are not negative, or of one digit over
        and over (99, 999, 9999) and far from the rest, or any number very far from the rest; and numbers such as 999 that
        are by far the most frequent ones inside the range.
    """
    if distinct < 4 or known < 10:
        return []
    least = max(LEAST, SHARE * known)
    found: dict[float, int] = {}
    ends = (
        (spots.low, spots.low_count, spots.second_low, spots.high - spots.second_low),
        (spots.high, spots.high_count, spots.second_high, spots.second_high - spots.low),
    )
    for value, cells, neighbour, width in ends:
        gap = abs(neighbour - value)
        lone = value < 0 <= neighbour and (value == -1 or repdigit(value))
        # One digit is an ordinary count; 9 after answers from 1 to 5 is none.
        far = repdigit(value) and gap >= 2 and (gap > 0.25 * width if abs(value) > 9 else gap >= 0.75 * width)
        very_far = value != 0 and cells >= max(5, 0.01 * known) and gap > width
        if cells >= least and (lone or far or very_far):
            found[value] = cells
    if len(spots.frequent) > 1:
        (value, cells), (_, next_cells) = spots.frequent[:2]
        if abs(value) >= 99 and repdigit(value) and cells >= max(least, 0.01 * known) and cells >= 5 * next_cells:
            found[value] = cells
    return sorted(found.items())


def repdigit(value: float) -> bool:
    """Return whether a number is 8 or 9, or one digit over and over, with any sign: 99, -999, 7777."""
    if value != int(value) or abs(value) > 1e15:
        return False
    digits = str(abs(int(value)))
    return len(set(digits)) == 1 and digits[0] != "0" and (len(digits) > 1 or digits in "89")


def disguised_dates(spots: Spots, known: int, distinct: int) -> list[tuple[float, int]]:
    """Return the dates that probably stand for missing ones, in nanoseconds since the epoch, with their cells."""
    if distinct < 4 or known < 10:
        return []
    found: dict[float, int] = {}
    ends = (
        (spots.low, spots.low_count, spots.second_low, spots.high - spots.second_low),
        (spots.high, spots.high_count, spots.second_high, spots.second_high - spots.low),
    )
    for value, cells, neighbour, width in ends:
        gap = abs(neighbour - value)
        placeholder = pd.Timestamp(int(value)).normalize() in PLACEHOLDER_DATES and gap > 0.1 * width
        if (cells >= max(LEAST, SHARE * known) and placeholder) or (cells >= max(5, 0.01 * known) and gap > width):
            found[value] = cells
    return sorted(found.items())


def written(value: float) -> str:
    """Return a number as it is written, whole ones without a point."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _day(value: float) -> str:
    moment = pd.Timestamp(int(value))
    return str(moment.isoformat()[:10] if moment == moment.normalize() else moment.isoformat())


def _or(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
