"""What can be taken away of a model: itself, its report and card, and the same in plain code with its proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from automl_core.workspace import ProjectFolder
from pages.explain import report_form
from pages.explain.downloads import offer
from pages.shared import caches, errors
from pages.shared.candidate_jobs import result_of

if TYPE_CHECKING:
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run


def draw(project: ProjectFolder, run: Run, candidate: Candidate) -> None:
    """Draw the tab."""
    with errors.shown():
        _model(project, run, candidate)
    with errors.shown():
        _edge(project, run, candidate)
    with errors.shown():
        report_form.draw(project, run, candidate)
    with errors.shown():
        _code(project, run, candidate)


def _model(project: ProjectFolder, run: Run, candidate: Candidate) -> None:
    st.markdown("**The model**")
    st.caption("A zip that predicts with a few lines of Python and without this app. It tests itself when it is loaded.")
    bundle = result_of(
        project, run, candidate, "model", run.model, label="Pack the model", why="Makes the zip.", icon=":material/inventory_2:"
    )
    if bundle is not None:
        size = f"{bundle.stat().st_size / 2**20:,.1f} MB, with a README that shows how to use it."
        offer("Download the model", bundle, f"{candidate.id}.zip", "explain_download_model", size)


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
    offer("Download the ONNX file", found.with_suffix(".onnx"), f"{candidate.id}.onnx", "explain_download_onnx", told)


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
        offer("Download the script", script, f"{candidate.id}.py", "explain_download_script", "Plain Python, as it was proved.")
        if notebook.exists():
            told = "The same parts, a cell each."
            offer("Download the notebook", notebook, f"{candidate.id}.ipynb", "explain_download_notebook", told)
    with st.expander("Read the script", icon=":material/visibility:", key="explain_code_text"):
        st.code(script.read_text(encoding="utf-8"), language="python", height=420)
