"""The next version of a registered model, made for a policy: newer rows, a run of its own, a place beside the champion."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_core.cleaning.apply import apply_stateless
from automl_core.errors import InputError, NotFoundError
from automl_core.events import Message, Progress
from automl_core.experiment import Budget
from automl_core.registry.paired import set_against
from automl_core.registry.store import Registered
from automl_core.retraining.deciding import fate
from automl_core.retraining.policy import Firing, Policy, list_firings
from automl_core.retraining.rows import Rows, choose_rows, read_new
from automl_core.runs import Run, write_request
from automl_core.scoring.bundle import load_model
from automl_core.worker.candidates import Emit, ShouldStop, drop_stale, keep_model
from automl_core.worker.versions import register_candidate
from automl_core.workspace import new_id

if TYPE_CHECKING:
    import pandas as pd

    from automl_core.data.dataset import Dataset


def learn(
    registered: Registered,
    policy: Policy,
    firing: Firing,
    files: tuple[Path, ...],
    who: str,
    emit: Emit,
    should_stop: ShouldStop,
) -> Firing:
    """Make the next version on newer rows, set it against the champion, and return the firing with what became of it.

    Raises
    ------
    AutoMLError
        When it cannot be made; the firing is then a failed one.
    """
    champion = registered.at("champion")
    old = registered.version(champion)
    before = load_model(registered.model(champion))
    run = Run(registered.project.run(old.lineage["run"])) if old.lineage["run"].startswith("rn") else None
    if run is None or not (run.path / "request.json").exists():
        raise NotFoundError(
            f"The run that version {champion} was made in is no longer in the project.",
            "Its recipe, settings and table are needed to make the next version.",
            "Start a comparison, and register its model.",
        )
    emit(Progress(0.05, "Collecting rows"))
    rows, dataset, told = _rows(registered, policy, run, old.target, files)
    for sentence in (rows.sentence, *told):
        emit(Message(sentence))
    made = _new_run(registered, policy, run, rows, dataset.schema, f"{dataset.name}, {policy.name}")
    _train(policy, run, old.lineage["candidate"], made, emit, should_stop)
    if should_stop():
        raise InputError("It was stopped before the new version could be judged.", action="Let the policy run again.")
    board = made.leaderboard()
    version = register_candidate(
        made, board.recommended, registered, emit=emit, origin=f"Made by the policy {policy.name}: {firing.why}", who=who
    )
    emit(Progress(0.9, "Setting it against the champion"))
    compared = set_against(before, load_model(registered.model(version.number)), rows.judging)
    decision = fate(policy.then, compared)
    outcome: Any = {"promote": "promoted", "challenger": "challenger", "keep": "kept"}[decision.value]
    if decision.value != "keep":
        alias = "champion" if decision.value == "promote" else "challenger"
        seen = champion if alias == "champion" else None
        registered.promote(version.number, alias, decision.reason, who=who, seen=seen, model_checked=True)
    collected = _store(registered, rows.collected, dataset.schema, f"{dataset.name}, collected") if files else None
    return replace(
        firing,
        data=" ".join((rows.sentence, *told)),
        run=made.id,
        version=version.number,
        compared=compared.to_dict(),
        outcome=outcome,
        reason=decision.reason,
        collected=collected.id if collected else "",
    )


def _rows(
    registered: Registered, policy: Policy, run: Run, target: str, files: tuple[Path, ...]
) -> tuple[Rows, Dataset, tuple[str, ...]]:
    from automl_core.data.dataset import load_dataset

    dataset = run.dataset()
    new, told = read_new(files, dataset.schema, target, policy.part)
    held_out: pd.DataFrame | None = None
    if len(new):
        earlier = next((one.collected for one in list_firings(registered) if one.collected), "")
        folder = registered.project.dataset(earlier) if earlier else None
        if folder is not None and folder.is_dir():
            base = load_dataset(folder).frame()
        else:
            base = dataset.frame()
    else:
        base = dataset.frame()
        held_out = run.holdout() if run.config.holdout else None
    return choose_rows(policy, base, new, held_out), dataset, told


def _store(registered: Registered, frame: pd.DataFrame, schema: Any, name: str) -> Dataset:
    from automl_core.data.dataset import dataset_from_frame

    return dataset_from_frame(
        registered.project.dataset(new_id("ds")), frame[schema.names], schema, name, notes=("Collected by a policy.",)
    )


def _new_run(registered: Registered, policy: Policy, run: Run, rows: Rows, schema: Any, name: str) -> Run:
    """Write the request of the run in which the new version is made; its rows are all learned, since others judge."""
    from automl_core.cleaning.propose import propose_recipe
    from automl_core.config_checks import check_config
    from automl_core.proposals import propose

    dataset = _store(registered, rows.learned, schema, name)
    recipe, config = run.recipe, run.config
    frame = rows.learned[schema.names]
    if policy.how == "anew":
        recipe = propose_recipe(frame, schema, config.target)
        cleaned = apply_stateless(frame, schema, recipe, training=True)
        proposed = propose(cleaned.frame, cleaned.schema, config.target, uploaded=(frame, schema)).config
        config = replace(
            proposed, task=config.task, metric=config.metric, positive=config.positive, costs=config.costs, kpi=config.kpi,
            preset=config.preset, seed=config.seed, ignored=config.ignored,
        )  # fmt: skip
    config = replace(config, holdout=0.0, budget=Budget(policy.budget))
    cleaned = apply_stateless(frame, schema, recipe, training=True)
    check_config(cleaned.frame, cleaned.schema, config, uploaded=(frame, schema))
    folder = registered.project.run(new_id("rn"))
    write_request(
        folder,
        "train",
        {
            "dataset": dataset.id,
            "fingerprint": dataset.fingerprint,
            "config": config.to_dict(),
            "recipe": recipe.to_dict(),
            "policy": {"model": registered.id, "policy": policy.id, "name": policy.name},
        },
    )
    return Run(folder)


def _train(policy: Policy, old: Run, candidate_id: str, made: Run, emit: Emit, should_stop: ShouldStop) -> None:
    """Search in the new run, or fit there what the old one's version is made of; its journal says what happened."""
    from automl_core.worker.training import in_journal, train

    def work(both: Emit) -> dict[str, Any]:
        if policy.how == "refit":
            return _refit(old, candidate_id, made, both, should_stop)
        return train(made, emit=both, should_stop=should_stop, started=time.time())

    in_journal(made, work, emit=emit, should_stop=should_stop)


def _refit(old: Run, candidate_id: str, made: Run, emit: Emit, should_stop: ShouldStop) -> dict[str, Any]:
    """Fit a model of a run once more, with its parameters and weights, on another run's rows."""
    from automl_core.relearning import spec_of
    from automl_core.run_parts import candidate_weights, is_refitted
    from automl_core.search.candidates import Spec
    from automl_core.search.prepare import prepare
    from automl_core.search.run import run_search

    chosen = old.leaderboard()[candidate_id]
    members = candidate_weights(chosen)
    specs = tuple(Spec(**spec_of(old, name)) for name in members)
    dataset, config = made.dataset(), made.config
    found = run_search(
        dataset.frame(), dataset.schema, made.recipe, config, made.path,
        emit=emit, should_stop=should_stop, started=time.time(), specs=specs, weights=chosen.members or None,
        plain=chosen.is_mean,
    )  # fmt: skip
    for spec in specs:
        if found[spec.id].state != "scored":
            raise InputError(
                f"{spec.name} could not be fitted again: {found[spec.id].reason or 'the time was over'}.",
                "The model is what it was only with all of its parts.",
                "Give the policy a larger budget, or let it search anew.",
            )
    once = is_refitted(old.path, chosen)
    if config.split.kind == "time" or once:
        from automl_core.search.relearn import learn_newest, learn_once

        work = prepare(dataset.frame(), dataset.schema, made.recipe, config, made.path).work
        (learn_once if once else learn_newest)(work, specs, emit)
    again = next((row for row in found if row.role == "ensemble"), None) if chosen.members else found[chosen.id]
    if again is None:
        raise InputError("The ensemble could not be put together again.", action="Let the policy search anew.")
    found = replace(found, recommended=again.id, recommendation="The model of the version before, fitted on newer rows.")
    found.save(made.path / "leaderboard.json")
    drop_stale(made)
    keep_model(made, again.id)
    return {"recommended": again.id}
