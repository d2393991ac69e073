"""New rows against a model's frozen reference, or any two tables against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.data.parsing import Faults, Parsed, parse_frame
from automl_core.distributions import ERROR, Distribution, distribution_of, distributions, from_kept, numbers_of
from automl_core.drift.columns import Rules, compare_column
from automl_core.drift.estimating import estimated, true_outcomes
from automl_core.drift.importance import shifted_by
from automl_core.drift.joint import compare_jointly
from automl_core.drift.relation import compare_relations
from automl_core.drift.report import ColumnDrift, DriftReport, Estimate, JointDrift, Mode, Verdict
from automl_core.drift.sampling import drawn, sample_of
from automl_core.drift.timeline import FEWEST, named_pieces, pieces, with_chunks
from automl_core.drift.wording import headline, ranked
from automl_core.errors import FormatError, InputError
from automl_core.frozen import FORMAT
from automl_core.profiling.associations import associate
from automl_core.profiling.wording import counted, listed, quoted
from automl_core.schema import Schema

if TYPE_CHECKING:
    from automl_core.scoring.bundle import Model

Array = npt.NDArray[np.float64]
PREDICTED = 20_000
"""Most new rows that are predicted to look at the predictions."""
RETYPED = 0.5
"""Share of the filled cells that cannot be read, from which on a column is of another kind."""


@dataclass(frozen=True)
class DriftSettings:
    """How new data is compared.

    Parameters
    ----------
    rule : str
        ``effect`` judges by how much moved beyond chance and how much the model depends on it; ``evidently`` by the
        thresholds of the methods, and a table by its share of drifted columns (0.5).
    methods : dict of str to str
        Method of a column, by name of `methods.METHODS`; the others get the one that fits.
    method : str
        For every column it can be applied to; empty for the one that fits each.
    thresholds : dict of str to float
        By method, in place of the default.
    chunk : str
        ``""`` for none, a number of rows, or a period of pandas such as ``"D"``, ``"W"``, ``"M"``.
    date : str
        The column that chunks go by; empty for the order of the rows, or for the first date where `chunk` is a period.
    joint, performance : bool
        Whether the domain classifier, and the estimates without labels, are wanted.
    seed : int
    """

    rule: str = "effect"
    methods: dict[str, str] = field(default_factory=dict)
    method: str = ""
    thresholds: dict[str, float] = field(default_factory=dict)
    chunk: str = ""
    date: str = ""
    joint: bool = True
    performance: bool = True
    seed: int = 0

    def rules(self, column: str, columns: int) -> Rules:
        """Return how one of `columns` columns is compared."""
        return Rules(columns, self.rule, self.methods.get(column, self.method), self.thresholds, self.seed)


def check_model(
    model: Model,
    frame: pd.DataFrame,
    settings: DriftSettings | None = None,
    *,
    importances: Mapping[str, float] | None = None,
    name: str = "",
    parts: Sequence[str] = (),
) -> DriftReport:
    """Compare new rows with what a model learned from; only the model and the rows are needed.

    Parameters
    ----------
    model : Model
    frame : DataFrame, shape (n, n_columns)
        As uploaded, text or typed; with the target where the outcome is known.
    settings : DriftSettings, optional
    importances : mapping of str to float, optional
        How much the model depends on each column, 0 to 1; found from the model's sample rows when left out.
    name : str
        Of the new table, for people.
    parts : sequence of str, length n
        The piece of the time line that each row belongs to, in order of time; in place of the settings' `chunk`.

    Returns
    -------
    DriftReport

    Raises
    ------
    InputError
        When there are fewer than `FEWEST` rows, no column in common, or the model carries no reference.
    FormatError
        When the reference is damaged or of another version.
    """
    settings = settings or DriftSettings()
    frozen = frozen_of(model)
    frame = frame.set_axis([str(column) for column in frame.columns], axis=1).reset_index(drop=True)
    check_rows(len(frame))
    common = [column for column in model.inputs.names if column in frame.columns]
    if not common:
        raise InputError(
            f"The new table has no column in common with the model; it has {listed([str(one) for one in frame.columns])}.",
            f"The model learned from {listed(model.inputs.names)}.",
            "Check that it is the right file.",
        )
    parsed = parse_frame(frame, model.schema)
    new, faults = parsed.frame, parsed.faults
    kinds = {column.name: column.kind for column in model.schema}
    sample = sample_of(frozen["sample"], model.inputs)
    weights = dict(importances) if importances is not None else shifted_by(model, sample, seed=settings.seed)
    before = {column: from_kept(facts) for column, facts in frozen["columns"].items()}
    after = dict(distributions(new, {column: kinds[column] for column in common}))
    columns = [
        column_drift(column, kinds[column], before[column], after[column], faults.get(column), settings, len(common), weights)
        for column in common
        if column in before
    ]
    columns += [lost_column(column, kinds[column], weights) for column in model.used if column not in frame.columns]
    notes = _column_notes(model, frame, sample is None)
    whole = all(column in frame.columns and not _retyped(after.get(column), faults.get(column)) for column in model.used)
    seen = drawn(new, PREDICTED, settings.seed)
    predictions: list[ColumnDrift] = []
    performance: tuple[Estimate, ...] = ()
    predicted: Array | None = None
    if whole:
        predicted = model.values_of(seen[[column for column in model.inputs.names if column in seen.columns]])
        if len(seen) < len(new):
            notes.append(f"Predictions are those of {len(seen):,} of {len(new):,} rows, drawn at random.")
        predictions = _predictions(model, frozen, predicted, settings)
        truth = true_outcomes(model, seen)
        if settings.performance and sample is not None:
            performance = estimated(model, sample, seen, predicted, truth, settings.seed)
    else:
        notes.append("Columns the model needs are missing or of another kind, so nothing was predicted or estimated.")
    target = []
    if model.target in new.columns and new[model.target].notna().any() and model.target in before:
        # A row without an outcome is one whose label has not come yet, and no gap in the column.
        labels = distribution_of(new[model.target].dropna(), kinds[model.target])
        rules = settings.rules(model.target, 1)
        target = [compare_column(model.target, kinds[model.target], before[model.target], labels, rules)]
    shared = model.schema if model.target in new.columns else model.inputs
    relation = changed_relations(frozen, new, shared, settings)
    joint = None
    if settings.joint and sample is not None:
        schema = Schema(tuple(model.schema[column] for column in common))
        joint = compare_jointly(sample.frame, new, schema, importances=weights, seed=settings.seed)
    report = made_report(
        settings, "frozen", len(new), int(frozen["rows"]), columns, predictions, target, relation, joint, performance, notes, name
    )
    report = replace(report, error=float(frozen["error"]))
    if parts or settings.chunk:
        found, told = named_pieces(new, parts) if parts else pieces(new, settings.chunk, settings.date)
        report = replace(report, notes=(*report.notes, *told))

        def performing(rows: pd.DataFrame) -> tuple[Estimate, ...]:
            if not whole or sample is None or not settings.performance:
                return ()
            part = drawn(rows, PREDICTED // 4, settings.seed)
            values = model.values_of(part[[column for column in model.inputs.names if column in part.columns]])
            return estimated(model, sample, part, values, true_outcomes(model, part), settings.seed)

        report = with_chunks(report, found, settings.rules, before, kinds, weights, performing)
    return report


def compare_tables(
    reference: pd.DataFrame,
    new: pd.DataFrame,
    schema: Schema,
    settings: DriftSettings | None = None,
    *,
    importances: Mapping[str, float] | None = None,
    name: str = "",
    typed: bool = False,
) -> DriftReport:
    """Compare two tables.

    Parameters
    ----------
    reference : DataFrame, shape (n, n_columns)
        Typed by `schema`.
    new : DataFrame, shape (m, m_columns)
        Text or typed; read by `schema`.
    schema : Schema
    settings : DriftSettings, optional
    importances : mapping of str to float, optional
        How much each column matters, 0 to 1; all alike when left out.
    name : str
        Of the new table, for people.
    typed : bool
        Whether `new` is typed by `schema` already, so that it need not be read again.

    Returns
    -------
    DriftReport

    Raises
    ------
    InputError
        When either has fewer than `FEWEST` rows, or no column in common.
    """
    settings = settings or DriftSettings()
    check_rows(len(reference), "old")
    check_rows(len(new))
    common = columns_in_common([name for name in schema.names if name in reference.columns], [str(name) for name in new.columns])
    weights = dict(importances) if importances is not None else {}
    kinds = {column.name: column.kind for column in schema}
    fresh = new if typed else new.reset_index(drop=True)
    parsed = Parsed(fresh) if typed else parse_frame(fresh, Schema(tuple(schema[column] for column in common)))
    columns, before = [], {}
    wanted = {column: kinds[column] for column in common}
    sides = zip(distributions(reference, wanted), distributions(parsed.frame, wanted), strict=True)
    for (column, old), (_, after) in sides:
        columns.append(column_drift(column, kinds[column], old, after, parsed.faults.get(column), settings, len(common), weights))
        if settings.chunk:
            before[column] = old
    columns += [lost_column(column, kinds[column], weights) for column in schema.names if column not in new.columns]
    extra = [str(column) for column in new.columns if column not in schema]
    notes = [f"Only in the new table: {listed(extra)}."] if extra else []
    shared = Schema(tuple(schema[column] for column in common))
    relation, joint = [], None
    if settings.joint:
        pairs, _ = associate(reference[common], shared, seed=settings.seed)
        kept = {"associations": [pair.to_dict() for pair in pairs], "rows": len(reference)}
        relation = changed_relations(kept, parsed.frame, shared, settings)
        joint = compare_jointly(reference[common], parsed.frame, shared, importances=weights or None, seed=settings.seed)
    report = made_report(settings, "exact", len(new), len(reference), columns, [], [], relation, joint, (), notes, name)
    if settings.chunk:
        found, told = pieces(parsed.frame, settings.chunk, settings.date)
        report = with_chunks(
            replace(report, notes=(*report.notes, *told)), found, settings.rules, before, kinds, weights, lambda rows: ()
        )
    return report


def frozen_of(model: Model) -> dict[str, Any]:
    """Return what a model keeps for comparisons; raises InputError for an older model, FormatError for another version."""
    frozen = model.reference.get("drift")
    if not frozen:
        raise InputError(
            f"The model {model.name!r} carries no reference to compare with; it was exported before there was one.",
            "The statistics of the rows it learned from are needed.",
            "Export the model again, or compare the table it learned from with the new one.",
        )
    if frozen.get("format") != FORMAT:
        raise FormatError(f"The model's reference has format {frozen.get('format')!r}.", f"This version reads format {FORMAT}.")
    return dict(frozen)


def check_rows(rows: int, which: str = "new") -> None:
    """Refuse a table of so few rows that nothing can be told; raises InputError."""
    if rows < FEWEST:
        raise InputError(
            f"The {which} table has {counted(rows, 'row', 'rows')}.",
            f"At least {FEWEST} are needed to tell a change from chance.",
            "Wait for more rows, or put several files together.",
        )


def columns_in_common(old: list[str], new: list[str]) -> list[str]:
    """Return the names that both tables have, in the order of the old one; raises InputError where there is none."""
    known = set(new)
    if common := [name for name in old if name in known]:
        return common
    raise InputError(
        f"The two tables have no column in common; the new one has {listed(new)}.",
        f"The old one has {listed(old)}.",
        "Check that these are the right files.",
    )


def _retyped(after: Distribution | None, fault: Faults | None) -> bool:
    return bool(fault and after is not None and fault.count > RETYPED * (after.filled + fault.count))


def column_drift(
    column: str, kind: str, before: Distribution, after: Distribution, fault: Faults | None, settings: DriftSettings,
    columns: int, weights: dict[str, float],
) -> ColumnDrift:  # fmt: skip
    """Compare one of `columns` columns; one whose cells cannot be read as before is of another kind, and that is told."""
    importance = weights.get(column, 0.0 if weights else 1.0)
    found = compare_column(column, kind, before, after, settings.rules(column, columns), importance=importance)
    if fault is None or not _retyped(after, fault):
        return found
    shown = ", ".join(repr(cell) for cell in fault.examples[:3])
    noun = {"number": "numbers", "date": "dates"}.get(kind, kind)
    told = (
        f"{quoted(column)} held {noun} before, but {fault.count:,} of {after.filled + fault.count:,} cells are none: {shown}. "
        "Check that it is the right column."
    )
    verdict: Verdict = "act" if importance >= 0.01 else "watch"
    return replace(found, effect=1.0, shift=1.0, verdict=verdict, sentence=told)


def lost_column(column: str, kind: str, weights: dict[str, float]) -> ColumnDrift:
    """Return what is told of a column that the new table lacks."""
    importance = weights.get(column, 0.0 if weights else 1.0)
    told = f"The column {quoted(column)} is missing from the new table."
    return ColumnDrift(
        column, kind, effect=1.0, shift=1.0, importance=importance, verdict="act", sentence=told, missing_after=1.0
    )


def _column_notes(model: Model, frame: pd.DataFrame, without_rows: bool) -> list[str]:
    notes = []
    extra = [str(column) for column in frame.columns if column not in model.schema]
    if extra:
        notes.append(f"The model does not know {listed(extra)}; {'it is' if len(extra) == 1 else 'they are'} not looked at.")
    if without_rows:
        notes.append(
            "The model carries no sample rows, so every column that it uses counts alike, and columns are not looked at together."
        )
    return notes


def _predictions(model: Model, frozen: dict[str, Any], predicted: Array, settings: DriftSettings) -> list[ColumnDrift]:
    outputs = predicted.reshape(len(predicted), -1)
    names = [f"Probability of {label}" for label in model.classes] or ["Prediction"]
    found = []
    for place, (title, kept) in enumerate(zip(names, frozen["prediction"], strict=True)):
        if len(model.classes) == 2 and place == 0:
            continue  # it says the same as the other
        before = from_kept(kept)
        rules = settings.rules("", outputs.shape[1])
        found.append(compare_column(title, "prediction", before, numbers_of(outputs[:, place], len(outputs)), rules))
    return found


def changed_relations(kept: dict[str, Any], new: pd.DataFrame, schema: Schema, settings: DriftSettings) -> list[ColumnDrift]:
    """Return the pairs of columns that say more or less of each other than what was kept says."""
    names = [name for name in schema.names if name in new.columns]
    part = Schema(tuple(schema[name] for name in names))
    return compare_relations(kept["associations"], int(kept["rows"]), new[names], part, seed=settings.seed)


def made_report(
    settings: DriftSettings, mode: Mode, rows: int, reference_rows: int, columns: list[ColumnDrift],
    prediction: list[ColumnDrift], target: list[ColumnDrift], relation: list[ColumnDrift], joint: JointDrift | None,
    performance: tuple[Estimate, ...], notes: list[str], name: str,
) -> DriftReport:  # fmt: skip
    """Put a report together from its parts, with the headline."""
    verdict, sentence = headline(columns, [*prediction, *target], relation, joint, performance, settings.rule)
    return DriftReport(
        verdict, sentence, rows, reference_rows, mode, settings.rule, 0.0 if mode == "exact" else ERROR, ranked(columns),
        tuple(prediction), tuple(target), tuple(relation), joint, performance, (), tuple(notes), name,
    )  # fmt: skip
