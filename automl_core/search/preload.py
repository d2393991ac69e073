"""What every forked fit uses, imported once before the first fork."""

from __future__ import annotations

import contextlib
import importlib

PRELOADED = (
    "sklearn.compose",
    "sklearn.decomposition",
    "sklearn.feature_extraction.text",
    "sklearn.impute",
    "sklearn.metrics",
    "sklearn.model_selection",
    "sklearn.pipeline",
    "sklearn.preprocessing",
    "skops.io",
    "threadpoolctl",
    "automl_core.cleaning.transformers",
)


def preload(*class_paths: str) -> None:
    """Import it, and the modules of some classes, so that no forked fit has to."""
    for module in PRELOADED:
        importlib.import_module(module)
    for path in class_paths:
        with contextlib.suppress(ImportError):  # a missing library fails in the fit, and becomes the row's reason
            importlib.import_module(path.rpartition(".")[0])
