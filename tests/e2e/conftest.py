"""A real server on a free port of this machine, and a real Chromium."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Server:
    """The app as `make run` starts it, with a workspace of its own."""

    home: Path
    port: int
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        with open(self.home / "server.log", "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pages.shared.serve", *self.options],
                cwd=ROOT,
                env={**os.environ, "AUTOML_HOME": str(self.home), "STREAMLIT_SERVER_PORT": str(self.port)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1)
                return
            time.sleep(0.05)
        raise RuntimeError((self.home / "server.log").read_text())

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    @property
    def log(self) -> str:
        """Our own faults so far."""
        return "".join(path.read_text() for path in sorted((self.home / "logs").glob("*.log")))

    def end(self) -> None:
        """End it, and the job host that it woke."""
        self.kill()
        subprocess.run(
            [sys.executable, "-m", "automl_core.jobs.host", "--stop"],
            cwd=ROOT,
            env={**os.environ, "AUTOML_HOME": str(self.home)},
            check=True,
            timeout=60,
        )


def free_port() -> int:
    """Return a port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("home"), free_port())
    running.start()
    yield running
    running.end()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        raise RuntimeError("The browser test needs Chromium. On Debian or Ubuntu: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(30_000)
    opened = context.new_page()
    yield opened
    context.close()


def settle(page: Page) -> None:
    """Wait until Streamlit has drawn what it has to draw."""
    page.wait_for_timeout(150)
    page.wait_for_function(
        "() => !document.querySelector('[data-testid=\"stStatusWidget\"]') && !document.querySelector('[data-stale=\"true\"]')",
        timeout=30_000,
    )


def shoot(page: Page, name: str, *, height: int = 900) -> None:
    """Save a screenshot into docs/; charts are given time to draw."""
    settle(page)
    page.mouse.move(0, 0)  # no help text over what is shown
    page.set_viewport_size({"width": page.viewport_size["width"], "height": height})
    page.wait_for_timeout(900)
    DOCS.mkdir(exist_ok=True)
    page.screenshot(path=str(DOCS / f"{name}.png"))
    page.set_viewport_size({"width": page.viewport_size["width"], "height": 900})
    page.wait_for_timeout(300)
    settle(page)
