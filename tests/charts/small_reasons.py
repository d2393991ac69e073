"""Reasons by hand: what the charts of single columns are tried on."""

from __future__ import annotations

from typing import Any

from automl_core.explaining.curves import Curve
from automl_core.explaining.points import Points, Together
from automl_core.explaining.reasons import Reasons
from automl_core.explaining.trust import Stability

DAY = 86_400.0
WORDS = ("Oslo", "Rome", "missing")


def reasons(columns: tuple[str, str, str] = ("age", "city", "since"), **other: Any) -> Reasons:
    """Six rows, a number, a word and a date; the city changes what the age adds."""
    curves = (
        Curve(columns[0], "number", ("20", "40"), (20.0, 40.0), (0.5, 0.5), ((0.2, 0.7),), (((0.1, 0.6), (0.3, 0.8)),), 6),
        Curve(columns[1], "word", WORDS, (0, 1, 2), (0.2, 0.5, 0.3), ((0.3, 0.5, 0.4),), (((0.3, 0.5, 0.4),),), 6),
        Curve(columns[2], "date", ("2024-01-01", "2024-01-02"), (0.0, DAY), (0.5, 0.5), ((0.4, 0.4),), (((0.4, 0.4),),), 6),
    )
    points = Points(
        columns,
        ("yes",),
        ("number", "word", "date"),
        (((-1.0, -0.5, 0.25, 0.5, 1.0, 2.0), (0.1, 0.2, 0.3, 0.4, 0.5, 0.6), (0.0,) * 6),),
        ((20.0, 20.0, 30.0, 30.0, 40.0, None), (None,) * 6, (0.0, DAY, 0.0, DAY, 0.0, DAY)),
        (("20", "20", "30", "30", "40", "missing"), ("Rome", "Oslo", "Rome", "Oslo", "Rome", "missing"), ("d",) * 6),
    )
    pairs = (Together(columns[0], columns[1], 0.4), Together(columns[1], columns[0], 0.25), Together(columns[2], "", 0.0))
    made: dict[str, Any] = {
        "rows": 6,
        "outputs": ("yes",),
        "scale": "log_odds",
        "columns": columns,
        "base": (0.0,),
        "mean": ((0.8, 0.35, 0.1),),
        "error": (0.0, 0.0, 0.0),
        "members": (),
        "gap": (0.0, 0.0),
        "points": points,
        "curves": curves,
        "together": pairs,
        "surrogate": None,
        "stability": Stability(1, 6, None, 1, 1),
        "agreement": (),
        "sentences": (),
        "notes": (),
    }
    return Reasons(**{**made, **other})
