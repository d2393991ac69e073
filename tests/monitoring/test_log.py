"""The log: off by default, durable, pruned, joined with labels; columns that are left out never reach the disk."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from automl_core.errors import InputError
from automl_core.monitoring.log import Answered, add_labels, inputs_of, log_answer, read_log
from automl_core.monitoring.settings import Limits, Settings, check_address, folder_of, save_settings, settings_of
from automl_core.registry.store import Registered
from automl_core.scoring.logged import LINES, prune

CLASSES = ("stayed", "left")


def rows(count: int = 3, start: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    frame = pd.DataFrame({"id": [f"c{start + n}" for n in range(count)], "age": range(20, 20 + count), "city": "Rome"})
    share = [0.9 if n % 2 else 0.2 for n in range(count)]
    predicted = pd.DataFrame(
        {
            "prediction": ["left" if one > 0.5 else "stayed" for one in share],
            "probability_stayed": [1 - one for one in share],
            "probability_left": share,
        }
    )
    return frame, predicted


def answer(count: int = 3, *, start: int = 0, at: float = 1_700_000_000.0, version: int = 1, **more: object) -> Answered:
    frame, predicted = rows(count, start)
    fields = {"classes": CLASSES, "positive": "left", "time": at, **more}
    return Answered(version, "batch", 0.03, frame, predicted, **fields)  # type: ignore[arg-type]


def test_nothing_is_logged_until_a_person_turns_it_on(shop: Registered):
    assert log_answer(shop, answer()) == ""
    assert not folder_of(shop).exists()


def test_rows_are_logged_with_time_version_inputs_output_and_latency(shop: Registered):
    save_settings(shop, Settings(on=True, key="id"))
    log_answer(shop, answer(warnings=("City is new.",), request="r1"))
    log_answer(shop, answer(1, start=9, at=1_700_000_100.0, request="r2"))
    found = read_log(shop)
    assert found["request"].tolist() == ["r1", "r1", "r1", "r2"]
    assert found["key"].tolist() == ["c0", "c1", "c2", "c9"]
    assert found["ms"].tolist() == [10.0, 10.0, 10.0, 30.0]
    assert found["value"].tolist() == [0.2, 0.9, 0.2, 0.2]
    assert json.loads(found["inputs"][1]) == {"id": "c1", "age": 21, "city": "Rome"}
    assert json.loads(found["warnings"][0]) == ["City is new."]
    assert found["truth"].isna().all()
    log_answer(shop, answer(LINES + 1, at=1_700_000_200.0, request="r3"))
    assert read_log(shop)["row"].tolist()[-2:] == [LINES - 1, LINES]
    assert sorted(path.suffix for path in (folder_of(shop) / "log").iterdir()) == [".jsonl", ".parquet"]


def test_columns_that_are_left_out_never_reach_the_disk(shop: Registered):
    save_settings(shop, Settings(on=True, left_out=("city",), key="id"))
    log_answer(shop, answer())
    log_answer(shop, answer(1))
    assert list(inputs_of(read_log(shop)).columns) == ["id", "age"]
    for path in (folder_of(shop) / "log").iterdir():
        assert b"Rome" not in path.read_bytes()


def test_a_failed_request_is_logged_with_its_reason(shop: Registered):
    save_settings(shop, Settings(on=True))
    log_answer(shop, Answered(2, "service", 0.004, error="The column 'age' is missing.", time=1_700_000_000.0))
    found = read_log(shop)
    assert found[["version", "error", "ms"]].to_numpy().tolist() == [[2, "The column 'age' is missing.", 4.0]]


def test_a_line_cut_by_a_crash_loses_only_itself(shop: Registered):
    save_settings(shop, Settings(on=True))
    log_answer(shop, answer(1, request="a"))
    [path] = (folder_of(shop) / "log").iterdir()
    with open(path, "ab") as file:
        file.write(b'{"time": 170')
    log_answer(shop, answer(1, request="b"))
    assert read_log(shop)["request"].tolist() == ["a", "b"]


def test_old_rows_are_removed_after_the_retention_period(shop: Registered):
    save_settings(shop, Settings(on=True, days=30))
    day = 86_400.0
    now = 1_700_000_000.0
    for age in (40, 31, 29, 1):
        log_answer(shop, answer(2, at=now - age * day, request=f"d{age}"))
        log_answer(shop, answer(1, at=now - age * day, request=f"s{age}"))
    assert prune(folder_of(shop), 30, now) + len(list((folder_of(shop) / "log").iterdir())) <= 8
    assert set(read_log(shop)["request"]) == {"d29", "s29", "d1", "s1"}


def test_labels_are_added_by_key_and_the_latest_counts(shop: Registered):
    save_settings(shop, Settings(on=True, key="id"))
    log_answer(shop, answer())
    found = add_labels(shop, pd.DataFrame({"id": ["c0", "c1", "zz"], "outcome": ["left", "stayed", "left"]}), "id", "outcome")
    assert found.sentence == "3 labels were added; 2 logged predictions have one now."
    add_labels(shop, pd.DataFrame({"id": ["c1"], "outcome": ["left"]}), "id", "outcome")
    assert read_log(shop)["truth"].fillna("?").tolist() == ["left", "left", "?"]


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (pd.DataFrame({"id": ["c0"]}), "The file has no column 'outcome'. It has 'id'."),
        (pd.DataFrame({"id": ["c0"], "outcome": [None]}), "No row has both a key and a label."),
        (
            pd.DataFrame({"id": ["x"], "outcome": ["left"]}),
            "None of the 1 keys was logged; the first is 'x'. The log has keys such",
        ),
    ],
)
def test_labels_that_fit_nothing_are_refused(shop: Registered, frame, told):
    save_settings(shop, Settings(on=True, key="id"))
    log_answer(shop, answer())
    with pytest.raises(InputError, match=told):
        add_labels(shop, frame, "id", "outcome")


def test_settings_survive_their_file_and_are_checked(shop: Registered):
    settings = Settings(True, 30, ("city",), "id", Limits(p95_ms=20.0, queue=None), "https://example.org/hook")
    save_settings(shop, settings)
    assert settings_of(shop) == settings
    with pytest.raises(InputError, match="Predictions would be kept for 0 days. Between 1 and 3,650"):
        save_settings(shop, replace(settings, days=0))
    with pytest.raises(InputError, match="The limit for errors is 5. It is a share, between 0 and 1."):
        save_settings(shop, replace(settings, limits=Limits(errors=5.0)))


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "ftp://a/b", "javascript:1", "https://", "//host/x", "gopher://x", "http://[::1"]
)
def test_a_webhook_is_http_only(address):
    with pytest.raises(InputError, match="cannot be a webhook|is no address"):
        check_address(address)
    with pytest.raises(InputError, match="holds a user or a password"):
        check_address("https://me:secret@example.org/x")


def test_a_path_with_a_quote_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from automl_core.monitoring.log import _quoted

    assert _quoted([Path("/a/it's.parquet")]) == "['/a/it''s.parquet']"
