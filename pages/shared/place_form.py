"""Where fits are made, where whoever runs the app has named a cluster; its address is not for a browser to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import errors

if TYPE_CHECKING:
    from automl_core.search.place import Place


def ask(prefix: str) -> Place:
    """Ask between the cluster of the environment and this machine; without a cluster nothing is asked."""
    from automl_core.search.place import HERE, Place, cluster_address

    address = cluster_address()
    if not address:
        return HERE
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.segmented_control(
            "Where models are fitted",
            ("cluster", "here"),
            default="cluster",
            required=True,
            format_func={"cluster": "On the cluster", "here": "On this machine"}.__getitem__,
            key=f"{prefix}_place",
            help=f"The cluster is the one at {errors.plain(address)}, as AUTOML_RAY_ADDRESS says. It gives the same models, and "
            "fits as many at a time as it has cores.",
        )
        or_here = st.checkbox(
            "Use this machine if the cluster cannot be reached",
            key=f"{prefix}_or_here",
            disabled=chosen != "cluster",
            help="Otherwise nothing is started then, and you are told why.",
        )
    return Place(address, bool(or_here)) if chosen == "cluster" else HERE


def checked(place: Place) -> dict[str, dict[str, object]]:
    """Return what a request says of a place; raises EngineError when nothing answers there and this machine may not be used."""
    from automl_core.search.place import check_place

    check_place(place)
    return {"place": place.to_dict()}
