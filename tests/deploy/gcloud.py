"""gcloud's own opinion of commands and of uploads; it needs neither an account nor the network for that."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

TIMEOUT_S = 120


def require_gcloud() -> None:
    """Skip where gcloud is not installed; in CI that is a failure."""
    if shutil.which("gcloud") is None:
        reason = "gcloud is not installed, and it judges the commands"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


def gcloud(*args: str, home: Path, cwd: Path | None = None) -> str:
    """What gcloud prints, with a configuration of its own that no account is in."""
    surroundings = {**os.environ, "CLOUDSDK_CONFIG": str(home), "CLOUDSDK_CORE_DISABLE_PROMPTS": "1"}
    ended = subprocess.run(
        ["gcloud", *args], cwd=cwd, env=surroundings, capture_output=True, text=True, timeout=TIMEOUT_S, check=True
    )
    return ended.stdout


def lint(commands: Sequence[str], home: Path) -> dict[str, str]:
    """Command → what is wrong with it, for those with which something is."""
    listed = home / "commands.json"
    listed.write_text(json.dumps([{"command_string": command} for command in commands]))
    verdicts: list[dict[str, Any]] = json.loads(
        gcloud("meta", "lint-gcloud-commands", f"--commands-file={listed}", home=home)
    )
    assert len(verdicts) == len(set(commands))
    return {one["command_string"]: one["error_message"] for one in verdicts if not one["success"]}
