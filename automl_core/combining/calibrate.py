"""Probabilities that mean what they say: a curve learned from out-of-fold predictions, judged on rows that did not learn it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.combining.rows import (
    Array,
    Judged,
    check_scored,
    join,
    new_row,
    numbered,
    opened,
    predictions_of,
    scored_row,
    store_predictions,
)
from automl_core.errors import FormatError, InputError
from automl_core.evaluation.curves import calibration as reliability
from automl_core.leaderboard import Candidate
from automl_core.metrics import METRICS
from automl_core.runs import Run
from automl_core.scoring.calibration import Calibration, Curve, How, log_odds
from automl_core.scoring.ensemble import SECOND
from automl_core.workspace import read_json, write_json

FILE = "calibration.json"
FEWEST: dict[str, int] = {"isotonic": 200, "sigmoid": 20}
"""Rows of the rarest label; with fewer the free curve follows chance (Niculescu-Mizil and Caruana, 2005, say 1,000 rows)."""
HOWS: dict[How, str] = {
    "isotonic": "Any curve that only rises; needs some hundred rows of each label.",
    "sigmoid": "A straight line over the log-odds; for small tables.",
}


@dataclass(frozen=True)
class Check:
    """What a calibration did, on rows that did not learn it.

    Parameters
    ----------
    of : str
        Id of the row that was calibrated.
    how : How
    brier_before, brier_after, loss_before, loss_after : float
        Brier score and log loss over all judged rows; less is better.
    curves : dict
        By label, ``before`` and ``after``: ten groups of ``predicted``, ``observed``, ``low``, ``high``, ``rows``.
    helped : bool
        Whether the log loss is less than before.
    sentence : str
    """

    of: str
    how: How
    brier_before: float
    brier_after: float
    loss_before: float
    loss_after: float
    curves: dict[str, dict[str, Any]]
    helped: bool
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"format": 1, **asdict(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Check:
        """Rebuild from `to_dict`'s output; raises FormatError for another format version."""
        if data.get("format") != 1:
            raise FormatError(
                f"This calibration has format {data.get('format')!r}.", "This version reads format 1.", "Make it again."
            )
        return cls(**{name: value for name, value in data.items() if name != "format"})


def fit_calibration(values: Array, codes: npt.NDArray[np.int64], how: How) -> Calibration:
    """Learn the curves.

    Parameters
    ----------
    values : ndarray, shape (n, n_classes)
        Out-of-fold probabilities.
    codes : ndarray of int, shape (n,)
    how : How
        ``isotonic``: the pool-adjacent-violators fit (Zadrozny and Elkan, 2002), kept away from 0 and 1 by one row, since
        a flat end of a few rows does not prove that something never happens. ``sigmoid``: Platt's (1999), over the log-odds.
    """
    places = [1] if values.shape[1] == 2 else list(range(values.shape[1]))
    return Calibration(how, tuple(_curve(values[:, place], codes == place, how) for place in places))


def _curve(values: Array, event: npt.NDArray[np.bool_], how: How) -> Curve:
    if event.all() or not event.any():
        return Curve()
    if how == "sigmoid":
        from sklearn.linear_model import LogisticRegression

        fitted = LogisticRegression(C=1e4, max_iter=1000).fit(np.clip(log_odds(values), -30, 30)[:, None], event)
        return Curve(slope=float(fitted.coef_[0, 0]), height=float(fitted.intercept_[0]))
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(out_of_bounds="clip").fit(values, event.astype(np.float64))
    least = 1 / (len(values) + 2)
    points = np.clip(fitted.y_thresholds_, least, 1 - least)
    return Curve(tuple(float(one) for one in fitted.X_thresholds_), tuple(float(one) for one in points))


def calibrate_row(run: Run, name: str, how: How = "isotonic") -> Candidate:
    """Make a calibrated twin of a row; each fold's predictions are set right by a curve of the other folds' rows.

    Parameters
    ----------
    run : Run
    name : str
        A row with probabilities, an ensemble or a stack among them.
    how : How

    Raises
    ------
    InputError, NotFoundError
        When it cannot be done.
    """
    if how not in HOWS:
        raise InputError(f"There is no calibration {how!r}.", f"There are {', '.join(HOWS)}.", "Choose one of them.")
    row = run.leaderboard()[name]
    if run.config.task == "regression":
        raise InputError("This run predicts numbers.", "Probabilities are calibrated.", "Use it as it is.")
    check_scored([row])
    if row.calibration:
        raise InputError(f"{row.name} is calibrated already.", action="Choose the row that it was made from.")
    with opened(run) as prepared, new_row(run, f"{name}-{how}") as folder:
        judged = Judged.of(prepared)
        codes = judged.truth.astype(np.int64)
        once = np.unique(judged.places, return_index=True)[1]  # a small table is judged in two divisions
        rarest = int(np.bincount(codes[once], minlength=len(prepared.classes)).min())
        if rarest < FEWEST[how]:
            instead = " Take the sigmoid instead." if how == "isotonic" and rarest >= FEWEST["sigmoid"] else ""
            raise InputError(
                f"The rarest label has {rarest} rows.", f"A curve of this kind needs {FEWEST[how]} at least.",
                instead.strip() or "Use the model as it is.",
            )  # fmt: skip
        before = predictions_of(prepared, row)
        after = np.empty_like(before)
        for number in np.unique(judged.fold):
            own, others = judged.fold == number, judged.others(number)
            after[own] = fit_calibration(before[others], codes[others], how).apply(before[own])
        store_predictions(folder, after, judged)
        label = numbered(f"{row.name}, calibrated ({how})", folder)
        made = scored_row(prepared, folder, label, row.members or {row.id: 1.0}, after, [row])
        if row.stack:
            shutil.copyfile(run.path / "candidates" / row.id / SECOND, folder / SECOND)
        check = _check(row, how, before, after, codes, prepared.classes)
        write_json(folder / FILE, check.to_dict())
        return join(
            run,
            replace(
                made, temperature=row.temperature, line=row.line, stack=row.stack,
                calibration=fit_calibration(before, codes, how).to_dict(),
            ),
        )  # fmt: skip


def _check(
    row: Candidate, how: How, before: Array, after: Array, codes: npt.NDArray[np.int64], classes: tuple[str, ...]
) -> Check:
    count = len(classes)
    brier, loss = METRICS["brier_score"].compute, METRICS["log_loss"].compute
    values = {(name, when): float(one(codes, part)) for name, one in (("brier", brier), ("loss", loss))
              for when, part in (("before", before), ("after", after))}  # fmt: skip
    shown = {classes[1]: 1} if count == 2 else {name: place for place, name in enumerate(classes[:6])}
    curves = {
        name: {
            "before": reliability((codes == place).astype(int), before[:, place]),
            "after": reliability((codes == place).astype(int), after[:, place]),
        }
        for name, place in shown.items()
    }
    helped = values["loss", "after"] < values["loss", "before"]
    told = f"log loss {values['loss', 'before']:.4g} before, {values['loss', 'after']:.4g} after"
    told += f"; Brier score {values['brier', 'before']:.4g} before, {values['brier', 'after']:.4g} after"
    words = "Calibrated better" if helped else "Not calibrated better: the probabilities were right enough"
    return Check(
        row.id, how, values["brier", "before"], values["brier", "after"], values["loss", "before"], values["loss", "after"],
        curves, helped, f"{words}. On rows that did not choose the curve: {told}.",
    )  # fmt: skip


def load_check(run: Run, row: Candidate) -> Check:
    """Read what a calibrated row's calibration did; raises NotFoundError for another row."""
    return Check.from_dict(read_json(run.path / "candidates" / row.id / FILE))
