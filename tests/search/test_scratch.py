"""What a task keeps on a machine of a cluster goes with it, also when its process is ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from automl_core.search import scratch


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_folder_is_empty_and_goes_with_its_task(temporary: Path) -> None:
    with scratch.scratch_folder() as folder:
        assert list(folder.iterdir()) == []
        (folder / "model").write_bytes(b"0" * 10)
        with scratch.scratch_folder() as other:
            assert (folder / "model").exists() and other != folder
    assert list(temporary.iterdir()) == []


def test_a_folder_goes_also_when_its_task_fails(temporary: Path) -> None:
    with pytest.raises(ValueError, match="no"), scratch.scratch_folder():
        raise ValueError("no")
    assert list(temporary.iterdir()) == []


def test_what_a_process_left_that_was_ended_is_removed_by_the_next(temporary: Path) -> None:
    code = (
        "import sys, time; from automl_core.search.scratch import scratch_folder\n"
        "with scratch_folder() as folder:\n    print(folder, flush=True); time.sleep(60)"
    )
    environment = {**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        scratch.tidy()
        assert folder.exists()  # its process lives
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert folder.exists()
    scratch.tidy()
    assert list(temporary.iterdir()) == []


def test_a_folder_that_is_being_made_is_left_alone(temporary: Path) -> None:
    young, old = temporary / f"{scratch.PREFIX}young", temporary / f"{scratch.PREFIX}old"
    young.mkdir()
    old.mkdir()
    os.utime(old, (0, 0))
    scratch.tidy()
    assert young.exists() and not old.exists()
