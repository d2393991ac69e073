"""Names, lists, numbers and shares as sentences and tables for people write them."""

from __future__ import annotations

from collections.abc import Sequence

from automl_core.data.wording import cut

LONG = 60
"""Characters of a column's name that a sentence holds."""


def quoted(name: str) -> str:
    """Return a name in quotes, cut where it is very long."""
    return f"'{cut(name, LONG)}'"


def listed(names: Sequence[str]) -> str:
    """Return up to four names as a list for a sentence."""
    shown = [quoted(name) for name in names[:4]]
    if len(names) > 4:
        return f"{', '.join(shown)} and {len(names) - 4:,} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def percent(share: float) -> str:
    """Return a share as people read it; 100 % and 0 % are said only where they are exact."""
    if 0.99 < share < 1:
        return f"{min(100 * share, 99.9):.1f} %"
    return f"{100 * share:.0f} %" if share >= 0.01 or share == 0 else f"{100 * share:.1g} %"


def number(value: float, digits: int = 4) -> str:
    """Return a number with `digits` significant ones, and all before the point: ``0.8123``, ``12,346``, ``1.2e+20``."""
    rounded = float(f"{abs(value):.{digits}g}")  # 999.9 of three digits is 1,000
    whole = 10.0**digits <= rounded < 1e15
    return f"{value:,.0f}" if whole else f"{value:,.{digits}g}"


def counted(count: int, one: str, many: str) -> str:
    """Return a number with the word that fits it: ``1 row``, ``1,200 rows``."""
    return f"{count:,} {one if count == 1 else many}"


def has(names: Sequence[str]) -> str:
    """Return ``has`` for one name, ``have`` for several."""
    return "has" if len(names) == 1 else "have"
