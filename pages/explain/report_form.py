"""The report and the model card: what they hold, written as a job, and offered when they are there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from automl_core.workspace import ProjectFolder
from pages.explain.downloads import offer
from pages.shared import errors, jobs, people

if TYPE_CHECKING:
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run

HELP = {
    "asked": "Target, metric, rows held back, split and search.",
    "scores": "Every metric with its interval, the confusion table and the curves.",
    "fails": "The groups of rows in which it errs most.",
    "fairness": "Rates of the groups of each column that was compared under Fairness; nothing where none was.",
    "ranges": "How often the truth lay inside the ranges of its predictions.",
    "columns": "What the score loses without a column, and what each column adds.",
    "effects": "What is predicted at each value of the columns that matter most, and what they added row by row. Takes half a "
    "minute where it was not found out yet.",
    "learning": "The learning curve: the score by the rows learned from. Where it was not drawn yet, the model is learned again "
    "several times.",
    "models": "The leaderboard, with what cannot be told apart.",
    "rows": "Which rows were learned from and judged, and that none was both.",
    "cleaning": "The steps of the recipe and their reasons.",
    "code": "The proof of the plain script, where one was written.",
    "repeat": "The command, the recipe, the seed and the versions. No cells of personal columns.",
    "tables": "What every chart shows, as numbers.",
}


def draw(project: ProjectFolder, run: Run, candidate: Candidate) -> None:
    """Let a person choose what is written, write it as a job, and offer what is there."""
    st.markdown("**The report**")
    st.caption(
        "One HTML page with the scores, the curves and what matters, to read, to print and to send; or one page as a card."
    )
    params = _ask(run, candidate)
    name = str(params["document"])
    page = run.card(candidate.id) if name == "card" else run.report(candidate.id)
    if _write(project, candidate, params, page) or not page.exists():
        return
    for path, kind in ((page, ""), (page.with_suffix(".pdf"), " as PDF")):
        if path.exists():
            size = f"{path.stat().st_size / 2**20:,.1f} MB" + ("." if kind else ", opens in every browser.")
            key = f"explain_download_{name}" + ("_pdf" if kind else "")
            offer(f"Download the {name}{kind}", path, f"{candidate.id}-{name}{path.suffix}", key, size)


def _ask(run: Run, candidate: Candidate) -> dict[str, Any]:
    """Ask which document, which sections, and whether as PDF, too; returns the job's request."""
    document = st.segmented_control(
        "Document",
        ["report", "card"],
        format_func={"report": "Report", "card": "Model card"}.get,
        default="report",
        required=True,
        key="explain_document",
        help="The card is one page: what the model is for, what it learned from, how good it is, what to watch.",
    )
    params: dict[str, Any] = {"run": run.id, "candidate": candidate.id, "document": document}
    if document == "report":
        params["contents"] = _contents(run, candidate)
    params["pdf"] = _pdf()
    return params


def _contents(run: Run, candidate: Candidate) -> list[str]:
    from automl_core.reporting.contents import CONTENTS, usual_contents

    usual = usual_contents(run, candidate.id)
    with st.expander("What it holds", icon=":material/checklist:", key="explain_contents"):
        return [
            name
            for name, title in CONTENTS.items()
            if st.checkbox(title, value=name in usual, key=f"explain_contents_{name}", help=HELP[name])
        ]


def _pdf() -> bool:
    from automl_core.engines.weasyprint import missing_libraries

    missing = missing_libraries()
    why = "For mail and print; takes some seconds."
    if missing:
        why = f"This machine lacks {', '.join(missing)}. On Debian or Ubuntu: apt-get install {' '.join(missing)}"
    asked = st.checkbox("As PDF, too", value=False, key="explain_pdf", disabled=bool(missing), help=why)
    if missing:
        st.caption(f":material/info: No PDF: {errors.plain(why)}")
    return asked


def _write(project: ProjectFolder, candidate: Candidate, params: dict[str, Any], page: Path) -> bool:
    """Draw the job that writes the page, or the button that starts it; returns whether it is at work."""
    key = f"explain_report_{candidate.id}"
    found = jobs.find(project, "report", params)
    if found is not None and jobs.panel(project, found.name, key=key).active:
        return True
    label = "Write the report" if params["document"] == "report" else "Write the card"
    empty = params["document"] == "report" and not params["contents"]
    if st.button(
        "Try again" if found is not None and not page.exists() else label,
        key=f"{key}_start",
        icon=":material/article:",
        **people.changing("Choose at least one part." if empty else "Makes the page.", disabled=empty),
    ):
        with errors.shown() as outcome, st.spinner("Starting"):
            jobs.start(project, "report", params)
        if not outcome.failed:
            st.rerun()
    return False
