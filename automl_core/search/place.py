"""Where the fits of a run are made: on this machine, or on a cluster that the environment names."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_core.errors import EngineError
from automl_core.events import Event, Message

if TYPE_CHECKING:
    from automl_core.search.fitting import FoldWork
    from automl_core.search.tasks import Executor


@dataclass(frozen=True)
class Place:
    """Where fits are made.

    Parameters
    ----------
    cluster : str
        Address of a Ray cluster; empty for this machine.
    or_here : bool
        Whether this machine may be used when the cluster cannot be reached.
    """

    cluster: str = ""
    or_here: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types, for a request."""
        return {"cluster": self.cluster, "or_here": self.or_here}

    @classmethod
    def of(cls, params: dict[str, Any]) -> Place:
        """Return what a request says; one that says nothing means what the environment says."""
        said = params.get("place")
        return cls(str(said["cluster"]), bool(said["or_here"])) if said else default_place()


HERE = Place()


def cluster_address() -> str:
    """Return the address of the cluster that the environment names; empty for none."""
    return os.environ.get("AUTOML_RAY_ADDRESS", "").strip()


def default_place(*, or_here: bool = False) -> Place:
    """Return the place that the environment names."""
    return Place(cluster_address(), or_here)


def check_place(place: Place) -> None:
    """Find out in a moment whether anything answers there, before anything is begun.

    Raises
    ------
    InputError
        When the address is none.
    EngineError
        When nothing answers and this machine may not be used instead.
    """
    from automl_core.engines.ray import check_address, reach

    if place.cluster:
        check_address(place.cluster)
        if not place.or_here:
            reach(place.cluster)


def executor_at(place: Place, work: FoldWork, cores: int, limit: int, emit: Callable[[Event], None]) -> Executor:
    """Return what runs the tasks of a run.

    Parameters
    ----------
    place : Place
    work : FoldWork
    cores : int
        Tasks at a time on this machine.
    limit : int
        Tasks at a time on a cluster; 0 for as many as it has cores.
    emit : callable
        Takes a `Message` that says where the fits are made, when that is not this machine as always.

    Raises
    ------
    InputError
        When the cluster's address is none.
    EngineError
        When the cluster cannot be reached and this machine may not be used instead.
    """
    from automl_core.search.executor import ForkExecutor

    if not place.cluster:
        return ForkExecutor(cores, work)
    from automl_core.engines.ray import Cluster
    from automl_core.search.remote import RayExecutor

    try:
        cluster = Cluster(place.cluster, [Path(__file__).resolve().parents[1]])
    except EngineError as error:
        if not place.or_here:
            raise
        emit(Message(f"{error.received} Fits are made on this machine instead.", "warning"))
        return ForkExecutor(cores, work)
    executor = RayExecutor(cluster, work, limit=limit, tell=lambda sentence: emit(Message(sentence, "warning")))
    machines = cluster.machines()
    count, total = len(machines), sum(machine.cores for machine in machines)
    emit(
        Message(
            f"Fits are made on the cluster at {place.cluster}: {count} machine{'s' * (count != 1)}, "
            f"{total} core{'s' * (total != 1)}."
        )
    )
    return executor
