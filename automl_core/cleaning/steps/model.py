"""What a kind of step is: its words, its parameters, and what a form needs to ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from automl_core.schema import Kind

ParamKind = Literal[
    "columns", "column", "choice", "number", "limit", "flag", "text", "formula", "pattern", "words", "mapping", "names", "parts"
]
Intent = Literal["missing", "duplicates", "outliers", "categories", "scaling", "columns", "dates and text", "rows", "features"]
ALL = "Leave empty for all that fit."


@dataclass(frozen=True)
class Param:
    """One parameter of an operation, with what a form needs to ask for it.

    Parameters
    ----------
    name, label : str
    kind : ParamKind
        ``limit`` is a number or None; ``mapping`` gives old values new ones; ``names`` gives columns new names;
        ``formula`` and ``pattern`` are texts that are checked as such.
    default : object
    help : str
    choices : tuple of (str, str)
        What can be chosen, with its words.
    low, high : float
        Bounds of a number.
    kinds : tuple of Kind
        Kinds of columns that fit; empty for all.
    when : tuple of str
        The name of a choice, then the values of it with which this parameter says something; empty for always.
    """

    name: str
    label: str
    kind: ParamKind
    default: Any
    help: str
    choices: tuple[tuple[str, str], ...] = ()
    low: float = 0.0
    high: float = 1.0
    kinds: tuple[Kind, ...] = ()
    when: tuple[str, ...] = ()

    def says(self, params: Mapping[str, Any]) -> bool:
        """Return whether this parameter says something beside the others' values."""
        return not self.when or params.get(self.when[0]) in self.when[1:]


@dataclass(frozen=True)
class Operation:
    """One kind of step.

    Parameters
    ----------
    op : str
    title : str
    description : str
    intent : Intent
        Under what a person looks for it.
    learned : bool
        Whether it is fitted inside the training folds; a stateless step changes the table once.
    drops_rows : bool
        Whether it leaves rows out; it then acts on learning only, never on rows to be predicted.
    params : tuple of Param
    """

    op: str
    title: str
    description: str
    intent: Intent
    learned: bool
    params: tuple[Param, ...]
    drops_rows: bool = False


def columns(help_text: str, *kinds: Kind) -> Param:
    """Return the parameter that names the columns of a step."""
    return Param("columns", "Columns", "columns", [], help_text, kinds=kinds)


def column(help_text: str, *kinds: Kind) -> Param:
    """Return the parameter that names the one column of a step."""
    return Param("column", "Column", "column", "", help_text, kinds=kinds)
