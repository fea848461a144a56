"""The scripts' common ground: which Python they take, when they install, and what they say."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted(path.name for path in (ROOT / "scripts").iterdir() if not path.name.startswith("_"))
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with the scripts and the requirements, and nothing installed."""
    folder = tmp_path / "a clone"
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    for name in ("requirements.txt", "requirements-local.txt", "requirements-dev.txt", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    return folder


def bash(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run lines of shell that begin by sourcing scripts/_env."""
    return subprocess.run(
        ["bash", "-c", f'. "$FOLDER/scripts/_env"\n{script}'],
        cwd="/",
        env={**os.environ, "FOLDER": str(folder), **variables},
        capture_output=True,
        text=True,
        timeout=20,
    )


def executable(path: Path, text: str) -> Path:
    """A program of these lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_explains_itself_from_anywhere_without_installing(name: str, clone: Path) -> None:
    told = subprocess.run([clone / "scripts" / name, "--help"], cwd="/", capture_output=True, text=True, timeout=10)
    assert told.returncode == 0
    assert told.stdout.startswith(f"scripts/{name}: ")
    assert f"Usage: scripts/{name}" in told.stdout
    assert "set -e" not in told.stdout
    assert not (clone / ".venv").exists()


def test_a_python_that_does_not_start_is_passed_over(clone: Path, tmp_path: Path) -> None:
    shims, home = tmp_path / "shims", tmp_path / "home"
    executable(shims / f"python{VERSION}", "echo 'command not found' >&2; exit 127")
    executable(shims / "python3", "echo 2.7")
    real = executable(home / "versions" / f"{VERSION}.0" / "bin" / "python", f'exec "{sys.executable}" "$@"')
    found = bash(f"find_python {VERSION}", clone, PATH=f"{shims}:/usr/bin:/bin", PYENV_ROOT=str(home))
    if found.stdout.strip().startswith("/usr"):
        pytest.skip("the system's own Python is found first here")
    assert found.stdout.strip() == str(real)


def test_without_any_python_the_script_says_what_is_needed(clone: Path) -> None:
    ended = bash("supported='9.8 9.9'; make_env local", clone)
    assert ended.returncode == 1
    assert "Parley needs Python 3.11 or newer" in ended.stderr
    assert "9.8 9.9" in ended.stderr
    assert not (clone / ".venv.lock").exists()


def test_what_is_installed_is_not_installed_again_until_the_requirements_change(clone: Path) -> None:
    executable(clone / ".venv" / "bin" / "python", "exit 0")
    install = 'install_env() { echo "installs $1"; }\n'
    assert bash(f"{install}make_env local", clone).stdout == "installs local\n"
    assert bash(f"{install}make_env local", clone).stdout == ""
    assert bash(f"{install}make_env dev", clone).stdout == "installs dev\n"
    assert bash(f"{install}make_env local; make_env dev", clone).stdout == ""
    with (clone / "requirements-dev.txt").open("a") as requirements:
        requirements.write("six==1.17.0\n")
    assert bash(f"{install}make_env local; make_env dev", clone).stdout == "installs dev\n"
    with (clone / "constraints.txt").open("a") as constraints:
        constraints.write("six==1.17.0\n")
    assert bash(f"{install}make_env local", clone).stdout == "installs local\n"


def test_an_environment_that_no_longer_runs_is_made_anew(clone: Path) -> None:
    executable(clone / ".venv" / "bin" / "python", "exit 0")
    install = 'install_env() { echo "installs $1"; }\n'
    bash(f"{install}make_env local", clone)
    executable(clone / ".venv" / "bin" / "python", "exit 127")
    assert bash(f"{install}make_env local", clone).stdout == "installs local\n"


def test_two_at_once_install_once(clone: Path) -> None:
    executable(clone / ".venv" / "bin" / "python", "exit 0")
    script = 'install_env() { echo "installs $1"; sleep 0.3; }\n(make_env local) & make_env local; wait'
    assert bash(script, clone).stdout == "installs local\n"


def test_the_lock_of_a_process_that_died_is_taken_over(clone: Path) -> None:
    gone = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True, check=True).stdout
    (clone / ".venv.lock").mkdir()
    (clone / ".venv.lock" / "pid").write_text(gone)
    executable(clone / ".venv" / "bin" / "python", "exit 0")
    assert bash('install_env() { echo "installs $1"; }\nmake_env local', clone).stdout == "installs local\n"
    assert not (clone / ".venv.lock").exists()


def test_a_failed_install_shows_its_reason_and_is_tried_again(clone: Path) -> None:
    pip = 'case "$*" in *pip*) echo "ERROR: no such package"; exit 1;; esac'
    executable(clone / ".venv" / "bin" / "python", pip)
    for _ in range(2):
        ended = bash("make_env local", clone)
        assert ended.returncode == 1
        assert "ERROR: no such package" in ended.stderr
        assert "could not be installed" in ended.stderr
    assert not (clone / ".venv.lock").exists()


def test_measurements_are_listed_with_what_they_measure(clone: Path) -> None:
    bench = clone / "bench"
    bench.mkdir()
    (bench / "echo.py").write_text('"""How long an echo takes."""\n\nif __name__ == "__main__":\n    pass\n')
    (bench / "notes.py").write_text('"""Nothing to run."""\n')
    told = subprocess.run([clone / "scripts" / "bench"], capture_output=True, text=True, timeout=10, check=True)
    assert told.stdout.splitlines()[1:] == ["  echo: How long an echo takes."]
