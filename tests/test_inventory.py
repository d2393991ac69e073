"""Every step, alert and reader has a row of exact values in a table of tests; a new one without fails here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from automl_core.cleaning.steps import OPERATIONS
from automl_core.data.origin import Form, Packing
from tests.data.sources.test_every_reader import FILES, PACKED

TESTS = Path(__file__).parent
ALERTS = TESTS.parent / "automl_core" / "profiling" / "alerts"


def _calls(tree: ast.AST, *names: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names and node.args:
            yield node


def _first(call: ast.Call) -> set[str]:
    """Return the words that the first argument of a call can be."""
    first = call.args[0]
    options = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
    return {option.value for option in options if isinstance(option, ast.Constant) and isinstance(option.value, str)}


def _tables(path: Path) -> Iterator[ast.AST]:
    """Yield the tables of cases of a test module: what tests are parametrised with, and the constant TABLE."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            yield from node.decorator_list
        elif isinstance(node, ast.Assign) and any(isinstance(one, ast.Name) and one.id == "TABLE" for one in node.targets):
            yield node.value


def test_every_step_stands_in_a_table_of_cases() -> None:
    tables = [table for path in (TESTS / "cleaning").glob("test_*.py") for table in _tables(path)]
    tested = set().union(*(_first(call) for table in tables for call in _calls(table, "Step")))
    assert set(OPERATIONS) - tested == set()


def test_every_alert_is_raised_by_a_case() -> None:
    sources = [ast.parse(path.read_text()) for path in ALERTS.glob("*.py")]
    codes = set().union(*(_first(call) for tree in sources for call in _calls(tree, "Alert")))
    cases = [ast.parse(path.read_text()) for path in (TESTS / "profiling").glob("test_*.py")]
    tested = set().union(*(_words(tree) for tree in cases))
    assert len(codes) > 25
    assert codes - tested == set()


def _words(tree: ast.AST) -> set[str]:
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_every_reader_and_packing_gives_the_same_table() -> None:
    assert set(FILES) == set(get_args(Form)) - {"query"}  # no file: see tests/data/sources/test_database.py
    assert set(PACKED) == set(get_args(Packing)) - {""}
