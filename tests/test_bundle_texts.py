"""The packages that a bundle asks for are those its models need."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from automl_core.bundle_texts import ALWAYS, used_packages
from automl_core.search.candidates import make_estimator, portfolio


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("ebm", "interpret-core"),
        ("lightgbm-own", "lightgbm"),
        ("xgboost-own", "xgboost-cpu"),
        ("catboost-own", "catboost"),
        ("tree-small", None),
    ],
)
def test_a_model_s_library_is_named_with_its_version(name: str, package: str | None) -> None:
    names = used_packages([make_estimator(portfolio("binary")[name], seed=0, threads=1)])
    assert names == {one: version(one) for one in (*ALWAYS, *([package] if package else []))}
