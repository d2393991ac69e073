"""Optuna's studies: samplers and pruners by name, asked and told in batches, mirrored into Optuna's own storage.

The samplers work on a study in memory, since the database takes longer for a trial than many fits do; every batch that has
ended is copied into it, where optuna-dashboard and other tools find it, and where a later session goes on.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from automl_core.engines.optuna import Choice, Range, Sampler, Space
from automl_core.errors import EngineError, FormatError, StorageError

Method = Literal["grid", "random", "tpe", "gp", "nsga2", "cmaes"]
Pruner = Literal["median", "halving", "none"]
Direction = Literal["maximize", "minimize"]
Outcome = Literal["complete", "pruned", "failed"]
POPULATION = 12
"""Of the genetic algorithm: three batches of four, so that a hundred trials are eight generations."""
STARTUP = 10
"""Trials that are drawn at random before the estimators are believed, and before anything is pruned."""
FORMAT = 1
FACTS = "trial"
"""The attribute of a stored trial that holds everything else that is known of it."""


@dataclass
class Trial:
    """One proposal that has been asked for.

    Parameters
    ----------
    number : int
    point : dict
        In the space, as the sampler has it.
    """

    number: int
    point: dict[str, Any]
    handle: Any = field(repr=False, default=None)


@dataclass(frozen=True)
class Told:
    """What the storage holds of a trial that has ended."""

    number: int
    outcome: Outcome
    value: float | None
    facts: dict[str, Any]


def has_torch() -> bool:
    """Return whether torch is there, which Optuna's Gaussian process needs."""
    return importlib.util.find_spec("torch") is not None


class TuningStudy:
    """A study in memory with its copy in SQLite.

    Parameters
    ----------
    path : Path
        The database; an existing one is gone on with.
    name : str
    space : Space
    method : Method
    pruner : Pruner
    seed : int
    greater_is_better : bool
    second : bool
        Whether there is a second value, which is made small.
    url : str
        Of a database that takes the place of the file, such as PostgreSQL's; empty for the file.

    Raises
    ------
    EngineError
        When Optuna is missing.
    FormatError
        When the database is of another version or damaged.
    StorageError
        When a database cannot be reached.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        space: Space,
        *,
        method: Method,
        pruner: Pruner,
        seed: int,
        greater_is_better: bool,
        second: bool = False,
        url: str = "",
    ) -> None:
        try:
            import optuna
        except ImportError as error:
            raise EngineError(f"Optuna could not be imported: {error}.", action="Install the versions of the lock.") from error
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.space, self.method, self.seed = space, method, seed
        self._distributions = {key: Sampler._distribution(entry) for key, entry in space.items()}
        first: Direction = "maximize" if greater_is_better else "minimize"
        directions: list[Direction] = [first, "minimize"] if second else [first]
        self.second = second
        self._study = optuna.create_study(directions=directions, pruner=_pruner("none" if second else pruner))
        self._mirror = _stored(path, name, directions, url)
        told = self._mirror.get_trials(deepcopy=False)
        if told and told[0].params and set(told[0].params) - set(space):
            raise FormatError(
                f"The study {name!r} has the parameters {', '.join(sorted(told[0].params))}.",
                f"This one has {', '.join(sorted(space))}.",
                "Start a new study.",
            )
        self._end_open()
        told = self._mirror.get_trials(deepcopy=False)
        self._study.add_trials([trial for trial in told if trial.state.is_finished()])
        self._kept = len(self._study.get_trials(deepcopy=False))
        self._asked: dict[int, Any] = {}

    def ask(self, count: int, fixed: Sequence[Mapping[str, Any]] = ()) -> list[Trial]:
        """Return the trials of the next batch; `fixed` are points that are taken as they are.

        The sampler is made anew for each batch from the seed and the number of trials before it, so that a study that
        goes on after a restart proposes what it would have proposed without one.
        """
        self._study.sampler = _sampler(self.method, self.seed + 7919 * len(self._study.get_trials(deepcopy=False)))
        made = []
        for place in range(count):
            if fixed:
                self._study.enqueue_trial(self.coded(fixed[place]))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # samplers that draw a word by itself say so
                trial = self._study.ask(self._distributions)
            self._asked[trial.number] = trial
            made.append(Trial(trial.number, self.point_of(trial.params), trial))
        return made

    def report(self, number: int, step: int, value: float) -> None:
        """Tell the mean over the first folds, `step` + 1 of them; Optuna takes none where there are two aims."""
        if not self.second:
            self._asked[number].report(value, step)

    def should_prune(self, number: int) -> bool:
        """Return whether the pruner gives a trial up, by what was reported of all."""
        return not self.second and bool(self._asked[number].should_prune())

    def tell(self, number: int, outcome: Outcome, value: float | None, facts: Mapping[str, Any], second: float = 0.0) -> None:
        """End a trial; `facts` are plain JSON types that its copy keeps, `second` is looked at where there are two aims."""
        trial = self._asked.pop(number)
        trial.set_user_attr(FACTS, dict(facts))  # as one: each attribute is two statements of the database
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # A pruned trial keeps its last reported mean, which Optuna looks up itself.
            told: Any = [value, second] if self.second else value
            self._study.tell(trial, told if outcome == "complete" else None, state=_state(outcome))

    def store(self) -> None:
        """Copy what has ended since the last time into the database, in order."""
        trials = self._study.get_trials(deepcopy=False)
        while self._kept < len(trials) and trials[self._kept].state.is_finished():
            self._mirror.add_trial(trials[self._kept])
            self._kept += 1

    def _end_open(self) -> None:
        """Let trials fail that another program, such as Ray Tune, had begun here when it was cut off."""
        from optuna.trial import Trial as Open
        from optuna.trial import TrialState

        for trial in self._mirror.get_trials(deepcopy=False, states=(TrialState.RUNNING, TrialState.WAITING)):
            params = self.point_of(trial.params)
            facts = {"number": trial.number, "state": "stopped", "score": None, "fold_scores": [], "params": params}
            facts["reason"] = "The study was cut off while it was fitted."
            Open(self._mirror, trial._trial_id).set_user_attr(FACTS, facts)
            self._mirror._storage.set_trial_state_values(trial._trial_id, state=TrialState.FAIL)

    def shared(self) -> dict[str, Any]:
        """Return the storage and what else a search needs that asks for its trials there by itself; `catch_up` afterwards."""
        return {
            "space": self._distributions,
            "sampler": _sampler(self.method, self.seed + 7919 * self._kept),
            "study_name": self._mirror.study_name,
            "storage": self._mirror._storage,
        }

    def end(self, study: Any, trial: Any, outcome: Outcome, value: float | None) -> None:
        """End a trial that a search of its own asked for."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            study.tell(trial, value if outcome == "complete" else None, state=_state(outcome))

    def catch_up(self) -> None:
        """Take in the trials that were asked for in the storage."""
        self._study.add_trials(self._mirror.get_trials(deepcopy=False)[self._kept :])
        self._kept = len(self._study.get_trials(deepcopy=False))

    def told(self) -> list[Told]:
        """Return every trial that has ended, in order."""
        names: dict[str, Outcome] = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}
        found = []
        for trial in self._study.get_trials(deepcopy=False):
            if trial.state.is_finished():
                outcome = names[trial.state.name]
                value = trial.values[0] if outcome == "complete" else None
                attrs = trial.user_attrs  # in earlier studies each fact was an attribute
                found.append(Told(trial.number, outcome, value, dict(attrs.get(FACTS, attrs))))
        return found

    def importance(self) -> dict[str, float]:
        """Return how much of the scores' spread each parameter explains, the largest first; empty with fewer than six trials.

        Functional analysis of variance over a forest of the trials: Hutter, Hoos and Leyton-Brown, *An efficient approach
        for assessing hyperparameter importance* (2014).
        """
        import optuna

        done = [trial for trial in self._study.get_trials(deepcopy=False) if trial.state.name == "COMPLETE"]
        if len(done) < 6 or len({trial.values[0] for trial in done}) < 2:
            return {}
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=self.seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target = (lambda trial: trial.values[0]) if self.second else None
            found = optuna.importance.get_param_importances(self._study, evaluator=evaluator, target=target)
        return {key: float(value) for key, value in found.items() if np.isfinite(value)}

    def point_of(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the point that Optuna's parameters stand for."""
        return {key: self._value(key, value) for key, value in params.items()}

    def coded(self, point: Mapping[str, Any]) -> dict[str, Any]:
        """Return Optuna's parameters of a point."""
        return {key: self._code(key, value) for key, value in point.items()}

    def _value(self, key: str, value: Any) -> Any:
        entry = self.space[key]
        return entry.values[value] if isinstance(entry, Choice) else value

    def _code(self, key: str, value: Any) -> Any:
        entry = self.space[key]
        return entry.values.index(value) if isinstance(entry, Choice) else value


def _state(outcome: Outcome) -> Any:
    from optuna.trial import TrialState

    return {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}[outcome]


def only_numbers(space: Space) -> bool:
    """Return whether every parameter of a space that is not fixed is a range."""
    return all(isinstance(entry, Range) or len(entry.values) == 1 for entry in space.values())


def _stored(path: Path, name: str, directions: list[Direction], url: str) -> Any:
    import optuna

    path.parent.mkdir(parents=True, exist_ok=True)
    more = {} if url else {"connect_args": {"timeout": 20}}
    try:
        storage = optuna.storages.RDBStorage(url or f"sqlite:///{path}", engine_kwargs=more)
        study = optuna.create_study(study_name=name, storage=storage, directions=directions, load_if_exists=True)
    except (RuntimeError, ValueError, KeyError, AssertionError) as error:
        raise FormatError(
            f"The study {name!r} cannot be read: {' '.join(str(error).split())[:200]}", action="Start a new study."
        ) from error
    except Exception as error:  # database drivers have no common class of errors; what is none of theirs is raised again below
        if url:  # without the address, which may hold a password
            raise StorageError(
                f"The database of the studies did not answer: {type(error).__name__}.",
                "AUTOML_STUDIES_URL must name one that can be reached, such as postgresql+psycopg://user@host/studies.",
                "Check the address and the server, or unset it to keep studies in files.",
            ) from error
        if type(error).__module__.startswith(("sqlalchemy", "sqlite3", "alembic", "optuna")):
            raise FormatError(f"The study {name!r} cannot be read: its file is damaged.", action="Start a new study.") from error
        raise
    if not study.get_trials(deepcopy=False):
        study.set_user_attr("tablewright_format", FORMAT)
    elif study.user_attrs.get("tablewright_format", FORMAT) != FORMAT:
        raise FormatError(
            f"The study {name!r} has format {study.user_attrs['tablewright_format']!r}.",
            f"This version reads format {FORMAT}.",
            "Start a new study.",
        )
    return study


def _sampler(method: Method, seed: int) -> Any:
    from optuna import samplers

    seed %= 2**31
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some are marked as experimental
        if method == "nsga2":
            return samplers.NSGAIISampler(population_size=POPULATION, seed=seed)
        if method == "cmaes":
            return samplers.CmaEsSampler(
                seed=seed, warn_independent_sampling=False, independent_sampler=samplers.RandomSampler(seed=seed)
            )
        if method == "tpe":
            return samplers.TPESampler(seed=seed, multivariate=True, n_startup_trials=STARTUP, constant_liar=True)
        if method == "gp":
            return samplers.GPSampler(seed=seed, n_startup_trials=STARTUP, deterministic_objective=True)
        return samplers.RandomSampler(seed=seed)  # a grid's points are given


def _pruner(name: Pruner) -> Any:
    from optuna import pruners

    if name == "median":
        return pruners.MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=0)
    if name == "halving":
        return pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=2)
    return pruners.NopPruner()
