"""The files of an exported model: which of our modules travel with it, and how the zip is written."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from automl_core.scoring.archive import read_archive
from automl_core.workspace import atomic_file

RUNTIME = (
    "__init__.py",
    "errors.py",
    "schema.py",
    "shapes.py",
    "workspace.py",
    "data/__init__.py",
    "data/parsing.py",
    "data/wording.py",
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
    "serving/parts.py",
    "serving/patience.py",
    "serving/run.py",
    "serving/source.py",
)
"""The modules that an exported model carries; they import nothing else of ours."""


def runtime_modules() -> list[tuple[str, bytes]]:
    """Return name and source of the modules that travel with a model."""
    root = Path(__file__).parent
    return [(name, (root / name).read_bytes()) for name in RUNTIME]


def to_bytes(data: Any, indent: int | None = 1) -> bytes:
    """Return plain data as JSON."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, indent=indent).encode("utf-8", "surrogatepass")


@contextmanager
def packed(path: Path) -> Iterator[Path]:
    """Give the zip of an exported model: the path itself, or for a folder a zip of its files that is gone afterwards.

    Raises
    ------
    FormatError
        When a file of the folder is missing or altered.
    """
    if not path.is_dir():
        yield path
        return
    manifest, _ = read_archive(path)
    with tempfile.TemporaryDirectory(prefix="tablewright-") as folder:
        out = Path(folder) / "model.zip"
        write_bundle(out, ((name, (path / name).read_bytes()) for name in ("manifest.json", *manifest["files"])), large=True)
        yield out


def write_bundle(out: Path, files: Iterable[tuple[str, bytes]], *, large: bool = False) -> None:
    """Write the zip, whole or not at all; the same files give the same bytes.

    The fitted parts of a `large` model are stored as they are.
    """
    with atomic_file(out) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            # A fixed time, so that the same model gives the same bytes.
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            fitted = name.endswith(".skops")
            # Numbers of a fitted model are hardly smaller at a higher level, and take many times as long; a large model's
            # would take seconds at any level, after the search and each time it is loaded.
            how = zipfile.ZIP_STORED if fitted and large else zipfile.ZIP_DEFLATED
            archive.writestr(entry, data, how, 1 if fitted or len(data) > 1024**2 else None)
