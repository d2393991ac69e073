"""Files that lie on the server already: only below folders that whoever runs it has named."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from automl_core.errors import InputError

SETTING = "AUTOML_DATA_FOLDERS"
MAX_LISTED = 500


def data_folders() -> tuple[Path, ...]:
    """Return the folders that the setting names, resolved; none by default."""
    named = [Path(part).expanduser() for part in os.environ.get(SETTING, "").split(os.pathsep) if part.strip()]
    return tuple(folder.resolve() for folder in named if folder.is_absolute() and folder.is_dir())


def allowed_file(given: str) -> Path:
    """Return a file of the server that may be read.

    Parameters
    ----------
    given : str
        A whole path, or one below the first folder that has it.

    Returns
    -------
    Path
        Resolved: a link that leads out of the folders is refused like any other path outside.

    Raises
    ------
    InputError
        When no folder is named, the path leads out of them, or is no file. A path outside gets the same answer whether or
        not there is a file.
    """
    folders = data_folders()
    if not folders:
        raise InputError(
            "No folder of this server is open for reading.",
            f"{SETTING} names the folders, separated by {os.pathsep!r}.",
            "Ask the person who runs Tablewright to set it, or upload the file.",
        )
    shown = given.strip()
    if not shown or "\x00" in shown:
        raise InputError("No path was given.", action="Name a file below one of the open folders.")
    for folder in folders:
        path = Path(os.path.realpath(folder / shown))
        if path.is_relative_to(folder) or any(path.is_relative_to(other) for other in folders):
            if path.is_file() and stat.S_ISREG(path.stat().st_mode):
                return path
            missing = True
        else:
            missing = False
    where = ", ".join(str(folder) for folder in folders)
    if missing:
        raise InputError(f"There is no file {shown!r} there.", f"Files below {where} can be read.", "Check the path.")
    raise InputError(
        f"{shown!r} is not below a folder that is open for reading.", f"Open are {where}.", "Move the file there, or upload it."
    )


def listed_files() -> list[str]:
    """Return the paths of up to `MAX_LISTED` files below the open folders, by name; hidden ones are left out."""
    found: list[str] = []
    for folder in data_folders():
        for base, folders, files in os.walk(folder):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            found += [os.path.join(base, name) for name in sorted(files) if not name.startswith(".")]
            if len(found) >= MAX_LISTED:
                return found[:MAX_LISTED]
    return found
