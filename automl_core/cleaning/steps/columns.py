"""Steps about columns: left out, renamed, reordered, made of others, read as another kind."""

from __future__ import annotations

from automl_core.cleaning.steps.model import ALL, Operation, Param, column, columns

NEW_KINDS = (("category", "words that repeat"), ("text", "free text"), ("number", "numbers"))
"""What the cells of a new column may be."""
_NEW_KIND = Param("kind", "It holds", "choice", "category", "Numbers that cannot be read are missing.", NEW_KINDS)

COLUMN_STEPS = (
    Operation(
        "drop_columns",
        "Leave columns out",
        "The model never sees these columns.",
        "columns",
        False,
        (columns("Columns that do not help, such as keys and constants."),),
    ),
    Operation(
        "rename_columns",
        "Rename columns",
        "Later steps, models and reports use the new names; a file to be predicted keeps the old ones.",
        "columns",
        False,
        (Param("names", "Old and new names", "names", {}, "One pair a line: old = new."),),
    ),
    Operation(
        "order_columns",
        "Reorder columns",
        "The chosen columns come first, in this order; the others follow as they were.",
        "columns",
        False,
        (columns("Columns that come first."),),
    ),
    Operation(
        "change_kind",
        "Change the kind of columns",
        "The same cells as numbers, words, dates or text. What cannot be read as the new kind becomes missing and is counted.",
        "columns",
        False,
        (
            columns("Columns that get the new kind."),
            Param(
                "kind",
                "New kind",
                "choice",
                "category",
                "Codes such as postcodes are words, though they look like numbers.",
                (
                    ("number", "numbers"),
                    ("category", "words that repeat"),
                    ("boolean", "yes or no"),
                    ("date", "dates (year-month-day)"),
                    ("text", "free text"),
                    ("id", "keys"),
                ),
            ),
        ),
    ),
    Operation(
        "parse_numbers",
        "Read words as numbers",
        "Signs and units are taken off, marks are read as you say. What is no number becomes missing and is counted.",
        "columns",
        False,
        (
            columns("Columns of words. " + ALL, "category", "boolean", "text", "id"),
            Param("decimal", "Decimal mark", "choice", ".", "The sign before the decimals.", ((".", "point"), (",", "comma"))),
            Param(
                "thousands",
                "Grouping mark",
                "choice",
                "",
                "The sign between thousands.",
                (("", "none"), (",", "comma"), (".", "point"), (" ", "space"), ("'", "apostrophe")),
            ),
            Param("strip", "Signs taken off", "words", [], "Currencies, per cent, units: €, %, kg."),
            Param("percent", "Divide by 100", "flag", False, "For percentages."),
            Param("parentheses", "(12) is -12", "flag", False, "As accounts write negative numbers."),
        ),
    ),
    Operation(
        "parse_dates",
        "Read words as dates",
        "Cells that do not fit the format become missing and are counted.",
        "dates and text",
        False,
        (
            columns("Columns of words.", "category", "boolean", "text", "id"),
            Param(
                "format",
                "Format",
                "text",
                "ISO8601",
                "ISO8601, or signs such as %d.%m.%Y: %d day, %m month, %b month's name, %Y year, %y two digits, %H:%M time.",
            ),
        ),
    ),
    Operation(
        "split_column",
        "Split a column",
        "What stands between the separators becomes columns of its own; what is beyond the last part stays in it.",
        "columns",
        False,
        (
            column("Column of words.", "category", "boolean", "text", "id"),
            Param("separator", "Separator", "text", ",", "One or more signs, taken as they are; a space for words."),
            Param("parts", "Number of parts", "number", 2, "Parts that a cell lacks are missing.", low=2, high=20),
            _NEW_KIND,
            Param("keep", "Keep the column", "flag", False, "Otherwise its parts take its place."),
        ),
    ),
    Operation(
        "join_columns",
        "Join columns",
        "Their cells are written one after the other into a new column; missing ones are left out.",
        "columns",
        False,
        (
            columns("Columns that are joined, in this order."),
            Param("separator", "Between them", "text", " ", "For example a space, a comma or a hyphen."),
            Param("name", "New column", "text", "joined", "Its name."),
            Param("keep", "Keep the columns", "flag", True, "Otherwise the new one takes their place."),
        ),
    ),
    Operation(
        "extract_pattern",
        "Take a part out by a pattern",
        "The first place in each cell that fits the pattern becomes a new column; with parentheses, what they enclose.",
        "columns",
        False,
        (
            column("Column of words.", "category", "boolean", "text", "id"),
            Param(
                "pattern",
                "Pattern",
                "pattern",
                "",
                r"A regular expression such as (\d{4}) for a year. A repeat inside a repeat is refused: it can run for ever.",
            ),
            Param("name", "New column", "text", "part", "Its name; several parentheses give name 1, name 2 and so on."),
            _NEW_KIND,
            Param("keep", "Keep the column", "flag", True, "Otherwise what was taken out takes its place."),
        ),
    ),
    Operation(
        "formula",
        "Calculate a column",
        "A new number for each row from the row's own columns, such as [Price] / area or if(age < 18, 1, 0).",
        "features",
        False,
        (
            Param("name", "New column", "text", "calculated", "Its name; an existing column is replaced."),
            Param(
                "formula",
                "Formula",
                "formula",
                "",
                "+ - * / ^, comparisons, and, or, not, if, abs, sqrt, log, exp, round, clip, min, max. Names with spaces stand "
                "in brackets, words in quotes. Dates count in days.",
            ),
        ),
    ),
)
