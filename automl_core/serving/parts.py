"""What the service is made of, given to it whole, so that a test can give it other parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from automl_core.scoring.fast import TypedRow
from automl_core.serving.figures import Figures
from automl_core.serving.guard import Limits
from automl_core.serving.keys import KeyRing
from automl_core.serving.logs import Recorder
from automl_core.serving.source import Served, Source

Explain = Callable[[Served, list[TypedRow]], list[dict[str, Any]]]


@dataclass
class Parts:
    """What the service is made of.

    Parameters
    ----------
    source : Source
    keys : KeyRing
    limits : Limits
    log : Recorder
        Keeps predictions, and labels that come later.
    figures : Figures
    explain : callable, optional
        Returns what each column adds to the prediction of each row; where there is none, the path says so.
    local : bool
        Whether only this machine is meant to call, see `Guard`.
    keyed : bool
        Whether callers need a key even when the last one was revoked, see `Guard`.
    """

    source: Source
    keys: KeyRing = field(default_factory=KeyRing)
    limits: Limits = field(default_factory=Limits)
    log: Recorder = field(default_factory=Recorder)
    figures: Figures = field(default_factory=Figures)
    explain: Explain | None = None
    local: bool = False
    keyed: bool = False
