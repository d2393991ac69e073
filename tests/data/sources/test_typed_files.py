"""Parquet, Arrow and JSON: what their types become, what is flattened, what is refused."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from automl_core.data.dataset import create_dataset
from automl_core.data.rereading import change_kind
from automl_core.data.sources.recognise import recognise
from automl_core.errors import InputError
from tests.data.sources.conftest import Read, rows

TABLE = pa.table(
    {
        "whole": pa.array([1, None, 3], pa.int16()),
        "long": pa.array([2**60, 1, 2]),
        "share": pa.array([0.5, None, 1.5]),
        "word": pa.array(["a", None, "NA"]),
        "code": pa.array(["a", "b", "a"]).dictionary_encode(),
        "flag": pa.array([True, None, False]),
        "at": pa.array([datetime(2024, 1, 1, 12, tzinfo=UTC), None, None], pa.timestamp("us", "Europe/Rome")),
        "far": pa.array([datetime(9999, 1, 1), None, None], pa.timestamp("us")),
        "list": pa.array([[1, 2], None, []]),
        "deep": pa.array([{"x": 1, "y": "q"}, None, {"x": 2, "y": "r"}]),
    }
)


def parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def arrow(table: pa.Table) -> bytes:
    out = io.BytesIO()
    feather.write_feather(table, out)
    return out.getvalue()


@pytest.mark.parametrize("write", [parquet, arrow])
def test_types_are_kept_and_what_is_no_value_is_text(read: Read, write: object) -> None:
    table = read(write(TABLE))  # type: ignore[operator]
    frame = table.frame
    assert list(frame.columns) == ["whole", "long", "share", "word", "code", "flag", "at", "far", "list", "deep.x", "deep.y"]
    np.testing.assert_array_equal(frame["whole"], [1, np.nan, 3])
    assert frame["long"].to_list() == ["1152921504606846976", "1", "2"]
    assert frame["word"].to_list() == ["a", "", "NA"]
    assert frame["code"].to_list() == ["a", "b", "a"]
    assert frame["flag"].to_list() == ["true", "", "false"]
    assert frame["at"].to_list()[0] == pd.Timestamp("2024-01-01 12:00")
    assert frame["far"].to_list() == ["9999-01-01 00:00:00.000000", "", ""]
    assert frame["list"].to_list() == ["[1, 2]", "", "[]"]
    assert frame["deep.y"].to_list() == ["q", "", "r"]
    assert table.report.notes == (
        "Nested values became columns of their own, such as 'deep.…'.",
        "Lists stand as text in 'list'.",
        "Moments of another time zone are given in UTC in 'at'.",
    )


def test_bytes_are_no_numbers(read: Read) -> None:
    """Regression: the letters ab, written as 6162, became a number."""
    assert rows(read(parquet(pa.table({"raw": [b"ab", None]})))) == [["raw"], ["0x6162"], [""]]


def test_a_typed_file_becomes_a_dataset_whose_kinds_can_be_overruled(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(parquet(TABLE))
    data = create_dataset(tmp_path / "ds", path, "a")
    assert [column.kind for column in data.schema][:8] == [
        "number", "id", "number", "category", "category", "boolean", "date", "category",
    ]  # fmt: skip
    data = change_kind(data, "whole", "category")
    assert data.frame()["whole"].to_list()[::2] == ["1", "3"]
    assert data.schema["whole"].evidence == "Chosen by you."


@pytest.mark.parametrize("content", [parquet(TABLE)[:400], b"PAR1" + b"\0" * 60 + b"PAR1", arrow(TABLE)[:400]])
def test_a_damaged_file_is_refused(read: Read, content: bytes) -> None:
    with pytest.raises(InputError) as caught:
        read(content)
    assert str(caught.value).startswith("file.dat is damaged: ")


def test_a_few_bytes_that_claim_billions_of_cells_are_refused(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("automl_core.data.sources.columnar.MAX_CELLS", 20)
    with pytest.raises(InputError) as caught:
        read(parquet(TABLE))
    assert str(caught.value).startswith("file.dat has 3 rows of 11 columns. Up to 20 cells are read.")


@pytest.mark.parametrize(
    ("text", "expected", "notes"),
    [
        ('[{"a": 1}, {"b": "x"}]', [["a", "b"], [1.0, ""], [None, "x"]], ()),
        (
            '[{"n": {"x": 1, "d": {"e": 2}}, "l": [1, "ü"]}]',
            [["n.x", "n.d", "l"], [1, '{"e": 2}', '[1, "ü"]']],
            (
                "Nested objects became columns of their own, such as 'n.x'.",
                "Lists and deeper objects stand as text in 'n.d', 'l'.",
            ),
        ),
        ('{"took": 3, "rows": [{"a": 1}, {"a": 2}]}', [["a"], [1], [2]], ("The rows are those under 'rows'.",)),
        ('{"a": [1, 2], "b": ["x", "y"]}', [["a", "b"], [1, "x"], [2, "y"]], ()),
        ('[["a", "b"], [1, 2]]', [["a", "b"], [1, 2]], ("The first list names the columns.",)),
        ('{"k1": {"a": 1}, "k2": {"a": 2}}', [["key", "a"], ["k1", 1], ["k2", 2]], None),
        ('{"a": true, "b": "007"}\n{"a": false}\n', [["a", "b"], ["true", "007"], ["false", ""]], ()),
    ],
)
def test_json_of_every_shape_is_a_table(read: Read, text: str, expected: list[list[object]], notes: object) -> None:
    table = read(text.encode())
    found = [[None if cell != cell else cell for cell in row] for row in rows(table)]
    assert found == expected
    if notes is not None:
        assert table.report.notes == notes


def test_lines_that_are_no_objects_are_kept_aside(read: Read) -> None:
    table = read(b'{"a": 1}\nnonsense\n[1, 2]\n\n{"a": 2}\n')
    assert rows(table) == [["a"], [1], [2]]
    assert [(row.line, row.text, row.reason) for row in table.report.refused] == [
        (2, "nonsense", "no JSON that can be read"),
        (3, "[1, 2]", "no JSON object"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_json_in_every_encoding(read: Read, encoding: str) -> None:
    text = json.dumps([{"a": "Müller"}, {"a": "Größe"}, {"a": "Käse"}], ensure_ascii=False)
    assert rows(read(text.encode(encoding))) == [["a"], ["Müller"], ["Größe"], ["Käse"]]


NEEDED = "A list of objects, one object a line, or an object of lists of equal length is read as a table."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[{}]", f"file.dat has objects, but none of them has a name with a value. {NEEDED}"),
        ('[{"a": 1},\n {"a": }]', f"file.dat is no JSON that can be read in line 2: Expecting value. {NEEDED}"),
        ('[{"a": ' + "[" * 90_000 + "]" * 90_000 + "}]", f"file.dat is nested too deeply. {NEEDED}"),
        ('[{"a": ' + "9" * 5000 + "}]", f"file.dat is no JSON that can be read. {NEEDED}"),
        ('{"a": 1, "b": "x"}', f"file.dat is JSON, but no table. {NEEDED}"),
    ],
)
def test_json_without_a_table_is_refused(read: Read, text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read(text.encode())
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "text", ["a,b\n{x},1\n", "[a],[b]\n1,2\n", '"a","b"\n1,2\n', '{"a",1}\n', "[1, 2, 3]\n", "[note] see below\na,b\n1,2\n"]
)
def test_text_with_brackets_is_no_json(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a"
    path.write_text(text)
    assert recognise(path) == "text"
