"""An exported model: loaded only when it is whole, unaltered, made of trusted types, and predicts what it promised."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.cleaning.apply import apply_stateless
from automl_core.cleaning.recipe import Recipe
from automl_core.data.parsing import Parsed, parse_frame
from automl_core.errors import FormatError, InputError
from automl_core.schema import Schema
from automl_core.scoring.archive import parse_json, read_archive
from automl_core.scoring.columns import Difference, compare
from automl_core.scoring.ensemble import SECOND, STRAIGHT, FoldEnsemble, Part
from automl_core.scoring.trusted import load_trusted
from automl_core.shapes import check_shape

Array = npt.NDArray[np.float64]
RTOL, ATOL = 1e-4, 1e-6
"""What the self-test forgives: another processor adds in another order."""
_ENSEMBLE = {
    "folds": [{"preprocessors": {"*": str}, "members": [[(str, float)]]}],
    "classes": [str],
    "line?": [float],
    "temperature?": float,
    "stack?": (None, {"candidates": [str]}),
    "calibration?": (None, {"*": object}),
}
_MANIFEST = {
    "candidate": str,
    "name": str,
    "task": str,
    "target": str,
    "classes": [str],
    "positive": str,
    "metric": str,
    "threshold": float,
    "schema": {"*": object},
    "recipe": {"*": object},
    "used": [str],
    "lineage": {"*": object},
}
_REFERENCE = {
    "columns": {
        "*": {"kind?": str, "missing?": float, "quantiles?": [float], "complete?": bool, "distinct?": int, "values?": {"*": int}}
    },
    "personal?": {"*": str},
}


@dataclass(frozen=True)
class Model:
    """A fitted model with everything it needs to read raw rows.

    Parameters
    ----------
    candidate, name : str
        Id and name of the leaderboard's row it was made from.
    task : str
        ``binary``, ``multiclass`` or ``regression``.
    target : str
    classes : tuple of str
        Labels in the order of the probabilities, as the person wrote them; for two classes the event is the second.
        Empty for regression.
    positive : str
    metric : str
    threshold : float
        For two classes: above this probability of the event, the event is predicted.
    schema : Schema
        Of the uploaded table, target included.
    recipe : Recipe
    used : tuple of str
        The uploaded columns the model cannot do without.
    reference : dict
        Statistics of the training rows and of the predictions for them.
    lineage : dict
        Dataset fingerprint, run, seed, versions, time of making.
    ensemble : FoldEnsemble
    manifest : dict
    """

    candidate: str
    name: str
    task: str
    target: str
    classes: tuple[str, ...]
    positive: str
    metric: str
    threshold: float
    schema: Schema
    recipe: Recipe
    used: tuple[str, ...]
    reference: dict[str, Any]
    lineage: dict[str, Any]
    ensemble: FoldEnsemble = field(repr=False, compare=False)
    manifest: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def inputs(self) -> Schema:
        """The uploaded columns without the target."""
        return self.schema.without([self.target])

    def read(self, frame: pd.DataFrame) -> Parsed:
        """Type the raw columns of `frame` as the training table was typed; raises InputError for doubled names."""
        if not all(isinstance(name, str) for name in frame.columns):
            # A frame may number its columns; an uploaded file cannot.
            frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
        return parse_frame(frame, self.inputs)

    def compare_columns(self, frame: pd.DataFrame) -> tuple[Difference, ...]:
        """Return how `frame` differs from the table that was learned from, blocking differences included."""
        return compare(frame, self.read(frame), self.inputs, self.used, self.reference, self.target)

    def predict_values(self, frame: pd.DataFrame) -> Array:
        """Predict raw rows.

        Parameters
        ----------
        frame : DataFrame, shape (n, n_columns)
            Columns as uploaded, as text or typed, in any order; extra ones are not looked at.

        Returns
        -------
        ndarray, shape (n, n_classes) or (n,)
            Probabilities in the order of `classes`, or values.

        Raises
        ------
        InputError
            When columns are missing or of another type; the message lists all of them.
        """
        return self.values_of(self.checked(frame))

    def checked(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the typed raw columns; raises InputError that lists every difference that hinders predicting."""
        parsed = self.read(frame)
        differences = compare(frame, parsed, self.inputs, self.used, self.reference, self.target)
        blocking = [entry.sentence for entry in differences if entry.blocking]
        if blocking:
            raise InputError(
                " ".join(blocking[:10]) + (f" And {len(blocking) - 10} more." if len(blocking) > 10 else ""),
                f"The model needs the columns {', '.join(repr(name) for name in self.used[:20])}.",
                "Add or rename the columns, then try again.",
            )
        return parsed.frame

    def values_of(self, typed: pd.DataFrame) -> Array:
        """Predict rows that `checked` gave; nothing is checked again."""
        return self.ensemble.predict_values(self.features(typed))

    def features(self, typed: pd.DataFrame) -> pd.DataFrame:
        """Return typed raw rows after the stateless steps; every row stays."""
        return apply_stateless(typed, self.inputs, self.recipe, training=False).frame

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Predict raw rows.

        Returns
        -------
        DataFrame, shape (n, 1 + n_classes)
            ``prediction`` (a label as the person wrote it, or a value) and ``probability_<class>``; index of `frame`.

        Raises
        ------
        InputError
            As `predict_values`.
        """
        return self.labelled(self.predict_values(frame), frame.index)

    def labelled(self, values: Array, index: pd.Index) -> pd.DataFrame:
        """Return the predictions with their words: what `predict` gives, from `predict_values`' numbers."""
        if not self.classes:
            return pd.DataFrame({"prediction": values}, index=index)
        labels = np.array(self.classes, dtype=object)[self.codes(values)]
        columns = {f"probability_{name}": values[:, position] for position, name in enumerate(self.classes)}
        return pd.DataFrame({"prediction": labels, **columns}, index=index)

    def codes(self, values: Array) -> npt.NDArray[np.int64]:
        """Return the predicted class positions: by the threshold for two classes, otherwise the most probable."""
        if len(self.classes) == 2:
            return np.asarray(values[:, 1] > self.threshold, dtype=np.int64)
        return np.asarray(values.argmax(axis=1), dtype=np.int64)


def load_model(path: str | Path) -> Model:
    """Load an exported model.

    Parameters
    ----------
    path : str or Path
        The zip file.

    Returns
    -------
    Model

    Raises
    ------
    NotFoundError
        When there is no such file.
    FormatError
        With the reason, when the file is unsafe, incomplete, altered, made with another scikit-learn, holds types that
        are not trusted, or predicts something else than when it was exported.
    """
    path = Path(path)
    manifest, files = read_archive(path)
    versions = manifest.get("versions")
    check_versions(versions if isinstance(versions, dict) else {}, path.name)
    try:
        reference, samples = files["reference.json"], files["samples.json"]
    except KeyError as error:
        raise FormatError(f"{path.name} is incomplete: {error.args[0]} is missing.", action="Export it again.") from error
    ensemble = _ensemble(manifest, files, path.name)
    model = from_manifest(manifest, parse_json(reference, "reference.json"), ensemble)
    self_test(model, parse_json(samples, "samples.json"), path.name)
    return model


def _ensemble(manifest: dict[str, Any], files: dict[str, bytes], name: str) -> FoldEnsemble:
    try:
        check_shape(manifest, _ENSEMBLE, "manifest")
        parts = [Part.from_dict(entry) for entry in manifest["folds"]]
        if not any(part.members for part in parts):
            raise FormatError(f"{name} holds no fitted model.", action="Export the model again.")
        height, slope = manifest.get("line", STRAIGHT)
        return FoldEnsemble.load(
            parts,
            lambda file: load_trusted(files[f"models/{file}"], file),
            len(manifest["classes"]),
            float(manifest.get("temperature", 1.0)),
            (float(height), float(slope)),
            {**stack, "file": SECOND} if (stack := manifest.get("stack")) else None,
            manifest.get("calibration"),
        )
    except FormatError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise FormatError(f"The manifest of {name} is damaged: {error!r}.", action="Export the model again.") from error


def from_manifest(manifest: dict[str, Any], reference: dict[str, Any], ensemble: FoldEnsemble) -> Model:
    """Put a model together from its parts; raises FormatError for a manifest that lacks something."""
    try:
        check_shape(manifest, _MANIFEST, "manifest")
        check_shape(reference, _REFERENCE, "reference")
        return Model(
            candidate=manifest["candidate"],
            name=manifest["name"],
            task=manifest["task"],
            target=manifest["target"],
            classes=tuple(manifest["classes"]),
            positive=manifest["positive"],
            metric=manifest["metric"],
            threshold=float(manifest["threshold"]),
            schema=Schema.from_dict(manifest["schema"]),
            recipe=Recipe.from_dict(manifest["recipe"]),
            used=tuple(manifest["used"]),
            reference=reference,
            lineage=manifest["lineage"],
            ensemble=ensemble,
            manifest=manifest,
        )
    except FormatError:
        raise
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise FormatError(f"The model's manifest is damaged: {error!r}.", action="Export the model again.") from error


def check_versions(versions: dict[str, str], name: str) -> None:
    """Refuse a model of another scikit-learn (major or minor); patch releases read each other's models."""
    import sklearn

    made, here = str(versions.get("scikit-learn", "")), str(sklearn.__version__)
    if made.split(".")[:2] != here.split(".")[:2]:
        raise FormatError(
            f"{name} was made with scikit-learn {made or 'of an unknown version'}; here is {here}.",
            "Another version may predict something else without saying so.",
            "Install the exact versions with: pip install -r requirements.txt (it is in the zip).",
        )


def sample_frame(samples: dict[str, Any], schema: Schema) -> pd.DataFrame:
    """Return the sample rows typed by `schema`."""
    columns = {}
    for place, name in enumerate(samples["columns"]):
        cells = [row[place] for row in samples["rows"]]
        kind = schema[name].kind
        if kind == "number":
            columns[name] = pd.Series(cells, dtype="float64")
        elif kind == "date":
            columns[name] = pd.to_datetime(pd.Series(cells, dtype=object), format="ISO8601").astype("datetime64[ns]")
        else:
            columns[name] = pd.Series([np.nan if cell is None else cell for cell in cells], dtype=object)
    return pd.DataFrame(columns, index=range(len(samples["rows"])))


def self_test(model: Model, samples: dict[str, Any], name: str) -> None:
    """Predict the sample rows again; raises FormatError when something else comes out."""
    try:
        frame, expected = sample_frame(samples, model.inputs), np.asarray(samples["expected"], dtype=np.float64)
        found = model.values_of(frame)
    except Exception as error:  # libraries of other versions raise whatever occurs to them
        raise FormatError(
            f"{name} cannot predict its own sample rows: {error}.",
            action="Install the exact versions with: pip install -r requirements.txt",
        ) from error
    if found.shape != expected.shape or not np.allclose(found, expected, rtol=RTOL, atol=ATOL):
        where = f"by up to {np.abs(found - expected).max():.3g}" if found.shape == expected.shape else "in shape"
        raise FormatError(
            f"{name} predicts its {len(frame)} sample rows differently from when it was exported ({where}).",
            "The same predictions are needed, or the model cannot be trusted here.",
            "Install the exact versions with: pip install -r requirements.txt",
        )
