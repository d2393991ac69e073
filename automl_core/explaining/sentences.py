"""What a model does, in plain words: sentences of our own filled with numbers, each with the numbers it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.explaining.curves import label_of
from automl_core.profiling.wording import listed, number, percent, quoted
from automl_core.scoring.bundle import Model

Array = npt.NDArray[np.float64]
SMALLEST = 20
"""Rows that a group needs to be spoken of."""
SENTENCES = 5


@dataclass(frozen=True)
class Sentence:
    """One sentence.

    Parameters
    ----------
    text : str
    numbers : tuple of (str, float)
        What it was computed from, each with its name.
    column : str
        That it is about; empty for none.
    """

    text: str
    numbers: tuple[tuple[str, float], ...]
    column: str = ""

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Sentence:
        """Rebuild from its plain form."""
        return cls(data["text"], tuple((str(name), value) for name, value in data["numbers"]), data["column"])


def in_plain_words(
    model: Model, typed: pd.DataFrame, predicted: Array, sizes: dict[str, float], *, output: int = 0
) -> tuple[Sentence, ...]:
    """Say what a model does with the columns that matter most.

    Parameters
    ----------
    model : Model
    typed : DataFrame, shape (n, n_used)
    predicted : ndarray, shape (n, n_classes) or (n,)
        The model's predictions for these rows.
    sizes : dict of str to float
        Mean size of each column's contribution.
    output : int
        Which output is spoken of, where there are more than two classes.
    """
    if not len(typed):
        return ()
    place = 1 if len(model.classes) == 2 else output
    said = predicted[:, place] if model.classes else predicted
    total = sum(sizes.values())
    ranked = sorted(sizes, key=lambda name: -sizes[name])
    found = [_strongest(ranked, sizes, total)] if total > 0 else []
    for rank, name in enumerate(ranked[:SENTENCES]):
        if sizes[name] <= 0:
            break
        sentence = _about(model, typed[name], said, name, model.classes[place] if model.classes else "", rank, len(ranked))
        if sentence:
            found.append(sentence)
    silent = [name for name in ranked if total > 0 and sizes[name] < 0.01 * total]
    if silent:
        share = sum(sizes[name] for name in silent) / total
        start = f"{listed(silent)} {'adds' if len(silent) == 1 else 'add'}"
        text = f"{start} next to nothing: {percent(share)} of all that moves predictions."
        found.append(Sentence(text, (("columns", float(len(silent))), ("share of all contributions", share))))
    return tuple(found)


def _strongest(ranked: list[str], sizes: dict[str, float], total: float) -> Sentence:
    share = sizes[ranked[0]] / total
    of = f" of {len(ranked):,} columns" if len(ranked) > 1 else ""
    text = f"{quoted(ranked[0])} moves predictions most{of}: {percent(share)} of all that moves them."
    return Sentence(text, (("share of all contributions", share), ("columns", float(len(ranked)))), ranked[0])


def _about(model: Model, values: pd.Series, said: Array, name: str, label: str, rank: int, columns: int) -> Sentence | None:
    """Compare the two groups of rows that a column tells apart most."""
    groups = _groups(values)
    groups = {words: rows for words, rows in groups.items() if min(rows.sum(), (~rows).sum()) >= SMALLEST}
    if not groups:
        return None
    means = {words: (float(said[rows].mean()), float(said[~rows].mean())) for words, rows in groups.items()}
    if values.dtype == object:
        weights = {words: float(np.sqrt(rows.mean() * (1 - rows.mean()))) for words, rows in groups.items()}
        apart = {words: (one - other) * weights[words] for words, (one, other) in means.items()}
        chosen = max(apart, key=lambda words: (round(abs(apart[words]), 9), apart[words] > 0))
        (one, other), against = means[chosen], "all other rows"
        numbers = [(f"mean where {chosen}", one), ("mean of all other rows", other)]
    else:
        ends = [words for words in means if words.startswith(f"{quoted(name)} is at ")]
        if len(ends) < 2:
            return None
        chosen, low = (ends[1], ends[0]) if means[ends[1]][0] >= means[ends[0]][0] else (ends[0], ends[1])
        one, other, against = means[chosen][0], means[low][0], f"where {low.replace(quoted(name), 'it', 1)}"
        numbers = [(f"mean where {chosen}", one), (f"mean {against}", other)]
    numbers.append(("rows", float(groups[chosen].sum())))
    place = f"the strongest of {columns:,} columns" if rank == 0 else f"number {rank + 1} of {columns:,} columns by strength"
    ranked = f"; this is {place}." if columns > 1 else "."
    if label:
        times = one / other if other > 0 else np.inf
        event = f"{quoted(model.target)} = {quoted(label)}"
        among = " in" if against == "all other rows" else ""
        if times >= 1.1:
            how = f"{event} is predicted to be {_times(times)} as likely as{among}"
        elif times <= 1 / 1.1 and one > 0:
            how = f"{event} is predicted to be {_times(other / one)} less likely than{among}"
        else:
            return None
        numbers.append(("times", float(times) if np.isfinite(times) else 0.0))
        text = f"Where {chosen}, {how} {against} ({percent(one)} against {percent(other)} on average){ranked}"
    else:
        away = one - other
        word = "higher" if away > 0 else "lower"
        link = "than in" if against == "all other rows" else "than"
        numbers.append(("difference", away))
        text = (
            f"Where {chosen}, {quoted(model.target)} is predicted {number(abs(away), 3)} {word} on average {link} {against} "
            f"({number(one, 3)} against {number(other, 3)}){ranked}"
        )
    return Sentence(text, tuple(numbers), name)


def _times(times: float) -> str:
    return f"{times:.1f} times" if times < 100 else "more than 100 times"


def _groups(values: pd.Series) -> dict[str, Any]:
    """Return the groups of rows that a sentence can be about, by the words for them."""
    name = quoted(str(values.name))
    if values.dtype == object:
        cells = values.map(str, na_action="ignore")
        found = {f"{name} is {quoted(str(word))}": (cells == word).to_numpy() for word in cells.value_counts().index[:15]}
    else:
        present = values.dropna().sort_values()
        if not len(present):
            return {}
        low, high = present.iloc[len(present) // 4], present.iloc[(3 * len(present)) // 4]
        if low == high:
            low, high = present.iloc[0], present.iloc[-1]
        found = {
            f"{name} is at most {label_of(low)}": (values <= low).to_numpy(),
            f"{name} is at least {label_of(high)}": (values >= high).to_numpy(),
        }
    if values.isna().any():
        found[f"{name} is missing"] = values.isna().to_numpy()
    return found
