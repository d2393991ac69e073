"""How the machine is: processor, memory, disk, the job host and its queue."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from automl_core.workspace import Workspace


@dataclass(frozen=True)
class Health:
    """The machine at one moment.

    Parameters
    ----------
    cpu, memory, disk : float
        Share in use, 0 to 1; the disk is the workspace's.
    free_bytes : int
        Of the disk.
    memory_bytes : int
        Of the machine that are free.
    queue : int
        Jobs that wait.
    host : bool
        Whether the background process lives.
    host_bytes : int
        Memory of the background process and of its jobs.
    """

    cpu: float
    memory: float
    disk: float
    free_bytes: int
    memory_bytes: int
    queue: int
    host: bool
    host_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)


def look(workspace: Workspace, *, seconds: float = 0.1) -> Health:
    """Look at the machine; the processor is watched for `seconds`."""
    import psutil

    memory, disk = psutil.virtual_memory(), psutil.disk_usage(str(workspace.root))
    queue = sum(1 for _ in workspace.projects.glob("*/*/*/queued")) if workspace.projects.exists() else 0
    host, used = False, 0
    try:
        process = psutil.Process(int((workspace.host / "lock").read_text() or 0))
        host = process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        for one in [process, *process.children(recursive=True)]:
            used += one.memory_info().rss
    except (OSError, ValueError, psutil.Error):
        pass  # no host, or one that is ending; then there is nothing to add up
    return Health(
        psutil.cpu_percent(interval=seconds) / 100,
        memory.percent / 100,
        disk.percent / 100,
        int(disk.free),
        int(memory.available),
        queue,
        host,
        used,
    )
