"""A pipeline as YAML: read with every fault by its line and field, and written with what differs from the defaults.

YAML is read by version 1.2's rules for plain words, so that an event called ``Yes`` is a text and no truth value; nothing but
plain data can be in it, and neither anchors nor keys that stand twice are allowed.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, cast

import yaml

from automl_core.cleaning.recipe import Recipe
from automl_core.cleaning.rules import Rule
from automl_core.cleaning.steps import check_params
from automl_core.errors import AutoMLError, FormatError, InputError, NotFoundError
from automl_core.pipelines.plan import Pipeline
from automl_core.registry.records import check_name

FORMAT = 1
LARGEST = 2**20
"""Bytes; a file of a whole run has a few thousand."""
DEEPEST = 40
SHOWN = 10
Place = tuple[str | int, ...]
TOP = """# A whole run of Tablewright. Run it with `python -m automl_core run FILE`; docs/pipelines.md says what each part means.
"""
SECTIONS = {
    "data": "Where the table comes from: a file (beside this one unless it begins with a slash), or a query.",
    "experiment": "What is asked of the search.",
    "registry": "Under which name and alias the new version is kept.",
    "recipe": "How the table is prepared; without it, a recipe is proposed for each table.",
    "gates": "What has to hold for the run to go on.",
    "monitoring": "How the model is watched from then on.",
    "schedule": "When schedulers start it.",
}


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """Plain data only, with the plain words of YAML 1.2."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|false|True|False|TRUE|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL", "~nN"),
    ("int", r"-?(?:0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|-?\.(?:inf|[0-9]+)", "-.0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), list(_first))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("$"), [""])


def load_pipeline(path: Path) -> Pipeline:
    """Read a pipeline.

    Raises
    ------
    NotFoundError
    InputError, FormatError
        With every fault, its line and its field.
    """
    if not path.is_file():
        raise NotFoundError(f"There is no pipeline {path}.", action="Check the path, or export one with `pipeline export`.")
    if path.stat().st_size > LARGEST:
        raise InputError(
            f"{path.name} has {path.stat().st_size:,} bytes.", f"A pipeline has at most {LARGEST:,}.", "Check that it is the one."
        )
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name} is no text.", "A pipeline is written in UTF-8.", "Save it as UTF-8.") from error
    return read_pipeline(text, path.name)


def read_pipeline(text: str, name: str = "pipeline.yaml") -> Pipeline:
    """Read a pipeline from its text; see `load_pipeline`."""
    from pydantic import ValidationError

    node, data = _plain(text, name)
    if not isinstance(data, dict):
        raise InputError(
            f"{name} holds no fields.", "A pipeline has name, project, data, experiment and registry.", "Fill it in."
        )
    version = data.pop("format", None)
    if version != FORMAT:
        raise FormatError(
            f"{name}, line {_line(node, ('format',))}: format is {version!r}.", f"This version reads format {FORMAT}.",
            "Export the pipeline again.",
        )  # fmt: skip
    try:
        made = cast(Pipeline, _adapter().validate_python(data))
    except ValidationError as error:
        raise _faulty(name, [_told(node, fault) for fault in error.errors()]) from error
    made = _numbered(made)
    faults = [f"line {_line(node, place)}, {_dotted(place)}: {fault}" for place, fault in _senseless(made)]
    if faults:
        raise _faulty(name, faults)
    return made


def write_pipeline(pipeline: Pipeline) -> str:
    """Return a pipeline as YAML, without what is as it would be anyway."""
    sections: dict[str, Any] = {"format": FORMAT, **_short(pipeline)}
    for name in ("gates", "registry", "schedule"):  # what people will want to change is written out
        section = getattr(pipeline, name)
        sections[name] = {entry.name: _short(getattr(section, entry.name)) for entry in fields(section)}
    told = [(f"\n# {SECTIONS[name]}\n" if name in SECTIONS else "") + _dumped({name: value}) for name, value in sections.items()]
    return TOP + "".join(told)


def _dumped(data: dict[str, Any]) -> str:
    return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120))


@lru_cache(1)
def _adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Pipeline)


def _plain(text: str, name: str) -> tuple[yaml.Node | None, Any]:
    """Return the nodes, which know their lines, and the data in them."""
    try:
        depth = 0
        for event in yaml.parse(text, _Loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent) or depth > DEEPEST:
                what = "An alias (*name)" if isinstance(event, yaml.AliasEvent) else f"A nesting deeper than {DEEPEST}"
                raise InputError(
                    f"{name}, line {event.start_mark.line + 1}: {what} is not read.", action="Write it out where it is used."
                )
        loader = _Loader(text)
        node = loader.get_single_node()
        _refuse_doubles(node, name)
        return node, loader.construct_document(node) if node is not None else None
    except AutoMLError:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1}" if mark else ""
        raise InputError(
            f"{name}{where}: {error.problem or error}.", "A pipeline is plain YAML.", "Correct that line."
        ) from error
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{name} cannot be read: {error}.", "A pipeline is plain YAML.", "Correct it.") from error


def _refuse_doubles(node: yaml.Node | None, name: str) -> None:
    """Refuse a key that stands twice, of which YAML would take the last without a word."""
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in seen:
                raise InputError(
                    f"{name}, line {line}: {key.value!r} stands there twice, first in line {seen[key.value]}.",
                    action="Keep one of them.",
                )
            seen[str(key.value)] = line
            _refuse_doubles(value, name)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_doubles(value, name)


def _line(node: yaml.Node | None, place: Place) -> int:
    """Return the line of a field, or of what should hold it."""
    line = 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _dotted(place: Place) -> str:
    return ".".join(str(part + 1 if isinstance(part, int) else part) for part in place) or "the file"


def _told(node: yaml.Node | None, fault: Any) -> str:
    """Return one of pydantic's faults as a sentence with its line and field."""
    place: Place = tuple(fault["loc"])
    kind, given = fault["type"], fault["input"]
    if kind == "unexpected_keyword_argument":
        near = difflib.get_close_matches(str(place[-1]), _known(place[:-1]), 1)
        said = "there is no such field" + (f"; is {near[0]} meant?" if near else ".")
    elif kind.startswith("missing"):
        said = "it is missing."
    elif kind == "string_type" and isinstance(given, bool):
        said = f"{str(given).lower()} is a truth value; write it in quotes."
    else:
        said = f"{given!r:.80}: {fault['msg'][0].lower()}{fault['msg'][1:]}."
    return f"line {_line(node, place)}, {_dotted(place)}: {said}"


def _known(place: Place) -> list[str]:
    """Return the fields that are known at a place, as far as its type says so."""
    from typing import get_args, get_type_hints

    kind: Any = Pipeline
    for part in place:
        inside = kind if isinstance(part, int) else get_type_hints(kind).get(part)
        kind = next((one for one in (inside, *get_args(inside)) if is_dataclass(one)), None)
        if kind is None:
            return []
    return [entry.name for entry in fields(kind)]


def _faulty(name: str, faults: list[str]) -> InputError:
    more = f" And {len(faults) - SHOWN} more." if len(faults) > SHOWN else ""
    return InputError(f"{name} has {len(faults)} {'fault' if len(faults) == 1 else 'faults'}: {' '.join(faults[:SHOWN])}{more}",
                      action="Correct them; docs/pipelines.md lists the fields.")  # fmt: skip


def _numbered(pipeline: Pipeline) -> Pipeline:
    """Give steps and rules ids by their place, so that the same file is the same pipeline."""
    recipe = pipeline.recipe
    if recipe is not None:
        recipe = Recipe(tuple(replace(step, id=f"step{number:04d}") for number, step in enumerate(recipe, 1)))
    rules: tuple[Rule, ...] = tuple(replace(one, id=f"rule{n:04d}") for n, one in enumerate(pipeline.gates.rules, 1))
    return replace(pipeline, recipe=recipe, gates=replace(pipeline.gates, rules=rules))


def _senseless(pipeline: Pipeline) -> Iterator[tuple[Place, str]]:
    """Give what has the right kind and still cannot be meant, with its place."""
    from automl_core.metrics import metric_of

    data, experiment, gates = pipeline.data, pipeline.experiment, pipeline.gates
    if bool(data.file) == bool(data.query):
        yield ("data",), "it needs a file or a query, one of the two."
    yield from _fails(("registry", "name"), partial(check_name, pipeline.registry.name))
    yield from _fails(("experiment", "metric"), partial(metric_of, experiment))
    if experiment.task == "binary" and not experiment.positive:
        yield ("experiment",), "positive is missing: of two labels one is the event."
    for number, step in enumerate(pipeline.recipe or ()):
        yield from _fails(("recipe", "steps", number), partial(check_params, step))
    for name in gates.score:
        yield from _fails(("gates", "score", name), partial(metric_of, experiment, name))
    if not experiment.holdout and not data.labelled:
        yield ("experiment", "holdout"), "rows have to judge the model: keep some aside, or name labelled rows in data.labelled."
    if not re.fullmatch(r"(?:[01]\d|2[0-3]):[0-5]\d", pipeline.schedule.at):
        yield ("schedule", "at"), f"{pipeline.schedule.at!r} is no time such as 05:00."


def _fails(place: Place, work: Callable[[], object]) -> Iterator[tuple[Place, str]]:
    try:
        work()
    except AutoMLError as error:
        yield place, str(error)


def _short(thing: Any) -> Any:
    """Return plain data of an object without its ids and without what has its default."""
    if is_dataclass(thing) and not isinstance(thing, type):
        kept = {}
        for entry in fields(thing):
            value = getattr(thing, entry.name)
            default = entry.default if entry.default_factory is MISSING else entry.default_factory()
            if entry.name not in ("id", "created") and value != default:
                kept[entry.name] = _short(value)
        return kept
    if isinstance(thing, dict):
        return {str(name): _short(value) for name, value in thing.items()}
    return [_short(one) for one in thing] if isinstance(thing, tuple | list) else thing
