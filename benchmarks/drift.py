"""Drift: how fast, how like Evidently and NannyML, how often without reason, and how much is found.

    python benchmarks/drift.py [frozen exact wide alarms power estimates] [--rows N] [--repeat N] [--tables a,b]

``frozen``: new rows (1,000,000 x 50) against what a model keeps; 5 s are allowed for comparing and judging every column, reading
the file left out, and the verdicts must be those of the whole table on 95 % of the columns. ``exact``: two tables beside
Evidently's DataDriftPreset, the same methods; the same statistics to 1e-9 and a fiftieth of its time. ``wide``: two
Parquet files of 3,000,000 x 1,000 (``--rows``, ``--columns``), written and read in pieces; its seconds and its peak of memory.
``alarms``: two random parts of each real table, again and again; "act" in at most 5 %. ``power``: how often planted shifts of
stated sizes are found.
``estimates``: our estimates without labels beside NannyML's on the data that comes with it, and the truth. Evidently and NannyML
have environments of their own in ``build/peers``, built from PyPI on first use. Exit code 1 says that something was missed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
BUILD = ROOT / "build" / "peers"
PEERS = {"evidently": ("evidently==0.7.23", "pandas<3", "pyarrow"), "nannyml": ("nannyml==0.13.1", "statsmodels", "pandas<3")}
TABLES = ("titanic", "churn", "winequality", "insurance", "abalone", "bike")
SIZES = (200, 2000, 0)
"""Rows of each part; 0 for half of the table."""
ALARMS = 0.05
SPEED = 50
SECONDS = 5.0
SECONDS_A_CELL = 1800 / 3e9
"""Of one of the two tables: half an hour for 3,000,000 x 1,000."""
TOGETHER = 60.0
"""Seconds for what is looked at together, whatever the size."""
BOUND = 4000
"""MB that comparing files may take, however many columns they have."""
PIECE = 20_000_000
"""Cells of a wide table that are made at a time."""
BYTES_A_CELL = 8
SHIFTS = (0.25, 0.5, 1.0)
"""In standard deviations of a number; of words, the share of rows that get the most frequent one."""


def interpreter(peer: str) -> Path:
    """Return the interpreter of a peer's environment, built when it is new."""
    folder = BUILD / peer
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *PEERS[peer]], check=True)
        (folder / "ready").touch()
    return python


def ask(peer: str, script: str, *arguments: str) -> dict[str, Any]:
    """Run a peer's script and return what it printed last."""
    command = [str(interpreter(peer)), str(ROOT / "benchmarks" / "peers" / script), *arguments]
    quiet = {"DO_NOT_TRACK": "1", "NML_DISABLE_USAGE_LOGGING": "1", "MPLBACKEND": "agg"}
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **quiet}, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def made(rows: int, numbers: int, words: int, seed: int, moved: bool = False) -> pd.DataFrame:
    """Return a table of numbers of three shapes and words of 2 to 500 values; every fifth column is `moved`."""
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {}
    for place in range(numbers):
        values = rng.normal(size=rows)
        values = np.exp(values) if place % 3 == 1 else np.round(10 * values) if place % 3 == 2 else values
        columns[f"n{place}"] = values + (0.3 * values.std() if moved and place % 5 == 0 else 0)
    for place in range(words):
        levels = (2, 3, 5, 10, 30, 100, 500)[place % 7]
        chances = np.ones(levels)
        if moved and place % 5 == 0:
            chances[0] += 0.2 * levels
        names = np.array([f"value {level}" for level in range(levels)], dtype=object)
        columns[f"w{place}"] = names[rng.choice(levels, rows, p=chances / chances.sum())]
    return pd.DataFrame(columns)


def schema_of(frame: pd.DataFrame) -> Any:
    from automl_core.schema import Column, Schema

    return Schema(tuple(Column(name, "category" if frame[name].dtype == object else "number") for name in frame.columns))


def frozen(a: argparse.Namespace) -> int:
    """Time new rows against a kept reference, and compare the verdicts with those of the whole tables."""
    from automl_core.distributions import ERROR, Numbers, distribution_of, distributions, from_kept
    from automl_core.drift.columns import Rules, compare_column
    from automl_core.drift.methods import ks_distance

    rows = a.rows or 1_000_000
    old, new = made(rows, 30, 20, 0), made(rows, 30, 20, 1, moved=True)
    schema = schema_of(old)
    whole = {column.name: distribution_of(old[column.name], column.kind) for column in schema}
    kept = json.loads(json.dumps({name: found.kept() for name, found in whole.items()}))
    rules, kinds = Rules(len(schema)), {column.name: column.kind for column in schema}
    compare_column("", "number", whole["n0"], whole["n1"], rules)  # imports are left out
    start = time.perf_counter()
    against = {name: from_kept(facts) for name, facts in kept.items()}
    found = {name: compare_column(name, kinds[name], against[name], fresh, rules) for name, fresh in distributions(new, kinds)}
    seconds = time.perf_counter() - start
    same, worst, drifted = 0, 0.0, 0
    for column in schema:
        fresh = distribution_of(new[column.name], column.kind)
        exact = compare_column(column.name, column.kind, whole[column.name], fresh, rules)
        same += exact.verdict == found[column.name].verdict
        drifted += exact.drifted == found[column.name].drifted
        if isinstance(fresh, Numbers):
            gap = abs(ks_distance(whole[column.name], fresh) - ks_distance(against[column.name], fresh))
            worst = max(worst, gap)
    print(
        f"{rows:,} x {len(schema)} against a kept reference of {len(json.dumps(kept)) / 1000:,.0f} kB: {seconds:.2f} s, "
        f"KS wrong by at most {worst:.5f} ({ERROR} is stated), same verdict on {same} of {len(schema)} columns, "
        f"same by the methods' thresholds on {drifted}"
    )
    return int(seconds > SECONDS or worst > 0.005 or min(same, drifted) < 0.95 * len(schema))


def exact(a: argparse.Namespace) -> int:
    """Time two whole tables beside Evidently, and compare the statistics."""
    from automl_core.drift.check import DriftSettings, compare_tables

    rows = a.rows or 1_000_000
    folder = BUILD / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"drift-{rows}-{place}.parquet" for place in (0, 1)]
    for place, path in enumerate(paths):
        if not path.exists():
            made(rows, 30, 20, place, moved=bool(place)).to_parquet(path)
    old, new = (pd.read_parquet(path) for path in paths)
    missed = 0
    for method in a.methods.split(","):
        settings = DriftSettings(rule="evidently", method=method, joint=False, performance=False)
        compare_tables(old[:1000], new[:1000], schema_of(old), settings, typed=True)  # imports are left out, for both
        start = time.perf_counter()
        report = compare_tables(old, new, schema_of(old), settings, typed=True)
        seconds = time.perf_counter() - start
        theirs = ask("evidently", "drift_evidently.py", *map(str, paths), method)
        ours = {column.name: column for column in report.columns}
        gaps, verdicts, compared = [0.0], 0, 0
        for name, (statistic, drifted) in theirs["columns"].items():
            if ours[name].statistic is None or statistic is None:
                continue
            compared += 1
            gaps.append(abs(ours[name].statistic - statistic))
            verdicts += ours[name].drifted == drifted
        ratio = theirs["seconds"] / seconds
        print(
            f"{rows:,} x {len(ours)}, {method or 'default methods'}: {seconds:.2f} s beside {theirs['seconds']:.1f} s of "
            f"Evidently {theirs['version']}, {ratio:.0f} times as fast; {compared} statistics differ by at most {max(gaps):.1e}, "
            f"{verdicts} verdicts are the same; peak memory of Evidently {theirs['peak_mb']:,.0f} MB"
        )
        missed += ratio < SPEED or max(gaps) > 1e-9 or verdicts < compared or not compared
    return int(missed > 0)


def wide_file(path: Path, rows: int, columns: int, moved: bool) -> None:
    """Write a made table of `columns` columns, three numbers to two words, in pieces of up to `PIECE` cells."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    step = max(PIECE // columns, 1)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
        writer = None
        for number, start in enumerate(range(0, rows, step)):
            frame = made(min(step, rows - start), columns - columns * 2 // 5, columns * 2 // 5, 2 * number + moved, moved)
            table = pa.Table.from_pandas(frame, preserve_index=False)
            writer = writer or pq.ParquetWriter(part, table.schema, compression="zstd", compression_level=1)
            writer.write_table(table)
        if writer is not None:
            writer.close()
    Path(part.name).rename(path)


def wide(a: argparse.Namespace) -> int:
    """Time two wide tables that lie in files, by columns, in a process of their own, whose memory is looked at."""
    rows, columns = a.rows or 3_000_000, a.columns
    folder = BUILD / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"wide-{rows}-{columns}-{place}.parquet" for place in (0, 1)]
    needed = BYTES_A_CELL * rows * columns * sum(not path.exists() for path in paths)
    if needed > 0.9 * shutil.disk_usage(folder).free:
        print(f"{needed / 1e9:,.0f} GB are needed for the tables in {folder}, so much is not free: choose fewer --rows")
        return 1
    for place, path in enumerate(paths):
        if not path.exists():
            wide_file(path, rows, columns, bool(place))
    command = [sys.executable, __file__, "compare", *map(str, paths)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    found = json.loads(done.stdout.splitlines()[-1])
    size = sum(path.stat().st_size for path in paths)
    words = columns * 2 // 5
    moved = len(range(0, columns - words, 5)) + len(range(0, words, 5))
    print(
        f"{rows:,} x {columns:,}, twice, {size / 1e9:.1f} GB of Parquet: {found['seconds']:.1f} s "
        f"({found['seconds'] / columns:.2f} s a column), peak memory {found['peak_mb']:,.0f} MB, of which "
        f"{found['before_mb']:,.0f} MB before it began; {found['drifted']} columns drifted, {moved} were moved"
    )
    if not a.keep:
        for path in paths:
            path.unlink()
    allowed = TOGETHER + SECONDS_A_CELL * rows * columns
    return int(found["seconds"] > allowed or found["peak_mb"] > found["before_mb"] + BOUND)


def compare(paths: list[str]) -> None:
    """Compare two files in this process, and print what it took."""
    from automl_core.drift.check import DriftSettings
    from automl_core.drift.stored import compare_parquet

    def peak() -> float:  # not ru_maxrss, which begins with that of the process that started this one
        told = Path("/proc/self/status").read_text().split("VmHWM:")[1]
        return int(told.split()[0]) / 1000

    settings = DriftSettings(performance=False)
    before, start = peak(), time.perf_counter()
    report = compare_parquet(Path(paths[0]), Path(paths[1]), settings)
    seconds = time.perf_counter() - start
    drifted = sum(column.verdict != "nothing" for column in report.columns)
    print(json.dumps({"seconds": seconds, "before_mb": before, "peak_mb": peak(), "drifted": drifted, "rows": report.rows}))


def real(name: str) -> tuple[pd.DataFrame, Any]:
    from automl_core.data.kinds import infer_schema
    from automl_core.data.parsing import parse_frame
    from automl_core.data.reading import read_text

    text = read_text(Path(os.environ["AUTOML_TEST_DATA"]) / f"{name}.csv").frame
    schema = infer_schema(text)
    return parse_frame(text, schema).frame, schema


def halves(frame: pd.DataFrame, size: int, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return two random parts without a row in common; of `size` rows each, or half of the table."""
    places = rng.permutation(len(frame))
    size = min(size or len(frame), len(frame) // 2)
    return frame.iloc[places[:size]], frame.iloc[places[size : 2 * size]]


def alarms(a: argparse.Namespace) -> int:
    """Count verdicts on two random parts of each real table."""
    from automl_core.drift.check import DriftSettings, compare_tables

    missed = 0
    print(f"{'table':12}{'rows':>8}{'act':>8}{'watch':>8}{'joint act':>11}   of {a.repeat}")
    for name in a.tables.split(","):
        frame, schema = real(name)
        for size in SIZES:
            if size and 2 * size > len(frame):
                continue
            rng = np.random.default_rng(size)
            verdicts, joint = [], 0
            for turn in range(a.repeat):
                old, new = halves(frame, size, rng)
                # The classifier takes most of the time: it is asked every fifth time.
                found = compare_tables(old, new, schema, DriftSettings(seed=turn, joint=turn % 5 == 0), typed=True)
                verdicts.append(found.verdict)
                joint += bool(found.joint and found.joint.verdict == "act")
            act, watch = verdicts.count("act"), verdicts.count("watch")
            mark = "  TOO MANY" if act > ALARMS * a.repeat else ""
            missed += bool(mark)
            print(f"{name:12}{size or len(frame) // 2:>8,}{act:>8}{watch:>8}{joint:>11}{mark}", flush=True)
    return int(missed > 0)


def planted(frame: pd.DataFrame, column: str, kind: str, size: float, rng: np.random.Generator) -> pd.DataFrame:
    """Return the rows with one column moved by `size`."""
    values = frame[column].copy()
    if kind == "number":
        return frame.assign(**{column: values + size * values.std()})
    hit = rng.random(len(frame)) < size / 2
    return frame.assign(**{column: values.mask(hit, values.mode().iloc[0] if size < 1 else "new word")})


def power(a: argparse.Namespace) -> int:
    """Count how often planted shifts are found, in every number and every word of the real tables."""
    from automl_core.drift.check import DriftSettings, compare_tables

    missed = 0
    turns = max(a.repeat // 10, 3)
    print(f"{'kind':10}{'moved by':>9}{'rows':>8}{'watch or act':>14}{'act':>7}   share of planted shifts")
    for kind in ("number", "category"):
        for shift in SHIFTS:
            for size in SIZES:
                found, acted, tried = 0, 0, 0
                for name in a.tables.split(","):
                    frame, schema = real(name)
                    if size and 2 * size > len(frame):
                        continue
                    rng = np.random.default_rng(size)
                    for turn in range(turns):
                        old, new = halves(frame, size, rng)
                        names = schema.of_kind(kind)
                        names = [name for name in names if frame[name].nunique() < (50 if kind == "category" else 1e9)]
                        if not names:
                            continue
                        column = names[turn % len(names)]
                        moved = planted(new, column, kind, shift, rng)
                        report = compare_tables(old, moved, schema, DriftSettings(seed=turn, joint=False))
                        verdict = next(entry.verdict for entry in report.columns if entry.name == column)
                        tried, found, acted = tried + 1, found + (verdict != "nothing"), acted + (verdict == "act")
                if tried:
                    print(
                        f"{kind:10}{shift:>9}{size or 'half':>8}{found / tried:>14.2f}{acted / tried:>7.2f}   of {tried}",
                        flush=True,
                    )
                    missed += shift == 1.0 and size != 200 and acted < 0.95 * tried
    return int(missed > 0)


def estimates(a: argparse.Namespace) -> int:
    """Set our estimates beside NannyML's on its own data, and the truth."""
    from automl_core.drift.performance import Calibration, estimate_errors, expected_scores
    from automl_core.drift.sampling import as_matrix

    theirs = ask("nannyml", "drift_nannyml.py", str(BUILD / "tables"))
    missed = 0
    print(f"{'data':16}{'metric':10}{'ours off':>10}{'NannyML off':>13}{'apart':>9}   mean over the chunks, off the truth")
    for data, told in theirs["estimates"].items():
        old, new = (pd.read_parquet(BUILD / "tables" / f"nannyml-{data}-{part}.parquet") for part in ("old", "new"))
        ours: dict[str, list[float]] = {}
        if data == "car_loan":
            proba = np.column_stack([1 - old["y_pred_proba"], old["y_pred_proba"]])
            curve = Calibration(proba, old["repaid"].to_numpy())
            for start in range(0, len(new), 5000):
                part = new.iloc[start : start + 5000]
                fresh = np.column_stack([1 - part["y_pred_proba"], part["y_pred_proba"]])
                for name, value in expected_scores(fresh, curve(fresh), part["y_pred"].to_numpy()).items():
                    ours.setdefault(name, []).append(value)
        else:
            names = [name for name in old.columns if name not in ("y_true", "y_pred", "timestamp")]
            like = old[names]
            features = as_matrix([like], names, like=like)[0]
            for start in range(0, len(new), 6000):
                part = new.iloc[start : start + 6000]
                fresh = as_matrix([part[names]], names, like=like)[0]
                found = estimate_errors(
                    features, old["y_pred"].to_numpy(), old["y_true"].to_numpy(), fresh, part["y_pred"].to_numpy()
                )
                for entry in found:
                    ours.setdefault(entry.metric, []).append(entry.value)
        for metric, (estimated, true) in told.items():
            mine, peer, truth = (np.array(values) for values in (ours[metric], estimated, true))
            off, their, apart = np.abs(mine - truth).mean(), np.abs(peer - truth).mean(), np.abs(mine - peer).mean()
            print(f"{data:16}{metric:10}{off:>10.4f}{their:>13.4f}{apart:>9.4f}   truth {truth.mean():.4f}", flush=True)
            missed += off > 1.25 * their + 0.002 * truth.mean()
    return int(missed > 0)


def main() -> int:
    """Run the named parts, or all; return the number of those that were missed."""
    parts = {"frozen": frozen, "exact": exact, "wide": wide, "alarms": alarms, "power": power, "estimates": estimates}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*parts, []], help="all but `wide` by default, which takes 50 GB of disk")
    parser.add_argument("--rows", type=int, default=0, help="of the made-up tables; 1,000,000 by default")
    parser.add_argument("--columns", type=int, default=1000, help="of the tables of `wide`")
    parser.add_argument("--keep", action="store_true", help="the tables of `wide`, for another time")
    parser.add_argument("--repeat", type=int, default=100)
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--methods", default="", help="of `exact`, by name, with commas between; empty for the defaults")
    a = parser.parse_args()
    missed = 0
    for name in a.parts or (part for part in parts if part != "wide"):
        print(f"\n{name}", flush=True)
        missed += parts[name](a)
    return int(missed > 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["compare"]:  # the part of `wide` that has a process of its own
        compare(sys.argv[2:])
    else:
        sys.exit(main())
