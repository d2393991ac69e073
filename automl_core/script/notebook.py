"""A script as a Jupyter notebook: the same parts, a cell each (nbformat 4.5)."""

from __future__ import annotations

import ast
import json
from typing import Any

from automl_core.script.write import Script

USE = (
    'folds = learn(read_file("TABLE.csv"))  # the table that was learned from',
    'predictions = predict(folds, read_file("NEW.csv"))  # the rows to be predicted\npredictions.head()',
)


def notebook(script: Script) -> str:
    """Return the notebook as JSON text."""
    head = ast.get_docstring(ast.parse(script.text)) or ""
    title, _, rest = head.partition("\n")
    cells = [_cell("markdown", f"# {title}\n\n```\n{rest.strip()}\n```")]
    for name, text in script.sections:
        cells += [_cell("markdown", f"## {name}"), _cell("code", text.rstrip().replace("import argparse\n", ""))]
    cells.append(_cell("markdown", "## Use"))
    cells += [_cell("code", text) for text in USE]
    for place, cell in enumerate(cells):
        cell["id"] = f"cell-{place}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    data = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def _cell(kind: str, text: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "id": "", "metadata": {}, "source": text.splitlines(keepends=True)}
    return {**cell, "execution_count": None, "outputs": []} if kind == "code" else cell
