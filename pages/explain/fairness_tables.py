"""The tables of a comparison of groups: their rates, and how far apart they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from pages.explain.side_by_side import Side
from pages.shared import errors

if TYPE_CHECKING:
    from automl_core.evaluation.evaluate import Score
    from automl_core.evaluation.fairness import Fairness


def rates(found: Sequence[tuple[Side, Fairness]]) -> None:
    """Draw the rates of each group; those of two models stand in one table, below each other."""
    from automl_core.evaluation.fairness import LABELS

    label, names = bool(found[0][1].label), [group.name for group in found[0][1].groups]
    lines = [(side, group) for side, fairness in found for group in fairness.groups]
    lines.sort(key=lambda line: names.index(line[1].name) if line[1].name in names else len(names))
    rows = [
        {
            "Group": group.name,
            **_model(side, found),
            "Rows": f"{group.rows:,}",
            **{LABELS[name]: _told(score, label) for name, score in group.rates.items()},
        }
        for side, group in lines
    ]
    _table(rows, "explain_fair_groups", "Rates of each group", ("Rows", *LABELS.values()))
    for note in dict.fromkeys(note for _, fairness in found for note in fairness.notes):
        st.caption(f":material/info: {errors.plain(note)}")


def gaps(found: Sequence[tuple[Side, Fairness]]) -> None:
    """Draw how far the groups are apart."""
    from automl_core.evaluation.fairness import LABELS

    rows = [
        {
            "Measure": LABELS[name],
            **_model(side, found),
            "Largest difference": _told(fairness.differences[name], bool(fairness.label)),
            "Lowest over highest": _told(fairness.ratios[name], False, ratio=True) if name in fairness.ratios else "",
        }
        for name in found[0][1].differences
        for side, fairness in found
        if name in fairness.differences
    ]
    _table(rows, "explain_fair_gaps", "Differences and ratios", ("Largest difference", "Lowest over highest"))


def _model(side: Side, found: Sequence[tuple[Side, Fairness]]) -> dict[str, str]:
    return {"Model": side.candidate.name} if len(found) > 1 else {}


def _table(rows: list[dict[str, str]], key: str, alt: str, right: Sequence[str]) -> None:
    config = {name: st.column_config.TextColumn(alignment="right") for name in right}
    st.dataframe(rows, hide_index=True, key=key, alt=alt, column_config=config)


def _told(score: Score, share: bool, *, ratio: bool = False) -> str:
    from automl_core.profiling.wording import number

    def write(value: float) -> str:
        if ratio:
            return f"{value:.2f}"
        return f"{100 * value:.1f} %" if share else number(value, 3)

    between = f" ({write(score.low)} to {write(score.high)})" if score.low is not None and score.high is not None else ""
    return f"{write(score.value)}{between}"
