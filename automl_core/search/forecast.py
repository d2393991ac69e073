"""What a run will cost: seconds and memory of each family of models, from small fits; afterwards forecast against actual."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from automl_core.errors import FormatError
from automl_core.leaderboard import Leaderboard
from automl_core.workspace import read_json, write_json

SMALL = 128 * 2**20
"""Bytes of a fit that no forecast of memory needs to be right about."""
Verdict = Literal["fits", "shortened", "perhaps", "no time", "no memory", "failed"]


def clock_rounds(folds: int, cores: int) -> int:
    """Return how often the time of one fold passes on the clock when as many folds as cores run side by side."""
    return -(-folds // max(cores, 1))


@dataclass(frozen=True)
class FamilyForecast:
    """One row of a forecast.

    Parameters
    ----------
    family, label : str
    models : tuple of str
        Ids of the candidates that it is of.
    example : str
    seconds, seconds_low, seconds_high : float
        Of one model over all folds, as many side by side as there are cores; the mean over the family's models. Of those
        that are given less than they would take, about what they are given.
    bytes, bytes_low, bytes_high : float
        Most memory of one fit.
    verdict : Verdict
        ``fits``; ``shortened`` where it ends in time with fewer rounds; ``perhaps`` where only part of the interval fits;
        ``no time``; ``no memory``; ``failed`` where nothing could be measured.
    reason : str
        One sentence, empty for ``fits``.
    """

    family: str
    label: str
    models: tuple[str, ...]
    example: str
    seconds: float = 0.0
    seconds_low: float = 0.0
    seconds_high: float = 0.0
    bytes: float = 0.0
    bytes_low: float = 0.0
    bytes_high: float = 0.0
    verdict: Verdict = "fits"
    reason: str = ""


@dataclass(frozen=True)
class Forecast:
    """What a run will cost.

    Parameters
    ----------
    rows, columns : int
        Learned in one fold; columns after encoding.
    folds, cores : int
    budget : float
        Seconds of the run, 0 for none.
    free : int
        Bytes of memory that were free.
    took : float
        Seconds that the small fits took.
    preparation : FamilyForecast or None
        Filling, encoding and scaling the columns, once for each fold and view.
    families : tuple of FamilyForecast
    """

    rows: int
    columns: int
    folds: int
    cores: int
    budget: float
    free: int
    took: float = 0.0
    preparation: FamilyForecast | None = None
    families: tuple[FamilyForecast, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"format": 1, **asdict(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Forecast:
        """Rebuild a forecast; raises FormatError for another format version."""
        fields = dict(data)
        version = fields.pop("format", None)
        if version != 1:
            raise FormatError(f"This forecast has format {version!r}.", "This version reads format 1.")
        prepared = fields["preparation"]
        fields["preparation"] = _row(prepared) if prepared else None
        fields["families"] = tuple(_row(row) for row in fields["families"])
        return cls(**fields)

    def save(self, path: Path) -> None:
        """Write the forecast to `path` atomically."""
        write_json(path, self.to_dict())

    @classmethod
    def load(cls, path: Path) -> Forecast:
        """Read a forecast; raises NotFoundError or FormatError."""
        return cls.from_dict(read_json(path))


def _row(data: dict[str, Any]) -> FamilyForecast:
    return FamilyForecast(**{**data, "models": tuple(data["models"])})


@dataclass(frozen=True)
class Compared:
    """One family's forecast against what its models took.

    Parameters
    ----------
    label : str
    models : int
        Scored models that it is compared with.
    forecast, low, high, actual : float
        Seconds of one model over all folds, folds side by side; `actual` is the mean over the models, None when none was
        scored.
    within : bool or None
        Whether `actual` is in the interval.
    bytes, bytes_low, bytes_high, bytes_actual : float
        Most memory of one fit, the most of the family's models; `bytes_actual` is None where it was not measured.
    bytes_within : bool or None
        Whether that is in the interval; None below `SMALL` too, where it is more the process's than the fit's.
    """

    label: str
    models: int
    forecast: float
    low: float
    high: float
    actual: float | None
    within: bool | None
    bytes: float = 0.0
    bytes_low: float = 0.0
    bytes_high: float = 0.0
    bytes_actual: float | None = None
    bytes_within: bool | None = None


def compare(forecast: Forecast, leaderboard: Leaderboard) -> tuple[Compared, ...]:
    """Set a forecast against a leaderboard, family by family.

    What the search proposed of a family by itself counts with it, since it is one more model of it; what a person has added
    does not. A model's seconds are those of learning and of predicting each fold's judged rows with the folds side by side,
    as they were forecast.
    """
    from automl_core.search.candidates import Spec
    from automl_core.search.families import label_of
    from automl_core.search.tuner import is_proposed

    judged = forecast.rows / max(forecast.folds - 1, 1) * forecast.folds
    share = clock_rounds(forecast.folds, forecast.cores) / forecast.folds
    rows = []
    specs = [Spec(**row.spec) for row in leaderboard if row.spec]
    proposed = {spec.id: label_of(spec) for spec in specs if is_proposed(spec)}
    for family in forecast.families:
        ours = {*family.models, *(name for name, label in proposed.items() if label == family.label)}
        known = [row for row in leaderboard if row.id in ours and row.state == "scored"]
        taken = [share * (row.fit_seconds + row.predict_ms / 1000 * judged / 1000) for row in known]
        actual = sum(taken) / len(taken) if taken else None
        within = None if actual is None else family.seconds_low <= actual <= family.seconds_high
        most = max((row.peak_bytes for row in known), default=0) or None
        told = most is not None and max(most, family.bytes_high) >= SMALL
        kept = family.bytes_low <= most <= family.bytes_high if told and most is not None else None
        rows.append(
            Compared(
                family.label, len(known), family.seconds, family.seconds_low, family.seconds_high, actual, within,
                family.bytes, family.bytes_low, family.bytes_high, most, kept,
            )
        )  # fmt: skip
    return tuple(rows)
