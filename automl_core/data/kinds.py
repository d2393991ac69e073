"""Which kind each column of text is, and the evidence for it in one sentence."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.data.parsing import EXACT, parse_column
from automl_core.schema import Column, Kind, Parsing, Schema

Array = npt.NDArray[np.float64]
SAMPLE = 50_000
"""Distinct cells a column is judged by; the whole column is typed afterwards and misfits are counted."""
FIT = 0.95
"""Share of the cells that must fit a kind."""
KEY_SHARE = 0.95
"""Share of distinct cells from which a column that is called a key is one, though rows were exported twice."""
FEW = 2_000
"""Cells up to which Python counts them sooner than pandas, whose calls take as long for ten cells: a table has many columns."""
PLAIN = Parsing()
LABELS = 50
"""A text column with at most this many distinct values is a category."""

# fmt: off
TRUTH_WORDS = (
    {"yes", "no"}, {"y", "n"}, {"true", "false"}, {"wahr", "falsch"}, {"vrai", "faux"}, {"vero", "falso"}, {"verdadero", "falso"},
    {"t", "f"}, {"on", "off"}, {"ja", "nein"}, {"oui", "non"}, {"sí", "no"},
    {"si", "no"}, {"sì", "no"}, {"sim", "não"}, {"ja", "nej"}, {"ja", "nee"}, {"tak", "nie"}, {"ano", "ne"}, {"да", "нет"},
    {"так", "ні"}, {"evet", "hayır"}, {"evet", "hayir"}, {"はい", "いいえ"}, {"是", "否"}, {"예", "아니오"}, {"예", "아니요"},
)
CURRENCIES = (
    "R$", "€", "$", "£", "¥", "￥", "円", "元", "원", "₩", "₹", "₽", "₺", "₴", "zł", "Kč",
    "CHF", "EUR", "USD", "GBP", "JPY", "CNY", "PLN", "CZK", "kr",
)
# fmt: on
"""A mark stands before those that are a part of it."""
UNITS = ("kg", "g", "km", "m", "cm", "mm", "h", "min", "s", "l", "ml", "kWh", "°C")

_DIGIT = re.compile(r"\d")
_INTEGER = re.compile(r"[+-]?\d+")
_POINT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_GROUPED = {
    ",": re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?"),
    ".": re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?"),
    " ": re.compile(r"[+-]?\d{1,3}([ \u00a0\u202f]\d{3})+([.,]\d+)?"),
    "'": re.compile(r"[+-]?\d{1,3}('\d{3})+(\.\d+)?"),
}
_ID_NAME = re.compile(r"(^|[\W_]|(?<=[a-z]))(id|ids|uuid|guid|key|nr|no|number|index)$", re.IGNORECASE)
_ID_NAME_EXACT = {"id", "uuid", "guid", "instant", "rowid", "row", "index"}

DATE_FORMATS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (form + clock, re.compile(pattern + clock_pattern))
    for form, pattern in (
        ("%Y-%m-%d", r"\d{4}-\d{1,2}-\d{1,2}"),
        ("%Y/%m/%d", r"\d{4}/\d{1,2}/\d{1,2}"),
        ("%m/%d/%Y", r"\d{1,2}/\d{1,2}/\d{4}"),
        ("%d/%m/%Y", r"\d{1,2}/\d{1,2}/\d{4}"),
        ("%d.%m.%Y", r"\d{1,2}\.\d{1,2}\.\d{4}"),
        ("%m-%d-%Y", r"\d{1,2}-\d{1,2}-\d{4}"),
        ("%d-%m-%Y", r"\d{1,2}-\d{1,2}-\d{4}"),
        ("%m/%d/%y", r"\d{1,2}/\d{1,2}/\d{2}"),
        ("%d/%m/%y", r"\d{1,2}/\d{1,2}/\d{2}"),
        ("%d.%m.%y", r"\d{1,2}\.\d{1,2}\.\d{2}"),
        ("%d %b %Y", r"\d{1,2} [A-Za-z]{3} \d{4}"),
        ("%d-%b-%Y", r"\d{1,2}-[A-Za-z]{3}-\d{4}"),
        ("%d %B %Y", r"\d{1,2} [A-Za-z]{4,} \d{4}"),
        ("%b %d, %Y", r"[A-Za-z]{3} \d{1,2}, \d{4}"),
        ("%B %d, %Y", r"[A-Za-z]{4,} \d{1,2}, \d{4}"),
    )
    for clock, clock_pattern in (("", ""), (" %H:%M", r" \d{1,2}:\d{2}"), (" %H:%M:%S", r" \d{1,2}:\d{2}:\d{2}"))
)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?")


def infer_schema(
    frame: pd.DataFrame, *, kinds: dict[str, Kind] | None = None, null_words: tuple[str, ...] | None = None
) -> Schema:
    """Infer the kind of every column of a table of text cells.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Cells are str, ``""`` for empty; columns of numbers or dates were typed by their file.
    kinds : dict of str to Kind, optional
        Kinds that a person chose; the marks and formats of numbers and dates are still found from the cells.
    null_words : tuple of str, optional
        Words that mean "missing", instead of the usual ones.

    Returns
    -------
    Schema
    """
    chosen = kinds or {}
    base = Parsing() if null_words is None else Parsing(null_words=null_words)
    columns = []
    for name, values in frame.items():
        if name in chosen:
            columns.append(_chosen(str(name), values, chosen[name], base))
        else:
            columns.append(infer_column(str(name), values, base))
    return Schema(tuple(columns))


def infer_column(name: str, values: pd.Series[Any], parsing: Parsing = PLAIN) -> Column:
    """Infer one column's kind, how its text is read, and the evidence; `parsing` holds the words for missing."""
    if values.dtype.kind in "iufM":
        return _typed_by_file(name, values, parsing)
    counts, different = _counted(values)
    for word in parsing.null_words:
        counts.pop(word, None)
    total, distinct = counts.total(), len(counts)
    if not total:
        return Column(name, "category", parsing, "Every cell is empty or a word for missing.")
    cells = list(counts) if distinct <= SAMPLE else random.Random(0).sample(list(counts), SAMPLE)
    if distinct <= 3 and len(lowered := {cell.lower() for cell in cells}) == 2 and lowered in TRUTH_WORDS:
        return Column(name, "boolean", parsing, f"Only {_quoted(cells)} occur.")
    if _has_digits(cells[:1000]):
        number = _number(name, cells, counts, parsing)
        if number is not None:
            return number
        dates = _date(cells, parsing)
        if dates is not None:
            return Column(name, "date", dates[0], dates[1])
    # Spaces around words stay in the table until a step takes them away, and tell words apart there.
    missing = set(parsing.null_words)
    kept = sum(str(cell).strip() not in missing for cell in different)
    return _words(name, cells, total, distinct, kept, parsing)


def _counted(values: pd.Series[Any]) -> tuple[Counter[str], list[Any]]:
    """Return how often each cell occurs without the spaces around it, in the order of the rows, and the cells that differ."""
    whole = pd.api.types.infer_dtype(values, skipna=False) == "string"
    if not whole and pd.api.types.infer_dtype(values, skipna=True) != "string":  # 1 and True are alike to a table of hashes
        known = values.dropna()
        return Counter(str(cell).strip() for cell in known.to_numpy(dtype=object)), list(known.unique())
    if len(values) > FEW:  # a tenth of the time of counting every cell in Python
        raw = Counter({str(cell): int(count) for cell, count in values.value_counts(sort=False).items()})
    elif whole:
        raw = Counter(values.tolist())
    else:
        raw = Counter(cell for cell in values.tolist() if isinstance(cell, str))
    different = list(raw)
    bare = list(map(str.strip, different))
    if bare == different:
        return raw, different
    found: Counter[str] = Counter()
    for cell, count in zip(bare, raw.values(), strict=True):
        found[cell] += count
    return found, different


def _typed_by_file(name: str, values: pd.Series[Any], parsing: Parsing) -> Column:
    """Return the kind of a column whose type its file says; whole numbers may still be a key."""
    if values.dtype.kind == "M":
        return Column(name, "date", replace(parsing, date_format="ISO8601"), "Dates, as the file itself says.")
    numbers = values.to_numpy()
    known = numbers[~pd.isna(numbers)]
    total = len(known)
    if total >= 20 and bool((known == known.round()).all()) and (_named_key(name) or known.min() in (0, 1)):
        distinct = int(values.nunique())
        counted = distinct == total and known.max() - known.min() == total - 1 and known.min() in (0, 1)
        if distinct == total and (counted or _named_key(name)):
            return Column(
                name, "id", parsing, f"{total:,} whole numbers, no two alike, and the column's name or order is a key's."
            )
        if _nearly_key(name, total, distinct):
            return Column(name, "id", parsing, _nearly_key_evidence(total, distinct))
    return Column(name, "number", parsing, "Numbers, as the file itself says.")


def _chosen(name: str, values: pd.Series[Any], kind: Kind, base: Parsing) -> Column:
    found = infer_column(name, values, base)
    parsing = found.parsing
    if kind == "number" and found.kind != "number":
        cells = [cell for cell in pd.unique(values.astype(object)) if isinstance(cell, str) and cell.strip()][:SAMPLE]
        best = max(_number_parsings(cells, base), key=lambda option: _fit(cells, option), default=base)
        parsing = best
    elif kind == "date" and found.kind != "date":
        cells = [cell.strip() for cell in pd.unique(values.astype(object)) if isinstance(cell, str) and cell.strip()]
        parsing = replace(base, date_format=_best_date_format(cells[:SAMPLE]))
    return Column(name, kind, parsing, "Chosen by you.", overruled=True)


def _fit(cells: list[str], parsing: Parsing) -> float:
    typed, _ = parse_column(pd.Series(cells, dtype=object), Column("", "number", parsing))
    return float(typed.notna().mean())


def _number_parsings(cells: list[str], base: Parsing) -> list[Parsing]:
    """Return the ways of reading numbers that the cells' own marks suggest, plainest first."""
    head = cells[:2000]
    joined = " ".join(head)
    strip = []
    for mark in CURRENCIES:
        if mark in joined:
            strip.append(mark)
            joined = joined.replace(mark, " ")
    scale = 1.0
    if "%" in joined:
        strip, scale = [*strip, "%"], 0.01
    endings = {match.group(1) for cell in head if (match := re.fullmatch(r"[+-]?[\d.,]+\s*([A-Za-z°]+)", cell))}
    strip += [unit for unit in UNITS if endings == {unit}]
    parentheses = any(cell.startswith("(") and cell.endswith(")") for cell in head)
    bare = [_bare(cell, strip) for cell in head]
    extra = replace(base, strip=tuple(strip), scale=scale, negative_parentheses=parentheses)
    options = [base] if not (strip or parentheses) else []
    for mark, pattern in _GROUPED.items():
        if any(pattern.fullmatch(cell) for cell in bare):
            comma = mark == "." or (mark == " " and any("," in cell for cell in bare))
            options.append(replace(extra, thousands=mark, decimal="," if comma else "."))
    options.append(extra)
    if any("," in cell for cell in bare):
        options.append(replace(extra, decimal=","))
    return options


def _bare(cell: str, strip: list[str]) -> str:
    for mark in strip:
        cell = cell.replace(mark, "")
    return cell.strip().strip("()").strip()


def _has_digits(cells: list[str]) -> bool:
    """Return whether any cell has a digit, in whichever alphabet."""
    return any(map(_DIGIT.search, cells)) or any(any(map(str.isdigit, cell)) for cell in cells if not cell.isascii())


def _number(name: str, cells: list[str], counts: Counter[str], base: Parsing) -> Column | None:
    """Return a number or id column when the cells, of those that were counted, are numbers, else None."""
    total, distinct = counts.total(), len(counts)
    numbers = np.asarray(pd.to_numeric(np.array(cells, dtype=object), errors="coerce"), dtype=np.float64)
    fit, parsing = 1.0, base
    if not np.isfinite(numbers).all():  # as they are in most columns: then no mark has to be looked for
        share = np.fromiter((counts[cell] for cell in cells), np.float64, len(cells))
        share /= share.sum()
        fit, parsing = _best_parsing(name, cells, share, base)
        # Infinity is what a division by zero left behind: it speaks for a number, but is read as missing.
        infinite = np.array([bool(_INFINITE.fullmatch(cell)) for cell in cells])
        if fit == 0 or fit + float(share[infinite].sum()) < FIT:
            return None
    if all(map(_INTEGER.fullmatch, cells)):
        if any(cell.startswith(("0", "+", "-")) and _has_leading_zero(cell) for cell in cells):
            kind: Kind = "id" if distinct == total else "category"
            return Column(name, kind, base, "Digits with leading zeros: a code, no quantity.")
        if any(len(cell) > 15 and abs(int(cell)) >= EXACT for cell in cells):
            return Column(name, "id", base, "Whole numbers too long to be exact as quantities, so they are kept as written.")
        if distinct == total and total >= 20 and _looks_like_key(name, cells):
            evidence = f"{total:,} whole numbers, no two alike, and the column's name or order is a key's."
            return Column(name, "id", base, evidence)
        if _nearly_key(name, total, distinct):
            return Column(name, "id", base, _nearly_key_evidence(total, distinct))
    notes = []
    if parsing.decimal == ",":
        notes.append("a decimal comma")
    if parsing.thousands:
        notes.append(f"{parsing.thousands!r} between thousands")
    if marks := [mark for mark in parsing.strip if mark != "%"]:
        notes.append(f"the {'mark' if len(marks) == 1 else 'marks'} {', '.join(marks)}")
    if "%" in parsing.strip:
        notes.append("percent signs, so that 5% is 0.05")
    if parsing.negative_parentheses:
        notes.append("parentheses for negatives")
    with_notes = f", with {' and '.join(notes)}" if notes else ""
    misfit = "" if fit > 0.99999 else f" The other {1 - fit:.1%} are read as missing."
    return Column(
        name, "number", parsing, f"{'All' if not misfit else f'{fit:.1%} of the'} cells are numbers{with_notes}.{misfit}"
    )


def _best_parsing(name: str, cells: list[str], share: Array, base: Parsing) -> tuple[float, Parsing]:
    """Return the share of the cells that are numbers, read in the way by which most are, and that way."""
    fitted: list[tuple[float, Parsing]] = []
    plain = all(_POINT.fullmatch(cell) for cell in cells)
    for parsing in [base] if plain else _number_parsings(cells, base):
        typed, _ = parse_column(pd.Series(cells, dtype=object), Column(name, "number", parsing))
        fitted.append((float(share[typed.notna().to_numpy()].sum()), parsing))
    return max(fitted, key=lambda pair: pair[0])


def _has_leading_zero(cell: str) -> bool:
    bare = cell.lstrip("+-")
    return bare.startswith("0") and len(bare) > 1


def _named_key(name: str) -> bool:
    return name.strip().lower() in _ID_NAME_EXACT or bool(_ID_NAME.search(name.strip()))


def _nearly_key(name: str, total: int, distinct: int) -> bool:
    """Return whether a column is called a key and repeats so little that its repeats are rows that came twice."""
    return _named_key(name) and total >= 20 and KEY_SHARE * total <= distinct < total


def _nearly_key_evidence(total: int, distinct: int) -> str:
    return f"It is called a key, and {distinct:,} of {total:,} cells are different: the others look like rows that came twice."


def _looks_like_key(name: str, cells: list[str]) -> bool:
    if _named_key(name):
        return True
    numbers = list(map(int, cells))
    low, high = min(numbers), max(numbers)
    return high - low == len(numbers) - 1 and low in (0, 1)


def _best_date_format(cells: list[str]) -> str:
    """Return the format that reads most cells; the first of DATE_FORMATS wins a tie."""
    if sum(bool(_ISO.fullmatch(cell)) for cell in cells) >= FIT * len(cells):
        return "ISO8601"
    best, best_fit = "ISO8601", 0.0
    series = pd.Series(cells, dtype=object)
    for form, pattern in DATE_FORMATS:
        if sum(bool(pattern.fullmatch(cell)) for cell in cells[:200]) < 0.5 * len(cells[:200]):
            continue
        fit = float(pd.to_datetime(series, format=form, errors="coerce").notna().mean())
        if fit > best_fit + 1e-9:
            best, best_fit = form, fit
    return best


def _date(cells: list[str], base: Parsing) -> tuple[Parsing, str] | None:
    """Return how dates are read and the evidence when the cells are dates, else None."""
    if not any(sum(char.isdigit() for char in cell) >= 3 for cell in cells[:100]):
        return None
    form = _best_date_format(cells)
    parsing = replace(base, date_format=form)
    typed, _ = parse_column(pd.Series(cells, dtype=object), Column("", "date", parsing))
    fit = float(typed.notna().mean())
    if fit < FIT:
        return None
    if form == "ISO8601":
        return parsing, "The cells are dates written year-month-day."
    swapped = form.replace("%m", "%_").replace("%d", "%m").replace("%_", "%d")
    if ("%m" in form and "%Y" in form[2:]) or "%y" in form:
        other = float(pd.to_datetime(pd.Series(cells, dtype=object), format=swapped, errors="coerce").notna().mean())
        order = "month first" if form.index("%m") < form.index("%d") else "day first"
        if other < fit:
            return parsing, f"The cells are dates, {order}: read the other way round, {1 - other:.0%} would be no dates."
        if "." not in form:
            return parsing, f"The cells are dates; both orders would fit, so {order} is a guess. Change it if it is wrong."
    return parsing, f"The cells are dates like {cells[0]}."


def _words(name: str, cells: list[str], total: int, distinct: int, kept: int, base: Parsing) -> Column:
    """Return a category, text or id column for cells that are neither numbers nor dates; `kept` differ as they are stored."""
    spaced = sum(" " in cell for cell in cells) / len(cells)
    length = sum(len(cell) for cell in cells) / len(cells)
    if distinct == total and total >= 20 and spaced < 0.05 and length <= 40:
        return Column(name, "id", base, f"{total:,} cells without spaces, no two alike: a key.")
    if spaced < 0.05 and length <= 40 and _nearly_key(name, total, distinct):
        return Column(name, "id", base, _nearly_key_evidence(total, distinct))
    few = distinct <= LABELS or (distinct <= 0.5 * total and length < 30)
    if not few and spaced > 0.5 and length >= 12:
        return Column(name, "text", base, f"{kept:,} different cells in {total:,}, most of several words.")
    return Column(name, "category", base, _variety(total, kept))


def _variety(total: int, distinct: int) -> str:
    values, cells = "value" if distinct == 1 else "values", "cell" if total == 1 else "cells"
    return f"{distinct:,} different {values} in {total:,} {cells}."


def _quoted(cells: list[str]) -> str:
    return " and ".join(repr(cell) for cell in cells[:3])
