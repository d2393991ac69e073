"""True outcomes that come later, joined to what was logged by a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import errors, part_view, people, state, uploads

if TYPE_CHECKING:
    import pandas as pd
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from automl_core.data.origin import Choice
    from automl_core.monitoring.settings import Settings
    from automl_core.registry.store import Registered


def ask_labels(registered: Registered, settings: Settings) -> None:
    """Take a file of true outcomes and join them by key."""
    if not settings.watched:
        return
    from automl_core.monitoring.log import add_labels

    with st.expander("Add labels", icon=":material/label:"):
        st.caption("What really happened, for predictions that were logged. The same key again replaces the label before.")
        turn = state.draft("monitor_turn", 0)
        uploaded = st.file_uploader(
            "Labels", key=f"monitor_labels_{turn}", **people.changing("A table with the key and the true outcome.")
        )
        if uploaded is None:
            return
        with errors.shown():
            choice = part_view.ask_part_of(uploaded, "monitor", "The labels of this part are added.")
            frame = _labels(uploaded, choice)
            names = [str(name) for name in frame.columns]
            target = registered.version(registered.numbers[0]).target
            left, right = st.columns(2)
            with left:
                key = st.selectbox(
                    "Key", names, index=names.index(settings.key) if settings.key in names else 0, key="monitor_labels_key",
                    help="Holds what the log calls the key.",
                )  # fmt: skip
            with right:
                truth = st.selectbox(
                    "Outcome", names, index=names.index(target) if target in names else len(names) - 1,
                    key="monitor_labels_truth",
                    help="Holds the true outcome.",
                )  # fmt: skip
            if st.button(
                "Add them", key="monitor_labels_add", icon=":material/label:", **people.changing("Joins them to the log.")
            ):
                found = add_labels(registered, frame, key, truth)
                state.say(found.sentence)
                state.put_draft("monitor_turn", turn + 1)
                st.rerun()


def _labels(uploaded: UploadedFile, choice: Choice) -> pd.DataFrame:
    """Return the cells of a file of labels, which is read once for each part and not at every click beside it."""
    return _read_labels(uploaded.file_id, repr(choice), uploaded, choice)


@st.cache_resource(max_entries=2, show_spinner="Reading the labels")
def _read_labels(file_id: str, part: str, _uploaded: UploadedFile, _choice: Choice) -> pd.DataFrame:
    from automl_core.cleaning.stateless.columns import words_of
    from automl_core.data.sources.rows import read_rows

    with uploads.on_disk(_uploaded) as path:
        frame, _ = read_rows(path, _choice, name=_uploaded.name)
    return frame.apply(words_of)
