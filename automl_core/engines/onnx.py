"""ONNX: graphs are put together, checked and run here, in double precision; scikit-learn's models through skl2onnx."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.errors import EngineError
from automl_core.workspace import atomic_file

Array = npt.NDArray[Any]
OPSETS = {"": 18, "ai.onnx.ml": 3}
"""Old enough for onnxruntime from 1.15 on."""
ML = "ai.onnx.ml"
SINGLE, DOUBLE, WHOLE = 1, 11, 7
"""Numbers of types in `onnx.TensorProto`."""


class Graph:
    """A graph that grows operator by operator; values go by their names.

    Everything is in double precision, since a number that is rounded to single precision may come to stand on the other side
    of a tree's threshold.
    """

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._count = 0

    def input(self, name: str, *, words: bool) -> str:
        """Add an input of shape (n, 1): double, or text."""
        from onnx import TensorProto, helper

        kind = TensorProto.STRING if words else TensorProto.DOUBLE
        self._inputs.append(helper.make_tensor_value_info(name, kind, ["n", 1]))
        return name

    def output(self, name: str, value: str, *, words: bool = False, width: int = 0) -> None:
        """Let a value be an output, of shape (n, width) or (n,)."""
        from onnx import TensorProto, helper

        self._nodes.append(helper.make_node("Identity", [value], [name]))
        kind = TensorProto.STRING if words else TensorProto.DOUBLE
        self._outputs.append(helper.make_tensor_value_info(name, kind, ["n", width] if width else ["n"]))

    def constant(self, array: Any) -> str:
        """Add an array; floats become double."""
        from onnx import numpy_helper

        values = np.asarray(array)
        if values.dtype.kind == "f":
            values = values.astype(np.float64)
        name = self._name("constant")
        self._constants.append(numpy_helper.from_array(values, name))
        return name

    def op(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add an operator with one output and return its name."""
        from onnx import helper

        name = self._name(kind)
        self._nodes.append(helper.make_node(kind, list(inputs), [name], domain=domain, **attributes))
        return name

    def columns(self, X: str, places: Sequence[int]) -> str:
        """Return some columns of a matrix."""
        return self.op("Gather", X, self.constant(np.asarray(places, dtype=np.int64)), axis=1)

    def side_by_side(self, values: Sequence[str]) -> str:
        """Return matrices side by side."""
        return values[0] if len(values) == 1 else self.op("Concat", *values, axis=1)

    def single(self, X: str) -> str:
        """Return numbers rounded to single precision, as double."""
        return self.op("Cast", self.op("Cast", X, to=SINGLE), to=DOUBLE)

    def lookup(self, words: str, known: Sequence[str], table: Array) -> str:
        """Return the row of a table for each word.

        Parameters
        ----------
        words : str
            Text of shape (n, 1).
        known : sequence of str
            At least one.
        table : ndarray, shape (len(known) + 1, m)
            The last row is for words that are not known.
        """
        places = {"values_int64s": list(range(len(known))), "default_int64": len(known)}
        codes = self.op("LabelEncoder", words, domain=ML, keys_strings=list(known), **places)
        flat = self.op("Reshape", codes, self.constant(np.array([-1], dtype=np.int64)))
        return self.op("Gather", self.constant(table), flat, axis=0)

    def trees(self, X: str, n_targets: int, nodes: Mapping[str, list[Any]], leaves: Mapping[str, list[Any]]) -> str:
        """Return the sums over trees, shape (n, n_targets); see `edge.trees.Forest` for nodes and leaves.

        Columns are compared in double precision; the operator rounds the sums to single precision, once.
        """
        from onnx import numpy_helper

        found = self.op(
            "TreeEnsembleRegressor", X, domain=ML, n_targets=n_targets, aggregate_function="SUM", post_transform="NONE",
            nodes_treeids=nodes["tree"], nodes_nodeids=nodes["node"],
            nodes_featureids=nodes["feature"], nodes_modes=nodes["mode"],
            nodes_values_as_tensor=numpy_helper.from_array(np.asarray(nodes["split"], dtype=np.float64)),
            nodes_truenodeids=nodes["true"], nodes_falsenodeids=nodes["false"],
            nodes_missing_value_tracks_true=nodes["missing_true"],
            target_treeids=leaves["tree"], target_nodeids=leaves["node"], target_ids=leaves["target"],
            target_weights_as_tensor=numpy_helper.from_array(np.asarray(leaves["weight"], dtype=np.float64)),
        )  # fmt: skip
        return self.op("Cast", found, to=DOUBLE)

    def converted(self, X: str, estimator: Any, width: int) -> str:
        """Return the probabilities or values of a fitted scikit-learn estimator, or what a transformer makes of the columns.

        Raises
        ------
        EngineError
            When skl2onnx does not know it.
        """
        import skl2onnx
        from onnx import compose
        from skl2onnx.common.data_types import DoubleTensorType

        options = {id(estimator): {"zipmap": False}} if hasattr(estimator, "predict_proba") else None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                made = skl2onnx.convert_sklearn(
                    estimator, initial_types=[("X", DoubleTensorType([None, width]))], target_opset=OPSETS, options=options
                )
        except Exception as error:  # its converters raise whatever occurs to them
            raise EngineError(f"{type(estimator).__name__} cannot be written as ONNX: {str(error)[:200]}.") from error
        prefix = self._name("part") + "_"
        graph = compose.add_prefix(made, prefix).graph
        from onnx import helper

        self._nodes.append(helper.make_node("Identity", [X], [graph.input[0].name]))
        self._nodes += list(graph.node)
        self._constants += list(graph.initializer)
        return self.op("Cast", graph.output[len(graph.output) - 1].name, to=DOUBLE)

    def to_bytes(self, about: Mapping[str, str]) -> bytes:
        """Return the model, checked, with what is to be known about it.

        Raises
        ------
        EngineError
            When the graph is not valid.
        """
        import onnx
        from onnx import helper

        graph = helper.make_graph(self._nodes, "tablewright", self._inputs, self._outputs, self._constants)
        opsets = [helper.make_opsetid(domain, number) for domain, number in OPSETS.items()]
        model = helper.make_model(graph, opset_imports=opsets, producer_name="tablewright", ir_version=9)
        helper.set_model_props(model, dict(about))
        try:
            onnx.checker.check_model(model)
        except onnx.checker.ValidationError as error:
            raise EngineError(f"The ONNX graph is not valid: {str(error)[:300]}.") from error
        return bytes(model.SerializeToString())

    def _name(self, what: str) -> str:
        self._count += 1
        return f"{what}_{self._count}"


def run_onnx(model: bytes, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Return the outputs of a model by name.

    Raises
    ------
    EngineError
        When onnxruntime cannot load or run it.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        names = [one.name for one in session.get_outputs()]
        return dict(zip(names, session.run(names, dict(inputs)), strict=True))
    except Exception as error:  # its errors have no common class of their own
        raise EngineError(f"onnxruntime cannot run it: {str(error)[:300]}.") from error


def write_onnx(path: Path, model: bytes) -> None:
    """Write a model, whole or not at all; raises StorageError."""
    with atomic_file(path) as file:
        file.write(model)
