"""Several lines of names, several tables in one file, notes below a table, words for missing, and encodings of few words."""

from __future__ import annotations

from pathlib import Path

import pytest

from automl_core.data.dataset import create_dataset, load_dataset
from automl_core.data.encoding import find_encoding
from automl_core.data.headers import find_header, join_header
from automl_core.data.nulls import check_null_words
from automl_core.data.origin import Choice
from automl_core.data.reading import read_text
from automl_core.data.report import Around, NullWord, ReadReport, TextTable
from automl_core.data.rereading import read_again
from automl_core.errors import InputError


def read(folder: Path, text: str | bytes, table: int = 0) -> TextTable:
    path = folder / "a.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_text(path, table=table)


@pytest.mark.parametrize(
    ("lines", "count", "names"),
    [
        (["a,b,c", "1,2,x", "3,4,y", "5,6,z"], 1, ["a", "b", "c"]),
        (
            [",Q1,,Q2,", "id,a,b,a,b", "x,1,2,3,4", "y,1,2,3,4", "z,1,2,3,4"],
            2,
            ["id", "Q1 a", "Q1 b", "Q2 a", "Q2 b"],
        ),
        (["city,2023,2024", ",°C,°C", "x,1,2", "y,2,3", "z,3,4"], 2, ["city", "2023 °C", "2024 °C"]),
        (["a,b", "kg,m", "1,2", "3,4", "5,6"], 2, ["a kg", "b m"]),
        (["a,b", "NA,-", "1,2", "3,4", "5,6"], 1, ["a", "b"]),
        (["a,b", "x,y", "1,p", "3,q", "5,r"], 1, ["a", "b"]),
        (["1,2", "3,4", "5,6"], 0, []),
    ],
)
def test_lines_of_names(lines: list[str], count: int, names: list[str]) -> None:
    rows = [line.split(",") for line in lines]
    assert find_header(rows) == count
    assert join_header(rows[:count]) == names


def test_joined_names_are_announced(tmp_path: Path) -> None:
    table = read(tmp_path, "city,temp,wind\n,°C,m/s\n" + "x,1,2\n" * 3)
    assert list(table.frame.columns) == ["city", "temp °C", "wind m/s"]
    assert table.report.dialect is not None and table.report.dialect.header_rows == 2
    assert table.report.notes == ("2 lines of names were joined.",)


TWO = "a,b,c\n1,2,3\n4,5,6\n7,8,9\n\nname,score\nx,1\ny,2,3\n"


def test_of_several_tables_the_largest_is_read_and_the_others_can_be(tmp_path: Path) -> None:
    table = read(tmp_path, TWO)
    assert table.frame.to_numpy().tolist() == [["1", "2", "3"], ["4", "5", "6"], ["7", "8", "9"]]
    assert table.report.notes == ("2 tables stand below each other in this file; number 1 was read.",)
    assert table.report.origin.tables == (
        "lines 1 to 4: 3 rows of 3 columns (a, b, c)",
        "lines 6 to 8: 2 rows of 2 columns (name, score)",
    )
    second = read(tmp_path, TWO, 2)
    assert list(second.frame.columns) == ["name", "score"]
    assert second.frame.to_numpy().tolist() == [["x", "1"]]
    assert [(row.line, row.text) for row in second.report.refused] == [(8, "y,2,3")]
    with pytest.raises(InputError) as caught:
        read(tmp_path, TWO, 3)
    assert str(caught.value) == "Table 3 of a.csv was asked for. 2 tables stand in it. Choose one from 1 to 2."


def test_another_table_of_the_file_takes_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TWO)
    data = create_dataset(tmp_path / "ds", tmp_path / "a.csv", "a")
    data = read_again(data, Choice(table=2))
    assert (data.schema.names, load_dataset(data.folder).report.origin.table) == (["name", "score"], 2)
    assert read_again(data, data.report.choice).report == data.report


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n\n3,4\n\n\n5,6\n",
        'a,b\n1,"x\n\ny"\n2,z\n3,w\n',
        "Report\n\na,b\n1,2\n3,4\n5,6\n",
    ],
)
def test_blank_lines_within_a_table_or_a_cell_or_above_make_no_second_one(tmp_path: Path, text: str) -> None:
    table = read(tmp_path, text)
    assert table.frame.shape == (3, 2)
    assert table.report.origin.tables == ()


def test_new_names_begin_a_new_table_of_the_same_width(tmp_path: Path) -> None:
    table = read(tmp_path, "a,b,c\n" + "1,2,3\n" * 5 + "\nx,y,z\n" + "4,5,6\n" * 3)
    assert (table.frame.shape, len(table.report.origin.tables)) == ((5, 3), 2)


def test_notes_below_a_table_are_kept_aside(tmp_path: Path) -> None:
    table = read(tmp_path, "a,b,c\n" + "1,2,3\n" * 3 + "\nSource: the office\nRead on Monday\n")
    assert table.frame.shape == (3, 3)
    assert table.report.refused == ()
    assert table.report.around == (Around(6, "Source: the office", "below"), Around(7, "Read on Monday", "below"))
    assert table.report.notes == ("2 lines below the table left out.",)
    assert ReadReport.from_dict(table.report.to_dict()) == table.report


def test_lines_above_a_table_are_kept_aside(tmp_path: Path) -> None:
    """They were counted, and not shown."""
    table = read(tmp_path, "Sales of the year\n\na,b,c\n1,2,3\n4,5,6\n")
    assert table.report.around == (Around(1, "Sales of the year", "above"),)
    assert table.report.notes == ("2 lines before the table left out.",)


def test_a_quote_that_closes_nothing_swallows_no_lines(tmp_path: Path) -> None:
    """A quote inside a cell and an open one below it ended in an error of the csv module."""
    table = read(tmp_path, "a,b\n" + "1,x\n" * 20 + '2,5" disk\n' + "3,y\n" * 20 + '4,"open\n' + "3,y\n" * 20)
    assert len(table.frame) == 62
    assert table.frame["b"].iloc[20] == '5" disk'


def test_a_cell_of_many_letters_is_read(tmp_path: Path) -> None:
    """The csv module refuses cells of more than 131,072 letters."""
    table = read(tmp_path, f"a,b\n1,{'x' * 200_000}\n2,y\n")
    assert len(table.frame["b"].iloc[0]) == 200_000


def test_cells_separated_by_spaces_beside_quoted_ones(tmp_path: Path) -> None:
    """The colons of the times were taken for the delimiter."""
    text = '"What it is: a jacket." "https://x.org/{n}"'
    lines = [f"0{n}/01/2024 0{n}:15 {n} Light Jacket{' Blue' * (n % 2)} {text.format(n=n)}" for n in range(1, 9)]
    table = read(tmp_path, "DAY TIME Qty What Text Link\n" + "\n".join(lines) + "\n")
    assert table.frame.iloc[0].to_list() == [
        "01/01/2024",
        "01:15",
        "1",
        "Light Jacket Blue",
        "What it is: a jacket.",
        "https://x.org/1",
    ]


def test_what_was_taken_as_missing_is_listed_and_another_list_reads_again(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n" + "1,x\nnope,NA\n,none\n" * 10)
    data = create_dataset(tmp_path / "ds", tmp_path / "a.csv", "a")
    assert data.schema["a"].kind == "category"
    assert data.report.nulls == (NullWord("", 10, ("a",)), NullWord("NA", 10, ("b",)), NullWord("none", 10, ("b",)))
    data = read_again(data, Choice(null_words=check_null_words(["nope", " NA "])))
    assert data.schema["a"].kind == "number"
    assert data.report.nulls == (NullWord("", 10, ("a",)), NullWord("nope", 10, ("a",)), NullWord("NA", 10, ("b",)))
    assert data.frame()["b"].value_counts().to_dict() == {"x": 10, "none": 10}
    assert load_dataset(data.folder).report == data.report


def test_null_words_have_limits() -> None:
    assert check_null_words([" x ", "", "x"]) == ("", "x")
    with pytest.raises(InputError) as caught:
        check_null_words([str(n) for n in range(201)])
    assert str(caught.value) == "201 words mean missing. Up to 200 can. Keep the usual ones."
    with pytest.raises(InputError) as caught:
        check_null_words(["x" * 101])
    assert str(caught.value).endswith("has 101 letters. A word for missing has up to 100. Shorten it.")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "name,size\nMüller,Größe\nMüller,Größe\n"),
        ("cp1252", "Größe\nÄpfel\nÖl\nÜbung\nFüße\n"),
        ("cp1252", "é\nà\nçà\nêtre\nété\n"),
        ("cp1252", "niño\naño\nEspaña\n"),
        ("cp1250", "imię,miasto\nŁukasz,Łódź\nŚwiętosław,Kraków\n"),
        ("cp1251", "имя,город\nИван,Москва\nПётр,Казань\n"),
        ("cp1251", "да\nнет\nда\nнет\n"),
        ("koi8_r", "имя,город\nИван,Москва\nПётр,Казань\n"),
        ("cp1253", "όνομα,πόλη\nΓιώργος,Αθήνα\nΜαρία,Πάτρα\n"),
        ("shift_jis", "名前,都市\n太郎,東京\n花子,大阪\n"),
        ("euc_kr", "이름,도시\n김철수,서울\n이영희,부산\n"),
        ("big5", "姓名,城市\n王小明,台北\n陳大文,高雄\n"),
        ("gb18030", "姓名,城市\n王小明,北京\n陈大文,上海\n"),
    ],
)
def test_a_few_words_tell_their_encoding(tmp_path: Path, encoding: str, text: str) -> None:
    """Words such as Größe, in which letters beyond ASCII stand side by side, were read as Cyrillic."""
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))
    assert text.encode(encoding).decode(find_encoding(path.read_bytes(), path)) == text
