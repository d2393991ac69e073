"""Where our own faults are written: one file a day in the workspace, each entry under an id that a person can quote."""

from __future__ import annotations

import secrets
import sys
import time
import traceback

from automl_core.workspace import Workspace


def log_error(workspace: Workspace, error: BaseException, where: str) -> str:
    """Append an error with its traceback to the day's log.

    Parameters
    ----------
    workspace : Workspace
    error : BaseException
    where : str
        Which part of the product it came from, for example ``app`` or ``job rn…``.

    Returns
    -------
    str
        The id that the person is shown. When the log cannot be written the traceback goes to standard error.
    """
    log_id = secrets.token_hex(4)
    text = f"{time.strftime('%H:%M:%S')} {log_id} {where}\n{''.join(traceback.format_exception(error))}\n"
    try:
        workspace.logs.mkdir(parents=True, exist_ok=True)
        with open(workspace.logs / f"{time.strftime('%Y-%m-%d')}.log", "a", encoding="utf-8") as file:
            file.write(text)
    except OSError:
        print(text, file=sys.stderr)
    return log_id
