"""What a job's code is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automl_core.events import Event
from automl_core.workspace import ProjectFolder


@dataclass(frozen=True)
class JobContext:
    """The surroundings of one job.

    Parameters
    ----------
    folder : Path
        The job's own folder; results are written here.
    project : ProjectFolder
    request : dict
        ``kind`` and ``params`` as they were submitted.
    emit : callable
        Appends an event to the job's journal.
    should_stop : callable
        Whether a person has asked the job to stop.
    """

    folder: Path
    project: ProjectFolder
    request: dict[str, Any]
    emit: Callable[[Event], None]
    should_stop: Callable[[], bool]
