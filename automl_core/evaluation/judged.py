"""The rows a model was judged on, with their outcomes and predictions: what everything beyond the scores is computed from."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.data.parsing import parse_frame
from automl_core.data.tables import read_table, write_table
from automl_core.errors import InputError, NotFoundError
from automl_core.evaluation.bootstrap import RESAMPLING
from automl_core.runs import Run
from automl_core.schema import Schema
from automl_core.scoring.bundle import Model
from automl_core.workspace import atomic_file, read_json, write_json

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
HELD_OUT, OUT_OF_FOLD = "held-out", "out-of-fold"
WORDS = {HELD_OUT: "Held-out rows", OUT_OF_FOLD: "Out-of-fold rows"}
_SOURCE = re.compile(r"held-out|out-of-fold|file-[a-z0-9-]{1,40}")


@dataclass(frozen=True)
class Judged:
    """Rows with a known outcome and what a model predicted for them.

    Parameters
    ----------
    truth : ndarray, shape (n,)
        Class codes or values.
    values : ndarray, shape (n, n_classes) or (n,)
    rows : ndarray of int, shape (n,)
        Row of the run's dataset, or of the uploaded file.
    """

    truth: Array
    values: Array
    rows: Ints

    def __len__(self) -> int:
        return len(self.truth)

    def save(self, folder: Path) -> None:
        """Write ``rows.npz``."""
        with atomic_file(folder / "rows.npz") as file:
            np.savez(file, truth=self.truth, values=self.values, rows=self.rows)

    @classmethod
    def load(cls, folder: Path) -> Judged:
        """Read what `save` wrote; raises NotFoundError when these rows were not judged yet."""
        path = folder / "rows.npz"
        if not path.exists():
            raise NotFoundError("These rows were not judged yet.", action="Judge the model on them first.")
        with np.load(path) as data:
            return cls(data["truth"], data["values"], data["rows"])


def main_source(run: Run) -> str:
    """Return on which rows the models of a run are judged first."""
    return HELD_OUT if run.config.holdout else OUT_OF_FOLD


def judged_folder(run: Run, candidate_id: str, source: str) -> Path:
    """Return the folder of what was computed of a model on one set of rows; raises InputError for a name that is none."""
    if not _SOURCE.fullmatch(source):
        raise InputError(f"{source!r} names no rows.", "There are held-out, out-of-fold, and files.", "Choose one of them.")
    return run.judged(candidate_id) / source


def evaluation_path(run: Run, candidate_id: str, source: str) -> Path:
    """Return where the evaluation on one set of rows lies."""
    if source == main_source(run):
        return run.evaluation(candidate_id)
    return judged_folder(run, candidate_id, source) / "evaluation.json"


def sources(run: Run, candidate_id: str) -> dict[str, str]:
    """Return the rows that a model can be judged on, by key, with their names for people; files as they were uploaded."""
    found = {HELD_OUT: WORDS[HELD_OUT]} if run.config.holdout else {}
    found[OUT_OF_FOLD] = WORDS[OUT_OF_FOLD]
    for folder in sorted(run.judged(candidate_id).glob("file-*")):
        if (folder / "evaluation.json").exists():
            found[folder.name] = str(read_json(folder / "source.json")["name"])
    return found


def fairness_path(folder: Path, column: str, label: str) -> Path:
    """Return where the comparison of the groups of a column lies; a name never becomes a path."""
    name = hashlib.sha256(json.dumps([column, label]).encode()).hexdigest()[:16]
    return folder / f"fair-{name}.json"


def keep_file(folder: Path, frame: pd.DataFrame, model: Model, name: str) -> None:
    """Keep an uploaded labelled file as typed columns beside what is computed of it."""
    known = Schema(tuple(column for column in model.schema if column.name in frame.columns))
    typed = parse_frame(frame[known.names], known).frame.reset_index(drop=True)
    for column in known:
        if column.kind == "number" and typed[column.name].dtype == object:
            typed[column.name] = np.nan  # no cell could be read as a number
    write_table(typed, folder / "table.parquet")
    write_json(folder / "source.json", {"format": 1, "name": name})


def keep_resamples(folder: Path, resamples: Mapping[str, Array]) -> None:
    """Keep each metric in every resample of judged rows, so that two models are set against each other at once."""
    with atomic_file(folder / "resamples.npz") as file:
        np.savez(file, format=np.array(RESAMPLING), **resamples)


def kept_resamples(folder: Path) -> dict[str, Array] | None:
    """Return what `keep_resamples` kept; None where a version judged the rows that drew them otherwise, or kept none."""
    if not (folder / "resamples.npz").exists():
        return None
    with np.load(folder / "resamples.npz") as data:
        if "format" not in data.files or int(data["format"]) != RESAMPLING:
            return None
        return {name: data[name] for name in data.files if name != "format"}


def stored_names(folder: Path) -> list[str] | None:
    """Return which columns the uploaded file of judged rows has; None for rows of the run's own table."""
    import pyarrow.parquet as pq

    stored = folder / "table.parquet"
    return list(pq.read_schema(stored).names) if stored.exists() else None


def judged_columns(run: Run, folder: Path, judged: Judged, names: list[str]) -> pd.DataFrame:
    """Return columns of judged rows as they were uploaded, typed, in the order of `judged`; unknown names are left out.

    Raises
    ------
    NotFoundError
        When the run's table was deleted.
    """
    there = stored_names(folder)
    if there is not None:
        frame = read_table(folder / "table.parquet", [name for name in names if name in there])
    else:
        dataset = run.dataset()
        frame = dataset.frame([name for name in names if name in dataset.schema])
    return frame.iloc[judged.rows].reset_index(drop=True)
