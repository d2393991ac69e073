"""The report: one page that opens anywhere, tells the evaluation's own numbers, and takes no name for markup."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.charts.effects import effect_charts
from automl_core.charts.evaluation import READING
from automl_core.charts.importance import READING as READING_IMPORTANCE
from automl_core.charts.judged import coverage_chart, failing_note, fairness_chart
from automl_core.charts.tables import evaluation_tables
from automl_core.cleaning.recipe import Recipe, Step
from automl_core.engines.weasyprint import missing_libraries
from automl_core.errors import EngineError, InputError, NotFoundError
from automl_core.evaluation.coverage import Coverage
from automl_core.evaluation.evaluate import Evaluation, Score
from automl_core.evaluation.failing import Failing
from automl_core.evaluation.fairness import Fairness, GroupRates
from automl_core.evaluation.judged import fairness_path
from automl_core.evaluation.learning import LearningCurve, Point
from automl_core.events import Event, Message, append_event
from automl_core.experiment import ExperimentConfig, Split
from automl_core.explaining.importance import explain
from automl_core.explaining.reasons import Reasons
from automl_core.extending import with_more
from automl_core.honesty import HeldOut
from automl_core.leaderboard import Candidate, Leaderboard
from automl_core.metrics import METRICS
from automl_core.profiling.wording import number
from automl_core.relearning import Origin
from automl_core.reporting import LIMIT, _split, facts, write_card, write_pdf, write_report
from automl_core.reporting.contents import CONTENTS, usual_contents
from automl_core.runs import Run, write_request
from automl_core.schema import Column, Schema
from automl_core.scoring.bundle import load_model
from automl_core.script.verdict import CodeProof, Differing
from automl_core.search.proof import Check, Proof, Side
from automl_core.worker.candidates import bundle, evaluate_candidate
from automl_core.worker.judging import find_failing
from automl_core.worker.reports import write_documents
from automl_core.workspace import new_id, read_json, write_json
from tests.charts.small_reasons import reasons
from tests.conftest import CUSTOMERS, MakeRun, make_estimators, write_run

# Matplotlib calls pyparsing by its old names.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:matplotlib.*")
TASKS = ("binary", "multiclass", "regression")
NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
VOID = {"meta", "br", "hr", "img", "input", "link"}


class Page(HTMLParser):
    """Parses a page, fails when tags do not close in order, and keeps what is in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, (tag, self.open[-3:], self.getpos())
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        self.texts.append(data)
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.texts))

    def row(self, first: str) -> list[str]:
        """Return the table row that begins with `first`."""
        return next(row for row in self.rows if row and row[0] == first)


def checked(path: Path) -> Page:
    """Read a report; it must be small, whole, and need nothing from elsewhere."""
    content = path.read_bytes()
    assert len(content) < LIMIT
    text = content.decode("utf-8")
    page = Page(text)
    assert not {"script", "link", "iframe", "object", "embed", "form", "base"} & set(page.tags)
    for name, value in page.attributes:
        assert not name.startswith("on"), (name, value)
        if name in ("src", "href", "xlink:href"):
            assert value.startswith(("#", "data:image/png;base64,")), value
    assert set(re.findall(r"https?://[^\"'<>\s]+", text)) <= NAMESPACES
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'; img-src data:") in page.attributes
    return page


@pytest.fixture(scope="module")
def judged(finished_runs: dict[str, Run], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Copies of the finished runs in which the ensemble is evaluated and explained."""
    made = {}
    for task, run in finished_runs.items():
        folder = tmp_path_factory.mktemp("judged") / task
        shutil.copytree(run.path, folder)
        made[task] = Run(folder)
        judge(made[task], "ensemble")
    return made


def judge(run: Run, candidate: str) -> None:
    """Store an evaluation and a quick explanation."""
    evaluate_candidate(run, candidate)
    found = explain(load_model(bundle(run, candidate)), run.holdout(), seconds=0.0)
    write_json(run.explanation(candidate), found.to_dict())


@pytest.mark.parametrize("task", TASKS)
def test_a_report_tells_the_evaluations_numbers(judged: dict[str, Run], tmp_path: Path, task: str) -> None:
    run = judged[task]
    page = checked(write_report(run.path, "ensemble", tmp_path / "report.html"))
    evaluation = Evaluation.from_dict(read_json(run.evaluation("ensemble")))
    candidate = run.leaderboard()["ensemble"]
    assert evaluation.metrics
    for name, score in evaluation.metrics.items():
        _, held, interval, folds, meaning = page.row(METRICS[name].label)
        assert held == number(score.value)
        assert interval == ("" if score.low is None else f"{number(score.low)} to {number(score.high or 0)}")
        assert folds == (number(candidate.metrics[name]) if name in candidate.metrics else "")
        assert meaning == METRICS[name].explanation
    first, score = next(iter(evaluation.metrics.items()))
    assert (
        f"Ensemble predicts {evaluation.target}. On {evaluation.rows:,} rows it never saw, its {METRICS[first].label} is "
        f"{number(score.value)} (95 % interval {number(score.low or 0)} to {number(score.high or 0)}); "
        "in cross-validation it was 0.86." in page.text
    )
    assert f"Judged on {evaluation.rows} rows that the search never saw." in page.text
    width = len(evaluation.classes) + 1  # the calibration's rows begin with a label, too, and hold shares
    counts = [row[1:] for row in page.rows if row and row[0] in evaluation.classes and len(row) == width and "%" not in row[1]]
    assert counts == [[str(count) for count in row] for row in evaluation.curves.get("confusion", [])]


@pytest.mark.parametrize("task", TASKS)
def test_a_report_has_every_chart_with_its_reading(judged: dict[str, Run], tmp_path: Path, task: str) -> None:
    run = judged[task]
    page = checked(write_report(run.path, "ensemble", tmp_path / "report.html"))
    labels = [value for name, value in page.attributes if name == "aria-label"]
    many = ["ROC curve", "Precision and recall", "Gain", "Lift", "Calibration"]
    expected = {
        "regression": ["Predicted against actual", "Residuals", "Error by size of the value"],
        "multiclass": many,
        "binary": [*many[:4], "Events and others by probability", many[4], "Probabilities by outcome"],
    }[task]
    importance = ["What the score loses without a column", "What each column adds"]
    assert labels == [*expected, "Certainty asked for and kept", *importance, "Score against time"]
    for title in expected:
        assert READING[title] in page.text
    for title in importance:
        assert READING_IMPORTANCE[title] in page.text
    assert page.tags.count("svg") == len(labels)


def test_a_report_says_what_was_asked_and_how_the_table_was_cleaned(judged: dict[str, Run], tmp_path: Path) -> None:
    run = judged["binary"]
    page = checked(write_report(run.path, "ensemble", tmp_path / "report.html"))
    assert page.row("Table") == ["Table", "customers.csv, 240 rows, 10 columns"]
    assert page.row("Predicts") == ["Predicts", "outcome. One of two outcomes"]
    assert page.row("Event") == ["Event", "left"]
    assert page.row("Rows held back") == ["Rows held back", "25 %"]
    assert page.row("Split") == ["Split", "at random"]
    assert page.row("Search") == ["Search", "60 s, preset balanced, seed 0"]
    assert page.row("Run") == ["Run", run.id]
    assert page.row("Fingerprint of the table") == ["Fingerprint of the table", run.dataset().fingerprint]
    assert "What the ensemble is made of Logistic (50 %), Forest (50 %)." in page.text
    for step in ("Leave columns out. keys", "Split dates into parts. dates", "Bring numbers to one scale. one scale"):
        assert step in page.text
    names = [row[1] for row in page.rows if len(row) == 8 and row[1] != "Model"]
    assert sorted(names) == ["Broken", "Ensemble", "Forest", "Logistic"]
    assert next(row for row in page.rows if len(row) == 8 and row[1] == "Broken") == [
        "",
        "Broken",
        "failed",
        "",
        "",
        "",
        "",
        "It failed.",
    ]
    assert page.row("1") == ["1", "Ensemble", "0.86", "", "", "0.0", "0.0", ""]


def test_a_report_says_how_rows_were_divided(judged: dict[str, Run], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(judged["binary"].path, folder)
    assert "How rows were divided" not in checked(write_report(folder, "ensemble", tmp_path / "report.html")).text
    checks = (
        Check("rows_apart", "Rows", "ok", "No row is learned from and judged at once."),
        Check("groups_apart", "Groups", "not_applicable", "Rows were not divided by group."),
        Check("copies_apart", "Copies", "failed", "2 judged rows equal a learned one."),
    )
    until, since = "2024-02-01T00:00:00", "2024-02-09T00:00:00"
    Proof(checks, (Side("Fold 1", 1400, 30, 2, until, until, since, since),)).save(folder)
    page = checked(write_report(folder, "ensemble", tmp_path / "report.html"))
    assert "Rows. No row is learned from and judged at once.Copies, not kept. 2 judged rows equal a learned one." in page.text
    assert "Rows were not divided by group." not in page.text
    assert page.row("Fold 1") == ["Fold 1", "1,400", "30", "2", "2024-02-01", "2024-02-09"]


@pytest.mark.parametrize(
    ("split", "text"),
    [
        (Split(), "at random"),
        (Split("time", "joined", 7.0), "by time, learning from earlier rows (joined), with a gap of 7 days"),
        (Split("time", "age", 2.5), "by time, learning from earlier rows (age), with a gap of 2.5"),
    ],
)
def test_a_split_is_said_with_its_gap(split: Split, text: str) -> None:
    assert _split(split, CUSTOMERS) == text


def test_labels_are_listed_where_there_are_several(judged: dict[str, Run]) -> None:
    assert facts(judged["multiclass"], judged["multiclass"].leaderboard()["ensemble"])["settings"]["Labels"] == "low, mid, top"
    assert "Labels" not in facts(judged["binary"], judged["binary"].leaderboard()["ensemble"])["settings"]


def test_without_held_back_rows_it_says_so(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run("binary", holdout=0.0)
    page = checked(write_report(run.path, "forest", tmp_path / "report.html"))
    assert "Forest predicts outcome. Out-of-fold its ROC AUC is 0.85." in page.text
    assert (
        "No rows were held back: these are out-of-fold scores, each row judged by a model that did not learn from it. "
        "They are a little too good." in page.text
    )
    assert page.row("Rows held back") == ["Rows held back", "none; scores are out-of-fold"]
    assert "Held-out" not in page.text and "Confusion table" not in page.text
    assert page.tags.count("svg") == 1


def test_a_candidate_without_a_score_is_refused(judged: dict[str, Run], tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        write_report(judged["binary"].path, "broken", tmp_path / "report.html")
    assert str(caught.value) == "The model 'Broken' was not scored. It failed. Choose a scored model."
    with pytest.raises(NotFoundError):
        write_report(judged["binary"].path, "nobody", tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_the_summary_compares_like_with_like(judged: dict[str, Run], tmp_path: Path) -> None:
    """Where the run's metric was not defined on the held-out rows, another metric was compared with its score."""
    folder = tmp_path / "run"
    shutil.copytree(judged["multiclass"].path, folder)
    run = Run(folder)
    data = read_json(run.evaluation("ensemble"))
    data["metrics"] = {"accuracy": {"value": 0.5, "low": None, "high": None}}
    write_json(run.evaluation("ensemble"), data)
    page = checked(write_report(folder, "ensemble", tmp_path / "report.html"))
    assert "its Accuracy is 0.5." in page.text
    board = run.leaderboard()
    metrics = {**board["ensemble"].metrics, "accuracy": 0.625}
    board.with_candidate(Candidate.from_dict({**board["ensemble"].to_dict(), "metrics": metrics})).save(
        folder / "leaderboard.json"
    )
    page = checked(write_report(folder, "ensemble", tmp_path / "report.html"))
    assert "its Accuracy is 0.5; in cross-validation it was 0.625." in page.text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.81234, "0.8123"), (1234.5, "1,234"), (12345.6, "12,346"), (1234567.0, "1,234,567"), (0.0, "0"), (2e20, "2e+20")],
)
def test_numbers_are_written_for_people(value: float, text: str) -> None:
    """An error of 12,346 was once told as 1.235e+04."""
    assert number(value) == text


HOSTILE = "<script>alert(1)</script>"


def hostile_run(folder: Path) -> Run:
    """A run in which every name that a person can give is markup, and some are very long."""
    rng = np.random.default_rng(0)
    rows = 120
    column, word = f"{HOSTILE}&amp;\"'", "<img src=x onerror=alert(1)>"
    x = rng.normal(size=rows)
    labels = (f"no {HOSTILE}", "yes </td></table><b>" + "z" * 5000)
    target = "<h1>target</h1>" + "t" * 3000
    frame = pd.DataFrame({column: x, "w" * 4000: rng.choice([word, "b"], rows).astype(object)})
    frame[target] = np.array(labels, dtype=object)[(x > 0).astype(int)]
    schema = Schema((Column(column, "number"), Column("w" * 4000, "category"), Column(target, "category")))
    recipe = Recipe(
        (
            Step("impute", {}, f"because of {HOSTILE}", id="aaaa0001"),
            Step("encode", {"method": "onehot"}, "words", id="aaaa0002"),
            Step("scale", {}, HOSTILE, enabled=False, id="aaaa0003"),
        )
    )
    config = ExperimentConfig(target, "binary", "roc_auc", labels[1], holdout=0.25)
    run = write_run(folder, frame, schema, config, make_estimators("binary"), recipe=recipe, classes=labels)
    board = run.leaderboard()
    for row in board:
        renamed = Candidate.from_dict({**row.to_dict(), "name": f"{row.name} {HOSTILE}", "reason": HOSTILE})
        board = board.with_candidate(renamed)
    board.save(folder / "leaderboard.json")
    return run


def test_names_are_never_taken_for_markup(tmp_path: Path) -> None:
    run = hostile_run(tmp_path / "run")
    judge(run, "logistic")
    out = write_report(run.path, "logistic", tmp_path / "report.html")
    page = checked(out)
    text = out.read_text(encoding="utf-8")
    assert "<script" not in text and "<img" not in text and "<h1>target" not in text
    assert page.tags.count("h1") == 1
    assert f"Logistic {HOSTILE} predicts <h1>target</h1>t" in page.text
    assert f"because of {HOSTILE}" in page.text
    assert f"no {HOSTILE}" in [cell for row in page.rows for cell in row]
    assert len(text) < 400_000
    assert "t" * 100 not in text and "z" * 100 not in text and "w" * 100 not in text


def test_many_labels_fit_and_the_rest_is_told(judged: dict[str, Run], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(judged["multiclass"].path, folder)
    run = Run(folder)
    names = [f"label {place}" for place in range(100)]
    task, data = read_json(folder / "task.json"), read_json(run.evaluation("ensemble"))
    write_json(folder / "task.json", {**task, "classes": names})
    data["classes"] = names
    data["curves"]["confusion"] = np.eye(100, dtype=int).tolist()
    write_json(run.evaluation("ensemble"), data)
    page = checked(write_report(folder, "ensemble", tmp_path / "report.html"))
    assert "label 29 and 70 more" in page.row("Labels")[1]
    assert "The other 70 labels are left out of this table." in page.text
    assert page.row("label 29") == ["label 29", *(["0"] * 29), "1"]


def test_a_damaged_evaluation_is_refused(judged: dict[str, Run], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(judged["binary"].path, folder)
    write_json(Run(folder).evaluation("ensemble"), {"format": 9})
    with pytest.raises(ValueError, match="This evaluation has format 9"):
        write_report(folder, "ensemble", tmp_path / "report.html")


def test_a_board_of_one_row_is_enough(judged: dict[str, Run], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(judged["binary"].path, folder)
    board = Run(folder).leaderboard()
    Leaderboard(board.metric, board.greater_is_better, (board["forest"],)).save(folder / "leaderboard.json")
    page = checked(write_report(folder, "forest", tmp_path / "report.html"))
    assert len([row for row in page.rows if len(row) == 8]) == 2


def told(judged: Run, tmp_path: Path, **more) -> Page:
    """Return the report of a copy of a run with a leaderboard that can be judged."""
    folder = tmp_path / "run"
    shutil.copytree(judged.path, folder)
    rows = (
        Candidate("dummy", "Baseline", "baseline", "baseline", state="scored", score=0.5, fold_scores=(0.5,) * 3, spread=0.0),
        Candidate("forest", "Forest", "forest", state="scored", score=0.91, fold_scores=(0.90, 0.91, 0.92), spread=0.01,
                  predict_ms=9.0),
        Candidate("logistic", "Logistic", "linear", state="scored", score=0.905, fold_scores=(0.90, 0.90, 0.915), spread=0.0087,
                  predict_ms=2.0),
    )  # fmt: skip
    Leaderboard("roc_auc", True, rows, recommended="forest").save(folder / "leaderboard.json")
    if more:
        request = read_json(folder / "request.json")
        write_json(folder / "request.json", {**request, "params": {**request["params"], **more}})
    return checked(write_report(folder, "forest", tmp_path / "report.html"))


def test_groups_marks_and_optimism_are_told(judged: dict[str, Run], tmp_path: Path) -> None:
    page = told(judged["binary"], tmp_path)
    assert page.row("1")[1:5] == ["Forest", "0.91", "± 0.01", "A"]
    assert page.row("1")[-1] == "Recommended, Best single model"
    assert page.row("2")[-1] == "Fastest of those that cannot be told apart, Fastest within one standard error"
    assert page.row("3")[4] == "B"
    assert "2 of 3 cannot be told apart (group A)" in page.text
    assert "Forest was the best of 2 on every fold, so its score owes nothing to having been chosen." in page.text


def test_a_model_that_learned_every_row_says_why_it_can_be_trusted(judged: dict[str, Run], tmp_path: Path) -> None:
    origin = Origin("rn261124-aaaaaaaa", "forest", "Forest", {}, (), "roc_auc", HeldOut(0.9, 0.85, 0.95, 60))
    page = told(judged["binary"], tmp_path, relearn=origin.to_dict())
    assert (
        "It learned every row, so its own scores are out-of-fold. The same model, chosen and judged before, had ROC AUC 0.9 "
        "(0.85 to 0.95) on 60 rows that it had not learned from." in page.text
    )
    assert page.row("Chosen and judged in the run") == ["Chosen and judged in the run", "rn261124-aaaaaaaa"]
    assert "cannot be told apart (group A)" not in page.text


def test_every_chart_has_its_table_and_says_itself_in_words(judged: dict[str, Run], tmp_path: Path) -> None:
    for task in TASKS:
        run = judged[task]
        out = write_report(run.path, "ensemble", tmp_path / "report.html")
        page, text = checked(out), out.read_text(encoding="utf-8")
        evaluation = Evaluation.from_dict(read_json(run.evaluation("ensemble")))
        titles = [value for name, value in page.attributes if name == "aria-label"]
        targets = {value for name, value in page.attributes if name == "id"}
        links = [value.removeprefix("#") for name, value in page.attributes if name == "href"]
        assert (
            len(links) == len(titles) == (11 if task == "binary" else 9 if task == "multiclass" else 7) and set(links) <= targets
        )
        for title in titles:
            assert text.count(f">{title}</h3>") >= 1
        for table in evaluation_tables(evaluation).values():
            assert page.text.count(table.says) == 2 and table.rows


def test_tables_of_charts_by_exact_numbers() -> None:
    curves = {
        "roc": {"yes": {"fpr": [0.0, 0.0, 0.5, 1.0], "tpr": [0.0, 0.5, 0.75, 1.0], "auc": 0.7}},
        "pr": {"yes": {"recall": [0.0, 0.5, 1.0], "precision": [1.0, 0.8, 0.4], "average_precision": 0.72}},
        "calibration": {"yes": {"predicted": [0.1, 0.8], "observed": [0.2, 0.75], "low": [0.1, 0.5], "high": [0.3, 0.9]}},
    }
    curves |= {
        "gain": {"yes": {"share": [0.0, 0.25, 1.0], "found": [0.0, 0.5, 1.0], "base": 0.4}},
        "ks": {
            "yes": {"threshold": [0.0, 0.3, 1.0], "events": [0.0, 0.25, 1.0], "others": [0.0, 0.75, 1.0], "at": 0.3, "value": 0.5}
        },
        "distribution": {"edges": [0.0, 0.5, 1.0], "counts": {"no": [3, 1], "yes": [1, 3]}},
    }
    made = Evaluation("binary", 8, "held-out", {}, curves, ("no", "yes"), "yes", target="bought")
    tables = evaluation_tables(made)
    roc = tables["ROC curve"]
    assert roc.says == "The area under the curve is 0.700 for 'yes'; a guess has 0.5."
    assert roc.columns == ("False alarms at most", "Found: yes")
    assert (roc.rows[0], roc.rows[5], roc.rows[10]) == (("0 %", "50 %"), ("50 %", "75 %"), ("100 %", "100 %"))
    assert tables["Precision and recall"].rows[6] == ("60 %", "40 %")
    calibration = tables["Calibration"]
    assert calibration.says == "Predicted and observed shares differ by 10 % at most."
    assert calibration.rows[0] == ("yes", "10 %", "20 %", "10 % to 30 %")
    assert tables["Gain"].says == "Among the most probable 20 % of the rows are 40 % of those with 'yes'."
    assert (tables["Gain"].rows[0], tables["Gain"].rows[10]) == (("0 %", "0 %"), ("100 %", "100 %"))
    assert tables["Lift"].says == "Among the most probable 10 % of the rows there are 2 times as many with 'yes' as in all."
    assert (tables["Lift"].rows[1], tables["Lift"].rows[9]) == (("20 %", "2"), ("100 %", "1"))
    apart = tables["Events and others by probability"]
    assert apart.says == "The two lines are furthest apart, by 0.500, at a probability of 0.3."
    assert (apart.rows[2], apart.rows[3]) == (("20 %", "0 %", "0 %"), ("30 %", "25 %", "75 %"))
    spread = tables["Probabilities by outcome"]
    assert spread.says == "A probability of 50 % or more have 25 % of the rows with 'no', 75 % of the rows with 'yes'."
    assert spread.rows == (("0 % to 50 %", "3", "1"), ("50 % to 100 %", "1", "3"))


def looked_into(run: Run, folder: Path) -> Run:
    """A copy of a run in which single columns and the rows learned from were looked into."""
    shutil.copytree(run.path, folder)
    run = Run(folder)
    write_json(run.reasons("ensemble"), reasons().to_dict())
    find_failing(run, "ensemble", "held-out")
    groups = tuple(GroupRates(name, 30, {"selection": Score(value, 0.1, 0.9)}) for name, value in (("Rome", 0.25), ("Oslo", 0.5)))
    compared = Fairness("city", "left", groups, {}, {})
    write_json(fairness_path(run.judged("ensemble") / "held-out", "city", ""), compared.to_dict())
    points = (Point(50, 0.5, (0.6, 0.8), (1.0, 0.9)), Point(100, 1.0, (0.7, 0.9), (0.9, 0.9)))
    write_json(run.learning("ensemble"), LearningCurve("forest", "Forest", "roc_auc", "ROC AUC", True, points).to_dict())
    return run


def test_a_report_shows_single_columns_and_the_learning_curve(judged: dict[str, Run], tmp_path: Path) -> None:
    run = looked_into(judged["binary"], tmp_path / "run")
    page = checked(write_report(run.path, "ensemble", tmp_path / "report.html"))
    labels = [value for name, value in page.attributes if name == "aria-label"]
    added = [chart.title for chart in effect_charts(reasons())]
    assert labels[-8:] == [*added, "Score by the rows learned from", "Score against time"]
    for chart in effect_charts(reasons()):
        assert page.text.count(chart.table.says) == 2  # below the chart, and above its table
        assert page.text.count(chart.reading) >= 1
    assert "The 3 columns that move predictions most, of 3." in page.text
    assert page.row("50") == ["50", "0.7 (0.6 to 0.8)", "0.95 (0.9 to 1)"]
    assert "The curve is that of Forest, the ensemble's heaviest member." in page.text
    anchors = {value for name, value in page.attributes if name == "id"}
    links = {value[1:] for name, value in page.attributes if name == "href" and value.startswith("#table")}
    assert links <= anchors and len(links) == len(labels)
    bare = checked(write_report(judged["binary"].path, "ensemble", tmp_path / "bare.html"))
    assert "What single columns do" not in bare.text and "Whether more rows would help" not in bare.text
    assert "What single columns do" not in checked(write_card(run.path, "ensemble", tmp_path / "card.html")).text


def test_a_report_shows_where_it_fails_how_groups_are_treated_and_whether_ranges_hold(
    judged: dict[str, Run], tmp_path: Path
) -> None:
    run = looked_into(judged["binary"], tmp_path / "run")
    page = checked(write_report(run.path, "ensemble", tmp_path / "report.html"))
    folder = run.judged("ensemble") / "held-out"
    assert failing_note(Failing.from_dict(read_json(folder / "fails.json"))) in page.text
    (path,) = folder.glob("fair-*.json")
    groups = fairness_chart(Fairness.from_dict(read_json(path)))
    held = coverage_chart(Coverage.from_dict(read_json(folder / "coverage.json")), "outcome")
    for chart in (groups, held):
        assert page.text.count(chart.table.says) == 2
        for row in chart.table.rows:
            assert list(row) in page.rows
    assert page.text.index("Where it fails") < page.text.index("How it treats groups") < page.text.index("Which columns matter")
    bare = checked(write_report(judged["binary"].path, "ensemble", tmp_path / "bare.html"))
    assert (
        "Where it fails" not in bare.text and "How it treats groups" not in bare.text and "Whether its ranges hold" in bare.text
    )


def test_what_takes_long_is_left_out_unless_it_is_there(judged: dict[str, Run], tmp_path: Path) -> None:
    quick = tuple(name for name in CONTENTS if name not in ("fails", "effects", "learning"))
    assert usual_contents(judged["binary"], "ensemble") == quick
    assert usual_contents(looked_into(judged["binary"], tmp_path / "run"), "ensemble") == tuple(CONTENTS)


def test_what_is_asked_for_is_computed_first_and_what_cannot_be_is_told(judged: dict[str, Run], tmp_path: Path) -> None:
    shutil.copytree(judged["binary"].path, tmp_path / "run")
    run, told = Run(tmp_path / "run"), list[Event]()
    page = write_documents(run, "logistic", ["fails", "effects", "learning"], path=tmp_path / "report.html", emit=told.append)
    assert (run.judged("logistic") / "held-out" / "fails.json").exists()
    found = Reasons.from_dict(read_json(run.reasons("logistic")))
    labels = [value for name, value in checked(page).attributes if name == "aria-label"]
    assert labels[-len(effect_charts(found)) :] == [chart.title for chart in effect_charts(found)]
    said = [event.text for event in told if isinstance(event, Message)]
    assert said == [
        "The report has no learning curve: Logistic cannot be learned again. Choose another model of the leaderboard."
    ]
    before = run.reasons("logistic").stat().st_mtime_ns
    write_documents(run, "logistic", ["effects"], path=tmp_path / "again.html")
    assert run.reasons("logistic").stat().st_mtime_ns == before


def test_a_report_holds_what_was_chosen(judged: dict[str, Run], tmp_path: Path) -> None:
    run = looked_into(judged["binary"], tmp_path / "run")
    whole = checked(write_report(run.path, "ensemble", tmp_path / "report.html")).text
    for name, title in CONTENTS.items():
        if name not in ("code", "rows"):  # this run has no script, and no proof of its division
            assert title in whole
            others = [other for other in CONTENTS if other != name]
            assert title not in checked(write_report(run.path, "ensemble", tmp_path / "some.html", others)).text
    alone = checked(write_report(run.path, "ensemble", tmp_path / "one.html", ["cleaning"]))
    assert alone.tags.count("svg") == 0 and "How the table was cleaned" in alone.text
    with pytest.raises(InputError, match="A report has no section 'jokes'"):
        write_report(run.path, "ensemble", tmp_path / "none.html", ["jokes"])
    with pytest.raises(InputError, match="The report would be empty"):
        write_report(run.path, "ensemble", tmp_path / "none.html", [])
    assert not (tmp_path / "none.html").exists()


def test_a_report_names_everything_to_repeat_the_run(judged: dict[str, Run], tmp_path: Path) -> None:
    import sklearn

    run = judged["binary"]
    page = checked(write_report(run.path, "ensemble", tmp_path / "report.html"))
    assert (
        "python -m automl_core train TABLE.csv --target outcome --out RUN --task binary --metric roc_auc --positive left "
        "--preset balanced --recipe recipe.json --budget 60 --holdout 0.25 --seed 0" in page.text
    )
    assert '"op": "date_parts"' in page.text and "The search was counted in seconds" in page.text
    assert page.row("scikit-learn") == ["scikit-learn", sklearn.__version__]
    assert page.row("Seed") == ["Seed", "0"]


def test_a_report_tells_every_budget_and_how_they_are_given_again(judged: dict[str, Run], tmp_path: Path) -> None:
    """Regression: a search of 15 s that was given 60 s more was told as one of 60 s."""
    folder = tmp_path / "run"
    shutil.copytree(judged["binary"].path, folder)
    run = Run(folder)

    def given(**budget: float) -> None:
        request = read_json(folder / "request.json")
        request["params"]["config"]["budget"] = {"seconds": 60.0, "trials": 0, **budget}
        write_json(folder / "request.json", request)

    given(trials=20)
    write_request(folder, "train", with_more(run, models=5))
    page = checked(write_report(folder, "ensemble", tmp_path / "report.html"))
    assert page.row("Search") == ["Search", "20 models, then 5 models more, preset balanced, seed 0"]
    assert "--trials 20 --holdout 0.25 --seed 0 python -m automl_core extend RUN --trials 5" in page.text
    assert "counted in seconds" not in page.text
    write_request(folder, "train", with_more(run, seconds=90.0))
    page = checked(write_report(folder, "ensemble", tmp_path / "report.html"))
    assert page.row("Search") == ["Search", "20 models, then 5 models more, then 90 s more, preset balanced, seed 0"]
    assert "extend RUN --trials 5 python -m automl_core extend RUN --budget 90" in page.text
    assert "counted in seconds" in page.text


def test_a_report_lists_what_the_run_said(judged: dict[str, Run], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(judged["binary"].path, folder)
    (folder / "events.jsonl").unlink(missing_ok=True)
    for text in ("3 folds instead of 8: few rows.", "3 folds instead of 8: few rows.", "A <b> column is left out."):
        append_event(folder / "events.jsonl", Message(text))
    text = write_report(folder, "ensemble", tmp_path / "report.html").read_text(encoding="utf-8")
    assert text.count("3 folds instead of 8") == 1
    assert "What the run said 3 folds instead of 8: few rows. A <b> column is left out." in Page(text).text


def test_a_recipe_in_a_report_names_no_cell_of_personal_columns(judged: dict[str, Run], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(judged["binary"].path, folder)
    request = read_json(folder / "request.json")
    step = Step("merge_values", {"column": "mail", "mapping": {"person1@example.org": "person2@example.org"}}, id="aaaa0009")
    recipe = Recipe((step, *Recipe.from_dict(request["params"]["recipe"])))
    write_json(folder / "request.json", {**request, "params": {**request["params"], "recipe": recipe.to_dict()}})
    text = write_report(folder, "ensemble", tmp_path / "report.html").read_text(encoding="utf-8")
    assert "example.org" not in text
    assert "left out: the column looks like personal data" in text
    assert "What steps name of the cells of mail is left out" in text


def test_a_report_tells_the_proof_of_the_script(judged: dict[str, Run], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(judged["binary"].path, folder)
    run = Run(folder)
    differing = Differing(7, "probability_left", 0.25, 0.5, 0.25)
    write_json(run.code("ensemble"), CodeProof(60, "held-out", 1, 0, 0.25, (differing,), 3.0).to_dict())
    page = checked(write_report(folder, "ensemble", tmp_path / "report.html"))
    assert "1 of 60 held-out rows are predicted differently, by up to 0.25." in page.text
    assert page.row("7") == ["7", "probability_left", "0.25", "0.5", "0.25"]


@pytest.mark.parametrize("task", TASKS)
def test_a_card_is_one_page(judged: dict[str, Run], tmp_path: Path, task: str) -> None:
    from weasyprint import HTML

    run = judged[task]
    out = write_card(run.path, "ensemble", tmp_path / "card.html")
    page = checked(out)
    assert len(HTML(string=out.read_text(encoding="utf-8")).render().pages) == 1
    assert "What to watch" in page.text and "svg" not in page.tags
    assert page.row("Fingerprint of the table") == ["Fingerprint of the table", run.dataset().fingerprint]


def test_a_report_as_pdf(judged: dict[str, Run], tmp_path: Path) -> None:
    page = write_report(judged["binary"].path, "ensemble", tmp_path / "report.html")
    made = write_pdf(page, tmp_path / "report.pdf").read_bytes()
    assert made.startswith(b"%PDF-") and len(made) < LIMIT


def test_without_libraries_a_pdf_is_refused_with_debians_names(
    judged: dict[str, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ctypes.util.find_library", lambda name: None if "pango" in name else "lib")
    assert missing_libraries() == ("libpango-1.0-0", "libpangoft2-1.0-0")
    with pytest.raises(EngineError) as caught:
        write_documents(judged["binary"], "ensemble", CONTENTS, pdf=True, path=tmp_path / "report.html")
    assert str(caught.value) == (
        "A PDF needs libraries that this machine lacks: libpango-1.0-0, libpangoft2-1.0-0. The report as HTML needs none of "
        "it and prints the same. On Debian or Ubuntu: apt-get install libpango-1.0-0 libpangoft2-1.0-0"
    )
    assert not (tmp_path / "report.html").exists()


def test_a_run_whose_table_was_deleted_says_so(judged: dict[str, Run], tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "run"
    shutil.copytree(judged["binary"].path, folder)
    shutil.rmtree(folder / "dataset")
    request = read_json(folder / "request.json")
    write_json(folder / "request.json", {**request, "params": {**request["params"], "dataset": new_id("ds")}})
    with pytest.raises(NotFoundError) as caught:
        write_report(folder, "ensemble", tmp_path / "report.html")
    assert "is no longer in the project. Upload it again and start a new run; the models of this run still predict." in str(
        caught.value
    )
