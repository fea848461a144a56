"""Reads the YAML files that ship beside this code."""

from __future__ import annotations

from importlib import resources
from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML was built with it; six times faster."""


def parsed_yaml(text: str) -> Any:
    """What the YAML text says, in plain values. Raises yaml.YAMLError."""
    return yaml.load(text, Loader=_LOADER)


def packaged_text(name: str) -> str:
    """The text of a file in this folder."""
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def packaged_yaml(name: str) -> Any:
    """What a YAML file in this folder says."""
    return parsed_yaml(packaged_text(name))
