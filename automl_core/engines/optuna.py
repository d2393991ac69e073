"""Optuna 5: samplers that propose parameters from what earlier ones scored. The only module that imports it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from automl_core.errors import EngineError

STARTUP = 6
"""Trials before the sampler trusts what it has seen."""


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included."""

    low: float
    high: float
    log: bool = False
    whole: bool = False


@dataclass(frozen=True)
class Choice:
    """One of several values."""

    values: tuple[Any, ...]


Space = Mapping[str, Range | Choice]


class Sampler:
    """Proposes parameters by a tree-structured Parzen estimator over all of them at once.

    Bergstra and others, Algorithms for hyper-parameter optimization (2011), in its multivariate form: Falkner, Klein and
    Hutter, BOHB (2018). Proposals that have no score yet count as bad ones, so that a batch does not repeat itself.

    Parameters
    ----------
    space : Space
    seed : int
        The same seed and scores give the same proposals.

    Raises
    ------
    EngineError
        When Optuna is missing.
    """

    def __init__(self, space: Space, seed: int) -> None:
        try:
            import optuna
        except ImportError as error:
            raise EngineError(f"Optuna could not be imported: {error}.", action="Install the versions of the lock.") from error
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.space = space
        self._distributions = {name: self._distribution(entry) for name, entry in space.items()}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # multivariate sampling is marked as experimental
            sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, n_startup_trials=STARTUP, constant_liar=True)
            self._study = optuna.create_study(direction="maximize", sampler=sampler)
        self._asked: dict[str, Any] = {}

    @staticmethod
    def _distribution(entry: Range | Choice) -> Any:
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        if isinstance(entry, Choice):
            return CategoricalDistribution(list(range(len(entry.values))))
        if entry.whole:
            return IntDistribution(int(entry.low), int(entry.high), log=entry.log)
        return FloatDistribution(entry.low, entry.high, log=entry.log)

    def ask(self, key: str) -> dict[str, Any]:
        """Return the parameters of a new trial, which `tell` knows by `key`."""
        trial = self._study.ask(self._distributions)
        self._asked[key] = trial
        return {name: self._value(name, value) for name, value in trial.params.items()}

    def _value(self, name: str, value: Any) -> Any:
        entry = self.space[name]
        return entry.values[value] if isinstance(entry, Choice) else value

    def tell(self, key: str, value: float | None) -> None:
        """Give a trial's score, larger is better; None for one that failed."""
        from optuna.trial import TrialState

        trial = self._asked.pop(key, None)
        if trial is not None:
            self._study.tell(trial, value, state=TrialState.COMPLETE if value is not None else TrialState.FAIL)

    def learn(self, params: Mapping[str, Any], value: float) -> None:
        """Take a score into account that was not asked for; parameters outside of the space are passed over."""
        import optuna

        inside = {}
        for name, distribution in self._distributions.items():
            entry, given = self.space[name], params.get(name)
            if isinstance(entry, Choice):
                given = entry.values.index(given) if given in entry.values else None
            elif not isinstance(given, (int, float)):
                return  # a word such as "sqrt" where the space has numbers
            if given is None or not distribution._contains(distribution.to_internal_repr(given)):
                return
            inside[name] = given
        self._study.add_trial(optuna.trial.create_trial(params=inside, distributions=self._distributions, value=value))
