"""Compressed files: each way, several streams in one file, cut ones, bombs, and which file of an archive is read."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from automl_core.data.sources.opening import choice_of_parts
from automl_core.errors import InputError
from tests.data.sources.conftest import Read, rows, zipped

TABLE = b"a,b\n1,x\n2,y\n"
CELLS = [["a", "b"], ["1", "x"], ["2", "y"]]
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.compress,
}


@pytest.mark.parametrize("packing", PACKERS)
def test_a_compressed_table_is_read_whatever_its_name(read: Read, packing: str) -> None:
    table = read(PACKERS[packing](TABLE))
    assert rows(table) == CELLS
    assert table.report.origin.packing == packing
    assert table.report.origin.sentence == f"Unpacked from {packing}."


@pytest.mark.parametrize("packing", PACKERS)
def test_streams_one_after_another_are_one_file(read: Read, packing: str) -> None:
    pack = PACKERS[packing]
    assert rows(read(pack(TABLE) + pack(b"3,z\n"))) == [*CELLS, ["3", "z"]]


@pytest.mark.parametrize("packing", PACKERS)
def test_a_cut_file_is_refused_and_not_read_in_part(read: Read, packing: str) -> None:
    """zstandard's stream reader takes the end of a cut file for the end of the table."""
    with pytest.raises(InputError) as caught:
        read(PACKERS[packing](TABLE * 1000)[:-6])
    assert str(caught.value) == (
        f"file.dat cannot be unpacked: the {packing} archive is damaged, cut off, or needs more memory than is allowed. "
        "Send or export the file again."
    )


@pytest.mark.parametrize("packing", PACKERS)
def test_a_bomb_is_stopped_by_its_ratio(read: Read, packing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("automl_core.data.sources.unpacking.FREE_BYTES", 1 << 18)
    with pytest.raises(InputError) as caught:
        read(PACKERS[packing](b"a,b\n" + b"0,0\n" * (1 << 20)))
    assert str(caught.value) == (
        "file.dat unpacks to more than 250 times its size. Tables never do; files made to fill a disk do. "
        "Unpack it yourself and choose the table in it, if you trust it."
    )


def test_what_unpacks_to_more_than_the_limit_is_refused(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("automl_core.data.sources.unpacking.MAX_BYTES", 1000)
    with pytest.raises(InputError) as caught:
        read(gzip.compress(TABLE * 100))
    assert str(caught.value).startswith("file.dat unpacks to more than 0.0 MB.")


def test_a_table_comes_before_a_larger_picture_and_a_fault_names_the_file(read: Read) -> None:
    """Regression: the archive itself was called a picture, and its table could not be chosen."""
    picture = b"\x89PNG\r\n\x1a\n" + b"0" * 9000
    table = read(zipped({"pic.png": picture, "a.csv": TABLE}))
    assert (rows(table), table.report.origin.members) == (CELLS, ("pic.png", "a.csv"))
    with pytest.raises(InputError) as caught:
        read(zipped({"pic.png": picture, "more.png": b"x"}))
    assert str(caught.value).startswith("pic.png in file.dat is a PNG picture, whatever its name says.")


def test_the_largest_file_of_an_archive_is_read_and_paths_in_it_are_only_shown(read: Read, tmp_path: Path) -> None:
    content = zipped({"../../evil.csv": TABLE, "b/small.csv": b"q\n1\n", "__MACOSX/x": b"junk" * 99, "b/.hidden": b"junk" * 99})
    table = read(content)
    assert rows(table) == CELLS
    assert table.report.notes == ("'../../evil.csv' was read, the largest table of 2 files in the archive.",)
    assert table.report.origin.members == ("../../evil.csv", "b/small.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file.dat"]
    assert rows(read(content, member="b/small.csv")) == [["q"], ["1"]]


def test_a_part_is_named_at_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"x.csv": TABLE, "y.csv": TABLE}))
    assert choice_of_parts(path, ["y.csv"]).member == "y.csv"
    assert choice_of_parts(path, ["Prices", "y.csv"]).sheet == "Prices"
    plain = tmp_path / "a.csv"
    plain.write_bytes(TABLE)
    assert choice_of_parts(plain, ["2"]).table == 2
    with pytest.raises(InputError) as caught:
        choice_of_parts(plain, ["One", "Two"])
    assert str(caught.value) == "2 parts are named: One, Two. One sheet or table is read. Name one."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(gzip.compress(TABLE)), "file.dat is compressed more than once."),
        (gzip.compress(b"x" * 257 + b"ustar" + b"0" * 300), "file.dat is a tar archive."),
        (zipped({"b/": b""}), "file.dat is an empty zip archive."),
        (zipped({"word/document.xml": b"", "[Content_Types].xml": b""}), "file.dat is an office document without sheets."),
        (zipped({"a": TABLE})[:-9], "file.dat is a damaged zip archive."),
        (zipped({"é": TABLE}).replace("é".encode(), b"\0\0"), "file.dat is an empty zip archive."),
        (zipped({"é": TABLE}).replace("é".encode(), b"\xa0\xa0"), "file.dat is a damaged zip archive."),
        (zipped({"é": TABLE}).replace("é".encode(), b"\xa0\xa0", 1), "file.dat cannot be unpacked: the zip archive is damaged"),
    ],
    # gzip writes the time, so that the bytes would name another test
    ids=["twice", "tar", "empty", "document", "damaged", "nameless", "no such letter", "no such letter above the file"],
)
def test_what_holds_no_table_is_refused(read: Read, content: bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read(content)
    assert str(caught.value).startswith(message)


def test_a_file_that_an_archive_lacks_is_named(read: Read) -> None:
    with pytest.raises(InputError) as caught:
        read(zipped({"a.csv": TABLE}), member="b.csv")
    assert str(caught.value) == "file.dat holds no file 'b.csv'. It holds 'a.csv'. Choose one of them."
