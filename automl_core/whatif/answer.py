"""What a model says to one row, and why: fast enough to be asked on every change of a form."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.evaluation.expecting import expected_money
from automl_core.evaluation.wording import money
from automl_core.explaining.explainer import Explainer, MemberShare, Shares, linked
from automl_core.explaining.sampling import sample_shapley
from automl_core.predicting import check_rows, read_row
from automl_core.profiling.wording import counted, number, percent, quoted
from automl_core.scoring.bundle import Model
from automl_core.scoring.conformal import COVERAGE, OWN_LIMITS, conformal_of, passed_over, ranges
from automl_core.whatif.neighbours import Neighbours, Position, outside, positions

Array = npt.NDArray[np.float64]
LIVE = 4
"""Rows that stand for "not known" while a form is filled in, where contributions are sampled."""
UNKNOWN = 100
"""Rows that stand for "not known" where a person waits for an exact sum: ten would give another mean prediction each time."""
WORTH = 0.1
"""Of the largest move of the prediction, the part that one must have to be spoken of."""


@dataclass(frozen=True)
class Contribution:
    """What one column added to one prediction.

    Parameters
    ----------
    column, cell : str
    value : float
        On the raw scale.
    error : float
        Standard error; 0 where exact.
    """

    column: str
    cell: str
    value: float
    error: float


@dataclass(frozen=True)
class Answer:
    """What a model says to one row, and why.

    Parameters
    ----------
    target : str
    prediction : str or float
    probabilities : dict of str to float
    output : str
        Whose contributions these are: the event, the predicted label, or the target's name.
    scale : str
        See `explainer.Shares.scale`.
    base : float
    contributions : tuple of Contribution
        Largest first.
    levels : tuple of float
        What is predicted of `output` in its own unit, as a probability or a value: of an unknown row, then after each of
        `contributions` in turn.
    summed : float
        What base and contributions say, in the unit of the predictions.
    gap : float
        How far that is from the model's own prediction.
    members : tuple of MemberShare
    positions : tuple of Position
    warnings : tuple of str
        Where the row lies outside the training rows, or breaks a rule of the table.
    range : str
        Between what the truth lies, see `range_sentence`.
    worth : str
        What both decisions are worth by the cost table, see `worth_sentence`.
    threshold : float
        Of two labels the probability of `output` above which it is predicted.
    """

    target: str
    prediction: str | float
    probabilities: dict[str, float]
    output: str
    scale: str
    base: float
    contributions: tuple[Contribution, ...]
    levels: tuple[float, ...]
    summed: float
    gap: float
    members: tuple[MemberShare, ...] = ()
    positions: tuple[Position, ...] = ()
    warnings: tuple[str, ...] = ()
    range: str = ""
    worth: str = ""
    threshold: float = 0.5

    @property
    def exact(self) -> bool:
        """Whether no contribution was sampled."""
        return all(member.exact for member in self.members)

    @property
    def shown(self) -> str:
        """The prediction, for people."""
        return number(self.prediction) if isinstance(self.prediction, float) else self.prediction

    @property
    def chance(self) -> float | None:
        """Probability of `output`; None for numbers."""
        return self.probabilities.get(self.output)

    def steps(self, most: int = 10) -> list[tuple[str, float, float]]:
        """Return what the prediction is after each column in turn, largest first: label, before, after.

        The rest stand together. How much a column moves a probability depends on its turn.
        """
        shown = self.contributions[:most]
        found = [
            (f"{entry.column} = {entry.cell or 'missing'}", self.levels[place], self.levels[place + 1])
            for place, entry in enumerate(shown)
        ]
        if rest := len(self.contributions) - len(shown):
            found.append((counted(rest, "other column", "other columns"), self.levels[len(shown)], self.levels[-1]))
        return found


def answer(model: Model, explainer: Explainer, values: dict[str, Any], neighbours: Neighbours | None = None) -> Answer:
    """Predict one row and say why.

    Parameters
    ----------
    model : Model
    explainer : Explainer
        Of the same model.
    values : dict
        By column, as `predicting.predict_row` takes them.
    neighbours : Neighbours, optional
        To say whether the row is like any training row.

    Raises
    ------
    InputError
        As `predicting.predict_row`.
    """
    row = read_row(model, values)
    checked = check_rows(model, row.raw)
    checked.enforce()
    typed = row.typed
    shares = explainer.share(typed, check=False, draws=LIVE)
    warnings = [*outside(model, typed)]
    if neighbours is not None and (said := neighbours.warning(typed)):
        warnings.append(said)
    warnings += [result.sentence for result in checked.broken]
    return answer_of(model, shares, typed, tuple(warnings))


def answer_of(model: Model, shares: Shares, typed: pd.DataFrame, warnings: tuple[str, ...] = ()) -> Answer:
    """Return what `shares` of one row say."""
    said = model.labelled(shares.predicted, pd.RangeIndex(1)).iloc[0]
    probabilities = {name: float(said[f"probability_{name}"]) for name in model.classes}
    prediction = str(said["prediction"]) if model.classes else float(said["prediction"])
    place = shares.outputs.index(str(prediction)) if len(shares.outputs) > 1 else 0
    stands = {entry.column: entry for entry in positions(model, typed)}
    found = [
        Contribution(name, stands[name].cell, float(shares.values[0, column, place]), float(shares.error[0, column, place]))
        for column, name in enumerate(shares.columns)
    ]
    order = sorted(range(len(found)), key=lambda column: -abs(found[column].value))
    raw = shares.base + np.vstack([np.zeros(len(shares.outputs)), shares.values[0, order].cumsum(axis=0)])
    found = [found[column] for column in order]
    return Answer(
        target=model.target,
        prediction=prediction,
        probabilities=probabilities,
        output=shares.outputs[place],
        scale=shares.scale,
        base=float(shares.base[place]),
        contributions=tuple(found),
        levels=tuple(float(level) for level in linked(raw, shares.scale)[:, place]),
        summed=float(shares.summed[0, place]),
        gap=float(shares.gaps[0, place]),
        members=shares.members,
        positions=tuple(stands[entry.column] for entry in found),
        warnings=warnings,
        range=range_sentence(model, shares.predicted),
        worth=worth_sentence(model, shares.predicted, typed),
        threshold=model.threshold,
    )


def range_sentence(model: Model, values: Array, coverage: float = COVERAGE) -> str:
    """Say between what the truth of one predicted row lies, or among which labels; empty for models without ranges.

    Parameters
    ----------
    model : Model
    values : ndarray, shape (1, n_classes) or (1,)
    coverage : float
        See `conformal.ranges`.
    """
    conformal = conformal_of(model)
    if conformal is None:
        return ""
    found, certain = ranges(model, values, coverage).iloc[0], f"With a certainty of {percent(coverage)}"
    if not model.classes:
        low, high = float(found["low"]), float(found["high"])
        if not np.isfinite([low, high]).all():
            return f"Too few rows were learned from for a range with a certainty of {percent(coverage)}."
        return f"{certain} the truth lies between {number(low)} and {number(high)}."
    labels = list(found["labels"])
    if len(labels) == len(model.classes):
        return f"{certain} no label can be ruled out for this row."
    said = [quoted(label) for label in labels]
    told = f"{certain} it is {', '.join(said[:-1])} or {said[-1]}." if len(said) > 1 else f"{certain} it is {said[0]}."
    if passed_over(model, conformal, values, coverage)[0]:
        out = next(name for name in np.array(model.classes)[np.argsort(-values[0], kind="stable")] if name not in labels)
        told += f" {quoted(str(out))} is more probable than {said[-1]} and not among them: {OWN_LIMITS}."
    return told


def worth_sentence(model: Model, values: Array, typed: pd.DataFrame) -> str:
    """Say what predicting the event for one row is worth on average, and what not; empty for models without a cost table.

    Parameters
    ----------
    model : Model
    values : ndarray, shape (1, 2)
    typed : DataFrame, shape (1, n_columns)
    """
    expected = expected_money(model, values, typed)
    if expected is None:
        return ""
    costs, unit = expected.costs, expected.costs.currency
    act, leave = float(expected.act[0]), float(expected.leave[0])
    if not math.isfinite(act):  # the amount is not learned from, so it is not asked for
        act, leave = (float(value[0]) for value in expected.by_amount)
        unit = f"{unit} × {quoted(costs.amount)}".strip()
    told = f"By the cost table, predicting {quoted(model.positive)} for this row is worth {money(act, unit)} on average"
    return f"{told}, not predicting it {money(leave, unit)}."


def why_sentences(answer: Answer, most: int = 3) -> tuple[str, ...]:
    """Say in plain words why a row got its prediction, from the same numbers."""
    unknown = number(answer.levels[0], 3) if answer.chance is None else percent(answer.levels[0])
    said = [f"{_decided(answer)} Without knowing anything about the row the model would say {unknown}."]
    subject = "it" if answer.chance is None else f"the probability of {quoted(answer.output)}"
    moves = sorted(
        zip(answer.contributions, answer.levels, answer.levels[1:], strict=False), key=lambda move: -abs(move[2] - move[1])
    )
    least = WORTH * max((abs(after - before) for _, before, after in moves), default=0.0)
    for sign, way in ((1, "raises"), (-1, "lowers")):
        parts = [
            f"{quoted(entry.column)} = {entry.cell or 'missing'} ({_moved(answer, before, after)})"
            for entry, before, after in moves
            if sign * (after - before) > least
        ]
        if parts:
            said.append(f"What {way} {subject} most: {', '.join(parts[:most])}.")
    return tuple(said)


def _decided(answer: Answer) -> str:
    """Say what is predicted, and by which rule it follows from the probability."""
    predicted = f"{quoted(answer.target)} is predicted as"
    if answer.chance is None:
        return f"{predicted} {answer.shown}."
    predicted = f"{predicted} {quoted(str(answer.prediction))}"
    if len(answer.probabilities) > 2:
        return f"{predicted}, the likeliest outcome: its probability is {percent(answer.chance)}."
    chance, least = percent(answer.chance), percent(answer.threshold)
    if chance == least:
        chance, least = (f"{100 * share:.4g} %" for share in (answer.chance, answer.threshold))
    if answer.prediction == answer.output:
        return f"{predicted}, because its probability of {chance} is above {least}."
    return f"{predicted}, because the probability of {quoted(answer.output)} is {chance}, which is not above {least}."


def _moved(answer: Answer, before: float, after: float) -> str:
    if answer.chance is not None:
        return f"from {percent(before)} to {percent(after)}"
    return f"{'+' if after > before else '−'}{number(abs(after - before), 3)}"


def exact_sum(model: Model, background: pd.DataFrame, values: dict[str, Any], *, seed: int = 0) -> Shares:
    """Share out one prediction so that the sum is the prediction itself, by sampling, with the error of each share.

    Parameters
    ----------
    model : Model
    background : DataFrame
        Typed rows that stand for "not known", each used once; `UNKNOWN` of them are enough.
    values : dict
        See `answer`.
    seed : int

    Returns
    -------
    Shares
        Its values are in the unit of the predictions: probabilities, or the target's own.
    """
    columns = tuple(model.used)
    typed, background = read_row(model, values).typed[list(columns)], background[list(columns)]
    table = pd.concat([typed, background], ignore_index=True)
    for name in columns:  # a column of which nothing is known here has no type of its own
        table[name] = table[name].astype(background[name].dtype)

    def predict(rows: Any) -> Any:
        mixed = {name: table[name].array.take(rows[:, place]) for place, name in enumerate(columns)}
        found = model.values_of(pd.DataFrame(mixed))
        return found[:, 1:] if len(model.classes) == 2 else found.reshape(len(found), -1)

    numbers = np.arange(len(table))
    found = sample_shapley(predict, numbers[:1], numbers[1:], len(columns), seed=seed)
    outputs = (model.classes[1],) if len(model.classes) == 2 else model.classes or (model.target,)
    own = found.answers[:, 0] if not model.classes else found.answers
    own = np.column_stack([1 - own, own]) if len(model.classes) == 2 else own
    return Shares(columns, outputs, found.values, found.base, found.error, own, ())


def values_of_row(model: Model, typed: pd.DataFrame) -> dict[str, Any]:
    """Return the first of some typed rows as `answer` takes it: plain numbers, dates written as in the table, words."""
    found: dict[str, Any] = {}
    for name in model.used:
        value = typed[name].iloc[0]
        if pd.isna(value):
            found[name] = ""
        elif isinstance(value, pd.Timestamp):
            written = model.schema[name].parsing.date_format
            found[name] = value.strftime(written) if "%" in written else value.isoformat()
        else:
            found[name] = str(value) if typed[name].dtype == object else float(value)
    return found
