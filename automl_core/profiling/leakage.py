"""Leakage, measured: a quick model with and without each suspect column, and with rows kept together or in order of time.

The quick model is scikit-learn's histogram gradient boosting with few trees, on a sample, in three folds. It takes numbers,
dates as they are and words by the mean outcome of their rows (cross-fitted, so that none learns from itself); keys and free
texts are left out of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.errors import FormatError, InputError
from automl_core.profiling.profile import Profile
from automl_core.profiling.relation import LEAST, Outcome, outcome_of
from automl_core.profiling.wording import quoted
from automl_core.proposals import suggest_splits
from automl_core.schema import Schema

Array = npt.NDArray[np.float64]
Measure = Literal["auc", "r2"]
SUSPECT_CODES = ("leak", "missing_with_target", "after_event")
SUSPECTS = 8
"""Most columns that are tried one by one."""
COLUMNS = 300
"""Most columns that the quick model gets: those that say most of the target by themselves, and the suspects."""
FOLDS = 3
LEVELS = 5_000
"""Words beyond the most frequent are one."""
LARGE, SOME = 0.1, 0.03
"""Falls of the score that are called large, and that are worth a word."""
MEASURES: dict[Measure, str] = {"auc": "area under the ROC curve", "r2": "R²"}


@dataclass(frozen=True)
class Trial:
    """One way of judging the quick model.

    Parameters
    ----------
    kind : str
        ``whole``, ``without`` (a column or all suspects), ``group`` or ``time``.
    columns : tuple of str
        Left out, or split by; empty for ``whole``.
    score : float
        Mean over the folds; NaN is never kept, a way that cannot be tried has none.
    spread : float
        Standard deviation over the folds, 0 where there is one.
    fall : float
        The score of ``whole`` less this one.
    sentence : str
        What that says.
    """

    kind: Literal["whole", "without", "group", "time"]
    columns: tuple[str, ...]
    score: float
    spread: float
    fall: float = 0.0
    sentence: str = ""

    @property
    def title(self) -> str:
        """What was done, in a few words."""
        if self.kind == "whole":
            return "All columns, rows split at random"
        if self.kind == "without":
            return f"Without {quoted(self.columns[0])}" if len(self.columns) == 1 else "Without all suspects"
        return f"{'Rows kept together by' if self.kind == 'group' else 'Learned from earlier rows by'} {quoted(self.columns[0])}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {**vars(self), "columns": list(self.columns)}


@dataclass(frozen=True)
class Leakage:
    """What the score owes to suspect columns and to the way rows are split.

    Parameters
    ----------
    target : str
    measure : str
        ``auc`` or ``r2``.
    rows : int
        That were looked at.
    trials : tuple of Trial
        ``whole`` first.
    notes : tuple of str
    """

    target: str
    measure: Measure
    rows: int
    trials: tuple[Trial, ...]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        trials = [trial.to_dict() for trial in self.trials]
        return {"format": 1, **vars(self), "trials": trials, "notes": list(self.notes)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Leakage:
        """Rebuild it from `to_dict`'s output; raises FormatError for another format version."""
        if data.get("format") != 1:
            raise FormatError(f"This leakage check has format {data.get('format')!r}.", "This version reads format 1.")
        trials = tuple(Trial(**{**entry, "columns": tuple(entry["columns"])}) for entry in data["trials"])
        return cls(data["target"], data["measure"], data["rows"], trials, tuple(data["notes"]))


def suspects_of(profile: Profile) -> list[str]:
    """Return the columns that a profile suspects of giving the outcome away, the surest first, at most `SUSPECTS`."""
    named = [name for code in SUSPECT_CODES for alert in profile.alerts if alert.code == code for name in alert.columns]
    return list(dict.fromkeys(named))[:SUSPECTS]


def measure_leakage(
    frame: pd.DataFrame,
    schema: Schema,
    profile: Profile,
    suspects: Sequence[str] = (),
    *,
    seed: int = 0,
    tell: Callable[[float, str], None] | None = None,
) -> Leakage:
    """Judge the quick model in every way that could tell a leak.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Typed.
    schema : Schema
    profile : Profile
        Of this table, with a target.
    suspects : sequence of str
        Columns to try; those of `suspects_of` by default.
    seed : int
        Of the sample, the folds and the model.
    tell : callable, optional
        Takes the share that is done and what is being done.

    Returns
    -------
    Leakage

    Raises
    ------
    InputError
        When there is no target, or it cannot be predicted with so few rows or labels.
    """
    target = profile.target
    if not target:
        raise InputError("No target is chosen.", "Leakage is measured against the column to predict.", "Choose it first.")
    outcome = outcome_of(frame[target], schema[target].kind, seed=seed)
    if outcome is None:
        raise InputError(
            f"The target {quoted(target)} cannot be learned here.",
            f"It needs {LEAST} rows with a value, and numbers or at least two labels with 5 rows each.",
            "Choose another target.",
        )
    suspects = list(suspects or suspects_of(profile))
    names = _used(profile, schema, suspects)
    part = frame.iloc[outcome.rows]
    table = np.column_stack([_column(part[name]) for name in names]) if names else np.empty((len(part), 0))
    words = [schema[name].kind not in ("number", "date") for name in names]
    measure: Measure = "auc" if outcome.labels else "r2"
    random = np.random.default_rng(seed).permutation(len(part)) % FOLDS
    ways: list[tuple[Trial, list[int], npt.NDArray[np.int64]]] = []
    empty = Trial("whole", (), 0.0, 0.0)
    every = list(range(len(names)))
    ways.append((empty, every, random))
    known = [name for name in suspects if name in names]
    ways += [(replace(empty, kind="without", columns=(name,)), [p for p in every if names[p] != name], random) for name in known]
    if len(known) > 1:
        ways.append((replace(empty, kind="without", columns=tuple(known)), [p for p in every if names[p] not in known], random))
    for other in suggest_splits(frame, schema, target):
        if other.value.kind == "group":
            groups, _ = pd.factorize(part[other.value.column], use_na_sentinel=False)
            folds = np.random.default_rng(seed).permutation(int(groups.max()) + 1)[groups] % FOLDS
            ways.append((replace(empty, kind="group", columns=(other.value.column,)), every, folds))
        else:
            when = part[other.value.column]
            # One fold is judged: the last third in time. Fold -1 is only ever learned from; rows without a date take no part.
            order = when.rank(method="first", pct=True).to_numpy()
            folds = np.where(np.isnan(order), -2, np.where(order > 2 / 3, 0, -1))
            ways.append((replace(empty, kind="time", columns=(other.value.column,)), every, folds))
    trials: list[Trial] = []
    for place, (way, places, folds) in enumerate(ways):
        if tell:
            tell(place / len(ways), way.title)
        scores = _scores(table[:, places], [words[p] for p in places], outcome, folds, seed)
        if scores:
            trials.append(replace(way, score=float(np.mean(scores)), spread=float(np.std(scores))))
    if not trials or trials[0].kind != "whole":
        raise InputError(
            f"No column is left to predict {quoted(target)} with.", "Keys and free texts take no part.", "Add columns."
        )
    whole = trials[0]
    told = [replace(trial, fall=whole.score - trial.score) for trial in trials]
    told = [replace(trial, sentence=_sentence(trial, whole, measure)) for trial in told]
    notes = [f"Measured on {len(part):,} of {len(frame):,} rows, drawn at random."] if len(part) < len(frame) else []
    if len(names) < len(schema) - 1:
        notes.append(f"The quick model uses {len(names):,} of {len(schema) - 1:,} columns; keys and free texts take no part.")
    return Leakage(target, measure, len(part), tuple(told), tuple(notes))


def _used(profile: Profile, schema: Schema, suspects: Sequence[str]) -> list[str]:
    """Return the columns that the quick model gets, in the order of the table."""
    usable = [
        column.name
        for column in profile.columns
        if column.name != profile.target and column.kind not in ("id", "text") and (column.distinct > 1 or column.missing)
    ]
    if len(usable) <= COLUMNS:
        return usable
    score = {relation.name: relation.score for relation in profile.relations}
    best = sorted(usable, key=lambda name: (name not in suspects, -score.get(name, 0.0)))[:COLUMNS]
    return [name for name in usable if name in set(best)]


def _column(values: pd.Series) -> Array:
    """Return a column as numbers, missing as NaN; words as codes, a missing one as a word of its own."""
    if values.dtype.kind == "M":
        return np.where(values.isna(), np.nan, values.to_numpy().astype("datetime64[s]").astype(np.float64))
    if values.dtype.kind in "iuf":
        plain = values.to_numpy(dtype=np.float64)
        return np.where(np.isfinite(plain), plain, np.nan)
    frequent = values.value_counts().index[:LEVELS]
    codes = pd.Categorical(values, categories=frequent).codes.astype(np.float64)
    codes[(codes < 0) & values.notna().to_numpy()] = len(frequent)
    return codes


def _scores(table: Array, words: list[bool], outcome: Outcome, folds: npt.NDArray[np.int64], seed: int) -> list[float]:
    """Return the score of each fold that can be judged."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.metrics import r2_score, roc_auc_score
    from sklearn.preprocessing import TargetEncoder
    from threadpoolctl import threadpool_limits

    if not table.shape[1]:
        return []
    member = outcome.values
    labels = member[:, 0].astype(int) if member.shape[1] == 1 else np.where(member.any(axis=1), member.argmax(axis=1), -1)
    settings: dict[str, Any] = {"max_iter": 50, "max_leaf_nodes": 15, "early_stopping": False, "random_state": seed}
    coded = np.array(words)

    def encoded(learned: npt.NDArray[np.bool_], judged: npt.NDArray[np.bool_], y: npt.NDArray[Any]) -> tuple[Array, Array]:
        if not coded.any():
            return table[learned], table[judged]
        encoder = TargetEncoder(random_state=seed)
        first = encoder.fit_transform(table[learned][:, coded], y)
        second = encoder.transform(table[judged][:, coded])
        return np.hstack([table[learned][:, ~coded], first]), np.hstack([table[judged][:, ~coded], second])

    found = []
    for fold in range(FOLDS):
        judged, learned = folds == fold, (folds != fold) & (folds != -2)
        if not outcome.labels:
            if judged.sum() > 1 and learned.sum() > 1 and np.ptp(member[judged, 0]) > 0:
                x, new = encoded(learned, judged, member[learned, 0])
                with threadpool_limits(1):
                    model = HistGradientBoostingRegressor(**settings).fit(x, member[learned, 0])
                    found.append(float(r2_score(member[judged, 0], model.predict(new))))
            continue
        judged, learned = judged & (labels >= 0), learned & (labels >= 0)
        if not judged.any() or len(np.unique(labels[learned])) < 2:
            continue
        x, new = encoded(learned, judged, labels[learned])
        with threadpool_limits(1):
            classifier = HistGradientBoostingClassifier(**settings).fit(x, labels[learned])
            chances = classifier.predict_proba(new)
        areas = []
        for place, label in enumerate(classifier.classes_):
            truth = labels[judged] == label
            if truth.any() and not truth.all():
                areas.append(float(roc_auc_score(truth, chances[:, place])))
        if areas:
            found.append(float(np.mean(areas)))
    return found


def _sentence(trial: Trial, whole: Trial, measure: Measure) -> str:
    if trial.kind == "whole":
        return f"The {MEASURES[measure]} with everything."
    size = "falls a lot" if trial.fall >= LARGE else "falls" if trial.fall >= SOME else "stays about the same"
    if trial.kind == "without":
        many = len(trial.columns) > 1
        if trial.fall >= SOME:
            owes = "them" if many else "it"
            return f"The score {size}: much of it is owed to {owes}. Keep {owes} only if known before the outcome."
        others = "Others say the same" if whole.score >= 0.95 else "The model hardly needs it"
        return f"The score {size}. {others}." if not many else f"The score {size} without any of them."
    if trial.fall >= SOME:
        why = "rows of one group recognise each other" if trial.kind == "group" else "later rows differ from earlier ones"
        return f"The score {size}: {why}. If that is how the model will be used, choose this split."
    return f"The score {size}, so the split hardly matters here."
