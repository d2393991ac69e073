"""What became of a file of rows, the prediction for one row, and what a form needs to ask for one."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import date
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from automl_core.cleaning.replay import Replayed
from automl_core.cleaning.rules import Checked, rules_from
from automl_core.errors import InputError
from automl_core.schema import Kind
from automl_core.scoring.bundle import Model
from automl_core.scoring.columns import Difference
from automl_core.workspace import atomic_file

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Possessive, so that a long cell of digits is read once and not once a digit.
_NUMBER = re.compile(r"[+-]?(?=[.,\s%€$£]*\d)[\d.,\s%€$£]++(?:[eE][+-]?\d+)?")
MAX_CHOICES = 50


@dataclass(frozen=True)
class PredictionReport:
    """What became of a file.

    Parameters
    ----------
    rows : int
    differences : tuple of Difference
    refused : int
        Lines that could not be read as rows; they have no prediction.
    defused : int
        Cells that a spreadsheet would have run as formulas, and now shows as text.
    predictions : dict of str to int
        How often each label was predicted; empty for regression.
    columns : tuple of str
        Names of the added columns.
    sentence : str
    rules : tuple of str
        Which rules of the table rows break, a sentence each.
    aside : int
        Rows that rules set aside; they have no prediction.
    steps : tuple of Replayed
        What each step of the recipe did to these rows.
    notes : tuple of str
        What else became of the file: columns that were renamed, cells that were cut.
    warned : int
        Rows that carry a warning.
    """

    rows: int
    differences: tuple[Difference, ...]
    refused: int
    defused: int
    predictions: dict[str, int]
    columns: tuple[str, ...]
    sentence: str
    rules: tuple[str, ...] = ()
    aside: int = 0
    steps: tuple[Replayed, ...] = ()
    notes: tuple[str, ...] = ()
    warned: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "format": 1,
            "rows": self.rows,
            "differences": [entry.to_dict() for entry in self.differences],
            "refused": self.refused,
            "defused": self.defused,
            "predictions": self.predictions,
            "columns": list(self.columns),
            "sentence": self.sentence,
            "rules": list(self.rules),
            "aside": self.aside,
            "steps": [step.to_dict() for step in self.steps],
            "notes": list(self.notes),
            "warned": self.warned,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> PredictionReport:
        """Rebuild a report from `to_dict`'s output."""
        fields = {name: value for name, value in data.items() if name != "format"}
        fields["differences"] = tuple(Difference(**entry) for entry in data["differences"])
        fields["columns"] = tuple(data["columns"])
        fields["rules"] = tuple(data.get("rules", ()))
        fields["notes"] = tuple(data.get("notes", ()))
        fields["steps"] = tuple(Replayed(**entry) for entry in data.get("steps", ()))
        return cls(**fields)


@dataclass(frozen=True)
class RowPrediction:
    """The prediction for one row: a label as the person wrote it or a value, and the probability of each label.

    `rules` says which rules of the table the row breaks.
    """

    prediction: str | float
    probabilities: dict[str, float]
    differences: tuple[Difference, ...] = ()
    rules: tuple[str, ...] = ()


@dataclass(frozen=True)
class FormField:
    """What a form asks for one column.

    Parameters
    ----------
    column : str
    kind : Kind
    default : str or float
        Median (a number for numbers, text for dates) or most frequent value of the training rows; an empty text where
        there is none, or most rows lack it.
    choices : tuple of str
        Most frequent first; empty where the value is free.
    low, high : float or None
        Range of the training rows, for numbers.
    whole : bool
        Whether the numbers were whole.
    """

    column: str
    kind: Kind
    default: str | float
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    whole: bool = False


def defuse(cell: str) -> str:
    """Return a cell that no spreadsheet runs as a formula: such a cell gets an apostrophe in front.

    Numbers, also negative ones and ones with units, stay as they are (OWASP, CSV injection).
    """
    if cell.startswith(FORMULA) and not _NUMBER.fullmatch(cell):
        return "'" + cell
    return cell


def check_rows(model: Model, frame: pd.DataFrame) -> Checked:
    """Look at new rows with the rules that a model carries; nothing is looked at where it carries none."""
    rules = rules_from(model.manifest["rules"]) if model.manifest.get("rules") else ()
    if not rules:
        return Checked((), np.zeros(len(frame), dtype=bool), len(frame))
    from automl_core.engines.pandera import check_rules

    # A rule about the target has nothing to look at here.
    rules = tuple(rule for rule in rules if rule.column != model.target)
    return check_rules(model.read(frame).frame, rules, raw=frame, schema=model.inputs)


def broken_rules(model: Model, frame: pd.DataFrame) -> tuple[str, ...]:
    """Return which of the rules that a model carries new rows break, a sentence each; see `check_rows`."""
    return tuple(result.sentence for result in check_rows(model, frame).broken)


class LineFeeds:
    """Ends rows with a line feed for a `csv.writer` that ends them with carriage return and line feed.

    The writer quotes the signs that end its rows and no others: a carriage return alone in a cell would begin a new row for a
    spreadsheet, and a formula behind it would be run.

    Parameters
    ----------
    text : TextIOBase
    """

    def __init__(self, text: io.TextIOBase) -> None:
        self._text = text

    def write(self, row: str) -> int:
        """Write a row."""
        return self._text.write(row.removesuffix("\r\n") + "\n")


def write_csv(out: Path, frame: pd.DataFrame) -> int:
    """Write text cells as CSV (UTF-8, commas) that no spreadsheet runs formulas from.

    Returns
    -------
    int
        How many cells were defused, see `defuse`.
    """
    columns: list[list[str]] = []
    defused = 0
    for position in range(frame.shape[1]):
        cells = [str(cell) for cell in frame.iloc[:, position].to_numpy(dtype=object)]
        safe = [defuse(cell) for cell in cells]
        defused += sum(new != old for new, old in zip(safe, cells, strict=True))
        columns.append(safe)
    with atomic_file(out) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", newline="")
        writer = csv.writer(LineFeeds(text))
        writer.writerow([defuse(str(name)) for name in frame.columns])
        writer.writerows(zip(*columns, strict=True))
        text.flush()
        text.detach()
    return defused


def predict_row(model: Model, values: dict[str, Any]) -> RowPrediction:
    """Predict one row.

    Parameters
    ----------
    model : Model
    values : dict
        By column. Text is read as in the training table, numbers and dates are taken as they are, None and "" are
        missing. Columns left out are missing values.

    Raises
    ------
    InputError
        When a value cannot be read as its column's kind, or a name is no column of the model.
    """
    row = read_row(model, values)
    checked = check_rows(model, row.raw)
    checked.enforce()
    differences = tuple(entry for entry in model.compare_columns(row.raw) if entry.kind == "unseen_categories")
    predicted = model.labelled(model.values_of(row.typed), row.raw.index).iloc[0]
    probabilities = {name: float(predicted[f"probability_{name}"]) for name in model.classes}
    outcome = str(predicted["prediction"]) if model.classes else float(predicted["prediction"])
    return RowPrediction(outcome, probabilities, differences, tuple(result.sentence for result in checked.broken))


@dataclass(frozen=True)
class OneRow:
    """A table of one row, with the columns that the model uses: as it was entered, and typed as `Model.checked` does."""

    raw: pd.DataFrame
    typed: pd.DataFrame


def read_row(model: Model, values: dict[str, Any]) -> OneRow:
    """Return one row of a form or a call; see `predict_row` for `values` and the errors raised."""
    unknown = [name for name in values if name not in model.inputs and name != model.target]
    if unknown:
        raise InputError(
            f"{', '.join(repr(name) for name in unknown[:5])}: the model knows no such column.",
            f"Its columns are {', '.join(repr(name) for name in model.used[:20])}.",
            "Check the spelling.",
        )
    frame = pd.DataFrame({name: _cell(values.get(name), model.schema[name].kind) for name in model.used}, index=[0])
    parsed = model.read(frame)
    if parsed.faults:
        told = " ".join(
            f"{name!r} is {fault.examples[0]!r}, which is no {model.schema[name].kind}." for name, fault in parsed.faults.items()
        )
        raise InputError(told, action="Correct the value, or leave it empty if it is not known.")
    return OneRow(frame, parsed.frame)


def _cell(value: Any, kind: Kind) -> pd.Series:
    """Return a column of one cell: numbers and dates typed, so that they are not read as text."""
    if isinstance(value, list | tuple | set | dict):
        return pd.Series([str(value)], dtype=object)
    if value is None or (isinstance(value, str) and not value.strip()) or pd.isna(value):
        return pd.Series([np.nan], dtype=object)
    if isinstance(value, Real) and not isinstance(value, bool):
        return pd.Series([value])
    if kind == "date" and isinstance(value, date | np.datetime64):
        moment = pd.Timestamp(value)
        moment = moment.tz_convert("UTC").tz_localize(None) if moment.tz else moment
        if pd.Timestamp.min <= moment <= pd.Timestamp.max:
            return pd.Series([moment]).astype("datetime64[ns]")
    return pd.Series([str(value)], dtype=object)


def row_form(model: Model) -> tuple[FormField, ...]:
    """Return the fields of a form for one row: the columns the model uses, in the order of the upload."""
    return tuple(_field(name, model) for name in model.used)


def _field(name: str, model: Model) -> FormField:
    kind = model.schema[name].kind
    facts = model.reference["columns"].get(name, {})
    quantiles, usual = facts.get("quantiles"), facts.get("missing", 0.0) <= 0.5  # most rows lack it: a usual one does, too
    if quantiles and kind == "number":
        middle = float(round(quantiles[50])) if facts["whole"] else float(f"{quantiles[50]:.6g}")
        return FormField(name, kind, middle if usual else "", (), quantiles[0], quantiles[-1], facts["whole"])
    if quantiles and kind == "date":
        written = model.schema[name].parsing.date_format
        middle_date = pd.Timestamp(quantiles[50], unit="s").floor("D")
        text = middle_date.strftime(written) if "%" in written else middle_date.date().isoformat()
        return FormField(name, kind, text if usual else "")
    words = list(facts.get("values", {}))
    choices = tuple(words) if facts.get("complete") and len(words) <= MAX_CHOICES else ()
    return FormField(name, kind, words[0] if words and usual else "", choices)
