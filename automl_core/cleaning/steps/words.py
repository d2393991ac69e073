"""Steps about words and dates: tidied, replaced, merged, read as missing, and turned into numbers."""

from __future__ import annotations

from automl_core.cleaning.steps.model import ALL, Operation, Param, column, columns

WORD_STEPS = (
    Operation(
        "null_words",
        "Read words as missing",
        "Cells that hold one of these values become missing.",
        "missing",
        False,
        (
            columns("Columns in which the words are looked for."),
            Param("words", "Values", "words", [], "For example -1, 999, unknown."),
        ),
    ),
    Operation(
        "trim_text",
        "Tidy words",
        "Spaces around and inside words are evened out, and case where you choose so.",
        "categories",
        False,
        (
            columns("Columns of words. " + ALL, "category", "boolean", "text"),
            Param(
                "case",
                "Case",
                "choice",
                "keep",
                "Words that differ only by case become one.",
                (("keep", "Keep"), ("lower", "lower case"), ("upper", "UPPER CASE"), ("title", "Title Case")),
            ),
        ),
    ),
    Operation(
        "replace",
        "Replace values",
        "Cells, or parts of cells, are replaced; nothing as the new value makes a whole cell missing and takes a part out.",
        "categories",
        False,
        (
            columns("Columns in which is replaced."),
            Param("find", "Old value", "text", "", "What is looked for."),
            Param("replacement", "New value", "text", "", "What is written instead."),
            Param(
                "how",
                "What is looked for",
                "choice",
                "cell",
                "Parts and patterns work on words only.",
                (("cell", "the whole cell"), ("part", "any part of a cell"), ("pattern", "a pattern (regular expression)")),
            ),
            Param("case", "Case matters", "flag", True, "Off: Rome and ROME are alike."),
        ),
    ),
    Operation(
        "merge_values",
        "Rename values",
        "Each value on the left becomes the one on the right.",
        "categories",
        False,
        (
            column("Column of words.", "category", "boolean", "text"),
            Param("mapping", "Old and new values", "mapping", {}, "For example: Londn becomes London."),
        ),
    ),
    Operation(
        "merge_variants",
        "Merge spelling variants",
        "Variants of one value become that value. New rows with a variant never seen before are merged by the same key.",
        "categories",
        False,
        (
            column("Column of words.", "category", "boolean", "text"),
            Param("mapping", "Variants and their value", "mapping", {}, "Made from the groups that you accept."),
            Param(
                "method",
                "New variants are known by",
                "choice",
                "none",
                "A value that is not listed is merged when its key is the key of a listed one.",
                (
                    ("none", "nothing: only what is listed is merged"),
                    ("fingerprint", "the same words in any order and case (fingerprint)"),
                    ("ngram", "the same pairs of letters (n-gram fingerprint)"),
                    ("cologne", "the same sound in German (Cologne)"),
                ),
            ),
        ),
    ),
    Operation(
        "date_parts",
        "Split dates into parts",
        "Year, month, weekday and the like become columns of their own, and the date becomes a number of days.",
        "dates and text",
        False,
        (
            columns("Columns of dates. " + ALL, "date"),
            Param(
                "parts",
                "Parts",
                "parts",
                ["year", "month", "day", "weekday", "days"],
                "A part that never changes is left out by the model.",
                (
                    *((part, part) for part in ("year", "quarter", "month", "week", "day", "weekday")),
                    ("dayofyear", "day of the year"),
                    ("weekend", "Saturday or Sunday"),
                    *((part, part) for part in ("hour", "minute", "second")),
                    ("days", "days since 1970"),
                ),
            ),
            Param("keep", "Keep the date", "flag", False, "For later steps, such as a difference of two dates."),
        ),
    ),
    Operation(
        "group_rare",
        "Group rare values",
        "Values rarer than this share of the training rows become one.",
        "categories",
        True,
        (
            columns("Columns of words. " + ALL, "category", "boolean"),
            Param("min_share", "Rarer than", "number", 0.01, "A share of the rows, 0.01 for one in a hundred.", high=0.5),
        ),
    ),
    Operation(
        "text_features",
        "Turn text into numbers",
        "Each text is described by the words and letters it shares with others, in a few numbers (TF-IDF and SVD).",
        "dates and text",
        True,
        (
            columns("Columns of text. " + ALL, "text"),
            Param("dimensions", "Numbers a column", "number", 10, "More keep more of the text and cost time.", low=2, high=50),
        ),
    ),
    Operation(
        "encode",
        "Turn words into numbers",
        "Models count; words have to become numbers first.",
        "categories",
        True,
        (
            columns("Columns of words. " + ALL, "category", "boolean"),
            Param(
                "method",
                "How",
                "choice",
                "auto",
                "One column a value is exact; the mean of the target suits many values.",
                (
                    ("auto", "one column a value; mean of the target above the limit"),
                    ("onehot", "one column a value"),
                    ("ordinal", "a number a value"),
                    ("target", "mean of the target"),
                    ("frequency", "how frequent the value is"),
                    ("hashing", "a fixed number of columns that values share (hashing)"),
                ),
            ),
            Param("max_levels", "Limit", "number", 15, "Most values that get a column each.", low=2, high=200),
        ),
    ),
)
