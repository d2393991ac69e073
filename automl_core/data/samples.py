"""Tables to try the product with: three clean ones from scikit-learn, and one that is damaged on purpose."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_core.errors import NotFoundError
from automl_core.experiment import Task
from automl_core.workspace import atomic_file

if TYPE_CHECKING:
    import numpy as np

SEED = 20_240_229
"""Seed of the damaged table; another one would make another table."""
ORDERS = 600
"""Orders in the damaged table before rows are repeated or broken."""


@dataclass(frozen=True)
class Sample:
    """A table that comes with the product.

    Parameters
    ----------
    id : str
    name : str
        Name for people.
    description : str
        What the table holds, in one sentence.
    task : Task
        What it is an example of.
    target : str
        The column that is to be predicted.
    """

    id: str
    name: str
    description: str
    task: Task
    target: str


SAMPLES: tuple[Sample, ...] = (
    Sample(
        "breast_cancer",
        "Breast cancer",
        "569 tumours measured under the microscope: is it malignant or benign?",
        "binary",
        "diagnosis",
    ),
    Sample("wine", "Wine", "178 wines with 13 chemical measurements: which of three growers made it?", "multiclass", "grower"),
    Sample(
        "diabetes",
        "Diabetes",
        "442 patients with ten measurements: how far has the disease gone a year later?",
        "regression",
        "progression",
    ),
    Sample(
        "shop_orders",
        "Shop orders (damaged)",
        "Orders of a made-up shop with the faults that real exports have: will the order be returned?",
        "binary",
        "returned",
    ),
)


def write_sample(sample_id: str, path: Path) -> Path:
    """Write a sample as a file.

    Parameters
    ----------
    sample_id : str
        One of the ids in `SAMPLES`.
    path : Path
        The file to make; one that is there already is replaced.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    NotFoundError
        When there is no such sample.
    StorageError
        When the file cannot be written.
    """
    writers: dict[str, Callable[[], bytes]] = {
        "breast_cancer": _breast_cancer,
        "wine": _wine,
        "diabetes": _diabetes,
        "shop_orders": _shop_orders,
    }
    if sample_id not in writers:
        known = ", ".join(repr(sample.id) for sample in SAMPLES)
        raise NotFoundError(f"There is no sample {sample_id!r}.", f"The samples are {known}.", "Choose one of them.")
    content = writers[sample_id]()
    with atomic_file(path) as file:
        file.write(content)
    return path


def _breast_cancer() -> bytes:
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    header = [*(str(name).replace(" ", "_") for name in data.feature_names), "diagnosis"]
    return _csv(header, _with_label(data.data, (str(data.target_names[code]) for code in data.target)))


def _wine() -> bytes:
    from sklearn.datasets import load_wine

    data = load_wine()
    header = [*("diluted_wines" if "/" in name else str(name) for name in data.feature_names), "grower"]
    return _csv(header, _with_label(data.data, (f"grower {'ABC'[code]}" for code in data.target)))


def _diabetes() -> bytes:
    from sklearn.datasets import load_diabetes

    data = load_diabetes(scaled=False)
    # scikit-learn calls the six blood measurements s1 to s6; its documentation says what they are.
    header = ["age", "sex", "body_mass_index", "blood_pressure", "cholesterol", "ldl", "hdl"]
    header += ["cholesterol_to_hdl", "log_triglycerides", "blood_sugar", "progression"]
    return _csv(header, _with_label(data.data, (_short(value) for value in data.target)))


def _with_label(features: np.ndarray[Any, Any], labels: Iterable[str]) -> list[list[str]]:
    return [[*(_short(value) for value in row), label] for row, label in zip(features.tolist(), labels, strict=True)]


def _short(value: float) -> str:
    """Return a number in its shortest form, whole ones without a point."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _csv(header: list[str], rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")


_COLUMNS = (
    "order_id",
    "customer_email",
    "ordered_on",
    "city",
    "category",
    "quantity",
    "price_eur",
    "delivery_days",
    "rating",
    "currency",
    "note",
    "returned",
)
_CITIES = ("Köln", "Zürich", "Besançon", "Málaga", "Genève", "Lyon")
_CATEGORIES = ("shoes", "books", "kitchen", "clothing")
_NOTES = ("", "", "", "", "gift", "leave at the door", "call first", "second try")


def _shop_orders() -> bytes:
    """Return the damaged table; every fault has a fixed place, so that tests can count them."""
    import numpy as np

    rng = np.random.default_rng(SEED)
    rows = [_order(number, rng) for number in range(ORDERS)]
    rows[57][_COLUMNS.index("price_eur")] = "99999,00"  # the outlier
    rows[101][_COLUMNS.index("note")] = "=cmd()"
    rows += [list(rows[number]) for number in (10, 20, 20, 300, 450)]  # orders that were exported twice
    rows[200] = rows[200][:9]  # too few cells
    rows[400] = [*rows[400], "moved", "see order 17"]  # too many cells
    lines = ["Orders of “Café Zürich”, all branches, prices in €", "", ";".join(_COLUMNS)]
    lines += [";".join(cells) for cells in rows]
    return ("\r\n".join(lines) + "\r\n").encode("cp1252")


def _order(number: int, rng: np.random.Generator) -> list[str]:
    """Return one order's cells, with the faults whose places depend on its number."""
    category = _CATEGORIES[int(rng.integers(4))]
    city = _CITIES[int(rng.integers(6))]
    quantity = int(rng.integers(1, 6))
    price = float(rng.lognormal(3.4, 0.6))
    days = int(rng.integers(1, 15))
    rating = int(rng.integers(1, 6))
    tendency = 0.35 * (days - 8) - 0.8 * (rating - 3) + 1.4 * (category in ("shoes", "clothing")) - 1.2 + rng.normal(0, 0.8)
    day, month = int(rng.integers(1, 29)), int(rng.integers(1, 13))
    date = f"{day:02d}.{month:02d}.2024" if number % 40 == 7 else f"2024-{month:02d}-{day:02d}"
    if number % 11 == 3:
        category = category.upper()
    elif number % 13 == 5:
        category = f" {category.capitalize()} "
    return [
        f"A{10_000 + number}",
        f"customer{int(rng.integers(1, 420))}@example.org",
        date,
        city,
        category,
        str(quantity),
        f"{price:.2f}".replace(".", ","),
        {4: "NA", 9: "-", 14: ""}.get(number % 25, str(days)),
        "" if number % 17 == 2 else str(rating),
        "EUR",
        _NOTES[int(rng.integers(len(_NOTES)))],
        "yes" if tendency > 0 else "no",
    ]
