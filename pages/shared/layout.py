"""What every page has: a title with its question, and the next step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.workspace import read_json
from pages.shared import caches, errors, people, state
from pages.shared.pagelist import PAGES

if TYPE_CHECKING:
    import pandas as pd


INK = """<style>
button:is([kind="primary"], [kind="primaryFormSubmit"]):not(:disabled) { color: light-dark(#FFFFFF, #0B1414) }
button:is([kind="primary"], [kind="primaryFormSubmit"]):not(:disabled):is(:hover, :focus-visible) {
  background-image: linear-gradient(light-dark(transparent, #5CC4C4) 0 0) }
.stMultiSelect [data-tag]:has([aria-label^="Remove"]) { color: light-dark(#FFFFFF, #0B1414) }
[data-testid="stButtonGroup"] [data-selected]:is([data-hovered], [data-focus-visible]) {
  color: light-dark(#0F6B6B, #5CC4C4) !important }
</style>"""
"""Words on the accent: in the dark theme Streamlit's white is 3:1 on an accent that is light enough to be read itself.

The browser chooses by the theme it shows; the server learns of a switch of the theme only with the next click.
"""


def ink() -> None:
    """Let what stands on the accent be readable in both themes."""
    st.html(INK)
    if st.context.theme.type == "dark":  # dialogs stand outside the page and do not know its theme
        st.html("<style>body > :not(#root) { color-scheme: dark }</style>")


def header(page: str, *, notice: bool = True) -> None:
    """Draw a page's title and the question it answers, and what was said before the last rerun, unless the page does that."""
    info = PAGES[page]
    st.title(info.title, anchor=False)
    st.caption(info.question)
    if state.get("project"):
        people.tell_viewer()
    if notice:
        draw_notice()


def draw_notice() -> None:
    """Draw what was said before the last rerun."""
    said = state.take_notice()
    if said:
        st.success(said, icon=":material/check:")


def next_step(page: str, sentence: str, label: str, *, primary: bool = False, **ids: str) -> None:
    """End a page with what comes next; draws nothing while that page is not there.

    Parameters
    ----------
    page : str
        Key in `PAGES`.
    sentence : str
        Why one would go there.
    label : str
        Text of the button, a verb first.
    primary : bool
        Only where the page has no other primary action left.
    **ids : str
        Ids to choose on the way, see `state.choose`.
    """
    if not PAGES[page].ready:
        return
    st.divider()
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(sentence)
        kind = "primary" if primary else "secondary"
        if st.button(label, key=f"next_{page}", type=kind, icon=PAGES[page].icon, help=PAGES[page].question):
            go_to(page, **ids)


def link_to(page: str, label: str, *, help: str | None = None, **ids: str) -> None:
    """Draw a link to a page that carries the chosen ids, with changes; nothing while the page is not there."""
    info = PAGES[page]
    if info.ready:
        st.page_link(info.script, label=label, icon=info.icon, help=help or info.question, query_params=state.after(**ids))


def go_to(page: str, **ids: str) -> None:
    """Switch to a page at once, carrying the chosen ids, with changes."""
    state.choose(**ids)
    st.switch_page(PAGES[page].script, query_params=state.ids())


def empty(sentence: str, page: str, label: str) -> None:
    """Say what is missing and link to where it comes from."""
    st.info(sentence, icon=":material/info:")
    link_to(page, label)


def where_am_i() -> None:
    """Name the open project and table, in the sidebar."""
    project_id = state.get("project")
    if not project_id:
        return
    try:
        name = read_json(caches.project_folder(project_id).meta)["name"]
        st.caption(f":material/folder_open: {errors.plain(name)}")
        if state.get("dataset"):
            st.caption(f":material/table: {errors.plain(caches.dataset(project_id, state.get('dataset')).name)}")
    except AutoMLError:
        return  # the page itself says what is missing, and where to go


def ready(page: str) -> bool:
    """Whether a page is there."""
    return PAGES[page].ready


def days(frame: pd.DataFrame) -> dict[str, Any]:
    """Return how the columns are drawn whose dates all are midnights: as days, without a time."""
    moments = frame.select_dtypes("datetime")
    return {
        name: st.column_config.DateColumn(format="YYYY-MM-DD")
        for name in moments.columns
        if (moments[name].dropna() == moments[name].dropna().dt.normalize()).all()
    }
