"""What each step of a recipe did to a quick model's score: the recipe as it is, beside the recipe without one step.

Two models are fitted for each: a linear one, and a small boosted one on words and gaps as they are, since a step may help the one
and not the other. Rows are divided once, so that every variant is judged on the same rows.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.cleaning.apply import apply_stateless
from automl_core.cleaning.preparation import take_kept
from automl_core.cleaning.preprocessing import build_preprocessor, native_categories
from automl_core.cleaning.recipe import Recipe
from automl_core.cleaning.steps import describe
from automl_core.errors import AutoMLError, FormatError, InputError
from automl_core.experiment import ExperimentConfig
from automl_core.metrics import METRICS, OWN, all_scores, metrics_for
from automl_core.schema import Schema
from automl_core.scoring.values import predict_values
from automl_core.search.candidates import catalogue, make_estimator
from automl_core.target import encode_target

Array = npt.NDArray[np.float64]
Verdict = Literal["helps", "hurts", "no difference", "not measured"]
ROWS = 20_000
"""Most rows that are looked at; of a larger table that many are drawn at random."""
FOLDS = 5
SURE = 2.0
"""Standard errors by which a difference must be away from nothing."""
MODELS = {"linear": "Linear model", "trees": "Boosted trees"}


@dataclass(frozen=True)
class StepEffect:
    """What one step did.

    Parameters
    ----------
    step_id, title : str
    without : dict of str to float
        Score of each model without the step.
    difference : dict of str to float
        By how much the step makes the score better: positive is better, whatever the metric.
    error : dict of str to float
        Standard error of the difference over the folds.
    verdict : Verdict
    sentence : str
    """

    step_id: str
    title: str
    without: dict[str, float]
    difference: dict[str, float]
    error: dict[str, float]
    verdict: Verdict
    sentence: str


@dataclass(frozen=True)
class Ablation:
    """What every step did.

    Parameters
    ----------
    metric : str
    score : dict of str to float
        Score of each model with all steps.
    rows : int
    of : int
        Rows of the table.
    folds : int
    effects : tuple of StepEffect
        In the order of the recipe.
    """

    metric: str
    score: dict[str, float]
    rows: int
    of: int
    folds: int
    effects: tuple[StepEffect, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"format": 1, **asdict(self), "effects": [asdict(effect) for effect in self.effects]}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Ablation:
        """Rebuild from `to_dict`'s output; raises FormatError for another format version."""
        if data.get("format") != 1:
            raise FormatError(f"This comparison has format {data.get('format')!r}.", "This version reads format 1.")
        fields = {name: value for name, value in data.items() if name != "format"}
        return cls(**{**fields, "effects": tuple(StepEffect(**effect) for effect in data["effects"])})


def ablate(
    frame: pd.DataFrame,
    schema: Schema,
    recipe: Recipe,
    config: ExperimentConfig,
    *,
    tell: Callable[[float, str], None] = lambda done, doing: None,
    rows: int = ROWS,
    of: int = 0,
) -> Ablation:
    """Score a recipe with and without each of its steps.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Typed, as uploaded.
    schema : Schema
    recipe : Recipe
    config : ExperimentConfig
        Target, task, positive label, metric, seed and, for a split by group, its column.
    tell : callable
        Takes how much is done, 0 to 1, and what is being done.
    rows : int
        Most rows that are looked at.
    of : int
        Rows of the whole table, where `frame` holds some of them, drawn at random.

    Raises
    ------
    InputError
        When the recipe as it is cannot be scored.
    """
    total = len(frame)
    if total > rows:
        frame = frame.iloc[np.sort(np.random.default_rng(config.seed).choice(total, rows, replace=False))]
    frame = frame.reset_index(drop=True)
    metric = metrics_for(config.task)[0].name if config.metric in OWN else config.metric
    folds = _folds(frame, config)
    steps = list(recipe.enabled())
    tell(0.0, "The recipe as it is")
    cleaned = _cleaned(frame, schema, recipe, config)
    judged = cleaned[0].index
    full = dict(_scores(*cleaned, recipe, config, metric, folds, judged))
    if not full or not all(np.isfinite(scores).all() for scores in full.values()):
        raise InputError(
            "The recipe cannot be scored: a fold has too few rows of some outcome.", action="Choose another metric, or more rows."
        )
    effects = []
    for place, step in enumerate(steps, 1):
        tell(place / (len(steps) + 1), f"Without: {describe(step)}"[:120])
        variant = Recipe(tuple(other for other in steps if other.id != step.id))
        try:
            other = _cleaned(frame, schema, variant, config)
            if set(_labels(other[0], config)) != set(_labels(cleaned[0], config)):
                effects.append(_unmeasured(step.id, describe(step), "It changes the target itself, so scores do not compare."))
                continue
            scores = dict(_scores(*other, variant, config, metric, folds, judged))
        except (AutoMLError, ValueError, KeyError) as error:
            said = error.received if isinstance(error, AutoMLError) else "Without it nothing could be fitted."
            effects.append(_unmeasured(step.id, describe(step), said))
            continue
        effects.append(_effect(step.id, describe(step), full, scores, METRICS[metric].greater_is_better))
    score = {name: float(np.mean(values)) for name, values in full.items()}
    return Ablation(metric, score, len(frame), of or total, FOLDS, tuple(effects))


def _folds(frame: pd.DataFrame, config: ExperimentConfig) -> npt.NDArray[np.int64]:
    """Return the fold of each row; rows of one group, and of one outcome in turn, are spread evenly."""
    rng = np.random.default_rng(config.seed)
    if config.split.kind == "group" and config.split.column in frame:
        codes, words = pd.factorize(frame[config.split.column])
        return np.asarray(rng.permutation(np.arange(len(words) + 1) % FOLDS)[codes], dtype=np.int64)
    order = rng.permutation(len(frame))
    if config.task != "regression" and config.target in frame:
        codes, _ = pd.factorize(frame[config.target])
        order = order[np.argsort(codes[order], kind="stable")]
    folds = np.empty(len(frame), dtype=np.int64)
    folds[order] = np.arange(len(frame)) % FOLDS
    return folds


def _cleaned(frame: pd.DataFrame, schema: Schema, recipe: Recipe, config: ExperimentConfig) -> tuple[pd.DataFrame, Schema]:
    cleaned = apply_stateless(frame, schema, recipe, training=True)
    if config.target not in cleaned.frame:
        raise InputError(f"Without it there is no column {config.target!r} to predict.")
    return cleaned.frame[cleaned.frame[config.target].notna()], cleaned.schema


def _labels(table: pd.DataFrame, config: ExperimentConfig) -> list[str]:
    return [] if config.task == "regression" else [str(value) for value in table[config.target].unique()]


def _scores(
    table: pd.DataFrame,
    schema: Schema,
    recipe: Recipe,
    config: ExperimentConfig,
    metric: str,
    folds: npt.NDArray[np.int64],
    judged: pd.Index,
) -> Iterator[tuple[str, Array]]:
    """Yield for each model its score on every fold, on the rows that both this and the whole recipe keep."""
    from threadpoolctl import threadpool_limits

    y, classes = encode_target(table[config.target], config)
    away = {config.target, *config.ignored, *([config.split.column] if config.split.kind == "group" else [])}
    features = schema.without(away)
    fold = folds[table.index.to_numpy()]
    both = table.index.isin(judged)
    y = y if config.task == "regression" else y.astype(int)
    for name, view in (("linear", "scaled"), ("trees", "native")):
        found = []
        for number in range(FOLDS):
            learn, judge = fold != number, (fold == number) & both
            preprocessor = build_preprocessor(recipe, features, table, view=view, task=config.task, seed=config.seed)
            with threadpool_limits(1), warnings.catch_warnings():  # a small fit waits longer for threads than it works
                warnings.simplefilter("ignore")  # a fold without some category is no news to a person
                X = np.asarray(preprocessor.fit_transform(table.loc[learn, features.names], y[learn]), dtype=np.float64)
                kept = take_kept(preprocessor)
                known = y[learn] if kept is None else y[learn][kept]
                estimator = _model(name, preprocessor, config).fit(X if kept is None else X[kept], known)
                V = np.asarray(preprocessor.transform(table.loc[judge, features.names]), dtype=np.float64)
                values = predict_values(estimator, V, len(classes))
            found.append(all_scores(config.task, y[judge], values).get(metric, np.nan))
        yield name, np.array(found)


def _model(name: str, preprocessor: Any, config: ExperimentConfig) -> Any:
    if name == "linear":
        return make_estimator(catalogue(config.task)["lr"], seed=config.seed, threads=1)
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingRegressor if config.task == "regression" else HistGradientBoostingClassifier
    categories = native_categories(preprocessor)
    return kind(max_iter=60, categorical_features=categories or None, random_state=config.seed)


def _effect(step_id: str, title: str, full: dict[str, Array], without: dict[str, Array], greater: bool) -> StepEffect:
    sign = 1.0 if greater else -1.0
    differences = {name: sign * (full[name] - without[name]) for name in full}
    means = {name: float(np.mean(values)) for name, values in differences.items()}
    errors = {name: float(np.std(values, ddof=1) / np.sqrt(len(values))) for name, values in differences.items()}
    better = [name for name in means if means[name] > SURE * errors[name] and means[name] > 1e-12]
    worse = [name for name in means if -means[name] > SURE * errors[name] and -means[name] > 1e-12]
    if better and not worse:
        verdict: Verdict = "helps"
    elif worse and not better:
        verdict = "hurts"
    else:
        verdict = "no difference"
    return StepEffect(
        step_id,
        title,
        {name: float(np.mean(values)) for name, values in without.items()},
        means,
        errors,
        verdict,
        _sentence(verdict, better, worse),
    )


def _sentence(verdict: Verdict, better: list[str], worse: list[str]) -> str:
    def said(names: list[str]) -> str:
        return " and ".join(MODELS[name].lower() for name in names)

    if verdict == "helps":
        return f"Helps the {said(better)}."
    if verdict == "hurts":
        return f"The {said(worse)} scores better without it."
    if better:
        return f"Helps the {said(better)}, and the {said(worse)} scores better without it."
    return "No difference beyond chance."


def _unmeasured(step_id: str, title: str, reason: str) -> StepEffect:
    return StepEffect(step_id, title, {}, {}, {}, "not measured", reason)
