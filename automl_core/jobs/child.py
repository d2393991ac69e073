"""The process of one job, from the fork on."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import NoReturn

from automl_core.jobs.job import Job
from automl_core.log import log_error


def become(job: Job, let_go: Callable[[], None]) -> NoReturn:
    """Become the job; never returns. `let_go` closes what is the host's."""
    code = 1
    try:
        os.setsid()
        let_go()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        log = os.open(job.folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.chdir(job.folder)  # engines that write into the current folder write here
        from automl_core.jobs.runner import GRACEFUL, run_job

        if job.kind in GRACEFUL:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        code = run_job(job.folder)
    except BaseException as error:  # noqa: BLE001 - the end of a process of our own; logged with its traceback
        log_error(job.workspace, error, f"job {job.id}")
    finally:
        os._exit(code)
