"""The cost table and the formula that a person brings: how they are written, and whether they fit the table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.errors import InputError
from automl_core.experiment import Costs, ExperimentConfig, Kpi
from automl_core.kpi import parse_formula
from automl_core.kpi.formula import check_columns
from automl_core.metrics import metric_of
from automl_core.schema import Schema
from automl_core.scorer import Scorer, best_threshold
from automl_core.target import encode_target

Array = npt.NDArray[np.float64]
CELLS = {"tp": "true_positive", "fp": "false_positive", "fn": "false_negative", "tn": "true_negative"}
NAME_LENGTH = 60
COSTS_EXAMPLE = 'tp=10,fp=-2,fn=-50,tn=0 or with "amount=COLUMN" and "currency=EUR" behind it'


def parse_costs(text: str) -> Costs:
    """Read a cost table written as ``tp=10,fp=-2,fn=-50,tn=0[,amount=COLUMN][,currency=EUR]``.

    Parameters
    ----------
    text : str
        In any order; what is not named is 0. The name of a column may hold commas.

    Raises
    ------
    InputError
        When a part cannot be read.
    """
    keys = "|".join([*CELLS, "amount", "currency"])
    found: dict[str, str] = {}
    for part in re.split(rf",(?=\s*(?:{keys})\s*=)", text):
        key, sign, value = (piece.strip() for piece in part.partition("="))
        if not sign or key not in keys.split("|") or key in found:
            raise InputError(f"The costs hold {part.strip()!r}.", f"They are written as {COSTS_EXAMPLE}.", "Correct them.")
        found[key] = value
    numbers = {}
    for key, name in CELLS.items():
        try:
            numbers[name] = float(found.get(key, "0"))
        except ValueError:
            raise InputError(f"{key} is {found[key]!r}.", "A number is needed, such as -50 or 12.5.", "Correct it.") from None
    return Costs(**numbers, amount=found.get("amount", ""), currency=found.get("currency", ""))


def costs_text(costs: Costs) -> str:
    """Return a cost table as `parse_costs` reads it."""
    parts = [f"{key}={getattr(costs, name):.15g}" for key, name in CELLS.items()]
    parts += [f"{key}={value}" for key, value in (("amount", costs.amount), ("currency", costs.currency)) if value]
    return ",".join(parts)


def parse_kpi(text: str, *, greater_is_better: bool = True) -> Kpi:
    """Read a figure written as ``NAME: FORMULA``; raises InputError when it is not, or the formula cannot be read."""
    name, colon, formula = text.partition(":")
    if not colon:
        raise InputError(
            f"The figure is {text!r}.", "It is written as NAME: FORMULA.", 'For example "Right: share(prediction == truth)".'
        )
    parse_formula(formula.strip())
    return Kpi(name.strip(), formula.strip(), greater_is_better)


def check_figures(
    target: pd.Series, config: ExperimentConfig, uploaded: pd.DataFrame, schema: Schema, features: tuple[str, ...] = ()
) -> list[str]:
    """Check the cost table and the formula of a run against its table.

    Parameters
    ----------
    target : Series, shape (n,)
        After the steps that act on the table; missing values are passed over.
    config : ExperimentConfig
    uploaded : DataFrame
        Before any step; has the index of `target` at least.
    schema : Schema
        Of `uploaded`.
    features : tuple of str
        Columns that are learned from, for the note about an amount among them.

    Returns
    -------
    list of str
        What a person should know.

    Raises
    ------
    InputError
        When a figure cannot be computed, or cannot tell models apart.
    """
    metric_of(config)
    notes: list[str] = []
    rows = target.dropna().index
    if config.costs is not None:
        notes += check_costs(config.costs, config, uploaded.loc[rows], schema, features)
    if config.kpi is not None:
        try_kpi(config, target.loc[rows], uploaded.loc[rows])
    return notes


def check_costs(
    costs: Costs, config: ExperimentConfig, frame: pd.DataFrame, schema: Schema, features: tuple[str, ...] = ()
) -> list[str]:
    """Refuse a cost table that cannot judge; raises InputError, see `check_figures`.

    A right decision must be worth more than a wrong one for both outcomes (the reasonableness conditions of Elkan, 2001):
    otherwise one answer for every row is best, and no model can be better than another.
    """
    if config.task != "binary":
        raise InputError(
            f"There is a cost table, and the task is {config.task}.",
            "It counts right and wrong decisions about one event.",
            "Take the table out, or choose a binary task.",
        )
    values = (costs.true_positive, costs.false_positive, costs.false_negative, costs.true_negative)
    if not all(np.isfinite(values)) or max(abs(value) for value in values) > 1e15:
        raise InputError("The cost table holds a value that is no amount of money.", action="Correct it.")
    if len(set(values)) == 1:
        raise InputError(
            f"All four values of the cost table are {values[0]:g}.",
            "Then no decision is better than another.",
            "Say what right and wrong decisions are worth.",
        )
    for right, wrong, truth, answer in (
        (costs.true_positive, costs.false_negative, "with the event", "not predicting it"),
        (costs.true_negative, costs.false_positive, "without the event", "predicting it"),
    ):
        if right <= wrong:
            raise InputError(
                f"In the cost table, for a row {truth} the right decision is worth {right:g} and the wrong one {wrong:g}.",
                f"Then {answer} is never the worse choice, whatever the model says.",
                "Make the right decision worth more; losses are negative.",
            )
    return _check_amount(costs.amount, config, frame, schema, features) if costs.amount else []


def _check_amount(
    name: str, config: ExperimentConfig, frame: pd.DataFrame, schema: Schema, features: tuple[str, ...]
) -> list[str]:
    schema[name]
    if name == config.target:
        raise InputError(
            f"The amount column {name!r} is the target.", "The amount of a row is another column.", "Choose another column."
        )
    values = frame[name]
    if values.dtype.kind not in "iuf":
        raise InputError(
            f"The amount column {name!r} is of kind {schema[name].kind}.",
            "It multiplies the cost table, so numbers are needed.",
            "Choose another column, or change its kind on the Upload page.",
        )
    known = values.dropna()
    if (known < 0).any():
        raise InputError(
            f"The amount column {name!r} holds {known.min():g}.",
            "Amounts are 0 or more; whether something is gained or lost is said by the cost table.",
            "Correct the column, or choose another one.",
        )
    if not (known > 0).any():
        raise InputError(f"The amount column {name!r} has no value above 0.", "Nothing would count.", "Choose another column.")
    notes = []
    if missing := len(values) - len(known):
        are = "row has no amount and does" if missing == 1 else "rows have no amount and do"
        notes.append(f"{missing:,} {are} not count in the money.")
    if name in features:
        notes.append(f"The amount {name!r} is also learned from. If it is known only after the decision, leave the column out.")
    return notes


@dataclass(frozen=True)
class Trial:
    """What a formula gives for made-up predictions, so that a person sees whether it counts what was meant.

    Parameters
    ----------
    perfect : float
        If every prediction were right and certain; NaN where it is not defined.
    plain : float
        If every prediction were the most frequent label, or the mean.
    """

    perfect: float
    plain: float


def try_kpi(config: ExperimentConfig, target: pd.Series, uploaded: pd.DataFrame) -> Trial:
    """Compute a run's formula for made-up predictions of its rows.

    Parameters
    ----------
    config : ExperimentConfig
        With a `kpi`.
    target : Series, shape (n,)
        Without missing values.
    uploaded : DataFrame, shape (n, n_columns)
        The same rows.

    Raises
    ------
    InputError
        When the formula cannot be read, names unknown columns, does not look at the prediction, does not fit the values,
        or gives nothing.
    """
    kpi = config.kpi
    assert kpi is not None
    if not kpi.name.strip() or len(kpi.name) > NAME_LENGTH:
        raise InputError(
            f"The figure's name is {kpi.name[:NAME_LENGTH]!r}.",
            f"It needs 1 to {NAME_LENGTH} characters.",
            "Rename it.",
        )
    formula = parse_formula(kpi.formula)
    check_columns(formula, _known(uploaded))
    if not formula.names & {"prediction", "probability", "error"}:
        raise InputError(
            "The formula does not look at the prediction.",
            "Every model would get the same figure.",
            "Use prediction, probability or error in it.",
        )
    y, classes = encode_target(target, config)
    scorer = Scorer(config, y, uploaded[list(formula.columns)], classes)
    everything = np.arange(len(y))
    metric = metric_of(config, "kpi")
    found = [scorer.value(metric, everything, made) for made in _made_up(y, len(classes))]
    if not np.isfinite(found).any():
        raise InputError(
            "The formula gives no number for these rows.",
            "It divides by zero or looks at missing values in every row.",
            "Correct the formula, or choose other columns.",
        )
    return Trial(found[0], found[1])


def _known(uploaded: pd.DataFrame) -> Mapping[str, object]:
    return dict.fromkeys(str(name) for name in uploaded.columns)


def _made_up(y: Array, k: int) -> list[Array]:
    """Return predictions that are perfect, all alike, and all wrong or off."""
    if not k:
        middle = np.full(len(y), y.mean())
        return [y.copy(), middle, np.abs(y) + np.abs(middle) + 1.0]
    codes = y.astype(int)
    shares = np.bincount(codes, minlength=k) / len(codes)
    return [np.eye(k)[codes], np.tile(shares, (len(codes), 1)), np.eye(k)[(codes + 1) % k]]


def describe_costs(costs: Costs) -> str:
    """Return in one sentence when a cost table says to act."""
    return f"By this table it pays to predict the event where its probability is above {best_threshold(costs):.3g}."
