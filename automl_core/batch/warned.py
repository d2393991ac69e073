"""What is to be said of single rows: cells that could not be read, words never learned from, numbers beyond what was learned."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.data.parsing import Parsed, parse_column
from automl_core.profiling.wording import number
from automl_core.scoring.bundle import Model

MOST = 5
"""Warnings of one row that are written out; of more, the number."""
SHORT = 40


def row_warnings(model: Model, given: pd.DataFrame, parsed: Parsed, aside: npt.NDArray[np.bool_]) -> list[str]:
    """Return for each row what is odd about it, empty for most.

    Parameters
    ----------
    model : Model
    given : DataFrame, shape (n, n_columns)
        As in the file.
    parsed : Parsed
        The same, typed.
    aside : ndarray of bool, shape (n,)
        Rows that a rule sets aside.
    """
    found: dict[int, list[str]] = defaultdict(list)
    typed = parsed.frame
    used = [name for name in model.used if name in typed]
    if used:
        for place in np.flatnonzero(typed[used].isna().all(axis=1).to_numpy()):
            found[int(place)].append("Every value is missing.")
    for name in used:
        values, facts = typed[name], model.reference.get("columns", {}).get(name, {})
        if name in parsed.faults:
            _, bad = parse_column(given[name], model.schema[name])
            places = np.flatnonzero(given.index.isin(bad.index))
            for place, cell in zip(places, bad, strict=True):
                found[int(place)].append(f"{name} is {_short(cell)}, which is no {model.schema[name].kind}; read as missing.")
        if facts.get("complete") and facts.get("values") and values.dtype == object:
            strange = values.notna().to_numpy() & ~values.isin(list(facts["values"])).to_numpy()
            for place in np.flatnonzero(strange):
                found[int(place)].append(f"{name} is {_short(values.iloc[place])}, which was never learned from.")
        elif facts.get("quantiles") and values.dtype.kind in "iuf":
            low, high = facts["quantiles"][0], facts["quantiles"][-1]
            numbers = values.to_numpy(dtype=np.float64)
            with np.errstate(invalid="ignore"):
                beyond = (numbers < low) | (numbers > high)
            for place in np.flatnonzero(beyond):
                cell = number(float(numbers[place]))
                found[int(place)].append(f"{name} is {cell}, beyond what was learned ({number(low)} to {number(high)}).")
    for place in np.flatnonzero(aside):
        found[int(place)].append("Set aside by a rule, without a prediction.")
    return [_joined(found.get(place, [])) for place in range(len(given))]


def _joined(said: list[str]) -> str:
    more = len(said) - MOST
    return " ".join(said[:MOST]) + (f" And {more:,} more." if more > 0 else "")


def _short(cell: object) -> str:
    text = str(cell)
    return repr(text if len(text) <= SHORT else text[: SHORT - 1] + "…")
