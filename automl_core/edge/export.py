"""A model as one ONNX file: offered only where every part converts and it predicts what the model predicts."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.cleaning.steps import OPERATIONS, columns_of, operation
from automl_core.edge.combining import put_together
from automl_core.edge.members import predicted
from automl_core.edge.preparation import MISSING, UNKNOWN, prepared
from automl_core.engines.onnx import ML, Graph, run_onnx, write_onnx
from automl_core.errors import EngineError, InputError
from automl_core.scoring.archive import parse_json, read_archive
from automl_core.scoring.bundle import Model, load_model, sample_frame

Array = npt.NDArray[Any]
TOLERANCE = 1e-5
"""Most by which a probability, or a value as a share of the largest one, may differ; XGBoost adds up in single precision."""
PLAIN = ("drop_columns", "order_columns")
"""Steps that leave cells as they are."""


@dataclass(frozen=True)
class EdgeModel:
    """What became of an export.

    Parameters
    ----------
    size : int
        Bytes of the file.
    rows : int
        Rows on which it was compared.
    difference : float
        The largest one; of values as a share of the largest.
    numbers, words : tuple of str
        The columns it asks for.
    classes : tuple of str
    """

    size: int
    rows: int
    difference: float
    numbers: tuple[str, ...]
    words: tuple[str, ...]
    classes: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """In words."""
        size = f"{self.size / 2**20:,.1f} MB" if self.size >= 2**20 else f"{self.size / 2**10:,.0f} kB"
        return (
            f"The file has {size}. On {self.rows:,} rows, some of them with gaps and unknown words, it "
            f"predicts what the model predicts; the largest difference is {self.difference:.1g}, and {TOLERANCE:g} is allowed."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"format": 1, **asdict(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> EdgeModel:
        """Rebuild from `to_dict`'s output."""
        lists = {name: tuple(data[name]) for name in ("numbers", "words", "classes")}
        return cls(int(data["size"]), int(data["rows"]), float(data["difference"]), **lists)


def export_onnx(path: Path, out: Path) -> EdgeModel:
    """Write an exported model as ONNX.

    Parameters
    ----------
    path : Path
        A bundle, packed or unpacked.
    out : Path

    Returns
    -------
    EdgeModel

    Raises
    ------
    InputError, EngineError
        With the part that cannot be converted, or what it predicts differently; then nothing is written.
    """
    model = load_model(path)
    _, files = read_archive(path)
    frame = sample_frame(parse_json(files["samples.json"], "samples.json"), model.inputs)
    data, numbers, words = to_onnx(model)
    rows = rows_to_compare(model, frame)
    difference = compare(model, data, rows)
    write_onnx(out, data)
    return EdgeModel(len(data), len(rows), difference, tuple(numbers), tuple(words), model.classes)


def to_onnx(model: Model) -> tuple[bytes, list[str], list[str]]:
    """Return the file's bytes and the columns it asks for, numbers and words; see `export_onnx` for what is raised."""
    _check_steps(model)
    blank = pd.DataFrame({name: [np.nan] for name in model.used})
    typed = model.features(model.read(blank).frame)
    numbers = [name for name in model.used if name in typed and typed[name].dtype.kind == "f"]
    words = [name for name in model.used if name in typed and typed[name].dtype == object]
    others = [name for name in model.used if name not in numbers and name not in words]
    if others:
        raise InputError(f"The column {others[0]!r} holds dates.", "The file asks for numbers and words.", "Use the zip.")
    graph = Graph()
    inputs = {name: graph.input(name, words=name in words) for name in [*numbers, *words]}
    matrices: dict[tuple[int, str], tuple[str, int]] = {}
    predictions = []
    for fold, member, share in model.ensemble.members():
        key = (id(fold), member.view)
        if key not in matrices:
            matrices[key] = prepared(graph, fold.preprocessors[member.view], inputs, set(numbers))
        matrix, width = matrices[key]
        predictions.append((member.candidate, share, predicted(graph, member.estimator, matrix, width, model.ensemble.n_classes)))
    value = put_together(graph, model.ensemble, predictions)
    _outputs(graph, model, value)
    about = {
        "target": model.target, "task": model.task, "classes": json.dumps(model.classes), "threshold": repr(model.threshold),
        "name": model.name, "numbers": json.dumps(numbers), "words": json.dumps(words),
    }  # fmt: skip
    return graph.to_bytes(about), numbers, words


def _outputs(graph: Any, model: Model, value: str) -> None:
    """Add the outputs: ``prediction``, and ``probabilities`` where there are classes."""
    if not model.classes:
        graph.output("prediction", graph.op("Reshape", value, graph.constant(np.array([-1], dtype=np.int64))))
        return
    graph.output("probabilities", value, width=len(model.classes))
    if len(model.classes) == 2:
        above = graph.op("Greater", graph.columns(value, [1]), graph.constant(np.array(model.threshold)))
        codes = graph.op("Reshape", graph.op("Cast", above, to=7), graph.constant(np.array([-1], dtype=np.int64)))
    else:
        codes = graph.op("ArgMax", value, axis=1, keepdims=0)
    names = {"keys_int64s": list(range(len(model.classes))), "values_strings": list(model.classes)}
    labels = graph.op("LabelEncoder", codes, domain=ML, **names)
    graph.output("prediction", labels, words=True)


def _check_steps(model: Model) -> None:
    for step in model.recipe.enabled():
        what = OPERATIONS[step.op]
        reached = set(columns_of(step, model.inputs)) & set(model.used)
        if not operation(step).learned and not what.drops_rows and step.op not in PLAIN and reached:
            raise InputError(
                f"The step {what.title!r} changes cells before the model sees them.", "The file takes cells as they are.",
                "Leave the step out, or use the zip.",
            )  # fmt: skip


def rows_to_compare(model: Model, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the sample rows, and them again with a gap or an unknown word in one column each."""
    rows = [frame]
    for place, name in enumerate(model.used):
        for cell in (np.nan,) if frame[name].dtype != object else (np.nan, UNKNOWN[0]):
            again = frame.iloc[[place % len(frame)]].copy()
            again[name] = again[name].astype(frame[name].dtype)
            again.iloc[0, again.columns.get_loc(name)] = cell
            rows.append(again)
    return pd.concat(rows, ignore_index=True)


def compare(model: Model, data: bytes, frame: pd.DataFrame) -> float:
    """Return the largest difference between what the file and the model predict.

    Raises
    ------
    EngineError
        When it is larger than `TOLERANCE`, or the file cannot be run.
    """
    expected = model.values_of(frame)
    found = run_onnx(data, feeds(model, frame))
    values = found["probabilities" if model.classes else "prediction"]
    gap = np.abs(values - expected)
    gap = gap.max(axis=1) if gap.ndim == 2 else gap / max(1.0, float(np.abs(expected).max()))
    largest = float(np.nan_to_num(gap, nan=np.inf).max())
    if largest > TOLERANCE:
        raise EngineError(
            f"The ONNX file predicts {int((gap > TOLERANCE).sum())} of {len(frame)} rows differently, by up to {largest:.2g}.",
            f"At most {TOLERANCE:g} is allowed, so it is not offered.",
            "Choose another model of the leaderboard, or use the zip.",
        )
    return largest


def feeds(model: Model, frame: pd.DataFrame) -> dict[str, Array]:
    """Return typed rows as the file's inputs: numbers as they are, words as text with an empty one where it is missing."""
    made: dict[str, Array] = {}
    for name in model.used:
        column = frame[name]
        if column.dtype == object:
            made[name] = np.array([[MISSING if pd.isna(cell) else str(cell)] for cell in column], dtype=object)
        else:
            made[name] = column.to_numpy(dtype=np.float64)[:, None]
    return made
