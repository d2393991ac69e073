"""What is free, what a model needs, and the sentence that says why one is skipped."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from automl_core.search import memory
from automl_core.search.candidates import Spec, catalogue, portfolio
from automl_core.search.memory import (
    GB,
    available_memory,
    before_a_task,
    control_group_headroom,
    fits_in_memory,
    held_at_first,
    need_bytes,
    peak_since,
    size_words,
)

GAUSSIAN = Spec("gpc", "Gaussian process", "kernel", "sklearn.gaussian_process.GaussianProcessClassifier")
LINEAR = Spec("lr", "Logistic regression", "linear", "sklearn.linear_model.LogisticRegression")


def group(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


def test_a_containers_limit_counts_and_cached_files_are_given_back(tmp_path: Path) -> None:
    own = tmp_path / "cgroup"
    own.write_text("0::/box/app\n")
    group(tmp_path / "box" / "app", memory__max="max\n", memory__current="500\n")
    group(tmp_path / "box", memory__max="1000\n", memory__current="700\n", memory__stat="anon 300\ninactive_file 250\nslab_x 1\n")
    assert control_group_headroom(tmp_path, own) == [1000 - 700 + 250]


def test_the_older_control_groups_are_read_too(tmp_path: Path) -> None:
    own = tmp_path / "cgroup"
    own.write_text("9:name=systemd:/\n5:cpu,cpuacct:/x\n4:memory:/box\n0::/\n")
    limits = {"memory__limit_in_bytes": "4096", "memory__usage_in_bytes": "1096"}
    group(tmp_path / "memory" / "box", **limits, memory__stat="total_inactive_file 96")
    group(tmp_path / "memory", memory__limit_in_bytes="9223372036854771712", memory__usage_in_bytes="5000")
    assert control_group_headroom(tmp_path, own) == [3096, 9223372036854771712 - 5000]


def test_a_group_whose_path_is_the_hosts_is_looked_for_at_the_top(tmp_path: Path) -> None:
    """In a container the path is often the host's and only the top of the mount is there."""
    own = tmp_path / "cgroup"
    own.write_text("0::/docker/abc\n")
    group(tmp_path, memory__max="2000", memory__current="500")
    assert control_group_headroom(tmp_path, own) == [1500]


def test_without_control_groups_nothing_limits(tmp_path: Path) -> None:
    assert control_group_headroom(tmp_path, tmp_path / "none") == []


def test_the_most_that_was_held_since_is_told_and_what_was_held_before_is_not() -> None:
    held_at_first.cache_clear()
    before = before_a_task()
    assert 0 < before[0] <= before[1]
    block = np.ones(50 * 2**20 // 8 + before[1] // 8)  # more than was ever held
    assert block.nbytes <= peak_since(before) < 2 * block.nbytes
    now = before_a_task()
    del block
    assert peak_since(now) == 0, "the most was held before"


@pytest.mark.parametrize(("system", "groups", "expected"), [(100, [], 100), (100, [40, 70], 40), (100, [-5], 0)])
def test_the_least_of_all_limits_is_free(monkeypatch: pytest.MonkeyPatch, system: int, groups: list[int], expected: int) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=system))
    monkeypatch.setattr(memory, "control_group_headroom", lambda: groups)
    assert available_memory() == expected


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (31.2 * GB, "31 GB"),
        (3.44 * GB, "3.4 GB"),
        (0.8 * GB, "819 MB"),
        (10, "1 MB"),
        (9.97 * GB, "10 GB"),
        (1234 * GB, "1,234 GB"),
    ],
)
def test_sizes_in_words(size: float, words: str) -> None:
    assert size_words(size) == words


def test_a_gaussian_process_on_many_rows_is_refused_with_what_it_would_need() -> None:
    rows, columns = 32_000, 10
    base = 1.25 * 8 * rows * columns + 8 * 8000 * 2 * 2
    assert need_bytes(GAUSSIAN, rows, columns, 2) == int(base + 4 * 8 * rows**2)
    decision = fits_in_memory(GAUSSIAN, rows, columns, 2, free=12 * GB)
    assert decision.value is False
    assert decision.reason == "It would need about 31 GB, 12 GB are free."


def test_two_fits_at_a_time_share_what_is_free() -> None:
    need = need_bytes(GAUSSIAN, 15_000, 10, 2)
    assert size_words(need) == "6.7 GB"
    decision = fits_in_memory(GAUSSIAN, 15_000, 10, 2, parallel=2, free=12 * GB)
    assert decision.value is False
    assert decision.reason == "It would need about 6.7 GB in each of 2 fits at a time, 12 GB are free."
    assert fits_in_memory(GAUSSIAN, 15_000, 10, 2, parallel=1, free=12 * GB).value is True


def test_what_fits_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 4 * GB)
    decision = fits_in_memory(LINEAR, 10_000, 20, 2)
    assert decision.value is True
    assert decision.reason == "It needs about 6 MB, 4.0 GB are free."


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_every_model_is_estimated_and_more_rows_never_need_less(task) -> None:
    classes = {"binary": 2, "multiclass": 20, "regression": 0}[task]
    for spec in {**catalogue(task), **portfolio(task)}.values():
        small, large = need_bytes(spec, 1000, 20, classes), need_bytes(spec, 100_000, 20, classes)
        assert 0 < small < large, spec.id
        assert fits_in_memory(spec, 1000, 20, classes, free=8 * GB).value, spec.id


def test_classes_multiply() -> None:
    forest = portfolio("multiclass")["forest-own"]
    assert need_bytes(forest, 100_000, 20, 1000) > 10 * need_bytes(forest, 100_000, 20, 2)
    boosters = [spec for spec in portfolio("multiclass").values() if spec.early_stopping]
    assert all(need_bytes(spec, 100_000, 20, 1000) > 20 * need_bytes(spec, 100_000, 20, 2) for spec in boosters)


def test_more_columns_than_rows_need_their_square_only_for_a_covariance() -> None:
    """Regression: of 25,000 columns no linear model was fitted, for want of 14 GB that none of them takes."""
    rows, columns = 240, 25_000
    known = {**catalogue("binary"), **catalogue("regression"), **portfolio("binary")}
    for name in ("lr", "nb", "ridge", "lda", "qda", "en", "huber"):
        assert need_bytes(known[name], rows, columns, 2) < GB, name
    for name in ("lda-p1", "br", "ard"):
        assert need_bytes(known[name], rows, columns, 2) > 10 * GB, name
    assert need_bytes(known["lr"], 100_000, 2000, 2) - need_bytes(known["lr"], 100_000, 1000, 2) > 24 * (2000**2 - 1000**2)
