"""Inspect, the whole model: what can be read is written out and drawn, what cannot says why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from automl_core.explaining.readable import Axis, Coefficient, Readable, Rule, Term
from automl_core.leaderboard import Leaderboard
from automl_core.workspace import ProjectFolder, write_json
from tests.pages.conftest import Jobs, assert_clean, open_page

HOSTILE = "<script>alert(1)</script> *bold* $x$"
LINEAR = Readable(
    "linear",
    ("yes",),
    True,
    2,
    intercept=(-1.5,),
    coefficients=(
        Coefficient("city = Rome", "city", "if it is so", "yes", 0.75, 0.5, 1.0, 0.75),
        Coefficient("age", "age", "for one more", "yes", 0.012345, 0.01, 0.015, 0.2),
    ),
    notes=("A score becomes a probability.",),
)
RULES = (Rule(("age ≤ 30", "city is Rome"), 0.25, (0.875,)), Rule((), 0.75, (0.5,)))
TREES = Readable("trees", ("yes",), True, 2, trees=(RULES, (Rule((), 1.0, (0.625,)),)), notes=("The prediction is the mean.",))
ADDITIVE = Readable(
    "additive",
    ("yes",),
    True,
    2,
    intercept=(0.25,),
    terms=(
        Term((Axis("age", "age", (30.0, 50.0), ("missing", "below 30", "30 to 50", "from 50")),),
             ((0.5, -1.0, 0.0, 1.0),), 0.8, 2),
        Term((Axis("city", "city", (), ("Oslo", "Rome")),), ((-0.1, 0.1),), 0.1, 2),
        Term((Axis("age", "age", (40.0,), ("below 40", "from 40")), Axis("city", "city", (), ("Oslo", "Rome"))),
             ((0.1, -0.1, -0.2, 0.2),), 0.05, 1),
    ),
)  # fmt: skip


@pytest.fixture
def read(project: ProjectFolder, run_folder: Path) -> Any:
    """Return a function that opens the page for a model of a family, written out or not: read(family, found=None)."""

    def opened(family: str, found: Readable | None = None, **params: Any) -> AppTest:
        board = Leaderboard.load(run_folder / "leaderboard.json")
        board.with_candidate(replace(board["lightgbm"], family=family, params=params)).save(run_folder / "leaderboard.json")
        if found is not None:
            write_json(run_folder / "readables" / "lightgbm.json", found.to_dict())
        return open_page("explain", project=project.id, run=run_folder.name)

    return opened


def captions(app: AppTest) -> list[str]:
    return [caption.value for caption in app.main.caption]


def table(app: AppTest, **columns: list[Any]) -> Any:
    (frame,) = [element.value for element in app.main.dataframe if set(columns) <= set(element.value.columns)]
    for name, cells in columns.items():
        assert list(frame[name]) == cells
    return frame


def test_a_large_model_says_why_it_cannot_be_read(read: Any) -> None:
    app = read("boosting")
    assert "explain_readable_lightgbm_start" not in [button.key for button in app.main.button]
    assert any(text.startswith("This model has too many parts to be read as a whole.") for text in captions(app))
    assert not any("choose it above" in text for text in captions(app))


def test_a_model_that_can_be_read_is_pointed_to(read: Any, run_folder: Path) -> None:
    board = Leaderboard.load(run_folder / "leaderboard.json")
    board.with_candidate(replace(board["dummy"], name="Line", family="linear")).save(run_folder / "leaderboard.json")
    app = read("boosting")
    assert any(text.endswith("Of this run there is 'Line'\\: choose it above.") for text in captions(app))


@pytest.mark.parametrize(("family", "params"), [("linear", {}), ("additive", {}), ("tree", {"max_leaf_nodes": 16})])
def test_a_readable_model_is_written_out_on_demand(family: str, params: dict[str, Any], read: Any, jobs: Jobs) -> None:
    app = read(family, **params)
    app.button(key="explain_readable_lightgbm_start").click().run()
    assert_clean(app)
    assert [kind for _, kind, _ in jobs.submitted] == ["readable"]


def test_coefficients_are_a_table(read: Any) -> None:
    app = read("linear", LINEAR)
    frame = table(app, Feature=["city = Rome", "age"], Adds=["0.75", "0.01235"], Per=["if it is so", "for one more"],
                  Lowest=["0.5", "0.01"], Highest=["1", "0.015"], Column=["city", "age"])  # fmt: skip
    assert "Outcome" not in frame
    assert "The score starts at -1.5 for yes. Each row says what a feature adds to it; the strongest come first." in captions(app)
    assert ":material/info: A score becomes a probability." in captions(app)


def test_coefficients_of_several_outcomes_name_them(read: Any) -> None:
    several = replace(LINEAR, outputs=("no", "yes"), intercept=(1.0, 2.0))
    table(read("linear", several), Outcome=["yes", "yes"])


def test_rules_are_a_table_for_each_tree(read: Any) -> None:
    app = read("tree", TREES, max_leaf_nodes=16)
    table(app, If=["age ≤ 30 and city is Rome", "always"], Rows=["25 %", "75 %"], **{"Probability of yes": ["88 %", "50 %"]})
    app.selectbox(key="explain_tree").set_value(1).run()
    assert_clean(app)
    table(app, If=["always"], **{"Probability of yes": ["62 %"]})


def test_rules_of_several_outcomes_tell_the_most_probable_first(read: Any) -> None:
    several = replace(TREES, outputs=("no", "perhaps", "yes"), trees=((Rule(("age ≤ 30",), 1.0, (0.2, 0.5, 0.3)),),))
    frame = table(read("tree", several, max_leaf_nodes=16), Predicts=["perhaps"], Probability=["50 %"], If=["age ≤ 30"])
    names = [f"Probability of {name}" for name in several.outputs]
    assert list(frame.columns) == ["Predicts", "Probability", "Rows", "If", *names]
    assert [frame[name].iloc[0] for name in names] == ["20 %", "50 %", "30 %"]


def test_parts_are_drawn_one_by_one_with_their_table(read: Any) -> None:
    app = read("additive", ADDITIVE)
    choice = app.selectbox(key="explain_term")
    assert choice.options == ["age, 0.8 on average", "city, 0.1 on average", "age and city, 0.05 on average"]
    table(app, age=["missing", "below 30", "30 to 50", "from 50"], Adds=["0.5", "-1", "0", "1"])
    choice.set_value(2).run()
    assert_clean(app)
    table(app, age=["below 40", "below 40", "from 40", "from 40"], city=["Oslo", "Rome", "Oslo", "Rome"],
          Adds=["0.1", "-0.1", "-0.2", "0.2"])  # fmt: skip
    assert len(app.main.get("plotly_chart")) == 1


def test_names_are_shown_letter_by_letter(read: Any) -> None:
    axis = Axis(HOSTILE, HOSTILE, (), (HOSTILE, "b"))
    app = read("additive", replace(ADDITIVE, outputs=(HOSTILE,), terms=(Term((axis,), ((1.0, 2.0),), 1.0, 2),), notes=(HOSTILE,)))
    told = [text for text in [*captions(app), *(one.value for one in app.main.subheader)] if "alert" in text]
    assert len(told) == 3
    assert all("<script" not in text.replace("\\<", "") and "\\*bold\\*" in text and "\\$x\\$" in text for text in told)
    assert all("<script" not in chart.proto.spec for chart in app.main.get("plotly_chart"))


def test_a_damaged_text_is_told_in_its_place(read: Any, run_folder: Path) -> None:
    write_json(run_folder / "readables" / "lightgbm.json", LINEAR.to_dict() | {"format": 7})
    app = read("linear")
    assert [error.value for error in app.main.error] == ["This model's text has format 7. This version reads format 1."]
