"""The shape of the program: who may import whom, how large a thing may grow, and what must not be written anywhere."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import shared.errors

ROOT = Path(__file__).resolve().parents[1]
CODE = ("main.py", "functions", "shared", "local", "bench", "tests")
PRODUCT = ("main.py", "functions", "shared")
MAX_LINES = {"functions": 300, "shared": 300, "tests": 600}
"""A suite may be a long list."""
MAX_LINES_ELSEWHERE = 400
MAX_FUNCTION_LINES = 60
TEXT = {".py", ".md", ".toml", ".yaml", ".yml", ".txt", ".json", ".css", ".js", ".html", ".svg", ""}


def python_files(tops: tuple[str, ...]) -> Iterator[Path]:
    """Every Python file under these."""
    for top in tops:
        path = ROOT / top
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def named(path: Path) -> str:
    """The path from the root."""
    return path.relative_to(ROOT).as_posix()


def repository_files() -> list[Path]:
    """What is or would be committed."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode != 0:
        pytest.skip("this is not a git repository")
    return [path for name in listed.stdout.splitlines() if (path := ROOT / name).is_file()]


def contracts_hold(folder: Path) -> bool:
    """Whether the import rules of pyproject.toml hold for the packages in a folder."""
    code = "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache'])"
    ended = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert "Contracts" in ended.stdout, ended.stdout + ended.stderr
    return ended.returncode == 0


def test_imports_flow_one_way() -> None:
    assert contracts_hold(ROOT)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("shared/domain/agent.py", "import shared.store.store"),
        ("shared/settings.py", "import functions.campaigns.app"),
        ("functions/campaigns/app.py", "import functions.voice.turns"),
        ("functions/tools/registry.py", "import functions.voice.turns"),
        ("functions/voice/app.py", "import local.secret_manager"),
        ("shared/domain/retry.py", "import asyncio"),
        ("functions/voice/turns.py", "import logging"),
    ],
)
def test_a_forbidden_import_is_seen(file: str, line: str, tmp_path: Path) -> None:
    for package in ("functions", "shared", "local"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("*.ulaw", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    path = tmp_path / file
    path.write_text(path.read_text().replace("from __future__ import annotations", f"{line}  # noqa", 1))
    assert line in path.read_text()
    assert not contracts_hold(tmp_path)


def test_no_module_and_no_function_is_too_long() -> None:
    too_long = []
    for path in python_files(CODE):
        text = path.read_text()
        lines = text.count("\n")
        limit = MAX_LINES.get(named(path).split("/")[0], MAX_LINES_ELSEWHERE)
        too_long += [f"{named(path)}: {lines} lines"] if lines > limit else []
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                length = node.end_lineno - node.lineno + 1
                too_long += [f"{named(path)}: {node.name}, {length} lines"] if length > MAX_FUNCTION_LINES else []
    assert too_long == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        named(path)
        for path in python_files(CODE)
        if path.read_text().strip() and ast.get_docstring(ast.parse(path.read_text())) is None
    ]
    assert silent == []


def test_no_path_of_anybodys_machine_is_written_down() -> None:
    homes = re.compile(r"(?<![\w.$}~-])/(?:" + "|".join(["root", "home", "Users", "work"]) + r")/[\w.]")
    found = [
        f"{named(path)}:{number}"
        for path in repository_files()
        if path.suffix in TEXT and path.stat().st_size < 1_000_000
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if homes.search(line)
    ]
    assert found == []


def test_the_errors_that_are_drawn_are_the_errors_that_there_are() -> None:
    bases: dict[str, set[str]] = {}
    for path in python_files(PRODUCT):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                bases[node.name] = {ast.unparse(base) for base in node.bases}
    built_in = {"Exception", "ValueError", "LookupError", "RuntimeError", "KeyError", "OSError", "TypeError"}
    roots = {name for name, parents in bases.items() if parents & built_in}
    drawn = set(re.findall(r"^ +(?:[├└]── )?([A-Z]\w+)  ", shared.errors.__doc__ or "", re.MULTILINE))
    assert roots - drawn == set(), "these are not drawn in shared/errors.py"
    assert drawn - set(bases) == set(), "these are drawn in shared/errors.py and do not exist"


def test_every_script_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    scripts = [path.name for path in (ROOT / "scripts").iterdir() if not path.name.startswith("_")]
    assert scripts
    assert [name for name in scripts if f"scripts/{name}" not in readme] == []


def test_files_that_the_pages_name_are_there() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    named_files = re.compile(
        r"`((?:functions|shared|local|bench|tests|agents|scripts|docs)/[\w./-]+\.(?:py|md|yaml|json|toml))`"
    )
    lost = [
        f"{named(page)}: {path}"
        for page in pages
        for path in named_files.findall(page.read_text(encoding="utf-8"))
        if not (ROOT / path).exists()
    ]
    assert lost == []
