"""Who did what: one line for each act, only ever appended, each sealed with the one before it.

A line is JSON; its ``seal`` is the SHA-256 of the seal before and of the line without it, so that a line that is changed,
taken out or put in breaks the chain behind it (`check`). What a person typed as a secret is never given to this module:
entries name kinds, ids and roles, not parameters.
"""

from __future__ import annotations

import contextlib
import csv
import fcntl
import hashlib
import io
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from automl_core.errors import AccessError, AutoMLError
from automl_core.log import log_error
from automl_core.people.person import Person, acting
from automl_core.workspace import Workspace

Action = Literal[
    "signed-in", "signed-out", "refused",
    "created", "renamed", "deleted", "shared", "unshared", "given",
    "table", "recipe", "rules", "case",
    "started", "stopped", "resumed", "study",
    "registered", "promoted", "rolled-back", "cleared", "noted",
    "policy", "monitoring", "labels",
    "settings", "cleaned", "exported", "imported",
]  # fmt: skip
ACTIONS: dict[Action, str] = {
    "signed-in": "Signed in",
    "signed-out": "Signed out",
    "refused": "Was refused",
    "created": "Made a project",
    "renamed": "Renamed a project",
    "deleted": "Deleted a project",
    "shared": "Shared a project",
    "unshared": "Took a project back",
    "given": "Gave a project away",
    "table": "Changed a table",
    "recipe": "Changed a recipe",
    "rules": "Changed rules",
    "case": "Changed a what-if case",
    "started": "Started work",
    "stopped": "Stopped work",
    "resumed": "Let work go on",
    "study": "Changed a study",
    "registered": "Registered a version",
    "promoted": "Promoted a version",
    "rolled-back": "Rolled back",
    "cleared": "Cleared an alias",
    "noted": "Wrote a note",
    "policy": "Changed a policy",
    "monitoring": "Changed monitoring",
    "labels": "Added outcomes",
    "settings": "Changed settings",
    "cleaned": "Cleaned up",
    "exported": "Exported the workspace",
    "imported": "Imported a workspace",
}
"""What can be done, in words."""
Outcome = Literal["done", "refused", "failed"]
NEWEST = 4 << 20
"""Bytes from the end of the log that are read for a page."""
_FIRST = "0" * 64
_TAIL = 64 << 10
LONGEST = 500
"""Characters of a detail."""


@dataclass(frozen=True)
class Entry:
    """One act. `time` is seconds since the epoch, `who` a person's id, `project` and `what` ids or names."""

    time: float
    who: str
    action: str
    project: str = ""
    what: str = ""
    detail: str = ""
    outcome: str = "done"


@dataclass(frozen=True)
class Check:
    """Whether the log is as it was written.

    Parameters
    ----------
    entries : int
    broken : tuple of int
        Numbers, from 1, of lines that do not follow from the one before.
    """

    entries: int
    broken: tuple[int, ...]


def record(
    workspace: Workspace,
    action: Action,
    *,
    project: str = "",
    what: str = "",
    detail: str = "",
    outcome: Outcome = "done",
    who: str = "",
) -> None:
    """Append what the acting person, or somebody who could not come in, did; on the disk when this returns.

    A log that cannot be written does not undo what was done: that is told in the error log.
    """
    try:
        entry = Entry(time.time(), (who or acting().id)[:LONGEST], action, project, what[:LONGEST], detail[:LONGEST], outcome)
        _append(workspace.audit, entry)
    except (OSError, AccessError) as error:
        log_error(workspace, error, "audit")


def _append(path: Path, entry: Entry) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        size = os.fstat(handle).st_size
        tail = os.pread(handle, _TAIL, max(size - _TAIL, 0))
        text = _text(asdict(entry))
        seals = [seal for line in tail.splitlines()[::-1] if (seal := _seal_in(line))]
        line = _text({**asdict(entry), "seal": _seal(seals[0] if seals else _FIRST, text)}).encode() + b"\n"
        if tail and not tail.endswith(b"\n"):  # a line that a crash cut
            line = b"\n" + line
        while line:
            line = line[os.write(handle, line) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def entries(workspace: Workspace, *, newest: int = NEWEST) -> list[Entry]:
    """Return the newest entries, newest first; lines that a crash cut are left out."""
    try:
        with open(workspace.audit, "rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - newest, 0))
            lines = file.read().splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in reversed(lines):
        try:
            data = json.loads(line)
            del data["seal"]
            found.append(Entry(**data))
        except (ValueError, KeyError, TypeError):
            continue  # cut by a crash, or by where reading began
    return found


def words_of(entry: Entry) -> str:
    """Return what was done, in words; the code itself where a newer version wrote it."""
    return {str(code): words for code, words in ACTIONS.items()}.get(entry.action, entry.action)


def seen_by(person: Person, found: list[Entry], projects: set[str]) -> list[Entry]:
    """Return what a person may read: what they did themselves, and what was done in the projects that they see."""
    return [entry for entry in found if person.everywhere or entry.who == person.id or entry.project in projects]


def as_csv(found: list[Entry]) -> str:
    """Return entries as a table in text, newest first; cells that a spreadsheet would run get an apostrophe in front."""
    rows = io.StringIO()
    writer = csv.writer(rows)
    writer.writerow(["time", "who", "action", "project", "what", "detail", "outcome"])
    for entry in found:
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(entry.time))
        cells = [moment, entry.who, words_of(entry), entry.project, entry.what, entry.detail, entry.outcome]
        writer.writerow([f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell for cell in cells])
    return rows.getvalue()


def check(workspace: Workspace) -> Check:
    """Look whether every line follows from the one before."""
    broken, count, before = [], 0, _FIRST
    try:
        lines = workspace.audit.read_bytes().splitlines()
    except FileNotFoundError:
        lines = []
    for number, line in enumerate(lines, 1):
        seal = _seal_in(line)
        if seal:
            count += 1
            data = json.loads(line)
            del data["seal"]
            if seal == _seal(before, _text(data)):
                before = seal
                continue
            before = seal
        broken.append(number)
    return Check(count, tuple(broken))


@contextlib.contextmanager
def recorded(workspace: Workspace, action: Action, *, project: str = "", what: str = "", detail: str = "") -> Iterator[None]:
    """Record what the block did: ``done``, or ``failed`` with the reason when it raised."""
    try:
        yield
    except BaseException as error:  # whatever ends it, also a page that is left, is written down and raised again
        reason = error.received if isinstance(error, AutoMLError) else type(error).__name__
        record(workspace, action, project=project, what=what, detail=reason, outcome="failed")
        raise
    record(workspace, action, project=project, what=what, detail=detail)


def _text(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def _seal(before: str, text: str) -> str:
    return hashlib.sha256(f"{before}{text}".encode("utf-8", "surrogatepass")).hexdigest()


def _seal_in(line: bytes) -> str:
    try:
        data = json.loads(line)
    except ValueError:
        return ""
    seal = data.get("seal") if isinstance(data, dict) else None
    return seal if isinstance(seal, str) else ""
