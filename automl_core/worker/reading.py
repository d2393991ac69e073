"""Reading a large file into a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from automl_core.errors import AutoMLError, DialectError
from automl_core.events import Progress
from automl_core.jobs.context import JobContext


def read_job(context: JobContext) -> dict[str, Any]:
    """Read an uploaded file, or one that lies on the server, as a new table of the project.

    The upload goes, unless it may be a table when it is read another way.
    """
    from automl_core.data.dataset import SERVER_BYTES, create_dataset
    from automl_core.data.origin import Choice

    params = context.request["params"]
    source = Path(params["source"])
    ours = source.parent == context.project.path / "uploads"
    kept = False
    context.emit(Progress(-1.0, "Looking at the file"))
    try:
        made = create_dataset(
            context.project.dataset(params["into"]),
            source,
            params["name"],
            choice=Choice.from_dict(params.get("choice", {})),
            kinds=params.get("kinds"),
            limit=None if ours else SERVER_BYTES,
            tell=lambda done, doing: context.emit(Progress(done, doing)),
        )
    except AutoMLError as error:
        kept = isinstance(error, DialectError)
        # The person knows the file by the name it was uploaded under.
        said = [part.replace(source.name, params["file"]) for part in (error.received, error.needed, error.action)]
        raise type(error)(*said) from error
    finally:
        if ours and not kept:
            source.unlink(missing_ok=True)  # the table's folder holds the file
    return {"dataset": params["into"], "rows": made.rows}
