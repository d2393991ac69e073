"""A table of a database as a source of new rows: those whose key is above the last one taken, learned once and never lost.

Nothing is counted as taken before a version was made of it: rows whose firing failed come again with the next ones.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from automl_core.data.sources.database import check_address, check_statement, read_after
from automl_core.errors import InputError
from automl_core.registry.store import Registered
from automl_core.retraining.policy import Policy
from automl_core.retraining.watching import Arrivals
from automl_core.workspace import atomic_file, read_json, write_json


def check_table(policy: Policy) -> None:
    """Refuse a source that cannot be read again and again.

    Raises
    ------
    InputError
        For an address that cannot be read or holds a password, a statement that is no SELECT, or no key.
    """
    check_address(policy.database)
    check_statement(policy.query)
    if not policy.key.strip():
        raise InputError(
            "No key of the rows was named.", "A number or a time that grows with every row tells new rows from old ones.",
            "Name its column.",
        )  # fmt: skip
    if policy.least < 1:
        raise InputError(f"It would wait for {policy.least:,} rows.", "At least one is needed.", "Choose another number.")


def new_rows(registered: Registered, policy: Policy, *, trusted: bool = False) -> Arrivals:
    """Look for new rows and lay them down as a file, where there are enough of them.

    Parameters
    ----------
    registered : Registered
    policy : Policy
    trusted : bool
        Whether any SQLite file of this machine may be read, as at its command line.

    Raises
    ------
    InputError
        When the database cannot be read.
    """
    state = _state(registered, policy)
    table, newest = read_after(policy.database, policy.query, policy.key.strip(), state["after"], trusted=trusted)
    if newest is None or newest == state["tried"]:
        return Arrivals((), ())
    rows = len(table)
    if rows < policy.least:
        return Arrivals((), (), rows)
    path = _folder(registered, policy) / "new rows.parquet"
    with atomic_file(path) as file:
        table.to_parquet(file, index=False)
    write_json(_folder(registered, policy) / "table.json", {**state, "pending": newest})
    return Arrivals((path,), (), rows)


def settle(registered: Registered, policy: Policy, *, learned: bool) -> None:
    """Count the rows of the last look as taken; after a failure they come again as soon as there are others, too."""
    state = _state(registered, policy)
    if state["pending"] is not None:
        done = {"after": state["pending"]} if learned else {"tried": state["pending"]}
        write_json(_folder(registered, policy) / "table.json", {**state, **done, "pending": None})


def _state(registered: Registered, policy: Policy) -> dict[str, Any]:
    path = _folder(registered, policy) / "table.json"
    if path.exists():
        return dict(read_json(path))
    return {"format": 1, "after": _typed(policy.after.strip()), "tried": None, "pending": None}


def _typed(after: str) -> Any:
    """Return what a person typed as a number where it is one, None where it is empty."""
    for kind in (int, float):
        try:
            return kind(after)
        except ValueError:
            continue
    return after or None


def _folder(registered: Registered, policy: Policy) -> Path:
    return registered.folder / "policies" / policy.id
