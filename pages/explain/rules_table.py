"""Rules of small trees as a table: what is predicted comes first, so that it is seen on a narrow page, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from automl_core.explaining.readable import Rule

RIGHT = st.column_config.TextColumn(alignment="right")


def draw(rules: Sequence[Rule], outputs: Sequence[str], *, labels: bool, key: str, alt: str) -> None:
    """Draw rules; of several outcomes the most probable one is told before the others."""
    from automl_core.data.wording import cut
    from automl_core.profiling.wording import number, percent

    names = [f"Probability of {name}" if labels else name for name in outputs]
    several, said = len(outputs) > 1, percent if labels else number
    rows = []
    for rule in rules:
        told = {name: said(value) for name, value in zip(names, rule.prediction, strict=True)}
        most = max(range(len(outputs)), key=lambda place: rule.prediction[place])
        first = {"Predicts": cut(outputs[most], 40), "Probability": said(rule.prediction[most])} if several else told
        condition = " and ".join(rule.conditions) or "always"
        rows.append({**first, "Rows": percent(rule.share), "If": condition, **(told if several else {})})
    config = {**dict.fromkeys([*names, "Probability", "Rows"], RIGHT), "If": st.column_config.TextColumn(width="large")}
    st.dataframe(rows, hide_index=True, key=key, alt=alt, column_config=config)
