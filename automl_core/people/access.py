"""Whose a project is, with whom it is shared, and what each of them may do: decided here and nowhere else.

``sharing.json`` in the project's folder is the truth. A project without one belongs to nobody: only those who may go
everywhere see it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from automl_core.errors import AccessError, FormatError, InputError
from automl_core.experiment import Decision
from automl_core.people import audit
from automl_core.people.person import Person, acting, address_of
from automl_core.workspace import ProjectFolder, Workspace, project_of, read_json, write_json

Role = Literal["owner", "editor", "viewer"]
GIVEN: tuple[Role, ...] = ("viewer", "editor")
"""Roles that an owner can give."""
Act = Literal["see", "change", "own"]
FORMAT = 1


@dataclass(frozen=True)
class Sharing:
    """Whose a project is and with whom it is shared.

    Parameters
    ----------
    owner : str
        Id of a person, empty for nobody.
    members : dict of str to Role
        ``viewer`` or ``editor``, by id.
    """

    owner: str = ""
    members: Mapping[str, Role] = field(default_factory=dict)

    def role(self, person: Person) -> Role | None:
        """Return a person's role, the strongest for those who may go everywhere, None for a stranger."""
        if person.everywhere or (self.owner and person.id == self.owner):
            return "owner"
        return self.members.get(person.id)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"format": FORMAT, "owner": self.owner, "members": dict(self.members)}


def sharing_of(project: ProjectFolder) -> Sharing:
    """Read whose a project is; raises FormatError when that cannot be told, so that a damaged file opens nothing."""
    if not project.sharing.exists():
        return Sharing()
    data = read_json(project.sharing)
    try:
        members = {str(person): role for person, role in data["members"].items()}
        if data["format"] != FORMAT or not set(members.values()) <= set(GIVEN):
            raise ValueError
        return Sharing(str(data["owner"]), members)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(
            f"sharing.json of the project {project.id} cannot be read.",
            "It says whose the project is.",
            "The machine's owner can delete the file, then give the project to somebody.",
        ) from error


def decide(person: Person, sharing: Sharing, act: Act) -> Decision[bool]:
    """Return whether a person may do something with a project, and why not."""
    role = sharing.role(person)
    if role is None:
        return Decision(False, "There is no such project, or it is not shared with you.")
    if role == "viewer" and act != "see":
        return Decision(False, "This project is shared with you to look at, not to change.")
    if role == "editor" and act == "own":
        return Decision(False, "Only the owner of the project can do this.")
    return Decision(True, f"You are {'an' if role != 'viewer' else 'a'} {role} of this project.")


def may(project: ProjectFolder, act: Act) -> Decision[bool]:
    """Return whether the acting person may do something with a project, and why not."""
    return decide(acting(), sharing_of(project), act)


def require(project: ProjectFolder, act: Act) -> None:
    """Raise an AccessError unless the acting person may do something with a project; a refusal is in the audit log."""
    person = acting()
    if person.everywhere:
        return
    sharing = sharing_of(project)
    decision = decide(person, sharing, act)
    if decision.value:
        return
    if act != "see":
        audit.record(project.workspace, "refused", project=project.id, detail=decision.reason, outcome="refused")
    stranger = sharing.role(person) is None
    raise AccessError(
        decision.reason,
        action=f"Ask its owner to share it with {person.id}." if stranger else f"Ask {sharing.owner} for more.",
    )


@contextlib.contextmanager
def changing(path: Path, action: audit.Action, what: str = "", detail: str = "", *, act: Act = "change") -> Iterator[None]:
    """Check that the acting person may change the project that a path lies in, and record what became of it.

    A path outside of every project, such as a train folder of the command line, is anybody's who can write there.

    Parameters
    ----------
    path : Path
    action : str
        A key of `audit.ACTIONS`.
    what : str
        Id or name of what is changed.
    detail : str
        More in words; never a secret.
    act : Act

    Raises
    ------
    AccessError
    """
    project = project_of(path)
    if project is None:
        yield
        return
    require(project, act)
    with audit.recorded(project.workspace, action, project=project.id, what=what, detail=detail):
        yield


def visible(workspace: Workspace) -> list[str]:
    """Return the ids of the projects that the acting person may see, oldest first."""
    person = acting()
    found = workspace.project_ids()
    if person.everywhere:
        return found
    return [project_id for project_id in found if _seen(workspace.project(project_id), person)]


def _seen(project: ProjectFolder, person: Person) -> bool:
    try:
        return sharing_of(project).role(person) is not None
    except FormatError:
        return False


def claim(project: ProjectFolder) -> None:
    """Make the acting person the owner of a project that is being made."""
    write_json(project.sharing, Sharing(acting().id).to_dict())


def share(project: ProjectFolder, address: str, role: Role) -> Sharing:
    """Share a project with a person, or change their role.

    Raises
    ------
    InputError
        When the address is none, or is the owner's.
    AccessError
        When the acting person does not own the project.
    """
    person = address_of(address)
    if role not in GIVEN:
        raise InputError(f"{role!r} is no role.", f"It must be one of {', '.join(GIVEN)}.", "Choose one of them.")
    with changing(project.path, "shared", person, role, act="own"):
        before = sharing_of(project)
        if person == before.owner:
            raise InputError(f"{person} owns this project.", action="Name somebody else.")
        return _write(project, Sharing(before.owner, {**before.members, person: role}))


def unshare(project: ProjectFolder, person: str) -> Sharing:
    """Take a project back from a person; raises AccessError when the acting person does not own it."""
    with changing(project.path, "unshared", person, act="own"):
        before = sharing_of(project)
        return _write(project, Sharing(before.owner, {who: role for who, role in before.members.items() if who != person}))


def give(project: ProjectFolder, address: str) -> Sharing:
    """Make somebody else the owner; who owned it before stays an editor. Raises InputError or AccessError."""
    person = address_of(address)
    with changing(project.path, "given", person, act="own"):
        before = sharing_of(project)
        members: dict[str, Role] = {who: role for who, role in before.members.items() if who != person}
        if "@" in before.owner and before.owner != person:
            members[before.owner] = "editor"
        return _write(project, Sharing(person, members))


def _write(project: ProjectFolder, sharing: Sharing) -> Sharing:
    write_json(project.sharing, sharing.to_dict())
    return sharing
