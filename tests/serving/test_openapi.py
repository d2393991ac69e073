"""What the service's own OpenAPI document allows, and what it does not, is never answered with a fault of ours."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable

from automl_core.serving.app import create_app
from automl_core.serving.explained import Explained
from automl_core.serving.parts import Parts
from automl_core.serving.source import Source, Target
from automl_core.worker.candidates import bundle
from tests.conftest import MakeRun


@pytest.fixture(scope="module")
def document(make_run: MakeRun) -> Any:
    """The document of a served model, asked within this process."""
    path = bundle(make_run("binary"), "logistic")
    return schemathesis.openapi.from_asgi(
        "/openapi.json", create_app(Parts(Source(lambda: Target(path), every=0), explain=Explained()))
    )


def test_no_request_is_answered_with_a_fault(document: Any) -> None:
    operations = [found.ok() for found in document.get_all_operations()]
    assert {operation.path for operation in operations} == {
        "/health", "/ready", "/schema", "/metadata", "/metrics", "/predict", "/predict_batch", "/feedback", "/explain"
    }  # fmt: skip
    statuses: dict[str, set[int]] = {}
    for operation in operations:
        for mode in schemathesis.GenerationMode:

            @given(case=operation.as_strategy(generation_mode=mode))
            @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
            def ask(case: Any) -> None:
                answer = case.call()
                assert answer.status_code < 500, answer.text
                statuses.setdefault(case.path, set()).add(answer.status_code)
                assert len(answer.headers["x-request-id"]) == 1
                if answer.status_code >= 400 and answer.status_code not in (404, 405):
                    assert answer.json()["request_id"] == answer.headers["x-request-id"][0]

            try:
                ask()
            except Unsatisfiable:  # nothing is wrong with a path that takes no input
                continue
    assert set(statuses) == {operation.path for operation in operations}, "a path was never asked"
    assert {200, 422} <= statuses["/predict"] and 200 in statuses["/health"]
