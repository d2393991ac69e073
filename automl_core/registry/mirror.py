"""The versions of the workspace brought to an MLflow registry, and the aliases after them; asked again it only adds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from automl_core.errors import AutoMLError
from automl_core.experiment import ExperimentConfig
from automl_core.registry.records import ALIASES, Version
from automl_core.registry.store import Registered
from automl_core.workspace import at_work, read_json, write_json

FILE = "mlflow.json"


@dataclass(frozen=True)
class Mirrored:
    """Where a version stands in MLflow."""

    uri: str
    run: str
    version: str


def mirrored(registered: Registered, number: int) -> Mirrored | None:
    """Return where a version stands in MLflow; None when it was not brought there."""
    path = registered.home(number) / FILE
    if not path.exists():
        return None
    data = read_json(path)
    return Mirrored(data["uri"], data["run"], data["version"])


def synced(registered: Registered) -> bool:
    """Return whether MLflow was told everything that the log says; read from a light file, MLflow is not asked."""
    path = registered.folder / FILE
    return path.exists() and read_json(path).get("entries") == len(registered.log())


def sync(registered: Registered) -> list[int]:
    """Bring to MLflow what it lacks: versions first, then aliases and notes.

    Returns
    -------
    list of int
        The versions that were brought there now.

    Raises
    ------
    EngineError
        When the registry cannot be reached; what was brought there before stays, and a later call goes on.
    FormatError
        When a version's file was deleted or altered; the other versions are brought there first.
    """
    from automl_core.engines import mlflow

    store = mlflow.store_of(registered.workspace.mlflow)
    brought, refused = [], None
    with at_work(registered.workspace.mlflow / registered.id, "Bringing this model to MLflow"):
        entries = registered.log()
        now = registered.standing()
        there: dict[int, str] = {}
        for number in reversed(registered.numbers):
            known = mirrored(registered, number)
            if known is None or known.uri != store.uri:
                try:
                    bundle = registered.model(number)
                except AutoMLError as error:
                    refused = error
                    continue
                known = Mirrored(**asdict(mlflow.push(store, what_of(registered, number, bundle))))
                write_json(registered.home(number) / FILE, asdict(known))
                brought.append(number)
            there[number] = known.version
        if there:
            aliases: dict[str, str] = {alias: there.get(now.aliases.get(alias, 0), "") for alias in ALIASES}
            notes = {there[number]: text_of(registered.version(number), now.notes.get(number, "")) for number in there}
            mlflow.point(store, registered.name, aliases, notes)
        if refused is not None:
            raise refused
        write_json(registered.folder / FILE, {"format": 1, "uri": store.uri, "entries": len(entries)})
    return brought


def what_of(registered: Registered, number: int, bundle: Path) -> Any:
    """Return what MLflow is told of a version."""
    from automl_core.engines.mlflow import Push

    version, home = registered.version(number), registered.home(number)
    config = {name: value for name, value in version.config.items() if not isinstance(value, dict | list)}
    members = {f"weight.{name}": weight for name, weight in version.params.get("weights", {}).items()}
    settings = {
        f"{name}.{key}": value for name, params in version.params.get("models", {}).items() for key, value in params.items()
    }
    scores = {_metric(name): float(value) for name, value in version.metrics.items()}
    scores |= {f"{_metric(version.metric)}_folds": version.score} if version.score is not None else {}
    return Push(
        name=registered.name,
        number=number,
        key=version.sha256,
        bundle=bundle,
        files={name: home / name for name in version.files},
        documents={
            "recipe.json": version.recipe,
            "lineage.json": version.lineage,
            "config.json": ExperimentConfig.from_dict(version.config).to_dict() if version.config else {},
        },
        params={**config, **members, **settings},
        metrics=scores,
        tags={
            "tablewright.number": str(number),
            "tablewright.table": str(version.lineage["dataset"]),
            "tablewright.fingerprint": str(version.lineage["fingerprint"]),
            "tablewright.run": str(version.lineage["run"]),
            "tablewright.project": registered.project.id,
        },
        inputs=version.inputs,
        classes=version.classes,
        requirements=tuple(f"{name}=={found}" for name, found in sorted(version.lineage["versions"].items())),
        description=text_of(version, ""),
        data=(str(version.lineage["dataset"]), str(version.lineage["fingerprint"])),
    )


def text_of(version: Version, note: str) -> str:
    """Return a version's description in MLflow: the note, then where it comes from."""
    lines = [
        f"{version.candidate}, predicting {version.target}. {version.origin}",
        f"Learned from {version.lineage['dataset']}, {version.lineage['rows']:,} rows.",
    ]
    return "\n\n".join([*([note] if note else []), *lines])


def _metric(name: str) -> str:
    """Return a metric's name as MLflow takes it."""
    return "".join(letter if letter.isalnum() or letter in "_-. /" else "_" for letter in name)
