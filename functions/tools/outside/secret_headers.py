"""Headers whose values name secrets, made whole just before a request is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from shared.domain.agent_tools import SECRET_IN_HEADER
from shared.errors import ConfigurationError

KEPT_S = 600.0
"""A new version of a secret is used after so long."""

ReadSecrets = Callable[[Mapping[str, str]], Mapping[str, str]]
"""Values of secret://... references, by any name, read at once; blocks. Raises ConfigurationError."""


class SecretHeaders:
    """One process's memory of the secrets that tools use."""

    def __init__(self, read: ReadSecrets) -> None:
        self._read = read
        self._known: dict[str, tuple[str, float]] = {}

    async def filled(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers with their secrets in them. Raises ConfigurationError when one cannot be read."""
        now_s = asyncio.get_running_loop().time()
        named = {found.group(0) for value in headers.values() for found in SECRET_IN_HEADER.finditer(value)}
        unknown = {name: name for name in named if name not in self._known or now_s - self._known[name][1] > KEPT_S}
        if unknown:
            values = await asyncio.to_thread(self._read, unknown)
            self._known |= {name: (_header_value(value), now_s) for name, value in values.items()}
        return {
            header: SECRET_IN_HEADER.sub(lambda found: self._known[found.group(0)][0], value)
            for header, value in headers.items()
        }


def _header_value(value: str) -> str:
    if any(ord(sign) < 32 or ord(sign) > 126 for sign in value):
        raise ConfigurationError("a tool's secret holds what no header can")
    return value
