"""Two versions side by side: what differs in data, recipe, settings and scores, and the rows they disagree on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from automl_core.workspace import ProjectFolder
from pages.shared import caches, errors, jobs, people

if TYPE_CHECKING:
    from automl_core.registry.comparing import Comparison, Line
    from automl_core.registry.records import Standing, Version
    from automl_core.registry.store import Registered

OWN = "The rows kept aside for the newer one"


def draw(project: ProjectFolder, registered: Registered, versions: list[Version], now: Standing) -> None:
    """Let the person choose two versions and rows, and show the comparison."""
    from automl_core.registry.comparing import Comparison

    numbers = [version.number for version in versions]
    if len(numbers) < 2:
        st.caption("There is one version; a second one can be compared with it.")
        return
    key = f"models_compare_{registered.id}_{numbers[0]}"
    champion = now.aliases.get("champion", 0)
    champion = champion if champion in numbers else numbers[1]
    other = next(number for number in numbers if number != champion)
    left, middle, right = st.columns(3)
    with left:
        first = st.selectbox(
            "Version", numbers, index=numbers.index(champion), key=f"{key}_first", help="By default the champion."
        )
    with middle:
        second = st.selectbox("Against", numbers, index=numbers.index(other), key=f"{key}_second", help="Set against the first.")
    tables = {"": OWN, **{one: caches.dataset(project.id, one).name for one in project.list("datasets")[:30]}}
    with right:
        dataset = st.selectbox(
            "On rows of", list(tables), format_func=tables.__getitem__, key=f"{key}_rows",
            help="Both predict these rows; where the true outcome is there, both are judged on them.",
        )  # fmt: skip
    params = {"model": registered.id, "first": first, "second": second, "dataset": dataset}
    found = jobs.find(project, "versions", params)
    if found is not None:
        following = jobs.panel(project, found.name, key=f"{key}_job")
        if following.active:
            return
        if (found / "comparison.json").exists():
            draw_comparison(Comparison.from_dict(caches.result(found / "comparison.json")), key)
            return
    if st.button(
        "Compare", key=f"{key}_start", icon=":material/compare_arrows:", **people.changing("Lets both predict the same rows.")
    ):
        with errors.shown() as outcome, st.spinner("Starting"):
            jobs.start(project, "versions", params)
        if not outcome.failed:
            st.rerun()


def draw_comparison(found: Comparison, key: str) -> None:
    """Draw a comparison: the verdict first, then scores, predictions, data, recipe, settings."""
    if found.paired:
        icon = {"better": ":material/trending_up:", "worse": ":material/trending_down:"}.get(
            found.paired.outcome, ":material/trending_flat:"
        )
        st.markdown(f"{icon} Version {found.second} against version {found.first}: {errors.plain(found.paired.sentence)}")
    if found.predictions:
        st.markdown(f"On {errors.plain(found.predictions.source)}: {errors.plain(found.predictions.sentence)}")
    for note in found.notes:
        st.caption(f":material/info: {errors.plain(note)}")
    _lines("Scores", found.scores, found, key, all_lines=True)
    if found.predictions and found.predictions.table:
        st.markdown("**Rows they disagree on most**")
        names = {"first": f"Version {found.first}", "second": f"Version {found.second}", "row": "Row", "distance": "Apart"}
        st.dataframe(
            [{names.get(name, name): value for name, value in row.items()} for row in found.predictions.table],
            hide_index=True, key=f"{key}_rows_table", height=240, placeholder="", alt="Rows with the largest difference",
            column_config={"Apart": st.column_config.NumberColumn(format="%.3g", help="How far the two predictions are apart.")},
        )  # fmt: skip
    _lines("Data", found.data, found, key, all_lines=True)
    st.markdown("**Recipe**")
    st.markdown("  \n".join(f"- {errors.plain(sentence)}" for sentence in found.recipe) or "The same steps.")
    _lines("Settings that differ", found.settings, found, key, all_lines=False)


def _lines(title: str, lines: tuple[Line, ...], found: Comparison, key: str, *, all_lines: bool) -> None:
    shown = [line for line in lines if all_lines or not line.same]
    st.markdown(f"**{title}**")
    if not shown:
        st.caption("None.")
        return
    st.dataframe(
        [
            {
                "": line.what, f"Version {found.first}": line.first, f"Version {found.second}": line.second,
                "Differs": "" if line.same else "●",
            }
            for line in shown
        ],
        hide_index=True, key=f"{key}_{title}", placeholder="", alt=title,
        column_config={"Differs": st.column_config.TextColumn(width=70, help="Where the two are not the same.")},
    )  # fmt: skip
