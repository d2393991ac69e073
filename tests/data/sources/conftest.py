"""What the tests of sources share."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from automl_core.data.origin import Choice
from automl_core.data.report import TextTable
from automl_core.data.sources.opening import read_any

Read = Callable[..., TextTable]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write bytes as a file whose name says nothing, and read it."""

    def write_and_read(content: bytes, **chosen: object) -> TextTable:
        path = tmp_path / "file.dat"
        path.write_bytes(content)
        return read_any(path, Choice(**chosen))  # type: ignore[arg-type]

    return write_and_read


def rows(table: TextTable) -> list[list[object]]:
    """Return names and cells as plain lists."""
    return [list(table.frame.columns), *table.frame.to_numpy(dtype=object).tolist()]


def zipped(files: dict[str, bytes]) -> bytes:
    """Return a zip archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()
