"""What is fuzzed: each target makes an input from a random source and judges it; anything but a refusal of ours is a finding."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import io
import json
import random
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from automl_core.cleaning.recipe import Recipe, Step
from automl_core.errors import AutoMLError
from tests.conftest import CUSTOMERS, RECIPE, customers, make_estimators, write_run
from tests.fuzz.mutations import changed_json, damaged

Files = dict[str, bytes]


@dataclass(frozen=True)
class Target:
    """One thing that is fuzzed.

    Parameters
    ----------
    name : str
    make : callable
        Makes an input.
    judge : callable
        Returns how it came out in a word; raises what no input may cause.
    seconds : float
        Longest time of one input.
    end : callable
        Lets go of what it holds.
    """

    name: str
    make: Callable[[random.Random], bytes]
    judge: Callable[[bytes], str]
    seconds: float = 10.0
    end: Callable[[], None] = lambda: None


# -- the reader of tables ------------------------------------------------------------------------------------------


def tables() -> list[bytes]:
    """Small tables as people send them: dialects, encodings, JSON, compressed."""
    frame = customers(8)[["key", "age", "city", "joined"]]  # small, so that many are tried
    text = frame.to_csv(index=False)
    semicolons = frame.to_csv(index=False, sep=";", decimal=",")
    messy = (
        'Report of May\n\nname;born;"what ""it"" is";price\n"Smith; Ann";01.02.1990;"two\nlines";1.234,50 €\n'
        "Müller;31.12.1985;;-\nOrtega;N/A;x;(12,00)\n\nTotal: 3\n"
    )
    records = [{"a": 1, "b": {"c": "x"}, "d": [1, 2]}, {"a": None, "b": {"c": "=1+1"}, "e": True}]
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("readme.txt", "nothing")
        archive.writestr("table.csv", text)
    return [
        text.encode(),
        semicolons.encode("utf-16"),
        frame.to_csv(index=False, sep="\t", quoting=1).encode("utf-8-sig"),
        messy.encode("cp1252"),
        messy.encode(),
        b"a|b|c\n1|2|3\n4|5|6\n",
        b"3 4.5 x\n4 5.5 y\n5 6.5 z\n",
        b"a,b\n1,2\n\n\nc,d,e\n1,2,3\n4,5,6\n",
        json.dumps(records).encode(),
        "\n".join(json.dumps(record) for record in records).encode(),
        json.dumps({"a": [1, 2, 3], "b": ["x", "y", "z"]}).encode(),
        gzip.compress(text.encode()),
        zipped.getvalue(),
    ]


def reader(home: Path, bundle: Path) -> Target:
    """A file of unknown kind is read, and its columns are typed."""
    from automl_core.data.kinds import infer_schema
    from automl_core.data.parsing import parse_frame
    from automl_core.data.sources.opening import read_any

    seeds, path = tables(), home / "table.csv"

    def judge(data: bytes) -> str:
        path.write_bytes(data)
        try:
            table = read_any(path, limit=1 << 20)
            parsed = parse_frame(table.frame, infer_schema(table.frame))
        except AutoMLError:
            return "refused"
        assert parsed.frame.shape == (table.report.rows, table.report.columns)
        json.dumps(table.report.to_dict(), allow_nan=False)
        return "read"

    return Target("reader", lambda rng: damaged(rng.choice(seeds), rng, seeds), judge)


# -- the loader of recipes -----------------------------------------------------------------------------------------


def recipes() -> list[bytes]:
    """Every kind of step with its usual settings, one recipe each, and some together."""
    from automl_core.cleaning.steps import OPERATIONS

    given: dict[str, Any] = {
        "condition": "age > 40",
        "formula": "age * 2",
        "pattern": r"(\w+)@",
        "column": "city",
        "names": {"age": "years"},
        "mapping": {"Rome": "Roma"},
        "words": ["-"],
        "name": "made",
        "columns": [],
    }
    single = []
    for entry in OPERATIONS.values():
        params = {param.name: given.get(param.name, given.get(param.kind, param.default)) for param in entry.params}
        single.append(Recipe((Step(entry.op, params, id="aaaa0001"),)))
    return [json.dumps(recipe.to_dict()).encode() for recipe in (*single, RECIPE)]


def loader(home: Path, bundle: Path) -> Target:
    """A recipe is imported, checked against a table, applied to it, and what learns is fitted."""
    import numpy as np

    from automl_core.cleaning.apply import apply_stateless
    from automl_core.cleaning.preprocessing import build_preprocessor
    from automl_core.cleaning.steps import check_step, describe
    from automl_core.cleaning.store import export_recipe, import_recipe

    seeds, frame = recipes(), customers(30)
    words = [*CUSTOMERS.names, "mean", "auto", "age > ", "[age] / 0", "sqrt(age)", "sum(age)", r"(\d+)-(\d+)", "%d.%m.%Y", ","]

    def make(rng: random.Random) -> bytes:
        seed = json.loads(rng.choice(seeds))
        if rng.random() < 0.3:
            seed["steps"] += json.loads(rng.choice(seeds))["steps"]
        return changed_json(json.dumps(seed).encode(), rng, words)

    def judge(data: bytes) -> str:
        try:
            recipe = import_recipe(data)
            export_recipe(recipe)
            for step in recipe:
                describe(step)
                check_step(step, CUSTOMERS)
            cleaned = apply_stateless(frame, CUSTOMERS, recipe, training=True)
            features = cleaned.schema.without([name for name in ("outcome", "level") if name in cleaned.schema])
            rows = cleaned.frame[features.names]
            if len(rows) < 2:
                return "no rows left"
            y = np.arange(len(rows)) % 2
            with np.errstate(all="ignore"):
                build_preprocessor(recipe, features, rows, task="binary").fit(rows, y).transform(rows)
        except AutoMLError:
            return "refused"
        return "applied"

    return Target("recipe", make, judge)


# -- the loader of bundles -----------------------------------------------------------------------------------------


def sealed(files: Files) -> bytes:
    """Return a bundle whose manifest holds the right hashes, as somebody who means harm would make it."""
    rest = {name: data for name, data in files.items() if name != "manifest.json"}
    manifest = files["manifest.json"]
    try:
        tree = json.loads(manifest)
        tree["files"] = {name: hashlib.sha256(data).hexdigest() for name, data in rest.items()}
        manifest = json.dumps(tree).encode()
    except (ValueError, TypeError):
        pass  # it was damaged beyond that
    return zipped({"manifest.json": manifest, **rest})


def zipped(files: Files) -> bytes:
    """Return files as a zip archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


def unzipped(data: bytes) -> Files:
    """Return the files of a zip archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def bundles(home: Path, bundle: Path) -> Target:
    """A bundle is opened, rebuilt, tries itself, and predicts."""
    from automl_core.scoring.bundle import load_model

    whole = unzipped(bundle.read_bytes())
    small = {name: data for name, data in whole.items() if not name.startswith("automl_core/")}
    path, frame = home / "model.zip", customers(3)
    texts = [name for name in small if name.endswith(".json")]
    models = [name for name in small if name.endswith(".skops")]

    def inside(data: bytes, rng: random.Random) -> bytes:
        """Return a fitted part whose own description or arrays were changed."""
        files = unzipped(data)
        name = "schema.json" if rng.random() < 0.7 else rng.choice(list(files))
        files[name] = changed_json(files[name], rng, WORDS) if name.endswith(".json") else damaged(files[name], rng)
        return zipped(files)

    def make(rng: random.Random) -> bytes:
        files, way = dict(small), rng.random()
        if way < 0.45:
            name = "manifest.json" if rng.random() < 0.6 else rng.choice(texts)
            files[name] = changed_json(files[name], rng, [*CUSTOMERS.names, "binary", "left", "stayed", *texts])
        elif way < 0.85:
            name = rng.choice(models)
            files[name] = inside(files[name], rng)
        elif way < 0.9:
            files[rng.choice(("../x", "/etc/x", "a\\b", "models/x", "C:x", "manifest.json/"))] = b"x"
        return damaged(sealed(files), rng) if way > 0.88 else sealed(files)

    def judge(data: bytes) -> str:
        path.write_bytes(data)
        try:
            model = load_model(path)
            model.predict(frame)
        except AutoMLError:
            return "refused"
        return "loaded"

    return Target("bundle", make, judge)


def remembering(bundle: Path) -> Callable[[bytes, str], object]:
    """Return what rebuilds a part and remembers those that nobody touched, so that more inputs are tried in the time."""
    from automl_core.scoring.trusted import load_trusted

    known = {data: load_trusted(data, name) for name, data in unzipped(bundle.read_bytes()).items() if name.endswith(".skops")}
    return lambda data, what: known[data] if data in known else load_trusted(data, what)


WORDS = (
    "ObjectNode", "FunctionNode", "MethodNode", "TypeNode", "NdArrayNode", "DictNode", "ListNode", "JsonNode", "PartialNode",
    "CachedNode", "OperatorFuncNode", "TreeNode", "system", "os", "builtins", "eval", "subprocess", "numpy", "0.npy",
)  # fmt: skip
"""What skops' description of a fitted object is made of, and what an attacker would like to see there."""


# -- the service ---------------------------------------------------------------------------------------------------


def service(home: Path, bundle: Path) -> Target:
    """Requests to the service, asked as its server would."""
    from automl_core.scoring.logged import Keeping, PredictionLog
    from automl_core.serving.app import create_app
    from automl_core.serving.guard import Limits
    from automl_core.serving.logs import Recorder
    from automl_core.serving.parts import Parts
    from automl_core.serving.source import Source
    from automl_core.serving.source import Target as Served

    parts = Parts(
        Source(lambda: Served(bundle), every=0),
        limits=Limits(body=100_000, batch=100_000, rows=50),
        log=Recorder(PredictionLog(home, lambda: Keeping(key="order"))),
    )
    app, loop = create_app(parts), asyncio.new_event_loop()
    row = {"age": 61.0, "city": "Rome", "joined": "2021-03-01"}
    rows = [
        {"rows": [{**row, "order": 17}]},
        {"rows": [row, {**row, "age": None}, {**row, "city": "Oslo", "joined": "01.02.2021"}]},
    ]
    labels = {"labels": [{"request_id": "a", "row": 0, "label": "left"}, {"key": "17", "label": "stayed"}]}
    table = customers(4).drop(columns="outcome").to_csv(index=False).encode()
    words = [*row, "rows", "order", "left", "2021-03-01", "61", "1e5"]

    def make(rng: random.Random) -> bytes:
        where = rng.random()
        if where < 0.9:
            return b"/predict " + changed_json(json.dumps(rng.choice(rows)).encode(), rng, words)
        if where < 0.95:
            return b"/feedback " + changed_json(json.dumps(labels).encode(), rng, words)
        return b"/predict_batch " + damaged(table, rng, [table])

    def judge(data: bytes) -> str:
        path, _, body = data.partition(b" ")
        status, answer = loop.run_until_complete(_ask(app, path.decode(), body))
        assert status < 500, (status, answer[:300])
        if path != b"/predict_batch" or status != 200:
            assert "request_id" in json.loads(answer), answer[:300]
        return str(status)

    def end() -> None:
        parts.log.close()
        loop.close()

    return Target("service", make, judge, end=end)


async def _ask(app: Any, path: str, body: bytes) -> tuple[int, bytes]:
    """Return the status and the body of an answer of an ASGI application."""
    kind = "text/csv" if path == "/predict_batch" else "application/json"
    headers = {"host": "127.0.0.1", "content-type": kind, "content-length": str(len(body))}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    given = [{"type": "http.request", "body": body, "more_body": False}]
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return given.pop() if given else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    await app(scope, receive, send)
    return int(said[0]["status"]), b"".join(message.get("body", b"") for message in said[1:])


# -- all of them ---------------------------------------------------------------------------------------------------

TARGETS: dict[str, Callable[[Path, Path], Target]] = {"reader": reader, "recipe": loader, "bundle": bundles, "service": service}


@contextmanager
def target(name: str, bundle: Path) -> Iterator[tuple[Target, Path]]:
    """Return a target with a folder of its own, the only one that its inputs may write into."""
    with tempfile.TemporaryDirectory(prefix="tablewright-fuzz-") as folder:
        home = Path(folder)
        before, tempfile.tempdir = tempfile.tempdir, folder
        try:
            with mock.patch("automl_core.scoring.bundle.load_trusted", remembering(bundle)):
                tried = TARGETS[name](home, bundle)
                try:
                    yield tried, home
                finally:
                    tried.end()
        finally:
            tempfile.tempdir = before


def make_bundle(folder: Path) -> Path:
    """Make a small bundle to start from."""
    from automl_core.experiment import ExperimentConfig
    from automl_core.model import build_model

    names = ["age", "city", "joined", "outcome"]
    schema = CUSTOMERS.without([name for name in CUSTOMERS.names if name not in names])
    recipe = Recipe(tuple(step for step in RECIPE if step.op != "drop_columns"))
    config = ExperimentConfig("outcome", "binary", "roc_auc", "left", holdout=0.25)
    one = {"logistic": make_estimators("binary")["logistic"]}
    run = write_run(folder / "run", customers(80)[names], schema, config, one, recipe=recipe, classes=("stayed", "left"))
    return build_model(run.path, "logistic", folder / "bundle.zip")
