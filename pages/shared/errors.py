"""How errors are shown: a person's beside the control, ours with the log's id."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.log import log_error
from automl_core.workspace import Workspace
from pages.shared import state

KEPT = "failed"
"""The draft that a callback's failure waits in."""
JOINER = "\u2060"
ADDRESS = re.compile(r"(://|\bwww(?=\.)|@(?=\w))", re.IGNORECASE)
"""Where an address begins: an invisible sign behind it keeps it from becoming a link."""


@dataclass
class Outcome:
    """What became of a `shown` block; `failed` turns true when it ended early."""

    failed: bool = False


@contextlib.contextmanager
def shown() -> Iterator[Outcome]:
    """Show whatever goes wrong in the block, at this place of the page.

    An `AutoMLError` is shown in its own words. Anything else is a defect of ours: its traceback goes to the log, and
    the page shows a short apology with the log's id. The page goes on after the block; ask the outcome whether it
    `failed`.
    """
    outcome = Outcome()
    try:
        yield outcome
    except AutoMLError as error:
        outcome.failed = True
        show(error)
    except Exception as error:  # noqa: BLE001 - the border of the app; logged with its traceback
        outcome.failed = True
        apologise(error)


@contextlib.contextmanager
def kept(place: str) -> Iterator[Outcome]:
    """Keep whatever goes wrong in a callback, which runs before the page is drawn, until `show_kept` shows it at its place."""
    outcome = Outcome()
    try:
        yield outcome
    except AutoMLError as error:
        outcome.failed = True
        state.put_draft(KEPT, (place, _said(error), ":material/error:"))
    except Exception as error:  # noqa: BLE001 - the border of the app; logged with its traceback
        outcome.failed = True
        state.put_draft(KEPT, (place, _apology(log(error)), ":material/bug_report:"))


def show_kept(place: str = "") -> None:
    """Show once what `kept` kept for this place; without one whatever is left, such as of a row that is gone."""
    found = state.draft(KEPT)
    if found and place in ("", found[0]):
        forget_kept()
        st.error(found[1], icon=found[2])


def forget_kept() -> None:
    """Forget what `kept` kept."""
    state.put_draft(KEPT, None)


def show(error: AutoMLError) -> None:
    """Show a person's error: what was received and needed, then what to do."""
    st.error(_said(error), icon=":material/error:")


def _said(error: AutoMLError) -> str:
    text = " ".join(plain(part) for part in (error.received, error.needed) if part)
    if error.action:
        text += f"\n\n**{plain(error.action)}**"
    return text


def apologise(error: Exception) -> str:
    """Log a defect of ours with its traceback and show the log's id; returns the id."""
    log_id = log(error)
    st.error(_apology(log_id), icon=":material/bug_report:")
    return log_id


def _apology(log_id: str) -> str:
    return (
        f"Something went wrong on our side; your data is untouched. The details are in the log under {log_id}.\n\n"
        "**Try again, and report the id if it happens twice.**"
    )


def log(error: Exception) -> str:
    """Append a traceback to the day's log and return its id."""
    return log_error(Workspace.default(), error, "app")


def plain(text: str) -> str:
    """Return text that Streamlit shows letter by letter, for names and cells that came from a file; no link is made of it."""
    for sign in "\\`*_[]$#<>~:":
        text = text.replace(sign, "\\" + sign)
    return ADDRESS.sub("\\1" + JOINER, text)
