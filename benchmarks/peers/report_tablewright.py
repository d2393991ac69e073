"""Our profile of one table and its page: ``report_tablewright.py TABLE.parquet TARGET`` prints what it took as JSON."""

import json
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from automl_core.data.tables import read_table
from automl_core.profiling.html import profile_html
from automl_core.profiling.profile import profile
from automl_core.schema import Column, Kind, Schema

KINDS: dict[str, Kind] = {"n": "number", "w": "category", "b": "boolean", "d": "date", "k": "id", "t": "text"}
"""Kind of a column by the first letter of its name, as `profile_speed.table` names them."""

frame = read_table(Path(sys.argv[1]))
schema = Schema(tuple(Column(name, KINDS[name[0]]) for name in frame.columns))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
found = profile(frame, schema, sys.argv[2] if len(sys.argv) > 2 else "")
page = profile_html(found, "table")
seconds = time.perf_counter() - start
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(
    json.dumps(
        {
            "version": "",
            "seconds": seconds,
            "peak_mb": after / 1024,
            "read_mb": before / 1024,
            "page_mb": len(page.encode()) / 1e6,
            "alerts": len(found.alerts),
        }
    )
)
