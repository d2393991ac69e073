"""What a report can hold, chosen by check boxes."""

from __future__ import annotations

from collections.abc import Iterable

from automl_core.errors import InputError
from automl_core.evaluation.judged import judged_folder, main_source
from automl_core.runs import Run

CONTENTS: dict[str, str] = {
    "asked": "What was asked",
    "scores": "How good it is",
    "fails": "Where it fails",
    "fairness": "How it treats groups",
    "ranges": "Whether its ranges hold",
    "columns": "Which columns matter",
    "effects": "What single columns do",
    "learning": "Whether more rows would help",
    "models": "What it was compared with",
    "rows": "How rows were divided",
    "cleaning": "How the table was cleaned",
    "code": "The same in plain code",
    "repeat": "How to repeat it",
    "tables": "The charts as tables",
}
"""The sections by name, in their order."""


def usual_contents(run: Run, candidate_id: str) -> tuple[str, ...]:
    """Return the sections that are written unless a person says otherwise: all but those that would take long to compute."""
    fails = judged_folder(run, candidate_id, main_source(run)) / "fails.json"
    there = {
        "fails": fails.exists(),
        "effects": run.reasons(candidate_id).exists(),
        "learning": run.learning(candidate_id).exists(),
    }
    return tuple(name for name in CONTENTS if there.get(name, True))


def check_contents(names: Iterable[str]) -> tuple[str, ...]:
    """Return sections in their order; raises InputError for an unknown one, or for none."""
    chosen = list(names)
    for name in chosen:
        if name not in CONTENTS:
            raise InputError(
                f"A report has no section {name!r}.", f"Its sections are {', '.join(CONTENTS)}.", "Choose from these."
            )
    if not chosen:
        raise InputError("The report would be empty.", "It needs a section.", "Choose at least one.")
    return tuple(name for name in CONTENTS if name in chosen)
