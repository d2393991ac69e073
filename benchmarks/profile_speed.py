"""A profile of 1,000,000 rows and 40 columns beside skrub's TableReport, alternately, each in a process of its own.

    python benchmarks/profile_speed.py [--rows 1000000] [--repeat 3] [--full]

Both get the table in memory and make a whole page of HTML of it; reading the file and imports at the top are left out. skrub
has an environment of its own in ``build/peers/skrub``, built from PyPI on first use. By default skrub leaves out plots and
associations of a table this wide, we do not; ``--full`` asks it for both. Allowed is half of skrub's time. Peak memory is
that of the whole process, the table included. Exit code 1 says that we took longer.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "peers"
ALLOWED = 0.5
"""Share of skrub's time."""
REQUIREMENTS = ("skrub", "pandas", "pyarrow")


def table(rows: int, seed: int = 0) -> pd.DataFrame:
    """Return a table of 40 columns of every kind; the first letter of a name is that of its kind.

    Twenty numbers of different shapes (some whole, some with gaps), twelve columns of words with 3 to 5,000 values, two of
    yes and no, three of dates, a 64-bit key, a key of letters, and a free text.
    """
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {}
    for place in range(20):
        values = rng.normal(size=rows) if place % 2 else rng.integers(0, 10 ** (1 + place // 3), rows).astype(float)
        values = np.exp(values) if place % 10 == 1 else values
        if place % 4 == 3:
            values[rng.random(rows) < 0.1] = np.nan
        columns[f"n{place}"] = values
    for place, levels in enumerate((3, 4, 5, 8, 12, 20, 40, 80, 200, 500, 2000, 5000)):
        words = np.array([f"value {level}" for level in range(levels)], dtype=object)[rng.integers(0, levels, rows)]
        if place % 3 == 2:
            words[rng.random(rows) < 0.05] = None
        columns[f"w{place}"] = words
    for place in range(2):
        columns[f"b{place}"] = np.where(rng.random(rows) < 0.3, "yes", "no").astype(object)
    for place, unit in enumerate(("D", "h", "s")):
        columns[f"d{place}"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 1500, rows), unit=unit)
    columns["k0"] = rng.permutation(rows) + 2**62
    columns["k1"] = [f"K{number:08d}" for number in rng.permutation(rows)]
    parts = np.array(["late", "early", "broken", "new", "blue", "please", "call", "back"], dtype=object)
    picks = parts[rng.integers(0, len(parts), (rows, 6))]
    columns["t0"] = [" ".join(row) + f" {number % 9973}" for number, row in enumerate(picks)]
    return pd.DataFrame(columns)


def interpreter() -> Path:
    """Return the interpreter of skrub's environment, built when it is new."""
    folder = BUILD / "skrub"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *REQUIREMENTS], check=True)
        (folder / "ready").touch()
    return python


def run(python: Path, script: str, *arguments: str) -> dict[str, Any]:
    """Run one side and return what it printed."""
    command = [str(python), str(ROOT / "benchmarks" / "peers" / script), *arguments]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "MPLBACKEND": "agg"}, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    """Print a line for each run and the medians; return 1 when more than the allowed share was taken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--full", action="store_true", help="plots and associations of skrub too")
    parser.add_argument("--target", default="b0", help="the column to predict; '' for none")
    a = parser.parse_args()
    path = BUILD / "tables" / f"profile-{a.rows}.parquet"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        table(a.rows).to_parquet(path)
    peer = interpreter()
    found: dict[str, list[dict[str, Any]]] = {"Tablewright": [], "skrub": []}
    for _ in range(a.repeat):
        found["Tablewright"].append(run(Path(sys.executable), "report_tablewright.py", str(path), a.target))
        found["skrub"].append(run(peer, "report_skrub.py", str(path), *(["--full"] if a.full else [])))
        for name, results in found.items():
            last = results[-1]
            print(
                f"{name:12} {last['seconds']:6.2f} s, peak {last['peak_mb']:,.0f} MB, page {last['page_mb']:.2f} MB", flush=True
            )
    ours, theirs = (statistics.median(result["seconds"] for result in results) for results in found.values())
    ratio = ours / theirs
    mark = "" if ratio <= ALLOWED else "  TOO SLOW"
    version = found["skrub"][0]["version"]
    print(f"{a.rows:,} rows: median {ours:.2f} s beside {theirs:.2f} s of skrub {version}, {ratio:.2f} of its time{mark}")
    return int(ratio > ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
