"""A model's zip file, opened with suspicion: paths, sizes and hashes are checked before anything is rebuilt."""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from automl_core.errors import FormatError, NotFoundError

FORMAT = 1
MAX_FILES = 5000
MAX_BYTES = 4 * 1024**3
MAX_RATIO = 200
"""Uncompressed to compressed size beyond which a file is a bomb; ours stay below 30."""
RATIO_FROM = 50 * 1024**2
UNREADABLE = (ValueError, EOFError, OSError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What reading a damaged zip raises: no one class covers it."""


def read_archive(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Read and verify an archive.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict
        The manifest.
    dict of str to bytes
        The data files by name (the copied code is verified, but not kept).

    Raises
    ------
    NotFoundError
        When there is no such file.
    FormatError
        With the reason, when it is no archive of ours, unsafe, incomplete or altered.
    """
    if (path / "manifest.json").is_file():
        return _unpacked(path)
    if not path.is_file():
        raise NotFoundError(f"There is no model file {path.name}.", action="Check the path, or export the model again.")
    try:
        with zipfile.ZipFile(path) as archive:
            check_members(archive, path.name)
            return _verified(archive, path.name)
    except FormatError:
        raise
    except UNREADABLE as error:
        raise FormatError(
            f"{path.name} is no readable zip file: {error}.", action="Export or download the model again."
        ) from error


def check_members(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse an archive whose paths lead outside it or whose content is too large; nothing is unpacked for it."""
    entries = archive.infolist()
    if len(entries) > MAX_FILES:
        raise FormatError(f"{name} holds {len(entries):,} files.", f"A model has fewer than {MAX_FILES}.", "Do not use it.")
    if len({entry.filename for entry in entries}) < len(entries):
        raise FormatError(f"{name} holds two files of one name.", action="Do not use it; export the model again.")
    for entry in entries:
        parts = PurePosixPath(entry.filename).parts
        if entry.filename.startswith(("/", "\\")) or ".." in parts or "\\" in entry.filename or ":" in entry.filename:
            raise FormatError(
                f"{name} holds the path {entry.filename!r}, which leads outside of it.", action="Do not use this file."
            )
    total, packed = sum(entry.file_size for entry in entries), sum(entry.compress_size for entry in entries)
    if total > MAX_BYTES or (total > RATIO_FROM and total > MAX_RATIO * max(packed, 1)):
        raise FormatError(
            f"{name} would unpack to {total / 1024**2:,.0f} MB.", "No model of this size is read.", "Do not use this file."
        )


def _verified(archive: zipfile.ZipFile, name: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    names = {entry.filename for entry in archive.infolist() if not entry.is_dir()}
    if "manifest.json" not in names:
        raise FormatError(f"{name} has no manifest.json.", "A model file of Tablewright has one.", "Choose another file.")
    manifest = parse_json(archive.read("manifest.json"), "manifest.json")
    listed = manifest.get("files") if isinstance(manifest, dict) else None
    if isinstance(listed, dict):
        for missing in sorted(set(listed) - names):
            raise FormatError(f"{name} is incomplete: {missing} is missing.", action="Export or download the model again.")
        for extra in sorted(names - set(listed) - {"manifest.json"}):
            raise FormatError(f"{name} was altered: it holds {extra}, which its manifest does not list.", action="Do not use it.")
    return _checked(manifest, archive.read, name)


def _checked(manifest: Any, read: Callable[[str], bytes], name: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the manifest and the files that it lists, each as it was exported."""
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        found = manifest.get("format") if isinstance(manifest, dict) else type(manifest).__name__
        raise FormatError(
            f"{name} has format {found!r}.", f"This version reads format {FORMAT}.", "Use the version that exported it."
        )
    hashes = manifest.get("files")
    if not isinstance(hashes, dict):
        raise FormatError(f"{name} lists no hashes of its files.", action="Export the model again.")
    files = {}
    for entry, expected in hashes.items():
        data = read(entry)
        if hashlib.sha256(data).hexdigest() != expected:
            raise FormatError(
                f"{name} was altered: {entry} is not what was exported (its SHA-256 differs).",
                action="Export or download the model again.",
            )
        if not entry.startswith("automl_core/"):
            files[entry] = data
    return manifest, files


def _unpacked(folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Read and verify the folder that an archive was unpacked into; what else lies in it is not looked at."""
    root = folder.resolve()
    name = root.name

    def read(entry: str) -> bytes:
        place = (root / entry).resolve()
        if not place.is_relative_to(root):
            raise FormatError(f"{name} names the path {entry!r}, which leads outside of it.", action="Do not use it.")
        try:
            return place.read_bytes()
        except FileNotFoundError as error:
            raise FormatError(f"{name} is incomplete: {entry} is missing.", action="Unpack the model again.") from error

    return _checked(parse_json(read("manifest.json"), "manifest.json"), read, name)


def fingerprint(manifest: dict[str, Any]) -> str:
    """Return what a model calls itself outside of a registry: the beginning of a hash over its files, 12 characters."""
    return hashlib.sha256(repr(sorted(manifest["files"].items())).encode()).hexdigest()[:12]


def name_of(path: Path) -> str:
    """Return the `fingerprint` of an archive whose files are not looked at; raises FormatError when it cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            return fingerprint(parse_json(archive.read("manifest.json"), "manifest.json"))
    except (*UNREADABLE, LookupError, TypeError) as error:
        raise FormatError(f"{path.name} is no model file: {error}.", action="Export or download the model again.") from error


def parse_json(data: bytes, name: str) -> Any:
    """Read JSON bytes; raises FormatError with the file's name."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{name} is damaged: {error}.", action="Export the model again.") from error
