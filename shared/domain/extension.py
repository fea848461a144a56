"""A number behind a switchboard: which keys are sent once that has answered, and how long it takes."""

from __future__ import annotations

from datetime import timedelta

GREETING = "wwww"
"""Two seconds (w is half a one, in Twilio's SendDigits), in which a switchboard begins to listen for keys."""
GREETING_S = 2.0
KEY_S = 0.2
"""One key and the gap after it."""


def keys_for(extension: str) -> str | None:
    """What to send for an extension; None where there is none."""
    return GREETING + extension if extension else None


def sending(extension: str) -> timedelta:
    """How long after the answer nobody can be spoken to yet."""
    return timedelta(seconds=GREETING_S + KEY_S * len(extension)) if extension else timedelta(0)
