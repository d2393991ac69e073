"""Formulas over a row's own columns: the grammar of the figures of one's own, without what looks at other rows."""

from __future__ import annotations

from typing import Any

import pandas as pd

from automl_core.errors import InputError
from automl_core.kpi.formula import Formula, Rows, check_columns, parse_formula
from automl_core.kpi.grammar import Node
from automl_core.kpi.values import column_values
from automl_core.schema import Schema


def check_formula(text: str, schema: Schema) -> None:
    """Check a formula of a step.

    Raises
    ------
    InputError
        When it cannot be read, names a column that is not there, looks at predictions, or makes one number of all rows.
    """
    formula = parse_formula(text)
    if formula.names:
        name = sorted(formula.names)[0]
        raise InputError(
            f"The formula looks at {name!r}, which a table to be cleaned does not have.",
            "It can look at columns.",
            f"A column of that name stands in brackets: [{name}].",
        )
    if formula.aggregates:
        raise InputError(
            f"The formula uses {formula.aggregates[0]!r} over all rows.",
            "A step looks at one row at a time, so that a new row gets the same value alone.",
            "Use what the row itself holds.",
        )
    check_columns(formula, dict.fromkeys(schema.names))


def calculate(frame: pd.DataFrame, text: str, tree: list[Any] | None = None) -> pd.Series:
    """Compute a formula for each row.

    Parameters
    ----------
    frame : DataFrame, shape (n, n_columns)
        Typed.
    text : str
    tree : list, optional
        The formula as it was read before, so that the grammar is not needed: an exported model carries it.

    Returns
    -------
    Series of float64, shape (n,)
        Missing where a part is, and where the result is no finite number. A column that is not there is missing throughout.
    """
    formula = Formula(text, Node.from_list(tree)) if tree else parse_formula(text)
    columns = {name: column_values(frame[name]) for name in formula.columns if name in frame.columns}
    if len(columns) < len(formula.columns) or not len(frame):
        return pd.Series(float("nan"), index=frame.index, dtype="float64")
    rows = Rows(len(frame), truth=pd.array([]), prediction=pd.array([]), proba=None, classes=(), columns=columns)  # type: ignore[arg-type]
    return pd.Series(formula.each(rows), index=frame.index)


def compiled(text: str) -> list[Any]:
    """Return a formula as the plain tree that `calculate` takes."""
    return parse_formula(text).root.to_list()
