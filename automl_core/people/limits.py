"""How much may be taken, checked before it is taken: uploads, tables, space on the disk. See `settings.Limits`."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from automl_core.errors import LimitError
from automl_core.people.access import sharing_of
from automl_core.people.settings import Limits, limits_of
from automl_core.workspace import ProjectFolder, Workspace, folder_size, project_of

GB = 2**30
NEARLY = 0.8
"""Share of the space from which on it is told that it is filling."""
BELIEVED = 30.0
"""Seconds for which a project's size is not measured again."""
_measured: dict[Path, tuple[float, int]] = {}


@dataclass(frozen=True)
class Space:
    """The space of one person on the disk.

    Parameters
    ----------
    used, most : int
        Bytes of the projects that belong to this person, and how many they may have.
    free, least : int
        Bytes free on the disk of the workspace, and how many stay free.
    """

    used: int
    most: int
    free: int
    least: int

    @property
    def full(self) -> bool:
        """Whether nothing new may be begun."""
        return self.used >= self.most or self.free <= self.least

    @property
    def filling(self) -> bool:
        """Whether it is nearly full."""
        return self.used >= NEARLY * self.most or self.free <= 2 * self.least

    @property
    def sentence(self) -> str:
        """How much is used, and how much is left."""
        free = f"{gigabytes(self.free)} are free on the disk"
        kept = f", of which {gigabytes(self.least)} stay free" if self.least else ""
        return f"The projects take {gigabytes(self.used)} of {gigabytes(self.most)}; {free}{kept}."


def gigabytes(size: float) -> str:
    """Return bytes as people read them, in GB."""
    return f"{size / GB:,.1f} GB" if size < 10 * GB else f"{size / GB:,.0f} GB"


def check_upload(workspace: Workspace, name: str, size: int) -> None:
    """Refuse a file that is larger than an upload may be; raises LimitError."""
    most = limits_of(workspace).upload_mb
    if size > most << 20:
        raise LimitError(
            f"{name} has {size / 2**20:,.0f} MB.",
            f"At most {most:,} MB may be uploaded here.",
            "Leave out columns or rows you do not need, or have it put into a folder of the server.",
        )


def check_table(folder: Path, rows: int, columns: int) -> None:
    """Refuse a table that is larger than the workspace of its folder allows; raises LimitError."""
    project = project_of(folder)
    limits = limits_of(project.workspace) if project else Limits()
    for count, most, what in ((columns, limits.columns, "columns"), (rows, limits.rows, "rows")):
        if count > most:
            raise LimitError(
                f"The table has {count:,} {what}.",
                f"Up to {most:,} are read.",
                f"Leave out {what} you do not need and upload it again.",
            )


def space_of(workspace: Workspace, person: str) -> Space:
    """Measure the space of a person; a project's size may be some seconds old."""
    limits = limits_of(workspace)
    mine = [project for name in workspace.project_ids() if sharing_of(project := workspace.project(name)).owner == person]
    free = shutil.disk_usage(workspace.root).free
    return Space(sum(map(_size, mine)), limits.person_gb * GB, free, limits.free_gb * GB)


def check_space(project: ProjectFolder) -> None:
    """Refuse to begin something in a project whose owner's space is full, or on a full disk; raises LimitError."""
    owner = sharing_of(project).owner
    space = space_of(project.workspace, owner)
    if space.free < space.least:
        raise LimitError(
            f"Only {gigabytes(space.free)} are free on the disk.",
            f"{gigabytes(space.least)} stay free, so that what runs can end well.",
            "Delete projects, or clean up old runs on the Settings page.",
        )
    if owner and space.used >= space.most:
        raise LimitError(
            f"The projects of {owner} take {gigabytes(space.used)}.",
            f"They may take {gigabytes(space.most)}.",
            "Delete projects, or clean up old runs on the Settings page.",
        )


def _size(project: ProjectFolder) -> int:
    known = _measured.get(project.path)
    if known and time.monotonic() - known[0] < BELIEVED:
        return known[1]
    size = folder_size(project.path)
    _measured[project.path] = time.monotonic(), size
    return size
