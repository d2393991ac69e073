"""skops without the walk through all of scikit-learn that its import makes.

For its list of harmless types skops imports every module of scikit-learn (and pytest, where there is one): 0.4 of the 0.55
seconds that its import takes. The list only changes with the versions, so it is kept here, and skops is given the names.
"""

from __future__ import annotations

import contextlib
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

TYPES = Path(__file__).parent / "skops_types.json"


def read_types() -> dict[str, Any]:
    """Return scikit-learn's estimators as skops finds them, with the version they belong to."""
    from sklearn.utils import all_estimators

    names = sorted(f"{kind.__module__}.{kind.__qualname__}" for _, kind in all_estimators())
    return {"format": 1, "scikit-learn": version("scikit-learn"), "types": names}


def import_skops() -> bool:
    """Import skops; return whether the kept list was used.

    With another version of scikit-learn than the list's, or a skops that was imported before, nothing is special.
    """
    if "skops.io" in sys.modules:
        return False
    import sklearn.utils

    from automl_core.workspace import read_json

    kept = read_json(TYPES)
    if kept["scikit-learn"] != version("scikit-learn"):
        import skops.io

        return False
    walk = sklearn.utils.all_estimators
    sklearn.utils.all_estimators = lambda: [_named(name) for name in kept["types"]]
    try:
        import skops.io  # noqa: F401 - what is wanted is that it is imported
    finally:
        sklearn.utils.all_estimators = walk
    _read_bytes_at_once()
    return True


def _read_bytes_at_once() -> None:
    """Let skops take XGBoost's bytes as they are: it makes a list of their numbers first, which takes 40 ms for 5 MB."""
    with contextlib.suppress(ImportError):  # names of skops's own, which another version may not have
        from skops.io._general import BytearrayNode, BytesNode

        if "_construct" in vars(BytearrayNode):
            BytearrayNode._construct = lambda node: bytearray(BytesNode._construct(node))


def _named(path: str) -> tuple[str, type]:
    """Return what skops takes from an estimator's class: the names of the class and of its module."""
    module, _, name = path.rpartition(".")
    return name, type(name, (), {"__module__": module})


def main() -> None:
    """Write the list anew."""
    from automl_core.workspace import write_json

    write_json(TYPES, read_types())


if __name__ == "__main__":
    main()
