"""A model that stays right, on real data: bike rentals, learned in 2011, the months of 2012 arriving as files.

    python benchmarks/worked_example.py [--budget SECONDS] [--months N] [--out docs/worked_example.md]

Every month is first predicted by the version in use and logged, then its true numbers arrive as labels, then the month comes
into a watched folder and a policy makes the next version, which is promoted only when it wins by more than chance. Beside it
runs the version of 2011, never retrained. The page is written from what the product itself recorded.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("OMP_NUM_THREADS", "1")

TARGET, DAY, KEY = "cnt", "dteday", "instant"
LEFT_OUT = ("casual", "registered")
"""Parts of the target, in some copies of the table."""


def rows_of_bike() -> Any:
    import pandas as pd

    folder = Path(os.environ.get("AUTOML_TEST_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
    frame = pd.read_csv(folder / "bike.csv", dtype=str, keep_default_na=False)
    return frame.drop(columns=[name for name in LEFT_OUT if name in frame])


def first_version(project: Any, frame: Any, budget: float) -> Any:
    """Learn 2011 and put it in use."""
    from dataclasses import replace

    from automl_core.cleaning.apply import apply_stateless
    from automl_core.cleaning.propose import propose_recipe
    from automl_core.cli.shared import teller
    from automl_core.data.dataset import create_dataset
    from automl_core.experiment import Budget, Split
    from automl_core.proposals import propose
    from automl_core.registry.store import create_registered
    from automl_core.runs import Run, write_request
    from automl_core.worker.candidates import judge_recommended
    from automl_core.worker.training import train
    from automl_core.worker.versions import register_candidate
    from automl_core.workspace import new_id

    source = project.path / "bike-2011.csv"
    frame.to_csv(source, index=False)
    dataset = create_dataset(project.dataset(new_id("ds")), source, "bike-2011")
    recipe = propose_recipe(dataset.frame(), dataset.schema, TARGET)
    cleaned = apply_stateless(dataset.frame(), dataset.schema, recipe, training=True)
    config = propose(cleaned.frame, cleaned.schema, TARGET, uploaded=(dataset.frame(), dataset.schema)).config
    config = replace(config, split=Split("time", DAY), budget=Budget(budget), holdout=0.2)
    run = Run(project.run(new_id("rn")))
    write_request(
        run.path,
        "train",
        {"dataset": dataset.id, "fingerprint": dataset.fingerprint, "config": config.to_dict(), "recipe": recipe.to_dict()},
    )
    found = train(run, emit=teller(), should_stop=lambda: False, started=time.time())
    judge_recommended(run, found["recommended"], lambda event: None)
    registered = create_registered(project, "bike")
    register_candidate(run, found["recommended"], registered, emit=lambda event: None)
    registered.promote(1, "champion", "Learned from 2011", who="worked example")
    return registered


def month(registered: Any, rows: Any, folder: Path, inbox: Path, name: str) -> dict[str, Any]:
    """Let one month happen; returns a row of the table."""
    from automl_core.evaluation.evaluate import evaluate
    from automl_core.monitoring.check import check, predict_and_log
    from automl_core.monitoring.log import add_labels
    from automl_core.scoring.bundle import load_model
    from automl_core.worker.policies import look_at

    number = registered.at("champion")
    model = load_model(registered.model(number))
    new = folder / f"{name}.csv"
    rows.drop(columns=TARGET).to_csv(new, index=False)
    asked = time.time()
    predict_and_log(model, new, folder / "out.csv", registered, number)
    # Only this month is looked at: what was logged since its file was predicted.
    before, _ = check(registered, days=(time.time() - asked + 0.5) / 86_400)
    add_labels(registered, rows, KEY, TARGET)
    after, _ = check(registered, days=(time.time() - asked + 0.5) / 86_400)
    first = evaluate(load_model(registered.model(1)), rows).metrics[after.metric].value
    arrived = inbox / f"{name}.csv"
    rows.to_csv(arrived, index=False)
    os.utime(arrived, (time.time() - 60, time.time() - 60))
    looked = look_at(registered, emit=lambda event: None, should_stop=lambda: False)
    firing = looked.firings[0] if looked.firings else None
    return {
        "month": name,
        "rows": len(rows),
        "version": number,
        "drift": before.drift.verdict if before.drift else "not looked at",
        "estimated": before.estimated,
        "true": after.total.performance,
        "first": first,
        "outcome": firing.outcome if firing else "–",
        "reason": firing.reason if firing else "; ".join(looked.waiting),
        "metric": after.label,
    }


def page(registered: Any, table: list[dict[str, Any]], budget: float, seconds: float) -> str:
    """Return the page of the documentation."""

    def number(value: float | None) -> str:
        return "–" if value is None else f"{value:,.1f}"

    label = table[0]["metric"]
    first = sum(row["first"] for row in table) / len(table)
    kept = sum(row["true"] for row in table) / len(table)
    version = registered.version(1)
    lines = [
        "# A model that stays right: bike rentals, month by month",
        "",
        "Made by `make worked-example`; every number is what the product recorded.",
        "",
        f"A model learned how many bikes are rented an hour from the {version.lineage['rows']:,} hours of 2011 "
        f"({version.candidate}, {budget:g} s of search). Then the months of 2012 arrive, one file after another. Each is "
        "predicted by the version in use and logged; its true numbers come later, by key; then a policy takes the file in, fits "
        "the same models on everything so far, and sets the result against the version in use on the newest "
        "30 % of the month, which "
        "neither learned.",
        "",
        f"Expected from 2011: {label} {number(version.judged)}, lower is better.",
        "",
        f"| month | rows | version in use | drift | {label} estimated | true | version of 2011 | the policy |",
        "|---|---:|---:|---|---:|---:|---:|---|",
    ]
    for row in table:
        lines.append(
            f"| {row['month']} | {row['rows']:,} | {row['version']} | {row['drift']} | {number(row['estimated'])} | "
            f"{number(row['true'])} | {number(row['first'])} | {row['outcome']} |"
        )
    lines += [
        "",
        f"Over these months the version in use had {label} {number(kept)} on average, the version of 2011 {number(first)}: "
        f"{1 - kept / first:.0%} less. All of it took {seconds / 60:.0f} minutes.",
        "",
        "## What the policy wrote down",
        "",
        *(f"* **{row['month']}**: {row['outcome']}. {row['reason']}" for row in table),
        "",
        "## Where it is in the app",
        "",
        "*Models* has the versions with their log, *Monitor* the predictions, *Automate* the policy and what it did.",
        "",
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budget", type=float, default=60.0)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parents[1] / "docs" / "worked_example.md")
    given = parser.parse_args()
    started = time.time()
    with tempfile.TemporaryDirectory() as home:
        os.environ["AUTOML_HOME"] = home
        from automl_core.engines.skops import import_skops
        from automl_core.monitoring.settings import Settings, save_settings
        from automl_core.projects import create_project
        from automl_core.retraining.policy import Policy, save_policy
        from automl_core.worker import policies
        from automl_core.workspace import Workspace

        import_skops()
        policies.mirror = lambda registered, emit: True  # type: ignore[assignment]  # MLflow has no part in this
        workspace = Workspace.default()
        project = workspace.project(create_project(workspace, "Bike").id)
        frame = rows_of_bike()
        year = frame[DAY].str[-4:]
        registered = first_version(project, frame[year == "2011"], given.budget)
        print(f"2011 learned in {time.time() - started:.0f} s", flush=True)
        save_settings(registered, Settings(on=True, key=KEY))
        inbox, folder = Path(home) / "inbox", Path(home) / "work"
        inbox.mkdir(), folder.mkdir()
        save_policy(
            registered, Policy("Each month", "data", watched=str(inbox), then="promote", time_column=DAY, budget=given.budget * 4)
        )
        table = []
        later = frame[year == "2012"]
        for number in range(1, given.months + 1):
            rows = later[later["mnth"].astype(int) == number]
            row = month(registered, rows, folder, inbox, f"2012-{number:02d}")
            table.append(row)
            print({name: value for name, value in row.items() if name != "reason"}, flush=True)
            print(row["reason"], flush=True)
        text = page(registered, table, given.budget, time.time() - started)
    with contextlib.suppress(FileExistsError):
        given.out.parent.mkdir(parents=True)
    given.out.write_text(text, encoding="utf-8")
    print(given.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
