"""A table's folder, put in its place only when it is whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from automl_core.errors import StorageError
from automl_core.people.access import changing
from automl_core.people.limits import check_space
from automl_core.workspace import project_of


@contextmanager
def put_whole(folder: Path) -> Iterator[Path]:
    """Give a folder beside `folder` to fill, and put it in its place when nothing went wrong.

    Raises
    ------
    AccessError
    LimitError
        When the space is full already.
    StorageError
    """
    fresh = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    if project := project_of(folder):
        check_space(project)
    try:
        with changing(folder, "table", folder.name):
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
            yield fresh
            _replace(folder, fresh)
    except StorageError:
        raise
    except OSError as error:
        raise StorageError(
            f"The table could not be saved: {error.strerror or error}.", action="Free some disk space, then try again."
        ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def keep_source(source: Path, fresh: Path) -> None:
    """Copy the file as it came; a link would change with what its owner does to it later."""
    shutil.copyfile(source, fresh / f"source{source.suffix.lower()[:12] or '.csv'}")


def _replace(folder: Path, fresh: Path) -> None:
    """Put `fresh` in the place of `folder`; what a person made beside the table, such as the recipe, is kept."""
    if folder.exists():
        for kept in folder.iterdir():
            if not (fresh / kept.name).exists() and kept.name not in ("refused.csv", "profile.json"):
                kept.replace(fresh / kept.name)
        old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
        folder.rename(old)
        fresh.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    else:
        fresh.rename(folder)
