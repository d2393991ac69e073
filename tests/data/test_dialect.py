"""How a file is written is found from the file alone: encoding, delimiter, quotes, preamble, header."""

from __future__ import annotations

from pathlib import Path

import pytest

from automl_core.data.detecting import find_dialect
from automl_core.data.dialect import Dialect, cleanliness, find_delimiter, looks_like_header, split_line
from automl_core.data.encoding import find_encoding


def encoding_of(content: bytes, folder: Path) -> str:
    path = folder / "table.csv"
    path.write_bytes(content)
    return find_encoding(content, path)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "name,price\ntea,1\n"),
        ("utf-8", "name,price\ncafé,1\n"),
        ("utf-8-sig", "name,price\ncafé,1\n"),
        ("utf-16", "name,price\ncafé,1\n"),
        ("utf-16-le", "name,price\ncafé,1\ntea,2\n"),
        ("utf-16-be", "name,price\ncafé,1\ntea,2\n"),
        ("cp1252", "name,price\ncafé,1\n"),
        ("cp1252", "name;price\ntea;1 €\ncup;2 €\n"),
        ("cp1252", "kind\n12 °C\n13 °C\n"),
        ("cp1252", "city,who\nKöln,“Jürgen”\nZürich,Anaïs\n"),
        ("cp1250", "name,city\nŁukasz,Łódź\nŻaneta,Kraków\nMałgorzata,Gdańsk\n"),
        ("cp1251", "имя,город\nАнна,Москва\nБорис,Казань\nОльга,Тверь\n"),
        ("cp932", "名前,都市\n太郎,東京\n花子,大阪\n"),
        ("gb18030", "姓名,城市\n张伟,北京\n王芳,上海\n"),
    ],
)
def test_the_encoding_is_found(tmp_path: Path, encoding: str, text: str) -> None:
    assert encoding_of(text.encode(encoding), tmp_path) == encoding


def test_a_letter_cut_off_at_the_end_is_still_utf8(tmp_path: Path) -> None:
    assert encoding_of("name,price\ntea,é".encode()[:-1], tmp_path) == "utf-8"


def test_a_few_broken_letters_do_not_change_the_encoding(tmp_path: Path) -> None:
    assert encoding_of("a,b\n1,é\n2,ü\n3,ö\n".encode() + b"4,\xff\n", tmp_path) == "utf-8"


def test_letters_far_behind_the_first_bytes_are_seen(tmp_path: Path) -> None:
    assert encoding_of(b"name,price\n" + b"tea,1\n" * 1000 + "café,2\n".encode("cp1252"), tmp_path) == "cp1252"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "||", "::", "^", "~", "\x1f", "\x01", ":", " "])
def test_every_delimiter_is_found(delimiter: str) -> None:
    lines = [
        delimiter.join(cells)
        for cells in (("name", "age", "city"), ("anna", "31", "Rome"), ("ben", "40", "Oslo"), ("eva", "25", "Lima"))
    ]
    assert find_delimiter(lines) == (delimiter, '"', 3)
    assert find_dialect(lines, "utf-8") == Dialect(delimiter=delimiter)


@pytest.mark.parametrize(
    ("lines", "dialect"),
    [
        (["a,b", "1,2", "3,4"], Dialect()),
        (["name", "anna", "ben"], Dialect(delimiter="")),
        (["name", "anna smith", "ben jones", "eva brown"], Dialect(delimiter="")),
        (["a;b", "1,5;2,5", "3,5;4,5"], Dialect(delimiter=";")),
        (["a,b", '"say \\"hi\\", twice",1', '"",2'], Dialect(escape="\\")),
        (["a,b", '"a \\" and ""b""",1', '"z",2'], Dialect()),
        (["a,b", "'x, y',1", "'z, w',2", "'u, v',3"], Dialect(quote="'")),
        (["a,b", '"x, y",1', '"z",2'], Dialect()),
        (["a,b", '"say \\"hi\\"",1', '"z",2'], Dialect(escape="\\")),
        (["Report of May", "", "a,b,c", "1,2,3", "4,5,6", "7,8,9"], Dialect(skip_rows=2)),
        (["", "", "a,b,c", "1,2,3", "4,5,6"], Dialect(skip_rows=2)),
        (["1,2,3", "4,5,6", "7,8,9"], Dialect(header_rows=0)),
        (["shop,2021,2022", "A,1,2", "B,3,4"], Dialect()),
        (["2024-01-01,5", "2024-01-02,6", "2024-01-03,7"], Dialect(header_rows=0)),
    ],
)
def test_the_dialect_is_found(lines: list[str], dialect: Dialect) -> None:
    assert find_dialect(lines, "utf-8") == dialect


@pytest.mark.parametrize(
    ("line", "delimiter", "quote", "escape", "cells"),
    [
        ("a,b,c", ",", '"', "", ["a", "b", "c"]),
        ('"a,b",c', ",", '"', "", ["a,b", "c"]),
        ('"say ""hi""",c', ",", '"', "", ['say "hi"', "c"]),
        ('"say \\"hi\\"",c', ",", '"', "\\", ['say "hi"', "c"]),
        ('"a",b', ",", "", "", ['"a"', "b"]),
        ('"a||b"||c', "||", '"', "", ["a\x1eb", "c"]),
        ("a::b", "::", '"', "", ["a", "b"]),
        ("a,b", "", '"', "", ["a,b"]),
        ("a,,", ",", '"', "", ["a", "", ""]),
    ],
)
def test_a_line_is_split(line: str, delimiter: str, quote: str, escape: str, cells: list[str]) -> None:
    assert split_line(line, delimiter, quote, escape) == cells


@pytest.mark.parametrize(
    ("first", "below", "header"),
    [
        (["age", "city"], [["31", "Rome"], ["40", "Oslo"]], True),
        (["31", "Rome"], [["40", "Oslo"], ["25", "Lima"]], False),
        (["anna", "Rome"], [["ben", "Oslo"], ["anna", "Lima"]], False),
        (["name", "city"], [["ben", "Oslo"], ["anna", "Lima"]], True),
        (["shop", "2021", "2022"], [["A", "1", "2"]], True),
        (["", ""], [["A", "1"]], False),
        (["a", "b"], [], True),
    ],
)
def test_a_header_is_told_from_a_row(first: list[str], below: list[list[str]], header: bool) -> None:
    assert looks_like_header(first, below) is header


def test_cleanliness_is_the_share_of_cells_that_look_like_one_value() -> None:
    assert cleanliness(["12", "", "2024-01-05", "1.5%"]) == 1.0
    assert cleanliness(["some words", "12"]) == pytest.approx(0.95)
    assert cleanliness(["a;b;c|d", "12"]) == pytest.approx(0.75)
    assert cleanliness([]) == 0.0
