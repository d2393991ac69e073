"""What a pipeline is: the whole run, from its table to its policies, as one plain object."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, get_args

from automl_core.cleaning.recipe import Recipe
from automl_core.cleaning.rules import Rule
from automl_core.experiment import ExperimentConfig
from automl_core.monitoring.settings import Settings
from automl_core.registry.records import Alias
from automl_core.retraining.policy import Policy
from automl_core.schema import Kind

StepName = Literal["validate", "drift", "retrain", "compare", "promote", "monitor"]
STEPS: tuple[StepName, ...] = get_args(StepName)
MEANING: dict[StepName, str] = {
    "validate": "reads the table and holds it against the rules",
    "drift": "compares the table with what the champion learned from",
    "retrain": "searches for the best model on the table",
    "compare": "holds the new model against the score asked for and against the champion",
    "promote": "keeps it as a version and moves the alias to it",
    "monitor": "sets how the registered model is watched",
}
NEEDS: dict[StepName, tuple[StepName, ...]] = {
    "validate": (),
    "drift": ("validate",),
    "retrain": ("validate", "drift"),
    "compare": ("retrain",),
    "promote": ("compare",),
    "monitor": (),
}
"""Which steps have to be done before each."""


@dataclass(frozen=True)
class Query:
    """Rows of a database; the password comes from ``PGPASSWORD``."""

    address: str
    sql: str


@dataclass(frozen=True)
class Source:
    """Where the table comes from.

    Parameters
    ----------
    file : str
        Beside the pipeline's file unless it begins with a slash.
    part : tuple of str
        Sheet, file of an archive, or table, as `--part`.
    query : Query or None
        In place of a file.
    kinds : dict of str to Kind
        By column; the others are found from the cells.
    labelled : str
        A file of labelled rows that decide between the new model and the champion; by default the rows kept aside.
    """

    file: str = ""
    part: tuple[str, ...] = ()
    query: Query | None = None
    kinds: dict[str, Kind] = field(default_factory=dict)
    labelled: str = ""


@dataclass(frozen=True)
class Gates:
    """What has to hold for the run to go on.

    Parameters
    ----------
    rules : tuple of Rule
        Of the table; ``refuse`` ends the run, ``aside`` leaves the rows out, ``warn`` is only said.
    least_rows : int
    drift : {"tell", "retrain", "stop"}
        What the verdict "act" leads to: it is only said; nothing is learned without it; or the run ends.
    score : dict of str to float
        By metric: the new model is at least that good on the rows that judge it.
    better_than_champion : bool
        Whether it has to win by more than chance; otherwise it must not lose by more than chance.
    """

    rules: tuple[Rule, ...] = ()
    least_rows: int = 0
    drift: Literal["tell", "retrain", "stop"] = "tell"
    score: dict[str, float] = field(default_factory=dict)
    better_than_champion: bool = True


@dataclass(frozen=True)
class Registry:
    """Under which name and alias a version is kept, and whether it is brought to MLflow."""

    name: str
    alias: Alias = "champion"
    mlflow: bool = True


@dataclass(frozen=True)
class Monitoring:
    """How the registered model is watched: what is logged and its limits, and the policies."""

    log: Settings = field(default_factory=Settings)
    policies: tuple[Policy, ...] = ()


@dataclass(frozen=True)
class Schedule:
    """When a scheduler starts it; only what is written for schedulers looks at it.

    Parameters
    ----------
    every : {"hour", "day", "week", "month"}
        A week begins on Monday, a month on its first.
    at : str
        Hours and minutes, such as ``05:00``; of an hour only the minutes count.
    """

    every: Literal["hour", "day", "week", "month"] = "day"
    at: str = "05:00"


@dataclass(frozen=True)
class Pipeline:
    """A whole run.

    Parameters
    ----------
    name : str
        Two pipelines of one project have two names.
    project : str
        Name or id; a project of a new name is made.
    data : Source
    experiment : ExperimentConfig
    registry : Registry
    recipe : Recipe or None
        None for the one that is proposed for the table.
    gates : Gates
    monitoring : Monitoring or None
    schedule : Schedule
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "coerce_numbers_to_str": True}

    name: str
    project: str
    data: Source
    experiment: ExperimentConfig
    registry: Registry
    recipe: Recipe | None = None
    gates: Gates = field(default_factory=Gates)
    monitoring: Monitoring | None = None
    schedule: Schedule = field(default_factory=Schedule)

    @property
    def steps(self) -> tuple[StepName, ...]:
        """The steps it has, in order."""
        return tuple(step for step in STEPS if step != "monitor" or self.monitoring is not None)
