"""What PyCaret is asked one after the other, and by when: create, tune, blend, finalize."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from automl_core.engines.pycaret_session import SAME, can_use_optuna, tuned_by
from automl_core.events import Message
from automl_core.honesty import recommend
from automl_core.leaderboard import State
from automl_core.search import classic_plan as plan
from automl_core.search.candidates import Spec
from automl_core.search.classic_board import ClassicBoard, Job

Request = tuple[tuple[Any, ...], dict[str, Any], float]
"""Its key, what `classic_work.serve` takes, and the seconds it may take."""
CREATING, TUNING, BLENDING = 0.55, 0.85, 0.8
"""Shares of the time after PyCaret's start until which models are created and tuned, and of the rest that a blend may take."""
LARGEST = 0.5
"""Share of the time left for creating that one model may take while others wait, 3 s at least."""
NO_TIME, MORE_TIME = "There was no time left for it.", "Give the run more time."


@dataclass
class Clock:
    """Until when what is done, as `time.time`; infinite where the budget is counted in models."""

    end: float
    create_end: float
    tune_end: float

    def left(self, end: float | None = None) -> float:
        """Return the seconds until `end`, by default that of the search."""
        return (self.end if end is None else end) - time.time()

    def divide(self) -> None:
        """Divide what is left once PyCaret is ready."""
        now, left = time.time(), self.left()
        self.create_end, self.tune_end = now + CREATING * left, now + TUNING * left

    def share(self, others: bool) -> float:
        """Return the seconds that one model may take; `others` says whether more are waiting."""
        left = self.left(self.create_end)
        return min(max(LARGEST * left if others else left, 3.0), self.left())


class Close(Protocol):
    """Ends a candidate with a reason, and whatever runs for it."""

    def __call__(self, job: Job, state: State, reason: str = "", suggestion: str = "") -> None:  # noqa: D102
        ...


class Course:
    """PyCaret's way through one run.

    Parameters
    ----------
    rows : ClassicBoard
    clock : Clock
    close : Close
    given_more : bool
        Whether tuning goes on with the models that come next, while there is time or a model left.
    """

    def __init__(self, rows: ClassicBoard, clock: Clock, close: Close, *, given_more: bool = False) -> None:
        self.rows, self.clock, self.close, self.given_more = rows, clock, close, given_more
        self.phase = "create"
        self.doing = ""
        self.to_tune: list[tuple[str, str]] = []
        self.tries: dict[str, int] = {}
        self.finals: list[str] = []

    def requests(self, pending: bool) -> Iterator[Request]:
        """Yield what can be asked now, if anything, and move on from phase to phase; only the first one is ever taken.

        Parameters
        ----------
        pending : bool
            Whether fits of our own are under way or wait.
        """
        if self.phase == "create":
            yield from self._creations()
            if pending and self.clock.left(self.clock.create_end) > 0:
                return  # what is tuned is chosen when all scores are there
            self._end_creating()
        if self.phase == "tune":
            yield from self._tunings()
            self.phase = "blend"
        if self.phase == "blend":
            if pending and self.clock.left(self.clock.tune_end) > 0:
                return
            self.phase = "choose"
            yield from self._blend()
        if self.phase == "choose":
            self.phase = "finalize"
            self.finals = self._choose_final()
        if self.phase == "finalize":
            yield from self._finalizations()
            self.phase = "done"

    def _creations(self) -> Iterator[Request]:
        wanted = [job for job in self.rows.jobs.values() if not job.asked and not job.closed]
        # Our own fits are ahead: what they find best is asked for first, so that it can be tuned and blended; what would take
        # longer than one model's share waits for all others.
        share, left = self.clock.share(others=True), self.clock.left(self.clock.create_end)
        place = {row.id: number for number, row in enumerate(self.rows.scored())}
        wanted.sort(key=lambda job: ((self.rows.count + 1) * job.longest > share, place.get(job.spec.id, len(place))))
        for job in wanted:
            share = self.clock.share(others=len(wanted) > 1)
            if left <= 0 or (self.rows.count + 1) * job.longest > left:
                continue
            share = max(share, min(1.5 * (self.rows.count + 1) * job.longest, left))
            number = sum(other.asked for other in self.rows.jobs.values() if other.role == "model") + 1
            total = sum(other.role == "model" for other in self.rows.jobs.values())
            self.doing = f"PyCaret fits {job.spec.name} ({number} of {total})"
            job.asked = True
            yield ("create", job.spec.id), {"call": "create", "specs": [asdict(job.spec)]}, share

    def _end_creating(self) -> None:
        for job in self.rows.jobs.values():
            if not job.asked and not job.closed and not self.rows.whole(job):
                self.close(job, "skipped", NO_TIME, MORE_TIME)
        self.phase = "tune"
        self.to_tune = self._next_best(self.untuned())
        looked_at = tuned_by(self.rows.metric.name, self.rows.config.task)
        if self.to_tune and looked_at != SAME.get(self.rows.metric.name):
            self.rows.emit(Message(f"PyCaret cannot tune for {self.rows.metric.label} here: it looks for the best {looked_at}."))

    def untuned(self) -> list[tuple[str, str]]:
        """Return the scored models that a library has not tuned, each with the library, best first; what failed was tried."""
        best = [row.id for row in self.rows.scored() if "-tuned" not in row.id and self.rows.jobs[row.id].theirs is not None]
        every = [(name, library) for library in ("scikit-learn", *(["optuna"] if can_use_optuna() else [])) for name in best]
        made = {one: plan.tuned_spec(self.rows.jobs[one[0]].spec, one[1]).id for one in every}
        return [one for one in every if not self.rows.is_scored(made[one]) and made[one] not in self.tries]

    def _next_best(self, wanted: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return the best few of each library, and no more than there are models left."""
        libraries = dict.fromkeys(library for _, library in wanted)
        chosen = [one for library in libraries for one in [one for one in wanted if one[1] == library][: plan.BEST]]
        used = sum(job.role == "model" for job in self.rows.jobs.values())
        limit = self.rows.config.budget.trials
        return chosen[: max(limit - used, 0)] if limit else chosen

    def _goes_on(self) -> bool:
        """Choose what is tuned next in a run that was given more, of what there is time for; return whether there is any."""
        if self.given_more:
            left = self.clock.left(self.clock.tune_end)
            jobs = self.rows.jobs
            self.to_tune = self._next_best([one for one in self.untuned() if plan.plan_tries(left, jobs[one[0]].seconds).value])
        return bool(self.to_tune)

    def _tunings(self) -> Iterator[Request]:
        while self.to_tune or self._goes_on():
            name, library = self.to_tune.pop(0)
            base = self.rows.jobs[name]
            job = self.rows.add(Job(plan.tuned_spec(base.spec, library), asked=True))
            job.waiting = []  # until its parameters are known
            left = self.clock.left(self.clock.tune_end)
            tries = plan.plan_tries(left / (len(self.to_tune) + 1), base.seconds)
            if not tries.value:  # rather one that is tuned than three that are not
                tries = plan.plan_tries(left, base.seconds)
            if not tries.value:
                self.close(job, "skipped", tries.reason, MORE_TIME)
                continue
            self.tries[job.spec.id] = tries.value
            self.rows.show(self.rows.row(job, "running"))
            self.doing = f"PyCaret tunes {base.spec.name}, {tries.value} tries"
            yield (
                ("tune", job.spec.id),
                {
                    "call": "tune",
                    "specs": [asdict(base.spec)],
                    "tries": tries.value,
                    "metric": tuned_by(self.rows.metric.name, self.rows.config.task),
                    "library": library,
                },
                left,
            )

    def _blend(self) -> Iterator[Request]:
        took = {name: job.seconds for name, job in self.rows.jobs.items() if job.theirs is not None}
        specs = {name: job.spec for name, job in self.rows.jobs.items()}
        left = BLENDING * self.clock.left()
        chosen = plan.choose_blend(self.rows.scored(), specs, took, left, classify=bool(self.rows.work.n_classes))
        members = {name: 1 / len(chosen.value) for name in chosen.value}
        known = self.rows.jobs.get("blend")
        if known is not None and known.members == members and known.theirs is not None:
            return
        spec = Spec("blend", f"Blend of {len(members)}" if members else "Blend", "ensemble", "", view="")
        job = self.rows.add(Job(spec, "ensemble", members=members, asked=True))
        if not members:
            self.close(job, "skipped", chosen.reason)
            return
        self.rows.show(self.rows.row(job, "running"))
        self.doing = f"PyCaret blends {len(members)} models"
        yield ("blend", "blend"), {"call": "blend", "specs": [asdict(specs[name]) for name in members]}, left

    def blend_by_ourselves(self) -> None:
        """Blend what is scored without PyCaret, which cannot be asked any more: the mean of the members is its blend, too."""
        if self.rows.is_scored("blend"):
            return
        scored, specs = self.rows.scored(), {name: job.spec for name, job in self.rows.jobs.items()}
        took = {row.id: 0.0 for row in scored}
        chosen = plan.choose_blend(scored, specs, took, float("inf"), classify=bool(self.rows.work.n_classes)).value
        if chosen:
            members = {name: 1 / len(chosen) for name in chosen}
            spec = Spec("blend", f"Blend of {len(members)}", "ensemble", "", view="")
            job = self.rows.add(Job(spec, "ensemble", members=members, asked=True, closed=True))
            job.folds = self.rows.mixed(members)
            self.rows.settle(job)

    def _choose_final(self) -> list[str]:
        """Return what `finalize_model` is run for."""
        name, _ = recommend(self.rows.board)
        if name not in self.rows.jobs or self.rows.board[name].role == "baseline" or self.rows.work.division.forward:
            return []
        return [member for member in self.rows.board[name].members or [name] if not self.rows.final(member).exists()]

    def _finalizations(self) -> Iterator[Request]:
        while self.finals:
            name = self.finals.pop(0)
            self.doing = f"PyCaret refits {self.rows.jobs[name].spec.name} on all learned rows"
            yield ("finalize", name), {"call": "finalize", "specs": [asdict(self.rows.jobs[name].spec)]}, self.clock.left()
