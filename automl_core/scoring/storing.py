"""How a fitted object is written while a search runs; `trusted.load_trusted` reads it."""

from __future__ import annotations

from typing import Any

from automl_core.scoring.trees import pack_trees


def stored(fitted: Any) -> bytes:
    """Return the skops bytes of a fitted estimator or preprocessor.

    They are not compressed: of a hundred fits a few are exported, and the archive compresses those.
    """
    import skops.io

    data: bytes = skops.io.dumps(pack_trees(fitted))
    return data
