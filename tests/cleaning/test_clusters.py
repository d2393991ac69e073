"""Keys as OpenRefine documents and tests them, and the groups they make."""

from __future__ import annotations

import pandas as pd
import pytest

from automl_core.cleaning.clusters import METHODS, cluster, count_values
from automl_core.cleaning.keys import KEYERS, cologne, fingerprint, ngram_fingerprint
from automl_core.errors import InputError


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("the multi multi word test", "multi test the word"),
        (" école ÉCole ecoLe ", "ecole"),
        (" d c b a ", "a b c d"),
        ("\tABC \t DEF ", "abc def"),
        ("bbb\taaa", "aaa bbb"),
        ("æø", "aeoe"),
        ("©ß", "css"),
        ("ÐðÞþǷƿ", "ddththww"),
        ("ﬀﬁﬂﬃﬅﬆ", "fffiflffistst"),
        ("ÀÁÂÃÄÅàáâãäåĀāĂăĄą", "a" * 18),
        ("Łł", "ll"),
        ("ŉ", "n"),
        ("Øø", "oeoe"),
        ("ſ", "s"),
        ("İ", "i"),
        ("a\u0009\nb\u000bc\u000cd\re\u0085f\u00a0g\u2003h\u3000z", "a b c d e f g h z"),
        ("Cruise, Tom", "cruise tom"),
        ("Tom Cruise.", "cruise tom"),
        ("", ""),
        ("?!", ""),
    ],
)
def test_fingerprints(word: str, key: str) -> None:
    assert fingerprint(word) == key


@pytest.mark.parametrize(
    ("word", "size", "key"),
    [
        ("Paris", 1, "aiprs"),
        ("Paris", 2, "arispari"),
        ("abab", 2, "abba"),
        (" É. c ", 2, "ec"),
        ("a", 2, ""),
        ("Krzysztof", 2, "fkrofrzsztossyysztzy"[:0] + "".join(sorted({"kr", "rz", "zy", "ys", "sz", "zt", "to", "of"}))),
    ],
)
def test_ngram_fingerprints(word: str, size: int, key: str) -> None:
    assert ngram_fingerprint(word, size) == key


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("Aabjoe", "01"), ("Aaclan", "0856"),
        ("a", "0"), ("ä", "0"), ("ha", "0"), ("h", ""), ("aha", "0"), ("b", "1"), ("ph", "3"),
        ("x", "48"), ("ax", "048"), ("cx", "48"), ("cl", "45"), ("acl", "085"), ("mn", "6"), ("r", "7"),
        ("Müller", "657"), ("schmidt", "862"), ("schneider", "8627"), ("fischer", "387"), ("weber", "317"), ("wagner", "3467"),
        ("becker", "147"), ("schäfer", "837"), ("Breschnew", "17863"), ("Wikipedia", "3412"), ("peter", "127"), ("pharma", "376"),
        ("mönchengladbach", "664645214"[0] + "64645214"), ("deutsch", "28"), ("deutz", "28"), ("hamburg", "06174"),
        ("hannover", "0637"), ("christstollen", "478256"), ("Xanthippe", "48621"), ("Zacharias", "8478"), ("Holzbau", "0581"),
        ("matsch", "68"), ("matz", "68"), ("Arbeitsamt", "071862"), ("heithabu", "021"),
        ("bergisch-gladbach", "174845214"), ("Müller-Lüdenscheidt", "65752682"),
        ("mella", "65"), ("milah", "65"), ("muehle", "65"), ("Meier", "67"), ("Mayr", "67"), ("Major", "67"), ("Straße", "8278"),
    ],
)  # fmt: skip
def test_cologne_codes(word: str, code: str) -> None:
    assert cologne(word) == code


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("Catherine", "K0RN"), ("Kathryn", "K0RN"), ("Schmidt", "XMT"), ("Smith", "SM0"), ("Thompson", "TMPSN"),
        ("Müller", "MLR"), ("MUELLER", "MLR"), ("Xavier", "SF"), ("Zhao", "J"), ("Knight", "NT"), ("O'Neil", "ANL"),
        ("Wałęsa", "ALS"), ("Straße", "STRS"), ("niño", "NN"), ("François", "FRNS"), ("  Jean-Luc  Picard", "JNLK PKRT"),
        ("123", ""), ("", ""), ("Иван", ""),
    ],
)  # fmt: skip
def test_double_metaphone(word: str, code: str) -> None:
    assert KEYERS["double_metaphone"].compute(word) == code


@pytest.mark.parametrize(
    ("method", "one", "other"),
    [
        ("metaphone", "Stephen", "Steven"), ("soundex", "Robert", "Rupert"), ("nysiis", "Knight", "Night"),
        ("double_metaphone", "Catherine", "Kathryn"), ("match_rating", "Byrne", "Byrrne"), ("ngram", "Krzysztof", "Kr zysztof"),
    ],
)  # fmt: skip
def test_the_same_sound_has_the_same_key(method: str, one: str, other: str) -> None:
    assert KEYERS[method].compute(one) == KEYERS[method].compute(other) != ""


def test_groups_by_key() -> None:
    counts = {"Rome": 5, "rome ": 2, "ROME": 5, "Oslo": 9, "oslo": 1, "?": 1, "!": 1, "Bonn": 3}
    found = cluster(counts)
    assert [(one.values, one.counts, one.proposed, one.rows) for one in found.clusters] == [
        (("ROME", "Rome", "rome "), (5, 5, 2), "ROME", 12),
        (("Oslo", "oslo"), (9, 1), "Oslo", 10),
    ]
    assert found.mapping() == {"Rome": "ROME", "rome ": "ROME", "oslo": "Oslo"}
    assert found.clusters[0].mapping("Roma") == {"ROME": "Roma", "Rome": "Roma", "rome ": "Roma"}
    assert found.sentence == "5 of 8 values are variants, in 2 groups."
    assert cluster({"a": 1, "b": 1}).sentence == "None of 2 values is a variant of another."


def test_groups_by_distance_stay_within_a_block() -> None:
    counts = {"Liverpool": 9, "Liverpol": 1, "Liverpools": 1, "London": 5, "Londn": 1, "Rome": 3}
    assert [one.values for one in cluster(counts, "levenshtein").clusters] == [("Liverpool", "Liverpol", "Liverpools")]
    near = cluster(counts, "levenshtein", block=3).clusters
    assert [one.values for one in near] == [("Liverpool", "Liverpol", "Liverpools"), ("London", "Londn")]
    assert cluster({"ab": 1, "ba": 1}, "levenshtein", radius=2, block=1).clusters[0].values == ("ab", "ba")


def test_unknown_ways_and_missing_values() -> None:
    with pytest.raises(InputError, match="There is no way 'magic' to find variants"):
        cluster({"a": 1}, "magic")
    assert count_values(pd.Series(["a", None, "a", "b"], dtype=object)) == {"a": 2, "b": 1}
    assert len({name for name, _, _ in METHODS}) == len(KEYERS) + 1
