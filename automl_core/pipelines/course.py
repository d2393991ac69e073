"""A pipeline under way: its records on disk, and what each of its steps starts from."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from automl_core.errors import FormatError, InputError, NotFoundError
from automl_core.events import Event
from automl_core.pipelines.plan import Pipeline, StepName
from automl_core.projects import create_project, list_projects
from automl_core.registry.store import Registered, find_registered
from automl_core.workspace import ProjectFolder, Workspace, check_id, read_json, write_json

Outcome = Literal["begun", "done", "stopped", "not needed"]


@dataclass(frozen=True)
class Record:
    """What a step left.

    Parameters
    ----------
    step : StepName
    inputs : str
        Hash of all that it started from.
    outcome : Outcome
        ``begun`` until it has ended, so that it goes on where it was; ``stopped`` at a gate.
    reason : str
        In a sentence.
    made : dict
        Ids and figures that later steps start from; plain JSON types.
    time, seconds : float
        When it began, and how long it took.
    again : bool
        Whether this is what an earlier run left, since nothing that it starts from has changed. Not stored.
    """

    step: StepName
    inputs: str
    outcome: Outcome = "begun"
    reason: str = ""
    made: dict[str, Any] = field(default_factory=dict)
    time: float = 0.0
    seconds: float = 0.0
    again: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"format": 1, **{name: value for name, value in asdict(self).items() if name != "again"}}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Record:
        """Rebuild a record; raises FormatError."""
        fields = dict(data)
        version = fields.pop("format", None)
        if version != 1:
            raise FormatError(f"The record of a step has format {version!r}.", "This version reads format 1.")
        try:
            return cls(**fields)
        except TypeError as error:
            raise FormatError(f"The record of a step is damaged: {error}.") from error


@dataclass(frozen=True)
class Course:
    """A pipeline in its project.

    Parameters
    ----------
    pipeline : Pipeline
    base : Path
        The folder that paths of the pipeline begin in.
    project : ProjectFolder
    emit : callable
    should_stop : callable
    """

    pipeline: Pipeline
    base: Path
    project: ProjectFolder
    emit: Callable[[Event], None]
    should_stop: Callable[[], bool]

    @property
    def folder(self) -> Path:
        """Where its records are; two pipelines of a project are told apart by their names."""
        return self.project.pipeline(self.pipeline.name)

    def record(self, step: StepName) -> Record | None:
        """Return what a step left, None before its first time."""
        path = self.folder / f"{step}.json"
        try:
            return Record.from_dict(read_json(path)) if path.exists() else None
        except FormatError as error:
            raise FormatError(error.received, error.needed, f"Delete {path}; the step is then done anew.") from error

    def keep(self, record: Record) -> Record:
        """Store a record in place of the one before."""
        write_json(self.folder / f"{record.step}.json", record.to_dict())
        return record

    def begin(self, step: StepName, inputs: str, made: dict[str, Any]) -> Record:
        """Return the record of a step that goes on, or that begins now with the ids in `made`."""
        old = self.record(step)
        if old is not None and old.outcome == "begun" and old.inputs == inputs:
            return old
        return self.keep(Record(step, inputs, made=made, time=time.time()))

    def made(self, step: StepName) -> dict[str, Any]:
        """Return what a step made; raises InputError before its first time."""
        record = self.record(step)
        if record is None or record.outcome == "begun":
            raise InputError(
                f"The step {step} has not been done.", "A later step starts from what it leaves.", f"Run it first: --step {step}."
            )
        return record.made

    def path(self, name: str) -> Path:
        """Return a file that the pipeline names; raises NotFoundError when it is not there."""
        path = self.base / Path(name).expanduser()
        if not path.exists():
            raise NotFoundError(f"There is no file {path}.", f"The pipeline {self.pipeline.name} names it.", "Correct the path.")
        return path

    def registered(self) -> Registered | None:
        """Return the registered model of the pipeline's name, None while there is none.

        Raises
        ------
        InputError
            When a model of another project has the name.
        """
        name = self.pipeline.registry.name
        try:
            found = find_registered(self.project.workspace, name)
        except NotFoundError:
            return None
        if found.project.id != self.project.id:
            raise InputError(
                f"A model of another project is registered as {name!r}.", "A name stands for one model in the whole workspace.",
                "Write another one in registry.name, or that project in project.",
            )  # fmt: skip
        return found

    def sha(self, number: int) -> str:
        """Return the hash of a version's model; empty for 0."""
        registered = self.registered()
        return registered.version(number).sha256 if registered and number else ""

    def opponent(self, what: str, value: str) -> int:
        """Return the version that a new model is held against, 0 for none.

        That is the champion; where this pipeline itself made it of the very same table or run, it is the one before, so that
        running it again asks what was asked before.

        Parameters
        ----------
        what : str
            ``fingerprint`` for the same table, ``run`` for the same run.
        value : str
            The one at hand.
        """
        registered = self.registered()
        champion = registered.standing().aliases.get("champion", 0) if registered else 0
        last = self.record("promote")
        if registered is None or not champion or last is None or last.made.get(what) != value:
            return champion
        return int(last.made["before"]) if registered.version(champion).lineage["run"] == last.made["run"] else champion


def digest(data: Any) -> str:
    """Return the SHA-256 of plain JSON types."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()


def known_project(workspace: Workspace, named: str) -> ProjectFolder:
    """Return the project of an id or a name; raises InputError when several have the name, NotFoundError when none has."""
    try:
        folder = workspace.project(check_id(named))
        if folder.meta.exists():
            return folder
    except NotFoundError:
        pass  # a name
    found = [one for one in list_projects(workspace) if one.name == named]
    if len(found) > 1:
        raise InputError(
            f"{len(found)} projects are called {named!r}.", f"Their ids are {', '.join(one.id for one in found)}.",
            "Name the id of one of them.",
        )  # fmt: skip
    if not found:
        raise NotFoundError(f"There is no project {named!r}.", action="`projects` lists those that there are.")
    return workspace.project(found[0].id)


def project_of(workspace: Workspace, named: str) -> ProjectFolder:
    """Return the project of an id or a name; one of a new name is made. Raises InputError when several have the name."""
    try:
        return known_project(workspace, named)
    except NotFoundError:
        return workspace.project(create_project(workspace, named).id)


def settled(record: Record, outcome: Outcome, reason: str, **made: Any) -> Record:
    """Return the record of a step that has ended."""
    return replace(record, outcome=outcome, reason=reason, made={**record.made, **made}, seconds=time.time() - record.time)
