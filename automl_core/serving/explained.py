"""What each column adds to the prediction of a row, for callers of the service."""

from __future__ import annotations

import threading
from typing import Any

from automl_core.explaining.explainer import Explainer
from automl_core.reference import made_up_rows
from automl_core.schema import Schema
from automl_core.scoring.fast.rows import TypedRow, frame_of
from automl_core.serving.source import Served


class Explained:
    """Explains rows; what a version needs for it is made once.

    No row of anyone's is used: rows made up of the learned quantiles and words stand for "not known" where a method
    compares with such rows.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: tuple[Served, Explainer] | None = None

    def __call__(self, served: Served, rows: list[TypedRow]) -> list[dict[str, Any]]:
        """Return the contributions of each row.

        Returns
        -------
        list of dict
            ``output``: the label, or the target, that is explained; ``unit``: ``log-odds`` or that of the target; ``base``:
            where a prediction starts; ``contributions``: what each column adds, largest first.
        """
        model = served.model
        with self._lock:  # one at a time: what is made for a version is shared by its rows
            if self._kept is None or self._kept[0] is not served:
                used = Schema(tuple(column for column in model.inputs if column.name in model.used))
                self._kept = (served, Explainer(model, made_up_rows(model.reference["columns"], used)))
            typed = frame_of(rows, model.inputs)
            shares = self._kept[1].share(typed, check=False)
        place = model.codes(shares.predicted) if shares.values.shape[2] > 1 else [0] * len(rows)
        found = []
        for row, output in zip(shares.values, place, strict=True):
            added = {name: float(value) for name, value in zip(shares.columns, row[:, output], strict=True)}
            ranked = dict(sorted(added.items(), key=lambda entry: -abs(entry[1])))
            unit = "log-odds" if model.classes else "the target's"
            found.append(
                {"output": shares.outputs[output], "unit": unit, "base": float(shares.base[output]), "contributions": ranked}
            )
        return found
