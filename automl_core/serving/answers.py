"""From a request's rows to an answer: typed, checked, predicted, and with what a person should know of each row."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.scoring.bundle import Model
from automl_core.scoring.fast import TypedRow, typed_row
from automl_core.serving.guard import RefusedError
from automl_core.serving.source import Served

Array = npt.NDArray[np.float64]
MOST_FAULTS = 1_000
"""Faults that one answer lists."""


@dataclass(frozen=True)
class RowFault:
    """What is wrong with one row.

    Parameters
    ----------
    row : int
        From 0.
    column : str
        Empty for the row as a whole.
    fault : str
    """

    row: int
    column: str
    fault: str


class InvalidRowsError(Exception):
    """Rows that cannot be predicted, with every fault."""

    def __init__(self, faults: list[RowFault]) -> None:
        said = " ".join(f"Row {one.row}{', ' + one.column if one.column else ''}: {one.fault}" for one in faults[:3])
        super().__init__(said + f" And {len(faults) - 3} more." * (len(faults) > 3))
        self.faults = faults

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        more = len(self.faults) - MOST_FAULTS
        said = {"detail": [asdict(fault) for fault in self.faults[:MOST_FAULTS]]}
        return {**said, "more": more} if more > 0 else dict(said)


def typed_rows(data: Any, model: Model, most: int, key: str = "") -> list[TypedRow]:
    """Type the rows of a request.

    Parameters
    ----------
    data : object
        As JSON gave it.
    model : Model
    most : int
        Rows.
    key : str
        A column that is only logged; it need not be one of the model's.

    Raises
    ------
    InvalidRowsError
        With every fault of every row.
    RefusedError
        When there are more rows than one request may have.
    """
    rows = data.get("rows") if isinstance(data, dict) else None
    if not isinstance(rows, list) or not rows:
        raise InvalidRowsError([RowFault(0, "", 'The body must be {"rows": [{column: value, ...}, ...]} with at least one row.')])
    if len(rows) > most:
        raise RefusedError(413, f"{len(rows):,} rows were sent, {most:,} are allowed. Use /predict_batch for files.")
    inputs, typed, faults = model.inputs, [], []
    for place, row in enumerate(rows):
        if not isinstance(row, dict):
            faults.append(RowFault(place, "", "A row must be an object of columns and values."))
            continue
        known = {name: value for name, value in row.items() if name != model.target and (name != key or name in inputs)}
        cells, wrong = typed_row(known, inputs, model.used)
        typed.append(cells)
        faults += [RowFault(place, fault.column, fault.sentence) for fault in wrong]
    if faults:
        raise InvalidRowsError(faults)
    return typed


def logged_inputs(rows: list[dict[str, Any]], typed: list[TypedRow], key: str) -> list[dict[str, Any]]:
    """Return rows as the log keeps them: text as it came, other cells as they were understood, and the key."""
    return [
        {
            **{name: row[name] if isinstance(row[name], str) else cell for name, cell in cells.items()},
            **({key: row[key]} if key in row else {}),
        }
        for row, cells in zip(rows, typed, strict=True)
    ]


class Noticing:
    """Says what of a row the model has never seen: words, and numbers outside the range of the training rows."""

    def __init__(self, model: Model) -> None:
        self._words: dict[str, frozenset[str]] = {}
        self._ranges: dict[str, tuple[float, float]] = {}
        for name in model.used:
            facts = model.reference["columns"].get(name, {})
            if facts.get("complete"):
                self._words[name] = frozenset(facts["values"])
            elif model.schema[name].kind == "number" and facts.get("quantiles"):
                self._ranges[name] = (facts["quantiles"][0], facts["quantiles"][-1])

    def __call__(self, row: TypedRow) -> list[str]:
        """Return a sentence for each."""
        said = []
        for name, words in self._words.items():
            cell = row.get(name)
            if cell is not None and cell not in words:
                said.append(f"{name}: {str(cell)[:60]!r} is in no training row.")
        for name, (low, high) in self._ranges.items():
            cell = row.get(name)
            if isinstance(cell, float) and not low <= cell <= high:
                said.append(f"{name}: {cell:g} is outside of the training rows' range, {low:g} to {high:g}.")
        return said


def answers(served: Served, rows: list[TypedRow], values: Array, noticing: Noticing) -> list[dict[str, Any]]:
    """Return what is said of each row: the prediction, the probability of each label, and warnings where there are any."""
    model, found = served.model, []
    codes = model.codes(values) if model.classes else None
    for place, row in enumerate(rows):
        if codes is None:
            entry: dict[str, Any] = {"prediction": float(values[place])}
        else:
            chances = {label: float(chance) for label, chance in zip(model.classes, values[place], strict=True)}
            entry = {"prediction": model.classes[int(codes[place])], "probabilities": chances}
        if warnings := noticing(row):
            entry["warnings"] = warnings
        found.append(entry)
    return found
