"""What is asked of a run: target, task, metric, split, folds, budget, preset."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Generic, Literal, TypeVar, get_args

from automl_core.errors import FormatError

Task = Literal["binary", "multiclass", "regression"]
TASKS: tuple[Task, ...] = get_args(Task)
Preset = Literal["quick", "balanced", "best", "fast", "explainable", "pycaret"]
PRESETS: tuple[Preset, ...] = get_args(Preset)
SplitKind = Literal["random", "group", "time"]

T = TypeVar("T")


@dataclass(frozen=True)
class Decision(Generic[T]):
    """A choice that was made for the person, with the reason in one sentence."""

    value: T
    reason: str


@dataclass(frozen=True)
class Split:
    """How rows are divided, for the holdout and for the folds alike.

    Parameters
    ----------
    kind : SplitKind
        ``random`` is stratified for classification; ``group`` keeps the rows of one group together; ``time`` always
        learns from earlier rows and scores on later ones.
    column : str
        The group or time column; empty for random.
    gap : float
        Only for ``time``: how much time is left out between the learned and the judged rows of each fold, and before the
        holdout, in days for dates and in the column's own unit for numbers.
    """

    kind: SplitKind = "random"
    column: str = ""
    gap: float = 0.0


@dataclass(frozen=True)
class Budget:
    """How long the search may take: seconds of wall-clock time, or a number of candidates (0 for no limit).

    Of a run that was given more time, the seconds are those of its last session. The candidates are all of the run's, whatever
    session they were tried in: with the same seed 20 and then 20 more are the same as 40 at once (`search.supply.Supply`).
    """

    seconds: float = 60.0
    trials: int = 0


@dataclass(frozen=True)
class Costs:
    """What each outcome of a yes-or-no decision is worth, in money a row; gains are positive, losses negative.

    Parameters
    ----------
    true_positive, false_positive, false_negative, true_negative : float
    amount : str
        A column of the uploaded table whose value multiplies the four numbers row by row; empty for 1.
    currency : str
        Shown behind amounts.
    """

    true_positive: float = 0.0
    false_positive: float = 0.0
    false_negative: float = 0.0
    true_negative: float = 0.0
    amount: str = ""
    currency: str = ""


@dataclass(frozen=True)
class Kpi:
    """A figure of one's own: a formula over prediction, truth and columns, in the grammar of `automl_core.kpi`."""

    name: str
    formula: str
    greater_is_better: bool = True


@dataclass(frozen=True)
class ExperimentConfig:
    """Everything a run needs to know besides its dataset and its recipe.

    Parameters
    ----------
    target : str
    task : Task
    metric : str
        A name of `metrics.METRICS`, ``cost`` for `costs`, or ``kpi`` for `kpi`.
    positive : str
        For binary tasks the label of the event, as text; empty otherwise.
    split : Split
    holdout : float
        Share of rows that the search never sees, 0 for none.
    folds : int
        0 lets the search choose by rows, classes and budget.
    budget : Budget
    preset : Preset
    candidates : tuple of str
        Ids of the catalogue to try; empty for the preset's own.
    ignored : tuple of str
        Columns that are kept out of the features.
    seed : int
    threads : int
        Cores the run may use; 0 for all.
    costs : Costs or None
        For binary tasks; judges, and with the metric ``cost`` ranks.
    kpi : Kpi or None
        Judges, and with the metric ``kpi`` ranks.
    predict_limit_ms : float
        With the preset ``fast``: most milliseconds that one row may take when 1,000 are predicted at once; 0 for no limit.
    """

    target: str
    task: Task
    metric: str
    positive: str = ""
    split: Split = field(default_factory=Split)
    holdout: float = 0.2
    folds: int = 0
    budget: Budget = field(default_factory=Budget)
    preset: Preset = "balanced"
    candidates: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    seed: int = 0
    threads: int = 0
    costs: Costs | None = None
    kpi: Kpi | None = None
    predict_limit_ms: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"format": 1, **asdict(self), "candidates": list(self.candidates), "ignored": list(self.ignored)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ExperimentConfig:
        """Rebuild a configuration; raises FormatError for another format version."""
        fields = dict(data)
        version = fields.pop("format", None)
        if version != 1:
            raise FormatError(f"This run's settings have format {version!r}.", "This version reads format 1.")
        fields["split"] = Split(**fields["split"])
        fields["budget"] = Budget(**fields["budget"])
        fields["candidates"] = tuple(fields["candidates"])
        fields["ignored"] = tuple(fields["ignored"])
        fields["costs"] = Costs(**fields["costs"]) if fields.get("costs") else None
        fields["kpi"] = Kpi(**fields["kpi"]) if fields.get("kpi") else None
        return cls(**fields)
