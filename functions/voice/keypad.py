"""The keys of one stream, for tools: pressed towards the other end, and collected from the caller."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from functions.voice import own_sound
from functions.voice.actions import Action
from functions.voice.conversation import Conversation

TONE_MS = 1_000
"""A key is told of while its tone sounds, and people hold keys down."""


class Keypad:
    """The keys of one stream. While keys are collected they belong to the tool that collects them."""

    def __init__(
        self,
        conversation: Conversation,
        now_ms: Callable[[], float],
        perform: Callable[[Sequence[Action]], None],
    ) -> None:
        self._conversation = conversation
        self._now_ms = now_ms
        self._perform = perform
        self._pressed: asyncio.Queue[str] | None = None
        self._quiet_from_ms = 0.0

    @property
    def is_typed_on(self) -> bool:
        """The caller is typing for a tool, or the tone of the last key may still sound."""
        return self._pressed is not None or self._now_ms() < self._quiet_from_ms

    def takes(self, digit: str) -> bool:
        """The caller pressed a key: whether it belongs to a tool that waits for keys."""
        if self._pressed is None:
            return False
        self._pressed.put_nowait(digit)
        self._conversation.caller_is_there(self._now_ms())
        return True

    async def send_keys(self, digits: str) -> None:
        """Let the other end hear these keys, and come back when it has."""
        self._perform(self._conversation.own_sound(own_sound.keys(digits), self._now_ms(), secret=True))
        await asyncio.sleep(self._conversation.agent.playout.remaining_ms(self._now_ms()) / 1000)

    async def collect_keys(self, length: int, terminator: str, timeout_s: float) -> str:
        """What the caller presses, without the terminator: all of it, or what came until none did for so long."""
        collected = ""
        self._pressed = asyncio.Queue()
        try:
            while len(collected) < length:
                async with asyncio.timeout(timeout_s):
                    digit = await self._pressed.get()
                if digit == terminator:
                    break
                collected += digit
        except TimeoutError:
            pass
        finally:
            self._pressed = None
            self._quiet_from_ms = self._now_ms() + TONE_MS
        return collected
