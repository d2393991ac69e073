"""A portfolio judged on the table that it was not built from."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from portfolio import FOLDS, load, measure_table
from portfolio_judge import by_length, by_time, judge, tell
from portfolio_pool import pool


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Three tables on which one configuration is right, one is off by a half, and one by a whole."""
    for seed in range(3):
        rng, out = np.random.default_rng(seed), tmp_path / f"table-{seed}"
        out.mkdir()
        y, tested = rng.normal(size=30), rng.normal(size=20)
        fold = np.arange(30) % FOLDS
        np.savez(out / "truth.npz", y=y, fold=fold, test=tested)
        results = {}
        for name, off in (("linear-good", 0.1), ("forest-fair", 0.5), ("xgboost-poor", 1.0)):
            for number in range(FOLDS):
                np.savez(out / f"{name}.{number}.npz", oof=y[fold == number] + off, test=tested + off)
            results[name] = {"seconds": 1.0, "folds": FOLDS, "error": ""}
        told = {"task": "regression", "metric": "rmse", "rows": 30, "columns": 2, "results": results}
        (out / "table.json").write_text(json.dumps(told))
    return tmp_path


def test_regret_is_what_the_prefix_loses_beside_the_whole_pool(kept: Path) -> None:
    table = load(kept, "regression")[0]
    names = ["xgboost-poor", "forest-fair", "linear-good"]
    assert by_length(table, names, (1, 2, 3)) == pytest.approx([9.0, 4.0, 0.0])
    # Each takes a second of three; one is fitted in any case.
    assert by_time(table, names, (0.1, 0.5, 0.7, 1.0)) == pytest.approx([9.0, 9.0, 4.0, 0.0])


def test_the_order_comes_from_the_other_tables_and_beats_chance(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tables = load(kept, "regression")
    found = judge(tables, 3)
    assert list(found) == ["table-0", "table-1", "table-2"]
    for table in tables:
        built, drawn = found[table.name]
        assert by_length(table, built, (1, 3)) == pytest.approx([0.0, 0.0])
        losses = [by_length(table, one, (1, 3)) for one in drawn]
        assert max(losses)[0] > 0 and all(last == pytest.approx(0.0) for _, last in losses)
    capsys.readouterr()
    tell(found, tables, by_length, (1, 3))
    told = capsys.readouterr().out.splitlines()
    assert [text.split()[0] for text in told] == ["table-0", "table-1", "table-2", "mean", "median", "standard"]
    assert told[0].split()[1] == "0.0"


def test_a_table_is_measured_with_every_view_that_its_pool_asks_for(tmp_path: Path) -> None:
    """Regression: the views were a list of their own, and measuring ended when the pool got one more."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=120), "b": rng.choice(["x", "y", "z"], 120)})
    frame["target"] = frame["a"] + (frame["b"] == "x") + 0.1 * rng.normal(size=120)
    wanted = ("neighbours-p1", "linear-p1", "forest-p1", "lightgbm-p2")
    measure_table(
        "small", frame, "target", "regression", "rmse", tmp_path, lambda task: [one for one in pool(task) if one.id in wanted]
    )
    (table,) = load(tmp_path, "regression")
    assert set(table.oof) == set(wanted)
    assert len({one.view for one in pool("regression") if one.id in wanted}) == 4
    assert all(table.loss(table.test[name]) < 1.2 for name in wanted)
