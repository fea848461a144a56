"""The conversation's line to the speech model: opened, kept up, and taken up again when it breaks.

While no session stands, what the caller says is kept and sent as soon as one does, so that no word is lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from functions.voice.speech.model import (
    ResumeHandle,
    SessionEnded,
    SessionSetup,
    SpeechError,
    SpeechEvent,
    SpeechModel,
    SpeechRefused,
    SpeechSession,
    ToolAnswer,
)

log = logging.getLogger(__name__)

MOST_WAITING_FRAMES = 500
"""Ten seconds of the caller; older frames go first."""
MOST_REOPENINGS = 3
"""In a row, without anything received in between."""
REOPEN_AFTER_S = (0.0, 0.3, 1.0)

History = Callable[[], Sequence[tuple[str, str]]]


class ModelLink:
    """One caller's line to the model."""

    def __init__(self, model: SpeechModel, setup: SessionSetup, history: History) -> None:
        self._model = model
        self._setup = setup
        self._history = history
        self._session: SpeechSession | None = None
        self._handle: str | None = None
        self._waiting_audio: deque[bytes] = deque(maxlen=MOST_WAITING_FRAMES)
        self._waiting_messages: list[ToolAnswer | str] = []
        self._failures = 0
        self.reopenings = 0

    async def open(self) -> None:
        """Open the first session. Raises SpeechRefused or SpeechUnavailable."""
        await self._stand(await self._model.open(self._setup))

    async def _stand(self, session: SpeechSession) -> None:
        """Tool answers and directions first, then the caller's words, then the present."""
        messages, self._waiting_messages = self._waiting_messages, []
        for message in messages:
            await (session.send_text(message) if isinstance(message, str) else session.send_tool_answers([message]))
        while self._waiting_audio:
            await session.send_audio(self._waiting_audio.popleft())
        self._session = session

    async def send_audio(self, pcm: bytes) -> None:
        """The caller's voice, PCM16 at 16 kHz."""
        if self._session is None:
            self._waiting_audio.append(pcm)
            return
        try:
            await self._session.send_audio(pcm)
        except SessionEnded:
            self._session = None
            self._waiting_audio.append(pcm)

    async def send_text(self, text: str) -> None:
        """A direction to the model."""
        await self._send(text)

    async def answer(self, answer: ToolAnswer) -> None:
        """A tool's result; waits for the next session when there is none."""
        await self._send(answer)

    async def _send(self, message: ToolAnswer | str) -> None:
        if self._session is None:
            self._waiting_messages.append(message)
            return
        try:
            if isinstance(message, str):
                await self._session.send_text(message)
            else:
                await self._session.send_tool_answers([message])
        except SessionEnded:
            self._session = None
            self._waiting_messages.append(message)

    async def receive(self) -> Sequence[SpeechEvent]:
        """What the model says next; reopens the session when it breaks. Raises SpeechError when that fails."""
        while True:
            session = self._session
            if session is None:
                await self._reopen()
                continue
            try:
                events = await session.receive()
            except SessionEnded as ended:
                log.warning("speech session ended", extra={"code": ended.code, "resumable": ended.resumable})
                self._session = None
                await session.close()
                if not ended.resumable:
                    raise
                continue
            self._failures = 0
            for event in events:
                if isinstance(event, ResumeHandle) and event.handle is not None:
                    self._handle = event.handle
            return events

    async def _reopen(self) -> None:
        if self._failures >= MOST_REOPENINGS:
            raise SpeechRefused("the session broke again and again")
        await asyncio.sleep(REOPEN_AFTER_S[self._failures])
        self._failures += 1
        setup = self._setup
        if self._handle is not None:
            setup = replace(setup, resume_handle=self._handle)
        else:
            setup = replace(setup, history=tuple(self._history()))
        try:
            session = await self._model.open(setup)
        except SpeechError:
            self._handle = None
            log.warning("speech session could not be taken up again", extra={"failures": self._failures})
            return
        self.reopenings += 1
        await self._stand(session)

    async def close(self) -> None:
        """End the session."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()
