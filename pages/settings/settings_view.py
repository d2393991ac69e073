"""The parts of the Settings page: limits, old work, who may come in."""

from __future__ import annotations

import streamlit as st

from automl_core.people.limits import space_of
from automl_core.people.person import acting
from automl_core.people.settings import LIMITS, save_settings, settings_of
from pages.shared import caches, errors, people, state

SHOWN = 500


def draw_space() -> None:
    """Draw how much of the disk the person takes."""
    space = space_of(caches.workspace(), acting().id)
    st.progress(min(space.used / space.most, 1.0), text=f"**Your space.** {space.sentence}")
    if space.filling:
        st.warning("It is nearly full. When it is full, nothing new is begun; clean up old work.", icon=":material/hard_drive:")


def draw_limits() -> None:
    """Draw the limits: a form for administrators, a list for everybody else."""
    settings = settings_of(caches.workspace())
    if not acting().everywhere:
        st.caption("Administrators change these.")
        for limit in LIMITS.values():
            st.markdown(f"{limit.words}: **{getattr(settings.limits, limit.name):,}** {limit.unit}", help=limit.help)
        return
    with st.form("settings_limits", border=False):
        columns = st.columns(2)
        for number, limit in enumerate(LIMITS.values()):
            label = limit.words if limit.unit in limit.words.lower() else f"{limit.words}, {limit.unit}"
            value = columns[number % 2].number_input(
                label, limit.least, limit.most, getattr(settings.limits, limit.name), step=1,
                key=f"settings_{limit.name}", help=f"{limit.help} Usually {limit.default:,}.",
            )  # fmt: skip
            settings = settings.changed(limit.name, int(value))
        webhooks = st.text_input(
            "Networks inside that alerts may go to", ", ".join(settings.webhooks), key="settings_webhooks",
            placeholder="10.0.0.0/8, 192.168.1.20",
            help="Alerts go to the web by themselves. This machine and networks inside are reached only where they stand here: "
            "addresses or networks with commas between them.",
        )  # fmt: skip
        if st.form_submit_button("Save", type="primary", icon=":material/save:", help="Holds from the next click or job on."):
            with errors.shown() as outcome:
                save_settings(caches.workspace(), settings.changed("webhooks", webhooks))
            if not outcome.failed:
                st.success("The limits are saved.", icon=":material/check:")


def draw_clean() -> None:
    """List what the rule lets go, and remove it when asked."""
    import pandas as pd

    from automl_core.cleanup import clean_up, old_work, rule

    workspace = caches.workspace()
    st.markdown(rule(workspace))
    found = old_work(workspace)
    if not found:
        st.info("Nothing can go.", icon=":material/info:")
        return
    size = sum(old.size for old in found)
    st.dataframe(
        pd.DataFrame(
            {
                "Project": [old.project for old in found[:SHOWN]],
                "Work": [old.id for old in found[:SHOWN]],
                "Kind": [old.kind for old in found[:SHOWN]],
                "Ended": [pd.Timestamp(old.ended, unit="s") for old in found[:SHOWN]],
                "MB": [old.size / 2**20 for old in found[:SHOWN]],
            }
        ),
        key="settings_old",
        hide_index=True,
        alt="Work and uploaded files that can go, oldest first",
        column_config={
            "MB": st.column_config.NumberColumn(format="%.1f", help="Size on the disk."),
            "Ended": st.column_config.DatetimeColumn(format="YYYY-MM-DD", help="When it last did something."),
        },
    )
    st.caption(f"{len(found):,} can go, {size / 2**20:,.1f} MB. Removing cannot be undone.")
    if st.button(
        f"Remove {len(found):,}", key="settings_clean", type="primary", icon=":material/delete_sweep:",
        help="Removes what the list shows; what is used meanwhile stays.",
    ):  # fmt: skip
        with errors.shown() as outcome, st.spinner("Removing"):
            count, freed = clean_up(workspace, found)
        if not outcome.failed:
            state.say(f"{count:,} were removed, {freed / 2**20:,.1f} MB are free.")
            st.rerun()


def draw_people() -> None:
    """Say who may come in, and let administrators change it."""
    settings = settings_of(caches.workspace())
    if not people.configured():
        st.markdown(
            "Nobody signs in: whoever opens the app here may do everything, and other machines cannot connect. "
            "`docs/people.md` says how people sign in."
        )
        return
    if not acting().everywhere:
        listed = ", ".join(map(errors.plain, settings.administrators)) or "named on the command line only"
        st.markdown(f"Administrators: {listed}.")
        return
    with st.form("settings_people", border=False):
        chiefs = st.text_input(
            "Administrators", ", ".join(settings.administrators), key="settings_administrators", placeholder="ada@example.org",
            help="They see every project and change these settings. Addresses with commas between them.",
        )  # fmt: skip
        allowed = st.text_input(
            "May sign in", ", ".join(settings.allowed), key="settings_allowed", placeholder="@example.org, ben@elsewhere.org",
            help="Addresses, endings such as @example.org, or * for everyone whom the provider knows. Administrators always may.",
        )  # fmt: skip
        if st.form_submit_button("Save", type="primary", icon=":material/save:", help="Holds from everybody's next click on."):
            with errors.shown() as outcome:
                changed = settings.changed("administrators", chiefs).changed("allowed", allowed)
                save_settings(caches.workspace(), changed)
            if not outcome.failed:
                st.success("It is saved.", icon=":material/check:")
