"""Speaks lines into a session: faster than they are heard, and knowing until when they are heard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

from local.speech_model.behaviour import Behaviour
from local.speech_model.faults import Moment
from local.speech_model.outlet import Outlet
from local.speech_model.placeholder_voice import tone
from local.speech_model.record import Said, SessionRecord
from local.speech_model.script import Say
from local.speech_model.spoken import Chunk, Cut, cut_line, faint
from local.speech_model.trouble import SOUND, Shape, Trouble
from local.speech_model.usage import Usage
from local.speech_model.voice import Voice

SHORTEST_SLEEP_S = 0.004
"""Chunks that are due within this time go together."""
LATE_AFTER_CHUNKS = 2

cut_once = lru_cache(maxsize=256)(cut_line)
"""Many sessions say the same line."""


class Speaker:
    """One session's mouth."""

    def __init__(
        self,
        outlet: Outlet,
        voice: Voice,
        voice_of: Callable[[str], str],
        cut: Cut,
        behaviour: Behaviour,
        usage: Usage,
        record: SessionRecord,
        trouble: Trouble,
    ) -> None:
        self._outlet = outlet
        self._voice = voice
        self._voice_of = voice_of
        """The voice for a language."""
        self._cut = cut
        self._behaviour = behaviour
        self._usage = usage
        self._record = record
        self._trouble = trouble
        self._late: list[bytes] = []
        self._sent_ms = 0.0
        self._send_at = self._heard_at = 0.0

    def begin(self, late: Sequence[bytes] = ()) -> None:
        """A new answer. late: frames that shall come only after its first chunks."""
        self._late = list(late)
        self._sent_ms = 0.0

    async def say(self, act: Say, shape: Shape = SOUND, until: float = 1.0, since: float = 0.0) -> None:
        """Speak a line, or the part of it between two fractions."""
        chunks = await self._chunks(act, shape)
        first, last = round(len(chunks) * since), round(len(chunks) * until)
        said = Said(act.line, act.text, act.language)
        self._record.said.append(said)
        for _ in range(shape.times):
            for chunk in chunks[first:last]:
                said.sent_ms += chunk.audio_ms
                await self._send(chunk)
        said.whole = True
        await self._send_late()

    async def _chunks(self, act: Say, shape: Shape) -> tuple[Chunk, ...]:
        voice = self._voice_of(act.language)
        if self._voice.ready(act.text, act.line, voice) or self._voice.has(act.line, voice):
            pcm = self._voice.speak(act.text, act.line, voice)
        else:
            pcm = await asyncio.to_thread(self._voice.speak, act.text, act.line, voice)
        text = f" {act.text}" if self._sent_ms else act.text
        if shape.sound:
            return cut_once(pcm, text, self._cut)
        if shape.tone_ms is not None:
            pcm = tone(shape.tone_ms)
        if shape.faint:
            pcm = faint(pcm)
        cut = replace(self._cut, one_sample_first=shape.one_sample_first, early_transcript=shape.early_transcript)
        return cut_line(pcm, text, cut)

    async def _send(self, chunk: Chunk) -> None:
        now = asyncio.get_running_loop().time()
        self._send_at = max(self._send_at, now)
        self._heard_at = max(self._heard_at, now)
        if self._send_at - now > SHORTEST_SLEEP_S:
            await asyncio.sleep(self._send_at - now)
        for frame in chunk.messages:
            await self._outlet.frame(frame)
        seconds = chunk.audio_ms / 1000
        self._send_at += seconds / self._behaviour.burst
        self._heard_at += seconds / self._behaviour.playback
        self._usage.add_agent_audio(seconds)
        self._sent_ms += chunk.audio_ms
        if self._late and self._sent_ms >= LATE_AFTER_CHUNKS * self._behaviour.chunk_ms:
            await self._send_late()
        await self._trouble.pass_or_freeze(Moment.MID_ANSWER, self._sent_ms)

    async def _send_late(self) -> None:
        late, self._late = self._late, []
        for frame in late:
            await self._outlet.frame(frame)

    async def heard(self) -> None:
        """Wait until a listener has heard everything that was said."""
        await self._send_late()
        wait_s = self._heard_at - asyncio.get_running_loop().time()
        if wait_s > 0:
            await asyncio.sleep(wait_s)

    def fall_silent(self) -> None:
        """What was sent is not played any more."""
        self._send_at = self._heard_at = 0.0
