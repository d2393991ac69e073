"""Keys of words: words with the same key are spelling variants of each other.

The first three are OpenRefine's, sign by sign, after its documentation ("Clustering methods in depth") and its test tables:
fingerprint, n-gram fingerprint, and Cologne phonetics as Apache Commons Codec computes it (Postel, 1969). Double Metaphone
(Philips, 2000) is that of the package `metaphone`, and the others are jellyfish's under their own names.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

# Letters that decomposition leaves alone, and what stands for them.
_LETTERS = {
    "ß": "ss", "æ": "ae", "ø": "oe", "©": "c", "ð": "d", "đ": "d", "ɖ": "d", "þ": "th", "ƿ": "w", "ħ": "h", "ı": "i", "ĸ": "k",
    "ł": "l", "ŋ": "n", "ſ": "s", "ŧ": "t", "œ": "oe", "ẜ": "s", "ẝ": "s",
}  # fmt: skip
_CONTROLS = {*range(0x09), *range(0x0E, 0x20), *range(0x7F, 0x85), *range(0x86, 0xA0)}


@dataclass(frozen=True)
class Keyer:
    """One way to key words.

    Parameters
    ----------
    name, label : str
    help : str
        When it is useful, in plain words.
    compute : callable
        Takes a word and gives its key, empty where there is none.
    """

    name: str
    label: str
    help: str
    compute: Callable[[str], str]


@functools.cache
def _folding() -> dict[int, str | None]:
    """Return what each sign of a lower-case, decomposed word becomes: marks, punctuation and controls go."""
    table: dict[int, str | None] = dict.fromkeys(_CONTROLS)
    for point in range(0x20000):  # beyond are ideographs and private signs
        category = unicodedata.category(chr(point))
        if category in ("Lm", "Sk") or category[0] == "P" or 0x300 <= point <= 0x36F:
            table[point] = None
    table.update({ord(letter): plain for letter, plain in _LETTERS.items()})
    return table


def _folded(word: str) -> str:
    lower = word.strip().lower()
    return (lower if lower.isascii() else unicodedata.normalize("NFKD", lower)).translate(_folding())


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-be", "surrogatepass")


def fingerprint(word: str) -> str:
    """Return the distinct words of a text, folded to plain lower case, in alphabetical order."""
    parts = set(_folded(word).split())
    plain = all(part.isascii() for part in parts)
    return " ".join(sorted(parts) if plain else sorted(parts, key=_utf16))


def ngram_fingerprint(word: str, size: int = 2) -> str:
    """Return the distinct groups of `size` letters of a text without spaces, folded, in alphabetical order."""
    text = "".join(_folded(word).split())
    grams = {text[place : place + size] for place in range(len(text) - size + 1)}
    return "".join(sorted(grams) if text.isascii() else sorted(grams, key=_utf16))


def cologne(word: str) -> str:
    """Return the Cologne phonetic code: digits for the sounds of German."""
    text = word.upper().replace("Ä", "A").replace("Ö", "O").replace("Ü", "U")
    found: list[str] = []
    last_code, last = "/", "-"

    def put(code: str) -> None:
        nonlocal last_code
        if code != "-" and code != last_code and (code != "0" or not found):
            found.append(code)
        last_code = code

    for place, sign in enumerate(text):
        if not "A" <= sign <= "Z":
            continue
        after = text[place + 1] if place + 1 < len(text) else "-"
        if sign in "AEIJOUY":
            put("0")
        elif sign == "B" or (sign == "P" and after != "H"):
            put("1")
        elif sign in "DT" and after not in "CSZ":
            put("2")
        elif sign in "FPVW":
            put("3")
        elif sign in "GKQ":
            put("4")
        elif sign == "X" and last not in "CKQ":
            put("4")
            put("8")
        elif sign in "SZ":
            put("8")
        elif sign == "C":
            hard = after in "AHKLOQRUX" if not found else last not in "SZ" and after in "AHKOQUX"
            put("4" if hard else "8")
        elif sign in "DTX":
            put("8")
        else:
            put({"R": "7", "L": "5", "M": "6", "N": "6"}.get(sign, "-"))
        last = sign
    return "".join(found)


def double_metaphone(word: str) -> str:
    """Return the first Double Metaphone code of each word of a text."""
    import metaphone

    # The package knows these two letters; what else is beyond ASCII it would drop.
    letters = (
        sign if sign in "çñ" else _folded(sign) or " " * sign.isspace() for sign in unicodedata.normalize("NFC", word.lower())
    )
    words = "".join(sign if sign.isalpha() else " " for part in letters for sign in part).split()
    return " ".join(code for part in words if (code := str(metaphone.doublemetaphone(part)[0])))


def _jellyfish(name: str) -> Callable[[str], str]:
    def compute(word: str) -> str:
        import jellyfish

        # These codes are made for plain letters; one code for each word of a text.
        words = "".join(sign if sign.isascii() and sign.isalpha() else " " for sign in _folded(word)).split()
        return " ".join(code for part in words if (code := str(getattr(jellyfish, name)(part))))

    return compute


KEYERS: dict[str, Keyer] = {
    keyer.name: keyer
    for keyer in (
        Keyer("fingerprint", "Fingerprint", "The same words in any order, case and punctuation.", fingerprint),
        Keyer(
            "ngram", "N-gram fingerprint", "The same pairs of letters; finds doubled letters and moved spaces.", ngram_fingerprint
        ),
        Keyer("cologne", "Cologne phonetics", "The same sound in German: Meyer and Maier.", cologne),
        Keyer("metaphone", "Metaphone", "The same sound in English: Stephen and Steven.", _jellyfish("metaphone")),
        Keyer(
            "double_metaphone",
            "Double Metaphone",
            "The same sound in names of many origins: Catherine and Kathryn.",
            double_metaphone,
        ),
        Keyer("soundex", "Soundex", "Roughly the same sound in English names.", _jellyfish("soundex")),
        Keyer("nysiis", "NYSIIS", "The same sound in American names.", _jellyfish("nysiis")),
        Keyer("match_rating", "Match rating", "The same consonants in names.", _jellyfish("match_rating_codex")),
    )
}
