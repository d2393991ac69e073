"""One small table in every form of file, and packed in every way: the same cells."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
import xlsxwriter

from automl_core.data.dataset import create_dataset
from automl_core.data.origin import FORM_WORDS
from automl_core.data.sources.recognise import Content

ROWS = [(1.5, "Rome"), (2.0, "Oslo"), (None, "Rome")]
TEXT = b"size,town\n1.5,Rome\n2,Oslo\n,Rome\n"
FRAME = pd.DataFrame(ROWS, columns=["size", "town"])


def _workbook() -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        sheet = book.add_worksheet("Sizes")
        for place, row in enumerate([("size", "town"), *ROWS]):
            sheet.write_row(place, 0, row)
    return made.getvalue()


def _parquet() -> bytes:
    made = io.BytesIO()
    pa.parquet.write_table(pa.Table.from_pandas(FRAME), made)
    return made.getvalue()


def _arrow() -> bytes:
    made = io.BytesIO()
    pa.feather.write_feather(pa.Table.from_pandas(FRAME), made)
    return made.getvalue()


def _sqlite() -> bytes:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE sizes (size REAL, town TEXT)")
    database.executemany("INSERT INTO sizes VALUES (?, ?)", ROWS)
    database.commit()
    made = database.serialize()
    database.close()
    return made


def _zip() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("sizes.csv", TEXT)
    return made.getvalue()


FILES: dict[str, Callable[[], bytes]] = {
    "text": lambda: TEXT,
    "workbook": _workbook,
    "parquet": _parquet,
    "arrow": _arrow,
    "json": lambda: FRAME.to_json(orient="records").encode(),
    "json lines": lambda: FRAME.to_json(orient="records", lines=True).encode(),
    "sqlite": _sqlite,
}
"""A file of each form that is read."""
PACKED: dict[str, Callable[[], bytes]] = {
    "gzip": lambda: gzip.compress(TEXT),
    "bzip2": lambda: bz2.compress(TEXT),
    "xz": lambda: lzma.compress(TEXT),
    "zstd": lambda: bytes(pa.Codec("zstd").compress(TEXT)),
    "zip": _zip,
}
"""The text file in each packing that is undone."""


def test_every_form_and_packing_has_its_file() -> None:
    """A query of a database, which is no file, has its values in test_database."""
    assert set(FILES) == set(FORM_WORDS) - {"query"}
    assert set(PACKED) == set(get_args(get_args(Content)[0]))


@pytest.mark.parametrize(("form", "packing"), [*((form, "") for form in FILES), *(("text", packing) for packing in PACKED)])
def test_the_same_cells(tmp_path: Path, form: str, packing: str) -> None:
    source = tmp_path / "sizes"
    source.write_bytes(PACKED[packing]() if packing else FILES[form]())
    data = create_dataset(tmp_path / "ds", source, "sizes")
    assert (data.report.origin.form, data.report.origin.packing) == (form, packing)
    assert [(column.name, column.kind) for column in data.schema] == [("size", "number"), ("town", "category")]
    assert data.frame().astype(object).where(data.frame().notna(), None).to_numpy().tolist() == [list(row) for row in ROWS]
