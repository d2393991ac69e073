"""Steps that look at several columns at once, learned inside the folds: made from others, or left out for others."""

from __future__ import annotations

from automl_core.cleaning.steps.model import ALL, Operation, Param, columns

FEATURE_STEPS = (
    Operation(
        "polynomial",
        "Add products and powers",
        "Products of two numbers, and their squares, become columns; lines and planes can then bend.",
        "features",
        True,
        (
            columns("Columns of numbers; few, since every pair is multiplied. " + ALL, "number"),
            Param("degree", "Highest power", "number", 2, "3 makes many columns.", low=2, high=3),
            Param("products_only", "Only products", "flag", False, "No squares and cubes."),
        ),
    ),
    Operation(
        "ratios",
        "Add ratios",
        "Each chosen number divided by each other one becomes a column; a division by zero is missing.",
        "features",
        True,
        (columns("Columns of numbers; few, since every pair is divided.", "number"),),
    ),
    Operation(
        "low_variance",
        "Leave out what hardly changes",
        "Numbers, and values of words, that are the same in nearly every training row are left out.",
        "features",
        True,
        (
            Param(
                "threshold",
                "Variance up to",
                "number",
                0.0,
                "In the column's own units squared; 0 leaves out constants only, 0.01 also values of one row in a hundred.",
                high=1000.0,
            ),
        ),
    ),
    Operation(
        "collinear",
        "Leave out what repeats another column",
        "Of two columns that move together more closely than this (Pearson's correlation), the later one is left out.",
        "features",
        True,
        (Param("threshold", "Correlation of at least", "number", 0.95, "1 is exactly together.", low=0.5, high=1.0),),
    ),
    Operation(
        "pca",
        "Summarise numbers (PCA)",
        "Numbers are replaced by fewer ones that keep most of how they vary. Boosters use the numbers as they are.",
        "features",
        True,
        (
            columns("Columns of numbers. " + ALL, "number"),
            Param(
                "share", "Variation kept", "number", 0.95, "Components are added until they keep this share.", low=0.1, high=0.999
            ),
            Param("standardise", "One scale first", "flag", True, "Otherwise columns with large numbers rule."),
        ),
    ),
    Operation(
        "select",
        "Keep the most telling columns",
        "What says most about the target in the training rows stays; the rest is left out.",
        "features",
        True,
        (
            Param("count", "How many", "number", 20, "Counted as models see them: a column a value of words.", low=1, high=2000),
            Param(
                "method",
                "Judged by",
                "choice",
                "f_test",
                "The F test sees straight relations; mutual information sees any, and takes longer.",
                (("f_test", "F test"), ("mutual_information", "mutual information")),
            ),
        ),
    ),
)
