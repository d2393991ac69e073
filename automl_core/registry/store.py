"""Registered models on disk: their versions with hashes, and a log that is only ever appended to.

A registered model is a folder of its project: ``model.json`` (its name), ``log.jsonl`` and ``versions/N`` with
``version.json``, ``model.zip`` and what else is known. It needs no MLflow; what MLflow shows of it is a mirror (`mirror`).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from automl_core.errors import AutoMLError, FormatError, InputError, NotFoundError, StorageError
from automl_core.people import access
from automl_core.people.audit import Action
from automl_core.people.person import acting
from automl_core.registry.records import Alias, Entry, Standing, Version, check_alias, check_name, check_reason, standing
from automl_core.workspace import (
    InProject,
    ProjectFolder,
    Workspace,
    file_hash,
    new_id,
    one_at_a_time,
    read_json,
    write_json,
)  # fmt: skip

MODEL = "model.zip"
PATIENCE = 30.0
"""Seconds that a change waits for another one to end."""


@dataclass(frozen=True)
class Registered(InProject):
    """One registered model's folder.

    Parameters
    ----------
    folder : Path
        ``projects/<project>/models/<id>``.
    """

    @property
    def name(self) -> str:
        """For people, and in ``NAME@alias``; raises NotFoundError or FormatError."""
        return str(read_json(self.folder / "model.json")["name"])

    @property
    def numbers(self) -> list[int]:
        """The versions that are there, newest first."""
        folder = self.folder / "versions"
        if not folder.exists():
            return []
        return sorted((int(path.name) for path in folder.iterdir() if path.name.isdigit()), reverse=True)

    def home(self, number: int) -> Path:
        """Folder of one version; raises NotFoundError."""
        path = self.folder / "versions" / str(int(number))
        if not (path / "version.json").exists():
            known = ", ".join(str(one) for one in reversed(self.numbers)) or "none"
            raise NotFoundError(f"{self.name} has no version {number}.", f"Its versions are {known}.", "Choose one of them.")
        return path

    def version(self, number: int) -> Version:
        """Read one version; raises NotFoundError or FormatError."""
        return Version.from_dict(read_json(self.home(number) / "version.json"))

    def versions(self) -> list[Version]:
        """Read all versions, newest first."""
        return [self.version(number) for number in self.numbers]

    def readable(self) -> tuple[list[Version], list[AutoMLError]]:
        """Read all versions that can be read, newest first, and why others cannot: one damaged file does not hide the rest."""
        found, faults = [], []
        for number in self.numbers:
            try:
                found.append(self.version(number))
            except AutoMLError as error:
                faults.append(error)
        return found, faults

    def model(self, number: int) -> Path:
        """Return the path of a version's model after its hash was checked.

        Raises
        ------
        NotFoundError
        FormatError
            When the file was deleted or altered since it was registered.
        """
        version = self.version(number)
        path = self.home(number) / MODEL
        what = f"The model file of {self.name}, version {number},"
        if not path.is_file():
            raise FormatError(f"{what} was deleted.", action="Roll back to another version, or register it again.")
        if path.stat().st_size != version.size or file_hash(path) != version.sha256:
            raise FormatError(
                f"{what} is not the one that was registered (its SHA-256 differs).",
                "An altered model is not used.",
                "Roll back to another version, or register it again.",
            )
        return path

    def log(self) -> list[Entry]:
        """Read the log, oldest first; a line that was cut by a crash is left out."""
        try:
            lines = (self.folder / "log.jsonl").read_bytes().splitlines()
        except FileNotFoundError:
            return []
        entries = []
        for line in lines:
            with contextlib.suppress(ValueError, TypeError):
                entries.append(Entry(**json.loads(line)))
        return entries

    def standing(self) -> Standing:
        """Return where the aliases point now."""
        return standing(self.log())

    def at(self, alias: str) -> int:
        """Return the version that an alias or a number names; raises NotFoundError."""
        if alias.isdigit():
            _ = self.home(int(alias))
            return int(alias)
        found = self.standing().aliases.get(check_alias(alias))
        if found is None:
            raise NotFoundError(f"{self.name} has no {alias} yet.", action="Promote one of its versions first.")
        return found

    # -- changes ------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def changing(self, action: Action, detail: str = "", *, patience: float = PATIENCE) -> Iterator[None]:
        """Hold the model for one change by somebody who may; another one waits its turn.

        Raises
        ------
        AccessError
        StorageError
            When that takes too long.
        """
        with access.changing(self.folder, action, self.id, detail), open(self.folder / ".lock", "a", encoding="ascii") as file:
            deadline = time.monotonic() + patience
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError as error:
                    if time.monotonic() > deadline:
                        raise StorageError(
                            f"{self.name} is being changed by something else.", "One change is made at a time.", "Try again."
                        ) from error
                    time.sleep(0.01)
            yield

    def append(self, entry: Entry) -> None:
        """Append one line to the log and see it on the disk; raises StorageError. The caller holds `changing`."""
        line = json.dumps(asdict(entry), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        try:
            with open(self.folder / "log.jsonl", "ab+") as file:
                size = file.seek(0, os.SEEK_END)
                if size:
                    file.seek(size - 1)
                    if file.read(1) != b"\n":
                        line = b"\n" + line  # an earlier writer was cut off; only its line is lost
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StorageError(
                f"The change could not be written: {error.strerror or error}.", action="Free some disk space, then try again."
            ) from error

    def promote(
        self, number: int, alias: str, reason: str, *, who: str = "", seen: int | None = None, model_checked: bool = False
    ) -> Entry:
        """Let an alias point at a version.

        Parameters
        ----------
        number : int
        alias : str
            ``champion`` or ``challenger``.
        reason : str
        who : str
            By default the user of this machine.
        seen : int, optional
            Where the alias pointed when the decision was made, 0 for nowhere; a change that came between is told instead.
        model_checked : bool
            Whether the caller has just checked the model's hash.

        Raises
        ------
        InputError
            Without a reason, when the version has that alias already, or when somebody else moved it meanwhile.
        AccessError
        NotFoundError, FormatError
            When the version is not there, or its file was deleted or altered.
        """
        pointer, why = check_alias(alias), check_reason(reason)
        if not model_checked:
            _ = self.model(number)
        with self.changing("promoted", f"Version {number} as {pointer}"):
            entries = self.log()
            now = standing(entries)
            before = now.aliases.get(pointer, 0)
            if seen is not None and before != seen:
                raise InputError(_meanwhile(entries, pointer), action="Look at it, then decide again.")
            if before == number:
                raise InputError(f"Version {number} is {pointer} already.", action="Choose another version.")
            entry = Entry(time.time(), _who(who), "promoted", number, pointer, before, why)
            self.append(entry)
            if pointer == "champion" and now.aliases.get("challenger") == number:  # it has won, and challenges no more
                self.append(Entry(time.time(), _who(who), "cleared", number, "challenger", number, "It is champion now."))
        return entry

    def roll_back(self, reason: str, *, who: str = "", to: int | None = None) -> Entry:
        """Let the champion be the version that was champion before.

        Parameters
        ----------
        reason : str
        who : str
        to : int, optional
            One of the earlier champions; by default the last.

        Raises
        ------
        InputError
            Without a reason, or when there was no champion before.
        FormatError
            When the file of the earlier champion was deleted or altered; the champion stays then.
        """
        why = check_reason(reason)
        with self.changing("rolled-back"):
            champions = self.standing().champions
            earlier = list(dict.fromkeys(reversed(champions[:-1])))
            if not earlier or (to is not None and to not in earlier):
                had = f"It has had the champions {', '.join(map(str, champions))}." if champions else ""
                raise InputError(
                    f"{self.name} has no earlier champion{f' {to}' if to is not None else ''} to go back to.", had,
                    "Promote a version instead.",
                )  # fmt: skip
            number = earlier[0] if to is None else to
            _ = self.model(number)
            entry = Entry(time.time(), _who(who), "rolled back", number, "champion", champions[-1], why)
            self.append(entry)
        return entry

    def clear(self, alias: Alias, reason: str, *, who: str = "") -> None:
        """Let an alias point nowhere."""
        with self.changing("cleared", alias):
            before = self.standing().aliases.get(alias)
            if before:
                self.append(Entry(time.time(), _who(who), "cleared", before, alias, before, check_reason(reason)))

    def note(self, number: int, text: str, *, who: str = "") -> None:
        """Write a note on a version; an empty one takes the last away."""
        _ = self.home(number)
        if text.strip():
            text = check_reason(text)
        with self.changing("noted", f"Version {number}"):
            self.append(Entry(time.time(), _who(who), "noted", number, text=text.strip()))

    def add(self, version: Version, files: dict[str, Path], *, who: str = "") -> Version:
        """Keep a version with its files; it is there whole or not at all.

        Parameters
        ----------
        version : Version
            `number`, `sha256`, `size` and `files` are set here.
        files : dict of str to Path
            What is copied beside it, by name; ``model.zip`` among them.

        Raises
        ------
        StorageError
            When the disk is full; nothing is left then.
        """
        from dataclasses import replace

        with self.changing("registered"):
            number = max(self.numbers, default=0) + 1
            home = self.folder / "versions" / str(number)
            part = home.with_name(f".{number}.{os.getpid()}.part")
            shutil.rmtree(part, ignore_errors=True)
            try:
                part.mkdir(parents=True)
                for name, path in files.items():
                    shutil.copyfile(path, part / name)
                hashes = {name: file_hash(part / name) for name in files}
                made = replace(
                    version, name=self.name, number=number, sha256=hashes.pop(MODEL), size=(part / MODEL).stat().st_size,
                    files=hashes,
                )  # fmt: skip
                write_json(part / "version.json", made.to_dict())
                part.rename(home)
            except OSError as error:
                shutil.rmtree(part, ignore_errors=True)
                raise StorageError(
                    f"The version could not be kept: {error.strerror or error}.", action="Free some disk space, then try again."
                ) from error
            self.append(Entry(time.time(), _who(who), "registered", number, text=version.origin))
        return made


def _who(given: str) -> str:
    """Return the name that stands in the log: the one given, unless somebody signed in, who cannot take another's."""
    person = acting()
    return person.id if person.signed_in else given or person.id


def list_registered(project: ProjectFolder) -> list[Registered]:
    """Return the registered models of a project, newest first; a folder that is being made or was damaged is left out."""
    found = [Registered(project.registered(model_id)) for model_id in project.list("models")]
    return [one for one in found if (one.folder / "model.json").exists()]


def all_registered(workspace: Workspace) -> list[Registered]:
    """Return the registered models of all projects."""
    return [one for project_id in workspace.project_ids() for one in list_registered(workspace.project(project_id))]


def find_registered(workspace: Workspace, name: str) -> Registered:
    """Return the registered model of a name; raises NotFoundError with the names there are."""
    named = {}
    for one in all_registered(workspace):
        with contextlib.suppress(AutoMLError):
            named[one.name] = one
    if name in named:
        return named[name]
    known = f"The workspace has {', '.join(sorted(named)[:20])}." if named else "The workspace has none yet."
    raise NotFoundError(f"No model is registered as {name[:80]!r}.", known, "Check the name, or register a model first.")


def create_registered(project: ProjectFolder, name: str) -> Registered:
    """Make a registered model without versions.

    Raises
    ------
    InputError
        When the name cannot be used, or another model of the workspace has it.
    """
    tidy = check_name(name)
    workspace = project.workspace
    with one_at_a_time(workspace.root / "registry.lock"):  # of two that choose the same name at once, one gets it
        with contextlib.suppress(NotFoundError):
            taken = find_registered(workspace, tidy)
            here = taken.project.id == project.id
            raise InputError(
                f"A model of {'this' if here else 'another'} project is registered as {tidy!r} already.",
                "A name stands for one model in the whole workspace.",
                "Register a new version of it, or choose another name." if here else "Choose another name.",
            )
        made = Registered(project.registered(new_id("md")))
        access.require(project, "change")
        write_json(made.folder / "model.json", {"format": 1, "id": made.id, "name": tidy, "created": time.time()})
    return made


def resolve(workspace: Workspace, address: str) -> tuple[Registered, int]:
    """Return the model and version of ``NAME@alias`` or ``NAME@3``.

    Raises
    ------
    NotFoundError
        With what there is instead.
    """
    name, _, alias = address.rpartition("@")
    registered = find_registered(workspace, " ".join(name.split()))
    return registered, registered.at(alias.strip())


def _meanwhile(entries: list[Entry], alias: str) -> str:
    last = next((entry for entry in reversed(entries) if entry.alias == alias), None)
    if last is None:
        raise FormatError("The log of this model is damaged.")
    return f"Meanwhile {last.who} changed it: {last.sentence}. The reason was: {last.text}"
