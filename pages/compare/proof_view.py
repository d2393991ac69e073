"""How a run's rows were divided, and the proof that none was learned from and judged at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from automl_core.errors import FormatError, NotFoundError
from pages.shared import errors

if TYPE_CHECKING:
    from automl_core.runs import Run
    from automl_core.search.proof import CheckState, Proof, Side

ICONS: dict[CheckState, str] = {
    "ok": ":material/check_circle:",
    "noted": ":material/info:",
    "failed": ":material/error:",
}


def draw(run: Run, key: str) -> None:
    """Draw the expander under a run's leaderboard; nothing while the run has no proof yet."""
    from automl_core.search.proof import Proof

    try:
        proof = Proof.load(run.path)
    except NotFoundError:
        return
    except FormatError as error:
        errors.show(error)
        return
    failed = len(proof.failed)
    title = f"How rows were divided: {failed} of {len(proof.checks)} checks failed" if failed else "How rows were divided"
    icon = ICONS["failed"] if failed else ":material/verified:"
    with st.expander(title, icon=icon, expanded=bool(failed), key=f"{key}_proof"):
        st.caption("Counted after the run, on the rows as they were used.")
        for check in proof.checks:
            if check.state != "not_applicable":
                st.markdown(f"{ICONS[check.state]} **{check.title}**: {errors.plain(check.sentence)}")
        rest = [errors.plain(check.sentence) for check in proof.checks if check.state == "not_applicable"]
        if rest:
            st.caption(" ".join(["Not checked:", *rest]))
        if proof.by_time:
            _chart(proof, key)
        _table(proof, key)


def _chart(proof: Proof, key: str) -> None:
    from automl_core.charts.split import READING, split_figure

    st.plotly_chart(
        split_figure(proof),
        key=f"{key}_proof_chart",
        config={"displayModeBar": False},
        alt="The time that each fold learned from and judged",
    )
    st.caption(READING)


def _table(proof: Proof, key: str) -> None:
    st.dataframe(
        [_row(side, proof.by_time) for side in proof.sides],
        hide_index=True,
        key=f"{key}_proof_table",
        alt="Rows of each fold",
        column_config={
            "Part": st.column_config.TextColumn(help="A fold, or the rows kept aside from the search."),
            "Learned from": st.column_config.NumberColumn(
                format="localized", help="Rows that the models of this fold learned from."
            ),
            "Judged": st.column_config.NumberColumn(format="localized", help="Rows that they were judged on."),
            "In the gap": st.column_config.NumberColumn(format="localized", help="Rows between both, which were left out."),
        },
    )


def _row(side: Side, by_time: bool) -> dict[str, Any]:
    from automl_core.search.proof import moment

    row: dict[str, Any] = {"Part": side.name, "Learned from": side.learned, "Judged": side.judged}
    if by_time:
        row |= {
            "In the gap": side.passed,
            "Learned until": moment(side.learned_until),
            "Judged from": moment(side.judged_from),
            "Judged until": moment(side.judged_until),
        }
    return row
