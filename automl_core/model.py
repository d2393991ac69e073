"""From a finished candidate of a run to one zip file that predicts anywhere."""

from __future__ import annotations

import hashlib
import json
import time
import zipfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core import __version__
from automl_core.bundle_texts import notice, readme, requirements, used_packages
from automl_core.cleaning.apply import apply_stateless
from automl_core.cleaning.lineage import origins
from automl_core.cleaning.rules import load_rules, rules_to
from automl_core.cleaning.store import with_trees
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
from automl_core.runs import Run
from automl_core.schema import Schema
from automl_core.scorer import Scorer, needed_columns
from automl_core.scoring.archive import FORMAT
from automl_core.scoring.bundle import Model, from_manifest
from automl_core.scoring.conformal import fit_conformal
from automl_core.scoring.ensemble import SECOND, FoldEnsemble, Part, on_line, tempered
from automl_core.scoring.trusted import load_trusted
from automl_core.target import label_text
from automl_core.threshold import HALF, Best, best_thresholds, choose_threshold
from automl_core.workspace import atomic_file, read_json

if TYPE_CHECKING:
    from automl_core.data.dataset import Dataset

Array = npt.NDArray[np.float64]
RUNTIME = (
    "__init__.py",
    "errors.py",
    "schema.py",
    "workspace.py",
    "data/__init__.py",
    "data/parsing.py",
    "kpi/__init__.py",
    "kpi/formula.py",
    "kpi/functions.py",
    "kpi/grammar.py",
    "kpi/values.py",
    "cleaning/__init__.py",
    "cleaning/recipe.py",
    "cleaning/steps/__init__.py",
    "cleaning/steps/catalogue.py",
    "cleaning/steps/checks.py",
    "cleaning/steps/columns.py",
    "cleaning/steps/features.py",
    "cleaning/steps/model.py",
    "cleaning/steps/numbers.py",
    "cleaning/steps/rows.py",
    "cleaning/steps/words.py",
    "cleaning/stateless/__init__.py",
    "cleaning/stateless/calculated.py",
    "cleaning/stateless/change.py",
    "cleaning/stateless/columns.py",
    "cleaning/stateless/rows.py",
    "cleaning/stateless/words.py",
    "cleaning/apply.py",
    "cleaning/choosing.py",
    "cleaning/keys.py",
    "cleaning/names.py",
    "cleaning/patterns.py",
    "cleaning/preparation.py",
    "cleaning/shaping.py",
    "cleaning/transformers.py",
    "scoring/__init__.py",
    "scoring/archive.py",
    "scoring/bundle.py",
    "scoring/calibration.py",
    "scoring/columns.py",
    "scoring/distinct.py",
    "scoring/conformal.py",
    "scoring/ensemble.py",
    "scoring/logged.py",
    "scoring/targets.py",
    "scoring/trees.py",
    "scoring/trusted.py",
    "scoring/values.py",
    "scoring/fast/__init__.py",
    "scoring/fast/estimators.py",
    "scoring/fast/forests.py",
    "scoring/fast/predictor.py",
    "scoring/fast/preparing.py",
    "scoring/fast/rows.py",
    "serving/__init__.py",
    "serving/__main__.py",
    "serving/answers.py",
    "serving/app.py",
    "serving/batch.py",
    "serving/contract.py",
    "serving/figures.py",
    "serving/guard.py",
    "serving/keys.py",
    "serving/logs.py",
    "serving/run.py",
    "serving/source.py",
)
"""The modules that an exported model carries; they import nothing else of ours."""


@dataclass(frozen=True)
class TrainRows:
    """Which rows of the dataset a run learned from and was judged on.

    Parameters
    ----------
    learned : ndarray
        Row of the dataset for each training position.
    layers : ndarray, shape (repeats, n)
        Number of the fold in which it was judged in each division of the rows, -1 for never.
    forward : bool
        Whether folds learn only from earlier rows.
    last : ndarray of bool
        With `forward`, whether the last fold learned from it; that fold's model is the exported one.
    """

    learned: npt.NDArray[np.int64]
    layers: npt.NDArray[np.int64]
    forward: bool
    last: npt.NDArray[np.bool_]


def train_rows(folder: Path) -> TrainRows:
    """Read a run's division; raises NotFoundError when it has none yet."""
    path = folder / "split.npz"
    if not path.exists():
        raise NotFoundError("This run has not divided its rows yet.", action="Wait for its first score.")
    with np.load(path) as split:
        fold = split["fold"]
        ready = split["ready"] if "ready" in split.files else fold + 1  # a gap may leave the newest rows out
        layers = np.vstack([fold[None], split["again"]]) if "again" in split.files else fold[None]
        return TrainRows(split["rows"][split["train"]], layers, bool(split["forward"][0]), ready <= fold.max())


def load_task(folder: Path) -> tuple[ExperimentConfig, tuple[str, ...]]:
    """Return a run's settings as the search adjusted them, and its labels in the order of their codes."""
    data = read_json(folder / "task.json")
    return ExperimentConfig.from_dict(data["config"]), tuple(data["classes"])


def candidate_weights(candidate: Candidate) -> dict[str, float]:
    """Return the candidates whose fold models make up `candidate`, with their weights."""
    chosen = candidate.members or {candidate.id: 1.0}
    return {name: float(weight) for name, weight in chosen.items() if weight > 0}


def out_of_fold(folder: Path, candidate: Candidate) -> tuple[Array, npt.NDArray[np.int64]]:
    """Return a candidate's predictions for rows that the predicting fold model did not learn from.

    Returns
    -------
    ndarray, shape (n, n_classes) or (n,)
    ndarray, shape (n,)
        Rows of the dataset.

    Raises
    ------
    NotFoundError
        When a fold has none yet.
    """
    rows = train_rows(folder)
    weights = {candidate.id: 1.0} if candidate.made_of_rows else candidate_weights(candidate)
    total = sum(weights.values())
    found: dict[int, Array] = {}
    for fold in range(int(rows.layers.max()) + 1):
        files = {name: folder / "candidates" / name / f"fold{fold}.npy" for name in weights}
        for name, file in files.items():
            if not file.exists():
                raise NotFoundError(
                    f"The model {name!r} has no predictions for fold {fold + 1}.",
                    action="Choose another model, or give the run more time.",
                )
        found[fold] = np.sum([weights[name] / total * np.load(file) for name, file in files.items()], axis=0)
    # A row that is judged in several divisions has the mean of what their models predict.
    judged = np.flatnonzero(rows.layers[0] >= 0)
    values = np.zeros((len(rows.learned), *found[0].shape[1:]))
    for fold, predicted in found.items():
        values[(rows.layers == fold).any(axis=0)] += predicted / len(rows.layers)
    if candidate.made_of_rows:  # what it keeps has gone through everything
        return values[judged], rows.learned[judged]
    return on_line(tempered(values[judged], candidate.temperature), candidate.line), rows.learned[judged]


def parts_of(folder: Path, candidate: Candidate) -> list[tuple[Part, dict[str, Path]]]:
    """Return for each finished fold of a candidate what belongs to it, and where its files lie.

    What was refitted on all learned rows, as PyCaret's `finalize_model` does, stands for the folds.

    Raises
    ------
    NotFoundError
        When there is no fold for which everything is there.
    """
    weights = candidate_weights(candidate)
    views = {name: _view(folder, name) for name in weights}
    if (refitted := _refitted(folder, weights, views)) is not None:
        return [refitted]
    found = []
    for fold in sorted((folder / "folds").glob("*"), key=lambda path: int(path.name)):
        models = {f"{fold.name}/{name}.skops": folder / "candidates" / name / f"fold{fold.name}.skops" for name in weights}
        shared = {f"{fold.name}/view-{view}.skops": fold / f"{view}.skops" for view in sorted(set(views.values()))}
        if all(file.exists() for file in [*models.values(), *shared.values()]):
            members = tuple((name, views[name], weights[name], f"{fold.name}/{name}.skops") for name in weights)
            preprocessors = {view: f"{fold.name}/view-{view}.skops" for view in sorted(set(views.values()))}
            found.append((Part(preprocessors, members), {**models, **shared}))
    if train_rows(folder).forward:
        found = found[-1:]  # split by time: the last fold learned from the longest past, the others from parts of it
    if not found:
        raise NotFoundError(
            f"The model {candidate.name!r} has no finished fold.", action="Choose a scored model, or give the run more time."
        )
    return found


def is_refitted(folder: Path, candidate: Candidate) -> bool:
    """Return whether what is exported of a candidate was fitted anew on all learned rows, and is not its fold models."""
    weights = candidate_weights(candidate)
    return _refitted(folder, weights, {name: _view(folder, name) for name in weights}) is not None


def _refitted(folder: Path, weights: dict[str, float], views: dict[str, str]) -> tuple[Part, dict[str, Path]] | None:
    models = {f"final/{name}.skops": folder / "candidates" / name / "final.skops" for name in weights}
    shared = {f"final/view-{view}.skops": folder / "final" / f"{view}.skops" for view in sorted(set(views.values()))}
    if not all(file.exists() for file in [*models.values(), *shared.values()]):
        return None
    members = tuple((name, views[name], weights[name], f"final/{name}.skops") for name in weights)
    return Part({view: f"final/view-{view}.skops" for view in sorted(set(views.values()))}, members), {**models, **shared}


def _view(folder: Path, name: str) -> str:
    return str(Candidate.from_dict(read_json(folder / "candidates" / name / "candidate.json")).view)


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
    NotFoundError
        When the run, the candidate or one of its files does not exist, or the candidate was not scored.
    StorageError
        When the disk is full.
    """
    run = Run(run_folder)
    candidate = _scored(run, candidate_id)
    config, classes = load_task(run_folder)
    dataset = run.dataset()
    found = parts_of(run_folder, candidate)
    # The files of the folds are taken as they are: what was scored is what is exported.
    fitted = {name: path.read_bytes() for _, files in found for name, path in files.items()}
    stack = None
    if candidate.stack:
        fitted[SECOND] = (run_folder / "candidates" / candidate.id / SECOND).read_bytes()
        stack = {"candidates": candidate.stack["candidates"]}
    ensemble = FoldEnsemble.load(
        [part for part, _ in found],
        lambda name: load_trusted(fitted[name], name),
        len(classes),
        candidate.temperature,
        candidate.line,
        {**stack, "file": SECOND} if stack else None,
        candidate.calibration,
    )
    rows = train_rows(run_folder)
    # Split by time: the exported fold learned the rows before its own, or all of them where it was fitted after the others.
    part = next(iter(found[0][1])).partition("/")[0]
    after = rows.forward and part.isdigit() and int(part) > rows.layers.max()
    learned = rows.learned[rows.last] if rows.forward and not after else rows.learned
    frame = dataset.frame().iloc[learned]
    inputs = dataset.schema.without([config.target])
    personal = personal_columns(frame, inputs)
    facts = column_statistics(frame, inputs, personal)
    predictions, judged = out_of_fold(run_folder, candidate)
    truth = _truth(run, config, classes, dataset, judged)
    known = np.flatnonzero(np.isfinite(truth))
    threshold: Decision[float] = Decision(HALF, "")
    best: tuple[Best, ...] = ()
    if len(classes) == 2:
        columns = dataset.frame([name for name in needed_columns(config) if name in dataset.schema]).iloc[judged[known]]
        scorer = Scorer(config, truth[known], columns.reset_index(drop=True), classes)
        threshold = _chosen(run, candidate_id) or choose_threshold(scorer, np.arange(len(known)), predictions[known])
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
        "recipe": with_trees(run.recipe).to_dict(),
        "rules": rules_to(load_rules(dataset.folder)),
        "folds": [part.to_dict() for part, _ in found],
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
    seen = _judged(run, model, predictions, judged)
    drift = freeze(frame, dataset.schema, config.target, personal, seen, real=sample_rows, seed=config.seed)
    reference["drift"] = drift
    samples = _samples(model, frame, facts, personal, real=sample_rows, seed=config.seed)
    manifest["real_rows"] = samples["real"] + (len(drift["sample"]["rows"]) if drift["sample"] else 0)
    manifest["keeps_training_rows"] = _keepers(ensemble)
    files = {
        **{f"models/{name}": data for name, data in fitted.items()},
        "reference.json": _json(reference, indent=None),
        "samples.json": _json(samples),
        "requirements.txt": requirements(packages).encode(),
        "README.md": readme(manifest, personal, out.name).encode(),
        "NOTICE.txt": notice().encode(),
        **deployment_files(manifest, sum(map(len, fitted.values()))),
        **{f"automl_core/{name}": data for name, data in runtime_modules()},
    }
    manifest["files"] = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    _write(out, {"manifest.json": _json(manifest), **files})
    return out


def _chosen(run: Run, candidate_id: str) -> Decision[float] | None:
    """Return the threshold that a person chose for this model, if there is one."""
    path = run.threshold(candidate_id)
    if not path.exists():
        return None
    stored = read_json(path)
    return Decision(float(stored["threshold"]), str(stored["reason"]))


def _truth(run: Run, config: ExperimentConfig, classes: tuple[str, ...], dataset: Dataset, rows: npt.NDArray[np.int64]) -> Array:
    """Return class codes or values of rows of the dataset as the run learned them, NaN where there is none, shape (n,)."""
    uploaded = dataset.frame().iloc[rows]
    target = apply_stateless(uploaded, dataset.schema, run.recipe, training=False).frame[config.target]
    if not classes:
        return target.to_numpy(dtype=np.float64)
    codes = label_text(target).map({label: code for code, label in enumerate(classes)})
    return codes.to_numpy(dtype=np.float64)


ENOUGH = 100
"""Held-out rows from which on they stand for what the model says of rows it never saw."""


def _judged(run: Run, model: Model, predictions: Array, rows: npt.NDArray[np.int64]) -> Judged:
    """Return rows that judge the model: held-out ones, as many as are kept of them, or else the out-of-fold predictions."""
    frame = run.dataset().frame()
    held = run.holdout() if run.config.holdout else frame.iloc[:0]
    if len(held) < ENOUGH:
        seen = frame.iloc[rows]
        return Judged(seen, predictions, _codes(seen, run, model), "out-of-fold")
    chosen = np.sort(np.random.default_rng(run.config.seed).permutation(len(held))[:SAMPLE_ROWS])
    seen = held.iloc[chosen]
    return Judged(seen, model.values_of(seen[model.inputs.names]), _codes(seen, run, model), "held-out")


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
    schema = Schema(tuple(column for column in model.inputs if column.name in model.used))
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


def runtime_modules() -> list[tuple[str, bytes]]:
    """Return name and source of the modules that travel with a model."""
    root = Path(__file__).parent
    return [(name, (root / name).read_bytes()) for name in RUNTIME]


def _json(data: Any, indent: int | None = 1) -> bytes:
    return json.dumps(data, ensure_ascii=False, allow_nan=False, indent=indent).encode("utf-8", "surrogatepass")


def _write(out: Path, files: dict[str, bytes]) -> None:
    with atomic_file(out) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            # A fixed time, so that the same model gives the same bytes.
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            # Numbers of a fitted model are hardly smaller at a higher level, and take many times as long.
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED, 1 if name.endswith(".skops") else None)
