"""What a comparison of new data with old says: the typed result, of which page, report and command are views."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from automl_core.errors import FormatError

Verdict = Literal["nothing", "watch", "act"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
Mode = Literal["frozen", "exact"]
FORMAT = 1


def worst(verdicts: list[Verdict]) -> Verdict:
    """Return the most serious of some verdicts; nothing for none."""
    return max(verdicts, key=VERDICTS.index, default="nothing")


@dataclass(frozen=True)
class Picture:
    """Two distributions on one axis, as shares, for charts.

    Parameters
    ----------
    labels : tuple of str
        Of the bars; for numbers and dates what each bar holds.
    before, after : tuple of float
        Share of the rows with a value in each bar.
    """

    labels: tuple[str, ...] = ()
    before: tuple[float, ...] = ()
    after: tuple[float, ...] = ()


@dataclass(frozen=True)
class ColumnDrift:
    """How one column changed.

    Parameters
    ----------
    name : str
    kind : str
        Its kind in the reference; ``prediction`` for what the model says.
    method : str
        A name of `methods.METHODS`; empty where no distribution could be compared.
    statistic : float or None
        Of the method: a p-value for tests, otherwise a distance.
    threshold : float or None
        From which on (for tests: below which) the method by itself calls the column drifted.
    drifted : bool
        Whether it does.
    effect : float
        How much of the column moved, 0 to 1: the Kolmogorov-Smirnov distance of numbers and dates, the total variation
        distance of words, or the change of the missing share where that is larger.
    expected : float
        The most that chance alone explains between samples of these sizes.
    shift : float
        `effect` less what chance adds on average, 0 where it is within what chance explains.
    importance : float
        Of the column to the model, 1 for the most important one; 1 for every column without a model.
    verdict : Verdict
    sentence : str
    missing_before, missing_after : float
        Shares of the rows.
    new_values, vanished : tuple of str
        Up to ten words that were never seen before, and that are gone; most frequent first.
    new_distinct : int
        How many words were never seen before.
    new_share, outside : float
        Share of the filled rows with a new word, and with a number beyond the range seen before.
    picture : Picture
    """

    name: str
    kind: str
    method: str = ""
    statistic: float | None = None
    threshold: float | None = None
    drifted: bool = False
    effect: float = 0.0
    expected: float = 0.0
    shift: float = 0.0
    importance: float = 1.0
    verdict: Verdict = "nothing"
    sentence: str = ""
    missing_before: float = 0.0
    missing_after: float = 0.0
    new_values: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    new_distinct: int = 0
    new_share: float = 0.0
    outside: float = 0.0
    picture: Picture = field(default_factory=Picture)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ColumnDrift:
        """Rebuild a column from plain JSON types."""
        picture = Picture(**{name: tuple(values) for name, values in data["picture"].items()})
        return cls(**{**data, "new_values": tuple(data["new_values"]), "vanished": tuple(data["vanished"]), "picture": picture})


@dataclass(frozen=True)
class JointDrift:
    """What only shows when all columns are looked at together.

    Parameters
    ----------
    auc : float
        How well a classifier tells old rows from new ones on rows it did not learn: 0.5 not at all, 1 always.
    expected : float
        The highest AUC that chance explains.
    columns : tuple of (str, float)
        What gives the new rows away: how much of the AUC each column carries, largest first.
    error, error_low, error_high : float
        Mean reconstruction error of the new rows through the principal components of the old ones, and the range in which
        such a mean lies for as many old rows; 0 where there are too few columns.
    verdict : Verdict
    sentence : str
    """

    auc: float
    expected: float
    columns: tuple[tuple[str, float], ...] = ()
    error: float = 0.0
    error_low: float = 0.0
    error_high: float = 0.0
    verdict: Verdict = "nothing"
    sentence: str = ""


@dataclass(frozen=True)
class Estimate:
    """A metric on the new rows, estimated without their labels.

    Parameters
    ----------
    metric, label : str
    greater_is_better : bool
    before : float
        On the reference rows, from their labels.
    value, low, high : float
        Estimate for the new rows and its 95 % interval.
    true : float or None
        From the new rows' labels, where they have some.
    verdict : Verdict
    sentence : str
    """

    metric: str
    label: str
    greater_is_better: bool
    before: float
    value: float
    low: float
    high: float
    true: float | None = None
    verdict: Verdict = "nothing"
    sentence: str = ""


@dataclass(frozen=True)
class Chunk:
    """One piece of the new rows on the time line.

    Parameters
    ----------
    label : str
        Its days, or its place.
    rows : int
    verdict : Verdict
    shifted : int
        Columns that are to be watched or acted on.
    effects : dict of str to float
        Shift of each column.
    estimates, true : dict of str to float
        Metrics, estimated and from labels.
    sentence : str
        Alert; empty without one.
    """

    label: str
    rows: int
    verdict: Verdict
    shifted: int
    effects: dict[str, float] = field(default_factory=dict)
    estimates: dict[str, float] = field(default_factory=dict)
    true: dict[str, float] = field(default_factory=dict)
    sentence: str = ""


@dataclass(frozen=True)
class DriftReport:
    """New data compared with old.

    Parameters
    ----------
    verdict : Verdict
    sentence : str
        The headline.
    rows, reference_rows : int
    mode : Mode
        ``frozen`` against what is stored in a model, ``exact`` between two tables.
    rule : str
        ``effect`` (ours) or ``evidently``: by which columns and table were judged.
    error : float
        Most by which quantiles and Kolmogorov-Smirnov distances are wrong, 0 in exact mode.
    columns : tuple of ColumnDrift
        Most serious first.
    prediction, target : tuple of ColumnDrift
        Of the model's predictions, and of the labels where there are some.
    relation : tuple of ColumnDrift
        Pairs whose association changed, the target's first; `name` holds both names.
    joint : JointDrift or None
    performance : tuple of Estimate
    chunks : tuple of Chunk
    notes : tuple of str
    name : str
        Of the new table, for people.
    """

    verdict: Verdict
    sentence: str
    rows: int
    reference_rows: int
    mode: Mode
    rule: str = "effect"
    error: float = 0.0
    columns: tuple[ColumnDrift, ...] = ()
    prediction: tuple[ColumnDrift, ...] = ()
    target: tuple[ColumnDrift, ...] = ()
    relation: tuple[ColumnDrift, ...] = ()
    joint: JointDrift | None = None
    performance: tuple[Estimate, ...] = ()
    chunks: tuple[Chunk, ...] = ()
    notes: tuple[str, ...] = ()
    name: str = ""

    @property
    def shifted(self) -> tuple[ColumnDrift, ...]:
        """The columns that are to be watched or acted on."""
        return tuple(column for column in self.columns if column.verdict != "nothing")

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types; ``verdict``, ``rows`` and ``columns`` are the command line's contract."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> DriftReport:
        """Rebuild a report; raises FormatError for another format version."""
        if data.get("format") != FORMAT:
            raise FormatError(f"This drift report has format {data.get('format')!r}.", f"This version reads format {FORMAT}.")
        found = {one.name: data[one.name] for one in fields(cls) if one.name in data}
        for name in ("columns", "prediction", "target", "relation"):
            found[name] = tuple(ColumnDrift.from_dict(entry) for entry in data[name])
        if data["joint"]:
            pairs = tuple((str(column), float(share)) for column, share in data["joint"]["columns"])
            found["joint"] = JointDrift(**{**data["joint"], "columns": pairs})
        found["performance"] = tuple(Estimate(**entry) for entry in data["performance"])
        found["chunks"] = tuple(Chunk(**entry) for entry in data["chunks"])
        found["notes"] = tuple(data["notes"])
        return cls(**found)
