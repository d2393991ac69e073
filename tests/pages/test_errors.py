"""Texts from files are shown letter by letter."""

from __future__ import annotations

import pytest

from pages.shared.errors import JOINER, plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a*b", "a\\*b"),
        ("https://example.com/x", f"https\\://{JOINER}example.com/x"),
        ("See WWW.example.com", f"See WWW{JOINER}.example.com"),
        ("ada@example.org", f"ada@{JOINER}example.org"),
        ("swww.x and 12:30", "swww.x and 12\\:30"),
    ],
)
def test_no_cell_becomes_markup_or_a_link(text: str, shown: str) -> None:
    """Regression: addresses in cells were links that led out of the app."""
    assert plain(text) == shown
