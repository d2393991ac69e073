"""Ray 2.60: calls on the machines of a cluster that runs already. Only this module and `ray_tune` import ray.

Every call is tried once by Ray itself: what became of it is told, and who asked decides whether it is begun again.
Ray's usage statistics are switched off before it is imported, and nothing is spoken to but the address that was given.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from automl_core.errors import EngineError, InputError

Fault = Literal["", "node", "crash", "memory", "cancelled", "error"]
Handle = Any
"""Of a call, or of a thing in the object store."""
AUTO = "auto"
"""The address of the cluster that this machine is a part of."""
REACH = 5.0
"""Seconds that a machine has to answer on the network before the cluster counts as unreachable."""
PATIENCE = {"RAY_py_gcs_connect_timeout_s": "10", "RAY_NUM_REDIS_GET_RETRIES": "1"}
"""What keeps Ray from knocking for a quarter of an hour where something else than a cluster answers."""
TUNE = ("fsspec", "pandas", "pyarrow", "requests")
"""What Ray Tune cannot be imported without."""
FRESH = 1.0
"""Seconds for which what was asked of the cluster is believed."""
_ADDRESS = re.compile(r"(?P<host>[^\s:/\[\]]+|\[[0-9a-fA-F:]+\]):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True)
class Outcome:
    """What became of a call.

    Parameters
    ----------
    value : object
        What it returned.
    fault : Fault
        ``node``: its machine was lost; ``crash``: its process died; ``memory``: Ray ended it since its machine ran out of
        memory; ``error``: it raised, or could not be begun.
    text : str
        What Ray says of it.
    """

    value: Any = None
    fault: Fault = ""
    text: str = ""


@dataclass(frozen=True)
class Machine:
    """A machine of the cluster that takes calls: its address, its cores, and the bytes of memory that Ray may fill there."""

    address: str
    cores: int
    memory: int


def check_address(address: str) -> None:
    """Raise InputError for what is no address of a cluster."""
    if address.startswith("ray://"):
        raise InputError(
            f"The cluster's address is {address!r}, one of Ray Client.",
            "It is HOST:PORT of the cluster's head, and this machine is a part of the cluster.",
            "Run `ray start --address=HOST:PORT --num-cpus=0` here, then use HOST:PORT (see docs/cluster.md).",
        )
    found = _ADDRESS.fullmatch(address)
    if address != AUTO and (found is None or not 0 < int(found["port"]) < 65536):
        raise InputError(
            f"The cluster's address is {address[:80]!r}.",
            f"It is HOST:PORT of the cluster's head, or {AUTO!r} for the cluster that runs on this machine.",
            "Set AUTOML_RAY_ADDRESS to it.",
        )


def reach(address: str, seconds: float = REACH) -> None:
    """Find out whether anything answers at the address of a cluster, without importing Ray.

    Raises
    ------
    InputError
        When it is no address.
    EngineError
        When nothing answers.
    """
    check_address(address)
    if address == AUTO:
        return  # where it is, Ray looks up itself
    found = _ADDRESS.fullmatch(address)
    assert found is not None
    try:
        with socket.create_connection((found["host"].strip("[]"), int(found["port"])), timeout=seconds):
            pass
    except OSError as error:
        raise _unreachable(
            address, "it took too long to answer" if isinstance(error, TimeoutError) else error.strerror or str(error)
        ) from error


def why_no_tune() -> str:
    """Return why Ray Tune cannot be used here, empty where it can; nothing is imported for it."""
    missing = [name for name in ("ray", *TUNE) if importlib.util.find_spec(name) is None]
    return f"It needs {', '.join(missing)}, which requirements-cluster.txt locks." if missing else ""


def fetch(handle: Handle) -> Any:
    """Return a thing of the object store; in the cluster's processes, where the library is there already."""
    import ray

    return ray.get(handle)


class Cluster:
    """A connection to a cluster; one at a time in a process.

    Parameters
    ----------
    address : str
        ``HOST:PORT`` of its head, or ``auto``.
    packages : sequence of Path
        Folders of Python packages that are sent to every machine, so that each runs the same code.

    Raises
    ------
    InputError
        When the address is none.
    EngineError
        When the cluster cannot be reached or used; the sentence says why.
    """

    def __init__(self, address: str, packages: Sequence[Path] = ()) -> None:
        reach(address)
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        for name, value in PATIENCE.items():
            os.environ.setdefault(name, value)
        try:
            import ray
            from ray import cloudpickle
        except ImportError as error:
            raise EngineError(
                f"Ray could not be imported: {error}.",
                "Runs on a cluster need what requirements-cluster.txt locks.",
                "Install it with `pip install -r requirements-cluster.txt`, here and on every machine of the cluster.",
            ) from error
        self.address = address
        self.pack: Callable[[Any], bytes] = cloudpickle.dumps
        self._ray: Any = ray
        self._asked, self._machines = 0.0, ()  # type: tuple[float, tuple[Machine, ...]]
        _be_quiet()
        with own_signals():
            try:
                ray.init(
                    address=address,
                    runtime_env={"py_modules": [str(path) for path in packages]} if packages else None,
                    configure_logging=False,
                    log_to_driver=False,
                )
            except Exception as error:  # Ray has no common error for this: ConnectionError, RuntimeError, ValueError, ...
                raise _unreachable(address, " ".join(str(error).split())[:300]) from error

    def machines(self) -> tuple[Machine, ...]:
        """Return the machines that take calls, as of a second ago at most."""
        now = time.monotonic()
        if not self._asked or now - self._asked > FRESH:
            self._asked = now
            found = []
            for node in self._ray.nodes():
                cores = int(node["Resources"].get("CPU", 0)) if node["Alive"] else 0
                if cores:
                    found.append(Machine(node["NodeManagerAddress"], cores, int(node["Resources"].get("memory", 0))))
            self._machines = tuple(found)
        return self._machines

    def put(self, value: Any) -> Handle:
        """Put a thing into the object store, from where each machine fetches it once."""
        return self._ray.put(value)

    def start(self, function: Callable[..., Any], *args: Any) -> Handle:
        """Begin a call on one core; what the store holds is handed over inside of lists or other things, and is not copied."""
        return self._ray.remote(max_retries=0, num_cpus=1)(function).remote(*args)

    def ended(self, handles: Sequence[Handle], seconds: float) -> list[Handle]:
        """Return the calls that have ended, after at most `seconds`."""
        ready, waiting = self._ray.wait(list(handles), timeout=seconds)
        more, _ = self._ray.wait(waiting, num_returns=len(waiting), timeout=0) if waiting else ([], [])
        return [*ready, *more]

    def outcome(self, handle: Handle) -> Outcome:
        """Return what became of a call that has ended."""
        from ray import exceptions

        faults: list[tuple[type[BaseException] | tuple[type[BaseException], ...], Fault]] = [
            ((exceptions.NodeDiedError, exceptions.ObjectLostError, exceptions.LocalRayletDiedError), "node"),
            (exceptions.WorkerCrashedError, "crash"),
            (exceptions.OutOfMemoryError, "memory"),
            (exceptions.TaskCancelledError, "cancelled"),
        ]
        try:
            return Outcome(self._ray.get(handle))
        except exceptions.RayError as error:
            text = " ".join(str(getattr(error, "cause", None) or error).split())[:300]
            return Outcome(None, next((fault for kind, fault in faults if isinstance(error, kind)), "error"), text)

    def cancel(self, handle: Handle) -> None:
        """End a call, and the process that it runs in."""
        with contextlib.suppress(ValueError, TypeError):  # it has ended
            self._ray.cancel(handle, force=True)

    def everywhere(self, function: Callable[..., Any], *args: Any, seconds: float) -> None:
        """Call something once on each machine, and wait for at most `seconds`."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        calls = []
        for node in self._ray.nodes():
            if node["Alive"] and node["Resources"].get("CPU", 0):
                strategy = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
                calls.append(self._ray.remote(max_retries=0, num_cpus=0, scheduling_strategy=strategy)(function).remote(*args))
        if calls:
            self._ray.wait(calls, num_returns=len(calls), timeout=seconds)

    def close(self) -> None:
        """Leave the cluster; what still runs for this process there is ended by Ray."""
        with own_signals():
            self._ray.shutdown()


def _unreachable(address: str, why: str) -> EngineError:
    return EngineError(
        f"The cluster at {address} cannot be reached: {why.rstrip('.')}.",
        "It must run, with the same versions of Ray and Python as here, and this machine must be a part of it.",
        "Start it, correct AUTOML_RAY_ADDRESS, or allow that this machine is used instead.",
    )


def _be_quiet() -> None:
    """Keep what Ray's background processes say off standard output, where only results belong; their logs have it."""
    from ray._private import worker

    logging.getLogger("ray").setLevel(logging.ERROR)
    if hasattr(worker, "print_to_stdstream"):
        worker.print_to_stdstream = lambda *args, **options: None


@contextlib.contextmanager
def own_signals() -> Iterator[None]:
    """Keep this process's signal handlers, which Ray replaces by its own."""
    kept = {}
    for number in (signal.SIGTERM, signal.SIGINT):
        kept[number] = signal.getsignal(number)
    try:
        yield
    finally:
        for number, handler in kept.items():
            with contextlib.suppress(ValueError, TypeError):  # not in the main thread, or one of C's
                signal.signal(number, handler)
