"""What a profile says of one column."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from automl_core.schema import Kind

SHOWN_VALUES = 10
"""Most frequent values that are kept."""
LENGTH = 200
"""Most characters of a cell that a profile keeps."""
EXAMPLES = 3


@dataclass(frozen=True)
class ColumnProfile:
    """One column.

    Parameters
    ----------
    name : str
    kind : Kind
    rows : int
    missing : int
        Cells.
    distinct : int
        Different values, missing ones left out.
    numbers : dict of str to float
        Numbers: ``mean, sd, min, q25, median, q75, max, zeros, negative, skew``; text: ``shortest, longest, mean``
        length in characters. Empty where there is none.
    first, last : str
        Dates: the earliest and the latest, ISO 8601.
    edges : tuple of float
        Of the histogram; for dates in seconds since the epoch. Whole numbers get bins of whole width, the last of which
        ends above the largest number; else it ends there.
    counts : tuple of int
        Rows in each bin.
    values : tuple of (str, int)
        Most frequent values with their rows, each cut to `LENGTH` characters.
    rest : int
        Rows with any other value.
    infinite : int
        Cells that are infinite; they take part in nothing else.
    examples : tuple of str
        The first different cells, each cut to `LENGTH` characters, addresses and numbers of people in them blotted out. Keys
        have none, nor have columns of personal data.
    personal : str
        What of people the cells hold, such as ``e-mail addresses``; nothing of the cells themselves is then kept. Empty for
        other columns.
    """

    name: str
    kind: Kind
    rows: int
    missing: int
    distinct: int
    numbers: dict[str, float] = field(default_factory=dict)
    first: str = ""
    last: str = ""
    edges: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    values: tuple[tuple[str, int], ...] = ()
    rest: int = 0
    infinite: int = 0
    examples: tuple[str, ...] = ()
    personal: str = ""

    @property
    def missing_share(self) -> float:
        """Share of the rows without a value, 0 for a table without rows."""
        return self.missing / self.rows if self.rows else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            **vars(self),
            "edges": list(self.edges),
            "counts": list(self.counts),
            "values": [list(entry) for entry in self.values],
            "examples": list(self.examples),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ColumnProfile:
        """Rebuild a column from `to_dict`'s output."""
        values = tuple((str(value), int(count)) for value, count in data["values"])
        tuples = {name: tuple(data[name]) for name in ("edges", "counts", "examples")}
        return cls(**{**data, **tuples, "values": values})


def cut(text: str) -> str:
    """Return a cell's text, cut where it is longer than `LENGTH` characters."""
    return text if len(text) <= LENGTH else text[: LENGTH - 1] + "…"
