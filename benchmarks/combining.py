"""Two large stored tables made into one: seconds and peak memory of appending the second's rows, and of looking up its columns.

The tables are those of `cleaning.py`, with a key for the look-up. Making them is not counted. Each way has a process of its
own, whose largest resident memory is told, imports included.
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

WAYS = ("append", "lookup")
ALLOWED_GB = 2.0


def make(folder: Path, rows: int) -> None:
    """Write two tables of 20 columns, the rows of which have the same keys in another order."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from automl_core.data.dataset import dataset_from_parquet, load_dataset
    from automl_core.schema import Column, Schema
    from benchmarks import cleaning

    cleaning.make(folder / "made", rows)
    table = pq.read_table(folder / "made" / "data.parquet").drop_columns(["number 9"])
    schema = load_dataset(folder / "made").schema
    columns = Schema((*(column for column in schema if column.name != "number 9"), Column("key", "number")))
    for name, keys in (("first", np.arange(rows)), ("second", np.random.default_rng(1).permutation(rows))):
        pq.write_table(table.append_column("key", pa.array(keys)), folder / "keyed.parquet")
        dataset_from_parquet(folder / name, folder / "keyed.parquet", columns, name)


def run(folder: Path, way: str) -> dict[str, float]:
    """Make one table of the two."""
    from automl_core.data.combine import append, lookup
    from automl_core.data.dataset import load_dataset

    first, second = load_dataset(folder / "first"), load_dataset(folder / "second")
    start = time.perf_counter()
    if way == "append":
        made = append(folder / way, first, second, "both")
    else:
        made = lookup(folder / way, first, second, "key", "key", ["number 0", "city 0", "day"], "both")
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"rows": made.rows, "columns": len(made.schema), "seconds": round(seconds, 1), "peak_gb": round(peak, 2)}


def main() -> int:
    """Print what each way took; 0 when its memory stayed within what is allowed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000, help="rows of each table")
    parser.add_argument("--run", nargs=2, metavar=("FOLDER", "WAY"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.run:
        print(json.dumps(run(Path(asked.run[0]), asked.run[1])))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), asked.rows)
        within = True
        for way in WAYS:
            said = subprocess.run(
                [sys.executable, __file__, "--run", folder, way], cwd=ROOT, check=True, capture_output=True, text=True
            ).stdout
            found = json.loads(said)
            print(f"{way}: {found['rows']:,} rows of {found['columns']}, {found['seconds']} s, {found['peak_gb']} GB at most")
            within &= found["peak_gb"] <= ALLOWED_GB
    return 0 if within else 1


if __name__ == "__main__":
    raise SystemExit(main())
