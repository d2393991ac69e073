"""The benchmarks are scripts, no package: they are imported by path, after everything else of that name."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
for folder in (ROOT / "benchmarks", ROOT / "benchmarks" / "peers"):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
