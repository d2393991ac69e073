"""Every run and version of a project over time, as one table; and as files that diff well."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from automl_core.errors import AutoMLError, InputError
from automl_core.leaderboard import Leaderboard
from automl_core.registry.records import Version
from automl_core.registry.store import Registered, list_registered
from automl_core.runs import Run
from automl_core.workspace import ProjectFolder, read_json, write_json

What = Literal["Run", "Version"]
MARK = ".tablewright"
"""File that says a folder was written by an export, and may be written again."""


@dataclass(frozen=True)
class Row:
    """One run or version.

    Parameters
    ----------
    what : What
    name : str
        Of the version, or of the run's recommended model.
    id : str
    when : float
        Seconds since the epoch.
    target, metric, table, aliases : str
    score, held_out : float or None
    rows : int or None
        What a version learned from.
    candidates : int or None
        Models that a run scored.
    """

    what: What
    name: str
    id: str
    when: float
    target: str
    metric: str
    table: str
    score: float | None
    held_out: float | None
    aliases: str = ""
    rows: int | None = None
    candidates: int | None = None


def history(project: ProjectFolder) -> list[Row]:
    """Return every run that has a score and every version, oldest first; damaged ones are left out."""
    rows: list[Row] = []
    for run_id in project.list("runs"):
        with contextlib.suppress(AutoMLError, KeyError, TypeError):
            rows.append(_run(Run(project.run(run_id))))
    for registered in list_registered(project):
        with contextlib.suppress(AutoMLError):
            now = registered.standing()
            rows += [_version(registered.name, registered.id, one, now.aliases_of(one.number)) for one in registered.versions()]
    return sorted(rows, key=lambda row: (row.when, row.name))


def _version(name: str, model_id: str, version: Version, aliases: tuple[str, ...]) -> Row:
    held = version.held_out.value if version.held_out else None
    table, rows = str(version.lineage["dataset"]), int(version.lineage["rows"])
    address, said = f"{name}@{version.number}", ", ".join(aliases)
    return Row(
        "Version", address, model_id, version.created, version.target, version.metric, table, version.score, held, said, rows
    )


def _run(run: Run) -> Row:
    from automl_core.relearning import held_out

    board, config = run.leaderboard(), run.config
    best = board[board.recommended] if board.recommended else board.ranked()[0]
    table = ""
    with contextlib.suppress(AutoMLError):
        table = run.dataset().name
    judged = held_out(run, best.id)
    return Row(
        "Run", best.name, run.id, (run.path / "request.json").stat().st_mtime, config.target, config.metric, table, best.score,
        judged.value if judged else None, candidates=sum(row.state == "scored" for row in board),
    )  # fmt: skip


def export(project: ProjectFolder, folder: Path) -> list[Path]:
    """Write what a project knows, without any row of its tables, as JSON with sorted keys and no times of writing.

    One file for each thing: ``project.json``, ``tables/ID.json`` (schema and fingerprint), ``runs/ID/`` (``config``,
    ``recipe``, ``leaderboard``, ``evaluation``), ``models/NAME/`` (``N.json``, ``log.json``, ``aliases.json``, how it is
    watched in ``monitor.json``, ``policies/ID.json``). Of the address that alerts are sent to it only says whether there is
    one, since such addresses are secrets. The same state gives the same bytes, so that a version control system shows what
    changed. Files of an earlier export that are no longer true are removed.

    Parameters
    ----------
    project : ProjectFolder
    folder : Path
        New, empty, a git working tree, or one written before.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    InputError
        When the folder holds other things.
    """
    ours = ("project.json", "tables", "runs", "models", MARK)
    if folder.exists():
        others = [path.name for path in folder.iterdir() if path.name not in (*ours, ".git", ".gitignore", "README.md")]
        known = (folder / MARK).exists() or (folder / ".git").exists() or not any(folder.iterdir())
        if not known or (others and not (folder / MARK).exists()):
            raise InputError(
                f"{folder} holds other files ({', '.join(sorted(others)[:5]) or 'not of an export'}).",
                "A new folder, an empty git repository or an earlier export is needed.",
                "Name another one.",
            )
    files: dict[str, Any] = {"project.json": {k: v for k, v in read_json(project.meta).items() if k != "format"}}
    for dataset_id in project.list("datasets"):
        with contextlib.suppress(AutoMLError):
            told = read_json(project.dataset(dataset_id) / "dataset.json")
            kept = ("name", "rows", "fingerprint", "schema", "created", "notes")
            files[f"tables/{dataset_id}.json"] = {name: told[name] for name in kept if name in told}
    for run_id in project.list("runs"):
        with contextlib.suppress(AutoMLError, KeyError, TypeError):
            files |= _run_files(Run(project.run(run_id)))
    for registered in list_registered(project):
        home = f"models/{registered.name.replace(' ', '_')}"
        with contextlib.suppress(AutoMLError):
            for version in registered.versions():
                files[f"{home}/{version.number}.json"] = version.to_dict()
            files[f"{home}/log.json"] = [vars(entry) for entry in registered.log()]
            files[f"{home}/aliases.json"] = registered.standing().aliases
        files |= {f"{home}/{name}": data for name, data in _settings(registered).items()}
    written = []
    for name, data in files.items():
        path = folder / name
        write_json(path, _sorted(data))
        written.append(path)
    (folder / MARK).write_text("Written by `export --git`; files below are replaced by the next one.\n", encoding="utf-8")
    for part in ("tables", "runs", "models"):
        for path in (folder / part).rglob("*.json"):
            if path not in written:
                path.unlink()
    return written


def _settings(registered: Registered) -> dict[str, Any]:
    """Return how a model is watched and its policies, as they are stored; damaged ones are left out."""
    files: dict[str, Any] = {}
    for path in [registered.folder / "monitor.json", *(registered.folder / "policies").glob("po*.json")]:
        with contextlib.suppress(AutoMLError):
            files[path.relative_to(registered.folder).as_posix()] = read_json(path)
    if watched := files.get("monitor.json"):
        files["monitor.json"] = {**watched, "webhook": bool(watched["webhook"])}
    return files


def _run_files(run: Run) -> dict[str, Any]:
    home = f"runs/{run.id}"
    files: dict[str, Any] = {f"{home}/config.json": run.config.to_dict(), f"{home}/recipe.json": run.recipe.to_dict()}
    with contextlib.suppress(AutoMLError):
        board: Leaderboard = run.leaderboard()
        files[f"{home}/leaderboard.json"] = {
            "metric": board.metric,
            "recommended": board.recommended,
            "candidates": {
                row.id: {
                    "name": row.name, "state": row.state, "score": row.score, "spread": row.spread, "metrics": row.metrics,
                    "params": row.params, "members": row.members,
                }
                for row in board
            },
        }  # fmt: skip
        evaluation = run.evaluation(board.recommended)
        if evaluation.exists():
            told = read_json(evaluation)
            files[f"{home}/evaluation.json"] = {name: told[name] for name in ("rows", "source", "metrics", "threshold")}
    return files


def _sorted(data: Any) -> Any:
    if isinstance(data, dict):
        return {str(name): _sorted(data[name]) for name in sorted(data, key=str)}
    if isinstance(data, list | tuple):
        return [_sorted(one) for one in data]
    return data
