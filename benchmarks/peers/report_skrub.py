"""skrub's TableReport over one table: ``report_skrub.py TABLE.parquet [--full]`` prints what it took as JSON."""

import json
import resource
import sys
import time
from importlib.metadata import version

import pandas as pd
from skrub import TableReport

frame = pd.read_parquet(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
# As it is called by default it leaves out plots and associations of tables with more than 30 columns.
more = {"plot_distributions": True, "compute_associations": True} if "--full" in sys.argv else {}
start = time.perf_counter()
page = TableReport(frame, verbose=0, **more).html()
seconds = time.perf_counter() - start
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(
    json.dumps(
        {
            "version": version("skrub"),
            "seconds": seconds,
            "peak_mb": after / 1024,
            "read_mb": before / 1024,
            "page_mb": len(page.encode()) / 1e6,
        }
    )
)
