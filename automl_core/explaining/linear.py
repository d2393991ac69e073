"""Linear models written out: one coefficient for each feature, in the person's units."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.explaining.features import PER, Feature, features
from automl_core.explaining.readable import Coefficient, Readable, outputs_of, score_note
from automl_core.scoring.bundle import Model

Array = npt.NDArray[np.float64]


def coefficients_of(estimator: Any) -> tuple[Array, Array] | None:
    """Return coefficients, shape (n_scores, n_features), and intercepts of a linear estimator; None for another."""
    inner = getattr(estimator, "estimator_", estimator)  # RANSAC keeps the linear model that it chose
    if not hasattr(inner, "coef_"):
        return None
    coefficients = np.array(inner.coef_, dtype=np.float64, ndmin=2)  # a copy: the model stays as it is
    start = np.asarray(getattr(inner, "intercept_", 0.0), dtype=np.float64).ravel()
    return coefficients, np.broadcast_to(start, (len(coefficients),)).astype(np.float64)


def read_linear(model: Model) -> Readable:
    """Write out a model whose fold models are linear."""
    outputs = outputs_of(model)
    folds = [
        _Fold(features(fold.preprocessors[member.view]), member.estimator, len(outputs))
        for fold, member, _ in model.ensemble.members()
    ]
    known = {feature.name: feature for fold in folds for feature in fold.features}
    rows = [_row(feature, output, place, folds) for place, output in enumerate(outputs) for feature in known.values()]
    rows.sort(key=lambda row: -row.size)
    return Readable(
        "linear",
        outputs,
        bool(model.classes),
        len(folds),
        intercept=tuple(float(value) for value in np.mean([fold.start for fold in folds], axis=0)),
        coefficients=tuple(rows),
        notes=(score_note(model, "Coefficients", len(folds)), *_more(rows)),
    )


class _Fold:
    """One fold's linear model in the person's units.

    Where each word of a column has a feature, only the differences between them mean something: one could add any number
    to all of them and take it from the intercept, and least squares leaves that to chance. So they are given against their
    average.
    """

    def __init__(self, made: list[Feature], estimator: Any, outputs: int) -> None:
        found = coefficients_of(estimator)
        assert found is not None  # `readable` has looked
        weights, start = _by_output(*found, estimator, outputs)
        self.features = made
        self.start = start + weights @ np.array([feature.offset for feature in made])
        slopes = weights * np.array([feature.factor for feature in made])
        self.average: dict[str, Array] = {}
        for column in {feature.column for feature in made}:
            places = [place for place, one in enumerate(made) if one.column == column and one.meaning == "word"]
            if len(places) > 1:
                self.average[column] = slopes[:, places].mean(axis=1)
                slopes[:, places] -= self.average[column][:, None]
                weights[:, places] = slopes[:, places]
                self.start = self.start + self.average[column]
        names = [feature.name for feature in made]
        self.slopes = dict(zip(names, slopes.T, strict=True))
        self.sizes = dict(zip(names, np.abs(weights).T, strict=True))

    def slope(self, feature: Feature, output: int) -> float:
        """Return what one unit adds; for a word that this fold never saw, what it lacks to the average word."""
        if feature.name in self.slopes:
            return float(self.slopes[feature.name][output])
        return -float(self.average[feature.column][output]) if feature.column in self.average else 0.0


def _by_output(weights: Array, start: Array, estimator: Any, outputs: int) -> tuple[Array, Array]:
    """Put the scores of the labels that a fold knew at the places of all labels."""
    if len(weights) == outputs:
        return weights, start
    full, starts = np.zeros((outputs, weights.shape[1])), np.full(outputs, 0.0)
    known = np.asarray(estimator.classes_, dtype=int)[-len(weights) :]
    full[known], starts[known] = weights, start
    return full, starts


def _row(feature: Feature, output: str, place: int, folds: list[_Fold]) -> Coefficient:
    slopes = [fold.slope(feature, place) for fold in folds]
    sizes = [float(fold.sizes[feature.name][place]) if feature.name in fold.sizes else 0.0 for fold in folds]
    return Coefficient(
        feature.name,
        feature.column,
        PER[feature.meaning],
        output,
        float(np.mean(slopes)),
        min(slopes),
        max(slopes),
        float(np.mean(sizes)),
    )


def _more(rows: list[Coefficient]) -> list[str]:
    notes = []
    words = [row for row in rows if row.per == PER["word"]]
    if len({(row.column, row.output) for row in words}) < len(words):
        notes.append("Where each word of a column has a row, the words are shown against their average, which is in the start.")
    if any(row.per == PER["mean"] for row in rows):
        notes.append("Columns of many words stand in the model as the mean outcome of each word, learned from other rows.")
    return notes
