"""The samples: each is read right, and the damaged one reports exactly what was done to it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from automl_core.data.dataset import Dataset, create_dataset
from automl_core.data.dialect import Dialect
from automl_core.data.samples import ORDERS, SAMPLES, Sample, write_sample
from automl_core.errors import NotFoundError
from automl_core.proposals import propose

BY_ID = {sample.id: sample for sample in SAMPLES}
MEASURES = ("radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity", "concave_points", "symmetry")
SHOP_KINDS = {
    "order_id": "id",
    "customer_email": "category",
    "ordered_on": "date",
    "city": "category",
    "category": "category",
    "quantity": "number",
    "price_eur": "number",
    "delivery_days": "number",
    "rating": "number",
    "currency": "category",
    "note": "category",
    "returned": "boolean",
}


def read(sample_id: str, folder: Path) -> Dataset:
    sample = BY_ID[sample_id]
    return create_dataset(folder / "table", write_sample(sample_id, folder / f"{sample_id}.csv"), sample.name)


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The damaged sample as it is read; treat as read-only."""
    return read("shop_orders", tmp_path_factory.mktemp("orders"))


def test_there_is_one_of_each_task_and_a_damaged_one() -> None:
    assert [(sample.id, sample.task) for sample in SAMPLES] == [
        ("breast_cancer", "binary"),
        ("wine", "multiclass"),
        ("diabetes", "regression"),
        ("shop_orders", "binary"),
    ]


@pytest.mark.parametrize(
    ("sample_id", "rows", "columns", "labels", "positive"),
    [
        ("breast_cancer", 569, 31, {"benign": 357, "malignant": 212}, "malignant"),
        ("wine", 178, 14, {"grower B": 71, "grower A": 59, "grower C": 48}, ""),
        ("diabetes", 442, 11, None, ""),
        ("shop_orders", 604, 12, {"no": 373, "yes": 230}, "yes"),
    ],
)
def test_a_sample_is_read_and_its_task_is_proposed(
    tmp_path: Path, sample_id: str, rows: int, columns: int, labels: dict[str, int] | None, positive: str
) -> None:
    sample = BY_ID[sample_id]
    data = read(sample_id, tmp_path)
    frame = data.frame()
    assert frame.shape == (rows, columns)
    proposal = propose(frame, data.schema, sample.target)
    assert (proposal.config.task, proposal.config.positive) == (sample.task, positive)
    assert data.schema.names[-1] == sample.target
    if labels is not None:
        assert frame[sample.target].value_counts().to_dict() == labels


@pytest.mark.parametrize(
    ("sample_id", "target_kind"), [("breast_cancer", "category"), ("wine", "category"), ("diabetes", "number")]
)
def test_the_clean_samples_need_no_repair(tmp_path: Path, sample_id: str, target_kind: str) -> None:
    data = read(sample_id, tmp_path)
    assert data.report.dialect == Dialect()
    assert (data.report.repairs, data.report.refused, data.report.notes, data.faults) == ({}, (), (), {})
    assert [column.kind for column in data.schema] == ["number"] * (len(data.schema) - 1) + [target_kind]
    assert not data.frame().isna().any(axis=None)


def test_the_numbers_are_those_of_scikit_learn(tmp_path: Path) -> None:
    from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

    for sample_id, bunch in (
        ("breast_cancer", load_breast_cancer()),
        ("wine", load_wine()),
        ("diabetes", load_diabetes(scaled=False)),
    ):
        frame = read(sample_id, tmp_path / sample_id).frame()
        assert (frame.iloc[:, :-1].to_numpy(dtype=float) == bunch.data).all()
    assert frame["progression"].to_list() == bunch.target.tolist()
    assert frame.columns.to_list()[4:10] == [
        "cholesterol",
        "ldl",
        "hdl",
        "cholesterol_to_hdl",
        "log_triglycerides",
        "blood_sugar",
    ]


def test_column_names_need_no_quotes(tmp_path: Path) -> None:
    header = read("breast_cancer", tmp_path).schema.names
    assert header == [
        *(f"mean_{measure}" for measure in (*MEASURES, "fractal_dimension")),
        *(f"{measure}_error" for measure in (*MEASURES, "fractal_dimension")),
        *(f"worst_{measure}" for measure in (*MEASURES, "fractal_dimension")),
        "diagnosis",
    ]


def test_the_damaged_sample_is_read_as_it_is_written(orders: Dataset) -> None:
    assert orders.report.dialect == Dialect(encoding="cp1252", delimiter=";", quote='"', escape="", skip_rows=2, header_rows=1)
    assert {column.name: column.kind for column in orders.schema} == SHOP_KINDS
    assert orders.schema["price_eur"].parsing.decimal == ","
    assert orders.report.notes == ("2 lines before the table left out.",)
    assert orders.report.repairs == {"Rows with too few cells were filled up with missing ones.": 1}


def test_the_row_with_too_many_cells_is_refused_with_its_line(orders: Dataset) -> None:
    (refused,) = orders.report.refused
    assert refused.line == 404
    assert refused.reason == "14 cells where the table has 12 columns"
    assert refused.text.startswith("A10400;") and refused.text.endswith(";moved;see order 17")
    kept = pd.read_csv(orders.folder / "refused.csv")
    assert kept.to_dict("records") == [{"line": 404, "reason": refused.reason, "text": refused.text}]


def test_every_fault_of_the_damaged_sample_can_be_found(orders: Dataset) -> None:
    frame = orders.frame()
    assert len(frame) == ORDERS + 5 - 1
    assert int(frame.duplicated().sum()) == 5
    assert frame.loc[frame["order_id"] == "A10200"].iloc[0, 9:].isna().all()
    assert frame["price_eur"].nlargest(2).to_list() == [99999.0, 183.93]
    assert frame["currency"].value_counts().to_dict() == {"EUR": 603}
    assert frame["customer_email"].str.endswith("@example.org").all()
    assert frame.loc[frame["note"] == "=cmd()", "order_id"].to_list() == ["A10101"]
    assert sorted(frame["city"].unique()) == ["Besançon", "Genève", "Köln", "Lyon", "Málaga", "Zürich"]
    assert {label.strip().lower() for label in frame["category"]} == {"shoes", "books", "kitchen", "clothing"}
    assert frame["category"].nunique() == 12
    assert orders.faults["ordered_on"].count == 15
    assert list(orders.faults) == ["ordered_on"]
    assert int(frame["delivery_days"].isna().sum()) == 72


def test_the_missing_cells_are_written_in_three_ways(tmp_path: Path) -> None:
    lines = write_sample("shop_orders", tmp_path / "orders.csv").read_text(encoding="cp1252").splitlines()
    cells = [line.split(";")[7] for line in lines[3:]]
    assert {word: cells.count(word) for word in ("NA", "-", "")} == {"NA": 24, "-": 24, "": 24}


def test_the_damaged_sample_has_something_to_learn(orders: Dataset) -> None:
    frame = orders.frame()
    means = frame.groupby("returned")[["delivery_days", "rating"]].mean().round(2)
    assert means.to_dict() == {"delivery_days": {"no": 5.84, "yes": 9.96}, "rating": {"no": 3.44, "yes": 2.19}}


def test_the_damaged_sample_is_the_same_every_time(tmp_path: Path) -> None:
    first = write_sample("shop_orders", tmp_path / "a.csv").read_bytes()
    assert write_sample("shop_orders", tmp_path / "b.csv").read_bytes() == first
    assert first.startswith("Orders of “Café Zürich”, all branches, prices in €\r\n\r\norder_id;".encode("cp1252"))


def test_an_unknown_sample_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        write_sample("iris", tmp_path / "iris.csv")
    assert str(caught.value) == (
        "There is no sample 'iris'. The samples are 'breast_cancer', 'wine', 'diabetes', 'shop_orders'. Choose one of them."
    )
    assert list(tmp_path.iterdir()) == []


def test_a_sample_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        SAMPLES[0].target = "other"  # type: ignore[misc]
    assert isinstance(SAMPLES[0], Sample)


def test_importing_the_samples_loads_no_engine() -> None:
    code = "import sys, automl_core.data.samples; print(sorted({'sklearn', 'pandas', 'numpy', 'scipy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert done.stdout.strip() == "[]"
