"""The command that explains a model: as a whole, one row of it, and what would change its mind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from automl_core.cli.shared import ModelPath, app, existing, model_at, say, train_folder, unpacked
from automl_core.errors import InputError
from automl_core.profiling.wording import number

if TYPE_CHECKING:
    import pandas as pd

    from automl_core.scoring.bundle import Model
    from automl_core.whatif.rules import ColumnRule, Goal

Labelled = Annotated[
    Path | None, typer.Argument(metavar="[LABELLED.csv]", help="By default the held-out rows of a train folder.")
]


@app.command()
def explain(
    model: ModelPath,
    labelled: Labelled = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    whole: Annotated[bool, typer.Option("--whole", help="Write the whole model out, as JSON, where it is small enough.")] = False,
    why: Annotated[
        bool, typer.Option("--why", help="What the model does in plain words, and whether the explanation can be believed.")
    ] = False,
    row: Annotated[int, typer.Option(help="Explain one row only: its number, from 1.")] = 0,
    goal: Annotated[str, typer.Option(help="With --row: the label to reach, or LOW..HIGH for numbers, either end open.")] = "",
    fixed: Annotated[list[str], typer.Option(help="With --goal: a column that stays as it is; again for more.")] = [],  # noqa: B006
    up: Annotated[list[str], typer.Option(help="With --goal: a column that may only rise; again for more.")] = [],  # noqa: B006
    down: Annotated[list[str], typer.Option(help="With --goal: a column that may only fall; again for more.")] = [],  # noqa: B006
) -> None:
    """Say which columns a model looks at, why it predicts what it predicts, and what would change it."""
    from automl_core.explaining.importance import explain as look

    if goal and not row:
        raise InputError("--goal needs a row whose prediction it is about.", action="Name it with --row.")
    loaded = model_at(model)
    if whole:
        from automl_core.explaining.reader import readable

        print(json.dumps(readable(loaded).to_dict(), indent=1))
        return
    frame, source, seed = _rows(model, labelled)
    if row:
        _explain_row(loaded, frame, row, as_json, _goal(loaded, goal), _rules(fixed, up, down))
        return
    if why:
        from automl_core.explaining.reasons import find_reasons

        reasons = find_reasons(loaded, frame, seed=seed, source=source)
        if as_json:
            print(json.dumps(reasons.to_dict(), indent=1))
            return
        for sentence in reasons.sentences:
            print(sentence.text)
        for note in reasons.notes:
            say(note)
        return
    found = look(loaded, frame, seed=seed, source=source)
    if as_json:
        print(json.dumps(found.to_dict(), indent=1))
        return
    for entry in found.permutation:
        between = f"  ({number(entry.low)} to {number(entry.high)})" if entry.low is not None and entry.high is not None else ""
        print(f"{entry.column[:40]:42}{number(entry.mean):>10}  ± {number(entry.spread, 2)}{between}")
    for note in found.notes:
        say(note)


def _rows(model: Path, labelled: Path | None) -> tuple[pd.DataFrame, str, int]:
    """Return the rows to explain, what they are, and the seed."""
    if labelled is not None:
        from automl_core.data.sources.opening import read_any

        return read_any(existing(labelled)).frame, "labelled", 0
    from automl_core.runs import Run

    if not model.is_dir() or unpacked(model):
        raise InputError("An exported model carries no labelled rows.", action="Name a file of labelled rows after the model.")
    run = Run(train_folder(model))
    if run.config.holdout:
        return run.holdout(), "held-out", run.config.seed
    return run.dataset().frame(), "learned", run.config.seed


def _goal(model: Model, text: str) -> Goal | None:
    from automl_core.whatif.rules import Goal

    if not text:
        return None
    if model.classes:
        return Goal(text)
    low, dots, high = text.partition("..")
    try:
        return Goal("", float(low) if low else None, float(high) if high else None) if dots else Goal("", float(low), None)
    except ValueError as error:
        raise InputError(f"--goal is {text!r}.", "It must be LOW..HIGH, such as 100..200 or ..200.", "Write it so.") from error


def _rules(fixed: list[str], up: list[str], down: list[str]) -> tuple[ColumnRule, ...]:
    from automl_core.whatif.rules import ColumnRule

    ways: tuple[tuple[Any, list[str]], ...] = (("fixed", fixed), ("up", up), ("down", down))
    return tuple(ColumnRule(name, way) for way, names in ways for name in names)


def _explain_row(
    model: Model, frame: pd.DataFrame, row: int, as_json: bool, goal: Goal | None, rules: tuple[ColumnRule, ...]
) -> None:
    from dataclasses import asdict

    from automl_core.explaining.explainer import Explainer, draw_background
    from automl_core.whatif.answer import answer_of, why_sentences
    from automl_core.whatif.counterfactual import find_counterfactuals
    from automl_core.whatif.neighbours import outside

    if not 1 <= row <= len(frame):
        raise InputError(f"There is no row {row:,}.", f"The rows are numbered from 1 to {len(frame):,}.", "Choose one of them.")
    typed = model.checked(frame)[list(model.used)].reset_index(drop=True)
    one = typed.iloc[[row - 1]].reset_index(drop=True)
    shares = Explainer(model, draw_background(typed, 0)).share(one)
    found = answer_of(model, shares, one, outside(model, one))
    changes = find_counterfactuals(model, one, goal, rules) if goal is not None else None
    if as_json:
        print(json.dumps({**asdict(found), **({"changes": changes.to_dict()} if changes else {})}, indent=1))
        return
    for sentence in (*why_sentences(found), found.range, found.worth, *found.warnings):
        if sentence:
            print(sentence)
    if changes is not None:
        print(changes.sentence)
        for entry in changes.found:
            print("  " + ", ".join(f"{change.column}: {change.before} -> {change.shown}" for change in entry.changes))
