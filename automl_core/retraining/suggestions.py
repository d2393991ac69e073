"""What a project did by hand more than once, each turned into a policy that would do it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

from automl_core.data.dataset import load_dataset
from automl_core.errors import AutoMLError
from automl_core.events import Finished, Started, Stopped, read_events
from automl_core.registry.store import Registered
from automl_core.retraining.policy import Policy, list_policies
from automl_core.runs import Run
from automl_core.workspace import ProjectFolder, read_json

Code = Literal["uploads", "runs", "checks"]
OFTEN = 2
"""How many times something is done by hand before a policy is suggested."""


@dataclass(frozen=True)
class Suggestion:
    """Something that was repeated.

    Parameters
    ----------
    code : Code
    count : int
    seconds : float
        How long it took in all, as far as it is known.
    sentence : str
    policy : Policy
        What would do it; without an id. A watched folder is still to be named where `needs_folder`.
    needs_folder : bool
    """

    code: Code
    count: int
    seconds: float
    sentence: str
    policy: Policy
    needs_folder: bool = False


def suggest(project: ProjectFolder, registered: Registered) -> tuple[Suggestion, ...]:
    """Return what was repeated in a project and no policy of the model does yet.

    Uploads count when their tables have the same columns, runs when they predict the same target with the same recipe, checks
    when a file was predicted or a model looked at in use.
    """
    there = {policy.when for policy in list_policies(registered) if policy.enabled}
    spent = _run_seconds(project)
    found = []
    shapes: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for dataset_id in project.list("datasets"):
        try:
            dataset = load_dataset(project.dataset(dataset_id))
        except AutoMLError:
            continue  # a damaged table is no habit
        if dataset.source is not None:
            shapes[tuple(sorted(dataset.schema.names))].append(dataset.name)
    most = max(shapes.values(), key=len, default=[])
    if len(most) >= OFTEN and "data" not in there:
        found.append(
            Suggestion(
                "uploads",
                len(most),
                spent,
                f"{len(most)} tables with the same columns were uploaded by hand. A watched folder can take the next ones in.",
                Policy("New rows", "data", how="refit", then="challenger", origin="A suggestion that was taken."),
                needs_folder=True,
            )
        )
    same: dict[tuple[str, str], int] = defaultdict(int)
    for run_id in project.list("runs"):
        try:
            run = Run(project.run(run_id))
            if not run.params.get("policy"):
                same[(run.config.target, _steps(run))] += 1
        except (AutoMLError, KeyError, TypeError):
            continue
    often = max(same.values(), default=0)
    if often >= OFTEN and "time" not in there:
        found.append(
            Suggestion(
                "runs",
                often,
                spent,
                f"{often} comparisons were started by hand for the same target with the same recipe. It can be done every week.",
                Policy("Every week", "time", how="search", then="challenger", origin="A suggestion that was taken."),
            )
        )
    checks = sum(_kind(project, job_id) in ("predict", "monitor", "drift") for job_id in project.list("jobs")[:500])
    if checks >= OFTEN and not there & {"drift", "performance", "limits"}:
        found.append(
            Suggestion(
                "checks",
                checks,
                0.0,
                f"{checks} files were predicted or looked at by hand. A policy can look, and act when drift says so.",
                Policy("When drift says act", "drift", how="search", then="challenger", origin="A suggestion that was taken."),
            )
        )
    return tuple(found)


def _steps(run: Run) -> str:
    """Return what a recipe does, without the ids of its steps."""
    return repr([(step.op, step.params, step.enabled) for step in run.recipe])


def _kind(project: ProjectFolder, job_id: str) -> str:
    try:
        return str(read_json(project.job(job_id) / "request.json").get("kind", ""))
    except AutoMLError:
        return ""


def _run_seconds(project: ProjectFolder) -> float:
    """Return how long the project's runs took, from their journals."""
    total = 0.0
    for run_id in project.list("runs"):
        events, _ = read_events(project.run(run_id) / "events.jsonl")
        begins = [event.time for event in events if isinstance(event, Started)]
        ends = [event.time for event in events if isinstance(event, Finished | Stopped)]
        if begins and ends:
            total += max(ends[-1] - begins[0], 0.0)
    return total
