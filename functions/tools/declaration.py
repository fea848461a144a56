"""A tool's name, description and parameters, not yet shaped for a particular model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Declaration:
    """Name, what it is for, and the JSON Schema of its arguments; None for a tool that takes none."""

    name: str
    description: str
    parameters: Mapping[str, Any] | None = None
