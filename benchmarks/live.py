"""The app as `make run` starts it, on a free port, and a page of a real browser, for what is measured in both."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[1]
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
"""None where there is none."""
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@contextlib.contextmanager
def served(home: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Start the app with a workspace and end it; gives its address, which may not answer yet, and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "AUTOML_HOME": str(home), "STREAMLIT_SERVER_PORT": str(port), "PYTHONPATH": str(ROOT)}
    environment.pop("DISPLAY", None)
    server = subprocess.Popen([sys.executable, "-m", "pages.shared.serve"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield f"http://localhost:{port}", server
    finally:
        server.kill()
        server.wait()


@contextlib.contextmanager
def opened(**options: Any) -> Iterator[Page]:
    """Start a browser with one page and end it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=list(FLAGS))
        yield browser.new_page(**options)
        browser.close()


def wait_until_up(url: str) -> None:
    """Wait until the app answers."""
    while True:
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=1)
            return
        except OSError:
            time.sleep(0.01)


def stop_host(home: Path) -> None:
    """End the background process of a workspace."""
    environment = {**os.environ, "AUTOML_HOME": str(home)}
    command = [sys.executable, "-m", "automl_core.jobs.host", "--stop"]
    subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=False)
