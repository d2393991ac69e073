"""Words that are probably the same one in other spellings, and columns of numbers with words in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from automl_core.cleaning.keys import fingerprint
from automl_core.cleaning.recipe import Step
from automl_core.profiling.alerts.base import Alert, Facts, Severity
from automl_core.profiling.wording import counted, listed, percent, quoted

COMPARED = 500
"""Most different words of a column that are compared letter by letter."""
LETTERS = 5
"""Letters that a word needs before one of them may differ."""
RARER = 5
"""How many times rarer than the right one a misspelt word is."""
NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d+)*|\.\d+)(?:[eE][+-]?\d+)?\s*%?")
DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?:[ T].*)?|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}(?: .*)?")
ODD = 20
"""Most different words among numbers that a step names."""


def variants(words: Sequence[tuple[str, int]]) -> dict[str, str]:
    """Return misspelt words with the more frequent one they probably are.

    Parameters
    ----------
    words : sequence of (str, int)
        Different words with their cells, most frequent first.

    Returns
    -------
    dict of str to str
        Words with the same `fingerprint`; and words of `LETTERS` letters and more, `RARER` times rarer than another, from
        which they differ by one letter (or two exchanged). Words that differ by a digit are different things.
    """
    from rapidfuzz.distance import OSA

    first: dict[str, str] = {}
    found: dict[str, str] = {}
    for word, _ in words:
        key = fingerprint(word)
        if key and key in first:
            found[word] = first[key]
        elif key:
            first[key] = word
    counts = dict(words)
    known = [(word, key) for key, word in first.items()][:COMPARED]
    for place, (word, key) in enumerate(known):
        if len(key) < LETTERS or word in found:
            continue
        for better, other in known[:place]:
            if counts[better] < RARER * counts[word]:
                break  # the words come by how frequent they are
            alike = abs(len(key) - len(other)) <= 1 and better not in found and _digits(key) == _digits(other)
            if alike and OSA.distance(key, other, score_cutoff=1) <= 1:
                found[word] = better
                break
    # What a word is merged into may itself have been merged.
    return {word: found.get(better, better) for word, better in found.items()}


def _digits(word: str) -> str:
    return "".join(sign for sign in word if sign.isdigit())


def spelling_variants(facts: Facts) -> Iterator[Alert]:
    """Values that are probably one value in several spellings."""
    for scan in facts.scans:
        c = scan.profile
        if c.kind not in ("category", "boolean"):
            continue
        found = {word: better for word, better in variants(scan.words).items() if _plain(word) != _plain(better)}
        if not found:
            continue
        word, better = next(iter(found.items()))
        values = counted(len(found), "value is", "values are")
        sentence = f"In {quoted(c.name)} {values} probably another one misspelt, such as {quoted(word)} for {quoted(better)}."
        step = Step("merge_values", {"column": c.name, "mapping": found}, sentence)
        severity: Severity = "problem" if c.name == facts.target else "warning"
        evidence = {"values": dict(list(found.items())[:20]), "count": len(found)}
        yield Alert("spelling_variants", severity, (c.name,), sentence, evidence, step)


def _plain(word: str) -> str:
    return " ".join(word.split()).casefold()


def mixed_kinds(facts: Facts) -> Iterator[Alert]:
    """Columns of words that mostly hold numbers, or dates."""
    for scan in facts.features:
        c = scan.profile
        total = sum(cells for _, cells in scan.words)
        if c.kind != "category" or not total:
            continue
        for what, pattern in (("numbers", NUMBER), ("dates", DATE)):
            odd = [(word, cells) for word, cells in scan.words if not pattern.fullmatch(word.strip())]
            share = 1 - sum(cells for _, cells in odd) / total
            if 0.5 < share < 1 and len(scan.words) - len(odd) >= 5:
                words = [word for word, _ in odd]
                holds = f"{quoted(c.name)} holds {what} in {percent(share)} of its cells"
                sentence = f"{holds}, and words such as {listed(words[:3])}."
                step = Step("null_words", {"columns": [c.name], "words": words}, sentence) if len(words) <= ODD else None
                yield Alert("mixed_kinds", "warning", (c.name,), sentence, {"share": share, "values": words[:ODD]}, step)
                break
