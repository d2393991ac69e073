"""Tablewright's entrypoint: page config, sign-in, navigation in stages, sidebar. Nothing else."""

from __future__ import annotations

import streamlit as st

from pages.shared import entrance, errors, host, layout, people, running_view, state
from pages.shared.pagelist import PAGES, ROOT

# A picture of our own: Streamlit has browsers fetch Material icons of the title from elsewhere.
st.set_page_config(page_title="Tablewright", page_icon=str(ROOT / "pages" / "shared" / "icon.png"), layout="wide")
layout.ink()
state.sync()
host.warm()

stages: dict[str, list[st.Page]] = {}
for page in PAGES.values():
    if page.ready:
        stages.setdefault(page.stage, []).append(
            st.Page(
                page.script,
                title=page.title,
                icon=page.icon,
                url_path=page.key,
                help=page.question,
                default=page.key == "projects",
            )
        )
# No page hides behind "View more"; somebody who is not signed in sees none.
chosen = st.navigation(stages, expanded=True, position="sidebar" if people.recognised() else "hidden")
entrance.gate()
with st.sidebar:
    entrance.account()
    layout.where_am_i()
    running_view.sidebar()
try:
    with errors.shown():
        chosen.run()
    state.forget_strangers()
finally:  # also where a page ends early
    host.load_ahead()
    host.spare_collector()
