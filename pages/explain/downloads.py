"""Files that can be taken away."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

MIME = {".pdf": "application/pdf", ".html": "text/html", ".py": "text/x-python", ".ipynb": "application/x-ipynb+json"}


def offer(label: str, path: Path, name: str, key: str, help_text: str) -> None:
    """Offer a file under a name; it is read when it is asked for."""
    st.download_button(
        label,
        path.read_bytes,
        name,
        MIME.get(path.suffix, "application/octet-stream"),
        key=key,
        icon=":material/download:",
        help=help_text,
    )
