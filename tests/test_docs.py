"""The README says what is there: its pages, commands and settings are those of the code."""

import re
from pathlib import Path

import pytest

from automl_core.cli import app
from automl_core.serving.guard import Limits
from automl_core.serving.patience import Patience
from pages.shared.pagelist import PAGES

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return README.split(f"## {title}\n")[1].split("\n## ")[0]


def test_pages_are_listed_as_the_navigation_has_them():
    listed = re.findall(r"^\| (Home|Data|Model|Operate) \| ([\w-]+) \| (.+) \|$", section("The pages"), re.MULTILINE)
    assert listed == [(page.stage, page.title, page.question) for page in PAGES.values()]
    assert all(page.ready for page in PAGES.values())


def test_commands_are_listed():
    listed = re.findall(r"^\| `(\w+)", section("Without a browser"), re.MULTILINE)
    commands = [command.name or command.callback.__name__ for command in app.registered_commands]
    groups = [group.name for group in app.registered_groups]
    assert sorted(listed) == sorted([*commands, *groups])


def test_settings_are_read_somewhere():
    listed = re.findall(r"^\| `([A-Z_]+)`", section("Settings"), re.MULTILINE)
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "automl_core").rglob("*.py"))
    ours = [name for name in listed if name.startswith("AUTOML_")]
    assert sorted(ours) == sorted(set(re.findall(r'"(AUTOML_[A-Z_]+)"', code)))


def test_every_command_of_the_makefile_that_is_named_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    files = ("README.md", "CONTRIBUTING.md", "benchmarks/README.md", "docs/cluster.md", "docs/pipelines.md", "docs/security.md",
             "docs/how_it_works.md")  # fmt: skip
    text = "\n".join((ROOT / name).read_text(encoding="utf-8") for name in files)
    for target in set(re.findall(r"`make ([a-z0-9-]+)`", text)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "CONTRIBUTING.md",
        "benchmarks/README.md",
        *(f"docs/{name}.md" for name in ("cluster", "how_it_works", "pipelines", "security", "service", "worked_example")),
    ],
)
def test_links_to_files_lead_somewhere(name):
    for target, part in re.findall(r"\]\(([^)#:]+)(?:#([^)]*))?\)", (ROOT / name).read_text(encoding="utf-8")):
        found = (ROOT / name).parent / target
        assert found.exists(), target
        titles = re.findall(r"^#+ (.+)$", found.read_text(encoding="utf-8"), re.MULTILINE) if part else []
        assert not part or part in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}, part


def test_the_service_is_described_as_it_is():
    described = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
    code = (ROOT / "automl_core" / "serving" / "app.py").read_text(encoding="utf-8")
    paths = [(method.upper(), path) for method, path in re.findall(r'@app\.(get|post)\(\s*"(/\w+)"', code)]
    assert sorted(re.findall(r"^\| `([A-Z]+) (/\w+)`", described, re.MULTILINE)) == sorted(paths)
    limits, rows = Limits(), f"{Limits().rows:,}"
    assert f"JSON body may have {limits.body >> 20} MB and {rows} rows, a file {limits.batch >> 20} MB" in described
    assert f"a head has {Patience.seconds:g} s to come, a body {limits.seconds:g} s" in described


def test_every_figure_of_the_benchmarks_is_described_and_has_its_command():
    described = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    figures = re.findall(r'Figure\(\s*"([a-z-]+)"', (ROOT / "benchmarks" / "run.py").read_text(encoding="utf-8"))
    assert len(figures) >= 7
    for name in figures:
        assert f"`make bench-{name}`" in described, name
        assert re.search(rf"^bench-{name}:.*\n.*run\.py {name}$", makefile, re.MULTILINE), name


def test_the_readme_has_a_place_for_the_comparison():
    assert 0 < README.index("<!-- bench:start -->") < README.index("<!-- bench:end -->")


def test_every_direct_requirement_says_why_and_is_locked():
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8").lower()
    for line in (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, _, why = line.partition("#")
            assert why.strip(), line
            assert f"\n{re.split(r'[=<>~[]', name.strip())[0]}" in lock, line


def test_every_streamlit_setting_has_its_comment():
    for line in (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8").splitlines():
        assert not line or line.startswith(("#", "[")) or " # " in line, line
