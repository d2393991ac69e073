"""A model small enough to be read as a whole: its coefficients, its rules, or its shape tables, in the person's columns."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from automl_core.errors import FormatError
from automl_core.experiment import Decision
from automl_core.leaderboard import Candidate, Leaderboard
from automl_core.scoring.bundle import Model

Kind = Literal["linear", "trees", "additive"]
MOST_LEAVES = 16
"""Rules of a tree that can still be read."""


@dataclass(frozen=True)
class Coefficient:
    """What one unit of one feature adds to the score.

    Parameters
    ----------
    feature : str
        For example ``age``, ``city = London``, ``age is missing``.
    column : str
    per : str
        What one unit is, in words.
    output : str
        One of the model's outputs.
    mean, low, high : float
        Over the fold models.
    size : float
        Mean size on the scale that the model was fitted on, to compare features by.
    """

    feature: str
    column: str
    per: str
    output: str
    mean: float
    low: float
    high: float
    size: float


@dataclass(frozen=True)
class Rule:
    """One leaf of a tree.

    Parameters
    ----------
    conditions : tuple of str
        All of them hold; none for a tree without a cut.
    share : float
        Share of the learned rows that it holds for, 0 to 1.
    prediction : tuple of float
        By output: probabilities, or the value.
    """

    conditions: tuple[str, ...]
    share: float
    prediction: tuple[float, ...]


@dataclass(frozen=True)
class Axis:
    """The values of one feature that a term tells apart.

    Parameters
    ----------
    feature, column : str
    cuts : tuple of float
        For numbers, the ends of the intervals; the first is open below, the last open above.
    labels : tuple of str
        One for each interval or word, ``missing`` first where it was learned.
    """

    feature: str
    column: str
    cuts: tuple[float, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Term:
    """What one feature, or two together, add to the score.

    Parameters
    ----------
    axes : tuple of Axis
    values : tuple of tuple of float, shape (n_outputs, n_cells)
        Means over the fold models, cells in the order of the first axis, then the second.
    size : float
        Mean size of what it adds, over the learned rows.
    folds : int
        In how many fold models it is; the others add 0.
    """

    axes: tuple[Axis, ...]
    values: tuple[tuple[float, ...], ...]
    size: float
    folds: int

    @property
    def name(self) -> str:
        """The names of its features."""
        return " and ".join(axis.feature for axis in self.axes)


@dataclass(frozen=True)
class Readable:
    """A whole model to read.

    Parameters
    ----------
    kind : Kind
    outputs : tuple of str
        The event alone for two classes, every label for more, the target's name for numbers.
    labels : bool
        Whether outputs are labels, otherwise the target's values.
    folds : int
        Fold models whose mean the model is.
    intercept : tuple of float
        By output: the score of a row for which everything else adds 0.
    coefficients : tuple of Coefficient
        Largest first.
    trees : tuple of tuple of Rule
        One tree a fold.
    terms : tuple of Term
        Largest first.
    notes : tuple of str
    """

    kind: Kind
    outputs: tuple[str, ...]
    labels: bool
    folds: int
    intercept: tuple[float, ...] = ()
    coefficients: tuple[Coefficient, ...] = ()
    trees: tuple[tuple[Rule, ...], ...] = ()
    terms: tuple[Term, ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"format": 1, **asdict(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Readable:
        """Rebuild from `to_dict`'s output; raises FormatError for another format version."""
        if data.get("format") != 1:
            raise FormatError(f"This model's text has format {data.get('format')!r}.", "This version reads format 1.")
        return cls(
            kind=data["kind"],
            outputs=tuple(data["outputs"]),
            labels=data["labels"],
            folds=data["folds"],
            intercept=tuple(data["intercept"]),
            coefficients=tuple(Coefficient(**entry) for entry in data["coefficients"]),
            trees=tuple(tuple(Rule(**_frozen(rule)) for rule in tree) for tree in data["trees"]),
            terms=tuple(
                Term(**{**_frozen(entry), "axes": tuple(Axis(**_frozen(axis)) for axis in entry["axes"])})
                for entry in data["terms"]
            ),
            notes=tuple(data["notes"]),
        )


def _frozen(data: dict[str, Any]) -> dict[str, Any]:
    return {name: _tuples(value) for name, value in data.items()}


def _tuples(value: Any) -> Any:
    return tuple(_tuples(entry) for entry in value) if isinstance(value, list | tuple) else value


def can_be_read(candidate: Candidate) -> Decision[bool]:
    """Decide by a leaderboard's row whether the model is small enough to be read as a whole."""
    if candidate.family in ("linear", "additive"):
        return Decision(True, "It adds up what each column contributes.")
    if candidate.family == "tree" and 0 < candidate.params.get("max_leaf_nodes", 0) <= MOST_LEAVES:
        return Decision(True, f"Each of its trees has at most {MOST_LEAVES} rules.")
    return Decision(
        False,
        "This model has too many parts to be read as a whole. Linear models, the small tree and explainable boosting can be; "
        "the preset Explainable tries only these.",
    )


def span_words(name: str, low: str, high: str) -> list[str]:
    """Return the condition that a value lies above `low` and not above `high`; an empty end is open."""
    if low and high:
        return [f"{low} < {name} ≤ {high}"]
    return [f"{name} > {low}"] if low else [f"{name} ≤ {high}"] if high else []


def readable_names(board: Leaderboard) -> list[str]:
    """Return the names of a leaderboard's models that can be read as a whole, best first."""
    return [row.name for row in board.ranked() if row.state == "scored" and can_be_read(row).value]


def outputs_of(model: Model) -> tuple[str, ...]:
    """Return what a model's scores are of: the event alone for two classes."""
    return (model.classes[1],) if len(model.classes) == 2 else model.classes or (model.target,)


def score_note(model: Model, what: str, folds: int) -> str:
    """Return how scores become predictions."""
    if not model.classes:
        if folds == 1:
            return "The score is the prediction."
        return f"The prediction is the mean of {folds} fold models, and so is every number here."
    way = "the logistic function" if len(model.classes) == 2 else "the softmax function"
    said = f"A score becomes a probability by {way}; above 0 speaks for the outcome, below 0 against it."
    return f"{said} {what} are means over {folds} fold models, whose probabilities are averaged." if folds > 1 else said
