"""Reports and model cards, as HTML and as PDF."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from automl_core.errors import InputError
from automl_core.evaluation.judged import judged_folder, main_source
from automl_core.events import Message, Progress
from automl_core.jobs.context import JobContext
from automl_core.runs import Run
from automl_core.worker.candidates import Emit, compute_shown, run_of
from automl_core.worker.explaining import reason_candidate
from automl_core.worker.judging import find_failing, learn_growing


def write_documents(
    run: Run,
    candidate_id: str,
    contents: Iterable[str],
    *,
    card: bool = False,
    pdf: bool = False,
    path: Path | None = None,
    emit: Emit = lambda event: None,
) -> Path:
    """Write a report or a card, and the same as PDF beside it where that is asked for; return the page.

    What the contents name and is not there yet is computed first; `emit` is told.

    Raises
    ------
    EngineError
        When a PDF is asked for and libraries of the system are missing; nothing is written then.
    """
    from automl_core import reporting

    if pdf:
        from automl_core.engines.weasyprint import check_libraries

        check_libraries()
    chosen = () if card else tuple(contents)
    compute_shown(run, candidate_id)
    _compute_drawn(run, candidate_id, chosen, emit)
    emit(Progress(-1.0, "Writing the model card" if card else "Writing the report"))
    out = path or (run.card(candidate_id) if card else run.report(candidate_id))
    page = (
        reporting.write_card(run.path, candidate_id, out) if card else reporting.write_report(run.path, candidate_id, out, chosen)
    )
    if pdf:
        reporting.write_pdf(page, page.with_suffix(".pdf"))
    return page


def _compute_drawn(run: Run, candidate_id: str, contents: tuple[str, ...], emit: Emit) -> None:
    """Compute the sections that take long, where they are asked for; a model that has no learning curve is told."""
    folder = judged_folder(run, candidate_id, main_source(run))
    if "fails" in contents and not (folder / "fails.json").exists():
        find_failing(run, candidate_id, main_source(run))
    if "effects" in contents and not run.reasons(candidate_id).exists():
        reason_candidate(run, candidate_id, emit)
    if "learning" in contents and not run.learning(candidate_id).exists():
        try:
            learn_growing(run, candidate_id, lambda done, doing: emit(Progress(done, doing)))
        except InputError as error:
            emit(Message(f"The report has no learning curve: {error}", "warning"))


def report_job(context: JobContext) -> dict[str, Any]:
    """Write a report or a card, as the request says."""
    from automl_core.reporting.contents import CONTENTS

    params = context.request["params"]
    page = write_documents(
        run_of(context),
        params["candidate"],
        params.get("contents", CONTENTS),
        card=params.get("document") == "card",
        pdf=bool(params.get("pdf")),
        emit=context.emit,
    )
    return {"file": page.name}
