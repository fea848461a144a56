"""Model sessions opened before their call's stream is there, so that the first word need not wait for them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from functions.voice.greetings.greeting import Greeting
from functions.voice.speech.model import SpeechError, SpeechRefused, SpeechSession

log = logging.getLogger(__name__)

UNUSED_FOR_S: Final = 10.0
"""The stream comes within a second or two of the answer, or to another instance."""
RINGING_S: Final = 70.0
MOST: Final = 50
"""Of one process; a call beyond that opens its session when its stream comes."""


@dataclass(frozen=True, slots=True)
class ReadySession:
    """A session that is open and waits for its call's stream."""

    session: SpeechSession
    greeted: bool
    """It has been told to greet the caller."""
    place: str = ""
    """Where it stands, as "platform/region/model"."""
    greeting: Greeting | None = None
    """It has been told that the caller has heard this from the store."""


@dataclass(slots=True)
class _Waiting:
    opening: asyncio.Task[ReadySession]
    dropping: asyncio.TimerHandle


class ReadySessions:
    """By call. Everything here is on the event loop of the process."""

    def __init__(self, most: int = 0) -> None:
        self._most = most
        self._waiting: dict[str, _Waiting] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def prepare(
        self, call_sid: str, opened: Callable[[], Awaitable[ReadySession]], keep_s: float = UNUSED_FOR_S
    ) -> None:
        """Begin to open a session for this call, unless too many wait already."""
        if call_sid in self._waiting or len(self._waiting) >= self._most:
            return

        async def opening() -> ReadySession:
            return await opened()

        task = asyncio.create_task(opening())
        dropping = asyncio.get_running_loop().call_later(keep_s, self.drop, call_sid)
        self._waiting[call_sid] = _Waiting(task, dropping)

    def waits(self, call_sid: str) -> bool:
        """One is being opened for this call, or stands."""
        return call_sid in self._waiting

    async def take(self, call_sid: str) -> ReadySession | None:
        """The call's session, if one was prepared here and could be opened. Raises SpeechRefused: that is final."""
        waiting = self._waiting.pop(call_sid, None)
        if waiting is None:
            return None
        waiting.dropping.cancel()
        try:
            return await waiting.opening
        except SpeechRefused:
            raise
        except SpeechError as error:
            log.warning("prepared session could not be opened", extra={"call": call_sid, "code": error.code})
        except asyncio.CancelledError:
            self._close(waiting)
            raise
        return None

    def drop(self, call_sid: str) -> None:
        """Nobody will talk on it."""
        if (waiting := self._waiting.pop(call_sid, None)) is not None:
            waiting.dropping.cancel()
            self._close(waiting)

    def _close(self, waiting: _Waiting) -> None:
        closing = asyncio.create_task(_closed(waiting.opening))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Let go of all of them."""
        for call_sid in list(self._waiting):
            self.drop(call_sid)
        if self._closing:
            await asyncio.wait(self._closing, timeout=2.0)


async def _closed(opening: asyncio.Task[ReadySession]) -> None:
    opening.cancel()
    try:
        ready = await opening
    except (SpeechError, asyncio.CancelledError):
        return
    await ready.session.close()
