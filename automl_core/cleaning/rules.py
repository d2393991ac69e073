"""Rules that every table like this one must keep: what they ask, what happens to rows that break them, and their words.

Plain data; `engines.pandera.check_rules` looks at a table with them. They are about the table as uploaded, before any step.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from automl_core.cleaning.patterns import check_pattern
from automl_core.cleaning.stateless.calculated import check_formula
from automl_core.data.wording import count
from automl_core.errors import FormatError, InputError
from automl_core.kpi.formula import parse_formula
from automl_core.people.access import changing
from automl_core.schema import Schema
from automl_core.workspace import read_json, write_json

RuleKind = Literal["type", "range", "allowed", "unique", "filled", "pattern", "relation"]
RuleAction = Literal["warn", "aside", "refuse"]
RULE_KINDS: dict[RuleKind, str] = {
    "type": "can be read as its kind",
    "range": "lies between two limits",
    "allowed": "is one of these values",
    "unique": "is different in every row",
    "filled": "is never missing",
    "pattern": "fits a pattern",
    "relation": "columns fit each other",
}
ACTIONS: dict[RuleAction, str] = {
    "warn": "only say so",
    "aside": "set the row aside",
    "refuse": "refuse the table",
}


@dataclass(frozen=True)
class Rule:
    """One rule.

    Parameters
    ----------
    kind : RuleKind
    column : str
        Empty for a relation.
    low, high : float or None
        Limits of a range, both included.
    values : tuple of str
        What is allowed.
    text : str
        A pattern that the whole cell fits, or a condition over columns.
    action : RuleAction
    reason : str
        Why it was proposed.
    id : str
    """

    kind: RuleKind
    column: str = ""
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()
    text: str = ""
    action: RuleAction = "warn"
    reason: str = ""
    id: str = field(default_factory=lambda: secrets.token_hex(4))

    @property
    def sentence(self) -> str:
        """What it asks, in plain words."""
        if self.kind == "relation":
            return self.text
        if self.kind == "range":
            ends = [] if self.low is None else [f"at least {self.low:g}"]
            ends += [] if self.high is None else [f"at most {self.high:g}"]
            return f"{self.column} is {' and '.join(ends) or 'any number'}"
        if self.kind == "allowed":
            more = f" and {len(self.values) - 6} more" if len(self.values) > 6 else ""
            return f"{self.column} is one of {', '.join(self.values[:6])}{more}"
        if self.kind == "pattern":
            return f"{self.column} fits {self.text}"
        return f"{self.column} {RULE_KINDS[self.kind]}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {**self.__dict__, "values": list(self.values)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Rule:
        """Rebuild a rule; raises FormatError for a damaged one."""
        try:
            rule = cls(**{**data, "values": tuple(str(entry) for entry in data.get("values", ()))})
        except TypeError as error:
            raise FormatError(f"A rule is damaged: {error}.", action="Make it again.") from error
        if rule.kind not in RULE_KINDS or rule.action not in ACTIONS:
            raise FormatError(f"There is no rule {rule.kind!r} that does {rule.action!r}.", action="Make it again.")
        return rule


@dataclass(frozen=True)
class RuleResult:
    """What a rule found.

    Parameters
    ----------
    rule : Rule
    failed : int
        Rows that break it.
    examples : tuple of str
        Some of the cells.
    sentence : str
    checked : bool
        False where the table lacks the column.
    """

    rule: Rule
    failed: int
    examples: tuple[str, ...]
    sentence: str
    checked: bool = True

    @property
    def kept(self) -> bool:
        """Whether no row breaks it."""
        return self.failed == 0

    @property
    def standing(self) -> str:
        """The sentence about a table whose rows all stay, as they do in one that was uploaded."""
        return self.sentence if self.kept else told_broken(self.rule, self.failed, self.examples)


@dataclass(frozen=True)
class Checked:
    """What all rules found in a table.

    Parameters
    ----------
    results : tuple of RuleResult
        In the order of the rules.
    aside : ndarray of bool, shape (n_rows,)
        Rows that are set aside.
    rows : int
    by_rule : tuple of (str, ndarray of int)
        What each rule asks that sets rows aside, and the places of those rows.
    """

    results: tuple[RuleResult, ...]
    aside: npt.NDArray[np.bool_]
    rows: int
    by_rule: tuple[tuple[str, npt.NDArray[np.intp]], ...] = ()

    @property
    def broken(self) -> tuple[RuleResult, ...]:
        """The rules that rows break."""
        return tuple(result for result in self.results if not result.kept)

    def reasons(self) -> list[str]:
        """Return for each row that is set aside, in order, which rules it breaks."""
        told: dict[int, list[str]] = {int(place): [] for place in np.flatnonzero(self.aside)}
        for sentence, places in self.by_rule:
            for place in places:
                told[int(place)].append(sentence)
        return [f"breaks {' and '.join(repr(sentence) for sentence in sentences)}" for sentences in told.values()]

    def enforce(self) -> None:
        """Refuse the table where a rule says so; raises InputError with every reason."""
        refusing = [result for result in self.broken if result.rule.action == "refuse"]
        if refusing:
            raise InputError(
                " ".join(result.sentence for result in refusing[:10]),
                "The rules of this table refuse that.",
                "Correct the rows, or change the rules on the Clean page.",
            )


def told_broken(rule: Rule, rows: int, examples: tuple[str, ...], becomes: str = "") -> str:
    """Say how many rows break a rule, with some of the cells, and what becomes of the rows."""
    told = f" ({', '.join(examples)})" if examples else ""
    return f"{count(rows, 'row')} {'breaks' if rows == 1 else 'break'} the rule '{rule.sentence}'{told}{becomes}."


def check_rule(rule: Rule, schema: Schema) -> None:
    """Check that a rule can be asked of a table; raises InputError."""
    if rule.kind == "relation":
        check_formula(rule.text, schema)
        if not parse_formula(rule.text).is_condition:
            raise InputError("This is no condition.", "It compares, as in start <= end.", "Write a comparison.")
        return
    if rule.column not in schema:
        raise InputError(f"There is no column {rule.column!r}.", action="Choose another column.")
    kind = schema[rule.column].kind
    if rule.kind == "range":
        if kind != "number":
            raise InputError(f"{rule.column!r} is of kind {kind}.", "A range is asked of numbers.", "Choose a number.")
        if rule.low is None and rule.high is None:
            raise InputError("No limit is given.", "A lowest or a highest value is needed.", "Type one of them, or both.")
        if rule.low is not None and rule.high is not None and rule.low > rule.high:
            raise InputError(f"The lowest value {rule.low:g} is above the highest, {rule.high:g}.", action="Exchange them.")
    if rule.kind == "allowed" and not rule.values:
        raise InputError("No value is allowed.", "At least one is needed.", "List the values.")
    if rule.kind == "pattern":
        check_pattern(rule.text)


def load_rules(dataset_folder: Path) -> tuple[Rule, ...]:
    """Return the rules beside a dataset, none when nobody made any; raises FormatError for damaged ones."""
    path = dataset_folder / "rules.json"
    return rules_from(read_json(path)) if path.exists() else ()


def save_rules(dataset_folder: Path, rules: Iterable[Rule]) -> None:
    """Write the rules beside their dataset, atomically; raises AccessError for somebody who may only look."""
    with changing(dataset_folder, "rules", dataset_folder.name):
        write_rules(dataset_folder, rules)


def write_rules(folder: Path, rules: Iterable[Rule]) -> None:
    """Write rules into the folder of a dataset, also of one that is being made."""
    write_json(folder / "rules.json", rules_to(rules))


def rules_to(rules: Iterable[Rule]) -> dict[str, Any]:
    """Return plain JSON types."""
    return {"format": 1, "rules": [rule.to_dict() for rule in rules]}


def rules_from(data: Any) -> tuple[Rule, ...]:
    """Rebuild rules from `rules_to`'s output; raises FormatError."""
    if not isinstance(data, dict) or data.get("format") != 1 or not isinstance(data.get("rules"), list):
        raise FormatError("These rules are of another format or damaged.", "This version reads format 1.", "Make them again.")
    return tuple(Rule.from_dict(entry) for entry in data["rules"])
