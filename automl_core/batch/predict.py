"""Predicting a file: piece by piece, in its order, with everything that is to be said of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.batch.pieces import rows_of
from automl_core.batch.warned import row_warnings
from automl_core.batch.writers import writer_to
from automl_core.cleaning.replay import Replayed, replay
from automl_core.data.origin import Choice
from automl_core.errors import InputError
from automl_core.evaluation.expecting import expected_money
from automl_core.evaluation.judge import config_of
from automl_core.evaluation.wording import money
from automl_core.predicting import PredictionReport, check_rows
from automl_core.profiling.wording import quoted
from automl_core.scoring.bundle import Model
from automl_core.scoring.columns import Comparison
from automl_core.scoring.conformal import COVERAGE, OWN_LIMITS, conformal_of, passed_over, ranges

Tell = Callable[[float, str], None]
Seen = Callable[[pd.DataFrame, pd.DataFrame], None]
WARNINGS = "warnings"
LOW, HIGH, LABELS = "prediction_low", "prediction_high", "possible_labels"
MONEY = "expected_money"
EFFECT = "effect_"
"""Beginning of the names of contributions."""


@dataclass(frozen=True)
class Options:
    """What is added to the rows besides their predictions.

    Parameters
    ----------
    ranges : bool
        Between which values the truth lies, or among which labels, where the model knows.
    coverage : float
        How certain that is, see `scoring.conformal`.
    warnings : bool
        A column with what is odd about a row.
    money : bool
        What the decision for a row is worth on average by the cost table, for models with one.
    contributions : bool
        What each column adds to the prediction, in the target's unit, or in log-odds of the event or the predicted label.
    threads : int
        How many the models may use.
    """

    ranges: bool = True
    coverage: float = COVERAGE
    warnings: bool = True
    money: bool = True
    contributions: bool = False
    threads: int = 1


def predict_file(
    model: Model,
    source: Path,
    out: Path,
    options: Options = Options(),
    *,
    choice: Choice | None = None,
    seen: Seen | None = None,
    tell: Tell = lambda done, doing: None,
) -> PredictionReport:
    """Predict a file of rows and write them with their predictions.

    Parameters
    ----------
    model : Model
    source : Path
        A file of any kind, read as an upload is.
    out : Path
        CSV (UTF-8), Excel or Parquet by its ending: the columns of `source` as they were written, then ``prediction`` and
        ``probability_<class>``, and what `options` asks for, in row order. A column of the file that has one of these names is
        kept under ``<name>_in_file``, or ``<name>_in_file_in_file`` where that is taken.
    options : Options
    choice : Choice, optional
        Which part of the file and how; found from the file when left out.
    seen : callable, optional
        Gets the raw rows of each piece that no rule set aside, with their predictions and probabilities.
    tell : callable
        Takes the share of the file that is done and a sentence.

    Returns
    -------
    PredictionReport

    Raises
    ------
    InputError
        When the file is no table, or columns are missing or of another type.
    StorageError
        When the disk is full.
    """
    use_threads(model, options.threads)
    comparison = Comparison(model.inputs, model.used, model.reference, model.target)
    share = _contributions(model) if options.contributions else None
    counts: Counter[str] = Counter()
    rules: dict[str, tuple[int, str]] = {}
    steps: tuple[Replayed, ...] = ()
    rows = aside = warned = 0
    clash: dict[str, str] = {}
    added = pd.DataFrame()
    over = priced = 0
    worth = 0.0
    numbers = frozenset(model.schema.of_kind("number"))
    with rows_of(source, choice) as read, writer_to(out, numbers, read.count) as writer:
        for given in read.pieces:
            if not len(given):
                continue
            parsed = model.read(given)
            comparison.add(given, parsed)
            if not rows:
                _refuse(model, comparison)
            checked = check_rows(model, given)
            checked.enforce()
            values = model.values_of(parsed.frame)
            added = _added(model, values, given, options, share, parsed.frame)
            if MONEY in added:
                known = added[MONEY][~checked.aside]
                worth, priced = worth + float(known.sum()), priced + int(known.notna().sum())
            if LABELS in added and (told := conformal_of(model)) is not None:
                over += int((passed_over(model, told, values, options.coverage) & ~checked.aside).sum())
            if options.warnings:
                said = row_warnings(model, given, parsed, checked.aside)
                warned += sum(bool(text) for text in said)
                added[WARNINGS] = pd.Series(said, index=added.index, dtype=object)
            if not rows:
                clash = _clash(given, added)
                fitted = model.ensemble.folds[0].preprocessors if hasattr(model.ensemble, "folds") else {}
                steps = replay(model.recipe, model.inputs, parsed.frame, fitted)
                first = len(given)
            if model.classes:
                counts.update(added["prediction"][~checked.aside].value_counts().to_dict())
            writer.write(given.rename(columns=clash), _without(added, checked.aside))
            if seen is not None:
                seen(given[~checked.aside], model.labelled(values, given.index)[~checked.aside])
            rows += len(given)
            aside += int(checked.aside.sum())
            for result in checked.broken:
                failed, sentence = rules.get(result.rule.id, (0, result.sentence))
                rules[result.rule.id] = failed + result.failed, sentence
            tell(read.done, f"{rows:,} {'row' if rows == 1 else 'rows'} predicted")
        if not rows:
            raise InputError(f"{source.name} has no rows.", "At least one row is needed.", "Choose another file.")
        _refuse(model, comparison)
        if rows > first:
            tell(1.0, f"{rows:,} rows predicted, finishing the file")
    if rows > first:
        steps = tuple(replace(step, sentence=f"{step.sentence[:-1]}; counted on the first {first:,} rows.") for step in steps)
    return PredictionReport(
        rows,
        comparison.differences(),
        read.refused,
        writer.defused,
        {name: int(counts[name]) for name in model.classes},
        tuple(str(name) for name in added.columns),
        _sentence(rows, aside, read.refused, writer.defused, warned),
        tuple(_rule_sentence(*broken) for broken in rules.values()),
        aside,
        steps,
        (
            *_notes(clash, writer.cut),
            *_set_note(over),
            *(_money_note(model, worth, priced, rows - aside) if MONEY in added else ()),
        ),
        warned,
    )


def use_threads(model: Model, threads: int) -> None:
    """Let the models of an ensemble use so many threads; processes or threads, never both."""
    for fold in getattr(model.ensemble, "folds", []):
        for member in fold.members:
            if threads > 1 and "n_jobs" in getattr(member.estimator, "get_params", dict)():
                member.estimator.set_params(n_jobs=threads)


def _rule_sentence(failed: int, sentence: str) -> str:
    """Return what the first piece's rows said of a broken rule, with the number of all rows."""
    return re.sub(r"^[\d,]+ rows? breaks?", f"{failed:,} {'row breaks' if failed == 1 else 'rows break'}", sentence)


def _refuse(model: Model, comparison: Comparison) -> None:
    blocking = [entry.sentence for entry in comparison.differences() if entry.blocking]
    if blocking:
        raise InputError(
            " ".join(blocking[:10]) + (f" And {len(blocking) - 10} more." if len(blocking) > 10 else ""),
            f"The model needs the columns {', '.join(repr(name) for name in model.used[:20])}.",
            "Add or rename the columns, then try again.",
        )


def _added(
    model: Model, values: npt.NDArray[np.float64], given: pd.DataFrame, options: Options, share: Any, typed: pd.DataFrame
) -> pd.DataFrame:
    index = given.index
    added = model.labelled(values, index)
    if options.ranges and conformal_of(model) is not None:
        found = ranges(model, values, options.coverage, index=index)
        if model.classes:
            added[LABELS] = found["labels"].map(" | ".join).astype(object)
        else:
            added[LOW], added[HIGH] = found["low"], found["high"]
    if options.money and (expected := expected_money(model, values, given)) is not None:
        added[MONEY] = expected.of(model.codes(values) == 1)
    if share is not None:
        added = pd.concat([added, share(typed, values)], axis=1)
    return added


def _contributions(model: Model) -> Callable[[pd.DataFrame, npt.NDArray[np.float64]], pd.DataFrame]:
    """Return what tells the contributions of rows; of several labels, those of the predicted one."""
    from automl_core.explaining.explainer import Explainer
    from automl_core.reference import made_up_rows
    from automl_core.schema import Schema

    # No row of anyone's is needed: rows made up of the learned quantiles and words stand for "not known".
    used = Schema(tuple(column for column in model.inputs if column.name in model.used))
    explainer = Explainer(model, made_up_rows(model.reference["columns"], used))

    def share(typed: pd.DataFrame, values: npt.NDArray[np.float64]) -> pd.DataFrame:
        found = explainer.share(typed, check=False)
        place = model.codes(values) if found.values.shape[2] > 1 else np.zeros(len(values), dtype=np.int64)
        chosen = found.values[np.arange(len(values)), :, place]
        return pd.DataFrame(chosen, index=typed.index, columns=[f"{EFFECT}{name}" for name in found.columns])

    return share


def _without(added: pd.DataFrame, aside: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """Return what is added, with no prediction for rows that are set aside."""
    if not aside.any():
        return added
    empty = added.copy()
    for name in empty.columns:
        if name != WARNINGS:
            empty[name] = empty[name].mask(aside, "" if empty[name].dtype == object else np.nan)
    return empty


def _clash(given: pd.DataFrame, added: pd.DataFrame) -> dict[str, str]:
    clash: dict[str, str] = {}
    for name in given.columns.intersection(added.columns):
        clash[name] = f"{name}_in_file"
        while clash[name] in given.columns or clash[name] in added.columns:
            clash[name] += "_in_file"
    return clash


def _notes(clash: dict[str, str], cut: int) -> tuple[str, ...]:
    notes = [
        f"Your column {old!r} is called {new!r} in the result, since {old!r} is what is added." for old, new in clash.items()
    ]
    if cut:
        cells = "1 cell is" if cut == 1 else f"{cut:,} cells are"
        notes.append(f"{cells} longer than a cell of Excel can be and cut.")
    return tuple(notes)


def _set_note(over: int) -> tuple[str, ...]:
    """Say why a set of labels can look odd, where one does."""
    rows = "1 row" if over == 1 else f"{over:,} rows"
    return (f"In {rows} a label is possible and a more probable one is not: {OWN_LIMITS}.",) if over else ()


def _money_note(model: Model, worth: float, priced: int, rows: int) -> tuple[str, ...]:
    """Say what all decisions are worth on average, and how many rows do not count; nothing where no row is predicted."""
    if not rows:
        return ()
    costs = config_of(model).costs
    assert costs is not None
    if costs.amount and not priced:
        return (f"What these decisions are worth cannot be told: no row has an amount in {quoted(costs.amount)}.",)
    told = f"By the cost table these decisions are worth {money(worth, costs.currency)} in all on average."
    if costs.amount and (missing := rows - priced):
        are = "1 row has" if missing == 1 else f"{missing:,} rows have"
        told += f" {are} no amount in {quoted(costs.amount)} and {'does' if missing == 1 else 'do'} not count."
    return (told,)


def _sentence(rows: int, aside: int, refused: int, defused: int, warned: int) -> str:
    sentence = f"{rows - aside:,} {'row' if rows - aside == 1 else 'rows'} predicted."
    if aside:
        sentence += f" {aside:,} {'row is' if aside == 1 else 'rows are'} set aside by a rule and without a prediction."
    if refused:
        lines = (
            "1 line could not be read as a row and is" if refused == 1 else f"{refused:,} lines could not be read as rows and are"
        )
        sentence += f" {lines} left out."
    if warned:
        sentence += f" {warned:,} {'row carries a warning' if warned == 1 else 'rows carry a warning'}."
    if defused:
        cells = "1 cell looks" if defused == 1 else f"{defused:,} cells look"
        sentence += f" {cells} like a formula and got an apostrophe in front."
    return sentence
