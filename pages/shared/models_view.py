"""Registered models as they stand: which one, its champion and challenger, and the log."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.leaderboard import in_words
from automl_core.workspace import ProjectFolder
from pages.shared import errors, state

if TYPE_CHECKING:
    from automl_core.registry.records import Standing, Version
    from automl_core.registry.store import Registered

ICONS = {"champion": ":material/trophy:", "challenger": ":material/upgrade:"}
MEANING = {
    "champion": "The version that is in use: NAME@champion leads to it.",
    "challenger": "A version that may become champion: NAME@challenger leads to it.",
}


def when(moment: float) -> str:
    """Return a moment in the server's time, short."""
    return time.strftime("%d %b %Y, %H:%M", time.localtime(moment))


def choose(project: ProjectFolder, page: str = "models") -> Registered | None:
    """Let the person choose a registered model that has versions; None while the project has none."""
    from automl_core.registry.store import list_registered

    found = {one.id: one for one in list_registered(project) if one.numbers}
    if not found:
        return None
    names = {}
    for model_id, one in found.items():
        try:
            names[model_id] = one.name
        except AutoMLError:
            names[model_id] = f"{model_id} (damaged)"
    kept = state.draft("registered")
    chosen = kept if kept in found else next(iter(found))
    if len(found) > 1:
        chosen = st.selectbox(
            "Registered model",
            list(found),
            index=list(found).index(chosen),
            format_func=lambda model_id: names[model_id],
            key=f"{page}_registered_{len(found)}",
            help="A name under which versions are kept.",
        )
    state.put_draft("registered", chosen)
    return found[chosen]


def draw_standing(registered: Registered, versions: list[Version], now: Standing) -> None:
    """Say which version is in use, since when and why."""
    by_number = {version.number: version for version in versions}
    st.subheader(errors.plain(registered.name), anchor=False)
    entries = registered.log()
    for place, (alias, icon) in zip(st.columns(2), ICONS.items(), strict=True):
        with place, st.container(border=True):
            number = now.aliases.get(alias)
            version = by_number.get(number or 0)
            if number is None:
                st.markdown(f"{icon} No {alias} yet", help=MEANING[alias])
                continue
            if version is None:
                st.markdown(f"{icon} **Version {number}** is {alias}, and its files are damaged or gone", help=MEANING[alias])
                st.caption("Roll back to an earlier version, or promote another one.")
                continue
            st.markdown(f"{icon} **Version {number}** is {alias}", help=MEANING[alias])
            st.caption(f"{errors.plain(version.candidate)}, {errors.plain(version.metric_label)} {score(version)}")
            last = next(entry for entry in reversed(entries) if entry.alias == alias and entry.version == number)
            st.caption(f"Since {when(last.time)}, by {errors.plain(last.who)}: {errors.plain(last.text)}")


def score(version: Version) -> str:
    """Return a version's score in words, with where it comes from."""
    held = version.held_out
    if held is not None:
        between = f" ({in_words(held.low)} to {in_words(held.high)})" if held.low is not None and held.high is not None else ""
        return f"{in_words(held.value)}{between} on {held.rows:,} held-out rows"
    return "not scored" if version.score is None else f"{in_words(version.score, version.spread)} over the folds"


def draw_log(registered: Registered) -> None:
    """Draw who changed what, when and why, newest first."""
    st.dataframe(
        [
            {"When": when(entry.time), "Who": entry.who, "What": entry.sentence, "Why": entry.text}
            for entry in reversed(registered.log())
        ],
        hide_index=True,
        key=f"models_log_{registered.id}",
        placeholder="",
        alt="What was done with the versions, newest first",
        column_config={
            "Who": st.column_config.TextColumn(width="medium"),
            "Why": st.column_config.TextColumn(width="large"),
        },
    )
