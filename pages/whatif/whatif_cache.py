"""What the What-if page asks again and again, kept while the server runs: explainer, training rows, answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from automl_core.errors import AutoMLError
from pages.shared import caches

if TYPE_CHECKING:
    import pandas as pd

    from automl_core.explaining.explainer import Explainer
    from automl_core.runs import Run
    from automl_core.whatif.answer import Answer
    from automl_core.whatif.neighbours import Neighbours

FEW = 500
"""Held-out rows that can be chosen from."""


def rows(run: Run) -> pd.DataFrame | None:
    """Return rows to start from, held-out ones where there are any; None where the table is gone."""
    return _rows(str(run.path), *caches.stamp(run.path / "split.npz"))


def neighbours(run: Run, bundle: Path, weights: dict[str, float]) -> Neighbours | None:
    """Return the training rows to compare with; None where the table is gone, or real rows are to stay out."""
    return _neighbours(str(run.path), str(bundle), *caches.stamp(bundle), json.dumps(weights, sort_keys=True))


def explainer(run: Run, bundle: Path) -> Explainer:
    """Return what explains a model's rows."""
    return _explainer(str(run.path), str(bundle), *caches.stamp(bundle))


def unknown(run: Run, bundle: Path) -> pd.DataFrame:
    """Return rows that stand for "not known" where a person waits for an exact sum."""
    from automl_core.explaining.explainer import draw_background
    from automl_core.whatif.answer import UNKNOWN

    return draw_background(_typed(str(run.path), bundle), 0, UNKNOWN)


def answer(run: Run, bundle: Path, values: dict[str, Any], weights: dict[str, float]) -> Answer:
    """Return what a model says to a row, and why; raises InputError for a value that cannot be read."""
    said = json.dumps(values, sort_keys=True, default=str)
    return _answer(str(run.path), str(bundle), *caches.stamp(bundle), said, json.dumps(weights, sort_keys=True))


@st.cache_resource(max_entries=3, show_spinner=False)
def _rows(path: str, changed: int, size: int) -> pd.DataFrame | None:
    from automl_core.runs import Run

    run = Run(Path(path))
    try:
        frame = run.holdout() if run.config.holdout else run.dataset().frame()
    except AutoMLError:
        return None
    return frame.iloc[:FEW]


@st.cache_resource(max_entries=3, show_spinner="Looking through the training rows")
def _neighbours(path: str, bundle: str, changed: int, size: int, weights: str) -> Neighbours | None:
    from automl_core.runs import Run
    from automl_core.whatif.neighbours import training_neighbours

    return training_neighbours(Run(Path(path)), caches.model(Path(bundle)), json.loads(weights))


@st.cache_resource(max_entries=3, show_spinner="Preparing explanations")
def _explainer(path: str, bundle: str, changed: int, size: int) -> Explainer:
    from automl_core.explaining.explainer import Explainer, draw_background

    return Explainer(caches.model(Path(bundle)), draw_background(_typed(path, Path(bundle)), 0))


def _typed(path: str, bundle: Path) -> pd.DataFrame:
    """Return rows as the model takes them, made up where the table is gone."""
    from automl_core.whatif.neighbours import made_up

    model = caches.model(bundle)
    frame = _rows(path, *caches.stamp(Path(path) / "split.npz"))
    return made_up(model) if frame is None else model.checked(frame)[list(model.used)]


@st.cache_resource(max_entries=200, show_spinner=False)
def _answer(path: str, bundle: str, changed: int, size: int, values: str, weights: str) -> Answer:
    from automl_core.whatif.answer import answer as ask

    model = caches.model(Path(bundle))
    known = _neighbours(path, bundle, changed, size, weights)
    return ask(model, _explainer(path, bundle, changed, size), json.loads(values), known)
