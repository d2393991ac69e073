"""Words of Python: values, calls and estimators as a person would write them, and pieces of code from files."""

from __future__ import annotations

import functools
import inspect
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PIECES = Path(__file__).parent.parent / "templates" / "script"
"""Functions and classes that scripts are made of, a file each; lines of imports come first."""
WIDE = 110


@dataclass
class Code:
    """A part of a script.

    Parameters
    ----------
    lines : list of str
    imports : set of str
        Whole lines of imports.
    pieces : dict of str to None
        Names of the pieces it uses, in the order of their first use.
    """

    lines: list[str] = field(default_factory=list)
    imports: set[str] = field(default_factory=set)
    pieces: dict[str, None] = field(default_factory=dict)

    def use(self, *pieces: str) -> None:
        """Note that pieces are used, and the ones those need."""
        for name in pieces:
            if name not in self.pieces:
                self.use(*piece(name).needs)
                self.pieces[name] = None
                self.imports |= set(piece(name).imports)

    def add(self, *lines: str) -> None:
        """Add lines."""
        self.lines += lines

    def join(self, other: Code) -> None:
        """Add what another part needs, without its lines."""
        self.imports |= other.imports
        self.use(*other.pieces)


@dataclass(frozen=True)
class Piece:
    """One file of `PIECES`: its imports, the pieces it needs, its text."""

    imports: tuple[str, ...]
    needs: tuple[str, ...]
    text: str


@functools.cache
def piece(name: str) -> Piece:
    """Read a piece; its first lines are ``import``, ``from`` and ``# needs: other``."""
    imports: list[str] = []
    needs: list[str] = []
    lines = (PIECES / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    while lines and (lines[0].startswith(("import ", "from ", "# needs: ")) or not lines[0].strip()):
        line = lines.pop(0)
        if line.startswith("# needs: "):
            needs += line.removeprefix("# needs: ").split()
        elif line.strip():
            imports.append(line)
    return Piece(tuple(imports), tuple(needs), "\n".join(lines).rstrip() + "\n")


def literal(value: Any) -> str:
    """Return a plain value as Python text; missing numbers as ``np.nan``."""
    if isinstance(value, bool) or value is None:
        return repr(value)
    if isinstance(value, float) and math.isnan(value):
        return "np.nan"
    if isinstance(value, float) and math.isinf(value):
        return "np.inf" if value > 0 else "-np.inf"
    if isinstance(value, str):
        text = repr(value)
        return text if text.startswith('"') or '"' in value or "\\" in text else f'"{value}"'
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, tuple):
        return "(" + ", ".join(literal(item) for item in value) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, list):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    return repr(value)


def assigned(start: str, items: Iterable[str], brackets: str = "[]", end: str = "") -> list[str]:
    """Return ``start[items]end`` on one line where it fits, otherwise on several with the items indented."""
    items = list(items)
    one = f"{start}{brackets[0]}{', '.join(items)}{brackets[1]}{end}"
    if len(one) <= WIDE:
        return [one]
    margin = re.match(r" *", start)
    indent = margin.group(0) if margin else ""
    lines, line = [f"{start}{brackets[0]}"], ""
    for item in items:
        if line and len(indent) + 4 + len(line) + len(item) + 2 > WIDE:
            lines.append(f"{indent}    {line.rstrip()}")
            line = ""
        line += f"{item}, "
    return [*lines, *([f"{indent}    {line.rstrip()}"] if line else []), f"{indent}{brackets[1]}{end}"]


def listed(start: str, values: Iterable[Any], end: str = "") -> list[str]:
    """Return a list of plain values after ``start``."""
    return assigned(start, [literal(value) for value in values], "[]", end)


def called(name: str, params: Mapping[str, Any], seed: int | None = None) -> str:
    """Return a call with keyword arguments; where a seed is given, it is written as ``SEED``."""
    return f"{name}({', '.join(keywords(params, seed))})"


def keywords(params: Mapping[str, Any], seed: int | None = None) -> list[str]:
    """Return keyword arguments, ``name=value`` each."""
    seeds = ("random_state", "random_seed", "seed")
    return [f"{key}={'SEED' if key in seeds and value == seed else literal(value)}" for key, value in params.items()]


def import_of(cls: type) -> str:
    """Return the line that imports a class from where its library shows it."""
    parts = [part for part in cls.__module__.split(".") if not part.startswith("_")]
    module = ".".join(parts[:2] if parts[0] == "sklearn" else parts[:1])
    return f"from {module} import {cls.__name__}"


OWN = {
    "ClipOutliers": "clip_outliers",
    "GroupRare": "group_rare",
    "FrequencyEncoder": "frequency_encoder",
    "TextFeatures": "text_features",
    "LeaveSparseOut": "leave_sparse_out",
    "BoxCox": "box_cox",
    "YeoJohnson": "yeo_johnson",
    "HashedWords": "hashed_words",
    "Ratios": "ratios",
    "Products": "products",
    "Components": "components",
    "OddRows": "odd_rows",
    "LowVariance": "low_variance",
    "Collinear": "collinear",
    "KeepBest": "keep_best",
}
"""Transformers of ours, and the pieces that say the same in a few lines."""


def estimator(part: Any, code: Code, seed: int) -> str:
    """Return the call that makes an unfitted estimator, with the parameters that are not its class's own; notes its import."""
    cls = type(part)
    if cls.__module__.startswith("automl_core"):
        code.use(OWN[cls.__name__])
    else:
        code.imports.add(import_of(cls))
        if cls.__name__ == "IterativeImputer":
            code.imports.add("from sklearn.experimental import enable_iterative_imputer  # noqa: F401")
    signature = inspect.signature(cls.__init__).parameters
    given = {}
    for name, value in part.get_params(deep=False).items():
        if callable(value) or name == "feature_name_combiner":  # names of columns are not needed here
            continue
        if name not in signature or not _same(value, signature[name].default):
            given[name] = value
    return called(cls.__name__, given, seed)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other):
        return True
    return type(one) is type(other) and bool(one == other)
