"""cloudbuild.yaml as the tests read it: steps, substitutions, and by which command each service would be started."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
BUILT_IN = {
    "PROJECT_ID": "my-parley",
    "PROJECT_NUMBER": "123456789012",
    "BUILD_ID": "00000000-0000-0000-0000-000000000000",
}
"""What Cloud Build itself fills in, for a build by hand as well."""

_SUBSTITUTION = re.compile(r"\$\$|\$\{(\w+)\}|\$(\w+)")


@dataclass(frozen=True, slots=True)
class Service:
    """How a service is deployed."""

    name: str
    flags: Mapping[str, str]

    def pairs(self, flag: str) -> dict[str, str]:
        """A flag of KEY=VALUE pairs, split as gcloud splits it."""
        text = self.flags.get(flag, "")
        separator = ","
        if match := re.match(r"\^(.+?)\^", text):
            separator, text = match[1], text[match.end() :]
        return {key: value for key, _, value in (part.partition("=") for part in text.split(separator) if part)}

    def start_command(self) -> tuple[str, dict[str, str]]:
        """The shell command with which Google's buildpack starts the container, and the variables it adds."""
        build = self.pairs("--set-build-env-vars")
        if "GOOGLE_ENTRYPOINT" in build:
            return build["GOOGLE_ENTRYPOINT"], {}
        return "functions-framework", {"FUNCTION_TARGET": self.flags["--function"], "FUNCTION_SIGNATURE_TYPE": "http"}


class BuildPlan:
    """The build, with its default substitutions filled in."""

    def __init__(self, text: str) -> None:
        self.document: dict[str, Any] = yaml.safe_load(text)
        self.substitutions: dict[str, str] = self.document["substitutions"]
        self.missing: set[str] = set()
        """Substitutions that are used but have no value."""
        self.steps: list[dict[str, Any]] = [self._filled(step) for step in self.document["steps"]]
        self._filled({key: value for key, value in self.document.items() if key not in {"steps", "substitutions"}})

    @classmethod
    def read(cls) -> BuildPlan:
        """The one of this repository."""
        return cls((ROOT / "cloudbuild.yaml").read_text())

    def _filled(self, value: Any) -> Any:
        if isinstance(value, str):
            return _SUBSTITUTION.sub(self._value, value)
        if isinstance(value, list):
            return [self._filled(item) for item in value]
        if isinstance(value, dict):
            return {key: self._filled(item) for key, item in value.items()}
        return value

    def _value(self, match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        name = match[1] or match[2]
        if name in BUILT_IN:
            return BUILT_IN[name]
        if name not in self.substitutions:
            self.missing.add(name)
            return ""
        return str(self._filled(self.substitutions[name]))

    def step(self, name: str) -> dict[str, Any]:
        """The step with this id."""
        (found,) = (step for step in self.steps if step["id"] == name)
        return found

    def service(self, name: str) -> Service:
        """The service as its deploy step describes it."""
        flags = [arg.partition("=") for arg in self.step(f"deploy-{name}")["args"] if arg.startswith("--")]
        return Service(name, {flag: value for flag, _, value in flags})

    def gcloud_commands(self) -> Iterator[str]:
        """Every gcloud command that the build runs, quoted for a shell."""
        for step in self.steps:
            if step.get("entrypoint") == "gcloud":
                yield quoted(["gcloud", *step["args"]])
            elif step.get("entrypoint") == "bash":
                yield from gcloud_commands_in("\n".join(step["args"]))


def quoted(command: Sequence[str]) -> str:
    """The command as one line; gcloud's linter wants --flag='value' where shlex would write '--flag=value'."""
    words = [word.partition("=") if word.startswith("--") else ("", "", word) for word in command]
    return " ".join(f"{flag}{equals}{shlex.quote(value) if value or not flag else ''}" for flag, equals, value in words)


def gcloud_commands_in(script: str) -> Iterator[str]:
    """The gcloud commands in a shell script, quoted anew; variables keep their names as values."""
    for line in script.replace("\\\n", " ").splitlines():
        if "gcloud" not in line or line.lstrip().startswith("#"):
            continue
        words = shlex.shlex(line, posix=True, punctuation_chars=True)
        words.whitespace_split = True
        command: list[str] = []
        for word in [*words, ";"]:
            if set(word) <= set("();<>|&"):
                if command:
                    yield quoted(command)
                command = []
            elif command or word == "gcloud":
                command.append(word)
