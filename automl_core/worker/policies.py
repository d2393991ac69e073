"""What a policy does when it fires: collect rows, learn, register, set against the champion, decide, and write down why."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_core.cleaning.apply import apply_stateless
from automl_core.errors import AutoMLError, InputError, NotFoundError
from automl_core.events import Event, Message, Progress
from automl_core.experiment import Budget
from automl_core.jobs.context import JobContext
from automl_core.registry.paired import set_against
from automl_core.registry.store import Registered, all_registered, list_registered
from automl_core.retraining.deciding import Facts, due, fate
from automl_core.retraining.policy import Firing, Policy, list_firings, list_policies, save_firing
from automl_core.retraining.rows import Rows, choose_rows, read_new
from automl_core.retraining.tables import new_rows, settle
from automl_core.retraining.watching import Arrivals, arrivals, stamp
from automl_core.runs import Run, write_request
from automl_core.scoring.bundle import load_model
from automl_core.worker.candidates import Emit, ShouldStop, drop_stale, keep_model
from automl_core.worker.versions import mirror, register_candidate
from automl_core.workspace import Workspace, at_work, new_id, read_json, write_json

if TYPE_CHECKING:
    import pandas as pd

    from automl_core.data.dataset import Dataset
    from automl_core.monitoring.alerts import Alert
    from automl_core.monitoring.summary import DriftCheck, Status

EVERY = 60.0
"""Seconds between two looks of the watcher."""


@dataclass(frozen=True)
class Looked:
    """What a look at one registered model gave: its status, the alerts told, and the firings with their policies' reasons."""

    model: str
    status: Status | None
    alerts: tuple[str, ...]
    act: bool
    firings: tuple[Firing, ...]
    waiting: tuple[str, ...]
    fault: str = ""


def look_at(
    registered: Registered,
    *,
    emit: Emit,
    should_stop: ShouldStop,
    drift: DriftCheck | None = None,
    now: float | None = None,
) -> Looked:
    """Look at one registered model and let its policies fire that are due.

    Parameters
    ----------
    registered : Registered
    emit : callable
        Takes each event.
    should_stop : callable
    drift : callable, optional
        See `monitoring.summary`.
    now : float, optional

    Returns
    -------
    Looked
        A policy that fails is a firing with the outcome ``failed`` and the reason; the others fire all the same.
    """
    from automl_core.monitoring.check import check
    from automl_core.monitoring.settings import settings_of

    moment = time.time() if now is None else now
    name = registered.name
    status: Status | None = None
    told: tuple[Alert, ...] = ()
    fault = ""
    policies = list_policies(registered)
    needs = any(policy.enabled and policy.when in ("drift", "performance", "limits") for policy in policies)
    if settings_of(registered).watched or needs:
        try:
            status, told = check(registered, drift=drift, now=now)
        except AutoMLError as error:  # told to whoever watches; policies by time and by data can go on
            fault = str(error)
    firings, waiting = [], []
    for policy in policies:
        if should_stop():
            break
        try:
            with at_work(registered.folder / "policies" / policy.id, f"The policy {policy.name!r}"):
                arrived = _arrived(registered, policy)
                decision = due(policy, _facts(registered, policy, status, [alert.code for alert in told], arrived, moment))
                if not decision.value:
                    waiting.append(f"{policy.name}: {decision.reason}")
                    continue
                firings.append(fire(registered, policy, decision.reason, arrived.ready, emit=emit, should_stop=should_stop))
        except AutoMLError as error:
            waiting.append(f"{policy.name}: {error}")
    act = any(alert.severity == "act" for alert in told)
    return Looked(name, status, tuple(alert.sentence for alert in told), act, tuple(firings), tuple(waiting), fault)


def _facts(
    registered: Registered, policy: Policy, status: Status | None, codes: list[str], arrived: Arrivals, now: float
) -> Facts:
    standing = registered.standing()
    fired = max((one.time for one in list_firings(registered) if one.policy == policy.id), default=0.0)
    return Facts(
        now,
        max(policy.created, fired),
        fired,
        len(arrived.ready),
        len(arrived.writing),
        status.drift.verdict if status and status.drift else "",
        status.drop if status else None,
        tuple(codes),
        standing.aliases.get("champion", 0),
        len(standing.champions) > 1,
        arrived.rows,
    )


def _seen_file(registered: Registered, policy: Policy) -> Path:
    return registered.folder / "policies" / policy.id / "seen.json"


def _arrived(registered: Registered, policy: Policy) -> Arrivals:
    if not policy.source or not policy.learns:
        return Arrivals((), ())
    if policy.database:
        return new_rows(registered, policy)
    path = _seen_file(registered, policy)
    return arrivals(Path(policy.watched).expanduser(), read_json(path)["files"] if path.exists() else {})


def fire(
    registered: Registered,
    policy: Policy,
    why: str,
    files: tuple[Path, ...] = (),
    *,
    emit: Emit,
    should_stop: ShouldStop,
) -> Firing:
    """Let a policy do what it says, and keep the record; a failure is a record, too."""
    started = time.time()
    firing = Firing(new_id("fi"), policy.id, policy.name, started, why, files=tuple(path.name for path in files))
    who = f"policy {policy.name}"
    emit(Message(f"{policy.name}: {why}"))
    stamps = {str(path): stamp(path) for path in files if path.exists()}
    try:
        if policy.then == "rollback":
            entry = registered.roll_back(why, who=who)
            firing = replace(firing, version=entry.version, outcome="rolled back", reason=f"{entry.sentence}.")
        elif policy.then == "fallback":
            entry = registered.promote(policy.fallback, "champion", f"Fallback: {why}", who=who)
            firing = replace(firing, version=entry.version, outcome="fallback", reason=f"{entry.sentence}.")
        else:
            firing = _learn(registered, policy, firing, files, who, emit, should_stop)
    except AutoMLError as error:
        firing = replace(firing, outcome="failed", reason=str(error))
    if policy.database and files:
        settle(registered, policy, learned=firing.outcome != "failed")
    firing = replace(firing, seconds=time.time() - started)
    save_firing(registered, firing)
    if stamps:  # also after a failure: a file that cannot be learned is not tried again until it changes
        path = _seen_file(registered, policy)
        known = read_json(path)["files"] if path.exists() else {}
        write_json(path, {"format": 1, "files": {**known, **stamps}})
    emit(Message(f"{policy.name}: {firing.reason}", "warning" if firing.outcome == "failed" else "info"))
    if firing.outcome != "failed":
        mirror(registered, emit)
    return firing


def _learn(
    registered: Registered,
    policy: Policy,
    firing: Firing,
    files: tuple[Path, ...],
    who: str,
    emit: Emit,
    should_stop: ShouldStop,
) -> Firing:
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
    rows, dataset = _rows(registered, policy, run, old.target, files)
    emit(Message(rows.sentence))
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
        data=rows.sentence,
        run=made.id,
        version=version.number,
        compared=compared.to_dict(),
        outcome=outcome,
        reason=decision.reason,
        collected=collected.id if collected else "",
    )


def _rows(registered: Registered, policy: Policy, run: Run, target: str, files: tuple[Path, ...]) -> tuple[Rows, Dataset]:
    from automl_core.data.dataset import load_dataset

    dataset = run.dataset()
    new = read_new(files, dataset.schema, target)
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
    return choose_rows(policy, base, new, held_out), dataset


def _store(registered: Registered, frame: pd.DataFrame, schema: Any, name: str) -> Dataset:
    from automl_core.data.dataset import dataset_from_frame

    return dataset_from_frame(
        registered.project.dataset(new_id("ds")), frame[schema.names], schema, name, notes=("Collected by a policy.",)
    )


def _new_run(registered: Registered, policy: Policy, run: Run, rows: Rows, schema: Any, name: str) -> Run:
    """Write the request of the run in which the new version is made; its rows are all learned, since others judge."""
    from automl_core.cleaning.propose import propose_recipe
    from automl_core.proposals import check_config, propose

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
    from automl_core.run_parts import candidate_weights
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
    )  # fmt: skip
    for spec in specs:
        if found[spec.id].state != "scored":
            raise InputError(
                f"{spec.name} could not be fitted again: {found[spec.id].reason or 'the time was over'}.",
                "The model is what it was only with all of its parts.",
                "Give the policy a larger budget, or let it search anew.",
            )
    if config.split.kind == "time":
        from automl_core.search.relearn import learn_newest

        learn_newest(prepare(dataset.frame(), dataset.schema, made.recipe, config, made.path).work, specs, emit)
    again = next((row for row in found if row.role == "ensemble"), None) if chosen.members else found[chosen.id]
    if again is None:
        raise InputError("The ensemble could not be put together again.", action="Let the policy search anew.")
    found = replace(found, recommended=again.id, recommendation="The model of the version before, fitted on newer rows.")
    found.save(made.path / "leaderboard.json")
    drop_stale(made)
    keep_model(made, again.id)
    return {"recommended": again.id}


def policy_job(context: JobContext) -> dict[str, Any]:
    """Let one policy fire now, because a person wants it."""
    params = context.request["params"]
    registered = Registered(context.project.registered(params["model"]))
    policy = next((one for one in list_policies(registered) if one.id == params["policy"]), None)
    if policy is None:
        raise NotFoundError("This policy is no longer there.", action="Choose another one.")
    with at_work(registered.folder / "policies" / policy.id, f"The policy {policy.name!r}"):
        firing = fire(
            registered, policy, "A person started it.", _arrived(registered, policy).ready,
            emit=context.emit, should_stop=context.should_stop,
        )  # fmt: skip
    if firing.outcome == "failed":
        raise InputError(firing.reason)
    return {"firing": firing.id, "outcome": firing.outcome}


def watch(
    models: Callable[[], list[Registered]],
    *,
    emit: Emit,
    should_stop: ShouldStop,
    every: float = EVERY,
    tell: Callable[[Looked], None] = lambda looked: None,
) -> int:
    """Look again and again until stopped; returns how many looks there were."""
    looks = 0
    while not should_stop():
        for registered in models():
            if should_stop():
                break
            tell(look_at(registered, emit=emit, should_stop=should_stop))
        looks += 1
        deadline = time.monotonic() + every
        while time.monotonic() < deadline and not should_stop():
            time.sleep(min(0.5, every))
    return looks


def watch_job(context: JobContext) -> dict[str, Any]:
    """Watch the policies of the project until a person stops it."""
    every = float(context.request["params"].get("every", EVERY))

    def tell(looked: Looked) -> None:
        when = time.strftime("%H:%M")
        fired = f", {len(looked.firings)} fired" if looked.firings else ""
        context.emit(Progress(-1.0, f"Watching; {looked.model} looked at {when}{fired}"))

    return {
        "looks": watch(
            lambda: [one for one in list_registered(context.project) if one.numbers],
            emit=_only_messages(context.emit), should_stop=context.should_stop, every=every, tell=tell,
        )
    }  # fmt: skip


def _only_messages(emit: Emit) -> Emit:
    """Keep the watcher's journal small: it runs for months, and every run has a journal of its own."""

    def pass_on(event: Event) -> None:
        if isinstance(event, Message | Progress):
            emit(event)

    return pass_on


def watched_models(workspace: Workspace, name: str = "") -> list[Registered]:
    """Return the registered models that have a version, or the one of a name."""
    return [one for one in all_registered(workspace) if one.numbers and (not name or one.name == name)]
