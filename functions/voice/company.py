"""Breaks the silence while a tool works: a stored line in the agent's voice first, then somebody typing.

The model cannot do it, because it waits for the tool. A held line says once, in the agent's own voice and the
conversation's language, that something is being done. After that, and where there is no line, somebody is heard typing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from functions.voice import own_sound
from functions.voice.actions import Action
from functions.voice.call_record import CallRecord
from functions.voice.conversation import Conversation

AFTER_S = 1.2
"""Silence that a caller takes for thinking; any longer and they ask whether anybody is there."""
LOOK_S = 0.1
TYPES_AGAIN_AFTER_S = 1.4

HeldLine = Callable[[], bytes | None]
"""The stored line of the agent who has the caller, mu-law at 8 kHz; None where there is none."""


class Company:
    """What one stream's caller hears while a tool works."""

    def __init__(
        self,
        conversation: Conversation,
        record: CallRecord,
        now_ms: Callable[[], float],
        perform: Callable[[Sequence[Action]], None],
        line: HeldLine,
    ) -> None:
        self._conversation = conversation
        self._record = record
        self._now_ms = now_ms
        self._perform = perform
        self._line = line

    async def keep(self) -> None:
        """Run while a tool works: breaks every silence that lasts too long."""
        said = False
        silent_since_ms = self._now_ms()
        wait_s = AFTER_S
        while True:
            await asyncio.sleep(LOOK_S)
            now_ms = self._now_ms()
            if not self._conversation.is_silent(now_ms):
                silent_since_ms, wait_s = now_ms, TYPES_AGAIN_AFTER_S if said else AFTER_S
                continue
            if now_ms - silent_since_ms < wait_s * 1000:
                continue
            line = None if said else self._line()
            self._record.event("hold", now_ms, {"sound": "typing" if line is None else "line"})
            self._perform(self._conversation.own_sound(line or own_sound.typing(), now_ms))
            said = True
