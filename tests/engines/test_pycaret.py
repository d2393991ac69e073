"""The cached catalogue is what PyCaret says, and PyCaret leaves no traces."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from automl_core.search.candidates import CATALOGUE

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], Path]:
    """The catalogue as read now, in a process of its own, and the folder it was read in."""
    folder = tmp_path_factory.mktemp("elsewhere")
    code = (
        "import json, warnings, numpy; before = list(warnings.filters); "  # NumPy sets filters of its own
        "from automl_core.engines.pycaret import read_catalogue; data = read_catalogue(); "
        "data['filters'] = warnings.filters == before; print('#' + json.dumps(data))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    answer = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    line = next(line for line in answer.stdout.splitlines() if line.startswith("#"))
    return json.loads(line[1:]), folder


def test_the_cache_is_what_pycaret_says(read: tuple[dict[str, object], Path]) -> None:
    data = {key: value for key, value in read[0].items() if key != "filters"}
    assert data == json.loads(CATALOGUE.read_text(encoding="utf-8")), "run: python -m automl_core.engines.pycaret"


def test_nothing_is_written_into_the_current_folder(read: tuple[dict[str, object], Path]) -> None:
    assert list(read[1].iterdir()) == []


def test_the_warning_filters_are_left_alone(read: tuple[dict[str, object], Path]) -> None:
    assert read[0]["filters"] is True
