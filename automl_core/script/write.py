"""The whole script of one model, put together from its parts; and what it needs to be proved."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from automl_core import __version__
from automl_core.cleaning.apply import apply_stateless
from automl_core.cleaning.preprocessing import build_preprocessor
from automl_core.errors import InputError
from automl_core.experiment import ExperimentConfig
from automl_core.leaderboard import Candidate
from automl_core.reference import personal_columns
from automl_core.run_parts import candidate_weights, is_refitted, load_task, parts_of
from automl_core.runs import Run
from automl_core.schema import Schema
from automl_core.scoring.trusted import load_trusted
from automl_core.script.dividing import divide_code
from automl_core.script.models import Fitted, fit_code, members_code, rounds_of_fit
from automl_core.script.preparing import refuse_joint, view_code
from automl_core.script.reading import raw_dialect, read_code, typed_code
from automl_core.script.steps import clean_code
from automl_core.script.writing import PIECES, Code, listed, literal, piece
from automl_core.search.candidates import Spec
from automl_core.search.division import Division
from automl_core.search.matrices import WIDE
from automl_core.search.relearn import ROUNDS, rounds_of
from automl_core.target import encode_target
from automl_core.workspace import read_json

if TYPE_CHECKING:
    from automl_core.data.dialect import Dialect

VERDICT = "It was not run yet."
"""Stands in a script until it was proved."""
HEAD = 1000
"""Rows by which the columns are followed through the steps."""


@dataclass(frozen=True)
class Script:
    """A model as a plain script.

    Parameters
    ----------
    text : str
    sections : tuple of (str, str)
        Title and code of each part, for a notebook.
    dialect : Dialect or None
        How the uploaded file is written where the script reads it; None where it reads a table of ours.
    notes : tuple of str
    """

    text: str
    sections: tuple[tuple[str, str], ...]
    dialect: Dialect | None
    notes: tuple[str, ...]

    def proved(self, sentence: str) -> Script:
        """Return the same script with the verdict of its proof in its head."""
        said = "\n".join(textwrap.wrap(f"Compared with the model's own predictions: {sentence}", 110))
        return replace(self, text=self.text.replace(VERDICT, said, 1))


def write_script(run: Run, candidate_id: str, threshold: float) -> Script:
    """Write one scored candidate as a plain script.

    Parameters
    ----------
    run : Run
    candidate_id : str
    threshold : float
        Above which probability the event is predicted.

    Raises
    ------
    InputError
        When a step or a model cannot be written as plain code; the sentence names it.
    NotFoundError
        When there is no such candidate, or its table is no longer there.
    """
    candidate = run.leaderboard()[candidate_id]
    if candidate.state != "scored":
        raise InputError(f"The model {candidate.name!r} was not scored.", candidate.reason, "Choose a scored model.")
    if is_refitted(run.path, candidate):
        raise InputError(
            f"{candidate.name!r} was fitted once on all learned rows, which this script does not repeat.",
            action="Use the exported model, or a run of another preset.",
        )
    config, classes = load_task(run.path)
    dataset, recipe = run.dataset(), run.recipe
    refuse_joint(recipe)
    reading = raw_dialect(dataset)
    frame = dataset.frame()
    personal = frozenset(personal_columns(frame, dataset.schema))
    cleaned = apply_stateless(frame, dataset.schema, recipe, training=True)
    table = cleaned.frame[cleaned.frame[config.target].notna()]
    away = {config.target, *config.ignored} | ({config.split.column} if config.split.kind == "group" else set())
    features = cleaned.schema.without(away)
    y, _ = encode_target(table[config.target], config)
    division = Division.load(run.path / "split.npz")
    weights = candidate_weights(candidate)
    specs = {name: _spec(run, name) for name in weights}
    folds = [int(next(iter(files)).partition("/")[0]) for _, files in parts_of(run.path, candidate)]
    known = {name: Fitted(spec, _rounds(run, spec, folds, division)) for name, spec in specs.items()}

    top = Code(imports={"import argparse", "import sys", "import warnings", "import numpy as np", "import pandas as pd"})
    read = read_code(reading.value)
    typed = typed_code(dataset.schema, plain=reading.value is None)
    clean = clean_code(recipe, dataset.schema, frame.head(HEAD), config.target, personal)
    target = _target_code(config, classes, cleaned.schema)
    divide = divide_code(division, folds, y, config)
    views = {
        view: view_code(
            view,
            build_preprocessor(recipe, features, table, view=view, task=config.task, seed=config.seed),
            config.seed,
        )
        for view in sorted({spec.view for spec in specs.values()})
    }
    narrow = {spec.view: _narrow(run, spec.view, folds, division) for spec in specs.values()}
    fits = [
        fit_code(fitted, seed=config.seed, n_classes=len(classes), narrow=narrow[fitted.spec.view]) for fitted in known.values()
    ]
    end = _learning_code(candidate, classes, specs, weights, views, threshold)

    for part in (read, typed, clean, target, divide, *(view.code for view in views.values()), *fits, end):
        top.join(part)
    sections = [
        ("Settings", _settings(top, config, classes)),
        ("Reading", _text([*_pieces(top, READ), *read.lines, "", "", *typed.lines])),
        ("Cleaning", _text([*_pieces(top, CLEAN), *clean.lines, "", "", *target.lines])),
        ("Dividing the rows", _text(divide.lines)),
        ("Preparing", _text([*_pieces(top, PREPARE), *_spaced(view.code for view in views.values())])),
        ("Models", _text([*_pieces(top, None), *_spaced(fits)])),
        ("Learning and predicting", _text(end.lines)),
    ]
    notes = [reading.reason] if reading.reason else []
    head = _head(run, candidate, config, dataset.name, dataset.fingerprint, notes, top.imports)
    body = [f"# -- {title} --\n\n{text}" if title != "Settings" else text for title, text in sections]
    text = "\n\n".join([head.rstrip() + "\n", *body, (PIECES / "main.txt").read_text(encoding="utf-8")])
    return Script(text, tuple(sections), reading.value, tuple(notes))


READ = ("words", "number", "date")
CLEAN = (
    "as_words", "as_number", "each_word", "parts_of", "split_text", "extract_text", "join_text", "date_part", "same_cells",
    "replace_cell", "replace_part", "merge_words", "fingerprint", "formula",
)  # fmt: skip
PREPARE = (
    "clip_outliers", "group_rare", "frequency_encoder", "text_features", "leave_sparse_out", "box_cox", "yeo_johnson",
    "hashed_words",
)  # fmt: skip


def _pieces(top: Code, names: tuple[str, ...] | None) -> list[str]:
    """Return the lines of the pieces a section holds; None for all that no other section does."""
    others = (*READ, *CLEAN, *PREPARE)
    lines: list[str] = []
    for name in top.pieces:
        if (name in names) if names is not None else name not in others:
            lines += [*piece(name).text.rstrip().splitlines(), "", ""]
    return lines


def _spaced(parts: Any) -> list[str]:
    lines: list[str] = []
    for part in parts:
        lines += [*part.lines, "", ""]
    return lines


def _text(lines: list[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"


def _spec(run: Run, name: str) -> Spec:
    row = Candidate.from_dict(read_json(run.path / "candidates" / name / "candidate.json"))
    if not row.spec:
        raise InputError(
            f"The settings of {row.name!r} were not kept when it was fitted.", action="Give the run a little more time."
        )
    return Spec(**row.spec)


def _rounds(run: Run, spec: Spec, folds: list[int], division: Division) -> dict[int, int]:
    """Return by place of the fold how many rounds are given, where the clock ended a fit or rounds came from another fold."""
    found = {}
    folder = run.path / "candidates" / spec.id
    for place, fold in enumerate(folds):
        if not spec.early_stopping:
            continue
        fit = read_json(folder / f"fold{fold}.json")
        newest = fold >= division.folds
        if not fit.get("cut") and not newest:
            continue
        package = spec.class_path.partition(".")[0]
        if newest and package in ROUNDS:
            last = folder / f"fold{division.folds - 1}.skops"
            rounds = rounds_of(load_trusted(last.read_bytes(), last.name))
        elif newest:
            continue
        else:
            rounds = rounds_of_fit(spec, load_trusted((folder / f"fold{fold}.skops").read_bytes(), spec.id))
        if rounds:
            found[place] = rounds
    return found


def _narrow(run: Run, view: str, folds: list[int], division: Division) -> bool:
    sizes = []
    for fold in folds:
        facts = run.path / "folds" / str(fold) / f"{view}.json"
        rows = len(division.train) if fold >= division.folds else len(division.learned(fold))
        sizes.append(rows * int(read_json(facts)["columns"]))
    wide = [size > WIDE for size in sizes]
    if any(wide) != all(wide):
        raise InputError(
            "Some folds of this model were kept in single precision and some in double.",
            action="Use the exported model.",
        )
    return all(wide)


def _target_code(config: ExperimentConfig, classes: tuple[str, ...], schema: Schema) -> Code:
    code = Code()
    code.add("def target_of(frame):")
    if not classes:
        code.add('    """The values to be learned."""', '    return frame[TARGET].to_numpy(dtype="float64")')
        return code
    code.use("as_words")
    code.add('    """The labels to be learned, as their places in LABELS."""')
    code.add("    return as_words(frame[TARGET]).map({label: place for place, label in enumerate(LABELS)}).to_numpy(dtype=int)")
    return code


def _settings(top: Code, config: ExperimentConfig, classes: tuple[str, ...]) -> str:
    from automl_core.schema import NULL_WORDS

    lines = sorted(line for line in top.imports if line.startswith("import "))
    first = {
        "import argparse",
        "import base64",
        "import copy",
        "import re",
        "import sys",
        "import unicodedata",
        "import warnings",
        "import zlib",
    }
    future = [line for line in sorted(top.imports) if "enable_iterative_imputer" in line]
    froms: dict[str, set[str]] = {}
    for line in top.imports:
        if line.startswith("from ") and line not in future:
            module, _, names = line.removeprefix("from ").partition(" import ")
            froms.setdefault(module, set()).update(name.strip() for name in names.split(","))
    text = [
        "import os",
        "",
        'os.environ.setdefault("OMP_NUM_THREADS", "1")  # sums in one order, so that they come out the same',
        'os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")',
        "",
        *(line for line in lines if line in first),
        "",
        *(line for line in lines if line not in first),
        *future,
        *(f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(froms.items())),
        "",
        f"SEED = {config.seed}",
        f"TARGET = {literal(config.target)}",
        *(listed("LABELS = ", classes) if classes else []),
        *listed("MISSING = ", NULL_WORDS),
    ]
    return "\n".join(text) + "\n"


def _learning_code(
    candidate: Candidate,
    classes: tuple[str, ...],
    specs: dict[str, Spec],
    weights: dict[str, float],
    views: dict[str, Any],
    threshold: float,
) -> Code:
    code = Code()
    catboost = any(spec.class_path.startswith("catboost") and spec.view == "native" for spec in specs.values())
    distance = _has_distance(specs)
    code.add(*members_code(weights, specs))
    prepare = ", ".join(f'"{view}": prepare_{view}' for view in views)
    code.add(f"PREPARE = {{{prepare}}}", "CODES = " + literal({view: list(found.codes) for view, found in views.items()}))
    code.add("", "", *(PIECES / "learn.txt").read_text(encoding="utf-8").rstrip().splitlines(), "", "")
    code.add("def outcome(model, X, categories):")
    code.add(
        '    """What one model says of rows: the probability of each label."""'
        if classes
        else '    """The values that one model predicts."""'
    )
    if catboost:
        code.use("catboost_frame")
        code.add('    if type(model).__module__.startswith("catboost"):', "        X = catboost_frame(X, categories)")
    if not classes:
        code.add('    return np.asarray(model.predict(X), dtype="float64").reshape(len(X))')
    else:
        if distance:
            code.imports.add("from scipy.special import expit, softmax")
            code.add('    if not hasattr(model, "predict_proba"):  # the distance to the border, which ranks the same')
            code.add("        distance = np.asarray(model.decision_function(X))")
            code.add("        event = expit(distance)")
            code.add("        found = np.column_stack([1 - event, event]) if distance.ndim == 1 else softmax(distance, axis=1)")
            code.add("    else:", '        found = np.asarray(model.predict_proba(X), dtype="float64")')
        else:
            code.add('    found = np.asarray(model.predict_proba(X), dtype="float64")')
        code.add("    found = np.nan_to_num(found, nan=1.0 / found.shape[1])")
        code.add("    if found.shape[1] == len(LABELS):", "        return found")
        code.add("    full = np.zeros((len(X), len(LABELS)))  # this fold lacks a label")
        code.add("    full[:, np.asarray(model.classes_, dtype=int)] = found", "    return full")
    code.add(
        "", "", "def predict(folds, text):", '    """Predict rows of text cells: the fold models, averaged by their weights."""'
    )
    code.add("    frame = clean(typed(text), learning=False)")
    code.add("    total = sum(weight for members in folds for _, weight, *_ in members)")
    code.add("    values = np.zeros((len(frame), len(LABELS)))" if classes else "    values = np.zeros(len(frame))")
    code.add("    for members in folds:", "        ready = {}", "        for part, weight, model, categories in members:")
    code.add("            if id(part) not in ready:")
    code.add('                ready[id(part)] = np.asarray(part.transform(frame), dtype="float64")')
    code.add("            values += weight / total * outcome(model, ready[id(part)], categories)")
    if classes and candidate.temperature != 1.0:
        code.add(f"    powers = np.log(np.clip(values, 1e-300, None)) / {candidate.temperature!r}  # how sure it is, set right")
        code.add("    powers = np.exp(powers - powers.max(axis=1, keepdims=True))")
        code.add("    values = powers / powers.sum(axis=1, keepdims=True)")
    if not classes:
        if tuple(candidate.line) != (0.0, 1.0):
            code.add(f"    values = {candidate.line[0]!r} + {candidate.line[1]!r} * values")
        code.add('    return pd.DataFrame({"prediction": values}, index=text.index)')
        return code
    if len(classes) == 2:
        code.add(f"    places = (values[:, 1] > {threshold!r}).astype(int)")
    else:
        code.add("    places = values.argmax(axis=1)")
    code.add('    found = pd.DataFrame({"prediction": np.array(LABELS, dtype=object)[places]}, index=text.index)')
    code.add('    return found.assign(**{f"probability_{label}": values[:, place] for place, label in enumerate(LABELS)})')
    return code


def _has_distance(specs: dict[str, Spec]) -> bool:
    import importlib

    for spec in specs.values():
        module, _, name = spec.class_path.rpartition(".")
        cls = getattr(importlib.import_module(module), name)
        if not hasattr(cls, "predict_proba") or name == "SVC":
            return True
    return False


def _head(
    run: Run, candidate: Candidate, config: ExperimentConfig, table: str, fingerprint: str, notes: list[str], imports: set[str]
) -> str:
    from automl_core.bundle_texts import versions_of

    found = versions_of({line.split()[1].partition(".")[0] for line in imports})
    versions = [f"{name}=={version}" for name, version in found.items() if name != "skops"]
    said = f"{candidate.name}: predicts {config.target!r}."
    lines = [
        *textwrap.wrap(said, 110),
        "",
        "Reads the table, cleans it, learns and predicts, with pandas and scikit-learn and whichever booster the model uses:",
        "",
        "    python script.py TABLE.csv NEW.csv --out predictions.csv",
        "",
        f"TABLE.csv is {table!r}, as it was learned from; NEW.csv has the same columns, and need not have the target.",
        *(line for note in notes for line in textwrap.wrap(note, 110)),
        "",
        f"Written by Tablewright {__version__} from the run {run.id}. Fingerprint of the table:",
        fingerprint,
        *textwrap.wrap(f"Needs {', '.join(versions)}.", 110),
        VERDICT,
    ]
    text = "\n".join(lines).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'"""{text}\n"""\n'
