"""The proof of a script: it is run in a clean process, and what it predicts is compared with the model, row by row."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from automl_core.data.plain import plain_text
from automl_core.errors import EngineError
from automl_core.runs import Run
from automl_core.scoring.bundle import Model
from automl_core.script.reading import pandas_arguments
from automl_core.script.verdict import EXACT, CodeProof, Differing
from automl_core.script.write import Script

MOST_ROWS = 20_000
"""Most rows that are compared."""
SHOWN = 20
KEPT = ("PATH", "HOME", "LANG", "TMPDIR")
ARITHMETIC = ("OPENBLAS_", "MKL_", "BLIS_", "NVPL_", "NPY_")
"""How names of variables begin that choose the processor's instructions: other ones end sums on another last digit, which
models of columns that repeat each other make large."""
KEEP = 4000
"""Letters of a failed script's last words that are kept."""


def prove(run: Run, model: Model, script: Script, *, tell: Callable[[float, str], None]) -> CodeProof:
    """Run a script in a clean process and compare its predictions with the model's.

    Parameters
    ----------
    run : Run
    model : Model
        Of the same candidate.
    script : Script
    tell : callable
        Takes the share that is done and what is being done.

    Raises
    ------
    EngineError
        When the script fails; with its last words.
    """
    dataset = run.dataset()
    held = bool(run.config.holdout)
    typed = run.holdout() if held else dataset.frame()
    typed = typed.iloc[:: max(-(-len(typed) // MOST_ROWS), 1)]
    with tempfile.TemporaryDirectory(prefix="tablewright-code-") as home:
        folder = Path(home)
        (folder / "script.py").write_bytes(script.text.encode("utf-8", "replace"))
        if script.dialect is None:
            table = folder / "table.csv"
            plain_text(dataset.frame()).to_csv(table, index=False)
            plain_text(typed).to_csv(folder / "new.csv", index=False)
        else:
            from automl_core.data.reading import read_text

            assert dataset.source is not None
            table = dataset.source
            raw = read_text(table, dialect=script.dialect).frame.loc[typed.index]
            raw = raw.drop(columns=[model.target])  # it predicts without the answer
            given = pandas_arguments(script.dialect)
            raw.to_csv(
                folder / "new.csv",
                index=False,
                sep=script.dialect.delimiter,
                encoding=script.dialect.encoding,
                quotechar=script.dialect.quote or '"',
                escapechar=script.dialect.escape or None,
                doublequote=bool(given.get("doublequote", True)),
                lineterminator="\n",
            )
            if script.dialect.skip_rows:
                lines = (folder / "new.csv").read_bytes()
                (folder / "new.csv").write_bytes(b"\n" * script.dialect.skip_rows + lines)
        start = time.perf_counter()
        _run(folder, table, tell)
        seconds = time.perf_counter() - start
        found = pd.read_csv(folder / "out.csv", dtype={"prediction": str} if model.classes else None, keep_default_na=False,
                            float_precision="round_trip")  # fmt: skip
    tell(0.97, "Comparing the predictions")
    expected = model.labelled(model.values_of(typed[[name for name in model.inputs.names if name in typed]]), typed.index)
    return compare(expected, found, source="held-out" if held else "learned", seconds=seconds, notes=script.notes)


def compare(
    expected: pd.DataFrame, found: pd.DataFrame, *, source: str, seconds: float = 0.0, notes: tuple[str, ...] = ()
) -> CodeProof:
    """Compare two sets of predictions of the same rows; columns are compared by their places."""
    if found.shape != expected.shape:
        raise EngineError(
            f"The script predicted {found.shape[0]:,} rows of {found.shape[1]} numbers where the model has "
            f"{expected.shape[0]:,} of {expected.shape[1]}."
        )
    rows = expected.index.to_numpy()
    differs = np.zeros(len(expected), dtype=bool)
    labels, largest = 0, 0.0
    examples: list[Differing] = []
    for place, name in enumerate(expected.columns):
        own, other = expected.iloc[:, place], found.iloc[:, place]
        if own.dtype == object:
            wrong = own.to_numpy() != other.astype(str).to_numpy()
            labels, differs = int(wrong.sum()), differs | wrong
            examples += [
                Differing(int(rows[at]), str(name), str(own.iloc[at]), str(other.iloc[at]), 1.0)
                for at in np.flatnonzero(wrong)[:SHOWN]
            ]
            continue
        one, two = own.to_numpy(dtype=np.float64), other.to_numpy(dtype=np.float64)
        size = np.abs(one - two)
        wrong = ~(size <= EXACT * np.maximum(1.0, np.abs(one)))
        differs |= wrong
        largest = max(largest, float(size.max(initial=0.0)))
        most = np.flatnonzero(wrong)[np.argsort(-size[wrong], kind="stable")][:SHOWN]
        examples += [Differing(int(rows[at]), str(name), float(one[at]), float(two[at]), float(size[at])) for at in most]
    examples.sort(key=lambda one: -one.size)
    return CodeProof(
        len(expected), source, int(differs.sum()), labels, largest, tuple(examples[:SHOWN]), round(seconds, 1), notes
    )


def _run(folder: Path, table: Path, tell: Callable[[float, str], None]) -> None:
    """Run the script with nothing of ours on its path, and tell its folds; it ends with this process."""
    kept = {name: text for name, text in os.environ.items() if name in KEPT or name.startswith(ARITHMETIC)}
    command = [sys.executable, "-I", "-X", "utf8", "script.py", str(table.resolve()), "new.csv", "--out", "out.csv"]
    said = ""
    with subprocess.Popen(
        command, cwd=folder, env={**kept, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, errors="replace",
    ) as process:  # fmt: skip
        try:
            assert process.stderr is not None
            for line in process.stderr:
                fold = re.fullmatch(r"Fold (\d+) of (\d+)", line.strip())
                if fold:
                    done, whole = int(fold.group(1)) - 1, int(fold.group(2))
                    tell(0.05 + 0.9 * done / whole, f"Running the script in a process of its own: fold {done + 1} of {whole}")
                else:
                    said = (said + line)[-KEEP:]
            code = process.wait()
        except BaseException:
            process.send_signal(signal.SIGKILL)
            raise
    if code:
        last = said.strip().splitlines()[-1][:300] if said.strip() else f"it ended with code {code}"
        raise EngineError(
            f"The script failed when it was run: {last}",
            "A script is only given out when it runs.",
            "Use the exported model, and tell us of the recipe.",
        )
