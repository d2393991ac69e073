"""Evidently's DataDriftPreset on two Parquet files, as its documentation calls it: OLD NEW [METHOD]; prints JSON."""

import json
import resource
import sys
import time

import pandas as pd
from evidently import DataDefinition, Dataset, Report, __version__
from evidently.presets import DataDriftPreset

old, new = (pd.read_parquet(path) for path in sys.argv[1:3])
method = sys.argv[3] if len(sys.argv) > 3 else ""
words = [name for name in old.columns if old[name].dtype == object or str(old[name].dtype).startswith("str")]
numbers = [name for name in old.columns if name not in words]
for frame in (old, new):
    frame[words] = frame[words].astype(object)
ordered = ("ks", "wasserstein")
counted = ("chisquare", "z")
chosen = {}
if method and method not in counted:
    chosen["num_method"] = method
if method and method not in ordered:
    chosen["cat_method"] = method
start = time.perf_counter()
definition = DataDefinition(numerical_columns=numbers, categorical_columns=words)
sides = [Dataset.from_pandas(frame, data_definition=definition) for frame in (old, new)]
found = Report([DataDriftPreset(**chosen)]).run(current_data=sides[1], reference_data=sides[0])
seconds = time.perf_counter() - start
columns = {}
for metric in json.loads(found.json())["metrics"]:
    config = metric.get("config", {})
    if "column" not in config or "Drift" not in metric["metric_name"]:
        continue
    name, threshold = config["column"], config["threshold"]
    used = config["method"].lower()
    test = "p_value" in used or "p-value" in used or used in ("ks", "chisquare", "z")
    value = metric["value"]
    drifted = value < threshold if test else value >= threshold
    if (method in counted and name in numbers) or (method in ordered and name in words):
        value = None
    columns[name] = [value, bool(drifted)]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": seconds, "columns": columns, "version": __version__, "peak_mb": peak}))
