"""From a finished candidate of a run to one zip file that predicts anywhere."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core import __version__
from automl_core.bundle_files import runtime_modules, to_bytes, write_bundle
from automl_core.bundle_texts import notice, readme, requirements, used_packages
from automl_core.cleaning.apply import apply_stateless
from automl_core.cleaning.lineage import origins
from automl_core.cleaning.recipe import Recipe
from automl_core.cleaning.rules import load_rules, rules_to
from automl_core.cleaning.store import with_trees
from automl_core.cleaning.variants import recipe_for
from automl_core.deploying import deployment_files
from automl_core.errors import FormatError, NotFoundError
from automl_core.experiment import Decision, ExperimentConfig
from automl_core.frozen import SAMPLE_ROWS, Judged, freeze
from automl_core.leaderboard import Candidate
from automl_core.metrics import OWN, metric_of
from automl_core.reference import (
    cells,
    column_statistics,
    made_up_rows,
    personal_columns,
    prediction_statistics,
    sample_rows,
)
from automl_core.relearning import origin_of
from automl_core.run_parts import candidate_weights, load_task, out_of_fold, parts_of, train_rows
from automl_core.runs import Run
from automl_core.schema import Schema
from automl_core.scorer import Scorer, needed_columns
from automl_core.scoring.archive import FORMAT
from automl_core.scoring.bundle import Model, from_manifest, load_model
from automl_core.scoring.conformal import fit_conformal
from automl_core.scoring.ensemble import SECOND, FoldEnsemble, Part
from automl_core.scoring.trusted import load_trusted
from automl_core.target import label_text
from automl_core.threshold import HALF, Best, best_thresholds, choose_threshold
from automl_core.workspace import read_json

Array = npt.NDArray[np.float64]
WIDE = 4000
"""Columns beyond which the manifest is on one line, which takes a tenth of the time."""
LARGE = 64 * 1024**2
"""Bytes of fitted parts from which on they are not made smaller."""


def build_model(run_folder: Path, candidate_id: str, out: Path, *, sample_rows: bool = True) -> Path:
    """Export one candidate of a run.

    Parameters
    ----------
    run_folder : Path
    candidate_id : str
        A scored row of the leaderboard, an ensemble among them.
    out : Path
        The zip file to write; it is there whole or not at all.
    sample_rows : bool
        Whether up to 20 training rows travel with the model to test it (columns with personal data emptied). Without
        them it is tested with made-up rows.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    NotFoundError, StorageError
        As `pack_model`.
    """
    pack_model(run_folder, candidate_id, out, sample_rows=sample_rows)
    return out


@dataclass(frozen=True)
class Packed:
    """An exported model, as `load_model` would read it from its file, and what it predicted while it was exported.

    Parameters
    ----------
    model : Model
    held : ndarray of int, shape (n,)
        Places among the rows that the run kept aside; none of a model that was read from its file.
    values : ndarray, shape (n, n_classes) or (n,)
        Of these rows.
    """

    model: Model
    held: npt.NDArray[np.int64]
    values: Array


def read_packed(path: Path) -> Packed:
    """Read an exported model; raises FormatError and NotFoundError as `load_model`."""
    return Packed(load_model(path), np.empty(0, dtype=np.int64), np.empty(0))


def pack_model(run_folder: Path, candidate_id: str, out: Path, *, sample_rows: bool = True, threads: int = 1) -> Packed:
    """Export one candidate of a run as `build_model` does, and return what was made on the way.

    `threads` read its files at the same time, and predict with it afterwards.

    Raises
    ------
    NotFoundError
        When the run, the candidate or one of its files does not exist, or the candidate was not scored.
    StorageError
        When the disk is full.
    """
    run = Run(run_folder)
    candidate = _scored(run, candidate_id)
    found = parts_of(run_folder, candidate)
    # The files of the folds are taken as they are: what was scored is what is exported.
    fitted = {name: path.read_bytes() for _, files in found for name, path in files.items()}
    if candidate.stack:
        fitted[SECOND] = (run_folder / "candidates" / candidate.id / SECOND).read_bytes()
    described: Future[dict[str, bytes]] = Future()

    def files() -> Iterator[tuple[str, bytes]]:
        yield from ((f"models/{name}", data) for name, data in fitted.items())
        yield from described.result().items()

    # The fold models are packed while they are loaded and predict.
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(write_bundle, out, files(), large=sum(map(len, fitted.values())) > LARGE)
        try:
            made, others = _described(run, candidate, [part for part, _ in found], fitted, out.name, sample_rows, threads)
            described.set_result(others)
        except BaseException as error:
            described.set_exception(error)
            raise
        written.result()
    return made


def _described(
    run: Run, candidate: Candidate, parts: list[Part], fitted: dict[str, bytes], name: str, real: bool, threads: int
) -> tuple[Packed, dict[str, bytes]]:
    """Return a candidate's model with what it predicted, and every file of its export but those of `fitted`."""
    config, classes = load_task(run.path)
    dataset = run.dataset()
    stack = {"candidates": candidate.stack["candidates"]} if candidate.stack else None
    ensemble = FoldEnsemble.load(
        parts,
        lambda file: load_trusted(fitted[file], file),
        len(classes),
        candidate.temperature,
        candidate.line,
        {**stack, "file": SECOND} if stack else None,
        candidate.calibration,
        threads,
    )
    rows = train_rows(run.path)
    # Split by time: the exported fold learned the rows before its own, or all of them where it was fitted after the others.
    first = parts[0].files()[0].partition("/")[0]
    after = rows.forward and first.isdigit() and int(first) > rows.layers.max()
    learned = rows.learned[rows.last] if rows.forward and not after else rows.learned
    uploaded = dataset.frame()
    frame = uploaded.iloc[learned]
    inputs = dataset.schema.without([config.target])
    personal = personal_columns(frame, inputs)
    facts = column_statistics(frame, inputs, personal)
    predictions, judged = out_of_fold(run.path, candidate)
    truth = _truth(run, config, classes, dataset.schema, uploaded.iloc[judged])
    known = np.flatnonzero(np.isfinite(truth))
    threshold: Decision[float] = Decision(HALF, "")
    best: tuple[Best, ...] = ()
    if len(classes) == 2:
        columns = uploaded[[name for name in needed_columns(config) if name in dataset.schema]].iloc[judged[known]]
        scorer = Scorer(config, truth[known], columns.reset_index(drop=True), classes)
        threshold = _chosen(run, candidate.id) or choose_threshold(scorer, np.arange(len(known)), predictions[known])
        best = best_thresholds(scorer, predictions[known])
    reference = {
        "format": 1,
        "rows": len(frame),
        "columns": facts,
        "personal": personal,
        "prediction": prediction_statistics(predictions, classes),
        "target": _target_statistics(frame, dataset.schema, config.target, classes, run),
    }
    estimators = [member.estimator for fold in ensemble.folds for member in fold.members]
    packages = used_packages([*estimators, *([ensemble.second.estimator] if ensemble.second else [])])
    manifest = {
        "format": FORMAT,
        "product": f"tablewright {__version__}",
        "candidate": candidate.id,
        "name": candidate.name,
        "task": config.task,
        "target": config.target,
        "classes": list(classes),
        "positive": config.positive,
        "metric": config.metric,
        **({"metric_label": metric_of(config).label} if config.metric in OWN else {}),
        "temperature": candidate.temperature,
        "line": list(candidate.line),
        **({"stack": stack} if stack else {}),
        **({"calibration": candidate.calibration} if candidate.calibration else {}),
        "threshold": threshold.value,
        "threshold_reason": threshold.reason,
        **({"best_thresholds": [asdict(entry) for entry in best]} if best else {}),
        "conformal": fit_conformal(truth[known], predictions[known], classes).to_dict(),
        "score": candidate.score,
        "spread": candidate.spread,
        "schema": dataset.schema.to_dict(),
        "recipe": with_trees(_recipe(run, candidate, uploaded.iloc[:1], dataset.schema)).to_dict(),
        "rules": rules_to(load_rules(dataset.folder)),
        "folds": [part.to_dict() for part in parts],
        "used": list(used_columns(ensemble, inputs, run.recipe)),
        "versions": packages,
        "lineage": {
            "dataset": dataset.name,
            "fingerprint": dataset.fingerprint,
            "rows": len(frame),
            "run": run.id,
            "seed": config.seed,
            "config": config.to_dict(),
            "members": candidate_weights(candidate),
            **({"judged": origin.lineage()} if (origin := origin_of(run)) else {}),
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        },
    }
    model = from_manifest(manifest, reference, ensemble)
    seen, held = _judged(run, model, predictions, judged, uploaded)
    del uploaded
    drift = freeze(frame, dataset.schema, config.target, personal, seen, real=real, seed=config.seed)
    reference["drift"] = drift
    samples = _samples(model, frame, facts, personal, real=real, seed=config.seed)
    manifest["real_rows"] = samples["real"] + (len(drift["sample"]["rows"]) if drift["sample"] else 0)
    manifest["keeps_training_rows"] = _keepers(ensemble)
    others = {
        "reference.json": to_bytes(reference, indent=None),
        "samples.json": to_bytes(samples),
        "requirements.txt": requirements(packages).encode(),
        "README.md": readme(manifest, personal, name).encode(),
        "NOTICE.txt": notice().encode(),
        **deployment_files(manifest, sum(map(len, fitted.values()))),
        **{f"automl_core/{name}": data for name, data in runtime_modules()},
    }
    models = {f"models/{file}": data for file, data in fitted.items()}
    manifest["files"] = {file: hashlib.sha256(data).hexdigest() for file, data in {**models, **others}.items()}
    return Packed(model, held, seen.predicted[: len(held)]), {
        "manifest.json": to_bytes(manifest, indent=1 if len(inputs) <= WIDE else None),
        **others,
    }


def _recipe(run: Run, candidate: Candidate, head: pd.DataFrame, schema: Schema) -> Recipe:
    """Return the run's recipe, with the cleaning choices that tuning made for this model."""
    cleaned = apply_stateless(head, schema, run.recipe, training=False)
    return recipe_for(run.recipe, candidate.view, cleaned.schema.without({run.config.target, *run.config.ignored}))


def _chosen(run: Run, candidate_id: str) -> Decision[float] | None:
    """Return the threshold that a person chose for this model, if there is one."""
    path = run.threshold(candidate_id)
    if not path.exists():
        return None
    stored = read_json(path)
    return Decision(float(stored["threshold"]), str(stored["reason"]))


def _truth(run: Run, config: ExperimentConfig, classes: tuple[str, ...], schema: Schema, rows: pd.DataFrame) -> Array:
    """Return class codes or values of uploaded rows as the run learned them, NaN where there is none, shape (n,)."""
    target = apply_stateless(rows, schema, run.recipe, training=False).frame[config.target]
    if not classes:
        return target.to_numpy(dtype=np.float64)
    codes = label_text(target).map({label: code for code, label in enumerate(classes)})
    return codes.to_numpy(dtype=np.float64)


ENOUGH = 100
"""Held-out rows from which on they stand for what the model says of rows it never saw."""


def _judged(
    run: Run, model: Model, predictions: Array, rows: npt.NDArray[np.int64], frame: pd.DataFrame
) -> tuple[Judged, npt.NDArray[np.int64]]:
    """Return rows that judge the model: held-out ones, as many as are kept of them, or else the out-of-fold predictions.

    `frame` is the uploaded table. The second is which of the held-out rows they are.
    """
    held = run.holdout(frame) if run.config.holdout else frame.iloc[:0]
    if len(held) < ENOUGH:
        seen = frame.iloc[rows]
        return Judged(seen, predictions, _codes(seen, run, model), "out-of-fold"), np.empty(0, dtype=np.int64)
    chosen = np.sort(np.random.default_rng(run.config.seed).permutation(len(held))[:SAMPLE_ROWS])
    seen = held.iloc[chosen]
    return Judged(seen, model.values_of(seen[model.inputs.names]), _codes(seen, run, model), "held-out"), chosen


def _codes(frame: pd.DataFrame, run: Run, model: Model) -> Array:
    """Return the true outcomes of typed rows as class codes or values, NaN where there is none."""
    target = apply_stateless(frame, model.schema, run.recipe, training=False).frame[model.target]
    if not model.classes:
        return target.to_numpy(dtype=np.float64, na_value=np.nan)
    codes = {label: code for code, label in enumerate(model.classes)}
    return label_text(target).map(codes).to_numpy(dtype=np.float64)


def _scored(run: Run, candidate_id: str) -> Candidate:
    try:
        candidate = run.leaderboard()[candidate_id]
    except FormatError as error:
        raise NotFoundError("The leaderboard of this run is damaged.", str(error), "Resume the run to write it again.") from error
    if candidate.state != "scored":
        raise NotFoundError(
            f"The model {candidate.name!r} was not scored ({candidate.state}).", candidate.reason, "Choose a scored model."
        )
    return candidate


def used_columns(ensemble: FoldEnsemble, inputs: Schema, recipe: Any) -> tuple[str, ...]:
    """Return the uploaded columns that reach a model, in the order of the upload."""
    reached = {
        name
        for fold in ensemble.folds
        for preprocessor in fold.preprocessors.values()
        for _, transformer, names in preprocessor.transformers_
        if not (isinstance(transformer, str) and transformer == "drop")
        for name in ([names] if isinstance(names, str) else [str(name) for name in names])
    }
    made_of = origins(recipe, inputs)
    needed = frozenset().union(*(made_of.get(name, frozenset()) for name in reached))
    return tuple(name for name in inputs.names if name in needed)


def _target_statistics(frame: pd.DataFrame, schema: Schema, target: str, classes: tuple[str, ...], run: Run) -> dict[str, Any]:
    from automl_core.data.parsing import as_text

    cleaned = apply_stateless(frame, schema, run.recipe, training=False)
    values = cleaned.frame[target].dropna()
    if classes:
        counts = (as_text(values) if values.dtype != object else values).value_counts().to_dict()
        return {"values": {name: int(counts.get(name, 0)) for name in classes}}
    statistics: dict[str, Any] = column_statistics(values.to_frame(), Schema((cleaned.schema[target],)), {})[target]
    return statistics


def _samples(
    model: Model, frame: pd.DataFrame, facts: dict[str, Any], personal: dict[str, str], *, real: bool, seed: int
) -> dict[str, Any]:
    used = set(model.used)
    schema = Schema(tuple(column for column in model.inputs if column.name in used))
    rows = sample_rows(frame, schema, personal, seed=seed) if real else made_up_rows(facts, schema)
    expected = model.values_of(rows)
    return {
        "format": 1,
        "real": len(rows) if real else 0,
        "columns": schema.names,
        "rows": cells(rows),
        "expected": expected.tolist(),
    }


KEEPERS = ("_fit_X", "support_vectors_", "X_train_", "X_fit_")


def _keepers(ensemble: FoldEnsemble) -> list[str]:
    """Return the class names of estimators that hold training rows (as numbers) to predict from."""
    found = set()
    for fold in ensemble.folds:
        parts: Iterable[Any] = [
            step
            for preprocessor in fold.preprocessors.values()
            for _, transformer, _ in preprocessor.transformers_
            for _, step in getattr(transformer, "steps", [])
        ]
        for part in [*parts, *(member.estimator for member in fold.members)]:
            inner = [part, getattr(part, "base_estimator_", None), *getattr(part, "estimators_", [])]
            if any(hasattr(one, name) for one in inner for name in KEEPERS):
                found.add(type(part).__name__)
    return sorted(found)
