"""A study of one model: what was asked, every trial, what came out. Plain data, kept as ``study.json``."""

from __future__ import annotations

import os
import random
import re
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from automl_core.engines.optuna_study import Method, Pruner
from automl_core.errors import FormatError, InputError, NotFoundError
from automl_core.people.access import changing
from automl_core.tuning.spaces import STEPS, Space
from automl_core.workspace import read_json, write_json

FILE = "study.json"
STORAGE = "optuna.db"
"""Optuna's own storage of the study, for ``optuna-dashboard sqlite:///...``."""
WIDTH = 4
"""Trials of a batch: the next ones are proposed when all of them are scored, so that the number of cores changes nothing."""
FORMAT = 1
PAUSE = "pause"
"""A file in the study's folder; while it is there nothing is begun."""
Aim = Literal["", "predict_ms", "size_bytes"]
Course = Literal["batches", "busy"]
"""Whether trials are begun in batches, which repeat exactly, or as soon as a core of a cluster is free (Ray Tune)."""
State = Literal["scored", "pruned", "failed", "stopped"]
NAME = re.compile(r"[a-z0-9][a-z0-9-]*-tuned-\d+")


@dataclass(frozen=True)
class Settings:
    """What is asked of a study.

    Parameters
    ----------
    candidate : str
        Id of the row that is tuned.
    method : Method
    space : Space
    trials : int
        Beside the model as it is, which is always the first; 0 for as many as the time allows.
    seconds : float
        Of wall-clock time, where `trials` is 0.
    seed : int
    steps : int
        Points of a grid along each range.
    pruner : Pruner
        What gives trials up by their first folds.
    width : int
        Trials of a batch.
    aim : Aim
        What is made small beside the score: the time to predict 1,000 rows, or the size; empty for the score alone.
    course : Course
        How trials are begun; in batches where there is no cluster, whatever is asked for.
    """

    candidate: str
    method: Method
    space: Space
    trials: int = 0
    seconds: float = 60.0
    seed: int = 0
    steps: int = STEPS
    pruner: Pruner = "median"
    width: int = WIDTH
    aim: Aim = ""
    course: Course = "batches"

    def __post_init__(self) -> None:
        """Raise InputError for a budget that is none, and for a second aim that there is not."""
        if self.aim not in get_args(Aim):
            raise InputError(f"There is no second aim {self.aim!r}.", "There are predict_ms and size_bytes.", "Choose one.")
        if self.course not in get_args(Course):
            raise InputError(f"Trials cannot be begun {self.course!r}.", "There are batches and busy.", "Choose one.")
        if self.course == "busy" and (self.aim or self.pruner == "median"):
            raise InputError(
                f"Keeping every machine busy was asked for with {'two aims' if self.aim else 'the pruner median'}.",
                "Ray Tune has one aim here, and gives trials up by halving (ASHA) or never.",
                "Choose batches, or no second aim and another pruner.",
            )
        if self.trials < 0 or (not self.trials and not self.seconds > 0):
            raise InputError(
                f"The budget is {self.trials} trials or {self.seconds:g} s.", "It must be above 0.", "Give trials or seconds."
            )

    def points(self) -> list[dict[str, Any]] | None:
        """Return the points of a grid in an order that covers it early, None for the methods that propose."""
        if self.method != "grid":
            return None
        points = self.space.grid(self.steps)
        random.Random(self.seed).shuffle(points)
        return points

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {**asdict(self), "space": self.space.to_dict()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Settings:
        """Rebuild settings from `to_dict`'s output."""
        return cls(**{**data, "space": Space.from_dict(data["space"])})


@dataclass(frozen=True)
class TrialRow:
    """One trial that has ended.

    Parameters
    ----------
    number : int
        0 is the model as it was.
    state : State
    score : float or None
        Mean over the folds; None unless it was scored on all of them.
    fold_scores : tuple of float
        On the folds that it got to.
    params : dict
        What was fitted.
    fit_seconds : float
        Sum over the folds.
    predict_ms : float
        For 1,000 rows.
    size_bytes : int
    at_seconds : float
        When it ended, since the start of the study, idle time left out.
    reason : str
        Why it has no score.
    """

    number: int
    state: State
    score: float | None
    fold_scores: tuple[float, ...]
    params: dict[str, Any]
    fit_seconds: float = 0.0
    predict_ms: float = 0.0
    size_bytes: int = 0
    at_seconds: float = 0.0
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {**asdict(self), "fold_scores": list(self.fold_scores)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> TrialRow:
        """Rebuild a row from `to_dict`'s output."""
        return cls(**{**data, "fold_scores": tuple(data["fold_scores"])})


@dataclass(frozen=True)
class Study:
    """A study as it goes and as it ended.

    Parameters
    ----------
    id : str
        Its folder, and the id that the tuned model gets on the leaderboard.
    name : str
        Of the model that is tuned, for people.
    settings : Settings
    metric, label : str
    greater_is_better : bool
    folds : int
    rows : tuple of TrialRow
    running : tuple of str
        What runs now, a line each.
    importance : dict of str to float
        Share of the scores' spread by parameter; empty while there are too few trials.
    gain : dict
        `gain.Gain.to_dict`; empty until a session has ended.
    held_out : dict
        Before and after on rows kept aside: ``{"before": {value, low, high}, "after": ...}``; empty where there are none.
    joined : str
        Id of the new row of the leaderboard, empty where nothing was gained.
    goal_trials, goal_seconds : float
        Where the present session ends, earlier ones included.
    seconds : float
        That all sessions took so far.
    stored_as : str
        Its name in the database of ``AUTOML_STUDIES_URL``; empty for an SQLite file in its folder.
    picked : tuple of int
        Trials that were put on the leaderboard by hand.
    """

    id: str
    name: str
    settings: Settings
    metric: str
    label: str
    greater_is_better: bool
    folds: int
    rows: tuple[TrialRow, ...] = ()
    running: tuple[str, ...] = ()
    importance: dict[str, float] = field(default_factory=dict)
    gain: dict[str, Any] = field(default_factory=dict)
    held_out: dict[str, Any] = field(default_factory=dict)
    joined: str = ""
    goal_trials: int = 0
    goal_seconds: float = 0.0
    seconds: float = 0.0
    stored_as: str = ""
    picked: tuple[int, ...] = ()

    @property
    def front(self) -> list[TrialRow]:
        """The trials that no other one beats in both aims, smallest second aim first; with one aim the best alone."""
        aim = self.settings.aim
        if not aim:
            return [self.best] if self.best else []
        sign = 1.0 if self.greater_is_better else -1.0
        found: list[TrialRow] = []
        for row in sorted(self.scored, key=lambda row: (getattr(row, aim), -sign * (row.score or 0.0), row.number)):
            if not found or sign * (row.score or 0.0) > sign * (found[-1].score or 0.0):
                found.append(row)
        return found

    @property
    def scored(self) -> list[TrialRow]:
        """The trials that were scored on every fold, in order."""
        return [row for row in self.rows if row.state == "scored" and row.score is not None]

    @property
    def best(self) -> TrialRow | None:
        """The best trial; of equal ones the first."""
        sign = 1.0 if self.greater_is_better else -1.0
        return max(self.scored, key=lambda row: (sign * (row.score or 0.0), -row.number), default=None)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "format": FORMAT,
            **{name: getattr(self, name) for name in self.__dataclass_fields__},
            "settings": self.settings.to_dict(),
            "rows": [row.to_dict() for row in self.rows],
            "running": list(self.running),
            "picked": list(self.picked),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Study:
        """Rebuild a study; raises FormatError for another format version."""
        fields = dict(data)
        version = fields.pop("format", None)
        if version != FORMAT:
            raise FormatError(f"This study has format {version!r}.", f"This version reads format {FORMAT}.", "Start a new study.")
        fields["settings"] = Settings.from_dict(fields["settings"])
        fields["rows"] = tuple(TrialRow.from_dict(row) for row in fields["rows"])
        fields["running"] = tuple(fields["running"])
        fields["picked"] = tuple(fields.get("picked", ()))
        return cls(**fields)

    def save(self, folder: Path) -> None:
        """Write it into its folder, atomically."""
        write_json(folder / FILE, self.to_dict())

    @classmethod
    def load(cls, folder: Path) -> Study:
        """Read a study; raises NotFoundError or FormatError."""
        return cls.from_dict(read_json(folder / FILE))


def studies_url() -> str:
    """Return where studies are stored: ``AUTOML_STUDIES_URL``, or empty for an SQLite file in each one's folder."""
    return os.environ.get("AUTOML_STUDIES_URL", "")


def studies_folder(run: Path) -> Path:
    """Return where a run's studies are."""
    return run / "tuning"


def study_folder(run: Path, study_id: str) -> Path:
    """Return one study's folder; raises NotFoundError for what is no study's name."""
    if not NAME.fullmatch(study_id):
        raise NotFoundError(f"This run has no study {study_id!r}.", action="Choose one of its studies.")
    return studies_folder(run) / study_id


def new_study(run: Path, candidate: str) -> str:
    """Make the folder of a new study and return its id; two people who tune the same model get two."""
    base = re.sub(r"-tuned-\d+$", "", candidate)
    for number in range(1, 10_000):
        try:
            (studies_folder(run) / f"{base}-tuned-{number}").mkdir(parents=True)
        except FileExistsError:
            continue
        return f"{base}-tuned-{number}"
    raise InputError(f"{candidate} has been tuned 10,000 times.", action="Delete the run's folder 'tuning'.")


def pause(folder: Path) -> None:
    """Let a study begin nothing more until `go_on`; what is being fitted is fitted to its end. The pause costs no time."""
    with changing(folder, "study", folder.name, "Paused"):
        (folder / PAUSE).touch()


def go_on(folder: Path) -> None:
    """Let a paused study go on."""
    with changing(folder, "study", folder.name, "Goes on"):
        (folder / PAUSE).unlink(missing_ok=True)


def is_paused(folder: Path) -> bool:
    """Return whether a study is paused."""
    return (folder / PAUSE).exists()


def list_studies(run: Path) -> list[str]:
    """Return the ids of a run's studies, newest first."""
    found = [path for path in studies_folder(run).glob("*") if NAME.fullmatch(path.name) and (path / FILE).exists()]
    return [path.name for path in sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)]


def with_held_out(study: Study, before: dict[str, Any], after: dict[str, Any]) -> Study:
    """Return a study with the scores on rows kept aside."""
    return replace(study, held_out={"before": before, "after": after})
