"""The threshold as a person chooses it: what each one does, which is best by what, and how the choice gets into the model."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.bundle_texts import readme
from automl_core.errors import FormatError, InputError
from automl_core.metrics import metric_of
from automl_core.runs import Run
from automl_core.scorer import Scorer
from automl_core.scoring.archive import read_archive
from automl_core.threshold import Best, above, earned, steps_for
from automl_core.workspace import atomic_file, write_json

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Counts:
    """What one threshold does to the judged rows; `money` is the sum by the cost table, None without one."""

    threshold: float
    found: int
    missed: int
    alarms: int
    left: int
    money: float | None = None

    @property
    def table(self) -> list[list[int]]:
        """Rows: what was true, columns: what is predicted; the event is second."""
        return [[self.left, self.alarms], [self.missed, self.found]]


@dataclass(frozen=True)
class Decisions:
    """Every threshold that can be chosen.

    Parameters
    ----------
    thresholds : tuple of float
        Ascending, evenly spaced, 0 and 1 among them. The event is predicted above them.
    found, alarms : tuple of int
        Events and other rows above each threshold.
    events, others : int
    money : tuple of float
        What all decisions earn at each threshold; empty without a cost table.
    currency : str
    best : tuple of Best
        By each metric of labels that a threshold can be fitted to, money and the run's metric first, on out-of-fold rows.
    """

    thresholds: tuple[float, ...]
    found: tuple[int, ...]
    alarms: tuple[int, ...]
    events: int
    others: int
    money: tuple[float, ...] = ()
    currency: str = ""
    best: tuple[Best, ...] = ()

    @property
    def step(self) -> float:
        """Distance of two thresholds."""
        return 1 / (len(self.thresholds) - 1)

    def at(self, threshold: float) -> Counts:
        """Return what the nearest of the thresholds does."""
        place = int(np.clip(round(threshold * (len(self.thresholds) - 1)), 0, len(self.thresholds) - 1))
        found, alarms = self.found[place], self.alarms[place]
        money = self.money[place] if self.money else None
        return Counts(self.thresholds[place], found, self.events - found, alarms, self.others - alarms, money)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"format": 1, **asdict(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Decisions:
        """Rebuild from `to_dict`'s output; raises FormatError for another format version."""
        if data.get("format") != 1:
            raise FormatError(f"These thresholds have format {data.get('format')!r}.", "This version reads format 1.")
        fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
        fields.pop("format")
        return cls(**{**fields, "best": tuple(Best(**entry) for entry in data["best"])})


def decisions(scorer: Scorer, proba: Array, best: tuple[Best, ...] = ()) -> Decisions:
    """Compute what every threshold does.

    Parameters
    ----------
    scorer : Scorer
        Of a binary run, over the judged rows.
    proba : ndarray, shape (n, 2)
    best : tuple of Best
        What was found on the out-of-fold rows, see `threshold.best_thresholds`.
    """
    event, truth = np.clip(proba[:, 1], 0.0, 1.0), scorer.y == 1
    thresholds = steps_for(event, truth)
    found, alarms = above(event[truth], thresholds), above(event[~truth], thresholds)
    money, currency = (), ""
    costs = scorer.config.costs
    if costs is not None and not scorer.missing(metric_of(scorer.config, "cost")):
        money, currency = tuple(earned(scorer, event, thresholds).tolist()), costs.currency
    return Decisions(
        tuple(thresholds.tolist()),
        tuple(found.tolist()),
        tuple(alarms.tolist()),
        int(truth.sum()),
        int((~truth).sum()),
        money,
        currency,
        best,
    )


def choose(run: Run, candidate_id: str, threshold: float, reason: str) -> None:
    """Make a threshold that of a model from now on: of its bundle, and of the run's kept model where it is the same.

    Raises
    ------
    InputError
        When there is nothing to decide, or the threshold is no probability.
    """
    check(threshold)
    if run.config.task != "binary":
        raise InputError("Only models of two labels have a threshold.", action="Leave it as it is.")
    write_json(run.threshold(candidate_id), {"format": 1, "threshold": threshold, "reason": reason})
    packed = [run.model(candidate_id)]
    if run.leaderboard().recommended == candidate_id:
        packed.append(run.path / "model.zip")
    for path in packed:
        if path.exists():
            rewrite(path, threshold, reason)


def check(threshold: float) -> None:
    """Raise InputError for a threshold that is no probability."""
    if not 0 <= threshold <= 1:
        raise InputError(
            f"The threshold is {threshold!r}.", "It is a probability, from 0 to 1.", "Choose another one, such as 0.5."
        )


def rewrite(path: Path, threshold: float, reason: str) -> None:
    """Write a packed model again with another threshold; what was fitted stays as it is, byte for byte.

    Raises
    ------
    FormatError, NotFoundError
        As `scoring.archive.read_archive`.
    InputError
        When the model has no threshold.
    """
    check(threshold)
    manifest, files = read_archive(path)
    if len(manifest["classes"]) != 2:
        raise InputError("Only models of two labels have a threshold.", action="Leave it as it is.")
    manifest |= {"threshold": threshold, "threshold_reason": reason}
    personal = json.loads(files["reference.json"])["personal"]
    told = readme(manifest, personal, path.name).encode()
    manifest["files"]["README.md"] = hashlib.sha256(told).hexdigest()
    fresh = {
        "manifest.json": json.dumps(manifest, ensure_ascii=False, allow_nan=False, indent=1).encode("utf-8", "surrogatepass")
    }
    fresh["README.md"] = told
    with zipfile.ZipFile(path) as old, atomic_file(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            level = 1 if entry.filename.endswith(".skops") else None
            new.writestr(entry, fresh.get(entry.filename, old.read(entry)), entry.compress_type, level)
