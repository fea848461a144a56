"""Conversations that can be taken up again on another connection, by handle."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field

from local.speech_model.script import Place, Script, UseTool

MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Issued:
    """A tool call, and where the conversation stood when it was made."""

    act: UseTool
    place: Place
    repeats: int = 0
    """How often it has been made before because nothing came of it."""


@dataclass(slots=True)
class Conversation:
    """What outlives a connection: script and instructions stay those of the first one."""

    script: Script
    open_sessions: int = 0
    calls: dict[str, Issued] = field(default_factory=dict)
    """Unanswered tool calls by id."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A conversation at one moment."""

    conversation: Conversation
    place: Place
    tokens: tuple[float, float]
    session: int
    expires_at: float


class Memory:
    """Saved conversations by handle."""

    def __init__(self) -> None:
        self._saved: OrderedDict[str, Saved] = OrderedDict()

    def save(self, saved: Saved) -> str:
        """A new handle; older ones stay good."""
        handle = secrets.token_urlsafe(24)
        self._saved[handle] = saved
        while len(self._saved) > MOST_KEPT:
            self._saved.popitem(last=False)
        return handle

    def find(self, handle: str, now: float) -> Saved | None:
        """What the handle stands for; None if it is unknown or too old."""
        saved = self._saved.get(handle)
        return saved if saved is not None and now < saved.expires_at else None
