"""Rows made by hand from others: bagged, boosted, blended, stacked, calibrated, and judged where rows were kept aside."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from automl_core.errors import InputError
from automl_core.events import Message, Progress
from automl_core.jobs.context import JobContext
from automl_core.runs import Run
from automl_core.worker.candidates import Emit, ShouldStop, evaluate_candidate, run_of

if TYPE_CHECKING:
    from automl_core.leaderboard import Candidate

How = Literal["bag", "boost", "blend", "stack", "isotonic", "sigmoid"]
HOWS: tuple[How, ...] = ("bag", "boost", "blend", "stack", "isotonic", "sigmoid")


@dataclass(frozen=True)
class Order:
    """What is made of which rows.

    Parameters
    ----------
    how : How
        ``isotonic`` and ``sigmoid`` calibrate.
    rows : tuple of str
        Ids; one for what is made of one model.
    copies : int
        For a bag and for boosting.
    weights : dict of str to float
        For a blend, by hand; empty for all the same.
    greedy : bool
        For a blend: whether weights are chosen.
    final : str
        For a stack, of `combining.stack.FINALS`.
    """

    how: How
    rows: tuple[str, ...]
    copies: int = 10
    weights: dict[str, float] = field(default_factory=dict)
    greedy: bool = False
    final: str = "linear"

    def __post_init__(self) -> None:
        """Raise InputError for an order that cannot be."""
        if self.how not in HOWS:
            raise InputError(f"There is no way {self.how!r}.", f"There are {', '.join(HOWS)}.", "Choose one of them.")
        if not self.rows:
            raise InputError("No row is chosen.", action="Choose one from the leaderboard.")
        if self.how not in ("blend", "stack") and len(self.rows) > 1:
            raise InputError(f"{len(self.rows)} rows are chosen.", "This is made of one.", "Choose one row.")

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {**asdict(self), "rows": list(self.rows)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Order:
        """Rebuild from `to_dict`'s output."""
        return cls(**{**data, "rows": tuple(data["rows"])})


def combine_rows(run: Run, order: Order, *, emit: Emit, should_stop: ShouldStop) -> Candidate:
    """Make the row, and judge it on the rows kept aside; raises AutoMLError with the reason when it cannot be done."""
    from automl_core.combining.blend import blend_rows
    from automl_core.combining.calibrate import calibrate_row, load_check
    from automl_core.combining.repeat import bag_row, boost_row
    from automl_core.combining.stack import stack_rows

    first = order.rows[0]
    if order.how == "bag":
        row = bag_row(run, first, order.copies, emit=emit, should_stop=should_stop)
    elif order.how == "boost":
        row = boost_row(run, first, order.copies, emit=emit, should_stop=should_stop)
    elif order.how == "blend":
        emit(Progress(-1.0, "Blending the chosen models"))
        row = blend_rows(run, order.rows, order.weights, greedy=order.greedy)
    elif order.how == "stack":
        emit(Progress(-1.0, "Stacking the chosen models"))
        row = stack_rows(run, order.rows, order.final)
    else:
        emit(Progress(-1.0, "Learning how right the probabilities are"))
        row = calibrate_row(run, first, order.how)
        emit(Message(load_check(run, row).sentence))
    if run.config.holdout:
        emit(Progress(1.0, "Judging it on the held-out rows"))
        try:
            evaluate_candidate(run, row.id)
        except InputError as error:  # rows that cannot judge; the scores over the folds stand
            emit(Message(f"The held-out rows cannot judge the model: {error.received}", "warning"))
    return row


def combine_job(context: JobContext) -> dict[str, Any]:
    """Make a row from others, as the request says."""
    order = Order.from_dict(context.request["params"]["order"])
    return {"candidate": combine_rows(run_of(context), order, emit=context.emit, should_stop=context.should_stop).id}
