"""What MLflow has of a registered model, and how its own tools are used on it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.workspace import ProjectFolder
from pages.shared import errors, jobs, people

if TYPE_CHECKING:
    from automl_core.registry.store import Registered


def draw(project: ProjectFolder, registered: Registered) -> None:
    """Say what MLflow has of this model, and how its own tools are used on it."""
    from automl_core.registry.mirror import mirrored, synced

    there = {number: mirrored(registered, number) for number in registered.numbers}
    uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{registered.workspace.mlflow / 'mlflow.db'}"
    missing = [number for number, place in there.items() if place is None]
    complete = synced(registered)
    if complete:
        st.markdown(":material/check: MLflow has every version, alias and note.")
    elif missing:
        st.markdown(
            f":material/sync_problem: MLflow lacks version{'s' * (len(missing) > 1)} {', '.join(map(str, sorted(missing)))}."
        )
    else:
        st.markdown(":material/sync_problem: MLflow has every version, and not yet the latest aliases and notes.")
    params = {"model": registered.id}
    found = jobs.find(project, "mirror", params)
    active = jobs.panel(project, found.name, key=f"models_mirror_{registered.id}").active if found and not complete else False
    if (not complete and not active) and st.button(
        "Bring it to MLflow",
        key=f"models_mirror_{registered.id}_start",
        icon=":material/sync:",
        **people.changing("Writes versions, aliases and notes to the registry; what is there already stays."),
    ):
        with errors.shown() as started, st.spinner("Starting"):
            jobs.start(project, "mirror", params)
        if not started.failed:
            st.rerun()
    st.caption("MLflow's own pages and its own server work on it:")
    address = public(uri)
    st.code(
        f"mlflow ui --backend-store-uri {address}\n"
        f"MLFLOW_TRACKING_URI={address} mlflow models serve -m 'models:/{registered.name}@champion' --env-manager local -p 5001",
        language="bash",
        wrap_lines=True,
    )


def public(uri: str) -> str:
    """Return an address without the password that may stand in it."""
    scheme, sign, rest = uri.partition("://")
    return f"{scheme}{sign}{rest.rpartition('@')[2]}" if "@" in rest else uri
