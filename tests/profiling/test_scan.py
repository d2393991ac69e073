"""The scan of a table: figures from one sorted copy, copies of rows and columns, gaps, and the target by groups."""

from __future__ import annotations

import threading

import numpy as np
import pandas as pd
import pytest

from automl_core.profiling import associations
from automl_core.profiling.associations import associate
from automl_core.profiling.copies import Copies, find_copies
from automl_core.profiling.counting import count_numbers, count_words
from automl_core.profiling.missingness import Missingness, Pattern, find_missingness
from automl_core.profiling.profile import profile
from automl_core.profiling.relation import Relation, relate
from automl_core.profiling.scan import scan_table, summarise
from automl_core.schema import Column, Kind, Schema


def schema(**kinds: Kind) -> Schema:
    return Schema(tuple(Column(name, kind) for name, kind in kinds.items()))


@pytest.mark.parametrize("seed", range(5))
def test_figures_are_those_of_pandas(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = pd.Series(rng.choice([rng.normal(size=70_000), rng.integers(-5, 5, 70_000).astype(float)][seed % 2], 70_000))
    values[rng.random(70_000) < 0.1] = np.nan
    found = count_numbers(values.to_numpy())
    assert (found.missing, found.distinct) == (int(values.isna().sum()), values.nunique())
    for name, share in (("min", 0), ("q25", 0.25), ("median", 0.5), ("q75", 0.75), ("max", 1)):
        assert found.figures[name] == pytest.approx(values.quantile(share))
    assert found.figures["mean"] == pytest.approx(values.mean())
    assert found.figures["sd"] == pytest.approx(values.std())
    z = (values - values.mean()) / values.std(ddof=0)
    assert found.figures["skew"] == pytest.approx((z**3).mean())
    counts, _ = np.histogram(values.dropna(), bins=np.array(found.edges))
    assert found.counts == tuple(counts)


def test_long_keys_stay_apart() -> None:
    """As floats, 64-bit numbers that differ in the last digits are equal."""
    keys = pd.Series(np.arange(2**62, 2**62 + 100), name="x")
    assert (summarise(keys, "number").distinct, summarise(keys, "id").distinct) == (100, 100)
    assert keys.astype(float).nunique() == 1


def test_words_are_counted_with_those_that_are_no_text() -> None:
    cells = pd.Series(["b", "a", None, "a", np.nan], dtype=object)
    words = count_words(cells)
    assert words.codes.tolist() == [0, 1, -1, 1, -1]
    assert words.frequent(5) == [("a", 2), ("b", 1)]
    assert count_words(pd.Series(["\ud800", 1, "\ud800"], dtype=object)).frequent(1) == [("\ud800", 2)]
    many = count_words(pd.Series([f"w{row}" for row in range(1000)] + ["w7"], dtype=object))
    assert many.frequent(3) == [("w7", 2), ("w0", 1), ("w1", 1)]


def test_threads_give_what_one_core_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=20_000), "w": pd.Series(rng.choice(list("abc"), 20_000), dtype=object)})
    frame["again"] = frame["x"]
    kinds = schema(x="number", w="category", again="number")
    many, rows = scan_table(frame, kinds)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    one, same = scan_table(frame, kinds)
    assert many == one
    assert (rows.whole == same.whole).all()
    assert many[0].digest == many[2].digest != many[1].digest
    assert threading.active_count() < 20


def test_minus_zero_is_zero_and_missing_is_missing() -> None:
    frame = pd.DataFrame({"x": [0.0, -0.0, np.nan, np.nan], "d": pd.to_datetime([None] * 4)})
    _, rows = scan_table(frame, schema(x="number", d="date"))
    assert find_copies(rows, 2, target=False) == Copies(2, 0, 0, pytest.approx(2 * 2 * 0.2 * 0.8))


def test_cells_that_change_places_are_no_copies() -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0], "y": [2.0, 1.0]})
    _, rows = scan_table(frame, schema(x="number", y="number"))
    assert find_copies(rows, 2, target=False).exact == 0


def test_what_is_missing_together() -> None:
    gone = np.arange(10) < 4
    frame = pd.DataFrame({"a": np.where(gone, np.nan, 1.0), "b": pd.Series(np.where(gone, None, "x"), dtype=object)})
    frame["c"] = np.where(np.arange(10) == 9, np.nan, 2.0)
    frame["d"] = 1.0
    scans, rows = scan_table(frame, schema(a="number", b="category", c="number", d="number"))
    found = find_missingness(frame, scans, rows)
    assert found == Missingness((Pattern((), 0, 5), Pattern(("a", "b"), 2, 4), Pattern(("c",), 1, 1)), 0, (("a", "b"),))
    assert Missingness.from_dict(found.to_dict()) == found


def test_the_target_by_groups() -> None:
    y = pd.Series(["no", "yes"] * 50, dtype=object)
    frame = pd.DataFrame({"w": pd.Series(["a", "b", "b", "b"] * 25, dtype=object), "x": np.arange(100.0), "y": y})
    frame.loc[:3, "x"] = np.nan
    words, numbers = relate(frame, schema(w="category", x="number", y="category"), "y", ["w", "x", "y"])
    assert (words.measure, words.labels, words.groups, words.rows) == ("auc", ("yes",), ("b", "a"), (75, 25))
    assert words.outcomes == ((pytest.approx(2 / 3),), (0.0,))
    assert words.score == pytest.approx(0.75, abs=0.05)
    assert numbers.groups[0] == "4 to 12" and numbers.groups[-1] == "missing" and numbers.rows[-1] == 4
    assert numbers.score < 0.6
    assert Relation.from_dict(words.to_dict()) == words


def test_chance_is_a_half_and_nothing() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=5000), "y": pd.Series(rng.choice(["no", "yes"], 5000), dtype=object)})
    frame["z"] = rng.normal(size=5000)
    (label,) = relate(frame, schema(x="number", y="category", z="number"), "y", ["x"])
    (number,) = relate(frame, schema(x="number", y="category", z="number"), "z", ["x"])
    assert label.score == pytest.approx(0.5, abs=0.03)
    assert number.score == pytest.approx(0, abs=0.03)


def test_pairs_by_whole_tables_are_those_one_by_one() -> None:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({f"n{place}": rng.normal(size=300).round(1) for place in range(4)})
    for place in range(3):
        frame[f"w{place}"] = pd.Series(rng.choice(list("abcd"), 300), dtype=object)
    frame["n1"] += frame["n0"]
    for name in ("n0", "n2", "w1"):
        frame.loc[rng.random(300) < 0.3, name] = np.nan
    kinds = schema(**{name: ("number" if name[0] == "n" else "category") for name in frame})  # type: ignore[arg-type]
    together, _ = associate(frame, kinds)
    assert len(together) == 21
    for pair in together:
        prepared = {
            name: (name[0] == "n", associations._prepare(frame[name], name[0] == "n")) for name in (pair.first, pair.second)
        }
        alone = associations._pair(pair.first, pair.second, prepared)  # type: ignore[arg-type]
        assert alone is not None
        assert (alone.method, alone.sign) == (pair.method, pair.sign)
        assert alone.strength == pytest.approx(pair.strength)


@pytest.mark.parametrize("columns", [5, 300])
def test_tables_of_any_shape_end(columns: int) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(20, columns)), columns=[f"c{place}" for place in range(columns)])
    frame["c1"], frame["c2"], frame["c3"] = np.nan, 7.0, 10.0**300 * frame["c0"]
    found = profile(frame, Schema(tuple(Column(name, "number") for name in frame)), "c0")
    assert len(found.columns) == columns
    told: list[float] = []
    profile(frame, Schema(tuple(Column(name, "number") for name in frame)), tell=lambda done, doing: told.append(done))
    assert told == sorted(told) and len(told) <= 60
