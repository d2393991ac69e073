"""The log of a registered model: what pages, files and services wrote, read together through DuckDB, with later labels."""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from automl_core.errors import AutoMLError, InputError, NotFoundError
from automl_core.monitoring.settings import folder_of, save_settings, settings_of
from automl_core.people.access import changing
from automl_core.registry.store import MODEL, Registered, list_registered
from automl_core.scoring.archive import name_of
from automl_core.scoring.logged import (
    COLUMNS,
    LABEL_COLUMNS,
    Asked,
    Keeping,
    Origin,
    PredictionLog,
    entries_of,
    records_of,
    write_part,
)
from automl_core.workspace import ProjectFolder

if TYPE_CHECKING:
    from automl_core.predicting import RowPrediction
    from automl_core.scoring.bundle import Model


VERSION = "coalesce(numbers.number, CASE WHEN length(log.version) < 12 THEN TRY_CAST(log.version AS BIGINT) END)"
"""The version of a logged row; a bundle's name is longer than any number, and means nothing where it is not known."""


@dataclass(frozen=True)
class Answered:
    """One request of a page or of a file that was answered, or failed.

    Parameters
    ----------
    version : int
    source : Origin
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
    source: Origin
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


def keeping_of(registered: Registered) -> Keeping | None:
    """Return what the model's settings say of its log; None while it is off."""
    settings = settings_of(registered)
    return Keeping(settings.days, settings.left_out, settings.key) if settings.on else None


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
    log = PredictionLog(folder_of(registered), lambda: keeping_of(registered), sync=True)
    if log.keeping is None:
        return ""
    event = answered.positive or (answered.classes[-1] if answered.classes else "")
    asked = Asked(
        str(answered.version), answered.source, answered.seconds, answered.request or secrets.token_hex(8),
        answered.time or time.time(), event,
    )  # fmt: skip
    with contextlib.closing(log):
        if answered.predicted is None or answered.frame is None:
            log.failed(asked, answered.error, answered.warnings)
        else:
            entries = entries_of(answered.predicted, answered.classes, answered.warnings)
            log.answered(asked, records_of(answered.frame), entries)
    return asked.request


def log_row(
    registered: Registered,
    number: int,
    model: Model,
    values: dict[str, Any],
    answer: RowPrediction | None,
    seconds: float,
    *,
    source: Origin = "page",
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

    numbers = version_numbers(registered, hashes=bool(settings_of(registered).services))
    with contextlib.closing(duckdb.connect(":memory:")) as connection:
        folders = [folder_of(registered), *map(Path, settings_of(registered).services)]
        log, labels = _union(folders, "log", COLUMNS), _union(folders, "labels", LABEL_COLUMNS)
        if not log:
            return pd.DataFrame(columns=[*COLUMNS, "truth"])
        connection.register("numbers", pd.DataFrame({"name": list(numbers), "number": list(numbers.values())}))
        truth, join = "NULL::VARCHAR AS truth", ""
        if labels:
            # A label comes by the column that was set as the key, or by the log's own key.
            truth = "coalesce(by_key.truth, by_row.truth) AS truth"
            latest = f"(SELECT key, arg_max(truth, time) AS truth FROM ({labels}) GROUP BY key)"
            join = (
                f"LEFT JOIN {latest} by_key ON by_key.key = log.key "
                f"""LEFT JOIN {latest} by_row ON by_row.key = log.request || ':' || log."row" """
            )
        limit = f"LIMIT {int(last)}" if last else ""
        found = connection.execute(
            f"SELECT log.* REPLACE ({VERSION} AS version), {truth} FROM ({log}) log "
            f"LEFT JOIN numbers ON numbers.name = log.version {join} "
            f'WHERE log."time" >= $1 AND log."time" < $2 AND {VERSION} IS NOT NULL '
            f'ORDER BY log."time" DESC, log.request DESC, log."row" DESC {limit}',
            [since, until],
        ).df()
    return found.iloc[::-1].reset_index(drop=True)


def version_numbers(registered: Registered, *, hashes: bool) -> dict[str, int]:
    """Return the version that each name in a log means: its number, and with `hashes` what its bundle calls itself.

    A version whose file is gone or no longer readable has only its number.
    """
    numbers = {str(number): number for number in registered.numbers}
    for number in sorted(registered.numbers) if hashes else ():
        with contextlib.suppress(AutoMLError):
            numbers[name_of(registered.home(number) / MODEL)] = number
    return numbers


@dataclass(frozen=True)
class Taken:
    """What a service's folder holds: rows that it predicted, of how many of them the version is known, and labels."""

    rows: int
    known: int
    labels: int

    @property
    def sentence(self) -> str:
        """In words."""
        other = self.rows - self.known
        told = f"{self.known:,} rows and {self.labels:,} labels of the service are read, and what it writes from now on."
        return f"{told} {other:,} rows come from models that are no version of this one, and are left out." if other else told


def take_service(registered: Registered, folder: Path) -> Taken:
    """Read what a service of an exported model logs, too, from now on and where it lies.

    Raises
    ------
    NotFoundError
        When there is no such folder, or no log in it.
    InputError
        When a version of this model predicted none of its rows.
    """
    place = folder.expanduser().resolve()
    lies = "A service that was started with --log writes into a folder log in it."
    if not (place / "log").is_dir():
        raise NotFoundError(f"{folder} holds no log.", lies, "Name the folder that stood behind --log.")
    settings = settings_of(registered)
    there = replace(settings, services=tuple(dict.fromkeys([*settings.services, str(place)])))
    import duckdb

    numbers = version_numbers(registered, hashes=True)
    with contextlib.closing(duckdb.connect(":memory:")) as connection:
        log, labels = _union([place], "log", COLUMNS), _union([place], "labels", LABEL_COLUMNS)
        count = 'SELECT version, count(*) AS "rows" FROM ({}) GROUP BY version'
        by_version = dict(connection.execute(count.format(log)).fetchall()) if log else {}
        found = connection.execute(f"SELECT count(*) FROM ({labels})").fetchone() if labels else None
    known = sum(rows for name, rows in by_version.items() if name in numbers)
    taken = Taken(sum(by_version.values()), known, found[0] if found else 0)
    if taken.rows and not taken.known:
        raise InputError(
            f"The {taken.rows:,} rows in {folder} were predicted by {', '.join(sorted(by_version)[:3])}.",
            f"None of them is a version of {registered.name}.",
            "Register the model that the service runs, or name the one that it belongs to.",
        )
    save_settings(registered, there)
    return taken


def _union(folders: Sequence[Path], what: str, columns: dict[str, str]) -> str:
    """Return SQL over every part of logs, empty where there is none; a line that was cut is left out."""
    parts = sorted(path for folder in folders for path in (folder / what).glob("*.parquet"))
    lines = sorted(path for folder in folders for path in (folder / what).glob("*.jsonl"))
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
    return " UNION ALL ".join(found)


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


def inputs_of(logged: pd.DataFrame) -> pd.DataFrame:
    """Return the logged inputs as a table again, one column each; empty for requests that failed."""
    records = [json.loads(text) for text in logged["inputs"].dropna()]
    return pd.DataFrame.from_records(records)
