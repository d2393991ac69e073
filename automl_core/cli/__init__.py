"""The command line: the same work without a browser. Progress goes to standard error, results to files and standard output.

The commands stand in one module for each subject; importing it adds them.
"""

from __future__ import annotations

import os
import signal
import sys

from automl_core.cli import (  # noqa: F401
    code,
    combined,
    drift,
    explaining,
    history,
    judging,
    models,
    monitoring,
    pipelines,
    serving,
    sources,
    tables,
    training,
    versions,
    workspace,
)
from automl_core.cli.shared import app, fail, leave
from automl_core.errors import AutoMLError

__all__ = ["app", "main"]


def main() -> None:
    """Run a command and leave with its exit code: 0 done, 1 our fault, 2 bad input, 130 stopped."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # processes or threads, never both
    signal.signal(signal.SIGINT, leave)
    try:
        _answer()
    except AutoMLError as error:
        fail(str(error), 2)
    except Exception as error:  # noqa: BLE001 - the border of the command line; logged with its traceback
        from automl_core.log import log_error
        from automl_core.workspace import Workspace

        log_id = log_error(Workspace.default(), error, f"command {' '.join(sys.argv[1:2])}")
        fail(f"Something went wrong on our side; the details are in the log under {log_id}.", 1)


def _answer() -> None:
    """Run a command; a reader that has seen enough, such as ``head``, is no fault of it."""
    status: str | int | None = 0
    try:
        app()
    except SystemExit as left:
        status = 0 if isinstance(left.__context__, BrokenPipeError) else left.code
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left is written nowhere when the process ends
    sys.exit(status)
