"""Combining tables on the Upload page: the plan comes first, the button makes a new table, the old ones stay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from automl_core.cleaning.appending import rows_aside
from automl_core.cleaning.rules import Rule, load_rules, save_rules
from automl_core.data.dataset import Dataset, create_dataset, load_dataset
from automl_core.workspace import ProjectFolder, new_id
from tests.pages.conftest import assert_clean, open_page

CITIES = "city,country\nRome,Italy\nOslo,Norway\nKyiv,Ukraine\n"


@pytest.fixture
def cities(project: ProjectFolder, tmp_path: Path) -> Dataset:
    """Return a second table of the project; Lima is not in it."""
    return add(project, tmp_path, "cities", CITIES)


def add(project: ProjectFolder, folder: Path, name: str, text: str) -> Dataset:
    source = folder / f"{name}.csv"
    source.write_text(text, encoding="utf-8")
    return create_dataset(project.dataset(new_id("ds")), source, name)


def opened(project: ProjectFolder, table: Dataset, way: str, other: Dataset) -> AppTest:
    """Open the page of a table and choose the other one."""
    app = open_page("upload", project=project.id, dataset=table.id)
    app.radio(key="upload_combine_way").set_value(way).run()
    app.selectbox(key=f"upload_{way}_other_{table.id}").set_value(other.id).run()
    assert_clean(app)
    return app


def made_by(project: ProjectFolder, *known: Dataset) -> Dataset:
    """Return the one table that was made."""
    (fresh,) = set(project.list("datasets")) - {data.id for data in known}
    return load_dataset(project.dataset(fresh))


def texts(app: AppTest) -> list[str]:
    return [entry.value.replace("\\", "") for entry in (*app.markdown, *app.caption, *app.warning)]


def test_one_table_alone_offers_nothing(project: ProjectFolder, table: Dataset) -> None:
    app = open_page("upload", project=project.id, dataset=table.id)
    assert "Combine with another table of this project" not in [expander.label for expander in app.expander]


def test_nothing_is_planned_before_a_table_is_chosen(project: ProjectFolder, table: Dataset, cities: Dataset) -> None:
    app = open_page("upload", project=project.id, dataset=table.id)
    assert "Combine with another table of this project" in [expander.label for expander in app.expander]
    chooser = app.selectbox(key=f"upload_append_other_{table.id}")
    assert (chooser.options, chooser.value) == (["cities (3 rows)"], None)
    assert not [button.key for button in app.button if button.key in ("upload_append_make", "upload_lookup_make")]


def test_rows_are_appended_into_a_new_table(project: ProjectFolder, table: Dataset, tmp_path: Path) -> None:
    june = add(project, tmp_path, "june", "age,city,bought,visits\n33,Rome,yes,2\n44,Bonn,no,5\n")
    app = opened(project, table, "append", june)
    shown = texts(app)
    assert "2 rows of 'june' below 60 rows of 'customers': 62 rows in all. Columns in both: 3." in shown
    assert ":material/info: Only in 'june', so missing in the 60 rows of 'customers': 'visits'." in shown
    assert sorted(project.list("datasets")) == sorted([table.id, june.id])
    app.button(key="upload_append_make").click().run()
    assert_clean(app)
    made = made_by(project, table, june)
    assert app.query_params["dataset"] == made.id
    assert app.success[0].value == "customers and june was made: 62 rows and 4 columns."
    assert made.frame().iloc[60:].to_numpy().tolist() == [[33, "Rome", "yes", 2.0], [44, "Bonn", "no", 5.0]]
    assert load_dataset(table.folder) == table


def test_tables_without_a_common_column_are_explained(project: ProjectFolder, table: Dataset, tmp_path: Path) -> None:
    prices = add(project, tmp_path, "prices", "item,price\nshoe,30\nhat,12\n")
    app = opened(project, table, "append", prices)
    assert app.warning[0].value == "'customers' and 'prices' share no column name, so their rows cannot go below each other."
    assert "upload_append_make" not in [button.key for button in app.button]


def test_columns_are_looked_up_with_the_unmatched_keys_first(project: ProjectFolder, table: Dataset, cities: Dataset) -> None:
    app = opened(project, table, "lookup", cities)
    assert app.selectbox(key=f"upload_lookup_left_{table.id}_{cities.id}").value == "city"
    assert app.selectbox(key=f"upload_lookup_right_{table.id}_{cities.id}").value == "city"
    (unmatched,) = [frame.value for frame in app.dataframe if "Key" in frame.value.columns]
    assert unmatched.to_dict("records") == [{"Key": "Lima", "Rows in customers": 20}]
    assert (
        "20 rows of 60 in 'customers' find nothing in 'cities'. The keys not found: 'Lima'. 40 rows find their key. "
        "Keys of 'cities' that no row asks for: 1."
    ) in texts(app)
    app.text_input(key="upload_lookup_name_customers with cities").set_value("With countries")
    app.button(key="upload_lookup_make").click().run()
    assert_clean(app)
    made = made_by(project, table, cities)
    assert (made.name, made.rows, made.schema.names) == ("With countries", 60, ["age", "city", "bought", "country"])
    assert made.frame()["country"].fillna("?").to_list() == ["Italy", "Norway", "?"] * 20
    assert app.success[0].value == "With countries was made: 60 rows and 4 columns."


def test_no_column_to_add_is_said_and_makes_nothing(project: ProjectFolder, table: Dataset, cities: Dataset) -> None:
    app = opened(project, table, "lookup", cities)
    app.multiselect(key=f"upload_lookup_columns_{cities.id}_city").set_value([])
    app.button(key="upload_lookup_make").click().run()
    assert_clean(app)
    assert app.error[0].value.replace("\\", "") == (
        "No column was chosen. At least one other column of 'cities' is needed.\n\n**Choose what is to be added.**"
    )
    assert len(project.list("datasets")) == 2


def test_repeated_keys_keep_the_button_off(project: ProjectFolder, table: Dataset, tmp_path: Path) -> None:
    twice = add(project, tmp_path, "twice", "city,country\nRome,Italy\nRome,Italia\nOslo,Norway\n")
    app = opened(project, table, "lookup", twice)
    (repeated,) = [frame.value for frame in app.dataframe if list(frame.value.columns) == ["Key", "Rows in twice"]]
    assert repeated.to_dict("records") == [{"Key": "Rome", "Rows in twice": 2}]
    assert app.button(key="upload_lookup_make").disabled
    assert "Each key must come once in the other table. Choose another key, or keep one row a key in its file." in texts(app)


def test_keys_that_never_meet_keep_the_button_off(project: ProjectFolder, table: Dataset, cities: Dataset) -> None:
    app = opened(project, table, "lookup", cities)
    app.selectbox(key=f"upload_lookup_left_{table.id}_{cities.id}").set_value("bought").run()
    assert_clean(app)
    assert app.button(key="upload_lookup_make").disabled
    assert "At least one key must be in both tables. Choose other key columns." in texts(app)


def test_a_cell_that_cannot_be_read_sets_its_row_aside(project: ProjectFolder, table: Dataset, tmp_path: Path) -> None:
    """Regression: rules about kinds saw only the typed table here, so a cell that could not be read went through as missing."""
    save_rules(table.folder, [Rule("type", "age", action="aside")])
    source = tmp_path / "june.csv"
    source.write_text("age,city,bought\n" + "".join(f"{row},Rome,yes\n" for row in range(20, 60)) + "old,Bonn,no\n")
    june = create_dataset(project.dataset(new_id("ds")), source, "june", kinds={"age": "number"})
    app = opened(project, table, "append", june)
    assert "1 row breaks the rule 'age can be read as its kind' (old) and is set aside." in texts(app)
    app.button(key="upload_append_make").click().run()
    assert_clean(app)
    made = made_by(project, table, june)
    assert made.rows == 100
    assert made.notes[-1] == "1 row was set aside by the rules of the first table."
    told = "1 row was set aside by rules and is not part of the table."
    assert told in texts(app)
    (shown,) = [frame.value for frame in app.dataframe if "reason" in frame.value.columns]
    row = {"row": "41", "reason": "breaks 'age can be read as its kind'", "age": "old", "city": "Bonn", "bought": "no"}
    assert shown.to_dict("records") == [row]
    assert told not in texts(open_page("upload", project=project.id, dataset=june.id))


def test_an_uploaded_table_is_held_against_the_rules_of_one_like_it(
    project: ProjectFolder, table: Dataset, cities: Dataset, tmp_path: Path
) -> None:
    rules = (Rule("allowed", "city", values=("Rome", "Oslo", "Lima"), id="r1"), Rule("range", "age", 0.0, 30.0, id="r2"))
    save_rules(table.folder, rules)
    june = add(project, tmp_path, "june", "age,city,bought\n33,Rome,yes\n44,Bonn,no\n25,Oslo,no\n")
    app = open_page("upload", project=project.id, dataset=june.id)
    assert_clean(app)
    (told,) = [entry.value.replace("\\", "") for entry in app.warning]
    assert told == (
        "This table breaks 2 of 2 of the rules of customers, which has the same columns:\n\n"
        "- 1 row breaks the rule 'city is one of Rome, Oslo, Lima' (Bonn).\n"
        "- 2 rows break the rule 'age is at least 0 and at most 30' (33, 44)."
    )
    save_rules(table.folder, (rules[0], replace(rules[1], action="refuse")))
    app.run()
    assert app.error[0].value.startswith("This table breaks 2 of 2 of the rules of customers, which has the same columns, one of")
    app.button(key="upload_rules_use").click().run()
    assert_clean(app)
    assert [rule.id for rule in load_rules(june.folder)] == ["r1", "r2"]
    assert not [button.key for button in app.button if button.key == "upload_rules_use"]
    other = open_page("upload", project=project.id, dataset=cities.id)
    assert not other.warning and not [entry for entry in other.caption if ":material/rule:" in entry.value]


@pytest.fixture
def unknown(project: ProjectFolder, tmp_path: Path) -> Dataset:
    """A table of the same columns whose ages are words in 3 rows of 10, so that they are no numbers."""
    ages = ["n.v." if row % 10 < 3 else str(20 + row) for row in range(20)]
    june = add(
        project, tmp_path, "june", "age,city,bought\n" + "".join(f"{age},Rome,{'yes' if age > '3' else 'no'}\n" for age in ages)
    )
    assert (june.schema["age"].kind in ("category", "text"), june.faults) == (True, {})
    return june


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (
            (Rule("type", "age"), Rule("range", "age", 0.0, 30.0)),
            "2 of 2 of the rules of customers, which has the same columns:\n\n"
            "- 6 rows break the rule 'age can be read as its kind' (n.v.).\n"
            "- 7 rows break the rule 'age is at least 0 and at most 30' (33, 34, 35).",
        ),
        (
            (Rule("range", "age", 0.0, 99.0), Rule("filled", "city")),
            "1 of 2 of the rules of customers, which has the same columns:\n\n"
            "- 6 rows break the rule 'age can be read as its kind' (n.v.).",
        ),
        (
            (Rule("relation", text="age < 30", id="r1"), Rule("range", "age", 0.0, 30.0)),
            "2 of 2 of the rules of customers, which has the same columns:\n\n"
            "- 7 rows break the rule 'age < 30'.\n"
            "- 7 rows break the rule 'age is at least 0 and at most 30' (33, 34, 35).\n"
            "- 6 rows break the rule 'age can be read as its kind' (n.v.).",
        ),
    ],
)
def test_another_kind_is_read_as_the_rules_know_it(
    project: ProjectFolder, table: Dataset, unknown: Dataset, rules: tuple[Rule, ...], told: str
) -> None:
    """Regression: cells that are no numbers were passed over where they made the column text: "Every row keeps the rules"."""
    save_rules(table.folder, rules)
    app = open_page("upload", project=project.id, dataset=unknown.id)
    assert_clean(app)
    assert [entry.value.replace("\\", "") for entry in app.warning] == [f"This table breaks {told}"]


def test_rows_of_another_kind_are_set_aside_before_they_are_appended(
    project: ProjectFolder, table: Dataset, unknown: Dataset
) -> None:
    save_rules(table.folder, (Rule("range", "age", 0.0, 30.0, action="aside"),))
    app = opened(project, table, "append", unknown)
    assert "6 rows break the rule 'age can be read as its kind' (n.v.) and are set aside." in texts(app)
    app.button(key="upload_append_make").click().run()
    assert_clean(app)
    made = made_by(project, table, unknown)
    assert made.notes[-2:] == (
        "13 rows were set aside by the rules of the first table.",
        "A rule was left out: 'age is at least 0 and at most 30': it was made for the kind number, and 'age' is category.",
    )
    assert load_rules(made.folder) == ()
    kept = rows_aside(made.folder)
    assert kept is not None and len(kept) == 13
    assert kept.iloc[[0, -1]].to_numpy().tolist() == [
        ["1", "breaks 'age can be read as its kind'", "n.v.", "Rome", "yes"],
        ["20", "breaks 'age is at least 0 and at most 30'", "39", "Rome", "yes"],
    ]
    assert made.frame()["age"].iloc[60:].to_list() == ["23", "24", "25", "26", "27", "28", "29"]


def test_only_rules_that_fit_are_taken_over(project: ProjectFolder, table: Dataset, unknown: Dataset) -> None:
    """Regression: a range was copied onto a column of text, where it was never broken."""
    save_rules(table.folder, (Rule("range", "age", 0.0, 30.0), Rule("filled", "city", id="r2")))
    app = open_page("upload", project=project.id, dataset=unknown.id)
    assert (
        "1 rule of customers is not offered here, unless a column's kind is changed:\n\n"
        "- 'age is at least 0 and at most 30': it was made for the kind number, and 'age' is category."
    ) in texts(app)
    app.button(key="upload_rules_use").click().run()
    assert_clean(app)
    assert [rule.id for rule in load_rules(unknown.folder)] == ["r2"]
    assert app.success[0].value == "1 rule is this table's now, too. 1 rule was left out."


def test_where_no_rule_fits_none_is_offered(project: ProjectFolder, table: Dataset, unknown: Dataset) -> None:
    save_rules(table.folder, (Rule("range", "age", 0.0, 30.0), Rule("relation", text="age < 30")))
    app = open_page("upload", project=project.id, dataset=unknown.id)
    assert_clean(app)
    assert "2 rules of customers are not offered here" in " ".join(texts(app))
    assert not [button.key for button in app.button if button.key == "upload_rules_use"]


def test_rows_of_another_kind_can_refuse_a_table(project: ProjectFolder, table: Dataset, unknown: Dataset) -> None:
    save_rules(table.folder, (Rule("type", "age", action="refuse"),))
    app = opened(project, table, "append", unknown)
    assert app.error[0].value.replace("\\", "").startswith("6 rows break the rule 'age can be read as its kind' (n.v.).")
    assert "upload_append_make" not in [button.key for button in app.button]


def test_a_table_that_keeps_its_rules_says_so(project: ProjectFolder, table: Dataset) -> None:
    save_rules(table.folder, [Rule("filled", "age")])
    app = open_page("upload", project=project.id, dataset=table.id)
    assert ":material/rule: Every row keeps its rules." in [entry.value for entry in app.caption]
