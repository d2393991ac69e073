"""Settings: how much may be taken, what can go, and where is the backup?"""

from __future__ import annotations

import streamlit as st

from pages.settings import backup_view, settings_view
from pages.shared import errors, layout

layout.header("settings")
limits, clean, backup, people = st.tabs(["Limits", "Clean up", "Backup", "People"], key="settings_tabs")
with limits, errors.shown():
    settings_view.draw_space()
    settings_view.draw_limits()
with clean, errors.shown():
    settings_view.draw_clean()
with backup, errors.shown():
    backup_view.draw_backup()
with people, errors.shown():
    settings_view.draw_people()
