"""Registered models as they stand: champion and challenger, every version, the log, and what MLflow has of them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.leaderboard import in_words
from automl_core.workspace import ProjectFolder
from pages.shared import errors, jobs, people, state

if TYPE_CHECKING:
    from automl_core.registry.records import Standing, Version
    from automl_core.registry.store import Registered

ICONS = {"champion": ":material/trophy:", "challenger": ":material/upgrade:"}
MEANING = {
    "champion": "The version that is in use: NAME@champion leads to it.",
    "challenger": "A version that may become champion: NAME@challenger leads to it.",
}


def when(moment: float) -> str:
    """Return a moment in the server's time, short."""
    return time.strftime("%d %b %Y, %H:%M", time.localtime(moment))


def choose(project: ProjectFolder, page: str = "models") -> Registered | None:
    """Let the person choose a registered model that has versions; None while the project has none."""
    from automl_core.registry.store import list_registered

    found = {one.id: one for one in list_registered(project) if one.numbers}
    if not found:
        return None
    names = {}
    for model_id, one in found.items():
        try:
            names[model_id] = one.name
        except AutoMLError:
            names[model_id] = f"{model_id} (damaged)"
    kept = state.draft("registered")
    chosen = kept if kept in found else next(iter(found))
    if len(found) > 1:
        chosen = st.selectbox(
            "Registered model",
            list(found),
            index=list(found).index(chosen),
            format_func=lambda model_id: names[model_id],
            key=f"{page}_registered_{len(found)}",
            help="A name under which versions are kept.",
        )
    state.put_draft("registered", chosen)
    return found[chosen]


def draw_standing(registered: Registered, versions: list[Version], now: Standing) -> None:
    """Say which version is in use, since when and why."""
    by_number = {version.number: version for version in versions}
    st.subheader(errors.plain(registered.name), anchor=False)
    entries = registered.log()
    with st.container(horizontal=True):
        for alias, icon in ICONS.items():
            with st.container(border=True):
                number = now.aliases.get(alias)
                version = by_number.get(number or 0)
                if version is None:
                    st.markdown(f"{icon} No {alias} yet", help=MEANING[alias])
                    continue
                st.markdown(f"{icon} **Version {number}** is {alias}", help=MEANING[alias])
                st.caption(f"{errors.plain(version.candidate)}, {errors.plain(version.metric_label)} {score(version)}")
                last = next(entry for entry in reversed(entries) if entry.alias == alias and entry.version == number)
                st.caption(f"Since {when(last.time)}, by {errors.plain(last.who)}: {errors.plain(last.text)}")


def score(version: Version) -> str:
    """Return a version's score in words, with where it comes from."""
    held = version.held_out
    if held is not None:
        between = f" ({in_words(held.low)} to {in_words(held.high)})" if held.low is not None and held.high is not None else ""
        return f"{in_words(held.value)}{between} on {held.rows:,} held-out rows"
    return "not scored" if version.score is None else f"{in_words(version.score, version.spread)} over the folds"


def draw_table(registered: Registered, versions: list[Version], now: Standing) -> None:
    """Draw every version as a row, newest first."""
    rows = [
        {
            "Version": version.number,
            "In use as": ", ".join(now.aliases_of(version.number)),
            "Score": version.judged,
            "From": "held-out rows" if version.held_out else "folds",
            "Model": version.candidate,
            "Table": str(version.lineage["dataset"]),
            "Rows": int(version.lineage["rows"]),
            "Registered": when(version.created),
            "Note": now.notes.get(version.number, ""),
            "How it came": version.origin,
            "Run": str(version.lineage["run"]),
            "Fingerprint": str(version.lineage["fingerprint"])[:12],
        }
        for version in versions
    ]
    st.dataframe(
        rows,
        hide_index=True,
        key=f"models_table_{registered.id}",
        placeholder="",
        alt="Every version of the model, newest first",
        column_config={
            "Score": st.column_config.NumberColumn(format="%.4g", help=f"{versions[0].metric_label}, of the rows named beside."),
            "Rows": st.column_config.NumberColumn(help="Rows it learned from."),
            "Run": st.column_config.TextColumn(help="The comparison in which it was made."),
            "Fingerprint": st.column_config.TextColumn(help="Of the table it learned from; the same for the same content."),
        },
    )
    if len({version.metric for version in versions}) > 1:
        st.caption(":material/info: The versions were ranked by different metrics; compare two to see them on the same rows.")
    newest = versions[0]
    home = registered.home(newest.number)
    shown = st.selectbox(
        "Details of version",
        [version.number for version in versions],
        key=f"models_detail_{registered.id}_{newest.number}",
        help="Its lineage, columns, parameters, and its files to download.",
    )
    chosen = next(version for version in versions if version.number == shown)
    home = registered.home(chosen.number)
    with st.expander(f"Version {shown} in detail", icon=":material/info:"):
        _detail(registered, chosen)
        with st.container(horizontal=True):
            _download(registered, chosen)
            if (home / "report.html").exists():
                st.download_button(
                    "Download its report", (home / "report.html").read_bytes, f"{registered.name}-{shown}.html", "text/html",
                    key=f"models_report_{registered.id}_{shown}", icon=":material/download:", on_click="ignore",
                    help="Scores, curves and what matters to it, as one page.",
                )  # fmt: skip


def _detail(registered: Registered, version: Version) -> None:
    lineage = version.lineage
    facts = {
        "Predicts": f"{version.target} ({version.task})",
        "Learned from": f"{lineage['dataset']}, {lineage['rows']:,} rows, fingerprint {lineage['fingerprint'][:12]}",
        "Made in": f"run {lineage['run']}, {lineage['made']}, {lineage['product']}",
        "Score": f"{version.metric_label} {score(version)}",
        "Weights": ", ".join(f"{name} {weight:.2g}" for name, weight in version.params.get("weights", {}).items()),
        "Columns": ", ".join(f"{name} ({kind})" for name, kind in version.inputs[:40]),
        "File": f"{version.size / 2**20:,.1f} MB, SHA-256 {version.sha256[:16]}…, {version.real_rows} real rows inside",
        "Address": f"{registered.name}@{version.number}",
    }
    st.markdown("  \n".join(f"**{name}:** {errors.plain(text)}" for name, text in facts.items()))


def _download(registered: Registered, version: Version) -> None:
    key = f"models_checked_{registered.id}_{version.number}"
    if not state.draft(key):
        if st.button("Get its file", key=f"{key}_ask", icon=":material/inventory_2:", help="Checks its hash, then offers it."):
            with errors.shown() as checked:
                _ = registered.model(version.number)
            if not checked.failed:
                state.put_draft(key, True)
                st.rerun()
        return
    st.download_button(
        "Download the model", registered.model(version.number).read_bytes, f"{registered.name}-{version.number}.zip",
        "application/zip", key=f"{key}_download", icon=":material/download:", on_click="ignore",
        help="The zip that was registered; its hash was checked.",
    )  # fmt: skip


def draw_log(registered: Registered) -> None:
    """Draw who changed what, when and why, newest first."""
    st.dataframe(
        [
            {"When": when(entry.time), "Who": entry.who, "What": entry.sentence, "Why": entry.text}
            for entry in reversed(registered.log())
        ],
        hide_index=True,
        key=f"models_log_{registered.id}",
        placeholder="",
        alt="What was done with the versions, newest first",
        column_config={"Why": st.column_config.TextColumn(width="large")},
    )


def draw_mlflow(project: ProjectFolder, registered: Registered) -> None:
    """Say what MLflow has of this model, and how its own tools are used on it."""
    import os

    from automl_core.registry.mirror import mirrored, synced

    there = {number: mirrored(registered, number) for number in registered.numbers}
    uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{registered.workspace.mlflow / 'mlflow.db'}"
    missing = [number for number, place in there.items() if place is None]
    complete = synced(registered)
    if complete:
        st.markdown(":material/check: MLflow has every version, alias and note.")
    elif missing:
        st.markdown(f":material/sync_problem: MLflow lacks version {', '.join(map(str, sorted(missing)))}.")
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
    )


def public(uri: str) -> str:
    """Return an address without the password that may stand in it."""
    scheme, sign, rest = uri.partition("://")
    return f"{scheme}{sign}{rest.rpartition('@')[2]}" if "@" in rest else uri
