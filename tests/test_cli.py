"""The command line as a scheduler calls it: exit codes, files, what is printed where."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from automl_core.cli import main
from tests.conftest import MakeRun, customers

ROOT = Path(__file__).resolve().parents[1]


def run(*arguments: object, home: Path, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "automl_core", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "AUTOML_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tables") / "customers.csv"
    customers(200).drop(columns=["level", "amount"]).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def trained(table: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A train folder made with a fixed number of models, and what its command said."""
    folder = tmp_path_factory.mktemp("trained") / "out"
    said = run(
        "train",
        table,
        "--target",
        "outcome",
        "--positive",
        "left",
        "--out",
        folder,
        "--trials",
        2,
        "--preset",
        "fast",
        home=folder.parent,
    )
    return folder, said


def test_the_fast_preset_says_how_long_a_row_takes(trained):
    _, said = trained
    assert "One row takes " in said.stderr and "no limit was set." in said.stderr


def test_train_leaves_what_schedulers_read(trained):
    folder, said = trained
    assert said.returncode == 0, said.stderr
    assert {"model.zip", "leaderboard.json", "events.jsonl", "report.html", "proof.json"} <= {
        path.name for path in folder.iterdir()
    }
    board = json.loads((folder / "leaderboard.json").read_text())
    assert board["metric"] == "roc_auc" and board["recommended"]
    kinds = [json.loads(line)["event"] for line in (folder / "events.jsonl").read_text().splitlines()]
    assert kinds[0] == "started" and kinds[-1] == "finished"
    _, metric, score, model = said.stdout.strip().split("\t")
    assert (metric, Path(model)) == ("roc_auc", folder / "model.zip")
    assert float(score) == pytest.approx(
        max(row["score"] for row in board["candidates"] if row["id"] == board["recommended"]), rel=1e-5
    )
    assert "The target has two values." in said.stderr
    assert "'joined' gives each row a date" in said.stderr and "(--split time --time joined)" in said.stderr


def test_the_result_is_told_before_the_report_is_written(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Regression: who waited for the model waited for the charts of its report as well."""
    from automl_core.cli import training

    run = make_run("binary")
    replace(run.leaderboard(), recommended="ensemble").save(run.path / "leaderboard.json")
    heard: list[str] = []
    monkeypatch.setattr(training, "stop_signals", list)
    monkeypatch.setattr("automl_core.worker.training.train", lambda *args, **options: {"recommended": "ensemble"})
    monkeypatch.setattr("automl_core.reporting.write_report", lambda *args: heard.append(capsys.readouterr().out))
    events: list[Any] = []
    training._search(run, events.append, fresh=True)
    assert heard == [f"Ensemble\troc_auc\t0.86\t{run.path / 'model.zip'}\n"]
    assert [event.doing for event in events] == ["Writing the report"]


def test_the_same_seed_and_models_give_the_same_scores(trained, table, tmp_path):
    folder, _ = trained
    again = tmp_path / "again"
    said = run(
        "train",
        table,
        "--target",
        "outcome",
        "--positive",
        "left",
        "--out",
        again,
        "--trials",
        2,
        "--preset",
        "fast",
        home=tmp_path,
    )
    assert said.returncode == 0, said.stderr
    boards = [json.loads((path / "leaderboard.json").read_text()) for path in (folder, again)]
    scores = [{row["id"]: row["fold_scores"] for row in board["candidates"]} for board in boards]
    assert scores[0] == scores[1]


def test_money_ranks_and_decides_without_a_browser(table, tmp_path):
    folder = tmp_path / "out"
    options = {
        "--target": "outcome",
        "--positive": "left",
        "--out": folder,
        "--trials": 2,
        "--preset": "fast",
        "--metric": "cost",
        "--costs": "tp=0.02,fp=-0.01,fn=-0.1,tn=0,amount=income,currency=EUR",
        "--kpi": 'Income at risk: sum(if(truth == "left" and prediction == "stayed", income, 0))',
    }
    said = run("train", table, *(part for pair in options.items() for part in pair), "--kpi-lower", home=tmp_path)
    assert said.returncode == 0, said.stderr
    assert "The amount 'income' is also learned from." in said.stderr
    board = json.loads((folder / "leaderboard.json").read_text())
    assert (board["metric"], board["label"], board["greater_is_better"]) == ("cost", "Money per row, EUR", True)
    assert {"cost", "kpi"} <= set(board["candidates"][0]["metrics"])
    assert said.stdout.split("\t")[1] == "cost"
    found = json.loads(run("evaluate", folder, table, "--json", home=tmp_path).stdout)
    assert next(iter(found["metrics"])) == "cost" and "kpi" in found["metrics"]
    assert "Money per row, EUR" in (folder / "report.html").read_text(encoding="utf-8")
    config = json.loads((folder / "request.json").read_text())["params"]["config"]
    assert config["costs"]["amount"] == "income"
    assert config["kpi"]["greater_is_better"] is False


def test_evaluate_prints_the_contract(trained, table, tmp_path):
    folder, _ = trained
    said = run("evaluate", folder, table, "--json", home=tmp_path)
    assert said.returncode == 0, said.stderr
    found = json.loads(said.stdout)
    assert (found["format"], found["task"], found["rows"]) == (1, "binary", 200)
    assert set(found["metrics"]["roc_auc"]) == {"value", "low", "high"}
    assert found["metrics"]["roc_auc"]["low"] <= found["metrics"]["roc_auc"]["value"] <= found["metrics"]["roc_auc"]["high"]


def test_predict_writes_columns_in_row_order(trained, table, tmp_path):
    folder, _ = trained
    said = run("predict", folder / "model.zip", table, "--out", tmp_path / "p.csv", home=tmp_path)
    assert said.returncode == 0, said.stderr
    import pandas as pd

    predicted, original = pd.read_csv(tmp_path / "p.csv"), pd.read_csv(table)
    added = ["prediction", "probability_stayed", "probability_left", "possible_labels", "warnings"]
    assert list(predicted.columns) == [*original.columns, *added]
    assert list(predicted["key"]) == list(original["key"])
    assert (predicted["probability_stayed"] + predicted["probability_left"]).round(9).eq(1).all()


def test_explain_names_the_persons_columns(trained, tmp_path):
    folder, _ = trained
    said = run("explain", folder, "--json", home=tmp_path)
    assert said.returncode == 0, said.stderr
    found = json.loads(said.stdout)
    assert {row["column"] for row in found["permutation"]} <= {"age", "income", "city", "member", "joined"}


def test_a_small_model_is_written_out_as_a_whole(trained, tmp_path):
    folder, _ = trained
    said = run("explain", folder, "--whole", home=tmp_path)
    assert said.returncode == 0, said.stderr
    found = json.loads(said.stdout)
    assert (found["format"], found["kind"], found["outputs"]) == (1, "linear", ["left"])


def test_report_is_written(trained, tmp_path):
    folder, _ = trained
    said = run("report", folder, "--out", tmp_path / "r.html", home=tmp_path)
    assert said.returncode == 0, said.stderr
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>") and "Which columns matter" in text and len(text) < 2_000_000
    assert "What single columns do" not in text and "Whether more rows would help" not in text  # they take long

    said = run("report", folder, "--contents", "effects,learning", "--out", tmp_path / "c.html", home=tmp_path)
    assert said.returncode == 0, said.stderr
    text = (tmp_path / "c.html").read_text(encoding="utf-8")
    assert "What single columns do" in text and "Whether more rows would help" in text and len(text) < 2_000_000
    assert "Which columns matter" not in text


def test_read_profile_clean(table, tmp_path):
    messy = tmp_path / "messy.csv"
    messy.write_bytes("größe;name\n1,5;=cmd()\n2,5; b \n2,5; b \n".encode("cp1252"))
    said = run("read", messy, "--text", "--out", tmp_path / "text.csv", home=tmp_path)
    assert said.returncode == 0, said.stderr
    assert (tmp_path / "text.csv").read_text() == 'größe,name\n"1,5",\'=cmd()\n"2,5",b\n"2,5",b\n'.replace(",b", ", b ")
    assert "3 rows and 2 columns, cp1252, delimiter ';'." in said.stderr

    said = run("profile", table, "--out", tmp_path / "p.json", "--target", "outcome", home=tmp_path)
    assert said.returncode == 0, said.stderr
    assert json.loads((tmp_path / "p.json").read_text())["rows"] == 200
    said = run("profile", table, "--out", tmp_path / "p.html", home=tmp_path)
    assert said.returncode == 0 and (tmp_path / "p.html").read_text().startswith("<!doctype html>")

    said = run("profile", table, "--out", tmp_path / "p.json", "--target", "outcome", "--leakage", home=tmp_path)
    assert said.returncode == 0, said.stderr
    trials = json.loads((tmp_path / "p.json").read_text())["leakage"]["trials"]
    assert trials[0]["kind"] == "whole" and f"All columns, rows split at random: {trials[0]['score']:.3f}." in said.stderr

    said = run("clean", table, "--out", tmp_path / "c.csv", home=tmp_path)
    assert said.returncode == 0, said.stderr
    assert "Left for the model, since they learn from the data: " in said.stderr
    assert "key" not in (tmp_path / "c.csv").read_text().splitlines()[0].split(",")


def test_projects_lists_and_rebuilds(tmp_path):
    from automl_core.projects import create_project
    from automl_core.workspace import Workspace

    project = create_project(Workspace(tmp_path), "Shop")
    (tmp_path / "catalogue.db").unlink()
    said = run("projects", "--rebuild", home=tmp_path)
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith(f"{project.id}\t") and said.stdout.rstrip().endswith("\tShop")
    assert "1 projects found" in said.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["read", "nowhere.csv", "--out", "x.csv"], "There is no file nowhere.csv. Check the path."),
        (["evaluate", "nowhere.zip", "TABLE"], "There is no model file nowhere.zip."),
        (["predict", "TABLE", "TABLE", "--out", "x.csv"], "customers.csv is no readable zip file"),
        (["train", "TABLE", "--target", "nothing", "--out", "OUT"], "There is no column 'nothing'."),
        (["train", "TABLE", "--target", "outcome", "--out", "OUT", "--preset", "magic"], "--preset is 'magic'."),
        (["train", "TABLE", "--target", "outcome", "--out", "OUT", "--split", "time"], "--split time needs a column."),
        (["train", "TABLE", "--target", "outcome", "--out", "OUT", "--gap", "7"], "--gap needs --split time."),
        (
            [*["train", "TABLE", "--target", "outcome", "--out", "OUT"], *["--split", "time", "--time", "joined", "--gap", "-1"]],
            "The gap is -1. It must be 0 or more.",
        ),
        (
            ["train", "TABLE", "--target", "outcome", "--out", "OUT", "--metric", "rmse", "--trials", "1"],
            "The metric RMSE does not fit a binary task.",
        ),
        (
            ["train", "TABLE", "--target", "outcome", "--out", "OUT", "--predict-limit-ms", "0.5"],
            "A limit of 0.5 ms a row is set, with the preset 'balanced'. Only the preset 'fast' keeps one.",
        ),
        (
            ["train", "TABLE", "--target", "outcome", "--out", "OUT", "--metric", "cost", "--trials", "1"],
            "The metric 'cost' needs a cost table.",
        ),
        (
            ["train", "TABLE", "--target", "outcome", "--out", "OUT", "--costs", "tp=1,fp=much", "--trials", "1"],
            "fp is 'much'. A number is needed",
        ),
        (
            ["train", "TABLE", "--target", "outcome", "--out", "OUT", "--costs", "tp=1,fp=-1,amount=price", "--trials", "1"],
            "There is no column 'price'.",
        ),
        (
            ["train", "TABLE", "--target", "outcome", "--out", "OUT", "--kpi", "Right: share(error", "--trials", "1"],
            "The formula ends too early.",
        ),
        (
            ["train", "TABLE", "--target", "outcome", "--out", "OUT", "--kpi", "Right: sum(incom * error)", "--trials", "1"],
            "there is no column 'incom'. Did you mean 'income'?",
        ),
        (["profile", "TABLE", "--out", "x.txt"], "It must end in .json or .html."),
        (["profile", "TABLE", "--out", "x.json", "--leakage"], "Leakage was asked for without a target."),
        (["report", "nowhere"], "nowhere is no train folder."),
        (["nonsense"], "No such command 'nonsense'"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_bad_input_is_one_sentence_and_exit_code_2(arguments, sentence, table, tmp_path, monkeypatch, capsys):
    filled = [str(table) if part == "TABLE" else str(tmp_path / "out") if part == "OUT" else part for part in arguments]
    monkeypatch.setenv("AUTOML_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["tablewright", *filled])
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(SystemExit) as left:
        main()
    signal.signal(signal.SIGINT, before)
    said = capsys.readouterr().err
    assert left.value.code == 2, said
    assert sentence in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_a_defect_of_ours_leaves_an_id_and_exit_code_1(tmp_path, table):
    arguments = ["x", "read", "a", "--out", "b"]
    broken = f"import sys; from automl_core import cli; cli.tables.existing = None; sys.argv = {arguments}; cli.main()"
    said = subprocess.run(
        [sys.executable, "-c", broken], cwd=ROOT, env={**os.environ, "AUTOML_HOME": str(tmp_path)}, capture_output=True, text=True
    )
    assert said.returncode == 1
    log_id = said.stderr.strip().rstrip(".").split()[-1]
    assert log_id in next((tmp_path / "logs").iterdir()).read_text()


def test_a_judged_model_learns_the_kept_rows_too(trained, tmp_path):
    folder, _ = trained
    said = run("relearn", folder, "--out", tmp_path / "all", home=tmp_path)
    assert said.returncode == 0, said.stderr
    assert "No rows were kept aside, so the scores are out-of-fold: the search has seen them." in said.stderr
    from automl_core.scoring.bundle import load_model

    before, after = load_model(folder / "model.zip"), load_model(tmp_path / "all" / "model.zip")
    assert (before.lineage["rows"], after.lineage["rows"]) == (160, 200)
    assert after.lineage["judged"]["rows"] == 40
    assert "The same model, chosen and judged before" in (tmp_path / "all" / "report.html").read_text()
    again = run("extend", tmp_path / "all", "--budget", "6", home=tmp_path)
    assert again.returncode == 2
    assert again.stderr.strip() == (
        f"{tmp_path / 'all'} holds a model that learned every row, not a search. Extend the run that it was chosen in."
    )


def test_stopping_before_a_model_is_there_leaves_with_130_as_well(table, tmp_path):
    """A first look is no model: there is nothing to keep, but the person has stopped it, and nothing went wrong."""
    folder = tmp_path / "out"
    line = [sys.executable, "-m", "automl_core", "train", str(table), "--target", "outcome", "--out", str(folder)]
    process = subprocess.Popen(
        line, cwd=ROOT, env={**os.environ, "AUTOML_HOME": str(tmp_path)}, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not (folder / "request.json").exists():
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Stopped." in said or "Stopping;" in said


def test_stopping_keeps_a_model_and_leaves_with_130(table, tmp_path):
    folder = tmp_path / "out"
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "automl_core",
            "train",
            str(table),
            "--target",
            "outcome",
            "--out",
            str(folder),
            "--budget",
            "120",
        ],
        cwd=ROOT,
        env={**os.environ, "AUTOML_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (folder / "leaderboard.json").exists() or not json.loads((folder / "leaderboard.json").read_text())["recommended"]:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    from automl_core.scoring.bundle import load_model

    assert load_model(folder / "model.zip").target == "outcome"

    scored = scored_in(folder)
    more = run("extend", folder, "--budget", "6", home=tmp_path)
    assert more.returncode == 0, more.stderr
    assert scored < scored_in(folder), "it was given time and has scored nothing new"
    fits = [tuple(line.split()[:2]) for line in (folder / "fits.log").read_text().splitlines()]
    assert len(fits) == len(set(fits)), "a fold that was scored was fitted again"


def scored_in(folder: Path) -> set[str]:
    """Return the single models of a run that have a score."""
    rows = json.loads((folder / "leaderboard.json").read_text())["candidates"]
    return {row["id"] for row in rows if row["state"] == "scored" and row["role"] == "model"}


def test_a_run_counted_in_models_is_given_as_many_more(trained, tmp_path):
    """Regression: what had been given first was taken for the whole, so that 2 more models were none."""
    folder = tmp_path / "out"
    shutil.copytree(trained[0], folder)
    first = scored_in(folder)
    assert len(first) == 2
    more = run("extend", folder, home=tmp_path)
    assert more.returncode == 0, more.stderr
    assert len(scored_in(folder)) == 4 and first < scored_in(folder)
    again = run("extend", folder, "--trials", 1, home=tmp_path)
    assert again.returncode == 0, again.stderr
    assert len(scored_in(folder)) == 5
    assert json.loads((folder / "request.json").read_text())["params"]["config"]["budget"]["trials"] == 5
    both = run("extend", folder, "--trials", 1, "--budget", 5, home=tmp_path)
    assert both.returncode == 2
    assert both.stderr.strip() == (
        "5 seconds and 1 model are no budget. A search goes on for a time or for a number of models. Give one of them, above 0."
    )


def test_a_forecast_is_printed(table, tmp_path):
    said = run("forecast", table, "--target", "outcome", "--preset", "quick", "--budget", 30, home=tmp_path)
    assert said.returncode == 0, said.stderr
    assert [line[:26].strip() for line in said.stdout.splitlines()][:2] == ["Preparing the data", "Linear models"]
    assert "One model over all 5 folds, on " in said.stderr
    told = json.loads(run("forecast", table, "--target", "outcome", "--preset", "quick", "--json", home=tmp_path).stdout)
    assert told["format"] == 1 and told["budget"] == 60.0
    assert run("forecast", table, "--target", "nothing", home=tmp_path).returncode == 2


def test_a_model_is_tuned_and_its_study_goes_on(trained, tmp_path):
    folder, _ = trained
    said = run("tune", folder, "lr", "--trials", 3, "--method", "random", "--set", "C=0.01..1", home=tmp_path)
    assert said.returncode == 0, said.stderr
    assert "of 4 trials scored" in said.stderr
    assert said.stdout.split("\t")[1] == "roc_auc"
    more = run("tune", folder, "lr", "--trials", 2, "--study", "lr-tuned-1", home=tmp_path)
    assert more.returncode == 0 and "of 6 trials scored" in more.stderr, more.stderr
    other = run("tune", folder, "lr", "--trials", 2, "--study", "lr-tuned-1", "--busy", home=tmp_path)
    assert other.returncode == 2 and "The study lr-tuned-1 was begun in batches." in other.stderr
    wrong = run("tune", folder, "lr", "--set", "C=2..1", home=tmp_path)
    assert wrong.returncode == 2
    assert wrong.stderr.strip() == "C goes from 2 to 1. The low end must not be above the high end. Swap them."


def test_a_cluster_that_cannot_be_reached_is_bad_input_and_this_machine_is_used_only_when_allowed(table, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    env = {**os.environ, "AUTOML_HOME": str(tmp_path), "AUTOML_RAY_ADDRESS": address}
    command = [sys.executable, "-m", "automl_core", "train", table, "--target", "outcome", "--out", tmp_path / "out"]
    said = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
    assert said.returncode == 2
    assert said.stderr.startswith(f"The cluster at {address} cannot be reached: Connection refused.")
    assert not (tmp_path / "out").exists()
    more = [*command, "--preset", "quick", "--trials", "1", "--or-here"]
    said = subprocess.run(more, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)
    assert said.returncode == 0, said.stderr
    assert "Fits are made on this machine instead." in said.stderr
    assert (tmp_path / "out" / "model.zip").exists()


@pytest.mark.parametrize("command", ["--help", "settings"])
def test_a_reader_that_has_seen_enough_is_no_fault(tmp_path, command):
    """Regression: piped to `head`, a command left with 1 or 120."""
    reads, writes = os.pipe()
    os.close(reads)
    said = subprocess.run(
        [sys.executable, "-m", "automl_core", command],
        cwd=ROOT, env={**os.environ, "AUTOML_HOME": str(tmp_path)}, stdout=writes, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.close(writes)
    assert (said.returncode, said.stderr) == (0, "")
