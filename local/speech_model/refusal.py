"""Why the model will not have something: a WebSocket close code and words like Google's. [pure]"""

from __future__ import annotations

from pydantic import ValidationError

INVALID_ARGUMENT = 1007
"""What the client sent is wrong, and will be wrong the next time."""
POLICY = 1008
"""No such model or session."""
INTERNAL = 1011
"""The server's side: faults, quota, end of life."""
DROPPED = 1006
"""No close frame at all: the connection breaks."""


class Refusal(Exception):
    """The session ends with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def malformed(error: ValidationError, place: str) -> Refusal:
    """The first mistake that a message has, in the words of Google's JSON reader."""
    wrong = error.errors(include_url=False, include_context=False)[0]
    path = [str(part) for part in wrong["loc"]]
    if wrong["type"] == "extra_forbidden":
        where = ".".join([place, *path[:-1]])
        return Refusal(
            INVALID_ARGUMENT,
            f"Invalid JSON payload received. Unknown name \"{path[-1]}\" at '{where}': Cannot find field.",
        )
    where = ".".join([place, *path])
    shown = wrong["input"] if isinstance(wrong["input"], str | int | float | bool) else type(wrong["input"]).__name__
    return Refusal(INVALID_ARGUMENT, f"Invalid value at '{where}': {shown}")
