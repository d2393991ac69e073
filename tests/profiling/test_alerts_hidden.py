"""Alerts about cells that do not mean what they say, by table: placeholders, zeros, misspelt words, mixed kinds, people."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning.apply import apply_stateless
from automl_core.cleaning.recipe import Recipe
from automl_core.data.personal import is_card, is_iban, kind_of, mask
from automl_core.profiling.alerts.spelling import fingerprint, variants
from automl_core.profiling.html import profile_html
from automl_core.profiling.profile import profile
from automl_core.schema import Column, Kind, Schema
from tests.profiling.alerting import COUNT, SHUFFLED, Cells, only, raised, step_of, words

SPREAD = np.round(SHUFFLED * 0.9)
DAYS = pd.Timestamp("2021-03-01") + pd.to_timedelta(SHUFFLED, unit="D")


@pytest.mark.parametrize(
    ("values", "words_found"),
    [
        (np.where(COUNT < 3, -1, SPREAD), ["-1"]),  # the only negative number
        (np.where(COUNT < 2, -1, SPREAD), []),  # not repeated
        (np.where(COUNT < 3, -1, SPREAD - 50), []),  # others are negative
        (np.where(COUNT < 3, 999, SPREAD), ["999"]),
        (np.where(COUNT < 3, 99, SPREAD), []),  # not far from 89
        (np.where(COUNT < 3, 9999, SPREAD), ["9999"]),
        (np.where(COUNT < 5, 9, COUNT % 5 + 1), ["9"]),  # an answer from 1 to 5
        (np.where(COUNT < 5, 8, COUNT % 6), []),  # siblings, up to 8
        (np.where(COUNT < 5, 9, COUNT % 8 + 1), []),  # from 1 to 8, so 9 is one more
        (np.where(COUNT < 5, 1000, SPREAD), ["1000"]),  # repeated, and very far
        (np.where(COUNT < 4, 1000, SPREAD), []),  # outliers
        (np.where(COUNT < 10, 999, COUNT * 100), ["999"]),  # by far the most frequent number inside the range
    ],
)
def test_disguised_missing_numbers(values: Any, words_found: list[str]) -> None:
    table: Cells = {"x": ("number", values)}
    found = raised("disguised_missing", table)
    assert [alert.evidence["values"] for alert in found] == ([words_found] if words_found else [])
    assert raised("disguised_missing", table, "x") == []
    if words_found:
        rows = found[0].evidence["rows"]
        assert found[0].severity == "warning"
        assert found[0].sentence == (
            f"{rows} cells of 'x' are {words_found[0]}, which stands apart from all other values. Is it not known there?"
        )
        assert step_of(found[0]) == ("null_words", {"columns": ["x"], "words": words_found})
        assert found[0].step is not None
        frame = pd.DataFrame({"x": values})
        done = apply_stateless(frame, Schema((Column("x", "number"),)), Recipe((found[0].step,)), training=True).frame
        assert int(done["x"].isna().sum()) == rows


def test_disguised_missing_numbers_at_both_ends() -> None:
    alert = only("disguised_missing", {"x": ("number", np.where(COUNT < 3, -999, np.where(COUNT > 96, 99999, SPREAD)))})
    assert alert.sentence == ("6 cells of 'x' are -999 or 99999, which stand apart from all other values. Is it not known there?")
    assert step_of(alert) == ("null_words", {"columns": ["x"], "words": ["-999", "99999"]})


@pytest.mark.parametrize(
    ("day", "cells", "found"),
    [
        ("1900-01-01", 3, True),
        ("1900-01-01", 2, False),
        ("1905-06-07", 5, True),
        ("1905-06-07", 4, False),
        ("2099-12-31", 3, True),
    ],
)
def test_disguised_missing_dates(day: str, cells: int, found: bool) -> None:
    dates = pd.Series(DAYS).where(cells <= COUNT, pd.Timestamp(day))
    table: Cells = {"born": ("date", dates)}
    if not found:
        assert raised("disguised_missing", table) == []
        return
    alert = only("disguised_missing", table)
    assert alert.sentence == (
        f"{cells} cells of 'born' are {day}, which stands apart from all other values. Is it not known there?"
    )
    assert step_of(alert) == ("null_words", {"columns": ["born"], "words": [day]})


def test_disguised_missing_words() -> None:
    table: Cells = {"city": ("category", words(*["Rome", "Oslo"] * 10, "Unknown", "unknown", "--"))}
    alert = only("disguised_missing", table)
    assert alert.sentence == "3 cells of 'city' say 'Unknown', 'unknown' and '--': that is nothing known."
    assert step_of(alert) == ("null_words", {"columns": ["city"], "words": ["Unknown", "unknown", "--"]})
    assert raised("disguised_missing", {"city": ("category", words("Rome", "Oslo", "Nowhere"))}) == []


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (np.where(COUNT < 51, 0, COUNT - 50), True),
        (np.where(COUNT < 50, 0, COUNT - 49), False),  # half
        (np.where(COUNT < 60, 0, COUNT + 50), False),  # they stand apart: said by another alert
        (np.where(COUNT < 95, 0, COUNT), False),  # few values
    ],
)
def test_excess_zeros(values: Any, found: bool) -> None:
    table: Cells = {"visits": ("number", values)}
    if not found:
        assert raised("excess_zeros", table) == []
        return
    alert = only("excess_zeros", table)
    assert (alert.severity, alert.evidence) == ("info", {"visits": 0.51})
    assert alert.sentence == (
        "'visits' is 0 in 51 % of the rows. Where 0 means that it is not known, it is better read as missing."
    )
    assert step_of(alert) == ("null_words", {"columns": ["visits"], "words": ["0"]})
    assert raised("excess_zeros", table, "visits") == []


@pytest.mark.parametrize(
    ("cells", "mapping"),
    [
        (["London"] * 10 + ["Londn", "Oslo"], {"Londn": "London"}),
        (["London"] * 10 + ["Lodnon", "Oslo"], {"Lodnon": "London"}),
        (["London"] * 4 + ["Londn"], {}),  # not five times as frequent
        (["Rome"] * 10 + ["Rom"], {}),  # too short
        (["route 11"] * 10 + ["route 12"], {}),  # another number
        (["Müller, Ann"] * 3 + ["ann muller"], {"ann muller": "Müller, Ann"}),
        (["Zürich"] * 10 + ["Zurich", "Zurch"], {"Zurich": "Zürich", "Zurch": "Zürich"}),
    ],
)
def test_spelling_variants(cells: list[str], mapping: dict[str, str]) -> None:
    table: Cells = {"city": ("category", words(*cells))}
    if not mapping:
        assert raised("spelling_variants", table) == []
        return
    alert = only("spelling_variants", table)
    first, better = next(iter(mapping.items()))
    values = "1 value is" if len(mapping) == 1 else f"{len(mapping)} values are"
    assert alert.severity == "warning"
    assert alert.sentence == f"In 'city' {values} probably another one misspelt, such as '{first}' for '{better}'."
    assert step_of(alert) == ("merge_values", {"column": "city", "mapping": mapping})
    assert alert.evidence == {"values": mapping, "count": len(mapping)}
    assert only("spelling_variants", table, "city").severity == "problem"


def test_fingerprints_are_those_of_openrefine() -> None:
    assert fingerprint("  Müller,  Ann ann ") == "ann muller"
    assert variants([("a b", 3), ("b a", 2), ("c", 1)]) == {"b a": "a b"}


@pytest.mark.parametrize(
    ("cells", "sentence", "odd"),
    [
        (
            [*map(str, range(40)), "many", "few"],
            "numbers in 95 % of its cells, and words such as 'many' and 'few'",
            ["many", "few"],
        ),
        (
            [f"2024-01-{day:02d}" for day in range(1, 31)] + ["soon"],
            "dates in 97 % of its cells, and words such as 'soon'",
            ["soon"],
        ),
        (["1", "2", "3", "4", "many"], "", []),  # few numbers
        ([*map(str, range(10)), *map(chr, range(97, 107))], "", []),  # half
        ([*map(str, range(40))], "", []),
    ],
)
def test_mixed_kinds(cells: list[str], sentence: str, odd: list[str]) -> None:
    table: Cells = {"x": ("category", words(*cells))}
    if not sentence:
        assert raised("mixed_kinds", table) == []
        return
    alert = only("mixed_kinds", table)
    assert (alert.severity, alert.sentence) == ("warning", f"'x' holds {sentence}.")
    assert step_of(alert) == ("null_words", {"columns": ["x"], "words": odd})
    assert alert.evidence["values"] == odd


CARD_CELLS = [f"4111111111111{end}" for end in ("111", "129", "137", "145")]


@pytest.mark.parametrize(
    ("kind", "cells", "what"),
    [
        ("category", ["ann@example.org", "bob@example.org", "unknown"], "e-mail addresses"),
        ("category", ["+44 20 7946 0000", "+44 20 7946 0001", "+44 20 7946 0002"], "telephone numbers"),
        ("id", CARD_CELLS, "payment card numbers"),
        ("number", np.array([float(cell) for cell in CARD_CELLS]), "payment card numbers"),
        ("text", ["DE89 3704 0044 0532 0130 00", "GB82 WEST 1234 5698 7654 32", "x"], "bank account numbers"),
        ("category", ["ann", "bob", "eve@example.org"], ""),
        ("category", ["2024-01-02", "2024-01-03", "2024-01-04"], ""),
        ("id", ["4111111111111112", "4111111111111113", "4111111111111114"], ""),  # the check digit is wrong
        ("id", [str(10**15 + number) for number in range(50)], ""),  # one in ten is right by chance
    ],
)
def test_personal_data(kind: Kind, cells: Any, what: str) -> None:
    table: Cells = {"contact": (kind, words(*cells) if isinstance(cells, list) else cells)}
    if not what:
        assert raised("personal_data", table) == []
        return
    alert = only("personal_data", table)
    assert (alert.severity, alert.evidence) == ("warning", {"kind": what})
    assert alert.sentence == f"The cells of 'contact' look like {what}. A model should not know people by them."
    assert step_of(alert) == ("drop_columns", {"columns": ["contact"]})
    assert raised("personal_data", table, "contact") == []


def test_personal_data_in_texts() -> None:
    texts = words(*(f"Note {row} of the day" for row in range(40)), "Write to ann@example.org today", "Call +44 20 7946 0000 now")
    alert = only("personal_data", {"note": ("text", texts)})
    assert alert.sentence == "'note' names addresses or numbers of people in 2 texts of 42 that were looked at."
    assert alert.evidence == {"texts": 2, "looked_at": 42}


@pytest.mark.parametrize("kind", ["category", "text", "id", "number"])
def test_personal_data_never_shows(kind: Kind) -> None:
    """Not in values, examples, figures, alerts, relations or on the page."""
    rng = np.random.default_rng(0)
    secrets: Any = CARD_CELLS * 30
    cells = np.array([float(cell) for cell in secrets]) if kind == "number" else words(*secrets)
    mails = words(*(f"write to person{row}@example.org about it" for row in range(120)))
    frame = pd.DataFrame({"card": cells, "note": mails, "y": rng.normal(size=120)})
    schema = Schema((Column("card", kind), Column("note", "text"), Column("y", "number")))
    found = profile(frame, schema, "y")
    said = json.dumps(found.to_dict(), ensure_ascii=False) + profile_html(found, "t")
    assert "4111111111111" not in said and "4.1111" not in said and "4.111e+15" not in said
    assert "@example" not in said


def test_check_digits() -> None:
    assert is_card("4111 1111 1111 1111") and not is_card("4111111111111112") and not is_card("0000000000000000")
    assert is_iban("GB82 WEST 1234 5698 7654 32") and not is_iban("GB83 WEST 1234 5698 7654 32")
    assert [kind_of(cell) for cell in ("12.03.2024", "2024-03-12", "192.168.0.1", "1234567890")] == [""] * 4
    assert mask("ann@example.org or +44 20 7946 0000, 4111111111111111") == "[e-mail] or [phone], [card]"


def test_near_duplicate_rows() -> None:
    city = words("Rome", "rome ", "Oslo", "Oslo", "Bern")
    table: Cells = {"city": ("category", city), "x": ("number", [1.0, 1.0, 2.0, 2.0, 3.0])}
    alert = only("near_duplicate_rows", table)
    assert (alert.severity, alert.evidence) == ("info", {"rows": 1, "across": 0.32})
    why = "The same case in learning and judging makes scores look too good."
    assert alert.sentence == f"1 row differs from an earlier one by case and spaces only. {why}"
    assert step_of(alert) == ("drop_duplicates", {"columns": []})
    assert only("duplicate_rows", table).evidence["rows"] == 1
    keyed: Cells = {"key": ("id", words(*"abcde")), **table}
    alert = only("near_duplicate_rows", keyed)
    assert alert.sentence.startswith("2 rows differ from an earlier one by keys, case and spaces only.")
    assert step_of(alert) == ("drop_duplicates", {"columns": ["city", "x"]})
    assert raised("near_duplicate_rows", {"city": ("category", words("Rome", "rome"))}) == []


def test_duplicate_rows_across_the_split() -> None:
    """50 pairs: each has one half held out and the other learned from with a chance of 2 x 0.2 x 0.8."""
    alert = only("duplicate_rows", {"x": ("number", COUNT // 2)})
    assert alert.evidence == {"rows": 50, "across": 16.0}
    assert alert.sentence.endswith("about 16 rows of it would have a copy among those learned from.")


def test_near_duplicate_rows_across_the_split() -> None:
    """50 pairs that differ by case: as many as of exact copies."""
    names = [f"Name {row // 2}" if row % 2 else f"NAME {row // 2}" for row in range(100)]
    alert = only("near_duplicate_rows", {"name": ("text", words(*names)), "x": ("number", COUNT // 2)})
    assert alert.evidence == {"rows": 50, "across": 16.0}
    assert alert.sentence.endswith(
        "With a fifth held out at random, about 16 rows of it would have such a copy among those learned from."
    )


@pytest.mark.parametrize(("rows", "severity"), [(2, "warning"), (4, "warning")])
def test_contradicting_rows(rows: int, severity: str) -> None:
    x = np.where(rows > COUNT, COUNT // 2, COUNT + 1000)
    alert = only("contradicting_rows", {"x": ("number", x), "y": ("number", COUNT)}, "y")
    assert (alert.severity, alert.evidence, alert.step) == (severity, {"rows": rows}, None)
    assert alert.sentence.startswith(f"{rows} rows are alike in every column but the target: no model can tell")
    assert raised("contradicting_rows", {"x": ("number", x), "y": ("number", COUNT)}) == []
    assert raised("contradicting_rows", {"x": ("number", x), "y": ("number", x % 3)}, "y") == []  # copies


def test_groups_and_time_order() -> None:
    table: Cells = {
        "customer id": ("category", words(*(f"c{int(row) % 20}" for row in SHUFFLED))),
        "day": ("date", pd.Timestamp("2024-01-01") + pd.to_timedelta(COUNT, unit="D")),
        "x": ("number", SHUFFLED),
    }
    group, order = only("groups", table), only("time_order", table)
    assert group.evidence == {"column": "customer id", "distinct": 20, "rows": 100}
    assert group.sentence.startswith("'customer id' repeats: 20 values in 100 rows.")
    assert order.evidence == {"column": "day", "sorted": True}
    assert order.sentence.startswith("'day' gives each row a date, from 1 Jan 2024 to 9 Apr 2024.")
    assert (group.severity, group.step, order.severity, order.step) == ("info", None, "info", None)
    assert raised("groups", {"x": ("number", SHUFFLED)}) == raised("time_order", {"x": ("number", SHUFFLED)}) == []


def test_redundant_copies_are_found_however_wide_the_table_is() -> None:
    rng = np.random.default_rng(0)
    table: Cells = {f"c{place}": ("number", rng.normal(size=40)) for place in range(150)}
    table["again"] = ("number", table["c149"][1])
    alert = only("redundant", table)
    assert alert.columns == ("c149", "again")
    assert step_of(alert) == ("drop_columns", {"columns": ["again"]})


def test_rare_class_is_merged_where_there_are_several() -> None:
    cells = words(*["a"] * 50, *["b"] * 3, *["c"] * 2)
    assert step_of(only("rare_class", {"y": ("category", cells)}, "y")) == (
        "merge_values",
        {"column": "y", "mapping": {"b": "other", "c": "other"}},
    )
    assert only("rare_class", {"y": ("category", words(*["a"] * 50, "b"))}, "y").step is None
