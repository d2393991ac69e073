"""Logged predictions: Parquet parts for files of rows, JSON lines for single ones, read together through DuckDB.

A part is written whole or not at all, a line with one write; what was written is never changed, only removed when its time
is over.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from automl_core.errors import InputError, StorageError
from automl_core.monitoring.settings import Settings, folder_of, settings_of
from automl_core.people.access import changing
from automl_core.registry.store import Registered, list_registered
from automl_core.workspace import ProjectFolder, atomic_file

if TYPE_CHECKING:
    from automl_core.predicting import RowPrediction
    from automl_core.scoring.bundle import Model

Source = Literal["page", "batch", "service"]
COLUMNS = {
    "time": "DOUBLE", "request": "VARCHAR", "row": "BIGINT", "version": "BIGINT", "source": "VARCHAR", "key": "VARCHAR",
    "inputs": "VARCHAR", "prediction": "VARCHAR", "value": "DOUBLE", "probabilities": "VARCHAR", "ms": "DOUBLE",
    "warnings": "VARCHAR", "error": "VARCHAR",
}  # fmt: skip
DAY = 86_400.0


@dataclass(frozen=True)
class Answered:
    """One request that was answered, or failed.

    Parameters
    ----------
    version : int
    source : Source
    seconds : float
        Wall-clock time of the whole request.
    frame : DataFrame or None
        The raw rows; None where they could not be read.
    predicted : DataFrame or None
        What `Model.predict` gave for them; None for a request that failed.
    classes : tuple of str
    positive : str
    warnings : tuple of str
    error : str
    request : str
        An id, made where it is empty.
    time : float
        0 for now.
    """

    version: int
    source: Source
    seconds: float
    frame: pd.DataFrame | None = None
    predicted: pd.DataFrame | None = None
    classes: tuple[str, ...] = ()
    positive: str = ""
    warnings: tuple[str, ...] = ()
    error: str = ""
    request: str = ""
    time: float = field(default=0.0)


def version_of(project: ProjectFolder, run_id: str, candidate_id: str) -> tuple[Registered, int] | None:
    """Return the registered version that was made of a run's candidate, the newest where there are several."""
    for registered in list_registered(project):
        for version in registered.versions():
            if (version.lineage["run"], version.lineage["candidate"]) == (run_id, candidate_id):
                return registered, version.number
    return None


def log_answer(registered: Registered, answered: Answered) -> str:
    """Append what was asked and answered, if the model's settings say so.

    Returns
    -------
    str
        The request's id; empty when nothing is logged.

    Raises
    ------
    StorageError
        When the disk is full. Whoever predicts tells it and gives the prediction all the same.
    """
    settings = settings_of(registered)
    if not settings.on:
        return ""
    made = answered.request or secrets.token_hex(8)
    rows = _rows(answered, settings, made)
    moment = answered.time or time.time()
    folder = folder_of(registered) / "log"
    folder.mkdir(parents=True, exist_ok=True)
    day = time.strftime("%Y-%m-%d", time.gmtime(moment))
    if len(rows) <= 1:
        line = json.dumps(rows[0], ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"
        try:
            handle = os.open(folder / f"{day}.jsonl", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                size = os.fstat(handle).st_size
                if size and os.pread(handle, 1, size - 1) != b"\n":
                    line = b"\n" + line
                os.write(handle, line)
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise StorageError(f"The prediction could not be logged: {error.strerror or error}.") from error
    else:
        write_part(folder / f"{day}.{made}.parquet", pd.DataFrame(rows, columns=list(COLUMNS)))
    _prune_daily(registered, settings, moment)
    return made


def log_row(
    registered: Registered,
    number: int,
    model: Model,
    values: dict[str, Any],
    answer: RowPrediction | None,
    seconds: float,
    *,
    source: Source = "page",
    error: str = "",
) -> str:
    """Append one row that was asked for by a form; see `log_answer`."""
    frame = pd.DataFrame({name: pd.Series([value], dtype=object) for name, value in values.items()})
    predicted = None
    if answer is not None:
        shares = {f"probability_{name}": [share] for name, share in answer.probabilities.items()}
        predicted = pd.DataFrame({"prediction": [answer.prediction], **shares})
    told = tuple(entry.sentence for entry in answer.differences) + answer.rules if answer else ()
    return log_answer(registered, Answered(number, source, seconds, frame, predicted, model.classes, model.positive, told, error))


def _rows(answered: Answered, settings: Settings, request: str) -> list[dict[str, Any]]:
    moment = answered.time or time.time()
    shared = {"time": moment, "request": request, "version": answered.version, "source": answered.source}
    told = json.dumps(list(answered.warnings), ensure_ascii=False) if answered.warnings else ""
    if answered.predicted is None or answered.frame is None:
        return [
            {
                **dict.fromkeys(COLUMNS),
                **shared,
                "row": 0,
                "ms": answered.seconds * 1000,
                "warnings": told,
                "error": answered.error,
            }
        ]
    frame, predicted = answered.frame.reset_index(drop=True), answered.predicted.reset_index(drop=True)
    kept = [name for name in frame.columns if name not in settings.left_out]
    inputs = frame[kept].astype(object).where(frame[kept].notna(), None)
    keys = frame[settings.key].astype(str).tolist() if settings.key in frame.columns else [""] * len(frame)
    ms = answered.seconds * 1000 / max(len(frame), 1)
    event = answered.positive or (answered.classes[-1] if answered.classes else "")
    labels = predicted["prediction"].tolist()
    shares = {name: predicted[f"probability_{name}"].round(6).tolist() for name in answered.classes}
    values = shares[event] if answered.classes else labels
    names = [str(name) for name in kept]
    rows = []
    for place, cells in enumerate(zip(*(inputs[name].tolist() for name in kept), strict=True) if kept else [()] * len(frame)):
        probabilities = {name: share[place] for name, share in shares.items()}
        rows.append(
            {
                **shared,
                "row": place,
                "key": keys[place] or f"{request}:{place}",
                "inputs": json.dumps(dict(zip(names, map(_plain, cells), strict=True)), ensure_ascii=False),
                "prediction": str(labels[place]),
                "value": float(values[place]),
                "probabilities": json.dumps(probabilities, ensure_ascii=False) if probabilities else "",
                "ms": ms,
                "warnings": told if place == 0 else "",
                "error": "",
            }
        )
    return rows


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def write_part(path: Path, frame: pd.DataFrame) -> None:
    """Write rows as one Parquet file, whole or not at all; raises StorageError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with atomic_file(path) as file:
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), file)


def read_log(registered: Registered, *, since: float = 0.0, until: float = float("inf"), last: int = 0) -> pd.DataFrame:
    """Return logged rows, oldest first, with the truth of those whose label was added.

    Parameters
    ----------
    registered : Registered
    since, until : float
        Seconds since the epoch.
    last : int
        Only the newest so many; 0 for all.

    Returns
    -------
    DataFrame
        The columns of `COLUMNS`, and ``truth`` (text, missing where it is not known).
    """
    import duckdb

    folder = folder_of(registered)
    with contextlib.closing(duckdb.connect(":memory:")) as connection:
        log = _union(connection, folder / "log", COLUMNS)
        labels = _union(connection, folder / "labels", {"time": "DOUBLE", "key": "VARCHAR", "truth": "VARCHAR"})
        if log is None:
            return pd.DataFrame(columns=[*COLUMNS, "truth"])
        truth = "NULL::VARCHAR AS truth"
        join = ""
        if labels is not None:
            truth = "labels.truth"
            join = f"LEFT JOIN (SELECT key, arg_max(truth, time) AS truth FROM ({labels}) GROUP BY key) labels USING (key)"
        limit = f"LIMIT {int(last)}" if last else ""
        found = connection.execute(
            f'SELECT log.*, {truth} FROM ({log}) log {join} WHERE log."time" >= $1 AND log."time" < $2 '
            f'ORDER BY log."time" DESC, log.request DESC, log."row" DESC {limit}',
            [since, until],
        ).df()
    return found.iloc[::-1].reset_index(drop=True)


def _union(connection: Any, folder: Path, columns: dict[str, str]) -> str | None:
    """Return SQL over every part of a folder, None where there is none; a line that was cut is left out."""
    parts, lines = sorted(folder.glob("*.parquet")), sorted(folder.glob("*.jsonl"))
    selected = ", ".join(f'"{name}"::{kind} AS "{name}"' for name, kind in columns.items())
    found = []
    if parts:
        found.append(f"SELECT {selected} FROM read_parquet({_quoted(parts)}, union_by_name = true)")
    if lines:
        spec = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
        found.append(
            f"SELECT {selected} FROM read_json({_quoted(lines)}, format = 'newline_delimited', columns = {{{spec}}}, "
            'ignore_errors = true) WHERE "time" IS NOT NULL'
        )
    return " UNION ALL ".join(found) if found else None


def _quoted(paths: Sequence[Path]) -> str:
    return "[" + ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths) + "]"


@dataclass(frozen=True)
class Labelled:
    """What became of added labels: how many there were, and how many logged predictions now have one."""

    labels: int
    matched: int

    @property
    def sentence(self) -> str:
        """In words."""
        return f"{self.labels:,} labels were added; {self.matched:,} logged predictions have one now."

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)


def add_labels(registered: Registered, frame: pd.DataFrame, key: str, target: str) -> Labelled:
    """Add true outcomes by key; a later one of the same key replaces an earlier one.

    Raises
    ------
    InputError
        When a column is missing, there is no label, or none of the keys was ever logged.
    """
    for name in (key, target):
        if name not in frame.columns:
            raise InputError(
                f"The file has no column {name!r}.", f"It has {', '.join(repr(one) for one in frame.columns[:20])}.",
                "Choose the column that holds it.",
            )  # fmt: skip
    keys, truth = frame[key].astype(str).str.strip(), frame[target].astype(str).str.strip()
    there = frame[key].notna() & frame[target].notna() & (keys != "") & (truth != "")
    if not there.any():
        raise InputError("No row has both a key and a label.", "At least one is needed.", "Check the two columns.")
    before = read_log(registered)
    known = set(before["key"])
    if not keys[there].isin(known).any():
        example = f" such as {before['key'].iloc[-1]!r}" if len(before) else ""
        raise InputError(
            f"None of the {int(there.sum()):,} keys was logged; the first is {keys[there].iloc[0]!r}.",
            f"The log has keys{example}." if len(before) else "Nothing was logged yet.",
            "Choose the column that was set as the key before predicting.",
        )
    labels = pd.DataFrame({"time": time.time(), "key": keys[there].to_numpy(), "truth": truth[there].to_numpy()})
    folder = folder_of(registered) / "labels"
    with changing(registered.folder, "labels", registered.id, f"{int(there.sum()):,} rows"):
        write_part(folder / f"{time.strftime('%Y-%m-%d', time.gmtime())}.{secrets.token_hex(8)}.parquet", labels)
    return Labelled(int(there.sum()), int(read_log(registered)["truth"].notna().sum()))


def prune(registered: Registered, now: float) -> int:
    """Remove logged predictions and labels older than the retention period; returns how many files went."""
    oldest = time.strftime("%Y-%m-%d", time.gmtime(now - settings_of(registered).days * DAY))
    gone = 0
    for what in ("log", "labels"):
        for path in (folder_of(registered) / what).glob("*"):
            if path.suffix in (".parquet", ".jsonl") and path.name[:10] < oldest:
                path.unlink(missing_ok=True)
                gone += 1
    return gone


def _prune_daily(registered: Registered, settings: Settings, now: float) -> None:
    marker = folder_of(registered) / "pruned"
    if not marker.exists() or now - marker.stat().st_mtime > DAY:
        prune(registered, now)
        marker.touch()


def inputs_of(logged: pd.DataFrame) -> pd.DataFrame:
    """Return the logged inputs as a table again, one column each; empty for requests that failed."""
    records = [json.loads(text) for text in logged["inputs"].dropna()]
    return pd.DataFrame.from_records(records)
