"""The headline: what all findings together call for, and the order in which columns are told."""

from __future__ import annotations

from automl_core.drift.report import VERDICTS, ColumnDrift, Estimate, JointDrift, Verdict, worst
from automl_core.profiling.wording import counted, listed

DRIFTED = 0.5
"""Share of drifted columns from which on Evidently's rule calls the whole table drifted."""


def ranked(columns: list[ColumnDrift]) -> tuple[ColumnDrift, ...]:
    """Return columns in the order of what they mean for the model."""
    return tuple(
        sorted(
            columns,
            key=lambda column: (
                -VERDICTS.index(column.verdict),
                -column.shift * column.importance**0.5,
                -column.effect,
                column.name,
            ),
        )
    )


def headline(
    columns: list[ColumnDrift], outcomes: list[ColumnDrift], relation: list[ColumnDrift], joint: JointDrift | None,
    performance: tuple[Estimate, ...], rule: str,
) -> tuple[Verdict, str]:  # fmt: skip
    """Return the verdict of a whole table, and the sentence that says it.

    Parameters
    ----------
    columns, outcomes, relation : list of ColumnDrift
        Inputs; predictions and target; pairs.
    joint : JointDrift or None
    performance : tuple of Estimate
    rule : str
    """
    if rule == "evidently":
        drifted = [column for column in columns if column.verdict != "nothing"]
        share = len(drifted) / max(len(columns), 1)
        verdict: Verdict = "act" if share >= DRIFTED else "watch" if drifted else "nothing"
        return verdict, f"{len(drifted):,} of {counted(len(columns), 'column', 'columns')} drifted by their methods' thresholds."
    parts: list[Verdict] = [*(entry.verdict for entry in [*columns, *outcomes, *relation]), *(one.verdict for one in performance)]
    if joint is not None:
        parts.append(joint.verdict)
    verdict = worst(parts)
    if verdict == "nothing":
        return verdict, "Nothing that matters has changed: what differs is small or within what chance explains."
    told = []
    moved = [column.name for column in ranked(columns) if column.verdict == verdict]
    if moved:
        matter = "moved, and the model depends on them" if len(moved) > 1 else "moved, and the model depends on it"
        told.append(f"{listed(moved)} {matter if verdict == 'act' and outcomes else 'moved'}.")
    told += [entry.sentence for entry in outcomes if entry.verdict == verdict][:2]
    told += [entry.sentence for entry in performance if entry.verdict == verdict][:1]
    if not told and joint is not None and joint.verdict == verdict:
        told.append(joint.sentence)
    if not told and relation:
        told.append(relation[0].sentence)
    lead = "Something should be done." if verdict == "act" else "Keep an eye on it."
    return verdict, f"{lead} {' '.join(told)}"
