"""Learning the kept rows too: after the held-out verdict, the same models once more, from every row.

The result is a run of its own. The run that was judged stays as it is, with its verdict, which is why the new one can be
trusted; nothing is chosen anew, so nothing needs to be judged anew. Every fold's model learns from all rows but its fold's,
and together they have learned from all of them. Split by time, a last model learns from every row (`search.relearn`), and
so does one in place of the folds' where PyCaret's `finalize_model` had made the judged one so.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from automl_core.errors import AutoMLError, InputError, NotFoundError
from automl_core.experiment import Budget, ExperimentConfig
from automl_core.honesty import HeldOut
from automl_core.leaderboard import Candidate
from automl_core.metrics import METRICS, metric_of
from automl_core.profiling.wording import number
from automl_core.run_parts import is_refitted
from automl_core.runs import Run
from automl_core.workspace import read_json

KIND = "relearn"
"""The kind of job, and the key of its request's own part."""


@dataclass(frozen=True)
class Origin:
    """Where a model that learned every row comes from.

    Parameters
    ----------
    run, candidate, name : str
        The judged one, and what it is called.
    weights : dict of str to float
        For an ensemble, the weight of each candidate; empty for a single model.
    specs : tuple of dict
        Fields of `search.candidates.Spec` of what is fitted.
    metric : str
    verdict : HeldOut
        How it did on the rows that were kept aside.
    label : str
        The metric's name for people; empty in older runs.
    refitted : bool
        Whether the judged one was fitted once on all learned rows, and not the mean of its folds' models.
    plain : bool
        Whether the judged one is a mean as it is, with no temperature and no line; in older runs both may be found anew.
    """

    run: str
    candidate: str
    name: str
    weights: dict[str, float]
    specs: tuple[dict[str, Any], ...]
    metric: str
    verdict: HeldOut
    label: str = ""
    refitted: bool = False
    plain: bool = False

    @property
    def sentence(self) -> str:
        """Why the model can be trusted."""
        label = self.label or (METRICS[self.metric].label if self.metric in METRICS else self.metric)
        held = self.verdict
        between = f" ({number(held.low)} to {number(held.high)})" if held.low is not None and held.high is not None else ""
        return (
            f"It learned every row, so its own scores are out-of-fold. The same model, chosen and judged before, had {label} "
            f"{number(held.value)}{between} on {held.rows:,} rows that it had not learned from."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"format": 1, **asdict(self), "specs": list(self.specs)}

    def lineage(self) -> dict[str, Any]:
        """Return what an exported model says about it."""
        return {"run": self.run, "candidate": self.candidate, "metric": self.metric, **asdict(self.verdict)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Origin:
        """Rebuild from `to_dict`'s output."""
        fields = {name: value for name, value in data.items() if name != "format"}
        return cls(**{**fields, "specs": tuple(fields["specs"]), "verdict": HeldOut(**fields["verdict"])})


def origin_of(run: Run) -> Origin | None:
    """Return where a run's models come from; None for a search of its own."""
    data = run.params.get(KIND)
    return Origin.from_dict(data) if data else None


def held_out(run: Run, candidate_id: str) -> HeldOut | None:
    """Return how a candidate did on the rows that were kept aside, by the run's metric; None while it was not judged."""
    path = run.evaluation(candidate_id)
    if not path.exists():
        return None
    found = read_json(path)
    score = found["metrics"].get(run.config.metric)
    if found["source"] != "held-out" or score is None:
        return None
    return HeldOut(score["value"], score["low"], score["high"], found["rows"])


def plan(run: Run, candidate_id: str) -> dict[str, Any]:
    """Return the request of a run in which a judged model learns every row.

    Parameters
    ----------
    run : Run
        Kept rows aside.
    candidate_id : str
        Judged on them.

    Returns
    -------
    dict
        The parameters of a job of kind `KIND`: those of a search, with no rows kept aside, and `Origin`.

    Raises
    ------
    InputError
        When there are no kept rows, or the model was not judged on them.
    NotFoundError
        When there is no such model, or its settings were not kept.
    """
    if not run.config.holdout:
        raise InputError("This run learned from every row already.", action="Use its models as they are.")
    candidate = run.leaderboard()[candidate_id]
    verdict = held_out(run, candidate_id)
    if verdict is None:
        raise InputError(
            f"The model {candidate.name!r} has not been judged on the rows that were kept aside.",
            "Once it learns them, nothing is left to judge it by.",
            "Judge it on the held-out rows first.",
        )
    if candidate.made_of_rows:
        raise InputError(
            f"The model {candidate.name!r} was learned from what others predict for rows that they had not seen.",
            "There are no such rows once everything is learned.",
            "Let a model that it is made of learn every row.",
        )
    config = ExperimentConfig.from_dict(read_json(run.path / "task.json")["config"])
    specs = tuple(spec_of(run, name) for name in candidate.members or {candidate.id: 1.0})
    with np.load(run.path / "split.npz") as split:
        folds = int(split["fold"].max()) + 1
    config = replace(config, holdout=0.0, folds=folds, candidates=(), budget=Budget(config.budget.seconds, len(specs)))
    label = metric_of(run.config).label
    origin = Origin(
        run.id, candidate.id, candidate.name, candidate.members, specs, run.config.metric, verdict, label,
        refitted=is_refitted(run.path, candidate), plain=candidate.is_mean,
    )  # fmt: skip
    return {**run.params, "config": config.to_dict(), KIND: origin.to_dict()}


def find(runs: list[Path], run: Run, candidate: Candidate) -> Run | None:
    """Return the first of several run folders in which a judged model learned, or learns, every row."""
    for folder in runs:
        try:
            origin = origin_of(Run(folder))
        except (AutoMLError, KeyError, TypeError):
            continue  # a folder that is being made or was damaged is no answer to this question
        if origin and (origin.run, origin.candidate, origin.weights) == (run.id, candidate.id, candidate.members):
            return Run(folder)
    return None


def spec_of(run: Run, name: str) -> dict[str, Any]:
    """Return what is needed to fit a candidate again; raises NotFoundError where it was not kept."""
    row = Candidate.from_dict(read_json(run.path / "candidates" / name / "candidate.json"))
    if not row.spec:
        raise NotFoundError(
            f"The settings of {row.name!r} were not kept when it was fitted.",
            "They are needed to fit it again exactly as it is.",
            "Give the run a little more time; that notes them.",
        )
    return row.spec
