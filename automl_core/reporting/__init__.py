"""The report of one model: one self-contained page of HTML, made from the results that the app shows."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from automl_core import __version__
from automl_core.charts import evaluation as evaluation_figures
from automl_core.charts import importance as importance_figures
from automl_core.charts.tables import course_table, evaluation_tables, importance_tables
from automl_core.errors import NotFoundError
from automl_core.evaluation.evaluate import Evaluation
from automl_core.evaluation.wording import costs_sentence, decision_sentences
from automl_core.events import read_events, told
from automl_core.experiment import Budget, ExperimentConfig, Split
from automl_core.explaining.importance import Explanation
from automl_core.extending import budgets
from automl_core.honesty import MARKS, Honesty, judge
from automl_core.leaderboard import Candidate, Leaderboard
from automl_core.metrics import Metric, metric_of
from automl_core.profiling.wording import number, percent
from automl_core.relearning import held_out, origin_of
from automl_core.reporting.contents import CONTENTS, check_contents
from automl_core.reporting.drawn import drawn_sections
from automl_core.reporting.repeat import repeat_of
from automl_core.run_parts import load_task
from automl_core.runs import Run
from automl_core.schema import Schema
from automl_core.script.verdict import CodeProof
from automl_core.search.proof import Proof, moment
from automl_core.workspace import atomic_file, read_json

LIMIT = 2 * 1024 * 1024
"""Bytes; a report stays below it so that it can be sent by mail."""
CONFUSED = 30
"""Most labels that are listed and confused on the page."""
TASK_WORDS = {"binary": "One of two outcomes", "multiclass": "One of several outcomes", "regression": "A number"}
SPLIT_WORDS = {"random": "at random", "group": "by group, whole groups together", "time": "by time, learning from earlier rows"}


def write_report(run_folder: Path, candidate_id: str, out: Path, contents: Iterable[str] = CONTENTS) -> Path:
    """Write the report of one scored candidate.

    Parameters
    ----------
    run_folder : Path
    candidate_id : str
    out : Path
        The HTML file: no scripts, nothing loaded from elsewhere, under 2 MB, light and dark.
    contents : iterable of str
        Names of `CONTENTS`: the sections it holds.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    NotFoundError
        When there is no such candidate, or it was not scored.
    StorageError
        When the disk is full.
    """
    return _write("report.html", run_folder, candidate_id, out, check_contents(contents))


def write_card(run_folder: Path, candidate_id: str, out: Path) -> Path:
    """Write the model card of one scored candidate: one page of what someone must know who is to rely on it.

    After Mitchell and others, "Model cards for model reporting" (2019). What goes in and out is as with `write_report`.
    """
    return _write("card.html", run_folder, candidate_id, out, ())


def write_pdf(page: Path, out: Path) -> Path:
    """Write a report or a card as PDF; raises EngineError where libraries of the system are missing."""
    from automl_core.engines import weasyprint

    made = weasyprint.write_pdf(page.read_text(encoding="utf-8"))
    with atomic_file(out) as file:
        file.write(made)
    return out


def _write(template: str, run_folder: Path, candidate_id: str, out: Path, contents: tuple[str, ...]) -> Path:
    from jinja2 import Environment, PackageLoader

    run = Run(run_folder)
    candidate = run.leaderboard()[candidate_id]
    if candidate.state != "scored":
        raise NotFoundError(f"The model {candidate.name!r} was not scored.", candidate.reason, "Choose a scored model.")
    environment = Environment(loader=PackageLoader("automl_core"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    text = environment.get_template(template).render(contents=contents, **facts(run, candidate, contents))
    with atomic_file(out) as file:
        file.write(text.encode("utf-8", "replace"))
    return out


def facts(run: Run, candidate: Candidate, contents: tuple[str, ...] = tuple(CONTENTS)) -> dict[str, Any]:
    """Return everything a report of these contents shows, as the template takes it."""
    from markupsafe import Markup

    from automl_core.charts.svg import course_chart, evaluation_charts, importance_charts

    config, classes = load_task(run.path)
    leaderboard, dataset = run.leaderboard(), run.dataset()
    honesty = judge(leaderboard, held_out(run, leaderboard.recommended) if leaderboard.recommended else None)
    origin = origin_of(run)
    evaluation = _stored(run.evaluation(candidate.id), Evaluation)
    explanation = _stored(run.explanation(candidate.id), Explanation)
    metric = metric_of(config)
    charts = {title: Markup(svg) for title, svg in (evaluation_charts(evaluation) if evaluation else {}).items()}
    importance = {title: Markup(svg) for title, svg in (importance_charts(explanation) if explanation else {}).items()}
    drawn = drawn_sections(run, candidate, contents)
    timed = course_table(leaderboard, metric.label)
    tables = {
        "scores": evaluation_tables(evaluation) if evaluation else {},
        "columns": importance_tables(explanation) if explanation else {},
        **{name: {chart.title: chart.table for chart in section.charts} for name, section in drawn.items()},
        "models": {timed.title: timed} if timed is not None else {},
    }
    return {
        "tables": {title: table for name in CONTENTS for title, table in tables.get(name, {}).items()},
        "shown_tables": [table for name in CONTENTS if name in contents for table in tables.get(name, {}).values()],
        "places": {title: place for place, title in enumerate((title for part in tables.values() for title in part), start=1)},
        "drawn": drawn,
        "repeat": repeat_of(run, run.config),
        "code": _stored(run.code(candidate.id), CodeProof),
        "config": config,
        "metric": metric,
        "number": _digits,
        "candidate": candidate,
        "title": f"{_cut(config.target)}: {candidate.name}",
        "summary": _summary(_cut(config.target), candidate, evaluation, config),
        "settings": {
            "Table": f"{_cut(dataset.name)}, {dataset.rows:,} rows, {len(dataset.schema):,} columns",
            "Predicts": f"{_cut(config.target)}. {TASK_WORDS[config.task]}",
            **({"Event": _cut(config.positive)} if config.positive else {}),
            **({"Labels": _labels(classes)} if len(classes) > 2 else {}),
            "Metric": f"{metric.label}. {metric.explanation}",
            **({"Cost table": costs_sentence(config.costs)} if config.costs else {}),
            **({"Own figure": f"{config.kpi.name}: {config.kpi.formula}"} if config.kpi else {}),
            "Rows held back": percent(config.holdout) if config.holdout else "none; scores are out-of-fold",
            "Split": _split(config.split, dataset.schema),
            "Search": _search(config, [] if origin else budgets(run)),
        },
        "scores": _scores(evaluation, candidate, config),
        "decisions": decision_sentences(evaluation) if evaluation else (),
        "evaluation": evaluation,
        "labels": [_cut(name, 40) for name in classes[:CONFUSED]],
        "more_labels": max(len(classes) - CONFUSED, 0),
        "explanation": explanation,
        "charts": charts,
        "importance": importance,
        "reading": evaluation_figures.READING | importance_figures.READING,
        "course": Markup(course_chart(leaderboard, metric.label)),
        "rows": _rows(leaderboard, candidate, honesty),
        "notes": [message.text for message in told(read_events(run.path / "events.jsonl")[0])],
        "honesty": honesty,
        "held_back": bool(config.holdout),
        "trust": origin.sentence if origin else "",
        "members": [(leaderboard[name].name, weight) for name, weight in candidate.members.items()],
        "steps": [{"title": _step_title(step.op), "reason": step.reason} for step in run.recipe if step.enabled],
        "left_out": [{"title": _step_title(step.op), "reason": step.reason} for step in run.recipe if not step.enabled],
        "proof": _proof(run),
        "moment": moment,
        "lineage": {
            "Run": run.id,
            **({"Chosen and judged in the run": origin.run} if origin else {}),
            "Seed": str(config.seed),
            "Fingerprint of the table": dataset.fingerprint,
            "Made by": f"Tablewright {__version__}",
            "Made on": time.strftime("%d %b %Y, %H:%M UTC", time.gmtime()),
        },
    }


def _labels(classes: tuple[str, ...]) -> str:
    more = f" and {len(classes) - CONFUSED:,} more" if len(classes) > CONFUSED else ""
    return ", ".join(_cut(name, 40) for name in classes[:CONFUSED]) + more


def _split(split: Split, schema: Schema) -> str:
    said = SPLIT_WORDS[split.kind] + (f" ({_cut(split.column)})" if split.column else "")
    if not split.gap:
        return said
    days = split.column in schema and schema[split.column].kind == "date"
    return f"{said}, with a gap of {number(split.gap)}{' days' if days else ''}"


def _proof(run: Run) -> Proof | None:
    """Return how rows were divided; None for runs that were made before it was stored."""
    try:
        return Proof.load(run.path)
    except NotFoundError:
        return None


def _stored(path: Path, kind: Any) -> Any:
    return kind.from_dict(read_json(path)) if path.exists() else None


def _summary(target: str, candidate: Candidate, evaluation: Evaluation | None, config: ExperimentConfig) -> str:
    """Return the report in two sentences."""
    if evaluation is None or not evaluation.metrics:
        where = "In cross-validation" if config.holdout else "Out-of-fold"
        label = metric_of(config).label
        return f"{candidate.name} predicts {target}. {where} its {label} is {_digits(candidate.score)}."
    name, score = next(iter(evaluation.metrics.items()))
    between = f" (95 % interval {_digits(score.low)} to {_digits(score.high)})" if score.low is not None else ""
    # Where the run's metric is not defined for the held-out rows, another one comes first.
    folds = _digits(candidate.score if name == config.metric else candidate.metrics.get(name))
    whose = "it never saw" if evaluation.source != "out-of-fold" else "that each fold's model did not learn from"
    return (
        f"{candidate.name} predicts {target}. On {evaluation.rows:,} rows {whose}, its {metric_of(config, name).label} "
        f"is {_digits(score.value)}{between}{f'; in cross-validation it was {folds}' if folds else ''}."
    )


def _scores(evaluation: Evaluation | None, candidate: Candidate, config: ExperimentConfig) -> list[dict[str, str]]:
    names = list(evaluation.metrics) if evaluation else list(candidate.metrics)
    rows = []
    for name in names:
        held = evaluation.metrics[name] if evaluation else None
        metric: Metric = metric_of(config, name)
        rows.append(
            {
                "label": metric.label,
                "held": _digits(held.value) if held else "",
                "interval": f"{_digits(held.low)} to {_digits(held.high)}" if held and held.low is not None else "",
                "folds": _digits(candidate.metrics.get(name)),
                "meaning": metric.explanation,
            }
        )
    return rows


def _search(config: ExperimentConfig, given: Sequence[Budget]) -> str:
    """Return how long was searched; nothing is given where the model was chosen before."""
    if not given:
        return f"none: the model was chosen before, and learned every row here, seed {config.seed}"
    said = [f"{given[0].trials:,} models" if given[0].trials else f"{given[0].seconds:,.0f} s"]
    for before, budget in pairwise(given):
        more = f"{budget.trials - before.trials:,} models" if budget.trials else f"{budget.seconds:,.0f} s"
        said.append(f"then {more} more")
    return f"{', '.join(said)}, preset {config.preset}, seed {config.seed}"


def _rows(leaderboard: Leaderboard, chosen: Candidate, honesty: Honesty) -> list[dict[str, Any]]:
    rows = []
    for place, row in enumerate(leaderboard.ranked(), start=1):
        scored = row.state == "scored" and row.score is not None
        rows.append(
            {
                "rank": place if scored else "",
                "name": row.name,
                "score": _digits(row.score) if scored else row.state,
                "spread": f"± {_digits(row.spread, 2)}" if scored and row.spread else "",
                "fit": f"{row.fit_seconds:,.1f}" if scored else "",
                "predict": f"{row.predict_ms:,.1f}" if scored else "",
                "reason": row.reason,
                "group": honesty.letter(row.id),
                "marks": ", ".join([*(["Baseline"] if row.role == "baseline" else []), *_marks(honesty, row.id)]),
                "chosen": row.id == chosen.id,
            }
        )
    return rows


def _marks(honesty: Honesty, candidate_id: str) -> list[str]:
    return [MARKS[mark] for mark in honesty.marks.get(candidate_id, ())]


def _step_title(op: str) -> str:
    from automl_core.cleaning.steps import OPERATIONS

    return OPERATIONS[op].title if op in OPERATIONS else op


def _digits(value: float | None, digits: int = 4) -> str:
    return "" if value is None else number(value, digits)


def _cut(name: str, length: int = 80) -> str:
    """Return a name of a person's, cut where it would spoil the page."""
    return name if len(name) <= length else name[: length - 1] + "…"
