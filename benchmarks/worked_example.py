"""A model that stays right, on real data: bike rentals, learned in 2011, the months of 2012 arriving as files.

    python benchmarks/worked_example.py [--budget SECONDS] [--months N] [--home FOLDER] [--only-write]

Every month is first predicted by the version in use and logged, then its true numbers arrive as labels, then the month comes
into a watched folder and a policy makes the next version, which is promoted only when it wins by more than chance. Beside it
runs the version of 2011, never retrained. The page and its charts are written from what the product itself recorded, kept in
results/worked_example.json; `--only-write` writes them again. What was cut off goes on with the month it was in.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("OMP_NUM_THREADS", "1")

TARGET, DAY, KEY = "cnt", "dteday", "instant"
LEFT_OUT = ("casual", "registered")
"""Parts of the target, in some copies of the table."""
ROOT = Path(__file__).resolve().parents[1]
RECORD = Path(__file__).parent / "results" / "worked_example.json"
PAGE = ROOT / "docs" / "worked_example.md"


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
        "moved": list(before.drift.columns[:3]) if before.drift else [],
        "estimated": before.estimated,
        "true": after.total.performance,
        "first": first,
        "outcome": firing.outcome if firing else "–",
        "reason": firing.reason if firing else "; ".join(looked.waiting),
        "metric": after.label,
    }


TEXT = """# A model that stays right: bike rentals, month by month

Made by `make worked-example`; every number is what the product recorded.

A model learned in 2011 how many bikes are rented in an hour ({candidate}, {budget:g} s of search, {rows:,} hours
learned, later ones judged). Then the months of 2012 arrive, one file after another. Each is predicted by the version
in use and logged; its true numbers come later, by key; then a policy takes the file in, fits the same models on
everything so far, and sets the result against the version in use on the newest 30 % of the month, which neither
learned. It is promoted only when it wins by more than chance.

Over the year the version in use had {label} {kept:,.1f} on average, the version of 2011 {first:,.1f}: {gain:.0%}
less. {promoted} of {months} new versions were promoted.

## The error, month by month

![{label}: the version in use, its estimate without labels, the version of 2011](worked_example_error.svg)

Triangles mark the months whose data made a new champion. The dotted line is what the monitor said before a single
true number was known: within 20 % of the truth in {near} of {guessed} months, {most:.1f} times it in {high},
{least:.1f} times it in {low}. An estimate without labels supposes that what the columns say about the target is as
before, and here it was not: more and more people rented bikes. It says where to look; labels say how it is.

## What retraining gained

![By how much {label} was lower than that of the version of 2011](worked_example_gain.svg)

## The months

Expected from 2011: {label} {judged:,.1f}, lower is better.

| month | rows | version in use | drift | {label} estimated | true | version of 2011 | the policy |
|---|---:|---:|---|---:|---:|---:|---|
{table}

## What drift said

It said act in {act} of {months} months: no month is like the ones before it, in weather and season. The three columns
that mattered most to the version in use:

{moved}

## What the policy wrote down

{decided}

## Where it is in the app

*Models* has the versions with their log, *Monitor* the predictions, *Automate* the policy and what it did. A
[pipeline](pipelines.md) is the same as one file for a scheduler.
"""


def page(record: dict[str, Any]) -> str:
    """Return the page of the documentation."""
    table = record["months"]
    first, kept = (sum(row[name] for row in table) / len(table) for name in ("first", "true"))
    ratios = {row["month"]: row["estimated"] / row["true"] for row in table if row["estimated"] is not None}
    high, low = max(ratios, key=ratios.__getitem__), min(ratios, key=ratios.__getitem__)
    lines = []
    for row in table:
        guess = "–" if row["estimated"] is None else f"{row['estimated']:,.1f}"
        lines.append(
            f"| {row['month']} | {row['rows']:,} | {row['version']} | {row['drift']} | {guess} | {row['true']:,.1f} | "
            f"{row['first']:,.1f} | {row['outcome']} |"
        )
    return TEXT.format(
        candidate=record["candidate"], budget=record["budget"], rows=record["rows"], judged=record["judged"],
        first=first, kept=kept, label=table[0]["metric"],
        gain=1 - kept / first, months=len(table), guessed=len(ratios), high=high, low=low,
        most=ratios[high], least=ratios[low], near=sum(abs(ratio - 1) <= 0.2 for ratio in ratios.values()),
        promoted=sum(row["outcome"] == "promoted" for row in table), act=sum(row["drift"] == "act" for row in table),
        table="\n".join(lines), moved="\n".join(f"* **{row['month']}**: {' '.join(row['moved'])}" for row in table),
        decided="\n".join(f"* **{row['month']}**: {row['outcome']}. {row['reason']}" for row in table),
    )  # fmt: skip


def charts(record: dict[str, Any]) -> dict[str, bytes]:
    """Return the page's charts as SVG by name, in colours that can be read on white and on black."""
    import io

    import matplotlib

    matplotlib.use("svg", force=True)
    from matplotlib.figure import Figure

    from automl_core.charts.style import ACCENT, GREY, PALETTE

    table = record["months"]
    names, places = [row["month"] for row in table], list(range(len(table)))
    label = table[0]["metric"]
    ink = "#7A8585"
    style = {
        "svg.fonttype": "none", "svg.hashsalt": "tablewright", "font.size": 9, "text.color": ink, "axes.labelcolor": ink,
        "axes.edgecolor": ink, "xtick.color": ink, "ytick.color": ink, "axes.spines.top": False, "axes.spines.right": False,
        "legend.frameon": False,
    }  # fmt: skip
    found = {}
    with matplotlib.rc_context(style):
        for chart, height in (("error", 3.4), ("gain", 2.6)):
            figure = Figure(figsize=(8, height), layout="constrained")
            axes = figure.subplots()
            if chart == "error":
                true = [row["true"] for row in table]
                axes.plot(places, [row["first"] for row in table], "o-", color=PALETTE[1], label="version of 2011")
                axes.plot(places, true, "o-", color=ACCENT, linewidth=2, label="version in use")
                guessed = [row["estimated"] if row["estimated"] is not None else float("nan") for row in table]
                axes.plot(places, guessed, "o:", color=PALETTE[6], label="estimated, before labels")
                won = [place for place, row in enumerate(table) if row["outcome"] == "promoted"]
                axes.plot(won, [true[place] for place in won], "^", color=ACCENT, markersize=10, label="made a new champion")
                axes.axhline(record["judged"], color=GREY, linewidth=0.8, linestyle="--", label="expected from 2011")
                axes.set_ylim(bottom=0)
                axes.set_ylabel(label)
                axes.legend(ncols=3, loc="upper center", bbox_to_anchor=(0.5, 1.25))
            else:
                gains = [row["first"] - row["true"] for row in table]
                axes.bar(places, gains, color=[ACCENT if gain >= 0 else PALETTE[5] for gain in gains])
                axes.axhline(0, color=GREY, linewidth=0.8)
                axes.set_ylabel(f"{label} less than in 2011's")
            axes.set_xticks(places, names, rotation=35, ha="right", rotation_mode="anchor")
            buffer = io.BytesIO()
            figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
            found[f"worked_example_{chart}.svg"] = buffer.getvalue()
    return found


def write(record: dict[str, Any]) -> None:
    """Write the page and its charts."""
    PAGE.write_text(page(record), encoding="utf-8")
    for name, content in charts(record).items():
        (PAGE.parent / name).write_bytes(content)
    print(PAGE)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budget", type=float, default=60.0)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument(
        "--home", type=Path, default=ROOT / "build" / "worked_example", help="The workspace; removed to begin anew."
    )
    parser.add_argument("--only-write", action="store_true", help="Write the page from what was recorded before.")
    given = parser.parse_args()
    if not given.only_write:
        observe(given.home.resolve(), given.budget, given.months)
    write(json.loads(RECORD.read_text(encoding="utf-8")))
    return 0


def observe(home: Path, budget: float, months: int) -> None:
    """Let the months happen, and record them; what a workspace has seen already is not done again."""
    os.environ["AUTOML_HOME"] = str(home)
    from automl_core.engines.skops import import_skops
    from automl_core.monitoring.settings import Settings, save_settings
    from automl_core.projects import create_project
    from automl_core.registry.store import find_registered
    from automl_core.retraining.policy import Policy, save_policy
    from automl_core.worker import policies
    from automl_core.workspace import Workspace

    import_skops()
    policies.mirror = lambda registered, emit: True  # type: ignore[assignment]  # MLflow has no part in this
    workspace = Workspace.default()
    frame = rows_of_bike()
    year = frame[DAY].str[-4:]
    inbox, folder, seen = home / "inbox", home / "work", home / "record.json"
    if seen.exists():
        record, registered = json.loads(seen.read_text(encoding="utf-8")), find_registered(workspace, "bike")
    else:
        started = time.time()
        project = workspace.project(create_project(workspace, "Bike").id)
        registered = first_version(project, frame[year == "2011"], budget)
        save_settings(registered, Settings(on=True, key=KEY))
        inbox.mkdir(), folder.mkdir()
        save_policy(
            registered, Policy("Each month", "data", watched=str(inbox), then="promote", time_column=DAY, budget=budget * 4)
        )
        version = registered.version(1)
        record = {
            "format": 1, "budget": budget, "rows": version.lineage["rows"], "candidate": version.candidate,
            "judged": version.judged, "seconds": time.time() - started, "months": [],
        }  # fmt: skip
        seen.write_text(json.dumps(record), encoding="utf-8")
    later = frame[year == "2012"]
    for number in range(len(record["months"]) + 1, months + 1):
        started = time.time()
        row = month(registered, later[later["mnth"].astype(int) == number], folder, inbox, f"2012-{number:02d}")
        record["months"].append(row)
        record["seconds"] += time.time() - started
        seen.write_text(json.dumps(record), encoding="utf-8")
        print({name: value for name, value in row.items() if name != "moved"}, flush=True)
    RECORD.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
