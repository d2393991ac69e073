"""The part of a script that reads the file and types its columns."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from automl_core.experiment import Decision
from automl_core.schema import NULL_WORDS, Parsing, Schema
from automl_core.script.writing import Code, called, listed, literal

if TYPE_CHECKING:
    from automl_core.data.dataset import Dataset
    from automl_core.data.dialect import Dialect

ISO = "ISO8601"
_AS_TABLE = "The script reads the table that `code --table` writes, and not the file that was uploaded: {}"


def raw_dialect(dataset: Dataset) -> Decision[Dialect | None]:
    """Decide whether pandas reads the uploaded file cell by cell as it was read here; None means a table of ours is read."""
    import pandas as pd

    from automl_core.data.reading import FAST_BYTES, read_text

    source, dialect = dataset.source, dataset.report.dialect
    if source is None or dialect is None:
        return Decision(None, _AS_TABLE.format("it was made from other tables, or is no text file."))
    if len(dialect.delimiter) != 1 or dialect.header_rows != 1 or len(dialect.quote) > 1:
        return Decision(None, _AS_TABLE.format("its form is one that pandas does not read."))
    if dataset.report.refused or dataset.report.repairs:
        return Decision(None, _AS_TABLE.format("lines of it had to be mended or left out."))
    if source.stat().st_size > FAST_BYTES:
        return Decision(dialect, "")  # too large to be read twice; the proof compares the predictions
    try:
        found = pd.read_csv(source, **pandas_arguments(dialect))  # type: ignore[call-overload]
    except (ValueError, OSError, pd.errors.ParserError):
        return Decision(None, _AS_TABLE.format("pandas cannot read it."))
    found.columns = [" ".join(str(name).split()) for name in found.columns]
    own = read_text(source, dialect=dialect).frame
    if list(found.columns) != list(own.columns) or not found.equals(own):
        return Decision(None, _AS_TABLE.format("pandas reads some of its cells or names in another way."))
    return Decision(dialect, "")


def pandas_arguments(dialect: Dialect) -> dict[str, object]:
    """Return what `pandas.read_csv` is called with."""
    given: dict[str, object] = {"sep": dialect.delimiter, "encoding": dialect.encoding}
    given |= {"dtype": str, "keep_default_na": False, "na_filter": False, "index_col": False}
    if dialect.skip_rows:
        given["skiprows"] = dialect.skip_rows
    if not dialect.quote:
        given["quoting"] = 3
    elif dialect.quote != '"':
        given["quotechar"] = dialect.quote
    if dialect.escape:
        given |= {"escapechar": dialect.escape, "doublequote": False}
    return given


def read_code(dialect: Dialect | None) -> Code:
    """Return the function that reads a file as text cells."""
    code = Code(imports={"import pandas as pd"})
    code.add("def read_file(path):", '    """Read a file as text cells; an empty cell is an empty text."""')
    if dialect is None:
        code.add("    return pd.read_csv(path, dtype=str, keep_default_na=False, na_filter=False, index_col=False)")
        return code
    given = dict(pandas_arguments(dialect))
    given.pop("dtype")
    arguments = ", ".join(["path", "dtype=str", *(f"{name}={literal(value)}" for name, value in given.items())])
    code.add(f"    frame = pd.read_csv({arguments})")
    code.add('    frame.columns = [" ".join(str(name).split()) for name in frame.columns]', "    return frame")
    return code


def typed_code(schema: Schema, *, plain: bool) -> Code:
    """Return the function that types the columns.

    Parameters
    ----------
    schema : Schema
        As uploaded.
    plain : bool
        Whether the script reads a table of ours, in which numbers, dates and missing cells are plain.
    """
    code = Code(imports={"import pandas as pd"})
    code.add(
        "def typed(text):",
        '    """Type the columns by their kinds; a column that is not there is left out."""',
        "    columns = {}",
    )
    groups: dict[str, list[str]] = defaultdict(list)
    for column in schema:
        parsing = Parsing(null_words=("",), date_format=ISO) if plain else column.parsing
        groups[_call(column.kind, parsing)].append(column.name)
    for call, names in groups.items():
        code.add(*listed("    for name in [column for column in ", names, " if column in text]:"))
        code.add(f"        columns[name] = {call}")
        code.use(call.partition("(")[0])
    code.add("    return pd.DataFrame(columns, index=text.index)")
    return code


def _call(kind: str, parsing: Parsing) -> str:
    given: dict[str, object] = {}
    if parsing.null_words != NULL_WORDS:
        given["missing"] = parsing.null_words
    if kind == "number":
        plain, names = Parsing(), ("decimal", "thousands", "strip", "scale")
        given |= {name: getattr(parsing, name) for name in names if getattr(parsing, name) != getattr(plain, name)}
        if parsing.negative_parentheses:
            given["parentheses"] = True
        name = "number"
    elif kind == "date":
        if parsing.date_format not in ("", ISO):
            given["format"] = parsing.date_format
        name = "date"
    else:
        name = "words"
    return called(name, given).replace("(", "(text[name]" + (", " if given else ""), 1)
