"""Activity: who did what, and when?"""

from __future__ import annotations

import time

import pandas as pd
import streamlit as st

from automl_core.people import access, audit
from automl_core.people.person import acting
from automl_core.workspace import read_json
from pages.shared import caches, errors, layout

SHOWN = 1000
FEW, TALL = 13, 492
"""So many rows are drawn whole; more scroll in a list of this height."""
OUTCOMES = {"done": "Done", "refused": "Refused", "failed": "Failed"}


def project_names() -> dict[str, str]:
    """Return the names of the projects that the person may see, by id."""
    workspace = caches.workspace()
    names = {}
    for project_id in access.visible(workspace):
        with errors.shown():
            names[project_id] = str(read_json(workspace.project(project_id).meta)["name"])
    return names


def choose(found: list[audit.Entry], names: dict[str, str]) -> list[audit.Entry]:
    """Let the person narrow the list."""
    who, what, where, how = st.columns(4)
    people = who.multiselect("Who", sorted({entry.who for entry in found}), key="activity_who", help="Nobody chosen: everybody.")
    acts = what.multiselect(
        "What", sorted({audit.words_of(entry) for entry in found}), key="activity_what", help="Nothing chosen: everything."
    )
    projects = where.multiselect(
        "Project", [name for name in names if any(entry.project == name for entry in found)], key="activity_project",
        format_func=lambda name: names[name], help="None chosen: all, also those that were deleted.",
    )  # fmt: skip
    outcomes = how.multiselect(
        "Outcome", list(OUTCOMES), key="activity_outcome", format_func=OUTCOMES.__getitem__,
        help="What was refused, or failed with its reason.",
    )  # fmt: skip
    return [
        entry
        for entry in found
        if (not people or entry.who in people)
        and (not acts or audit.words_of(entry) in acts)
        and (not projects or entry.project in projects)
        and (not outcomes or entry.outcome in outcomes)
    ]


layout.header("activity")
with errors.shown():
    person, names = acting(), project_names()
    found = audit.seen_by(person, audit.entries(caches.workspace()), set(names))
    if not person.everywhere:
        st.caption("What you did, and what was done in the projects that you see.")
    chosen = choose(found, names)
    if not chosen:
        st.info("Nothing is written down yet." if not found else "Nothing fits.", icon=":material/info:")
        st.stop()
    table = pd.DataFrame(
        {
            "Time": [pd.Timestamp(entry.time, unit="s") for entry in chosen[:SHOWN]],
            "Who": [entry.who for entry in chosen[:SHOWN]],
            "What": [audit.words_of(entry) for entry in chosen[:SHOWN]],
            "Outcome": [OUTCOMES.get(entry.outcome, entry.outcome) for entry in chosen[:SHOWN]],
            "Project": [names.get(entry.project, entry.project) for entry in chosen[:SHOWN]],
            "Detail": [entry.detail for entry in chosen[:SHOWN]],
            "Object": [entry.what for entry in chosen[:SHOWN]],
        }
    )
    st.dataframe(
        table,
        key="activity_table",
        hide_index=True,
        height="content" if len(table) <= FEW else TALL,
        alt="Acts, newest first",
        column_config={
            "Time": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss", help="In UTC.", width=150),
            "Project": st.column_config.TextColumn(width="medium"),
        },
    )
    more = f" The newest {SHOWN:,} of {len(chosen):,} are shown; the file has all of them." if len(chosen) > SHOWN else ""
    st.caption(f"Times are in UTC. Every line is sealed with the one before it, so that a changed one is found.{more}")
    with st.container(horizontal=True):
        st.download_button(
            "Download as CSV", audit.as_csv(chosen), f"activity-{time.strftime('%Y-%m-%d')}.csv", "text/csv",
            key="activity_download", icon=":material/download:", help="What the list shows, in its order.",
        )  # fmt: skip
        asked = person.everywhere and st.button(
            "Check the seals", key="activity_check", icon=":material/verified:", help="Reads the whole log."
        )
    if asked:
        checked = audit.check(caches.workspace())
        if checked.broken:
            st.error(
                f"{len(checked.broken):,} lines do not follow from the one before, the first is line {checked.broken[0]:,}.",
                icon=":material/error:",
            )
        else:
            st.success(f"All {checked.entries:,} entries follow from one another.", icon=":material/check:")
