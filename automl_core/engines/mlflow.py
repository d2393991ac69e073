"""MLflow's door: versions written into its registry, so that its own tools show, load and serve them.

It is the only module that imports MLflow, and does so when a function is called: the import takes seconds and so does the
first look at a new store. Nothing is read back from MLflow that the product relies on; what stands in the workspace is true.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_core.errors import EngineError

if TYPE_CHECKING:
    from mlflow import MlflowClient

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",  # nothing leaves the machine
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "GIT_PYTHON_REFRESH": "quiet",
    # A server that is not there is told of within seconds; by default MLflow asks for minutes.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",
}
LONGEST_VALUE = 5000
"""Characters of a parameter or tag that MLflow's database takes (6,000 and 8,000)."""
OURS = "tablewright.version"
LOADER = "tablewright_model"


@dataclass(frozen=True)
class Store:
    """Which registry: `uri` of a tracking server or database, and where files go when it has no place of its own."""

    uri: str
    files: Path

    @property
    def local(self) -> bool:
        """Whether it is the workspace's own database."""
        return self.uri.startswith("sqlite:")


@dataclass(frozen=True)
class Push:
    """What is written of one version.

    Parameters
    ----------
    name : str
    number : int
        Of ours; MLflow counts on its own, and both usually agree.
    key : str
        What tells this version from any other, its hash; it is never written twice.
    bundle : Path
    files : dict of str to Path
        Stored with the run.
    documents : dict of str to dict
        Stored with the run as JSON.
    params : dict of str to object
    metrics : dict of str to float
    tags : dict of str to str
    inputs : tuple of tuple
        Name and kind of the columns that the model needs.
    classes : tuple of str
    requirements : tuple of str
    description : str
    data : tuple of str
        Name and fingerprint of the table it learned from.
    """

    name: str
    number: int
    key: str
    bundle: Path
    files: dict[str, Path]
    documents: dict[str, dict[str, Any]]
    params: dict[str, Any]
    metrics: dict[str, float]
    tags: dict[str, str]
    inputs: tuple[tuple[str, str], ...]
    classes: tuple[str, ...]
    requirements: tuple[str, ...]
    description: str
    data: tuple[str, str]


@dataclass(frozen=True)
class Pushed:
    """Where a version stands in MLflow: the registry, the run, and MLflow's number."""

    uri: str
    run: str
    version: str


def store_of(folder: Path) -> Store:
    """Return the registry that ``MLFLOW_TRACKING_URI`` names, or the SQLite database in a folder of the workspace."""
    return Store(os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{folder / 'mlflow.db'}", folder / "files")


def push(store: Store, what: Push) -> Pushed:
    """Write a version with its run, parameters, scores, files and signature; one that is there already stays as it is.

    The model is stored as MLflow's ``python_function`` around the bundle, so that ``mlflow models serve`` answers with what
    the bundle predicts. Every input column may be a number or text: the bundle reads cells as the training table was read,
    and MLflow's own types would refuse a whole number where most were decimal. Their kinds stand in the model's metadata.

    Raises
    ------
    EngineError
        When the registry cannot be reached or does not do what was asked.
    """
    with _asked(store) as client:
        there = _find(client, what.name, what.key)
        if there is not None:
            return Pushed(store.uri, str(there.run_id), str(there.version))
        import mlflow
        import mlflow.pyfunc

        experiment = _experiment(client, store, what.name)
        mlflow.set_tracking_uri(store.uri)
        with mlflow.start_run(experiment_id=experiment, run_name=f"{what.name} {what.number}", tags=what.tags) as run:
            mlflow.log_params({name: _cut(value) for name, value in what.params.items()})
            mlflow.log_metrics(what.metrics)
            _log_data(mlflow, what.data)
            for name, document in what.documents.items():
                mlflow.log_dict(document, name)
            for path in what.files.values():
                mlflow.log_artifact(str(path))
            with tempfile.TemporaryDirectory() as folder:
                loader = Path(folder) / f"{LOADER}.py"
                shutil.copyfile(Path(__file__).parents[1] / "scoring" / "served.py", loader)
                bundle = Path(folder) / "model.zip"
                shutil.copyfile(what.bundle, bundle)
                logged = mlflow.pyfunc.log_model(
                    name="model",
                    loader_module=LOADER,
                    data_path=str(bundle),
                    code_paths=[str(loader)],
                    signature=_signature(what),
                    pip_requirements=[f"mlflow=={mlflow.__version__}", *what.requirements],
                    metadata={"columns": dict(what.inputs), "classes": list(what.classes), "sha256": what.key},
                )
        _registered(client, what.name)
        made = client.create_model_version(
            what.name, logged.model_uri, run.info.run_id, tags={**what.tags, OURS: what.key}, description=what.description
        )
        return Pushed(store.uri, str(run.info.run_id), str(made.version))


def point(store: Store, name: str, aliases: dict[str, str], notes: dict[str, str]) -> None:
    """Bring aliases and descriptions of versions up to what they shall be.

    Parameters
    ----------
    store : Store
    name : str
    aliases : dict of str to str
        MLflow's version of each alias; empty for none.
    notes : dict of str to str
        Description of each of MLflow's versions.

    Raises
    ------
    EngineError
    """
    with _asked(store) as client:
        now = {alias: str(version) for alias, version in client.get_registered_model(name).aliases.items()}
        for alias, version in aliases.items():
            if version and now.get(alias) != version:
                client.set_registered_model_alias(name, alias, version)
            elif not version and alias in now:
                client.delete_registered_model_alias(name, alias)
        for version, text in notes.items():
            if (client.get_model_version(name, version).description or "") != text:
                client.update_model_version(name, version, text)


@contextlib.contextmanager
def _asked(store: Store) -> Iterator[MlflowClient]:
    """Give a client of the registry; whatever goes wrong with it becomes one sentence."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's advice to those who write models by hand
        try:
            import mlflow
            from mlflow.exceptions import MlflowException
        except ImportError as error:
            raise EngineError(
                f"MLflow is not installed ({error}).", action="Install it with: pip install -r requirements.txt"
            ) from error
        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.WARNING)  # it tells of tables it makes, which nobody asked for
        if store.local:
            Path(store.uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        try:
            yield mlflow.MlflowClient(tracking_uri=store.uri, registry_uri=store.uri)
        except (MlflowException, OSError) as error:
            said = str(error).strip().splitlines()[0][:300].rstrip(".")
            raise EngineError(
                f"The MLflow registry at {_without_password(store.uri)} could not be used: {said}.",
                "The version is kept in the workspace, and nothing is lost.",
                "Check the address in MLFLOW_TRACKING_URI or the disk, then bring it to MLflow again.",
            ) from error


def _find(client: MlflowClient, name: str, key: str) -> Any:
    quoted = name.replace("'", "\\'")
    for version in client.search_model_versions(f"name='{quoted}'"):
        if version.tags.get(OURS) == key:
            return version
    return None


def _experiment(client: MlflowClient, store: Store, name: str) -> str:
    known = client.get_experiment_by_name(name)
    if known is not None:
        return str(known.experiment_id)
    return str(client.create_experiment(name, artifact_location=store.files.as_uri() if store.local else None))


def _registered(client: MlflowClient, name: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _log_data(mlflow: Any, data: tuple[str, str]) -> None:
    from mlflow.data.http_dataset_source import HTTPDatasetSource
    from mlflow.data.meta_dataset import MetaDataset

    # A name and a fingerprint, never the rows; MLflow keeps no data set without a source of some class.
    described: Any = MetaDataset  # MLflow's own types call it abstract
    source: Any = HTTPDatasetSource
    mlflow.log_input(described(source("about:blank"), name=data[0][:500], digest=data[1][:36]), "training")


def _signature(what: Push) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema
    from mlflow.types.schema import AnyType

    outputs: list[Any] = [ColSpec("string" if what.classes else "double", "prediction")]
    outputs += [ColSpec("double", f"probability_{label}") for label in what.classes]
    untyped: Any = AnyType
    inputs: list[Any] = [ColSpec(untyped(), name, required=True) for name, _ in what.inputs]
    return ModelSignature(inputs=Schema(inputs), outputs=Schema(outputs))


def _cut(value: Any) -> str:
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _without_password(uri: str) -> str:
    scheme, sign, rest = uri.partition("://")
    return f"{scheme}{sign}{rest.rpartition('@')[2]}" if "@" in rest else uri
