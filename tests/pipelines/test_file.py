"""The pipeline's file: what it reads, every fault with line and field, nothing but plain data, and back again."""

from __future__ import annotations

from pathlib import Path

import pytest

from automl_core.cleaning.recipe import Recipe, Step
from automl_core.cleaning.rules import Rule
from automl_core.errors import AutoMLError, FormatError, InputError, NotFoundError
from automl_core.experiment import Budget, Costs, ExperimentConfig, Kpi, Split
from automl_core.monitoring.settings import Limits, Settings
from automl_core.pipelines.file import LARGEST, load_pipeline, read_pipeline, write_pipeline
from automl_core.pipelines.plan import Gates, Monitoring, Pipeline, Query, Registry, Schedule, Source
from automl_core.retraining.policy import Policy
from tests.pipelines.conftest import PIPELINE


def test_what_is_written_is_read_again():
    whole = Pipeline(
        "Älteste, no 1", "Shop", Source(query=Query("sqlite:///x.db", "SELECT *\nFROM t"), kinds={"zip": "category"}),
        ExperimentConfig(
            "y", "binary", "cost", "no", Split("time", "day", 7.0), 0.3, 4, Budget(5.0, 2), "fast", ("ridge",), ("a", "b"), 3, 1,
            Costs(10, -2, -50, 0, "amount", "EUR"), Kpi("k", "mean(error)", False), 1.5,
        ),
        Registry("shop", "challenger", False),
        Recipe((Step("impute", {"strategy": "auto"}, "Gaps.", False, id="step0001"),)),
        Gates((Rule("allowed", "x", values=("1", "yes"), action="aside", id="rule0001"),), 9, "stop", {"roc_auc": 0.5}, False),
        Monitoring(Settings(True, 7, ("mail",), "id", Limits(p95_ms=None), "https://a/b"), (Policy("p", "time", days=1.5),)),
        Schedule("week", "23:59"),
    )  # fmt: skip
    assert read_pipeline(write_pipeline(whole)) == whole


def test_plain_words_are_those_of_people():
    """PyYAML alone reads Yes as true, 05:00 as 300 and 012 as ten."""
    text = (
        PIPELINE.replace("positive: left", "positive: Yes").replace("project: Customers", "project: 012")
        + "schedule: {at: 05:00}"
    )
    found = read_pipeline(text)
    assert (found.experiment.positive, found.project, found.schedule.at) == ("Yes", "012", "05:00")
    assert read_pipeline(PIPELINE.replace("positive: left", "positive: 1")).experiment.positive == "1"


def test_the_same_file_is_the_same_pipeline():
    """Ids of steps and rules are random elsewhere, which would make every step's inputs new each time."""
    assert read_pipeline(PIPELINE) == read_pipeline(PIPELINE)
    assert [rule.id for rule in read_pipeline(PIPELINE).gates.rules] == ["rule0001", "rule0002"]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("metric: roc_auc", "metrik: roc_auc", "line 9, experiment.metrik: there is no such field; is metric meant?"),
        ("metric: roc_auc", "metrik: roc_auc", "line 6, experiment.metric: it is missing."),
        ("metric: roc_auc", "metric: auc", "line 9, experiment.metric: There is no metric 'auc'."),
        ("positive: left", "positive: true", "line 10, experiment.positive: true is a truth value; write it in quotes."),
        ("positive: left\n", "\n", "line 6, experiment: positive is missing"),
        ("seconds: 60", "seconds: long", "line 13, experiment.budget.seconds: 'long': input should be a valid number"),
        ("kind: filled", "kind: full", "line 18, gates.rules.2.kind: 'full': input should be 'type', 'range'"),
        ("{roc_auc: 0.6}", "{rmse: 0.6}", "line 19, gates.score.rmse: The metric RMSE does not fit a binary task."),
        ("when: drift", "when: often", "line 24, monitoring.policies.1.when: 'often': input should be 'time', 'data', 'drift'"),
        ("  file: customers.csv", "  part: [a]", "line 4, data: it needs a file or a query, one of the two."),
        ("registry: {name: left,", "registry: {name: a/b,", "line 20, registry.name: 'a/b' cannot be a model's name."),
        ("positive: left", "positive: left\n  holdout: 0", "line 11, experiment.holdout: rows have to judge the model"),
        ("gates:", "recipe: {steps: [{op: wash}]}\ngates:", "line 14, recipe.steps.1: There is no step 'wash'."),
        ("gates:", "schedule: {at: noon}\ngates:", "line 14, schedule.at: 'noon' is no time such as 05:00."),
        ("name: left\n", "name: left\nname: right\n", "line 3: 'name' stands there twice, first in line 2."),
        ("file: customers.csv", "file: a: b", "line 5: mapping values are not allowed here."),
        ("file: customers.csv", "file: !!python/object/apply:os.system [ls]", "line 5: could not determine a constructor"),
        ("file: customers.csv", "file: &a x\n  part: [*a]", "line 6: An alias (*name) is not read."),
        ("file: customers.csv", f"file: {'[' * 60}{']' * 60}", "line 5: A nesting deeper than 40 is not read."),
    ],
)  # fmt: skip
def test_every_fault_has_its_line_and_field(before: str, after: str, told: str):
    assert before in PIPELINE
    with pytest.raises(InputError) as error:
        read_pipeline(PIPELINE.replace(before, after, 1))
    assert told in str(error.value)


def test_all_faults_are_told_at_once():
    with pytest.raises(InputError, match=r"pipeline\.yaml has 3 faults: line 6.*line 9.*line 24.*Correct them"):
        read_pipeline(PIPELINE.replace("metric: roc", "metrik: roc").replace("when: drift", "when: often"))


@pytest.mark.parametrize(
    ("content", "error", "told"),
    [
        (b"", InputError, "holds no fields"),
        (b"- a\n- b\n", InputError, "holds no fields"),
        (b"format: 2\n", FormatError, "line 1: format is 2. This version reads format 1."),
        (b"\xff\xfe\x00", InputError, "is no text"),
        (b"a: \x00", InputError, "cannot be read"),
        (b"#" * (LARGEST + 1), InputError, "A pipeline has at most 1,048,576."),
    ],
)
def test_what_is_no_pipeline_is_refused(content: bytes, error: type[AutoMLError], told: str, tmp_path: Path):
    (tmp_path / "x.yaml").write_bytes(content)
    with pytest.raises(error) as said:
        load_pipeline(tmp_path / "x.yaml")
    assert told in str(said.value)


def test_a_pipeline_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(NotFoundError, match="There is no pipeline"):
        load_pipeline(tmp_path / "x.yaml")
