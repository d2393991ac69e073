"""A model as a plain script and a notebook, written and proved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_core.events import Message, Progress
from automl_core.jobs.context import JobContext
from automl_core.runs import Run
from automl_core.worker.candidates import bundle, run_of
from automl_core.workspace import atomic_file, write_json

if TYPE_CHECKING:
    from automl_core.script.verdict import CodeProof

Tell = Callable[[float, str], None]


def code_candidate(run: Run, candidate_id: str, tell: Tell) -> CodeProof:
    """Write one candidate as a script and a notebook beside the proof of it; nothing is left of a script that does not run.

    Raises
    ------
    InputError
        When a step or a model cannot be written as plain code.
    EngineError
        When the script fails.
    """
    from automl_core.scoring.bundle import load_model
    from automl_core.script.notebook import notebook
    from automl_core.script.proof import prove
    from automl_core.script.write import write_script

    tell(0.01, "Writing the script")
    model = load_model(bundle(run, candidate_id))
    script = write_script(run, candidate_id, model.threshold)
    proof = prove(run, model, script, tell=tell)
    path = run.code(candidate_id)
    script = script.proved(proof.sentence)
    with atomic_file(path.with_suffix(".py")) as file:
        file.write(script.text.encode("utf-8", "replace"))
    with atomic_file(path.with_suffix(".ipynb")) as file:
        file.write(notebook(script).encode("utf-8", "replace"))
    write_json(path, proof.to_dict())
    return proof


def code_job(context: JobContext) -> dict[str, Any]:
    """Write and prove a model's script, as the request says."""

    def tell(share: float, doing: str) -> None:
        context.emit(Progress(share, doing))

    run, candidate_id = run_of(context), context.request["params"]["candidate"]
    proof = code_candidate(run, candidate_id, tell)
    context.emit(Message(proof.sentence, "info" if proof.equal else "warning"))
    return {"file": run.code(candidate_id).name, "equal": proof.equal}


def write_code_table(run: Run, out: Path) -> Path:
    """Write the table that a script reads where it does not read the uploaded file: numbers, dates and gaps in plain form."""
    from automl_core.data.plain import plain_text

    with atomic_file(out) as file:
        plain_text(run.dataset().frame()).to_csv(file, index=False)
    return out
