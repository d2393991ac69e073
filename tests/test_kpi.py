"""Formulas: exact values on tiny rows, what is missing, where a fault lies and what is expected there, and no other error."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_core.errors import InputError
from automl_core.kpi import HELP, Rows, Words, column_values, parse_formula
from automl_core.kpi.formula import check_columns
from automl_core.kpi.functions import FUNCTIONS
from automl_core.kpi.grammar import DEEPEST, LONGEST

NAN = float("nan")
COLUMNS = {
    "amount": column_values(pd.Series([10.0, 20.0, 30.0, NAN])),
    "Unit price": column_values(pd.Series([1, 2, 3, 4])),
    "kind": column_values(pd.Series(["a", "b", None, "a"], dtype=object)),
    "other": column_values(pd.Series(["a", "c", "a", "b"], dtype=object)),
    "size": column_values(pd.Series(["1", "2", "2.5", None], dtype=object)),
    "day": column_values(pd.Series(pd.to_datetime(["1970-01-02", "1970-01-04", None, "1970-01-11"]))),
}
LABELS = ("no", "yes")


def words(*codes: int, labels: tuple[str, ...] = LABELS) -> Words:
    return Words(np.array(codes), labels, labels=True)


PROBA = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.7, 0.3]])
BINARY = Rows(4, words(0, 0, 1, 1), words(0, 1, 1, 0), PROBA, LABELS, COLUMNS)
NUMBERS = Rows(4, np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 2.0, 1.0, 8.0]), None, (), COLUMNS)
GRADES = ("1", "2", "3")
MANY = Rows(3, words(0, 1, 2, labels=GRADES), words(0, 2, 2, labels=GRADES), np.eye(3)[[0, 2, 2]], GRADES, {})


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        # numbers and their order
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("2 ^ 3 ^ 2", 512),
        ("-2 ^ 2", -4),
        ("2 ** -1", 0.5),
        ("7 - 2 - 1", 4),
        ("12 / 4 / 3", 1),
        ("- - 1 + +2", 3),
        (".5 + 1. + 1e1", 11.5),
        # rows and aggregates
        ("[Unit price]", 2.5),
        ('"Unit price" * 2', 5),
        ("“Unit price” + 0", 2.5),
        ("sum([Unit price])", 10),
        ("sum(1)", 4),
        ("count()", 4),
        ("median([Unit price])", 2.5),
        ("max([Unit price]) - min([Unit price])", 3),
        ("quantile([Unit price], 0.5)", 2.5),
        ("quantile([Unit price], 1)", 4),
        ("mean([Unit price] - mean([Unit price]))", 0),
        ("sum(mean([Unit price]))", 10),
        # functions
        ("max([Unit price], 3, 2)", 3.25),
        ("min(1, 2)", 1),
        ("abs(0 - 3)", 3),
        ("sqrt(16) + log(exp(2))", 6),
        ("round(2.345, 1)", 2.3),
        ("round(2.5) + round(3.5)", 6),
        ("sum(clip([Unit price], 2, 3))", 10),
        ("IF(1 < 2, 5, 6)", 5),
        # labels and conditions
        ('share(truth == "yes")', 0.5),
        ("share(prediction = truth)", 0.5),
        ("share(prediction <> truth)", 0.5),
        ("error", 0.5),
        ('count(truth == "yes" and prediction == "yes")', 1),
        ('count(truth == "yes" or prediction == "yes")', 3),
        ('count(not truth == "yes")', 2),
        ('sum((truth == "yes") * 10)', 20),
        ('"yes" == truth', 0.5),
        ("sum(if(prediction == 'yes', if(truth == 'yes', 5, -1), 0))", 4),
        ("probability", 0.45),
        ('probability("no")', 0.55),
        ('mean((probability - (truth == "yes")) ^ 2)', (0.01 + 0.36 + 0.04 + 0.49) / 4),
        ("share(if(1 < 2, error, not error))", 0.5),
        ('1 < 2 and "kind" == "a" or 2 < 1', 2 / 3),
        ("1 <= 1 and 2 >= 2 and 1 != 2", 1),
        # columns of words, of numbers that are words, of days
        ('count(kind == "a")', 2),
        ("share(kind == other)", 1 / 3),
        ("share(kind != other)", 2 / 3),
        ("count(kind)", 3),
        ("sum(size)", 5.5),
        ("size > 1", 2 / 3),
        ("mean(day)", 14 / 3),
    ],
)
def test_a_formula_gives(formula: str, expected: float) -> None:
    assert parse_formula(formula).value(BINARY) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("mean(abs(error))", 1.75),
        ("error", 0.75),
        ("mean(if(error > 0, error, -3 * error))", (1 + 0 + 6 + 4) / 4),
        ("sqrt(mean((prediction - truth) ^ 2))", np.sqrt(21 / 4)),
        ("sum(abs(error)) / sum(truth)", 0.7),
    ],
)
def test_a_formula_of_numbers_gives(formula: str, expected: float) -> None:
    assert parse_formula(formula).value(NUMBERS) == pytest.approx(expected, abs=1e-12)


def test_labels_that_are_numbers_count_as_numbers() -> None:
    assert parse_formula("mean(abs(prediction - truth))").value(MANY) == pytest.approx(1 / 3)
    assert parse_formula("share(truth >= 2)").value(MANY) == pytest.approx(2 / 3)
    assert parse_formula('share(truth == "2")').value(MANY) == parse_formula("share(truth == 2)").value(MANY) == 1 / 3
    assert parse_formula('mean(probability("3"))').value(MANY) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("sum(amount)", 60),  # the missing one is left out
        ("mean(amount)", 20),
        ("amount", 20),
        ("amount + [Unit price]", (11 + 22 + 33) / 3),
        ("count(amount)", 3),
        ("count(amount > 15)", 2),
        ("share(amount > 15)", 2 / 3),
        ("count(kind == kind)", 3),
        ("1 / 0", NAN),
        ("0 / 0", NAN),
        ("sum(1 / ([Unit price] - 1))", 1 + 1 / 2 + 1 / 3),
        ("log(0)", NAN),
        ("log(-1)", NAN),
        ("sqrt(0 - 1)", NAN),
        ("(0 - 8) ^ 0.5", NAN),
        ("exp(1000)", NAN),
        ("1e300 * 1e300", NAN),
        ("sum(amount / 0)", NAN),
        ("max(amount, 15)", (15 + 20 + 30) / 3),
        ("if(amount > 15, 1, 0)", 2 / 3),
        # and, or need only the part that decides
        ("count(amount > 0 or 1 < 2)", 4),
        ("share(amount > 0 and 2 < 1)", 0),
        ("count(not (amount > 0))", 0),
        ("quantile(amount, 0.5)", 20),
        ("round(amount / 3, 1)", 20 / 3),
    ],
)
def test_what_is_missing_stays_missing_and_is_left_out_of_sums(formula: str, expected: float) -> None:
    found = parse_formula(formula).value(BINARY)
    assert found == pytest.approx(expected, abs=0.05 if "round" in formula else 1e-12, nan_ok=True)


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("", 'The formula is empty. It says what is counted. For example: mean(if(truth == "yes", 1, 0))'),
        (
            "1 +",
            'The formula ends too early. Expected here: a number, a name, text in quotes or "(". '
            "Go on with it, or take the last sign away.",
        ),
        (
            "sum(1",
            'The formula ends too early. Expected here: an operator such as + or == or "," or ")". '
            "Go on with it, or take the last sign away.",
        ),
        (
            "1 2",
            "The formula is wrong at character 3: '2' cannot stand there. "
            "Expected here: an operator such as + or == or the end. Correct the formula.",
        ),
        (
            "1 < 2 < 3",
            "The formula is wrong at character 7: '<' cannot stand there. "
            "Expected here: an operator such as + or and or the end. Correct the formula.",
        ),
        (
            "1 + * 2",
            "The formula is wrong at character 5: '*' cannot stand there. "
            'Expected here: a number, a name, text in quotes or "(". Correct the formula.',
        ),
        (
            "a; b",
            "The formula is wrong at character 2: ';' cannot stand there. "
            "Expected here: an operator such as + or == or the end. Correct the formula.",
        ),
        (
            'truth == "yes',
            'The formula is wrong at character 10: what " opens is not closed. A " is missing. Correct the formula.',
        ),
        ("[amount", "The formula is wrong at character 1: what [ opens is not closed. A ] is missing. Correct the formula."),
        (
            "1 + []",
            "The formula is wrong at character 5: there is nothing between [ and ]. A name or a text is needed. "
            "Correct the formula.",
        ),
        (
            "1 + average(2)",
            f"The formula is wrong at character 5: there is no function 'average'. The functions are {', '.join(FUNCTIONS)}. "
            "Correct the formula.",
        ),
        (
            "if(1 < 2, 3)",
            "The formula is wrong at character 1: if was given 2 values. It takes 3, with commas between them. "
            "Correct the formula.",
        ),
        (
            "round(1, 2, 3)",
            "The formula is wrong at character 1: round was given 3 values. It takes 1 to 2, with commas between them. "
            "Correct the formula.",
        ),
        (
            "max()",
            "The formula is wrong at character 1: max was given 0 values. It takes 1 or more, with commas between them. "
            "Correct the formula.",
        ),
        (
            "truth(1)",
            "The formula is wrong at character 1: 'truth' is not written like this. It takes nothing in parentheses. "
            "Correct the formula.",
        ),
        (
            "probability(yes)",
            "The formula is wrong at character 1: 'probability' is not written like this. "
            'It takes one label in quotes, as in probability("yes"). Correct the formula.',
        ),
        ("1e999", "The formula is wrong at character 1: the number 1e999 is too large. Correct the formula."),
        (
            "1+" * 200 + "1",
            f"The formula is nested 201 levels deep. At most {DEEPEST} are read; a sum of many terms counts one for each. "
            "Make it simpler.",
        ),
        ("1" * 2001, f"The formula has 2,001 characters. It may have at most {LONGEST:,}. Make it shorter, or write two."),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place_and_what_is_expected(formula: str, text: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_formula(formula)
    assert str(refused.value) == text


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (
            "2 * kind",
            "The formula is wrong at character 5: kind holds words. A number is needed there. "
            'A word can be compared, as in kind == "a". Correct the formula.',
        ),
        (
            "truth - 1",
            "The formula is wrong at character 1: truth holds words. A number is needed there. "
            'A word can be compared, as in truth == "no". Correct the formula.',
        ),
        (
            "share(amount)",
            "The formula is wrong at character 7: this is no condition. "
            'A condition is needed there, such as truth == "yes" or amount > 100. Correct the formula.',
        ),
        (
            'amount == "10"',
            "The formula is wrong at character 11: amount holds numbers, and '10' is a text. "
            "A number is written without quotes, and a column beside == in brackets. Correct the formula.",
        ),
        (
            'truth == "maybe"',
            "The formula is wrong at character 10: 'maybe' is no label of the target. Its labels are 'no', 'yes'. "
            "Correct the formula.",
        ),
        (
            'probability("maybe")',
            "The formula is wrong at character 13: 'maybe' is no label of the target. Its labels are 'no', 'yes'. "
            "Correct the formula.",
        ),
        (
            "quantile(amount, 2)",
            "The formula is wrong at character 18: the second value of quantile is not usable. "
            "One number from 0 to 1 is needed. Correct the formula.",
        ),
        (
            "Amont * 2",
            "The formula is wrong at character 1: there is no column 'Amont'. Did you mean 'amount'? "
            "Correct the formula; a label beside == stands in quotes.",
        ),
        (
            "truth == yes",
            "The formula is wrong at character 10: there is no column 'yes'. The columns are "
            "'amount', 'Unit price', 'kind', 'other', 'size', 'day'. Correct the formula; a label beside == stands in quotes.",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(formula: str, text: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_formula(formula).value(BINARY)
    assert str(refused.value) == text


def test_probabilities_are_asked_for_where_there_are_some() -> None:
    with pytest.raises(InputError, match="a predicted number has no probability"):
        parse_formula("probability").value(NUMBERS)
    with pytest.raises(InputError, match=r'there are 3 labels, each with a probability. Name one, as in probability\("1"\)'):
        parse_formula("probability").value(MANY)


def test_a_formula_says_what_it_looks_at() -> None:
    formula = parse_formula('sum(if(truth == "yes" and kind != [other one], amount * probability("no"), "Unit price"))')
    assert formula.columns == ("kind", "other one", "amount", "Unit price")
    assert formula.names == {"truth", "probability"}
    with pytest.raises(InputError, match="at character 35: there is no column 'other one'"):
        check_columns(formula, COLUMNS)
    check_columns(parse_formula("amount"), COLUMNS)


def test_nothing_is_run_as_code(tmp_path) -> None:
    for formula in ("__import__('os').system('true')", "open('x')", "().__class__", "lambda: 1", "a.b", "x[0]"):
        with pytest.raises(InputError):
            parse_formula(formula).value(BINARY)


def test_nesting_costs_no_more_than_its_length() -> None:
    """Both branches of an `if` were once computed twice on each level, which doubled the time with each."""
    formula = "1"
    for _ in range(60):
        formula = f"if(1<2,{formula},2)"
    start = time.perf_counter()
    assert parse_formula(formula).value(BINARY) == 1
    assert time.perf_counter() - start < 5


def test_no_rows_give_nothing() -> None:
    empty = Rows(0, np.empty(0), np.empty(0), None, ())
    assert np.isnan(parse_formula("mean(error)").value(empty))
    assert parse_formula("count()").value(empty) == 0


def test_the_help_can_be_read() -> None:
    for written in ('truth == "yes"', 'probability("no")', "[Unit price]", "quantile(amount, 0.9)", "clip(amount, 1, 2)"):
        parse_formula(written).value(BINARY)
    assert all(meaning.endswith(".") for _, meaning in HELP)
    told = " ".join(written for written, _ in HELP)
    assert all(name in told for name in FUNCTIONS if name not in ("min", "max"))


PIECES = st.sampled_from(
    [*"+-*/^()[],.<>=!\"' \t\n0159", "==", "!=", "and", "or", "not", "if(", "sum(", "share(", "count()", "quantile(", "round(",
     "truth", "prediction", "probability", "error", "amount", "kind", "day", '"yes"', '"a"', "[Unit price]", "1e308", "ä", "\x00"]
)  # fmt: skip
ATOMS = st.sampled_from(
    [
        "1",
        "0",
        "2.5",
        "amount",
        "[Unit price]",
        "kind",
        "size",
        "day",
        "truth",
        "prediction",
        "probability",
        "error",
        '"a"',
        '"yes"',
    ]
)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(["+", "-", "*", "/", "^", "==", "!=", "<", ">=", " and ", " or "])
    names = st.sampled_from([*FUNCTIONS, "probability"])
    return st.one_of(
        st.builds(lambda a, o, b: f"({a}{o}{b})", inner, operators, inner),
        st.builds(lambda name, args: f"{name}({','.join(args)})", names, st.lists(inner, max_size=3)),
        st.builds(lambda a: f"(not {a})", inner),
        st.builds(lambda a: f"-{a}", inner),
    )


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=25).map("".join), st.recursive(ATOMS, _grown, max_leaves=12)))
def test_whatever_is_typed_gives_a_number_or_a_sentence(text: str) -> None:
    try:
        formula = parse_formula(text)
    except InputError as error:
        assert error.received and error.action
        return
    for rows in (BINARY, NUMBERS, MANY):
        try:
            found = formula.value(rows)
        except InputError as error:
            assert error.received and error.action
        else:
            assert isinstance(found, float)
            assert np.isnan(found) or np.isfinite(found)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["(", "not ", "-", "if(1<2,", "sum(", "1+", "2^", "[", '"', "probability("]), st.integers(1, 900))
def test_however_deep_it_is_nothing_breaks(piece: str, times: int) -> None:
    with pytest.raises(InputError):
        parse_formula(piece * times)
    closing = {"(": ")", "if(1<2,": ",0)", "sum(": ")"}.get(piece, "")
    try:
        parse_formula(piece * times + "1" + closing * times).value(NUMBERS)
    except InputError as error:
        assert error.received
