"""Memory: how much of it is free for this process, and whether a model's fit would stay within it."""

from __future__ import annotations

import contextlib
import functools
import os
import resource
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from automl_core.experiment import Decision
from automl_core.search.candidates import Spec

GB = 2**30
SUGGESTION = "Use fewer rows or columns, or a machine with more memory."
"""The step that goes with a model that does not fit."""
CONTROL_GROUPS = Path("/sys/fs/cgroup")
BINS = 256
"""Histogram bins a column of the boosters."""
BOOSTED_ROUNDS = 400
"""Rounds after which a booster has usually stopped by itself; its model and its histograms are estimated with it."""


def available_memory() -> int:
    """Return the bytes that this process and its children can still take.

    The system's own figure, or what a container's limit leaves where that is less: inside a container `psutil` tells the
    machine's memory, and a process that believes it is ended by the system.
    """
    return max(min([int(psutil.virtual_memory().available), *control_group_headroom(), *job_headroom()]), 0)


def job_headroom(status: Path = Path("/proc/self/status")) -> list[int]:
    """Return the bytes that the limit on this job's processes leaves, none where there is no limit (``RLIMIT_DATA``; Linux)."""
    most = resource.getrlimit(resource.RLIMIT_DATA)[1]
    if most != resource.RLIM_INFINITY:
        with contextlib.suppress(OSError, IndexError, ValueError):
            used = [line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmData:")]
            return [most - int(used[0].split()[1]) * 1024]
    return []


def control_group_headroom(root: Path = CONTROL_GROUPS, own: Path = Path("/proc/self/cgroup")) -> list[int]:
    """Return the bytes that each limited control group of this process leaves, from its own group up to the root.

    Parameters
    ----------
    root : Path
        Where the groups are mounted (Linux kernel documentation, ``admin-guide/cgroup-v2`` and ``cgroup-v1/memory``).
    own : Path
        Lines of ``hierarchy:controllers:path``.
    """
    try:
        lines = own.read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return []
    found = []
    for line in lines:
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controllers and "memory" not in controllers.split(","):
            continue
        top = root / "memory" if controllers else root
        names = ("memory.limit_in_bytes", "memory.usage_in_bytes") if controllers else ("memory.max", "memory.current")
        folder = top / path.lstrip("/")
        while True:
            with contextlib.suppress(OSError, ValueError):  # "max" is no number: no limit here
                limit, used = (int((folder / name).read_text(encoding="ascii")) for name in names)
                found.append(limit - used + _reclaimable(folder))
            if folder in (top, folder.parent) or top not in folder.parents:
                break
            folder = folder.parent
    return found


def _reclaimable(folder: Path) -> int:
    """Return the bytes of cached files that a control group gives back when memory is wanted."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in (folder / "memory.stat").read_text(encoding="ascii").splitlines():
            name, value = line.split()
            if name in ("inactive_file", "total_inactive_file"):
                return int(value)
    return 0


def held_memory() -> tuple[int, int]:
    """Return the bytes of memory that this process holds, and the most that it has held (Linux; zeros elsewhere).

    A forked process begins with what its parent holds, and with that as its most.
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
        sizes = {line.split()[0]: int(line.split()[1]) * 1024 for line in lines if line.startswith(("VmRSS:", "VmHWM:"))}
        return sizes.get("VmRSS:", 0), sizes.get("VmHWM:", 0)
    return 0, 0


@functools.lru_cache(maxsize=1)
def held_at_first(process: int) -> int:
    """Return the bytes that this process, by its id, held when it was first asked; a forked one is asked anew."""
    return held_memory()[0]


def before_a_task() -> tuple[int, int]:
    """Return `held_memory`, and note it where it is the first task of this process; see `peak_since`."""
    held_at_first(os.getpid())
    return held_memory()


def peak_since(before: tuple[int, int]) -> int:
    """Return the most bytes that this process has held since `before_a_task`, beyond those that it began with.

    What earlier tasks of the process have freed is used again, so it is no beginning. 0 where the most was held before, since
    then nothing is known.
    """
    most = held_memory()[1]
    return most - held_at_first(os.getpid()) if most > before[1] else 0


def give_back() -> None:
    """Return to the system what reading and cleaning a table took and has freed; the allocators would keep it.

    Arrow's pool keeps what a table was read with, the C library what pandas worked with (``malloc_trim(3)``, Linux).
    """
    import ctypes

    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def size_words(size: float) -> str:
    """Return bytes as people read them: ``31 GB``, ``3.4 GB``, ``820 MB``."""
    gigabytes = size / GB
    if gigabytes >= 9.95:
        return f"{gigabytes:,.0f} GB"
    return f"{gigabytes:.1f} GB" if gigabytes >= 0.95 else f"{max(size / 2**20, 1):.0f} MB"


def fits_in_memory(
    spec: Spec, rows: int, columns: int, n_classes: int, *, parallel: int = 2, free: int | None = None
) -> Decision[bool]:
    """Decide whether a candidate's fit stays within the free memory.

    Parameters
    ----------
    spec : Spec
    rows : int
        Learned in one fold.
    columns : int
        Of its view, after encoding.
    n_classes : int
        0 for regression.
    parallel : int
        Fits at a time; each gets its share.
    free : int, optional
        Bytes; what `available_memory` says when not given.

    Returns
    -------
    Decision of bool
        When false the reason says what it would need and what is free; `SUGGESTION` goes with it.
    """
    left = available_memory() if free is None else free
    need = need_bytes(spec, rows, columns, n_classes)
    if need > left:
        return Decision(False, f"It would need about {size_words(need)}, {size_words(left)} are free.")
    if need > left / max(parallel, 1):
        return Decision(
            False, f"It would need about {size_words(need)} in each of {parallel} fits at a time, {size_words(left)} are free."
        )
    return Decision(True, f"It needs about {size_words(need)}, {size_words(left)} are free.")


@dataclass(frozen=True)
class _Fit:
    """The size of one fit: rows that are learned from, columns, outputs of the model (1 for two classes), parameters."""

    rows: int
    columns: int
    outputs: int
    classes: int
    params: dict[str, Any]

    @property
    def table(self) -> float:
        """Bytes of the learned rows as doubles."""
        return 8.0 * self.rows * self.columns

    def number(self, *names: str, default: float) -> float:
        """Return the first parameter that is set to a number."""
        values = (self.params.get(name) for name in names)
        return next((float(value) for value in values if isinstance(value, int | float)), default)


def need_bytes(spec: Spec, rows: int, columns: int, n_classes: int) -> int:
    """Estimate the most memory that one fit of a candidate takes, beyond what its process starts with.

    Every fit holds the learned and the judged rows as doubles and its predictions; what comes on top follows from how
    the class works, as its documentation and source say. An estimate, good to about a factor of two: it is there to tell
    the models that need the square of the rows from those that need a few times the table.
    """
    fit = _Fit(rows, columns, n_classes if n_classes > 2 else 1, n_classes, spec.params)
    name = spec.class_path.rpartition(".")[2]
    library = spec.class_path.partition(".")[0]
    judged = 0.25 * rows
    base = 1.25 * fit.table + 8.0 * judged * max(n_classes, 1) * 2
    return int(base + _more(fit, name, library))


def _more(fit: _Fit, name: str, library: str) -> float:
    square = 8.0 * fit.rows**2
    if name.startswith("GaussianProcess"):
        return square * (3 + fit.outputs)  # the kernel and its parts at a time, and a factor that each class keeps
    if name == "KernelRidge":
        return square * 2
    if name in ("SVC", "SVR", "NuSVC", "NuSVR"):
        return 2 * fit.table + 200 * 2**20  # the kernel's cache, and a copy of the rows that become support vectors
    if name.startswith("KNeighbors"):
        # Distances are worked on in small blocks; the nearest of each judged row are kept, with distance, label and weight.
        return fit.table + 32.0 * fit.number("n_neighbors", default=5) * 0.25 * fit.rows
    if library == "lightgbm":
        return 2.0 * fit.rows * fit.columns + 32.0 * fit.rows * fit.outputs + _histograms(fit, 16, leaves=_leaves(fit))
    if library == "xgboost":
        return 6.0 * fit.rows * fit.columns + 32.0 * fit.rows * fit.outputs + _histograms(fit, 16, leaves=_leaves(fit))
    if library == "catboost":
        leaves = 2 ** fit.number("depth", "max_depth", default=6)
        return 6.0 * fit.rows * fit.columns + 64.0 * fit.rows * fit.outputs + _histograms(fit, 16 * fit.outputs, leaves=leaves)
    if name.startswith(("RandomForest", "ExtraTrees", "DecisionTree", "ExtraTree")):
        return _trees(fit, single=not name.startswith(("RandomForest", "ExtraTrees")))
    if name.startswith(("GradientBoosting", "AdaBoost")):
        return fit.table / 2 + 32.0 * fit.rows * fit.outputs
    if name.startswith("HistGradientBoosting"):
        return 1.0 * fit.rows * fit.columns + 32.0 * fit.rows * fit.outputs + _histograms(fit, 24, leaves=31)
    if name.startswith("MLP"):
        return 2 * fit.table + 8.0 * fit.rows * max(fit.classes, 1)  # the rows it stops by are split off as copies
    if name == "QuadraticDiscriminantAnalysis":
        return fit.table + 16.0 * fit.columns * min(fit.columns, fit.rows) * max(fit.classes, 1)
    if name == "TheilSenRegressor":
        return fit.table + 10_000 * 8.0 * fit.columns
    if name.startswith("Dummy"):
        return 0.0
    # Linear models and others: copies that are centred or factored, one-hot classes, products of columns. Where there are more
    # columns than rows most work with products of rows instead; only those that estimate a covariance need all of them.
    square_of_columns = name in ("BayesianRidge", "ARDRegression") or fit.params.get("solver") in ("lsqr", "eigen")
    less = fit.columns if square_of_columns else min(fit.columns, fit.rows)
    return 2 * fit.table + 32.0 * fit.rows * max(fit.classes, 1) + 24.0 * fit.columns * less


def _histograms(fit: _Fit, width: float, *, leaves: float) -> float:
    """Return the bytes of a booster's histograms, and of the model that grows with its leaves and rounds."""
    rounds = min(fit.number("n_estimators", "iterations", default=100), BOOSTED_ROUNDS)
    return leaves * fit.columns * BINS * width + rounds * fit.outputs * leaves * 64.0


def _leaves(fit: _Fit) -> float:
    depth = fit.number("max_depth", default=-1)
    return fit.number("num_leaves", "max_leaves", default=31.0 if depth <= 0 else 2.0**depth)


def _trees(fit: _Fit, *, single: bool) -> float:
    """Return the bytes of the trees of a forest, twice over where the fitted model is packed, and of its copy of the rows."""
    count = 1.0 if single else fit.number("n_estimators", default=100)
    leaf = fit.number("min_samples_leaf", default=1)
    # With a number as the target nearly every row ends in a leaf of its own; classes are pure sooner.
    nodes = (1.2 if fit.classes == 0 else 0.4) * fit.rows / max(leaf, 1)
    depth = fit.number("max_depth", default=0)
    nodes = min(nodes, 2.0 ** (depth + 1)) if depth > 0 else nodes
    return fit.table / 2 + 2 * count * nodes * (64.0 + 8.0 * max(fit.classes, 1))
