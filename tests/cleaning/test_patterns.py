"""Patterns: what could run for ever is refused, what cannot is read."""

from __future__ import annotations

import time

import pytest

from automl_core.cleaning.patterns import CELL, LONGEST, read_pattern
from automl_core.errors import InputError


@pytest.mark.parametrize(
    ("pattern", "longest"),
    [
        (r"\d{4}", CELL),
        (r"(\w+)\s+(\w+)", 4472),
        (r"(\d{1,3}\.){3}\d{1,3}", CELL),
        (r"[^,]*,[^,]*,", 4472),
        (r".*x", 4472),
        (r".*-.*", 271),
        (r"(?:red|green) \w+", 3162),
    ],
)
def test_bounded_patterns_are_read(pattern: str, longest: int) -> None:
    assert read_pattern(pattern).longest == longest


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("", "The pattern is empty."),
        ("a" * (LONGEST + 1), "The pattern has 501 characters."),
        ("[", "The pattern cannot be read"),
        ("(a+)+$", "a repeat or a choice inside a repeat"),
        ("(a|aa)+$", "a repeat or a choice inside a repeat"),
        ("(a*)*b", "a repeat or a choice inside a repeat"),
        (r"(\w+\s?)*$", "a repeat or a choice inside a repeat"),
        ("(?=a)b", "looks ahead or refers back"),
        (r"(a+)\1", "looks ahead or refers back"),
        ("(a{0,20}){0,20}b", "can be combined in"),
        ("(a?){20}a{20}", "can be combined in"),
        (".*.*.*.*.*x", "5 repeats in a row"),
        ("(a+a+a+a+){3}", "repeats in a row"),
    ],
)
def test_patterns_without_an_end_are_refused(pattern: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        read_pattern(pattern)
    assert message in str(refused.value)


@pytest.mark.parametrize("pattern", [".*.*x", ".*.*.*x", r"\w*\w*\d*!", "(a{0,9}){3}b", "a+a+a+a+b"])
def test_the_worst_cell_ends_soon(pattern: str) -> None:
    read = read_pattern(pattern)
    begun = time.perf_counter()
    assert read.compiled.search("a" * read.longest) is None
    assert time.perf_counter() - begun < 5
