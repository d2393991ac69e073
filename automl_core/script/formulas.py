"""A formula of a step as an expression over NumPy arrays."""

from __future__ import annotations

from automl_core.cleaning.recipe import Step
from automl_core.errors import InputError
from automl_core.kpi.formula import parse_formula
from automl_core.kpi.grammar import Node
from automl_core.schema import Schema
from automl_core.script.writing import Code, literal

FUNCTIONS = {"abs": "np.abs", "sqrt": "np.sqrt", "log": "np.log", "exp": "np.exp", "round": "rounded"}
COMPARE = {
    "==": "np.equal", "!=": "np.not_equal", "<": "np.less", "<=": "np.less_equal", ">": "np.greater", ">=": "np.greater_equal",
}  # fmt: skip


def formula_code(text: str, schema: Schema, code: Code, step: Step) -> str:
    """Return a formula over the columns of ``frame``; conditions are 1, 0 or missing.

    Raises
    ------
    InputError
        When a part has no plain counterpart.
    """
    code.use("formula")
    code.imports.add("import numpy as np")
    return _Writer(schema).write(parse_formula(text).root)


class _Writer:
    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def words(self, node: Node) -> bool:
        """Return whether a part is a column of words."""
        name = str(node.value)
        return node.kind == "column" and name in self.schema and self.schema[name].kind not in ("number", "date")

    def write(self, node: Node) -> str:
        """Return a part as numbers."""
        args = node.args
        if node.kind == "number":
            return repr(float(node.value))
        if node.kind == "column":
            return f"numbers_of(frame[{literal(str(node.value))}])"
        if node.kind == "minus":
            return f"-({self.write(args[0])})"
        if node.kind == "not":
            return f"(1.0 - {self.write(args[0])})"
        if node.kind in ("both", "either"):
            return f"{node.kind}({self.write(args[0])}, {self.write(args[1])})"
        if node.kind == "compare":
            return self.compare(node)
        if node.kind == "call":
            return self.call(node)
        if node.kind == "operation":
            left, right = self.write(args[0]), self.write(args[1])
            return f"finite(np.power({left}, {right}))" if node.value == "^" else f"finite(({left}) {node.value} ({right}))"
        raise InputError(f"The formula's part {str(node.value)!r} cannot be written as plain code.")

    def compare(self, node: Node) -> str:
        left, right = node.args
        if "text" in (left.kind, right.kind):
            text, other = (left, right) if left.kind == "text" else (right, left)
            same = f"same_text(frame[{literal(str(other.value))}], {literal(str(text.value))})"
            return same if node.value == "==" else f"(1.0 - {same})"
        if self.words(left) and self.words(right) and node.value in ("==", "!="):
            same = f"same_words(frame[{literal(str(left.value))}], frame[{literal(str(right.value))}])"
            return same if node.value == "==" else f"(1.0 - {same})"
        return f"holds({self.write(left)}, {self.write(right)}, {COMPARE[str(node.value)]})"

    def call(self, node: Node) -> str:
        name, args = str(node.value), [self.write(arg) for arg in node.args]
        if name == "if":
            return f"choose({', '.join(args)})"
        if name == "clip":
            return f"finite(np.minimum(np.maximum({args[0]}, {args[1]}), {args[2]}))"
        if name in ("min", "max"):
            made = args[0]
            for other in args[1:]:
                made = f"np.{name}imum({made}, {other})"
            return f"finite({made})"
        return f"finite({FUNCTIONS[name]}({', '.join(args)}))"
