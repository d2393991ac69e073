"""Compressed files, unpacked in pieces into a file of ours, within limits that no bomb passes."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from automl_core.data.reading import MAX_BYTES
from automl_core.data.wording import megabytes
from automl_core.errors import InputError, StorageError

DAMAGED_ZIP = (EOFError, OSError, RuntimeError, UnicodeDecodeError, zipfile.BadZipFile, zlib.error)
"""What reading a damaged zip raises: no one class covers it, and a name that is not the UTF-8 it says has its own."""
RATIO = 250
"""Most bytes that one compressed byte may become. Tables become ten or twenty; deflate alone can make a thousand."""
FREE_BYTES = 32 << 20
"""What is unpacked whatever its ratio: a small file of zeros does no harm."""
PIECE = 1 << 20
ZSTD_PIECE = 2048
"""Bytes that are given to zstd at a time: four of them may become 128 KB at once."""
NAME = "unpacked.part"
"""What the unpacked file is called while it is read."""
WINDOW = 1 << 27
"""Memory, in bytes, that a zstd or xz stream may ask for; their usual levels need less."""
TABLES = (
    *(".csv", ".tsv", ".txt", ".tab", ".dat", ".psv", ".xlsx", ".xlsm", ".xls", ".ods"),
    *(".parquet", ".feather", ".arrow", ".json", ".jsonl", ".ndjson", ".sqlite", ".db"),
)
"""What the names of tables end in: one of these in an archive comes before a larger picture or document."""
MAX_MEMBERS = 10_000


class Stream(Protocol):
    """What unpacks while it is read."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end."""
        ...


@dataclass(frozen=True)
class Unpacked:
    """A file that was taken out of another, and which others there were."""

    path: Path
    member: str = ""
    members: tuple[str, ...] = ()


def unpack(source: Path, packing: str, folder: Path, *, member: str = "", name: str = "", limit: int | None = None) -> Unpacked:
    """Unpack one file into `folder`, under a name of ours: names and paths inside an archive are only shown.

    Parameters
    ----------
    source : Path
    packing : str
        ``gzip``, ``bzip2``, ``xz``, ``zstd`` or ``zip``.
    folder : Path
    member : str, optional
        File of a zip archive; the largest when left out.
    name : str, optional
        What messages call the archive.
    limit : int, optional
        Most bytes that are unpacked.

    Raises
    ------
    InputError
        When the archive is damaged, protected, empty, or unpacks to more than the limits.
    StorageError
        When the disk is full.
    """
    name = name or source.name
    limit = MAX_BYTES if limit is None else limit
    out = folder / NAME
    try:
        if packing == "zip":
            return _unzip(source, out, member, name, limit)
        with open(source, "rb") as file:
            _pour(_OPENERS[packing](file), out, source.stat().st_size, name, limit)
        return Unpacked(out)
    except StorageError:
        raise
    except _damage() as error:
        raise InputError(
            f"{name} cannot be unpacked: the {packing} archive is damaged, cut off, or needs more memory than is allowed.",
            action="Send or export the file again.",
        ) from error


def _unzip(source: Path, out: Path, member: str, name: str, limit: int) -> Unpacked:
    with zipfile.ZipFile(source) as archive:
        members = [entry for entry in archive.infolist() if _is_file(entry)]
        if not members:
            raise InputError(f"{name} is an empty zip archive.", action="Choose an archive that holds a table.")
        if len(members) > MAX_MEMBERS:
            raise InputError(
                f"{name} holds {len(members):,} files.", f"Up to {MAX_MEMBERS:,} are looked at.", "Unpack it and choose one."
            )
        names = tuple(entry.filename for entry in members)
        if member and member not in names:
            raise InputError(f"{name} holds no file {member!r}.", f"It holds {_some(names)}.", "Choose one of them.")
        chosen = next((entry for entry in members if entry.filename == member), None)
        chosen = chosen or max(members, key=lambda entry: (Path(entry.filename).suffix.lower() in TABLES, entry.file_size))
        if chosen.flag_bits & 1:
            raise InputError(
                f"{name} is protected by a password.", "Archives are opened without one.", "Unpack it and choose the file in it."
            )
        try:
            with archive.open(chosen) as stream:
                _pour(stream, out, max(chosen.compress_size, 1), name, limit)
        except NotImplementedError as error:
            raise InputError(
                f"{name} is compressed in a way that is not read here.", action="Pack it with the usual method, or unpack it."
            ) from error
        return Unpacked(out, chosen.filename, names)


def _is_file(entry: zipfile.ZipInfo) -> bool:
    last = entry.filename.rpartition("/")[2]
    return bool(entry.filename) and not entry.is_dir() and not entry.filename.startswith("__MACOSX/") and not last.startswith(".")


def _pour(stream: Stream, out: Path, packed: int, name: str, limit: int) -> None:
    """Copy a stream, and stop where it becomes more than a table does."""
    total = 0
    with open(out, "wb") as file:
        while piece := stream.read(PIECE):
            total += len(piece)
            if total > limit:
                raise InputError(
                    f"{name} unpacks to more than {megabytes(limit)}.",
                    f"Tables up to {megabytes(limit)} are read.",
                    "Leave out columns or rows you do not need, or split the file and append its parts.",
                )
            if total > FREE_BYTES and total > RATIO * packed:
                raise InputError(
                    f"{name} unpacks to more than {RATIO} times its size.",
                    "Tables never do; files made to fill a disk do.",
                    "Unpack it yourself and choose the table in it, if you trust it.",
                )
            try:
                file.write(piece)
            except OSError as error:
                raise StorageError(
                    f"{name} could not be unpacked: {error.strerror or error}.", action="Free some disk space, then try again."
                ) from error


def _gzip(file: IO[bytes]) -> Stream:
    import gzip

    return gzip.GzipFile(fileobj=file)


def _bzip2(file: IO[bytes]) -> Stream:
    import bz2

    return bz2.BZ2File(file)


class _Zstd:
    """Frames of zstd one after another, each held to `WINDOW` bytes of memory; zstandard's own reader takes a cut for the end."""

    def __init__(self, file: IO[bytes]) -> None:
        import zstandard

        self._file = file
        self._fresh = zstandard.ZstdDecompressor(max_window_size=WINDOW).decompressobj
        self._decoder = self._fresh()

    def read(self, _: int, /) -> bytes:
        """Return what the next bytes become, none at the end; raises EOFError for a frame that is cut off."""
        piece = b""
        while not piece:
            given = self._decoder.unused_data if self._decoder.eof else b""
            given = given or self._file.read(ZSTD_PIECE)
            if not given:
                if not self._decoder.eof:
                    raise EOFError("the frame is cut off")
                return b""
            if self._decoder.eof:
                self._decoder = self._fresh()
            piece = self._decoder.decompress(given)
        return piece


class _Xz:
    """Streams of xz one after another, each held to `WINDOW` bytes of memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._decoder = lzma.LZMADecompressor(memlimit=WINDOW)

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end; raises EOFError for a stream that is cut off."""
        piece = b""
        while not piece:
            given = b""
            if self._decoder.eof:
                given = (self._decoder.unused_data or self._file.read(PIECE)).lstrip(b"\x00")
                if not given:
                    return b""
                self._decoder = lzma.LZMADecompressor(memlimit=WINDOW)
            elif self._decoder.needs_input:
                given = self._file.read(PIECE)
                if not given:
                    raise EOFError("the stream is cut off")
            piece = self._decoder.decompress(given, size)
        return piece


_OPENERS: dict[str, Callable[[IO[bytes]], Stream]] = {"gzip": _gzip, "bzip2": _bzip2, "xz": _Xz, "zstd": _Zstd}


def _damage() -> tuple[type[BaseException], ...]:
    import zstandard

    return (*DAMAGED_ZIP, lzma.LZMAError, zstandard.ZstdError)


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    return ", ".join(repr(name) for name in names[:5]) + more
