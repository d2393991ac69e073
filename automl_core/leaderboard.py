"""What came out of a run: its candidates, each a row that stays whatever became of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from automl_core.errors import NotFoundError
from automl_core.workspace import read_json, write_json

State = Literal["waiting", "running", "scored", "failed", "skipped", "stopped"]
Role = Literal["baseline", "model", "ensemble", "look"]


@dataclass(frozen=True)
class Candidate:
    """One row of the leaderboard.

    Parameters
    ----------
    id : str
        Unique in the run and safe as a folder name, for example ``lightgbm``, ``lightgbm-2``, ``ensemble``.
    name : str
        Name for people.
    family : str
        For example ``boosting``, ``linear``, ``forest``, ``neighbours``, ``neural``, ``baseline``, ``ensemble``.
    role : Role
        ``look`` for a score on a sample, which stands until the search's own of the same model replaces it.
    view : str
        Which view of the data the model gets: ``encoded``, ``scaled`` or ``native``.
    params : dict
        Parameters that differ from the class's defaults, plain JSON types.
    state : State
    reason : str
        Why it failed, was skipped or stopped; one sentence.
    suggestion : str
        One step that the person can take.
    fold_scores : tuple of float
        The run's metric on each scored fold, in the metric's own direction.
    score : float or None
        Mean of `fold_scores` over all folds; None until every fold is scored.
    spread : float or None
        Standard deviation of `fold_scores` (ddof 1).
    metrics : dict of str to float
        All metrics of the task, means over the folds.
    fit_seconds : float
        Sum over the folds, preprocessing excluded.
    predict_ms : float
        Milliseconds for 1,000 rows with one fold's model, preprocessing included.
    answer_ms : float
        Milliseconds a row of the exported model, as measured when it was packed; 0 while it was not.
    size_bytes : int
        Stored size of its fold models.
    peak_bytes : int
        Most memory that one of its fits took, beyond what its process began with; 0 where that was not measured.
    at_seconds : float
        When the score was complete, in seconds since the start of the run.
    members : dict of str to float
        For an ensemble, the weight of each candidate id.
    temperature : float
        For an ensemble, of its averaged probabilities (`scoring.ensemble.tempered`).
    line : tuple of float
        For an ensemble of a regression, height and slope of the line its values are moved onto (`scoring.ensemble.on_line`).
    stack : dict
        For a model over the predictions of others: ``candidates`` in their order, and ``final``, the name of the model.
    calibration : dict
        How its probabilities are set right at the end, of `scoring.calibration.Calibration`; empty for as they are.
    spec : dict
        Everything to fit it again, the fields of `search.candidates.Spec`; empty for an ensemble.
    """

    id: str
    name: str
    family: str
    role: Role = "model"
    view: str = "encoded"
    params: dict[str, Any] = field(default_factory=dict)
    state: State = "waiting"
    reason: str = ""
    suggestion: str = ""
    fold_scores: tuple[float, ...] = ()
    score: float | None = None
    spread: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    fit_seconds: float = 0.0
    predict_ms: float = 0.0
    size_bytes: int = 0
    peak_bytes: int = 0
    at_seconds: float = 0.0
    members: dict[str, float] = field(default_factory=dict)
    temperature: float = 1.0
    line: tuple[float, float] = (0.0, 1.0)
    stack: dict[str, Any] = field(default_factory=dict)
    calibration: dict[str, Any] = field(default_factory=dict)
    spec: dict[str, Any] = field(default_factory=dict)
    answer_ms: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {**asdict(self), "fold_scores": list(self.fold_scores), "line": list(self.line)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Candidate:
        """Rebuild a candidate from `to_dict`'s output."""
        height, slope = data.get("line", (0.0, 1.0))
        return cls(**{**data, "fold_scores": tuple(data["fold_scores"]), "line": (height, slope)})

    @property
    def made_of_rows(self) -> bool:
        """Whether something was learned from out-of-fold predictions, so that it keeps cross-fitted ones of its own."""
        return bool(self.stack or self.calibration)

    @property
    def is_mean(self) -> bool:
        """Whether it is a single model, or no more than a mean of some."""
        return not self.made_of_rows and self.temperature == 1.0 and tuple(self.line) == (0.0, 1.0)


@dataclass(frozen=True)
class Leaderboard:
    """The candidates of one run.

    Parameters
    ----------
    metric : str
    greater_is_better : bool
    candidates : tuple of Candidate
        In the order in which they were first seen.
    recommended : str
        Id of the recommended candidate, empty while there is none.
    recommendation : str
        Why it is recommended, one sentence.
    preset : str
        What the search was for; see `honesty.recommend`.
    fold_ratio : float
        Rows judged for each row learned from, a mean over the folds; 0 for that of k folds of equal size.
    label : str
        The metric's name for people; empty in older runs.
    limit_ms : float
        Most milliseconds that one row may take to predict, 0 for no limit.
    exported : int
        Fold models that are exported together, 0 for as many as a row has scores: split by time it is the last one alone.
    """

    metric: str
    greater_is_better: bool
    candidates: tuple[Candidate, ...] = ()
    recommended: str = ""
    recommendation: str = ""
    preset: str = "balanced"
    fold_ratio: float = 0.0
    label: str = ""
    limit_ms: float = 0.0
    exported: int = 0

    def __iter__(self) -> Iterator[Candidate]:
        return iter(self.candidates)

    def __len__(self) -> int:
        return len(self.candidates)

    def __getitem__(self, candidate_id: str) -> Candidate:
        """Return one candidate; raises NotFoundError."""
        for candidate in self.candidates:
            if candidate.id == candidate_id:
                return candidate
        raise NotFoundError(f"This run has no model {candidate_id!r}.", action="Choose one from its leaderboard.")

    def with_candidate(self, candidate: Candidate) -> Leaderboard:
        """Return a leaderboard in which `candidate` replaces the row of its id, or is appended."""
        if any(old.id == candidate.id for old in self.candidates):
            rows = tuple(candidate if old.id == candidate.id else old for old in self.candidates)
        else:
            rows = (*self.candidates, candidate)
        return replace(self, candidates=rows)

    def ranked(self) -> list[Candidate]:
        """Return the candidates, scored ones first and best first, the others in their order."""
        sign = -1.0 if self.greater_is_better else 1.0
        scored = [row for row in self.candidates if row.state == "scored" and row.score is not None]
        scored.sort(key=lambda row: sign * (row.score or 0.0))
        return scored + [row for row in self.candidates if row not in scored]

    def answer_ms(self, row: Candidate) -> float:
        """Return the milliseconds a row of a candidate as it is exported: measured, or expected of its fold models."""
        return row.answer_ms or row.predict_ms * (self.exported or len(row.fold_scores)) / 1000

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "format": 1,
            "metric": self.metric,
            "greater_is_better": self.greater_is_better,
            "recommended": self.recommended,
            "recommendation": self.recommendation,
            "preset": self.preset,
            "fold_ratio": self.fold_ratio,
            "label": self.label,
            "limit_ms": self.limit_ms,
            "exported": self.exported,
            "candidates": [row.to_dict() for row in self.candidates],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Leaderboard:
        """Rebuild a leaderboard from `to_dict`'s output."""
        return cls(
            metric=data["metric"],
            greater_is_better=data["greater_is_better"],
            candidates=tuple(Candidate.from_dict(row) for row in data["candidates"]),
            recommended=data["recommended"],
            recommendation=data["recommendation"],
            preset=data.get("preset", "balanced"),
            fold_ratio=data.get("fold_ratio", 0.0),
            label=data.get("label", ""),
            limit_ms=data.get("limit_ms", 0.0),
            exported=data.get("exported", 0),
        )

    def save(self, path: Path) -> None:
        """Write the leaderboard to `path` atomically."""
        write_json(path, self.to_dict())

    @classmethod
    def load(cls, path: Path) -> Leaderboard:
        """Read a leaderboard; raises NotFoundError or FormatError."""
        return cls.from_dict(read_json(path))


def in_words(score: float, spread: float | None = None) -> str:
    """Return a score with as many digits as its spread supports: two significant digits of the spread."""
    if spread and math.isfinite(spread) and spread > 0:
        digits = min(max(1 - math.floor(math.log10(spread)), 0), 6)
        return f"{score:,.{digits}f} ± {spread:,.{digits}f}"
    return f"{score:,.4g}" if abs(score) < 1e4 else f"{score:,.0f}"
