"""Steps about numbers that are learned inside the folds: filled, limited, evened out, scaled, cut into bins."""

from __future__ import annotations

from automl_core.cleaning.steps.model import ALL, Operation, Param, columns

ACTIONS = (
    ("clip", "set to the limit"),
    ("missing", "read as missing"),
    ("flag", "kept, and marked in a new column"),
    ("drop", "not learned from (training rows only)"),
)
"""What is done about outliers."""

NUMBER_STEPS = (
    Operation(
        "clip_outliers",
        "Deal with outliers",
        "Numbers beyond the limits are set to the limit, read as missing, marked, or their rows are not learned from. Limits "
        "are learned from the training rows, or typed by you.",
        "outliers",
        True,
        (
            columns("Columns of numbers. " + ALL, "number"),
            Param(
                "method",
                "Limits by",
                "choice",
                "iqr",
                "How the limits are found.",
                (
                    ("iqr", "quartiles and their distance"),
                    ("zscore", "mean and standard deviation"),
                    ("percentile", "lowest and highest share"),
                    ("limits", "what you type"),
                ),
            ),
            Param(
                "factor",
                "How far",
                "number",
                3.0,
                "Distances between quartiles, standard deviations, or per cent at each end.",
                low=0.1,
                high=10.0,
                when=("method", "iqr", "zscore", "percentile"),
            ),
            Param("low", "Lowest", "limit", None, "Empty for no limit.", when=("method", "limits")),
            Param("high", "Highest", "limit", None, "Empty for no limit.", when=("method", "limits")),
            Param("action", "Outliers are", "choice", "clip", "Rows to be predicted are never left out.", ACTIONS),
        ),
    ),
    Operation(
        "isolate_outliers",
        "Find odd rows",
        "Rows that few random cuts separate from the others (isolation forest) are marked, or not learned from.",
        "outliers",
        True,
        (
            columns("Columns of numbers. " + ALL, "number"),
            Param("share", "Share of odd rows", "number", 0.02, "How many rows are taken for odd.", low=0.001, high=0.5),
            Param("action", "Odd rows are", "choice", "flag", "Rows to be predicted are never left out.", ACTIONS[2:]),
        ),
    ),
    Operation(
        "impute",
        "Fill missing values",
        "Missing cells get a value learned from the training rows.",
        "missing",
        True,
        (
            columns("Columns with missing values. " + ALL),
            Param(
                "strategy",
                "With",
                "choice",
                "auto",
                "Words can only be filled with the most frequent value or with a word of their own.",
                (
                    ("auto", "median for numbers, a word of their own for words"),
                    ("mean", "mean"),
                    ("median", "median"),
                    ("most_frequent", "most frequent value"),
                    ("constant", "a value of your own"),
                    ("knn", "the most similar rows"),
                    ("iterative", "a model of the other columns"),
                ),
            ),
            Param("fill", "Your value", "words", [], "A number or a word.", when=("strategy", "constant")),
            Param("indicator", "Mark what was missing", "flag", False, "Adds a column that is 1 where the value was missing."),
        ),
    ),
    Operation(
        "drop_sparse",
        "Leave mostly empty columns out",
        "Columns of which more than this share of the training rows is missing are left out.",
        "missing",
        True,
        (
            columns("Columns that are looked at. " + ALL, "number", "category", "boolean"),
            Param("max_share", "Largest missing share", "number", 0.8, "0.8 leaves out what is missing in four of five rows."),
        ),
    ),
    Operation(
        "transform_power",
        "Even out skewed numbers",
        "Numbers with a long tail are transformed so that they spread evenly.",
        "scaling",
        True,
        (
            columns("Columns of numbers. " + ALL, "number"),
            Param(
                "method",
                "How",
                "choice",
                "yeojohnson",
                "Power is smooth; ranks ignore the size of outliers. Box-Cox is for positive numbers only.",
                (
                    ("yeojohnson", "power (Yeo-Johnson)"),
                    ("boxcox", "power (Box-Cox), where all are positive"),
                    ("quantile", "ranks (quantiles), spread like a bell"),
                    ("uniform", "ranks (quantiles), spread evenly"),
                ),
            ),
        ),
    ),
    Operation(
        "bin",
        "Cut numbers into bins",
        "Each number becomes the number of its bin, or a column for each bin. Boosters cut for themselves and skip this step.",
        "scaling",
        True,
        (
            columns("Columns of numbers. " + ALL, "number"),
            Param("bins", "Bins", "number", 5, "How many.", low=2, high=50),
            Param(
                "method",
                "Cut so that bins",
                "choice",
                "quantile",
                "What missing numbers there are get the middle one first.",
                (("quantile", "hold equally many rows"), ("uniform", "are equally wide"), ("kmeans", "lie around centres")),
            ),
            Param(
                "encode",
                "Given as",
                "choice",
                "ordinal",
                "What a model gets.",
                (("ordinal", "a number"), ("onehot", "a column a bin")),
            ),
        ),
    ),
    Operation(
        "scale",
        "Bring numbers to one scale",
        "So that a column in thousands does not outweigh one in tenths. Trees do not need it, other models do.",
        "scaling",
        True,
        (
            Param(
                "method",
                "How",
                "choice",
                "standard",
                "Standard suits most models.",
                (
                    ("standard", "mean 0, standard deviation 1"),
                    ("minmax", "between 0 and 1"),
                    ("robust", "median 0, by quartiles"),
                    ("maxabs", "largest size 1"),
                ),
            ),
        ),
    ),
)
