"""Reports and model cards, as HTML and as PDF."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from automl_core.events import Progress
from automl_core.jobs.context import JobContext
from automl_core.runs import Run
from automl_core.worker.candidates import compute_shown, run_of


def write_documents(
    run: Run, candidate_id: str, contents: Iterable[str], *, card: bool = False, pdf: bool = False, path: Path | None = None
) -> Path:
    """Write a report or a card, and the same as PDF beside it where that is asked for; return the page.

    Raises
    ------
    EngineError
        When a PDF is asked for and libraries of the system are missing; nothing is written then.
    """
    from automl_core import reporting

    if pdf:
        from automl_core.engines.weasyprint import check_libraries

        check_libraries()
    compute_shown(run, candidate_id)
    out = path or (run.card(candidate_id) if card else run.report(candidate_id))
    page = (
        reporting.write_card(run.path, candidate_id, out)
        if card
        else reporting.write_report(run.path, candidate_id, out, contents)
    )
    if pdf:
        reporting.write_pdf(page, page.with_suffix(".pdf"))
    return page


def report_job(context: JobContext) -> dict[str, Any]:
    """Write a report or a card, as the request says."""
    from automl_core.reporting.contents import CONTENTS

    params = context.request["params"]
    card = params.get("document") == "card"
    context.emit(Progress(-1.0, "Writing the model card" if card else "Writing the report"))
    page = write_documents(
        run_of(context), params["candidate"], params.get("contents", CONTENTS), card=card, pdf=bool(params.get("pdf"))
    )
    return {"file": page.name}
