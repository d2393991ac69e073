"""The profile as a page of HTML: complete, safe, self-contained, small enough to send."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from automl_core.profiling.html import LIMIT, facts, profile_html
from automl_core.profiling.profile import profile
from automl_core.profiling.scan import summarise
from automl_core.schema import Column, Kind, Schema

HOSTILE = '<script>alert("x")</script>'


class Reader(HTMLParser):
    """Collects tags, attributes and the text between them, and checks that what is opened is closed."""

    VOID = ("meta", "rect", "br")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def made(table: dict[str, tuple[Kind, object]], title: str = "people", target: str = "") -> str:
    frame = pd.DataFrame({name: cells for name, (_, cells) in table.items()})
    schema = Schema(tuple(Column(name, kind) for name, (kind, _) in table.items()))
    return profile_html(profile(frame, schema, target), title)


def test_a_page_says_what_the_profile_says() -> None:
    page = made(
        {
            "age": ("number", [1.0, 2.0, 3.0, 4.0]),
            "note": ("text", ["one word", "two words", "three", "four"]),
            "city": ("category", ["Rome", "Rome", "rome", "Oslo"]),
        },
        target="city",
    )
    read = Reader(page)
    assert read.open == []
    assert "4 rows, 3 columns, 0 missing cells, 0 duplicate rows; target city." in read.text
    assert "'city' has values that differ only by case or spaces, such as 'Rome' and 'rome'." in read.text
    assert "2.5 ± 1.29" in read.text
    assert "4 to 9 characters" in read.text
    assert read.tags.count("section") == 3
    assert read.tags.count("rect") == 4


def test_names_and_cells_are_text_not_markup() -> None:
    texts = [f"{HOSTILE} {number}" for number in range(4)]
    page = made({HOSTILE: ("category", [HOSTILE, HOSTILE, "b", "b"]), "t": ("text", texts)}, HOSTILE, HOSTILE)
    read = Reader(page)
    assert "script" not in read.tags
    assert read.text.count(HOSTILE) >= 4
    assert HOSTILE not in page


def test_a_page_loads_nothing_and_runs_nothing() -> None:
    page = made({"x": ("number", np.arange(50.0)), "y": ("number", np.arange(50.0) ** 2)})
    read = Reader(page)
    assert not {"script", "link", "img", "iframe", "form"} & set(read.tags)
    assert not {name for name, _ in read.attributes if name in ("src", "href") or name.startswith("on")}
    assert "url(" not in page and "@import" not in page
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in read.attributes
    assert "@media (prefers-color-scheme: dark)" in page


def test_addresses_and_texts_of_people_are_not_on_the_page() -> None:
    """The page is made to be sent."""
    mails = ["ann@example.org", "ann@example.org", "bob@example.org"]
    page = made({"mail": ("category", mails), "note": ("text", ["Ann called", "Bob wrote", "Eve came"])})
    assert "example.org" not in page and "Ann called" not in page
    assert "values left out: personal data" in Reader(page).text


def test_what_goes_together_is_listed() -> None:
    read = Reader(made({"x": ("number", np.arange(50.0)), "y": ("number", -np.arange(50.0))}))
    assert re.search(r"x\s*y\s*Spearman\s*1\.00", read.text)


@pytest.mark.parametrize("table", [{}, {"x": ("number", [])}, {"x": ("category", pd.Series([np.nan, np.nan], dtype=object))}])
def test_tables_with_nothing_in_them(table: dict[str, tuple[Kind, object]]) -> None:
    read = Reader(made(table))
    assert read.open == []
    assert read.tags.count("section") == len(table)


def test_a_very_wide_table_stays_below_two_megabytes_and_says_what_is_left_out() -> None:
    """1,500 columns with long names and cells once made a page of 3.4 MB."""
    cells = pd.Series([f"{'字' * 90}{row % 7}" for row in range(40)], dtype=object)
    page = made({f"{'名' * 200}{place}": ("category", cells) for place in range(1500)})
    assert len(page.encode()) <= LIMIT < 2_000_000
    read = Reader(page)
    cards, lines = read.tags.count("section"), read.tags.count("tr") - 1 - 41  # those of the columns, and of what goes together
    assert cards == 500 and lines == 1000 and "more columns" not in page


def test_five_thousand_columns_are_all_on_the_page() -> None:
    rng = np.random.default_rng(0)
    page = made({f"column {place}": ("number", rng.normal(size=12)) for place in range(5000)})
    assert len(page.encode()) <= LIMIT
    assert "column 4999" in page and Reader(page).open == []


def test_many_alerts_are_cut_and_counted() -> None:
    read = Reader(made({f"c{place}": ("category", ["Rome", "rome", "Oslo", "Oslo"]) for place in range(310)}))
    assert read.tags.count("li") == 300
    assert re.search(r"And \d+ more\.", read.text)


@pytest.mark.parametrize(
    ("cells", "kind", "said"),
    [
        ([1.0, 2.0, 3.0, np.nan], "number", {"missing": "1 (25.0%)", "middle half": "1.5 to 2.5", "range": "1 to 3"}),
        (["a", "b"], "category", {"missing": "none", "different": "2"}),
        (pd.to_datetime(["2024-01-31", "2024-03-01"]), "date", {"range": "2024-01-31 to 2024-03-01"}),
        (["abc", "a"], "text", {"length": "1 to 3 characters"}),
        ([np.nan, np.nan], "number", {"missing": "2 (100.0%)", "different": "0"}),
    ],
)
def test_facts_of_a_column(cells: object, kind: Kind, said: dict[str, str]) -> None:
    found = dict(facts(summarise(pd.Series(cells, name="x"), kind)))
    assert {name: found[name] for name in said} == said
