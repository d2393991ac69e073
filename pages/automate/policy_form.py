"""What a policy is asked for: when, on what, how, and then what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.shared import errors, people, state

if TYPE_CHECKING:
    from automl_core.registry.store import Registered

WHEN = {
    "data": "New rows arrive",
    "time": "Time has passed",
    "drift": "Drift says act",
    "performance": "Performance falls",
    "limits": "Errors, latency or performance cross their limits",
}
WHERE = {"files": "A folder or file", "table": "A table of a database"}
ON = {"all": "All rows", "last_rows": "The last rows", "last_days": "The last days", "since": "Rows since the last version"}
HOW = {"refit": "The same model, fitted again", "search": "The same recipe, a new search", "anew": "Everything anew"}
THEN = {
    "challenger": "Propose it; a person decides",
    "promote": "Promote it when it wins by more than chance",
    "rollback": "Roll back to the champion before",
    "fallback": "Answer by a chosen version",
}


def ask(registered: Registered) -> None:
    """Draw the form of a new policy and keep it."""
    from automl_core.retraining.policy import Policy, check_policy, list_policies, save_policy

    count = len(list_policies(registered))
    with st.expander("New policy", icon=":material/add:"):
        name = st.text_input(
            "Name", f"Policy {count + 1}", key=f"automate_name_{count}", max_chars=60, help="Stands in every record."
        )
        left, right = st.columns(2)
        with left:
            when = st.selectbox("When", list(WHEN), format_func=WHEN.__getitem__, key="automate_when", help="What it waits for.")
            days, watched, drop, table = 7.0, "", 0.1, {}
            if when == "time":
                days = st.number_input("Every so many days", 0.01, 3650.0, 7.0, key="automate_days", help="Since it last fired.")
            elif when == "data":
                watched, table = _source()
            elif when == "performance":
                share = st.number_input(
                    "Falls by, %", 1.0, 100.0, 10.0, key="automate_drop",
                    help="Below the version's own score: true where there are labels, else estimated.",
                )  # fmt: skip
                drop = share / 100
        choices = [one for one in THEN if when != "data" or one in ("challenger", "promote")]
        with right:
            then = st.selectbox(
                "Then", choices, format_func=THEN.__getitem__, key=f"automate_then_{when}", help="Nothing is promoted that loses."
            )
            fallback = 0
            if then == "fallback":
                fallback = st.selectbox("Version", registered.numbers, key="automate_fallback", help="Becomes champion.")
        on, how, rows, span, time_column, budget = "all", "refit", 10_000, 365.0, "", 60.0
        if then in ("challenger", "promote"):
            with left:
                on = st.selectbox("On", list(ON), format_func=ON.__getitem__, key="automate_on", help="Which rows are learned.")
                if on == "last_rows":
                    rows = st.number_input("Rows", 30, 100_000_000, 10_000, key="automate_rows", help="The newest so many.")
                elif on == "last_days":
                    span = st.number_input("Days", 1.0, 36_500.0, 365.0, key="automate_span", help="Back from the newest row.")
            with right:
                how = st.selectbox("How", list(HOW), format_func=HOW.__getitem__, key="automate_how", help="What is made anew.")
                budget = st.number_input(
                    "Seconds",
                    5.0,
                    86_400.0,
                    60.0,
                    format="%g",
                    key="automate_budget",
                    help="Budget of the search, or the limit of the fit.",
                )
            dates = ["", *(name for name, kind in _columns(registered) if kind == "date")]
            time_column = st.selectbox(
                "Ordered by", dates, format_func=lambda one: one or "the order in which they arrive", key="automate_order",
                help="The newest labelled rows judge; a date column says which those are.",
            )  # fmt: skip
        policy = Policy(
            name.strip(), when, on, how, then, days=float(days), watched=watched.strip(), drop=float(drop), rows=int(rows),
            span_days=float(span), time_column=time_column, budget=float(budget), fallback=int(fallback), **table,
        )  # fmt: skip
        st.caption(errors.plain(policy.sentence))
        if st.button(
            "Keep this policy", key="automate_save", icon=":material/save:", **people.changing("Holds from the next look on.")
        ):
            with errors.shown() as kept:
                save_policy(registered, check_policy(policy, registered))
            if not kept.failed:
                state.say("The policy is kept.")
                st.rerun()


def _source() -> tuple[str, dict[str, Any]]:
    """Ask where new rows arrive: a folder or file, or a table with what is to be known of it."""
    place = st.segmented_control(
        "Where", list(WHERE), format_func=WHERE.__getitem__, default="files", required=True, key="automate_where",
        help="Where new rows arrive.",
    )  # fmt: skip
    if place == "files":
        watched = st.text_input(
            "Folder or file", key="automate_watched", placeholder="/data/inbox",
            help="On this machine. Every kind of file that can be uploaded is taken, compressed ones too. A file that is still "
            "being written is left until it is still for five seconds.",
        )  # fmt: skip
        part = st.text_input(
            "Sheet", key="automate_part", placeholder="found from the file",
            help="Of workbooks with several sheets, the one that is read; also a table of a database file, a file of an archive.",
        )  # fmt: skip
        return watched, {"part": part.strip()}
    return "", {
        "database": st.text_input(
            "Address", key="automate_database", placeholder="postgresql://user@host/database",
            help="Or sqlite:///path of a file below an open folder. Without a password: that comes from PGPASSWORD or a password "
            "file, as psql takes it.",
        ).strip(),
        "query": st.text_area(
            "Statement", key="automate_query", placeholder="SELECT * FROM orders", height=80,
            help="One SELECT. It needs the columns that the model learned from, the target among them; it can only read.",
        ).strip(),
        "key": st.text_input(
            "Key", key="automate_key", placeholder="id",
            help="The column that grows with every row, a number or a time: rows above the last one are new.",
        ).strip(),
        "after": st.text_input("New above", key="automate_after", help="The key of the last row that is old; empty for none."),
        "least": int(
            st.number_input("Rows to wait for", 1, 100_000_000, 100, key="automate_least", help="Fewer are left for later.")
        ),
    }  # fmt: skip


def _columns(registered: Registered) -> list[tuple[str, str]]:
    """Return name and kind of every column of the table that the newest version learned from, as far as it is there."""
    from automl_core.data.dataset import load_dataset
    from automl_core.errors import AutoMLError

    version = registered.version(registered.numbers[0])
    try:
        dataset = load_dataset(registered.project.dataset(str(version.lineage["dataset_id"])))
    except AutoMLError:
        return list(version.inputs)
    return [(column.name, column.kind) for column in dataset.schema]
