"""A recipe over a large stored table: seconds and peak memory of previewing a step and of the whole run.

The table is made up with a seed: numbers with gaps, whole numbers, words with spelling variants, a date, a text to take apart.
Making it is not counted. The run has a process of its own, whose largest resident memory is told, imports included.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

ALLOWED_GB = 24.0
PIECE = 250_000


def make(folder: Path, rows: int) -> None:
    """Write a table of 20 columns as a dataset."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from automl_core.data.dataset import dataset_from_parquet
    from automl_core.schema import Column, Schema

    rng = np.random.default_rng(0)
    cities = np.array(["Rome", "ROME", " rome", "Oslo", "Oslo ", "Bonn", "n/a", "Paris"], dtype=object)
    path, writer = folder.parent / "table.parquet", None
    for start in range(0, rows, PIECE):
        size = min(PIECE, rows - start)
        columns: dict[str, object] = {}
        for place in range(10):
            values = rng.normal(size=size)
            values[rng.random(size) < 0.05] = np.nan
            columns[f"number {place}"] = values
        for place in range(4):
            columns[f"whole {place}"] = rng.integers(0, 10_000, size)
        for place in range(3):
            columns[f"city {place}"] = cities[rng.integers(0, len(cities), size)]
        columns["code"] = np.char.add("K", rng.integers(1000, 9999, size).astype(str)).astype(object)
        columns["name"] = np.array(["Bond, James", "Holmes, John", "Poirot, Hercule"], dtype=object)[rng.integers(0, 3, size)]
        columns["day"] = np.datetime64("2020-01-01", "ns") + rng.integers(0, 1500, size).astype("timedelta64[D]")
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
    assert writer is not None
    writer.close()
    kinds = {"number": "number", "whole": "number", "city": "category", "code": "category", "name": "category", "day": "date"}
    schema = Schema(tuple(Column(name, kinds[name.split()[0]]) for name in columns))  # type: ignore[arg-type]
    dataset_from_parquet(folder, path, schema, "large")


def run(folder: Path) -> dict[str, float]:
    """Preview a step on a sample, then clean the whole table."""
    from automl_core.cleaning.large import clean_dataset, sample_rows
    from automl_core.cleaning.preview import preview_step
    from automl_core.cleaning.recipe import Recipe, Step
    from automl_core.data.dataset import load_dataset

    recipe = Recipe(
        (
            Step("null_words", {"columns": ["city 0", "city 1"], "words": ["n/a"]}),
            Step("trim_text", {"columns": ["city 0", "city 1"], "case": "title"}),
            Step("merge_variants", {"column": "city 2", "mapping": {"ROME": "Rome", "Oslo ": "Oslo"}, "method": "fingerprint"}),
            Step("split_column", {"column": "name", "separator": ","}),
            Step("extract_pattern", {"column": "code", "pattern": r"K(\d+)", "name": "key", "kind": "number"}),
            Step("formula", {"name": "sum", "formula": "[number 0] + [number 1] * [whole 0]"}),
            Step("date_parts", {"parts": ["year", "month", "weekday"]}),
            Step("filter_rows", {"condition": "[number 2] > -3 or [whole 1] > 5"}),
            Step("drop_duplicates", {"columns": ["whole 0", "whole 1", "city 0"]}),
            Step("drop_columns", {"columns": ["number 9"]}),
        )
    )
    dataset = load_dataset(folder)
    begun = time.perf_counter()
    sample = sample_rows(dataset)
    drawn = time.perf_counter() - begun
    begun = time.perf_counter()
    preview_step(sample, dataset.schema, Recipe(recipe.steps[:5]), recipe.steps[5])
    shown = time.perf_counter() - begun
    begun = time.perf_counter()
    made = clean_dataset(dataset, recipe, folder.parent / "cleaned", "cleaned")
    seconds = time.perf_counter() - begun
    return {
        "sample_s": drawn,
        "preview_s": shown,
        "clean_s": seconds,
        "rows": made.dataset.rows,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    if asked.folder:
        print(json.dumps(run(asked.folder)))
        return 0
    with tempfile.TemporaryDirectory(prefix="tablewright-") as scratch:
        folder = Path(scratch) / "large"
        make(folder, asked.rows)
        done = subprocess.run(
            [sys.executable, __file__, "--folder", str(folder)], capture_output=True, text=True, check=True, cwd=ROOT
        )
        found = json.loads(done.stdout)
    print(
        f"{asked.rows:,} x 20, ten steps: {found['clean_s']:.1f} s, {found['rows']:,} rows left, peak {found['peak_gb']:.2f} GB"
    )
    print(f"100,000 rows drawn to show steps on: {found['sample_s']:.1f} s; a step shown on them: {found['preview_s']:.2f} s")
    return int(found["peak_gb"] > ALLOWED_GB)


if __name__ == "__main__":
    raise SystemExit(main())
