"""What can be taken away of a model: itself, its report and card, and the same in plain code with its proof."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from automl_core.workspace import ProjectFolder
from pages.shared import caches, errors, jobs, people
from pages.shared.candidate_jobs import result_of

if TYPE_CHECKING:
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run

MIME = {".pdf": "application/pdf", ".html": "text/html", ".py": "text/x-python", ".ipynb": "application/x-ipynb+json"}


def draw(project: ProjectFolder, run: Run, candidate: Candidate) -> None:
    """Draw the tab."""
    with errors.shown():
        _model(project, run, candidate)
    with errors.shown():
        _edge(project, run, candidate)
    with errors.shown():
        _report(project, run, candidate)
    with errors.shown():
        _code(project, run, candidate)


def _offer(label: str, path: Path, name: str, key: str, help_text: str) -> None:
    st.download_button(
        label, path.read_bytes, name, MIME.get(path.suffix, "application/octet-stream"), key=key, icon=":material/download:",
        help=help_text,
    )  # fmt: skip


def _model(project: ProjectFolder, run: Run, candidate: Candidate) -> None:
    st.markdown("**The model**")
    st.caption("A zip that predicts with a few lines of Python and without this app. It tests itself when it is loaded.")
    bundle = result_of(
        project, run, candidate, "model", run.model, label="Pack the model", why="Makes the zip.", icon=":material/inventory_2:"
    )
    if bundle is not None:
        size = f"{bundle.stat().st_size / 2**20:,.1f} MB, with a README that shows how to use it."
        _offer("Download the model", bundle, f"{candidate.id}.zip", "explain_download_model", size)


def _edge(project: ProjectFolder, run: Run, candidate: Candidate) -> None:
    st.markdown("**For small devices**")
    st.caption(
        "One ONNX file that predicts with onnxruntime and NumPy alone, from Python, C++, Java, JavaScript and others. It is "
        "offered when every part of the model can be written so and it predicts the same."
    )
    found = result_of(
        project, run, candidate, "edge", run.edge, label="Write it as ONNX",
        why="Writes every part as ONNX operators, and compares what the file predicts with what the model predicts.",
        icon=":material/memory:",
    )  # fmt: skip
    if found is None:
        return
    from automl_core.edge.export import EdgeModel

    made = EdgeModel.from_dict(caches.result(found))
    st.success(errors.plain(made.sentence), icon=":material/verified:")
    told = "It asks for numbers as doubles and for words as text; docs/edge.md shows how."
    _offer("Download the ONNX file", found.with_suffix(".onnx"), f"{candidate.id}.onnx", "explain_download_onnx", told)


def _report(project: ProjectFolder, run: Run, candidate: Candidate) -> None:
    """Let a person choose what is written, write it as a job, and offer what is there."""
    from automl_core.engines.weasyprint import missing_libraries
    from automl_core.reporting.contents import CONTENTS

    st.markdown("**The report**")
    st.caption(
        "One HTML page with the scores, the curves and what matters, to read, to print and to send; or one page as a card."
    )
    document = st.segmented_control(
        "Document",
        ["report", "card"],
        format_func={"report": "Report", "card": "Model card"}.get,
        default="report",
        key="explain_document",
        help="The card is one page: what the model is for, what it learned from, how good it is, what to watch.",
    )
    params: dict[str, Any] = {"run": run.id, "candidate": candidate.id, "document": document or "report"}
    chosen = list(CONTENTS)
    if params["document"] == "report":
        with st.expander("What it holds", icon=":material/checklist:", key="explain_contents"):
            chosen = [
                name
                for name, title in CONTENTS.items()
                if st.checkbox(title, value=True, key=f"explain_contents_{name}", help=HELP[name])
            ]
        params["contents"] = chosen
    missing = missing_libraries()
    why = "For mail and print; takes some seconds."
    if missing:
        why = f"This machine lacks {', '.join(missing)}. On Debian or Ubuntu: apt-get install {' '.join(missing)}"
    params["pdf"] = st.checkbox("As PDF, too", value=False, key="explain_pdf", disabled=bool(missing), help=why)
    if missing:
        st.caption(f":material/info: No PDF: {errors.plain(why)}")
    key = f"explain_report_{candidate.id}"
    found = jobs.find(project, "report", params)
    active = found is not None and jobs.panel(project, found.name, key=key).active
    page = run.card(candidate.id) if params["document"] == "card" else run.report(candidate.id)
    label = "Write the report" if params["document"] == "report" else "Write the card"
    if found is not None and not page.exists():
        label = "Try again"
    if not active and st.button(
        label,
        key=f"{key}_start",
        icon=":material/article:",
        **people.changing("Makes the page." if chosen else "Choose at least one part.", disabled=not chosen),
    ):
        with errors.shown() as outcome, st.spinner("Starting"):
            jobs.start(project, "report", params)
        if not outcome.failed:
            st.rerun()
    if active or not page.exists():
        return
    name = "card" if params["document"] == "card" else "report"
    size = f"{page.stat().st_size / 2**20:,.1f} MB, opens in every browser."
    _offer(f"Download the {name}", page, f"{candidate.id}-{name}.html", f"explain_download_{name}", size)
    pdf = page.with_suffix(".pdf")
    if pdf.exists():
        size = f"{pdf.stat().st_size / 2**20:,.1f} MB."
        _offer(f"Download the {name} as PDF", pdf, f"{candidate.id}-{name}.pdf", f"explain_download_{name}_pdf", size)


HELP = {
    "asked": "Target, metric, rows held back, split and search.",
    "scores": "Every metric with its interval, the confusion table and the curves.",
    "columns": "What the score loses without a column, and what each column adds.",
    "models": "The leaderboard, with what cannot be told apart.",
    "rows": "Which rows were learned from and judged, and that none was both.",
    "cleaning": "The steps of the recipe and their reasons.",
    "code": "The proof of the plain script, where one was written.",
    "repeat": "The command, the recipe, the seed and the versions. No cells of personal columns.",
    "tables": "What every chart shows, as numbers.",
}


def _code(project: ProjectFolder, run: Run, candidate: Candidate) -> None:
    st.markdown("**The same in plain code**")
    st.caption(
        "A script of pandas, scikit-learn and the booster that reads the file, cleans, learns and predicts, and needs nothing of "
        "this app. It is run in a process of its own, and its predictions are compared with the model's."
    )
    found = result_of(
        project, run, candidate, "code", run.code,
        label="Write the script and prove it",
        why="Takes about as long as the model took to learn: the script learns it anew.",
        icon=":material/code:",
    )  # fmt: skip
    if found is None:
        return
    from automl_core.script.verdict import CodeProof

    proof = CodeProof.from_dict(caches.result(found))
    show, icon = (st.success, ":material/verified:") if proof.equal else (st.warning, ":material/warning:")
    show(errors.plain(proof.sentence), icon=icon)
    for note in proof.notes:
        st.caption(f":material/info: {errors.plain(note)}")
    if proof.examples:
        import pandas as pd

        rows = [(one.row, one.column, str(one.model), str(one.script), one.size) for one in proof.examples]
        st.dataframe(
            pd.DataFrame(rows, columns=["Row", "What", "The model", "The script", "Difference"]),
            hide_index=True,
            key="explain_code_differences",
            alt="What differs most",
        )
    with st.container(horizontal=True):
        script, notebook = found.with_suffix(".py"), found.with_suffix(".ipynb")
        _offer("Download the script", script, f"{candidate.id}.py", "explain_download_script", "Plain Python, as it was proved.")
        if notebook.exists():
            told = "The same parts, a cell each."
            _offer("Download the notebook", notebook, f"{candidate.id}.ipynb", "explain_download_notebook", told)
    with st.expander("Read the script", icon=":material/visibility:", key="explain_code_text"):
        st.code(script.read_text(encoding="utf-8"), language="python", height=420)
