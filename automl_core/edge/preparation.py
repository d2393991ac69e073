"""A fold's fitted preparation as operators: numbers go through their steps, words are looked up."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.cleaning.names import source_columns
from automl_core.edge.steps import after_step
from automl_core.errors import InputError

if TYPE_CHECKING:
    from automl_core.engines.onnx import Graph

Array = npt.NDArray[np.float64]
UNKNOWN = ("\x01 no word", "\x02 another one")
"""Two words that nobody writes: what they become is what any word becomes that was never seen."""
MISSING = ""
"""What stands for a missing word."""


def prepared(graph: Graph, preprocessor: Any, inputs: Mapping[str, str], numbers: set[str]) -> tuple[str, int]:
    """Add what a fitted `ColumnTransformer` or `Preparation` does.

    Parameters
    ----------
    graph : Graph
    preprocessor : object
        Fitted.
    inputs : mapping of str to str
        The graph's value of each column.
    numbers : set of str
        The columns that hold numbers; the others hold words.

    Returns
    -------
    str
        The matrix that the models get.
    int
        Its width.

    Raises
    ------
    InputError
        With the part that ONNX cannot do.
    """
    columns = preprocessor.columns if hasattr(preprocessor, "positions_") else preprocessor
    sources = source_columns(columns)
    parts: dict[int, tuple[str, int]] = {}
    for name, transformer, names in columns.transformers_:
        place = columns.output_indices_[name]
        if place.start == place.stop or (isinstance(transformer, str) and transformer == "drop"):
            continue
        bare = isinstance(names, str)
        used = [names] if bare else [str(column) for column in names]
        if not bare and all(column in numbers for column in used):
            value = graph.side_by_side([inputs[column] for column in used])
            width = len(used)
            for _, step in getattr(transformer, "steps", []):
                value, width = after_step(graph, step, value, width)
        elif bare:
            raise InputError(f"The text in {names!r} is described by its groups of letters.", "ONNX counts no groups of letters.",
                             "Leave the column out, or use the zip.")  # fmt: skip
        else:
            value = _words(graph, transformer, used, list(sources[place]), inputs)
            width = place.stop - place.start
        parts[place.start] = (value, width)
    value = graph.side_by_side([parts[start][0] for start in sorted(parts)])
    width = sum(one for _, one in parts.values())
    if hasattr(preprocessor, "positions_"):
        for (label, step, _), positions in zip(preprocessor.after, preprocessor.positions_, strict=True):
            if len(positions) and not label.startswith("drop"):
                value, width = _together(graph, step, value, width, [int(one) for one in positions])
    return value, width


def _together(graph: Graph, step: Any, value: str, width: int, positions: list[int]) -> tuple[str, int]:
    """Add a step over some columns of a matrix; see `cleaning.preparation.put` for where its own go."""
    made, count = after_step(graph, step, graph.columns(value, positions), len(positions))
    others = [place for place in range(width) if place not in set(positions)]
    if count != len(positions):
        return (graph.side_by_side([graph.columns(value, others), made]) if others else made), len(others) + count
    whole = graph.side_by_side([graph.columns(value, others), made]) if others else made
    order = {place: number for number, place in enumerate([*others, *positions])}
    return graph.columns(whole, [order[place] for place in range(width)]), width


def _words(graph: Graph, transformer: Any, names: list[str], sources: list[str], inputs: Mapping[str, str]) -> str:
    """Add a table of what each known word of each column becomes, with a line for a missing and one for any other word.

    Encoders look at one column at a time, so a word's numbers do not depend on the rest of the row.
    """
    known = _known(transformer, len(names))
    tables = []
    for position, name in enumerate(names):
        asked = [*known[position], None, *UNKNOWN]
        cells: dict[str, list[Any]] = {one: [np.nan] * len(asked) for one in names}
        cells[name] = [np.nan if word is None else word for word in asked]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # words that were never seen are what is asked for
            made = np.asarray(transformer.transform(pd.DataFrame(cells, dtype=object)[names]), dtype=np.float64)
        mine = np.flatnonzero([source == name for source in sources])
        table = made[:, mine]
        if not np.array_equal(table[-2], table[-1], equal_nan=True):
            raise InputError(
                f"Words of {name!r} that were never seen are told apart by their letters.", "ONNX looks words up in a list.",
                "Encode the column in another way, or use the zip.",
            )  # fmt: skip
        tables.append((mine, graph.lookup(inputs[name], [*known[position], MISSING], table[:-1])))
    order = np.argsort(np.concatenate([mine for mine, _ in tables]))
    whole = graph.side_by_side([value for _, value in tables])
    return whole if np.array_equal(order, np.arange(len(order))) else graph.columns(whole, [int(place) for place in order])


def _known(transformer: Any, width: int) -> list[list[str]]:
    """Return the words of each column that any fitted step knows."""
    found: list[dict[str, None]] = [{} for _ in range(width)]
    for _, step in getattr(transformer, "steps", []):
        for place in range(width):
            for name in ("categories_", "kept_", "shares_"):
                lists = getattr(step, name, None)
                if lists is not None and len(lists) == width:
                    words = lists[place][0] if name == "shares_" else lists[place]
                    found[place].update(dict.fromkeys(word for word in words if isinstance(word, str) and word != MISSING))
    return [list(words) for words in found]
