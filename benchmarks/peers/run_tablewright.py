"""Tablewright through its command line, learning from every row that it is given."""

import json
import subprocess
import sys
import time
from pathlib import Path

from common import arguments, hand_back


def commit() -> str:
    """Return which state of the project this is; results that a comparison has just written do not make it another one."""

    def git(*words: str) -> str:
        said = subprocess.run(["git", *words], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
        return said.stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!benchmarks/results")
    return (git("rev-parse", "--short", "HEAD") or "unknown") + ("-dirty" if changed else "")


if __name__ == "__main__":
    a = arguments()
    start = time.time()
    command = [sys.executable, "-m", "automl_core", "train", str(a.learn), "--target", a.target, "--task", a.task]
    command += ["--metric", a.metric, "--budget", str(a.budget), "--holdout", "0", "--out", str(a.out / "train")]
    subprocess.run([*command, *(["--preset", a.preset] if a.preset else [])], check=True)
    spent = time.time() - start
    import pandas as pd

    from automl_core.scoring.bundle import load_model

    model = load_model(a.out / "train" / "model.zip")
    rows = pd.read_csv(a.judge).drop(columns=a.target)
    many = pd.concat([rows] * (1 + 1000 // len(rows)), ignore_index=True)[:1000]
    lines = (a.out / "train" / "events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    first = [
        (event["time"] - start, event["candidate"]["reason"])
        for event in events
        if event["event"] == "candidate" and event["candidate"]["state"] == "scored" and event["candidate"]["role"] != "baseline"
    ]
    hand_back(
        a.out,
        "scikit-learn",
        spent,
        model.predict_values(rows),
        model.classes if a.task != "regression" else None,
        lambda: model.predict_values(many),
        # Counted from the start of our own process; what stands here before it is only this script.
        first_result_seconds=min(first)[0],
        first_result_note=min(first)[1],
        version=commit(),
    )
