"""Policies as they stand: what they say, what they did last, and what could become one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from automl_core.workspace import ProjectFolder
from pages.shared import errors, jobs, people, state
from pages.shared.job_state import duration
from pages.shared.models_view import when

if TYPE_CHECKING:
    from automl_core.registry.store import Registered
    from automl_core.retraining.policy import Policy

OUTCOMES = {
    "promoted": ":material/trophy: Promoted",
    "challenger": ":material/upgrade: Challenger",
    "kept": ":material/inventory_2: Kept, no alias",
    "rolled back": ":material/undo: Rolled back",
    "fallback": ":material/alt_route: Fallback",
    "failed": ":material/error: Failed",
}


def _delete(registered: Registered, policy_id: str) -> None:
    from automl_core.retraining.policy import delete_policy

    if st.button(
        "Delete",
        key=f"automate_delete_{policy_id}",
        icon=":material/delete:",
        **people.changing("The record of its firings stays."),
    ):
        delete_policy(registered, policy_id)
        st.rerun()


def draw_policies(project: ProjectFolder, registered: Registered) -> None:
    """Draw each policy with its last firing and what can be done with it."""
    from dataclasses import replace

    from automl_core.retraining.policy import list_firings, readable_policies, save_policy

    (policies, damaged), firings = readable_policies(registered), list_firings(registered)
    for policy_id, fault in damaged.items():
        with st.container(border=True):
            errors.show(fault)
            _delete(registered, policy_id)
    if not policies and not damaged:
        st.caption("No policy yet. Take a suggestion, or make one below.")
    for policy in policies:
        last = next((one for one in firings if one.policy == policy.id), None)
        count = sum(one.policy == policy.id for one in firings)
        spent = sum(one.seconds for one in firings if one.policy == policy.id and one.outcome != "failed")
        with st.container(border=True):
            st.markdown(f"**{errors.plain(policy.name)}**: {errors.plain(policy.sentence)}")
            if last is None:
                st.caption("It has not fired yet." if policy.enabled else "Switched off.")
            else:
                st.caption(
                    f"Fired {count} {'time' if count == 1 else 'times'}, last {when(last.time)} because: "
                    f"{errors.plain(last.why)} {OUTCOMES[last.outcome]}. {errors.plain(last.reason)}"
                )
                if spent >= 1:
                    st.caption(f"It worked for {duration(spent)} in all.")
            with st.container(horizontal=True, vertical_alignment="center"):
                _run_now(project, registered, policy)
                label = "Switch off" if policy.enabled else "Switch on"
                if st.button(
                    label,
                    key=f"automate_switch_{policy.id}",
                    icon=":material/power_settings_new:",
                    **people.changing("It keeps its settings."),
                ):
                    with errors.shown() as switched:
                        save_policy(registered, replace(policy, enabled=not policy.enabled))
                    if not switched.failed:
                        st.rerun()
                _delete(registered, policy.id)


def _run_now(project: ProjectFolder, registered: Registered, policy: Policy) -> None:
    params = {"model": registered.id, "policy": policy.id}
    found = jobs.find(project, "policy", params)
    if found is not None:
        following = jobs.panel(project, found.name, key=f"automate_job_{policy.id}")
        if following.active:
            return
    if st.button(
        "Run now", key=f"automate_run_{policy.id}", icon=":material/play_arrow:",
        **people.changing("Does what the policy says at once, whether or not it is due."),
    ):  # fmt: skip
        with errors.shown() as started, st.spinner("Starting"):
            jobs.start(project, "policy", params)
        if not started.failed:
            st.rerun()


def draw_suggestions(project: ProjectFolder, registered: Registered) -> None:
    """Draw what was repeated by hand, each with a button that makes it a policy."""
    from dataclasses import replace

    from automl_core.retraining.policy import save_policy
    from automl_core.retraining.suggestions import suggest

    found = suggest(project, registered)
    if not found:
        return
    st.markdown("**Done by hand so far**")
    for suggestion in found:
        with st.container(border=True):
            took = f" The project's comparisons took {duration(suggestion.seconds)}." if suggestion.seconds else ""
            st.markdown(f":material/repeat: {errors.plain(suggestion.sentence)}{took}")
            watched = ""
            if suggestion.needs_folder:
                watched = st.text_input(
                    "Folder", key=f"automate_folder_{suggestion.code}", placeholder="/data/inbox",
                    help="A folder on this machine into which new files come.",
                )  # fmt: skip
            if st.button(
                "Make it a policy", key=f"automate_take_{suggestion.code}", icon=":material/add_task:",
                **people.changing(
                    "Takes in what arrives in the folder." if suggestion.needs_folder else suggestion.policy.sentence
                ),
            ):  # fmt: skip
                with errors.shown() as taken:
                    save_policy(registered, replace(suggestion.policy, watched=watched.strip()))
                if not taken.failed:
                    state.say("It is a policy now.")
                    st.rerun()
