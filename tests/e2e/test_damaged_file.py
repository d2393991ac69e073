"""A damaged export in a browser: read, looked at, cleaned, and taken home as a clean table."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Server, settle
from tests.e2e.test_journey import go

DAMAGED = (
    "Sales of the north\n\n"
    "day;town;price;;note\n"
    '01.02.2024;Köln ;1.200,50 €;"late; paid"\n'
    "15.02.2024;köln;80,00 €;\n"
    "16.02.2024;Zürich;3,50 €;x\n"
    "17.02.2024;Zürich;4,50 €;y;z;too many\n"
    '18.02.2024;Zürich;-;"open quote\n'
    "19.02.2024;Köln;12,00 €;w\n"
    "\nSource: the office\n"
)


def test_a_damaged_file_becomes_a_clean_table(page: Page, server: Server, tmp_path: Path) -> None:
    path = tmp_path / "north.csv"
    path.write_bytes(DAMAGED.encode("cp1252"))
    page.goto(server.url)
    go(page, "Upload")
    page.locator("input[type=file]").first.set_input_files(path)
    expect(page.get_by_text("north was read: 5 rows and 4 columns.")).to_be_visible()
    expect(page.get_by_text("1 row could not be read and is not part of the table.")).to_be_visible()
    expect(page.get_by_text("Lines above and below the table")).to_be_visible()
    expect(page.get_by_text("1 line below the table left out.")).to_be_visible()

    go(page, "Clean")
    page.get_by_text("Make a cleaned table").click()
    settle(page)
    page.get_by_role("button", name="Clean the whole table").click()
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download the cleaned table").click()
    lines = Path(taken.value.path()).read_text(encoding="utf-8-sig").splitlines()
    header, *rows = [line.split(",") for line in lines]
    assert "price" in header
    prices = [row[header.index("price")] for row in rows]
    assert prices == ["1200.5", "80.0", "3.5", "", "12.0"]
    assert server.log == ""
