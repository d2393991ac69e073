"""Figures of one's own: formulas over prediction, truth and columns, read by a grammar and never evaluated as code."""
