"""What ``make audit`` makes of pip-audit's words."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

AUDIT = runpy.run_path(str(Path(__file__).resolve().parents[2] / ".ci" / "audit.py"))
WEAK = {"name": "a", "version": "1.0", "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["1.1"]}]}
FINE = {"name": "b", "version": "2.0", "vulns": []}
SKIPPED = {"name": "c", "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize(
    ("packages", "reasons", "said", "code"),
    [
        ([FINE], {}, ["1 of 1 packages were asked about."], 0),
        ([FINE, WEAK], {}, ["a 1.0: PYSEC-1, mended in 1.1. NOT EXPLAINED", "2 of 2 packages were asked about."], 1),
        ([WEAK], {"CVE-1": "Not used."}, ["a 1.0: PYSEC-1, mended in 1.1. Not used.", "1 of 1 packages were asked about.",
                                          ], 0),
        ([FINE, SKIPPED], {"CVE-2": "x"}, ["1 of 2 packages were asked about.",
                                           "CVE-2 is explained, and no package has it any more."], 0),
        ([SKIPPED], {"CVE-2": "x"}, ["The advisory service was not reached: it answered for none of 1 packages."], 0),
        ([], {}, ["The advisory service was not reached: it answered for none of 0 packages."], 0),
    ],
)  # fmt: skip
def test_what_is_said(packages: list[dict[str, Any]], reasons: dict[str, str], said: list[str], code: int) -> None:
    """pip-audit says that there are no known weaknesses, and ends well, where it could ask about nothing."""
    assert AUDIT["judge"](packages, reasons) == (said, code)


def test_an_exception_needs_a_reason() -> None:
    assert AUDIT["explained"]("# why\n\nCVE-1 Not used.\n") == {"CVE-1": "Not used."}
    with pytest.raises(ValueError, match=r"^CVE-2 has no reason\."):
        AUDIT["explained"]("CVE-2\n")
