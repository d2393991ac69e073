"""skops with the kept list of types is skops: nothing it trusts differs from what its own import finds."""

import json
import subprocess
import sys
from pathlib import Path

from automl_core.engines import skops

ROOT = Path(__file__).resolve().parents[2]
LOOK = "import sys, json, skops.io._trusted_types as t; print(json.dumps([t.SKLEARN_ESTIMATOR_TYPE_NAMES, len(sys.modules)]))"


def names(before: str) -> tuple[list[str], int]:
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"{before}; {LOOK}"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found, modules = json.loads(said.stdout)
    return sorted(found), modules


def test_the_kept_list_is_what_the_import_finds_and_spares_hundreds_of_modules():
    theirs, many = names("pass")
    ours, few = names("from automl_core.engines.skops import import_skops; assert import_skops()")
    assert ours == theirs
    assert few < many - 200


def test_the_kept_list_belongs_to_the_installed_version():
    kept = json.loads(skops.TYPES.read_text())
    # In a process of its own: modules that another test imported, such as the iterative imputer's, would be found too.
    code = "import json; from automl_core.engines import skops; print(json.dumps(skops.read_types()))"
    said = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert kept == json.loads(said.stdout)


def test_another_version_is_imported_as_usual(tmp_path):
    kept = tmp_path / "types.json"
    kept.write_text('{"scikit-learn": "0.1", "types": []}')
    before = (
        "from pathlib import Path; from automl_core.engines import skops as ours; "
        f"ours.TYPES = Path({str(kept)!r}); assert not ours.import_skops()"
    )
    assert names(before)[0] == names("pass")[0]


def test_a_skops_that_names_its_parts_otherwise_is_left_as_it_is(monkeypatch):
    from skops.io import _general

    monkeypatch.delattr(_general.BytearrayNode, "_construct")
    skops._read_bytes_at_once()
    assert "_construct" not in vars(_general.BytearrayNode)
    monkeypatch.delattr(_general, "BytearrayNode")
    skops._read_bytes_at_once()
    assert not hasattr(_general, "BytearrayNode")
