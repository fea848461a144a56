"""The way out of a session: frames, in one order, counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from local.speech_model import server_messages as messages
from local.speech_model.setup_rules import Setup
from local.speech_model.spoken import fragments
from local.speech_model.usage import Usage


class Wire(Protocol):
    """A WebSocket."""

    async def send(self, frame: bytes) -> None:
        """A binary frame. Raises ConnectionResetError when nobody is there any more."""
        ...


class Outlet:
    """Sends what the model says, in the form that its model and platform give it."""

    def __init__(self, wire: Wire, setup: Setup, usage: Usage) -> None:
        self._wire = wire
        self._setup = setup
        self._usage = usage
        self._turns = 0

    async def frame(self, frame: bytes) -> None:
        """A frame that is ready."""
        await self._wire.send(frame)

    async def message(self, message: Mapping[str, Any]) -> None:
        """A message."""
        await self._wire.send(messages.encode(message))

    def caller_words(self, text: str) -> list[bytes]:
        """The frames of an input transcript; none if the setup did not ask for it."""
        if self._setup.message.input_audio_transcription is None:
            return []
        return [messages.encode(messages.input_transcription(fragment)) for fragment in fragments(text)]

    async def begin_answer(self) -> None:
        """The model is at work, and the session cannot be resumed from here."""
        await self.resumption(None)
        if self._setup.model.interaction_status:
            await self.message(messages.in_progress())

    async def turn_complete(self, reason: str | None = None, *, more: bool = False) -> None:
        """The end of a turn, with its usage: together, or every other time (on models that do so) just before.

        more: a tool's result is still to come.
        """
        status = ("IN_PROGRESS" if more else "IDLE") if self._setup.model.interaction_status else None
        usage = self._usage.end_turn(self._setup.platform)
        self._turns += 1
        if self._setup.model.packs_events and self._turns % 2 == 0:
            await self.message(messages.usage_alone(usage))
            await self.message(messages.turn_complete(reason, None, status))
        else:
            await self.message(messages.turn_complete(reason, usage, status))

    async def resumption(self, handle: str | None) -> None:
        """A new handle, or that there is none now; nothing if the setup did not ask for resumption."""
        if self._setup.message.session_resumption is not None:
            await self.message(messages.resumption_update(handle))
