"""How a peer is watched, and which results are kept."""

import json
import subprocess
import sys
import time

import bench
import pytest
from tables import TABLES, choose
from watching import FirstLine, Watch

LINES = {
    "autogluon-medium": (
        "Fitting model: LightGBM ... Training model for up to 59.9s",
        "\t0.8512\t = Validation score   (roc_auc)",
    ),
    "flaml": ("[flaml.automl] INFO - iteration 0, current learner lgbm", " at 0.1s,\testimator lgbm's best error=3.4e-01,\tbest"),
    "h2o": ("09:00:00.000: AutoML: starting GBM model training", "09:00:01.250: New leader: XGBoost_1_AutoML_1, auc: 0.9"),
    "mljar": ("1_Baseline auc 0.5 trained in 1.22 seconds", "2_DecisionTree auc 0.81 trained in 9.1 seconds"),
    "pycaret": ("SubProcess create_model() called ======", "SubProcess create_model() end ======"),
}


@pytest.mark.parametrize("name", LINES)
def test_the_first_score_is_found_in_a_peers_log(name, tmp_path):
    system = next(system for system in bench.SYSTEMS if system.name == name)
    log = tmp_path / "log.txt"
    line = FirstLine(log, system.first_line)
    line.look(100.0)
    before, score = LINES[name]
    log.write_text(before + "\n" + score[:7])
    line.look(101.0)
    assert line.seen is None
    with open(log, "a") as file:
        file.write(score[7:] + "\nmore\n")
    line.look(102.0)
    assert line.seen == 102.0
    line.look(103.0)
    assert line.seen == 102.0


def test_a_line_that_bears_its_time_is_taken_at_its_word_unless_it_cannot_be(tmp_path):
    log = tmp_path / "log.txt"
    now = time.time()
    for seconds, expected in ((2.5, now - 2.5), (-30, now), (300, now)):
        moment = time.strftime("%H:%M:%S", time.localtime(now - seconds)) + f".{int((now - seconds) % 1 * 1000):03d}"
        log.write_text(f"{moment}: New leader: X\n")
        line = FirstLine(log, bench.SYSTEMS[4].first_line)
        line.look(now)
        assert line.seen == pytest.approx(expected, abs=0.002)


def test_a_process_is_watched_with_its_children(tmp_path):
    log = tmp_path / "log.txt"
    hold = "x = bytearray(60_000_000)"
    child = f"{hold}; import time; time.sleep(0.8)"
    script = f"import subprocess, sys; {hold}; subprocess.run([sys.executable, '-c', {child!r}]); print('done', flush=True)"
    with open(log, "wb") as out:
        process = subprocess.Popen([sys.executable, "-c", script], stdout=out)
        watch = Watch(FirstLine(log, "^done$"))
        watch.follow(process)
    assert 120e6 < watch.peak_bytes < 400e6
    assert watch.line.seen is not None


def test_a_result_is_kept_and_a_failed_one_measured_again_when_asked(tmp_path):
    good, bad, missing = tmp_path / "good.json", tmp_path / "bad.json", tmp_path / "missing.json"
    good.write_text(json.dumps({"score": 1}))
    bad.write_text(json.dumps({"failed": "no"}))
    asked = {"again": False, "again_failed": False}
    assert [bench.wanted(path, **asked) for path in (good, bad, missing)] == [False, False, True]
    asked["again_failed"] = True
    assert [bench.wanted(path, **asked) for path in (good, bad, missing)] == [False, True, True]
    asked["again"] = True
    assert bench.wanted(good, **asked)


def test_tables_are_chosen_by_name_and_by_group():
    assert len(choose(["default"])) == 10 and choose(["default"])[0].name == "titanic"
    assert len(choose(["generated"])) >= 8 and all(table.name.startswith("made-") for table in choose(["generated"]))
    assert len(choose(["found"])) == 10 and not {table.name for table in choose(["found"])} & {
        table.name for table in choose(["default"])
    }
    assert choose(["all"]) == list(TABLES)
    assert [table.name for table in choose(["wine", "titanic"])] == ["titanic", "wine"]
    with pytest.raises(SystemExit, match=r"There is no table nowhere; there are titanic, churn"):
        choose(["nowhere"])


@pytest.mark.parametrize("table", choose(["generated"]), ids=lambda table: table.name)
def test_generated_tables_are_the_same_every_time_and_have_words_and_gaps(table):
    first, second = table.load(), table.load()
    assert first.equals(second)
    assert first[table.target].notna().all()
    assert first.isna().any().any()
    assert 300 <= len(first) <= 10_000
    words = first.drop(columns=table.target).select_dtypes("object").shape[1]
    assert words >= (0 if table.name == "made-rings" else 1)
    labels = first[table.target].nunique()
    assert labels > 100 if table.task == "regression" else labels == (2 if table.task == "binary" else 5)
