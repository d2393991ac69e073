"""What the numbers that a fitted preprocessor gives are called, and which of the person's columns they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from sklearn.compose import ColumnTransformer


@dataclass(frozen=True)
class Feature:
    """One number that a model gets.

    Parameters
    ----------
    name : str
    source : str
        The person's column that it comes from; the first one where there are several.
    kind : str
        ``number``, ``code`` (of a word) or ``other``.
    plain : bool
        Whether it is still what the preparation of its column gave.
    """

    name: str
    source: str
    kind: str
    plain: bool = True


class Prepared(Protocol):
    """What is asked of a fitted `automl_core.cleaning.preparation.Preparation`."""

    columns: Any
    positions_: list[Any]
    names_: Any
    sources_: Any
    kinds_: Any


def first_features(columns: ColumnTransformer) -> list[Feature]:
    """Return what a fitted transformer of single columns gives, for the steps that come after it."""
    found = []
    sources = source_columns(columns)
    groups = [(names, outputs, part) for (names, outputs, _), part in zip(_groups(columns), _kinds(columns), strict=True)]
    place = 0
    for _, outputs, kind in groups:
        for name in outputs:
            mark = name.startswith("missingindicator_") or name.endswith(" outlying")
            found.append(Feature(name, sources[place], "other" if mark and kind == "number" else kind))
            place += 1
    return found


def _kinds(columns: ColumnTransformer) -> list[str]:
    """Return for each group whether its outputs are numbers, codes of words, or other numbers made of words and texts."""
    kinds = []
    for _, transformer, _ in columns.transformers_:
        if isinstance(transformer, str) and transformer == "drop":
            continue
        labels = [label.rstrip("0123456789") for label, _ in getattr(transformer, "steps", [])]
        kinds.append("code" if "codes" in labels else "other" if {"encode", "text", "bin"} & set(labels) else "number")
    return kinds


def pack_names(preprocessor: ColumnTransformer | Prepared) -> None:
    """Keep a fitted preprocessor's names and positions as plain arrays, which skops writes at once and not one by one.

    With 20,000 columns storing and reading one view took 7 s, and its description 37 MB.
    """
    import numpy as np

    made: Any = preprocessor.columns if hasattr(preprocessor, "positions_") else preprocessor

    def packed(columns: Any) -> Any:
        return np.array(columns) if isinstance(columns, list) and columns else columns

    made.transformers = [(name, part, packed(columns)) for name, part, columns in made.transformers]
    made.transformers_ = [(name, part, packed(columns)) for name, part, columns in made.transformers_]
    made._columns = [packed(columns) for columns in made._columns]
    places = made._transformer_to_input_indices
    made._transformer_to_input_indices = {name: packed(indices) for name, indices in places.items()}
    steps = [step for _, part, _ in made.transformers_ for _, step in getattr(part, "steps", [])]
    # A text goes by its bare name, and scikit-learn looks that up here: a NumPy string would not do.
    bare = any(isinstance(columns, str) for _, _, columns in made.transformers_)
    for owner in steps if bare else [made, *steps]:
        if hasattr(owner, "feature_names_in_"):
            owner.feature_names_in_ = owner.feature_names_in_.astype(str)


def source_columns(preprocessor: ColumnTransformer | Prepared) -> list[str]:
    """Return for each column of a fitted preprocessor's output the user's column that it comes from.

    What is made of several columns is said to come from the first.
    """
    if hasattr(preprocessor, "positions_"):
        return [str(name) for name in preprocessor.sources_]
    sources: list[str] = []
    for names, outputs, _ in _groups(preprocessor):
        if len(outputs) == len(names):
            sources += names
        else:
            sources += [_source(output, names) for output in outputs]
    return sources


def feature_names(preprocessor: ColumnTransformer | Prepared) -> list[str]:
    """Return readable names of a fitted preprocessor's output."""
    if hasattr(preprocessor, "positions_"):
        return [str(name) for name in preprocessor.names_]
    return [output for _, outputs, _ in _groups(preprocessor) for output in outputs]


def native_categories(preprocessor: ColumnTransformer | Prepared) -> list[int]:
    """Return the positions of the category columns in a fitted native view."""
    if hasattr(preprocessor, "positions_"):
        return [place for place, kind in enumerate(preprocessor.kinds_) if kind == "code"]
    positions: list[int] = []
    offset = 0
    for _, outputs, codes in _groups(preprocessor):
        positions += range(offset, offset + len(outputs)) if codes else ()
        offset += len(outputs)
    return positions


def _groups(preprocessor: ColumnTransformer) -> list[tuple[list[str], list[str], bool]]:
    """Return for each group its columns, its output names, and whether its outputs are codes of words."""
    groups = []
    for _, transformer, columns in preprocessor.transformers_:
        names = [columns] if isinstance(columns, str) else [str(name) for name in columns]
        if isinstance(transformer, str) and transformer == "drop":
            continue
        if not hasattr(transformer, "steps"):  # passed through
            groups.append((names, names, False))
        else:
            groups.append((names, output_names(transformer, names), transformer.steps[-1][0] == "codes"))
    return groups


def output_names(transformer: Any, names: list[str]) -> list[str]:
    """Return the output names of one group's pipeline, whose parts do not all know names."""
    import numpy as np

    current = np.array(names, dtype=object)
    for _, part in transformer.steps:
        if type(part).__name__ == "TextFeatures":
            current = np.array([f"{names[0]} {name}" for name in part.get_feature_names_out()], dtype=object)
        elif type(part).__name__ == "KNNImputer":
            # scikit-learn 1.4 leaves the names of empty columns out although it keeps the columns.
            marks = part.indicator_.get_feature_names_out(current) if part.add_indicator else []
            current = np.array([*current, *marks], dtype=object)
        elif hasattr(part, "feature_names_in_"):
            current = part.get_feature_names_out()
        else:
            current = part.get_feature_names_out(current)
    return [str(name) for name in current]


def _source(output: str, names: list[str]) -> str:
    """Return the longest name that the output's name is made from."""
    bare = output.removeprefix("missingindicator_")
    fitting = [name for name in names if bare == name or bare.startswith((f"{name} = ", f"{name}_", f"{name} "))]
    return max(fitting, key=len) if fitting else names[0]
