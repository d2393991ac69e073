"""Rows that somebody made up to see what a model says, kept with its run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automl_core.errors import FormatError, InputError
from automl_core.people.access import changing
from automl_core.workspace import read_json, write_json

MOST = 50
LONGEST = 60


@dataclass(frozen=True)
class Case:
    """One made-up row.

    Parameters
    ----------
    name : str
    values : dict
        By column, plain JSON types, as `predicting.predict_row` takes them.
    """

    name: str
    values: dict[str, Any]


def load_cases(path: Path) -> tuple[Case, ...]:
    """Read the cases of a model, none where no file is; raises FormatError for another format version."""
    if not path.exists():
        return ()
    data = read_json(path)
    if data.get("format") != 1:
        raise FormatError(f"These cases have format {data.get('format')!r}.", "This version reads format 1.")
    return tuple(Case(entry["name"], entry["values"]) for entry in data["cases"])


def keep_case(path: Path, case: Case) -> tuple[Case, ...]:
    """Add a case, or replace the one of the same name.

    Raises
    ------
    InputError
        When its name is empty or too long, or `MOST` are kept already.
    """
    name = case.name.strip()
    if not 0 < len(name) <= LONGEST:
        raise InputError(f"The name has {len(name):,} characters.", f"It must have 1 to {LONGEST}.", "Choose another name.")
    known = [entry for entry in load_cases(path) if entry.name != name]
    if len(known) >= MOST:
        raise InputError(f"{MOST} cases are kept already.", action="Delete one that is no longer needed.")
    return _write(path, (*known, Case(name, case.values)))


def drop_case(path: Path, name: str) -> tuple[Case, ...]:
    """Remove a case; one that is gone already is no fault."""
    return _write(path, tuple(entry for entry in load_cases(path) if entry.name != name))


def _write(path: Path, cases: tuple[Case, ...]) -> tuple[Case, ...]:
    with changing(path, "case", path.stem):
        write_json(path, {"format": 1, "cases": [{"name": case.name, "values": case.values} for case in cases]})
    return cases
