"""Starting the service: with one process or several, on this machine only unless callers need keys."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from automl_core.errors import InputError
from automl_core.scoring.logged import Keeping, PredictionLog
from automl_core.serving.guard import Limits, is_loopback
from automl_core.serving.source import Resolve, Target

SETTINGS = "TABLEWRIGHT_SERVICE"
"""Environment variable that tells the processes of one service what to serve."""


@dataclass(frozen=True)
class Service:
    """What is served and how.

    Parameters
    ----------
    model : str
        A bundle, packed or unpacked, a train folder, or ``NAME@alias`` where there is a registry.
    host : str
    port : int
        0 for any that is free.
    workers : int
        Processes.
    keys : str
        File with the keys of callers; empty for none.
    logs : str
        Folder for predictions and labels; empty to keep none.
    anyone : bool
        Whether others may call without a key.
    days : int
        How long what is logged is kept.
    left_out : tuple of str
        Columns whose values are never logged.
    key : str
        The column by which labels come later; empty for the ids of the requests.
    keyed : bool
        Whether there were keys when it started: callers then need one, also when the last was revoked meanwhile.
    """

    model: str
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    keys: str = ""
    logs: str = ""
    anyone: bool = False
    days: int = 90
    left_out: tuple[str, ...] = ()
    key: str = ""
    keyed: bool = False

    @property
    def log(self) -> PredictionLog | None:
        """Where predictions are written, where a folder was named."""
        keeping = Keeping(self.days, tuple(self.left_out), self.key)
        return PredictionLog(Path(self.logs), lambda: keeping) if self.logs else None


def check_log(folder: str, days: int, left_out: Sequence[str], key: str) -> None:
    """Refuse options of a log that is not kept, and a time that makes no sense; raises InputError."""
    if not folder and (left_out or key or days != Service.days):
        raise InputError(
            "How a log is kept was said, but not where.", "The number of days, columns and the key belong to a log.",
            "Name its folder with --log DIR.",
        )  # fmt: skip
    if not 1 <= days <= 3650:
        raise InputError(
            f"Predictions would be kept for {days} days.", "Between 1 and 3,650 days can be kept.", "Choose another number."
        )


def check(service: Service) -> None:
    """Refuse a service that anyone on the network could call without a key.

    Raises
    ------
    InputError
    """
    from automl_core.serving.keys import KeyRing

    if service.anyone or is_loopback(service.host):
        return
    if not service.keys or not KeyRing(Path(service.keys)).all():
        raise InputError(
            f"The service would listen on {service.host}, where others can reach it, and asks for no key.",
            "Callers from elsewhere need keys.",
            "Make one with: python -m automl_core keys --add NAME. Or say --anyone if the network is trusted.",
        )


def from_environment() -> Any:
    """Make the service that `SETTINGS` describes; uvicorn calls this in each of its processes."""
    return build(Service(**json.loads(os.environ[SETTINGS])))


def build(service: Service, resolve: Resolve | None = None, explain: Any = None, log: PredictionLog | None = None) -> Any:
    """Load the model and return the ASGI application; raises AutoMLError when it cannot be served."""
    from automl_core.serving.app import create_app
    from automl_core.serving.keys import KeyRing
    from automl_core.serving.logs import Recorder, log_to
    from automl_core.serving.parts import Parts
    from automl_core.serving.source import Source

    log_to()
    if service.logs:  # what cannot be written is said now, and whoever reads it finds a log without rows
        try:
            (Path(service.logs) / "log").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"Nothing can be logged in {service.logs}: {error.strerror}.", action="Name another folder."
            ) from error
    keys = KeyRing(Path(service.keys) if service.keys else None)
    keyed = service.keyed or bool(keys.all())
    local = is_loopback(service.host) and not service.anyone
    return create_app(
        Parts(
            Source(resolve or resolver(service.model)),
            keys,
            Limits(),
            Recorder(service.log or log),
            explain=explain,
            local=local and not keyed,
            keyed=keyed or not (local or service.anyone),
        )
    )


def resolver(model: str) -> Resolve:
    """Return what says where a model lies now."""
    path = Path(model)

    def by_path() -> Target:
        inside = path / "model.zip"
        return Target(inside if inside.is_file() else path)

    return by_path


def run(
    service: Service,
    *,
    tell: Callable[[str], None],
    make: Callable[[Service], Any] = build,
    factory: str = "automl_core.serving.run:from_environment",
) -> None:
    """Serve until the process is told to end.

    Parameters
    ----------
    service : Service
    tell : callable
        Takes a sentence when it starts.
    make : callable
        Makes the service of a single process.
    factory : str
        Where each of several processes finds what makes its service.

    Raises
    ------
    AutoMLError
        When the model cannot be served, or others could call without a key.
    """
    import uvicorn

    from automl_core.serving.keys import KeyRing
    from automl_core.serving.patience import Patience

    check(service)
    service = replace(service, keyed=bool(service.keys and KeyRing(Path(service.keys)).all()))
    check_log(service.logs, service.days, service.left_out, service.key)
    common: dict[str, Any] = {
        "host": service.host,
        "port": service.port,
        "log_config": None,
        "access_log": False,
        "timeout_keep_alive": 30,
        "timeout_graceful_shutdown": 15,
        "server_header": False,
        "http": Patience,
    }
    tell(f"Serving {service.model} on http://{service.host}:{service.port}, its fields on /docs")
    if service.workers <= 1:
        uvicorn.run(make(service), **common)
        return
    make(service)  # what is wrong with it is said here, once, and not by every process
    with tempfile.TemporaryDirectory(prefix="tablewright-figures-") as folder:
        os.environ |= {SETTINGS: json.dumps(asdict(service)), "PROMETHEUS_MULTIPROC_DIR": folder}
        uvicorn.run(factory, factory=True, workers=service.workers, **common)
