"""Every version of a registered model as a row, and one of them in detail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import errors, state
from pages.shared.models_view import score, when

if TYPE_CHECKING:
    from automl_core.registry.records import Standing, Version
    from automl_core.registry.store import Registered


def draw(registered: Registered, versions: list[Version], now: Standing) -> None:
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
            "Rows": st.column_config.NumberColumn(format="localized", help="Rows it learned from."),
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
