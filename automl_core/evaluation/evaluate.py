"""How good a model is on labelled rows: numbers with intervals, and the data of every curve."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.cleaning.apply import apply_stateless
from automl_core.data.parsing import Parsed, as_text, parse_frame
from automl_core.errors import FormatError, InputError
from automl_core.evaluation.bootstrap import Predicted, resampled
from automl_core.evaluation.curves import classification_curves, regression_curves
from automl_core.evaluation.judge import config_of, left_out, money_curve, scorer_of
from automl_core.evaluation.judged import Judged
from automl_core.experiment import Task
from automl_core.scorer import Scorer
from automl_core.scoring.bundle import Model

Array = npt.NDArray[np.float64]
Seen = tuple[npt.NDArray[np.int64], Array]
"""Places of rows, and what a model predicted for them."""


@dataclass(frozen=True)
class Score:
    """One metric: its value and a 95 % bootstrap interval (`low` and `high` are None where it could not be had)."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Evaluation:
    """A model's quality on one set of rows.

    Parameters
    ----------
    task : str
    rows : int
        Rows judged.
    source : str
        Which rows: ``held-out``, ``out-of-fold`` or a file's name.
    metrics : dict of str to Score
        The run's metric first.
    curves : dict
        Plain lists, by task. Classification: ``confusion``, ``report``, ``calibration``, ``roc``, ``pr`` and, for two
        classes, ``distribution`` and with a cost table ``money`` (see `judge.money_curve`). Regression:
        ``predicted_actual``, ``residual_hist``, ``by_quantile``.
    classes : tuple of str
    positive : str
    threshold : float
    target : str
    notes : tuple of str
        What was left out or drawn as a sample.
    threshold_reason : str
        Why the threshold is where it is; empty for models made before it was chosen, and for more or fewer than two classes.
    resamples : dict of str to ndarray
        Each metric in every resample of the rows; kept beside the evaluation, not in its JSON.
    """

    task: str
    rows: int
    source: str
    metrics: dict[str, Score]
    curves: dict[str, Any]
    classes: tuple[str, ...] = ()
    positive: str = ""
    threshold: float = 0.5
    target: str = ""
    notes: tuple[str, ...] = field(default=())
    threshold_reason: str = ""
    resamples: dict[str, Array] = field(default_factory=dict, compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types; ``task``, ``rows`` and ``metrics`` are the command line's contract."""
        return {
            "format": 1,
            "task": self.task,
            "rows": self.rows,
            "source": self.source,
            "metrics": {name: {"value": s.value, "low": s.low, "high": s.high} for name, s in self.metrics.items()},
            "curves": self.curves,
            "classes": list(self.classes),
            "positive": self.positive,
            "threshold": self.threshold,
            "target": self.target,
            "notes": list(self.notes),
            "threshold_reason": self.threshold_reason,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Evaluation:
        """Rebuild an evaluation; raises FormatError for another format version."""
        if data.get("format") != 1:
            raise FormatError(f"This evaluation has format {data.get('format')!r}.", "This version reads format 1.")
        return cls(
            task=data["task"],
            rows=data["rows"],
            source=data["source"],
            metrics={name: Score(**entry) for name, entry in data["metrics"].items()},
            curves=data["curves"],
            classes=tuple(data["classes"]),
            positive=data["positive"],
            threshold=data["threshold"],
            target=data["target"],
            notes=tuple(data["notes"]),
            threshold_reason=data.get("threshold_reason", ""),
        )


def evaluate(model: Model, frame: pd.DataFrame, *, rows: str = "held-out", seed: int = 0) -> Evaluation:
    """Judge a model on labelled rows.

    Parameters
    ----------
    model : Model
    frame : DataFrame, shape (n, n_columns)
        Raw columns with the target, as text or typed.
    rows : str
        What the rows are, for people.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Evaluation

    Raises
    ------
    InputError
        When the target is missing, empty, of one value, or has labels the model never learned; or as
        `Model.predict_values`.
    """
    judged, notes = judge_rows(model, frame)
    return evaluate_judged(model, judged, frame.iloc[judged.rows], rows=rows, notes=notes, seed=seed)


def judge_rows(model: Model, frame: pd.DataFrame, *, seen: Seen | None = None) -> tuple[Judged, tuple[str, ...]]:
    """Predict labelled rows.

    Parameters
    ----------
    model : Model
    frame : DataFrame, shape (n, n_columns)
    seen : tuple of ndarray, optional
        Places of rows that the model has predicted already, and these predictions; they are not made again.

    Returns
    -------
    Judged
        Rows by their place in `frame`.
    tuple of str
        What was left out.

    Raises
    ------
    InputError
        As `evaluate`.
    """
    truth, known = read_target(model, frame)
    values = _predicted(model, frame, known, seen)
    notes: tuple[str, ...] = ()
    if left := int((~known).sum()):
        rows_without = f"{left:,} {'row' if left == 1 else 'rows'} without a value of {model.target!r}"
        told = _unread(parse_frame(frame[[model.target]], model.schema), model.target)
        notes = (f"{rows_without}{told} {'is' if left == 1 else 'are'} left out.",)
    return Judged(truth, values, np.flatnonzero(known)), notes


def _predicted(model: Model, frame: pd.DataFrame, known: npt.NDArray[np.bool_], seen: Seen | None) -> Array:
    """Return the predictions of the rows that are known, shape (n_known, ...)."""
    if seen is None or not len(seen[0]):
        return model.predict_values(frame[known])
    places, there = seen
    values, todo = np.empty((len(frame), *there.shape[1:])), known.copy()
    values[places], todo[places] = there, False
    if todo.any():
        values[todo] = model.predict_values(frame[todo])
    return values[known]


def evaluate_judged(
    model: Model, judged: Judged, frame: pd.DataFrame, *, rows: str, notes: tuple[str, ...] = (), seed: int = 0
) -> Evaluation:
    """Judge rows whose predictions are there; `frame` holds at least the columns that the run's figures look at."""
    scorer = scorer_of(model, frame, judged.truth)
    return evaluate_values(
        scorer.config.task, judged.truth, judged.values, model=model, scorer=scorer, rows=rows, notes=notes, seed=seed
    )


def evaluate_out_of_fold(run_folder: Path, candidate_id: str, model: Model, *, seed: int = 0) -> Evaluation:
    """Judge a candidate on the rows it learned from, each by the fold model that did not see it.

    Early stopping and the choice of the best candidate have seen these scores, so they are a little too good; the
    evaluation's source says ``out-of-fold``.
    """
    from automl_core.runs import Run

    judged, notes = judge_out_of_fold(run_folder, candidate_id, model)
    frame = Run(run_folder).dataset().frame().iloc[judged.rows]
    return evaluate_judged(model, judged, frame, rows="out-of-fold", notes=notes, seed=seed)


def judge_out_of_fold(run_folder: Path, candidate_id: str, model: Model) -> tuple[Judged, tuple[str, ...]]:
    """Return what the fold models of a candidate predicted for the rows that each did not learn from.

    Returns
    -------
    Judged
        Rows by their place in the run's dataset.
    tuple of str
        What is to be known of it.
    """
    from automl_core.run_parts import is_refitted, out_of_fold
    from automl_core.runs import Run

    run = Run(run_folder)
    candidate = run.leaderboard()[candidate_id]
    values, where = out_of_fold(run_folder, candidate)
    frame = run.dataset().frame().iloc[where]
    truth, known = read_target(model, frame)
    if run.config.holdout:
        note = "Every row is judged by the fold model that did not learn from it, but the search has seen these scores."
    else:
        note = "No rows were held back, so every row is judged by the fold model that did not learn from it."
    if is_refitted(run_folder, candidate):
        note += " The exported model was then fitted anew on all of them."
    return Judged(truth, values[known], where[known]), (note, *_chosen_here(model))


def _chosen_here(model: Model) -> tuple[str, ...]:
    if len(model.classes) != 2 or model.threshold == 0.5:
        return ()
    return ("The threshold was chosen on these same rows, so what depends on it is a little too good.",)


def evaluate_values(
    task: Task,
    truth: Array,
    values: Array,
    *,
    model: Model,
    rows: str,
    scorer: Scorer | None = None,
    notes: tuple[str, ...] = (),
    seed: int = 0,
) -> Evaluation:
    """Judge predictions that are there already.

    Parameters
    ----------
    task : Task
    truth : ndarray, shape (n,)
        Class codes or values.
    values : ndarray, shape (n, n_classes) or (n,)
    model : Model
        For labels, threshold and metric.
    rows : str
        What the rows are, for people.
    scorer : Scorer, optional
        Over the same rows; by default one without columns.
    """
    scorer = scorer or Scorer(config_of(model), truth, pd.DataFrame(index=range(len(truth))), model.classes)
    scores, drawn = resampled(scorer, Predicted(values, model.threshold), first=model.metric, seed=seed)
    if task == "regression":
        curves, more = regression_curves(truth, values, seed=seed)
    else:
        curves, more = classification_curves(truth.astype(int), values, model.classes, model.threshold)
    if task == "binary" and (money := money_curve(scorer, values, model.threshold)):
        curves["money"] = money
    return Evaluation(
        task=task,
        rows=len(truth),
        source=rows,
        metrics={name: Score(*entry) for name, entry in scores.items()},
        curves=curves,
        classes=model.classes,
        positive=model.positive,
        threshold=model.threshold,
        target=model.target,
        notes=(*notes, *left_out(scorer), *more),
        threshold_reason=str(model.manifest.get("threshold_reason", "")) if task == "binary" else "",
        resamples=drawn,
    )


def read_target(model: Model, frame: pd.DataFrame) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Return the true outcomes of the rows that have one, and which rows those are.

    Returns
    -------
    ndarray, shape (n_known,)
        Class codes or values.
    ndarray of bool, shape (n,)

    Raises
    ------
    InputError
        When there is nothing to judge by.
    """
    target = model.target
    if target not in frame.columns:
        raise InputError(
            f"The column {target!r} is missing.",
            "To judge a model, its rows need the true outcome.",
            "Add the column, or use Predict for rows whose outcome is not known.",
        )
    if not len(frame):
        raise InputError("The table has no rows.", "At least two labelled rows are needed.", "Choose another file.")
    parsed = parse_frame(frame, model.schema)
    values = apply_stateless(parsed.frame, model.schema, model.recipe, training=False).frame[target]
    known = values.notna().to_numpy()
    if not known.any():
        raise InputError(
            f"No row has a value of {target!r}{_unread(parsed, target)}.",
            "Rows with the true outcome are needed.",
            "Check the column.",
        )
    present = values[known]
    if model.classes:
        truth = _codes(present, model)
        if len(np.unique(truth)) < 2:
            raise InputError(
                f"Every row has the label {model.classes[int(truth[0])]!r}.",
                "To judge a model, rows of at least two labels are needed.",
                "Add rows with other outcomes.",
            )
        return truth, known
    truth = present.to_numpy(dtype=np.float64)
    if len(truth) < 2 or bool((truth == truth[0]).all()):
        raise InputError(
            f"Every row has the value {truth[0]:,.12g} in {target!r}.",
            "To judge a model, different values are needed.",
            "Add rows with other values.",
        )
    return truth, known


def _unread(parsed: Parsed, target: str) -> str:
    """Say how many cells of the target could not be read, empty where none."""
    fault = parsed.faults.get(target)
    if not fault:
        return ""
    cells = "1 cell" if fault.count == 1 else f"{fault.count:,} cells"
    return f" ({cells} could not be read, such as {fault.examples[0]!r})"


def _codes(values: pd.Series, model: Model) -> Array:
    """Return class codes; labels are matched as written, then without spaces around and case where that is certain."""
    text = values.map(str) if values.dtype == object else as_text(values)
    codes = {label: code for code, label in enumerate(model.classes)}
    tidy: dict[str, list[int]] = {}
    for label, code in codes.items():
        tidy.setdefault(" ".join(label.split()).casefold(), []).append(code)
    found: dict[str, int] = {}
    unknown = []
    for label in text.unique():
        near = tidy.get(" ".join(str(label).split()).casefold(), [])
        if label in codes:
            found[label] = codes[label]
        elif len(near) == 1:
            found[label] = near[0]
        else:
            unknown.append(str(label))
    if unknown:
        rows = int(text.isin(unknown).sum())
        raise InputError(
            f"{rows:,} {'row has a label' if rows == 1 else 'rows have labels'} the model never learned: "
            f"{', '.join(repr(label[:60]) for label in sorted(unknown)[:5])}.",
            f"It knows {', '.join(repr(label) for label in model.classes[:20])}.",
            "Correct or remove these rows, or train again with them.",
        )
    return text.map(found).to_numpy(dtype=np.float64)
