"""Ask the advisory service about every locked package: ``make audit``.

Fails on a known weakness that `.ci/audit-exceptions.txt` does not explain. pip-audit says that there are none also where it
could ask about nothing; here packages that were not found and a service that was not reached are counted and told.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-cluster.txt")
SECONDS = 180
"""For each lock; the service is asked about each package."""


def explained(text: str) -> dict[str, str]:
    """Return the reasons by advisory; raises ValueError for a line without one."""
    reasons = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            advisory, _, reason = line.strip().partition(" ")
            if not reason.strip():
                raise ValueError(f"{advisory} has no reason.")
            reasons[advisory] = reason.strip()
    return reasons


def judge(packages: list[dict[str, Any]], reasons: dict[str, str]) -> tuple[list[str], int]:
    """Return what is to be said of pip-audit's packages, and the exit code."""
    asked = [package for package in packages if "skip_reason" not in package]
    said, code, met = [], 0, set()
    for package in asked:
        for weakness in package["vulns"]:
            names = {weakness["id"], *weakness.get("aliases", ())}
            met |= names
            known = next((reasons[name] for name in sorted(names) if name in reasons), "")
            fixed = ", ".join(weakness.get("fix_versions", ())) or "no version yet"
            said.append(
                f"{package['name']} {package['version']}: {weakness['id']}, mended in {fixed}. {known or 'NOT EXPLAINED'}"
            )
            code = code if known else 1
    if not asked:
        said.append(f"The advisory service was not reached: it answered for none of {len(packages)} packages.")
    else:
        said.append(f"{len(asked)} of {len(packages)} packages were asked about.")
        said += [f"{name} is explained, and no package has it any more." for name in sorted(set(reasons) - met)]
    return said, code


def ask(lock: Path, out: Path) -> list[dict[str, Any]]:
    """Return what pip-audit says of the packages of a lock; an empty list when it cannot say anything."""
    command = [sys.executable, "-m", "pip_audit", "-r", str(lock), "--no-deps", "--disable-pip", "-f", "json", "-o", str(out)]
    ended = subprocess.run(
        [*command, "--progress-spinner", "off", "--timeout", "10"], capture_output=True, timeout=SECONDS, check=False
    )
    if not out.exists():
        print(f"pip-audit ended with {ended.returncode}: {ended.stderr.decode().strip().splitlines()[-1][:300]}")
        return []
    packages: list[dict[str, Any]] = json.loads(out.read_text())["dependencies"]
    return packages


def main() -> int:
    """Ask about all locks and print what was found."""
    reasons = explained((ROOT / ".ci" / "audit-exceptions.txt").read_text())
    found: dict[tuple[str, str], dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for lock in LOCKS:
            try:
                packages = ask(ROOT / lock, Path(folder) / f"{lock}.json")
            except subprocess.TimeoutExpired:
                print(f"The advisory service did not answer about {lock} within {SECONDS} s.")
                continue
            found |= {(package["name"], package.get("version", "")): package for package in packages}
    said, code = judge(list(found.values()), reasons)
    print("\n".join(said))
    return code


if __name__ == "__main__":
    sys.exit(main())
