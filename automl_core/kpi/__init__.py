"""Figures of one's own: formulas over prediction, truth and columns, read by a grammar and never evaluated as code."""

from automl_core.kpi.formula import HELP, Formula, Rows, parse_formula
from automl_core.kpi.values import Values, Words, column_values

__all__ = ["HELP", "Formula", "Rows", "Values", "Words", "column_values", "parse_formula"]
