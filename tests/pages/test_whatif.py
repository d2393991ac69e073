"""The What-if page: a form that answers on every change, why, what would change it, rows like it, cases side by side."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from automl_core.events import Finished, Started
from automl_core.runs import Run
from automl_core.whatif.cases import Case, keep_case, load_cases
from automl_core.whatif.changes import Change, Counterfactual, Counterfactuals
from automl_core.worker.candidates import bundle
from automl_core.worker.explaining import FOUND, change_job, explain_job
from automl_core.workspace import ProjectFolder, new_id, write_json
from tests.conftest import MakeRun
from tests.pages.conftest import Jobs, assert_clean, open_page

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:matplotlib.*")


@pytest.fixture
def real_run(make_run: MakeRun, project: ProjectFolder) -> Path:
    """A real finished run inside the project, its linear model packed."""
    made = make_run("binary", holdout=0.25)
    folder = project.run(new_id("rn"))
    shutil.copytree(made.path, folder)
    bundle(Run(folder), "logistic")
    return folder


def page_of(run: Path, part: str = "") -> AppTest:
    app = open_page("whatif", project=run.parent.parent.name, run=run.name, model="logistic")
    if part:
        app.button_group(key="whatif_part").set_value(part).run()
        assert_clean(app)
    return app


def texts(app: AppTest) -> str:
    return "\n".join(entry.value for entry in [*app.main.caption, *app.main.markdown]).replace("\\", "")


def test_without_a_run_it_says_where_one_comes_from(project: ProjectFolder) -> None:
    app = open_page("whatif", project=project.id)
    assert app.info[0].value == "This project has no model yet. Models come from a comparison."


def test_a_model_that_was_not_packed_is_offered(run_folder: Path, jobs: Jobs) -> None:
    app = open_page("whatif", project=run_folder.parent.parent.name, run=run_folder.name)
    app.button(key="explain_model_lightgbm_start").click().run()
    assert [kind for _, kind, _ in jobs.submitted] == ["model"]


def test_every_change_is_answered_and_explained(real_run: Path) -> None:
    app = page_of(real_run)
    first = app.metric[-1].value
    assert first in ("left", "stayed")
    turn = app.session_state["draft_whatif_turn"]
    app.number_input(key=f"whatif_{turn}_age").set_value(79)
    app.selectbox(key=f"whatif_{turn}_city").set_value("Rome").run()
    assert_clean(app)
    assert app.metric[-1].value == "left"
    assert "What raises the probability of 'left' most: 'age' = 79" in texts(app)
    assert len(app.main.get("plotly_chart")) == 1
    app.number_input(key=f"whatif_{turn}_age").set_value(200).run()
    assert any("the highest in the training rows" in warning.value for warning in app.warning)
    app.text_input(key=f"whatif_{turn}_joined").set_value("not a date").run()
    assert "not a date" in app.error[0].value
    assert_clean(app)


def test_it_starts_from_a_row_of_the_table_and_tells_its_outcome(real_run: Path) -> None:
    app = page_of(real_run)
    owner = f"{real_run.name} logistic"
    app.button_group(key=f"whatif_way_{owner}").set_value("A row of the table").run()
    app.number_input(key=f"whatif_row_{owner}").set_value(3).run()
    assert_clean(app)
    row = Run(real_run).holdout().iloc[2]
    turn = app.session_state["draft_whatif_turn"]
    assert app.number_input(key=f"whatif_{turn}_income").value == pytest.approx(row["income"])
    assert f"In the table the outcome of the row it started from is {row['outcome']}." in texts(app)


def test_cases_are_kept_and_stand_side_by_side(real_run: Path) -> None:
    keep_case(Run(real_run).cases("logistic"), Case("older", {"age": 70.0, "city": "Rome"}))
    keep_case(Run(real_run).cases("logistic"), Case("of another model", {"shoe": 3}))
    app = page_of(real_run, "Side by side")
    table = app.main.dataframe[0].value
    assert list(table.columns) == ["", "This row", "older"]
    assert list(table[""])[:2] == ["outcome", "Probability of left"]
    assert "of another model: 'shoe': the model knows no such column." in texts(app)
    app.text_input(key="whatif_name").set_value("mine")
    app.button(key="whatif_keep").click().run()
    assert_clean(app)
    kept = {case.name: case.values for case in load_cases(Run(real_run).cases("logistic"))}
    assert set(kept) == {"older", "of another model", "mine"} and kept["mine"]["city"]
    app.selectbox(key="whatif_delete_name").set_value("older")
    app.button(key="whatif_delete").click().run()
    assert {case.name for case in load_cases(Run(real_run).cases("logistic"))} == {"of another model", "mine"}


def test_rows_like_it_come_with_their_outcome_or_the_reason_why_not(real_run: Path) -> None:
    app = page_of(real_run, "Rows like it")
    table = app.main.dataframe[0].value
    assert list(table.columns)[:2] == ["Alike", "outcome"] and len(table) == 5
    assert "mail" not in table.columns
    shutil.rmtree(real_run / "dataset")
    again = page_of(real_run, "Rows like it")
    assert_clean(again)


def test_without_the_table_it_answers_all_the_same(real_run: Path) -> None:
    shutil.rmtree(real_run / "dataset")
    app = page_of(real_run, "Rows like it")
    assert app.metric[-1].value in ("left", "stayed")
    assert "The table this run learned from is no longer in the project, so no rows like this one can be shown." in texts(app)


def test_a_search_for_a_change_is_a_job_with_goal_and_rules(real_run: Path, jobs: Jobs) -> None:
    app = page_of(real_run, "What would change it")
    app.multiselect(key="whatif_fixed").set_value(["city"]).run()
    app.multiselect(key="whatif_up").set_value(["age"]).run()
    app.button(key="whatif_search").click().run()
    assert_clean(app)
    ((_, kind, params),) = jobs.submitted
    assert kind == "change" and params["goal"]["label"] in ("left", "stayed")
    assert {rule["column"]: rule["way"] for rule in params["rules"]} == {"city": "fixed", "age": "up"}
    json.dumps(params)


def test_what_was_found_is_shown_and_can_be_tried(real_run: Path, project: ProjectFolder, emit: Callable[..., None]) -> None:
    folder = project.job(new_id("jb"))
    values = {"age": 30.0, "income": 20000.0, "city": "Paris", "member": "No", "joined": "2021-01-01"}
    params: dict[str, Any] = {
        "run": real_run.name,
        "candidate": "logistic",
        "values": values,
        "goal": {"label": "left"},
        "rules": [],
    }
    write_json(folder / "request.json", {"format": 1, "kind": "change", "params": params})
    for event in (Started(1), Finished({"found": 1})):
        emit(folder, event)
    one = Counterfactual(
        (Change("age", "30", "61.5"), Change("city", "Paris", "Rome")), "left", {"stayed": 0.4, "left": 0.6}, 0.9
    )
    write_json(folder / FOUND, Counterfactuals("'left'", (one,), 100, False, None, "1 change reaches 'left'.").to_dict())
    app = page_of(real_run, "What would change it")
    assert "1 change reaches 'left'." in texts(app) and "This search was for the row before" in texts(app)
    assert list(app.main.dataframe[0].value["Then"]) == ["61.5", "Rome"]
    app.button(key="whatif_try_0").click().run()
    assert_clean(app)
    turn = app.session_state["draft_whatif_turn"]
    assert app.number_input(key=f"whatif_{turn}_age").value == 61.5
    assert app.selectbox(key=f"whatif_{turn}_city").value == "Rome"


class Context:
    """What a job is given."""

    def __init__(self, project: ProjectFolder, folder: Path, params: dict[str, Any]) -> None:
        self.project, self.folder, self.request = project, folder, {"params": params}
        self.told: list[str] = []

    def emit(self, event: Any) -> None:
        self.told.append(event.doing)


def test_the_jobs_leave_what_the_pages_draw(real_run: Path, project: ProjectFolder, tmp_path: Path) -> None:
    params = {"run": real_run.name, "candidate": "logistic"}
    context: Any = Context(project, tmp_path, params)
    assert explain_job(context) == {"file": "logistic.json"}
    assert context.told[:3] == ["Loading the model", "Shuffling column 1 of 5", "Shuffling column 2 of 5"]
    goal = {"label": "left"}
    asked = {**params, "values": {"age": 30.0, "city": "Paris"}, "goal": goal, "rules": [{"column": "city", "way": "fixed"}]}
    changing: Any = Context(project, tmp_path, asked)
    assert change_job(changing)["found"] >= 1
    app = open_page("explain", project=project.id, run=real_run.name, model="logistic")
    assert "moves predictions most of 5 columns" in texts(app)
    for part, charts in (("What matters", 3), ("One column", 2), ("A simple tree", 0), ("Can it be believed", 0)):
        app.button_group(key="explain_why_part").set_value(part).run()
        assert_clean(app)
        assert len(app.main.get("plotly_chart")) == charts, part
        if part == "One column":
            spec = json.loads(app.main.get("plotly_chart")[0].proto.spec)
            assert spec["layout"]["yaxis"]["title"]["text"] == "Probability of outcome = left"
    assert "Contributions add up to the model's own probability" in texts(app) or "The model averages probabilities" in texts(app)
