"""The two doors of the Live API: which path and which key belong to which platform. [pure]"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from local.speech_model.models import Platform
from local.speech_model.refusal import INVALID_ARGUMENT, Refusal

LIVE_PATHS = {
    Platform.DEVELOPER: re.compile(
        r"^/+ws/google\.ai\.generativelanguage\.(v1|v1beta|v1alpha)\.GenerativeService\.BidiGenerateContent$"
    ),
    Platform.VERTEX: re.compile(r"^/+ws/google\.cloud\.aiplatform\.(v1|v1beta1)\.LlmBidiService/BidiGenerateContent$"),
}
"""The SDK sends two slashes in front."""
BAD_KEY = "API key not valid. Please pass a valid API key."


@dataclass(frozen=True, slots=True)
class Door:
    """Where a client came in."""

    platform: Platform
    api_version: str


@dataclass(frozen=True, slots=True)
class HttpRefusal:
    """No entry. The body is Google's error object."""

    status: int
    message: str

    @property
    def body(self) -> dict[str, object]:
        """As JSON."""
        return {
            "error": {"code": self.status, "message": self.message, "status": STATUS_NAMES.get(self.status, "UNKNOWN")}
        }


STATUS_NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


@dataclass(frozen=True, slots=True)
class Keys:
    """Who may come in. None: whoever shows any key at all."""

    api_keys: Collection[str] | None = None
    bearer_tokens: Collection[str] | None = None

    def check_http(self, platform: Platform, headers: Mapping[str, str]) -> HttpRefusal | None:
        """What a request is refused with; a wrong API key counts for HTTP alone."""
        missing = self.check_upgrade(platform, headers)
        if missing is None and not self._known(headers):
            return HttpRefusal(400, BAD_KEY)
        return missing

    def check_upgrade(self, platform: Platform, headers: Mapping[str, str]) -> HttpRefusal | None:
        """What a WebSocket upgrade is refused with."""
        if headers.get("x-goog-api-key"):
            return None
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if platform is Platform.DEVELOPER:
            return HttpRefusal(403, "Method doesn't allow unregistered callers. Please use API Key.")
        if scheme != "Bearer" or not token or (self.bearer_tokens is not None and token not in self.bearer_tokens):
            return HttpRefusal(401, "Request had invalid authentication credentials.")
        return None

    def check_session(self, headers: Mapping[str, str]) -> None:
        """A wrong API key lets the WebSocket stand and closes it. Raises Refusal."""
        if not self._known(headers):
            raise Refusal(INVALID_ARGUMENT, BAD_KEY)

    def _known(self, headers: Mapping[str, str]) -> bool:
        key = headers.get("x-goog-api-key")
        return key is None or self.api_keys is None or key in self.api_keys


def live_door(path: str) -> Door | None:
    """The door of a WebSocket path."""
    for platform, pattern in LIVE_PATHS.items():
        match = pattern.match(path)
        if match is not None:
            return Door(platform, match[1])
    return None
