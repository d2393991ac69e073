"""The recipe of the table on the page: loaded, proposed where there is none, changed, stored."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.cleaning.recipe import History, Recipe, Step
from pages.shared import caches, state

if TYPE_CHECKING:
    from automl_core.data.dataset import Dataset


def stored(data: Dataset) -> History | None:
    """Return the stored history of a table, None when nobody made or accepted a recipe yet."""
    from automl_core.cleaning.store import load_history

    return load_history(data.folder)


def proposed(data: Dataset, target: str = "") -> Recipe:
    """Return the recipe that is proposed for a table, each step with its reason.

    The target is the one that was last chosen for this table where none is given.
    """
    known = target or str(state.draft(f"target_{data.id}", ""))
    return _proposed(str(data.folder), data.fingerprint, known if known in data.schema else "", data)


def history(data: Dataset, target: str = "") -> History:
    """Return the stored history, or a new one that begins with the proposal (not stored yet)."""
    return stored(data) or History(present=proposed(data, target))


def current(data: Dataset, target: str = "") -> Recipe:
    """Return the recipe that a run would learn with now."""
    return history(data, target).present


def save(data: Dataset, changed: History) -> None:
    """Store a history beside its table."""
    from automl_core.cleaning.store import save_history

    save_history(data.folder, changed)


def change(data: Dataset, recipe: Recipe) -> History:
    """Make `recipe` the present one, so that it can be undone, and store it."""
    changed = history(data).change(recipe)
    save(data, changed)
    return changed


def add_step(data: Dataset, step: Step) -> History:
    """Add a step that was made for the uploaded table to its recipe, where it acts; raises InputError when it does not fit."""
    from automl_core.cleaning.steps import check_step, place

    check_step(step, data.schema)
    return change(data, place(history(data).present, step, uploaded=True))


@st.cache_resource(max_entries=16, show_spinner=False)
def _proposed(folder: str, fingerprint: str, target: str, _data: Dataset) -> Recipe:
    """Look through the table once, and not at every click until something is changed.

    The steps have the same ids whenever they are proposed for the table: a browser that is open while the server is started
    again asks for them by these.
    """
    from automl_core.cleaning.propose import propose_recipe

    steps = propose_recipe(caches.looked(_data), _data.schema, target)
    names = (f"{fingerprint} {target} {number} {step.op}".encode() for number, step in enumerate(steps))
    return Recipe(tuple(replace(step, id=hashlib.sha256(name).hexdigest()[:8]) for step, name in zip(steps, names, strict=True)))
