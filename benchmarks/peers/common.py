"""What every peer's script shares: its arguments, and how it hands back what it did."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

STARTED = time.time()


def arguments() -> argparse.Namespace:
    """Read the arguments of a peer's script."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--learn", type=Path, required=True)
    parser.add_argument("--judge", type=Path, required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--task", required=True)
    parser.add_argument("--metric", required=True)
    parser.add_argument("--budget", type=float, required=True)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--preset", default="")
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


def hand_back(
    out: Path, package: str, fit_seconds: float, values: Any, classes: Any, predict_1000: Callable[[], Any], **more: Any
) -> None:
    """Write predictions and times.

    Parameters
    ----------
    out : Path
        Folder for ``predictions.npy`` and ``result.json``.
    package : str
        Distribution whose version is recorded.
    fit_seconds : float
        Wall-clock time of the fit call alone, imports and reading excluded.
    values : array, shape (n, n_classes) or (n,)
    classes : sequence or None
        Labels in the order of `values`' columns.
    predict_1000 : callable
        Predicts 1,000 rows; timed here as the median of three.
    """
    import numpy as np

    np.save(out / "predictions.npy", np.asarray(values, dtype=float))
    times = []
    for _ in range(3):
        start = time.perf_counter()
        predict_1000()
        times.append(time.perf_counter() - start)
    result = {
        "version": version(package),
        "fit_seconds": fit_seconds,
        "classes": None if classes is None else [str(label) for label in classes],
        "predict_ms_1000": 1000 * sorted(times)[1],
        **more,
    }
    (out / "result.json").write_text(json.dumps(result))
