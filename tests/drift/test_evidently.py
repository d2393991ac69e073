"""The same statistics and verdicts as Evidently 0.7.23, whose numbers for these tables are kept in ``evidently.json``.

`python -m tests.drift.test_evidently INTERPRETER`, with one that has Evidently, writes them anew.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.drift.check import DriftSettings, compare_tables
from automl_core.schema import Column, Schema

KEPT = Path(__file__).with_name("evidently.json")
METHODS = ("", "ks", "chisquare", "z", "wasserstein", "jensenshannon", "psi", "hellinger")


def made(rows, seed, moved=0.0):
    """Numbers and words of several shapes, some with gaps."""
    rng = np.random.default_rng(seed)
    normal = rng.normal(size=rows)
    gaps = np.where(rng.random(rows) < 0.1, np.nan, normal + moved)
    columns = {
        "normal": normal + moved,
        "gaps": gaps,
        "skewed": np.exp(rng.normal(size=rows)),
        "few": rng.integers(0, 4, rows).astype(float),
        "two": (rng.random(rows) < 0.3 + moved / 5).astype(float),
        "many": rng.integers(0, 15, rows).astype(float),
    }
    for name, levels in (("words2", 2), ("words3", 3), ("words30", 30)):
        picks = rng.choice(levels, rows, p=np.r_[1 + moved * levels / 3, np.ones(levels - 1)] / (levels + moved * levels / 3))
        columns[name] = np.array([f"value {level}" for level in range(levels)], dtype=object)[picks]
    return pd.DataFrame(columns)


def tables(size):
    return made(size, 0), made(size - 100, 1, 0.3)


@pytest.mark.parametrize("size", [600, 1800])
@pytest.mark.parametrize("method", METHODS)
def test_statistics_and_verdicts_are_evidentlys(size, method):
    old, new = tables(size)
    schema = Schema(tuple(Column(name, "category" if old[name].dtype == object else "number") for name in old.columns))
    settings = DriftSettings(rule="evidently", method=method, joint=False)
    found = {column.name: column for column in compare_tables(old, new, schema, settings, typed=True).columns}
    kept = json.loads(KEPT.read_text())[f"{size} {method}"]
    compared = 0
    for name, (statistic, drifted) in kept.items():
        if statistic is None:
            continue
        assert found[name].statistic == pytest.approx(statistic, abs=1e-9), name
        assert found[name].drifted == drifted, name
        compared += 1
    assert compared >= (1 if method == "z" else 3)


if __name__ == "__main__":
    answers = {}
    for size in (600, 1800):
        paths = [f"/tmp/drift-{size}-{place}.parquet" for place in (0, 1)]
        for frame, path in zip(tables(size), paths, strict=True):
            frame.to_parquet(path)
        for method in METHODS:
            command = [sys.argv[1], "benchmarks/peers/drift_evidently.py", *paths, method]
            told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1]
            answers[f"{size} {method}"] = json.loads(told)["columns"]
    KEPT.write_text(json.dumps(answers, indent=1) + "\n")
