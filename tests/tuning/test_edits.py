"""A space changed by text and by the page's table."""

from __future__ import annotations

import pytest

from automl_core.engines.optuna import Choice, Range
from automl_core.errors import InputError
from automl_core.tuning.edits import as_rows, from_rows, parse_edit
from automl_core.tuning.spaces import Parameter, Space

SPACE = Space(
    (
        Parameter("rate", Range(0.01, 1, log=True), 0.1),
        Parameter("leaves", Range(2, 64, whole=True), 31),
        Parameter("layers", Choice(([64], [128, 64])), [64]),
        Parameter("weights", Choice((None, "balanced", True)), None),
    )
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rate=0.05..0.5", ("rate", Range(0.05, 0.5, log=True))),
        ("leaves=8", ("leaves", Range(8, 8, whole=True))),
        ("leaves=8,16", ("leaves", Choice((8, 16)))),
        ("layers=128-64", ("layers", Choice(([128, 64],)))),
        ("weights=null,balanced", ("weights", Choice((None, "balanced")))),
    ],
)
def test_text_is_read(text: str, expected: tuple) -> None:
    assert parse_edit(text, SPACE) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rate", "'rate' names no values. It must be NAME=LOW..HIGH"),
        ("rate=fast", "rate is 'fast'. A number is needed."),
        ("layers=1..2", "layers has no range. It has the values 64, 128-64. List some of them."),
        ("weights=heavy", "weights has no value 'heavy'. There are null, balanced, true. Choose some of them."),
        ("speed=3", "This model has no parameter 'speed' that is tuned. There are rate, leaves, layers, weights."),
        ("rate=2..1", "rate goes from 2 to 1. The low end must not be above the high end."),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError) as error:
        SPACE.changed(*parse_edit(text, SPACE))
    assert words in str(error.value)


def test_a_table_that_was_not_touched_changes_nothing() -> None:
    assert from_rows(SPACE, as_rows(SPACE)) == SPACE


def test_what_a_model_leaves_to_the_library_is_told_as_its_default() -> None:
    open_ones = Space((*SPACE, Parameter("subsample", Range(0.5, 1), None)))
    assert [row["Now"] for row in as_rows(open_ones)] == ["0.1", "31", "64", "null", "default"]


def test_a_row_of_the_table_narrows_fixes_or_is_refused() -> None:
    rows = as_rows(SPACE)
    rows[0] |= {"From": 0.5}
    rows[2] |= {"Values": "64"}
    found = from_rows(SPACE, rows)
    assert found.parameters[0].entry == Range(0.5, 1, log=True) and found.parameters[2].fixed
    rows[1] |= {"From": 80}
    with pytest.raises(InputError, match="leaves goes from 80 to 64. The low end must not be above the high end. Swap them."):
        from_rows(SPACE, rows)
    rows[1] |= {"From": None}
    with pytest.raises(InputError, match="leaves lacks an end."):
        from_rows(SPACE, rows)
