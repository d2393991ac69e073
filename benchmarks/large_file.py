"""A clean CSV to a typed Parquet dataset, beside DuckDB's own COPY with the dialect and the types given: seconds, ratio, memory.

    python benchmarks/large_file.py [--size BYTES_IN_MB] [--rounds N]

The file is made once under ``build/``. Each run is a process of its own, alternately, and the best of the rounds counts: another
program on the machine only ever makes one slower. 1.3 times DuckDB's time and 2 GB are allowed.
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
BUILD = ROOT / "build" / "large_file"
ALLOWED, MEMORY_MB = 1.3, 2000
WORDS = ("Rome", "Oslo", "Lima", "Bern", "Kyiv", "Cairo", "Quito", "Accra")


def make(path: Path, size: int) -> None:
    """Write whole numbers, decimals, dates, moments, words and ids, until the file has `size` bytes."""
    import numpy as np
    import pandas as pd

    generator = np.random.default_rng(0)
    rows = 200_000
    temporary = path.with_suffix(".part")
    start = 0
    with open(temporary, "w", encoding="utf-8") as file:
        while file.tell() < size:
            days = pd.Timestamp("2020-01-01") + pd.to_timedelta(generator.integers(0, 2000, rows), unit="D")
            frame = pd.DataFrame(
                {
                    "order_id": np.arange(start, start + rows),
                    "customer": generator.integers(1, 90_000, rows),
                    "amount": generator.gamma(2, 40, rows).round(2),
                    "weight": generator.normal(5, 1, rows).round(4),
                    "ordered": days.strftime("%Y-%m-%d"),
                    "seen": (days + pd.to_timedelta(generator.integers(0, 86_400, rows), unit="s")).strftime("%Y-%m-%d %H:%M:%S"),
                    "city": generator.choice(WORDS, rows),
                    "paid": generator.choice(["yes", "no"], rows),
                    "score": generator.random(rows).round(6),
                    "code": [f"K{number:06d}" for number in generator.integers(0, 10**6, rows)],
                }
            )
            frame.to_csv(file, index=False, header=start == 0)
            start += rows
    temporary.replace(path)


def ours(source: Path, folder: Path) -> None:
    """Read the file as an upload is read, which is first looked through for several tables."""
    from automl_core.data.origin import Choice
    from automl_core.data.streaming import stream_file

    stream_file(source, folder, folder / "data.parquet", Choice(), source.name)


def theirs(source: Path, folder: Path) -> None:
    """Let DuckDB write the same Parquet file, told everything that we find."""
    import duckdb

    columns = {
        "order_id": "BIGINT", "customer": "BIGINT", "amount": "DOUBLE", "weight": "DOUBLE", "ordered": "TIMESTAMP",
        "seen": "TIMESTAMP", "city": "VARCHAR", "paid": "VARCHAR", "score": "DOUBLE", "code": "VARCHAR",
    }  # fmt: skip
    told = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    with duckdb.connect(config={"memory_limit": "1GB", "threads": "2"}) as connection:
        connection.execute(
            f"COPY (SELECT * FROM read_csv('{source}', auto_detect=false, header=true, delim=',', quote='\"', escape='\"', "
            f"columns={{{told}}})) TO '{folder / 'data.parquet'}' (FORMAT parquet)"
        )


def measure(side: str, source: Path) -> dict[str, float]:
    """Run one side in a process of its own and return seconds, without imports, and peak memory in MB."""
    command = [sys.executable, __file__, "--run", side, "--source", str(source)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(told.splitlines()[-1])
    return found


def run(side: str, source: Path) -> None:
    """Do it once, after the imports, and print what it took."""
    sys.path.insert(0, str(ROOT))
    import duckdb
    import pandas
    import pyarrow.parquet

    assert duckdb and pandas and pyarrow.parquet
    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        started = time.perf_counter()
        (ours if side == "ours" else theirs)(source, Path(folder))
        seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def main() -> int:
    """Measure both sides alternately, print them, and return 1 when more is taken than allowed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1000, help="MB")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--run", choices=["ours", "theirs"], help=argparse.SUPPRESS)
    parser.add_argument("--source", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.run:
        run(asked.run, asked.source)
        return 0
    BUILD.mkdir(parents=True, exist_ok=True)
    source = BUILD / f"{asked.size}.csv"
    if not source.exists():
        make(source, asked.size * 10**6)
    rounds = [{side: measure(side, source) for side in ("theirs", "ours")} for _ in range(asked.rounds)]
    best = {side: min(entry[side]["seconds"] for entry in rounds) for side in ("ours", "theirs")}
    peak = {side: max(entry[side]["peak_mb"] for entry in rounds) for side in ("ours", "theirs")}
    for side, name in (("theirs", "DuckDB, told the dialect"), ("ours", "Tablewright")):
        print(f"{name:26}{best[side]:7.2f} s  {peak[side]:7,.0f} MB peak")
    ratio = best["ours"] / best["theirs"]
    print(f"ratio {ratio:.2f}, allowed {ALLOWED}; memory {peak['ours']:,.0f} MB, allowed {MEMORY_MB:,} MB")
    return int(ratio > ALLOWED or peak["ours"] > MEMORY_MB)


if __name__ == "__main__":
    sys.exit(main())
