"""The part of a script that prepares columns: what learns from the rows, as scikit-learn's transformers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from automl_core.cleaning.preprocessing import is_joint
from automl_core.cleaning.recipe import Recipe
from automl_core.cleaning.steps import operation
from automl_core.script.steps import refusal
from automl_core.script.writing import Code, assigned, estimator, listed, literal


@dataclass(frozen=True)
class ViewCode:
    """How one view is prepared: the function that makes its transformer, and the groups of columns that become codes."""

    code: Code
    codes: tuple[str, ...]


def refuse_joint(recipe: Recipe) -> None:
    """Refuse steps over several columns at once; raises InputError that names the first."""
    for step in recipe.enabled():
        if operation(step).learned and is_joint(step):
            raise refusal(step, "it looks at several columns at once, after the others are prepared")


def view_code(view: str, preprocessor: Any, seed: int) -> ViewCode:
    """Return the function that makes the unfitted transformer of one view.

    Parameters
    ----------
    view : str
    preprocessor : ColumnTransformer
        Unfitted, as the search built it.
    seed : int
    """
    code = Code(imports={"from sklearn.compose import ColumnTransformer"})
    code.add(f"def prepare_{view}():", f'    """What prepares the columns for models of the view {view!r}; unfitted."""')
    code.add("    return ColumnTransformer(", "        [")
    codes = []
    for name, part, columns in preprocessor.transformers:
        if isinstance(part, str):
            made = [f"                {literal(part)},"]
        else:
            parts = [estimator(step, code, seed) for _, step in part.steps]
            code.imports.add("from sklearn.pipeline import make_pipeline")
            made = assigned("                make_pipeline", parts, "()", ",")
            if part.steps[-1][0] == "codes":
                codes.append(name)
        code.add("            (", f'                "{name}",', *made)
        if isinstance(columns, str):
            code.add(f"                {literal(columns)},")
        else:
            code.add(*listed("                ", columns, ","))
        code.add("            ),")
    code.add("        ],", "        sparse_threshold=0.0,", "    )")
    return ViewCode(code, tuple(codes))
