"""Steps about rows: they act on learning only, since every row to be predicted gets its prediction."""

from __future__ import annotations

from automl_core.cleaning.steps.model import Operation, Param, columns

ROW_STEPS = (
    Operation(
        "drop_duplicates",
        "Leave duplicate rows out",
        "Of rows that are alike in every column, or in the chosen ones, one is kept.",
        "duplicates",
        False,
        (
            columns("Columns that make two rows alike; leave empty for all."),
            Param(
                "keep",
                "Keep",
                "choice",
                "first",
                "Which of the rows stays.",
                (("first", "the first stays"), ("last", "the last stays")),
            ),
        ),
        drops_rows=True,
    ),
    Operation(
        "drop_missing_rows",
        "Leave rows with missing values out",
        "Rows in which more than this share of the chosen cells is missing are not learned from.",
        "missing",
        False,
        (
            columns("Columns that are looked at; leave empty for all."),
            Param("max_share", "Largest missing share", "number", 0.0, "0 leaves out every row with a missing cell."),
        ),
        drops_rows=True,
    ),
    Operation(
        "filter_rows",
        "Keep rows by a condition",
        "Only rows for which the condition holds are learned from, or only the others. Rows to be predicted all stay.",
        "rows",
        False,
        (
            Param(
                "condition",
                "Condition",
                "formula",
                "",
                'For example amount > 0 and city == "Rome". Names with spaces stand in brackets; dates count in days.',
            ),
            Param(
                "keep",
                "Rows that fit",
                "choice",
                "matching",
                "Where a part of the condition is missing it does not hold.",
                (("matching", "are kept"), ("others", "are left out")),
            ),
        ),
        drops_rows=True,
    ),
)
