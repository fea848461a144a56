"""The upload holds what runs in the cloud, all of it, and nothing else."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.deploy.build_plan import ROOT
from tests.deploy.gcloud import gcloud, require_gcloud
from tests.deploy.upload import uploaded_files


@pytest.mark.timeout(150)
def test_gcloud_would_upload_the_same_files(tmp_path: Path) -> None:
    require_gcloud()
    listed = gcloud("meta", "list-files-for-upload", home=tmp_path, cwd=ROOT).split()
    assert sorted(listed) == sorted(uploaded_files())


def test_the_upload_holds_the_program_and_nothing_else() -> None:
    files = uploaded_files()
    tops = {name.partition("/")[0] for name in files}
    assert tops <= {
        ".python-version",
        "agents",
        "constraints.txt",
        "functions",
        "main.py",
        "requirements.txt",
        "shared",
    }
    assert {"main.py", "requirements.txt", "constraints.txt", ".python-version"} <= set(files)
    assert {"functions/voice/asgi.py", "functions/campaigns/app.py", "shared/settings.py"} <= set(files)
    assert [name for name in files if "__pycache__" in name or name.endswith(".pyc")] == []


def test_the_cloud_runs_the_version_that_the_repository_names() -> None:
    assert (ROOT / ".python-version").read_text().strip() == "3.13"


def third_party_imports() -> dict[str, str]:
    """Top-level module → a file of the upload that imports it."""
    found: dict[str, str] = {}
    for name in uploaded_files():
        if not name.endswith(".py"):
            continue
        for node in ast.walk(ast.parse((ROOT / name).read_text())):
            modules: list[str] = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                modules = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {module: name for module in modules}
    ours = {"main", "functions", "shared", *sys.stdlib_module_names}
    return {module: name for module, name in found.items() if module.partition(".")[0] not in ours}


NAMESPACES = {
    "google.api_core": "google-api-core",
    "google.auth": "google-auth",
    "google.cloud.firestore": "google-cloud-firestore",
    "google.cloud.secretmanager": "google-cloud-secret-manager",
    "google.cloud.storage": "google-cloud-storage",
    "google.cloud.tasks": "google-cloud-tasks",
    "google.genai": "google-genai",
    "google.oauth2": "google-auth",
    "pydantic_core": "pydantic",
}
"""google is a namespace that many distributions share; pydantic-core is a part of pydantic, pinned by it."""


def distribution_of(module: str, known: dict[str, list[str]]) -> str:
    """The distribution that brings a module, in the spelling of requirements files."""
    for prefix, name in NAMESPACES.items():
        if module.startswith(prefix):
            return name
    return known.get(module.partition(".")[0], [module])[0].lower().replace("_", "-")


def test_everything_that_is_imported_is_installed_by_name() -> None:
    """A package that only comes along with another one, or with the tests, may be gone tomorrow."""
    known = {module: list(names) for module, names in packages_distributions().items()}
    listed = {
        match[1].lower().replace("_", "-")
        for match in re.finditer(r"^([A-Za-z0-9_.-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    }
    imported = {distribution_of(module, known): name for module, name in third_party_imports().items()}
    assert {package: name for package, name in imported.items() if package not in listed} == {}


def test_every_pin_is_in_the_lock() -> None:
    lock = (ROOT / "constraints.txt").read_text().splitlines()
    locked = {line.partition(";")[0].strip() for line in lock if "==" in line}
    for name in ("requirements.txt", "requirements-local.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text().splitlines():
            if "==" in line:
                pin = line.partition(";")[0].strip().lower().replace("_", "-")
                assert pin in locked, f"{name}: {pin}; run scripts/lock"
