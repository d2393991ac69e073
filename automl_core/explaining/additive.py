"""Explainable boosting written out: for each column, and each pair, a table of what its values add to the score."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.engines.interpret import Shape, intercepts, shapes, sizes, term_values
from automl_core.explaining.features import Feature, features
from automl_core.explaining.readable import Axis, Readable, Term, outputs_of, score_note
from automl_core.profiling.wording import number
from automl_core.scoring.bundle import Model

Array = npt.NDArray[np.float64]
GRID = 16
"""Most intervals a side that a pair is shown with."""
MISSING = "missing"

Part = tuple[Any, list[Feature]]
"""One fold's machine, and what its columns are."""


def read_additive(model: Model) -> Readable:
    """Write out a model whose fold models are explainable boosting machines."""
    outputs = outputs_of(model)
    parts: list[Part] = [
        (member.estimator, features(fold.preprocessors[member.view])) for fold, member, _ in model.ensemble.members()
    ]
    where: dict[tuple[str, ...], list[tuple[Part, int, Shape]]] = {}
    for part in parts:
        for place, shape in enumerate(shapes(part[0])):
            names = tuple(part[1][feature].name for feature in shape.features)
            where.setdefault(names, []).append((part, place, shape))
    terms = [_term(names, found, len(parts), len(outputs)) for names, found in where.items()]
    terms = [term for term in terms if term.size > 0]
    terms.sort(key=lambda term: -term.size)
    start = np.mean([_by_output(intercepts(machine)[None, :], machine, len(outputs))[0] for machine, _ in parts], axis=0)
    pairs = [term for term in terms if len(term.axes) == 2]
    notes = [score_note(model, "The tables", len(parts))]
    if pairs:
        notes.append(
            "Each fold model chose its pairs of columns for itself; one that it lacks adds 0 there. "
            f"Pairs are shown with at most {GRID} intervals a side."
        )
    return Readable(
        "additive",
        outputs,
        bool(model.classes),
        len(parts),
        intercept=tuple(float(value) for value in start),
        terms=tuple(terms),
        notes=tuple(notes),
    )


def _term(names: tuple[str, ...], found: list[tuple[Part, int, Shape]], folds: int, outputs: int) -> Term:
    axes = tuple(_axis(place, found) for place in range(len(names)))
    places = [[*_known(axis, found, place)] for place, axis in enumerate(axes)]
    total: Array = np.zeros((int(np.prod([len(axis.labels) for axis in axes])), outputs))
    size = 0.0
    for (machine, made), term, shape in found:
        grid = [
            [_given(made[feature], value) for value in values] for feature, values in zip(shape.features, places, strict=True)
        ]
        rows = np.zeros((len(total), len(made)))
        rows[:, list(shape.features)] = list(product(*grid))
        total += _by_output(term_values(machine, term, rows), machine, outputs) / folds
        size += sizes(machine)[term] / folds
    axes, total = _without_empty(axes, total)
    return Term(axes, tuple(tuple(float(value) for value in column) for column in total.T), float(size), len(found))


def _axis(place: int, found: list[tuple[Part, int, Shape]]) -> Axis:
    """Return the values of a term's column that at least one fold tells apart."""
    (_, made), _, first = found[0]
    feature = made[first.features[place]]
    if feature.meaning == "codes":
        words = dict.fromkeys(word for (_, its), _, shape in found for word in its[shape.features[place]].words)
        return Axis(feature.name, feature.column, (), (MISSING, *words))
    cuts = np.unique(np.concatenate([np.asarray(shape.bins[place], dtype=np.float64) for _, _, shape in found]))
    if len(first.features) > 1 and len(cuts) > GRID - 1:
        cuts = cuts[np.linspace(0, len(cuts) - 1, GRID - 1).round().astype(int)]
    texts = [number(cut) for cut in cuts]
    labels = (
        ["any"]
        if not len(cuts)
        else [f"below {texts[0]}", *(f"{one} to {two}" for one, two in pairwise(texts)), f"from {texts[-1]}"]
    )
    return Axis(feature.name, feature.column, tuple(float(cut) for cut in cuts), (MISSING, *labels))


def _known(axis: Axis, found: list[tuple[Part, int, Shape]], place: int) -> list[float | str]:
    """Return one value for each label of an axis: a word, or a number inside the interval."""
    (_, made), _, first = found[0]
    if made[first.features[place]].meaning == "codes":
        return [np.nan, *axis.labels[1:]]
    cuts = axis.cuts
    if not cuts:
        return [np.nan, 0.0]
    middles = [(one + two) / 2 for one, two in pairwise(cuts)]
    return [np.nan, np.nextafter(cuts[0], -np.inf), *middles, cuts[-1]]


def _given(feature: Feature, value: float | str) -> float:
    """Return what a fold's machine gets for a value; a word that the fold never saw is missing to it."""
    if isinstance(value, str):
        return float(feature.words.index(value)) if value in feature.words else np.nan
    return value


def _by_output(values: Array, machine: Any, outputs: int) -> Array:
    """Put the scores of the labels that a fold knew at the places of all labels, shape (n, n_outputs)."""
    if values.shape[1] == outputs:
        return values
    full = np.zeros((len(values), outputs))
    full[:, np.asarray(machine.classes_, dtype=int)[-values.shape[1] :]] = values
    return full


def _without_empty(axes: tuple[Axis, ...], total: Array) -> tuple[tuple[Axis, ...], Array]:
    """Leave out the value ``missing`` where it adds nothing."""
    table = total.reshape(*(len(axis.labels) for axis in axes), -1)
    kept = []
    for place, axis in enumerate(axes):
        if np.any(np.take(table, 0, axis=place)):
            kept.append(axis)
        else:
            table = np.delete(table, 0, axis=place)
            kept.append(Axis(axis.feature, axis.column, axis.cuts, axis.labels[1:]))
    return tuple(kept), table.reshape(-1, total.shape[1])
