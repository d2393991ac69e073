"""Inputs made from real ones by small damage, the same for the same number: bytes are edited, JSON is edited as a tree."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Sequence
from typing import Any

BYTES = (b"\x00", b"\xff", b"\x7f", b"\x80", b"\r", b"\n", b"\r\n", b'"', b"'", b",", b";", b"\t", b"|", b"\\", b"\xef\xbb\xbf",
         b"\xff\xfe", b"\xed\xa0\x80", b"1e999", b"-0", b"9" * 400, b"NaN", b"inf", b"=1+1", b"../../x", b"%s%n", b"<script>",
         b"0000-00-00", b"9999-12-31", b"1,234.5", b"{", b"}", b"[", b"]", b":", b"null")  # fmt: skip
"""What is written into bytes: signs that readers mind, and values at the ends of their ranges."""
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 0.5, 1e308, -1e308, 5e-324, float("nan"), float("inf"), 2**31, 2**63, -(2**63), 10**400,
    "", " ", "0", "nan", "\x00", "\ud800", "\U0010ffff", "a" * 5000, "é", "=1+1", "../../x", "<script>alert(1)</script>",
    "(a+)+$", "(" * 500, "__class__", "__import__('os').system('id')", "%Y" * 50, "1" * 5000, "2021-13-45", "9999-12-31",
    "0001-01-01", [], {}, [[]], [None], {"": None}, {"a": {"a": {"a": {}}}}, ["a", 1, None, [], {}],
)  # fmt: skip
"""What is put in place of a value."""


def damaged(data: bytes, rng: random.Random, others: Sequence[bytes] = ()) -> bytes:
    """Return bytes after one to eight edits: cut, copied, overwritten, repeated, joined with another input."""
    made = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5, 8))):
        here = rng.randrange(len(made) + 1)
        there = min(here + rng.choice((1, 1, 2, 4, 16, 64)), len(made))
        edit = rng.randrange(8)
        if edit == 0 and made:
            made[min(here, len(made) - 1)] ^= 1 << rng.randrange(8)
        elif edit == 1:
            del made[here:there]
        elif edit == 2:
            made[here:here] = rng.choice(BYTES)
        elif edit == 3:
            made[here:there] = rng.choice(BYTES)
        elif edit == 4:
            made[here:here] = made[here:there] * rng.choice((1, 2, 10, 100))
        elif edit == 5:
            made[here:there] = rng.randbytes(there - here)
        elif edit == 6 and others:
            other = rng.choice(others)
            start = rng.randrange(len(other) + 1)
            made[here:here] = other[start : start + rng.choice((8, 64, 512))]
        elif edit == 7 and rng.random() < 0.2:
            del made[here:]
    return bytes(made)


def changed(tree: Any, rng: random.Random, words: Sequence[Any] = ()) -> Any:
    """Return a JSON tree in which one to four places hold something else, are gone, doubled, renamed or exchanged."""
    made = json.loads(json.dumps(tree))
    for _ in range(rng.choice((1, 1, 1, 2, 2, 4))):
        places: list[tuple[Any, Any]] = []
        _collect(made, places)
        if not places:
            return rng.choice(VALUES)
        holder, key = rng.choice(places)
        edit = rng.randrange(8)
        if edit <= 3:
            holder[key] = rng.choice(words) if words and rng.random() < 0.5 else copy.deepcopy(rng.choice(VALUES))
        elif edit == 4:
            del holder[key]
        elif edit == 5 and isinstance(holder, dict):
            holder[str(rng.choice((*words, *VALUES)))] = holder.pop(key)
        elif edit == 5:
            holder.insert(key, json.loads(json.dumps(holder[key])))
        elif edit == 6:
            other, at = rng.choice(places)
            holder[key] = json.loads(json.dumps(other[at])) if _there(other, at) else None
        else:
            holder[key] = [holder[key]] if rng.random() < 0.5 else {"value": holder[key]}
    return made


def changed_json(seed: bytes, rng: random.Random, words: Sequence[Any] = ()) -> bytes:
    """Return a JSON text that was changed as a tree, and one time in six as bytes, too."""
    text = json.dumps(changed(json.loads(seed), rng, words)).encode()
    return damaged(text, rng) if rng.random() < 1 / 6 else text


def input_number(number: int, target: str, make: Callable[[random.Random], bytes]) -> bytes:
    """Return the input of a number; the same on every machine."""
    return make(random.Random(f"{target} {number}"))


def _collect(tree: Any, places: list[tuple[Any, Any]]) -> None:
    waiting = [tree]
    while waiting and len(places) < 5_000:
        holder = waiting.pop()
        for key in list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ():
            places.append((holder, key))
            waiting.append(holder[key])


def _there(holder: Any, key: Any) -> bool:
    return key in holder if isinstance(holder, dict) else isinstance(holder, list) and key < len(holder)
