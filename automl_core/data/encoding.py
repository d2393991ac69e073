"""How a file's letters are stored, found from its bytes."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

from automl_core.errors import InputError, StorageError

ODD_BYTES = 1 << 16
"""Bytes of lines beyond ASCII that are looked at."""

PLAIN = 0.67
"""Largest share of letters beyond ASCII in words of the Latin alphabet that have any; others have hardly any."""

SPOTS = 32
SPOT_BYTES = 1 << 16
"""Pieces of a large file that speak for the rest, where another reader checks every letter afterwards."""

BROKEN = "Letters that {} does not have were read as \ufffd."

_WESTERN = ("cp1252", "cp1250", "mac_roman")
"""Encodings of the Latin alphabet that spreadsheets write, the usual one first."""
_EUROPEAN = frozenset(
    ("latin_1", "iso8859_1", "iso8859_2", "iso8859_15", "cp1250", "cp1252", "cp1254", "cp1257", "mac_roman", "mac_latin2")
)
# fmt: off
_ONE_BYTE = frozenset((
    "cp1251", "cp855", "cp866", "iso8859_5", "koi8_r", "koi8_u", "mac_cyrillic", "cp1253", "iso8859_7",
    "cp1255", "iso8859_8", "cp1256", "iso8859_6", "cp874", "tis_620",
))
_OTHERS = _ONE_BYTE | {
    "big5", "big5hkscs", "cp932", "cp949", "cp950", "euc_jp", "euc_kr", "gb18030", "gb2312", "gbk", "shift_jis",
}
# fmt: on
"""Encodings of other alphabets that files are found in; of a few words charset-normalizer makes any of its ninety."""
_RARE = frozenset(b"\x81\x83\x86\x87\x88\x8b\x8d\x8f\x90\x98\x9b\x9d")
"""Bytes that hold control codes or signs nobody types in the Windows code pages of the Latin alphabet."""


def find_encoding(head: bytes, path: Path) -> str:
    """Return a file's encoding.

    A byte order mark decides, then UTF-8 where the whole file is, but for a letter that was cut off at its end or a few
    broken ones. In what is left, letters beyond ASCII that stand alone among others speak for the Latin alphabet, and runs
    of them for another one, which charset-normalizer guesses.
    """
    if head.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if looks_utf16(head):
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    try:
        with open(path, encoding="utf-8", newline="") as file:
            while file.read(1 << 22):
                pass
        return "utf-8"
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            return "utf-8"
    odd = _around_odd_bytes(path)
    if _mostly_utf8(odd):
        return "utf-8"
    if _latin(odd):
        return min(_WESTERN, key=lambda name: _strangeness(odd, name))
    from charset_normalizer import from_bytes

    guesses = [str(match.encoding) for match in from_bytes(odd, explain=False)]
    # The small letters of the Macintosh are those of Windows; only its capitals tell the two apart.
    capitals = any(0x80 <= byte < 0xA0 for byte in odd)
    high = [byte for byte in odd if byte > 127]
    # One of the most frequent Cyrillic letters is one of the rarest of Greek.
    greek = high.count(0xE0) < 0.02 * len(high)
    others = [name for name in guesses if name in _OTHERS and (capitals or name != "mac_cyrillic")]
    others = [name for name in others if greek or name not in ("cp1253", "iso8859_7")]
    together = _together(odd) > 0.5
    if together and sum(byte >= 0xC0 for byte in high) > 0.9 * len(high) and not (others and others[0] in _ONE_BYTE):
        # Whole words whose bytes are from 0xC0 on: Cyrillic, of which most letters are small. The alphabets of two bytes use
        # those below, too, but of a few words charset-normalizer takes one for the other.
        return "cp1251" if sum(byte >= 0xE0 for byte in high) > 0.5 * len(high) else "koi8_r"
    if others and (guesses[0] not in _EUROPEAN or together):
        return others[0]
    return min(_WESTERN, key=lambda name: _strangeness(odd, name))


def spot_utf8(head: bytes, path: Path) -> str:
    """Return ``"utf-8"`` when pieces from all over a large file are, and it begins as nothing else; otherwise nothing."""
    if head.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")) or looks_utf16(head):
        return ""
    size = path.stat().st_size
    with open(path, "rb") as file:
        for spot in range(SPOTS):
            file.seek(spot * max(size - SPOT_BYTES, 0) // (SPOTS - 1))
            # A letter of UTF-8 has up to four bytes, so a piece may begin and end within one.
            piece = file.read(SPOT_BYTES).lstrip(bytes(range(0x80, 0xC0)))
            try:
                piece.decode("utf-8")
            except UnicodeDecodeError as error:
                if error.reason != "unexpected end of data":
                    return ""
    return "utf-8"


def looks_utf16(head: bytes) -> bool:
    """Return whether every other byte is mostly zero, as in UTF-16 without a byte order mark."""
    sample = head[:2000]
    return len(sample) > 20 and max(sample[::2].count(0), sample[1::2].count(0)) > 0.35 * len(sample)


def _around_odd_bytes(path: Path) -> bytes:
    """Return up to 64 KB of the lines that hold bytes beyond ASCII, since only these tell encodings apart."""
    kept: list[bytes] = []
    size = 0
    with open(path, "rb") as file:
        for line in file:
            if not line.isascii():
                kept.append(line[:4096])
                size += len(kept[-1])
                if size > ODD_BYTES:
                    break
    return b"".join(kept)


def _mostly_utf8(odd: bytes) -> bool:
    """Return whether letters of UTF-8 outnumber broken ones two to one; other encodings hardly ever form them."""
    text = odd.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    return sum(not letter.isascii() for letter in text) - broken > 2 * broken


def _latin(odd: bytes) -> bool:
    """Return whether the bytes beyond ASCII stand alone among letters, and are ones the Latin code pages use."""
    high = [byte for byte in odd if byte > 127]
    if len(high) < 3:
        return True  # too few to speak for a rarer alphabet
    if sum(byte in _RARE for byte in high) >= 0.1 * len(high):
        return False
    return _together(odd) < 0.25 or _among_plain(odd)


def _among_plain(odd: bytes) -> bool:
    """Return whether words with letters beyond ASCII are made of plain ones for the most part, as in Größe."""
    words = re.findall(rb"[A-Za-z\x80-\xff]+", odd)
    marked = [(len(word), sum(byte > 127 for byte in word)) for word in words if not word.isascii()]
    letters, beyond = sum(length for length, _ in marked), sum(count for _, count in marked)
    text = bytes(byte for byte in odd if byte > 127).decode("cp1252", errors="replace")
    return beyond <= PLAIN * letters and sum(map(str.isalpha, text)) >= 0.8 * len(text)


def _together(odd: bytes) -> float:
    """Return the share of the bytes beyond ASCII that stand beside another one."""
    places = {position for position, byte in enumerate(odd) if byte > 127}
    return sum(position - 1 in places or position + 1 in places for position in places) / max(len(places), 1)


def _strangeness(odd: bytes, encoding: str) -> int:
    """Return how often a decoding puts a sign before a small letter, or a capital beyond ASCII behind one."""
    text = odd.decode(encoding, errors="replace")
    strange = text.count("\ufffd")
    for left, right in itertools.pairwise(text):
        sign = not left.isascii() and unicodedata.category(left) in ("Sc", "Sk", "Sm", "So", "No", "Cc")
        strange += (sign and right.islower()) or (left.islower() and right.isupper() and not right.isascii())
    return strange


def decode(data: bytes, encoding: str, name: str) -> tuple[str, int]:
    """Return the text and how many letters could not be decoded."""
    try:
        return data.decode(encoding), 0
    except UnicodeDecodeError:
        text = data.decode(encoding, errors="replace")
        return text, text.count("\ufffd")
    except LookupError as error:
        raise InputError(f"{encoding!r} is no known encoding.", action=f"Choose another one for {name}.") from error


def reads_directly(encoding: str) -> bool:
    """Return whether a file of this encoding is one of UTF-8, too."""
    return encoding.lower().replace("_", "-") in ("utf-8", "utf-8-sig", "ascii")


def write_utf8(
    source: Path,
    out: Path,
    encoding: str,
    say: Callable[[float, str], None] = lambda done, doing: None,
    *,
    ends: str | None = "",
) -> int:
    """Write a file as UTF-8, without NUL bytes, and return how many letters could not be decoded.

    Parameters
    ----------
    source, out : Path
    encoding : str
    say : callable
        Takes how much of a whole reading is done, 0 to 0.2, and what is being done.
    ends : str or None
        None where lines end in several ways, which are made one; as `open` takes it.

    Raises
    ------
    StorageError
        When the disk is full.
    """
    broken, done, size = 0, 0, max(source.stat().st_size, 1)
    try:
        with (
            open(source, encoding=encoding, errors="replace", newline=ends) as read,
            open(out, "w", encoding="utf-8", newline="") as write,
        ):
            while block := read.read(1 << 22):
                broken += block.count("\ufffd")
                write.write(block.replace("\x00", ""))
                done += len(block)
                say(min(0.2 * done / size, 0.2), f"Turning {encoding} into UTF-8")
    except OSError as error:
        raise StorageError(
            f"{source.name} could not be turned into UTF-8: {error.strerror or error}.",
            action="Free some disk space, then try again.",
        ) from error
    return broken
