"""Commands about the service: serve, keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from automl_core.cli.shared import app, say


@app.command()
def serve(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A train folder, an exported model, packed or unpacked, or NAME@champion.")
    ],
    port: Annotated[int, typer.Option(help="Where it answers.")] = 8080,
    host: Annotated[str, typer.Option(help="Address to listen on; other than this machine's own needs keys.")] = "127.0.0.1",
    workers: Annotated[int, typer.Option(help="Processes, for more cores.")] = 1,
    keys: Annotated[Path | None, typer.Option(help="File with the keys of callers; by default that of the workspace.")] = None,
    log: Annotated[
        Path | None,
        typer.Option(help="Folder for a log of predictions and later labels. NAME@champion is logged as Monitor's settings say."),
    ] = None,
    days: Annotated[int, typer.Option(help="With --log: how long it is kept.")] = 90,
    leave_out: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="With --log: a column that is never logged; may be repeated.")
    ] = None,
    key: Annotated[str, typer.Option(metavar="COLUMN", help="With --log: the column by which labels come later.")] = "",
    anyone: Annotated[bool, typer.Option("--anyone", help="Let others call without a key.")] = False,
) -> None:
    """Answer requests over HTTP with a model; a newer version of it is taken up without a pause."""
    from automl_core.engines.skops import import_skops
    from automl_core.serving import whole
    from automl_core.serving.run import Service, run
    from automl_core.workspace import Workspace

    import_skops()
    ring = keys or Workspace.default().root / "service-keys.json"
    service = Service(model, host, port, workers, str(ring), str(log) if log else "", anyone, days, tuple(leave_out or ()), key)
    run(service, tell=say, make=whole.make, factory=f"{whole.__name__}:from_environment")


@app.command()
def keys(
    add: Annotated[str, typer.Option(help="Make a key for somebody; it is shown this once.")] = "",
    revoke: Annotated[str, typer.Option(help="Id of a key that no longer counts.")] = "",
    per_minute: Annotated[
        int, typer.Option(help="Most requests a minute with the new key, in each process; 0 for no limit.")
    ] = 0,
    file: Annotated[Path | None, typer.Option(help="File with the keys; by default that of the workspace.")] = None,
) -> None:
    """List, make and revoke the keys that callers of the service show."""
    from automl_core.serving.keys import KeyRing
    from automl_core.workspace import Workspace

    ring = KeyRing(file or Workspace.default().root / "service-keys.json")
    if add:
        key, secret = ring.make(add, per_minute)
        say(f"Key {key.id} for {add}. It is stored as a hash only, so keep it now:")
        print(secret)
    elif revoke:
        say(f"The key {revoke} for {ring.revoke(revoke).name} no longer counts.")
    else:
        for key in ring.all():
            limit = f"{key.per_minute:,} a minute" if key.per_minute else "no limit"
            print(f"{key.id}\t{key.created}\t{limit}\t{key.name}")
