"""Which columns matter to a model: by shuffling them, and by what they add to single predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from automl_core.errors import FormatError
from automl_core.evaluation.evaluate import read_target
from automl_core.evaluation.judge import scorer_of
from automl_core.explaining.contributions import BACKGROUND, Contributions, share_out
from automl_core.explaining.shuffling import ColumnImportance, Tell, defined_metric, shuffle_columns
from automl_core.metrics import METRICS, metric_of
from automl_core.scoring.bundle import Model

ROWS = 2000
"""Most rows that are looked at."""
SHUFFLING = 0.7
"""Share of the work that shuffling is, for the progress that is told."""


@dataclass(frozen=True)
class Explanation:
    """Which columns a model looks at.

    Parameters
    ----------
    metric : str
        The run's, or one of its task where that is not defined for the rows.
    rows : int
        Rows that were shuffled.
    permutation : tuple of ColumnImportance
        Most important first.
    contributions : Contributions
    notes : tuple of str
    label : str
        The metric's name for people; empty in older ones.
    """

    metric: str
    rows: int
    permutation: tuple[ColumnImportance, ...]
    contributions: Contributions
    notes: tuple[str, ...] = ()
    label: str = ""

    @property
    def metric_label(self) -> str:
        """The metric's name for people."""
        return self.label or METRICS[self.metric].label

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "format": 1,
            "metric": self.metric,
            "rows": self.rows,
            "permutation": [dict(vars(entry)) for entry in self.permutation],
            "contributions": self.contributions.to_dict(),
            "notes": list(self.notes),
            "label": self.label,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Explanation:
        """Rebuild an explanation; raises FormatError for another format version."""
        if data.get("format") != 1:
            raise FormatError(f"This explanation has format {data.get('format')!r}.", "This version reads format 1.")
        return cls(
            data["metric"],
            data["rows"],
            tuple(ColumnImportance(**entry) for entry in data["permutation"]),
            Contributions.from_dict(data["contributions"]),
            tuple(data["notes"]),
            data.get("label", ""),
        )


def explain(
    model: Model,
    frame: pd.DataFrame,
    *,
    seed: int = 0,
    seconds: float = 8.0,
    source: str = "held-out",
    tell: Tell = lambda done, doing: None,
) -> Explanation:
    """Find out which of the person's own columns a model looks at.

    Parameters
    ----------
    model : Model
    frame : DataFrame, shape (n, n_columns)
        Labelled raw rows, best such as the model never saw.
    seed : int
    seconds : float
        About how long the sharing out of predictions may take, and half of what the shuffling may.
    source : str
        What the rows are, for the notes.
    tell : callable
        Takes the share that is done and a sentence.

    Returns
    -------
    Explanation

    Raises
    ------
    InputError
        When the rows cannot be judged, see `evaluation.evaluate.read_target`.
    """
    truth, known = read_target(model, frame)
    labelled = frame[known]
    typed = model.checked(labelled)[list(model.used)].reset_index(drop=True)
    notes = []
    if len(typed) > ROWS:
        chosen = np.sort(np.random.default_rng(seed).permutation(len(typed))[:ROWS])
        notes.append(f"{ROWS:,} of {len(typed):,} {source} rows, drawn at random, were used.")
        typed, truth, labelled = typed.iloc[chosen].reset_index(drop=True), truth[chosen], labelled.iloc[chosen]
    scorer = scorer_of(model, labelled, truth)
    metric = defined_metric(model, typed, scorer)
    label = metric_of(scorer.config, metric).label
    if metric != model.metric:
        notes.append(f"{metric_of(scorer.config, model.metric).label} is not defined for these rows; {label} is used instead.")
    permutation, left_out = shuffle_columns(
        model,
        typed,
        truth,
        metric,
        seed=seed,
        seconds=2 * seconds,
        scorer=scorer,
        tell=lambda done, doing: tell(SHUFFLING * done, doing),
    )
    tell(SHUFFLING, "Sharing out single predictions among the columns")
    ranked = [entry.column for entry in permutation]
    contributions, grouped = share_out(model, typed, ranked, seed=seed, seconds=seconds)
    notes += [*left_out, *grouped]
    count, background = len(contributions.values), min(BACKGROUND, len(typed))
    stand_in = f"missing knowledge is stood for by {background} other rows"
    notes.append(f"Contributions are those of {count:,} {source} rows; {stand_in}.")
    if len(model.used) > 1:
        notes.append("Columns that say the same share their importance: each may look small although both matter together.")
    return Explanation(metric, len(typed), permutation, contributions, tuple(notes), label)
