"""Patterns (regular expressions) that end: what could run for ever is refused, and very long cells are left as they are.

A repeat inside a repeat, such as ``(a+)+``, can take exponential time in Python's `re`. Repeats one after the other that fit the
same signs take a power of the cell's length: their number sets how long a cell may be, so that one cell never takes more than
about `WORK` comparisons. Davis and others, "The impact of regular expression denial of service (ReDoS) in practice" (2018),
name both shapes.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from automl_core.errors import InputError

LONGEST = 500
"""Most characters of a pattern."""
WORK = 2e7
"""Comparisons that one cell may take."""
MOST = 4
"""Most repeats in a row that fit the same signs."""
MANY = 20
"""A repeat of at most so many times counts as bounded."""
WAYS = 10_000
"""Most ways in which the bounded repeats and choices of a pattern can be combined."""
CELL = 10_000
"""Cells longer than this are left as they are, whatever the pattern."""
_SIGNS = frozenset([*range(128), 0xE9, 0x4E2D, 0x2028])
"""What sets of signs are compared on: ASCII and one of each further kind (a letter, an ideograph, a line separator)."""
Token = tuple[Any, Any]


@dataclass(frozen=True)
class Pattern:
    """A pattern that was checked.

    Parameters
    ----------
    compiled : re.Pattern
    longest : int
        Longest cell that is looked at, in characters.
    """

    compiled: re.Pattern[str]
    longest: int


def check_pattern(text: str) -> None:
    """Check a pattern; raises InputError."""
    read_pattern(text)


@functools.lru_cache(maxsize=64)
def read_pattern(text: str, ignore_case: bool = False) -> Pattern:
    """Read a pattern.

    Parameters
    ----------
    text : str
    ignore_case : bool

    Raises
    ------
    InputError
        When it is empty, too long, cannot be read, or could run for ever.
    """
    from re import _parser  # the tree of a pattern has no public name

    if not text:
        raise InputError("The pattern is empty.", r"It says what is looked for, such as \d{4} for four digits.", "Write one.")
    if len(text) > LONGEST:
        raise InputError(f"The pattern has {len(text):,} characters.", f"It may have at most {LONGEST}.", "Make it shorter.")
    try:
        compiled = re.compile(text, re.IGNORECASE if ignore_case else 0)
        tree = list(_parser.parse(text, re.IGNORECASE if ignore_case else 0))
    except (re.error, OverflowError, RecursionError) as error:
        raise InputError(f"The pattern cannot be read: {error}.", "It is a regular expression.", "Correct it.") from error
    row = max((_in_a_row(part) for part in _alternatives(tree)), default=0)
    if row > MOST:
        raise InputError(
            f"The pattern has {row} repeats in a row that fit the same signs.",
            f"At most {MOST} are allowed, since more take too long on long cells.",
            r"Say what stands between them, such as [^,]* for all up to a comma.",
        )
    ways = _ways(tree)
    if ways > WAYS:
        raise InputError(
            f"The bounded repeats of the pattern can be combined in {ways:.0e} ways.",
            f"At most {WAYS:,} are tried for a cell.",
            "Use fewer or narrower ones, such as {4} instead of {0,20}.",
        )
    return Pattern(compiled, min(int((WORK / ways) ** (1 / (row + 1))), CELL))


def _ways(tree: list[Token]) -> float:
    """Return in how many ways the choices and bounded repeats can be combined."""
    ways = 1.0
    for op, args in tree:
        name = str(op)
        if name == "BRANCH":
            ways *= sum(_ways(list(branch)) for branch in args[1])
        elif name == "SUBPATTERN":
            ways *= _ways(list(args[3]))
        elif name == "ATOMIC_GROUP":
            ways *= _ways(list(args))
        elif name.endswith("REPEAT") and args[1] <= MANY:
            ways *= (args[1] - args[0] + 1) * _ways(list(args[2])) ** args[1]
    return ways


def _alternatives(tree: list[Token]) -> Iterable[list[Token]]:
    """Yield the pattern as flat rows of tokens, one for each branch; refuse what cannot be bounded."""
    rows: list[list[Token]] = [[]]
    for op, args in tree:
        name = str(op)
        if name == "SUBPATTERN":
            inner = list(_alternatives(list(args[3])))
            rows = [row + more for row in rows for more in inner][:200]
        elif name == "ATOMIC_GROUP":
            inner = list(_alternatives(list(args)))
            rows = [row + more for row in rows for more in inner][:200]
        elif name == "BRANCH":
            inner = [row for branch in args[1] for row in _alternatives(list(branch))]
            rows = [row + more for row in rows for more in inner][:200]
        elif name in ("ASSERT", "ASSERT_NOT", "GROUPREF", "GROUPREF_EXISTS"):
            raise InputError(
                "The pattern looks ahead or refers back.", "Such patterns can run for ever.", "Write it without (?= and \\1."
            )
        else:
            if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT") and args[1] > MANY:
                _refuse_nested(list(args[2]))
            elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
                inner = list(_alternatives(list(args[2])))
                if any(_open(token) for row in inner for token in row):
                    times = int(args[1])
                    rows = [row + more * times for row in rows for more in inner][:200]
                    continue
            rows = [[*row, (op, args)] for row in rows]
    return rows


def _refuse_nested(inner: list[Token]) -> None:
    for op, args in inner:
        name = str(op)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT", "BRANCH"):
            raise InputError(
                "The pattern has a repeat or a choice inside a repeat.",
                "Such patterns can run for ever on a single cell.",
                r"Write it without, for example [\w,]+ instead of (\w+,?)+.",
            )
        if name == "SUBPATTERN":
            _refuse_nested(list(args[3]))
        elif name == "ATOMIC_GROUP":
            _refuse_nested(list(args))
        elif name in ("ASSERT", "ASSERT_NOT", "GROUPREF", "GROUPREF_EXISTS"):
            list(_alternatives([(op, args)]))


def _open(token: Token) -> bool:
    return str(token[0]) in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT") and token[1][1] > MANY


def _in_a_row(row: list[Token]) -> int:
    """Return how many open repeats of one row can fight over the same signs."""
    best = 0
    length: dict[int, int] = {}
    repeats = [(place, _signs([token])) for place, token in enumerate(row) if _open(token)]
    for number, (place, signs) in enumerate(repeats):
        length[number] = 1
        for earlier in range(number):
            start, before = repeats[earlier]
            between = [token for token in row[start + 1 : place] if _width(token) > 0]
            if before & signs and all(before & _signs([token]) or signs & _signs([token]) for token in between):
                length[number] = max(length[number], length[earlier] + 1)
        best = max(best, length[number])
    return best


def _width(token: Token) -> int:
    name = str(token[0])
    if name == "AT":
        return 0
    return int(token[1][0]) if name.endswith("REPEAT") else 1


def _signs(tokens: list[Token]) -> frozenset[int]:
    """Return which of `_SIGNS` can stand at one of these tokens."""
    found: set[int] = set()
    for op, args in tokens:
        name = str(op)
        if name == "LITERAL":
            found |= {args, ord(chr(args).lower()[0]), ord(chr(args).upper()[0])}
        elif name == "NOT_LITERAL":
            found |= _SIGNS - {args}
        elif name == "IN":
            found |= _set_signs(args)
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            found |= _signs(list(args[2]))
        elif name == "SUBPATTERN":
            found |= _signs(list(args[3]))
        elif name == "AT":
            continue
        else:
            found |= _SIGNS
    return frozenset(found)


def _set_signs(parts: list[Token]) -> set[int]:
    found: set[int] = set()
    negated = False
    for op, args in parts:
        name = str(op)
        if name == "NEGATE":
            negated = True
        elif name == "LITERAL":
            found |= {args, ord(chr(args).lower()[0]), ord(chr(args).upper()[0])}
        elif name == "RANGE":
            found |= {sign for sign in _SIGNS if args[0] <= sign <= args[1]}
        elif name == "CATEGORY":
            found |= {sign for sign in _SIGNS if _CATEGORIES[str(args)](chr(sign))}
    return set(_SIGNS) - found if negated else found


def _is(pattern: str) -> Callable[[str], bool]:
    return lambda sign: bool(re.match(pattern, sign))


_CATEGORIES = {
    "CATEGORY_DIGIT": _is(r"\d"),
    "CATEGORY_NOT_DIGIT": _is(r"\D"),
    "CATEGORY_SPACE": _is(r"\s"),
    "CATEGORY_NOT_SPACE": _is(r"\S"),
    "CATEGORY_WORD": _is(r"\w"),
    "CATEGORY_NOT_WORD": _is(r"\W"),
}
