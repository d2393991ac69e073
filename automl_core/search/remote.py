"""Where fits run on a cluster: the same tasks on the same data, in a folder of their own on whichever machine is free.

What all tasks need is put into the cluster's object store once: the run without its table, the table for those that prepare,
and each fold's prepared rows; a machine fetches them once. What a task leaves in its folder comes back with its
answer and is written into the run's, so that no file system is shared, and a machine that is lost takes nothing with it but
what ran there; that is begun again elsewhere.
"""

from __future__ import annotations

import errno
import os
import secrets
import time
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from automl_core.engines.ray import Cluster, Handle, Outcome, fetch
from automl_core.errors import EngineError, StorageError
from automl_core.search.fitting import FoldWork
from automl_core.search.kept import seeded
from automl_core.search.scratch import scratch_folder, tidy
from automl_core.search.tasks import NO_MEMORY, Done, Work, answer_of, done_of, limit_memory, too_late
from automl_core.workspace import atomic_file

CRASHES = 2
"""How often a task may take its process with it, before it counts as failed."""
PATIENCE = 60.0
"""Seconds that a run waits for a machine after its cluster has lost the last one."""
LEAVING = 0.5
"""Seconds that the machines have to remove what ended tasks left there; what is not, is removed by the next task."""
_BARE: dict[str, FoldWork] = {}


@dataclass(frozen=True)
class Order:
    """A task as it travels.

    Parameters
    ----------
    session : str
        Of the executor, by which a process knows the run that it has unpacked.
    call : bytes
        Method and arguments.
    bare : handle
        Of the run without its table, as bytes.
    table : handle or None
        Of the features, for a preparation.
    files : dict of str to handle, or to bytes
        What the task reads, by its path below the run's folder.
    """

    session: str
    call: bytes
    bare: Handle
    table: Handle | None
    files: dict[str, Any]


@dataclass
class _Sent:
    """A task under way."""

    order: Order
    handle: Handle
    started: float
    deadline: float
    crashes: int = 0


class RayExecutor:
    """Runs the tasks of a run on the machines of a cluster, one on each core.

    Parameters
    ----------
    cluster : Cluster
        Closed with this.
    work : FoldWork
        The run's data, which must not change.
    limit : int
        Tasks at a time; 0 for as many as the cluster has cores.
    tell : callable
        Takes a sentence about machines that were lost.
    """

    def __init__(self, cluster: Cluster, work: FoldWork, *, limit: int = 0, tell: Callable[[str], None]) -> None:
        self._cluster, self._work, self._limit, self._tell = cluster, work, limit, tell
        self._session = secrets.token_hex(8)
        self._sent: dict[tuple[Any, ...], _Sent] = {}
        self._stored: dict[str, Handle] = {}
        self._alone, self._killed = 0.0, False
        _ = work.scorer.metrics  # found here, since a machine of the cluster knows no metric that was registered by this process

    @property
    def cores(self) -> int:
        """Tasks at a time, as many as there are machines for at the moment; one at least."""
        return max(self._cores(), 1)

    @property
    def together(self) -> bool:
        """Whether all tasks run on one machine."""
        return len(self._cluster.machines()) == 1

    @property
    def each(self) -> int:
        """Tasks at a time on the machine with the least memory for each."""
        return self._least()[0]

    @property
    def memory(self) -> int | None:
        """Bytes that its tasks share."""
        return self._least()[1]

    def _least(self) -> tuple[int, int | None]:
        known = [(machine.cores, machine.memory) for machine in self._cluster.machines() if machine.memory]
        return min(known, key=lambda pair: pair[1] / pair[0], default=(1, None))

    def _cores(self) -> int:
        try:
            total = sum(machine.cores for machine in self._cluster.machines())
        except Exception as error:  # a cluster that is gone is told by whatever occurs to its client
            raise _lost(self._cluster.address) from error
        return min(total, self._limit) if self._limit else total

    def submit(self, key: tuple[Any, ...], work: Work, timeout: float) -> None:
        """Send a task, which is a method of the run's data with its arguments."""
        if not isinstance(work, partial) or getattr(work.func, "__self__", None) is not self._work or work.keywords:
            raise TypeError("A cluster takes methods of the run's data with their arguments, and nothing else.")
        method, arguments = work.func.__name__, work.args
        needed = self._work.needs(*arguments[:2]) if method == "fit" else []
        order = self.order(needed, self._cluster.pack((method, arguments)), table=method == "prepare")
        now = time.monotonic()
        self._sent[key] = _Sent(order, self._cluster.start(do, [order]), now, now + timeout)

    def order(self, needed: Iterable[str], call: bytes = b"", *, table: bool = False) -> Order:
        """Return a task that needs some of the run's files, and the table; what it needs is put into the object store once."""
        return Order(
            self._session,
            call,
            self._kept("", lambda: self._cluster.pack(self._work.without_table())),
            self._kept("table", lambda: self._work.features) if table else None,
            {name: self._kept(name, partial(self._bytes_of, name)) for name in needed},
        )

    def _kept(self, name: str, make: Callable[[], Any]) -> Handle:
        """Return what the object store holds under a name; put there the first time."""
        if name not in self._stored:
            self._stored[name] = self._cluster.put(make())
        return self._stored[name]

    def _bytes_of(self, name: str) -> Any:
        return np.fromfile(self._work.place_of(name), dtype=np.uint8)

    def free(self) -> int:
        """Return how many more tasks can be sent now."""
        return self._cores() - len(self._sent)

    def running(self) -> list[tuple[Any, ...]]:
        """Return the keys of the tasks under way."""
        return list(self._sent)

    def wait(self, seconds: float) -> list[Done]:
        """Return tasks that have ended, after at most `seconds`.

        Raises
        ------
        EngineError
            When the cluster has had no machine for longer than `PATIENCE`.
        """
        self.look_for_machines()
        if not self._sent:
            if not self._cores():
                time.sleep(seconds)
            return []
        keys = {sent.handle: key for key, sent in self._sent.items()}
        nearest = min(sent.deadline for sent in self._sent.values()) - time.monotonic()
        ended = self._cluster.ended(list(keys), max(0.0, min(seconds, nearest)))
        done = [self._taken(keys[handle], self._cluster.outcome(handle)) for handle in ended]
        now = time.monotonic()
        for key, sent in list(self._sent.items()):
            if now > sent.deadline:
                self.kill(key)
                done.append(too_late(key, now - sent.started))
        return [one for one in done if one is not None]

    def look_for_machines(self) -> None:
        """Say when no machine is left; raises EngineError when none has come for longer than `PATIENCE`."""
        if self._cores():
            self._alone = 0.0
        elif not self._alone:
            self._alone = time.monotonic()
            self._tell("No machine of the cluster is left. The run waits a minute for one.")
        elif time.monotonic() - self._alone > PATIENCE:
            raise _lost(self._cluster.address)

    def _taken(self, key: tuple[Any, ...], outcome: Outcome) -> Done | None:
        """Return the end of a task; None for one that is begun again."""
        sent = self._sent[key]
        if outcome.fault == "crash":
            sent.crashes += 1
        if outcome.fault == "node" or (outcome.fault == "crash" and sent.crashes < CRASHES):
            if outcome.fault == "node":
                self._tell("A machine of the cluster was lost. What ran there is begun again elsewhere.")
            sent.handle = self._cluster.start(do, [sent.order])
            return None
        del self._sent[key]
        seconds = time.monotonic() - sent.started
        if outcome.fault == "memory":
            return Done(key, error=NO_MEMORY, seconds=seconds)
        if outcome.fault == "crash":
            why = f"Its process was ended {CRASHES} times, by a crash inside the library or for want of memory."
            return Done(key, error=why, seconds=seconds)
        if outcome.fault:
            return Done(key, error=f"The cluster could not do it: {outcome.text or outcome.fault}", seconds=seconds)
        answer, files = outcome.value
        try:
            self.write(files)
        except StorageError as error:
            return Done(key, error=error.received, disk=getattr(error.__cause__, "errno", None) or errno.EIO, seconds=seconds)
        return done_of(key, answer, seconds)

    def write(self, files: dict[str, bytes]) -> None:
        """Write what a task left, its JSON last: where that is, the rest is."""
        for name in sorted(files, key=lambda name: (name.endswith(".json"), name)):
            if name.startswith(("folds/", "candidates/")) and ".." not in name.split("/"):
                with atomic_file(self._work.place_of(name)) as file:
                    file.write(files[name])
        if "fits.log" in files:
            with open(self._work.home / "fits.log", "ab") as log:
                log.write(files["fits.log"])

    def kill(self, key: tuple[Any, ...] | None = None) -> None:
        """End one task or all of them at once."""
        for known in [key] if key is not None else list(self._sent):
            if known in self._sent:
                self._cluster.cancel(self._sent.pop(known).handle)
                self._killed = True

    def close(self) -> None:
        """End all tasks, remove what they left on the machines, and leave the cluster."""
        self.kill()
        try:
            if self._killed:
                self._cluster.everywhere(tidy, seconds=LEAVING)
        finally:
            self._stored.clear()
            self._cluster.close()


def _lost(address: str) -> EngineError:
    return EngineError(
        f"The cluster at {address} was lost.",
        "A run needs one of its machines.",
        "Start it again and let the run go on; nothing that was finished is fitted again.",
    )


# -- on the machines of the cluster -----------------------------------------------------------------------------


def do(orders: list[Order]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Do one task.

    Parameters
    ----------
    orders : list of one Order
        In a list, so that what the store holds is not fetched before it is needed.

    Returns
    -------
    dict
        As `done_of` reads it, with the seconds that it ``took`` here.
    dict of str to bytes
        The files that it left, by their paths below the run's folder.
    """
    from threadpoolctl import threadpool_limits

    (order,) = orders
    started = time.monotonic()
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
    limit_memory()
    with scratch_folder() as folder:
        for name, handle in order.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            if isinstance(handle, bytes):
                (folder / name).write_bytes(handle)
            else:
                fetch(handle).tofile(folder / name)
        work = copy(_bare(order))
        work.folder = folder
        if order.table is not None:
            work.features = fetch(order.table)
        seeded()
        with threadpool_limits(1):
            answer = answer_of(partial(_called, work, order.call))
        answer["took"] = time.monotonic() - started
        left = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
        return answer, {name: path.read_bytes() for name, path in left.items() if name not in order.files}


def _called(work: FoldWork, call: bytes) -> dict[str, Any]:
    import pickle

    # From the process that started the run, over the cluster that its owner named; nothing of a browser's is in it.
    method, arguments = pickle.loads(call)
    result: dict[str, Any] = getattr(work, method)(*arguments)
    return result


def _bare(order: Order) -> FoldWork:
    """Return the run's data, unpacked once in each process."""
    import pickle

    if order.session not in _BARE:
        _BARE.clear()
        _BARE[order.session] = pickle.loads(fetch(order.bare))
    return _BARE[order.session]
