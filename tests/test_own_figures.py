"""Cost tables and formulas as people write them, and what does not fit the table, in a sentence with a step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_core.config_checks import check_config
from automl_core.errors import AutoMLError, InputError
from automl_core.experiment import Costs, ExperimentConfig, Kpi
from automl_core.own_figures import describe_costs, parse_costs, parse_kpi, try_kpi
from automl_core.schema import Column, Schema

COSTS = Costs(10, -2, -50, 0)
BINARY = ExperimentConfig("y", "binary", "roc_auc", "yes")
SCHEMA = Schema(
    (
        Column("y", "category"),
        Column("x", "number"),
        Column("amount", "number"),
        Column("owed", "number"),
        Column("nothing", "number"),
        Column("kind", "category"),
    )
)


def table() -> pd.DataFrame:
    values = np.arange(20.0)
    frame = pd.DataFrame(
        {"y": pd.Series(["yes", "no"] * 10, dtype=object), "x": values, "amount": values * 5, "owed": values - 3}
    )
    frame["nothing"] = 0.0
    frame["kind"] = pd.Series(["a", "b"] * 10, dtype=object)
    frame.loc[[3, 4], "amount"] = np.nan
    return frame


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tp=10,fp=-2,fn=-50,tn=0", COSTS),
        (" tn = 0 , tp=10,fn=-50, fp=-2", COSTS),
        ("tp=10,fp=-2,fn=-50", COSTS),
        ("tp=1.5,fp=-1e2,amount=Amount, in EUR,currency=EUR", Costs(1.5, -100, 0, 0, "Amount, in EUR", "EUR")),
        ("fn=-1,amount=a=b", Costs(0, 0, -1, 0, "a=b")),
    ],
)
def test_a_cost_table_is_read(text: str, expected: Costs) -> None:
    assert parse_costs(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tp=ten", "tp is 'ten'. A number is needed, such as -50 or 12.5. Correct it."),
        ("tp", "The costs hold 'tp'. They are written as tp=10,fp=-2,fn=-50,tn=0"),
        ("tp=1,tp=2", "The costs hold 'tp=2'."),
        ("hits=1", "The costs hold 'hits=1'."),
        ("tp=1,hits=1", "tp is '1,hits=1'."),
    ],
)
def test_a_cost_table_that_cannot_be_read_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_costs(text)
    assert str(refused.value).startswith(said)


def test_a_figure_is_read() -> None:
    assert parse_kpi("Right: share(prediction == truth)") == Kpi("Right", "share(prediction == truth)")
    assert parse_kpi("Gap:mean(abs(error))", greater_is_better=False) == Kpi("Gap", "mean(abs(error))", False)
    with pytest.raises(InputError) as refused:
        parse_kpi("share(error)")
    assert str(refused.value) == (
        "The figure is 'share(error)'. It is written as NAME: FORMULA. For example \"Right: share(prediction == truth)\"."
    )
    with pytest.raises(InputError, match="The formula ends too early."):
        parse_kpi("Right: share(")


REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "cost without a table": (
        {"metric": "cost"},
        "The metric 'cost' needs a cost table. It says what each right and each wrong decision is worth. "
        "Fill in the cost table, or choose another metric.",
    ),
    "kpi without a formula": (
        {"metric": "kpi"},
        "The metric 'kpi' needs a formula. It says what is counted. Write the formula, or choose another metric.",
    ),
    "another task": (
        {"costs": COSTS, "task": "multiclass", "metric": "log_loss"},
        "There is a cost table, and the task is multiclass. It counts right and wrong decisions about one event. "
        "Take the table out, or choose a binary task.",
    ),
    "all alike": (
        {"costs": Costs(3, 3, 3, 3)},
        "All four values of the cost table are 3. Then no decision is better than another. "
        "Say what right and wrong decisions are worth.",
    ),
    "a miss pays": (
        {"costs": Costs(-5, -2, 0, 0)},
        "In the cost table, for a row with the event the right decision is worth -5 and the wrong one 0. "
        "Then not predicting it is never the worse choice, whatever the model says. "
        "Make the right decision worth more; losses are negative.",
    ),
    "an alarm is free": (
        {"costs": Costs(5, 0, 0, 0)},
        "In the cost table, for a row without the event the right decision is worth 0 and the wrong one 0. "
        "Then predicting it is never the worse choice, whatever the model says. "
        "Make the right decision worth more; losses are negative.",
    ),
    "no money": ({"costs": Costs(float("inf"), 0, 0, 1)}, "The cost table holds a value that is no amount of money. Correct it."),
    "no such amount": (
        {"costs": replace(COSTS, amount="price")},
        "There is no column 'price'. The columns are 'y', 'x', 'amount', 'owed', 'nothing', 'kind'. Choose one of them.",
    ),
    "the target as amount": (
        {"costs": replace(COSTS, amount="y")},
        "The amount column 'y' is the target. The amount of a row is another column. Choose another column.",
    ),
    "words as amount": (
        {"costs": replace(COSTS, amount="kind")},
        "The amount column 'kind' is of kind category. It multiplies the cost table, so numbers are needed. "
        "Choose another column, or change its kind on the Upload page.",
    ),
    "a negative amount": (
        {"costs": replace(COSTS, amount="owed")},
        "The amount column 'owed' holds -3. "
        "Amounts are 0 or more; whether something is gained or lost is said by the cost table. "
        "Correct the column, or choose another one.",
    ),
    "only zeros": (
        {"costs": replace(COSTS, amount="nothing")},
        "The amount column 'nothing' has no value above 0. Nothing would count. Choose another column.",
    ),
    "an unknown column": (
        {"kpi": Kpi("Sum", "sum(amont * error)")},
        "The formula is wrong at character 5: there is no column 'amont'. Did you mean 'amount'? "
        "Correct the formula; a label beside == stands in quotes.",
    ),
    "no prediction": (
        {"kpi": Kpi("Sum", 'sum(if(truth == "yes", amount, 0))')},
        "The formula does not look at the prediction. Every model would get the same figure. "
        "Use prediction, probability or error in it.",
    ),
    "nothing on any row": (
        {"kpi": Kpi("Sum", "sum(probability / nothing)")},
        "The formula gives no number for these rows. It divides by zero or looks at missing values in every row. "
        "Correct the formula, or choose other columns.",
    ),
    "an unknown label": (
        {"kpi": Kpi("Sum", 'share(prediction == "Yes")')},
        "The formula is wrong at character 21: 'Yes' is no label of the target. Its labels are 'no', 'yes'. Correct the formula.",
    ),
    "no name": (
        {"kpi": Kpi(" ", "share(error)")},
        "The figure's name is ' '. It needs 1 to 60 characters. Rename it.",
    ),
    "a broken formula": (
        {"kpi": Kpi("Sum", "share(error")},
        'The formula ends too early. Expected here: an operator such as + or == or "," or ")". '
        "Go on with it, or take the last sign away.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_judge_is_refused_before_the_start(case: str) -> None:
    change, text = REFUSED[case]
    with pytest.raises(AutoMLError) as refused:
        check_config(table(), SCHEMA, replace(BINARY, **change))
    assert str(refused.value) == text


def test_what_should_be_known_is_told() -> None:
    config = replace(BINARY, metric="cost", costs=replace(COSTS, amount="amount"), kpi=Kpi("Wrong", "share(error)", False))
    _, notes = check_config(table(), SCHEMA, config)
    assert notes == [
        "2 rows have no amount and do not count in the money.",
        "The amount 'amount' is also learned from. If it is known only after the decision, leave the column out.",
    ]
    _, notes = check_config(table(), SCHEMA, replace(config, ignored=("amount",)))
    assert notes == ["2 rows have no amount and do not count in the money."]


def test_columns_are_those_of_the_upload() -> None:
    """A recipe may have dropped the amount, or the rows of some outcomes: both still work."""
    uploaded = table()
    cleaned = uploaded.drop(columns=["amount", "kind"]).iloc[2:]
    config = replace(BINARY, costs=replace(COSTS, amount="amount"), kpi=Kpi("A", 'count(kind == "a" and error)'))
    check_config(cleaned, SCHEMA.without(["amount", "kind"]), config, uploaded=(uploaded, SCHEMA))
    with pytest.raises(AutoMLError, match="There is no column 'amount'"):
        check_config(cleaned, SCHEMA.without(["amount", "kind"]), config)


def test_a_trial_says_what_perfect_and_plain_predictions_give() -> None:
    frame = table()
    kpi = Kpi("Gain", 'sum(if(prediction == "yes", if(truth == "yes", 10, -4), 0)) / count()')
    trial = try_kpi(replace(BINARY, kpi=kpi), frame["y"], frame)
    assert (trial.perfect, trial.plain) == (5.0, 0.0)
    regression = replace(BINARY, task="regression", target="x", metric="rmse", kpi=Kpi("Gap", "mean(abs(error))", False))
    trial = try_kpi(regression, frame["x"], frame)
    assert (trial.perfect, trial.plain) == (0.0, 5.0)
    divided = replace(BINARY, kpi=Kpi("Hits", 'count(prediction == "yes" and truth == "yes") / count(prediction == "yes")'))
    trial = try_kpi(divided, frame["y"], frame)
    assert trial.perfect == 1.0 and np.isnan(trial.plain)


def test_a_table_says_when_to_act() -> None:
    assert describe_costs(COSTS) == "By this table it pays to predict the event where its probability is above 0.0323."
