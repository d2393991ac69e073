"""The part of a script that cleans: a line or two for each step of the recipe that looks at nothing but the row itself."""

from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd

from automl_core.cleaning.apply import apply_stateless
from automl_core.cleaning.patterns import read_pattern
from automl_core.cleaning.recipe import Recipe, Step
from automl_core.cleaning.steps import columns_of, describe, operation, value
from automl_core.data.parsing import as_text
from automl_core.errors import InputError
from automl_core.schema import Schema
from automl_core.script.formulas import formula_code
from automl_core.script.writing import Code, listed, literal

Writer = Callable[[Code, Step, Schema], None]
EACH = "    for name in [column for column in "
THERE = " if column in frame]:"


def refusal(step: Step, why: str) -> InputError:
    """Return the error of a step that is not written as plain code."""
    return InputError(
        f"The step '{describe(step)}' cannot be written as plain code: {why}.",
        "A script is only given out when it does all that the model does.",
        "Use the exported model, or a recipe without this step.",
    )


def clean_code(recipe: Recipe, schema: Schema, frame: pd.DataFrame, target: str, personal: frozenset[str]) -> Code:
    """Return the function that applies the stateless steps.

    Parameters
    ----------
    recipe : Recipe
    schema : Schema
        As uploaded.
    frame : DataFrame
        Some typed rows, by which columns are followed from step to step.
    target : str
    personal : frozenset of str
        Columns whose cells a script must not name.

    Raises
    ------
    InputError
        When a step cannot be written.
    """
    code = Code(imports={"import pandas as pd"})
    code.add("def clean(frame, learning):")
    code.add('    """Apply the steps that look at nothing but the row itself; only rows to learn from are left out."""')
    for step in recipe.enabled():
        if operation(step).learned:
            continue
        if step.op in NAMING and set(columns_of(step, schema)) & personal:
            raise refusal(step, "it names cells of a column that looks like personal data, which a script must not carry")
        code.add(f"    # {_comment(describe(step))}")
        WRITERS[step.op](code, step, schema)
        cleaned = apply_stateless(frame, schema, Recipe((step,)), training=False)
        frame, schema = cleaned.frame, cleaned.schema
    code.add("    return frame")
    return code


def _comment(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) < 100 else line[:97] + "..."


def _names(step: Step, schema: Schema) -> list[str]:
    return columns_of(step, schema)


def _each(code: Code, names: list[str], made: str) -> None:
    code.add(*listed(EACH, names, THERE), f"        frame[name] = {made}")


def _drop(code: Code, step: Step, schema: Schema) -> None:
    code.add(*listed("    frame = frame.drop(columns=", step.params.get("columns", []), ', errors="ignore")'))


def _rename(code: Code, step: Step, schema: Schema) -> None:
    names = {old: str(new).strip() for old, new in value(step, "names").items() if old in schema}
    code.add(f"    frame = frame.rename(columns={literal(names)})")


def _order(code: Code, step: Step, schema: Schema) -> None:
    code.add("    # columns are found by their names here")


def _change_kind(code: Code, step: Step, schema: Schema) -> None:
    names, kind = [name for name in value(step, "columns") if name in schema], value(step, "kind")
    if kind == "number":
        code.use("as_number")
        _each(code, names, "as_number(frame[name])")
    elif kind == "date":
        code.use("as_words", "date")
        names = [name for name in names if schema[name].kind != "date"]
        _each(code, names, "date(as_words(frame[name]), missing=())")
    else:
        code.use("as_words")
        _each(code, names, "as_words(frame[name])")


def _parse_numbers(code: Code, step: Step, schema: Schema) -> None:
    code.use("as_words", "number")
    given = [f"{name}={literal(value(step, name))}" for name in ("decimal", "thousands") if value(step, name)]
    if value(step, "strip"):
        given.append(f"strip={literal([str(sign) for sign in value(step, 'strip')])}")
    given += ["scale=0.01"] if value(step, "percent") else []
    given += ["parentheses=True"] if value(step, "parentheses") else []
    _each(code, _names(step, schema), f"number(as_words(frame[name]), missing=(), {', '.join(given)})")


def _parse_dates(code: Code, step: Step, schema: Schema) -> None:
    code.use("as_words", "date")
    form = value(step, "format") or "ISO8601"
    words = "as_words(frame[name]).map(str.strip, na_action='ignore')"
    _each(code, _names(step, schema), f"date({words}, format={literal(form)}, missing=())")


def _made(code: Code, step: Step, old: list[str], new: list[str], kind: str) -> None:
    """Write what becomes of columns that others are made from."""
    if kind == "number":
        code.use("as_number")
        code.add(*listed("    for name in ", new, ":"), "        frame[name] = as_number(frame[name])")
    if not value(step, "keep"):
        gone = [name for name in old if name not in new]
        code.add(*listed("    frame = frame.drop(columns=", gone, ', errors="ignore")'))


def _split(code: Code, step: Step, schema: Schema) -> None:
    code.use("split_text")
    name, parts = value(step, "column"), int(value(step, "parts"))
    new = [f"{name} {part + 1}" for part in range(parts)]
    found = f"split_text(frame[{literal(name)}], {literal(value(step, 'separator'))}, {parts})"
    code.add(*listed("    for name, made in zip(", new, f", {found}):"), "        frame[name] = made")
    _made(code, step, [name], new, value(step, "kind"))


def _join(code: Code, step: Step, schema: Schema) -> None:
    code.use("join_text")
    names, title = _names(step, schema), value(step, "name")
    columns = f"[frame[name] for name in {literal(names)} if name in frame]"
    code.add(f"    frame[{literal(title)}] = join_text({columns}, {literal(value(step, 'separator'))})")
    _made(code, step, names, [title], "category")


def _extract(code: Code, step: Step, schema: Schema) -> None:
    code.use("extract_text")
    pattern, name, title = read_pattern(value(step, "pattern")), value(step, "column"), value(step, "name")
    count = max(pattern.compiled.groups, 1)
    new = [title] if count == 1 else [f"{title} {part + 1}" for part in range(count)]
    found = f"extract_text(frame[{literal(name)}], {literal(value(step, 'pattern'))}, {pattern.longest})"
    code.add(*listed("    for name, made in zip(", new, f", {found}):"), "        frame[name] = made")
    _made(code, step, [name], new, value(step, "kind"))


def _formula(code: Code, step: Step, schema: Schema) -> None:
    made = formula_code(value(step, "formula"), schema, code, step)
    code.imports.add("import numpy as np")
    code.add("    with np.errstate(all='ignore'):")
    code.add(f"        made = finite(np.broadcast_to({made}, len(frame)))")
    code.add(f"    frame[{literal(value(step, 'name'))}] = made")


def _duplicates(code: Code, step: Step, schema: Schema) -> None:
    names = _names(step, schema)
    code.add("    if learning:")
    code.add(*listed("        alike = frame.duplicated(subset=", names, f", keep={literal(value(step, 'keep'))})"))
    code.add("        frame = frame[~alike].copy()")


def _missing_rows(code: Code, step: Step, schema: Schema) -> None:
    code.add("    if learning:")
    code.add(*listed("        share = frame[", _names(step, schema), "].isna().mean(axis=1)"))
    code.add(f"        frame = frame[share <= {literal(value(step, 'max_share'))}].copy()")


def _filter(code: Code, step: Step, schema: Schema) -> None:
    made = formula_code(value(step, "condition"), schema, code, step)
    code.imports.add("import numpy as np")
    sign = "" if value(step, "keep") == "matching" else "~"
    code.add("    if learning:", "        with np.errstate(all='ignore'):")
    code.add(f"            fits = finite(np.broadcast_to({made}, len(frame))) == 1", f"        frame = frame[{sign}fits].copy()")


def _null_words(code: Code, step: Step, schema: Schema) -> None:
    code.use("same_cells")
    words = literal([str(word) for word in value(step, "words")])
    _each(code, _names(step, schema), f"frame[name].where(~same_cells(frame[name], {words}))")


def _trim(code: Code, step: Step, schema: Schema) -> None:
    code.use("each_word")
    case = value(step, "case")
    tidy = '" ".join(cell.split())' + ("" if case == "keep" else f".{case}()")
    names = [name for name in _names(step, schema) if schema[name].kind not in ("number", "date")]
    _each(code, names, f"each_word(frame[name], lambda cell: {tidy})")


def _replace(code: Code, step: Step, schema: Schema) -> None:
    how, find, new, case = (value(step, name) for name in ("how", "find", "replacement", "case"))
    if not find:
        return
    if how == "cell":
        code.use("replace_cell")
        _each(code, _names(step, schema), f"replace_cell(frame[name], {literal(find)}, {literal(new)}, case={case})")
        return
    code.use("replace_part")
    text = find if how == "pattern" else re.escape(find)
    longest = read_pattern(text, not case).longest
    names = [name for name in _names(step, schema) if schema[name].kind not in ("number", "date")]
    more = f"{longest}, case={case}, expand={how == 'pattern'}"
    _each(code, names, f"replace_part(frame[name], {literal(text)}, {literal(new)}, {more})")


def _merge(code: Code, step: Step, schema: Schema) -> None:
    name = value(step, "column")
    mapping = {str(old): str(new) for old, new in value(step, "mapping").items()}
    method = value(step, "method") if step.op == "merge_variants" else "none"
    key = "" if method == "none" or not mapping else f", key={method}"
    if key and method not in ("fingerprint", "ngram"):
        raise refusal(step, f"new variants are known by the key {method!r}, for which neither Python nor pandas has a function")
    code.use("merge_words", *(["fingerprint"] if key else []))
    pairs = [f"{literal(old)}: {literal(new)}" for old, new in mapping.items()]
    code.add(f"    if {literal(name)} in frame:")
    from automl_core.script.writing import assigned

    code.add(*assigned("        mapping = ", pairs, "{}"))
    code.add(f"        frame[{literal(name)}] = merge_words(frame[{literal(name)}], mapping{key})")


def _parts(code: Code, step: Step, schema: Schema) -> None:
    code.use("date_part")
    names = [name for name in _names(step, schema) if schema[name].kind == "date"]
    code.add(*listed(EACH, names, THERE))
    code.add(*listed("        for part in ", list(value(step, "parts")), ":"))
    code.add('            frame[f"{name} {part}"] = date_part(frame[name], part)')
    if not value(step, "keep"):
        code.add(*listed("    frame = frame.drop(columns=", names, ', errors="ignore")'))


NAMING = ("null_words", "replace", "merge_values", "merge_variants")
"""Steps that name cells."""
WRITERS: dict[str, Writer] = {
    "drop_columns": _drop,
    "rename_columns": _rename,
    "order_columns": _order,
    "change_kind": _change_kind,
    "parse_numbers": _parse_numbers,
    "parse_dates": _parse_dates,
    "split_column": _split,
    "join_columns": _join,
    "extract_pattern": _extract,
    "formula": _formula,
    "drop_duplicates": _duplicates,
    "drop_missing_rows": _missing_rows,
    "filter_rows": _filter,
    "null_words": _null_words,
    "trim_text": _trim,
    "replace": _replace,
    "merge_values": _merge,
    "merge_variants": _merge,
    "date_parts": _parts,
}


def label_words(values: pd.Series) -> pd.Series:
    """Return a target as people wrote it; used where a script's labels are compared."""
    return values if values.dtype == object else as_text(values)
