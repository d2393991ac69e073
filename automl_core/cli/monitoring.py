"""The command that looks at models in use and lets their policies act: monitor."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from automl_core.cli.shared import app, existing, rows_of_file, say, teller
from automl_core.errors import InputError

if TYPE_CHECKING:
    from automl_core.worker.policies import Looked


@app.command()
def monitor(
    once: Annotated[bool, typer.Option("--once", help="Look once; exit code 3 when something asks to act.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Look again and again until stopped.")] = False,
    every: Annotated[float, typer.Option(help="With --watch: seconds between two looks.")] = 60.0,
    model: Annotated[str, typer.Option(help="Only this registered model.")] = "",
    policy: Annotated[Path | None, typer.Option(help="With --model: a policy as JSON that is added first.")] = None,
    labels: Annotated[Path | None, typer.Option(help="With --model and --key: true outcomes that are added first.")] = None,
    key: Annotated[str, typer.Option(help="With --labels: the column that holds the log's key.")] = "",
    service: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="With --model: read what a service that was started with --log DIR logs, too."),
    ] = None,
    log: Annotated[bool | None, typer.Option("--log/--no-log", help="With --model: log its predictions from now on.")] = None,
) -> None:
    """Look at models in use: their log, drift, limits; and let the policies act that are due."""
    from dataclasses import replace

    from automl_core.engines.skops import import_skops
    from automl_core.monitoring.log import add_labels, take_service
    from automl_core.monitoring.settings import save_settings, settings_of
    from automl_core.registry.store import find_registered
    from automl_core.retraining.policy import Policy, save_policy
    from automl_core.worker import policies, watching
    from automl_core.workspace import Workspace, read_json

    workspace = Workspace.default()
    if once and watch:
        raise InputError("--once and --watch were both given.", action="Choose one of them.")
    if (policy or labels or service or log is not None) and not model:
        raise InputError("A policy, labels or a log belong to one model.", action="Name it with --model NAME.")
    chosen = find_registered(workspace, model) if model else None
    if chosen and log is not None:
        save_settings(chosen, replace(settings_of(chosen), on=log, key=key or settings_of(chosen).key))
        say("Predictions are logged." if log else "Nothing is logged from now on; what was logged stays.")
    if chosen and service:
        say(take_service(chosen, service).sentence)
    if chosen and policy:
        say(save_policy(chosen, Policy.from_dict(read_json(existing(policy)))).sentence)
    if chosen and labels:
        from automl_core.cleaning.stateless.columns import words_of

        if not key:
            raise InputError("--labels needs --key.", action="Name the column that holds the log's key.")
        frame = rows_of_file(labels).apply(words_of)
        say(add_labels(chosen, frame, key, chosen.version(chosen.numbers[0]).target).sentence)
    if not once and not watch:
        return
    import_skops()
    if once:
        looks = [
            policies.look_at(one, emit=teller(), should_stop=lambda: False) for one in watching.watched_models(workspace, model)
        ]
        for looked in looks:
            _print(looked)
        if any(looked.act for looked in looks):
            sys.exit(3)
        return
    stopped: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: stopped.append(number))
    watching.watch(
        lambda: watching.watched_models(workspace, model),
        emit=teller(),
        should_stop=lambda: bool(stopped),
        every=every,
        tell=_print,
    )


def _print(looked: Looked) -> None:
    """Print what a look gave, as one line of JSON."""
    status = looked.status
    print(
        json.dumps(
            {
                "model": looked.model,
                "version": status.version if status else None,
                "rows": status.total.rows if status else None,
                "performance": status.total.performance if status else None,
                "drift": status.drift.verdict if status and status.drift else None,
                "alerts": list(looked.alerts),
                "fired": [{"policy": one.name, "outcome": one.outcome, "reason": one.reason} for one in looked.firings],
                "waiting": list(looked.waiting),
                **({"fault": looked.fault} if looked.fault else {}),
            },
            ensure_ascii=False,
        ),
        flush=True,
    )
