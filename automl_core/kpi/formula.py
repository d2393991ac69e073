"""A formula as an object: what it names, and its value for given rows."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.errors import InputError
from automl_core.kpi.functions import AGGREGATES, FUNCTIONS, finite, power
from automl_core.kpi.grammar import LONGEST, Node, fault, read
from automl_core.kpi.values import Array, Condition, Values, Words

Found = Array | Condition | Words
HELP: tuple[tuple[str, str], ...] = (
    ("prediction, truth", "What is predicted and what is true: a label or a number."),
    ('probability, probability("label")', "The predicted probability of the event, or of one label."),
    ("error", "For numbers: prediction minus truth, so too high is positive. For labels: whether it is wrong."),
    ("amount, [Unit price]", "A column of your table; names with spaces stand in brackets."),
    ('truth == "yes"', "Compare with a label or a word in quotes. Also !=, <, <=, >, >=, and, or, not."),
    ("if(condition, this, otherwise)", "One value where the condition holds, another where not."),
    ("+ - * / ^", "Arithmetic. A condition counts as 1 where it holds and as 0 where not."),
    ("abs, sqrt, log, exp, round, clip(x, low, high)", "Row by row; also min and max of several values."),
    ("sum, mean, median, min, max, count, share(condition), quantile(x, 0.9)", "One number over all rows."),
    ("Rows and totals", "A formula that gives one number a row is averaged over the rows."),
    (
        "What is missing",
        "Stays missing in a calculation, as does a division by zero, and is left out of every sum and mean.",
    ),
)
"""The grammar for people: what is written, and what it means."""


@dataclass(frozen=True)
class Rows:
    """What a formula looks at.

    Parameters
    ----------
    size : int
    truth, prediction : ndarray or Words, shape (size,)
        Words of the classes for classification, values for regression.
    proba : ndarray, shape (size, n_classes), or None
        None for regression.
    classes : tuple of str
        For two classes the event is the second.
    columns : mapping of str to Values
    """

    size: int
    truth: Values
    prediction: Values
    proba: Array | None
    classes: tuple[str, ...]
    columns: Mapping[str, Values] = field(default_factory=dict)


@dataclass(frozen=True)
class Formula:
    """A formula that was read.

    A value is missing where one of its parts is missing, and where it is no finite number (a division by zero, the
    logarithm of a negative number). ``and`` and ``or`` need only the part that decides. Aggregates leave missing values
    out, and are missing themselves where no row is left. Where one value a row comes out in the end, the mean is taken.

    Parameters
    ----------
    text : str
    root : Node
    """

    text: str
    root: Node

    @functools.cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns it looks at, in the order of their first use."""
        return tuple(dict.fromkeys(str(node.value) for node in _walk(self.root) if node.kind == "column"))

    @functools.cached_property
    def names(self) -> frozenset[str]:
        """Which of prediction, truth, probability and error it looks at."""
        return frozenset(str(node.value) for node in _walk(self.root) if node.kind == "name")

    @functools.cached_property
    def aggregates(self) -> tuple[str, ...]:
        """Names of the functions it uses that make one number of all rows."""
        return tuple(dict.fromkeys(str(node.value) for node in _walk(self.root) if node.kind == "call" and _over_rows(node)))

    @property
    def is_condition(self) -> bool:
        """Whether it says of each row if something holds."""
        return _is_condition(self.root)

    def each(self, rows: Rows) -> npt.NDArray[np.float64]:
        """Compute the formula for each row; conditions give 1 and 0.

        Returns
        -------
        ndarray, shape (size,)
            NaN where it is missing.

        Raises
        ------
        InputError
            As `value`.
        """
        with np.errstate(all="ignore"):
            found = _Reader(rows).numbers(self.root)
        return np.array(np.broadcast_to(finite(found), rows.size))

    def value(self, rows: Rows) -> float:
        """Compute the formula.

        Parameters
        ----------
        rows : Rows

        Returns
        -------
        float
            NaN where it is missing.

        Raises
        ------
        InputError
            When a part does not fit what it is used for, such as a word in a sum; with its place.
        """
        with np.errstate(all="ignore"):
            found = _Reader(rows).numbers(self.root)
            return float(finite(found if np.ndim(found) == 0 else AGGREGATES["mean"](found)))


@functools.lru_cache(maxsize=64)
def parse_formula(text: str) -> Formula:
    """Read a formula; raises InputError with the place that cannot be read and what is expected there."""
    return Formula(text, read(text))


def _over_rows(node: Node) -> bool:
    name = str(node.value)
    return FUNCTIONS[name].aggregate or (name in AGGREGATES and len(node.args) == 1)


def _is_condition(node: Node) -> bool:
    if node.kind == "call" and node.value == "if":
        return all(_is_condition(arg) for arg in node.args[1:])
    return node.kind in ("compare", "both", "either", "not") or (node.kind == "name" and node.value == "error")


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for arg in node.args:
        yield from _walk(arg)


class _Reader:
    """Computes the parts of one formula for one set of rows."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    def numbers(self, node: Node) -> Array:
        """Return a part as numbers; conditions count 1 and 0, words that are all numbers count as such."""
        return self.as_numbers(node, self.find(node))

    def as_numbers(self, node: Node, found: Found) -> Array:
        """Return what was found for a part as numbers."""
        if isinstance(found, Condition):
            return found.values
        if isinstance(found, Words):
            numbers = found.numbers()
            if numbers is None:
                raise fault(
                    node.at,
                    f"{_named(node)} holds words.",
                    f'A number is needed there. A word can be compared, as in {_named(node)} == "{_example(found)}".',
                )
            return numbers
        return found

    def condition(self, node: Node) -> Array:
        """Return a part as a condition."""
        found = self.find(node)
        if not isinstance(found, Condition):
            raise fault(node.at, "this is no condition.", 'A condition is needed there, such as truth == "yes" or amount > 100.')
        return found.values

    def find(self, node: Node) -> Found:
        """Return a part as what it is."""
        if node.kind == "number":
            return np.float64(node.value)  # type: ignore[return-value]
        if node.kind == "column":
            return self.column(node)
        if node.kind == "name":
            return self.name(node)
        if node.kind == "call":
            return self.call(node)
        if node.kind == "compare":
            return Condition(self.compare(node))
        if node.kind == "not":
            return Condition(1.0 - self.condition(node.args[0]))
        if node.kind in ("both", "either"):
            left, right = self.condition(node.args[0]), self.condition(node.args[1])
            decides = 0.0 if node.kind == "both" else 1.0
            either = np.maximum(left, right) if node.kind == "either" else np.minimum(left, right)
            return Condition(np.where((left == decides) | (right == decides), decides, either))
        if node.kind == "minus":
            return -self.numbers(node.args[0])
        left, right = self.numbers(node.args[0]), self.numbers(node.args[1])
        if node.value == "^":
            return power(left, right)
        return finite(OPERATIONS[node.value](left, right))

    def column(self, node: Node) -> Values:
        if node.value in self.rows.columns:
            return self.rows.columns[node.value]
        raise unknown_column(node, self.rows.columns)

    def name(self, node: Node) -> Found:
        rows = self.rows
        if node.value == "truth":
            return rows.truth
        if node.value == "prediction":
            return rows.prediction
        if node.value == "error":
            if isinstance(rows.truth, Words) and isinstance(rows.prediction, Words):
                return Condition((rows.truth.codes != rows.prediction.codes).astype(np.float64))
            return finite(np.asarray(rows.prediction) - np.asarray(rows.truth))
        if rows.proba is None:
            raise fault(node.at, "a predicted number has no probability.", "It can look at prediction, truth and error.")
        if node.args:
            label = str(node.args[0].value)
            return rows.proba[:, rows.classes.index(self.label(node.args[0], label, rows.classes))]
        if len(rows.classes) != 2:
            raise fault(
                node.at,
                f"there are {len(rows.classes):,} labels, each with a probability.",
                f'Name one, as in probability("{rows.classes[0]}").',
            )
        return rows.proba[:, 1]

    def label(self, node: Node, text: str, known: tuple[str, ...]) -> str:
        """Return a label that the target has; raises InputError for another."""
        if text in known:
            return text
        shown = ", ".join(repr(label) for label in known[:10]) + (f" and {len(known) - 10:,} more" if len(known) > 10 else "")
        raise fault(node.at, f"{text!r} is no label of the target.", f"Its labels are {shown}.")

    def compare(self, node: Node) -> Array:
        """Return a comparison; of words only for being the same or not."""
        left, right = (arg if arg.kind == "text" else self.find(arg) for arg in node.args)
        if isinstance(left, Node) or isinstance(right, Node):
            same = self.same(node, *((right, left) if isinstance(left, Node) else (left, right)))
            return same if node.value == "==" else 1.0 - same
        if isinstance(left, Words) and isinstance(right, Words) and node.value in ("==", "!="):
            same = left.equal(right)
            return same if node.value == "==" else 1.0 - same
        one, other = self.as_numbers(node.args[0], left), self.as_numbers(node.args[1], right)
        found = COMPARISONS[node.value](one, other).astype(np.float64)
        return np.where(np.isnan(one) | np.isnan(other), np.nan, found)

    def same(self, node: Node, left: Any, right: Any) -> Array:
        """Return where words are the text of the node `right`."""
        if not isinstance(left, Words):
            text = next(arg for arg in node.args if arg.kind == "text")
            other = next((arg for arg in node.args if arg.kind != "text"), text)
            raise fault(
                text.at,
                f"{_named(other)} holds numbers, and {str(text.value)!r} is a text.",
                "A number is written without quotes, and a column beside == in brackets.",
            )
        return left.equal(self.label(right, str(right.value), left.words) if left.labels else str(right.value))

    def call(self, node: Node) -> Found:
        name, args = str(node.value), node.args
        function = FUNCTIONS[name]
        if name == "if":
            return self.choose(node)
        if name == "count":
            return self.count(node)
        if name == "share":
            return np.float64(function.compute(self.spread(self.condition(args[0]))))  # type: ignore[return-value]
        if name == "quantile":
            share = self.numbers(args[1])
            if np.ndim(share) or not 0 <= float(share) <= 1:
                raise fault(args[1].at, "the second value of quantile is not usable.", "One number from 0 to 1 is needed.")
            return np.float64(function.compute(self.spread(self.numbers(args[0])), float(share)))  # type: ignore[return-value]
        if function.aggregate or (name in AGGREGATES and len(args) == 1):
            return finite(AGGREGATES[name](self.spread(self.numbers(args[0]))))
        return finite(function.compute(*(self.numbers(arg) for arg in args)))

    def choose(self, node: Node) -> Found:
        """Return `if`: missing where its condition is."""
        holds = self.condition(node.args[0])
        one, other = self.find(node.args[1]), self.find(node.args[2])
        both = isinstance(one, Condition) and isinstance(other, Condition)
        picked = np.where(holds == 1.0, self.as_numbers(node.args[1], one), self.as_numbers(node.args[2], other))
        picked = np.where(np.isnan(holds), np.nan, picked)
        return Condition(picked) if both else picked

    def count(self, node: Node) -> Array:
        """Return how many rows there are, hold, or are known."""
        if not node.args:
            return np.float64(self.rows.size)  # type: ignore[return-value]
        found = self.find(node.args[0])
        if isinstance(found, Words):
            return np.float64((found.codes >= 0).sum())  # type: ignore[return-value]
        if isinstance(found, Condition):
            return np.float64((self.spread(found.values) == 1.0).sum())  # type: ignore[return-value]
        return np.float64((~np.isnan(self.spread(found))).sum())  # type: ignore[return-value]

    def spread(self, values: Array) -> npt.NDArray[np.float64]:
        """Return one value for every row."""
        return np.broadcast_to(values, self.rows.size)


OPERATIONS: dict[str, Callable[[Array, Array], Any]] = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}
COMPARISONS: dict[str, Callable[[Array, Array], Any]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def unknown_column(node: Node, known: Mapping[str, Any]) -> InputError:
    """Return the error of a column that is not there, with the nearest name."""
    near = difflib.get_close_matches(str(node.value).lower(), [name.lower() for name in known], 1, 0.6)
    meant = next((name for name in known if near and name.lower() == near[0]), "")
    shown = ", ".join(repr(name) for name in list(known)[:20])
    return fault(
        node.at,
        f"there is no column {str(node.value)!r}.",
        f"Did you mean {meant!r}?" if meant else f"The columns are {shown}." if shown else "The table has no other columns.",
        "Correct the formula; a label beside == stands in quotes.",
    )


def check_columns(formula: Formula, known: Mapping[str, Any]) -> None:
    """Refuse a formula that names a column which is not there; raises InputError with its place."""
    for node in _walk(formula.root):
        if node.kind == "column" and node.value not in known:
            raise unknown_column(node, known)


def _named(node: Node) -> str:
    """Return a part as it is written, for a sentence."""
    if node.kind in ("name", "column", "text"):
        plain = str(node.value).isidentifier()
        return str(node.value) if plain or node.kind == "name" else f"[{str(node.value)[: LONGEST // 20]}]"
    return "this part"


def _example(words: Words) -> str:
    return words.words[0] if words.words else "word"
