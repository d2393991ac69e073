"""Every way in which a model file can be wrong is refused with its own sentence, and nothing of it is executed."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn
import skops.io

from automl_core.errors import FormatError, NotFoundError
from automl_core.model import build_model
from automl_core.scoring.archive import MAX_FILES, read_archive
from automl_core.scoring.bundle import load_model
from automl_core.scoring.trusted import load_trusted
from tests.conftest import MakeRun

Files = dict[str, bytes]
EXECUTED: list[str] = []


def note(what: str) -> None:
    EXECUTED.append(what)


class Spy:
    """A type that no model holds; it notes when anything of it runs."""

    def __init__(self) -> None:
        self.value = 1

    def __setstate__(self, state: dict[str, Any]) -> None:
        note("setstate")

    def __reduce__(self) -> tuple[Any, ...]:
        return note, ("reduce",)


@pytest.fixture(autouse=True)
def nothing_ran() -> Any:
    EXECUTED.clear()
    yield
    assert EXECUTED == []


@pytest.fixture(scope="module")
def good(make_run: MakeRun, tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The files of a small sound model."""
    path = build_model(make_run("binary").path, "logistic", tmp_path_factory.mktemp("good") / "good.zip")
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path: Path, files: Files) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def resealed(files: Files, manifest: dict[str, Any] | None = None) -> Files:
    """Return the files with a manifest whose hashes fit them, as somebody who means harm would make it."""
    data = manifest if manifest is not None else json.loads(files["manifest.json"])
    rest = {name: content for name, content in files.items() if name != "manifest.json"}
    data["files"] = {name: hashlib.sha256(content).hexdigest() for name, content in rest.items()}
    return {"manifest.json": json.dumps(data).encode(), **rest}


def refusal(path: Path) -> str:
    with pytest.raises(FormatError) as caught:
        load_model(path)
    return str(caught.value)


def a_model(files: Files) -> str:
    """Return the name of a fitted estimator's file."""
    return next(name for name in files if name.endswith("logistic.skops"))


def test_the_sound_model_loads(good: Files, tmp_path: Path) -> None:
    model = load_model(write(tmp_path / "m.zip", good))
    assert (model.candidate, model.task, model.classes) == ("logistic", "binary", ("stayed", "left"))
    assert load_model(write(tmp_path / "n.zip", resealed(good))).candidate == "logistic"


def test_no_file(tmp_path: Path) -> None:
    for path in (tmp_path / "none.zip", tmp_path):
        with pytest.raises(NotFoundError) as caught:
            load_model(path)
        assert str(caught.value) == f"There is no model file {path.name}. Check the path, or export the model again."


@pytest.mark.parametrize("content", [b"", b"age,city\n1,Rome\n", pickle.dumps({"a": 1})], ids=["empty", "csv", "pickle"])
def test_no_zip(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.zip"
    path.write_bytes(content)
    expected = "m.zip is no readable zip file: File is not a zip file. Export or download the model again."
    assert refusal(path) == expected


def test_a_download_that_broke_off(good: Files, tmp_path: Path) -> None:
    path = write(tmp_path / "m.zip", good)
    whole = path.read_bytes()
    for share in (0.2, 0.5, 0.99):
        path.write_bytes(whole[: int(share * len(whole))])
        assert refusal(path) == "m.zip is no readable zip file: File is not a zip file. Export or download the model again."


def test_any_damaged_byte_is_refused_or_changes_nothing(good: Files, tmp_path: Path) -> None:
    small = {name: good[name] for name in ("manifest.json", "README.md", "NOTICE.txt")}
    manifest = json.loads(small["manifest.json"])
    sound = write(tmp_path / "m.zip", resealed(small, manifest))
    expected, whole = read_archive(sound), sound.read_bytes()
    rng, refused = random.Random(0), 0
    for _ in range(600):
        data = bytearray(whole)
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        sound.write_bytes(data)
        try:
            assert read_archive(sound) == expected
        except FormatError:
            refused += 1
    assert refused > 500


def test_a_missing_file(good: Files, tmp_path: Path) -> None:
    for name in ("samples.json", "reference.json", a_model(good), "automl_core/errors.py", "README.md"):
        path = write(tmp_path / "m.zip", {key: data for key, data in good.items() if key != name})
        assert refusal(path) == f"m.zip is incomplete: {name} is missing. Export or download the model again."


def test_a_missing_file_that_the_manifest_hides(good: Files, tmp_path: Path) -> None:
    for name in ("samples.json", "reference.json"):
        path = write(tmp_path / "m.zip", resealed({key: data for key, data in good.items() if key != name}))
        assert refusal(path) == f"m.zip is incomplete: {name} is missing. Export it again."
    name = a_model(good)
    path = write(tmp_path / "m.zip", resealed({key: data for key, data in good.items() if key != name}))
    assert refusal(path) == f"The manifest of m.zip is damaged: KeyError({name!r}). Export the model again."


def test_an_extra_file(good: Files, tmp_path: Path) -> None:
    path = write(tmp_path / "m.zip", {**good, "automl_core/extra.py": b"raise SystemExit"})
    assert refusal(path) == "m.zip was altered: it holds automl_core/extra.py, which its manifest does not list. Do not use it."


def test_an_altered_byte(good: Files, tmp_path: Path) -> None:
    for name in good:
        if name != "manifest.json":
            data = bytearray(good[name])
            data[len(data) // 2] ^= 1
            path = write(tmp_path / "m.zip", {**good, name: bytes(data)})
            assert refusal(path) == (
                f"m.zip was altered: {name} is not what was exported (its SHA-256 differs). Export or download the model again."
            )


def test_no_manifest(good: Files, tmp_path: Path) -> None:
    path = write(tmp_path / "m.zip", {name: data for name, data in good.items() if name != "manifest.json"})
    assert refusal(path) == "m.zip has no manifest.json. A model file of Tablewright has one. Choose another file."


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"{", "manifest.json is damaged: Expecting property name enclosed in double quotes: line 1 column 2 (char 1). "
               "Export the model again."),
        (b"\xff", "manifest.json is damaged: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte. "
                  "Export the model again."),
        (b"[" * 100_000, "manifest.json is damaged: maximum recursion depth exceeded while decoding a JSON array from a unicode "
                         "string. Export the model again."),
        (b"[]", "m.zip has format 'list'. This version reads format 1. Use the version that exported it."),
        (b"{}", "m.zip has format None. This version reads format 1. Use the version that exported it."),
        (b'{"format": 2}', "m.zip has format 2. This version reads format 1. Use the version that exported it."),
        (b'{"format": 1}', "m.zip lists no hashes of its files. Export the model again."),
    ],
    ids=["cut", "binary", "deep", "list", "none", "newer", "no hashes"],
)  # fmt: skip
def test_a_wrong_manifest(content: bytes, expected: str, good: Files, tmp_path: Path) -> None:
    assert refusal(write(tmp_path / "m.zip", {**good, "manifest.json": content})) == expected


@pytest.mark.parametrize(
    "name", ["../evil.py", "/etc/evil", "models/../../evil", "..\\evil", "C:/evil", "models/a\\b", "\\\\host\\share"]
)
def test_a_path_that_leads_outside(name: str, good: Files, tmp_path: Path) -> None:
    path = write(tmp_path / "m.zip", resealed({**good, name: b"x"}))
    assert refusal(path) == f"m.zip holds the path {name!r}, which leads outside of it. Do not use this file."
    assert [entry.name for entry in tmp_path.iterdir()] == ["m.zip"]


def test_a_bomb(good: Files, tmp_path: Path) -> None:
    bomb = {**good, "models/bomb.skops": bytes(80 * 1024**2)}
    message = refusal(write(tmp_path / "m.zip", bomb))
    size = sum(map(len, bomb.values())) / 1024**2
    assert message.startswith(f"m.zip would unpack to {size:.0f} MB. No model of this size is read. Do not use this file.")


def test_a_bomb_inside_a_fitted_model(good: Files, tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", b"{}")
        archive.writestr("0.npy", bytes(80 * 1024**2))
    name = a_model(good)
    message = refusal(write(tmp_path / "m.zip", resealed({**good, name: inner.getvalue()})))
    assert message == (
        f"{name.removeprefix('models/')} would unpack to 80 MB. No model of this size is read. Do not use this file."
    )


def test_too_many_files(good: Files, tmp_path: Path) -> None:
    path = write(tmp_path / "m.zip", {**good, **{f"models/{number}": b"" for number in range(MAX_FILES)}})
    assert refusal(path) == f"m.zip holds {MAX_FILES + len(good):,} files. A model has fewer than 5000. Do not use it."


def test_two_files_of_one_name(good: Files, tmp_path: Path) -> None:
    path = write(tmp_path / "m.zip", good)
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("README.md", good["README.md"])
    assert refusal(path) == "m.zip holds two files of one name. Do not use it; export the model again."


def test_an_encrypted_zip(good: Files, tmp_path: Path) -> None:
    path = write(tmp_path / "m.zip", good)
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the first bit of the flags says encrypted
        data[data.index(mark) + offset] |= 1
    path.write_bytes(data)
    assert refusal(path).startswith(f"m.zip is no readable zip file: File '{next(iter(good))}' is encrypted")


def test_a_type_that_is_not_trusted(good: Files, tmp_path: Path) -> None:
    class Plain:
        def __init__(self) -> None:
            self.value = 1

    Plain.__qualname__ = Plain.__name__ = "Plain"
    name = a_model(good)
    data = skops.io.dumps(Plain())
    path = write(tmp_path / "m.zip", resealed({**good, name: data}))
    inside = f"{Plain.__module__}.Plain"
    assert refusal(path) == (
        f"{name.removeprefix('models/')} holds {inside}, which is not among the types this version trusts. "
        "A model exported by Tablewright holds none of these. Do not use this file unless you know who made it and how."
    )


def crafted(schema: dict[str, Any], **files: bytes) -> bytes:
    """Return a skops file of somebody's own making."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.writestr("schema.json", json.dumps({"protocol": 2, "_skops_version": skops.__version__, **schema}))
    return buffer.getvalue()


def test_the_spy_would_be_noticed() -> None:
    pickle.loads(pickle.dumps(Spy()))
    assert EXECUTED == ["reduce"]
    EXECUTED.clear()


CALLS: dict[str, Callable[[], bytes]] = {
    "function": lambda: crafted(
        {"__class__": "system", "__module__": "os", "__loader__": "FunctionNode", "__id__": 1, "content": {}}
    ),
    "object": lambda: crafted(
        {"__class__": "Spy", "__module__": Spy.__module__, "__loader__": "ObjectNode", "__id__": 1, "content": None}
    ),
    "type": lambda: crafted({"__class__": "Popen", "__module__": "subprocess", "__loader__": "TypeNode", "__id__": 1}),
}


@pytest.mark.parametrize("kind", CALLS)
def test_a_call_of_somebody_s_choosing_is_refused_before_anything_is_made(kind: str) -> None:
    with pytest.raises(FormatError, match="is not among the types this version trusts"):
        load_trusted(CALLS[kind](), "0/x.skops")


def test_a_pickle_in_place_of_a_model(good: Files, tmp_path: Path) -> None:
    name = a_model(good)
    path = write(tmp_path / "m.zip", resealed({**good, name: pickle.dumps(Spy())}))
    assert refusal(path) == (
        f"{name.removeprefix('models/')} is no readable model: File is not a zip file. Export the model again."
    )


def test_a_pickle_hidden_in_an_array(good: Files, tmp_path: Path) -> None:
    """NumPy stores objects as pickles; a fitted array replaced by such a one is not unpickled."""
    name = a_model(good)
    hidden = io.BytesIO()
    np.save(hidden, np.array([Spy()], dtype=object), allow_pickle=True)
    inner = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good[name])) as source, zipfile.ZipFile(inner, "w") as target:
        arrays = [entry for entry in source.namelist() if entry.endswith(".npy")]
        for entry in source.namelist():
            target.writestr(entry, hidden.getvalue() if entry == arrays[0] else source.read(entry))
    path = write(tmp_path / "m.zip", resealed({**good, name: inner.getvalue()}))
    assert refusal(path) == (
        f"{name.removeprefix('models/')} cannot be rebuilt: Object arrays cannot be loaded when allow_pickle=False. "
        "Install the versions in its requirements.txt, or export it again."
    )


def test_a_model_whose_package_is_not_installed(good: Files) -> None:
    data = crafted(
        {"__class__": "Anything", "__module__": "no_such_package", "__loader__": "ObjectNode", "__id__": 1, "content": None}
    )
    with pytest.raises(FormatError, match=r"no_such_package\.Anything, which is not among the types"):
        load_trusted(data, "0/x.skops")


def test_a_trusted_package_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    data = crafted(
        {
            "__class__": "LGBMClassifier",
            "__module__": "lightgbm.sklearn",
            "__loader__": "ObjectNode",
            "__id__": 1,
            "content": None,
        }
    )
    monkeypatch.setitem(sys.modules, "lightgbm.sklearn", None)
    with pytest.raises(FormatError) as caught:
        load_trusted(data, "0/x.skops")
    assert str(caught.value) == (
        "0/x.skops needs the package 'lightgbm', which is not installed here. "
        "Install the exact versions with: pip install -r requirements.txt"
    )


@pytest.mark.parametrize(
    ("made", "shown"), [("1.3.2", "1.3.2"), ("0.24.1", "0.24.1"), ("1.40.0", "1.40.0"), (None, "of an unknown version")]
)
def test_another_scikit_learn(made: str | None, shown: str, good: Files, tmp_path: Path) -> None:
    manifest = json.loads(good["manifest.json"])
    if made is None:
        del manifest["versions"]
    else:
        manifest["versions"]["scikit-learn"] = made
    assert refusal(write(tmp_path / "m.zip", resealed(good, manifest))) == (
        f"m.zip was made with scikit-learn {shown}; here is {sklearn.__version__}. Another version may predict something else "
        "without saying so. Install the exact versions with: pip install -r requirements.txt (it is in the zip)."
    )


def test_another_patch_of_scikit_learn_is_read(good: Files, tmp_path: Path) -> None:
    manifest = json.loads(good["manifest.json"])
    manifest["versions"]["scikit-learn"] = ".".join([*sklearn.__version__.split(".")[:2], "99"])
    assert load_model(write(tmp_path / "m.zip", resealed(good, manifest))).candidate == "logistic"


def with_samples(good: Files, change: Callable[[dict[str, Any]], Any]) -> Files:
    samples = json.loads(good["samples.json"])
    change(samples)
    return resealed({**good, "samples.json": json.dumps(samples).encode()})


def test_other_predictions_than_promised(good: Files, tmp_path: Path) -> None:
    def change(samples: dict[str, Any]) -> None:
        samples["expected"][0] = [first - 0.25 if first > 0.5 else first + 0.25 for first in samples["expected"][0]]

    assert refusal(write(tmp_path / "m.zip", with_samples(good, change))) == (
        "m.zip predicts its 20 sample rows differently from when it was exported (by up to 0.25). "
        "The same predictions are needed, or the model cannot be trusted here. "
        "Install the exact versions with: pip install -r requirements.txt"
    )


def test_a_last_digit_that_differs_is_forgiven_and_a_visible_one_is_not(good: Files, tmp_path: Path) -> None:
    def shifted(by: float) -> Files:
        def change(samples: dict[str, Any]) -> None:
            samples["expected"][0] = [value * (1 + by) for value in samples["expected"][0]]

        return with_samples(good, change)

    assert load_model(write(tmp_path / "m.zip", shifted(1e-6))).candidate == "logistic"
    assert "differently from when it was exported" in refusal(write(tmp_path / "m.zip", shifted(1e-3)))


def test_predictions_of_another_shape(good: Files, tmp_path: Path) -> None:
    path = write(tmp_path / "m.zip", with_samples(good, lambda samples: samples["expected"].pop()))
    assert "differently from when it was exported (in shape)" in refusal(path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda samples: samples.pop("rows"), "'rows'"),
        (lambda samples: samples["columns"].__setitem__(0, "nope"), "There is no column 'nope'. The columns are 'key', 'mail'"),
        (lambda samples: samples["rows"].__setitem__(0, ["x"] * 9), "could not convert string to float: 'x'"),
        (lambda samples: samples.__setitem__("rows", 3), "'int' object is not iterable"),
    ],
    ids=["no rows", "unknown column", "words", "no list"],
)
def test_damaged_samples(change: Callable[[dict[str, Any]], Any], reason: str, good: Files, tmp_path: Path) -> None:
    message = refusal(write(tmp_path / "m.zip", with_samples(good, change)))
    assert message.startswith(f"m.zip cannot predict its own sample rows: {reason}")
    assert message.endswith("Install the exact versions with: pip install -r requirements.txt")


NEEDED = ("candidate", "name", "task", "target", "classes", "positive", "metric", "threshold", "schema", "recipe", "used",
          "lineage", "folds")  # fmt: skip


@pytest.mark.parametrize("key", NEEDED)
def test_a_manifest_that_lacks_a_key(key: str, good: Files, tmp_path: Path) -> None:
    manifest = json.loads(good["manifest.json"])
    del manifest[key]
    message = refusal(write(tmp_path / "m.zip", resealed(good, manifest)))
    owner = "The manifest of m.zip" if key in ("folds", "classes") else "The model's manifest"
    assert message == f"{owner} is damaged: KeyError('{key}'). Export the model again."


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("classes", 3),
        ("threshold", "high"),
        ("schema", []),
        ("schema", {"columns": [3]}),
        ("used", 1),
        ("folds", 1),
        ("folds", [{"preprocessors": {}, "members": [[1]]}]),
    ],
)
def test_a_manifest_with_a_wrong_value(key: str, value: Any, good: Files, tmp_path: Path) -> None:
    manifest = {**json.loads(good["manifest.json"]), key: value}
    message = refusal(write(tmp_path / "m.zip", resealed(good, manifest)))
    assert "anifest" in message and " is damaged: " in message and message.endswith("Export the model again.")


def test_a_manifest_with_a_recipe_of_another_version(good: Files, tmp_path: Path) -> None:
    manifest = {**json.loads(good["manifest.json"]), "recipe": {"format": 9}}
    path = write(tmp_path / "m.zip", resealed(good, manifest))
    assert refusal(path) == "This recipe has format 9. This version reads format 1."


def test_versions_that_are_no_versions(good: Files, tmp_path: Path) -> None:
    manifest = {**json.loads(good["manifest.json"]), "versions": ["scikit-learn"]}
    assert "was made with scikit-learn of an unknown version" in refusal(write(tmp_path / "m.zip", resealed(good, manifest)))


def test_a_model_without_any_fitted_part(good: Files, tmp_path: Path) -> None:
    manifest = {**json.loads(good["manifest.json"]), "folds": []}
    path = write(tmp_path / "m.zip", resealed(good, manifest))
    assert refusal(path) == "m.zip holds no fitted model. Export the model again."
