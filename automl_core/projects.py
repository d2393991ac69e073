"""Projects: made, listed, renamed, deleted, and found again from their folders."""

from __future__ import annotations

import contextlib
import shutil
import time
import unicodedata

from sqlalchemy import delete, select

from automl_core.catalogue import JOBS, PROJECTS, Project, fill, opened
from automl_core.errors import AutoMLError, InputError, NotFoundError, StorageError
from automl_core.people import access, audit
from automl_core.placing import cut_short
from automl_core.workspace import ProjectFolder, Workspace, new_id, read_json, write_json

LONGEST_NAME = 80

__all__ = ["Project", "create_project", "delete_project", "list_projects", "load_project", "rebuild", "rename_project"]


def create_project(workspace: Workspace, name: str) -> Project:
    """Make an empty project that belongs to the acting person.

    Parameters
    ----------
    workspace : Workspace
    name : str
        For people; two projects may share one.

    Raises
    ------
    InputError
        When the name is empty, longer than 80 characters or holds control characters.
    StorageError
        When the folder or the catalogue cannot be written; nothing is left then.
    """
    project = Project(new_id("pr"), _checked(name), time.time())
    folder = workspace.project(project.id)
    # The folder comes first: it is the truth, and a catalogue without the row is mended by a rebuild.
    access.claim(folder)
    write_json(folder.meta, {"format": 1, "id": project.id, "name": project.name, "created": project.created})
    try:
        with opened(workspace) as connection:
            # A catalogue that was made just now has found the folder already.
            connection.execute(delete(PROJECTS).where(PROJECTS.c.id == project.id))
            connection.execute(PROJECTS.insert().values(id=project.id, name=project.name, created=project.created))
    except AutoMLError:
        shutil.rmtree(folder.path, ignore_errors=True)  # a project that the person was told they do not have
        raise
    audit.record(workspace, "created", project=project.id, what=project.name)
    return project


def list_projects(workspace: Workspace) -> list[Project]:
    """Return the projects that the acting person may see and whose folder is there, newest first."""
    with opened(workspace) as connection:
        rows = connection.execute(select(PROJECTS).order_by(PROJECTS.c.created.desc())).all()
    found = [Project(row.id, row.name, row.created) for row in rows]
    seen = set(access.visible(workspace))
    return [project for project in found if project.id in seen]


def load_project(workspace: Workspace, project_id: str) -> Project:
    """Return one project from its folder; raises AccessError or NotFoundError."""
    access.require(workspace.project(project_id), "see")
    meta = workspace.project(project_id).meta
    if not meta.exists():
        raise NotFoundError(f"The project {project_id} does not exist.", action="Choose one from the list of projects.")
    data = read_json(meta)
    return Project(data["id"], data["name"], data["created"])


def rename_project(workspace: Workspace, project_id: str, name: str) -> Project:
    """Give a project another name; its folder and links stay as they are. Raises AccessError, InputError or NotFoundError."""
    project = load_project(workspace, project_id)
    project = Project(project.id, _checked(name), project.created)
    folder = workspace.project(project_id)
    with access.changing(folder.path, "renamed", project.name):
        write_json(folder.meta, {"format": 1, "id": project.id, "name": project.name, "created": project.created})
        with opened(workspace) as connection:
            connection.execute(PROJECTS.update().where(PROJECTS.c.id == project_id).values(name=project.name))
    return project


def delete_project(workspace: Workspace, project_id: str) -> None:
    """Delete a project with everything in it, for good; what runs in it is stopped first.

    Raises
    ------
    AccessError
        When it belongs to somebody else.
    NotFoundError
    StorageError
        When a file could not be removed; the project is then no longer listed.
    """
    project = load_project(workspace, project_id)
    folder = workspace.project(project_id)
    with access.changing(folder.path, "deleted", project.name, act="own"):
        _delete(workspace, folder)


def _delete(workspace: Workspace, folder: ProjectFolder) -> None:
    from automl_core.jobs.control import end

    project_id = folder.id
    for job_id in [*folder.list("runs"), *folder.list("jobs")]:
        with contextlib.suppress(AutoMLError):
            end(workspace, project_id, job_id)  # not `stop`: saving a model would bring the folder back
    with opened(workspace) as connection:
        connection.execute(delete(JOBS).where(JOBS.c.project == project_id))
        connection.execute(delete(PROJECTS).where(PROJECTS.c.id == project_id))
    folder.meta.unlink(missing_ok=True)  # from here on it is no project, whatever happens to the rest
    for attempt in range(20):
        try:
            shutil.rmtree(folder.path)
        except FileNotFoundError:
            return
        except OSError as error:  # a job that is ending still writes
            if attempt == 19:
                raise StorageError(
                    f"Some files of the project could not be removed: {error.strerror or error}.",
                    action=f"Remove the folder {folder.path} by hand.",
                ) from error
            time.sleep(0.1)
        else:
            return


def rebuild(workspace: Workspace) -> int:
    """Fill the catalogue anew from the folders, also those of an import that was killed; return how many projects were found."""
    cut_short(workspace)
    with opened(workspace) as connection:
        return fill(workspace, connection)


def _checked(name: str) -> str:
    tidy = " ".join(name.split())
    if not tidy:
        raise InputError("The project has no name.", action="Type a name.")
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in tidy):
        raise InputError("The name has characters that cannot be stored.", action="Type it again.")
    if len(tidy) > LONGEST_NAME:
        raise InputError(f"The name has {len(tidy)} characters.", f"At most {LONGEST_NAME} fit.", "Shorten it.")
    return tidy
